"""How noisy a spectrum is, and how many of a fit's residuals are independent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAD_TO_SIGMA = 1.4826
"""Standard deviations per median absolute deviation, for a normal distribution."""


def noise_of(energy: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    """Estimate the noise of a spectrum from how each point differs from its neighbours.

    ``energy`` (n_energy,) in eV; ``mu`` (n_energy,).

    Notes
    -----
    Each point is compared with the cubic through two neighbours on either side, and the median is
    taken, so that neither a smooth curve nor an edge or a glitch passes for noise.
    """
    if len(energy) < 9:
        return float("nan")
    middle = energy[2:-2]
    away = np.array([energy[k : len(energy) - 4 + k] - middle for k in (0, 1, 3, 4)])
    weights = np.ones_like(away)
    for one in range(4):
        for other in range(4):
            if other != one:
                weights[one] *= away[other] / (away[other] - away[one])
    neighbours = np.array([mu[k : len(mu) - 4 + k] for k in (0, 1, 3, 4)])
    difference = (mu[2:-2] - (weights * neighbours).sum(axis=0)) / np.sqrt(1 + (weights**2).sum(axis=0))
    return float(MAD_TO_SIGMA * np.median(np.abs(difference)))


def correlation_length(residual: NDArray[np.float64]) -> float:
    """Count the points that a residual stays the same for.

    ``residual`` (n,).

    Notes
    -----
    The integrated autocorrelation, summed until it first falls below what white noise of that
    length shows by chance. A misfit of shapes is smooth, and hundreds of its points may hold no
    more information than a dozen.
    """
    n = len(residual)
    power = float(residual @ residual)
    if n < 3 or power <= 0:
        return 1.0
    chance = 2 / np.sqrt(n)
    length = 1.0
    for lag in range(1, n // 2):
        correlation = float(residual[lag:] @ residual[:-lag]) / power
        if correlation < chance:
            break
        length += 2 * correlation
    return length
