"""Bond-valence sums, and neighbours counted by bond valence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgepair.builder.gates import label_faults
from edgepair.labels import bond_valence_length, bond_valence_sum, count_bonds
from edgepair.labels.bond_valence import BOND_VALENCE_LENGTHS


@pytest.mark.parametrize(
    ("absorber", "state", "distances"),
    [
        # NiO, rutile, and hematite as measured
        ("Ni", 2, [2.0886] * 6),
        ("Ti", 4, [1.946] * 4 + [1.983] * 2),
        ("Fe", 3, [1.946] * 3 + [2.116] * 3),
        # CuO: Åsbrink and Norrby, Acta Cryst. B26, 8 (1970)
        ("Cu", 2, [1.951] * 2 + [1.961] * 2 + [2.784] * 2),
    ],
)
def test_sum_of_a_measured_structure_is_its_state(absorber: str, state: int, distances: list[float]) -> None:
    assert bond_valence_sum(absorber, state, distances) == pytest.approx(state, abs=0.25)


def test_a_distance_of_the_pairs_length_is_one_unit() -> None:
    for absorber, lengths in BOND_VALENCE_LENGTHS.items():
        for state, length in lengths.items():
            assert bond_valence_sum(absorber, state, [length]) == pytest.approx(1, rel=1e-12)


def test_state_without_parameters_has_those_of_the_nearest() -> None:
    assert bond_valence_sum("Fe", 5, [1.9]) == bond_valence_sum("Fe", 3, [1.9])
    assert bond_valence_sum("Mn", 5, [1.9]) == bond_valence_sum("Mn", 4, [1.9])
    # as near to 3 as to ... 2: the lower one
    assert bond_valence_sum("Fe", 2.5, [1.9]) == bond_valence_sum("Fe", 2, [1.9])


@pytest.mark.parametrize(("absorber", "state"), [("Fe", math.nan), ("Fe", 0), ("Xe", 2)])
def test_what_has_no_sum(absorber: str, state: float) -> None:
    assert math.isnan(bond_valence_sum(absorber, state, [2.0]))


def test_equal_bonds_of_the_length_of_a_state_and_number_add_up_to_the_state() -> None:
    for absorber, lengths in BOND_VALENCE_LENGTHS.items():
        for state in lengths:
            length = bond_valence_length(absorber, [state] * 3, [4, 5, 6])
            sums = [
                bond_valence_sum(absorber, state, [d] * n) for d, n in zip(length, (4, 5, 6), strict=True)
            ]
            assert sums == pytest.approx([state] * 3, rel=1e-12)


def test_lengths_of_measured_structures() -> None:
    # permanganate, and NiO as measured
    assert bond_valence_length("Mn", 7, 4) == pytest.approx(1.607, abs=0.03)
    assert bond_valence_length("Ni", 2, 6) == pytest.approx(2.0886, abs=0.03)


def test_length_between_states_lies_between_theirs() -> None:
    low, middle, high = bond_valence_length("Mn", [4, 5.5, 7], [4, 4, 4])
    assert high < middle < low
    assert np.isfinite(bond_valence_length("Zn", 2, 4))


def test_count_does_not_depend_on_the_scale_of_bond_valences() -> None:
    limit = 0.37 * math.log(10)
    assert count_bonds([1.6, 1.6 + limit - 0.01, 1.6 + limit + 0.01]) == 2
    assert count_bonds([2.6, 2.6 + limit - 0.01, 2.6 + limit + 0.01]) == 2


def test_equivalent_neighbours_at_the_limit_are_counted_together() -> None:
    limit = 1.9 + 0.37 * math.log(10)
    assert count_bonds([1.9, limit, limit + 1e-9]) == 3


def test_no_neighbours() -> None:
    assert math.isnan(count_bonds([]))


@pytest.mark.parametrize(
    ("absorber", "state", "distances"),
    [("Zn", 2, [1.98] * 4), ("Zr", 4, [2.20] * 8), ("Nb", 5, [1.91] * 3 + [2.08] * 3), ("Pb", 2, [2.66] * 8)],
)
def test_metals_without_parameters_of_their_own_have_those_of_the_element(
    absorber: str, state: int, distances: list[float]
) -> None:
    assert bond_valence_sum(absorber, state, distances) == pytest.approx(state, rel=0.4)
    assert label_faults(absorber, state, bond_valence_sum(absorber, state, distances), len(distances)) == ()
    # A wrong setting of its space group.
    nearer = bond_valence_sum(absorber, state, [0.7 * distance for distance in distances])
    assert label_faults(absorber, state, nearer, len(distances))
