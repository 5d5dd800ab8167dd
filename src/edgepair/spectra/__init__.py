"""Spectra: resampling mu(E), and showing ideal PDFs through an instrument."""

from edgepair.spectra.energy import resample_mu
from edgepair.spectra.instrument import TYPICAL_INSTRUMENT, PDFInstrument, apply_instrument

__all__ = ["TYPICAL_INSTRUMENT", "PDFInstrument", "apply_instrument", "resample_mu"]
