"""What a row is, how the dPDF is counted, and which rows the builder's gates leave out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import TASKS, DataError
from edgepair.dataset import average_sites, select_sites
from edgepair.study import StudyResult, run_study


def study(dataset: Any, **changes: Any) -> StudyResult:
    settings = {
        "modalities": ["xanes", "dpdf", "xanes+dpdf"], "tasks": ["oxidation_state"], "learners": ["forest"],
        "quick": True, "trees": 4, "n_jobs": 1, "cache": False,
    }  # fmt: skip
    return run_study(dataset, **(settings | changes))


def gated(dataset: xr.Dataset, *sites: int, reason: str = "bond valence") -> xr.Dataset:
    """Let some sites fail a gate of the builder."""
    texts = np.array([""] * dataset.sizes["site"], dtype=object)
    texts[list(sites)] = reason
    return dataset.assign(gate=("site", texts))


def reasons(result: StudyResult) -> list[str]:
    return [item["reason"] for item in result.skipped]


def test_where_every_material_has_one_site_both_views_are_one(synthetic_dataset: xr.Dataset) -> None:
    single = select_sites(synthetic_dataset, np.arange(40))
    sites, materials = (study(single, view=view) for view in ("sites", "materials"))
    pd.testing.assert_frame_equal(
        sites.scores.drop(columns="view"), materials.scores.drop(columns="view"), check_exact=True
    )
    assert set(materials.scores["view"]) == {"materials"}
    assert (sites.view, materials.view) == ("sites", "materials")
    for one, other in zip(sites.findings, materials.findings, strict=True):
        assert (one.estimate, one.lower, one.upper, one.verdict) == (
            other.estimate, other.lower, other.upper, other.verdict,
        )  # fmt: skip
        assert (one.view, other.view) == ("sites", "materials")


def test_materials_are_the_averaged_dataset(synthetic_dataset: xr.Dataset) -> None:
    asked = study(synthetic_dataset, view="materials")
    given = study(average_sites(synthetic_dataset))
    pd.testing.assert_frame_equal(asked.scores.drop(columns="view"), given.scores.drop(columns="view"))
    assert set(asked.scores["n_sites"]) == set(asked.scores["n_materials"]) == {50}


def test_incomplete_materials_are_left_out_and_counted(synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset["complete"].values[[2, 3, 45]] = False
    result = study(synthetic_dataset, view="materials")
    assert set(result.scores["n_materials"]) == {47}
    assert "3 materials without the spectrum of a site" in reasons(result)
    assert result.complete
    assert reasons(study(synthetic_dataset)) == []
    synthetic_dataset["complete"].values[:] = False
    with pytest.raises(DataError) as caught:
        study(synthetic_dataset, view="materials")
    assert "no material has a spectrum for each of its sites" in caught.value.found


def test_the_other_view_stands_beside_the_first(finished_study: StudyResult) -> None:
    assert finished_study.views == ("sites", "materials")
    assert {item.view for item in finished_study.findings} == {"sites", "materials"}
    # Ten materials have sites of 4 and 5, or 5 and 6, or 4 and 6 neighbours; their means are no classes.
    for name, counts in (("sites", (60, 60, 60)), ("materials", (50, 40, 50))):
        part = finished_study.in_view(name)
        assert set(part.scores["view"]) == {name}
        assert {item.view for item in part.findings} == {name}
        rows = part.scores[part.scores["split"] == "formula"].groupby("task", sort=False)["n_sites"].agg(set)
        assert rows.to_dict() == {task: {count} for task, count in zip(TASKS, counts, strict=True)}
        assert part.predictions is finished_study.predictions
    assert "materials: 10 sites with a fractional label" in reasons(finished_study)
    keys = [(item.finding, item.task) for item in finished_study.in_view("sites").findings]
    assert keys == [(item.finding, item.task) for item in finished_study.in_view("materials").findings]


def test_sites_that_fail_a_gate_are_left_out_and_counted(synthetic_dataset: xr.Dataset) -> None:
    failing = (1, 20, 21, 50)
    result = study(gated(synthetic_dataset, *failing))
    assert "4 sites left out by the gates of the builder" in reasons(result)
    assert result.complete
    passing = np.setdiff1d(np.arange(60), failing)
    without = study(select_sites(synthetic_dataset, passing))
    pd.testing.assert_frame_equal(result.scores, without.scores)
    np.testing.assert_array_equal(result.predictions["predicted"], without.predictions["predicted"])
    assert reasons(study(gated(synthetic_dataset))) == []


def test_a_material_that_lost_a_site_to_a_gate_is_not_averaged(synthetic_dataset: xr.Dataset) -> None:
    result = study(gated(synthetic_dataset, 45), view="materials")  # one of two sites
    assert set(result.scores["n_materials"]) == {49}
    assert "1 site left out by the gates of the builder" in reasons(result)
    assert "1 material without the spectrum of a site" in reasons(result)


def test_the_dpdf_without_compositions_is_named(synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset.attrs["groups"] = "material"
    result = study(synthetic_dataset)
    (item,) = result.skipped
    assert (item["modality"], item["whole"]) == ("dpdf", False)
    assert "stays normalised as in the total PDF" in item["reason"]
    assert result.config["dpdf_per"] == {"Fe": "total"}
    assert result.complete
    assert reasons(study(synthetic_dataset, modalities=["xanes"])) == []
    assert reasons(study(synthetic_dataset, per="total")) == []


def test_the_normalisation_concerns_the_dpdf_alone(synthetic_dataset: xr.Dataset) -> None:
    metal, total = (study(synthetic_dataset, per=per) for per in ("metal", "total"))
    assert (metal.config["dpdf_per"], total.config["dpdf_per"]) == ({"Fe": "metal"}, {"Fe": "total"})
    assert (metal.config["config"]["per"], total.config["config"]["per"]) == ("metal", "total")
    for modality, same in (("xanes", True), ("dpdf", False)):
        one, two = (part.predictions[part.predictions["modality"] == modality] for part in (metal, total))
        chances = [name for name in one if name.startswith("p_")]
        assert np.array_equal(one[chances].to_numpy(), two[chances].to_numpy()) is same, modality
