"""Checking a structure, reducing it to its primitive cell and listing its absorber sites."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

from edgepair.conventions import StructureError
from edgepair.structures import (
    AbsorberMissingError,
    AbsorberSite,
    DisorderedStructureError,
    OverlappingAtomsError,
    PreparedStructure,
    TooManySitesError,
    find_absorber_sites,
    prepare_structure,
)

RADIUS = 4.2
"""Å; between two shells of each crystal here, so that rounding moves no atom in or out."""

ABSORBERS = pytest.mark.parametrize(
    ("crystal", "absorber", "n_primitive", "multiplicities", "space_group"),
    [
        ("nio", "Ni", 2, [1], 225),
        ("nio", "O", 2, [1], 225),
        ("rutile", "Ti", 6, [2], 136),
        ("rutile", "O", 6, [4], 136),
        ("hematite", "Fe", 10, [4], 167),
        ("magnetite", "Fe", 14, [2, 4], 227),
        ("magnetite", "O", 14, [8], 227),
        ("franklinite", "Fe", 14, [4], 227),
        ("franklinite", "Zn", 14, [2], 227),
    ],
)


def shells(structure: Structure, index: int) -> tuple[list[str], NDArray[np.float64]]:
    """List the elements around an atom and their distances, by element and distance."""
    around = sorted(
        (site.specie.symbol, site.nn_distance) for site in structure.get_neighbors(structure[index], RADIUS)
    )
    return [symbol for symbol, _ in around], np.array([distance for _, distance in around])


def assert_same_surroundings(one: Structure, index: int, other: Structure, other_index: int) -> None:
    assert one[index].specie == other[other_index].specie
    symbols, distances = shells(one, index)
    other_symbols, other_distances = shells(other, other_index)
    assert symbols == other_symbols
    np.testing.assert_allclose(distances, other_distances, atol=1e-6)


def assert_consistent(prepared: PreparedStructure, given: Structure, absorber: str) -> None:
    """Check that the sites share out the absorber atoms and lie in the primitive cell as they say."""
    atoms = [index for index, site in enumerate(given) if site.specie.symbol == absorber]
    assert sorted(index for site in prepared.sites for index in site.equivalent) == atoms
    assert [site.index for site in prepared.sites] == sorted(min(s.equivalent) for s in prepared.sites)
    total = sum(prepared.multiplicity(number) for number in range(len(prepared.sites)))
    assert total == sum(site.specie.symbol == absorber for site in prepared.structure)
    assert prepared.n_given == len(given)
    for site, index in zip(prepared.sites, prepared.primitive_index, strict=True):
        # the very atom, up to a translation of the primitive lattice
        step = given[site.index].coords - prepared.structure[index].coords
        cells = prepared.structure.lattice.get_fractional_coords(step)
        np.testing.assert_allclose(cells, np.round(cells), atol=1e-6)
        for equivalent in site.equivalent:
            assert_same_surroundings(given, equivalent, prepared.structure, index)


def rewritten(structure: Structure, seed: int) -> Structure:
    """Repeat, shuffle, shift and turn a crystal."""
    rng = np.random.default_rng(seed)
    cell = structure.copy()
    cell.make_supercell(rng.permutation([1, 1, 2]).tolist())
    cell = Structure.from_sites([cell[int(index)] for index in rng.permutation(len(cell))])
    cell.translate_sites(range(len(cell)), rng.uniform(-1, 1, 3), to_unit_cell=True)
    turn = SymmOp.from_axis_angle_and_translation(rng.normal(size=3), rng.uniform(0, 360))
    return cell.apply_operation(turn)


@ABSORBERS
def test_primitive_cell(
    crystal: str,
    absorber: str,
    n_primitive: int,
    multiplicities: list[int],
    space_group: int,
    request: pytest.FixtureRequest,
) -> None:
    given: Structure = request.getfixturevalue(crystal)
    prepared = prepare_structure(given, absorber)
    assert len(prepared.structure) == n_primitive
    assert [prepared.multiplicity(number) for number in range(len(prepared.sites))] == multiplicities
    assert prepared.space_group == space_group
    assert prepared.structure.composition.reduced_formula == given.composition.reduced_formula
    assert prepared.structure.density == pytest.approx(given.density, rel=1e-9)
    assert_consistent(prepared, given, absorber)


@ABSORBERS
@pytest.mark.parametrize("seed", range(3))
def test_another_way_of_writing_keeps_the_sites(
    crystal: str,
    absorber: str,
    n_primitive: int,
    multiplicities: list[int],
    space_group: int,
    seed: int,
    request: pytest.FixtureRequest,
) -> None:
    given = rewritten(request.getfixturevalue(crystal), seed)
    prepared = prepare_structure(given, absorber)
    assert len(prepared.structure) == n_primitive
    found = sorted(prepared.multiplicity(number) for number in range(len(prepared.sites)))
    assert found == multiplicities
    assert prepared.space_group == space_group
    assert_consistent(prepared, given, absorber)


def test_conventional_magnetite(magnetite: Structure) -> None:
    prepared = prepare_structure(magnetite, "Fe")
    assert len(magnetite) == 56
    assert len(prepared.structure) == 14
    # 8 tetrahedral atoms, then 16 octahedral ones
    assert [site.equivalent for site in prepared.sites] == [tuple(range(8)), tuple(range(8, 24))]
    assert [prepared.multiplicity(number) for number in range(2)] == [2, 4]
    assert prepared.primitive_index == (0, 2)


def test_supercell_has_the_sites_of_its_crystal(magnetite: Structure) -> None:
    magnetite.make_supercell([1, 1, 2])
    prepared = prepare_structure(magnetite, "Fe")
    assert prepared.n_given == 112
    assert [site.multiplicity for site in prepared.sites] == [16, 32]
    assert [prepared.multiplicity(number) for number in range(2)] == [2, 4]
    assert_consistent(prepared, magnetite, "Fe")


def test_supercell_less_symmetric_than_the_crystal_keeps_its_sites_together(franklinite: Structure) -> None:
    franklinite.make_supercell([2, 1, 1])
    # what the shape of the cell would do to the orbits
    assert len(find_absorber_sites(franklinite, "Fe")) > 1
    prepared = prepare_structure(franklinite, "Fe")
    (site,) = prepared.sites
    assert site.multiplicity == 8
    assert prepared.multiplicity(0) == 4


def test_mirror_image_has_the_same_sites(magnetite: Structure) -> None:
    image = magnetite.copy().apply_operation(SymmOp.reflection([1, 2, 3]))
    prepared = prepare_structure(image, "Fe")
    assert [prepared.multiplicity(number) for number in range(2)] == [2, 4]
    assert_consistent(prepared, image, "Fe")


def test_site_is_named_by_its_lowest_index_as_given(rutile: Structure, nio: Structure) -> None:
    # oxygen first, titanium at 2 and 5
    shuffled = Structure.from_sites([rutile[index] for index in [2, 3, 0, 4, 5, 1]])
    assert prepare_structure(shuffled, "Ti").sites == (AbsorberSite(2, (2, 5)),)
    reverse = Structure.from_sites(list(nio)[::-1])
    prepared = prepare_structure(reverse, "Ni")
    assert prepared.sites == (AbsorberSite(4, (4, 5, 6, 7)),)
    # the second atom of the primitive cell: oxygen comes first as given
    assert prepared.primitive_index == (1,)


def test_primitive_structure_is_kept_as_it_is(rutile: Structure) -> None:
    assert prepare_structure(rutile, "Ti").structure == rutile


def test_structure_is_left_as_it_was(magnetite: Structure) -> None:
    before = magnetite.copy()
    prepare_structure(magnetite, "Fe")
    assert magnetite == before


def test_oxidation_states_are_dropped(magnetite: Structure) -> None:
    wanted = prepare_structure(magnetite, "Fe")
    magnetite.add_oxidation_state_by_site([3] * 8 + [2.5] * 16 + [-2] * 32)
    prepared = prepare_structure(magnetite, "Fe")
    assert {str(site.specie) for site in prepared.structure} == {"Fe", "O"}
    assert prepared == wanted


def test_names_of_atoms_do_not_make_sites_different(nio: Structure) -> None:
    nio.add_site_property("magmom", [5.0, -5.0, 5.0, -5.0, 0.0, 0.0, 0.0, 0.0])
    (site,) = prepare_structure(nio, "Ni").sites
    assert site.multiplicity == 4


@pytest.mark.parametrize("species", ["D", "D+", "T"])
def test_heavy_hydrogen_becomes_hydrogen(nio: Structure, species: str) -> None:
    nio.replace_species({"O": species})
    prepared = prepare_structure(nio, "Ni")
    assert {site.specie.symbol for site in prepared.structure} == {"Ni", "H"}


def test_hydrogen_and_deuterium_are_one_element(nio: Structure) -> None:
    nio.replace_species({"O": "H"})
    nio.replace(4, "D")
    assert len(prepare_structure(nio, "Ni").structure) == 2


def assert_refused(error: StructureError, kind: type[StructureError], reason: str) -> None:
    assert type(error) is kind
    assert error.reason == reason  # type: ignore[attr-defined]
    for part in (error.problem, error.found, error.needed, error.suggestion):
        assert part.strip()
    # failures come back from other processes
    assert type(pickle.loads(pickle.dumps(error))) is kind


@pytest.mark.parametrize(
    "species", [{"Ni": 0.5, "Fe": 0.5}, {"Ni": 0.9}, {"Ni2+": 0.4, "Mg2+": 0.6}], ids=str
)
def test_disorder_is_refused(nio: Structure, species: dict[str, float]) -> None:
    nio.replace(1, species)
    with pytest.raises(StructureError, match="cannot use the structure of") as caught:
        prepare_structure(nio, "Ni")
    assert_refused(caught.value, DisorderedStructureError, "disordered")
    assert caught.value.found.startswith("1 of 8 sites")


def test_disorder_of_other_elements_is_refused_too(rutile: Structure) -> None:
    rutile.replace(3, {"O": 0.5, "F": 0.5})
    with pytest.raises(DisorderedStructureError):
        prepare_structure(rutile, "Ti")


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.69])
def test_overlapping_atoms_are_refused(nio: Structure, distance: float) -> None:
    nio.append("O", np.add(nio[7].coords, [0, 0, distance]), coords_are_cartesian=True)
    with pytest.raises(StructureError, match="cannot use the structure of") as caught:
        prepare_structure(nio, "Ni")
    assert_refused(caught.value, OverlappingAtomsError, "overlapping atoms")
    assert caught.value.found == f"atoms 7 and 8 at {distance:.2f} Å"


def test_atom_that_overlaps_with_its_own_image_is_refused() -> None:
    with pytest.raises(OverlappingAtomsError, match=r"atoms 0 and 0 at 0\.60 Å"):
        prepare_structure(Structure(Lattice.tetragonal(4, 0.6), ["Fe"], [[0, 0, 0]]), "Fe")


def test_shortest_bond_there_is_does_not_overlap() -> None:
    # H–H, 0.7414 Å: Huber and Herzberg, Constants of Diatomic Molecules (1979)
    coords = [[0, 0, 0], [4, 4, 4], [4, 4, 4.7414]]
    hydrogen = Structure(Lattice.cubic(8), ["Fe", "H", "H"], coords, coords_are_cartesian=True)
    assert len(prepare_structure(hydrogen, "Fe").structure) == 3


def test_missing_absorber_is_refused(rutile: Structure) -> None:
    with pytest.raises(StructureError, match="cannot use the structure of Ti2 O4") as caught:
        prepare_structure(rutile, "Fe")
    assert_refused(caught.value, AbsorberMissingError, "no absorber")
    assert caught.value.found == "elements O, Ti"
    assert "Fe" in caught.value.needed


def test_limit_on_sites_counts_those_of_the_primitive_cell(magnetite: Structure) -> None:
    assert len(prepare_structure(magnetite, "Fe", max_sites=14).structure) == 14
    with pytest.raises(StructureError, match="cannot use the structure of") as caught:
        prepare_structure(magnetite, "Fe", max_sites=13)
    assert_refused(caught.value, TooManySitesError, "too many sites")
    assert caught.value.found == "14 atoms in the primitive cell"


def test_two_oxidation_states_of_one_element_are_no_disorder(nio: Structure) -> None:
    nio.replace(1, {"Ni2+": 0.5, "Ni3+": 0.5})
    assert len(prepare_structure(nio, "Ni").structure) == 2


@pytest.mark.parametrize("fault", ["flat", "infinite"])
def test_cell_without_volume_and_atom_nowhere_are_the_users_error(nio: Structure, fault: str) -> None:
    if fault == "flat":
        structure = Structure([[1, 0, 0], [2, 0, 0], [0, 0, 3]], ["Ni"], [[0, 0, 0]])
    else:
        structure = Structure(nio.lattice, ["Ni", "O"], [[0, 0, 0], [0, 0, np.inf]])
    with pytest.raises(StructureError):
        prepare_structure(structure, "Ni")
