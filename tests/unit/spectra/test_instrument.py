"""Showing ideal PDFs through an instrument; against PDFfit2 in tests/physics/test_pdf.py."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import OptionError
from edgepair.spectra import TYPICAL_INSTRUMENT, PDFInstrument, apply_instrument

Floats = NDArray[np.float64]

R = np.arange(1, 301) * 0.04
"""Ideal axis to 12 Å."""
U = 0.003
SLOPE = -1.2


def ideal(u: float = U, positions: tuple[float, ...] = (2.0, 3.1, 5.0)) -> Floats:
    variance = 2 * u
    peaks = sum(np.exp(-((R - at) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance) for at in positions)
    return np.asarray(peaks / R + SLOPE * R)


def show(curves: Floats, instrument: PDFInstrument) -> Floats:
    return apply_instrument(
        R, curves, baseline=np.full(len(np.atleast_2d(curves)), SLOPE), ideal_u_iso=U, instrument=instrument
    )


NOTHING = PDFInstrument(qmax=0, qdamp=0, u_iso=U, r_first=0.04, r_last=12.0, r_step=0.04)


def test_grid_holds_both_ends() -> None:
    grid = TYPICAL_INSTRUMENT.grid()
    assert (grid[0], len(grid)) == (0.8, 193)
    assert grid[-1] == pytest.approx(20.0, abs=1e-12)
    assert np.diff(PDFInstrument(r_first=0, r_last=1, r_step=0.3).grid()) == pytest.approx([0.3] * 3)


def test_nothing_to_impose_changes_nothing() -> None:
    np.testing.assert_allclose(show(ideal(), NOTHING)[0], ideal(), atol=1e-9)


def test_larger_displacements_widen_the_peaks() -> None:
    instrument = PDFInstrument(qmax=0, qdamp=0, u_iso=0.01, r_first=0.04, r_last=8.0, r_step=0.04)
    # Gaussians of variance 2U either way; the fade-out beyond 8 Å reaches back by less than 1e-6
    np.testing.assert_allclose(show(ideal(), instrument)[0], ideal(0.01)[:200], atol=1e-5)


def test_damping_is_a_factor() -> None:
    instrument = PDFInstrument(qmax=0, qdamp=0.1, u_iso=U, r_first=0.04, r_last=12.0, r_step=0.04)
    np.testing.assert_allclose(show(ideal(), instrument)[0], ideal() * np.exp(-0.005 * R**2), atol=1e-9)


def test_qmax_above_what_the_grid_holds_is_no_cut() -> None:
    # the ideal step of 0.04 Å holds up to pi/0.04 = 78.5 Å⁻¹
    high = PDFInstrument(qmax=500.0, qdamp=0, u_iso=U, r_first=0.04, r_last=12.0, r_step=0.04)
    np.testing.assert_array_equal(show(ideal(), high), show(ideal(), NOTHING))


def test_a_lower_qmax_blurs_the_peaks() -> None:
    heights = []
    for qmax in (30, 20, 12, 6):
        instrument = PDFInstrument(qmax=qmax, qdamp=0, r_first=1.9, r_last=2.1)
        heights.append(float((show(ideal(), instrument)[0] - SLOPE * instrument.grid()).max()))
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 0.7 * heights[0]


def test_materials_do_not_mix() -> None:
    one, other = ideal(), ideal(positions=(2.4, 4.2))
    both = show(np.array([one, other]), PDFInstrument(r_last=8.0))
    # the order of additions differs between one and two rows
    np.testing.assert_allclose(both[0], show(one, PDFInstrument(r_last=8.0))[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(both[1], show(other, PDFInstrument(r_last=8.0))[0], rtol=1e-9, atol=1e-12)


def test_less_thermal_motion_than_stored_is_refused() -> None:
    with pytest.raises(OptionError, match="thermal motion") as caught:
        show(ideal(), PDFInstrument(u_iso=0.002, r_last=8.0))
    assert "0.002" in caught.value.found
    assert "0.003" in caught.value.needed


@pytest.mark.parametrize(
    "instrument",
    [PDFInstrument(r_last=12.5), PDFInstrument(r_first=-1, r_last=8), PDFInstrument(r_first=3, r_last=3)],
    ids=["too far", "below zero", "one point"],
)
def test_grid_beyond_the_ideal_curve_is_refused(instrument: PDFInstrument) -> None:
    with pytest.raises(OptionError, match="on that grid") as caught:
        show(ideal(), instrument)
    assert "12.00 Å" in caught.value.needed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("r_step", 0.0),
        ("r_step", -0.1),
        ("r_last", np.nan),
        ("qmax", -1.0),
        ("qdamp", -0.1),
        ("u_iso", np.inf),
    ],
)
def test_impossible_parameter_is_named(name: str, value: float) -> None:
    with pytest.raises(OptionError, match="this PDF instrument") as caught:
        PDFInstrument(**{name: value})
    assert caught.value.found == f"{name} {value:g}"
