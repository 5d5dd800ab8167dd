"""Showing a dataset's ideal PDFs through an instrument."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgepair.conventions import TECHNIQUES
from edgepair.spectra import PDFInstrument, apply_instrument

if TYPE_CHECKING:
    import xarray as xr


def show_pdf(dataset: xr.Dataset, instrument: PDFInstrument) -> xr.Dataset:
    """Show the ideal PDFs of a dataset through an instrument.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema. Its PDFs are ideal where their attribute ``ideal_u_iso`` says so.
    instrument : PDFInstrument
        What to impose.

    Returns
    -------
    xarray.Dataset
        With the curves on ``instrument.grid()`` and the parameters in the attribute
        ``instrument`` of each; unchanged where no PDF is ideal.

    Raises
    ------
    OptionError
        The instrument cannot be imposed on these curves.
    """
    names = [t.variable for t in TECHNIQUES.values() if t.axis == "r" and t.variable in dataset]
    ideal = [name for name in names if "ideal_u_iso" in dataset[name].attrs]
    if not ideal or len(ideal) < len(names):
        return dataset
    r = dataset["r"].values
    shown = dataset.drop_dims("r")
    for name in names:
        curves = apply_instrument(
            r,
            dataset[name].values,
            baseline=dataset[f"{name}_baseline"].values,
            ideal_u_iso=float(dataset[name].attrs["ideal_u_iso"]),
            instrument=instrument,
        )
        attributes = {k: v for k, v in dataset[name].attrs.items() if k != "ideal_u_iso"}
        attributes["instrument"] = json.dumps(instrument.parameters())
        shown[name] = (("material", "r"), curves.astype("float32"), attributes)
    return shown.assign_coords(r=("r", instrument.grid(), dataset["r"].attrs))
