"""Fitted models, kept for as long as the process lives, by what they were fitted on."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from edgepair.conventions import BUNDLED_ABSORBERS
from edgepair.dataset import load_bundled, load_standards
from edgepair.prediction.pdf_model import PdfModel
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, material_spectra

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.dataset import Standard
    from edgepair.prediction.energy_window import EnergyWindow
    from edgepair.spectra import PDFInstrument

Model = TypeVar("Model")

MOST_KEPT = 8
"""Fitted models in memory; about 30 MB each."""

_kept: OrderedDict[str, Any] = OrderedDict()
_lock = threading.RLock()


def fitted_xanes(
    window: EnergyWindow, own: Sequence[Standard] = (), data: xr.Dataset | None = None
) -> XanesModel:
    """Fit the model of measured XANES, or take it from memory.

    Parameters
    ----------
    window : EnergyWindow
        What is compared.
    own : sequence of Standard, optional
        The user's own standards, beside the library's.
    data : xarray.Dataset, optional
        The user's own simulations, in place of the bundled ones of their absorber.

    Returns
    -------
    XanesModel
        Not to be changed.
    """
    key = f"xanes {window} {_standards_digest(own)} {_data_digest(data)}"
    return _remembered(key, lambda: _fit_xanes(window, own, data))


def fitted_pdf(
    absorber: str, technique: str, instrument: PDFInstrument, data: xr.Dataset | None = None
) -> PdfModel:
    """Fit the model of measured PDFs, or take it from memory.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    technique : str
        ``pdf``, ``dpdf`` or ``npdf``.
    instrument : PDFInstrument
        Through which training curves are shown.
    data : xarray.Dataset, optional
        The user's own simulations, seen through the instrument.

    Returns
    -------
    PdfModel
        Not to be changed.
    """
    key = f"pdf {absorber} {technique} {instrument} {_data_digest(data)}"

    def fit() -> PdfModel:
        return PdfModel(load_bundled(absorber, instrument=instrument) if data is None else data, technique)

    return _remembered(key, fit)


def _fit_xanes(window: EnergyWindow, own: Sequence[Standard], data: xr.Dataset | None) -> XanesModel:
    simulated = dict(_bundled_spectra())
    if data is not None:
        simulated[str(data.attrs["absorber"])] = tuple(material_spectra(data))
    return XanesModel(window, (*load_standards(), *own), simulated)


@cache
def _bundled_spectra() -> dict[str, tuple[SimulatedSpectrum, ...]]:
    return {
        absorber: tuple(material_spectra(load_bundled(absorber, instrument=None)))
        for absorber in BUNDLED_ABSORBERS
    }


def _remembered(key: str, fit: Callable[[], Model]) -> Model:
    # One fit at a time: two threads that ask for the same model must not fit it twice.
    with _lock:
        if key not in _kept:
            _kept[key] = fit()
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        found: Model = _kept[key]
        return found


def _standards_digest(standards: Sequence[Standard]) -> str:
    digest = hashlib.sha256()
    for standard in standards:
        for value in vars(standard).values():
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest() if standards else ""


def _data_digest(data: xr.Dataset | None) -> str:
    if data is None:
        return ""
    digest = hashlib.sha256()
    for name in sorted(str(name) for name in data.variables):
        values = data[name].values
        digest.update(name.encode())
        digest.update(values.tobytes() if values.dtype != object else repr(values.tolist()).encode())
    return digest.hexdigest()
