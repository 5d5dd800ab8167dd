"""All labels of the absorber sites of one structure."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from edgepair.conventions import LabelError
from edgepair.labels import NEAREST_METAL_RADIUS, SiteLabels, find_environment, label_sites, site_labels


@pytest.fixture
def hausmannite() -> Structure:
    """Hausmannite Mn3O4, 28 atoms: Baron et al., Am. Mineral. 83, 786 (1998); origin at -4m2."""
    lattice = Lattice.tetragonal(5.7691, 9.4605)
    coordinates = [[0, 0.5, 0.25], [0, 0.75, 0.625], [0, 0.2223, 0.3842]]
    return Structure.from_spacegroup("I4_1/amd", lattice, ["Mn", "Mn", "O"], coordinates)


def label(structure: Structure, index: int) -> SiteLabels:
    (found,) = label_sites(structure, [index])
    return found


def compressed(structure: Structure) -> Structure:
    """Shorten all bonds by a fifth, so that no oxidation state there is fits them."""
    result = structure.copy()
    result.scale_lattice(structure.volume * 0.8**3)
    return result


def test_rutile(rutile: Structure) -> None:
    found = label(rutile, 0)
    assert (found.oxidation_state, found.oxidation_state_source) == (4, "bond_valence")
    assert found.environment.coordination_number == 6
    assert found.environment.bond_length == pytest.approx((4 * 1.94637 + 2 * 1.98337) / 6, abs=2e-5)
    # 4 and 2 distances that differ by d: d sqrt(2) / 3
    assert found.bond_length_spread == pytest.approx((1.98337 - 1.94637) * np.sqrt(2) / 3, abs=2e-5)
    assert found.nearest_metal_distance == pytest.approx(2.9587, abs=1e-9)
    assert found.octahedral_order > 0.85
    assert found.tetrahedral_order < 0.1


def test_regular_octahedron(nio: Structure) -> None:
    found = label(nio, 0)
    assert found.oxidation_state == 2
    assert found.bond_length_spread == pytest.approx(0, abs=1e-12)
    assert found.nearest_metal_distance == pytest.approx(4.1771 / np.sqrt(2), abs=1e-9)
    assert found.octahedral_order == pytest.approx(1, abs=1e-9)
    assert found.tetrahedral_order < 0.1


def test_distorted_octahedron_is_less_of_one(nio: Structure, hematite: Structure) -> None:
    found = label(hematite, 0)
    assert found.oxidation_state == 3
    assert found.tetrahedral_order < 0.1 < found.octahedral_order < label(nio, 0).octahedral_order - 0.1
    # two triples: half of their difference
    assert found.bond_length_spread == pytest.approx((2.11616 - 1.94567) / 2, abs=2e-5)


def test_magnetite_has_a_tetrahedron_and_an_octahedron(magnetite: Structure) -> None:
    tetrahedron, octahedron = label_sites(magnetite, [0, 8])
    assert tetrahedron.environment.coordination_number == 4
    assert tetrahedron.tetrahedral_order == pytest.approx(1, abs=1e-6)
    assert tetrahedron.octahedral_order < 0.1
    assert octahedron.environment.coordination_number == 6
    assert octahedron.octahedral_order > 0.9
    assert octahedron.tetrahedral_order < 0.1
    # No state, which is not equal to itself; the rest goes with the index.
    found = [(label.environment, label.oxidation_state_source) for label in label_sites(magnetite, [8, 0])]
    assert found == [(label.environment, "contradicted") for label in (octahedron, tetrahedron)]


def test_environment_is_that_of_the_site(franklinite: Structure) -> None:
    zinc = next(index for index, site in enumerate(franklinite) if site.specie.symbol == "Zn")
    found = label(franklinite, zinc)
    assert found.environment == find_environment(franklinite, zinc)
    assert found.oxidation_state == 2
    assert found.tetrahedral_order == pytest.approx(1, abs=1e-6)


def test_nearest_metal_may_be_another_element(franklinite: Structure) -> None:
    zinc = next(index for index, site in enumerate(franklinite) if site.specie.symbol == "Zn")
    # a sqrt(11) / 8 to iron; the next zinc is a sqrt(3) / 4 away
    found = label(franklinite, zinc).nearest_metal_distance
    assert found == pytest.approx(8.4412 * np.sqrt(11) / 8, abs=1e-6)


@pytest.mark.parametrize("beyond", [-0.01, 0.01])
def test_nearest_metal_is_looked_for_up_to_a_radius(beyond: float) -> None:
    a = NEAREST_METAL_RADIUS + beyond
    found = label(Structure(Lattice.cubic(a), ["Fe"], [[0, 0, 0]]), 0).nearest_metal_distance
    assert found == pytest.approx(a if beyond < 0 else float("nan"), nan_ok=True)


def test_nonmetals_are_no_metals() -> None:
    box = Structure(Lattice.cubic(20), ["Fe", "O", "Si"], [[0, 0, 0], [0.09, 0, 0], [0, 0.12, 0]])
    assert np.isnan(label(box, 0).nearest_metal_distance)


def test_hausmannite_by_bond_valence(hausmannite: Structure) -> None:
    tetrahedron, octahedron = label_sites(hausmannite, [0, 4])
    assert (tetrahedron.oxidation_state, octahedron.oxidation_state) == (2, 3)
    assert {tetrahedron.oxidation_state_source, octahedron.oxidation_state_source} == {"bond_valence"}


@pytest.mark.parametrize(("crystal", "state"), [("nio", 2), ("rutile", 4), ("hematite", 3)])
def test_without_bond_valence_the_composition_tells(
    crystal: str, state: int, request: pytest.FixtureRequest
) -> None:
    found = label(compressed(request.getfixturevalue(crystal)), 0)
    assert (found.oxidation_state, found.oxidation_state_source) == (state, "composition")
    assert found.environment.coordination_number == 6


def test_metal_has_the_state_of_its_composition() -> None:
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    found = label(iron, 1)
    assert (found.oxidation_state, found.oxidation_state_source) == (0, "composition")
    assert found.nearest_metal_distance == pytest.approx(2.87 * np.sqrt(3) / 2, abs=1e-9)


def test_ambiguous_composition_has_no_state(hausmannite: Structure) -> None:
    tetrahedron, octahedron = label_sites(compressed(hausmannite), [0, 4])
    for found in (tetrahedron, octahedron):
        assert np.isnan(found.oxidation_state)
        assert found.oxidation_state_source == ""
    # the other labels do not need it
    assert tetrahedron.environment.coordination_number == 4
    assert tetrahedron.tetrahedral_order > 0.8
    assert octahedron.octahedral_order > octahedron.tetrahedral_order


def test_lone_atom_has_no_neighbours_and_no_order() -> None:
    found = label(Structure(Lattice.cubic(30), ["Fe"], [[0, 0, 0]]), 0)
    assert found.environment.coordination_number == 0
    rest = [found.bond_length_spread, found.octahedral_order, found.tetrahedral_order]
    assert np.isnan(rest).all()


def test_one_neighbour_has_no_order() -> None:
    found = label(Structure(Lattice.cubic(20), ["Fe", "O"], [[0, 0, 0], [0.09, 0, 0]]), 0)
    assert found.environment.coordination_number == 1
    assert found.bond_length_spread == 0
    assert np.isnan([found.octahedral_order, found.tetrahedral_order]).all()


def test_site_without_neighbours_that_can_be_found(
    rutile: Structure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(structure: Structure, index: int) -> None:
        raise LabelError("no neighbours", found="none", needed="some", suggestion="leave it out")

    monkeypatch.setattr(site_labels, "find_environment", fail)
    found = label(rutile, 0)
    assert found.environment.coordination_number == 0
    assert np.isnan([found.octahedral_order, found.tetrahedral_order]).all()
    assert (found.oxidation_state, found.oxidation_state_source) == (4, "bond_valence")
    assert found.nearest_metal_distance == pytest.approx(2.9587, abs=1e-9)


def test_structure_is_left_as_it_was(rutile: Structure) -> None:
    before = rutile.copy()
    label_sites(rutile, [0, 1])
    assert rutile == before


def test_no_site_has_no_labels() -> None:
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert label_sites(iron, []) == ()
