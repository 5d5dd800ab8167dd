"""Fitting models for a file: on the bundled data, or on a dataset of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions import BUNDLED_ABSORBERS, TECHNIQUES, DataError, OptionError, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_choice
from edgepair.dataset import drop_gated, load_bundled
from edgepair.prediction.fitted import common_window, fitted_pdf, fitted_xanes, fitting_instrument, open_data
from edgepair.prediction.model_file import TrainedModels, check_answers
from edgepair.prediction.own_standards import model_scores, own_standards_report
from edgepair.prediction.sample import FULL, NEEDED, EnergyWindow
from edgepair.spectra import TYPICAL_INSTRUMENT

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.conventions.tasks import Floats
    from edgepair.prediction.pdf_model import PdfRows
    from edgepair.prediction.xanes_rows import XanesRows
    from edgepair.spectra import PDFInstrument
    from edgepair.standards import Standard


def train_models(
    data: xr.Dataset | str | Path | None = None,
    *,
    absorber: str,
    techniques: Sequence[str] | None = None,
    window: tuple[float, float] | None = None,
    instrument: PDFInstrument = TYPICAL_INSTRUMENT,
    standards: Sequence[Standard] = (),
    library: bool = True,
    confidence_level: float = 0.9,
    seed: int = 0,
    on_step: Callable[[int, int, str], None] | None = None,
) -> TrainedModels:
    """Fit models of one absorber, to be kept in a file.

    Parameters
    ----------
    data : xarray.Dataset or path, optional
        The user's own dataset; the bundled one of the absorber by default.
    absorber : str
        Chemical symbol.
    techniques : sequence of str, optional
        Of xanes, pdf, dpdf, npdf; by default all that the dataset holds.
    window : tuple of float, optional
        First and last energy that are compared, eV from the tabulated edge.
    instrument : PDFInstrument, optional
        Through which PDFs are shown.
    standards : sequence of Standard, optional
        The user's own.
    library : bool, optional
        Whether the library of standards and the bundled simulations of other absorbers take part.
    confidence_level : float, optional
        Of the intervals whose coverage is told.
    seed : int, optional
        Same seed, same models.
    on_step : callable, optional
        Called with the number of models fitted, that of all, and what comes next.

    Returns
    -------
    TrainedModels
        ``about["scores"]`` tells by technique how well they did on what was left out,
        ``about["own_standards"]`` what the user's own standards changed.

    Raises
    ------
    OptionError
        An option is not understood.
    DataError
        The data hold too little to learn from.
    """
    edge_energy(absorber)
    dataset = _dataset(data, absorber)
    chosen = _window(window, dataset)
    names = _techniques(techniques, dataset, absorber, standards)
    scores: dict[str, list[Record]] = {}
    spectra: dict[bool, XanesRows] = {}
    curves: dict[str, tuple[PdfRows, PDFInstrument]] = {}
    checks: dict[str, Floats] = {}
    changed: Record = {}
    for number, name in enumerate(names):
        if on_step is not None:
            on_step(number, len(names), TECHNIQUES[name].title)
        if name == "xanes":
            own = None if dataset is None or (data is None and library) else dataset
            if any(s.absorber == absorber for s in standards) and (library or own is not None):
                told = own_standards_report(
                    standards, absorber, window=chosen, data=own, library=library, seed=seed
                )
                changed = told.to_json() | {"text": told.lines()}
            for aligned in (False, True):
                fitted = fitted_xanes(
                    chosen, absorber, standards, own, aligned=aligned, library=library, seed=seed
                )
                if absorber not in fitted.rows.absorber:
                    raise DataError(
                        f"cannot train for the K edge of {absorber}",
                        found=f"neither standards nor simulations of {absorber}",
                        needed="spectra of that element with known values",
                        suggestion="make some with edgepair build and give them by --data, or give"
                        " --standards",
                    )
                spectra[aligned], checks[f"xanes_{aligned}"] = fitted.rows, check_answers(fitted)
                if not aligned:
                    scores[name] = model_scores(fitted, absorber, level=confidence_level)
            continue
        assert dataset is not None
        shown = fitting_instrument(dataset, instrument, name)
        model = fitted_pdf(absorber, name, shown, None if data is None else dataset, seed=seed)
        curves[name], checks[name] = (model.rows, shown), check_answers(model)
        scores[name] = model_scores(model, absorber, level=confidence_level)
    about = {
        "data": "" if data is None else Path(data).name if isinstance(data, str | Path) else "a dataset",
        "library": library,
        "standards": len(standards),
        "confidence_level": confidence_level,
        "seed": seed,
        "scores": scores,
        "own_standards": changed,
    }
    return TrainedModels(absorber, chosen if spectra else None, spectra, curves, about, checks)


def _dataset(data: xr.Dataset | str | Path | None, absorber: str) -> xr.Dataset | None:
    if data is not None:
        return open_data(data, absorber)
    return drop_gated(load_bundled(absorber, instrument=None)) if absorber in BUNDLED_ABSORBERS else None


def _techniques(
    asked: Sequence[str] | None,
    dataset: xr.Dataset | None,
    absorber: str,
    standards: Sequence[Standard],
) -> list[str]:
    for name in asked or ():
        check_choice("cannot train for", "technique", name, TECHNIQUES)
    present = [name for name, item in TECHNIQUES.items() if dataset is not None and item.variable in dataset]
    if "xanes" not in present and any(standard.absorber == absorber for standard in standards):
        present.insert(0, "xanes")
    missing = [name for name in asked or () if name not in present]
    if missing or not present:
        raise DataError(
            f"cannot train for {absorber} and {', '.join(missing or ['anything'])}",
            found="a dataset with " + ", ".join(present) if present else f"no data of {absorber}",
            needed="a dataset that holds what is asked for",
            suggestion="make one with edgepair build and give it by --data, or ask for --modality "
            + ",".join(present or ["xanes"]),
        )
    return [name for name in TECHNIQUES if name in (asked or present)]


def _window(ends: tuple[float, float] | None, dataset: xr.Dataset | None) -> EnergyWindow:
    if ends is None:
        return EnergyWindow() if dataset is None else common_window(dataset, EnergyWindow())
    low, high = ends
    if not (FULL[0] <= low <= NEEDED[0] and NEEDED[1] <= high <= FULL[1]):
        raise OptionError(
            "cannot train for this range of energies",
            found=f"{low:g} to {high:g} eV from the tabulated edge",
            needed=f"a range that begins from {FULL[0]:g} to {NEEDED[0]:g} eV and ends from"
            f" {NEEDED[1]:g} to {FULL[1]:g} eV",
            suggestion=f"{FULL[0]:g} to {FULL[1]:g} eV is the widest",
        )
    window = EnergyWindow(float(low), float(high))
    found = window if dataset is None else common_window(dataset, window)
    if found != window:
        raise DataError(
            "cannot train for this range of energies",
            found=f"spectra that hold {found.low:g} to {found.high:g} eV of it",
            needed=f"spectra from {low:g} to {high:g} eV",
            suggestion=f"ask for the range from {found.low:g} to {found.high:g} eV",
        )
    return window
