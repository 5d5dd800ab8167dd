"""All labels of the absorber sites of one structure, and the neighbours that they follow from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import EdgepairError, LabelError
from edgepair.labels.bond_valence import (
    BOND_VALENCE_RADIUS,
    bond_valence_sum,
    count_bonds,
    find_other_bonds,
    lacks_hydrogen,
    states_follow_bonds,
)
from edgepair.labels.oxidation_state import find_composition_state, find_mean_states, find_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.core.local_env import CrystalNN, LocalStructOrderParams

    from edgepair.conventions.tasks import Floats

NEAREST_METAL_RADIUS = 8.0
"""How far the nearest metal atom is looked for, Å."""

CONTRADICTED = "contradicted"
"""Source of an oxidation state that is missing because charge balance or bonds contradict the assignment."""


@dataclass(frozen=True)
class Environment:
    """The nearest neighbours of one site.

    Attributes
    ----------
    elements : tuple of str
        Symbols of the neighbours, by increasing distance.
    distances : tuple of float
        Their distances, Å.
    coords : tuple of tuple of float
        Their Cartesian positions, Å, in the frame of the structure.
    """

    elements: tuple[str, ...]
    distances: tuple[float, ...]
    coords: tuple[tuple[float, float, float], ...] = ()

    @property
    def positions(self) -> Floats:
        """Cartesian positions of the neighbours, shape (n, 3), Å."""
        return np.array(self.coords, dtype=np.float64).reshape(-1, 3)

    @property
    def coordination_number(self) -> int:
        """Number of nearest neighbours."""
        return len(self.distances)

    @property
    def bond_length(self) -> float:
        """Mean distance to the nearest neighbours, Å; NaN where there are none."""
        return float(np.mean(self.distances)) if self.distances else float("nan")

    @property
    def all_oxygen(self) -> bool:
        """Whether there are neighbours and all of them are oxygen."""
        return bool(self.elements) and set(self.elements) == {"O"}


@cache
def _near_neighbours() -> CrystalNN:
    from pymatgen.core.local_env import CrystalNN

    return CrystalNN()


def find_environment(structure: Structure, index: int) -> Environment:
    """Find the nearest neighbours of a site by CrystalNN with its defaults.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered structure, without oxidation states on its species (they would change the
        radii that CrystalNN uses).
    index : int
        0-based index of the site.

    Returns
    -------
    Environment
        Unweighted neighbours.

    Raises
    ------
    LabelError
        CrystalNN fails on this site.

    References
    ----------
    .. [1] Pan et al., Inorg. Chem. 60, 1590 (2021), doi 10.1021/acs.inorgchem.0c02996
    """
    try:
        with warnings.catch_warnings():
            # The missing oxidation states that CrystalNN warns of are our definition (see above).
            warnings.simplefilter("ignore", UserWarning)
            neighbours = _near_neighbours().get_nn_info(structure, index)
    except (ValueError, RuntimeError, IndexError, KeyError, TypeError) as error:
        raise LabelError(
            f"cannot find the neighbours of site {index} of {structure.formula}",
            found=f"{type(error).__name__}: {error}",
            needed="a site with neighbours that CrystalNN can weigh",
            suggestion="leave the site out",
        ) from error
    found = sorted(
        (float(site.nn_distance), site.specie.symbol, (float(x), float(y), float(z)))
        for site in (item["site"] for item in neighbours)
        for x, y, z in [site.coords]
    )
    return Environment(
        tuple(symbol for _, symbol, _ in found),
        tuple(distance for distance, _, _ in found),
        tuple(coords for _, _, coords in found),
    )


@dataclass(frozen=True)
class SiteLabels:
    """The labels of one site.

    Attributes
    ----------
    environment : Environment
        Nearest neighbours, with coordination number and bond length.
    oxidation_state : float
        NaN where it could not be found.
    oxidation_state_source : str
        ``bond_valence``, ``composition``, `CONTRADICTED`, or empty.
    nearest_metal_distance : float
        Distance to the nearest metal atom, Å; NaN where there is none within
        `NEAREST_METAL_RADIUS`.
    octahedral_order, tetrahedral_order : float
        Order parameters of the neighbours' directions, 1 for the ideal polyhedron; NaN where there
        are fewer than two neighbours.
    bond_valence_sum : float
        Over all oxygen within `BOND_VALENCE_RADIUS`, with the parameters of the oxidation state, valence
        units; NaN where that is not known.
    coordination_number_bond_valence : float
        Oxygen neighbours whose bond valence is at least a tenth of the largest; NaN where there is none.
    other_bonds : tuple of (str, float)
        Element and distance, Å, of neighbours other than oxygen that the site is bonded to, those that
        `environment` lacks too.
    """

    environment: Environment
    oxidation_state: float
    oxidation_state_source: str
    nearest_metal_distance: float
    octahedral_order: float
    tetrahedral_order: float
    bond_valence_sum: float
    coordination_number_bond_valence: float
    other_bonds: tuple[tuple[str, float], ...]

    @property
    def only_oxygen(self) -> bool:
        """Whether the site has neighbours, and is bonded to nothing but oxygen."""
        return self.environment.all_oxygen and not self.other_bonds

    @property
    def bond_length_spread(self) -> float:
        """Standard deviation of the distances to the nearest neighbours, Å."""
        distances = self.environment.distances
        return float(np.std(distances)) if distances else float("nan")


def label_sites(structure: Structure, indices: Sequence[int]) -> tuple[SiteLabels, ...]:
    """Find the labels of some sites of one element.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered, without oxidation states.
    indices : sequence of int
        Sites of one element.

    Returns
    -------
    tuple of SiteLabels
        One per index. A site whose neighbours CrystalNN cannot find has none.

    Notes
    -----
    The oxidation state is that of bond valence where charge balance agrees with it or does not tell:
    where the mean over all atoms of the element is among those that `find_mean_states` allows. Where it
    is not, the states of all of them are missing; so they are where an oxygen lacks its hydrogen
    (manganite without H as Mn(IV)), and where the atoms of a higher state have no stronger bonds than
    those of a lower (magnetite as a normal spinel). Where bond valences give no state, it is that of
    composition, if it is unique. Order parameters are those of Zimmermann and Jain [1]_.

    References
    ----------
    .. [1] Zimmermann and Jain, RSC Adv. 10, 6063 (2020), doi 10.1039/C9RA07755C
    """
    if not indices:
        return ()
    states, source = _states(structure, structure[indices[0]].specie.symbol)
    return tuple(_label(structure, index, states[index], source) for index in indices)


def _states(structure: Structure, element: str) -> tuple[list[float], str]:
    """Find the oxidation state of each site, and where it comes from; it is good for one element."""
    try:
        found = find_oxidation_states(structure)
    except EdgepairError:
        state = find_composition_state(structure.composition, element)
        if state is None or lacks_hydrogen(structure):
            return [float("nan")] * len(structure), ""
        return [float(state)] * len(structure), "composition"
    own = [state for state, site in zip(found, structure, strict=True) if site.specie.symbol == element]
    allowed = find_mean_states(structure, element)
    balanced = allowed is None or allowed.allow(float(np.mean(own)))
    if not balanced or lacks_hydrogen(structure) or not states_follow_bonds(structure, element, found):
        return [float("nan")] * len(structure), CONTRADICTED
    return [float(state) for state in found], "bond_valence"


def _label(structure: Structure, index: int, state: float, source: str) -> SiteLabels:
    try:
        environment = find_environment(structure, index)
    except EdgepairError:
        environment = Environment((), (), ())
    octahedral, tetrahedral = _order(structure, index, environment)
    near = structure.get_neighbors(structure[index], BOND_VALENCE_RADIUS)
    oxygen = [float(site.nn_distance) for site in near if site.specie.symbol == "O"]
    return SiteLabels(
        environment,
        state,
        source,
        _nearest_metal(structure, index),
        octahedral,
        tetrahedral,
        bond_valence_sum(structure[index].specie.symbol, state, oxygen),
        count_bonds(oxygen),
        find_other_bonds(structure, index),
    )


@cache
def _order_parameters() -> LocalStructOrderParams:
    from pymatgen.core.local_env import LocalStructOrderParams

    return LocalStructOrderParams(["oct", "tet"])


def _order(structure: Structure, index: int, environment: Environment) -> tuple[float, float]:
    if environment.coordination_number < 2:
        return float("nan"), float("nan")
    from pymatgen.core import Structure as Cluster

    # The neighbours alone, in a box in which no image of them comes near.
    center = structure[index].coords
    coords = np.vstack([[0.0, 0.0, 0.0], environment.positions - center])
    box = 10 * float(np.abs(coords).max()) + 10
    symbols = [structure[index].specie.symbol, *environment.elements]
    cluster = Cluster(np.eye(3) * box, symbols, coords, coords_are_cartesian=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = _order_parameters().get_order_parameters(
            cluster, 0, indices_neighs=list(range(1, len(symbols)))
        )
    octahedral, tetrahedral = (float("nan") if value is None else float(value) for value in values)
    return octahedral, tetrahedral


def _nearest_metal(structure: Structure, index: int) -> float:
    # Most have one within 4 Å; the larger sphere costs ten times as much.
    for radius in (NEAREST_METAL_RADIUS / 2, NEAREST_METAL_RADIUS):
        near = structure.get_neighbors(structure[index], radius)
        distances = [site.nn_distance for site in near if site.specie.is_metal]
        if distances:
            return float(min(distances))
    return float("nan")
