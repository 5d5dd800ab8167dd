r"""Metrics from sums per group, so that a bootstrap over groups is one matrix product.

Every metric here is a function of sums over sites: the confusion matrix and the sum of
log probabilities, or the sums of errors and of true values. With the sums of each group in rows
and how often each bootstrap draw takes each group in columns, all draws are scored at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats, Labels

CLASSIFICATION_METRICS = ("f1_weighted", "f1_macro", "balanced_accuracy", "accuracy", "log_loss")

REGRESSION_METRICS = ("r2", "mae", "rmse")

LOWER_IS_BETTER = frozenset({"log_loss", "mae", "rmse", "rmse_percent"})

_LOWEST_PROBABILITY = 1e-3
"""Probabilities are kept above this in the log loss: a forest's zeros mean 'no tree says so', and
one of them would decide the whole score."""


def classification_sums(
    true: Labels,
    predicted: Labels,
    probability: Floats | NDArray[np.float32],
    groups: NDArray[np.int64],
    n_groups: int,
) -> Floats:
    """Sum what the classification metrics need, per group.

    Parameters
    ----------
    true, predicted : numpy.ndarray
        Shape (n_sites,): positions in the list of classes.
    probability : numpy.ndarray
        Shape (n_sites, n_classes).
    groups : numpy.ndarray
        Shape (n_sites,): group numbers below `n_groups`.
    n_groups : int
        Number of groups.

    Returns
    -------
    numpy.ndarray
        Shape (n_groups, n_classes**2 + 1): confusion matrix (rows true) and the sum of
        −log p of the true class.
    """
    n_classes = probability.shape[1]
    sums = np.zeros((n_groups, n_classes**2 + 1))
    np.add.at(sums, (groups, true * n_classes + predicted), 1.0)
    clipped = np.clip(probability, _LOWEST_PROBABILITY, 1.0)
    clipped = clipped / clipped.sum(axis=1, keepdims=True)
    np.add.at(sums[:, -1], groups, -np.log(clipped[np.arange(len(true)), true]))
    return sums


def classification_metrics(sums: Floats) -> dict[str, Floats]:
    """Score sums of `classification_sums`, draw by draw.

    Parameters
    ----------
    sums : numpy.ndarray
        Shape (n_draws, n_classes**2 + 1).

    Returns
    -------
    dict of str to numpy.ndarray
        Each metric of `CLASSIFICATION_METRICS`, shape (n_draws,). A class that a draw lacks
        does not count in it.
    """
    n_classes = round((sums.shape[1] - 1) ** 0.5)
    confusion = sums[:, :-1].reshape(len(sums), n_classes, n_classes)
    right = np.einsum("dkk->dk", confusion)
    true = confusion.sum(axis=2)
    predicted = confusion.sum(axis=1)
    total = true.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = right / true
        f1 = np.where(true + predicted > 0, 2 * right / (true + predicted), np.nan)
        return {
            "f1_weighted": np.nansum(f1 * true, axis=1) / total,
            "f1_macro": _mean_known(f1),
            "balanced_accuracy": _mean_known(recall),
            "accuracy": right.sum(axis=1) / total,
            "log_loss": sums[:, -1] / total,
        }


def regression_sums(true: Labels, predicted: Labels, groups: NDArray[np.int64], n_groups: int) -> Floats:
    """Sum what the regression metrics need, per group.

    Parameters
    ----------
    true, predicted : numpy.ndarray
        Shape (n_sites,).
    groups : numpy.ndarray
        Shape (n_sites,): group numbers below `n_groups`.
    n_groups : int
        Number of groups.

    Returns
    -------
    numpy.ndarray
        Shape (n_groups, 5): count, sums of true values (less their mean), of their squares, of
        absolute and of squared errors.
    """
    centred = true - true.mean()
    error = predicted - true
    terms = np.stack([np.ones_like(true), centred, centred**2, np.abs(error), error**2], axis=1)
    sums = np.zeros((n_groups, 5))
    np.add.at(sums, groups, terms)
    return sums


def regression_metrics(sums: Floats) -> dict[str, Floats]:
    """Score sums of `regression_sums`, draw by draw.

    Parameters
    ----------
    sums : numpy.ndarray
        Shape (n_draws, 5).

    Returns
    -------
    dict of str to numpy.ndarray
        Each metric of `REGRESSION_METRICS`, shape (n_draws,).
    """
    count, first, second, absolute, squared = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "r2": 1 - squared / (second - first**2 / count),
            "mae": absolute / count,
            "rmse": np.sqrt(squared / count),
        }


def _mean_known(values: Floats) -> Floats:
    known = np.isfinite(values)
    mean: Floats = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    return mean
