"""Preparing a structure: checks, reduction to the primitive cell, inequivalent absorber sites."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from edgepair.conventions import StructureError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymatgen.core import Structure
    from pymatgen.core.structure_matcher import StructureMatcher
    from spglib import SpglibDataset

LATTICE_VECTORS = (0.1, 1000.0)
"""Å; no crystal repeats within less, and none that can be simulated only beyond."""

SHORTEST_DISTANCE = 0.7
"""Distance, Å, below which two atoms overlap; the shortest bond there is, H–H, has 0.74 Å."""

MOST_ATOMS = 3_000
"""Of a structure as given; the time that its symmetry takes grows with their square, here 10 s."""

_OCCUPANCY_TOLERANCE = 1e-3
"""How far from 1 the occupancy of a full site may be written."""


class DisorderedStructureError(StructureError):
    """Sites share several elements or are partly empty."""

    reason: ClassVar[str] = "disordered"


class OverlappingAtomsError(StructureError):
    """Two atoms are nearer to each other than any bond."""

    reason: ClassVar[str] = "overlapping atoms"


class AbsorberMissingError(StructureError):
    """The absorber is not in the structure."""

    reason: ClassVar[str] = "no absorber"


class TooManySitesError(StructureError):
    """The primitive cell holds more atoms than allowed."""

    reason: ClassVar[str] = "too many sites"


@dataclass(frozen=True)
class PreparedStructure:
    """A structure reduced to its primitive cell, with its absorber sites.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        Primitive cell: the first atom of each kind as given, in the order given; no oxidation
        states.
    sites : tuple of AbsorberSite
        Inequivalent absorber sites of the structure as given; the multiplicity is that in the
        primitive cell.
    primitive_index : tuple of int
        Index of each of `sites` in the primitive cell.
    space_group : int
        Number in the International Tables.
    n_given : int
        Number of atoms of the structure as given.
    """

    structure: Structure
    sites: tuple[AbsorberSite, ...]
    primitive_index: tuple[int, ...]
    space_group: int
    n_given: int

    def multiplicity(self, number: int) -> int:
        """Count the atoms of one of the sites in the primitive cell.

        Parameters
        ----------
        number : int
            Row in `sites`.

        Returns
        -------
        int
            Number of equivalent atoms.
        """
        return self.sites[number].multiplicity * len(self.structure) // self.n_given


def prepare_structure(
    structure: Structure, absorber: str, *, max_sites: int | None = None
) -> PreparedStructure:
    """Check a structure, reduce it to its primitive cell and list its absorber sites.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        As given. Oxidation states on its species are dropped, deuterium becomes hydrogen.
    absorber : str
        Chemical symbol.
    max_sites : int, optional
        Most atoms in the primitive cell.

    Returns
    -------
    PreparedStructure
        Every absorber atom of the structure as given belongs to one of its sites.

    Raises
    ------
    StructureError
        `DisorderedStructureError`, `OverlappingAtomsError`, `AbsorberMissingError`,
        `TooManySitesError`, or no symmetry can be found.

    Notes
    -----
    Atoms are equivalent within `SYMMETRY_TOLERANCE`, by the symmetry of the primitive cell: a
    supercell has the sites of its primitive cell, whatever its shape.
    """
    name = structure.formula
    if not (np.isfinite(structure.frac_coords).all() and abs(structure.volume) > 1e-3):
        raise StructureError(
            f"cannot use the structure of {name}",
            found="coordinates that are not finite, or a cell without volume",
            needed="numbers for every coordinate, and three lattice vectors that span a cell",
            suggestion="export it again",
        )
    shortest, longest = LATTICE_VECTORS
    if not shortest <= min(structure.lattice.abc) <= max(structure.lattice.abc) <= longest:
        # What looks for symmetry and neighbours would take minutes over such cells, or all memory.
        edges = ", ".join(f"{edge:.4g}" for edge in structure.lattice.abc)
        raise StructureError(
            f"cannot use the structure of {name}",
            found=f"a cell with edges of {edges} Å",
            needed=f"edges from {shortest:g} to {longest:g} Å",
            suggestion="check the unit, and the scaling factor of a POSCAR",
        )
    if len(structure) > MOST_ATOMS:
        raise TooManySitesError(
            f"cannot use the structure of {name}",
            found=f"{len(structure)} atoms",
            needed=f"at most {MOST_ATOMS}",
            suggestion="export its primitive cell",
        )
    plain = _plain(structure, name)
    _check_holds(absorber, plain, f"cannot use the structure of {name}")
    _check_distances(plain, name)
    given = symmetry_of(plain)
    primitive, of_atom = _reduce(plain, given)
    if max_sites is not None and len(primitive) > max_sites:
        raise TooManySitesError(
            f"cannot use the structure of {name}",
            found=f"{len(primitive)} atoms in the primitive cell",
            needed=f"at most {max_sites}",
            suggestion="raise the limit on sites",
        )
    # The orbits of the primitive cell, not of the cell as given: those of a supercell fall apart
    # where its shape is less symmetric than the crystal.
    orbits = (
        symmetry_of(primitive).equivalent_atoms if len(primitive) < len(plain) else given.equivalent_atoms
    )
    sites = _sites_by_orbit(plain, absorber, (orbits[atom] for atom in of_atom))
    return PreparedStructure(
        primitive,
        sites,
        tuple(int(of_atom[site.index]) for site in sites),
        int(given.number),
        len(plain),
    )


def _plain(structure: Structure, name: str) -> Structure:
    """Drop oxidation states and names of atoms; refuse sites that are not one whole atom."""
    from pymatgen.core import Element, Structure

    symbols = []
    mixed = []
    for site in structure:
        # Fe2+ and Fe3+ on one site are one iron atom.
        elements = site.species.element_composition
        whole = len(elements) == 1 and abs(elements.num_atoms - 1) < _OCCUPANCY_TOLERANCE
        symbols.append(next(iter(elements)).symbol)
        if not whole:
            mixed.append(site.species_string)
    strange = sorted({symbol for symbol in symbols if not Element.is_valid_symbol(symbol)})
    if strange:
        raise StructureError(
            f"cannot use the structure of {name}",
            found=f"sites of {', '.join(strange)}, which are no elements",
            needed="an element at every site",
            suggestion="remove dummy atoms and vacancies from the list of sites",
        )
    if mixed:
        raise DisorderedStructureError(
            f"cannot use the structure of {name}",
            found=f"{len(mixed)} of {len(structure)} sites shared or partly empty, the first {mixed[0]}",
            needed="an ordered structure: one element a site",
            suggestion="use an ordered approximant of it",
        )
    return Structure(structure.lattice, symbols, structure.frac_coords)


def _check_distances(structure: Structure, name: str) -> None:
    centers, points, _, distances = structure.get_neighbor_list(SHORTEST_DISTANCE)
    if len(distances):
        first = int(np.argmin(distances))
        raise OverlappingAtomsError(
            f"cannot use the structure of {name}",
            found=f"atoms {int(centers[first])} and {int(points[first])} at {distances[first]:.2f} Å",
            needed=f"no two atoms within {SHORTEST_DISTANCE} Å",
            suggestion="look for split positions that are listed as full",
        )


def _reduce(structure: Structure, symmetry: object) -> tuple[Structure, np.ndarray]:
    """Return the primitive cell and, for each atom as given, its atom there."""
    from pymatgen.core import Lattice, Structure

    mapping = np.asarray(symmetry.mapping_to_primitive)  # type: ignore[attr-defined]
    _, first, of_atom = np.unique(mapping, return_index=True, return_inverse=True)
    if len(first) == len(structure):
        return structure, np.arange(len(structure))
    # Atoms of the primitive cell in the order in which they are first met.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    lattice = Lattice(symmetry.primitive_lattice)  # type: ignore[attr-defined]
    kept = [structure[int(index)] for index in first[order]]
    primitive = Structure(
        lattice,
        [site.specie for site in kept],
        [site.coords for site in kept],
        coords_are_cartesian=True,
        to_unit_cell=True,
    )
    return primitive, rank[of_atom]


LENGTH_TOLERANCE = 0.005
"""Relative difference of cell lengths up to which two cells are the same."""

SITE_TOLERANCE = 0.01
"""Root-mean-square displacement up to which atoms are the same, in units of (volume/atom)^(1/3):
about 0.02 Å. Larger ones would change a bond length by as much as it can be read."""

ANGLE_TOLERANCE = 0.5
"""Difference of cell angles up to which two cells are the same, degrees."""


@cache
def _matcher() -> StructureMatcher:
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
    _check_holds(absorber, structure, f"cannot list the {absorber} sites of {structure.formula}")
    return _sites_by_orbit(structure, absorber, symmetry_of(structure).equivalent_atoms)


def _check_holds(absorber: str, structure: Structure, problem: str) -> None:
    elements = sorted({site.specie.symbol for site in structure})
    if absorber not in elements:
        raise AbsorberMissingError(
            problem,
            found="elements " + ", ".join(elements),
            needed=f"at least one {absorber} atom",
            suggestion="name another absorber, or leave the structure out",
        )


def _sites_by_orbit(structure: Structure, absorber: str, orbits: Iterable[int]) -> tuple[AbsorberSite, ...]:
    """Gather the absorber's atoms by their orbits, one of each atom of the structure."""
    members: dict[int, list[int]] = {}
    for index, (site, orbit) in enumerate(zip(structure, orbits, strict=True)):
        if site.specie.symbol == absorber:
            members.setdefault(int(orbit), []).append(index)
    # In the order of their first atoms.
    return tuple(AbsorberSite(atoms[0], tuple(atoms)) for atoms in members.values())


def symmetry_of(structure: Structure) -> SpglibDataset:
    """Find the symmetry of a structure."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    found = "no space group"
    try:
        dataset: SpglibDataset | None
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
