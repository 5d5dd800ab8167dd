"""What in the training set is most like a sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS
from edgepair.features import Region, region_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.xanes_model import XanesModel

NEAREST = 3
"""Nearest standards, and nearest simulated materials, that are told."""


def nearest_rows(fitted: XanesModel, apart: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Name the standards and the simulated materials most like a spectrum.

    ``apart`` (n_rows,).
    """
    rows = fitted.rows
    found = []
    for simulated in (False, True):
        order = np.argsort(apart)
        named: set[str] = set()
        for row in order[(rows.simulated[order] == simulated) & np.isfinite(apart[order])].tolist():
            # repeats of one compound say the same
            name = str(rows.name[row] if simulated else rows.group[row].split(" ", 1)[1])
            if name in named:
                continue
            named.add(name)
            known = {task: float(rows.targets[task][row]) for task in TASKS}
            found.append(
                {
                    "technique": "xanes",
                    "rank": len(named),
                    "kind": "simulated" if simulated else "standard",
                    "name": name,
                    "formula": str(rows.formula[row]),
                    "distance": float(apart[row]),
                    **known,
                    "row": row,
                }
            )
            if len(named) == NEAREST:
                break
    return found


def nearest_materials(fitted: PdfModel, apart: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Name the simulated materials most like a PDF.

    ``apart`` (n_materials,).
    """
    return [
        {
            "technique": fitted.technique,
            "rank": rank,
            "kind": "simulated",
            "name": str(fitted.name[row]),
            "formula": str(fitted.formula[row]),
            "distance": float(apart[row]),
            **{
                task: float(fitted.targets[task][row]) if task in fitted.targets else math.nan
                for task in TASKS
            },
            "row": int(row),
        }
        for rank, row in enumerate(np.argsort(apart)[:NEAREST], 1)
    ]


WINDOW_WIDTH = {"xanes": 2.0, "pdf": 0.25, "dpdf": 0.25, "npdf": 0.25}
"""Width of the stretches that contributions are given for, eV or Å."""


def stretch_contributions(
    technique: str,
    task: str,
    added: NDArray[np.float64],
    position: NDArray[np.float64],
    ends: tuple[float, float],
    origin: float,
    regions: Sequence[Region],
) -> list[dict[str, Any]]:
    """Add up the contributions of the features of each stretch: rows of `Prediction.explanation`."""
    count = max(1, round((ends[1] - ends[0]) / WINDOW_WIDTH[technique]))
    edges = np.linspace(ends[0], ends[1], count + 1)
    window = np.clip(np.searchsorted(edges, position, side="right") - 1, 0, count - 1)
    sums = np.bincount(window, weights=added, minlength=count)
    held = np.unique(window)
    middle = (edges[held] + edges[held + 1]) / 2 + origin
    return [
        {
            "technique": technique,
            "task": task,
            "part": "",
            "position": float(at),
            "contribution": float(value),
            "region": regions[number].title,
        }
        for at, value, number in zip(middle, sums[held], region_numbers(regions, middle), strict=True)
    ]
