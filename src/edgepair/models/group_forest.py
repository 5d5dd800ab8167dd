r"""Forests that answer, and what smaller ones tell every group that they have not seen.

What is new is answered by extremely randomised trees [1]_ grown on all rows; a row of a fold is told
what fewer trees say that have seen neither its group nor its source, and the errors of these make the
intervals of those (cross-conformal, as CV+ [2]_). One fit of seconds gives answers and their errors, so
that nothing fitted needs to be kept.

.. [1] Geurts, Ernst and Wehenkel, Mach. Learn. 63, 3 (2006)
.. [2] Barber, Candès, Ramdas and Tibshirani, Ann. Statist. 49, 486 (2021)

Intervals and class sets with a promised coverage, from answers to what was left out.

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

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Event

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats
from edgepair.models.trees import GrownTree, JoinedTrees, grow_trees, join_trees

SHARPNESS = 1.5
"""Power to which probabilities are raised before their mean is the value: between 1, which drags a
sure answer towards the other classes, and the likeliest class alone (docs/decisions/0007)."""

_LEAST = 1e-9
"""Probability that any class has at least, for the mean of none to be defined."""

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


def group_weights(groups: NDArray[np.str_]) -> Floats:
    """Share one vote among the rows of each group: ``groups`` (n,); returns (n,)."""
    _, number, count = np.unique(groups, return_inverse=True, return_counts=True)
    weights: Floats = 1.0 / count[number]
    return weights


def conformal_quantile(scores: Floats, weights: Floats, level: float) -> float:
    """Find the score that a new row stays below with a given probability.

    ``scores`` (n,); ``weights`` (n,).
    """
    good = np.isfinite(scores) & (weights > 0)
    if not good.any():
        return float("inf")
    order = np.argsort(scores[good])
    values, votes = scores[good][order], weights[good][order]
    total = votes.sum()
    reached = np.cumsum(votes) >= level * (total + 1.0) - 1e-9
    return float(values[reached.argmax()] if reached.any() else values[-1])


def class_scores(probability: Floats, share: Floats) -> Floats:
    """Score how far down the list of classes the true ones stand.

    A class's score is the probability of all that are likelier, so that a set takes classes from
    the likeliest on until the next would exceed the quantile; of an average over several classes
    the worst that holds at least a quarter counts.

    ``probability`` (n, n_classes); ``share`` (n, n_classes); returns (n,).
    """
    before = likelier(probability)
    held = np.where(share >= 0.25, before, -np.inf)
    worst: Floats = held.max(axis=1)
    worst[~np.isfinite(worst) | np.isnan(share).any(axis=1)] = np.nan
    return worst


def likelier(probability: Floats) -> Floats:
    """Add up, for every class, the probability of all that are likelier.

    ``probability`` (n, n_classes); returns (n, n_classes).
    """
    order = np.argsort(-probability, axis=1, kind="stable")
    ordered = np.take_along_axis(probability, order, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    result = np.empty_like(before)
    np.put_along_axis(result, order, before, axis=1)
    return result


def class_shares(values: Floats, classes: NDArray[np.int64]) -> Floats:
    """Divide mean values between the two classes that they lie between.

    ``values`` (n,); ``classes`` (n_classes,); returns (n, n_classes).
    """
    inside = np.clip(values, classes[0], classes[-1])
    shares: Floats = np.maximum(1.0 - np.abs(inside[:, None] - classes[None, :]), 0.0)
    shares[np.isnan(values)] = np.nan
    return shares


def sharpened_mean(probability: Floats, classes: NDArray[np.int64]) -> Floats:
    """Turn probabilities of classes into a value.

    ``probability`` (n, n_classes); ``classes`` (n_classes,); returns (n,).
    """
    sharp = np.clip(probability, _LEAST, None) ** SHARPNESS
    mean: Floats = sharp @ classes / sharp.sum(axis=1)
    return mean


def mean_slopes(start: Floats, end: Floats, classes: NDArray[np.int64]) -> Floats:
    """Divide what the sharpened mean changes by from one set of probabilities to another among the classes.

    Returns slopes, shape (n_classes,), whose product with ``end - start`` is that change exactly, so that
    parts of probabilities become parts of the value.
    """
    low, high = (np.clip(p, _LEAST, None) ** SHARPNESS for p in (start, end))
    apart = end - start
    level = np.clip((start + end) / 2.0, _LEAST, None)
    steady = SHARPNESS * level ** (SHARPNESS - 1.0)
    slope = np.where(np.abs(apart) > _LEAST, (high - low) / np.where(apart == 0, 1.0, apart), steady)
    first, last = (sharpened_mean(p[None], classes)[0] for p in (start, end))
    # either set of weights gives the change exactly; their mean favours neither
    slopes: Floats = slope * ((classes - first) / high.sum() + (classes - last) / low.sum()) / 2.0
    return slopes


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
    """Leave whole sources out, and with them what others hold of the same groups.

    ``source, group`` (n_rows,); ``judged`` (n_rows,).
    """
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
    """Fit a forest, and one per fold.

    ``features`` (n_rows, n_features); ``target`` (n_rows,); ``weight`` (n_rows,).
    """
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
