"""What each stretch of a curve added to a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.features import Region, region_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
