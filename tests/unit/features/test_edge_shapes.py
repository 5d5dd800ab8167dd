"""Edges by area and the two views of a spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from edgepair.features.xanes import (
    AROUND,
    N_SHAPE,
    STEP,
    area_edge,
    own_edge,
    spectrum_features,
)

GRID = np.arange(-8.0, 30.0 + STEP / 2, STEP)


def edge_at(at: float, *, width: float = 1.0, line: float = 0.4) -> NDArray[np.float64]:
    x = GRID - at
    white: NDArray[np.float64] = line * np.exp(-0.5 * ((x - 4) / 2.5) ** 2)
    return expit(x / width) + white


@pytest.mark.parametrize("at", [2.0, 4.5, 6.0, 7.9])
def test_a_step_is_found_where_it_is(at: float) -> None:
    found = area_edge(GRID, edge_at(at, width=0.01, line=0.0)[None])[0]
    assert found == pytest.approx(at, abs=STEP)


def test_an_edge_moves_with_its_spectrum() -> None:
    # as far as the window holds the 22 eV behind it
    places = np.arange(1.0, 8.01, 1.0)
    found = area_edge(GRID, np.array([edge_at(at) for at in places]))
    np.testing.assert_allclose(np.diff(found), 1.0, atol=0.15)


def test_the_height_does_not_matter() -> None:
    mu = np.array([edge_at(5.0)])
    np.testing.assert_allclose(area_edge(GRID, mu), area_edge(GRID, 3 * mu), atol=STEP / 20)


def test_an_edge_does_not_depend_on_the_spectra_beside_it() -> None:
    rng = np.random.default_rng(0)
    mu = np.array([edge_at(at, line=line) for at, line in rng.uniform([0, 0], [12, 1.5], (40, 2))])
    alone = np.array([area_edge(GRID, row[None])[0] for row in mu])
    np.testing.assert_array_equal(area_edge(GRID, mu), alone)


def test_what_is_no_spectrum_gives_a_finite_edge() -> None:
    rng = np.random.default_rng(1)
    odd = np.array([0 * GRID, -np.ones(len(GRID)), rng.normal(size=len(GRID)), 1e3 * GRID])
    assert np.isfinite(area_edge(GRID, odd)).all()
    short = np.arange(-2.0, 20.0 + STEP / 2, STEP)
    assert np.isfinite(area_edge(short, np.ones((1, len(short))))).all()


def test_features_hold_points_slopes_and_their_places() -> None:
    mu = np.array([edge_at(5.0), edge_at(9.0)])
    values, position = spectrum_features(GRID, mu, aligned=False)
    assert values.shape == position.shape
    n = len(GRID[::4])
    first = slice(N_SHAPE, N_SHAPE + n)
    np.testing.assert_array_equal(values[:, first], mu[:, ::4])
    np.testing.assert_array_equal(position[0, first], GRID[::4])
    slopes = values[0, N_SHAPE + n : N_SHAPE + 2 * n]
    # a logistic step of width 1 rises by 1/4 per eV, less over 2 eV; its white line adds its own slope
    own = 0.4 * 4 / 2.5**2 * np.exp(-0.5 * (4 / 2.5) ** 2)
    assert slopes[GRID[::4] == 5.0][0] == pytest.approx(0.23 + own, rel=0.08)
    # the last is the own edge itself
    np.testing.assert_allclose(values[:, -1], area_edge(GRID, mu))
    assert np.isfinite(values).all()
    shape, _ = spectrum_features(GRID, mu, aligned=True)
    assert shape.shape == (2, N_SHAPE)


def test_what_is_about_the_own_edge_does_not_change_when_the_energies_do() -> None:
    mu = np.array([edge_at(4.0), edge_at(7.0)])
    values, position = spectrum_features(GRID, mu, aligned=False)
    inside = np.concatenate([(AROUND > -8) & (AROUND < 16)] * 2)
    np.testing.assert_allclose(*values[:, : 2 * len(AROUND)][:, inside], atol=0.03)
    assert (position[1] - position[0])[: len(AROUND)] == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("shift", [-30.0, 0.0, 7112.0])
def test_the_own_edge_moves_with_the_energies(shift: float) -> None:
    expected = own_edge(GRID, edge_at(6.0))
    assert own_edge(GRID + shift, edge_at(6.0)) == pytest.approx(expected + shift, abs=0.05)
    # the white line adds its area, 2.5 eV
    assert expected == pytest.approx(6.0 - 2.5, abs=0.3)
