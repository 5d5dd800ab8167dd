"""Numbers of pair distribution functions, on curves whose numbers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pymatgen.core import Structure

from edgepair.features import NUMBERS, describe_pdf
from edgepair.simulation import simulate_pdf

Floats = NDArray[np.float64]
R = np.arange(0.5, 15.0, 0.02)
SLOPE = -0.9


def curve(*shells: tuple[float, float, float], r: Floats = R, slope: float = SLOPE) -> Floats:
    """G(r) of shells (distance, neighbours, standard deviation): R(r) is a sum of Gaussians."""
    radial = sum(n / (s * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((r - d) / s) ** 2) for d, n, s in shells)
    return np.asarray(radial / r + slope * r)


FIRST, SECOND = (2.0, 6.0, 0.08), (3.0, 8.0, 0.1)
FAR = (3.9, 12.0, 0.12)


def only(r: Floats, G: Floats, **options: bool) -> pd.Series:
    return describe_pdf(r, G, **options).iloc[0]


def test_columns_are_the_numbers_of_the_technique() -> None:
    table = describe_pdf(R, np.stack([curve(FIRST), curve(SECOND)]))
    assert list(table) == [name for name, number in NUMBERS.items() if number.technique == "pdf"]
    assert len(table) == 2


@pytest.mark.parametrize("step", [0.01, 0.05, 0.1])
def test_shells_have_their_place_area_and_width(step: float) -> None:
    r = np.arange(0.5, 15.0, step)
    found = only(r, curve(FIRST, SECOND, FAR, r=r))
    # G = R/r + s r has its top a little below that of R, by sigma^2 (1/r + ...)
    assert found.first_shell_position == pytest.approx(2.0, abs=0.006)
    assert found.second_shell_position == pytest.approx(3.0, abs=0.006)
    assert found.first_shell_area == pytest.approx(6.0, rel=0.01)
    assert found.second_shell_area == pytest.approx(8.0, rel=0.01)
    assert found.first_shell_width == pytest.approx(0.08, rel=0.04)


def test_share_is_of_the_area_to_its_limit() -> None:
    found = only(R, curve(FIRST, SECOND, (3.5, 6.0, 0.08)))
    assert found.first_shell_share == pytest.approx(6 / 20, rel=0.01)


def test_scale_moves_areas_only() -> None:
    G = curve(FIRST, SECOND, FAR)
    one, five = only(R, G), only(R, 5 * G)
    areas = ["first_shell_area", "second_shell_area"]
    np.testing.assert_allclose(five[areas], 5 * one[areas], rtol=1e-9)
    np.testing.assert_allclose(five.drop(areas), one.drop(areas), rtol=1e-9)


def test_dip_is_a_peak_upside_down() -> None:
    G = curve(FIRST, SECOND, FAR)
    up, down = only(R, G), only(R, -G, dip=True)
    for name in ("first_shell_position", "first_shell_width", "second_shell_position"):
        assert down[name] == pytest.approx(up[name], rel=1e-9)
    assert down.first_shell_area == pytest.approx(-up.first_shell_area, rel=1e-9)
    assert np.isnan(down.first_shell_share)


def test_second_shell_may_point_the_other_way() -> None:
    """As in MnO with neutrons: Mn-O down, Mn-Mn up."""
    found = only(R, curve((2.22, -6.0, 0.07), (3.14, 12.0, 0.08)), dip=True)
    assert found.first_shell_position == pytest.approx(2.22, abs=0.006)
    assert found.second_shell_position == pytest.approx(3.14, abs=0.006)
    assert found.first_shell_area < 0 < found.second_shell_area


def test_ripples_before_the_first_shell_are_not_it() -> None:
    ripple = 0.3 * np.sin(2 * np.pi * R / 0.28)
    found = only(R, curve(FIRST, SECOND, FAR) + ripple)
    assert found.first_shell_position == pytest.approx(2.0, abs=0.03)


def test_nothing_higher_than_ripples_is_nothing() -> None:
    ripple = 2.0 * np.sin(2 * np.pi * R / 0.28)
    assert describe_pdf(R, curve((2.0, 0.05, 0.1)) + ripple * (R < 1.5)).isna().all(axis=None)


def test_broad_error_at_low_r_does_not_hide_the_first_shell() -> None:
    """A background subtracted badly: the baseline is wrong, the place is not."""
    hump = 3 * np.exp(-0.5 * ((R - 0.5) / 0.5) ** 2)
    found = only(R, curve(FIRST, SECOND, FAR) + hump)
    assert found.first_shell_position == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("first", "last", "missing"),
    [
        (1.2, 15, {"first_shell_area", "first_shell_share", "second_shell_area"}),
        (0.5, 2.05, {"first_shell_area", "first_shell_share", "second_shell_position", "second_shell_area"}),
        (0.5, 2.4, {"first_shell_share", "second_shell_position", "second_shell_area"}),
        (0.5, 3.05, {"first_shell_share", "second_shell_area"}),
        (0.5, 3.7, {"first_shell_share"}),
        (2.5, 15, {name for name in NUMBERS if name.startswith("first")} | {"second_shell_area"}),
        (8.0, 15, set(NUMBERS)),
    ],
)
def test_what_the_range_does_not_reach_is_missing(first: float, last: float, missing: set[str]) -> None:
    kept = (first <= R) & (last >= R)
    found = only(R[kept], curve(FIRST, SECOND, (3.5, 6.0, 0.08))[kept])
    assert set(found.index[found.isna()]) >= missing & set(found.index)
    if first < 2:
        assert set(found.index[found.isna()]) == missing & set(found.index)


def test_curves_with_gaps_have_no_numbers() -> None:
    G = np.stack([curve(FIRST), curve(FIRST)])
    G[0, 50] = np.nan
    table = describe_pdf(R, G)
    assert table.iloc[0].isna().all()
    assert np.isfinite(table.iloc[1].first_shell_area)


def test_rock_salt_has_its_distances_and_neighbours(nio: Structure) -> None:
    """NiO, a = 4.1771 Å (Wyckoff, 1963): 6 O at a/2, 12 Ni at a/√2.

    Pairs count b_i b_j / ⟨b⟩², with x-rays the electrons: 28 and 8, in the mean 18 (Egami and
    Billinge, chapter 3). Half of the atoms are Ni.
    """
    simulated = simulate_pdf(nio, ("Ni",), r_last=8.0)
    found = describe_pdf(simulated.r, simulated.G_M["Ni"]).iloc[0]
    assert found.first_shell_position == pytest.approx(4.1771 / 2, abs=0.01)
    assert found.second_shell_position == pytest.approx(4.1771 / np.sqrt(2), abs=0.01)
    assert found.first_shell_area == pytest.approx(6 * 28 * 8 / 18**2, rel=0.03)
    assert found.second_shell_area == pytest.approx(12 / 2 * 28**2 / 18**2, rel=0.03)


@pytest.mark.parametrize(
    "other",
    [
        # sums of Shannon's radii (1976): P-O of phosphates, Si-O of silicates
        (1.54, 4 * 0.7, 0.05),
        (1.62, 4 * 0.7, 0.05),
        # what a capillary of silica leaves
        (1.62, 0.5, 0.06),
    ],
)
def test_first_shell_is_the_metals_not_that_of_phosphorus_or_silicon(
    other: tuple[float, float, float],
) -> None:
    found = only(R, curve(other, FIRST, SECOND, FAR))
    assert found.first_shell_position == pytest.approx(2.0, abs=0.01)
    assert found.first_shell_area == pytest.approx(6.0, rel=0.02)


def test_short_bonds_count_where_nothing_as_high_follows() -> None:
    """As of chromates: Cr-O at 1.65 Å (Toriumi and Saito, 1978, of K2CrO4), Na-O lower and farther."""
    chromate = (1.65, 4 * 2.0, 0.05)
    for cation in ((2.8, 8 * 0.8, 0.12), (2.4, 6 * 0.5, 0.10)):
        found = only(R, curve(chromate, cation, (3.5, 6.0, 0.1)))
        assert found.first_shell_position == pytest.approx(1.65, abs=0.01)


def test_short_dips_are_never_passed_over() -> None:
    """As of permanganates with neutrons: Mn-O down, and Li-O too."""
    found = only(R, curve((1.62, -4.0, 0.05), (2.15, -4.0, 0.08), SECOND), dip=True)
    assert found.first_shell_position == pytest.approx(1.62, abs=0.01)
