"""Labels of textbook crystals, and against those made for the project's simulations."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from pymatgen.core import Structure

from edgepair.labels import find_environment, find_oxidation_states
from edgepair.structures import find_absorber_sites, read_structure_table


@pytest.mark.parametrize(
    ("crystal", "absorber", "expected"),
    [
        # oxidation state, neighbours, mean distance (Å) by the cell data of tests/conftest.py
        ("nio", "Ni", [(2, 6, 4.1771 / 2)]),
        ("rutile", "Ti", [(4, 6, (4 * 1.94637 + 2 * 1.98337) / 6)]),
        ("hematite", "Fe", [(3, 6, (1.94567 + 2.11616) / 2)]),
        ("franklinite", "Fe", [(3, 6, 2.02632)]),
        ("franklinite", "Zn", [(2, 4, 1.97963)]),
    ],
)
def test_textbook_crystals(
    crystal: str, absorber: str, expected: list[tuple[int, int, float]], request: pytest.FixtureRequest
) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    states = find_oxidation_states(structure)
    sites = find_absorber_sites(structure, absorber)
    found = [(states[site.index], find_environment(structure, site.index)) for site in sites]
    assert [(state, environment.coordination_number) for state, environment in found] == [
        e[:2] for e in expected
    ]
    for (_, environment), (_, _, length) in zip(found, expected, strict=True):
        assert environment.all_oxygen
        # expected distances carry five decimals
        assert environment.bond_length == pytest.approx(length, abs=2e-5)


def test_rutile_has_four_short_and_two_long_bonds(rutile: Structure) -> None:
    # 1.9485 and 1.9800 Å of Abrahams and Bernstein, whose u has one decimal less
    distances = find_environment(rutile, 0).distances
    assert distances == pytest.approx([1.946] * 4 + [1.983] * 2, abs=0.001)


def test_hematite_has_two_triples(hematite: Structure) -> None:
    # 1.945 and 2.116 Å: Blake et al. 1966
    assert find_environment(hematite, 0).distances == pytest.approx([1.945] * 3 + [2.116] * 3, abs=0.001)


def test_magnetite_has_tetrahedral_and_octahedral_iron(magnetite: Structure) -> None:
    # Fleet 1981: 1.889 and 2.059 Å
    tetrahedral, octahedral = (
        find_environment(magnetite, site.index) for site in find_absorber_sites(magnetite, "Fe")
    )
    assert (tetrahedral.coordination_number, octahedral.coordination_number) == (4, 6)
    assert tetrahedral.bond_length == pytest.approx(1.889, abs=0.001)
    assert octahedral.bond_length == pytest.approx(2.059, abs=0.001)


@pytest.mark.parametrize("table", ["targets_Mn_Fe", "targets_Ti_Cu", "targets_V_Cr_Co_Ni"])
def test_labels_of_the_simulated_structures_are_reproduced(table: str, shared: Path) -> None:
    path = shared / "data" / "feff10" / f"{table}.json.gz"
    compared = 0
    for material in itertools.islice(read_structure_table(path), 25):
        structure, metal = material.structure(), material.row["metal"]
        by_index = {site.index: site for site in find_absorber_sites(structure, metal)}
        states = find_oxidation_states(structure)
        for target in material.row["sites"]:
            site = by_index[target["site"]]
            environment = find_environment(structure, site.index)
            where = f"{material.material_id} site {site.index}"
            assert site.multiplicity == target["multiplicity"], where
            assert states[site.index] == target["oxidation_state"], where
            assert environment.coordination_number == target["coordination_number"], where
            # the same numbers, to the decimals that JSON kept
            assert environment.bond_length == pytest.approx(target["bond_length"], rel=1e-6), where
            compared += 1
    assert compared >= 25
