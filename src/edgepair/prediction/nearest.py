"""What in the training set is most like a sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS
from edgepair.conventions.displayed import Record
from edgepair.features import Region, region_numbers
from edgepair.prediction.result import EXPLANATION_COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.xanes_model import XanesModel

NEAREST = 3
"""Nearest standards, and nearest simulated materials, that are told."""


def nearest_rows(fitted: XanesModel, apart: NDArray[np.float64]) -> list[Record]:
    """Name the standards and the simulated materials most like a spectrum; ``apart`` (n_rows,)."""
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
            kind = "simulated" if simulated else "standard"
            found.append(
                _row("xanes", len(named), kind, name, str(rows.formula[row]), rows.targets, apart, row)
            )
            if len(named) == NEAREST:
                break
    return found


def nearest_materials(fitted: PdfModel, apart: NDArray[np.float64]) -> list[Record]:
    """Name the simulated materials most like a PDF; ``apart`` (n_materials,)."""
    return [
        _row(
            fitted.technique, rank, "simulated", str(fitted.name[row]), str(fitted.formula[row]),
            fitted.targets, apart, row,
        )
        for rank, row in enumerate(np.argsort(apart)[:NEAREST].tolist(), 1)
    ]  # fmt: skip


def _row(
    technique: str, rank: int, kind: str, name: str, formula: str,
    targets: Mapping[str, NDArray[np.float64]], apart: NDArray[np.float64], row: int,
) -> Record:  # fmt: skip
    """Make a row of `Prediction.nearest`, with where it stands among those that were learnt from."""
    known = {task: float(targets[task][row]) if task in targets else math.nan for task in TASKS}
    about = {"technique": technique, "rank": rank, "kind": kind, "name": name, "formula": formula}
    return about | {"distance": float(apart[row])} | known | {"row": row}


def reason(technique: str, task: str, part: str, position: float, contribution: float, region: str) -> Record:
    """Make a row of `Prediction.explanation`."""
    values = (technique, task, part, position, contribution, region)
    return dict(zip(EXPLANATION_COLUMNS, values, strict=True))


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
) -> list[Record]:
    """Add up the contributions of the features of each stretch: rows of `Prediction.explanation`."""
    count = max(1, round((ends[1] - ends[0]) / WINDOW_WIDTH[technique]))
    edges = np.linspace(ends[0], ends[1], count + 1)
    window = np.clip(np.searchsorted(edges, position, side="right") - 1, 0, count - 1)
    sums = np.bincount(window, weights=added, minlength=count)
    held = np.unique(window)
    middle = (edges[held] + edges[held + 1]) / 2 + origin
    return [
        reason(technique, task, "", float(at), float(value), regions[number].title)
        for at, value, number in zip(middle, sums[held], region_numbers(regions, middle), strict=True)
    ]
