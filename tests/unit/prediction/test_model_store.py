"""Fitted models are found again, and nothing that is wrong with the cache changes an answer."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset import select_sites
from edgepair.models import share_forest
from edgepair.prediction import model_cache, model_store, pdf_model
from edgepair.prediction.energy_window import EnergyWindow
from edgepair.prediction.model_cache import ModelCache, cache_folder
from edgepair.spectra import PDFInstrument

INSTRUMENT = PDFInstrument(qmax=20.0, r_first=1.2, r_last=9.0)


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(model_store, "_kept", OrderedDict())
    monkeypatch.setattr(share_forest, "TREES", 8)
    monkeypatch.setattr(pdf_model, "TREES", 8)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each fit."""
    made: list[str] = []
    for name in ("XanesModel", "PdfModel"):
        kind = getattr(model_store, name)

        def counted(*given: Any, _kind: Any = kind, _name: str = name, **options: Any) -> Any:
            made.append(_name)
            return _kind(*given, **options)

        monkeypatch.setattr(model_store, name, counted)
    return made


def forget() -> None:
    """Begin a new process, as far as the store is concerned."""
    model_store._kept.clear()


def entry() -> Path:
    (path,) = cache_folder().glob("*.zip")
    return path


def test_a_new_process_finds_what_another_fitted(synthetic_dataset: xr.Dataset, fits: list[str]) -> None:
    first = model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset)
    assert model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset) is first
    forget()
    second = model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset)
    assert fits == ["PdfModel"]
    assert second is not first
    features = first.features(first.G[:5])
    one, two = (model.answer(features, "bond_length", 0.9).lower for model in (first, second))
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-9)


def test_xanes_without_a_library_is_kept_too(synthetic_dataset: xr.Dataset, fits: list[str]) -> None:
    for _ in range(2):
        forget()
        model = model_store.fitted_xanes(EnergyWindow(), (), synthetic_dataset, library=False)
    assert fits == ["XanesModel"]
    assert model.rows.few_measured
    assert set(model.rows.absorber) == {"Fe"}


def test_whatever_a_fit_depends_on_makes_another_entry(
    synthetic_dataset: xr.Dataset, fits: list[str]
) -> None:
    model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset)
    model_store.fitted_pdf("Fe", "dpdf", INSTRUMENT, synthetic_dataset)
    model_store.fitted_pdf("Fe", "pdf", PDFInstrument(qmax=21.0, r_first=1.2, r_last=9.0), synthetic_dataset)
    model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset, seed=1)
    other = synthetic_dataset.copy(deep=True)
    other["bond_length"].values[0] += 0.001
    model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, other)
    assert len(fits) == 5
    assert len(list(cache_folder().glob("*.zip"))) == 5


@pytest.mark.parametrize("damage", ["cut", "other", "foreign", "empty"])
def test_a_damaged_entry_is_fitted_again_in_silence(
    synthetic_dataset: xr.Dataset, fits: list[str], damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    first = model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset)
    path = entry()
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "other":
        path.write_bytes(content[:1000] + b"x" + content[1001:])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        # a whole model, but another's
        path.unlink()
        forget()
        model_store.fitted_pdf("Fe", "dpdf", INSTRUMENT, synthetic_dataset)
        entry().rename(path)
    forget()
    fits.clear()
    again = model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset)
    assert fits == ["PdfModel"]
    assert again.technique == "pdf"
    np.testing.assert_array_equal(again.fits["bond_length"].value, first.fits["bond_length"].value)
    assert path.read_bytes() == content
    assert capfd.readouterr().err == ""


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    synthetic_dataset: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    model = model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, synthetic_dataset)
    assert "bond_length" in model.fits


def test_the_oldest_entries_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "LARGEST_BYTES", 250)
    for age, name in enumerate(("new", "middle", "old")):
        path = tmp_path / f"{name}.zip"
        path.write_bytes(b"x" * 100)
        os.utime(path, (1e9 - age, 1e9 - age))
    stale, fresh = tmp_path / ".edgepair-1.part", tmp_path / ".edgepair-2.part"
    stale.touch()
    fresh.touch()
    os.utime(stale, (1e9, 1e9))
    ModelCache(tmp_path).prune()
    assert {path.name for path in tmp_path.iterdir()} == {"new.zip", "middle.zip", ".edgepair-2.part"}


def test_next_to_nothing_is_not_learnt_from(synthetic_dataset: xr.Dataset) -> None:
    few = select_sites(synthetic_dataset, np.arange(12))
    for fit in (
        lambda: model_store.fitted_xanes(EnergyWindow(), (), few, library=False),
        lambda: model_store.fitted_pdf("Fe", "pdf", INSTRUMENT, few),
    ):
        with pytest.raises(DataError) as caught:
            fit()
        assert "12 " in caught.value.found
        assert "20" in caught.value.needed
