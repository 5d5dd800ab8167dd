"""Oxidation state of an element from the composition alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Composition


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
