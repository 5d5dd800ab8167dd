"""Bringing a spectrum onto an energy grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError
from edgepair.spectra.edge import checked_spectrum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def resample_mu(
    energy: ArrayLike, mu: ArrayLike, *, grid: ArrayLike, hold: float = 0.0
) -> NDArray[np.float64]:
    """Interpolate one spectrum onto a grid of energies.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,).
    grid : array_like
        Shape (n_grid,), eV, increasing.
    hold : float, optional
        How far beyond its ends, eV, the spectrum may be continued by its end values.

    Returns
    -------
    numpy.ndarray
        Shape (n_grid,): shape-preserving cubic interpolation (no overshoot between points).

    Raises
    ------
    DataError
        The spectrum is not finite or increasing in energy, or ends too far inside the grid.

    Examples
    --------
    >>> resample_mu([0, 1, 2], [0, 1, 1], grid=[0.0, 1.0, 2.5], hold=1).round(3).tolist()
    [0.0, 1.0, 1.0]
    """
    from scipy.interpolate import PchipInterpolator

    x, y = checked_spectrum(energy, mu, fewest=2, problem="cannot resample a spectrum")
    target = np.asarray(grid, dtype=np.float64)
    if x[0] - target[0] > hold or target[-1] - x[-1] > hold:
        raise DataError(
            "cannot resample a spectrum",
            found=f"energies {x[0]:.2f} to {x[-1]:.2f} eV",
            needed=f"{target[0]:.2f} to {target[-1]:.2f} eV, within {hold:g} eV",
            suggestion="leave this spectrum out, or choose a shorter grid",
        )
    # slopes too small to have a reciprocal are as good as zero, and are taken as zero
    with np.errstate(over="ignore"):
        result: NDArray[np.float64] = PchipInterpolator(x, y)(np.clip(target, x[0], x[-1]))
    return result
