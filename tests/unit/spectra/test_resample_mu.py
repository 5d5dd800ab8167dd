"""Bringing a spectrum onto a grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError
from edgepair.spectra import resample_mu

X = np.array([0.0, 1.0, 2.0, 4.0])
Y = np.array([0.0, 0.5, 1.0, 1.0])


def test_known_points_are_kept() -> None:
    np.testing.assert_allclose(resample_mu(X, Y, grid=X), Y, atol=1e-15)


def test_smooth_spectrum_is_followed(energy: NDArray[np.float64], step_mu: NDArray[np.float64]) -> None:
    fine = np.arange(7100.0, 7160.01, 0.25)
    back = resample_mu(fine, resample_mu(energy, step_mu[0], grid=fine), grid=energy)
    # every grid point of the coarse axis is one of the fine axis
    np.testing.assert_allclose(back, step_mu[0], rtol=1e-12)


def test_no_overshoot_between_points() -> None:
    result = resample_mu([0, 1, 2, 3], [0, 0, 1, 1], grid=np.linspace(0, 3, 301))
    assert result.min() >= 0
    assert result.max() <= 1
    assert (np.diff(result) >= -1e-15).all()


def test_ends_are_held_as_far_as_allowed() -> None:
    result = resample_mu(X, Y, grid=[-2.0, -1.0, 0.0, 5.0], hold=2.0)
    np.testing.assert_array_equal(result, [0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize("grid", [[-0.5, 1.0], [1.0, 4.5]], ids=["starts late", "ends early"])
def test_grid_beyond_the_spectrum_is_refused(grid: list[float]) -> None:
    with pytest.raises(DataError, match="cannot resample") as caught:
        resample_mu(X, Y, grid=grid, hold=0.4)
    assert caught.value.found == "energies 0.00 to 4.00 eV"
    assert caught.value.needed == f"{grid[0]:.2f} to {grid[1]:.2f} eV, within 0.4 eV"


@pytest.mark.parametrize(
    ("x", "y", "problem"),
    [
        ([0, 1, 1, 2], [0, 0, 1, 1], "do not increase"),
        ([2, 1, 0], [0, 0, 1], "do not increase"),
        ([0, 1, np.nan], [0, 0, 1], "not finite"),
        ([0, 1, 2], [0, np.inf, 1], "not finite"),
        ([0, 1, 2], [0, 1], r"\(3,\) energies and \(2,\) values"),
        ([0], [0], "at least 2"),
        ([[0, 1]], [[0, 1]], "one-dimensional"),
    ],
)
def test_bad_spectra(x: list[float], y: list[float], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        resample_mu(x, y, grid=[0.0, 1.0])
