"""Spectra: normalising and resampling mu(E), and showing ideal PDFs through an instrument."""

from edgepair.spectra.alignment import FoilReading, read_foil
from edgepair.spectra.edge import resample_mu
from edgepair.spectra.instrument import TYPICAL_INSTRUMENT, PDFInstrument, apply_instrument
from edgepair.spectra.normalization import NormalizedSpectrum, find_e0, normalize_mu
from edgepair.spectra.pdf_preparation import estimate_qmax, power_in_q, resample_pdf

__all__ = [
    "TYPICAL_INSTRUMENT",
    "FoilReading",
    "NormalizedSpectrum",
    "PDFInstrument",
    "apply_instrument",
    "estimate_qmax",
    "find_e0",
    "normalize_mu",
    "power_in_q",
    "read_foil",
    "resample_mu",
    "resample_pdf",
]
