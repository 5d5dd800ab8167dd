"""``edgepair mix``: mixtures of library and own standards, what is printed, written and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.conventions import DataError
from edgepair.mixtures.scan import COLUMNS
from edgepair.standards.standards import Standard, load_standards

Call = Callable[..., Any]
PARTS = {"bmm-standards__Fe-Hematite.xdi": 0.7, "bmm-standards__Fe-Siderite.xdi": 0.3}
NOISE = 0.002


def library(name: str) -> Standard:
    return next(standard for standard in load_standards("Fe") if standard.name == name)


def write_mixture(path: str, parts: dict[str, float], *, seed: int = 0, header: str = "") -> Path:
    """Write a spectrum mixed of library standards, with noise, as columns."""
    energy = np.r_[np.arange(7000.0, 7090, 5), np.arange(7090.0, 7160, 0.4), np.arange(7160.0, 7355, 3)]
    mu = sum(part * np.interp(energy, library(name).energy, library(name).mu) for name, part in parts.items())
    mu = 0.8 * (mu + np.random.default_rng(seed).normal(0, NOISE, len(energy))) + 0.4
    rows = "\n".join(f"{x:.2f} {y:.6f}" for x, y in zip(energy, mu, strict=True))
    Path(path).write_text(f"{header}# energy mu\n{rows}\n", encoding="utf-8")
    return Path(path)


@pytest.fixture
def sample() -> Path:
    return write_mixture("sample.dat", PARTS)


def test_a_mixture_of_the_library_is_found(edgepair: Call, sample: Path) -> None:
    done = edgepair("mix", sample, "--shift", 0, "--no-predict")
    assert (done.code, done.err) == (0, "")
    first = next(line for line in done.out.splitlines() if line.startswith("  1"))
    assert "hematite 0.7" in first
    assert "siderite 0." in first
    assert "+0.00 eV, as given" in done.out
    assert "a shift of up to 0.5 eV allowed" in done.out
    assert "\x1b" not in done.out
    assert edgepair("mix", sample, "--shift", 0, "--no-predict", "--quiet").out == ""


def test_json_has_the_documented_keys_and_honest_errors(edgepair: Call, sample: Path) -> None:
    document = json.loads(edgepair("mix", sample, "--shift", 0, "--json", "--no-predict").out)
    assert list(document) == [
        "file", "item", "absorber", "e0", "energy_shift", "energy_error", "shift_limit", "noise", "n_points",
        "n_independent", "n_standards", "warnings", "mixtures", "model",
    ]  # fmt: skip
    assert (document["file"], document["absorber"], document["model"]) == ("sample.dat", "Fe", [])
    assert document["noise"] == pytest.approx(NOISE, rel=0.3)
    first = document["mixtures"][0]
    assert list(first)[:4] == ["rank", "parts", "shift", "shift_error"]
    parts = {part["compound"]: part for part in first["parts"]}
    assert set(parts) == {"hematite", "siderite"}
    for name, true in (("hematite", 0.7), ("siderite", 0.3)):
        assert abs(parts[name]["fraction"] - true) < 3 * parts[name]["error"]
        assert parts[name]["error"] < 0.1
    assert abs(first["oxidation_state"] - 2.7) < 3 * first["oxidation_state_error"]


def test_the_table_holds_all_combinations(edgepair: Call, sample: Path) -> None:
    other = write_mixture("other.dat", {"bmm-standards__Fe-Goethite.xdi": 1.0}, seed=1)
    done = edgepair("mix", sample, other, "--shift", 0, "--no-predict", "--out", "mixed.csv", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    table = pd.read_csv("mixed.csv", keep_default_na=False)
    assert tuple(table.columns) == COLUMNS
    assert set(table["file"]) == {"sample.dat", "other.dat"}
    sums = table.groupby(["file", "rank"])["fraction"].sum()
    assert sums.to_numpy() == pytest.approx(1, abs=1e-5)
    assert len(sums) > 10
    assert [path.name for path in Path().glob(".edgepair-*")] == []


def test_without_a_calibration_the_shift_is_free(edgepair: Call, sample: Path) -> None:
    document = json.loads(edgepair("mix", sample, "--json", "--no-predict").out)
    assert document["shift_limit"] == 2
    assert any("no energy calibration" in warning for warning in document["warnings"])
    held = json.loads(edgepair("mix", sample, "--json", "--no-predict", "--shift-limit", 0).out)
    assert {mixture["shift"] for mixture in held["mixtures"]} == {0}
    assert {mixture["shift_error"] for mixture in held["mixtures"]} == {None}


def test_own_standards_stand_alone_or_beside_the_library(edgepair: Call, sample: Path) -> None:
    saved = edgepair("data", "standards", *PARTS, "--save", "own")
    assert saved.code == 0
    alone = ("mix", sample, "--shift", 0, "--no-predict", "--standards", "own/standards.csv", "--json")
    document = json.loads(edgepair(*alone, "--no-library").out)
    assert document["n_standards"] == 2
    assert {part["compound"] for part in document["mixtures"][0]["parts"]} == {"hematite", "siderite"}
    assert document["mixtures"][0]["oxidation_state"] == pytest.approx(2.7, abs=0.03)
    beside = json.loads(edgepair(*alone).out)
    assert beside["n_standards"] == 2 + len([s for s in load_standards("Fe") if s.quality != "C"])


def test_standards_are_chosen_by_name(edgepair: Call, sample: Path) -> None:
    options = ("--shift", 0, "--no-predict", "--json")
    some = json.loads(edgepair("mix", sample, *options, "--only", "goethite,Siderite").out)
    assert {part["compound"] for mixture in some["mixtures"] for part in mixture["parts"]} <= {
        "goethite", "siderite",
    }  # fmt: skip
    less = json.loads(edgepair("mix", sample, *options, "--without", "hematite").out)
    assert "hematite" not in {part["compound"] for mixture in less["mixtures"] for part in mixture["parts"]}
    assert (
        edgepair("mix", sample, *options, "--without", "hematit").err.count("did you mean 'hematite'?") == 1
    )


def test_one_measurement_twice_is_told(edgepair: Call, sample: Path) -> None:
    Path("own.csv").write_text("file,compound,energy_shift\nsample.dat,mine,0\n", encoding="utf-8")
    own = ("--standards", "own.csv", "--shift", 0, "--no-predict")
    assert "the sample and the standard sample.dat are one measurement" in edgepair("mix", sample, *own).out
    again = write_mixture("again.dat", PARTS, seed=1)
    assert "one measurement" not in edgepair("mix", again, *own).out


def test_the_page_needs_no_network_and_no_markup_of_a_file_lives(edgepair: Call, sample: Path) -> None:
    hostile = Path("a<script>alert(1)<!--.dat")
    hostile.write_bytes(sample.read_bytes())
    done = edgepair("mix", hostile, "--shift", 0, "--no-predict", "--report", "page.html", "--quiet")
    assert (done.code, done.err) == (0, "")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "<script src" not in page
    assert page.count('class="canvas"') == 1
    assert "× hematite" in page


def answer(**changes: Any) -> dict[str, Any]:
    row = {"technique": "xanes", "task": "oxidation_state", "value": 2.71, "lower": 2.4, "upper": 3.0,
           "classes": "2;3", "probability": 0.7, "trust": "ok", "message": ""}  # fmt: skip
    return row | changes


def test_the_models_answer_stands_beside(
    edgepair: Call, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def predict(mu: Any, **options: Any) -> Any:
        seen.update(options, first=mu.energy[0])
        return SimpleNamespace(table=pd.DataFrame([answer(), answer(task="bond_length", value=np.nan)]))

    monkeypatch.setattr("edgepair.prediction.predict", predict)
    done = edgepair("mix", sample, "--shift", 1.5, "--pre", "-110,-40")
    assert "the model says: oxidation state 2.71 (2.40 to 3.00), trust: ok" in done.out
    assert seen == {"absorber": "Fe", "explain": False, "model": None, "e0": None, "shift": 1.5, "foil": None,
                    "pre": (-110, -40), "post": None, "standards": (), "first": 7000.0}  # fmt: skip
    document = json.loads(edgepair("mix", sample, "--shift", 0, "--json").out)
    assert [row["value"] for row in document["model"]] == [2.71, None]

    seen.clear()
    edgepair("mix", sample, "--shift", 0, "--quiet", "--out", "mixed.csv")
    assert seen == {}  # no model is fitted for an answer that nobody sees

    def refuse(_: Any, **__: Any) -> Any:
        raise DataError("cannot answer", found="a short scan", needed="more", suggestion="measure on")

    monkeypatch.setattr("edgepair.prediction.predict", refuse)
    assert "the model does not answer: cannot answer: a short scan" in edgepair("mix", sample).out


def test_some_failed_is_1_and_all_failed_is_2(edgepair: Call, sample: Path) -> None:
    some = edgepair("mix", sample, "missing.xdi", "--json", "--no-predict", "--out", "mixed.csv")
    assert some.code == 1
    assert "missing.xdi" in some.err
    documents = json.loads(some.out)
    assert [sorted(entry) for entry in documents[1:]] == [["error", "file", "item"]]
    assert set(pd.read_csv("mixed.csv")["file"]) == {"sample.dat"}
    none = edgepair("mix", "missing.xdi", "--no-predict", "--out", "none.csv")
    assert (none.code, none.out) == (2, "")
    assert not Path("none.csv").exists()


def test_an_element_without_standards_is_refused(edgepair: Call) -> None:
    energy = np.arange(9500.0, 9900.0, 1)  # the K edge of Zn lies at 9659 eV
    mu = 1 / (1 + np.exp(-(energy - 9662) / 1.5))
    rows = "\n".join(f"{x:.2f} {y:.6f}" for x, y in zip(energy, mu, strict=True))
    Path("zinc.dat").write_text("# energy mu\n" + rows + "\n", encoding="utf-8")
    done = edgepair("mix", "zinc.dat", "--no-predict")
    assert (done.code, done.out) == (2, "")
    assert "no standard of Zn" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "sample.dat"), "ends in .csv"),
        (("--report", "x.png"), "ends in .html"),
        (("--out", "nowhere/x.csv"), "no folder 'nowhere'"),
        (("--report", "nowhere/x.html"), "no folder 'nowhere'"),
        (("--shift", 1, "--reference", "sample.dat"), "calibrate the energies twice"),
        (("--standards", "own.csv", "--out", "own.csv"), "one of the files to be read"),
        (("--standards", "own.csv"), "cannot read the standards"),
        (("--range", "20"), "--range=-20,60"),
        (("--range", "60,-20"), "a first energy below the last"),
        (("--pre", "10,-20"), "--pre -150,-30"),
        (("--post", "2000,3000"), "cannot fit the post-edge"),
        (("--max", 0), "1 to 6"),
        (("--shift", "nan"), "--shift"),
        (("--shift-limit", 9), "0 to 5 eV"),
        (("--no-library",), "no standard of Fe"),
        (("--only", "unobtainium"), "cannot choose the standard 'unobtainium'"),
        (("--reference", "sample.dat"), "cannot calibrate energies"),
    ],
)
def test_what_cannot_be_is_refused_in_four_parts(
    edgepair: Call, sample: Path, arguments: tuple[object, ...], said: str
) -> None:
    before = sample.read_bytes()
    done = edgepair("mix", sample, "--no-predict", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    for part in ("Found:", "Needed:", "Try:"):
        assert done.err.count(part) == 1
    assert sample.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["sample.dat"]


def test_the_same_command_goes_on_after_an_interruption(
    edgepair: Call, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import edgepair.mixtures.scan as scan

    other, late = write_mixture("other.dat", PARTS, seed=1), write_mixture("late.dat", PARTS, seed=2)
    calls: list[str] = []
    mix_scan = scan.mix_scan

    def counted(one: Any, *arguments: Any, **options: Any) -> Any:
        calls.append(one.file)
        if one.file == "late.dat" and len(calls) == 3:
            raise KeyboardInterrupt
        return mix_scan(one, *arguments, **options)

    monkeypatch.setattr(scan, "mix_scan", counted)
    command = ("mix", sample, other, late, "--shift", 0, "--max", 2, "--no-predict", "--out", "m.csv")
    assert edgepair(*command).code == 130
    assert not Path("m.csv").exists()
    done = edgepair(*command)
    assert (done.code, done.err) == (0, "")
    assert calls == ["sample.dat", "other.dat", "late.dat", "late.dat"]
    assert "2 mixtures are those of an interrupted run" in done.out
    at_once = edgepair(*command[:-1], "whole.csv")
    assert (at_once.code, len(calls)) == (0, 7)
    assert Path("m.csv").read_text(encoding="utf-8") == Path("whole.csv").read_text(encoding="utf-8")
