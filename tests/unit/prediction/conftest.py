"""Models fitted to a part of the library and of the simulations, with few trees: a second each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import edge_energy
from edgepair.dataset import load_bundled
from edgepair.measured import XanesScan
from edgepair.models import group_forest
from edgepair.prediction import fitted, pdf_model
from edgepair.prediction.pdf_model import PdfModel, pdf_rows
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, collect_rows, material_spectra
from edgepair.spectra import PDFInstrument
from edgepair.standards import Standard, load_standards

ABSORBERS = ("Fe", "Mn")
N_SIMULATED = 40
N_TREES = 12
N_MATERIALS = 70


class SmallModels:
    """Stands in for the store of fitted models."""

    def __init__(self) -> None:
        self.standards = tuple(s for s in load_standards() if s.absorber in ABSORBERS)
        self.simulated: dict[str, tuple[SimulatedSpectrum, ...]] = {}
        for absorber in ABSORBERS:
            spectra = material_spectra(load_bundled(absorber, instrument=None))
            chosen = np.random.default_rng(0).permutation(len(spectra))[:N_SIMULATED]
            self.simulated[absorber] = tuple(spectra[i] for i in chosen)
        self._kept: dict[Any, Any] = {}

    def xanes(
        self,
        window: EnergyWindow,
        absorber: str = "Fe",
        own: Sequence[Standard] = (),
        data: xr.Dataset | None = None,
        *,
        aligned: bool = False,
        **_: Any,
    ) -> XanesModel:
        assert data is None
        key = (window, aligned, tuple(standard.name for standard in own))
        if key not in self._kept:
            known = (*self.standards, *own)
            with few():
                rows = collect_rows(window, known, self.simulated, aligned=aligned)
                self._kept[key] = XanesModel(window, rows, aligned=aligned)
        return self._kept[key]

    def pdf(
        self,
        absorber: str,
        technique: str,
        instrument: PDFInstrument,
        data: xr.Dataset | None = None,
        **_: Any,
    ) -> PdfModel:
        key = (absorber, technique, instrument)
        assert data is None
        if key not in self._kept:
            with few():
                rows = pdf_rows(load_bundled(absorber, instrument=instrument), technique)
                self._kept[key] = PdfModel(rows)
        return self._kept[key]


@contextmanager
def few() -> Iterator[None]:
    """Fit few trees, on few materials."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_forest, "TREES", 2 * N_TREES)
        patch.setattr(group_forest, "FOLD_TREES", N_TREES)
        patch.setattr(pdf_model, "MOST_MATERIALS", N_MATERIALS)
        yield


@pytest.fixture
def few_trees() -> Iterator[None]:
    """Let a test fit small models of its own."""
    with few():
        yield


@pytest.fixture(scope="session")
def small_store() -> SmallModels:
    """Keep small models for the session."""
    return SmallModels()


@pytest.fixture
def small_models(small_store: SmallModels, monkeypatch: pytest.MonkeyPatch) -> SmallModels:
    """Put small models in the place of the real ones."""
    monkeypatch.setattr(fitted, "fitted_xanes", small_store.xanes)
    monkeypatch.setattr(fitted, "fitted_pdf", small_store.pdf)
    return small_store


@pytest.fixture(scope="session")
def small_xanes(small_store: SmallModels) -> XanesModel:
    """A model of the full window."""
    return small_store.xanes(EnergyWindow())


@pytest.fixture(scope="session")
def small_pdf(small_store: SmallModels) -> PdfModel:
    """A model of iron's PDFs through a usual instrument."""
    return small_store.pdf("Fe", "pdf", PDFInstrument(qmax=20.0, r_last=10.0))


def made_spectrum(
    absorber: str = "Fe",
    *,
    chemical: float = 11.0,
    before: float = 80.0,
    after: float = 240.0,
    pre_edge: float = 0.04,
) -> tuple[np.ndarray, np.ndarray]:
    """Make a spectrum like an oxide's: a pre-edge peak, a step, a white line and waves."""
    edge = edge_energy(absorber)
    energy = np.round(edge + np.r_[np.arange(-before, -20, 5.0), np.arange(max(-20, -before), 50, 0.4)], 2)
    far = edge + np.arange(50.0, after, 2.0)
    energy = np.r_[energy[energy <= edge + after], far]
    x = energy - edge - chemical
    wave = np.where(x > 8, 0.06 * np.sin(x / 9) * np.exp(-x / 150), 0.0)
    line = 0.35 * np.exp(-0.5 * ((x - 5) / 3.5) ** 2)
    peak = pre_edge * np.exp(-0.5 * ((x + 9) / 1.2) ** 2)
    mu = 1.1 * (0.5 + np.arctan(x / 1.4) / np.pi + line + wave + peak) + 0.5 - 0.0005 * x
    return energy, mu


def made_scan(absorber: str = "Fe", **options: Any) -> XanesScan:
    """Make a scan of `made_spectrum`."""
    given = {key: options.pop(key) for key in ("chemical", "before", "after", "pre_edge") if key in options}
    energy, mu = made_spectrum(absorber, **given)
    return XanesScan(
        options.pop("file", "made.xdi"),
        "",
        "made",
        energy,
        mu,
        "as made",
        absorber=absorber,
        edge="K",
        **options,
    )


@pytest.fixture(scope="session")
def make_scan() -> Any:
    """Hand out `made_scan`."""
    return made_scan


@pytest.fixture(scope="session")
def make_spectrum() -> Any:
    """Hand out `made_spectrum`."""
    return made_spectrum
