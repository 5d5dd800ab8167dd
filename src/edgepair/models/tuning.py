"""Searching forest settings inside a training set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS
from edgepair.dataset import make_folds
from edgepair.models.learners import LEARNERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.models.fit_task import FitTask

MAX_FEATURES = ("sqrt", 0.1, 0.2, 0.33)
MIN_SAMPLES_LEAF = (1, 2, 4)
TUNING_TREES = 60
INNER_FOLDS = 3


def tuned_settings(values: NDArray[np.float32], task: FitTask, train: NDArray[np.int64]) -> dict[str, Any]:
    """Find the best forest settings for a training set, by folds of its own groups.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n_train, n_features): features of the training set only.
    task : FitTask
        What is fitted; held-out sites are never looked at.
    train : numpy.ndarray
        Shape (n_train,): rows of the training set in the arrays of `task`.

    Returns
    -------
    dict
        ``max_features`` and ``min_samples_leaf``, the pair with the smallest error (share of
        wrong classes, or squared error); empty for a learner without these settings, and where
        the training set is one group.
    """
    learner = LEARNERS[task.learner]
    if not learner.importances:
        return {}
    target = task.target[train]
    groups = task.groups[train]
    n_folds = min(INNER_FOLDS, len(np.unique(groups)))
    if n_folds < 2:
        return {}
    folds = make_folds(
        groups, n_folds=n_folds, n_repeats=1, seed=task.seed, classes=target if task.n_classes else None
    )[0]
    errors = {}
    for max_features in MAX_FEATURES:
        for min_samples_leaf in MIN_SAMPLES_LEAF:
            wrong = 0.0
            for fold in range(n_folds):
                inside = folds != fold
                estimator = learner.estimator(
                    TASKS[task.task],
                    trees=TUNING_TREES,
                    seed=task.seed,
                    max_features=max_features,
                    min_samples_leaf=min_samples_leaf,
                )
                estimator.fit(values[inside], target[inside])
                told = estimator.predict(values[~inside])
                missed = told != target[~inside] if task.n_classes else (told - target[~inside]) ** 2
                wrong += float(np.sum(missed))
            errors[max_features, min_samples_leaf] = wrong
    best = min(errors, key=lambda pair: errors[pair])
    return {"max_features": best[0], "min_samples_leaf": best[1]}
