"""Recognising materials that are listed twice."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymatgen.core import Structure

LENGTH_TOLERANCE = 0.005
"""Relative difference of cell lengths up to which two cells are the same."""

SITE_TOLERANCE = 0.01
"""Root-mean-square displacement up to which atoms are the same, in units of (volume/atom)^(1/3):
about 0.02 Å. Larger ones would change a bond length by as much as it can be read."""

ANGLE_TOLERANCE = 0.5
"""Difference of cell angles up to which two cells are the same, degrees."""


@cache
def _matcher() -> Any:
    from pymatgen.core.structure_matcher import StructureMatcher

    return StructureMatcher(
        ltol=LENGTH_TOLERANCE,
        stol=SITE_TOLERANCE,
        angle_tol=ANGLE_TOLERANCE,
        primitive_cell=False,
        scale=False,
    )


def are_identical(first: Structure, second: Structure) -> bool:
    """Say whether two materials are the same, whatever the setting of their cells.

    Parameters
    ----------
    first, second : pymatgen.core.Structure
        Primitive cells of one formula, number of atoms and space group.

    Returns
    -------
    bool
        True where cells and positions agree within the tolerances of this module; a polymorph, or
        the same crystal at another temperature or pressure, is another material.
    """
    return may_be_identical(first, second) and bool(_matcher().fit(first, second))


def may_be_identical(first: Structure, second: Structure) -> bool:
    """Say whether two materials have the same volume, which is quick to tell.

    Parameters
    ----------
    first, second : pymatgen.core.Structure
        Primitive cells of one formula, number of atoms and space group.

    Returns
    -------
    bool
        False where they cannot be identical.
    """
    return bool(abs(first.volume / second.volume - 1) <= 3 * LENGTH_TOLERANCE)
