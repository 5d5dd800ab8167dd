"""Importances from outcomes made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import f1_score

from edgepair.conventions import TASKS
from edgepair.interpretation.groups import Group, impurity_rows, permutation_rows, shap_rows
from edgepair.interpretation.shap_values import ShapOutcome
from edgepair.interpretation.stability import point_sum_rows
from edgepair.models import FitOutcome, Window
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_cell
from edgepair.study.scoring import draw_groups


def group(name: str, columns: tuple[int, ...], grouping: str = "region", low: float = 0.0) -> Group:
    return Group(grouping, name, name, Window("xanes", low, low + 1, columns, name=name))


GROUPS = [group("idle", (0,)), group("all", (1, 2))]


@pytest.fixture
def cell(synthetic_dataset: xr.Dataset) -> Cell:
    config = StudyConfig.check(learners=["forest"], repeats=2)
    found, _ = plan_cell(synthetic_dataset, TASKS["oxidation_state"], config)
    assert found is not None
    return found


def outcome(cell: Cell, *permuted: np.ndarray) -> FitOutcome:
    n = len(cell.target)
    impurity = np.tile(np.array([0.1, 0.3, 0.6], dtype=np.float32), (5, 1))
    return FitOutcome(cell.target, np.zeros((n, 2), dtype=np.float32), impurity, np.array(permuted))


def test_a_fall_is_that_of_the_main_score(cell: Cell) -> None:
    drawn = draw_groups(cell.n_groups, 200, [0])
    half = cell.target.copy()
    half[::2] = 1 - half[::2]
    outcomes = [outcome(cell, cell.target, half)] * 2
    idle, fallen = permutation_rows(cell, "xanes", GROUPS, outcomes, drawn)
    assert (idle["value"], idle["lower"], idle["upper"]) == (0, 0, 0)
    assert fallen["value"] == pytest.approx(1 - f1_score(cell.target, half, average="weighted"))
    assert 0.4 < fallen["lower"] < fallen["value"] < fallen["upper"] < 0.9


def test_repeats_that_disagree_widen_the_interval(cell: Cell) -> None:
    drawn = draw_groups(cell.n_groups, 500, [0])
    half = cell.target.copy()
    half[::2] = 1 - half[::2]
    alike = [outcome(cell, cell.target, half)] * 2
    apart = [outcome(cell, cell.target, half), outcome(cell, cell.target, cell.target)]
    one = permutation_rows(cell, "xanes", GROUPS, alike, drawn)[1]
    two = permutation_rows(cell, "xanes", GROUPS, apart, drawn)[1]
    assert two["value"] == pytest.approx(one["value"] / 2)
    assert two["lower"] <= 0
    assert two["upper"] - two["lower"] > 1.2 * (one["upper"] - one["lower"])


def test_impurities_are_added_up(cell: Cell) -> None:
    rows = impurity_rows(cell, "xanes", GROUPS, [outcome(cell)] * 2)
    assert [row["value"] for row in rows] == pytest.approx([0.1, 0.9])
    assert rows[0]["lower"] == pytest.approx(0.1)


def test_sizes_are_probabilities_moved_between_classes(cell: Cell) -> None:
    rows = np.arange(10)
    gathered = np.zeros((10, 2, 2))
    gathered[:, 1] = [0.2, -0.2]
    gathered[5:, 1] *= -1  # what helps one site and hinders another does not cancel
    told = ShapOutcome(rows, gathered, np.zeros((10, 2)), np.zeros((10, 2)))
    drawn = draw_groups(cell.n_groups, 100, [0])
    idle, moved = shap_rows(cell, "xanes", GROUPS, told, drawn)
    assert (idle["value"], moved["value"]) == pytest.approx((0.0, 0.2))
    assert (moved["lower"], moved["upper"]) == pytest.approx((0.2, 0.2))
    length = replace(cell, classes=(), task=TASKS["bond_length"], target=cell.target.astype(float))
    single = ShapOutcome(rows, gathered[:, :, :1], np.zeros((10, 1)), np.zeros((10, 1)))
    assert shap_rows(length, "xanes", GROUPS, single, drawn)[1]["value"] == pytest.approx(0.2)


def test_points_are_held_against_their_region(cell: Cell) -> None:
    def row(name: str, low: float, value: float, lower: float, grouping: str) -> dict[str, object]:
        return {
            "absorber": "Fe", "task": "oxidation_state", "modality": "xanes", "technique": "xanes",
            "kind": "permutation", "grouping": grouping, "name": name, "title": name, "low": low,
            "high": low + (10 if grouping == "region" else 1), "value": value, "lower": lower, "upper": 1.0,
        }  # fmt: skip

    points = [row(str(at), float(at), 0.01, 0.0, "point") for at in range(20)]
    regions = [row("edge", 0.0, 0.4, 0.2, "region"), row("rest", 10.0, 0.01, -0.1, "region")]
    edge, rest = point_sum_rows([*points, *regions])
    assert edge["value"] == pytest.approx(0.25)
    assert "the 10 points of the region 'edge' one by one costs 0.10" in edge["sentence"]
    assert "together 0.40 (0.20 to 1.00)" in edge["sentence"]
    assert edge["sentence"].endswith("neighbours stand in for a point that is shuffled alone.")
    # Where points lose as much one by one, nothing stands in for them.
    for each, says in ((0.04, "is undecided."), (0.2, "does not add up to what they lose together.")):
        alone = [point | {"value": each} for point in points]
        assert point_sum_rows([*alone, *regions])[0]["sentence"].endswith(says)
    assert np.isnan(rest["value"])
    assert rest["sentence"] == ""
