"""Qualities of a measurement, and what a dataset's curves would be at a poorer one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES
from edgepair.spectra import PDFInstrument, resample_pdf

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.conventions.tasks import Floats

Degrade = Callable[["xr.Dataset", str, float, np.random.Generator], "xr.Dataset"]

NOISE_STEP = 0.5
"""eV; distance of the points whose noise is independent, so that a level means the same on any grid."""

NOISE_QMAX = 25.0
"""Å⁻¹; highest Q that noise of a PDF comes from, where the curves hold more: few are measured further."""

FWHM = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian, in standard deviations."""

EDGE_ROOM = 2.0
"""eV that are left on either side of the edge where the range of energies is cut."""


@dataclass(frozen=True)
class Quality:
    """One quality of a measured curve.

    Attributes
    ----------
    name : str
        Name in files.
    axis : {'energy', 'r'}
        Of the curves that have it.
    title : str
        Name for people.
    unit : str
        Unit of a level.
    levels : tuple of float
        From good to poor.
    degrade : callable
        Takes a dataset, the name of the curves' variable, a level and a random generator, which
        it may use or not; returns another dataset.
    most : bool
        Whether a level is the most that is allowed (noise), not the least (Qmax).
    drawn : bool
        Whether chance has a part in it, so that each repeat is to have curves of its own.
    """

    name: str
    axis: str
    title: str
    unit: str
    levels: tuple[float, ...]
    degrade: Degrade
    most: bool
    drawn: bool = False


def own_level(dataset: xr.Dataset, technique: str, quality: Quality) -> float:
    """Tell a dataset's own level of a quality."""
    if quality.name in ("energy_first", "energy_last"):
        energy = dataset["energy"].values - float(dataset.attrs["edge_energy"])
        return float(energy[0 if quality.name == "energy_first" else -1])
    if quality.name == "r_last":
        return float(dataset["r"].values[-1])
    if quality.name == "qmax":
        return _own_qmax(dataset, TECHNIQUES[technique].variable)
    return 0.0


def levels_for(dataset: xr.Dataset, technique: str, quality: Quality) -> tuple[float, ...]:
    """List the levels at which a dataset can be shown: those poorer than its own."""
    own = own_level(dataset, technique, quality)
    poorer = [level for level in quality.levels if (level > own if quality.most else level < own)]
    if quality.name in ("energy_first", "energy_last"):
        # The edge stays in view: without it there is nothing to read.
        early, late = _edges(dataset)
        if quality.most:
            poorer = [level for level in poorer if level <= early - EDGE_ROOM]
        else:
            poorer = [level for level in poorer if level >= late + EDGE_ROOM]
    if quality.name == "r_last":
        r = dataset["r"].values
        poorer = [level for level in poorer if (r <= level).sum() >= _FEWEST]
    return tuple(poorer)


_FEWEST = 5
"""Points that are left of a PDF."""


def _edges(dataset: xr.Dataset) -> tuple[float, float]:
    """Energies where early and late spectra reach half their edge step, from the tabulated edge."""
    energy = dataset["energy"].values - float(dataset.attrs["edge_energy"])
    above = dataset["mu"].values >= 0.5
    first = energy[np.where(above.any(axis=1), above.argmax(axis=1), len(energy) - 1)]
    early, late = np.percentile(first, (10, 90))
    return float(early), float(late)


def _own_qmax(dataset: xr.Dataset, variable: str) -> float:
    nyquist = float(np.pi / np.median(np.diff(dataset["r"].values)))
    shown = json.loads(str(dataset[variable].attrs.get("instrument", "{}"))).get("qmax", 0.0)
    return float(shown) if 0 < float(shown) < nyquist else nyquist


def _with_curves(dataset: xr.Dataset, variable: str, curves: Floats) -> xr.Dataset:
    array = dataset[variable]
    return dataset.assign({variable: (array.dims, curves.astype(array.dtype), array.attrs)})


def _noise(axis: Floats, step: float, n: int, rng: np.random.Generator) -> Floats:
    """Draw noise, independent at points a step apart and a straight line between them."""
    nodes = np.arange(axis[0], axis[-1] + step, step)
    drawn = rng.normal(size=(n, len(nodes)))
    place = np.clip(np.searchsorted(nodes, axis, side="right") - 1, 0, len(nodes) - 2)
    part = (axis - nodes[place]) / step
    return drawn[:, place] * (1 - part) + drawn[:, place + 1] * part


def _add_xanes_noise(
    dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator
) -> xr.Dataset:
    mu = dataset[variable].values.astype(np.float64)
    noise = _noise(dataset["energy"].values, NOISE_STEP, len(mu), rng)
    return _with_curves(dataset, variable, mu + level * noise)


def _broaden(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    energy = dataset["energy"].values
    apart = energy[:, None] - energy[None, :]
    matrix = np.exp(-0.5 * (apart * FWHM / level) ** 2) * np.gradient(energy)
    # What a spectrum would be beyond its ends is not known: each mean is over what is there.
    matrix /= matrix.sum(axis=1, keepdims=True)
    return _with_curves(dataset, variable, dataset[variable].values.astype(np.float64) @ matrix.T)


def _miscalibrate(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    energy = dataset["energy"].values
    mu = dataset[variable].values.astype(np.float64)
    shifts = level * rng.normal(size=len(mu))
    moved = [np.interp(energy, energy + by, row) for by, row in zip(shifts, mu, strict=True)]
    return _with_curves(dataset, variable, np.array(moved))


def _cut_before(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    return dataset.isel(energy=dataset["energy"].values >= float(dataset.attrs["edge_energy"]) + level - 1e-6)


def _cut_after(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    return dataset.isel(energy=dataset["energy"].values <= float(dataset.attrs["edge_energy"]) + level + 1e-6)


def _add_pdf_noise(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    curves = dataset[variable].values.astype(np.float64)
    size = np.sqrt((curves**2).mean(axis=1, keepdims=True))
    noise = _pdf_noise(dataset["r"].values, _own_qmax(dataset, variable), len(curves), rng)
    return _with_curves(dataset, variable, curves + level * size * noise)


def _pdf_noise(r: Floats, qmax: float, n: int, rng: np.random.Generator) -> Floats:
    """Draw what an equal error of S(Q) at every Q makes of G: F = Q(S - 1) errs in proportion to Q.

    So most of it has short waves, as counting noise has (Toby and Egami, Acta Cryst. A 48, 336 (1992),
    doi 10.1107/S0108767391011327). An equal error of G at every r would be worst at low Q, where
    what is measured best sets the scale of the curve and its numbers of neighbours.
    """
    qmax = min(qmax, NOISE_QMAX)
    # Waves that half a period over the range tells apart are independent.
    q = np.arange(1, int(qmax * r[-1] / np.pi) + 1) * np.pi / r[-1]
    waves = q[:, None] * np.sin(q[:, None] * r)
    noise: Floats = rng.normal(size=(n, len(q))) @ (waves / np.sqrt((waves**2).sum(axis=0).mean()))
    return noise


def _lower_qmax(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    r = dataset["r"].values
    shown = PDFInstrument(
        qmax=level, r_first=float(r[0]), r_last=float(r[-1]), r_step=float(np.median(np.diff(r)))
    )
    # Ending the data earlier is linear in the curve: what it makes of each point alone is a matrix.
    matrix = np.array([resample_pdf(r, point, instrument=shown) for point in np.eye(len(r))])
    curves = dataset[variable].values.astype(np.float64) @ matrix
    array = dataset[variable]
    cut = dataset.drop_vars([variable])
    if len(shown.grid()) != len(r) or np.abs(shown.grid() - r).max() > 1e-6:
        # Only this curve is looked at; others of the old grid would stand on the wrong one.
        cut = cut.drop_dims("r").assign_coords(r=("r", shown.grid(), dataset["r"].attrs))
    through = json.loads(str(array.attrs.get("instrument", "{}"))) | {"qmax": level}
    attributes = array.attrs | {"instrument": json.dumps(through)}
    return cut.assign({variable: (array.dims, curves.astype(array.dtype), attributes)})


def _cut_r(dataset: xr.Dataset, variable: str, level: float, rng: np.random.Generator) -> xr.Dataset:
    return dataset.isel(r=dataset["r"].values <= level + 1e-6)


_QUALITIES = (
    Quality(
        "noise", "energy", "noise", "edge steps per 0.5 eV point",
        (0.002, 0.005, 0.01, 0.02, 0.05, 0.1), _add_xanes_noise, True, True,
    ),
    Quality(
        "energy_resolution", "energy", "extra broadening (FWHM)", "eV",
        (0.5, 1.0, 2.0, 3.0, 5.0), _broaden, True,
    ),
    Quality(
        "calibration_error", "energy", "calibration error (s.d.)", "eV",
        (0.1, 0.2, 0.5, 1.0, 2.0), _miscalibrate, True, True,
    ),
    Quality(
        "energy_first", "energy", "first energy from the tabulated edge", "eV",
        (-20.0, -10.0, -5.0, 0.0, 5.0, 10.0), _cut_before, True,
    ),
    Quality(
        "energy_last", "energy", "last energy from the tabulated edge", "eV",
        (100.0, 60.0, 45.0, 30.0, 25.0, 20.0, 15.0), _cut_after, False,
    ),
    Quality(
        "noise", "r", "noise (rms)", "of the rms of G",
        (0.02, 0.05, 0.1, 0.2, 0.5, 1.0), _add_pdf_noise, True, True,
    ),
    Quality("qmax", "r", "Qmax", "Å⁻¹", (20.0, 16.0, 14.0, 12.0, 10.0, 8.0), _lower_qmax, False),
    Quality("r_last", "r", "last distance r", "Å", (6.0, 5.0, 4.0, 3.0, 2.5), _cut_r, False),
)  # fmt: skip

QUALITIES = MappingProxyType({(quality.axis, quality.name): quality for quality in _QUALITIES})
"""Every quality by axis and name, in the order in which they are reported."""
