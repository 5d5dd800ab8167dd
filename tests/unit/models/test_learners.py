"""Learners by name, and the estimators they make."""

from __future__ import annotations

import pytest

from edgepair.conventions import TASKS, OptionError
from edgepair.models import LEARNERS, fitted_learners, parse_learners

FITTED = fitted_learners(list(LEARNERS))
FORESTS = ("forest", "stock")


@pytest.mark.parametrize("learner", FITTED)
@pytest.mark.parametrize("task", list(TASKS))
def test_an_estimator_is_of_the_kind_the_task_asks_for(learner: str, task: str) -> None:
    estimator = LEARNERS[learner].estimator(TASKS[task], trees=7, seed=3)
    wanted = TASKS[task].kind == "classification"
    assert hasattr(estimator, "predict_proba") is wanted
    if learner in FORESTS:
        assert estimator.n_estimators == 7
        assert estimator.random_state == 3
        assert estimator.n_jobs == 1  # processes are ours to count


def test_changes_replace_settings() -> None:
    estimator = LEARNERS["forest"].estimator(TASKS["bond_length"], trees=2, seed=0, min_samples_leaf=9)
    assert estimator.min_samples_leaf == 9


def test_the_stock_learner_is_scikit_learns_default() -> None:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    for task, kind in (("oxidation_state", RandomForestClassifier), ("bond_length", RandomForestRegressor)):
        estimator = LEARNERS["stock"].estimator(TASKS[task], trees=100, seed=0)
        assert type(estimator) is kind
        differing = {k for k, v in estimator.get_params().items() if v != kind().get_params()[k]}
        assert differing <= {"random_state", "n_jobs"}


def test_settings_are_a_copy() -> None:
    task = TASKS["bond_length"]
    before = LEARNERS["forest"].settings(task)
    LEARNERS["forest"].settings(task)["max_features"] = 99
    assert LEARNERS["forest"].settings(task) == before


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (["stock"], ("stock", "dummy")),
        (["kernel", "blend"], ("kernel", "blend", "dummy")),
        (["dummy", "stock", "forest", "stock"], ("stock", "forest", "dummy")),
        (["dummy"], ("dummy",)),
    ],
)
def test_the_dummy_is_always_last(asked: list[str] | None, got: tuple[str, ...]) -> None:
    assert parse_learners(asked) == got


def test_by_default_the_forest_comes_first_and_the_dummy_last() -> None:
    names = parse_learners(None)
    assert (names[0], names[-1]) == ("forest", "dummy")
    assert set(names) <= set(LEARNERS)


def test_an_average_is_fitted_by_its_parts_each_once() -> None:
    assert fitted_learners(["blend"]) == LEARNERS["blend"].parts
    assert fitted_learners(["forest", "blend", "dummy"]) == ("forest", "kernel", "dummy")
    for learner in LEARNERS.values():
        assert all(not LEARNERS[part].parts for part in learner.parts)


def test_an_unknown_learner_is_refused_with_a_near_miss() -> None:
    with pytest.raises(OptionError) as caught:
        parse_learners(["forrest"])
    assert caught.value.suggestion == "did you mean 'forest'?"
