"""``edgepair data standards``: the library of measured standards, listed and written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepair.measured import read_xanes
from edgepair.standards.standards import load_standards, read_standards

Call = Callable[..., Any]


def test_the_library_is_listed_with_its_terms(edgepair: Call) -> None:
    done = edgepair("data", "standards")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    for standard in load_standards():
        assert standard.name in done.out
        assert standard.licence in done.out
    assert "unknown" in done.out  # a shift that is not known is not a shift of zero
    assert "edgepair data standards" in edgepair("data", "--absorber", "Fe").out


def test_json_has_the_documented_keys(edgepair: Call) -> None:
    entries = json.loads(edgepair("data", "standards", "--absorber", "Co", "--json").out)
    assert {entry["absorber"] for entry in entries} == {"Co"}
    assert list(entries[0]) == [
        "name", "compound", "absorber", "n_points", "energy_first", "energy_last", "oxidation_state",
        "coordination_number", "bond_length", "energy_shift", "quality", "beamline", "sample", "source",
        "licence",
    ]  # fmt: skip
    assert len(entries) == len(load_standards("Co"))
    unknown = [entry["name"] for entry in entries if entry["energy_shift"] is None]
    assert unknown == [s.name for s in load_standards("Co") if np.isnan(s.energy_shift)]


def test_what_is_written_reads_back_as_standards(edgepair: Call) -> None:
    done = edgepair("data", "standards", "CoO", "LiCoO2", "--save", "mine")
    assert (done.code, done.err) == (0, "")
    table = Path("mine/standards.csv")
    with table.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    chosen = [s for s in load_standards("Co") if s.compound in ("CoO", "LiCoO2")]
    assert [row["compound"] for row in rows] == [s.compound for s in chosen]
    assert {path.name for path in Path("mine").iterdir()} == {"standards.csv", *(row["file"] for row in rows)}
    for standard, original in zip(read_standards(table), chosen, strict=True):
        (scan,) = read_xanes(Path("mine") / standard.name)
        assert (scan.absorber, scan.header["Sample.name"]) == ("Co", standard.compound)
        assert scan.energy == pytest.approx(original.energy, abs=1e-3)
        assert scan.mu == pytest.approx(original.mu, abs=1e-5)
        assert standard.oxidation_state == original.oxidation_state
        assert standard.bond_length == pytest.approx(original.bond_length)
        # A calibration that was known is known again, and adds nothing twice.
        assert np.isnan(standard.energy_shift) == np.isnan(original.energy_shift)
        assert abs(np.nan_to_num(standard.energy_shift)) < 1e-9
        text = (Path("mine") / standard.name).read_text(encoding="utf-8")
        assert original.licence in text
        assert original.source in text


def test_a_table_of_ones_own_is_listed(edgepair: Call) -> None:
    edgepair("data", "standards", "CoO", "--save", "mine")
    done = edgepair("data", "standards", "--standards", "mine/standards.csv", "--json")
    assert {entry["compound"] for entry in json.loads(done.out)} == {"CoO"}
    listed = edgepair("data", "standards", "--standards", "mine/standards.csv").out
    assert "NIST" not in listed


def test_a_table_that_is_there_is_kept(edgepair: Call) -> None:
    Path("mine").mkdir()
    Path("mine/standards.csv").write_text("file,compound\n", encoding="utf-8")
    done = edgepair("data", "standards", "CoO", "--save", "mine")
    assert (done.code, done.out) == (2, "")
    assert "may be your own" in done.err
    assert [path.name for path in Path("mine").iterdir()] == ["standards.csv"]
    assert Path("mine/standards.csv").read_text(encoding="utf-8") == "file,compound\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--absorber", "Zn"), "one of Co, Cr, Cu, Fe, Mn, Ni, Ti, V"),
        (("Coo3",), "cannot choose the standard 'Coo3'"),
        (("--standards", "nowhere.csv"), "cannot read the standards"),
        (("CoO", "--save", "file.txt"), "cannot write standards into"),
        (("CoO", "--save", "file.txt/deeper"), "cannot write standards into"),
    ],
)
def test_what_cannot_be_is_refused_in_four_parts(
    edgepair: Call, arguments: tuple[str, ...], said: str
) -> None:
    Path("file.txt").write_text("mine", encoding="utf-8")
    done = edgepair("data", "standards", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("Try:") == 1
    assert Path("file.txt").read_text(encoding="utf-8") == "mine"
