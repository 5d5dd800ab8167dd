"""Fold by fold: honest, repeatable, complete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from edgepair.dataset import make_folds, split_groups
from edgepair.features import compute_features
from edgepair.models import FitTask, Window, choose_windows, fit_folds

N_GROUPS, PER_GROUP = 40, 4


def memory_task(*, honest: bool, **changes: Any) -> tuple[NDArray[np.float32], FitTask]:
    """Make data that can be memorised but not understood.

    Every formula has its own fingerprint and a class drawn at random: sites of one formula tell
    each other's class, sites of other formulas tell nothing.
    """
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(N_GROUPS), PER_GROUP)
    values = rng.normal(size=(N_GROUPS, 12))[groups] + 0.01 * rng.normal(size=(len(groups), 12))
    target = np.tile([0, 1], N_GROUPS // 2)[rng.permutation(N_GROUPS)][groups]
    dealt = groups if honest else np.arange(len(groups))
    folds = make_folds(dealt, n_folds=5, n_repeats=1, seed=2, classes=target)[0]
    task = FitTask(
        learner="forest", task="oxidation_state", target=target, n_classes=2, groups=groups,
        folds=folds, trees=20, seed=1,
    )  # fmt: skip
    return values.astype(np.float32), replace(task, **changes)


def line_task(**changes: Any) -> tuple[NDArray[np.float32], FitTask]:
    """Make a regression on the first of 6 features."""
    rng = np.random.default_rng(8)
    values = rng.normal(size=(80, 6)).astype(np.float32)
    groups = np.arange(80) // 2
    task = FitTask(
        learner="forest", task="bond_length", target=2 + 0.1 * values[:, 0].astype(float), n_classes=0,
        groups=groups, folds=make_folds(groups, n_folds=4, n_repeats=1, seed=0)[0], trees=20, seed=1,
    )  # fmt: skip
    return values, replace(task, **changes)


def accuracy(values: NDArray[np.float32], task: FitTask) -> float:
    return float(np.mean(fit_folds(values, task).predicted == task.target))


@pytest.mark.parametrize("learner", ["forest", "stock"])
def test_an_honest_split_cannot_use_what_was_memorised(learner: str) -> None:
    assert accuracy(*memory_task(honest=False, learner=learner)) > 0.95
    assert accuracy(*memory_task(honest=True, learner=learner)) < 0.7  # chance is 0.5 ± 0.08


def test_no_model_sees_the_groups_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    values, task = memory_task(honest=True)
    values[:, 0] = np.arange(len(values))  # the row, written into the data
    seen = _watch_estimators(monkeypatch)

    fit_folds(values, task)

    told = np.concatenate([told for _, told in seen])
    assert sorted(told.astype(int).tolist()) == list(range(len(values)))
    for fitted, told in seen:
        assert len(fitted) + len(told) == len(values)
        assert not set(task.groups[fitted.astype(int)]) & set(task.groups[told.astype(int)])


def test_tuning_sees_only_the_training_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    import edgepair.models.fitting as fitting

    values, task = memory_task(honest=True, tune=True, trees=3)
    values[:, 0] = np.arange(len(values))
    calls = []

    def spy(shown: NDArray[np.float32], inner: FitTask, train: NDArray[np.int64]) -> dict[str, Any]:
        calls.append((shown[:, 0].astype(int), train))
        return {"min_samples_leaf": 3}

    monkeypatch.setattr(fitting, "tuned_settings", spy)
    seen = _watch_estimators(monkeypatch)
    fit_folds(values, task)

    assert len(calls) == 5
    for (rows, train), (fitted, told) in zip(calls, seen, strict=True):
        np.testing.assert_array_equal(rows, train)
        np.testing.assert_array_equal(rows, fitted.astype(int))
        assert not set(rows) & set(told.astype(int))


def _watch_estimators(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Record the first column of what the forest's classes are fitted to and asked about."""
    from edgepair.conventions import TASKS
    from edgepair.models import LEARNERS, trees

    kind = type(LEARNERS["forest"].estimator(TASKS["oxidation_state"], trees=1, seed=0))
    seen: list[tuple[Any, Any]] = []

    class Watched(kind):  # type: ignore[misc, valid-type]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            seen.append((np.array(X[:, 0]), None))
            return super().fit(X, y, sample_weight)

        def predict_proba(self, X: Any) -> Any:
            seen[-1] = (seen[-1][0], np.array(X[:, 0]))
            return super().predict_proba(X)

    monkeypatch.setattr(trees, kind.__name__, Watched)
    return seen


@pytest.mark.parametrize("learner", ["forest", "stock", "dummy"])
def test_probabilities_add_up_to_one_and_favour_what_is_predicted(learner: str) -> None:
    outcome = fit_folds(*memory_task(honest=True, learner=learner))
    np.testing.assert_allclose(outcome.probability.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(outcome.probability.argmax(axis=1), outcome.predicted)


@pytest.mark.parametrize("make", [memory_task, line_task])
def test_same_seed_same_numbers_other_seed_others(make: Any) -> None:
    extra = {"honest": True} if make is memory_task else {}
    values, task = make(windows=(Window("xanes", 0, 1, (0, 1)),), **extra)
    first, again = fit_folds(values, task), fit_folds(values, task)
    other = fit_folds(values, replace(task, seed=2))
    for name in ("predicted", "probability", "impurity", "permuted"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.impurity, other.impurity)


def test_importances_of_each_fold_add_up_to_one() -> None:
    values, task = line_task()
    outcome = fit_folds(values, task)
    assert outcome.impurity.shape == (4, 6)
    np.testing.assert_allclose(outcome.impurity.sum(axis=1), 1, atol=1e-5)
    assert (outcome.impurity.argmax(axis=1) == 0).all()
    assert fit_folds(values, replace(task, learner="dummy")).impurity.shape == (0, 6)


def test_only_a_useful_window_matters_when_permuted() -> None:
    windows = (Window("xanes", 0, 1, (0,)), Window("xanes", 1, 2, (4, 5)))
    values, task = line_task(windows=windows, learner="stock")
    outcome = fit_folds(values, task)
    lost = [float(np.mean((row - task.target) ** 2)) for row in (outcome.predicted, *outcome.permuted)]
    assert lost[1] > 5 * lost[0]
    assert lost[2] < 1.5 * lost[0]


def test_a_window_of_unchanged_values_changes_nothing() -> None:
    values, task = memory_task(honest=True, windows=(Window("xanes", 0, 1, (3,)),))
    values[:, 3] = 1.0
    outcome = fit_folds(values, task)
    np.testing.assert_array_equal(outcome.permuted[0], outcome.predicted)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_a_learning_curve_uses_that_share_of_the_training_groups(
    fraction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, task = memory_task(honest=True, fraction=fraction, trees=2)
    values[:, 0] = np.arange(len(values))
    seen = _watch_estimators(monkeypatch)
    fit_folds(values, task)
    for fitted, _ in seen:
        used = set(task.groups[fitted.astype(int)])
        assert len(used) == max(2, round(fraction * 0.8 * N_GROUPS))
        assert len(fitted) == PER_GROUP * len(used)  # whole groups


def test_a_subset_with_one_class_is_not_swapped_for_the_whole_training_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, task = memory_task(honest=True, trees=2, fraction=0.1)
    rare = np.where(task.groups < 5, 1, 0)  # 5 of 40 groups: most draws of 3 hold none
    values[:, 0] = np.arange(len(values))
    seen = _watch_estimators(monkeypatch)
    outcome = fit_folds(values, replace(task, target=rare))
    assert max(len(fitted) for fitted, _ in seen) == 3 * PER_GROUP
    np.testing.assert_allclose(outcome.probability.sum(axis=1), 1, atol=1e-6)


def test_a_class_missing_from_a_training_set_gets_probability_zero() -> None:
    values, task = memory_task(honest=True)
    target = np.where(task.folds == 0, 2, task.target)  # class 2 lives in fold 0 only
    outcome = fit_folds(values, replace(task, target=target, n_classes=3))
    assert (outcome.probability[task.folds == 0, 2] == 0).all()
    assert (outcome.predicted[task.folds == 0] != 2).all()


@pytest.mark.parametrize("learner", ["forest", "stock", "dummy"])
@pytest.mark.parametrize("make", [memory_task, line_task])
def test_tuning_runs_for_every_learner(make: Any, learner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import edgepair.models.fitting as tuning

    monkeypatch.setattr(tuning, "TUNING_TREES", 2)
    monkeypatch.setattr(tuning, "MIN_SAMPLES_LEAF", (1, 40))
    extra = {"honest": False} if make is memory_task else {}
    values, task = make(tune=True, learner=learner, trees=10, **extra)
    outcome = fit_folds(values, task)
    if learner != "dummy":  # a leaf of 40 sites can do neither of these
        wrong = outcome.predicted != task.target if task.n_classes else outcome.predicted - task.target
        assert float(np.mean(np.abs(wrong))) < (0.2 if task.n_classes else 0.06)


def test_tuning_a_training_set_of_one_group_keeps_the_learners_settings() -> None:
    values, task = line_task(tune=True, trees=2)
    task = replace(task, groups=np.arange(80) // 40, folds=np.arange(80) // 40)
    assert np.isfinite(fit_folds(values, task).predicted).all()


def test_the_synthetic_edge_carries_the_oxidation_state(synthetic_dataset: xr.Dataset) -> None:
    table = compute_features(synthetic_dataset, "xanes")
    target = (synthetic_dataset["oxidation_state"].values - 2).astype(int)
    groups = split_groups(synthetic_dataset)
    task = FitTask(
        learner="forest", task="oxidation_state", target=target, n_classes=2, groups=groups,
        folds=make_folds(groups, n_folds=5, n_repeats=1, seed=0, classes=target)[0],
        trees=20, seed=0, windows=choose_windows(table),
    )  # fmt: skip
    outcome = fit_folds(table.values, task)
    assert np.mean(outcome.predicted == target) > 0.9
    by_window = np.mean(outcome.permuted[:-1] == target, axis=1)
    far = [w.low > synthetic_dataset.attrs["edge_energy"] + 25 for w in task.windows[:-1]]
    assert by_window[far].min() > 0.85


@pytest.mark.parametrize("n_classes", [2, 0])
def test_smaller_forests_read_off_a_large_one_are_those_fitted_alone(n_classes: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(90, 12)).astype(np.float32)
    noisy = values[:, 0] + rng.normal(0, 0.8, 90)
    target = (noisy > 0).astype(int) if n_classes else noisy
    task = FitTask(
        learner="published", task="oxidation_state" if n_classes else "bond_length", target=target,
        n_classes=n_classes, groups=np.arange(90), folds=np.arange(90) % 3, trees=20, seed=4,
        settings=(("max_features", 5),), stages=(2, 7, 20),
    )  # fmt: skip
    large = fit_folds(values, task)
    assert large.staged.shape == (3, 90)
    for trees, predicted in zip(task.stages, large.staged, strict=True):
        alone = fit_folds(values, replace(task, trees=trees, stages=()))
        assert np.array_equal(alone.predicted, predicted)


def test_sites_below_fold_zero_only_train() -> None:
    values, task = memory_task(honest=True)
    folds = np.where(task.folds == 0, 0, -1)
    outcome = fit_folds(values, replace(task, folds=folds))
    whole = fit_folds(values, task)
    held = folds == 0
    assert np.array_equal(outcome.predicted[held], whole.predicted[held])
    assert not outcome.predicted[~held].any()
    assert len(outcome.impurity) == 1
