"""Intervals hold what they promise, over many made-up studies of correlated sites."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.models import (
    classification_metrics,
    classification_sums,
    regression_metrics,
    regression_sums,
)
from edgepair.study.scoring import draw_groups, interval_of

CASES, N_GROUPS, N_DRAWS = 300, 60, 400
ACCURACY = 0.75

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def made_groups(rng: np.random.Generator) -> Ints:
    """Number the sites of formulas with 1 to 8 sites each."""
    return np.repeat(np.arange(N_GROUPS), rng.integers(1, 9, N_GROUPS))


def correlated_answers(rng: np.random.Generator, groups: Ints) -> Bools:
    """Draw right and wrong answers that go together within a formula; `ACCURACY` on average."""
    ease = rng.beta(3 * ACCURACY * 0.4, 3 * (1 - ACCURACY) * 0.4, N_GROUPS)
    return rng.random(len(groups)) < ease[groups]


def accuracy_draws(right: Bools, groups: Ints, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the accuracy in each bootstrap draw by the study's own sums and metrics."""
    told = right.astype(np.int64)
    sums = classification_sums(np.ones_like(told), told, np.eye(2)[told], groups, drawn.shape[1])
    return classification_metrics(drawn @ sums)["accuracy"]


def test_a_bootstrap_over_formulas_covers_the_true_accuracy_and_one_over_sites_does_not() -> None:
    rng = np.random.default_rng(11)
    honest = naive = 0
    for case in range(CASES):
        groups = made_groups(rng)
        right = correlated_answers(rng, groups)
        lower, upper = interval_of(accuracy_draws(right, groups, draw_groups(N_GROUPS, N_DRAWS, [case, 1])))
        honest += lower <= ACCURACY <= upper
        sites = np.arange(len(groups))
        lower, upper = interval_of(accuracy_draws(right, sites, draw_groups(len(sites), N_DRAWS, [case, 2])))
        naive += lower <= ACCURACY <= upper
    assert 0.90 <= honest / CASES <= 0.99
    assert naive / CASES < 0.85


def test_the_difference_of_two_equal_learners_is_called_real_about_one_time_in_twenty() -> None:
    rng = np.random.default_rng(12)
    called = 0
    for case in range(CASES):
        groups = made_groups(rng)
        shared = correlated_answers(rng, groups)
        # Both learners agree on two sites of three, and err alike on the others.
        one, two = (
            np.where(rng.random(len(groups)) < 2 / 3, shared, correlated_answers(rng, groups))
            for _ in range(2)
        )
        drawn = draw_groups(N_GROUPS, N_DRAWS, [case, 3])
        lower, upper = interval_of(accuracy_draws(one, groups, drawn) - accuracy_draws(two, groups, drawn))
        called += lower > 0 or upper < 0
    assert 0.02 <= called / CASES <= 0.09


def test_a_paired_interval_is_narrower_than_an_unpaired_one() -> None:
    rng = np.random.default_rng(13)
    groups = made_groups(rng)
    one = correlated_answers(rng, groups)
    two = one & (rng.random(len(groups)) < 0.9)  # slightly worse, on the same sites
    drawn, other = (draw_groups(N_GROUPS, N_DRAWS, [seed]) for seed in (1, 2))
    first = accuracy_draws(one, groups, drawn)
    paired = interval_of(first - accuracy_draws(two, groups, drawn))
    unpaired = interval_of(first - accuracy_draws(two, groups, other))
    assert paired[1] - paired[0] < 0.6 * (unpaired[1] - unpaired[0])
    assert paired[0] > 0


def test_the_interval_of_a_mean_error_covers_too() -> None:
    rng = np.random.default_rng(14)
    true_mae = 0.05 * np.sqrt(2 / np.pi)
    covered = 0
    for case in range(CASES):
        groups = made_groups(rng)
        error = rng.normal(0, 0.03, N_GROUPS)[groups] + rng.normal(0, 0.04, len(groups))
        true = rng.normal(2, 0.1, len(groups))
        sums = regression_sums(true, true + error, groups, N_GROUPS)
        draws = regression_metrics(draw_groups(N_GROUPS, N_DRAWS, [case]) @ sums)["mae"]
        lower, upper = interval_of(draws)
        covered += lower <= true_mae <= upper
    assert 0.90 <= covered / CASES <= 0.99


def test_draws_take_every_group_equally_often_and_as_many_as_there_are() -> None:
    drawn = draw_groups(20, 4000, [5])
    assert (drawn.sum(axis=1) == 20).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.08)  # 5 standard errors
    np.testing.assert_array_equal(drawn, draw_groups(20, 4000, [5]))
    assert not np.array_equal(drawn, draw_groups(20, 4000, [6]))


@pytest.mark.parametrize("missing", [0, 3, 100])
def test_draws_without_a_value_do_not_count(missing: int) -> None:
    draws = np.linspace(0, 1, 101)
    draws[len(draws) - missing :] = np.nan
    lower, upper = interval_of(draws)
    known = draws[np.isfinite(draws)]
    assert (lower, upper) == pytest.approx(np.percentile(known, (2.5, 97.5)))


def test_no_value_at_all_gives_no_interval() -> None:
    assert np.isnan(interval_of(np.full(5, np.nan))).all()
