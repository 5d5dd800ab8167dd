"""A value read off features by kernel ridge regression, and its error where groups are left out.

It tells where an edge belongs, in a hundredth of the time of a forest and as well (docs/decisions/0007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import StandardScaler

from edgepair.conventions.tasks import Floats, Labels
from edgepair.models.conformal import group_weights

WIDTH = 2.0
"""Of the Gaussian kernel, in root mean square differences of standardised features."""

NOISE = 0.03
"""Variance of the noise of a group's mean, as a part of the kernel's."""


@dataclass(frozen=True)
class KernelRidge:
    """What a fit gives; ``error`` is the root mean square over groups left out, one vote each."""

    centre: Floats
    spread: Floats
    rows: Floats
    dual: Floats
    mean: float
    error: float

    def predict(self, features: Floats) -> Floats:
        """Answer for rows that are new, shape (n,)."""
        scaled = (features - self.centre) / self.spread
        return self.mean + _kernel(scaled, self.rows) @ self.dual


def fit_kernel_ridge(features: Floats, target: Floats, group: NDArray[np.str_]) -> KernelRidge:
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


def _kernel(first: Floats, second: Floats) -> Floats:
    apart = cdist(first, second, "sqeuclidean") / first.shape[1]
    kernel: Floats = np.exp(-apart / (2.0 * WIDTH**2))
    return kernel


MEDIAN_ROWS = 400
"""Rows, evenly spread, among which the median distance is measured."""


class KernelRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    r"""Matérn kernel ridge regression on standardised features.

    Ridge regression with a Matérn kernel of order 3/2 on standardised features *x*,

    .. math:: k(x, x') = (1 + z)\,e^{-z}, \qquad z = w \sqrt{3}\,|x - x'| / d

    with *d* the median distance between training rows. Classes are answered by one such regression
    each, of their indicator. It is the mean of a Gaussian process [1]_, and computed as such.

    .. [1] Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press (2006)
    """

    def __init__(self, width: float = 0.6, ridge: float = 0.01) -> None:
        self.width = width
        self.ridge = ridge

    def fit(self, values: NDArray[np.float32], target: Labels) -> KernelRegressor:
        """Fit; ``values`` (n, n_features); ``target`` (n,)."""
        self.scaler_ = StandardScaler().fit(values.astype(np.float64))
        self.rows_ = self.scaler_.transform(values.astype(np.float64))
        some = self.rows_[np.unique(np.linspace(0, len(values) - 1, MEDIAN_ROWS).astype(int))]
        self.length_ = float(np.median(euclidean_distances(some))) / self.width or 1.0
        self.centre_ = np.mean(target, axis=0)
        kernel = self._kernel(self.rows_)
        kernel[np.diag_indices_from(kernel)] += self.ridge
        # scikit-learn's Gaussian process is the same, but computes the kernel twice, without BLAS.
        self.dual_ = cho_solve(cho_factor(kernel, overwrite_a=True), target - self.centre_)
        return self

    def predict(self, values: NDArray[np.float32]) -> Floats:
        """Predict; ``values`` (n, n_features); returns (n,)."""
        scaled = self.scaler_.transform(values.astype(np.float64))
        told: Floats = self._kernel(scaled) @ self.dual_ + self.centre_
        return told

    def _kernel(self, scaled: Floats) -> Floats:
        z = np.sqrt(3.0) / self.length_ * euclidean_distances(scaled, self.rows_)
        matern: Floats = (1 + z) * np.exp(-z)
        return matern


class KernelClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One `KernelRegressor` per class, of its indicator."""

    def __init__(self, width: float = 0.6, ridge: float = 0.01) -> None:
        self.width = width
        self.ridge = ridge

    def fit(self, values: NDArray[np.float32], target: Labels) -> KernelClassifier:
        """Fit; ``values`` (n, n_features); ``target`` (n,)."""
        self.classes_ = np.unique(target)
        indicator = (np.asarray(target)[:, None] == self.classes_).astype(np.float64)
        self.regressor_ = KernelRegressor(self.width, self.ridge).fit(values, indicator)
        return self

    def predict_proba(self, values: NDArray[np.float32]) -> Floats:
        """Predict chances of the classes; ``values`` (n, n_features); returns (n, n_classes)."""
        chances: Floats = np.clip(self.regressor_.predict(values).reshape(len(values), -1), 1e-6, None)
        chances /= chances.sum(axis=1, keepdims=True)
        return chances

    def predict(self, values: NDArray[np.float32]) -> Labels:
        """Predict the likeliest class; ``values`` (n, n_features); returns (n,)."""
        likeliest: Labels = self.classes_[self.predict_proba(values).argmax(axis=1)]
        return likeliest
