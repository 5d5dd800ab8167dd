"""``edgepair advise``: what is printed, written and refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepair.advice import requirements
from edgepair.apps.cli.advise import _sample
from edgepair.apps.cli.options import SpectrumReading

Call = Callable[..., Any]
OF_MN = "row 7"
"""A spectrum of manganese in a file that holds many, of several elements."""
QUICK = ("--trees", 6, "--repeats", 1, "--jobs", 1, "--modality", "xanes,dpdf")


@pytest.fixture(autouse=True)
def small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the fits of qualities as quick as the others."""
    monkeypatch.setattr(requirements, "REQUIREMENT_TREES", 4)


def ask(edgepair: Call, saved: Path, *more: object) -> Any:
    return edgepair("advise", "--data", saved, "--task", "coordination_number", *QUICK, *more)


def test_words_tables_and_page_say_the_same(edgepair: Call, saved: Path) -> None:
    done = ask(edgepair, saved, "--report", "advice.html")
    assert (done.code, done.err) == (0, "")
    assert "Fe, coordination number: what to measure" in done.out
    gain = next(line for line in done.out.splitlines() if re.match(r"XANES +dPDF ", line))
    value = re.search(r"[+−]0\.\d{3}", gain)
    assert value is not None
    assert value.group().replace("−", "-") in done.out
    page = Path("advice.html").read_text(encoding="utf-8")
    assert value.group() in page
    assert "training materials" in page
    assert not re.search(r"<(script|link|img)[^>]*https?:", page)  # opens without a network
    assert sorted(path.name for path in Path().iterdir()) == ["advice.html"]


def test_json_is_one_document_with_the_promised_keys(edgepair: Call, saved: Path) -> None:
    done = ask(edgepair, saved, "--json", "--no-requirements")
    assert done.code == 0
    document = json.loads(done.out)
    assert {"absorber", "task", "rows", "gains", "requirements", "recommendation"} <= document.keys()
    assert document["requirements"] == []
    assert {row["technique"] for row in document["rows"]} == {"xanes", "dpdf", "xanes+dpdf"}
    assert {"have", "add", "metric", "value", "lower", "upper", "verdict"} == set(document["gains"][0])


def test_quiet_prints_nothing(edgepair: Call, saved: Path) -> None:
    done = ask(edgepair, saved, "--quiet", "--no-requirements")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--absorber", "Xx", "--task", "bond_length"), "absorber 'Xx'"),
        (("--absorber", "Mn", "--task", "valence"), "task 'valence'"),
        (("--absorber", "Mn"), "no --task"),
        (("--task", "bond_length"), "neither --absorber nor --data"),
        (("--absorber", "Mn", "--task", "bond_length", "--have", "none.xdi"), "No such file"),
        (("--absorber", "Mn", "--task", "bond_length", "--shift", "1"), "no sample"),
        (("--absorber", "Mn", "--task", "bond_length", "--report", "a.pdf"), "the ending '.pdf'"),
        (("--absorber", "Mn", "--task", "bond_length", "--report", "no/a.html"), "no folder"),
        (("--absorber", "Mn", "--task", "bond_length", "--smallest-gain", "7"), "smallest_gain 7"),
    ],
)
def test_refusals_have_four_parts_and_write_nothing(
    edgepair: Call, arguments: tuple[str, ...], found: str
) -> None:
    done = edgepair("advise", *arguments)
    assert (done.code, done.out) == (2, "")
    for part in ("Found:", "Needed:", "Try:"):
        assert part in done.err
    assert found in done.err
    assert not list(Path().iterdir())


def test_an_unreadable_sample_is_refused(edgepair: Call, saved: Path) -> None:
    Path("sample.xdi").write_text("nothing\n", encoding="utf-8")
    done = ask(edgepair, saved, "--have", "sample.xdi")
    assert done.code == 2
    assert "sample.xdi" in done.err
    assert "Try:" in done.err


def test_a_sample_of_another_element_is_refused(edgepair: Call, saved: Path, shared: Path) -> None:
    file = shared / "data" / "experiment" / "xanes" / "Cr" / "xaslib__cr2o3_100K_001.xdi"
    done = ask(edgepair, saved, "--have", file)
    assert done.code == 2
    assert "a measurement at the K edge of Cr" in done.err
    assert "ask with --absorber Cr" in done.err


@pytest.mark.parametrize(
    ("file", "option"),
    [
        ("pdf/Mn/z__x000t010q35.gr", ("--shift", "1")),
        ("xanes/Mn/xaslib__MnO2_rt_01.xdi", ("--radiation", "neutron")),
    ],
)
def test_an_option_for_a_kind_of_file_that_is_not_there_is_refused(
    edgepair: Call, shared: Path, file: str, option: tuple[str, str]
) -> None:
    sample = shared / "data" / "experiment" / file
    done = edgepair("advise", "--absorber", "Mn", "--task", "bond_length", "--have", sample, *option)
    assert done.code == 2
    assert f"cannot use {option[0]}" in done.err
    assert "Try:" in done.err


def test_an_item_of_one_file_need_not_be_in_the_other(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.prediction.predict", lambda mu, **given: (mu.item, given["G"].item))
    folder = shared / "data" / "experiment"
    files = [folder / "xanes/Mn/rfxas__experiment.csv", folder / "pdf/Mn/z__x000t010q35.gr"]
    spectrum, _ = _sample(files, None, "Mn", None, reading=SpectrumReading(item=OF_MN), radiation=None)
    assert spectrum == OF_MN


def test_another_absorber_than_the_dataset_is_refused(edgepair: Call, saved: Path) -> None:
    done = ask(edgepair, saved, "--absorber", "Mn")
    assert done.code == 2
    assert "a dataset of Fe" in done.err
