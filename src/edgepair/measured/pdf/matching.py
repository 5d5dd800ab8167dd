"""Through which instrument training curves are shown to resemble a measurement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgepair.conventions import MeasurementError
from edgepair.measured.pdf.curve import PdfCurve
from edgepair.measured.pdf.inspection import PdfInspection, inspect_pdf
from edgepair.spectra import TYPICAL_INSTRUMENT, PDFInstrument, resample_pdf

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats

HIGHEST_QMAX = 30.0
"""Å⁻¹; thermal motion leaves a hundredth of the scattering there (exp(−30² · 0.005)): beyond it a
measured PDF gains noise and no structure, and a step of 0.1 Å would no longer hold the curve."""

SHORTEST_LAST = 3.5
"""Å; a curve that ends before holds the first shell at most."""

LATEST_FIRST = 1.5
"""Å; V=O and Cr=O bonds begin at 1.55."""

QDAMP_STEP = 0.01
"""Å⁻¹; rounding of what is matched, so that like measurements share fitted models."""

LAST_STEP = 0.5
"""Å, likewise."""


def match_instrument(measurement: PdfCurve | PdfInspection) -> PDFInstrument:
    """Choose the instrument through which training curves resemble a measured PDF.

    Parameters
    ----------
    measurement : PdfCurve or PdfInspection
        What was measured.

    Returns
    -------
    PDFInstrument
        Qmax to the Å⁻¹ below, at most 30; Qdamp to 0.01 Å⁻¹; r from 0.8 Å (later where the
        measurement starts later) to 20 Å (earlier where it ends earlier), every 0.1 Å. What is not
        known is typical.

    Raises
    ------
    MeasurementError
        The measured range holds no first shell.
    """
    seen = measurement if isinstance(measurement, PdfInspection) else inspect_pdf(measurement)
    typical = TYPICAL_INSTRUMENT
    if seen.r_first > LATEST_FIRST or seen.r_last < SHORTEST_LAST:
        raise MeasurementError(
            "cannot compare this PDF with simulated ones",
            found=f"r from {seen.r_first:g} to {seen.r_last:g} Å",
            needed=f"at least {LATEST_FIRST:g} to {SHORTEST_LAST:g} Å, where the first shells of metals lie",
            suggestion="write G(r) again over a longer range",
        )
    known = seen.qmax if seen.qmax is not None else typical.qmax
    # Down, never up: what was measured can be cut, not prolonged.
    qmax = min(float(math.floor(known + 0.05)), HIGHEST_QMAX)
    qdamp = typical.qdamp if seen.qdamp is None else min(round(seen.qdamp / QDAMP_STEP) * QDAMP_STEP, 0.1)
    step = typical.r_step
    first = max(typical.r_first, math.ceil(seen.r_first / step - 1e-6) * step)
    last = min(typical.r_last, math.floor(seen.r_last / LAST_STEP + 1e-6) * LAST_STEP)
    return PDFInstrument(
        qmax=qmax,
        qdamp=round(qdamp, 6),
        u_iso=typical.u_iso,
        r_first=round(first, 6),
        r_last=round(last, 6),
        r_step=step,
    )


def prepare_pdf(curve: PdfCurve, instrument: PDFInstrument) -> Floats:
    """Bring a measured PDF to the grid and the Qmax of an instrument.

    Parameters
    ----------
    curve : PdfCurve
        As read.
    instrument : PDFInstrument
        As `match_instrument` chose it.

    Returns
    -------
    numpy.ndarray
        Shape (n_grid,) on ``instrument.grid()``, Å⁻², on the scale of the file.

    Raises
    ------
    DataError
        The grid reaches beyond the measured curve.
    """
    return resample_pdf(curve.r, curve.G, instrument=instrument)
