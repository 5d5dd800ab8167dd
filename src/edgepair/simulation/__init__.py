"""Simulators: FEFF10 for XANES of sites, PDFfit2 for pair distribution functions."""

from edgepair.simulation.feff10 import ALLOCATOR, PRESETS, Feff10, Preset
from edgepair.simulation.pdf import (
    IDEAL_R_LAST,
    IDEAL_R_STEP,
    IDEAL_U_ISO,
    PairDistribution,
    differential_baseline,
    ideal_r,
    simulate_pdf,
)
from edgepair.simulation.simulator import SiteSimulator, SiteSpectrum, load_simulator

__all__ = [
    "ALLOCATOR",
    "IDEAL_R_LAST",
    "IDEAL_R_STEP",
    "IDEAL_U_ISO",
    "PRESETS",
    "Feff10",
    "PairDistribution",
    "Preset",
    "SiteSimulator",
    "SiteSpectrum",
    "differential_baseline",
    "ideal_r",
    "load_simulator",
    "simulate_pdf",
]
