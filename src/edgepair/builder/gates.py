"""Checks that a row has to pass before anything learns from it: spectrum and labels, each by a number.

A row that fails stays in the dataset, its variable ``gate`` names what failed, and `drop_gated` leaves it
out. Why these checks and limits: the decision page 0013.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.dataset.schema import GATE_SEPARATOR, GATES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

EDGE_POSITION, ABSORPTION, BOND_VALENCE, COORDINATION = GATES

FARTHEST_EDGE = 5.0
"""eV; how far an edge may lie from the median of the sites of its element and oxidation state. Those
medians lie 1 to 3 eV apart per unit of state; half of the sites are within 1 eV of theirs."""

MOST_ABSORPTION = 2.8
"""Edge steps; the highest white line of a good spectrum, of tetrahedral and square sites, has 2.7."""

BOND_VALENCE_OFF = (0.6, 0.25)
"""By how much a bond-valence sum may differ from the oxidation state: valence units, or this part of the
state, whichever is more."""

FEWEST_BONDS, MOST_BONDS = 2, 8
"""Coordination numbers that CrystalNN is believed in an oxide of a transition metal."""

_HALF = 0.5
_ROMAN = ("0", "I", "II", "III", "IV", "V", "VI", "VII", "VIII")


@dataclass(frozen=True)
class Fault:
    """One check that a row failed."""

    gate: str
    message: str


def edge_position(energy: ArrayLike, mu: ArrayLike) -> float:
    """Find the energy of an edge: the last rise through half a step before the highest absorption.

    ``energy`` (n,) in eV; ``mu`` (n,).

    Notes
    -----
    A strong pre-edge, as of tetrahedral V(V), rises through half a step before the edge does.
    """
    x, y = np.asarray(energy, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    top = int(np.argmax(y))
    if y[top] < _HALF:
        return float("nan")
    below = np.flatnonzero(y[: top + 1] < _HALF)
    if not len(below):
        return float(x[0])
    before = int(below[-1])
    part = (_HALF - y[before]) / (y[before + 1] - y[before])
    return float(x[before] + part * (x[before + 1] - x[before]))


def median_edges(edges: ArrayLike, states: ArrayLike) -> dict[float, float]:
    """Find the median edge of each oxidation state: ``edges`` (n_sites,) in eV; ``states`` (n_sites,)."""
    found, of = np.asarray(edges, dtype=np.float64), np.asarray(states, dtype=np.float64)
    known = np.isfinite(found) & np.isfinite(of)
    return {
        float(state): float(np.median(found[known & (of == state)]))
        for state in np.unique(of[known]).tolist()
    }


def spectrum_faults(
    absorber: str, energy: ArrayLike, mu: ArrayLike, state: float, medians: Mapping[float, float]
) -> tuple[Fault, ...]:
    """Check one spectrum: ``energy, mu`` (n,)."""
    faults = []
    edge = edge_position(energy, mu)
    off = edge - medians.get(float(state), float("nan"))
    if not np.isfinite(edge):
        faults.append(Fault(EDGE_POSITION, "no rise to half an edge step"))
    elif abs(off) > FARTHEST_EDGE:
        side = "above" if off > 0 else "below"
        message = f"edge {abs(off):.1f} eV {side} the median of {absorber}({roman(state)})"
        faults.append(Fault(EDGE_POSITION, message))
    highest = float(np.max(np.asarray(mu, dtype=np.float64)))
    if highest > MOST_ABSORPTION:
        message = f"absorption of up to {highest:.2f} edge steps, more than {MOST_ABSORPTION:g}"
        faults.append(Fault(ABSORPTION, message))
    return tuple(faults)


def label_faults(
    absorber: str, state: float, bond_valence_sum: float, coordination_number: float
) -> tuple[Fault, ...]:
    """Check the labels of one site."""
    faults = []
    most, part = BOND_VALENCE_OFF
    if abs(bond_valence_sum - state) > max(most, part * abs(state)):
        message = f"bond-valence sum {bond_valence_sum:.2f} of {absorber}({roman(state)})"
        faults.append(Fault(BOND_VALENCE, message))
    if not FEWEST_BONDS <= coordination_number <= MOST_BONDS:
        message = f"coordination number {coordination_number:g}, not {FEWEST_BONDS} to {MOST_BONDS}"
        faults.append(Fault(COORDINATION, message))
    return tuple(faults)


def gate_text(faults: Sequence[Fault]) -> str:
    """Write what a row failed, as the variable ``gate`` has it."""
    failed = {fault.gate for fault in faults}
    return GATE_SEPARATOR.join(gate for gate in GATES if gate in failed)


def roman(state: float) -> str:
    """Write an oxidation state as chemists do, where it is a whole number up to eight."""
    whole = float(state).is_integer() and 0 <= state < len(_ROMAN)
    return _ROMAN[int(state)] if whole else f"{state:g}"
