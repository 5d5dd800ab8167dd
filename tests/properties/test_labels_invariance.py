"""Labels belong to the crystal, not to how it is written down."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymatgen.core import Structure
from pymatgen.core.operations import SymmOp

from edgepair.labels import find_environment, find_oxidation_states
from edgepair.structures import find_absorber_sites

Labels = Counter[tuple[int, int, float, int]]

FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CRYSTALS = pytest.mark.parametrize(
    ("crystal", "absorber"), [("nio", "Ni"), ("rutile", "Ti"), ("franklinite", "Fe"), ("franklinite", "Zn")]
)


def labels(structure: Structure, absorber: str) -> Labels:
    """Multiset of oxidation state, coordination number, bond length and multiplicity."""
    states = find_oxidation_states(structure)
    found: Labels = Counter()
    for site in find_absorber_sites(structure, absorber):
        environment = find_environment(structure, site.index)
        # 1e-6 Å: what rotated coordinates lose
        length = round(environment.bond_length, 6) + 0.0
        found[states[site.index], environment.coordination_number, length, site.multiplicity] += 1
    return found


@cache
def expected(crystal: str, absorber: str) -> Labels:
    # by literature: rock salt a/2; rutile 4 x 1.94637 + 2 x 1.98337;
    # spinel a sqrt(2(u - 1/4)^2 + (1/2 - u)^2) and a sqrt(3) (u - 1/8)
    known = {
        ("nio", "Ni"): (2, 6, 2.08855, 4),
        ("rutile", "Ti"): (4, 6, 1.958704, 2),
        ("franklinite", "Fe"): (3, 6, 2.026318, 4),
        ("franklinite", "Zn"): (2, 4, 1.979628, 2),
    }
    return Counter([known[crystal, absorber]])


def assert_labels(structure: Structure, crystal: str, absorber: str, *, cells: int = 1) -> None:
    found, wanted = labels(structure, absorber), expected(crystal, absorber)
    assert sum(found.values()) == sum(wanted.values())
    for one, other in zip(sorted(found), sorted(wanted), strict=True):
        assert one[:2] == other[:2]
        assert one[2] == pytest.approx(other[2], abs=2e-6)
        assert one[3] == cells * other[3]


@CRYSTALS
@FEW
@given(axis=st.tuples(*[st.integers(-5, 5)] * 3).filter(any), angle=st.floats(0, 360))
def test_rotation(
    crystal: str, absorber: str, request: pytest.FixtureRequest, axis: tuple[int, int, int], angle: float
) -> None:
    structure: Structure = request.getfixturevalue(crystal).copy()
    structure.apply_operation(SymmOp.from_axis_angle_and_translation(axis, angle))
    assert_labels(structure, crystal, absorber)


@CRYSTALS
@FEW
@given(shift=st.tuples(*[st.floats(-1.5, 1.5)] * 3))
def test_translation(
    crystal: str, absorber: str, request: pytest.FixtureRequest, shift: tuple[float, float, float]
) -> None:
    structure: Structure = request.getfixturevalue(crystal).copy()
    structure.translate_sites(range(len(structure)), shift, to_unit_cell=True)
    assert_labels(structure, crystal, absorber)


@CRYSTALS
@FEW
@given(seed=st.integers(0, 10**6))
def test_order_of_atoms(crystal: str, absorber: str, request: pytest.FixtureRequest, seed: int) -> None:
    structure: Structure = request.getfixturevalue(crystal)
    order = np.random.default_rng(seed).permutation(len(structure))
    assert_labels(Structure.from_sites([structure[int(i)] for i in order]), crystal, absorber)


@pytest.mark.parametrize(("crystal", "absorber"), [("nio", "Ni"), ("rutile", "Ti")])
@pytest.mark.parametrize("scale", [(2, 2, 2), (1, 1, 2)], ids=str)
def test_supercell_scales_the_multiplicity_only(
    crystal: str, absorber: str, request: pytest.FixtureRequest, scale: tuple[int, int, int]
) -> None:
    structure: Structure = request.getfixturevalue(crystal).copy()
    structure.make_supercell(scale)
    assert_labels(structure, crystal, absorber, cells=int(np.prod(scale)))


def test_supercell_that_breaks_the_symmetry_keeps_labels_and_total(franklinite: Structure) -> None:
    # Orbits are those of the cell as given: doubling one rhombohedral axis splits the octahedral
    # ones. The parts have equal labels and share out the atoms, so that averages do not change.
    franklinite.make_supercell((2, 1, 1))
    found = labels(franklinite, "Fe")
    assert {one[:3] for one in found} == {(3, 6, 2.026318)}
    assert sum(one[3] * count for one, count in found.items()) == 8


def test_primitive_cell_divides_the_multiplicity(nio: Structure) -> None:
    (site,) = find_absorber_sites(nio.get_primitive_structure(), "Ni")
    assert site.multiplicity == 1
