"""Importances: they add up, they find what is informative, and say how sure they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.features import FeatureTable
from edgepair.models import FitOutcome, Window
from edgepair.study import StudyResult
from edgepair.study.config import StudyConfig
from edgepair.study.importances import (
    LearnerFits,
    PairImportance,
    importance_rows,
    null_share_rows,
    pair_importance,
)
from edgepair.study.plan import Cell, plan_cell
from edgepair.study.scoring import draw_groups, score

CELL_KEYS = ["absorber", "task", "modality", "learner"]


def rows_of(result: StudyResult, kind: str) -> pd.DataFrame:
    return result.importances[result.importances["kind"] == kind]


def test_points_of_a_modality_add_up_to_one(finished_study: StudyResult) -> None:
    sums = rows_of(finished_study, "impurity").groupby(CELL_KEYS)["value"].sum()
    assert len(sums) == 3 * 5
    np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_shares_of_a_combination_add_up_to_one_and_equal_the_points_of_the_technique(
    finished_study: StudyResult,
) -> None:
    shares = rows_of(finished_study, "share")
    assert set(shares["modality"]) == {"xanes+pdf", "xanes+dpdf"}
    np.testing.assert_allclose(shares.groupby(CELL_KEYS)["value"].sum(), 1, atol=1e-5)
    points = rows_of(finished_study, "impurity").groupby([*CELL_KEYS, "technique"])["value"].sum()
    for row in shares.itertuples():
        key = (row.absorber, row.task, row.modality, row.learner, row.technique)
        assert row.value == pytest.approx(points[key], abs=1e-5)
        assert 0 <= row.lower <= row.value + 1e-6 <= row.upper + 2e-6 <= 1 + 3e-6
        assert np.isnan(row.position)


def test_places_lie_on_the_axes(finished_study: StudyResult, synthetic_dataset: xr.Dataset) -> None:
    placed = finished_study.importances.dropna(subset="position")
    assert set(placed["kind"]) == {"impurity", "permutation"}
    assert (placed["position_low"] <= placed["position"]).all()
    assert (placed["position"] <= placed["position_high"]).all()
    for axis, rows in placed.groupby("axis"):
        values = synthetic_dataset[axis].values
        assert rows["position"].between(values[0] - 0.5, values[-1] + 0.5).all()
        assert set(rows["unit"]) == {"eV" if axis == "energy" else "Å"}


def test_the_informative_region_is_found(finished_study: StudyResult, synthetic_dataset: xr.Dataset) -> None:
    """The edge, not what lies far above it, carries the oxidation state of the made data."""
    edge = synthetic_dataset.attrs["edge_energy"]
    mine = finished_study.importances.query("task == 'oxidation_state' and modality == 'xanes'")
    for kind in ("impurity", "permutation"):
        rows = mine[(mine["kind"] == kind) & mine["position"].notna()]
        near = rows[rows["position"].between(edge - 2, edge + 14)]["value"]
        far = rows[rows["position"] > edge + 25]["value"]
        assert near.max() > 2 * far.max()
        assert near.sum() > 4 * far.sum()


def test_permuting_a_useless_window_costs_nothing(
    finished_study: StudyResult, synthetic_dataset: xr.Dataset
) -> None:
    edge = synthetic_dataset.attrs["edge_energy"]
    rows = finished_study.importances.query(
        "task == 'oxidation_state' and modality == 'xanes' and kind == 'permutation'"
    )
    useless = rows[rows["position"] > edge + 25]
    whole = rows[rows["position"].isna()]
    assert len(useless) > 2
    assert useless["value"].abs().max() < 0.1
    assert (useless["lower"] <= 0.03).all()
    assert whole["value"].item() > 0.3
    assert whole["lower"].item() > 0


@pytest.fixture
def cell(synthetic_dataset: xr.Dataset) -> Cell:
    config = StudyConfig.check(repeats=2, folds=3)
    planned = plan_cell(synthetic_dataset, TASKS["oxidation_state"], config)[0]
    assert planned is not None
    return planned


def outcome(cell: Cell, impurity: list[list[float]], permuted: np.ndarray | None = None) -> FitOutcome:
    n = len(cell.target)
    told = np.zeros((0, n), dtype=np.int16) if permuted is None else permuted
    return FitOutcome(
        cell.target.astype(np.int16), np.eye(2, dtype=np.float32)[cell.target], np.float32(impurity), told
    )


def table(techniques: list[str], positions: list[float]) -> FeatureTable:
    at = np.array(positions)
    return FeatureTable(np.zeros((60, len(at)), np.float32), np.array(techniques), at, at, at)


def test_features_at_one_point_are_added_up(cell: Cell) -> None:
    features = table(["xanes"] * 4, [7112.0, 7112.5, 7112.0, 7115.0])
    outcomes = [outcome(cell, [[0.2, 0.1, 0.3, 0.4]] * 3)] * 2
    rows = importance_rows(LearnerFits(cell, "xanes", "forest", features, outcomes), draw_groups(40, 10, [0]))
    told = [(row["position"], round(row["value"], 6)) for row in rows]
    assert told == [(7112.0, 0.5), (7112.5, 0.1), (7115.0, 0.4)]
    assert {row["kind"] for row in rows} == {"impurity"}
    assert all(row["lower"] == pytest.approx(row["value"], abs=1e-6) for row in rows)


def test_the_interval_of_refits_is_corrected_for_overlapping_training_sets(cell: Cell) -> None:
    """Against the formula of Nadeau and Bengio, written out for 6 fits in 3 folds."""
    shares = np.array([0.50, 0.56, 0.60, 0.52, 0.58, 0.62])
    features = table(["xanes", "pdf"], [7112.0, 2.0])
    outcomes = [outcome(cell, [[s, 1 - s] for s in part]) for part in (shares[:3], shares[3:])]
    rows = importance_rows(
        LearnerFits(cell, "xanes+pdf", "forest", features, outcomes), draw_groups(40, 10, [0])
    )
    share = next(row for row in rows if row["kind"] == "share" and row["technique"] == "xanes")
    half = 2.570582 * shares.std(ddof=1) * np.sqrt(1 / 6 + 1 / 2)  # Student's t, 5 degrees of freedom
    assert share["value"] == pytest.approx(shares.mean(), abs=1e-6)
    assert share["upper"] - share["value"] == pytest.approx(half, rel=1e-4)
    assert share["value"] - share["lower"] == pytest.approx(half, rel=1e-4)


def test_a_permutation_costs_the_fall_of_the_main_metric(cell: Cell) -> None:
    features = table(["xanes", "xanes"], [7112.0, 7140.0])
    windows = (Window("xanes", 7110.0, 7115.0, (0,)), Window("xanes", 7110.0, 7140.0, (0, 1), whole=True))
    flipped = 1 - cell.target
    done = outcome(cell, [[1.0, 0.0]] * 3, np.array([cell.target, flipped], dtype=np.int16))
    drawn = draw_groups(cell.n_groups, 50, [0])
    rows = importance_rows(LearnerFits(cell, "xanes", "forest", features, [done], windows), drawn)
    useless, whole = (row for row in rows if row["kind"] == "permutation")
    assert (useless["value"], useless["lower"], useless["upper"]) == (0, 0, 0)
    assert useless["position"] == 7112.5
    assert (whole["value"], whole["lower"], whole["upper"]) == (1, 1, 1)  # F1 from 1 to 0
    assert np.isnan(whole["position"])


def test_only_the_first_repeat_was_permuted(cell: Cell) -> None:
    """A second repeat, worse than the first, must not enter the fall."""
    windows = (Window("xanes", 7110.0, 7115.0, (0,)),)
    first = outcome(cell, [[1.0]] * 3, np.array([cell.target], dtype=np.int16))
    second = replace(first, predicted=(1 - cell.target).astype(np.int16))
    drawn = draw_groups(cell.n_groups, 20, [0])
    at_edge = table(["xanes"], [7112.0])
    rows = importance_rows(LearnerFits(cell, "xanes", "forest", at_edge, [first, second], windows), drawn)
    assert next(row["value"] for row in rows if row["kind"] == "permutation") == 0
    assert score(cell, "xanes", "forest", [first, second], drawn).value["accuracy"] == 0.5


def test_shares_of_permuted_labels_add_up_to_one_and_lie_between_their_ends(
    finished_study: StudyResult,
) -> None:
    rows = rows_of(finished_study, "null_share")
    assert set(rows["modality"]) == {"xanes+pdf", "xanes+dpdf"}
    assert set(rows["learner"]) == {"forest"}
    np.testing.assert_allclose(rows.groupby(CELL_KEYS)["value"].sum(), 1, atol=1e-5)
    assert (rows["lower"] <= rows["value"] + 1e-9).all()
    assert (rows["value"] <= rows["upper"] + 1e-9).all()
    assert (rows["lower"] < rows["upper"]).all()


def test_a_null_share_is_the_mean_over_permutations_with_its_extremes(cell: Cell) -> None:
    features = table(["xanes", "xanes", "pdf"], [7112.0, 7120.0, 2.0])
    null = [outcome(cell, [[0.1, share - 0.1, 1 - share]]) for share in (0.5, 0.6, 0.7)]
    xanes, pdf = null_share_rows(LearnerFits(cell, "xanes+pdf", "forest", features, (), (), null))
    assert (xanes["kind"], xanes["technique"], pdf["technique"]) == ("null_share", "xanes", "pdf")
    assert (xanes["value"], xanes["lower"], xanes["upper"]) == pytest.approx((0.6, 0.5, 0.7))
    assert (pdf["value"], pdf["lower"], pdf["upper"]) == pytest.approx((0.4, 0.3, 0.5))
    assert np.isnan(xanes["position"])


def pair_of(cell: Cell, shares: list[float], null: list[float], permuted: list[np.ndarray]) -> PairImportance:
    features = table(["xanes", "pdf"], [7112.0, 2.0])
    windows = (
        Window("xanes", 7110.0, 7115.0, (0,)),
        Window("xanes", 7110.0, 7140.0, (0,), whole=True),
        Window("pdf", 1.0, 6.0, (1,), whole=True),
    )
    # A window that is no whole technique must not count.
    told = np.array([1 - cell.target, *permuted], dtype=np.int16)
    done = [outcome(cell, [[s, 1 - s] for s in shares], told)]
    without = [outcome(cell, [[s, 1 - s]]) for s in null]
    drawn = draw_groups(cell.n_groups, 4000, [0])
    return pair_importance(LearnerFits(cell, "xanes+pdf", "forest", features, done, windows, without), drawn)


def test_a_share_is_held_against_that_of_permuted_labels(cell: Cell) -> None:
    """Against both formulas, written out: 3 fits in 3 folds, 4 permutations."""
    shares, null = np.array([0.70, 0.76, 0.82]), np.array([0.58, 0.60, 0.61, 0.65])
    pair = pair_of(cell, shares.tolist(), null.tolist(), [cell.target, cell.target])
    assert (pair.share, pair.null_share) == pytest.approx((shares.mean(), null.mean()), abs=1e-6)
    assert pair.excess_share.value == pytest.approx(0.15, abs=1e-6)
    assert pair.other == "pdf"
    refits = 4.302653 * shares.std(ddof=1) * np.sqrt(1 / 3 + 1 / 2)  # Student's t, 2 degrees of freedom
    nulls = 3.182446 * null.std(ddof=1) * np.sqrt(1 + 1 / 4)  # 3 degrees of freedom
    lower, upper = pair.excess_share.interval()
    half = np.hypot(refits, nulls)
    assert upper - 0.15 == pytest.approx(half, rel=0.06)  # 4000 draws
    assert 0.15 - lower == pytest.approx(half, rel=0.06)


def test_xanes_carries_more_where_permuting_it_costs_more(cell: Cell) -> None:
    wrong, half = 1 - cell.target, np.where(np.arange(len(cell.target)) % 2, cell.target, 1 - cell.target)
    only_xanes = pair_of(cell, [0.7] * 3, [0.6] * 4, [wrong, cell.target]).permutation
    assert (only_xanes.value, *only_xanes.interval()) == (1, 1, 1)  # F1 falls to 0; nothing is lost with it
    only_pdf = pair_of(cell, [0.7] * 3, [0.6] * 4, [cell.target, wrong]).permutation
    assert (only_pdf.value, *only_pdf.interval()) == (-1, -1, -1)
    alike = pair_of(cell, [0.7] * 3, [0.6] * 4, [half, half]).permutation
    assert (alike.value, *alike.interval()) == (0, 0, 0)


def test_draws_of_a_share_are_those_of_its_own_absorber(cell: Cell) -> None:
    """Means over absorbers take draws of different ones to be independent."""
    settings = ([0.70, 0.76, 0.82], [0.58, 0.60, 0.61], [cell.target, cell.target])
    iron, copper = pair_of(cell, *settings), pair_of(replace(cell, absorber="Cu"), *settings)
    np.testing.assert_array_equal(iron.excess_share.draws, pair_of(cell, *settings).excess_share.draws)
    assert abs(np.corrcoef(iron.excess_share.draws, copper.excess_share.draws)[0, 1]) < 0.1
