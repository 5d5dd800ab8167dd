"""What is in a dataset, in numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.displayed import Record
from edgepair.dataset.schema import GATE_SEPARATOR, GATES
from edgepair.spectra import PDFInstrument, apply_instrument

if TYPE_CHECKING:
    import xarray as xr


def summarise(dataset: xr.Dataset) -> Record:
    """Count what is in a dataset.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.

    Returns
    -------
    dict
        ``absorber``; counts ``sites, materials, formulas, complete_materials``; ``techniques``
        with their ranges and steps; ``tasks`` with the number of sites of each class, or mean,
        spread and range; ``origins``; ``provenance``. ``gated``: sites that failed a check, and how many
        failed each (a site may fail several); ``oxidation_state_sources``: sites by where their oxidation
        state comes from, ``none`` among them; both are missing where the dataset does not say.
    """
    techniques = {}
    for technique in TECHNIQUES.values():
        if technique.variable in dataset:
            axis = dataset[technique.axis].values
            techniques[technique.name] = {
                "points": len(axis),
                "first": round(float(axis[0]), 4),
                "last": round(float(axis[-1]), 4),
                "step": round(float(np.median(np.diff(axis))), 4),
                "unit": technique.unit,
                **{k: str(v) for k, v in dataset[technique.variable].attrs.items() if k != "units"},
            }
    tasks: Record = {}
    for task in TASKS.values():
        if task.name not in dataset:
            continue
        values = dataset[task.name].values
        known = values[np.isfinite(values)]
        tasks[task.name] = {"sites": len(known)}
        if task.kind == "classification":
            names, counts = np.unique(known, return_counts=True)
            tasks[task.name]["classes"] = {f"{name:g}": int(n) for name, n in zip(names, counts, strict=True)}
        elif len(known):
            tasks[task.name] |= {
                "mean": round(float(known.mean()), 4),
                "standard_deviation": round(float(known.std()), 4),
                "lowest": round(float(known.min()), 4),
                "highest": round(float(known.max()), 4),
                "unit": task.unit,
            }
    origins, counts = np.unique(dataset["origin"].values.astype(str), return_counts=True)
    quality: Record = {}
    if "gate" in dataset:
        failed = [str(text) for text in dataset["gate"].values.tolist() if text]
        by_gate = {gate: sum(gate in text.split(GATE_SEPARATOR) for text in failed) for gate in GATES}
        quality["gated"] = {"sites": len(failed), "failed": by_gate}
    if "oxidation_state_source" in dataset:
        names, found = np.unique(dataset["oxidation_state_source"].values.astype(str), return_counts=True)
        quality["oxidation_state_sources"] = {
            str(name) or "none": int(n) for name, n in zip(names, found, strict=True)
        }
    return {
        "absorber": dataset.attrs["absorber"],
        "edge": dataset.attrs["edge"],
        "edge_energy": float(dataset.attrs["edge_energy"]),
        "sites": dataset.sizes["site"],
        "materials": dataset.sizes["material"],
        "formulas": len(set(dataset["formula"].values.tolist())),
        "complete_materials": int(dataset["complete"].values.sum()),
        "techniques": techniques,
        "tasks": tasks,
        **quality,
        "origins": {str(name): int(n) for name, n in zip(origins, counts, strict=True)},
        "provenance": {
            str(k): v
            for k, v in dataset.attrs.items()
            if k not in ("absorber", "edge", "edge_energy", "schema_version")
        },
    }


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
