"""Contributions of windows: what Shapley values promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.prediction.reasons import window_contributions

Floats = NDArray[np.float64]
WINDOW = np.array([0, 0, 1, 2, 2, 3])
RNG = np.random.default_rng(0)
SAMPLE, AVERAGE = RNG.normal(size=6), RNG.normal(size=6)


def linear(rows: Floats) -> Floats:
    told: Floats = rows @ np.array([1.0, -2.0, 0.5, 3.0, 0.0, 4.0])
    return told


def crooked(rows: Floats) -> Floats:
    told: Floats = np.sin(rows.sum(axis=1)) + rows[:, 0] * rows[:, 5] * rows[:, 3]
    return told


@pytest.mark.parametrize("told", [linear, crooked])
@pytest.mark.parametrize("seed", [0, 5])
def test_they_add_up_to_the_difference(told: object, seed: int) -> None:
    found = window_contributions(told, SAMPLE, AVERAGE, WINDOW, seed=seed)  # type: ignore[arg-type]
    difference = told(SAMPLE[None])[0] - told(AVERAGE[None])[0]  # type: ignore[operator]
    assert found.sum() == pytest.approx(difference, abs=1e-12)
    assert found.shape == (4,)


def test_of_a_sum_each_window_has_its_own_terms() -> None:
    found = window_contributions(linear, SAMPLE, AVERAGE, WINDOW)
    terms = np.array([1.0, -2.0, 0.5, 3.0, 0.0, 4.0]) * (SAMPLE - AVERAGE)
    np.testing.assert_allclose(found, np.bincount(WINDOW, weights=terms), atol=1e-12)


def test_where_sample_and_average_agree_nothing_is_added() -> None:
    average = np.where(WINDOW == 2, SAMPLE, AVERAGE)
    found = window_contributions(crooked, SAMPLE, average, WINDOW)
    assert found[2] == 0
    assert (found[[0, 1, 3]] != 0).all()


def test_two_windows_that_act_together_share_equally() -> None:
    """A product of two features alike: every order has its reverse, so that each is first as often."""

    def product(rows: Floats) -> Floats:
        return rows[:, 0] * rows[:, 1]

    found = window_contributions(product, np.array([2.0, 2.0, 7.0]), np.zeros(3), np.arange(3))
    np.testing.assert_allclose(found, [2.0, 2.0, 0.0], atol=1e-12)


def test_few_orders_come_near_the_average_over_all() -> None:
    """Against every one of the 24 orders of four windows."""
    from itertools import permutations

    exact = np.zeros(4)
    for order in permutations(range(4)):
        row = AVERAGE.copy()
        before = crooked(row[None])[0]
        for window in order:
            row = np.where(window == WINDOW, SAMPLE, row)
            after = crooked(row[None])[0]
            exact[window] += (after - before) / 24
            before = after
    drawn = np.mean(
        [window_contributions(crooked, SAMPLE, AVERAGE, WINDOW, seed=s) for s in range(40)], axis=0
    )
    np.testing.assert_allclose(drawn, exact, atol=0.1 * np.abs(exact).max())


def test_the_same_seed_gives_the_same_contributions() -> None:
    one, two = (window_contributions(crooked, SAMPLE, AVERAGE, WINDOW, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_one_window_has_all() -> None:
    found = window_contributions(crooked, SAMPLE, AVERAGE, np.zeros(6, dtype=int))
    np.testing.assert_allclose(found, crooked(SAMPLE[None]) - crooked(AVERAGE[None]))
