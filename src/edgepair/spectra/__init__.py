"""Spectra: normalising and resampling mu(E), and showing ideal PDFs through an instrument."""

from edgepair.spectra.energy import resample_mu
from edgepair.spectra.instrument import TYPICAL_INSTRUMENT, PDFInstrument, apply_instrument
from edgepair.spectra.normalization import NormalizedSpectrum, find_e0, normalize_mu

__all__ = [
    "TYPICAL_INSTRUMENT",
    "NormalizedSpectrum",
    "PDFInstrument",
    "apply_instrument",
    "find_e0",
    "normalize_mu",
    "resample_mu",
]
