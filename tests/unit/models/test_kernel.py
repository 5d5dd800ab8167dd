"""The kernel ridge against its own formula, and averages of learners."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.models import FitOutcome, average_outcomes
from edgepair.models.kernel_ridge import KernelClassifier, KernelRegressor


def data(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3)).astype(np.float32) * [1, 10, 0.1] + [5, 0, 7000]
    return values.astype(np.float32), np.sin(values[:, 0]) + 0.02 * values[:, 1]


def test_predictions_equal_the_formula() -> None:
    values, target = data()
    new = data(20, seed=1)[0]
    told = KernelRegressor(width=0.7, ridge=0.05).fit(values, target).predict(new)

    centre, spread = values.astype(float).mean(axis=0), values.astype(float).std(axis=0)
    x, y = (values - centre) / spread, (new - centre) / spread

    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.sqrt(((a[:, None] - b) ** 2).sum(axis=2))

    unit = np.median(distances(x, x))

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        z = 0.7 * np.sqrt(3) * distances(a, b) / unit
        return (1 + z) * np.exp(-z)

    weights = np.linalg.solve(kernel(x, x) + 0.05 * np.eye(len(x)), target - target.mean())
    np.testing.assert_allclose(told, target.mean() + kernel(y, x) @ weights, atol=1e-6)


def test_units_of_features_and_target_do_not_matter() -> None:
    values, target = data()
    one = KernelRegressor().fit(values, target).predict(values)
    two = KernelRegressor().fit(values * np.float32(256), 3 + 10 * target).predict(values * np.float32(256))
    np.testing.assert_allclose(two, 3 + 10 * one, atol=1e-5)


def test_far_from_everything_it_says_the_mean() -> None:
    values, target = data()
    far = np.full((1, 3), 1e6, np.float32)
    assert KernelRegressor().fit(values, target).predict(far)[0] == pytest.approx(target.mean())


def test_classes_that_lie_apart_are_told_apart_by_their_names() -> None:
    rng = np.random.default_rng(2)
    target = np.repeat([2, 3, 7], 20)
    values = (rng.normal(size=(60, 4)) + 4 * target[:, None]).astype(np.float32)
    machine = KernelClassifier().fit(values, target)
    assert machine.classes_.tolist() == [2, 3, 7]
    assert (machine.predict(values) == target).mean() > 0.95
    chances = machine.predict_proba(values)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert chances.min() >= 0


@pytest.mark.parametrize("values", [data()[0], np.ones((60, 3), np.float32)], ids=["usual", "all alike"])
def test_one_class_or_one_spectrum_is_no_obstacle(values: np.ndarray) -> None:
    alone = KernelClassifier().fit(values, np.ones(60, int))
    np.testing.assert_allclose(alone.predict_proba(values), 1)
    two = KernelClassifier().fit(values, np.arange(60) % 2).predict_proba(values)
    np.testing.assert_allclose(two.sum(axis=1), 1)
    assert np.isfinite(two).all()


def outcome(predicted: list[float], probability: list[list[float]]) -> FitOutcome:
    return FitOutcome(
        np.array(predicted), np.array(probability, np.float32).reshape(len(predicted), -1),
        np.ones((2, 3), np.float32), np.zeros((1, len(predicted))),
    )  # fmt: skip


def test_an_average_of_classes_is_of_their_chances() -> None:
    one = outcome([0, 1], [[0.9, 0.1], [0.4, 0.6]])
    two = outcome([1, 1], [[0.4, 0.6], [0.3, 0.7]])
    mean = average_outcomes([one, two])
    np.testing.assert_allclose(mean.probability, [[0.65, 0.35], [0.35, 0.65]], atol=1e-6)
    assert mean.predicted.tolist() == [0, 1]
    assert len(mean.impurity) == len(mean.permuted) == 0


def test_an_average_of_values_is_their_mean() -> None:
    mean = average_outcomes([outcome([1.9, 2.0], [[], []]), outcome([2.1, 2.4], [[], []])])
    np.testing.assert_allclose(mean.predicted, [2.0, 2.2])
