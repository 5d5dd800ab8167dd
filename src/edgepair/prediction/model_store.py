"""Fitted models, kept by what they were fitted on: in memory, and in the user's cache folder."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from edgepair._version import __version__
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS
from edgepair.dataset import drop_gated, load_bundled, load_standards
from edgepair.prediction.enough import check_enough
from edgepair.prediction.model_cache import ModelCache, cache_folder
from edgepair.prediction.own_data import data_digest, own_spectra, shown_data
from edgepair.prediction.pdf_model import PdfModel, known_means
from edgepair.prediction.saving import PackedModel, pack_pdf, pack_xanes, restore_pdf, restore_xanes
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, material_spectra

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.dataset import Standard
    from edgepair.models import ModelBundle
    from edgepair.prediction.energy_window import EnergyWindow
    from edgepair.spectra import PDFInstrument

Model = TypeVar("Model", XanesModel, PdfModel)

MOST_KEPT = 8
"""Fitted models in memory; about 30 MB each."""

_CODE = ("models", "prediction", "spectra")
"""Packages whose code decides what a fit is."""

_kept: OrderedDict[str, Any] = OrderedDict()
_lock = threading.RLock()


def fitted_xanes(
    window: EnergyWindow,
    own: Sequence[Standard] = (),
    data: xr.Dataset | None = None,
    *,
    library: bool = True,
    seed: int = 0,
) -> XanesModel:
    """Fit the model of measured XANES, or take it from memory or the cache folder.

    Parameters
    ----------
    window : EnergyWindow
        What is compared.
    own : sequence of Standard, optional
        The user's own standards, beside the library's.
    data : xarray.Dataset, optional
        The user's own spectra, in place of the bundled simulations of their absorber.
    library : bool, optional
        Whether the library's standards and the bundled simulations take part.
    seed : int, optional
        Decides which simulated spectra take part, and the forests.

    Returns
    -------
    XanesModel
        Not to be changed.
    """
    key = _key("xanes", window, _standards_digest(own), data_digest(data), library, seed)
    return _remembered(key, lambda: _fit_xanes(window, own, data, library, seed), pack_xanes, restore_xanes)


def fitted_pdf(
    absorber: str,
    technique: str,
    instrument: PDFInstrument,
    data: xr.Dataset | None = None,
    *,
    seed: int = 0,
) -> PdfModel:
    """Fit the model of measured PDFs, or take it from memory or the cache folder.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    technique : str
        ``pdf``, ``dpdf`` or ``npdf``.
    instrument : PDFInstrument
        Through which training curves are shown.
    data : xarray.Dataset, optional
        The user's own curves, in place of the bundled simulations.
    seed : int, optional
        Decides which materials take part, and the forests.

    Returns
    -------
    PdfModel
        Not to be changed.
    """
    key = _key("pdf", absorber, technique, instrument, data_digest(data), seed)

    def fit() -> PdfModel:
        shown = (
            drop_gated(load_bundled(absorber, instrument=instrument))
            if data is None
            else shown_data(data, instrument, technique)
        )
        if data is not None:
            known, formulas = known_means(shown)
            check_enough(known, formulas, "complete materials")
        return PdfModel(shown, technique, seed=seed)

    return _remembered(
        key, fit, lambda model: pack_pdf(model, "pdf"), lambda bundle: restore_pdf(bundle, "pdf")
    )


def _fit_xanes(
    window: EnergyWindow, own: Sequence[Standard], data: xr.Dataset | None, library: bool, seed: int
) -> XanesModel:
    simulated = dict(_bundled_spectra()) if library else {}
    standards = (*(load_standards() if library else ()), *own)
    if data is not None:
        measured, computed = own_spectra(data)
        standards = (*standards, *measured)
        if computed:
            simulated[str(data.attrs["absorber"])] = computed
    if not library:
        # the library is always enough to learn from
        values = [[getattr(s, task) for task in TASKS] for s in standards]
        values += [[s.values.get(task, np.nan) for task in TASKS] for of in simulated.values() for s in of]
        groups = [s.compound for s in standards]
        groups += [s.formula or s.name for of in simulated.values() for s in of]
        known = ~np.isnan(np.array(values, dtype=np.float64).reshape(len(groups), len(TASKS)))
        check_enough(known, np.array(groups, dtype=str), "spectra")
    return XanesModel(window, standards, simulated, seed=seed)


@cache
def _bundled_spectra() -> dict[str, tuple[SimulatedSpectrum, ...]]:
    return {
        absorber: tuple(material_spectra(drop_gated(load_bundled(absorber, instrument=None))))
        for absorber in BUNDLED_ABSORBERS
    }


def _remembered(
    key: str,
    fit: Callable[[], Model],
    pack: Callable[[Model], PackedModel],
    restore: Callable[[ModelBundle], Model],
) -> Model:
    # One fit at a time: two threads that ask for the same model must not fit it twice.
    with _lock:
        if key not in _kept:
            stored = ModelCache(cache_folder())
            found: Model | None = stored.load(key, restore)
            if found is None:
                found = fit()
                stored.save(key, pack(found))
            _kept[key] = found
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        kept: Model = _kept[key]
        return kept


def _key(*parts: object) -> str:
    """Hash everything that a fitted model depends on."""
    programs = (__version__, version("scikit-learn"), version("numpy"), version("scipy"))
    text = "\n".join([*map(str, parts), *programs, _shipped_digest(), _settings_digest()])
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _shipped_digest() -> str:
    """Hash the code of the models and the bundled data, so that new ones are fitted anew."""
    digest = hashlib.sha256()
    home = Path(str(resources.files("edgepair")))
    for name in _CODE:
        for file in sorted((home / name).glob("*.py")):
            digest.update(file.read_bytes())
    for file in sorted((home / "dataset" / "bundled").iterdir()):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _settings_digest() -> str:
    """Hash numbers that a test or a user may have changed while the program runs."""
    from edgepair.models import class_shares, share_forest
    from edgepair.prediction import energy_scale, pdf_model, xanes_model, xanes_rows

    modules = (class_shares, share_forest, energy_scale, pdf_model, xanes_model, xanes_rows)

    return repr(
        [
            (name, value)
            for module in modules
            for name, value in sorted(vars(module).items())
            if name.isupper() and isinstance(value, int | float | tuple)
        ]
    )


def _standards_digest(standards: Sequence[Standard]) -> str:
    digest = hashlib.sha256()
    for standard in standards:
        for value in vars(standard).values():
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest() if standards else ""
