"""Numbers of spectra, on curves whose numbers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import edgepair
from edgepair.conventions import DataError
from edgepair.features import NUMBERS, describe_xanes

Floats = NDArray[np.float64]
ENERGY = np.arange(7060.0, 7200.0, 0.25)
E0 = 7120.0


def logistic(energy: Floats, *, width: float = 1.0) -> Floats:
    """An edge whose foot dies off fast, unlike that of an arctangent."""
    step: Floats = 1 / (1 + np.exp(-(energy - E0) / width))
    return step


def gaussian(energy: Floats, *, at: float, height: float, sigma: float) -> Floats:
    peak: Floats = height * np.exp(-0.5 * ((energy - at) / sigma) ** 2)
    return peak


def usual(energy: Floats = ENERGY) -> Floats:
    """An edge with a pre-edge peak, a white line and a trough."""
    return (
        logistic(energy)
        + gaussian(energy, at=E0 - 9, height=0.08, sigma=1.0)
        + gaussian(energy, at=E0 + 8, height=0.5, sigma=2.5)
        - gaussian(energy, at=E0 + 26, height=0.2, sigma=5.0)
    )


def only(energy: Floats, mu: Floats) -> pd.Series:
    return describe_xanes(energy, mu).iloc[0]


def test_columns_are_the_numbers_of_the_technique() -> None:
    table = describe_xanes(ENERGY, np.stack([usual(), usual()]))
    assert list(table) == [name for name, number in NUMBERS.items() if number.technique == "xanes"]
    assert len(table) == 2


def test_package_is_loaded_by_its_name() -> None:
    assert edgepair.features.describe_xanes is describe_xanes


def test_edge_position_of_a_logistic_is_the_mean_energy_of_its_levels() -> None:
    found = only(ENERGY, logistic(ENERGY, width=2.0))
    levels = np.arange(0.40, 0.801, 0.05)
    # under a Gaussian of 0.5 eV; E(mu) = E0 + w ln(mu / (1 - mu))
    assert found.edge_position == pytest.approx(E0 + np.mean(2 * np.log(levels / (1 - levels))), abs=0.02)
    # 1/(4 w), less what the Gaussian takes
    assert found.edge_slope == pytest.approx(1 / 8, rel=0.03)


def test_white_line_and_trough_are_where_they_were_put() -> None:
    found = only(ENERGY, usual())
    # a Gaussian of 2.5 eV under one of 0.5 eV keeps 2.5 / hypot(2.5, 0.5) of its height
    assert found.white_line_height == pytest.approx(1 + 0.5 * 2.5 / np.hypot(2.5, 0.5), abs=0.005)
    assert found.white_line_position == pytest.approx(E0 + 8, abs=0.05)
    assert found.trough_position == pytest.approx(E0 + 26, abs=0.1)
    assert found.white_line_height - found.trough_depth == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize("height", [0.03, 0.1, 0.4, 0.9])
def test_pre_edge_peak_has_its_area_and_place(height: float) -> None:
    mu = logistic(ENERGY) + gaussian(ENERGY, at=E0 - 10, height=height, sigma=1.0)
    found = only(ENERGY, mu)
    # smoothing keeps areas; the straight line under a peak takes its tails, most of a low one
    true = height * np.sqrt(2 * np.pi)
    assert 0.92 * true < found.pre_edge_area < 1.001 * true
    assert found.pre_edge_centroid == pytest.approx(E0 - 10, abs=0.05)


def test_strong_pre_edge_does_not_move_the_edge() -> None:
    plain = only(ENERGY, logistic(ENERGY))
    peaked = only(ENERGY, logistic(ENERGY) + gaussian(ENERGY, at=E0 - 12, height=0.95, sigma=1.0))
    assert peaked.edge_position == pytest.approx(plain.edge_position, abs=1e-6)
    assert peaked.edge_slope == pytest.approx(plain.edge_slope, abs=1e-6)


def test_no_pre_edge_peak_has_no_area_and_no_centroid() -> None:
    found = only(ENERGY, logistic(ENERGY, width=2.0))
    assert found.pre_edge_area == 0
    assert np.isnan(found.pre_edge_centroid)


@pytest.mark.parametrize("step", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("noise", [0.003, 0.02])
def test_noise_is_no_pre_edge_peak(step: float, noise: float) -> None:
    energy = np.arange(7060.0, 7200.0, step)
    rng = np.random.default_rng(3)
    found = describe_xanes(energy, logistic(energy) + noise * rng.normal(size=(100, len(energy))))
    assert (found.pre_edge_area > 0).mean() < 0.2


def test_edge_position_stands_noise() -> None:
    rng = np.random.default_rng(4)
    noisy = describe_xanes(ENERGY, usual() + 0.02 * rng.normal(size=(100, len(ENERGY))))
    exact = only(ENERGY, usual()).edge_position
    assert noisy.edge_position.std() < 0.05
    assert noisy.edge_position.mean() == pytest.approx(exact, abs=0.02)


def test_shoulder_on_the_rise_is_no_pre_edge_peak() -> None:
    """As of Cu(II), whose shoulder stands at half of the step."""
    mu = 0.6 * logistic(ENERGY) + 0.4 * logistic(ENERGY - 6)
    assert only(ENERGY, mu).pre_edge_area == 0


@pytest.mark.parametrize(
    ("last", "missing"),
    [
        (E0 + 3, set(NUMBERS) - {"nothing"}),
        (E0 + 7, {"white_line_position", "white_line_height", "trough_position", "trough_depth"}),
        (E0 + 12, {"trough_position", "trough_depth"}),
        (E0 + 40, {"trough_position", "trough_depth"}),
        (E0 + 50, set()),
    ],
)
def test_what_the_range_does_not_reach_is_missing(last: float, missing: set[str]) -> None:
    kept = last >= ENERGY
    found = only(ENERGY[kept], usual()[kept])
    assert set(found.index[found.isna()]) == missing & set(found.index)


def test_range_that_starts_on_the_rise_tells_nothing_of_the_pre_edge() -> None:
    kept = ENERGY > E0 - 1.2
    found = only(ENERGY[kept], usual()[kept])
    assert np.isfinite(found.white_line_height)
    assert np.isnan(found.pre_edge_area)


def test_spectra_without_an_edge_or_with_gaps_have_no_numbers() -> None:
    gap = usual()
    gap[100] = np.nan
    table = describe_xanes(ENERGY, np.stack([np.zeros_like(ENERGY), np.ones_like(ENERGY), gap, usual()]))
    assert table.iloc[:3].isna().all(axis=None)
    assert table.iloc[3].notna().all()


def test_rows_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(5)
    mu = usual() + 0.01 * rng.normal(size=(3, len(ENERGY)))
    together = describe_xanes(ENERGY, mu)
    for row in range(3):
        np.testing.assert_array_equal(together.iloc[row], only(ENERGY, mu[row]))


def test_no_spectra_make_an_empty_table() -> None:
    assert describe_xanes(ENERGY, np.zeros((0, len(ENERGY)))).shape == (0, 8)


@pytest.mark.parametrize(
    ("energy", "mu", "found"),
    [
        (ENERGY, usual()[:-1], "(559,)"),
        (ENERGY[::-1], usual(), "does not increase"),
        (ENERGY / 1000, usual(), "7.06 to 7.19975"),
        (ENERGY[:3], usual()[:3], "(3,)"),
    ],
)
def test_arrays_that_are_no_spectra_are_refused(energy: Floats, mu: Floats, found: str) -> None:
    with pytest.raises(DataError) as caught:
        describe_xanes(energy, mu)
    assert found in str(caught.value)
