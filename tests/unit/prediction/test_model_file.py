"""Models in a file: what they answer for, and what they refuse."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError, ModelError, OptionError
from edgepair.measured import PdfCurve, XanesScan
from edgepair.measured.pdf.inspection import inspect_pdf
from edgepair.models import group_forest
from edgepair.prediction import fitted, predict
from edgepair.prediction.model_file import TrainedModels, load_trained, save_trained
from edgepair.prediction.training import train_models
from edgepair.spectra import PDFInstrument

INSTRUMENT = PDFInstrument(qmax=18.0, r_first=1.0, r_last=9.0)


@pytest.fixture(scope="module", autouse=True)
def _few_trees() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitted, "_kept", OrderedDict())
        patch.setattr(group_forest, "TREES", 10)
        patch.setattr(group_forest, "FOLD_TREES", 10)
        yield


@pytest.fixture(scope="module")
def trained(
    make_synthetic: Callable[..., xr.Dataset],
) -> TrainedModels:
    """Models of the synthetic dataset alone, of few trees."""
    return train_models(
        make_synthetic(),
        absorber="Fe",
        techniques=["xanes", "pdf"],
        instrument=INSTRUMENT,
        library=False,
    )


def test_a_file_answers_as_what_was_fitted(
    trained: TrainedModels, synthetic_dataset: xr.Dataset, tmp_path: Path
) -> None:
    save_trained(trained, tmp_path / "fe.model")
    found = load_trained(tmp_path / "fe.model")
    assert load_trained(tmp_path / "fe.model") is found
    assert (found.absorber, found.techniques) == ("Fe", ("xanes", "pdf"))
    assert found.curves["pdf"][1] == trained.curves["pdf"][1]
    assert json.loads(json.dumps(found.about))["scores"]["xanes"][0]["n_groups"] == 40
    mu = trained.spectra[False].mu[:4]
    models = (trained.xanes(), found.xanes())
    one, two = (m.answer(m.features(mu, "Fe"), "bond_length", 0.9) for m in models)
    np.testing.assert_allclose(two.upper, one.upper, rtol=0, atol=1e-9)


def test_it_answers_for_measured_curves(
    trained: TrainedModels, synthetic_dataset: xr.Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "fe.model"
    save_trained(trained, path)
    energy, r = synthetic_dataset["energy"].values, synthetic_dataset["r"].values
    told = predict(
        XanesScan("a.xdi", "", "made", energy, synthetic_dataset["mu"].values[0], "mu", absorber="Fe"),
        PdfCurve("a.gr", "", "made", r, synthetic_dataset["G"].values[0].astype(float), radiation="x-ray"),
        model=path,
        shift=0.0,
    )
    assert set(told.table["technique"]) == {"xanes", "pdf", "xanes+pdf"}
    assert any("next to no measured standards" in text for text in told.warnings)
    row = told.table[(told.table["technique"] == "xanes") & (told.table["task"] == "oxidation_state")]
    assert row["value"].iloc[0] == pytest.approx(2.0, abs=0.4)
    # energies of a simulation are no beamline's: without --shift the shape decides, and it is said
    free = predict(
        XanesScan("a.xdi", "", "made", energy + 1.5, synthetic_dataset["mu"].values[0], "mu", absorber="Fe"),
        model=path,
        explain=False,
    )
    assert any("no measured standards of Fe" in text for text in free.warnings)


def test_a_wider_scan_is_cut_and_a_shorter_one_refused(trained: TrainedModels) -> None:
    window = trained.window
    assert window is not None
    assert trained.for_spectrum("Fe", -100.0, 500.0, aligned=False) is trained.xanes()
    assert trained.for_spectrum("Fe", window.low + 0.4, window.high - 0.4, aligned=True).aligned
    with pytest.raises(ModelError) as caught:
        trained.for_spectrum("Fe", -30.0, 25.0, aligned=False)
    assert "+25.0 eV" in caught.value.found
    assert f"to {window.high:+g} eV" in caught.value.needed
    assert (
        "edgepair train --absorber Fe --data PATH --modality xanes --range=-8,24" in caught.value.suggestion
    )


def test_another_absorber_or_technique_is_refused(trained: TrainedModels) -> None:
    with pytest.raises(ModelError, match="cannot answer for Mn"):
        trained.for_spectrum("Mn", -50.0, 50.0, aligned=False)
    seen = inspect_pdf(_curve())
    with pytest.raises(ModelError) as caught:
        trained.for_pdf("Fe", "npdf", seen, INSTRUMENT)
    assert caught.value.found == "a model of xanes, pdf"
    assert "--modality xanes,pdf,npdf" in caught.value.suggestion


@pytest.mark.parametrize(
    ("last", "qmax", "qdamp", "fits"),
    [
        (12.0, 18.0, 0.03, True),
        (30.0, 24.0, 0.04, True),
        (8.0, 24.0, 0.03, False),
        (12.0, 15.0, 0.03, False),
        (12.0, 18.0, 0.08, False),
    ],
)
def test_a_curve_can_be_cut_but_not_prolonged(
    trained: TrainedModels, last: float, qmax: float, qdamp: float, fits: bool
) -> None:
    from edgepair.measured import match_instrument

    seen = inspect_pdf(_curve(last=last, qmax=qmax, qdamp=qdamp))
    matched = match_instrument(seen)
    if fits:
        assert trained.for_pdf("Fe", "pdf", seen, matched)[1].qmax == 18.0
        return
    with pytest.raises(ModelError) as caught:
        trained.for_pdf("Fe", "pdf", seen, matched)
    assert f"--qmax {matched.qmax:g}" in caught.value.suggestion
    assert f"--r-last {matched.r_last:g}" in caught.value.suggestion


def _curve(*, last: float = 12.0, qmax: float = 20.0, qdamp: float = 0.03) -> PdfCurve:
    """A curve of a few sharp peaks, cut at Qmax and damped."""
    r = np.arange(0.01, last + 0.005, 0.01)
    G = sum(np.sinc(qmax * (r - at) / np.pi) for at in (2.0, 3.0, 3.5, 5.0, 7.0)) * np.exp(
        -((qdamp * r) ** 2) / 2
    )
    return PdfCurve("a.gr", "", "made", r, G, radiation="x-ray", qmax=qmax, qdamp=qdamp)


def test_a_model_takes_no_data_beside_it(synthetic_dataset: xr.Dataset, tmp_path: Path) -> None:
    energy, mu = synthetic_dataset["energy"].values, synthetic_dataset["mu"].values[0]
    with pytest.raises(OptionError) as caught:
        predict((energy, mu), absorber="Fe", data=synthetic_dataset, model=tmp_path / "a.model")
    assert "data beside" in caught.value.found


def change(path: Path, **changes: Any) -> None:
    """Write a file again with other arrays or settings."""
    from edgepair.dataset.store import read_arrays, save_arrays

    stored = read_arrays(path)
    for name, change_it in changes.items():
        key = name.replace("__", ".")
        if key in stored.attrs:
            stored.attrs[key] = change_it(stored.attrs[key])
        else:
            stored[key] = stored[key].copy(data=change_it(stored[key].values))
    save_arrays(stored, path)


@pytest.mark.parametrize(
    "changes",
    [
        {"xanes__mu": lambda mu: mu * np.nan},
        {"xanes__absorber": lambda names: np.array(["Zn"] * len(names), dtype=object)},
        {"pdf__r": lambda r: r + 1.0},
        {"settings": lambda text: text.replace("[", "", 1)},
        {"settings": lambda text: json.dumps(json.loads(text) | {"window": [-1e6, 1e6]})},
        {"settings": lambda text: json.dumps(json.loads(text) | {"window": [-8.0, 1e12]})},
        {"settings": lambda text: text.replace('"r_last": 9.0', '"r_last": 1e9')},
        {"settings": lambda text: text.replace('"qmax": 18.0', '"qmax": -18.0')},
        {"kind": lambda text: "edgepair-train"},
    ],
)
def test_what_was_tampered_with_is_refused(
    trained: TrainedModels, changes: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.model"
    save_trained(trained, path)
    change(path, **changes)
    with pytest.raises(ModelError) as caught:
        load_trained(path)
    assert "edgepair train" in caught.value.suggestion


def test_a_file_without_answers_to_compare_with_is_refused(trained: TrainedModels, tmp_path: Path) -> None:
    from dataclasses import replace

    save_trained(replace(trained, checks={}), tmp_path / "a.model")
    with pytest.raises(ModelError, match="no answers"):
        load_trained(tmp_path / "a.model")


def test_other_answers_than_those_saved_are_refused(trained: TrainedModels, tmp_path: Path) -> None:
    """As of another version of what fits, or of rows that someone has changed."""
    path = tmp_path / "a.model"
    save_trained(trained, path)
    change(path, xanes__targets__bond_length=lambda values: values + 0.1)
    found = load_trained(path)
    with pytest.raises(ModelError, match="other answers") as caught:
        found.xanes()
    assert "scikit-learn" in caught.value.needed


def test_arrays_that_are_packed_otherwise_are_not_opened(tmp_path: Path) -> None:
    import zipfile

    about = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C"}
    path = tmp_path / "a.model"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(".zgroup", '{"zarr_format": 2}')
        archive.writestr("x/.zarray", json.dumps(about | {"compressor": None, "filters": [{"id": "pickle"}]}))
        archive.writestr("x/0", b"never read")
    with pytest.raises(ModelError) as caught:
        load_trained(path)
    assert "'pickle'" in caught.value.found


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a model", b"pickled"])
def test_a_foreign_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.model"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.model"):
        load_trained(path)
    with pytest.raises(ModelError, match=r"none\.model"):
        load_trained(tmp_path / "none.model")


def test_a_bundle_of_another_kind_is_refused(tmp_path: Path) -> None:
    from edgepair.dataset.store import save_arrays

    save_arrays(xr.Dataset({"x": ("x", np.ones(3))}, attrs={"kind": "something"}), tmp_path / "a.model")
    with pytest.raises(ModelError) as caught:
        load_trained(tmp_path / "a.model")
    assert "another kind" in caught.value.found
    assert "edgepair train" in caught.value.suggestion


def test_what_cannot_be_trained_for_is_refused(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(OptionError, match="cannot train for 'xane'"):
        train_models(synthetic_dataset, absorber="Fe", techniques=["xane"])
    with pytest.raises(DataError, match="cannot train for Fe and npdf"):
        train_models(synthetic_dataset.drop_vars("G_neutron"), absorber="Fe", techniques=["npdf"])
    with pytest.raises(DataError, match="cannot train for Zn"):
        train_models(absorber="Zn", library=False)
    for ends in ((5.0, 30.0), (-8.0, 10.0), (-30.0, 30.0), (-8.0, 50.0), (float("nan"), 30.0)):
        with pytest.raises(OptionError, match="range of energies"):
            train_models(synthetic_dataset, absorber="Fe", window=ends)
    with pytest.raises(DataError, match="range of energies") as caught:
        train_models(synthetic_dataset.isel(energy=slice(0, 38)), absorber="Fe", window=(-8.0, 30.0))
    assert "-8 to 24 eV" in caught.value.suggestion
