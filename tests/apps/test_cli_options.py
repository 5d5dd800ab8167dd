"""Options that commands share: one spelling each, former ones understood, one meaning of the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from edgepair.apps.cli.main import app
from edgepair.apps.cli.options import FORMER_SPELLINGS
from edgepair.dataset import open_dataset, save_dataset

Call = Callable[..., Any]
BLOCK = ("absorber", "item", "mu", "energy_column", "energy_unit", "e0", "pre", "post", "shift", "reference")
QUICK = ("--quick", "--trees", "2", "--jobs", "1", "--quiet")


@pytest.fixture
def spectrum(quiet_place: Path) -> Path:
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    mu = 0.5 + 0.8 / (1 + np.exp(-(energy - 7124) / 1.3)) + 0.3 * np.exp(-0.5 * ((energy - 7130) / 3) ** 2)
    np.savetxt("sample.dat", np.column_stack([energy, mu, mu * 0]), header="energy mu nothing")
    return Path("sample.dat")


def options_of(name: str) -> dict[str, Any]:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    return {item.name: item for item in command.params}


@pytest.mark.parametrize("name", ["inspect", "predict", "mix", "advise", "interpret"])
def test_every_command_that_reads_spectra_has_the_same_block(name: str) -> None:
    found, model = options_of(name), options_of("predict")
    assert [part for part in BLOCK if part not in found] == []
    for part in BLOCK:
        if (name, part) != ("interpret", "absorber"):  # of several absorbers
            assert found[part].help == model[part].help
            assert found[part].opts == model[part].opts


@pytest.mark.parametrize("name", list(FORMER_SPELLINGS))
def test_a_former_spelling_leads_to_an_option_and_is_not_shown(edgepair: Call, name: str) -> None:
    shown = edgepair(name, "--help").out
    known = {word for item in options_of(name).values() for word in (*item.opts, *item.secondary_opts)}
    for former, present in FORMER_SPELLINGS[name].items():
        assert present in known
        assert former not in known
        assert f"{former} " not in shown


def test_former_spellings_do_what_they_did(edgepair: Call, spectrum: Path, saved: Path) -> None:
    assert edgepair("inspect", spectrum, "--figure", "old.html", "--quiet").code == 0
    assert edgepair("inspect", spectrum, "--report", "new.html", "--quiet").code == 0
    assert Path("old.html").read_bytes() == Path("new.html").read_bytes()
    base = ("mix", spectrum, "--absorber", "Fe", "--only", "FeO,hematite", "--json")
    assert edgepair(*base, "--no-model", "--window=-10,40").out == edgepair(
        *base, "--no-predict", "--range=-10,40"
    ).out  # fmt: skip
    refused = edgepair("advise", "--data", saved, "--task", "bond_length", "--technique=xane")
    assert (refused.code, "xane" in refused.err) == (2, True)
    # a word behind -- is a file, however it is spelled
    assert "--figure" in edgepair("inspect", "--", "--figure").err


def test_the_block_reaches_the_reader_of_each_command(edgepair: Call, spectrum: Path, saved: Path) -> None:
    """A column without an absorption is refused wherever it is named: the option is heard."""
    for command in (
        ("inspect", spectrum),
        ("predict", spectrum, "--absorber", "Fe"), ("mix", spectrum, "--absorber", "Fe"),
        ("advise", "--data", saved, "--task", "bond_length", "--have", spectrum),
        ("interpret", "--sample", spectrum, "--absorber", "Fe", "--data", saved),
    ):  # fmt: skip
        done = edgepair(*command, "--mu", "nowhere")
        assert done.code == 2, command
        assert "nowhere" in done.err
        twice = edgepair(*command, "--shift", "1", "--reference", spectrum)
        assert "cannot calibrate the energies twice" in twice.err


def test_short_spellings_and_completion(edgepair: Call) -> None:
    assert edgepair("-h").out == edgepair("--help").out
    assert edgepair("predict", "-h").out == edgepair("predict", "--help").out
    assert edgepair("-v").out == edgepair("--version").out
    assert "--install-completion" in edgepair("-h").out


def test_data_of_a_metal_a_line_or_all(edgepair: Call) -> None:
    one = edgepair("data", "Fe")
    assert (one.code, one.err) == (0, "")
    assert one.out.startswith("Fe  ")
    assert len(one.out.splitlines()) == 3
    full = edgepair("data", "Fe", "--verbose").out
    assert len(full.splitlines()) > 15
    assert full == edgepair("data", "-v", "--absorber", "Fe").out
    assert len(edgepair("data").out.splitlines()) == 10
    both = json.loads(edgepair("data", "Fe,Cu", "--json").out)
    assert [entry["absorber"] for entry in both] == ["Fe", "Cu"]
    named = edgepair("data", "standards", "Fe").out
    assert named == edgepair("data", "standards", "--absorber", "Fe").out
    narrowed = json.loads(edgepair("data", "standards", "Mn", "MnO", "--json").out)
    assert {(entry["absorber"], entry["compound"]) for entry in narrowed} == {("Mn", "MnO")}
    wrong = edgepair("data", "Zz")
    assert (wrong.code, "Zz" in wrong.err) == (2, True)


def test_what_a_rule_leaves_out_ends_with_one_only_if_strict(edgepair: Call, saved: Path) -> None:
    dataset = open_dataset(saved)
    dataset["oxidation_state"].values[5:8] = 7
    save_dataset(dataset, "rare.zarr.zip")
    rare = ("study", "--data", "rare.zarr.zip", *QUICK, "--task", "oxidation_state", "--modality", "xanes")
    assert edgepair(*rare, "--out", "one").code == 0
    assert edgepair(*rare, "--out", "two", "--strict").code == 1


def test_a_default_means_what_the_data_have(edgepair: Call, saved: Path) -> None:
    save_dataset(open_dataset(saved).drop_vars("G_M"), "poor.zarr.zip")
    study = ("study", "--data", "poor.zarr.zip", *QUICK, "--task", "oxidation_state", "--learner", "forest")
    assert edgepair(*study, "--out", "one").code == 0
    assert edgepair(*study, "--out", "two", "--strict").code == 1
    assert edgepair(*study, "--out", "three", "--modality", "xanes,dpdf").code == 1
