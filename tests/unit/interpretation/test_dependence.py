"""Forests on a few numbers, and how their answers follow them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.interpretation.dependence import dependence_rows, number_score_rows
from edgepair.interpretation.number_forests import (
    NumberForests,
    NumberTable,
    _follow,
    _grids,
    fit_numbers,
    number_table,
    number_task,
)
from edgepair.models import FitOutcome
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_cell
from edgepair.study.scoring import draw_groups

Maker = Callable[..., xr.Dataset]


def cell_of(dataset: xr.Dataset, task: str) -> Cell:
    cell, _ = plan_cell(dataset, TASKS[task], StudyConfig.check(quick=True))
    assert cell is not None
    return cell


class Formula:
    """An estimator that answers with a formula."""

    def __init__(self, formula: Callable[[np.ndarray], np.ndarray]) -> None:
        self._formula = formula

    def predict(self, values: np.ndarray) -> Any:
        return self._formula(values.astype(float))


def follow(values: np.ndarray, formula: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, ...]:
    shown = values.astype(np.float32)
    grid = _grids(shown)
    told, partial, local = _follow(Formula(formula), shown, shown, grid, 0)
    assert told[:, 0] == pytest.approx(formula(shown.astype(float)))
    return grid, partial[..., 0], local[..., 0]


def test_a_sum_is_followed_by_both_curves() -> None:
    """For an additive answer both curves are the number's own term, at the mean answer."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 2))
    grid, partial, local = follow(values, lambda x: 3 * x[:, 0] - x[:, 1] ** 2)
    shown = values.astype(np.float32).astype(float)
    assert partial[0] == pytest.approx(3 * grid[0] - (shown[:, 1] ** 2).mean(), abs=1e-5)
    assert np.diff(local[0]) == pytest.approx(3 * np.diff(grid[0]), abs=1e-5)
    assert np.diff(local[1]) == pytest.approx(-np.diff(grid[1] ** 2), abs=1e-5)
    mean = (3 * shown[:, 0] - shown[:, 1] ** 2).mean()
    assert abs(local[0].mean() - mean) < 0.5


def test_local_effects_do_not_ask_about_sites_that_cannot_be() -> None:
    """Of two numbers that go together, an answer off their line is seen by partial dependence only.

    Apley and Zhu, J. R. Stat. Soc. B 82, 1059 (2020), figure 1: the reason for their method.
    """
    rng = np.random.default_rng(1)
    first = rng.uniform(0, 1, 300)
    values = np.stack([first, first + rng.normal(0, 0.01, 300)], axis=1)
    _, partial, local = follow(values, lambda x: 10.0 * (np.abs(x[:, 0] - x[:, 1]) > 0.2))
    assert partial[0].max() > 3
    assert np.ptp(local[0]) < 1e-9


def test_a_number_that_the_answer_ignores_is_flat() -> None:
    values = np.random.default_rng(2).normal(size=(100, 3))
    _, partial, local = follow(values, lambda x: x[:, 0])
    assert np.ptp(partial[1:], axis=1) == pytest.approx([0, 0], abs=1e-12)
    assert np.ptp(local[1:], axis=1) == pytest.approx([0, 0], abs=1e-12)


def test_stretches_without_sites_take_the_slope_beside_them() -> None:
    values = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    grid = _grids(values)
    shown = values[(values[:, 0] < 0.4) | (values[:, 0] > 0.6)]
    _, _, local = _follow(Formula(lambda x: 2 * x[:, 0]), shown, shown, grid, 0)
    assert np.diff(local[0, :, 0]) == pytest.approx(2 * np.diff(grid[0]), rel=1e-4)


def test_a_number_of_few_values_has_a_short_grid() -> None:
    values = np.stack([np.arange(100) % 2, np.zeros(100), np.arange(100)], axis=1).astype(np.float32)
    grid = _grids(values)
    assert np.isfinite(grid).sum(axis=1).tolist() == [2, 1, 20]
    assert grid[2, [0, -1]] == pytest.approx([4.95, 94.05])


@pytest.fixture(scope="module")
def fitted(make_synthetic: Maker) -> tuple[Cell, NumberTable, NumberForests]:
    cell = cell_of(make_synthetic(), "oxidation_state")
    numbers = number_table(cell.dataset, ("xanes",))
    return cell, numbers, fit_numbers(numbers.values[cell.sites], number_task(cell, trees=15))


def test_the_answer_follows_the_number_that_the_label_moves(
    fitted: tuple[Cell, NumberTable, NumberForests],
) -> None:
    cell, numbers, forests = fitted
    table = pd.DataFrame(dependence_rows(cell, numbers, forests))
    mine = table.query("number == 'xanes_edge_position' and `class` == '3'").sort_values("position")
    for kind in ("", "local_"):
        first, last = mine.iloc[0], mine.iloc[-1]
        assert last[kind + "lower"] > first[kind + "upper"]
        assert mine[kind + "value"].between(mine[kind + "lower"], mine[kind + "upper"]).all()
    # Two classes: what one gains the other loses.
    other = table.query("number == 'xanes_edge_position' and `class` == '2'").sort_values("position")
    assert (mine["value"].to_numpy() + other["value"].to_numpy()) == pytest.approx(1.0)
    assert table[["value", "lower", "upper"]].stack().between(0, 1).all()


def test_companions_are_the_most_correlated_numbers(
    fitted: tuple[Cell, NumberTable, NumberForests],
) -> None:
    cell, numbers, forests = fitted
    table = pd.DataFrame(dependence_rows(cell, numbers, forests)).drop_duplicates("number")
    values = pd.DataFrame(numbers.values[cell.sites].astype(float), columns=list(numbers.names))
    rho = values.corr(method="spearman")
    for row in table.itertuples():
        others = rho[row.number].drop(row.number)
        assert row.companion == others.abs().idxmax()
        assert row.companion_rho == pytest.approx(others[row.companion])


def test_the_level_of_held_out_sites_is_not_taken_for_doubt(
    fitted: tuple[Cell, NumberTable, NumberForests],
) -> None:
    cell, numbers, forests = fitted
    shape = np.linspace(-0.1, 0.1, forests.grid.shape[1])[:, None]
    levels = np.linspace(0.3, 0.6, len(forests.partial))
    curves = np.broadcast_to(shape, forests.partial.shape) + levels[:, None, None, None]
    table = pd.DataFrame(dependence_rows(cell, numbers, replace(forests, partial=curves)))
    assert (table["upper"] - table["lower"]).max() < 1e-12
    wobbly = curves + 0.05 * np.sin(np.arange(len(curves)))[:, None, None, None] * shape * 20
    table = pd.DataFrame(dependence_rows(cell, numbers, replace(forests, partial=wobbly)))
    assert (table["upper"] - table["lower"]).max() > 0.05


def test_scores_and_shares(fitted: tuple[Cell, NumberTable, NumberForests]) -> None:
    cell, _, forests = fitted
    none = np.zeros((0, 0), dtype=np.float32)
    drawn = draw_groups(cell.n_groups, 100, [0])
    itself = [FitOutcome(forests.predicted[0], forests.probability[0], none, none)]
    rows = {row["metric"]: row for row in number_score_rows(cell, forests, itself, drawn)}
    assert rows["f1_weighted"]["value"] > 0.9
    for row in rows.values():
        # The full forest knows no more than the numbers do.
        assert row["share"] == row["share_lower"] == row["share_upper"] == pytest.approx(1.0)
        assert row["lower"] <= row["value"] <= row["upper"]
    # Every tenth site told wrongly: what of the way from the commonest class to all right is that?
    wrong = np.where(np.arange(60) % 10 == 0, 1 - cell.target, cell.target)
    some = replace(forests, predicted=wrong[None], probability=np.eye(2, dtype=np.float32)[wrong][None])
    perfect = [FitOutcome(cell.target, np.eye(2, dtype=np.float32)[cell.target], none, none)]
    rows = {row["metric"]: row for row in number_score_rows(cell, some, perfect, drawn)}
    guess = np.array([np.bincount(cell.target[cell.folds[0] != k]).argmax() for k in cell.folds[0]])
    guessed = (guess == cell.target).mean()
    assert rows["accuracy"]["value"] == pytest.approx(0.9)
    assert rows["accuracy"]["share"] == pytest.approx((0.9 - guessed) / (1 - guessed))
    assert rows["accuracy"]["share_lower"] < rows["accuracy"]["share"] < 1


def test_a_length_has_one_curve_in_its_own_unit(make_synthetic: Maker) -> None:
    cell = cell_of(make_synthetic(), "bond_length")
    numbers = number_table(cell.dataset, ("dpdf",))
    forests = fit_numbers(numbers.values[cell.sites], number_task(cell, trees=15))
    table = pd.DataFrame(dependence_rows(cell, numbers, forests))
    assert set(table["class"]) == {""}
    mine = table.query("number == 'dpdf_first_shell_position'").sort_values("position")
    assert mine["value"].iloc[-1] > mine["value"].iloc[0] + 0.05
    assert mine["value"].between(cell.target.min(), cell.target.max()).all()
    drawn = draw_groups(cell.n_groups, 50, [0])
    none = np.zeros((0, 0), dtype=np.float32)
    perfect = [FitOutcome(cell.target, np.zeros((60, 0), dtype=np.float32), none, none)]
    row = number_score_rows(cell, forests, perfect, drawn)[0]
    assert row["metric"] == "r2"
    # The mean of other folds has an R² of zero or a little less.
    assert row["value"] <= row["share"] < row["value"] + 0.1


def test_same_seed_same_forests(fitted: tuple[Cell, NumberTable, NumberForests]) -> None:
    cell, numbers, forests = fitted
    again = fit_numbers(numbers.values[cell.sites], number_task(cell, trees=15))
    assert np.array_equal(forests.partial, again.partial, equal_nan=True)
    assert np.array_equal(forests.local, again.local, equal_nan=True)
    assert np.array_equal(forests.probability, again.probability)
    other = fit_numbers(numbers.values[cell.sites], number_task(cell, trees=15, seed=1))
    assert not np.array_equal(forests.probability, other.probability)


def test_a_class_that_a_training_set_lacks_has_no_probability(
    fitted: tuple[Cell, NumberTable, NumberForests],
) -> None:
    cell, numbers, _ = fitted
    folds = np.where(cell.target == 0, 0, 1)[None]
    forests = fit_numbers(numbers.values[cell.sites], number_task(replace(cell, folds=folds), trees=2))
    assert (forests.predicted[0] == 1 - cell.target).all()
    assert forests.probability[0].sum(axis=1) == pytest.approx(1.0)


def test_nothing_is_a_share_of_a_forest_no_better_than_guessing(
    fitted: tuple[Cell, NumberTable, NumberForests],
) -> None:
    """All wrong, against whole curves that are all wrong but for a tenth: no share, not more than one."""
    cell, _, forests = fitted
    none = np.zeros((0, 0), dtype=np.float32)

    def chances(told: np.ndarray) -> np.ndarray:
        return np.eye(2, dtype=np.float32)[told]

    wrong = 1 - cell.target
    nearly = np.where(np.arange(60) % 10 == 0, cell.target, wrong)
    few = replace(forests, predicted=wrong[None], probability=chances(wrong)[None])
    drawn = draw_groups(cell.n_groups, 100, [0])
    for row in number_score_rows(cell, few, [FitOutcome(nearly, chances(nearly), none, none)], drawn):
        assert np.isnan(row["share"]), row["metric"]
