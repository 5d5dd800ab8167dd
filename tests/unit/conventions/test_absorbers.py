"""Tabulated edge energies."""

from __future__ import annotations

import pytest

from edgepair.conventions import BUNDLED_ABSORBERS, STUDY_ABSORBERS, OptionError, edge_energy
from edgepair.conventions import K_EDGES as ALL_K_EDGES

# Bearden and Burr, Rev. Mod. Phys. 39, 125 (1967), rounded to 1 eV
K_EDGES = {
    "Ti": 4966, "V": 5465, "Cr": 5989, "Mn": 6539, "Fe": 7112, "Co": 7709, "Ni": 8333, "Cu": 8979,
}  # fmt: skip


@pytest.mark.parametrize("absorber", K_EDGES)
def test_k_edges_are_the_published_ones(absorber: str) -> None:
    # 1 eV: the published values are rounded
    assert edge_energy(absorber) == pytest.approx(K_EDGES[absorber], abs=1.0)


def test_study_absorbers_are_bundled() -> None:
    assert set(STUDY_ABSORBERS) <= set(BUNDLED_ABSORBERS)
    assert list(BUNDLED_ABSORBERS) == sorted(BUNDLED_ABSORBERS, key=edge_energy)


@pytest.mark.parametrize("absorber", ["Xx", "", "iron oxide", "7112"])
def test_not_an_element(absorber: str) -> None:
    with pytest.raises(OptionError, match="absorber") as caught:
        edge_energy(absorber)
    assert repr(absorber) in caught.value.found


@pytest.mark.parametrize("edge", ["L3", "k", "", "K1"])
def test_only_k_edges(edge: str) -> None:
    with pytest.raises(OptionError, match="Needed: a K edge") as caught:
        edge_energy("Fe", edge)
    assert repr(edge) in caught.value.found


def test_all_k_edges_are_those_of_xraydb_in_the_order_of_atomic_numbers() -> None:
    import xraydb

    for number, (symbol, energy) in enumerate(ALL_K_EDGES.items(), 1):
        assert symbol == xraydb.atomic_symbol(number)
        assert energy == float(xraydb.xray_edge(symbol, "K", energy_only=True))
    assert len(ALL_K_EDGES) == 98


def test_a_symbol_in_the_wrong_case_is_refused_with_the_right_one() -> None:
    with pytest.raises(OptionError, match="did you mean 'Fe'"):
        edge_energy("fe")
