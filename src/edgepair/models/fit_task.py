"""What is fitted in one round of folds, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """Features that are permuted together.

    Attributes
    ----------
    technique : str
        Technique they are of.
    low, high : float
        Stretch of the axis in which they sit, eV or Å.
    columns : tuple of int
        Their columns.
    whole : bool
        Whether these are all features of the technique.
    name : str
        Name of what they are, where they have one: a physical region, a cluster.
    """

    technique: str
    low: float
    high: float
    columns: tuple[int, ...]
    whole: bool = False
    name: str = ""


@dataclass(frozen=True)
class FitTask:
    """One round of folds, ready to be sent to another process.

    Attributes
    ----------
    learner, task : str
        Names.
    target : numpy.ndarray
        Shape (n,): positions in the list of classes, or values.
    n_classes : int
        Number of classes; 0 in a regression.
    groups : numpy.ndarray
        Shape (n,): groups that stay together, for tuning and for learning curves.
    folds : numpy.ndarray
        Shape (n,): fold in which each site is held out; -1 for sites that are only learned from.
    trees, seed : int
        Trees in a forest; random state.
    tune : bool
        Whether settings are searched inside each training set.
    settings : tuple of pairs
        Settings in place of the learner's own.
    fraction : float
        Share of the training groups that is used.
    windows : tuple of Window
        What to permute on the held-out folds.
    stages : tuple of int
        Sizes of smaller forests whose predictions are wanted too: the first trees of each forest.
    """

    learner: str
    task: str
    target: NDArray[Any]
    n_classes: int
    groups: NDArray[np.int64]
    folds: NDArray[np.int64]
    trees: int
    seed: int
    tune: bool = False
    settings: tuple[tuple[str, Any], ...] = ()
    fraction: float = 1.0
    windows: tuple[Window, ...] = ()
    stages: tuple[int, ...] = ()


@dataclass(frozen=True)
class FitOutcome:
    """What the held-out sites of one round of folds were told.

    Attributes
    ----------
    predicted : numpy.ndarray
        Shape (n,): positions in the list of classes, or values; 0 for a site that only trains.
    probability : numpy.ndarray
        Shape (n, n_classes).
    impurity : numpy.ndarray
        Shape (n_folds, n_features): each adds up to 1; no rows where the learner has none.
    permuted : numpy.ndarray
        Shape (n_windows, n): what is predicted when a window is permuted.
    staged : numpy.ndarray
        Shape (n_stages, n): what the first trees alone predict.
    """

    predicted: NDArray[Any]
    probability: NDArray[np.float32]
    impurity: NDArray[np.float32]
    permuted: NDArray[Any]
    staged: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0)))
