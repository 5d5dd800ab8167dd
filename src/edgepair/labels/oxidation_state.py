"""Oxidation states of all sites of a structure, by bond valence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepair.conventions import LabelError

if TYPE_CHECKING:
    from pymatgen.core import Structure


def find_oxidation_states(structure: Structure) -> tuple[int, ...]:
    """Assign an oxidation state to every site by bond-valence analysis.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered structure.

    Returns
    -------
    tuple of int
        One per site, in the order of the structure.

    Raises
    ------
    LabelError
        No consistent assignment exists, or an element has no bond-valence parameters.

    Notes
    -----
    ``BVAnalyzer`` with its defaults: the most probable charge-neutral assignment, from bond
    valence sums [1]_ and the statistics of the ICSD.

    References
    ----------
    .. [1] O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991), doi 10.1021/ja00009a002
    """
    from pymatgen.core.bond_valence import BVAnalyzer

    try:
        return tuple(int(valence) for valence in BVAnalyzer().get_valences(structure))
    except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError) as error:
        raise LabelError(
            f"cannot assign oxidation states in {structure.formula}",
            found=f"{type(error).__name__}: {error}",
            needed="a charge-neutral assignment that agrees with the bond valences",
            suggestion="leave the oxidation state of this material missing",
        ) from error
