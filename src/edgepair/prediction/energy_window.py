"""The stretch of energies that a sample and what it is compared with have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import MeasurementError
from edgepair.features.xanes import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

FULL = (-8.0, 45.0)
"""eV from the tabulated edge: from before the pre-edge peaks to beyond the second shell's first wave."""

NEEDED = (1.0, 18.0)
"""eV from the tabulated edge that a scan must cover, for the edge and the white line to be in it."""

ROUNDING = 2.0
"""eV; so that scans of like range share one fitted model."""


@dataclass(frozen=True)
class EnergyWindow:
    """A stretch of energies, eV from the tabulated edge."""

    low: float = FULL[0]
    high: float = FULL[1]

    def grid(self) -> NDArray[np.float64]:
        """Return the energies at which spectra are compared.

        Returns (n_grid,) in eV.
        """
        return np.arange(self.low, self.high + STEP / 2, STEP)

    def show(self, energy: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring a spectrum onto the grid.

        ``energy`` (n_energy,) in eV; ``mu`` (n_energy,); returns (n_grid,).
        """
        return np.interp(self.grid(), energy, mu, left=min(float(mu[0]), 0.05), right=float(mu[-1]))


def choose_window(
    first: float, last: float, *, moved: float = 0.0, item: str = "the spectrum"
) -> EnergyWindow:
    """Choose the window of a measured range.

    ``moved`` in eV.
    """
    if first > NEEDED[0] or last < NEEDED[1]:
        raise MeasurementError(
            f"cannot compare {item} with standards",
            found=f"energies from {first - moved:+.0f} to {last - moved:+.0f} eV of the tabulated edge",
            needed=f"at least {NEEDED[0] - moved:+.0f} to {NEEDED[1] - moved:+.0f} eV",
            suggestion="give --shift if the energy scale is off, or name the right absorber",
        )
    low = max(FULL[0], math.ceil((first - 0.5) / ROUNDING) * ROUNDING)
    high = min(FULL[1], math.floor((last + 0.5) / ROUNDING) * ROUNDING)
    return EnergyWindow(low, high)
