"""``edgepair interpret``: files, exit codes, what is printed and refused; one measured sample."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepair.interpretation import Interpretation
from edgepair.interpretation.result import COLUMNS

Call = Callable[..., Any]
# The function of that name hides the module it stands in.
ORCHESTRATOR = sys.modules["edgepair.interpretation.run"]
SMALL = (
    "--trees", 4, "--repeats", 1, "--jobs", 1, "--task", "oxidation_state", "--modality", "xanes,dpdf",
    "--shap-rows", 0,
)  # fmt: skip
FILES = sorted(["interpretation.json", "report.html", *(f"{name}.csv" for name in COLUMNS)])


@pytest.fixture(scope="module")
def _one_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def same_fits(quiet_place: Path, _one_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all tests here share the fits of the first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(_one_cache))


def ask(edgepair: Call, saved: Path, *more: object) -> Any:
    return edgepair("interpret", "--data", saved, *SMALL, *more)


def test_tables_page_and_words(edgepair: Call, saved: Path, quiet_place: Path) -> None:
    done = ask(edgepair, saved, "--out", "why")
    assert (done.code, done.err) == (0, "")
    assert [path.name for path in quiet_place.iterdir()] == ["why"]
    assert sorted(path.name for path in (quiet_place / "why").iterdir()) == FILES
    assert "Fe, oxidation state" in done.out
    assert "why/report.html" in done.out
    assert "\x1b" not in done.out
    # What is printed is what is in the files: here the edge holds the state.
    result = Interpretation.load("why")
    assert set(result.importances["modality"]) == {"xanes", "dpdf", "xanes+dpdf"}
    rows = result.importances.query(
        "modality == 'xanes' and kind == 'permutation' and grouping == 'region' and name == 'edge'"
    )
    line = next(line for line in done.out.splitlines() if re.match(r" +edge, |XANES +edge, ", line))
    assert f"{rows['value'].iloc[0]:.2f} (" in line
    # The same command again replaces its own folder.
    assert ask(edgepair, saved, "--out", "why", "--quiet").code == 0
    assert [path.name for path in quiet_place.iterdir()] == ["why"]


def test_json_is_one_document_and_nothing_else(edgepair: Call, saved: Path) -> None:
    done = ask(edgepair, saved, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == 1
    document = json.loads(done.out)
    assert set(document) == {
        "out", "regions", "scores", "contributions", "importances", "movement", "number_scores",
        "stability", "sentences", "warnings", "skipped",
    }  # fmt: skip
    assert document["out"] == "edgepair-interpretation"
    assert {row["technique"] for row in document["regions"]} == {"xanes", "dpdf"}
    assert document["sentences"][0]["regions"]


def test_what_could_not_be_done_is_named_and_ends_with_one(
    edgepair: Call, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ORCHESTRATOR, "shap_is_missing", lambda: True)
    one = ("interpret", "--data", saved, *SMALL[:-2], "--modality", "xanes")
    assert edgepair(*one).code == 0, "SHAP was not asked for by name"
    assert edgepair(*one, "--strict").code == 1
    done = edgepair(*one, "--shap-rows", 9)
    assert (done.code, done.err) == (1, "")
    assert "Left out:" in done.out
    assert "edgepair[explain]" in done.out


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--task", "colour"), "colour"),
        (("--modality", "xanes+pdf"), "combination"),
        (("--folds", "1"), "1"),
        (("--item", "scan1"), "--item without --sample"),
        (("--sample", "a.xdi", "--trees", "5"), "--trees with --sample"),
        (("--sample", "a.xdi", "--report", "why.pdf"), ".pdf"),
        (("--sample", "a.xdi", "--report", "why.pdf"), "--report why.html"),
        (("--out", "."), "--out edgepair-interpretation"),
        (("--sample", "a.xdi", "--absorber", "Fe,Mn"), "Fe, Mn"),
        (("--sample", "missing.xdi"), "missing.xdi"),
    ],
)
def test_what_makes_no_sense_is_refused_in_four_parts(
    edgepair: Call, quiet_place: Path, arguments: tuple[str, ...], found: str
) -> None:
    done = edgepair("interpret", *arguments)
    assert (done.code, done.out) == (2, "")
    assert found in done.err
    assert [part for part in ("Found:", "Needed:", "Try:") if part not in done.err] == []
    assert list(quiet_place.iterdir()) == []


def test_a_folder_of_someone_else_is_left_alone(edgepair: Call, saved: Path, quiet_place: Path) -> None:
    (quiet_place / "mine").mkdir()
    (quiet_place / "mine" / "thesis.txt").write_text("precious", encoding="utf-8")
    done = ask(edgepair, saved, "--out", "mine")
    assert done.code == 2
    assert "interpretation" in done.err
    assert [path.name for path in (quiet_place / "mine").iterdir()] == ["thesis.txt"]


def test_an_interruption_says_that_fits_are_kept(
    edgepair: Call, saved: Path, quiet_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edgepair.study.fits.Runner.run", stop)
    done = ask(edgepair, saved, "--out", "why")
    assert done.code == 130
    assert "finished fits are kept" in done.err
    assert list(quiet_place.iterdir()) == []


def hematite(shared: Path) -> Path:
    return shared / "data" / "experiment" / "xanes" / "Fe" / "bmm-standards__Fe-Hematite.xdi"


def test_a_sample_region_by_region(edgepair: Call, shared: Path, fake: Any) -> None:
    done = edgepair("interpret", "--sample", hematite(shared), "--shift", 0.5, "--report", "why.html")
    assert (done.code, done.err) == (0, "")
    assert fake.calls[0]["shift"] == 0.5
    assert fake.calls[0]["explain"] is True
    lines = done.out.splitlines()
    first, last = (
        next(line for line in lines if line.startswith(name))
        for name in ("average of the training", "answer")
    )
    regions = lines[lines.index(first) + 1 : lines.index(last)]
    # Two digits each: the sum of five rounded numbers is within 0.03 of the rounded sum.
    told = [float(line.split("  ")[-1].replace("−", "-")) for line in [first, *regions, last]]
    assert sum(told[:-1]) == pytest.approx(told[-1], abs=0.003)
    assert "! no energy calibration" in done.out
    page = Path("why.html").read_text(encoding="utf-8")
    assert "added to the oxidation state" in page
    assert "bmm-standards__Fe-Hematite.xdi" in page
    assert str(shared) not in page


def test_a_sample_as_json_for_some_tasks(edgepair: Call, shared: Path, fake: Any) -> None:
    told = edgepair("interpret", "--sample", hematite(shared), "--task", "oxidation_state", "--json")
    document = json.loads(told.out)
    assert set(document) == {"files", "absorber", "answers", "contributions", "warnings"}
    assert {row["task"] for row in document["contributions"]} == {"oxidation_state"}
    added = sum(row["contribution"] for row in document["contributions"])
    row = document["contributions"][0]
    assert row["base"] + added == pytest.approx(row["answer"], abs=1e-6)
    other = edgepair("interpret", "--sample", hematite(shared), "--modality", "pdf")
    assert other.code == 2
    assert "a sample of xanes" in other.err


def test_two_samples_at_once_are_refused(edgepair: Call, shared: Path) -> None:
    second = hematite(shared).with_name("bmm-standards__Fe-Siderite.xdi")
    done = edgepair("interpret", "--sample", hematite(shared), "--sample", second)
    assert done.code == 2
    assert "2 samples" in done.err


@pytest.mark.slow
def test_a_measured_sample_with_the_real_models(edgepair: Call, shared: Path) -> None:
    """Known value: ../shared/data/experiment/xanes_index.csv (hematite: 3)."""
    done = edgepair("interpret", "--sample", hematite(shared), "--report", "why.html")
    assert done.code == 0
    rows = {re.split(r",|  ", line)[0]: line for line in done.out.splitlines()}
    names = ["average of the training data", "pre-edge", "edge", "white line", "answer"]
    assert [name for name in names if name not in rows] == []
    assert float(rows["answer"].split()[1]) == pytest.approx(3, abs=0.34)
