"""Oxidation states by bond valence."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from edgepair.conventions import LabelError
from edgepair.labels import find_oxidation_states


@pytest.mark.parametrize(
    ("crystal", "states"),
    [
        ("nio", {"Ni": 2, "O": -2}),
        ("rutile", {"Ti": 4, "O": -2}),
        ("hematite", {"Fe": 3, "O": -2}),
        ("franklinite", {"Zn": 2, "Fe": 3, "O": -2}),
    ],
)
def test_textbook_states(crystal: str, states: dict[str, int], request: pytest.FixtureRequest) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    found = find_oxidation_states(structure)
    assert found == tuple(states[site.specie.symbol] for site in structure)
    assert sum(found) == 0


def test_a_metal_has_none() -> None:
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(LabelError, match="cannot assign oxidation states in Fe2"):
        find_oxidation_states(iron)


def test_no_neutral_assignment(rutile: Structure) -> None:
    rutile.replace_species({"Ti": "O"})
    with pytest.raises(LabelError, match="Needed: a charge-neutral assignment"):
        find_oxidation_states(rutile)
