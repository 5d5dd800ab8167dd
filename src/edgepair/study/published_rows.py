"""The rows of the published protocol: one per material, raw points of its averaged curves."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import counted
from edgepair.dataset import average_sites, select_sites, show_pdf
from edgepair.spectra import PDFInstrument
from edgepair.study.cells import Skip

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

XANES_POINTS = 100
PDF_POINTS = 200
PUBLISHED_INSTRUMENT = PDFInstrument(
    qmax=30.0, qdamp=0.0, u_iso=0.007, r_first=0.05, r_last=10.0, r_step=0.05
)
"""200 points to 10 Å; nothing is published of a damping."""

COORDINATIONS = (4, 5, 6)
"""The classes of coordination that are published."""


@dataclass(frozen=True)
class PublishedRows:
    """What a dataset gives: its averaged and resampled rows, if any; what is left out; axes in words."""

    dataset: xr.Dataset | None
    skipped: list[Skip]
    axes: dict[str, str]


def published_rows(dataset: xr.Dataset) -> PublishedRows:
    """Make the rows of one absorber, so that every curve has the published number of points."""
    absorber = str(dataset.attrs["absorber"])
    skipped: list[Skip] = []

    def skip(number: int, reason: str, task: str = "", *, whole: bool = False) -> None:
        if number:
            skipped.append(Skip(absorber, task, "", f"{counted(number, 'material')} {reason}", whole))

    dataset = _without_guessed_states(dataset)
    complete, agree = dataset["complete"].values, _sites_agree(dataset)
    kept = complete & agree
    if not kept.any():
        skip(len(kept), "without a spectrum of every site, or whose sites differ: none is left", whole=True)
        return PublishedRows(None, skipped, {})
    skip(int((~complete).sum()), "without a spectrum of every site")
    skip(int((complete & ~agree).sum()), "whose sites differ in state or coordination")
    rows = average_sites(select_sites(dataset, kept[dataset["material_index"].values]))
    if "coordination_number" in rows:
        number = rows["coordination_number"].values
        for name in np.unique(number[np.isfinite(number) & ~np.isin(number, COORDINATIONS)]):
            skip(int((number == name).sum()), f"of class {name:g}, not published", "coordination_number")
        rows["coordination_number"] = rows["coordination_number"].where(np.isin(number, COORDINATIONS))
        rows["coordination_number"].attrs = dataset["coordination_number"].attrs
    axes = {}
    if "mu" in rows:
        energy = rows["energy"].values
        grid = np.linspace(energy[0], (energy[0] + energy[-1]) / 2, XANES_POINTS)
        rows = _resampled(rows, "energy", grid)
        first, last = grid[[0, -1]] - float(rows.attrs["edge_energy"])
        words = f"{XANES_POINTS} points from {first:+.2f} to {last:+.2f} eV of the edge"
        axes["xanes"] = words.replace("-", "−")
    if "r" in rows.variables:
        rows, axes["pdf"] = _published_pdfs(rows)
    return PublishedRows(rows, skipped, axes)


def _without_guessed_states(dataset: xr.Dataset) -> xr.Dataset:
    """Forget states that only the composition tells, which a formula would teach."""
    if "oxidation_state" not in dataset or "oxidation_state_source" not in dataset:
        return dataset
    known = dataset.copy()
    known["oxidation_state"] = dataset["oxidation_state"].where(
        dataset["oxidation_state_source"] != "composition"
    )
    known["oxidation_state"].attrs = dataset["oxidation_state"].attrs
    return known


def _sites_agree(dataset: xr.Dataset) -> NDArray[np.bool_]:
    """Whether all sites of each material have one state and one coordination, or none of them any."""
    owner = dataset["material_index"].values
    n = dataset.sizes["material"]
    agree = np.ones(n, dtype=bool)
    for task in ("oxidation_state", "coordination_number"):
        if task in dataset:
            low, high = np.full(n, np.inf), np.full(n, -np.inf)
            np.fmin.at(low, owner, dataset[task].values)
            np.fmax.at(high, owner, dataset[task].values)
            missing = np.bincount(owner, weights=np.isnan(dataset[task].values), minlength=n)
            agree &= np.where(missing == 0, low == high, missing == np.bincount(owner, minlength=n))
    return agree


def _published_pdfs(rows: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Show ideal PDFs as published; resample others, which keep the instrument that they have."""
    names = [t.variable for t in TECHNIQUES.values() if t.axis == "r" and t.variable in rows]
    r = rows["r"].values
    last = min(PUBLISHED_INSTRUMENT.r_last, float(r[-1]))
    ideal = [float(rows[name].attrs["ideal_u_iso"]) for name in names if "ideal_u_iso" in rows[name].attrs]
    if len(ideal) == len(names):
        step = last / PDF_POINTS
        instrument = replace(
            PUBLISHED_INSTRUMENT,
            u_iso=max(PUBLISHED_INSTRUMENT.u_iso, *ideal),
            r_first=step,
            r_last=last,
            r_step=step,
        )
        words = (
            f"{PDF_POINTS} points to {last:g} Å, Qmax {instrument.qmax:g} Å⁻¹, U_iso {instrument.u_iso:g} Å²"
        )
        return show_pdf(rows, instrument), words
    had = json.loads(rows[names[0]].attrs.get("instrument", "{}"))
    through = (
        f" (Qmax {had['qmax']:g} Å⁻¹, U_iso {had['u_iso']:g} Å²)" if {"qmax", "u_iso"} <= set(had) else ""
    )
    first = float(r[0])
    words = f"as the data have them{through}, {PDF_POINTS} points from {first:g} to {last:g} Å"
    return _resampled(rows, "r", np.linspace(first, last, PDF_POINTS)), words


def _resampled(dataset: xr.Dataset, axis: str, grid: NDArray[np.float64]) -> xr.Dataset:
    """Interpolate every curve on an axis to another grid."""
    result = dataset.drop_dims(axis)
    old = dataset[axis].values
    for technique in TECHNIQUES.values():
        if technique.axis == axis and technique.variable in dataset:
            curves = dataset[technique.variable]
            values = np.array([np.interp(grid, old, curve) for curve in curves.values], dtype=np.float32)
            result[technique.variable] = (curves.dims, values, curves.attrs)
    return result.assign_coords({axis: (axis, grid, dataset[axis].attrs)})
