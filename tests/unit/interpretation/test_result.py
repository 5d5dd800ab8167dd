"""Keeping an interpretation: whole or not at all, and never in place of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from edgepair.conventions import DataError, OutputError
from edgepair.interpretation import INTERPRETATION_FOLDER, Interpretation
from edgepair.interpretation.result import COLUMNS


@pytest.fixture
def made() -> Interpretation:
    texts = {"absorber", "task", "modality", "technique", "kind", "grouping", "name", "title", "region"}
    texts |= {"unit", "cluster", "of", "learner", "metric", "number", "class", "sentence", "group"}
    tables: dict[str, Any] = {
        name: pd.DataFrame([{c: "2" if c in texts else 0.5 for c in columns}] * 2)
        for name, columns in COLUMNS.items()
    }
    tables["dependence"].loc[1, "class"] = ""
    tables["stability"].loc[1, ["sentence", "lower"]] = ["", float("nan")]
    return Interpretation(**tables, config={"warnings": ["few"], "skipped": [], "seconds": 1.5})


def test_what_is_saved_is_loaded(made: Interpretation, tmp_path: Path) -> None:
    folder = made.save(tmp_path / "out")
    back = Interpretation.load(folder)
    assert back.config == made.config
    assert (back.warnings, back.skipped, back.complete) == (["few"], [], True)
    for name in COLUMNS:
        told = getattr(back, name)
        assert list(told.columns) == list(getattr(made, name).columns)
        assert len(told) == 2
    assert back.dependence["class"].tolist() == ["2", ""]
    assert back.stability["sentence"].tolist() == ["2", ""]
    assert back.stability["lower"].isna().tolist() == [False, True]


def test_an_earlier_interpretation_is_replaced_as_a_whole(made: Interpretation, tmp_path: Path) -> None:
    folder = made.save(tmp_path / "out")
    (folder / "report.html").write_text("old")
    made.save(folder)
    assert not (folder / "report.html").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_something_else_is_left_as_it_is(made: Interpretation, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for act in (lambda: made.save(folder), lambda: INTERPRETATION_FOLDER.check(folder)):
        with pytest.raises(OutputError) as caught:
            act()
        assert str(caught.value).startswith(f"cannot write the interpretation to {str(folder)!r}")
    assert [entry.name for entry in folder.iterdir()] == ["notes.txt"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["study"]


def test_a_file_among_ours_keeps_the_folder(made: Interpretation, tmp_path: Path) -> None:
    folder = made.save(tmp_path / "out")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError):
        made.save(folder)
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("there", [False, True])
def test_nothing_is_left_of_what_failed(made: Interpretation, tmp_path: Path, there: bool) -> None:
    target = tmp_path / "out"
    if there:
        made.save(target)
    before = sorted(entry.name for entry in tmp_path.rglob("*"))

    def write_half() -> None:
        with INTERPRETATION_FOLDER.staged(target) as folder:
            (folder / "half.csv").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("spoil", ["missing", "column", "json", "other"])
def test_a_damaged_folder_is_not_loaded(made: Interpretation, tmp_path: Path, spoil: str) -> None:
    folder = made.save(tmp_path / "out")
    if spoil == "missing":
        (folder / "scores.csv").unlink()
    elif spoil == "column":
        (folder / "scores.csv").write_text("absorber,task\nMn,bond_length\n")
    elif spoil == "json":
        (folder / "interpretation.json").write_text("{")
    else:
        (folder / "interpretation.json").write_text("[]")
    with pytest.raises(DataError) as caught:
        Interpretation.load(folder)
    assert "edgepair interpret" in caught.value.needed


def test_what_a_killed_run_left_beside_is_no_hindrance(made: Interpretation, tmp_path: Path) -> None:
    target = made.save(tmp_path / "why")
    made.save(tmp_path / ".why-new")  # written in full, not yet put in its place
    made.save(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".why-new", "why"]
