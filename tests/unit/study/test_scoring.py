"""Bootstrap draws over repeats; what a guess scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import f1_score

from edgepair.conventions import TASKS
from edgepair.models import FitOutcome
from edgepair.study.config import StudyConfig
from edgepair.study.plan import plan_cell
from edgepair.study.scoring import draw_groups, over_repeats, score_baseline


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


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1)])
def test_the_best_guess_is_a_coin_or_the_commonest_class(
    make_synthetic: Callable[..., xr.Dataset], shares: tuple[float, float]
) -> None:
    """Reference: scikit-learn's weighted F1 of either guess."""
    dataset = make_synthetic()
    n = dataset.sizes["site"]
    true = (np.arange(n) >= shares[0] * n).astype(int)
    dataset["coordination_number"].values[:] = 4.0 + 2 * true
    cell = plan_cell(dataset, TASKS["coordination_number"], StudyConfig.check(repeats=1, split="random"))[0]
    assert cell is not None
    none = np.zeros((0, 0), dtype=np.float32)
    commonest = np.zeros(n, dtype=np.int16)
    probability = np.tile(np.array(shares, dtype=np.float32), (n, 1))
    outcome = FitOutcome(commonest, probability, none, none)
    found = score_baseline(cell, [outcome], draw_groups(cell.n_groups, 200, [1]))
    rng = np.random.default_rng(0)
    coins = [
        f1_score(true, rng.permutation(true), average="weighted", zero_division=0.0) for _ in range(2000)
    ]
    always = f1_score(true, commonest, average="weighted", zero_division=0.0)
    assert found.value["f1_weighted"] == pytest.approx(max(np.mean(coins), always), abs=0.01)
    assert (np.mean(coins) > always) == (shares == (0.5, 0.5))
    lower, upper = found.interval("f1_weighted")
    assert lower <= found.value["f1_weighted"] <= upper + 0.01
    assert found.value["accuracy"] == pytest.approx(max(shares), abs=0.02)
