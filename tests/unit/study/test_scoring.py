"""Bootstrap draws over repeats."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.study.scoring import over_repeats


def test_draws_hold_the_scatter_of_the_repeats() -> None:
    rng = np.random.default_rng(3)
    # Without any scatter between formulas, what is left is that of a mean of n repeats.
    widths = [
        over_repeats(np.repeat(rng.normal(0.0, 1.0, (n, 1)), 4000, axis=1)).std() * np.sqrt(n)
        for n in (2, 3, 5)
        for _ in range(400)
    ]
    assert np.sqrt(np.mean(np.square(widths))) == pytest.approx(1.0, abs=0.06)


def test_draws_of_one_repeat_are_left_as_they_are() -> None:
    draws = np.random.default_rng(0).normal(size=(1, 50))
    np.testing.assert_array_equal(over_repeats(draws), draws[0])


def test_differences_stay_paired_over_repeats() -> None:
    draws = np.random.default_rng(0).normal(size=(3, 500))
    assert np.ptp(over_repeats(draws + 0.25) - over_repeats(draws)) == pytest.approx(0.0, abs=1e-12)
