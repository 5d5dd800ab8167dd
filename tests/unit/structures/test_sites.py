"""Inequivalent absorber sites and their multiplicities."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from edgepair.conventions import StructureError
from edgepair.structures import AbsorberSite, find_absorber_sites


@pytest.mark.parametrize(
    ("crystal", "absorber", "multiplicities"),
    [
        # Wyckoff multiplicities of the conventional cells: 4a, 4b; 2a, 4f; 12c, 18e; 8a + 16d, 32e
        ("nio", "Ni", [4]),
        ("nio", "O", [4]),
        ("rutile", "Ti", [2]),
        ("rutile", "O", [4]),
        ("hematite", "Fe", [12]),
        ("hematite", "O", [18]),
        ("magnetite", "Fe", [8, 16]),
        ("magnetite", "O", [32]),
        ("franklinite", "Fe", [4]),
    ],
)
def test_multiplicities(
    crystal: str, absorber: str, multiplicities: list[int], request: pytest.FixtureRequest
) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    sites = find_absorber_sites(structure, absorber)
    assert [site.multiplicity for site in sites] == multiplicities


def test_orbits_share_out_all_absorber_atoms(magnetite: Structure) -> None:
    sites = find_absorber_sites(magnetite, "Fe")
    iron = [index for index, site in enumerate(magnetite) if site.specie.symbol == "Fe"]
    assert sorted(index for site in sites for index in site.equivalent) == iron


def test_site_is_named_by_its_lowest_index(rutile: Structure) -> None:
    # oxygen first, titanium at 2 and 5
    order = [2, 3, 0, 4, 5, 1]
    shuffled = Structure.from_sites([rutile[index] for index in order])
    assert find_absorber_sites(shuffled, "Ti") == (AbsorberSite(2, (2, 5)),)


def test_tolerance_is_a_hundredth_of_an_angstrom(nio: Structure) -> None:
    nearly = nio.copy()
    nearly.translate_sites([0], [0.002, 0, 0], frac_coords=False)
    assert [site.multiplicity for site in find_absorber_sites(nearly, "Ni")] == [4]
    broken = nio.copy()
    broken.translate_sites([0], [0.05, 0, 0], frac_coords=False)
    assert len(find_absorber_sites(broken, "Ni")) > 1


def test_structure_is_left_as_it_was(nio: Structure) -> None:
    before = nio.copy()
    find_absorber_sites(nio, "Ni")
    assert nio == before


def test_missing_absorber_names_what_is_there(rutile: Structure) -> None:
    with pytest.raises(StructureError, match="cannot list the Fe sites of Ti2 O4") as caught:
        find_absorber_sites(rutile, "Fe")
    assert caught.value.found == "elements O, Ti"


@pytest.mark.parametrize("species", [{"Fe": 0.5, "Mn": 0.5}, {"Fe": 0.9}], ids=["shared", "partly empty"])
def test_disorder_is_refused(species: dict[str, float]) -> None:
    disordered = Structure(Lattice.cubic(4.3), [species, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(StructureError, match="Needed: an ordered structure"):
        find_absorber_sites(disordered, "Fe")
