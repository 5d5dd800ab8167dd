"""``edgepair study --protocol published``: files, table, report, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepair.dataset import open_dataset, save_dataset
from edgepair.study import StudyResult

SMALL = (
    "--protocol", "published", "--quick", "--repeats", "2", "--trees", "4", "--folds", "3", "--jobs", "1",
    "--modality", "xanes,xanes+pdf", "--task", "coordination_number,bond_length",
)  # fmt: skip


@pytest.fixture
def agreeing(saved: Path, quiet_place: Path) -> Path:
    dataset = open_dataset(saved)
    dataset["coordination_number"].values[50:] = dataset["coordination_number"].values[40:50]
    save_dataset(dataset, quiet_place.parent / "agreeing.zarr.zip")
    return quiet_place.parent / "agreeing.zarr.zip"


def test_the_published_protocol_as_a_command(
    command: Callable[..., Any], agreeing: Path, quiet_place: Path
) -> None:
    done = command("study", "--data", agreeing, *SMALL, "--out", "out")
    assert (done.code, done.err) == (0, "")
    assert sorted(path.name for path in (quiet_place / "out").iterdir()) == [
        "curves.csv", "differences.csv", "findings.json", "importances.csv", "learning.csv",
        "predictions.csv", "report.html", "scores.csv", "study.json",
    ]  # fmt: skip
    for words in (
        "random",
        "by formula",
        "XANES + PDF",
        "RMSE %",
        "±",
        "No curve: the",
        "Findings are judged",
        "Fe PDF:",
    ):
        assert words in done.out
    assert set(StudyResult.load("out").scores["split"]) == {"random", "formula"}
    page = (quiet_place / "out" / "report.html").read_text(encoding="utf-8")
    for words in (
        "random splits beside splits by formula", "may rest on formulas seen before",
        "read off a public notebook", "0.92–0.93", "Nadeau", "max_features", "formula seen",
        "None is judged here",
    ):  # fmt: skip
        assert words in page
    assert "http-equiv" not in page
    assert '<script src="' not in page


def test_json_holds_the_differences(edgepair: Callable[..., Any], agreeing: Path) -> None:
    done = edgepair("study", "--data", agreeing, *SMALL, "--json", "--out", "out")
    document = json.loads(done.out)
    assert set(document) == {"out", "scores", "findings", "skipped", "differences"}
    assert document["findings"] == []
    assert {"value_random", "value_formula", "difference", "lower", "upper", "seen"} <= set(
        document["differences"][0]
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--protocol", "publised"), "one of grouped, published"),
        (("--protocol", "published", "--learner", "forest"), "leave learners out"),
        (("--protocol", "published", "--split", "random"), "leave split out"),
    ],
)
def test_refusals_before_any_work(
    edgepair: Callable[..., Any], saved: Path, quiet_place: Path, options: tuple[str, ...], words: str
) -> None:
    done = edgepair("study", "--data", saved, *options, "--out", "out")
    assert done.code == 2
    assert words in done.err
    assert done.out == ""
    assert list(quiet_place.iterdir()) == []
