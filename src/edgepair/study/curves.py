"""Mean curves of each class, on which importances are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import techniques_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepair.study.cells import Cell

MOST_POINTS = 150


def curve_rows(cell: Cell, modalities: Sequence[str]) -> list[dict[str, Any]]:
    """List the rows of ``curves.csv`` for one cell.

    Parameters
    ----------
    cell : Cell
        Absorber and task.
    modalities : sequence of str
        Techniques that occur in them are drawn.

    Returns
    -------
    list of dict
        Mean, 16th and 84th percentile over the sites of each class, or of each third of the
        values in a regression, on at most about `MOST_POINTS` points.
    """
    techniques = {t.name: t for modality in modalities for t in techniques_of(modality)}
    groups = _groups(cell)
    rows = []
    for technique in techniques.values():
        axis = cell.dataset[technique.axis].values
        thinned = slice(None, None, max(1, len(axis) // MOST_POINTS))
        index = cell.sites
        if technique.owner == "material":
            index = cell.dataset["material_index"].values[index]
        curves = cell.dataset[technique.variable].values[:, thinned]
        for group, members in groups:
            mine = curves[index[members]]
            lower, upper = np.percentile(mine, (16, 84), axis=0)
            rows += [
                {
                    "absorber": cell.absorber,
                    "task": cell.task.name,
                    "technique": technique.name,
                    "group": group,
                    "n_sites": len(mine),
                    "position": float(position),
                    "mean": float(mean),
                    "lower": float(low),
                    "upper": float(high),
                }
                for position, mean, low, high in zip(
                    axis[thinned], mine.mean(axis=0), lower, upper, strict=True
                )
            ]
    return rows


def _groups(cell: Cell) -> list[tuple[str, NDArray[np.int64]]]:
    if cell.classes:
        return [(str(name), np.flatnonzero(cell.target == k)) for k, name in enumerate(cell.classes)]
    first, second = np.quantile(cell.target, (1 / 3, 2 / 3))
    lowest, highest = cell.target.min(), cell.target.max()
    thirds = (
        (f"{lowest:.2f}–{first:.2f} {cell.task.unit}", cell.target <= first),
        (f"{first:.2f}–{second:.2f} {cell.task.unit}", (cell.target > first) & (cell.target <= second)),
        (f"{second:.2f}–{highest:.2f} {cell.task.unit}", cell.target > second),
    )
    return [(name, np.flatnonzero(mask)) for name, mask in thirds if mask.any()]
