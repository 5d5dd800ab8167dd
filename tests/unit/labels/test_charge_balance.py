"""Which mean oxidation states charge balance allows, and what it makes of bond-valence states."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from edgepair.labels import CONTRADICTED, find_mean_states, label_sites, site_labels
from edgepair.labels.bond_valence import lacks_hydrogen
from edgepair.labels.oxidation_state import bonded_to_oxygen, has_oxygen_pair


def spread(*symbols: str, step: float = 3.0) -> Structure:
    """Atoms on a line, too far from each other to be bonded."""
    length = step * len(symbols)
    coords = [[step * number, 0, 0] for number in range(len(symbols))]
    return Structure(Lattice.orthorhombic(length, 9, 9), symbols, coords, coords_are_cartesian=True)


@pytest.mark.parametrize(
    ("atoms", "absorber", "mean"),
    [
        ("Fe Fe O O O", "Fe", 3),
        ("Fe Fe Fe O O O O", "Fe", 8 / 3),
        ("Li Mn Mn O O O O", "Mn", 3.5),
        ("Li Cu O O", "Cu", 3),
        ("La Cu Cu O O O O", "Cu", 2.5),
        ("Sr Sr Cu O O Cl Cl", "Cu", 2),
        ("Cu O H H O", "Cu", 2),
    ],
)
def test_other_elements_with_one_state_leave_one_mean(atoms: str, absorber: str, mean: float) -> None:
    allowed = find_mean_states(spread(*atoms.split()), absorber)
    assert allowed is not None
    assert (allowed.low, allowed.high) == pytest.approx((mean, mean))
    assert allowed.allow(mean)
    assert not allowed.allow(mean + 0.1)
    assert not allowed.allow(mean - 0.1)


def test_another_transition_metal_leaves_a_range() -> None:
    allowed = find_mean_states(spread("Fe", "Ti", "O", "O", "O"), "Fe")
    assert allowed is not None
    # Ti(IV) with Fe(II), Ti(II) with Fe(IV), and all between
    assert (allowed.low, allowed.high) == (2, 4)


@pytest.mark.parametrize(
    "atoms",
    [
        # an element without usual states, and means that the metal does not take
        "Fe Xe O O", "Cu O O O", "Cu Cu Cu O",
    ],
)  # fmt: skip
def test_composition_that_does_not_tell(atoms: str) -> None:
    metal = atoms.split()[0]
    assert find_mean_states(spread(*atoms.split()), metal) is None


def test_peroxides_do_not_tell() -> None:
    close = Structure(
        Lattice.cubic(12), ["Ni", "O", "O"], [[0, 0, 0], [4, 0, 0], [5.45, 0, 0]], coords_are_cartesian=True
    )
    assert has_oxygen_pair(close)
    assert find_mean_states(close, "Ni") is None


def test_sulphur_is_an_anion_unless_it_is_bonded_to_oxygen() -> None:
    places = [[0, 0, 0], [5, 0, 0], [6.5, 0, 0], [5, 1.5, 0], [5, -1.5, 0], [5, 0, 1.5]]
    sulphate = Structure(
        Lattice.cubic(12), ["Cu", "S", "O", "O", "O", "O"], places, coords_are_cartesian=True
    )
    assert bonded_to_oxygen(sulphate, 1)
    allowed = find_mean_states(sulphate, "Cu")
    assert allowed is not None
    assert allowed.low == 2
    sulphide = find_mean_states(spread("Cu", "La", "S", "O"), "Cu")
    assert sulphide is not None
    assert (sulphide.low, sulphide.high) == (1, 1)


def test_silicon_in_an_octahedron_of_oxygen_is_bonded_to_it() -> None:
    """As in Mg6CuSiO8, where the Si-O bonds of 2.1 Å are those of the rock salt that silicon stands in."""
    octahedron = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.24), ["Si", "O"], [[0, 0, 0], [0.5, 0, 0]]
    )
    assert bonded_to_oxygen(octahedron, 0)
    assert not bonded_to_oxygen(spread("Cu", "Si", "O"), 1)


@pytest.fixture
def licuo2() -> Structure:
    """LiCuO2, Cu on a square: Hibble et al., J. Solid State Chem. 88, 534 (1990), idealised."""
    lattice = Lattice.from_parameters(5.66, 2.73, 5.85, 90, 119.1, 90)
    return Structure.from_spacegroup(
        "C2/m", lattice, ["Cu", "Li", "O"], [[0, 0, 0], [0, 0, 0.5], [0.321, 0, 0.223]]
    )


@pytest.mark.parametrize("state", [1, 2])
def test_state_that_composition_contradicts_is_missing(
    licuo2: Structure, state: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {"Cu": state, "Li": 1, "O": -(state + 1) / 2}
    monkeypatch.setattr(
        site_labels, "find_oxidation_states", lambda found: [states[s.specie.symbol] for s in found]
    )
    (label,) = label_sites(licuo2, [0])
    assert np.isnan(label.oxidation_state)
    assert np.isnan(label.bond_valence_sum)
    assert label.oxidation_state_source == CONTRADICTED
    assert label.coordination_number_bond_valence >= 4


def test_state_that_composition_allows_counts(licuo2: Structure, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"Cu": 3, "Li": 1, "O": -2}
    monkeypatch.setattr(
        site_labels, "find_oxidation_states", lambda found: [states[s.specie.symbol] for s in found]
    )
    (label,) = label_sites(licuo2, [0])
    assert (label.oxidation_state, label.oxidation_state_source) == (3, "bond_valence")


def test_mixed_valence_is_judged_by_its_mean() -> None:
    hausmannite = Structure.from_spacegroup(
        141, Lattice.tetragonal(5.765, 9.442), ["Mn", "Mn", "O"],
        [[0, 0, 0], [0, 0.25, 0.625], [0, 0.2222, 0.3839]],
    )  # fmt: skip
    labels = label_sites(hausmannite, hausmannite.indices_from_symbol("Mn"))
    assert [(label.environment.coordination_number, label.oxidation_state) for label in labels] == [
        *[(4, 2)] * 4, *[(6, 3)] * 8,
    ]  # fmt: skip


@pytest.mark.parametrize("tetrahedra", [2.0, 3.0])
def test_a_higher_state_needs_stronger_bonds(
    magnetite: Structure, tetrahedra: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a normal spinel, nor Fe(II) and Fe(III) on equal octahedra."""
    iron = magnetite.indices_from_symbol("Fe")
    octahedra = [3.0] * 16 if tetrahedra == 2 else [2.0, 3.0] * 8
    states = dict(zip(iron, [tetrahedra] * 8 + octahedra, strict=True))
    monkeypatch.setattr(
        site_labels, "find_oxidation_states", lambda found: [states.get(i, -2.0) for i in range(len(found))]
    )
    labels = label_sites(magnetite, [0, 8])
    assert [label.environment.coordination_number for label in labels] == [4, 6]
    assert [label.oxidation_state_source for label in labels] == [CONTRADICTED] * 2


def test_oxygen_that_lacks_its_hydrogen_leaves_no_state() -> None:
    """Lepidocrocite, of Fe and O alone."""
    cell = Lattice.orthorhombic(3.072, 12.516, 3.873)
    crystal = Structure.from_spacegroup(
        "Cmcm", cell, ["Fe", "O", "O"], [[0, 0.3137, 0.25], [0, 0.7118, 0.25], [0, 0.9256, 0.25]]
    )
    assert lacks_hydrogen(crystal)
    (label,) = label_sites(crystal, [0])
    assert np.isnan(label.oxidation_state)
    rutile = Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.3053, 0.3053, 0]]
    )
    assert not lacks_hydrogen(rutile)
