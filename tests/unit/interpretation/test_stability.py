"""How reliable an interpretation is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import kendalltau

from edgepair.conventions import TASKS
from edgepair.interpretation.stability import (
    STABILITY_COLUMNS,
    agreement_rows,
    few_materials_rows,
    kendall_taus,
    rank_fits,
    rank_rows,
    region_rank_rows,
)
from edgepair.models import FitOutcome
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_cell

Maker = Callable[..., xr.Dataset]


@pytest.fixture
def cell(make_synthetic: Maker) -> Cell:
    found, _ = plan_cell(make_synthetic(), TASKS["oxidation_state"], StudyConfig.check(quick=True))
    assert found is not None
    return found


def importances(grouping: str = "region", half_width: float = 0.0, **kinds: Sequence[float]) -> pd.DataFrame:
    """Importances of regions a, b, c, … by each kind."""
    rows = [
        {
            "absorber": "Fe",
            "task": "oxidation_state",
            "modality": "xanes",
            "technique": "xanes",
            "kind": kind,
            "grouping": grouping,
            "name": "abcdefgh"[place],
            "value": value,
            "lower": value - half_width,
            "upper": value + half_width,
        }
        for kind, values in kinds.items()
        for place, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_methods_with_one_order_agree() -> None:
    rows = agreement_rows(importances(permutation=[0.1, 0.3, 0.2, 0.0], shap=[1, 3, 2, 0.5]))
    assert len(rows) == 1
    assert rows[0]["value"] == rows[0]["lower"] == rows[0]["upper"] == pytest.approx(1.0)
    assert set(rows[0]) == set(STABILITY_COLUMNS)
    assert "permutation importance and SHAP mostly agree on the order of the regions" in rows[0]["sentence"]


def test_methods_with_opposite_orders_contradict_each_other() -> None:
    rows = agreement_rows(importances(shap=[0.1, 0.2, 0.3, 0.4], impurity=[4, 3, 2, 1]))
    assert rows[0]["value"] == pytest.approx(-1.0)
    assert "contradict each other" in rows[0]["sentence"]


def test_importances_within_their_intervals_of_each_other_do_not_agree() -> None:
    kinds = {"permutation": [0.10, 0.11, 0.12, 0.13], "shap": [0.10, 0.11, 0.12, 0.13]}
    rows = agreement_rows(importances(half_width=0.5, **kinds))
    assert rows[0]["lower"] < 0
    assert rows[0]["lower"] <= rows[0]["value"] <= rows[0]["upper"]
    assert "not shown to agree" in rows[0]["sentence"]
    assert rows == agreement_rows(importances(half_width=0.5, **kinds))


def test_every_pair_of_methods_is_compared_regions_and_clusters() -> None:
    three = {"permutation": [1, 2, 3], "shap": [1, 3, 2], "impurity": [3, 2, 1]}
    table = pd.concat([importances(grouping, **three) for grouping in ("region", "cluster", "point")])
    names = [row["name"] for row in agreement_rows(table)]
    assert names == [
        f"{grouping}: {pair}"
        for grouping in ("region", "cluster")
        for pair in ("permutation and shap", "permutation and impurity", "shap and impurity")
    ]
    assert [bool(row["sentence"]) for row in agreement_rows(table)] == [True] + [False] * 5


def test_two_regions_have_no_order_to_agree_on() -> None:
    assert agreement_rows(importances(permutation=[1, 2], shap=[1, 2])) == []


def test_taus_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (2, 30, 7)).astype(float)
    expected = [kendalltau(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert kendall_taus(first, second) == pytest.approx(expected)


def test_halves_share_no_formula(cell: Cell) -> None:
    fits = rank_fits(cell, "xanes", trees=5, n=2)
    assert len(fits) == 2
    for fit in fits:
        assert set(fit.task.folds.tolist()) == {0, 1}
        first, second = (set(cell.groups[fit.task.folds == half].tolist()) for half in (0, 1))
        assert not first & second
    assert not np.array_equal(fits[0].task.folds, fits[1].task.folds)


def halves(first: Sequence[float], second: Sequence[float]) -> FitOutcome:
    none = np.zeros((0, 0), dtype=np.float32)
    return FitOutcome(none, none, np.array([first, second], dtype=np.float32), none)


def test_points_may_change_places_where_their_regions_do_not(cell: Cell) -> None:
    # Within each pair the halves put another point first; the pairs keep their order.
    outcomes = [halves([0.5, 0.1, 0.2, 0.1, 0.1, 0.0], [0.1, 0.5, 0.1, 0.2, 0.0, 0.1])] * 2
    groupings = {"point": [(k,) for k in range(6)], "region": [(0, 1), (2, 3), (4, 5)]}
    rows = {row["name"]: row for row in rank_rows(cell, "xanes", outcomes, groupings)}
    assert rows["region"]["value"] == pytest.approx(1.0)
    assert rows["region_top"]["value"] == 1.0
    assert rows["point"]["value"] < 0.5
    assert rows["point_top"]["value"] == 0.0
    assert "the same point first in 0 of 2 halvings" in rows["point"]["sentence"]
    assert "put 100% of the pairs of regions in the same order" in rows["region"]["sentence"]


def test_one_region_has_no_rank(cell: Cell) -> None:
    assert rank_rows(cell, "xanes", [halves([0.5, 0.5], [0.5, 0.5])], {"region": [(0, 1)]}) == []


def made(cell: Cell, *, formulas: Sequence[int], state: Sequence[int]) -> Cell:
    """A cell whose sites have these formulas and states."""
    groups = np.array(formulas)
    return replace(cell, sites=np.arange(len(groups)), groups=groups, target=np.array(state))


def test_a_class_of_few_formulas_is_named_with_what_they_could_hide(cell: Cell) -> None:
    few = made(cell, formulas=range(56), state=[0] * 50 + [1] * 6)
    sentences = [str(row["sentence"]) for row in few_materials_rows(few)]
    assert len(sentences) == 1
    assert "Fe oxidation state 3 rests on 6 formulas (6 sites)" in sentences[0]
    # Exactly 5 % of runs of six show no error at this rate.
    rate = 1 - 0.05 ** (1 / 6)
    assert (1 - rate) ** 6 == pytest.approx(0.05)
    assert f"{rate:.0%} of others may not be" in sentences[0]


def test_enough_formulas_are_passed_over(cell: Cell) -> None:
    assert few_materials_rows(made(cell, formulas=range(100), state=[0, 1] * 50)) == []


def test_a_handful_of_formulas_that_hold_most_sites_is_named(cell: Cell) -> None:
    lopsided = made(cell, formulas=[0] * 100 + list(range(1, 61)), state=[0] * 100 + [0, 1] * 30)
    rows = {row["name"]: row for row in few_materials_rows(lopsided)}
    # Kish: (100 + 60)^2 / (100^2 + 60)
    assert rows["all"]["value"] == pytest.approx(160**2 / 10060)
    assert "as much as 3 of equal size: the largest has 100 sites" in rows["all"]["sentence"]
    assert "intervals are then too narrow" in rows["all"]["sentence"]
    assert set(rows) == {"all", "2"}


def test_thirds_of_a_length_are_looked_at(cell: Cell) -> None:
    target = np.r_[np.full(40, 1.9) + np.arange(40) * 1e-3, np.full(20, 2.4) + np.arange(20) * 1e-3]
    length = replace(
        made(cell, formulas=[*range(40), *([40] * 20)], state=[0] * 60),
        target=target,
        classes=(),
        task=TASKS["bond_length"],
    )
    rows = {row["name"]: row for row in few_materials_rows(length)}
    assert "highest third" in rows
    assert (
        "Fe mean bond length highest third rests on 1 formula (20 sites)" in rows["highest third"]["sentence"]
    )
    assert "lowest third" not in rows


def test_forests_that_split_nowhere_have_no_order(cell: Cell) -> None:
    groupings = {"point": [(0,), (1,), (2,)]}
    idle = halves([0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    assert rank_rows(cell, "xanes", [idle, idle], groupings) == []
    rows = rank_rows(cell, "xanes", [idle, halves([0.5, 0.3, 0.2], [0.5, 0.3, 0.2])], groupings)
    assert rows[0]["value"] == 1.0
    assert "in 1 of 1 halvings" in rows[0]["sentence"]


def test_an_order_that_labels_do_not_make_is_said_so(cell: Cell) -> None:
    """The first region is the widest: it leads in every forest, whatever the labels."""
    groupings = {"region": [(0, 1, 2), (3, 4), (5,)]}
    wide = halves([0.2, 0.2, 0.2, 0.15, 0.15, 0.1], [0.2, 0.2, 0.2, 0.15, 0.15, 0.1])
    rows = rank_rows(cell, "xanes", [wide] * 3, groupings, [wide] * 20)
    told = {row["name"]: row for row in rows}
    assert told["region"]["value"] == told["region_exchanged"]["value"] == 1.0
    assert told["region_exchanged_top"]["value"] == 1.0
    assert told["region"]["sentence"].endswith("is not shown to be due to the labels.")
    # Labels that put the narrowest first in every half, where exchanged ones scatter: theirs.
    narrow = halves([0.0, 0.0, 0.1, 0.1, 0.1, 0.7], [0.0, 0.0, 0.1, 0.1, 0.1, 0.7])
    other = halves([0.1, 0.0, 0.1, 0.4, 0.3, 0.1], [0.1, 0.0, 0.1, 0.4, 0.3, 0.1])
    rows = rank_rows(cell, "xanes", [narrow] * 3, groupings, [wide, other, narrow] * 6)
    told = {row["name"]: row for row in rows}
    assert told["region_exchanged_top"]["value"] == 0.0
    assert "not shown" not in told["region"]["sentence"]


def test_regions_are_ordered_by_what_shuffling_costs_the_other_half(cell: Cell) -> None:
    (fit,) = rank_fits(cell, "xanes", 5, n=1)
    right = cell.target.astype(np.int16)
    wrong = (right + 1) % len(cell.classes)
    half = fit.task.folds == 0
    # Shuffled, the third region costs both halves all, the first nothing; the second one half only.
    permuted = np.array([right, np.where(half, wrong, right), wrong])
    told = FitOutcome(right, np.eye(len(cell.classes), dtype=np.float32)[right], np.zeros((2, 3)), permuted)
    rows = {row["name"]: row for row in region_rank_rows(cell, "xanes", [fit], [told])}
    # Falls of the halves: (0, 1, 1) and (0, 0, 1), so tau-b is 1 / sqrt(2 * 2).
    assert rows["region"]["value"] == pytest.approx(0.5)
    assert rows["region_top"]["value"] == 0.0
    assert "put 75% of the pairs of regions" in rows["region"]["sentence"]
    assert region_rank_rows(cell, "xanes", [fit], [replace(told, permuted=permuted[:2])]) == []
