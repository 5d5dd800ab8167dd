"""How little is too little to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 20
FEWEST_GROUPS = 10
"""Curves with known values, and compounds or formulas among them, from which on a task is answered:
with fewer, a left-out tenth says nothing of how far answers are off."""


def is_enough(known: NDArray[np.bool_], groups: NDArray[np.str_]) -> bool:
    """Tell whether a task can be learnt.

    ``known`` (n,); ``groups`` (n,).
    """
    return bool(known.sum() >= FEWEST_ROWS and _n_groups(known, groups) >= FEWEST_GROUPS)


def check_enough(known: NDArray[np.bool_], groups: NDArray[np.str_], what: str) -> None:
    """Refuse to learn from next to nothing.

    ``known`` (n, n_tasks); ``groups`` (n,).
    """
    if any(is_enough(column, groups) for column in known.T):
        return
    held = np.asarray(known.any(axis=1))
    raise DataError(
        "cannot learn from these data",
        found=f"{int(held.sum())} {what} with known values, of {_n_groups(held, groups)} formulas",
        needed=f"at least {FEWEST_ROWS} of {FEWEST_GROUPS} formulas with one kind of value known",
        suggestion="add structures with edgepair build, or let library and bundled data take part",
    )


def _n_groups(known: NDArray[np.bool_], groups: NDArray[np.str_]) -> int:
    return len(set(groups[known].tolist()) - {""})
