"""``edgepair train`` and ``edgepair predict --model``, on the synthetic iron dataset."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from edgepair.dataset import open_dataset, save_dataset
from edgepair.models import group_forest
from edgepair.prediction import fitted

Call = Callable[..., "object"]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_forest, "TREES", 10)
    monkeypatch.setattr(fitted, "_kept", OrderedDict())


@pytest.fixture
def sample(saved: Path, quiet_place: Path) -> Path:
    """A spectrum of the dataset as a file of two columns."""
    dataset = open_dataset(saved)
    table = np.column_stack([dataset["energy"].values, dataset["mu"].values[5]])
    np.savetxt("sample.dat", table, header="energy mu")
    return quiet_place / "sample.dat"


def test_a_model_is_trained_told_of_and_used(edgepair: Call, saved: Path, sample: Path) -> None:
    done = edgepair(
        "train", "--data", saved, "--absorber", "Fe", "--model", "fe.model", "--no-library",
        "--modality", "xanes,pdf", "--r-first", "1", "--r-last", "9", "--qmax", "18",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "fe.model: a model of Fe" in done.out
    assert "-8 to +45 eV" in done.out
    assert "Qmax 18" in done.out
    lines = [line.split() for line in done.out.splitlines() if line.startswith(("XANES", "PDF"))]
    assert len(lines) == 6
    assert "judged on simulated spectra" in done.out
    told = edgepair("predict", sample, "--absorber", "Fe", "--model", "fe.model", "--shift", "0", "--json")
    assert told.code == 0, told.err
    (answer,) = json.loads(told.out)["samples"]
    values = {row["task"]: row["value"] for row in answer["rows" if "rows" in answer else "answers"]}
    dataset = open_dataset(saved)
    assert values["oxidation_state"] == pytest.approx(float(dataset["oxidation_state"][5]), abs=0.5)


def test_json_is_one_document(edgepair: Call, saved: Path) -> None:
    done = edgepair(
        "train", "--data", saved, "--absorber", "Fe", "--model", "fe.model", "--no-library",
        "--modality", "xanes", "--range=-6,26", "--seed", "3", "--json",
    )  # fmt: skip
    assert done.code == 0
    document = json.loads(done.out)
    assert document["absorber"] == "Fe"
    assert document["seed"] == 3
    (model,) = document["models"]
    assert model["range"] == [-6.0, 26.0]
    tasks = {row["task"]: row for row in model["scores"]}
    assert tasks["bond_length"]["right"] is None
    assert 0.6 <= tasks["oxidation_state"]["right"] <= 1.0
    assert all(0.8 <= row["coverage"] <= 1.0 for row in tasks.values())


def test_a_scan_that_is_too_short_is_told_how_to_train(
    edgepair: Call, saved: Path, quiet_place: Path
) -> None:
    assert edgepair(
        "train", "--data", saved, "--absorber", "Fe", "--model", "fe.model", "--no-library",
        "--modality", "xanes", "--quiet",
    ).code == 0  # fmt: skip
    dataset = open_dataset(saved)
    table = np.column_stack([dataset["energy"].values, dataset["mu"].values[5]])
    np.savetxt("short.dat", table[:38], header="energy mu")
    done = edgepair("predict", "short.dat", "--absorber", "Fe", "--model", "fe.model", "--shift", "0")
    assert done.code == 2
    assert "--range=-8,24" in done.err
    other = edgepair("predict", "short.dat", "--absorber", "Mn", "--model", "fe.model", "--shift", "-573")
    assert other.code == 2
    assert "Traceback" not in other.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--absorber", "Fe"), "no --model"),
        (("--model", "a.model"), "no --absorber"),
        (("--absorber", "Fe", "--model", "none/a.model"), "no folder 'none'"),
        (("--absorber", "Fe", "--model", "."), "a folder of that name"),
        (("--absorber", "Fe", "--model", "notes.txt"), "a file that is no model"),
        (("--absorber", "Xx", "--model", "a.model"), "Xx"),
        (("--absorber", "Mn", "--model", "a.model"), "dataset of Fe"),
        (("--absorber", "Fe", "--model", "a.model", "--modality", "exafs"), "exafs"),
        (("--absorber", "Fe", "--model", "a.model", "--range", "wide"), "wide"),
        (("--absorber", "Fe", "--model", "a.model", "--range=-8,90"), "90"),
        (("--absorber", "Fe", "--model", "a.model", "--qmax", "90"), "Qmax 90"),
        (("--absorber", "Fe", "--model", "a.model", "--qdamp", "-1"), "qdamp -1"),
        (("--absorber", "Fe", "--model", "a.model", "--confidence", "1.5"), "1.5"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    edgepair: Call, saved: Path, quiet_place: Path, arguments: tuple[str, ...], said: str
) -> None:
    (quiet_place / "notes.txt").write_text("mine")
    done = edgepair("train", "--data", saved, *arguments)
    assert done.code == 2
    assert said in done.err
    assert all(part in done.err for part in ("Found:", "Needed:", "Try:"))
    assert {path.name for path in quiet_place.iterdir()} == {"notes.txt"}
    assert (quiet_place / "notes.txt").read_text() == "mine"


def test_a_zip_that_is_no_model_is_not_replaced(edgepair: Call, saved: Path, quiet_place: Path) -> None:
    """A model is a zip, as a dataset and many documents are."""
    mine = quiet_place / "mine.zarr.zip"
    mine.write_bytes(saved.read_bytes())
    done = edgepair("train", "--data", saved, "--absorber", "Fe", "--model", mine)
    assert done.code == 2
    assert "a file that is no model" in done.err
    assert mine.read_bytes() == saved.read_bytes()


def test_too_little_data_is_refused(edgepair: Call, synthetic_dataset: xr.Dataset, quiet_place: Path) -> None:
    from edgepair.dataset import select_sites

    save_dataset(select_sites(synthetic_dataset, np.arange(8)), "few.zarr.zip")
    done = edgepair(
        "train", "--data", "few.zarr.zip", "--absorber", "Fe", "--model", "a.model", "--no-library"
    )
    assert done.code == 2
    assert "8 spectra" in done.err
    assert not (quiet_place / "a.model").exists()
