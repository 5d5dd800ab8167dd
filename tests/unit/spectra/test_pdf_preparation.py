"""Measured PDFs on an instrument's grid, and the end of their data in Q."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError
from edgepair.spectra import PDFInstrument, apply_instrument, estimate_qmax, resample_pdf

Floats = NDArray[np.float64]

IDEAL_R = np.arange(1, 576) * 0.04
U = 0.003
SLOPE = -1.1


def ideal() -> Floats:
    """Ideal curve to 23 Å: shells on a line, as PDFfit2 makes them."""
    variance = 2 * U
    shells = [(1.95, 6), (2.8, 12), (3.4, 8), (4.3, 20), (5.2, 24), (7.0, 30), (9.1, 60), (14.3, 90)]
    peaks = sum(
        n * np.exp(-((IDEAL_R - at) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        for at, n in shells
    )
    return np.asarray(peaks / IDEAL_R + SLOPE * IDEAL_R * np.exp(-((IDEAL_R / 12) ** 8)))


def shown(qmax: float, grid: PDFInstrument) -> Floats:
    instrument = PDFInstrument(
        qmax=qmax, qdamp=0, u_iso=U, r_first=grid.r_first, r_last=grid.r_last, r_step=grid.r_step
    )
    return apply_instrument(IDEAL_R, ideal(), baseline=[SLOPE], ideal_u_iso=U, instrument=instrument)[0]


FINE = PDFInstrument(r_first=0.01, r_last=20.0, r_step=0.01)
GRID = PDFInstrument(qmax=25.0, r_first=0.8, r_last=12.0)


@pytest.mark.parametrize("qmax", [12.0, 16.0, 25.0, 35.0])
def test_end_of_the_data_is_found(qmax: float) -> None:
    r = FINE.grid()
    assert estimate_qmax(r, shown(qmax, FINE)) == pytest.approx(qmax, abs=0.4)


def test_end_of_the_data_scales_with_the_unit() -> None:
    r = FINE.grid()
    assert estimate_qmax(r / 10, shown(20.0, FINE)) == pytest.approx(200.0, rel=0.02)


def test_short_and_coarse_curves() -> None:
    coarse = PDFInstrument(r_first=0.5, r_last=10.0, r_step=0.05)
    assert estimate_qmax(coarse.grid(), shown(20.0, coarse)) == pytest.approx(20.0, abs=1.0)
    # a step of 0.1 Å shows 31 Å⁻¹ at most
    too_coarse = PDFInstrument(r_first=0.1, r_last=20.0, r_step=0.1)
    assert estimate_qmax(too_coarse.grid(), shown(40.0, too_coarse)) is None


def test_noise_has_no_end() -> None:
    noise = np.random.default_rng(5).normal(size=2000)
    assert estimate_qmax(FINE.grid(), noise) is None


def test_constant_and_zero_curves_have_no_end() -> None:
    r = FINE.grid()
    assert estimate_qmax(r, np.zeros_like(r)) is None


@pytest.mark.parametrize(
    "measured",
    [
        FINE,
        PDFInstrument(r_first=0.02, r_last=20.0, r_step=0.02),
        PDFInstrument(r_first=0.1, r_last=20.0, r_step=0.1),
    ],
)
def test_cut_equals_what_was_cut_from_the_start(measured: PDFInstrument) -> None:
    """A curve to 30 Å⁻¹, cut at 25, is the curve of an instrument that ends at 25."""
    G = resample_pdf(measured.grid(), shown(30.0, measured), instrument=GRID)
    expected = shown(25.0, GRID)
    # 8 Å to the measured end: the two fade out differently beyond what is shown
    np.testing.assert_allclose(G, expected, atol=0.01 * np.abs(expected).max())


def test_lower_qmax_than_asked_for_is_left_alone() -> None:
    G = resample_pdf(FINE.grid(), shown(20.0, FINE), instrument=GRID)
    np.testing.assert_allclose(G, shown(20.0, GRID), atol=0.01 * np.abs(G).max())


@pytest.mark.parametrize(("first", "last"), [(0.8, 20.0), (0.49, 20.0), (0.01, 12.0), (0.8, 12.0)])
def test_ends_of_the_measurement_hardly_matter(first: float, last: float) -> None:
    r, G = FINE.grid(), shown(30.0, FINE)
    kept = (r >= first - 1e-9) & (r <= last + 1e-9)
    cropped = resample_pdf(r[kept], G[kept], instrument=GRID)
    whole = resample_pdf(r, G, instrument=GRID)
    inside = GRID.grid() < 11.0
    # the last Å before the end is what its mirror image makes of it
    np.testing.assert_allclose(cropped[inside], whole[inside], atol=0.02 * np.abs(whole).max())


def test_uneven_points() -> None:
    rng = np.random.default_rng(2)
    r = np.sort(np.concatenate([[0.02, 20.0], rng.uniform(0.02, 20.0, 4000)]))
    even = FINE.grid()
    G = np.interp(r, even, shown(20.0, FINE))
    result = resample_pdf(r, G, instrument=GRID)
    np.testing.assert_allclose(result, shown(20.0, GRID), atol=0.02 * np.abs(result).max())


def test_grid_beyond_the_curve_is_refused() -> None:
    r = FINE.grid()
    kept = (r > 1.0) & (r < 9.0)
    with pytest.raises(DataError, match="this grid") as caught:
        resample_pdf(r[kept], r[kept], instrument=GRID)
    assert "from 1.01 to 8.99" in caught.value.found
