"""What is in a dataset: in numbers, and its sites as a table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, OptionError
from edgepair.conventions.displayed import Record
from edgepair.dataset.schema import GATE_SEPARATOR, GATES
from edgepair.spectra import PDFInstrument, apply_instrument

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from edgepair.conventions.tasks import Floats

SITE_COLUMNS = ("site", "formula", "material_id", "site_index", *TASKS, "multiplicity", "origin", "gate")
"""Columns of the table, in their order."""

_SYMBOL = re.compile(r"[A-Z][a-z]?")


@dataclass(frozen=True)
class SiteFilter:
    """Which sites are wanted; all conditions hold at once, an empty one is none.

    Attributes
    ----------
    text : str
        Part of the formula or of the material's identifier, in any case.
    elements : tuple of str
        Chemical symbols that the formula holds.
    values : mapping of str to tuple of float
        By task: the values wanted, such as classes.
    ranges : mapping of str to tuple of float
        By task: the lowest and the highest value wanted, in the task's unit; infinite where open.
    """

    text: str = ""
    elements: tuple[str, ...] = ()
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def site_table(dataset: xr.Dataset) -> pd.DataFrame:
    """List the sites of a dataset with their materials and labels.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.

    Returns
    -------
    pandas.DataFrame
        A row per site, in the order of the dataset; columns `SITE_COLUMNS`. ``site`` is the row of
        the dataset, ``site_index`` that in the structure; labels are NaN where not known, bond
        lengths in Å; ``gate`` names the checks that a site failed.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> table = site_table(load_bundled("Fe"))
    >>> list(table.columns[:4])
    ['site', 'formula', 'material_id', 'site_index']
    """
    import pandas as pd

    n_sites = dataset.sizes["site"]
    materials = dataset["material_index"].values
    columns = {"site": np.arange(n_sites)}
    for name in SITE_COLUMNS[1:]:
        if name not in dataset:
            columns[name] = np.full(n_sites, np.nan)
        else:
            values = dataset[name].values
            columns[name] = values[materials] if dataset[name].dims == ("material",) else values
    return pd.DataFrame(columns)


def find_sites(table: pd.DataFrame, wanted: SiteFilter) -> pd.DataFrame:
    """Keep the rows of a table of sites that are wanted.

    Parameters
    ----------
    table : pandas.DataFrame
        From `site_table`.
    wanted : SiteFilter
        What is wanted. A site without a label does not pass a condition on that label.

    Returns
    -------
    pandas.DataFrame
        The rows kept, in their order; none, where nothing fits.

    Raises
    ------
    OptionError
        A chemical symbol or a task does not exist.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> table = site_table(load_bundled("Fe"))
    >>> found = find_sites(table, SiteFilter(elements=("Li", "P"), values={"oxidation_state": (2,)}))
    >>> set(found["oxidation_state"])
    {2.0}
    """
    kept = np.ones(len(table), dtype=bool)
    formulas = table["formula"].astype(str)
    if wanted.text.strip():
        text = wanted.text.strip().lower()
        named = formulas + "\n" + table["material_id"].astype(str)
        kept &= named.str.lower().str.contains(text, regex=False).to_numpy(dtype=bool)
    if wanted.elements:
        _check_elements(wanted.elements)
        needed = set(wanted.elements)
        # Materials have many sites: each formula is read once.
        holds = {name: needed <= set(_SYMBOL.findall(name)) for name in formulas.unique()}
        kept &= formulas.map(holds).to_numpy(dtype=bool)
    for task, values in wanted.values.items():
        kept &= np.isin(_labels(table, task), np.asarray(values, dtype=float))
    for task, (low, high) in wanted.ranges.items():
        labels = _labels(table, task)
        kept &= (labels >= low) & (labels <= high)
    return table[kept]


def _labels(table: pd.DataFrame, task: str) -> Floats:
    if task not in TASKS:
        raise OptionError(
            f"cannot filter sites by {task!r}",
            found=f"the label {task!r}",
            needed="one of " + ", ".join(TASKS),
            suggestion="leave it out",
        )
    labels: Floats = table[task].to_numpy(dtype=float)
    return labels


def _check_elements(symbols: tuple[str, ...]) -> None:
    from pymatgen.core import Element

    for symbol in symbols:
        if not Element.is_valid_symbol(symbol):
            raise OptionError(
                f"cannot filter sites by the element {symbol!r}",
                found=f"{symbol!r}",
                needed="chemical symbols, such as Li and P",
                suggestion="write symbols with a capital first letter; part of a formula is text",
            )


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
