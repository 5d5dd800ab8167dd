"""The common energy grid of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import OptionError, edge_energy

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENERGY_STEP = 0.25
"""Step of the grid, eV."""

HOLD = 5.0
"""eV by which a spectrum may end inside the grid: each starts at its own Fermi level, where the
pre-edge is still flat, and is continued by its end value."""


_WIDEST = 5000.0
"""eV from the edge beyond which nobody's XANES lies."""


def check_energy_range(absorber: str, energy_range: tuple[float, float] | None) -> None:
    """Refuse an energy range before work is done for it.

    ``energy_range`` in eV.
    """
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

    Examples
    --------
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
