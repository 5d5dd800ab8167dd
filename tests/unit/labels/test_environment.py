"""Nearest neighbours of a site."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from edgepair.conventions import LabelError
from edgepair.labels import Environment, find_environment


def test_neighbours_come_by_distance(rutile: Structure) -> None:
    environment = find_environment(rutile, 0)
    assert environment.elements == ("O",) * 6
    assert list(environment.distances) == sorted(environment.distances)
    assert environment.bond_length == pytest.approx(np.mean(environment.distances), rel=1e-12)
    assert environment.all_oxygen


def test_mixed_neighbours_are_told() -> None:
    mixed = Environment(("O", "F"), (1.9, 2.0))
    assert not mixed.all_oxygen
    assert mixed.coordination_number == 2
    assert mixed.bond_length == pytest.approx(1.95, rel=1e-12)


def test_no_neighbours_are_not_all_oxygen() -> None:
    assert not Environment((), ()).all_oxygen


def test_structure_is_left_as_it_was(rutile: Structure) -> None:
    before = rutile.copy()
    find_environment(rutile, 0)
    assert rutile == before


def test_lone_atom_has_no_bond_length() -> None:
    lone = find_environment(Structure(Lattice.cubic(30.0), ["Fe"], [[0, 0, 0]]), 0)
    assert lone.coordination_number == 0
    assert np.isnan(lone.bond_length)


def test_site_that_is_not_there_names_the_structure(rutile: Structure) -> None:
    with pytest.raises(LabelError, match="site 17 of Ti2 O4"):
        find_environment(rutile, 17)


def test_metal_has_no_oxygen_neighbours() -> None:
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    environment = find_environment(iron, 0)
    assert set(environment.elements) == {"Fe"}
    assert not environment.all_oxygen
