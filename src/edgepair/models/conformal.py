r"""Intervals and class sets with a promised coverage, from answers to what was left out.

With left-out scores :math:`s_i` of the calibration rows, sorted, the interval or set for a new row
takes everything whose score is at most the quantile

.. math:: q = \text{smallest } s : \sum_{s_i \le s} w_i \ge (1 - \alpha)\,\Big(1 + \sum w_i\Big)

with a vote of 1 for the new row, which covers a new row of the same kind with probability
:math:`1 - \alpha` at least [1]_, where there are votes enough for the level. A group's rows share one
vote [3]_. Scores are those of whole groups left out (cross-conformal), for which that probability is
what is seen and :math:`1 - 2\alpha` what is proven [2]_.

.. [1] Angelopoulos and Bates, Foundations and Trends in Machine Learning 16, 494 (2023)
.. [2] Barber, Candès, Ramdas and Tibshirani, Ann. Statist. 49, 486 (2021)
.. [3] Lee, Barber and Willett, Distribution-free inference with hierarchical data (2023)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats

SHARPNESS = 1.5
"""Power to which probabilities are raised before their mean is the value: between 1, which drags a
sure answer towards the other classes, and the likeliest class alone (docs/decisions/0007)."""

_LEAST = 1e-9
"""Probability that any class has at least, for the mean of none to be defined."""


def group_weights(groups: NDArray[np.str_]) -> Floats:
    """Share one vote among the rows of each group: ``groups`` (n,); returns (n,)."""
    _, number, count = np.unique(groups, return_inverse=True, return_counts=True)
    return 1.0 / count[number]


def conformal_quantile(scores: Floats, weights: Floats, level: float) -> float:
    """Find the score that a new row stays below with a given probability; all (n,)."""
    good = np.isfinite(scores) & (weights > 0)
    if not good.any():
        return float("inf")
    order = np.argsort(scores[good])
    values, votes = scores[good][order], weights[good][order]
    total = votes.sum()
    reached = np.cumsum(votes) >= level * (total + 1.0) - 1e-9
    return float(values[reached.argmax()] if reached.any() else values[-1])


def class_scores(probability: Floats, share: Floats) -> Floats:
    """Score how far down the list of classes the true ones stand; both (n, n_classes), returns (n,).

    A class's score is the probability of all that are likelier: a set takes classes from the likeliest on
    until the next would exceed the quantile. Of an average over several classes the worst that holds at
    least a quarter counts.
    """
    before = likelier(probability)
    held = np.where(share >= 0.25, before, -np.inf)
    worst: Floats = held.max(axis=1)
    worst[~np.isfinite(worst) | np.isnan(share).any(axis=1)] = np.nan
    return worst


def likelier(probability: Floats) -> Floats:
    """Add up, for every class, the probability of all that are likelier, (n, n_classes)."""
    order = np.argsort(-probability, axis=1, kind="stable")
    ordered = np.take_along_axis(probability, order, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    result = np.empty_like(before)
    np.put_along_axis(result, order, before, axis=1)
    return result


def class_shares(values: Floats, classes: NDArray[np.int64]) -> Floats:
    """Divide mean values, (n,), between the two classes about them; returns (n, n_classes)."""
    inside = np.clip(values, classes[0], classes[-1])
    shares: Floats = np.maximum(1.0 - np.abs(inside[:, None] - classes[None, :]), 0.0)
    shares[np.isnan(values)] = np.nan
    return shares


def sharpened_mean(probability: Floats, classes: NDArray[np.int64]) -> Floats:
    """Turn probabilities of classes, (n, n_classes), into a value, (n,)."""
    sharp = np.clip(probability, _LEAST, None) ** SHARPNESS
    mean: Floats = sharp @ classes / sharp.sum(axis=1)
    return mean


def mean_slopes(start: Floats, end: Floats, classes: NDArray[np.int64]) -> Floats:
    """Give (n_classes,) whose product with ``end - start`` is the change of the sharpened mean exactly."""
    low, high = (np.clip(p, _LEAST, None) ** SHARPNESS for p in (start, end))
    apart = end - start
    level = np.clip((start + end) / 2.0, _LEAST, None)
    steady = SHARPNESS * level ** (SHARPNESS - 1.0)
    slope = np.where(np.abs(apart) > _LEAST, (high - low) / np.where(apart == 0, 1.0, apart), steady)
    first, last = (sharpened_mean(p[None], classes)[0] for p in (start, end))
    # either set of weights gives the change exactly; their mean favours neither
    slopes: Floats = slope * ((classes - first) / high.sum() + (classes - last) / low.sum()) / 2.0
    return slopes
