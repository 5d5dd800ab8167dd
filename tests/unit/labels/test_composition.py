"""Oxidation states from the composition alone."""

from __future__ import annotations

import pytest
from pymatgen.core import Composition

from edgepair.labels import find_composition_state


@pytest.mark.parametrize(
    ("formula", "absorber", "state"),
    [
        ("FeO", "Fe", 2),
        ("Fe2O3", "Fe", 3),
        ("TiO2", "Ti", 4),
        ("V2O5", "V", 5),
        ("CrO3", "Cr", 6),
        ("KMnO4", "Mn", 7),
        ("Cu2O", "Cu", 1),
        ("ZnFe2O4", "Fe", 3),
        ("ZnFe2O4", "Zn", 2),
        ("ZnFe2O4", "O", -2),
        ("Fe", "Fe", 0),
    ],
)
def test_only_one_state_is_neutral(formula: str, absorber: str, state: int) -> None:
    found = find_composition_state(Composition(formula), absorber)
    assert found == state
    assert type(found) is int


@pytest.mark.parametrize(
    ("formula", "absorber"),
    [
        # two thirds of the atoms are 3+, one third 2+
        ("Fe3O4", "Fe"),
        ("Mn3O4", "Mn"),
        ("LiMn2O4", "Mn"),
        # Fe2+ with P5+, or Fe3+ with P4+
        ("LiFePO4", "Fe"),
        # Fe2+ with S-, or Fe3+ with pairs of S of -1.5
        ("FeS2", "Fe"),
        ("FeNi3", "Fe"),
    ],
)
def test_ambiguous_or_without_any(formula: str, absorber: str) -> None:
    assert find_composition_state(Composition(formula), absorber) is None


def test_state_does_not_depend_on_the_size_of_the_cell() -> None:
    assert find_composition_state(Composition("Fe2O3") * 40, "Fe") == 3


def test_formula_that_is_too_large_to_search_has_none() -> None:
    assert find_composition_state(Composition("Ca17Fe13O53"), "Fe") is None


def test_absorber_is_certain_where_another_element_is_not() -> None:
    # copper is 1+ and 2+ there, zinc 2+ in any case
    assert find_composition_state(Composition("ZnCu4O4"), "Zn") == 2
    assert find_composition_state(Composition("ZnCu4O4"), "Cu") is None


def test_atoms_that_must_differ_have_none() -> None:
    # lead sesquioxide is Pb(II)Pb(IV)O3: Bouvaist and Weigel, Acta Cryst. A26, 501 (1970)
    assert find_composition_state(Composition("Pb2O3"), "Pb") is None
