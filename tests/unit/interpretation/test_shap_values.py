"""Exact Shapley values of forests: against a definition-by-definition computation, and adding up."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from edgepair.conventions import TASKS, ModelError
from edgepair.interpretation import shap_values
from edgepair.interpretation.rounds import Explained, explained_task
from edgepair.interpretation.shap_values import (
    explain_fold,
    fit_without_fold,
    forest_shap,
    join_outcomes,
    shap_work,
)
from edgepair.models import LEARNERS
from edgepair.study.config import StudyConfig
from edgepair.study.fits import work_key
from edgepair.study.plan import Cell, plan_cell

pytestmark = pytest.mark.skipif(shap_values.shap_is_missing(), reason="needs the extra 'explain'")


def expected(tree: Any, row: NDArray[Any], known: tuple[int, ...], node: int = 0) -> NDArray[np.float64]:
    """A tree's mean answer where only some features are known: others follow the training sites."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        return np.asarray(tree.value[node][0], dtype=np.float64)
    if tree.feature[node] in known:
        down = left if row[tree.feature[node]] <= tree.threshold[node] else right
        return expected(tree, row, known, down)
    share = tree.weighted_n_node_samples[left] / tree.weighted_n_node_samples[node]
    both = [expected(tree, row, known, side) for side in (left, right)]
    return share * both[0] + (1 - share) * both[1]


def by_definition(forest: Any, row: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Shapley's formula itself, over all subsets of the features."""
    values = []
    for feature in range(n):
        others = [k for k in range(n) if k != feature]
        total: Any = 0.0
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for known in combinations(others, size):
                for tree in forest.estimators_:
                    more = expected(tree.tree_, row, (*known, feature))
                    total = total + weight * (more - expected(tree.tree_, row, known))
        values.append(total / len(forest.estimators_))
    return np.array(values)


@pytest.mark.parametrize("task", ["oxidation_state", "bond_length"])
def test_values_are_those_of_the_definition(task: str) -> None:
    """Lundberg et al., Nature Machine Intelligence 2, 56 (2020), algorithm 1, computed term by term."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 4)).astype(np.float32)
    y: Any = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int) + (x[:, 3] > 1)
    if task == "bond_length":
        y = x[:, 0] * x[:, 1] + 0.1 * rng.normal(size=80)
    forest = LEARNERS["forest"].estimator(TASKS[task], trees=5, seed=1, max_depth=5).fit(x, y)
    values, base, told = forest_shap(forest, x[:4])
    for row in range(4):
        np.testing.assert_allclose(values[row], by_definition(forest, x[row], 4), atol=1e-9)
    np.testing.assert_allclose(values.sum(axis=1) + base, told, atol=1e-9)


def test_values_that_do_not_add_up_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    forest = LEARNERS["forest"].estimator(TASKS["bond_length"], trees=2, seed=1).fit(x, x[:, 0])

    class Wrong:
        expected_value = np.array([0.0])

        def __init__(self, *_: Any, **__: Any) -> None: ...

        def shap_values(self, rows: Any, **_: Any) -> Any:
            return np.zeros(rows.shape)

    monkeypatch.setattr(shap_values.import_shap(), "TreeExplainer", Wrong)
    with pytest.raises(ModelError, match="do not add up") as caught:
        forest_shap(forest, x[:3])
    assert "1e-06" in caught.value.needed


def test_without_shap_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shap_values, "shap_is_missing", lambda: True)
    with pytest.raises(ModelError) as caught:
        forest_shap(None, np.zeros((1, 1), dtype=np.float32))
    assert "edgepair[explain]" in caught.value.suggestion


@pytest.fixture
def cell(synthetic_dataset: xr.Dataset) -> Cell:
    config = StudyConfig.check(learners=["forest"], repeats=1)
    found, _ = plan_cell(synthetic_dataset, TASKS["coordination_number"], config)
    assert found is not None
    return found


def test_sites_are_explained_by_forests_that_did_not_see_them(cell: Cell) -> None:
    about = Explained(cell.dataset, ("xanes",))
    task = explained_task(about, cell, "xanes", trees=8, seed=0)
    values = about.table("xanes").values[cell.sites]
    # A site whose own label is spoilt: a forest that saw it would answer otherwise.
    spoilt = task.fit.target.copy()
    held = np.flatnonzero(task.fit.folds == 2)
    spoilt[held] = (spoilt[held] + 1) % 3
    before = explain_fold(values, replace(task, rows=held))
    after = explain_fold(values, replace(task, rows=held, fit=replace(task.fit, target=spoilt)))
    np.testing.assert_array_equal(before.predicted, after.predicted)
    other = fit_without_fold(values, replace(task.fit, target=spoilt), 1)
    assert not np.array_equal(other.predict_proba(values[held]), before.predicted)


def test_groups_of_one_kind_add_up_to_the_answer(cell: Cell) -> None:
    about = Explained(cell.dataset, ("xanes", "dpdf"))
    task = explained_task(about, cell, "xanes+dpdf", trees=8, seed=0)
    values = about.table("xanes+dpdf").values[cell.sites]
    work = shap_work(cell, "xanes+dpdf", replace(task, rows=np.arange(0, 60, 7)))
    assert len(work) == 5
    outcome = join_outcomes([item.function(values, item.task) for item in work])
    assert outcome.rows.tolist() == list(range(0, 60, 7))
    kinds = np.array([group.grouping for group in about.groups("xanes+dpdf")])
    for grouping in ("technique", "region", "cluster"):
        total = outcome.base + outcome.gathered[:, kinds == grouping].sum(axis=1)
        np.testing.assert_allclose(total, outcome.predicted, atol=1e-9)
    np.testing.assert_allclose(outcome.predicted.sum(axis=1), 1.0)
    np.testing.assert_allclose(outcome.gathered.sum(axis=2), 0.0, atol=1e-9)


def test_explanations_of_other_settings_have_other_keys(cell: Cell) -> None:
    about = Explained(cell.dataset, ("xanes",))
    held = np.flatnonzero(cell.folds[0] == 0)
    task = replace(explained_task(about, cell, "xanes", trees=8, seed=0), rows=held[:4])
    changed = [
        task,
        replace(task, rows=held[:5]),
        replace(task, columns=task.columns[:-1]),
        replace(task, fit=replace(task.fit, trees=9)),
        replace(task, fit=replace(task.fit, seed=1)),
    ]
    keys = [work_key(work, "data") for item in changed for work in shap_work(cell, "xanes", item)]
    assert len(set(keys)) == len(changed)
    assert work_key(shap_work(cell, "xanes", task)[0], "data") == keys[0]
