"""Oxidation states of all sites of a structure, by bond valence."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from edgepair.conventions import LabelError

if TYPE_CHECKING:
    from pymatgen.core import Composition, Structure


def find_oxidation_states(structure: Structure) -> tuple[int, ...]:
    """Assign an oxidation state to every site by bond-valence analysis.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered structure.

    Returns
    -------
    tuple of int
        One per site, in the order of the structure.

    Raises
    ------
    LabelError
        No consistent assignment exists, or an element has no bond-valence parameters.

    Notes
    -----
    ``BVAnalyzer`` with its defaults: the most probable charge-neutral assignment, from bond
    valence sums [1]_ and the statistics of the ICSD.

    References
    ----------
    .. [1] O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991), doi 10.1021/ja00009a002
    """
    from pymatgen.core.bond_valence import BVAnalyzer

    try:
        return tuple(int(valence) for valence in BVAnalyzer().get_valences(structure))
    except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError) as error:
        raise LabelError(
            f"cannot assign oxidation states in {structure.formula}",
            found=f"{type(error).__name__}: {error}",
            needed="a charge-neutral assignment that agrees with the bond valences",
            suggestion="leave the oxidation state of this material missing",
        ) from error


def find_composition_state(composition: Composition, absorber: str) -> int | None:
    """Find the oxidation state that makes a composition neutral, if there is only one.

    Parameters
    ----------
    composition : pymatgen.core.Composition
        Without oxidation states.
    absorber : str
        Chemical symbol.

    Returns
    -------
    int or None
        None where no assignment of the states known from the ICSD is neutral, or where the neutral
        ones differ for the absorber, or where atoms of it would have to differ.

    Examples
    --------
    >>> from pymatgen.core import Composition
    >>> find_composition_state(Composition("Fe2O3"), "Fe")
    3
    >>> find_composition_state(Composition("Fe3O4"), "Fe") is None
    True
    """
    from pymatgen.core import Element

    try:
        guesses = composition.reduced_composition.oxi_state_guesses(max_sites=-50)
    except ValueError:
        # More atoms than the search allows: nothing is known then.
        return None
    states = {round(float(guess.get(absorber, 0.0)), 6) for guess in guesses}
    if len(states) != 1 or absorber not in composition:
        return None
    state = states.pop()
    # A whole number that the element does not take is the mean of two that it does: Pb2O3.
    known = {0, *Element(absorber).icsd_oxidation_states, *Element(absorber).common_oxidation_states}
    return int(state) if state in known else None


_ONE = "Li Na K Rb Cs"
_TWO = "Be Mg Ca Sr Ba Ra Zn Cd"
_THREE = "Al Ga Sc Y La Nd Pm Gd Dy Ho Er Lu Ac"
_FOUR = "Zr Hf Th"

USUAL_STATES = MappingProxyType(
    {
        **dict.fromkeys(_ONE.split(), (1, 1)),
        **dict.fromkeys(_TWO.split(), (2, 2)),
        **dict.fromkeys(_THREE.split(), (3, 3)),
        **dict.fromkeys(_FOUR.split(), (4, 4)),
        "H": (1, 1), "O": (-2, -2), "F": (-1, -1),
        # Rare earths and metals of the main groups that have two states.
        "Ce": (3, 4), "Pr": (3, 4), "Tb": (3, 4), "Sm": (2, 3), "Eu": (2, 3), "Tm": (2, 3), "Yb": (2, 3),
        "In": (1, 3), "Tl": (1, 3), "Sn": (2, 4), "Pb": (2, 4),
        # Transition metals and actinides.
        "Ti": (2, 4), "V": (2, 5), "Cr": (2, 6), "Mn": (2, 7), "Fe": (2, 6), "Co": (2, 4), "Ni": (2, 4),
        "Cu": (1, 3), "Nb": (2, 5), "Ta": (3, 5), "Mo": (2, 6), "W": (4, 6), "Tc": (4, 7), "Re": (3, 7),
        "Ru": (2, 7), "Os": (3, 8), "Rh": (1, 5), "Ir": (3, 6), "Pd": (1, 4), "Pt": (2, 4), "Ag": (1, 3),
        "Au": (1, 3), "Hg": (1, 2), "Pa": (4, 5), "U": (3, 6), "Np": (3, 7), "Pu": (3, 7), "Am": (3, 6),
        "Cm": (3, 4),
    }
)  # fmt: skip
"""Lowest and highest oxidation state, in oxides, of elements whose state needs no look at their bonds."""

IN_OXYANIONS = MappingProxyType(
    {
        "B": (3, 3), "C": (2, 4), "N": (3, 5), "Si": (4, 4), "P": (3, 5), "S": (2, 6), "Cl": (1, 7),
        "Ge": (2, 4), "As": (3, 5), "Se": (4, 6), "Br": (1, 7), "Sb": (3, 5), "Te": (4, 6), "I": (1, 7),
        "Bi": (3, 5),
    }
)  # fmt: skip
"""The same of elements that are bonded to oxygen."""

AS_ANIONS = MappingProxyType(
    {
        "B": (-5, 3), "C": (-4, 4), "N": (-3, 0), "Si": (-4, 4), "P": (-3, 0), "S": (-2, 0), "Cl": (-1, -1),
        "Ge": (-4, 4), "As": (-3, 0), "Se": (-2, 0), "Br": (-1, -1), "Sb": (-3, 0), "Te": (-2, 0),
        "I": (-1, -1), "Bi": (-3, 0),
    }
)  # fmt: skip
"""The same of elements that are not."""

OXYGEN_BOND = MappingProxyType(
    {
        "H": 1.35, "B": 1.8, "C": 1.65, "N": 1.75, "O": 1.65, "Si": 2.3, "P": 1.95, "S": 1.95, "Cl": 1.95,
        "Ge": 2.4, "As": 2.2, "Se": 2.2, "Br": 2.1, "Sb": 2.5, "Te": 2.5, "I": 2.5, "Bi": 2.8,
    }
)  # fmt: skip
"""Å; an atom with an oxygen nearer than this is bonded to it. Of oxygen itself: a peroxide's bond is 1.5 Å,
a superoxide's 1.3 Å; six-fold silicon's may be 2.1 Å."""

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class MeanStates:
    """Which mean oxidation states of an element charge balance allows.

    Attributes
    ----------
    low, high : float
        Ends of the range.
    """

    low: float
    high: float

    def allow(self, state: float) -> bool:
        """Say whether a mean is among them.

        Parameters
        ----------
        state : float
            Mean oxidation state.

        Returns
        -------
        bool
            To a thousandth.
        """
        return self.low - _TOLERANCE <= state <= self.high + _TOLERANCE


def find_mean_states(structure: Structure, absorber: str) -> MeanStates | None:
    """Find the mean oxidation states of an element that make a crystal neutral.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered, without oxidation states.
    absorber : str
        Chemical symbol.

    Returns
    -------
    MeanStates or None
        A single mean where every other element has one usual state (LiCuO2: 3; Fe3O4: 8/3), a range
        where atoms of another may differ (a transition metal, Ce, Pb); None where composition does not
        tell: oxygen atoms bonded to each other, an element without usual states, or no mean that the
        element itself takes.

    Notes
    -----
    An element that forms both oxyanions and anions (`IN_OXYANIONS`) has the states of the former if it
    is bonded to oxygen, of the latter if not.
    """
    amounts = structure.composition.get_el_amt_dict()
    own = USUAL_STATES.get(absorber)
    if own is None or absorber not in amounts or has_oxygen_pair(structure):
        return None
    low = high = 0.0
    for symbol, amount in amounts.items():
        if symbol == absorber:
            continue
        states = usual_states(structure, symbol)
        if states is None:
            return None
        low += amount * states[0]
        high += amount * states[1]
    found = MeanStates(max(-high / amounts[absorber], own[0]), min(-low / amounts[absorber], own[1]))
    return found if found.low <= found.high + _TOLERANCE else None


def usual_states(structure: Structure, symbol: str) -> tuple[int, int] | None:
    """Return the lowest and the highest usual oxidation state of an element in a crystal."""
    if symbol not in IN_OXYANIONS:
        return USUAL_STATES.get(symbol)
    bonded = {bonded_to_oxygen(structure, i) for i in structure.indices_from_symbol(symbol)}
    ranges = [(IN_OXYANIONS if kind else AS_ANIONS)[symbol] for kind in bonded]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def bonded_to_oxygen(structure: Structure, index: int) -> bool:
    """Say whether an atom of a non-metal has an oxygen within `OXYGEN_BOND`."""
    reach = OXYGEN_BOND.get(structure[index].specie.symbol)
    if reach is None:
        return False
    return any(site.specie.symbol == "O" for site in structure.get_neighbors(structure[index], reach))


def has_oxygen_pair(structure: Structure) -> bool:
    """Say whether two oxygen atoms are bonded to each other, as in peroxides."""
    return any(bonded_to_oxygen(structure, index) for index in structure.indices_from_symbol("O"))
