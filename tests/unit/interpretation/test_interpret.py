"""The interpretation as a whole: it finds what was planted, says what it lacks, and repeats itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import OptionError
from edgepair.interpretation import Interpretation, interpret, rounds, shap_values
from edgepair.interpretation.result import COLUMNS
from edgepair.study import Progress

TASKS = ["oxidation_state", "bond_length"]


@pytest.fixture(scope="module", autouse=True)
def _few_exchanges() -> Iterator[None]:
    """Exchanged labels are tested elsewhere; here they only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "PERMUTATIONS", 3)
        yield


def small(dataset: xr.Dataset, **changes: Any) -> Interpretation:
    settings: dict[str, Any] = {
        "tasks": ["oxidation_state"], "techniques": ["xanes"], "trees": 8, "repeats": 1, "n_jobs": 1,
        "cache": False,
    }  # fmt: skip
    return interpret(dataset, **(settings | changes))


@pytest.fixture(scope="module")
def found(_synthetic_original: xr.Dataset) -> Interpretation:
    return small(_synthetic_original, tasks=TASKS, techniques=["dpdf", "xanes"], trees=15, repeats=2)


def region(result: Interpretation, task: str, modality: str, kind: str = "permutation") -> pd.DataFrame:
    rows = result.importances.query(
        "task == @task and modality == @modality and kind == @kind and grouping == 'region'"
    )
    return rows.set_index(["technique", "name"])


def test_the_edge_tells_the_oxidation_state_and_the_first_shell_the_length(found: Interpretation) -> None:
    """As `make_synthetic_dataset` plants them."""
    for kind in ["permutation"] if shap_values.shap_is_missing() else ["permutation", "shap"]:
        state = region(found, "oxidation_state", "xanes", kind)
        assert state["value"].idxmax() == ("xanes", "edge")
        length = region(found, "bond_length", "dpdf", kind)
        assert length["value"].idxmax() == ("dpdf", "first_shell")
        assert length.loc[("dpdf", "first_shell"), "lower"] > 0
        assert length.loc[("dpdf", "before_first_shell"), "value"] < 0.3 * length["value"].max()


def test_tables_have_their_columns_and_all_that_was_asked_for(found: Interpretation) -> None:
    for name, columns in COLUMNS.items():
        table = getattr(found, name)
        assert list(table.columns[: len(columns)]) == list(columns), name
        assert len(table), name
    for name in ("importances", "scores", "movement", "dependence", "number_scores"):
        assert set(getattr(found, name)["task"]) == set(TASKS), name
    assert set(found.importances["modality"]) == {"xanes", "dpdf", "xanes+dpdf"}
    assert (
        found.importances.groupby(["task", "modality", "kind", "grouping", "technique", "name"]).size().max()
        == 1
    )
    kinds = {"label_permutation", "rank_over_refits", "agreement", "points_against_region"}
    assert kinds <= set(found.stability["kind"])
    assert found.complete or shap_values.shap_is_missing()


def test_parts_add_up(found: Interpretation) -> None:
    table = found.importances.query("kind == 'impurity' and grouping != 'point'")
    for _, rows in table.groupby(["task", "modality", "grouping"]):
        assert rows["value"].sum() == pytest.approx(1.0, abs=1e-5)
    shares = found.contributions.query("kind == 'shapley'").groupby("task")["value"].sum()
    gains = found.contributions.query("kind == 'alone' and technique == 'xanes+dpdf'").set_index("task")[
        "value"
    ]
    np.testing.assert_allclose(shares.sort_index(), gains.sort_index(), atol=1e-9)


def test_intervals_hold_their_values(found: Interpretation) -> None:
    table = found.importances
    slack = 0.02 * table["value"].abs() + 1e-9
    assert (table["lower"] <= table["value"] + slack).all()
    assert (table["value"] - slack <= table["upper"]).all()
    shap = table.query("kind == 'shap' and task == 'oxidation_state'")
    assert shap["value"].between(0, 1).all()


def test_single_points_hide_what_their_region_holds(found: Interpretation) -> None:
    rows = found.stability.query("kind == 'points_against_region' and task == 'oxidation_state'")
    edge = rows.set_index("name").loc["edge"]
    assert edge["value"] < 0.8
    assert "neighbours stand in" in edge["sentence"]


def test_the_same_seed_gives_the_same_numbers_with_more_processes(synthetic_dataset: xr.Dataset) -> None:
    one, two = (small(synthetic_dataset, trees=3, shap_rows=20, n_jobs=n) for n in (1, 2))
    for name in COLUMNS:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_what_is_finished_is_not_done_again(
    synthetic_dataset: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seen: list[Progress] = []
    first = small(synthetic_dataset, trees=5, cache=True)
    second = small(synthetic_dataset, trees=5, cache=True, on_progress=seen.append)
    assert all(step.cached for step in seen[1:])
    assert seen[-1].done == pytest.approx(seen[-1].total)
    pd.testing.assert_frame_equal(first.importances, second.importances)
    assert len(list(tmp_path.rglob("*.part"))) == 0


def test_without_shap_all_else_is_done_and_the_remedy_told(
    synthetic_dataset: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = sys.modules["edgepair.interpretation.run"]
    monkeypatch.setattr(home, "shap_is_missing", lambda: True)
    result = small(synthetic_dataset, trees=5)
    assert "edgepair[explain]" in result.skipped[-1]["reason"]
    assert result.complete, "SHAP was not asked for by name"
    assert not small(synthetic_dataset, trees=5, shap_rows=9).complete
    assert set(result.importances["kind"]) == {"permutation", "impurity"}
    quiet = small(synthetic_dataset, trees=5, shap_rows=0)
    assert quiet.complete


def test_what_the_data_lack_is_left_out_by_default_and_told_when_asked_for(
    synthetic_dataset: xr.Dataset,
) -> None:
    lacking = synthetic_dataset.drop_vars(["G", "G_M"])
    assert small(lacking, techniques=None, trees=5, shap_rows=0).complete
    asked = small(lacking, techniques=["xanes", "dpdf"], trees=5, shap_rows=0)
    assert [item["modality"] for item in asked.skipped if item["whole"]] == ["dpdf"]
    assert set(asked.scores["modality"]) == {"xanes"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"techniques": ["xanes+pdf"]}, "a combination"),
        ({"techniques": ["xane"]}, "did you mean 'xanes'"),
        ({"shap_rows": -1}, "shap_rows -1"),
        ({"n_jobs": 0}, "n_jobs 0"),
        ({"trees": 0}, "trees 0"),
        ({"tasks": []}, "tasks []"),
    ],
)
def test_settings_that_are_not_understood(
    synthetic_dataset: xr.Dataset, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError) as caught:
        small(synthetic_dataset, **changes)
    assert words in str(caught.value)
    assert "study" not in str(caught.value)


def test_curves_without_an_edge_are_said_to_have_no_regions(synthetic_dataset: xr.Dataset) -> None:
    rng = np.random.default_rng(0)
    synthetic_dataset["mu"].values[:] = rng.normal(size=synthetic_dataset["mu"].shape)
    result = small(synthetic_dataset, trees=3, shap_rows=0)
    assert result.regions["region"].tolist() == ["whole"]
    assert "Fe: no edge or first peak is recognised in the XANES curves" in result.warnings[0]


def test_neutron_pdfs_are_explained_where_there_are_no_others(synthetic_dataset: xr.Dataset) -> None:
    neutron = synthetic_dataset.drop_vars(["mu", "G", "G_M"])
    result = small(neutron, techniques=None, tasks=["bond_length"], shap_rows=0)
    assert set(result.regions["technique"]) == {"npdf"}
    assert result.skipped == []


def test_materials_that_stand_for_formulas_are_named(synthetic_dataset: xr.Dataset) -> None:
    unnamed = synthetic_dataset.assign_attrs(groups="material")
    assert any("no formulas are given" in text for text in small(unnamed, shap_rows=0).warnings)
    assert not any("no formulas" in text for text in small(synthetic_dataset, shap_rows=0).warnings)


def test_noise_is_not_said_to_have_been_learned(synthetic_dataset: xr.Dataset) -> None:
    """Labels that have nothing to do with the curves: forests follow them, and nothing is claimed."""
    from edgepair.report.interpretation.words import dependence_sentences

    rng = np.random.default_rng(2)
    n = synthetic_dataset.sizes["site"]
    synthetic_dataset["coordination_number"].values[:] = rng.choice([4.0, 6.0], n)
    result = small(synthetic_dataset, tasks=["coordination_number"], trees=5, shap_rows=0)
    row = result.number_scores.query("metric == 'f1_weighted'").iloc[0]
    assert row["better_lower"] < 0
    (told,) = dependence_sentences(result.dependence, result.number_scores)
    assert "not shown to be more than guessing" in told
    exchanged = result.stability.query("kind == 'rank_over_refits' and name == 'cluster_exchanged'")
    assert set(exchanged["modality"]) == set(result.importances["modality"]) - {"pdf", "dpdf"}
