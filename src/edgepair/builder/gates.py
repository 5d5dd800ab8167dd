"""Checks that a row has to pass before anything learns from it: spectrum and labels, each by a number.

A row that fails stays in the dataset, its variable ``gate`` names what failed, and `drop_gated` leaves it
out. Why these checks and limits: the decision page 0013.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from edgepair.conventions import OptionError, edge_energy
from edgepair.conventions.tasks import Floats
from edgepair.dataset.schema import GATE_SEPARATOR, GATES
from edgepair.labels import BOND_VALENCE_LENGTHS

LARGEST = 1e30
"""Values beyond this do not fit into the 32-bit numbers that are stored."""

MOST_BELOW_ZERO = 0.2
"""Of the highest absorption: what it may fall below zero. None of 8,500 good spectra does at all; where
FEFF's potentials did not settle it ran away to 17 times its step."""

ENERGY_STEP = 0.25
"""Step of the grid, eV."""

HOLD = 5.0
"""eV by which a spectrum may end inside the grid: each starts at its own Fermi level, where the
pre-edge is still flat, and is continued by its end value."""

_WIDEST = 5000.0
"""eV from the edge beyond which nobody's XANES lies."""

EDGE_POSITION, ABSORPTION, BOND_VALENCE, COORDINATION = GATES

FARTHEST_EDGE = 5.0
"""eV; how far an edge may lie from the median of the sites of its element and oxidation state. Those
medians lie 1 to 3 eV apart per unit of state; half of the sites are within 1 eV of theirs."""

MOST_ABSORPTION = 2.8
"""Edge steps; the highest white line of a good spectrum, of tetrahedral and square sites, has 2.7."""

BOND_VALENCE_OFF = (0.6, 0.25)
"""By how much a bond-valence sum may differ from the oxidation state: valence units, or this part of the
state, whichever is more."""

OTHERS_OFF = (0.6, 0.6)
"""The same of metals with the parameters of their element alone: 0.7 to 1.4 of the state in the good crystals
it was set on, above 1.8 in wrong ones."""

FEWEST_BONDS, MOST_BONDS = 2, 8
"""Coordination numbers that CrystalNN is believed in an oxide of a transition metal."""

_HALF = 0.5
_ROMAN = ("0", "I", "II", "III", "IV", "V", "VI", "VII", "VIII")


def absorption_problem(energy: ArrayLike, mu: ArrayLike, variable: str = "mu") -> str:
    """Say what keeps a simulated curve from being used; of an absorption, that it runs away.

    >>> absorption_problem([1, 2, 3], [0.0, 1.3, -22.9])
    'an absorption that falls to -22.9, its highest being 1.3'
    """
    problem = curve_problem(energy, mu)
    if problem or variable != "mu":
        return problem
    low, high = float(np.min(mu)), float(np.max(mu))
    if low < -MOST_BELOW_ZERO * max(high, 0.0):
        return f"an absorption that falls to {low:.3g}, its highest being {high:.3g}"
    return ""


def curve_problem(x: ArrayLike, y: ArrayLike) -> str:
    """Say what keeps a curve from being used, wherever its axis begins and ends."""
    try:
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        return f"no numbers: {error}"
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        return f"shapes {x.shape} and {y.shape}, not two rows of one length, at least 2"
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "values that are not finite"
    if not (np.diff(x) > 0).all():
        return "an axis that does not increase"
    if max(float(np.abs(x).max()), float(np.abs(y).max())) > LARGEST:
        return f"values beyond {LARGEST:g}"
    return ""


def check_energy_range(absorber: str, energy_range: tuple[float, float] | None) -> None:
    """Refuse an energy range before work is done for it; ``energy_range`` in eV."""
    if energy_range is None:
        return
    first, last = energy_range
    if not (-_WIDEST <= first < last - ENERGY_STEP and last <= _WIDEST):
        raise _bad_range(absorber, first, last)


def energy_grid(
    absorber: str, energies: Sequence[Floats], energy_range: tuple[float, float] | None = None
) -> Floats:
    """Choose the grid that a dataset's spectra are brought onto.

    Returns (n_energy,) in eV; ``energies``, ``energy_range`` in eV.

    >>> grid = energy_grid("Fe", [np.array([7109.9, 7170.1])])
    >>> float(grid[0]), float(grid[-1])
    (7110.0, 7170.0)
    """
    edge = edge_energy(absorber)
    if energy_range is None:
        first = float(np.median([energy[0] for energy in energies])) - edge
        last = float(np.median([energy[-1] for energy in energies])) - edge
    else:
        first, last = energy_range
    low, high = int(np.ceil(first / ENERGY_STEP - 1e-9)), int(np.floor(last / ENERGY_STEP + 1e-9))
    if not high - low >= 1:
        raise _bad_range(absorber, first, last)
    return edge + np.arange(low, high + 1, dtype=np.float64) * np.float64(ENERGY_STEP)


def _bad_range(absorber: str, first: float, last: float) -> OptionError:
    return OptionError(
        f"cannot make an energy grid for {absorber}",
        found=f"{first:g} to {last:g} eV from the edge",
        needed=f"a range of at least {ENERGY_STEP} eV, the first below the last, within {_WIDEST:g} eV",
        suggestion="give --range as FIRST,LAST in eV from the edge, e.g. -10,50",
    )


@dataclass(frozen=True)
class Fault:
    """One check that a row failed."""

    gate: str
    message: str


def edge_position(energy: ArrayLike, mu: ArrayLike) -> float:
    """Find the last rise through half a step before the highest absorption: no strong pre-edge; in eV."""
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
    most, part = BOND_VALENCE_OFF if absorber in BOND_VALENCE_LENGTHS else OTHERS_OFF
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
