"""The published protocol: its rows, splits, search, refits and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import DataError, OptionError
from edgepair.dataset import load_bundled, select_sites
from edgepair.models import FitOutcome, FitTask
from edgepair.study import Progress, StudyResult, run_study
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_cell
from edgepair.study.published import Settings, choose_settings, published_rows, refit_scores, split_cell

SMALL: dict[str, Any] = {
    "protocol": "published", "repeats": 3, "trees": 6, "folds": 3, "n_jobs": 1,
    "tasks": ["coordination_number", "bond_length"], "modalities": ["xanes", "xanes+pdf"],
}  # fmt: skip


@pytest.fixture(scope="module")
def polymorphs(make_synthetic: Callable[..., xr.Dataset]) -> xr.Dataset:
    """50 materials of 40 formulas; those of two sites agree in state and coordination."""
    dataset = make_synthetic()
    dataset["coordination_number"].values[50:] = dataset["coordination_number"].values[40:50]
    return dataset


@pytest.fixture(scope="module")
def published(polymorphs: xr.Dataset) -> StudyResult:
    return run_study(polymorphs, cache=False, **SMALL)


def the_cell(dataset: xr.Dataset, name: str, config: StudyConfig) -> Cell:
    rows = published_rows(dataset).dataset
    assert rows is not None
    task = next(task for task in config.task_list() if task.name == name)
    cell = plan_cell(rows, task, replace(config, repeats=1))[0]
    assert cell is not None
    return cell


def test_rows_are_averaged_materials_on_the_published_grids(polymorphs: xr.Dataset) -> None:
    rows = published_rows(polymorphs)
    assert rows.dataset is not None
    assert dict(rows.dataset.sizes) == {"site": 50, "material": 50, "energy": 100, "r": 200}
    assert rows.skipped == []
    energy = polymorphs["energy"].values
    assert rows.dataset["energy"].values[[0, -1]] == pytest.approx([energy[0], (energy[0] + energy[-1]) / 2])
    assert rows.axes["pdf"] == "as the data have them, 200 points from 1 to 9.9 Å"
    weight = polymorphs["multiplicity"].values[[40, 50]]
    mean = np.average(polymorphs["mu"].values[[40, 50], 0], weights=weight)
    assert rows.dataset["mu"].values[40, 0] == pytest.approx(mean, abs=1e-6)


def test_ideal_pdfs_are_shown_through_the_published_instrument() -> None:
    rows = published_rows(load_bundled("Mn", instrument=None))
    assert rows.dataset is not None
    assert rows.dataset["r"].values[[0, -1]].tolist() == pytest.approx([0.05, 10.0])
    assert rows.dataset.sizes["r"] == 200
    assert rows.axes["pdf"] == "200 points to 10 Å, Qmax 30 Å⁻¹, U_iso 0.007 Å²"
    assert set(rows.dataset["coordination_number"].dropna("site").values.tolist()) == {4.0, 5.0, 6.0}


def test_pdfs_of_another_instrument_are_resampled_and_that_is_told() -> None:
    rows = published_rows(load_bundled("Fe"))
    assert rows.dataset is not None
    assert rows.dataset.sizes["r"] == 200
    assert "Qmax 25 Å⁻¹, U_iso 0.005 Å²" in rows.axes["pdf"]
    assert rows.axes["pdf"].startswith("as the data have them")


def test_materials_whose_sites_differ_are_counted_and_dropped(polymorphs: xr.Dataset) -> None:
    dataset = polymorphs.copy(deep=True)
    dataset["oxidation_state"].values[50] += 1
    dataset["coordination_number"].values[51] = np.nan
    dataset["complete"].values[:3] = False
    dataset["coordination_number"].values[3] = 8
    rows = published_rows(dataset)
    assert rows.dataset is not None
    assert rows.dataset.sizes["site"] == 45
    assert [item.reason for item in rows.skipped] == [
        "3 materials without a spectrum of every site",
        "2 materials whose sites differ in state or coordination",
        "1 material of class 8, not published",
    ]
    assert not any(item.whole for item in rows.skipped)


def test_states_by_composition_are_not_taught(polymorphs: xr.Dataset) -> None:
    dataset = polymorphs.copy(deep=True)
    source = np.full(60, "bond_valence", dtype=object)
    source[[0, 40]] = "composition"
    dataset["oxidation_state_source"] = ("site", source)
    rows = published_rows(dataset).dataset
    assert rows is not None
    assert rows.sizes["site"] == 49  # one of two sites unknown: they do not agree
    assert int(np.isnan(rows["oxidation_state"].values).sum()) == 1


@pytest.mark.parametrize("task", ["coordination_number", "bond_length"])
def test_splits_hold_out_a_quarter_and_by_formula_no_formula_is_on_both_sides(
    polymorphs: xr.Dataset, task: str
) -> None:
    config = StudyConfig.check(protocol="published", repeats=4)
    cell = the_cell(polymorphs, task, config)
    random, by_formula = split_cell(cell, "random", config), split_cell(cell, "formula", config)
    for split in (random, by_formula):
        assert split.folds.shape == (4, 50)
        assert set(split.folds.ravel().tolist()) == {-1, 0}
        assert len({tuple(folds) for folds in split.folds}) == 4
        for folds in split.folds:
            assert 10 <= (folds == 0).sum() <= 15
            if cell.classes:
                shares = np.bincount(cell.target[folds == 0]) / np.bincount(cell.target)
                assert shares.min() > 0.1
                assert shares.max() < 0.45
    for folds in by_formula.folds:
        assert not set(cell.groups[folds == 0]) & set(cell.groups[folds != 0])
    assert any(set(cell.groups[folds == 0]) & set(cell.groups[folds != 0]) for folds in random.folds)


def search_fit(max_features: int, stages: tuple[int, ...], n_classes: int, target: Any) -> FitTask:
    return FitTask(
        "published", "oxidation_state", target, n_classes, np.arange(len(target)), np.zeros(len(target)),
        stages[-1], 0, settings=(("max_features", max_features),), stages=stages,
    )  # fmt: skip


def outcome(staged: Any) -> FitOutcome:
    none = np.zeros((0, 0), dtype=np.float32)
    return FitOutcome(none, none, none, none, np.array(staged))


def test_the_search_takes_the_best_features_and_the_fewest_trees_that_are_as_good() -> None:
    target = np.array([0, 0, 1, 1])
    fits = [search_fit(m, s, 2, target) for m, s in ((10, (25, 50)), (20, (25, 50, 100)), (35, (25, 50)))]
    poor, good = [0, 1, 1, 1], [0, 0, 1, 1]
    outcomes = [outcome([poor, poor]), outcome([poor, good, good]), outcome([poor, good])]
    assert choose_settings(fits, outcomes) == Settings(20, 50)
    outcomes = [outcome([good, poor]), outcome([poor, poor, good]), outcome([poor, good])]
    assert choose_settings(fits, outcomes) == Settings(35, 100)


def test_the_search_of_a_regression_forgives_one_percent() -> None:
    target = np.zeros(4)
    fits = [search_fit(m, (25, 50), 0, target) for m in (10, 20, 35)]
    outcomes = [outcome([[1.0] * 4] * 2), outcome([[1.004] * 4, [1.0] * 4]), outcome([[2.0] * 4] * 2)]
    assert choose_settings(fits, outcomes) == Settings(10, 25)


def test_scores_are_of_held_out_rows_only(polymorphs: xr.Dataset) -> None:
    config = StudyConfig.check(protocol="published", repeats=2)
    cell = split_cell(the_cell(polymorphs, "bond_length", config), "random", config)
    none = np.zeros((0, 0), dtype=np.float32)
    wrong = [np.where(folds == 0, cell.target + 0.02, 99.0) for folds in cell.folds]
    values = refit_scores(cell, [FitOutcome(item, none, none, none) for item in wrong])
    assert values["rmse"] == pytest.approx([0.02, 0.02])
    assert values["rmse_percent"] == pytest.approx([2 / cell.target.mean()] * 2)


def test_tables_of_the_protocol(published: StudyResult) -> None:
    scores = published.scores
    assert set(scores["split"]) == {"random", "formula"}
    assert set(scores["learner"]) == {"published", "dummy"}
    assert (scores["n_sites"] == scores["n_materials"]).all()
    assert set(scores[scores["task"] == "bond_length"]["metric"]) == {"r2", "mae", "rmse", "rmse_percent"}
    assert (scores["lower"] <= scores["value"]).all()
    assert (scores["value"] <= scores["upper"]).all()
    differences = published.differences
    assert len(differences) == len(scores) / 2
    assert np.allclose(differences["difference"], differences["value_random"] - differences["value_formula"])
    assert ((differences["seen"] > 0) & (differences["seen"] < 0.6)).all()
    mine = scores[scores["split"] == "random"].set_index(["task", "modality", "learner", "metric"])["value"]
    assert np.allclose(differences.set_index(["task", "modality", "learner", "metric"])["value_random"], mine)
    points = published.importances[published.importances["kind"] == "impurity"]
    total = points.groupby(["task", "modality"])["value"].sum()
    assert np.allclose(total, 1)
    assert len(points[points["modality"] == "xanes+pdf"]) == 2 * 300
    assert published.findings == ()
    assert set(published.predictions["fold"]) == {0}
    assert published.config["config"]["protocol"] == "published"
    assert set(published.config["published"]["settings"]) >= {"Fe coordination_number xanes"}


def test_a_forest_beats_the_baseline_on_learnable_rows(published: StudyResult) -> None:
    rows = published.scores[published.scores["metric"] == "f1_weighted"]
    means = rows.groupby(["split", "learner"])["value"].mean()
    for split in ("random", "formula"):
        assert means[split, "published"] > means[split, "dummy"] + 0.2


def test_what_is_saved_is_loaded(published: StudyResult, tmp_path: Any) -> None:
    loaded = StudyResult.load(published.save(tmp_path / "out"))
    pd.testing.assert_frame_equal(loaded.differences, published.differences, rtol=1e-4, check_dtype=False)
    assert loaded.config == published.config


def test_same_seed_same_numbers_whatever_the_processes(
    published: StudyResult, polymorphs: xr.Dataset
) -> None:
    again = run_study(polymorphs, cache=False, **SMALL | {"n_jobs": 2})
    for name in ("scores", "differences", "predictions", "importances"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(published, name))
    other = run_study(polymorphs, cache=False, **SMALL | {"seed": 1, "modalities": ["xanes"]})
    assert not np.allclose(
        other.scores["value"], published.scores[published.scores["modality"] == "xanes"]["value"]
    )


class StoppedError(Exception):
    """An interruption by the caller."""


def test_an_interrupted_run_goes_on_from_the_cache(published: StudyResult, polymorphs: xr.Dataset) -> None:
    steps: list[Progress] = []

    def stop(step: Progress) -> None:
        steps.append(step)
        if len(steps) == 25:  # in the refits: the search has 12 fits
            raise StoppedError

    with pytest.raises(StoppedError):
        run_study(polymorphs, on_progress=stop, **SMALL)
    finished: list[Progress] = []
    result = run_study(polymorphs, on_progress=finished.append, **SMALL)
    cached = [step.cached for step in finished if step.text]
    assert 20 <= sum(cached) < len(cached)
    assert finished[-1].done == pytest.approx(finished[-1].total)
    assert all(step.done <= step.total + 1e-9 for step in finished)
    pd.testing.assert_frame_equal(result.scores, published.scores)


def test_a_dataset_without_complete_materials_is_refused_with_its_reason(polymorphs: xr.Dataset) -> None:
    dataset = polymorphs.copy(deep=True)
    dataset["complete"].values[:] = False
    with pytest.raises(DataError) as caught:
        run_study(dataset, **SMALL)
    error = caught.value
    assert "as published" in str(error)
    assert "Fe: 50 materials without a spectrum of every site" in error.found
    assert "for every absorbing site" in error.needed
    assert "grouped protocol" in error.suggestion


@pytest.mark.parametrize("folds", [2, 4, 5])
def test_a_handful_of_rows_is_studied_or_refused_in_words(polymorphs: xr.Dataset, folds: int) -> None:
    few = select_sites(polymorphs, np.arange(8))
    settings = SMALL | {"folds": folds, "tasks": ["oxidation_state", "bond_length"], "modalities": ["xanes"]}
    result = run_study(few, cache=False, **settings)
    tasks = set(result.scores["task"])
    assert tasks == ({"oxidation_state", "bond_length"} if folds < 5 else {"bond_length"})
    with pytest.raises(DataError, match="nothing of what was asked for can be done"):
        run_study(select_sites(polymorphs, np.arange(3)), cache=False, **settings)


def test_a_protocol_that_is_not_one_is_refused(polymorphs: xr.Dataset) -> None:
    with pytest.raises(OptionError) as caught:
        run_study(polymorphs, protocol="publised")
    assert "publised" in caught.value.found
    assert "grouped, published" in caught.value.needed


@pytest.mark.parametrize(
    "changes", [{"learners": ["forest"]}, {"split": "random"}, {"tune": True}, {"contributions": True}]
)
def test_settings_that_the_protocol_fixes_are_refused(
    polymorphs: xr.Dataset, changes: dict[str, Any]
) -> None:
    with pytest.raises(OptionError) as caught:
        run_study(polymorphs, **SMALL | changes)
    assert next(iter(changes)) in caught.value.found
    assert "leave" in caught.value.suggestion


def test_the_published_learner_belongs_to_its_protocol(polymorphs: xr.Dataset) -> None:
    with pytest.raises(OptionError, match="learner 'published'"):
        run_study(polymorphs, learners=["published"])
