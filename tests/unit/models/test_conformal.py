"""Conformal quantiles and the scores of class sets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgepair.models.conformal import class_scores, conformal_quantile, group_weights, likelier


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_with_equal_votes_it_is_the_usual_quantile(level: float) -> None:
    """The ⌈(n + 1)·level⌉-th smallest score: Angelopoulos and Bates 2023, section 1."""
    for n in (10, 37, 99, 100):
        scores = np.random.default_rng(n).normal(size=n)
        expected = np.sort(scores)[math.ceil((n + 1) * level - 1e-9) - 1]
        assert conformal_quantile(scores, np.ones(n), level) == expected


def test_with_too_few_scores_the_largest_is_taken() -> None:
    assert conformal_quantile(np.array([3.0, 1.0, 2.0]), np.ones(3), 0.9) == 3.0


def test_without_scores_nothing_is_promised() -> None:
    assert conformal_quantile(np.array([np.nan, 1.0]), np.array([1.0, 0.0]), 0.9) == math.inf
    assert conformal_quantile(np.empty(0), np.empty(0), 0.9) == math.inf


def test_rows_without_a_score_have_no_vote() -> None:
    scores = np.r_[np.arange(1.0, 20.0), np.full(5, np.nan)]
    assert conformal_quantile(scores, np.ones(24), 0.9) == conformal_quantile(scores[:19], np.ones(19), 0.9)


def test_repeats_of_one_group_have_one_vote() -> None:
    """A hundred repeats of one bad row count no more than one."""
    scores = np.r_[np.arange(1.0, 20.0), np.full(100, 50.0)]
    groups = np.r_[np.arange(19), np.full(100, 19)].astype(str)
    once = conformal_quantile(np.r_[np.arange(1.0, 20.0), 50.0], np.ones(20), 0.9)
    assert conformal_quantile(scores, group_weights(groups), 0.9) == once == 19.0
    assert conformal_quantile(scores, np.ones(119), 0.9) == 50.0


def test_every_group_weighs_one() -> None:
    groups = np.array(["b", "a", "b", "c", "b"])
    weights = group_weights(groups)
    for name in "abc":
        assert weights[groups == name].sum() == pytest.approx(1.0)


def test_likelier_adds_up_what_stands_before() -> None:
    found = likelier(np.array([[0.1, 0.6, 0.3], [0.5, 0.5, 0.0]]))
    np.testing.assert_allclose(found, [[0.9, 0.0, 0.6], [0.0, 0.5, 1.0]])


def test_a_score_is_small_where_the_true_class_is_likely() -> None:
    probability = np.array([[0.1, 0.6, 0.3]] * 3)
    np.testing.assert_allclose(class_scores(probability, np.eye(3)), [0.9, 0.0, 0.6])


def test_of_an_average_over_classes_the_worst_counts_if_it_holds_a_quarter() -> None:
    probability = np.array([[0.1, 0.6, 0.3]])
    assert class_scores(probability, np.array([[0.0, 0.7, 0.3]]))[0] == pytest.approx(0.6)
    assert class_scores(probability, np.array([[0.0, 0.8, 0.2]]))[0] == 0.0


def test_unknown_truths_and_untold_rows_have_no_score() -> None:
    probability = np.array([[0.2, 0.8], [np.nan, np.nan]])
    share = np.array([[np.nan, np.nan], [1.0, 0.0]])
    assert np.isnan(class_scores(probability, share)).all()
