"""Fitting one learner fold by fold, with what each held-out site is then told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions import TASKS
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Labels
from edgepair.dataset import make_folds
from edgepair.models.learners import LEARNERS

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from edgepair.features.table import FeatureTable
    from edgepair.models.trees import Forest

WINDOW_WIDTH = {"xanes": 5.0, "pdf": 1.0, "dpdf": 1.0, "npdf": 1.0}
"""Width of the windows whose points are permuted together, eV or Å: about the width of the
features in each curve, so that a point's neighbours cannot stand in for it."""

ROWS_AT_ONCE = 5000
"""Scrambled rows that are predicted in one call; bounds memory."""

MAX_FEATURES = ("sqrt", 0.1, 0.2, 0.33)
MIN_SAMPLES_LEAF = (1, 2, 4)
TUNING_TREES = 60
INNER_FOLDS = 3


def choose_windows(features: FeatureTable) -> tuple[Window, ...]:
    """Cut each technique's axis into windows, and add each technique as a whole.

    Parameters
    ----------
    features : FeatureTable
        Features of one modality.

    Returns
    -------
    tuple of Window
        Windows in order of position, then the whole techniques.
    """
    windows, whole = [], []
    for technique in dict.fromkeys(features.technique.tolist()):
        mine = np.flatnonzero(features.technique == technique)
        position = features.position[mine]
        first, last = float(position.min()), float(position.max())
        count = max(1, round((last - first) / WINDOW_WIDTH[technique]))
        edges = np.linspace(first, last, count + 1)
        number = np.clip(np.searchsorted(edges, position, side="right") - 1, 0, count - 1)
        for window in range(count):
            columns = mine[number == window]
            if len(columns):
                windows.append(
                    Window(technique, float(edges[window]), float(edges[window + 1]), tuple(columns.tolist()))
                )
        whole.append(Window(technique, first, last, tuple(mine.tolist()), whole=True))
    return (*windows, *whole)


def fit_folds(values: NDArray[np.float32], task: FitTask) -> FitOutcome:
    """Fit on all folds but one, predict that one, for each.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n, n_features): features.
    task : FitTask
        What to fit.

    Returns
    -------
    FitOutcome
        Every site that is in a fold predicted once; zero for the others.
    """
    n, n_features = values.shape

    def zeros(*shape: int) -> Labels:
        return np.zeros(shape, dtype=np.int16) if task.n_classes else np.zeros(shape)

    predicted = zeros(n)
    probability = np.zeros((n, task.n_classes), dtype=np.float32)
    permuted = zeros(len(task.windows), n)
    staged = zeros(len(task.stages), n)
    impurity = []
    learner = LEARNERS[task.learner]
    for fold in np.unique(task.folds[task.folds >= 0]):
        held_out = np.flatnonzero(task.folds == fold)
        train = np.flatnonzero(task.folds != fold)
        rng = np.random.default_rng([task.seed, int(fold), round(1000 * task.fraction)])
        train = _subset(train, task, rng)
        settings = dict(task.settings)
        if task.tune:
            settings |= tuned_settings(values[train], task, train)
        estimator = learner.estimator(
            TASKS[task.task], trees=task.trees, seed=int(rng.integers(2**31)), **settings
        )
        estimator.fit(values[train], task.target[train])
        shown = np.ascontiguousarray(values[held_out])
        predicted[held_out], chances = _predict(estimator, shown, task.n_classes)
        probability[held_out] = chances
        if task.stages:
            staged[:, held_out] = _predict_stages(estimator, shown, task)
        if learner.importances:
            impurity.append(estimator.feature_importances_)
        # Many windows at once: a forest takes longer to be called than to answer for a few sites.
        batch = max(1, ROWS_AT_ONCE // len(held_out))
        for first in range(0, len(task.windows), batch):
            windows = task.windows[first : first + batch]
            scrambled = np.tile(shown, (len(windows), 1, 1))
            for rows, window in zip(scrambled, windows, strict=True):
                columns = list(window.columns)
                rows[:, columns] = shown[rng.permutation(len(held_out))][:, columns]
            told = _predict(estimator, scrambled.reshape(-1, n_features), task.n_classes)[0]
            permuted[first : first + len(windows), held_out] = told.reshape(len(windows), -1)
    importances = np.array(impurity, dtype=np.float32).reshape(len(impurity), n_features)
    return FitOutcome(predicted, probability, importances, permuted, staged)


def average_outcomes(outcomes: Sequence[FitOutcome]) -> FitOutcome:
    """Average what several learners told the same sites.

    Parameters
    ----------
    outcomes : sequence of FitOutcome
        Of one round of folds.

    Returns
    -------
    FitOutcome
        Mean probabilities and the likeliest class of them, or mean values; no importances.
    """
    first = outcomes[0]
    probability = np.mean([outcome.probability for outcome in outcomes], axis=0)
    if probability.shape[1]:
        predicted: Labels = probability.argmax(axis=1).astype(first.predicted.dtype)
    else:
        predicted = np.mean([outcome.predicted for outcome in outcomes], axis=0)
    return FitOutcome(predicted, probability, first.impurity[:0], first.permuted[:0])


def _predict(
    estimator: BaseEstimator, values: NDArray[np.float32], n_classes: int
) -> tuple[Labels, NDArray[np.float32]]:
    if not n_classes:
        return estimator.predict(values), np.zeros((len(values), 0), dtype=np.float32)
    chances = np.zeros((len(values), n_classes), dtype=np.float32)
    # A small training set may lack a class; its probability is then 0.
    chances[:, estimator.classes_.astype(int)] = estimator.predict_proba(values)
    return chances.argmax(axis=1), chances


def _predict_stages(forest: Forest, values: NDArray[np.float32], task: FitTask) -> Labels:
    """Read smaller forests off a large one: trees get their seeds one after the other."""
    stages = []
    total: Any = 0.0
    for number, tree in enumerate(forest.estimators_[: max(task.stages)], start=1):
        total = total + tree.tree_.predict(values)
        if number in task.stages:
            stages.append(total / number)
    if not task.n_classes:
        return np.array(stages)[:, :, 0]
    # Rounded as probabilities are kept, so that ties are broken alike.
    named: Labels = forest.classes_[np.array(stages, dtype=np.float32).argmax(axis=2)]
    return named


def _subset(train: NDArray[np.int64], task: FitTask, rng: np.random.Generator) -> NDArray[np.int64]:
    """Keep a share of the training groups, for learning curves."""
    if task.fraction >= 1:
        return train
    names = rng.permutation(np.unique(task.groups[train]))
    kept = names[: max(2, round(task.fraction * len(names)))]
    return train[np.isin(task.groups[train], kept)]


def tuned_settings(values: NDArray[np.float32], task: FitTask, train: NDArray[np.int64]) -> Record:
    """Find the best forest settings for training rows by folds of their groups; (n_train, n_features)."""
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
    target: Labels
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

    predicted: Labels
    probability: NDArray[np.float32]
    impurity: NDArray[np.float32]
    permuted: Labels
    staged: Labels = field(default_factory=lambda: np.zeros((0, 0)))
