"""Recognising materials that are listed twice."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

from edgepair.structures import PreparedStructure, are_identical, prepare_structure

CRYSTALS = pytest.mark.parametrize(
    ("crystal", "absorber"),
    [("nio", "Ni"), ("rutile", "Ti"), ("hematite", "Fe"), ("magnetite", "Fe"), ("franklinite", "Fe")],
)


@pytest.fixture
def anatase() -> Structure:
    """Anatase TiO2, 12 atoms: Howard, Sabine and Dickson, Acta Cryst. B47, 462 (1991)."""
    lattice = Lattice.tetragonal(3.7845, 9.5143)
    return Structure.from_spacegroup("I4_1/amd", lattice, ["Ti", "O"], [[0, 0, 0], [0, 0, 0.20806]])


def kind(item: PreparedStructure) -> tuple[str, int, int]:
    """Return what the builder compares before it compares structures."""
    return item.structure.composition.reduced_formula, len(item.structure), item.space_group


def same(one: PreparedStructure, other: PreparedStructure) -> bool:
    """Say whether two materials count as duplicates, as a build does: by class, then one by one."""
    classes = [kind(item) for item in (one, other)]
    if classes[0] != classes[1]:
        return False
    forth, back = (are_identical(*pair) for pair in _orders(one.structure, other.structure))
    assert forth == back
    return forth


def _orders(one: Structure, other: Structure) -> list[tuple[Structure, Structure]]:
    return [(one, other), (other, one)]


def is_same(one: Structure, other: Structure, absorber: str) -> bool:
    return same(prepare_structure(one, absorber), prepare_structure(other, absorber))


@CRYSTALS
@pytest.mark.parametrize("scale", [(2, 1, 1), (1, 2, 2), (1, 1, 3)], ids=str)
def test_supercell(
    crystal: str, absorber: str, scale: tuple[int, int, int], request: pytest.FixtureRequest
) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    repeated = structure.copy()
    repeated.make_supercell(scale)
    assert is_same(structure, repeated, absorber)


@CRYSTALS
@pytest.mark.parametrize("seed", range(3))
def test_turned_shifted_and_reordered(
    crystal: str, absorber: str, seed: int, request: pytest.FixtureRequest
) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    rng = np.random.default_rng(seed)
    other = Structure.from_sites([structure[int(index)] for index in rng.permutation(len(structure))])
    other.translate_sites(range(len(other)), rng.uniform(-1, 1, 3), to_unit_cell=True)
    other.apply_operation(SymmOp.from_axis_angle_and_translation(rng.normal(size=3), rng.uniform(0, 360)))
    assert is_same(structure, other, absorber)


@CRYSTALS
def test_other_axes_of_the_same_lattice(crystal: str, absorber: str, request: pytest.FixtureRequest) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    sheared = structure.copy()
    sheared.make_supercell([[1, 1, 0], [0, 1, 0], [0, 2, 1]])
    assert len(sheared) == len(structure)
    assert is_same(structure, sheared, absorber)


def test_other_origin_choice(magnetite: Structure) -> None:
    # Fleet's magnetite again, with the origin at -43m: shifted by 1/8
    other = Structure.from_spacegroup(
        "Fd-3m:1", Lattice.cubic(8.3941), ["Fe", "Fe", "O"], [[0] * 3, [0.625] * 3, [0.3799] * 3]
    )
    assert is_same(magnetite, other, "Fe")


def test_oxidation_states_make_no_difference(hematite: Structure) -> None:
    other = hematite.copy()
    other.add_oxidation_state_by_element({"Fe": 3, "O": -2})
    assert is_same(hematite, other, "Fe")


@CRYSTALS
@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_larger_or_smaller_cell_is_another_material(
    crystal: str, absorber: str, factor: float, request: pytest.FixtureRequest
) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    other = structure.copy()
    other.scale_lattice(structure.volume * factor**3)
    assert not is_same(structure, other, absorber)


@pytest.mark.parametrize(("stretch", "wanted"), [(1.01, False), (1.001, True)])
def test_one_longer_axis(rutile: Structure, stretch: float, wanted: bool) -> None:
    # a volume 1 % larger passes the quick comparison of volumes
    other = Structure(
        Lattice.tetragonal(rutile.lattice.a, rutile.lattice.c * stretch),
        [site.specie for site in rutile],
        rutile.frac_coords,
    )
    assert is_same(rutile, other, "Ti") is wanted


@pytest.mark.parametrize(("x", "wanted"), [(0.3053, True), (0.3055, True), (0.3153, False)])
def test_other_oxygen_position(rutile: Structure, x: float, wanted: bool) -> None:
    other = Structure.from_spacegroup("P4_2/mnm", rutile.lattice, ["Ti", "O"], [[0, 0, 0], [x, x, 0]])
    assert is_same(rutile, other, "Ti") is wanted


def test_displaced_atoms_are_another_material_within_the_same_class(rutile: Structure) -> None:
    # compared directly, so that no difference in symmetry decides
    near, far = rutile.copy(), rutile.copy()
    near.translate_sites([2], [0.005, 0, 0], frac_coords=False)
    far.translate_sites([2], [0.15, 0, 0], frac_coords=False)
    assert are_identical(rutile, near)
    assert not are_identical(rutile, far)


def test_polymorphs_are_different_materials(rutile: Structure, anatase: Structure) -> None:
    one, other = prepare_structure(rutile, "Ti"), prepare_structure(anatase, "Ti")
    assert one.structure.composition == other.structure.composition
    assert (one.space_group, other.space_group) == (136, 141)
    assert not same(one, other)
    assert not any(are_identical(*pair) for pair in _orders(one.structure, other.structure))


def test_polymorph_brought_to_the_same_volume_is_still_another(rutile: Structure, anatase: Structure) -> None:
    dense = prepare_structure(anatase, "Ti").structure.copy()
    dense.scale_lattice(rutile.volume)
    assert not are_identical(rutile, dense)


def test_other_elements_in_the_same_positions_are_another_material(magnetite: Structure) -> None:
    other = magnetite.copy()
    other.replace_species({"Fe": "Mn"})
    one, two = prepare_structure(magnetite, "Fe"), prepare_structure(other, "Mn")
    assert one.space_group == two.space_group
    assert not same(one, two)
    assert not are_identical(one.structure, two.structure)


def test_elements_that_change_places_are_another_material(franklinite: Structure) -> None:
    # zinc on half of the octahedral positions instead of the tetrahedral ones
    inverse = franklinite.copy()
    zinc = [index for index, site in enumerate(inverse) if site.specie.symbol == "Zn"]
    iron = [index for index, site in enumerate(inverse) if site.specie.symbol == "Fe"][: len(zinc)]
    for one, other in zip(zinc, iron, strict=True):
        inverse.replace(one, "Fe")
        inverse.replace(other, "Zn")
    assert inverse.composition == franklinite.composition
    assert not are_identical(franklinite, inverse)


def test_class_holds_formula_atoms_and_space_group(magnetite: Structure) -> None:
    prepared = prepare_structure(magnetite, "Fe")
    assert kind(prepared) == ("Fe3O4", 14, 227)


def test_comparing_changes_nothing(rutile: Structure) -> None:
    one, other = rutile.copy(), rutile.copy()
    other.translate_sites(range(len(other)), [0.1, 0.2, 0.3])
    before = other.copy()
    assert are_identical(one, other)
    assert one == rutile
    assert other == before
