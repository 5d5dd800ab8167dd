"""Classes of averages: a mean of 2.67 is one third 2 and two thirds 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARPNESS = 1.5
"""Power to which probabilities are raised before their mean is the value: between 1, which drags a
sure answer towards the other classes, and the likeliest class alone (docs/decisions/0007)."""


def class_shares(values: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide mean values between the two classes that they lie between.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n,): means over sites; NaN where not known.
    classes : numpy.ndarray
        Shape (n_classes,): consecutive integers.

    Returns
    -------
    numpy.ndarray
        Shape (n, n_classes), rows adding up to 1, or NaN. Values beyond the classes count as the
        outermost.

    Examples
    --------
    >>> class_shares(np.array([2.25]), np.array([2, 3])).tolist()
    [[0.75, 0.25]]
    """
    inside = np.clip(values, classes[0], classes[-1])
    shares: NDArray[np.float64] = np.maximum(1.0 - np.abs(inside[:, None] - classes[None, :]), 0.0)
    shares[np.isnan(values)] = np.nan
    return shares


def sharpened_mean(probability: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Turn probabilities of classes into a value.

    Parameters
    ----------
    probability : numpy.ndarray
        Shape (n, n_classes).
    classes : numpy.ndarray
        Shape (n_classes,).

    Returns
    -------
    numpy.ndarray
        Shape (n,): mean of the classes under probabilities raised to `SHARPNESS`.
    """
    sharp = np.clip(probability, 1e-9, None) ** SHARPNESS
    mean: NDArray[np.float64] = sharp @ classes / sharp.sum(axis=1)
    return mean
