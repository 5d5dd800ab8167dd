r"""Forests that answer, and what smaller ones tell every group that they have not seen.

What is new is answered by extremely randomised trees [1]_ grown on all rows; a row of a fold is told
what fewer trees say that have seen neither its group nor its source, and the errors of these make the
intervals of those (cross-conformal, as CV+ [2]_). One fit of seconds gives answers and their errors, so
that nothing fitted needs to be kept.

.. [1] Geurts, Ernst and Wehenkel, Mach. Learn. 63, 3 (2006)
.. [2] Barber, Candès, Ramdas and Tibshirani, Ann. Statist. 49, 486 (2021)
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Event

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats
from edgepair.models.trees import GrownTree, JoinedTrees, grow_trees, join_trees

TREES = 128
FOLD_TREES = 12
"""Trees of the forest that answers, and of that of each fold."""

CLASS_FEATURES = 0.15
VALUE_FEATURES = 0.3
"""Share of the features that a split is chosen among, for classes and for values."""

BALANCE = 0.5
"""Power of a class's total weight by which its rows are held back: 0 keeps rare classes rare, 1 makes
all classes count alike (docs/decisions/0007)."""

FOLDS = 10
"""Folds of rows that are told apart by group alone."""

FEWEST_GROUPS = 6
"""Groups of a source from which on it is a fold of its own; the smaller ones share one."""

FEW_ROWS = 8
"""Rows up to which all trees are gone through at once."""

MOST_GROUPS = 32
"""Groups in one fold; a larger source is left out whole several times, each time for some of its groups."""


@dataclass(frozen=True)
class Fold:
    """Rows that one member is judged on, and what it must not see; ``judged, unseen`` (n_rows,)."""

    judged: NDArray[np.bool_]
    unseen: NDArray[np.bool_]


def group_folds(group: NDArray[np.str_], judged: NDArray[np.bool_], seed: int) -> list[Fold]:
    """Leave groups out, a tenth of them at a time; ``group`` (n_rows,); ``judged`` (n_rows,)."""
    names = np.random.default_rng(seed).permutation(np.unique(group[judged & (group != "")]))
    folds = []
    for number in range(min(FOLDS, len(names))):
        out = np.isin(group, names[number::FOLDS])
        folds.append(Fold(out & judged, out))
    return folds


def source_folds(
    source: NDArray[np.str_], group: NDArray[np.str_], judged: NDArray[np.bool_], seed: int
) -> list[Fold]:
    """Leave whole sources out, with what others hold of the same groups; all (n_rows,)."""
    rng = np.random.default_rng(seed)
    of_none = judged & (source == "")
    named = np.unique(source[judged & ~of_none])
    if len(named) < 2:
        return group_folds(group, judged, seed)
    held = {str(name): np.unique(group[judged & (source == name)]) for name in named}
    small = [name for name, groups in held.items() if len(groups) < FEWEST_GROUPS]
    parts = [[name] for name in held if name not in small] + ([small] if small else [])
    folds = []
    for names in parts:
        of = np.isin(source, names)
        groups = rng.permutation(np.unique(np.concatenate([held[name] for name in names])))
        for chosen in np.array_split(groups, -(-len(groups) // MOST_GROUPS)):
            mine = np.isin(group, chosen)
            folds.append(Fold(judged & of & mine, of & judged | mine))
    return folds + group_folds(group, of_none, seed)


@dataclass(frozen=True)
class GroupForest:
    """What a fit gives; ``classes`` (n_seen,); ``told`` (n_rows, n_classes)."""

    trees: list[GrownTree]
    classes: NDArray[np.int64]
    n_classes: int
    told: Floats

    def tell(self, features: Floats) -> Floats:
        """Answer for rows that are new; ``features`` (n, n_features)."""
        seen = features.astype(np.float32)
        if len(seen) <= FEW_ROWS and not np.isnan(seen).any():
            return _summary(self.joined.predict(seen), self.classes, self.n_classes)
        return _tell(self.trees, self.classes, seen, self.n_classes)

    @cached_property
    def joined(self) -> JoinedTrees:
        """The trees' nodes in a row."""
        return join_trees(self.trees)


def fit_group_forest(
    features: Floats, target: Floats, weight: Floats, folds: Sequence[Fold], *, seed: int = 0
) -> GroupForest:
    """Fit a forest, and one per fold, to features (n_rows, n_features)."""
    seen = features.astype(np.float32)
    n_classes = 0 if target.ndim == 1 else target.shape[1]
    told = np.full((len(seen), n_classes or 2), np.nan)
    stop = Event()
    usable = [
        (number, fold)
        for number, fold in enumerate(folds, 1)
        if fold.judged.any() and weight[~fold.unseen].sum() > 0
    ]

    def tell_fold(numbered: tuple[int, Fold]) -> Floats:
        number, fold = numbered
        kept = ~fold.unseen
        trees, classes = _grow(seen[kept], target[kept], weight[kept], FOLD_TREES, seed + number, stop)
        return _tell(trees, classes, seen[fold.judged], n_classes)

    # the folds' trees together are about as many as those of the forest on all rows: a thread for each half
    with ThreadPoolExecutor(2) as threads:
        try:
            whole = threads.submit(_grow, seen, target, weight, TREES, seed, stop)
            for (_, fold), answers in zip(usable, threads.map(tell_fold, usable), strict=True):
                told[fold.judged] = answers
            return GroupForest(*whole.result(), n_classes, told)
        except BaseException:
            # Ctrl-C waits for a tree, not for two forests.
            stop.set()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _grow(
    features: NDArray[np.float32], target: Floats, weight: Floats, n_trees: int, seed: int, stop: Event
) -> tuple[list[GrownTree], NDArray[np.int64]]:
    if target.ndim == 1:
        grown = grow_trees(
            features, target, weight,
            n_trees=n_trees, seed=seed, n_classes=0, max_features=VALUE_FEATURES, stop=stop,
        )  # fmt: skip
        return grown, np.empty(0, np.int64)
    row, column = np.nonzero(target > 0.01)
    votes = weight[row] * target[row, column]
    total = np.bincount(column, weights=votes, minlength=target.shape[1])
    classes, number = np.unique(column, return_inverse=True)
    grown = grow_trees(
        features[row], number, votes * total[column] ** -BALANCE,
        n_trees=n_trees, seed=seed, n_classes=len(classes), max_features=CLASS_FEATURES,
        stop=stop,
    )  # fmt: skip
    return grown, classes


def _tell(
    trees: Sequence[GrownTree], classes: NDArray[np.int64], features: NDArray[np.float32], n_classes: int
) -> Floats:
    return _summary(np.array([tree.tree_.predict(features) for tree in trees]), classes, n_classes)


def _summary(told: Floats, classes: NDArray[np.int64], n_classes: int) -> Floats:
    """Give the mean of trees, shape (n_trees, n_rows, n_outputs), and of values their scatter."""
    if not n_classes:
        return np.column_stack([told[:, :, 0].mean(axis=0), told[:, :, 0].std(axis=0)])
    shares = np.zeros((told.shape[1], n_classes))
    shares[:, classes] = told.mean(axis=0)
    return shares
