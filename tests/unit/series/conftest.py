"""Made-up series of measured standards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from edgepair.conventions import edge_energy
from edgepair.dataset import load_bundled
from edgepair.measured import PdfCurve
from edgepair.standards import load_standards
from edgepair.standards.standards import Standard

Floats = NDArray[np.float64]
Mix = Callable[..., tuple[Floats, Floats, Floats, list[Standard]]]


def usable(absorber: str, energy: Floats) -> list[Standard]:
    """Give calibrated standards that cover some energies."""
    return [
        one
        for one in load_standards(absorber)
        if one.quality != "C"
        and np.isfinite([one.energy_shift, one.oxidation_state]).all()
        and one.energy[0] < energy[0] - 1
        and one.energy[-1] > energy[-1] + 1
    ]


def grid(absorber: str) -> Floats:
    edge = edge_energy(absorber)
    return edge + np.r_[np.arange(-20, -5, 1.0), np.arange(-5, 30, 0.25), np.arange(30, 61, 1.0)]


@pytest.fixture
def mix() -> Mix:
    """Mix random standards: energies, spectra, fractions and what they are of."""

    def mixed(
        absorber: str, number: int, *, seed: int, noise: float = 0.01, drift: float = 0.0, n_points: int = 25
    ) -> tuple[Floats, Floats, Floats, list[Standard]]:
        rng = np.random.default_rng(seed)
        energy = grid(absorber)
        known = usable(absorber, energy)
        names = rng.choice(sorted({one.compound for one in known}), number, replace=False)
        parts = [next(one for one in known if one.compound == name) for name in names]
        at = np.linspace(0, 1, n_points)
        if number == 1:
            fractions = np.ones((n_points, 1))
        elif number == 2:
            second = 1 / (1 + np.exp(-(at - rng.uniform(0.3, 0.7)) / rng.uniform(0.05, 0.2)))
            fractions = np.array([1 - second, second]).T
        else:
            first, last = 1 / (1 + np.exp((at - 0.35) / 0.1)), 1 / (1 + np.exp(-(at - 0.7) / 0.1))
            fractions = np.array([first, np.clip(1 - first - last, 0, 1), last]).T
            fractions /= fractions.sum(axis=1, keepdims=True)
        own, common = rng.normal(0, 0.15, number), rng.normal(0, 0.15)
        curves = [PchipInterpolator(one.energy, one.mu) for one in parts]
        spectra = [
            sum(
                f * curve(energy + by + common + drift * x)
                for f, curve, by in zip(row, curves, own, strict=True)
            )
            for row, x in zip(fractions, at, strict=True)
        ]
        return energy, np.array(spectra) + rng.normal(0, noise, (n_points, len(energy))), fractions, parts

    return mixed


@pytest.fixture(scope="session")
def series_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write siderite that turns into hematite on heating, as a beamline would."""
    folder = tmp_path_factory.mktemp("series")
    known = usable("Fe", grid("Fe"))
    first, last = (next(one for one in known if one.compound == name) for name in ("siderite", "hematite"))
    energy = np.r_[np.arange(7010.0, 7092, 5), np.arange(7092.0, 7140, 0.4), np.arange(7140.0, 7350, 2)]
    rng, paths = np.random.default_rng(3), []
    for temperature in range(30, 530, 50):
        part = 1 / (1 + np.exp(-(temperature - 280) / 40))
        mu = (1 - part) * np.interp(energy, first.energy, first.mu) + part * np.interp(
            energy, last.energy, last.mu
        )
        mu = 0.8 * mu + 0.3 + 1e-4 * (7400 - energy) + rng.normal(0, 0.003, len(energy))
        path = folder / f"sample2_{temperature}C.dat"
        rows = "\n".join(f"{x:.2f} {y:.6f}" for x, y in zip(energy, mu, strict=True))
        path.write_text(f"# energy mu\n{rows}\n", encoding="utf-8")
        paths.append(path)
    return paths


@pytest.fixture(scope="session")
def mix_pdfs() -> Callable[..., tuple[list[PdfCurve], Floats]]:
    """Mix simulated PDFs, with noise that ends at Qmax as that of a measurement does."""
    data = load_bundled("Fe")
    r, every = data["r"].values, data["G"].values

    def mixed(
        number: int, *, seed: int, noise: float = 0.02, n_points: int = 15
    ) -> tuple[list[PdfCurve], Floats]:
        rng = np.random.default_rng(seed)
        parts = every[rng.choice(len(every), number, replace=False)]
        at = np.linspace(0, 1, n_points)[:, None]
        shares = np.exp(-(((at - np.linspace(0, 1, number)) / 0.3) ** 2))
        shares /= shares.sum(axis=1, keepdims=True)
        q = np.arange(0.5, 25.0, np.pi / (r[-1] + 5))
        ripples = rng.normal(size=(n_points, len(q))) @ (q[:, None] * np.sin(q[:, None] * r))
        G = shares @ parts
        G += ripples * noise * np.sqrt((G**2).mean()) / ripples.std()
        names = [f"sample_{300 + 10 * k}K.gr" for k in range(n_points)]
        curves = [
            PdfCurve(name, "", "test", r, row, "x-ray", 25.0, composition="Fe2O3")
            for name, row in zip(names, G, strict=True)
        ]
        return curves, shares

    return mixed
