"""The sites of a dataset as a table, and finding some of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, OptionError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

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


def _labels(table: pd.DataFrame, task: str) -> NDArray[np.float64]:
    if task not in TASKS:
        raise OptionError(
            f"cannot filter sites by {task!r}",
            found=f"the label {task!r}",
            needed="one of " + ", ".join(TASKS),
            suggestion="leave it out",
        )
    labels: NDArray[np.float64] = table[task].to_numpy(dtype=float)
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
