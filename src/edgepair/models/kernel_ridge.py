"""A value read off features by kernel ridge regression, and its error where groups are left out.

It tells where an edge belongs, in a hundredth of the time of a forest and as well (docs/decisions/0007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from edgepair.models.conformal import group_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 2.0
"""Of the Gaussian kernel, in root mean square differences of standardised features."""

NOISE = 0.03
"""Variance of the noise of a group's mean, as a part of the kernel's."""


@dataclass(frozen=True)
class KernelRidge:
    """What a fit gives; ``error`` is the root mean square over groups left out, one vote each."""

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    rows: NDArray[np.float64]
    dual: NDArray[np.float64]
    mean: float
    error: float

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Answer for rows that are new, shape (n,)."""
        scaled = (features - self.centre) / self.spread
        value: NDArray[np.float64] = self.mean + _kernel(scaled, self.rows) @ self.dual
        return value


def fit_kernel_ridge(
    features: NDArray[np.float64], target: NDArray[np.float64], group: NDArray[np.str_]
) -> KernelRidge:
    """Fit to rows, shape (n, n_features), whose groups have one vote each; at least two groups."""
    weight = group_weights(group)
    centre, spread = np.average(features, axis=0, weights=weight), features.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    rows, mean = (features - centre) / spread, float(np.average(target, weights=weight))
    inverse = np.linalg.inv(_kernel(rows, rows) + NOISE * np.diag(1.0 / weight))
    dual = inverse @ (target - mean)
    miss = np.empty(len(target))
    for name in np.unique(group):
        # what a fit without these rows misses them by, in closed form
        own = np.flatnonzero(group == name)
        miss[own] = np.linalg.solve(inverse[np.ix_(own, own)], dual[own])
    error = float(np.sqrt(np.average(miss**2, weights=weight)))
    return KernelRidge(centre, spread, rows, dual, mean, error)


def _kernel(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    apart = cdist(first, second, "sqeuclidean") / first.shape[1]
    kernel: NDArray[np.float64] = np.exp(-apart / (2.0 * WIDTH**2))
    return kernel
