"""Datasets of the user's own in place of the bundled ones."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, DataError, edge_energy
from edgepair.dataset import drop_gated, open_dataset, select_sites, show_pdf
from edgepair.prediction.sample import NEEDED, ROUNDING, EnergyWindow
from edgepair.prediction.xanes_rows import SimulatedSpectrum, material_spectra
from edgepair.spectra import resample_pdf
from edgepair.standards import Standard

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.spectra import PDFInstrument

LATEST_START = 6.0
"""eV from the tabulated edge from which simulated spectra are continued before their start: edges of
oxides lie above."""


def open_data(data: xr.Dataset | str | Path, absorber: str) -> xr.Dataset:
    """Open a dataset that is to answer for an absorber."""
    dataset = _open(Path(data)) if isinstance(data, str | Path) else drop_gated(data)
    own = str(dataset.attrs["absorber"])
    if own != absorber:
        raise DataError(
            f"cannot answer for {absorber} with these data",
            found=f"a dataset of {own}" + (f", {str(data)!r}" if isinstance(data, str | Path) else ""),
            needed=f"a dataset of {absorber}",
            suggestion=f"give --data of {absorber}, or leave it out for the bundled simulations",
        )
    return dataset


def _open(path: Path) -> xr.Dataset:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    try:
        states = [file.stat() for file in files]
    except OSError:
        states = []
    return _opened(path.absolute(), *(f"{s.st_mtime_ns} {s.st_size}" for s in states))


@lru_cache(maxsize=4)
def _opened(path: Path, *_: str) -> xr.Dataset:
    return drop_gated(open_dataset(path, instrument=None))


def common_window(data: xr.Dataset, window: EnergyWindow) -> EnergyWindow:
    """Cut a window to what a dataset's spectra hold."""
    if TECHNIQUES["xanes"].variable not in data:
        return window
    absorber = str(data.attrs["absorber"])
    first, last = (float(end) - edge_energy(absorber) for end in data["energy"].values[[0, -1]])
    if first > LATEST_START or last < NEEDED[1]:
        raise DataError(
            f"cannot learn from these spectra of {absorber}",
            found=f"energies from {first:+.1f} to {last:+.1f} eV of the tabulated edge",
            needed=f"at least {LATEST_START:+g} to {NEEDED[1]:+g} eV",
            suggestion="make the dataset again over a longer range",
        )
    return EnergyWindow(window.low, min(window.high, math.floor((last + 0.5) / ROUNDING) * ROUNDING))


def own_spectra(data: xr.Dataset) -> tuple[tuple[Standard, ...], tuple[SimulatedSpectrum, ...]]:
    """Take the spectra of a dataset: what was measured as standards, the others as simulations."""
    if TECHNIQUES["xanes"].variable not in data:
        return (), ()
    measured = data["origin"].values.astype(str) == "measured"
    simulated: tuple[SimulatedSpectrum, ...] = ()
    standards: tuple[Standard, ...] = ()
    if not measured.all():
        simulated = tuple(material_spectra(select_sites(data, ~measured) if measured.any() else data))
    if measured.any():
        energy = data["energy"].values.astype(np.float64)
        spectra = material_spectra(data if measured.all() else select_sites(data, measured))
        standards = tuple(_standard(spectrum, energy) for spectrum in spectra)
    return standards, simulated


def _standard(spectrum: SimulatedSpectrum, energy: NDArray[np.float64]) -> Standard:
    state, number, length = (spectrum.values.get(task, np.nan) for task in TASKS)
    return Standard(
        name=spectrum.name,
        compound=spectrum.formula or spectrum.name,
        absorber=spectrum.absorber,
        energy=energy,
        mu=spectrum.mu,
        oxidation_state=state,
        coordination_number=number,
        bond_length=length,
        energy_shift=0.0,
        source="the user's dataset",
        formula=spectrum.formula,
    )


def fitting_instrument(data: xr.Dataset, instrument: PDFInstrument, technique: str) -> PDFInstrument:
    """Shorten an instrument's range to what a dataset's own curves hold."""
    if is_ideal(data, technique):
        return instrument
    r = data["r"].values
    step = instrument.r_step
    first = round(max(instrument.r_first, np.ceil(r[0] / step - 1e-6) * step), 6)
    last = round(min(instrument.r_last, np.floor(r[-1] / step + 1e-6) * step), 6)
    if last - first < 1.0:
        raise DataError(
            "cannot compare a PDF with these data",
            found=f"r from {r[0]:g} to {r[-1]:g} Å in the dataset",
            needed=f"what overlaps {instrument.r_first:g} to {instrument.r_last:g} Å",
            suggestion="make the dataset again over a longer range",
        )
    return replace(instrument, r_first=first, r_last=last)


def is_ideal(data: xr.Dataset, technique: str) -> bool:
    """Tell whether a dataset's PDFs can be shown through any instrument."""
    names = [t.variable for t in TECHNIQUES.values() if t.axis == "r" and t.variable in data]
    return TECHNIQUES[technique].variable in names and all("ideal_u_iso" in data[n].attrs for n in names)


def shown_data(data: xr.Dataset, instrument: PDFInstrument, technique: str) -> xr.Dataset:
    """Show a dataset's PDFs on an instrument's grid."""
    if is_ideal(data, technique):
        return show_pdf(data, instrument)
    variable = TECHNIQUES[technique].variable
    r = data["r"].values.astype(np.float64)
    curves = np.array([resample_pdf(r, row, instrument=instrument) for row in data[variable].values])
    shown = data.drop_dims("r")
    shown[variable] = (("material", "r"), curves, data[variable].attrs)
    return shown.assign_coords(r=("r", instrument.grid(), data["r"].attrs))
