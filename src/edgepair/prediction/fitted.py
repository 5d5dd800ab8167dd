"""Models fitted where they are asked for, and kept in memory while the program runs."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from edgepair.conventions import BUNDLED_ABSORBERS, TASKS
from edgepair.dataset import drop_gated, load_bundled
from edgepair.prediction.answers import check_enough
from edgepair.prediction.own_data import data_digest, own_spectra, shown_data
from edgepair.prediction.pdf_model import PdfModel, known_means
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, material_spectra
from edgepair.standards import load_standards

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.prediction.sample import EnergyWindow
    from edgepair.spectra import PDFInstrument
    from edgepair.standards import Standard

Model = TypeVar("Model", XanesModel, PdfModel)

MOST_KEPT = 8
"""Fitted models in memory; about 30 MB each."""

_kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
_lock = threading.RLock()


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
    alone = needs and not any(s.absorber == absorber for s in known)
    key = (
        "xanes",
        window,
        absorber if alone else "",
        _digest(own),
        data_digest(data),
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
        return XanesModel(window, known, simulated, aligned=aligned, seed=seed)

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
            return PdfModel(drop_gated(load_bundled(absorber, instrument=instrument)), technique, seed=seed)
        shown = shown_data(data, instrument, technique)
        check_enough(*known_means(shown), "complete materials")
        return PdfModel(shown, technique, seed=seed)

    return _remembered(("pdf", absorber, technique, instrument, data_digest(data), seed), fit)


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


def _digest(standards: Sequence[Standard]) -> str:
    digest = hashlib.sha256()
    for standard in standards:
        for value in vars(standard).values():
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest() if standards else ""
