"""Mean curves of each class, on which importances are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, DataError, Task, techniques_of
from edgepair.study.result import CURVE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from edgepair.conventions import Technique
    from edgepair.conventions.tasks import Labels
    from edgepair.study.plan import Cell, Rows

    Groups = Sequence[tuple[str, NDArray[np.int64]]]

MOST_POINTS = 150


def curve_rows(cell: Cell, modalities: Sequence[str]) -> Rows:
    """List the rows of ``curves.csv`` for one cell."""
    techniques = {t.name: t for modality in modalities for t in techniques_of(modality)}
    if cell.classes:
        groups = [(str(name), cell.sites[cell.target == k]) for k, name in enumerate(cell.classes)]
    else:
        groups = _thirds(cell.task, cell.sites, cell.target)
    return [
        {**cell.names, **row}
        for technique in techniques.values()
        for row in _technique_rows(cell.dataset, technique, groups)
    ]


def class_curves(dataset: xr.Dataset, *, task: str, sites: ArrayLike | None = None) -> pd.DataFrame:
    """Average the curves of a dataset over the sites of each class.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    task : str
        Whose classes, or thirds of the values in a regression. Sites without that label are left
        out.
    sites : array_like of int, optional
        Rows of the dataset that take part; default all.

    Returns
    -------
    pandas.DataFrame
        Columns of ``curves.csv``: for every technique of the dataset the mean, the 16th and the 84th
        percentile over the sites of each class (eV or Å; units of the curve). Every class counts,
        however few its sites are. A material's curve counts once for each of its sites.

    Raises
    ------
    DataError
        No site is left.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> curves = class_curves(load_bundled("Fe"), task="oxidation_state")
    >>> sorted(set(curves["technique"]))
    ['dpdf', 'npdf', 'pdf', 'xanes']
    """
    import pandas as pd

    chosen = np.arange(dataset.sizes["site"]) if sites is None else np.asarray(sites, dtype=np.int64)
    values = dataset[task].values[chosen] if task in dataset else np.full(len(chosen), np.nan)
    known = np.isfinite(values)
    chosen, values = chosen[known], values[known]
    if not len(chosen):
        raise DataError(
            f"cannot average curves by {TASKS[task].title if task in TASKS else task}",
            found="no site with that label",
            needed="at least one",
            suggestion="choose other sites, or another label",
        )
    kind = TASKS[task]
    if kind.kind == "classification":
        groups = [(f"{name:g}", chosen[values == name]) for name in np.unique(values)]
    else:
        groups = _thirds(kind, chosen, values)
    named = {"absorber": str(dataset.attrs["absorber"]), "task": task}
    rows = [
        {**named, **row}
        for technique in TECHNIQUES.values()
        if technique.variable in dataset
        for row in _technique_rows(dataset, technique, groups)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def _technique_rows(dataset: xr.Dataset, technique: Technique, groups: Groups) -> Rows:
    axis = dataset[technique.axis].values
    thinned = slice(None, None, max(1, len(axis) // MOST_POINTS))
    curves = dataset[technique.variable].values[:, thinned]
    rows: Rows = []
    for group, sites in groups:
        owners = dataset["material_index"].values[sites] if technique.owner == "material" else sites
        selected = curves[owners]
        lower, upper = np.percentile(selected, (16, 84), axis=0)
        rows += [
            {
                "technique": technique.name,
                "group": group,
                "n_sites": len(selected),
                "position": float(position),
                "mean": float(mean),
                "lower": float(low),
                "upper": float(high),
            }
            for position, mean, low, high in zip(
                axis[thinned], selected.mean(axis=0), lower, upper, strict=True
            )
        ]
    return rows


def _thirds(task: Task, sites: NDArray[np.int64], values: Labels) -> list[tuple[str, NDArray[np.int64]]]:
    first, second = np.quantile(values, (1 / 3, 2 / 3))
    lowest, highest = values.min(), values.max()
    thirds = (
        (f"{lowest:.2f}–{first:.2f} {task.unit}", values <= first),
        (f"{first:.2f}–{second:.2f} {task.unit}", (values > first) & (values <= second)),
        (f"{second:.2f}–{highest:.2f} {task.unit}", values > second),
    )
    return [(name, sites[mask]) for name, mask in thirds if mask.any()]
