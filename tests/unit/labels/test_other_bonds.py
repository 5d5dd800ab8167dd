"""Bonds to what is not oxygen."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from edgepair.labels import find_other_bonds, label_sites
from edgepair.labels.bond_valence import is_metal_rich


def around(*others: tuple[str, list[float]]) -> Structure:
    """Mn with an oxygen at 2 Å, and more."""
    symbols = ["Mn", "O", *(symbol for symbol, _ in others)]
    places = [[0, 0, 0], [0, 0, 2.0], *(place for _, place in others)]
    return Structure(Lattice.cubic(15), symbols, places, coords_are_cartesian=True)


def bonds(*others: tuple[str, list[float]]) -> list[str]:
    return [symbol for symbol, _ in find_other_bonds(around(*others), 0)]


@pytest.mark.parametrize(
    ("symbol", "distance"), [("As", 2.6), ("N", 2.1), ("S", 2.5), ("Cl", 2.6), ("Bi", 2.9)]
)
def test_a_ligand_that_a_list_of_nearest_neighbours_may_lack(symbol: str, distance: float) -> None:
    assert bonds((symbol, [distance, 0, 0])) == [symbol]
    assert bonds((symbol, [distance + 2, 0, 0])) == []


@pytest.mark.parametrize(("symbol", "distance", "bond"), [("S", 3.0, 1.5), ("H", 2.5, 1.0), ("B", 2.9, 1.4)])
def test_centres_of_oxyanions_are_no_ligands(symbol: str, distance: float, bond: float) -> None:
    assert bonds((symbol, [distance, 0, 0]), ("O", [distance + bond, 0, 0])) == []


def test_metals_are_bonded_to_where_the_anions_cannot_take_all_electrons() -> None:
    assert is_metal_rich(around(("Mn", [2.5, 0, 0])))
    assert bonds(("Mn", [2.5, 0, 0])) == ["Mn"]
    assert bonds(("Mn", [2.5, 0, 0]), ("O", [7, 7, 7])) == []
    assert bonds(("Xe", [2.5, 0, 0])) == []


def test_electropositive_metals_are_near_but_not_bonded() -> None:
    assert bonds(("K", [3.3, 0, 0]), ("K", [-3.3, 0, 0])) == []


def test_a_site_of_an_oxide_has_none(hematite: Structure) -> None:
    (label,) = label_sites(hematite, [0])
    assert label.other_bonds == ()
    assert label.only_oxygen


def test_labels_name_them_by_distance() -> None:
    found = find_other_bonds(around(("S", [2.6, 0, 0]), ("N", [0, 2.1, 0])), 0)
    assert [symbol for symbol, _ in found] == ["N", "S"]
    assert [distance for _, distance in found] == pytest.approx([2.1, 2.6])
