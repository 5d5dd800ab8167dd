"""The datasets that ship inside the package."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions import BUNDLED_ABSORBERS, OptionError, near_miss
from edgepair.conventions.displayed import Record
from edgepair.dataset.store import open_dataset
from edgepair.dataset.summary import summarise
from edgepair.spectra import TYPICAL_INSTRUMENT, PDFInstrument

if TYPE_CHECKING:
    import xarray as xr


def bundled_path(absorber: str) -> Path:
    """Find the file of a bundled dataset.

    Parameters
    ----------
    absorber : str
        Chemical symbol.

    Returns
    -------
    pathlib.Path
        A Zarr zip inside the package.

    Raises
    ------
    OptionError
        No dataset of that absorber is bundled.
    """
    if absorber not in BUNDLED_ABSORBERS:
        raise OptionError(
            f"cannot load the bundled dataset of {absorber!r}",
            found=f"absorber {absorber!r}",
            needed="one of " + ", ".join(BUNDLED_ABSORBERS),
            suggestion=near_miss(absorber, BUNDLED_ABSORBERS)
            + "; data of your own go in by --data or edgepair.open_dataset",
        )
    return Path(str(resources.files("edgepair.dataset") / "bundled" / f"{absorber}.zarr.zip"))


@lru_cache(maxsize=2)
def _load(absorber: str, instrument: PDFInstrument | None) -> xr.Dataset:
    return open_dataset(bundled_path(absorber), instrument=instrument)


def load_bundled(absorber: str, *, instrument: PDFInstrument | None = TYPICAL_INSTRUMENT) -> xr.Dataset:
    """Load a dataset that ships with edgepair.

    Parameters
    ----------
    absorber : str
        One of Ti, V, Cr, Mn, Fe, Co, Ni, Cu.
    instrument : PDFInstrument or None, optional
        Instrument through which the stored ideal PDFs are shown; None leaves them ideal.

    Returns
    -------
    xarray.Dataset
        Follows the schema; a copy that may be changed freely.

    Raises
    ------
    OptionError
        No dataset of that absorber is bundled.

    Examples
    --------
    >>> load_bundled("Fe").attrs["absorber"]
    'Fe'
    """
    kept = _load(absorber, instrument)
    # not deep: that would copy every word of the columns of text, which nothing can change
    return kept.copy(data={name: variable.values.copy() for name, variable in kept.data_vars.items()})


def bundled_summary(absorber: str) -> Record:
    """Give what `summarise` finds in a bundled dataset, which ships beside it: to load all takes seconds."""
    kept = _summaries().get(absorber, {})
    if kept.get("sha256") == bundled_digest(absorber):
        summary: Record = kept["summary"]
        return summary
    return summarise(load_bundled(absorber))


def bundled_digest(absorber: str) -> str:
    """Hash the file of a bundled dataset."""
    return hashlib.sha256(bundled_path(absorber).read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _summaries() -> Record:
    text = (resources.files("edgepair.dataset") / "bundled" / "summaries.json").read_text(encoding="utf-8")
    found: Record = json.loads(text)
    return found
