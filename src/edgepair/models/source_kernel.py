r"""A kernel machine that learns from measured and simulated spectra of several absorbers at once.

The covariance between two rows is

.. math:: k = (1 + z)\,e^{-z}\; \rho^{[a \ne a']} \; (1 + b)^{-[s \ne s']}, \qquad
          z = \sqrt{3}\,|x - x'| / l

with features *x*, absorber *a* and source *s* (measured or simulated): spectra of another metal, or
of another source, are alike but not the same. It is the posterior mean of a Gaussian process [1]_
with this covariance (intrinsic coregionalisation [2]_) and a noise of its own for every row: a
simulated spectrum counts less than a standard, and repeats of one compound share their weight.

What a group of rows would be told without itself follows from one inverse, without fitting again:

.. math:: r_g = (K^{-1}_{gg})^{-1} (K^{-1} y)_g

.. [1] Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press (2006)
.. [2] Álvarez, Rosasco and Lawrence, Foundations and Trends in Machine Learning 4, 195 (2012)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class KernelSettings:
    """Settings of the covariance; chosen by measurement in ``docs/decisions/0007``.

    Attributes
    ----------
    length : float
        *l* above, in the units of the features.
    across_absorbers : float
        *ρ* above.
    source_bias : float
        *b* above.
    """

    length: float = 6.0
    across_absorbers: float = 0.7
    source_bias: float = 0.3


@dataclass(frozen=True)
class KernelRows:
    """Rows that a kernel machine learns from.

    Attributes
    ----------
    features : numpy.ndarray
        Shape (n, n_features), scaled so that distances mean something.
    absorber : numpy.ndarray
        Shape (n,): chemical symbols.
    simulated : numpy.ndarray
        Shape (n,), bool.
    noise : numpy.ndarray
        Shape (n,): variance of each row, in units of the covariance's.
    weight : numpy.ndarray
        Shape (n,): weight in the mean of its absorber, which the machine falls back to.
    group : numpy.ndarray
        Shape (n,): names of groups that stay together; empty where a row is never left out.
    """

    features: NDArray[np.float64]
    absorber: NDArray[np.str_]
    simulated: NDArray[np.bool_]
    noise: NDArray[np.float64]
    weight: NDArray[np.float64]
    group: NDArray[np.str_]

    def take(self, kept: NDArray[np.bool_]) -> KernelRows:
        """Keep some rows.

        Parameters
        ----------
        kept : numpy.ndarray
            Shape (n,), bool.

        Returns
        -------
        KernelRows
            Those rows.
        """
        return KernelRows(*(values[kept] for values in vars(self).values()))


class SourceKernel:
    """A fitted kernel machine.

    Parameters
    ----------
    rows : KernelRows
        What to learn from.
    target : numpy.ndarray
        Shape (n, n_targets).
    settings : KernelSettings, optional
        Covariance.
    weights : numpy.ndarray, optional
        Shape (n, n_targets): the `weights` of a machine fitted on the same before. What time a fit
        takes goes into the covariance's factor, which is then made only where a variance is asked for.
    """

    def __init__(
        self,
        rows: KernelRows,
        target: NDArray[np.float64],
        settings: KernelSettings | None = None,
        *,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self.rows = rows
        self.settings = settings or KernelSettings()
        self.centre = {
            str(name): np.average(
                target[rows.absorber == name], axis=0, weights=rows.weight[rows.absorber == name]
            )
            for name in np.unique(rows.absorber)
        }
        self._target = target
        self._residual = target - np.array([self.centre[str(name)] for name in rows.absorber])
        self.weights: NDArray[np.float64] = (
            cho_solve(self._factor, self._residual) if weights is None else weights
        )

    @cached_property
    def _factor(self) -> tuple[NDArray[np.float64], bool]:
        rows = self.rows
        covariance = self._covariance(rows.features, rows.absorber, rows.simulated)
        factor, lower = cho_factor(covariance + np.diag(rows.noise), lower=True)
        return factor, bool(lower)

    def mean(self, features: NDArray[np.float64], absorber: str) -> NDArray[np.float64]:
        """Answer for measured spectra by the mean alone.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n_new, n_features).
        absorber : str
            Chemical symbol of all of them.

        Returns
        -------
        numpy.ndarray
            Shape (n_new, n_targets).
        """
        told: NDArray[np.float64] = self._centre_of(absorber) + self._cross(features, absorber) @ self.weights
        return told

    def predict(
        self, features: NDArray[np.float64], absorber: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Answer for measured spectra.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n_new, n_features).
        absorber : str
            Chemical symbol of all of them.

        Returns
        -------
        mean : numpy.ndarray
            Shape (n_new, n_targets).
        variance : numpy.ndarray
            Shape (n_new,): 1 where nothing is known, 0 at a training row without noise.
        """
        cross = self._cross(features, absorber)
        told: NDArray[np.float64] = self._centre_of(absorber) + cross @ self.weights
        known = np.einsum("ij,ji->i", cross, cho_solve(self._factor, cross.T))
        return told, np.clip(1.0 - known, 0.0, 1.0)

    def left_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Answer for every row of a named group as if the group had not been there.

        Returns
        -------
        mean : numpy.ndarray
            Shape (n, n_targets); NaN for rows without a group.
        variance : numpy.ndarray
            Shape (n,), likewise, without the row's own noise.

        Notes
        -----
        Both are what fitting again to the other rows would tell of rows of the same source, with one
        difference: the means per absorber are kept, to which the group itself has added its part.
        """
        inverse = cho_solve(self._factor, np.eye(len(self.rows.noise)))
        mean = np.full(self._target.shape, np.nan)
        variance = np.full(len(mean), np.nan)
        for name in np.unique(self.rows.group):
            if not name:
                continue
            mine = np.flatnonzero(self.rows.group == name)
            block = np.linalg.inv(inverse[np.ix_(mine, mine)])
            mean[mine] = self._target[mine] - block @ self.weights[mine]
            variance[mine] = np.clip(np.diag(block) - self.rows.noise[mine], 0.0, 1.0)
        return mean, variance

    def _centre_of(self, absorber: str) -> NDArray[np.float64]:
        if absorber in self.centre:
            return np.asarray(self.centre[absorber])
        return np.asarray(np.mean(list(self.centre.values()), axis=0))

    def _likeness(self, absorber: NDArray[np.str_], simulated: NDArray[np.bool_]) -> NDArray[np.float64]:
        settings = self.settings
        same_metal = absorber[:, None] == self.rows.absorber[None]
        same_source = simulated[:, None] == self.rows.simulated[None]
        factor: NDArray[np.float64] = np.where(same_metal, 1.0, settings.across_absorbers)
        factor *= np.where(same_source, 1.0, 1.0 / (1.0 + settings.source_bias))
        return factor

    def _cross(self, features: NDArray[np.float64], absorber: str) -> NDArray[np.float64]:
        measured = np.zeros(len(features), dtype=bool)
        return self._covariance(features, np.full(len(features), absorber), measured)

    def _covariance(
        self, features: NDArray[np.float64], absorber: NDArray[np.str_], simulated: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        z = np.sqrt(3.0 * squared_distances(features, self.rows.features)) / self.settings.length
        matrix: NDArray[np.float64] = (1.0 + z) * np.exp(-z)
        matrix *= self._likeness(absorber, simulated)
        return matrix


def squared_distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure squared distances between all pairs of rows.

    Parameters
    ----------
    first, second : numpy.ndarray
        Shape (n_first, n_features), (n_second, n_features).

    Returns
    -------
    numpy.ndarray
        Shape (n_first, n_second).
    """
    square = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2.0 * first @ second.T
    apart: NDArray[np.float64] = np.maximum(square, 0.0)
    return apart
