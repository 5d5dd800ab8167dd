"""One task of a model of measured curves: its forest, and what left-out rows were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import HIGHEST_STATES
from edgepair.models.conformal import class_shares, mean_slopes, sharpened_mean
from edgepair.models.group_forest import Fold, GroupForest, fit_group_forest
from edgepair.models.tree_shapley import forest_shapley
from edgepair.prediction.answers import CLAIM_FLOOR, CLASSES, LENGTH_CLAIM_FLOOR

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TaskFit:
    """One task's forest and what it told left-out rows.

    ``kept`` (n_rows,); ``value, error`` (n_rows,); ``probability`` (n_rows, n_classes).
    """

    forest: GroupForest
    kept: NDArray[np.bool_]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    probability: NDArray[np.float64]


def fit_task(
    features: NDArray[np.float64],
    task: str,
    values: NDArray[np.float64],
    weight: NDArray[np.float64],
    folds: Sequence[Fold],
    absorber: NDArray[np.str_],
    *,
    seed: int = 0,
) -> TaskFit:
    """Fit a task's forest to the rows whose value is known.

    ``features`` (n_rows, n_features); ``values, absorber`` (n_rows,); ``weight`` (n_known,).
    """
    kept = ~np.isnan(values)
    target = class_shares(values[kept], CLASSES[task]) if task in CLASSES else values[kept]
    forest = fit_group_forest(features[kept], target, weight, folds, seed=seed)
    told = np.full((len(kept), forest.told.shape[1]), np.nan)
    told[kept] = forest.told
    value, probability, error = settle(told, task, absorber)
    return TaskFit(forest, kept, value, error, probability)


def settle(
    told: NDArray[np.float64], task: str, absorber: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Make value, probabilities and claimed error of what a forest tells.

    ``told`` (n, n_classes); ``absorber`` (n,); ``value`` (n,); ``probability`` (n, n_classes);
    ``claimed`` (n,).
    """
    if task == "oxidation_state":
        told = _within_reach(told, absorber)
    if task not in CLASSES:
        return told[:, 0], np.empty((len(told), 0)), told[:, 1] + LENGTH_CLAIM_FLOOR
    classes = CLASSES[task]
    value = sharpened_mean(told, classes)
    claimed = np.sqrt((told * (classes - value[:, None]) ** 2).sum(axis=1)) + CLAIM_FLOOR
    return value, told, claimed


def _within_reach(shares: NDArray[np.float64], absorber: NDArray[np.str_]) -> NDArray[np.float64]:
    """Count states that no oxide of an absorber has, learnt of its neighbours, as its highest.

    ``shares`` (n, n_classes); ``absorber`` (n,).
    """
    classes, held = CLASSES["oxidation_state"], shares.copy()
    highest = np.array([HIGHEST_STATES.get(symbol, classes[-1]) for symbol in absorber.tolist()])
    beyond = classes > highest[:, None]
    held[classes == highest[:, None]] += np.where(beyond, shares, 0.0).sum(axis=1)
    held[beyond] = 0.0
    return held


def contributions(
    fit: TaskFit, task: str, row: NDArray[np.float64], given: NDArray[np.bool_], absorber: str
) -> tuple[float, NDArray[np.float64]]:
    """Divide a value among the features of one row, shape (n_features,), in the unit of the task.

    They add up to the value less that of the forest where the ``given`` features alone are known, which
    comes first.
    """
    base, parts = forest_shapley(fit.forest.joined, row.astype(np.float32), given)
    if task not in CLASSES:
        return float(base[0]), parts[:, 0]
    classes = CLASSES[task]
    shares = np.zeros((1 + len(row), len(classes)))
    shares[:, fit.forest.classes] = np.vstack([base, parts])
    if task == "oxidation_state":
        shares = _within_reach(shares, np.full(len(shares), absorber))
    start, end = shares[0], shares.sum(axis=0)
    added: NDArray[np.float64] = shares[1:] @ mean_slopes(start, end, classes)
    return float(sharpened_mean(start[None], classes)[0]), added
