"""``edgepair data``: what ships, what is in a file, what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.dataset import bundled, load_bundled, open_dataset, summarise


@pytest.fixture
def broken(saved: Path) -> str:
    dataset = open_dataset(saved)
    dataset["coordination_number"].values[4] = 40
    dataset.to_zarr("broken.zarr", zarr_format=2, consolidated=False)
    return "broken.zarr"


def test_the_bundled_datasets_are_shown(edgepair: Callable[..., Any]) -> None:
    done = edgepair("data", "--verbose")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    heads = [line for line in done.out.splitlines() if line and not line.startswith(" ")]
    assert [line.split()[0] for line in heads] == list(BUNDLED_ABSORBERS)
    for word in ("sites", "materials", "formulas", "feff9", "feff10"):
        assert word in done.out
    for task in ("oxidation_state", "coordination_number", "bond_length"):
        assert done.out.count(task) == len(BUNDLED_ABSORBERS)
    assert done.out.count("sites failed a check: ") == len(BUNDLED_ABSORBERS)
    assert done.out.count("contradicted by charge balance") == len(BUNDLED_ABSORBERS)


def test_json_holds_the_same_numbers(command: Callable[..., Any]) -> None:
    done = command("data", "--absorber", "Fe,Mn", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert [item["absorber"] for item in document] == ["Fe", "Mn"]
    assert document[0] == json.loads(json.dumps(summarise(load_bundled("Fe"))))


@pytest.mark.parametrize("absorber", BUNDLED_ABSORBERS)
def test_summaries_that_ship_are_those_of_the_bundle(absorber: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else: python scripts/make_bundle.py, without data."""
    found = json.loads(json.dumps(summarise(load_bundled(absorber))))
    monkeypatch.setattr(bundled, "load_bundled", None)
    assert bundled.bundled_summary(absorber) == found


def test_an_absorber_that_does_not_ship_is_refused(edgepair: Callable[..., Any]) -> None:
    done = edgepair("data", "--absorber", "Zn")
    assert done.code == 2
    assert "Needed: one of Ti, V, Cr, Mn, Fe, Co, Ni, Cu" in done.err


def test_a_file_of_ones_own_is_shown(edgepair: Callable[..., Any], saved: Path) -> None:
    done = edgepair("data", "show", saved)
    assert done.code == 0
    assert "Fe  60 sites, 50 materials (50 complete), 40 formulas; origin user 60" in done.out
    assert "2: 30, 3: 30" in done.out
    document = json.loads(edgepair("data", "show", saved, "--json").out)
    assert document[0]["sites"] == 60


def test_a_good_file_validates(command: Callable[..., Any], saved: Path) -> None:
    done = command("data", "validate", saved)
    assert (done.code, done.err) == (0, "")
    assert "follows the schema" in done.out
    assert "60 site" in done.out


def test_a_bad_file_is_told_what_is_wrong(edgepair: Callable[..., Any], broken: str) -> None:
    done = edgepair("data", "validate", broken)
    assert (done.code, done.out) == (2, "")
    assert "'coordination_number' of site 4 is 40" in done.err
    assert "Traceback" not in done.err


def test_good_files_among_bad_ones_are_still_checked(
    edgepair: Callable[..., Any], saved: Path, broken: str
) -> None:
    done = edgepair("data", "validate", broken, saved, "nowhere.zip")
    assert done.code == 1
    assert "follows the schema" in done.out
    assert "site 4 is 40" in done.err
    assert "no such file" in done.err


@pytest.mark.parametrize("arguments", [("show",), ("validate",)])
def test_a_missing_file_is_refused(edgepair: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    done = edgepair("data", *arguments, "nowhere.zip")
    assert done.code == 2
    assert "no such file" in done.err
