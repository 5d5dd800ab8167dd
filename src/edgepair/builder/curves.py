"""What a curve must be to go into a dataset, and the energy grid that all are brought onto."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import OptionError, edge_energy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST = 1e30
"""Values beyond this do not fit into the 32-bit numbers that are stored."""

MOST_BELOW_ZERO = 0.2
"""Of the highest absorption: what it may fall below zero. None of 8,500 good spectra does at all; where
FEFF's potentials did not settle it ran away to 17 times its step."""


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


ENERGY_STEP = 0.25
"""Step of the grid, eV."""

HOLD = 5.0
"""eV by which a spectrum may end inside the grid: each starts at its own Fermi level, where the
pre-edge is still flat, and is continued by its end value."""


_WIDEST = 5000.0
"""eV from the edge beyond which nobody's XANES lies."""


def check_energy_range(absorber: str, energy_range: tuple[float, float] | None) -> None:
    """Refuse an energy range before work is done for it; ``energy_range`` in eV."""
    if energy_range is None:
        return
    first, last = energy_range
    if not (-_WIDEST <= first < last - ENERGY_STEP and last <= _WIDEST):
        raise _bad_range(absorber, first, last)


def energy_grid(
    absorber: str, energies: Sequence[NDArray[np.float64]], energy_range: tuple[float, float] | None = None
) -> NDArray[np.float64]:
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
