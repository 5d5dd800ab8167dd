"""``edgepair study``: files, exit codes, what is printed where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.dataset import open_dataset, save_dataset
from edgepair.study import StudyResult

FILES = [
    "curves.csv", "findings.json", "importances.csv", "learning.csv", "predictions.csv", "report.html",
    "scores.csv", "study.json",
]  # fmt: skip
SMALL = ("--quick", "--trees", "4", "--jobs", "1", "--modality", "xanes,pdf", "--task", "oxidation_state")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_study_as_a_command(command: Callable[..., Any], saved: Path, quiet_place: Path) -> None:
    done = command("study", "--data", saved, *SMALL, "--jobs", "2", "--out", "out", "--figures", "print")
    assert (done.code, done.err) == (0, "")
    assert names(quiet_place) == ["out", "print"]
    cell = "Fe_oxidation_state"
    figures = (f"confusion_{cell}", f"importances_{cell}", "scores")
    drawn = [f"{name}.{kind}" for name in figures for kind in ("pdf", "svg")]
    assert names(quiet_place / "print") == drawn
    assert names(quiet_place / "out") == FILES
    assert names(quiet_place.parent / "scratch") == []
    assert "oxidation state" in done.out
    assert "XANES" in done.out
    assert "out/report.html" in done.out
    assert "\x1b" not in done.out
    assert set(StudyResult.load("out").scores["modality"]) == {"xanes", "pdf"}


def test_the_default_folder_and_no_colour_even_in_a_colourful_terminal_setting(
    command: Callable[..., Any], saved: Path, quiet_place: Path
) -> None:
    done = command("study", "--data", saved, *SMALL, TERM="xterm-256color", COLORTERM="truecolor")
    assert done.code == 0
    assert names(quiet_place) == ["edgepair-study"]
    assert "\x1b" not in done.out + done.err


def test_a_missing_part_is_named_and_ends_with_one(
    command: Callable[..., Any], saved: Path, quiet_place: Path
) -> None:
    save_dataset(open_dataset(saved).drop_vars("G_M"), "poor.zarr.zip")
    done = command("study", "--data", "poor.zarr.zip", *SMALL, "--modality", "dpdf", "--out", "out")
    assert (done.code, done.err) == (1, "")
    assert names(quiet_place / "out") == FILES
    assert "Left out:" in done.out
    assert "the data have no G_M" in done.out
    entries = json.loads((quiet_place / "out" / "study.json").read_text(encoding="utf-8"))["skipped"]
    assert [(item["modality"], item["whole"]) for item in entries] == [("dpdf", True)]


def test_a_rare_class_alone_does_not_change_the_exit_code(edgepair: Callable[..., Any], saved: Path) -> None:
    dataset = open_dataset(saved)
    dataset["oxidation_state"].values[5:8] = 7
    save_dataset(dataset, "rare.zarr.zip")
    done = edgepair("study", "--data", "rare.zarr.zip", *SMALL, "--out", "out")
    assert done.code == 0
    assert "class 7: 3 formulas" in done.out


def test_json_is_one_document_and_nothing_else(
    command: Callable[..., Any], edgepair: Callable[..., Any], saved: Path
) -> None:
    done = command("study", "--data", saved, *SMALL, "--json", "--out", "out")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == 1
    document = json.loads(done.out)
    assert set(document) == {"out", "scores", "findings", "skipped"}
    assert document["out"] == "out"
    table = pd.read_csv("out/scores.csv")
    assert len(document["scores"]) == len(table)
    np.testing.assert_allclose([row["value"] for row in document["scores"]], table["value"], rtol=1e-5)
    assert document["findings"][0]["finding"] == "xanes_beats_pdf"


def test_quiet_prints_nothing(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair("study", "--data", saved, *SMALL, "--quiet", "--out", "out")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert names(Path("out")) == FILES


def test_lists_repeat_or_take_commas(edgepair: Callable[..., Any], saved: Path) -> None:
    base = ("study", "--data", saved, "--quick", "--trees", "2", "--jobs", "1", "--quiet")
    asked = (
        ("--task", "bond_length,oxidation_state", "--modality", "xanes, pdf+xanes",
         "--learner", "stock,forest"),
        ("--task", "bond_length", "--task", "oxidation_state", "--modality", "xanes", "--modality",
         "xanes+pdf", "--learner", "stock", "--learner", "forest"),
    )  # fmt: skip
    for number, options in enumerate(asked):
        assert edgepair(*base, *options, "--out", f"out{number}").code == 0
    one, two = (Path(f"out{number}", "scores.csv").read_text() for number in range(2))
    assert one == two
    table = pd.read_csv("out0/scores.csv")
    assert set(table["task"]) == {"oxidation_state", "bond_length"}
    assert set(table["modality"]) == {"xanes", "xanes+pdf"}
    assert set(table["learner"]) == {"stock", "forest", "dummy"}


def test_options_reach_the_study(
    edgepair: Callable[..., Any], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepair.models.fitting.TUNING_TREES", 1)
    done = edgepair(
        "study", "--data", saved, *SMALL, "--split", "material", "--folds", "3", "--repeats", "2",
        "--seed", "7", "--tune", "--out", "out", "--absorber", "Fe",
    )  # fmt: skip
    assert done.code == 0
    assert "split by material" in done.out
    settings = StudyResult.load("out").config["config"]
    expected = {"split": "material", "folds": 3, "repeats": 2, "seed": 7, "trees": 4, "tune": True}
    assert {key: settings[key] for key in expected} == expected
    assert set(StudyResult.load("out").predictions["fold"]) == {0, 1, 2}


def test_the_same_command_again_replaces_its_own_folder(edgepair: Callable[..., Any], saved: Path) -> None:
    for _ in range(2):
        assert edgepair("study", "--data", saved, *SMALL, "--quiet", "--out", "out").code == 0
    assert names(Path()) == ["out"]
    assert names(Path("out")) == FILES


def test_only_the_absorbers_asked_for_are_studied(
    edgepair: Callable[..., Any], saved: Path, make_synthetic: Callable[..., xr.Dataset]
) -> None:
    from edgepair.conventions import edge_energy

    save_dataset(make_synthetic(absorber="Cu", absorber_edge=edge_energy("Cu")), "cu.zarr.zip")
    both = f"{saved},cu.zarr.zip"
    assert edgepair("study", "--data", both, "--absorber", "Cu", *SMALL, "--out", "one").code == 0
    assert set(pd.read_csv("one/scores.csv")["absorber"]) == {"Cu"}
    done = edgepair("study", "--data", both, *SMALL, "--out", "two")
    assert done.code == 0
    assert set(pd.read_csv("two/scores.csv")["absorber"]) == {"Fe", "Cu"}
    assert "all absorbers" in done.out


def test_a_bundled_absorber_needs_no_file(edgepair: Callable[..., Any]) -> None:
    done = edgepair("study", "--absorber", "Mn", *SMALL, "--trees", "2", "--json", "--out", "out")
    assert done.code == 0
    assert {row["absorber"] for row in json.loads(done.out)["scores"]} == {"Mn"}


@pytest.mark.parametrize("learner", ["dummy", "stock"])
def test_other_learners_have_a_report_too(edgepair: Callable[..., Any], saved: Path, learner: str) -> None:
    done = edgepair("study", "--data", saved, *SMALL, "--learner", learner, "--out", "out")
    assert (done.code, done.err) == (0, "")
    assert names(Path("out")) == FILES


def test_view_normalisation_and_conditions_reach_the_study(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair(
        "study", "--data", saved, "--quick", "--trees", "2", "--jobs", "1", "--task", "bond_length",
        "--modality", "dpdf", "--learner", "forest", "--view", "materials", "--per", "total", "--robustness",
        "--out", "out",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    result = StudyResult.load("out")
    settings = result.config["config"]
    assert (settings["view"], settings["per"], settings["robustness"]) == ("materials", "total", True)
    assert result.views == ("materials", "sites")
    assert set(result.scores.query("view == 'materials'")["n_sites"]) == {50}
    assert {"as_studied", "sites", "per_metal", "pdf_noise"} <= set(result.conditions["condition"])
    assert names(Path("out")) == sorted([*FILES, "conditions.csv", "robustness.csv"])
    assert "Single sites (at most 40 trees, one dealing of folds):" in done.out
    assert "dPDF per metal" in Path("out/report.html").read_text(encoding="utf-8")


def test_json_tells_the_findings_under_other_conditions(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair(
        "study", "--data", saved, "--trees", "2", "--repeats", "1", "--jobs", "1", "--task", "bond_length",
        "--modality", "xanes,pdf", "--learner", "forest", "--json", "--out", "out",
    )  # fmt: skip
    assert done.code == 0
    document = json.loads(done.out)
    assert {row["condition"] for row in document["robustness"]} == {"as_studied", "materials", "per_total"}
    assert {row["view"] for row in document["scores"]} == {"sites", "materials"}
    assert {item["view"] for item in document["findings"]} == {"sites", "materials"}


@pytest.mark.parametrize(
    ("option", "wrong", "known"),
    [("--view", "site", "one of sites, materials"), ("--per", "atom", "one of metal, total")],
)
def test_what_a_row_or_a_dpdf_cannot_be_is_refused(
    edgepair: Callable[..., Any], saved: Path, option: str, wrong: str, known: str
) -> None:
    done = edgepair("study", "--data", saved, *SMALL, option, wrong, "--out", "out")
    assert (done.code, done.out) == (2, "")
    for part in (repr(wrong), "Found:", f"Needed: {known}", "Try:"):
        assert part in " ".join(done.err.split()), part
    assert not Path("out").exists()
