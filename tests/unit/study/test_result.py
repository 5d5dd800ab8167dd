"""Saving and loading a study: exact columns, only ever its own folder, nothing left behind."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import DataError, OutputError
from edgepair.study import STUDY_FOLDER, StudyResult, run_study

SCORES = "absorber,task,modality,learner,split,metric,value,lower,upper,n_sites,n_materials,n_formulas,view"
PREDICTIONS = "absorber,task,modality,learner,repeat,fold,site,material_id,formula,true,predicted"
IMPORTANCES = (
    "absorber,task,modality,learner,technique,axis,unit,position,position_low,position_high,"
    "kind,value,lower,upper"
)
FINDING = ["finding", "absorber", "task", "estimate", "lower", "upper", "verdict", "sentence", "view"]
ROBUSTNESS = "condition,finding,absorber,task,estimate,lower,upper,verdict"
CONDITIONS = "condition,absorber,task,modality,metric,value,lower,upper,n_sites"
TABLES = ("scores", "predictions", "importances", "learning", "curves", "robustness", "conditions")


def header(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0]


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_columns_are_those_that_others_script_against(finished_study: StudyResult, tmp_path: Path) -> None:
    folder = finished_study.save(tmp_path / "study")
    assert folder == tmp_path / "study"
    assert names(folder) == [
        "conditions.csv", "curves.csv", "findings.json", "importances.csv", "learning.csv", "predictions.csv",
        "robustness.csv", "scores.csv", "study.json",
    ]  # fmt: skip
    assert header(folder / "scores.csv") == SCORES
    assert header(folder / "predictions.csv") == PREDICTIONS + ",p_2,p_3,p_4,p_5,p_6"
    assert header(folder / "importances.csv") == IMPORTANCES
    assert header(folder / "robustness.csv") == ROBUSTNESS
    assert header(folder / "conditions.csv") == CONDITIONS
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert findings
    assert all(list(item) == FINDING for item in findings)
    assert {item["verdict"] for item in findings} <= {"holds", "does_not_hold", "undecided"}
    metrics = set(pd.read_csv(folder / "scores.csv")["metric"])
    assert metrics == {
        "f1_weighted", "f1_macro", "balanced_accuracy", "accuracy", "log_loss", "r2", "mae", "rmse",
    }  # fmt: skip
    kinds = set(pd.read_csv(folder / "importances.csv")["kind"])
    assert kinds == {"impurity", "permutation", "share", "null_share"}


def test_a_study_comes_back_as_it_was_saved(finished_study: StudyResult, tmp_path: Path) -> None:
    loaded = StudyResult.load(finished_study.save(tmp_path / "study"))
    for name in TABLES:
        was, now = getattr(finished_study, name), getattr(loaded, name)
        assert list(was.columns) == list(now.columns)
        for column in was:
            if pd.api.types.is_numeric_dtype(was[column]):
                # six digits are kept: 5e-6 of the value
                np.testing.assert_allclose(now[column], was[column], rtol=5e-6, atol=1e-12)
            else:
                assert now[column].tolist() == was[column].tolist(), (name, column)
    assert [item.verdict for item in loaded.findings] == [item.verdict for item in finished_study.findings]
    assert loaded.findings == finished_study.findings
    assert loaded.config == json.loads(json.dumps(finished_study.config))
    assert loaded.complete


def test_a_quick_study_has_no_tables_of_conditions(
    synthetic_dataset: xr.Dataset, finished_study: StudyResult, tmp_path: Path
) -> None:
    quick = run_study(
        synthetic_dataset, tasks=["bond_length"], modalities=["xanes"], learners=["forest"], trees=2,
        quick=True, n_jobs=1, cache=False,
    )  # fmt: skip
    folder = quick.save(tmp_path / "quick")
    assert not {"robustness.csv", "conditions.csv"} & set(names(folder))
    loaded = StudyResult.load(folder)
    assert (len(loaded.robustness), len(loaded.conditions)) == (0, 0)
    assert ",".join(loaded.robustness.columns) == ROBUSTNESS
    assert ",".join(loaded.conditions.columns) == CONDITIONS
    assert (loaded.view, loaded.views) == ("sites", ("sites",))
    # Of a study that has them, they may not be missing.
    (finished_study.save(tmp_path / "study") / "robustness.csv").unlink()
    with pytest.raises(DataError, match=r"robustness\.csv"):
        StudyResult.load(tmp_path / "study")


def test_saving_what_was_loaded_gives_the_same_files(finished_study: StudyResult, tmp_path: Path) -> None:
    one = finished_study.save(tmp_path / "one")
    two = StudyResult.load(one).save(tmp_path / "two")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_names_that_look_like_numbers_or_nothing_stay_names(
    finished_study: StudyResult, tmp_path: Path
) -> None:
    predictions = finished_study.predictions.copy()
    predictions["material_id"] = "007"
    predictions["formula"] = "NA"
    curves = finished_study.curves[finished_study.curves["task"] == "oxidation_state"]
    changed = dataclasses.replace(finished_study, predictions=predictions, curves=curves)
    loaded = StudyResult.load(changed.save(tmp_path / "study"))
    assert set(loaded.predictions["material_id"]) == {"007"}
    assert set(loaded.predictions["formula"]) == {"NA"}
    assert set(loaded.curves["group"]) == {"2", "3"}


def test_a_missing_number_is_null_in_json_and_empty_in_csv(
    finished_study: StudyResult, tmp_path: Path
) -> None:
    unknown = dataclasses.replace(finished_study.findings[0], lower=float("nan"), upper=float("nan"))
    scores = finished_study.scores.copy()
    scores.loc[0, "lower"] = np.nan
    changed = dataclasses.replace(finished_study, findings=(unknown,), scores=scores)
    folder = changed.save(tmp_path / "study")
    text = (folder / "findings.json").read_text(encoding="utf-8")
    assert json.loads(text)[0]["lower"] is None
    assert "NaN" not in text
    assert ",," in (folder / "scores.csv").read_text(encoding="utf-8").splitlines()[1]
    loaded = StudyResult.load(folder)
    assert np.isnan(loaded.findings[0].upper)
    assert np.isnan(loaded.scores.loc[0, "lower"])


def test_a_result_is_frozen(finished_study: StudyResult) -> None:
    for item, name in ((finished_study, "scores"), (finished_study.findings[0], "verdict")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(item, name, None)


def test_complete_means_that_no_whole_cell_is_missing(finished_study: StudyResult) -> None:
    def skipping(*whole: bool) -> bool:
        entries = [{"absorber": "Fe", "task": "", "modality": "", "reason": "x", "whole": w} for w in whole]
        return dataclasses.replace(finished_study, config={"skipped": entries}).complete

    assert skipping()
    assert skipping(False, False)
    assert not skipping(False, True)


def test_an_earlier_study_is_replaced_whole(finished_study: StudyResult, tmp_path: Path) -> None:
    folder = finished_study.save(tmp_path / "study")
    (folder / "report.html").write_text("old", encoding="utf-8")
    (folder / "scores.csv").write_text("old", encoding="utf-8")
    finished_study.save(folder)
    assert header(folder / "scores.csv") == SCORES
    assert not (folder / "report.html").exists()
    assert names(tmp_path) == ["study"]


def test_an_empty_folder_and_a_deep_new_one_are_taken(finished_study: StudyResult, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (finished_study.save(tmp_path / "empty") / "study.json").is_file()
    assert (finished_study.save(tmp_path / "a" / "b" / "c") / "study.json").is_file()
    assert names(tmp_path) == ["a", "empty"]
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o755


def other_folder(root: Path) -> Path:
    (root / "thesis").mkdir()
    (root / "thesis" / "chapter.tex").write_text("years of work")
    return root / "thesis"


def plain_file(root: Path) -> Path:
    (root / "file").write_text("in the way")
    return root / "file"


def below_a_file(root: Path) -> Path:
    return plain_file(root) / "deep" / "study"


def broken_link(root: Path) -> Path:
    (root / "link").symlink_to(root / "nowhere")
    return root / "link"


def too_long(root: Path) -> Path:
    return root / ("n" * 300)


@pytest.mark.parametrize("make", [other_folder, plain_file, below_a_file, broken_link, too_long])
def test_what_is_not_ours_is_refused_and_kept(make: Any, finished_study: StudyResult, tmp_path: Path) -> None:
    target = make(tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    listed = names(tmp_path)
    for action in (STUDY_FOLDER.check, finished_study.save):
        with pytest.raises(OutputError) as caught:
            action(target)
        assert caught.value.suggestion
        assert names(tmp_path) == listed
        assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_checking_a_place_leaves_no_trace(tmp_path: Path) -> None:
    STUDY_FOLDER.check(tmp_path / "new" / "deep")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError()]
)
def test_a_failure_midway_leaves_the_earlier_study_and_nothing_else(
    failure: BaseException, finished_study: StudyResult, tmp_path: Path
) -> None:
    folder = finished_study.save(tmp_path / "study")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    wanted = OutputError if isinstance(failure, OSError) else type(failure)

    def write_half() -> None:
        with STUDY_FOLDER.staged(folder) as scratch:
            (scratch / "scores.csv").write_text("half")
            raise failure

    with pytest.raises(wanted):
        write_half()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert names(tmp_path) == ["study"]


def test_a_failure_in_the_last_step_puts_the_earlier_study_back(
    finished_study: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = finished_study.save(tmp_path / "study")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    real = Path.rename

    def failing(self: Path, target: Any) -> Path:
        if self.name.startswith(".edgepair-") and self.name != "old" and Path(target) == folder:
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError):
        finished_study.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert names(tmp_path) == ["study"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "study.json").unlink(),
        lambda folder: (folder / "study.json").write_text("{"),
        lambda folder: (folder / "curves.csv").unlink(),
        lambda folder: (folder / "scores.csv").write_text("a,b\n1,2\n"),
        lambda folder: (folder / "scores.csv").write_text(""),
        lambda folder: (folder / "findings.json").write_text('[{"finding": "x"}]'),
        lambda folder: (folder / "findings.json").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "findings.json").write_text("[1]"),
    ],
)
def test_part_of_a_study_is_refused_in_four_parts(
    spoil: Any, finished_study: StudyResult, tmp_path: Path
) -> None:
    folder = finished_study.save(tmp_path / "study")
    spoil(folder)
    with pytest.raises(DataError, match="cannot load the study in") as caught:
        StudyResult.load(folder)
    assert caught.value.found
    with pytest.raises(DataError):
        StudyResult.load(tmp_path / "nowhere")
