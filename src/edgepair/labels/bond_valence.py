"""Bond valences of metal–oxygen distances: their sum, and how many neighbours carry a real share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from edgepair.labels.oxidation_state import bonded_to_oxygen, has_oxygen_pair, usual_states

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from edgepair.conventions.tasks import Floats

BOND_VALENCE_RADIUS = 4.0
"""How far neighbours are summed over, Å; one farther away adds less than 0.003 valence units."""

SOFTNESS = 0.37
"""Å; the parameter b of every pair."""

LEAST_SHARE = 0.1
"""A neighbour is counted if its bond valence is at least this part of the largest."""

BOND_VALENCE_LENGTHS = MappingProxyType(
    {
        "Ti": MappingProxyType({3: 1.791, 4: 1.815}),
        "V": MappingProxyType({3: 1.743, 4: 1.784, 5: 1.803}),
        "Cr": MappingProxyType({2: 1.73, 3: 1.724, 6: 1.794}),
        "Mn": MappingProxyType({2: 1.790, 3: 1.760, 4: 1.753, 7: 1.79}),
        "Fe": MappingProxyType({2: 1.734, 3: 1.759}),
        "Co": MappingProxyType({2: 1.692, 3: 1.70}),
        "Ni": MappingProxyType({2: 1.654}),
        "Cu": MappingProxyType({1: 1.593, 2: 1.679, 3: 1.735}),
    }
)
"""Å; the parameter R0 of metal–oxygen pairs, by metal and oxidation state."""


def bond_valence_sum(absorber: str, state: float, distances: Sequence[float]) -> float:
    """Sum the bond valences of the oxygen neighbours of a site.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    state : float
        Oxidation state, which the parameters depend on; a state without parameters of its own has
        those of the nearest that has, the lower of two.
    distances : sequence of float
        Distances to oxygen, Å, up to `BOND_VALENCE_RADIUS`.

    Returns
    -------
    float
        Valence units; NaN where the state is not known. Of metals without parameters of their own, that of
        elements alone, as in `find_other_bonds`, good to 40 %.

    Notes
    -----
    Each distance d adds exp((R0 − d) / 0.37 Å). R0 from Brown and Altermatt [1]_ and Brese and
    O'Keeffe [2]_; of Cu(III), which they lack, 1.735 Å.

    References
    ----------
    .. [1] Brown and Altermatt, Acta Cryst. B41, 244 (1985), doi 10.1107/S0108768185002063
    .. [2] Brese and O'Keeffe, Acta Cryst. B47, 192 (1991), doi 10.1107/S0108768190011041

    Examples
    --------
    >>> round(bond_valence_sum("Fe", 3, [1.946] * 3 + [2.116] * 3), 2)
    2.95
    """
    lengths = BOND_VALENCE_LENGTHS.get(absorber)
    if not np.isfinite(state) or state <= 0:
        return float("nan")
    if lengths is None:
        return sum(_valence(absorber, "O", distance) for distance in distances) or float("nan")
    nearest = min(lengths, key=lambda known: (abs(known - state), known))
    return float(np.exp((lengths[nearest] - np.asarray(distances, dtype=np.float64)) / SOFTNESS).sum())


TYPICAL_LENGTH = 1.75
"""Å; R0 of a metal without parameters of its own, a middle one of the eight that have."""


def bond_valence_length(absorber: str, state: ArrayLike, number: ArrayLike) -> Floats:
    r"""Give the length at which equal bonds to oxygen add up to an oxidation state.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    state : array_like of shape (n,)
        Oxidation states V; between two that have parameters, R0 lies between theirs.
    number : array_like of shape (n,)
        Coordination numbers N.

    Returns
    -------
    ndarray of shape (n,)
        :math:`R_0(V) - b \ln(V / N)`, Å, with b = 0.37 Å; R0 as in `bond_valence_sum`, 1.75 Å for metals
        without parameters.

    Examples
    --------
    >>> bond_valence_length("Mn", [2, 7], [6, 4]).round(3).tolist()
    [2.196, 1.583]
    """
    lengths = BOND_VALENCE_LENGTHS.get(absorber) or {1: TYPICAL_LENGTH}
    valence = np.asarray(state, dtype=np.float64)
    at = np.interp(valence, list(lengths), list(lengths.values()))
    return at - SOFTNESS * np.log(valence / np.asarray(number, dtype=np.float64))


def count_bonds(distances: Sequence[float]) -> float:
    """Count the neighbours whose bond valence is at least a tenth of the largest one.

    Parameters
    ----------
    distances : sequence of float
        Distances to neighbours of one element, Å.

    Returns
    -------
    float
        Their number; NaN where there are none.

    Notes
    -----
    As bond valences fall off as exp(−d / 0.37 Å), whatever the pair's other parameter, those are the
    neighbours within 0.85 Å of the nearest one.

    Examples
    --------
    >>> count_bonds([1.9, 1.9, 2.0, 2.7, 3.4])
    4.0
    """
    if not len(distances):
        return float("nan")
    found = np.asarray(distances, dtype=np.float64)
    # A hair's breadth more: neighbours that are equivalent must not be divided by their last bits.
    return float((found <= found.min() - SOFTNESS * np.log(LEAST_SHARE) + 1e-6).sum())


_LIGANDS = "H B C N F Si P S Cl Ge As Se Br Sb Te I Bi"
_ELECTROPOSITIVE = "Li Na K Rb Cs Be Mg Ca Sr Ba Ra Sc Y La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Ac Th"

LIGANDS = frozenset(_LIGANDS.split())
"""Elements that are a ligand where they are no oxyanion's centre."""

ELECTROPOSITIVE = frozenset(_ELECTROPOSITIVE.split())
"""Metals that give their electrons up even to another metal: near, but not bonded to."""

_METAL_RADII_SCALE = 1.1
"""Metals nearer than this times the sum of their metallic radii are bonded, in a metal-rich compound."""


def find_other_bonds(structure: Structure, index: int) -> tuple[tuple[str, float], ...]:
    """Find the neighbours of a site, other than oxygen, that it is bonded to.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered, without oxidation states.
    index : int
        The site, of a metal.

    Returns
    -------
    tuple of (str, float)
        Element and distance, Å, by distance.

    Notes
    -----
    A non-metal is a ligand if its own bonds do not go to oxygen (sulfide, not sulfate; chloride, not
    chlorate; hydride, not hydroxide), and if its bond valence is at least a tenth of the largest one of
    the site, the same rule by which oxygen neighbours are counted. Bond valences of pairs are those of
    O'Keeffe and Brese [1]_, which depend on the elements alone.

    A metal is bonded to where the compound is metal-rich: where its anions take up fewer electrons than
    the lowest usual states of its cations would give. The others stay in bonds between metals.
    Elsewhere short distances between metals (2.6 Å in VO2 and Ti2O3) are no fault of a site.

    References
    ----------
    .. [1] O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991), doi 10.1021/ja00009a002
    """
    center = structure[index]
    near = structure.get_neighbors(center, BOND_VALENCE_RADIUS)
    absorber = center.specie.symbol
    oxygen = [site.nn_distance for site in near if site.specie.symbol == "O"]
    largest = _valence(absorber, "O", min(oxygen)) if oxygen else 0.0
    rich: bool | None = None
    found = []
    for site in near:
        symbol = site.specie.symbol
        if symbol in LIGANDS:
            enough = _valence(absorber, symbol, site.nn_distance) >= LEAST_SHARE * largest
            bonded = enough and not bonded_to_oxygen(structure, site.index)
        elif (
            symbol != "O"
            and symbol not in ELECTROPOSITIVE
            and site.nn_distance < _METAL_RADII_SCALE * _metallic(absorber, symbol)
        ):
            rich = is_metal_rich(structure) if rich is None else rich
            bonded = rich
        else:
            bonded = False
        if bonded:
            found.append((symbol, float(site.nn_distance)))
    return tuple(sorted(found, key=lambda pair: (pair[1], pair[0])))


def is_metal_rich(structure: Structure) -> bool:
    """Say whether the lowest usual states of the cations are more than the anions can take up."""
    charge = 0.0
    for symbol, amount in structure.composition.get_el_amt_dict().items():
        states = usual_states(structure, symbol)
        if states is None:
            return False
        charge += amount * states[0]
    return charge > 1e-6


LEAST_AT_OXYGEN = 1.3
"""Valence units; an oxygen with less has a hydrogen. Of 2,800 oxides of the Materials Project, on which it
was set, 1 % have one: nearly all hydrates without their hydrogen; half have none below 1.9."""

LEAST_APART = 0.1
"""Part of the difference between two states by which their mean bond-valence sums must differ."""


def lacks_hydrogen(structure: Structure) -> bool:
    """Say whether an oxygen has so few bonds that hydrogen must be missing from the list of atoms."""
    if structure.indices_from_symbol("H") or has_oxygen_pair(structure):
        return False
    symbols = [site.specie.symbol for site in structure]
    sums = dict.fromkeys(structure.indices_from_symbol("O"), 0.0)
    for center, near, _, distance in zip(*structure.get_neighbor_list(BOND_VALENCE_RADIUS), strict=True):
        if center in sums and symbols[near] != "O":
            own = BOND_VALENCE_LENGTHS.get(symbols[near])
            sums[center] += (
                math.exp((max(own.values()) - distance) / SOFTNESS)
                if own
                else _valence(symbols[near], "O", distance)
            )
    return min(sums.values(), default=2.0) < LEAST_AT_OXYGEN


def states_follow_bonds(structure: Structure, element: str, states: Sequence[float]) -> bool:
    """Say whether atoms of a higher state have the stronger bonds to oxygen, where an element has several."""
    own = structure.indices_from_symbol(element)
    found = sorted({states[index] for index in own})
    other = (
        site.specie.symbol in LIGANDS and not bonded_to_oxygen(structure, i)
        for i, site in enumerate(structure)
    )
    if len(found) < 2 or any(other):
        return True
    mean = float(np.mean([states[index] for index in own]))
    at = float(bond_valence_length(element, [mean], [mean])[0])
    sums: dict[float, list[float]] = {}
    for index in own:
        near = structure.get_neighbors(structure[index], BOND_VALENCE_RADIUS)
        bonds = [math.exp((at - site.nn_distance) / SOFTNESS) for site in near if site.specie.symbol == "O"]
        sums.setdefault(states[index], []).append(sum(bonds))
    return all(
        min(sums[more]) >= max(sums[less])
        and np.mean(sums[more]) - np.mean(sums[less]) >= LEAST_APART * (more - less)
        for less, more in pairwise(found)
    )


def _valence(metal: str, ligand: str, distance: float) -> float:
    from pymatgen.core import Element
    from pymatgen.core.bond_valence import BV_PARAMS

    one, two = BV_PARAMS.get(Element(metal)), BV_PARAMS.get(Element(ligand))
    if one is None or two is None:
        return 0.0
    difference = math.sqrt(one["c"]) - math.sqrt(two["c"])
    shared = one["r"] * two["r"] * difference**2 / (one["c"] * one["r"] + two["c"] * two["r"])
    return math.exp((one["r"] + two["r"] - shared - distance) / SOFTNESS)


def _metallic(one: str, two: str) -> float:
    from pymatgen.core import Element

    with warnings.catch_warnings():
        # Elements that are no metals have no such radius, and are told so about.
        warnings.simplefilter("ignore")
        radii = [Element(symbol).metallic_radius for symbol in (one, two)]
    return float(sum(radius or 0.0 for radius in radii)) if all(radii) else 0.0
