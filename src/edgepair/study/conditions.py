"""Conditions under which the findings are tested again: other rows, other labels, poorer curves.

A finding that holds in one view, with one normalisation, or with noise-free curves only, is a finding
about that view. Each condition makes of a dataset another one, on which the same cells are planned and the
same quantities asked for, with fewer trees and one dealing of folds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.dataset import average_sites, drop_gated
from edgepair.dataset.qualities import QUALITIES

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.study.config import StudyConfig

    Change = Callable[[xr.Dataset, np.random.Generator], xr.Dataset | None]

AS_STUDIED = "as_studied"
"""The condition of the study itself."""

COMMON_LAST = 33.0
"""eV from the tabulated edge: where the shortest of the bundled spectra end."""

SECOND_COORDINATION = "coordination_number_bond_valence"


@dataclass(frozen=True)
class Condition:
    """One condition."""

    name: str
    title: str
    words: str
    change: Change
    view: str = ""
    per: str = ""
    gated: bool = False
    tasks: tuple[str, ...] = tuple(TASKS)
    always: bool = False

    def settings(self, config: StudyConfig) -> StudyConfig:
        """Return the settings of the study under this condition."""
        return replace(
            config,
            repeats=1,
            tasks=tuple(name for name in config.tasks if name in self.tasks),
            view=self.view or config.view,
            per=self.per or config.per,
        )

    def dataset(self, rows: xr.Dataset, config: StudyConfig) -> xr.Dataset | None:
        """Make the dataset of this condition."""
        kept = drop_gated(rows)
        if self.gated and kept.sizes["site"] == rows.sizes["site"]:
            return None
        rng = np.random.default_rng([config.seed, 4, zlib.crc32(self.name.encode())])
        start = rows if self.gated else kept
        # What is averaged is changed afterwards: noise is that of a measurement of the material.
        return self.change(average_sites(start) if self.settings(config).view == "materials" else start, rng)


def conditions_for(config: StudyConfig) -> tuple[Condition, ...]:
    """List the conditions of a study beside its own."""
    if not (config.extras or config.robustness) or config.split != "formula":
        return ()
    return tuple(
        condition
        for condition in CONDITIONS.values()
        if (condition.always or config.robustness)
        and condition.view != config.view
        and condition.per != config.per
    )


def _as_it_is(dataset: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    return dataset


def _second_coordination(dataset: xr.Dataset, rng: np.random.Generator) -> xr.Dataset | None:
    if SECOND_COORDINATION not in dataset or "coordination_number" not in dataset:
        return None
    other = dataset[SECOND_COORDINATION]
    return dataset.assign(
        coordination_number=(other.dims, other.values, dataset["coordination_number"].attrs)
    )


def _degraded(axis: str, **levels: float) -> Change:
    """Bring the curves of one axis to given levels of some qualities, one after the other."""

    def change(dataset: xr.Dataset, rng: np.random.Generator) -> xr.Dataset | None:
        names = [t.variable for t in TECHNIQUES.values() if t.axis == axis and t.variable in dataset]
        if not names:
            return None
        for quality, level in levels.items():
            poorer = {name: QUALITIES[axis, quality].degrade(dataset, name, level, rng) for name in names}
            grid = poorer[names[0]][axis].values
            curves = {
                name: (dataset[name].dims, one[name].values, one[name].attrs) for name, one in poorer.items()
            }
            attributes = dataset[axis].attrs
            rest = dataset.drop_vars(names).drop_dims(axis, errors="ignore")
            dataset = rest.assign_coords({axis: (axis, grid, attributes)}).assign(curves)
        return dataset

    return change


_U_ADDED = 0.01
"""Å²; isotropic displacement added to every atom."""


def _thermal(dataset: xr.Dataset, rng: np.random.Generator) -> xr.Dataset | None:
    """Add `_U_ADDED` to every atom: r·G less its slope, convolved with a Gaussian."""
    names = [t.variable for t in TECHNIQUES.values() if t.axis == "r" and t.variable in dataset]
    if not names or any(f"{name}_baseline" not in dataset for name in names):
        return None
    r = dataset["r"].values.astype(np.float64)
    spread = np.exp(-((r[:, None] - r[None, :]) ** 2) / (4 * _U_ADDED)) * np.gradient(r)
    spread /= spread.sum(axis=1, keepdims=True)
    changed = dataset
    for name in names:
        slope = dataset[f"{name}_baseline"].values[:, None] * r
        peaks = (dataset[name].values - slope) * r
        curves = (peaks @ spread.T / r + slope).astype(dataset[name].dtype)
        changed = changed.assign({name: (dataset[name].dims, curves, dataset[name].attrs)})
    return changed


def _in_turn(*changes: Change) -> Change:
    def change(dataset: xr.Dataset, rng: np.random.Generator) -> xr.Dataset | None:
        done: xr.Dataset | None = dataset
        for one in changes:
            done = None if done is None else one(done, rng)
        return done

    return change


_COORDINATION = ("coordination_number",)

CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(
            "sites", "sites", "a row is a site, with the PDF of its material", _as_it_is,
            view="sites", always=True,
        ),
        Condition(
            "materials", "materials",
            "a row is a material whose sites all have a spectrum: their mean spectrum and mean labels, "
            "as a measurement gives them",
            _as_it_is, view="materials", always=True,
        ),
        Condition(
            "per_metal", "dPDF per metal", "the dPDF counted per metal atom", _as_it_is,
            per="metal", always=True,
        ),
        Condition(
            "per_total", "dPDF per total", "the dPDF normalised as in the total PDF", _as_it_is,
            per="total", always=True,
        ),
        Condition(
            "ungated", "no gates", "rows that fail the gates of the builder are kept", _as_it_is, gated=True
        ),
        Condition(
            "coordination_bond_valence", "coordination by bond valence",
            "coordination numbers count the oxygens with at least a tenth of the largest bond valence",
            _second_coordination, tasks=_COORDINATION,
        ),
        Condition(
            "common_range", f"XANES to +{COMMON_LAST:g} eV", f"spectra end {COMMON_LAST:g} eV above the edge",
            _degraded("energy", energy_last=COMMON_LAST),
        ),
        Condition(
            "xanes_noise", "XANES noise 0.01", "noise of 0.01 edge steps per point of 0.5 eV",
            _degraded("energy", noise=0.01),
        ),
        Condition(
            "xanes_blur", "XANES blur 2 eV", "spectra broadened by 2 eV (full width at half maximum)",
            _degraded("energy", energy_resolution=2.0),
        ),
        Condition(
            "xanes_scale", "XANES scale ±1 eV", "energy scales off by 1 eV (standard deviation)",
            _degraded("energy", calibration_error=1.0),
        ),
        Condition(
            "pdf_noise", "PDF noise 0.1", "noise of a tenth of the rms of G", _degraded("r", noise=0.1)
        ),
        Condition("pdf_qmax", "PDF Qmax 14 Å⁻¹", "PDFs that end at Qmax 14 Å⁻¹", _degraded("r", qmax=14.0)),
        Condition(
            "pdf_thermal", "PDF U +0.01 Å²", "displacements of every atom larger by 0.01 Å²", _thermal
        ),
        Condition(
            "measured_like", "all of it",
            "all of these at once: noise, blur and scale error of XANES; thermal motion, Qmax and noise of "
            "PDFs",
            _in_turn(
                _degraded("energy", energy_resolution=2.0, calibration_error=1.0, noise=0.01),
                _thermal,
                _degraded("r", qmax=14.0, noise=0.1),
            ),
        ),
    )
}  # fmt: skip
"""Every condition by name, in the order in which they are shown."""

CONDITION_TITLES = {AS_STUDIED: "as studied", **{name: item.title for name, item in CONDITIONS.items()}}
"""Short names for people."""
