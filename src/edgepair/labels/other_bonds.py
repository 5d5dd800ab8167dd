"""Bonds of a site to what is not oxygen, those that a list of nearest neighbours leaves out too."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

from edgepair.labels.bond_valence import BOND_VALENCE_RADIUS, LEAST_SHARE, SOFTNESS
from edgepair.labels.charge_balance import bonded_to_oxygen, usual_states

if TYPE_CHECKING:
    from pymatgen.core import Structure

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
    Elsewhere short distances between metals (2.6 Å in VO2 and Ti2O3) are not held against a site.

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
