"""Shapley values of forests: against every coalition, and against another program."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from edgepair.models.trees import forest_shapley

N = 5


def forest_of(seed: int, *, classes: bool, rows: int = 40, trees: int = 4) -> tuple[Any, NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    # few levels, so that a path asks for one feature again and again
    X = rng.integers(0, 6, size=(rows, N)).astype(np.float32)
    y = X[:, 0] * X[:, 1] - X[:, 2] + rng.normal(size=rows)
    kind = ExtraTreesClassifier if classes else ExtraTreesRegressor
    target = np.digitize(y, [0.0, 5.0]) if classes else y
    weight = rng.uniform(0.1, 3.0, size=rows)
    return kind(trees, max_features=0.6, random_state=seed).fit(X, target, sample_weight=weight), X


def known_value(tree: Any, row: NDArray[np.float32], known: set[int], node: int = 0) -> NDArray[np.float64]:
    """Answer of a tree that averages over what is not known, written as the definition says it."""
    if tree.children_left[node] < 0:
        value: NDArray[np.float64] = tree.value[node, 0]
        return value
    children = (tree.children_left[node], tree.children_right[node])
    if int(tree.feature[node]) in known:
        way = children[0] if row[tree.feature[node]] <= tree.threshold[node] else children[1]
        return known_value(tree, row, known, way)
    weights = [tree.weighted_n_node_samples[child] for child in children]
    values = [known_value(tree, row, known, child) for child in children]
    mean: NDArray[np.float64] = (weights[0] * values[0] + weights[1] * values[1]) / sum(weights)
    return mean


def answer(forest: Any, row: NDArray[np.float32], known: set[int]) -> NDArray[np.float64]:
    told: NDArray[np.float64] = np.mean(
        [known_value(t.tree_, row, known) for t in forest.estimators_], axis=0
    )
    return told


def predicted(forest: Any, row: NDArray[np.float32]) -> NDArray[np.float64]:
    if hasattr(forest, "predict_proba"):
        return np.asarray(forest.predict_proba(row[None])[0])
    return np.asarray(forest.predict(row[None]))


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("always", [set(), {0}, {1, 3}])
def test_they_are_the_average_over_all_orders(classes: bool, always: set[int]) -> None:
    forest, X = forest_of(1, classes=classes)
    free = [feature for feature in range(N) if feature not in always]
    for row in X[:3]:
        base, parts = forest_shapley(forest.estimators_, row, np.isin(np.arange(N), list(always)))
        np.testing.assert_allclose(base, answer(forest, row, always), atol=1e-12)
        for one in free:
            others = [feature for feature in free if feature != one]
            expected = sum(
                factorial(size) * factorial(len(others) - size) / factorial(len(free))
                * (answer(forest, row, always | {*some, one}) - answer(forest, row, always | {*some}))
                for size in range(len(others) + 1)
                for some in combinations(others, size)
            )  # fmt: skip
            np.testing.assert_allclose(parts[one], expected, atol=1e-12)
        np.testing.assert_array_equal(parts[list(always)], 0.0)


@given(seed=st.integers(0, 10_000), classes=st.booleans(), metal=st.booleans())
@settings(max_examples=25, deadline=None)
def test_they_add_up_to_the_answer(seed: int, classes: bool, metal: bool) -> None:
    forest, _ = forest_of(seed, classes=classes, rows=60, trees=7)
    row = np.random.default_rng(seed).uniform(-1.0, 7.0, size=N).astype(np.float32)
    base, parts = forest_shapley(forest.estimators_, row, np.arange(N) == 0 if metal else None)
    np.testing.assert_allclose(base + parts.sum(axis=0), predicted(forest, row), atol=1e-10)


@pytest.mark.parametrize("classes", [False, True])
def test_another_program_gives_the_same(classes: bool) -> None:
    shap_values = pytest.importorskip("edgepair.interpretation.shap_values")
    if shap_values.shap_is_missing():
        pytest.skip("the package shap is not installed")
    forest, X = forest_of(3, classes=classes, rows=200, trees=10)
    values, base, _ = shap_values.forest_shap(forest, X[:4])
    for row, expected in zip(X[:4], values, strict=True):
        found, parts = forest_shapley(forest.estimators_, row)
        np.testing.assert_allclose(found, base, atol=1e-9)
        np.testing.assert_allclose(parts, expected, atol=1e-9)


def test_a_forest_that_knows_one_class_adds_nothing() -> None:
    X = np.arange(12, dtype=np.float32).reshape(4, 3)
    forest = ExtraTreesClassifier(3, random_state=0).fit(X, np.zeros(4))
    base, parts = forest_shapley(forest.estimators_, X[0])
    np.testing.assert_array_equal(base, [1.0])
    np.testing.assert_array_equal(parts, 0.0)
