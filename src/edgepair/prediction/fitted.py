"""Models fitted where they are asked for, on bundled or own data, and kept in memory."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, TECHNIQUES, DataError, OptionError, edge_energy
from edgepair.dataset import drop_gated, load_bundled, open_dataset, select_sites, show_pdf
from edgepair.dataset.store import data_digest
from edgepair.files.caching import fingerprint
from edgepair.measured import match_instrument
from edgepair.prediction.answers import check_enough
from edgepair.prediction.model_file import Model, load_trained
from edgepair.prediction.pdf_model import PdfModel, known_means, pdf_rows
from edgepair.prediction.sample import NEEDED, ROUNDING, EnergyWindow, choose_window
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, collect_rows, material_spectra, to_own_edge
from edgepair.spectra import resample_pdf
from edgepair.standards import Standard, load_standards

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.conventions.tasks import Floats
    from edgepair.measured.pdf.inspection import PdfInspection
    from edgepair.prediction.sample import PreparedXanes
    from edgepair.spectra import PDFInstrument

LATEST_START = 6.0
"""eV from the tabulated edge from which simulated spectra are continued before their start: edges of
oxides lie above."""

MOST_KEPT = 8
"""Fitted models in memory; about 30 MB each."""

_kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
_lock = threading.RLock()


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


def _standard(spectrum: SimulatedSpectrum, energy: Floats) -> Standard:
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


def fitted_xanes(
    window: EnergyWindow,
    absorber: str,
    own: Sequence[Standard] = (),
    data: xr.Dataset | None = None,
    *,
    aligned: bool = False,
    library: bool = True,
    seed: int = 0,
) -> XanesModel:
    """Fit a model of measured XANES, or take it from memory."""
    known = (*(load_standards() if library else ()), *own)
    simulated: dict[str, Sequence[SimulatedSpectrum]] = {}
    if data is not None:
        measured, computed = own_spectra(data)
        known = (*known, *measured)
        if computed:
            simulated[str(data.attrs["absorber"])] = computed
    needs = library and data is None and absorber in BUNDLED_ABSORBERS
    alone = needs and not load_standards(absorber) and not any(s.absorber == absorber for s in own)
    key = (
        "xanes",
        window,
        absorber if alone else "",
        fingerprint(list(own)) if own else "",
        data_digest(data) if data is not None else "",
        aligned,
        library,
        seed,
    )

    def fit() -> XanesModel:
        if alone:
            bundled = drop_gated(load_bundled(absorber, instrument=None))
            simulated[absorber] = material_spectra(bundled)
        if not library:
            # the library is always enough to learn from
            values = [[getattr(s, task) for task in TASKS] for s in known]
            values += [
                [s.values.get(task, np.nan) for task in TASKS] for of in simulated.values() for s in of
            ]
            groups = [s.compound for s in known]
            groups += [s.formula or s.name for of in simulated.values() for s in of]
            told = ~np.isnan(np.array(values, dtype=np.float64).reshape(len(groups), len(TASKS)))
            check_enough(told, np.array(groups, dtype=str), "spectra")
        rows = collect_rows(window, known, simulated, seed, aligned=aligned)
        return XanesModel(window, rows, aligned=aligned, seed=seed)

    return _remembered(key, fit)


def fitted_pdf(
    absorber: str,
    technique: str,
    instrument: PDFInstrument,
    data: xr.Dataset | None = None,
    *,
    seed: int = 0,
) -> PdfModel:
    """Fit a model of measured PDFs, or take it from memory."""

    def fit() -> PdfModel:
        if data is None:
            shown = drop_gated(load_bundled(absorber, instrument=instrument))
        else:
            shown = shown_data(data, instrument, technique)
            check_enough(*known_means(shown), "complete materials")
        return PdfModel(pdf_rows(shown, technique, seed=seed), seed=seed)

    known = data_digest(data) if data is not None else ""
    return _remembered(("pdf", absorber, technique, instrument, known, seed), fit)


def _remembered(key: tuple[object, ...], fit: Callable[[], Model]) -> Model:
    # one fit at a time: two threads that ask for the same model must not fit it twice
    with _lock:
        if key not in _kept:
            _kept[key] = fit()
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        kept: Model = _kept[key]
        return kept


@dataclass(frozen=True)
class Source:
    """Where models come from."""

    standards: tuple[Standard, ...] = ()
    data: xr.Dataset | str | Path | None = None
    model: str | Path | None = None
    shift_given: bool = False

    def __post_init__(self) -> None:
        """Refuse to fit and not to fit at once."""
        beside = ["data"] * (self.data is not None) + ["standards"] * bool(self.standards)
        if self.model is not None and beside:
            raise OptionError(
                f"cannot use the model {str(self.model)!r}",
                found=f"{' and '.join(beside)} beside a fitted model",
                needed="a model alone: it was fitted on data and standards of its own",
                suggestion="train it with them: edgepair train --data PATH --standards F.csv --model MODEL",
            )

    def for_spectrum(self, prepared: PreparedXanes) -> tuple[PreparedXanes, XanesModel, list[str]]:
        """Choose or fit the model for a measured spectrum."""
        metal = prepared.absorber
        data = None if self.data is None else open_data(self.data, metal)
        trained = None if self.model is None else load_trained(self.model)
        if trained is not None:
            measured = trained.has_standards
        else:
            own = any(s.absorber == metal for s in self.standards)
            measured = own or bool(load_standards(metal))
        if not (measured or self.shift_given):
            # a foil puts energies on a scale that simulated ones are not on
            prepared = replace(prepared, calibrated=False)
        first, last = float(prepared.energy[0]), float(prepared.energy[-1])
        by = 0.0
        if not prepared.calibrated:
            by = to_own_edge(prepared.energy, prepared.mu, EnergyWindow())
            first, last = first + by, last + by
        if trained is not None:
            fitted = trained.for_spectrum(metal, first, last, aligned=not prepared.calibrated)
            return prepared, fitted, _few_standards(fitted)
        window = choose_window(first, last, moved=by)
        doubts: list[str] = []
        if data is not None:
            window, doubts = common_window(data, window), _no_curves(data, "xanes")
        fitted = fitted_xanes(window, metal, self.standards, data, aligned=not prepared.calibrated)
        return prepared, fitted, doubts

    def for_pdf(
        self, absorber: str, technique: str, seen: PdfInspection
    ) -> tuple[PdfModel, PDFInstrument, list[str]]:
        """Choose or fit the model for a measured PDF."""
        instrument = match_instrument(seen)
        if self.model is not None:
            return *load_trained(self.model).for_pdf(absorber, technique, seen, instrument), []
        if self.data is None:
            _check_bundled(absorber)
            return fitted_pdf(absorber, technique, instrument), instrument, []
        data = open_data(self.data, absorber)
        doubts = _no_curves(data, technique)
        if doubts:
            _check_bundled(absorber)
            return fitted_pdf(absorber, technique, instrument), instrument, doubts
        instrument = fitting_instrument(data, instrument, technique)
        if not is_ideal(data, technique):
            doubts.append(
                f"{technique}: the dataset's curves keep the damping of their own instrument,"
                " which is not matched to the sample's"
            )
        return fitted_pdf(absorber, technique, instrument, data), instrument, doubts


def _few_standards(fitted: XanesModel) -> list[str]:
    if not fitted.rows.few_measured:
        return []
    return [
        "xanes: the model has next to no measured standards; its intervals are what simulated spectra"
        " left out were missed by, and a measured one may be missed by more"
    ]


def _no_curves(data: xr.Dataset, technique: str) -> list[str]:
    if TECHNIQUES[technique].variable in data:
        return []
    return [f"{technique}: the dataset given holds none; the bundled one answers"]


def _check_bundled(absorber: str) -> None:
    if absorber not in BUNDLED_ABSORBERS:
        raise DataError(
            f"cannot answer for the PDF of an oxide of {absorber}",
            found=f"no simulated PDFs of {absorber}",
            needed="one of " + ", ".join(BUNDLED_ABSORBERS),
            suggestion="simulate some with edgepair build and give them by --data",
        )
