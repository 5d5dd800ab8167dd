"""Inequivalent absorber sites of a crystal structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgepair.conventions import StructureError

if TYPE_CHECKING:
    from pymatgen.core import Structure

SYMMETRY_TOLERANCE = 0.01
"""Distance, Å, within which atoms count as symmetry equivalents (``symprec``)."""


@dataclass(frozen=True)
class AbsorberSite:
    """One orbit of symmetry-equivalent absorber atoms.

    Attributes
    ----------
    index : int
        Lowest 0-based index of the orbit in the structure as given; it names the site.
    equivalent : tuple of int
        All indices of the orbit, increasing.
    """

    index: int
    equivalent: tuple[int, ...]

    @property
    def multiplicity(self) -> int:
        """Number of equivalent atoms in the structure as given."""
        return len(self.equivalent)


def find_absorber_sites(structure: Structure, absorber: str) -> tuple[AbsorberSite, ...]:
    """List the inequivalent sites of one element.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered crystal structure.
    absorber : str
        Chemical symbol of the absorbing element.

    Returns
    -------
    tuple of AbsorberSite
        By increasing index.

    Raises
    ------
    StructureError
        The structure is disordered, has no such atom, or has no symmetry that can be found.

    Notes
    -----
    Orbits are those of ``SpacegroupAnalyzer`` with a tolerance of `SYMMETRY_TOLERANCE`.
    """
    if not structure.is_ordered:
        raise StructureError(
            f"cannot list the {absorber} sites of {structure.formula}",
            found="sites that share several elements or are partly empty",
            needed="an ordered structure: one element a site",
            suggestion="use an ordered approximant of it",
        )
    symbols = [site.specie.symbol for site in structure]
    if absorber not in symbols:
        raise StructureError(
            f"cannot list the {absorber} sites of {structure.formula}",
            found="elements " + ", ".join(sorted(set(symbols))),
            needed=f"at least one {absorber} atom",
            suggestion="name another absorber, or leave the structure out",
        )
    dataset = symmetry_of(structure)
    orbits: dict[int, list[int]] = {}
    for index, orbit in enumerate(dataset.equivalent_atoms):
        if symbols[index] == absorber:
            orbits.setdefault(int(orbit), []).append(index)
    return tuple(
        sorted(
            (AbsorberSite(min(atoms), tuple(sorted(atoms))) for atoms in orbits.values()),
            key=lambda site: site.index,
        )
    )


def symmetry_of(structure: Structure) -> Any:
    """Find the symmetry of a structure."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    found = "no space group"
    try:
        dataset = SpacegroupAnalyzer(structure, symprec=SYMMETRY_TOLERANCE).get_symmetry_dataset()
    except (ValueError, TypeError, RuntimeError) as error:
        dataset, found = None, f"{type(error).__name__}: {error}"
    if dataset is None:
        raise StructureError(
            f"cannot find the symmetry of {structure.formula}",
            found=f"{found} within {SYMMETRY_TOLERANCE} Å",
            needed="a structure whose symmetry can be found",
            suggestion="look for atoms that overlap",
        )
    return dataset
