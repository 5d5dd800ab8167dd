"""Every metric equals scikit-learn's, also in each bootstrap draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from edgepair.models import (
    CLASSIFICATION_METRICS,
    LOWER_IS_BETTER,
    REGRESSION_METRICS,
    classification_metrics,
    classification_sums,
    regression_metrics,
    regression_sums,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SEEDS = st.integers(0, 2**32 - 1)


def sklearn_classification(true: Ints, predicted: Ints, probability: Floats) -> dict[str, float]:
    """Score with scikit-learn; probabilities kept above 0.001, as the documentation says."""
    clipped = np.clip(probability, 1e-3, 1)
    clipped /= clipped.sum(axis=1, keepdims=True)
    labels = np.arange(probability.shape[1])
    recalls = [np.mean(predicted[true == k] == k) for k in np.unique(true)]
    return {
        "f1_weighted": sk.f1_score(true, predicted, average="weighted", zero_division=0),
        "f1_macro": sk.f1_score(true, predicted, average="macro", zero_division=0),
        # scikit-learn's own warns where a class is predicted that is not there; this is its formula
        "balanced_accuracy": float(np.mean(recalls)),
        "accuracy": sk.accuracy_score(true, predicted),
        "log_loss": sk.log_loss(true, clipped, labels=labels),
    }


def random_classification(seed: int, n: int, n_classes: int) -> tuple[Ints, Ints, Floats]:
    rng = np.random.default_rng(seed)
    true = rng.integers(n_classes, size=n)
    probability = rng.dirichlet(np.full(n_classes, 0.3), size=n)
    return true, probability.argmax(axis=1), probability


@given(seed=SEEDS, n=st.integers(1, 80), n_classes=st.integers(2, 6), n_groups=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_classification_metrics_equal_those_of_scikit_learn(
    seed: int, n: int, n_classes: int, n_groups: int
) -> None:
    true, predicted, probability = random_classification(seed, n, n_classes)
    groups = np.random.default_rng(seed).integers(n_groups, size=n)

    sums = classification_sums(true, predicted, probability, groups, n_groups)
    ours = classification_metrics(sums.sum(axis=0, keepdims=True))

    assert tuple(ours) == CLASSIFICATION_METRICS
    expected = sklearn_classification(true, predicted, probability)
    for name, value in ours.items():
        assert value[0] == pytest.approx(expected[name], abs=1e-12), name


def test_balanced_accuracy_equals_scikit_learns_where_every_class_is_there() -> None:
    true, predicted, probability = random_classification(3, 200, 4)
    sums = classification_sums(true, predicted, probability, np.zeros(200, int), 1)
    expected = sk.balanced_accuracy_score(true, predicted)
    assert classification_metrics(sums)["balanced_accuracy"][0] == pytest.approx(expected)


@given(seed=SEEDS, n=st.integers(3, 80), n_groups=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_regression_metrics_equal_those_of_scikit_learn(seed: int, n: int, n_groups: int) -> None:
    rng = np.random.default_rng(seed)
    true = 2 + 0.1 * rng.normal(size=n)
    predicted = true + 0.05 * rng.normal(size=n)

    sums = regression_sums(true, predicted, rng.integers(n_groups, size=n), n_groups)
    ours = regression_metrics(sums.sum(axis=0, keepdims=True))

    assert tuple(ours) == REGRESSION_METRICS
    assert ours["r2"][0] == pytest.approx(sk.r2_score(true, predicted))
    assert ours["mae"][0] == pytest.approx(sk.mean_absolute_error(true, predicted))
    assert ours["rmse"][0] == pytest.approx(sk.root_mean_squared_error(true, predicted))


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_draw_scores_as_the_rows_it_repeats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true, predicted, probability = random_classification(seed, 60, 3)
    groups = rng.integers(12, size=60)
    weights = rng.multinomial(12, np.full(12, 1 / 12)).astype(float)
    rows = np.repeat(np.arange(60), weights[groups].astype(int))

    sums = classification_sums(true, predicted, probability, groups, 12)
    ours = classification_metrics((weights @ sums)[None, :])

    expected = sklearn_classification(true[rows], predicted[rows], probability[rows])
    for name, value in ours.items():
        assert value[0] == pytest.approx(expected[name], abs=1e-12), name

    value, told = 2 + rng.normal(size=60), 2 + rng.normal(size=60)
    drawn = regression_metrics((weights @ regression_sums(value, told, groups, 12))[None, :])
    assert drawn["r2"][0] == pytest.approx(sk.r2_score(value[rows], told[rows]))
    assert drawn["mae"][0] == pytest.approx(sk.mean_absolute_error(value[rows], told[rows]))


def test_a_class_that_a_draw_lacks_does_not_count_in_it() -> None:
    # group 0 holds classes 0 and 1, all right; group 1 holds class 2, all wrong
    true = np.array([0, 0, 1, 2, 2])
    predicted = np.array([0, 0, 1, 0, 0])
    sums = classification_sums(true, predicted, np.eye(3)[predicted], np.array([0, 0, 0, 1, 1]), 2)

    scored = classification_metrics(np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]) @ sums)

    np.testing.assert_allclose(scored["f1_macro"], [1.0, 0.0, np.mean([2 / 3, 1, 0])])
    np.testing.assert_allclose(scored["balanced_accuracy"], [1.0, 0.0, 2 / 3])
    np.testing.assert_allclose(scored["accuracy"], [1.0, 0.0, 0.6])


def test_a_draw_without_a_single_site_has_no_score() -> None:
    sums = np.zeros((1, 5))
    assert all(np.isnan(value[0]) for value in classification_metrics(sums).values())
    assert all(np.isnan(value[0]) for value in regression_metrics(sums).values())


def test_impossible_truth_costs_no_more_than_a_thousandth_allows() -> None:
    sums = classification_sums(np.array([1]), np.array([0]), np.array([[1.0, 0.0]]), np.array([0]), 1)
    assert classification_metrics(sums)["log_loss"][0] == pytest.approx(-np.log(0.001 / 1.001))


def test_sums_do_not_change_their_inputs() -> None:
    probability = np.array([[1.0, 0.0], [0.2, 0.8]])
    kept = probability.copy()
    classification_sums(np.array([0, 1]), np.array([0, 1]), probability, np.array([0, 1]), 2)
    np.testing.assert_array_equal(probability, kept)


def test_errors_and_losses_are_known_to_be_better_when_lower() -> None:
    assert set(CLASSIFICATION_METRICS + REGRESSION_METRICS) & LOWER_IS_BETTER == {"log_loss", "mae", "rmse"}
