"""Headers of tables and keys of JSON documents are those that scripts were written against."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Structure

Call = Callable[..., Any]
SIMULATORS = Path(__file__).resolve().parents[1] / "simulators"
FITS = ("--jobs", "1", "--trees", "2", "--folds", "2")
FREE = (
    "classes", "versions", "packages", "seconds", "data", "items", "origins", "failed", "settings",
    "oxidation_state_sources", "provenance", "instrument", "stages", "techniques", "tasks", "axes",
)  # fmt: skip
"""Keys below which stand names of the data, not of ours."""


@pytest.fixture(scope="module")
def _one_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def same_fits(quiet_place: Path, _one_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all tests here share fits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(_one_cache))


@pytest.fixture
def written(key_paths: Call) -> Callable[[str], dict[str, Any]]:
    """Describe a folder: the header of each table and the keys of each document."""

    def describe(folder: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in sorted(Path(folder).iterdir()):
            if path.suffix == ".csv":
                with path.open(encoding="utf-8", newline="") as stream:
                    found[path.name] = next(csv.reader(stream))
            elif path.suffix == ".json":
                found[path.name] = key_paths(json.loads(path.read_text(encoding="utf-8")), *FREE)
            else:
                found[path.name] = "file"
        return found

    return describe


@pytest.fixture
def document(edgepair: Call, key_paths: Call) -> Callable[..., list[str]]:
    """List the keys of what a command prints."""

    def keys(*arguments: object, code: int = 0) -> list[str]:
        done = edgepair(*arguments, "--json")
        assert done.code == code, done.err
        return list(key_paths(json.loads(done.out), *FREE))

    return keys


def test_of_a_study(edgepair: Call, saved: Path, written: Call, document: Call, snapshot: Call) -> None:
    base = ("study", "--data", saved, *FITS, "--task", "coordination_number,bond_length")
    found: dict[str, Any] = {}
    found["study --json"] = document(*base, "--quick", "--contributions", "--out", "quick")
    found["study --quick --contributions"] = written("quick")
    assert edgepair(*base, "--repeats", 1, "--modality", "xanes,pdf,xanes+pdf", "--out", "full").code == 0
    found["study"] = written("full")
    published = ("--protocol", "published", "--quick", "--repeats", 2, "--modality", "xanes")
    assert edgepair(*base[:3], *FITS, *published, "--task", "bond_length", "--out", "published").code == 0
    found["study --protocol published"] = written("published")
    snapshot("study_files", found)


def test_of_an_interpretation(
    saved: Path, spectrum: Path, written: Call, document: Call, snapshot: Call
) -> None:
    base = ("interpret", "--data", saved, *FITS, "--repeats", 1, "--task", "oxidation_state,bond_length")
    found: dict[str, Any] = {}
    found["interpret --json"] = document(*base, "--modality", "xanes,pdf", "--shap-rows", 4, "--out", "why")
    found["interpret"] = written("why")
    snapshot("interpret_files", found)


def test_of_advice(saved: Path, spectrum: Path, document: Call, snapshot: Call) -> None:
    asked = ("advise", "--data", saved, "--task", "bond_length", *FITS, "--repeats", 1)
    snapshot("advise_files", {"advise --json": document(*asked, "--modality", "xanes,pdf")})


@pytest.fixture
def spectrum(quiet_place: Path) -> Path:
    """A measured spectrum with a shoulder, of two columns."""
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    mu = 0.5 + 0.8 / (1 + np.exp(-(energy - 7124) / 1.3)) + 0.3 * np.exp(-0.5 * ((energy - 7130) / 3) ** 2)
    np.savetxt("sample.dat", np.column_stack([energy, mu]), header="energy mu")
    return Path("sample.dat")


@pytest.fixture
def curve(quiet_place: Path) -> Path:
    """A measured PDF."""
    r = np.arange(0.0, 22.0, 0.02)
    G = -1.0 * r * np.exp(-0.02 * r) + 8 * np.exp(-0.5 * ((r - 2.0) / 0.1) ** 2) + np.sin(7 * r)
    header = (
        "[DEFAULT]\nmode = xray\nqmax = 25.0\ncomposition = Fe2O3\n#### start data\n#S 1\n#L r(A) G(A^-2)"
    )
    np.savetxt("sample.gr", np.column_stack([r, G]), header=header, comments="")
    return Path("sample.gr")


def test_of_measured_files(
    edgepair: Call, saved: Path, spectrum: Path, curve: Path, written: Call, document: Call, snapshot: Call
) -> None:
    found: dict[str, Any] = {}
    found["inspect --json"] = document("inspect", spectrum)
    found["inspect --json of a PDF"] = document("inspect", curve)
    Path("bad.dat").write_text("nothing\n", encoding="utf-8")
    found["inspect --json of several"] = document("inspect", spectrum, "bad.dat", code=1)
    model = ("train", "--data", saved, "--absorber", "Fe", "--model", "fe.model", "--no-library")
    short = ("--r-first", 1, "--r-last", 9, "--qmax", 18)
    found["train --json"] = document(*model, "--modality", "xanes,pdf", *short)
    asked = ("predict", spectrum, curve, "--absorber", "Fe", "--model", "fe.model", "--explain")
    Path("tables").mkdir()
    found["predict --json"] = document(*asked, "--out", "tables/predict.csv")
    mixed = ("mix", spectrum, "--max", 2, "--only", "hematite,FeO", "--absorber", "Fe")
    found["mix --json"] = document(*mixed, "--no-predict", "--out", "tables/mix.csv")
    found["tables"] = written("tables")
    sample = ("interpret", "--sample", spectrum, "--absorber", "Fe", "--data", saved, "--task", "bond_length")
    found["interpret --sample --json"] = document(*sample)
    snapshot("measured_files", found)


def test_of_data(edgepair: Call, saved: Path, written: Call, document: Call, snapshot: Call) -> None:
    found: dict[str, Any] = {}
    found["data --json"] = document("data", "--absorber", "Cu")
    found["data show --json"] = document("data", "show", saved)
    found["data standards --json"] = document("data", "standards", "--absorber", "V")
    assert edgepair("data", "standards", "V2O3", "--save", "kept").code == 0
    found["standards.csv"] = written("kept")["standards.csv"]
    snapshot("data_files", found)


def test_of_a_build(
    edgepair: Call, written: Call, document: Call, snapshot: Call, monkeypatch: pytest.MonkeyPatch,
    quiet_place: Path, hematite: Structure, magnetite: Structure,
) -> None:  # fmt: skip
    path = os.pathsep.join(filter(None, [str(SIMULATORS), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(str(SIMULATORS))
    Path("crystals").mkdir()
    hematite.to("crystals/hematite.cif")
    magnetite.to("crystals/magnetite.cif")
    Path("crystals/broken.cif").write_text("data_x\n_cell_length_a 3\n", encoding="utf-8")
    build = ("build", "crystals", "--absorber", "Fe", "--out", "fe.zarr", "--simulator", "edge_step:EdgeStep",
             "--jobs", 1)  # fmt: skip
    found: dict[str, Any] = {}
    found["build --dry-run --json"] = document(*build, "--dry-run")
    found["build --json"] = document(*build, code=1)
    found["build --status --json"] = document("build", "--status", "fe.zarr")
    store = written("fe.results")
    found["store"] = {name: keys for name, keys in store.items() if keys != "file"}
    snapshot("build_files", found)
    _check_content(snapshot)


def _check_content(snapshot: Call) -> None:
    """What stands in the dataset: labels, spectra and PDFs of every site, rounded to what is stable."""
    from edgepair.dataset import open_dataset

    dataset = open_dataset("fe.zarr", instrument=None)
    content: dict[str, Any] = {"sizes": dict(dataset.sizes), "variables": sorted(map(str, dataset.variables))}
    for name in ("oxidation_state", "coordination_number", "bond_length", "multiplicity", "site_index"):
        content[name] = [
            None if np.isnan(value) else round(float(value), 4) for value in dataset[name].values
        ]
    for name in ("formula", "complete", "oxidation_state_source", "origin"):
        content[name] = [str(value) for value in dataset[name].values]
    content["mu_mean"] = [round(float(row.mean()), 4) for row in dataset["mu"].values]
    for name in ("G", "G_M"):
        content[f"{name}_highest"] = [round(float(row.max()), 3) for row in dataset[name].values]
    snapshot("build_content", content, tolerance=2e-3)
