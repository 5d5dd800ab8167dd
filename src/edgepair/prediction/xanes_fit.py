"""What is fitted for each task of a model of measured XANES, and how answers are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import edge_energy
from edgepair.models.class_shares import sharpened_mean
from edgepair.prediction.answers import CLAIM_FLOOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.models.source_kernel import SourceKernel

MEASURED_NOISE = 0.03
"""Variance of a standard, in units of the covariance's."""


@dataclass(frozen=True)
class TaskFit:
    """One task's fitted machine and what it told left-out compounds.

    Attributes
    ----------
    machine : SourceKernel
        Targets: the value of a regression, or the shares of the classes.
    forest : sklearn.ensemble.ExtraTreesClassifier or None
        Tells the same shares; None in a regression.
    kept : numpy.ndarray
        Shape (n_rows,), bool: rows with a label.
    value, error : numpy.ndarray
        Shape (n_rows,): left-out values, and the standard deviations that the machine claims for
        them; NaN where no group was left out.
    probability : numpy.ndarray
        Shape (n_rows, n_classes): left out, likewise.
    """

    machine: SourceKernel
    forest: Any
    kept: NDArray[np.bool_]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    probability: NDArray[np.float64]


@dataclass(frozen=True)
class SavedTask:
    """What cannot be computed again of a task's fit without fitting.

    Attributes
    ----------
    weights : numpy.ndarray
        Shape (n_kept, n_targets), of the machine.
    forest : sklearn.ensemble.ExtraTreesClassifier or None
        As `TaskFit`, as are the others.
    value, error, probability : numpy.ndarray
        Left out.
    """

    weights: NDArray[np.float64]
    forest: Any
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    probability: NDArray[np.float64]


def settle(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    shares: NDArray[np.float64] | None,
    classes: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Make value, probabilities and claimed error of what machine and forest tell of a task.

    Parameters
    ----------
    mean : numpy.ndarray
        Shape (n, n_targets): the machine's.
    variance : numpy.ndarray
        Shape (n,): the machine's; not looked at where there are classes.
    shares : numpy.ndarray or None
        Shape (n, n_classes): the forest's; None in a regression.
    classes : numpy.ndarray or None
        Shape (n_classes,); None in a regression.

    Returns
    -------
    value : numpy.ndarray
        Shape (n,).
    probability : numpy.ndarray
        Shape (n, n_classes): the mean of both; no columns in a regression.
    claimed : numpy.ndarray
        Shape (n,): standard deviations, before conformal scaling.
    """
    if classes is None or shares is None:
        return mean[:, 0], np.empty((len(mean), 0)), np.sqrt(variance + MEASURED_NOISE)
    own = np.clip(mean, 1e-6, None)
    probability = (own / own.sum(axis=1, keepdims=True) + shares) / 2.0
    value = sharpened_mean(probability, classes)
    claimed = np.sqrt((probability * (classes - value[:, None]) ** 2).sum(axis=1)) + CLAIM_FLOOR
    return value, probability, claimed


def with_absorber(features: NDArray[np.float64], absorber: NDArray[np.str_]) -> NDArray[np.float64]:
    """Add the absorber, by its tabulated edge in keV, as the forest's last feature.

    Parameters
    ----------
    features : numpy.ndarray
        Shape (n, n_features).
    absorber : numpy.ndarray
        Shape (n,): chemical symbols.

    Returns
    -------
    numpy.ndarray
        Shape (n, n_features + 1).
    """
    return np.column_stack([features, [edge_energy(str(name)) / 1000.0 for name in absorber]])


def spread_out(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Put rows back where they were.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n_kept, ...).
    kept : numpy.ndarray
        Shape (n,), bool.

    Returns
    -------
    numpy.ndarray
        Shape (n, ...); NaN for the others.
    """
    whole = np.full((len(kept), *values.shape[1:]), np.nan)
    whole[kept] = values
    return whole


def first_of_each(absorber: NDArray[np.str_], among: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Mark the first rows of each absorber; simulated rows stand in the order drawn.

    Parameters
    ----------
    absorber : numpy.ndarray
        Shape (n,): chemical symbols.
    among : numpy.ndarray
        Shape (n,), bool: rows to choose from.
    most : int
        Of each absorber.

    Returns
    -------
    numpy.ndarray
        Shape (n,), bool.
    """
    marked = np.zeros(len(absorber), dtype=bool)
    for name in np.unique(absorber):
        marked[np.flatnonzero(among & (absorber == name))[:most]] = True
    return marked
