"""Choosing what of a scan is compared, and showing spectra on it."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.conventions import MeasurementError
from edgepair.features.xanes import STEP
from edgepair.prediction.sample import FULL, NEEDED, EnergyWindow, choose_window


def test_a_long_scan_has_the_full_window() -> None:
    assert choose_window(-200.0, 800.0) == EnergyWindow(*FULL) == EnergyWindow()


@pytest.mark.parametrize(
    ("first", "last", "window"),
    [
        (-22.0, 46.0, EnergyWindow()),
        (-60.0, 25.0, EnergyWindow(-8.0, 24.0)),
        (-5.0, 29.4, EnergyWindow(-4.0, 28.0)),
        # half an eV may be missing
        (-5.6, 43.6, EnergyWindow(-6.0, 44.0)),
    ],
)
def test_a_shorter_one_has_what_it_covers(first: float, last: float, window: EnergyWindow) -> None:
    chosen = choose_window(first, last)
    assert chosen == window
    # two scans of like range share a fitted model, which is kept by the window's text
    assert str(chosen) == str(window)


@pytest.mark.parametrize(
    ("first", "last"), [(NEEDED[0] + 1, 60.0), (-50.0, NEEDED[1] - 1), (100.0, 300.0), (-300.0, -100.0)]
)
def test_too_short_a_scan_is_refused(first: float, last: float) -> None:
    with pytest.raises(MeasurementError) as caught:
        choose_window(first, last)
    assert "the spectrum" in caught.value.problem
    assert f"{first:+.0f} to {last:+.0f} eV" in caught.value.found
    assert f"{NEEDED[0]:+.0f} to {NEEDED[1]:+.0f} eV" in caught.value.needed
    assert "shift=" in caught.value.suggestion


def test_the_grid_holds_both_ends() -> None:
    for window in (EnergyWindow(), EnergyWindow(-2.0, 20.0)):
        grid = window.grid()
        assert grid[0] == window.low
        assert grid[-1] == pytest.approx(window.high)
        np.testing.assert_allclose(np.diff(grid), STEP)


def test_a_spectrum_is_shown_between_its_points() -> None:
    energy = np.arange(-30.0, 60.0, 0.7)
    shown = EnergyWindow().show(energy, 2.0 * energy + 1)
    np.testing.assert_allclose(shown, 2.0 * EnergyWindow().grid() + 1, atol=1e-9)


def test_beyond_its_ends_a_spectrum_goes_on_as_it_ended() -> None:
    energy = np.arange(-4.0, 25.0, 0.5)
    window = EnergyWindow()
    shown = window.show(energy, np.full(len(energy), 0.9))
    assert (shown[window.grid() > 25] == 0.9).all()
    # before its start no more than a pre-edge is: half a rise there would look like another edge
    assert (shown[window.grid() < -4] == 0.05).all()
    assert window.show(energy, np.full(len(energy), 0.01))[0] == 0.01
