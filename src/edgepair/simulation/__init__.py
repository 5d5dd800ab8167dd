"""Simulators: PDFfit2 for pair distribution functions."""

from edgepair.simulation.pdf import (
    IDEAL_R_LAST,
    IDEAL_R_STEP,
    IDEAL_U_ISO,
    PairDistribution,
    differential_baseline,
    ideal_r,
    simulate_pdf,
)

__all__ = [
    "IDEAL_R_LAST",
    "IDEAL_R_STEP",
    "IDEAL_U_ISO",
    "PairDistribution",
    "differential_baseline",
    "ideal_r",
    "simulate_pdf",
]
