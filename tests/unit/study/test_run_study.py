"""The study itself: what runs, what is left out, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import DataError, EdgepairError, OptionError
from edgepair.models import LEARNERS
from edgepair.study import Progress, StudyResult, run_study
from edgepair.study.config import StudyConfig

TASKS = ["oxidation_state", "coordination_number", "bond_length"]


def study(dataset: Any, **changes: Any) -> StudyResult:
    settings = {"modalities": ["xanes"], "quick": True, "trees": 5, "n_jobs": 1, "cache": False}
    return run_study(dataset, **(settings | changes))


def main_scores(result: StudyResult) -> pd.DataFrame:
    rows = result.scores[result.scores["metric"].isin(["f1_weighted", "r2"])]
    return rows.set_index(["task", "modality", "learner"])["value"]


def with_labels(dataset: xr.Dataset, values: Any, task: str = "oxidation_state") -> xr.Dataset:
    return dataset.assign({task: (("site",), np.asarray(values, float), dataset[task].attrs)})


def test_the_forest_learns_what_can_be_learned(synthetic_dataset: xr.Dataset) -> None:
    result = study(synthetic_dataset, modalities=["xanes", "pdf", "xanes+pdf"], trees=20)
    value = main_scores(result)
    assert value["oxidation_state", "xanes", "forest"] > 0.9
    assert value["coordination_number", "xanes", "forest"] > 0.8
    assert value["bond_length", "xanes", "forest"] > 0.6
    for task in TASKS:
        assert value[task, "xanes", "forest"] > value[task, "xanes", "dummy"] + 0.4
    assert result.complete
    assert result.skipped == []
    assert (result.scores["lower"] <= result.scores["value"] + 1e-9).all()
    assert (result.scores["value"] <= result.scores["upper"] + 1e-9).all()


def test_made_up_labels_score_as_the_dummy_does(synthetic_dataset: xr.Dataset) -> None:
    """Labels drawn per formula: an honest study must find nothing, a random split is fooled."""
    rng = np.random.default_rng(4)
    formulas = synthetic_dataset["formula"].values[synthetic_dataset["material_index"].values]
    names = np.unique(formulas)
    drawn = dict(zip(names, rng.permutation(np.arange(len(names)) % 2 + 2), strict=True))
    # A fingerprint of the formula in every spectrum, so that there is something to memorise.
    fingerprint = dict(zip(names, 0.5 * rng.normal(size=(len(names), 60)), strict=True))
    mu = synthetic_dataset["mu"].values + np.array([fingerprint[name] for name in formulas])
    dataset = with_labels(synthetic_dataset, [drawn[name] for name in formulas])
    dataset["mu"] = (("site", "energy"), mu.astype(np.float32), synthetic_dataset["mu"].attrs)
    settings = {"tasks": ["oxidation_state"], "trees": 30, "repeats": 4}
    honest = study(dataset, **settings).scores.query("metric == 'accuracy' and learner == 'forest'")
    fooled = study(dataset, split="random", **settings).scores.query(
        "metric == 'accuracy' and learner == 'forest'"
    )
    assert honest["value"].item() < 0.68
    assert fooled["value"].item() > honest["value"].item() + 0.05


def test_every_site_is_predicted_once_a_repeat(finished_study: StudyResult) -> None:
    table = finished_study.predictions
    counts = table.groupby(["task", "modality", "learner", "repeat"])["site"].agg(["size", "nunique"])
    assert (counts == 60).all(axis=None)
    assert set(table["repeat"]) == {0, 1}
    folds = table.groupby(["task", "repeat", "formula"])["fold"].nunique()
    assert (folds == 1).all()


def test_all_modalities_share_their_folds(finished_study: StudyResult) -> None:
    per_site = finished_study.predictions.groupby(["task", "repeat", "site"])["fold"].nunique()
    assert (per_site == 1).all()


def test_predictions_reproduce_the_scores(finished_study: StudyResult) -> None:
    table = finished_study.predictions.query("learner == 'forest'")
    right = (table["true"] == table["predicted"]).groupby([table["task"], table["modality"]]).mean()
    scores = finished_study.scores.query("learner == 'forest' and split == 'formula' and view == 'sites'")
    for row in scores[scores["metric"] == "accuracy"].itertuples():
        assert row.value == pytest.approx(right[row.task, row.modality])
    lengths = table[table["task"] == "bond_length"]
    error = (lengths["true"] - lengths["predicted"]).abs().groupby(lengths["modality"]).mean()
    for row in scores[scores["metric"] == "mae"].itertuples():
        assert row.value == pytest.approx(error[row.modality])


def test_probabilities_stand_where_the_class_exists(finished_study: StudyResult) -> None:
    table = finished_study.predictions
    classes = {
        "oxidation_state": ["p_2", "p_3"],
        "coordination_number": ["p_4", "p_5", "p_6"],
        "bond_length": [],
    }
    every = sorted({name for names in classes.values() for name in names})
    assert [name for name in table if name.startswith("p_")] == every
    for task, names in classes.items():
        rows = table[table["task"] == task]
        assert rows[names].notna().all(axis=None)
        assert rows[[name for name in every if name not in names]].isna().all(axis=None)
        if names:
            np.testing.assert_allclose(rows[names].sum(axis=1), 1, atol=1e-5)
            likeliest = rows[names].to_numpy().argmax(axis=1)
            assert (np.array([int(n[2:]) for n in names])[likeliest] == rows["predicted"]).all()


def test_learning_curves_rise_and_end_in_the_study_itself(finished_study: StudyResult) -> None:
    rows = finished_study.learning.query(
        "task == 'oxidation_state' and modality == 'xanes' and learner == 'forest'"
    )
    assert len(rows) > 2
    assert rows["fraction"].is_monotonic_increasing
    assert rows["fraction"].iloc[-1] == 1
    assert rows["n_formulas"].is_monotonic_increasing
    assert rows["value"].iloc[-1] > rows["value"].iloc[0]


def test_the_comparison_with_a_random_split_is_labelled(finished_study: StudyResult) -> None:
    scores = finished_study.scores
    assert set(scores["split"]) == {"formula", "random"}
    assert set(scores[scores["split"] == "random"]["learner"]) == {"forest"}


@pytest.mark.parametrize("learner", sorted(name for name in LEARNERS if LEARNERS[name].offered))
def test_every_learner_runs_beside_the_dummy(synthetic_dataset: xr.Dataset, learner: str) -> None:
    result = study(synthetic_dataset, learners=[learner], tasks=["oxidation_state", "bond_length"])
    assert set(result.scores["learner"]) == {learner, "dummy"}
    assert set(result.predictions.get("learner", [])) == {learner} - {"dummy"}
    assert np.isfinite(result.scores["value"]).all()


@pytest.mark.parametrize("split", ["material", "random"])
def test_other_splits_are_named_in_every_row(synthetic_dataset: xr.Dataset, split: str) -> None:
    result = study(synthetic_dataset, split=split, tasks=["oxidation_state"], quick=False, repeats=1)
    assert set(result.scores["split"]) == {split}
    owner = "material_id" if split == "material" else "site"
    assert (result.predictions.groupby(["repeat", owner])["fold"].nunique() == 1).all()


def test_neutron_pdfs_and_triples_are_modalities_too(synthetic_dataset: xr.Dataset) -> None:
    result = study(
        synthetic_dataset, modalities=["npdf", "npdf+xanes", "dpdf+pdf+xanes"], tasks=["coordination_number"]
    )
    assert list(dict.fromkeys(result.scores["modality"])) == ["npdf", "xanes+npdf", "xanes+pdf+dpdf"]
    shares = result.importances.query("kind == 'share'").groupby("modality")["technique"].agg(list)
    assert shares["xanes+pdf+dpdf"] == ["xanes", "pdf", "dpdf"]
    assert result.findings == ()


def test_tuning_runs_and_is_recorded(synthetic_dataset: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.models.fitting.TUNING_TREES", 2)
    result = study(synthetic_dataset, tasks=["bond_length"], tune=True, folds=2)
    assert result.config["config"]["tune"] is True


def test_missing_spectra_and_labels_are_skipped_with_a_reason(synthetic_dataset: xr.Dataset) -> None:
    poor = synthetic_dataset.drop_vars(["G_M", "bond_length"])
    result = study(poor, modalities=["xanes", "xanes+dpdf"])
    assert not result.complete
    assert {(item["task"], item["modality"]) for item in result.skipped} == {
        ("", "xanes+dpdf"), ("bond_length", ""),
    }  # fmt: skip
    assert all(item["reason"] and item["whole"] for item in result.skipped)
    assert set(result.scores["task"]) == {"oxidation_state", "coordination_number"}


def test_a_rare_class_is_left_out_and_named_but_the_study_is_complete(synthetic_dataset: xr.Dataset) -> None:
    label = synthetic_dataset["oxidation_state"].values.copy()
    label[30:33] = 7
    result = study(with_labels(synthetic_dataset, label), tasks=["oxidation_state"])
    assert result.complete
    (item,) = result.skipped
    assert "class 7" in item["reason"]
    assert result.config["classes"] == {"Fe oxidation_state": [2, 3]}
    assert set(result.scores["n_sites"]) == {57}


def test_one_class_only_is_skipped_among_others(synthetic_dataset: xr.Dataset) -> None:
    result = study(with_labels(synthetic_dataset, np.full(60, 3.0)))
    assert not result.complete
    assert [(item["task"], item["whole"]) for item in result.skipped] == [("oxidation_state", True)]
    assert set(result.scores["task"]) == {"coordination_number", "bond_length"}


@pytest.mark.parametrize(
    "changes",
    [
        {"modalities": ["npdf"], "drop": "G_neutron"},
        {"folds": 41},
        {"tasks": ["bond_length"], "drop": "bond_length"},
    ],
    ids=["no spectrum", "too many folds", "no label"],
)
def test_nothing_left_to_do_is_refused_with_all_reasons(
    synthetic_dataset: xr.Dataset, changes: dict[str, Any]
) -> None:
    dataset = synthetic_dataset.drop_vars(changes.pop("drop", []))
    with pytest.raises(DataError) as caught:
        study(dataset, **changes)
    assert "Fe" in caught.value.found
    assert caught.value.suggestion


def test_wrong_datasets_are_refused_in_four_parts(synthetic_dataset: xr.Dataset) -> None:
    broken = synthetic_dataset.copy(deep=True)
    broken["mu"].values[3, 4] = np.nan
    kev = synthetic_dataset.copy(deep=True)
    kev["energy"] = ("energy", kev["energy"].values / 1000, kev["energy"].attrs)
    for dataset, kind, words in (
        ([synthetic_dataset, synthetic_dataset.copy()], OptionError, "two datasets of Fe"),
        ([], OptionError, "no dataset"),
        (["Fe.zarr.zip"], OptionError, "a str"),
        ("Fe.zarr.zip", OptionError, "a str"),
        (broken, DataError, "not finite"),
        (kev, DataError, "keV"),
        (xr.Dataset(), DataError, "schema_version"),
    ):
        with pytest.raises(EdgepairError) as caught:
            study(dataset)
        assert isinstance(caught.value, kind)
        assert words in caught.value.found


@pytest.mark.parametrize("n_jobs", [0, -1])
def test_a_number_of_processes_below_one_is_refused(synthetic_dataset: xr.Dataset, n_jobs: int) -> None:
    with pytest.raises(OptionError, match="processes"):
        study(synthetic_dataset, n_jobs=n_jobs)


def test_two_processes_find_the_same_numbers_as_one(synthetic_dataset: xr.Dataset) -> None:
    settings = {"modalities": ["xanes", "xanes+pdf"], "tasks": ["oxidation_state", "bond_length"]}
    one = study(synthetic_dataset, quick=False, repeats=2, n_jobs=1, **settings)
    two = study(synthetic_dataset, quick=False, repeats=2, n_jobs=2, **settings)
    for name in ("scores", "predictions", "importances", "learning", "curves"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert one.findings == two.findings


def test_another_seed_gives_other_numbers(synthetic_dataset: xr.Dataset) -> None:
    one, two = (study(synthetic_dataset, tasks=["bond_length"], seed=seed) for seed in (0, 1))
    assert not one.scores["value"].equals(two.scores["value"])
    assert not one.predictions["fold"].equals(two.predictions["fold"])


def test_an_absorber_does_not_depend_on_its_company(make_synthetic: Callable[..., xr.Dataset]) -> None:
    from edgepair.conventions import edge_energy

    iron = make_synthetic()
    copper = make_synthetic(absorber="Cu", absorber_edge=edge_energy("Cu"))
    settings: dict[str, Any] = {"modalities": ["pdf", "dpdf"], "tasks": ["coordination_number"]}
    alone = study(iron, **settings)
    together = study([copper, iron], **settings)
    mine = together.scores[together.scores["absorber"] == "Fe"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.scores, mine)
    assert {item.absorber for item in together.findings} == {"Fe", "Cu", "all"}


def test_bootstrap_draws_of_different_absorbers_are_independent(
    make_synthetic: Callable[..., xr.Dataset],
) -> None:
    """The same PDFs under two names: equal scores, but intervals from draws of their own."""
    from edgepair.conventions import edge_energy

    iron, copper = make_synthetic(), make_synthetic(absorber="Cu", absorber_edge=edge_energy("Cu"))
    result = study([iron, copper], modalities=["pdf"], tasks=["coordination_number"])
    one, two = (result.scores[result.scores["absorber"] == name] for name in ("Fe", "Cu"))
    np.testing.assert_array_equal(one["value"], two["value"])
    assert not np.array_equal(one["lower"], two["lower"])
    np.testing.assert_allclose(one["lower"], two["lower"], atol=0.08)


def test_repeats_follow_the_number_of_sites(synthetic_dataset: xr.Dataset) -> None:
    result = study(synthetic_dataset, quick=False, tasks=["oxidation_state"], trees=2)
    often = StudyConfig.check().repeats_for(60)
    assert result.config["repeats"] == {"Fe oxidation_state": often}
    assert set(result.predictions["repeat"]) == set(range(often))


def test_progress_rises_to_its_end(synthetic_dataset: xr.Dataset) -> None:
    steps: list[Progress] = []
    study(synthetic_dataset, tasks=["oxidation_state"], on_progress=steps.append)
    done = [step.done for step in steps]
    assert done[0] == 0
    assert done == sorted(done)
    assert done[-1] == pytest.approx(steps[-1].total)
    assert "Fe" in steps[-1].text


def test_inputs_are_not_changed(synthetic_dataset: xr.Dataset) -> None:
    before = synthetic_dataset.copy(deep=True)
    study(synthetic_dataset, modalities=["xanes+pdf"])
    xr.testing.assert_identical(synthetic_dataset, before)


def test_study_json_tells_how_to_repeat_it(finished_study: StudyResult) -> None:
    config = finished_study.config
    assert config["config"]["seed"] == 0
    assert config["bootstrap_draws"] == 1000
    assert {"python", "numpy", "scikit-learn"} <= set(config["versions"])
    assert config["data"][0]["sites"] == 60
    assert len(config["data_sha256"]["Fe"]) == 64
    assert config["seconds"] > 0


def test_the_checksum_follows_the_data(synthetic_dataset: xr.Dataset) -> None:
    changed = synthetic_dataset.copy(deep=True)
    changed["formula"].values[0] = "Other"
    sums = [
        study(dataset, tasks=["bond_length"], trees=1).config["data_sha256"]["Fe"]
        for dataset in (synthetic_dataset, synthetic_dataset.copy(deep=True), changed)
    ]
    assert sums[0] == sums[1] != sums[2]
