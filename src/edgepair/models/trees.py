"""Extremely randomised trees from scikit-learn's builder, without what its forests do anew for each.

The same trees from the same seeds. Of some hundred rows, cloning, checking and describing an estimator
takes as long as growing it: six rounds of 40 trees on 276 spectra took 0.45 s of CPU time, and take 0.15
to 0.3 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import sklearn.ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.tree._tree import Tree

    from edgepair.conventions.tasks import Floats, Labels


@dataclass(frozen=True)
class GrownTree:
    """A tree, where scikit-learn's estimators have it."""

    tree_: Tree


@dataclass(frozen=True)
class JoinedTrees:
    """Nodes of all trees in a row, for few rows at once: leaves have negative features and no way on."""

    first: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: Floats
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    weight: Floats
    value: Floats
    depth: int

    def predict(self, features: NDArray[np.float32]) -> Floats:
        """Say what each tree does of rows without missing values, shape (n_trees, n_rows, n_outputs)."""
        node = np.repeat(self.first[:, None], len(features), axis=1)
        row = np.arange(len(features))
        for _ in range(self.depth):
            goes_left = features[row, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return self.value[node]


def join_trees(trees: Sequence[GrownTree]) -> JoinedTrees:
    """Put the nodes of fitted trees in a row."""
    nodes = [tree.tree_ for tree in trees]
    count = [tree.node_count for tree in nodes]
    first = np.cumsum([0, *count[:-1]])

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in nodes])

    feature, shift = joined("feature"), np.repeat(first, count)
    left, right = (
        np.where(feature < 0, np.arange(len(feature)), joined(name) + shift)
        for name in ("children_left", "children_right")
    )
    return JoinedTrees(
        first, feature, joined("threshold"), left, right, joined("weighted_n_node_samples"),
        joined("value")[:, 0, :], max(1, *(int(tree.max_depth) for tree in nodes)),
    )  # fmt: skip


def grow_trees(
    features: NDArray[np.float32],
    answer: Labels,
    weight: Floats | None = None,
    *,
    n_trees: int,
    seed: int,
    n_classes: int,
    max_features: float | str,
    min_samples_leaf: int = 1,
    max_depth: int | None = None,
    stop: Event | None = None,
) -> list[GrownTree]:
    """Grow the trees of scikit-learn's ExtraTrees until `stop`; ``answer``: classes, or values if none."""
    # private names of one minor version, to which pyproject holds it; a test compares with its forests
    from sklearn.tree._criterion import MSE, Gini
    from sklearn.tree._splitter import RandomSplitter
    from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

    n_rows, n_features = features.shape
    share = n_features**0.5 if max_features == "sqrt" else float(max_features) * n_features
    outputs = np.array([n_classes or 1], dtype=np.intp)
    target = np.ascontiguousarray(answer, dtype=np.float64)[:, None]
    missing = np.isnan(features).any(axis=0)
    rng = np.random.RandomState(seed)
    deepest = np.iinfo(np.int32).max
    trees = []
    for _ in range(n_trees):
        if stop is not None and stop.is_set():
            break
        state = np.random.RandomState(rng.randint(deepest))
        criterion = Gini(1, outputs) if n_classes else MSE(1, n_rows)
        splitter = RandomSplitter(criterion, max(1, int(share)), min_samples_leaf, 0.0, state, None)
        tree = Tree(n_features, outputs, 1)
        builder = DepthFirstTreeBuilder(
            splitter, max(2, 2 * min_samples_leaf), min_samples_leaf, 0.0, max_depth or deepest, 0.0
        )
        builder.build(tree, features, target, weight, missing if missing.any() else None)
        trees.append(GrownTree(tree))
    return trees


_LEAVES_AT_ONCE = 4096


@dataclass(frozen=True)
class _Leaves:
    """Leaves of all trees that can be reached: slots of features asked for, empty ones met by every row."""

    value: Floats
    feature: NDArray[np.intp]
    row: Floats
    share: Floats
    asked: NDArray[np.intp]


def forest_shapley(
    fitted: Sequence[GrownTree] | JoinedTrees,
    row: NDArray[np.float32],
    given: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats]:
    r"""Divide the mean of fitted trees among features, from that where ``given`` features alone are known.

    A feature that is not known is averaged over with the tree's own training rows (path-dependent [1]_). A
    leaf of value :math:`v` whose path asks for features :math:`j`, each met by the row (:math:`o_j` = 1 or
    0) and by a share :math:`z_j` of the training rows that come by, then gives feature :math:`i`

    .. math:: \phi_i = v\,(o_i - z_i) \int_0^1 \prod_{j \ne i} \big(t\,o_j + (1 - t)\,z_j\big)\,dt ,

    as :math:`\int t^s (1 - t)^{n-1-s} dt = s!\,(n-1-s)!/n!` is the weight of a coalition of :math:`s`. The
    integrand is a polynomial, which Gauss's rule integrates exactly, for all leaves of a forest at once.

    .. [1] Lundberg et al., Nature Machine Intelligence 2, 56 (2020), doi 10.1038/s42256-019-0138-9

    Returns that answer, shape (n_outputs,), and the parts, shape (n_features, n_outputs): zero for what is
    given; together they add up to what the trees predict.
    """
    known = np.zeros(len(row), dtype=bool) if given is None else given
    trees = fitted if isinstance(fitted, JoinedTrees) else join_trees(fitted)
    leaves = _reachable(trees, row, known)
    base = leaves.value.T @ leaves.share.prod(axis=1)
    parts = np.zeros((len(row), leaves.value.shape[1]))
    order = np.argsort(leaves.asked)
    for start in range(0, len(order), _LEAVES_AT_ONCE):
        some = order[start : start + _LEAVES_AT_ONCE]
        most = int(leaves.asked[some].max())
        feature, value = leaves.feature[some, :most].ravel(), leaves.value[some]
        gain = _gains(leaves.row[some, :most], leaves.share[some, :most])
        for output in range(value.shape[1]):
            added = (gain * value[:, output, None]).ravel()
            parts[:, output] += np.bincount(feature, weights=added, minlength=len(row))
    return base, parts


def _gains(row: Floats, share: Floats) -> Floats:
    """Give each slot's part of a leaf of value 1."""
    point, weight = np.polynomial.legendre.leggauss(max(1, -(-row.shape[1] // 2)))
    total = np.zeros_like(row)
    for at, share_of_one in zip((point + 1.0) / 2.0, weight / 2.0, strict=True):
        factor = at * row + (1.0 - at) * share
        total += share_of_one * factor.prod(axis=1)[:, None] / factor
    return total * (row - share)


def _reachable(trees: JoinedTrees, row: NDArray[np.float32], given: NDArray[np.bool_]) -> _Leaves:
    feature, threshold, weight, depth = trees.feature, trees.threshold, trees.weight, trees.depth
    value = trees.value / len(trees.first)
    node: NDArray[Any] = trees.first
    slot: NDArray[Any] = np.zeros((len(node), depth), dtype=np.intp)
    met: NDArray[Any] = np.ones((len(node), depth))
    share: NDArray[Any] = np.ones((len(node), depth))
    asked: NDArray[Any] = np.zeros(len(node), dtype=np.intp)
    ended: list[tuple[NDArray[np.generic], ...]] = []
    while len(node):
        leaf = feature[node] < 0
        ended.append((value[node[leaf]], slot[leaf], met[leaf], share[leaf], asked[leaf]))
        node, slot, met, share, asked = (part[~leaf] for part in (node, slot, met, share, asked))
        by = feature[node]
        goes_left = row[by] <= threshold[node]
        # a feature that was asked for before keeps its slot
        same = (slot == by[:, None]) & (np.arange(depth) < asked[:, None])
        place = np.where(same.any(axis=1), same.argmax(axis=1), asked)
        children = []
        for child, follows in ((trees.left[node], goes_left), (trees.right[node], ~goes_left)):
            part = weight[child] / weight[node]
            kept = np.where(given[by], follows, follows | (part > 0))
            asks = kept & ~given[by]
            new = [child, slot.copy(), met.copy(), share.copy(), asked.copy()]
            at = np.flatnonzero(asks)
            new[1][at, place[at]] = by[at]
            new[2][at, place[at]] *= follows[at]
            new[3][at, place[at]] *= part[at]
            new[4][at] = np.maximum(asked[at], place[at] + 1)
            children.append([item[kept] for item in new])
        node, slot, met, share, asked = (np.concatenate(pair) for pair in zip(*children, strict=True))
    return _Leaves(*(np.concatenate(items) for items in zip(*ended, strict=True)))


class _Grown:
    """What classifier and regressor have in common."""

    estimators_: list[GrownTree]

    def _grow(self, X: NDArray[np.float32], answer: Labels, n_classes: int) -> Self:
        forest: Any = self
        seen = np.ascontiguousarray(X, dtype=np.float32)
        self.estimators_ = grow_trees(
            seen, answer, n_trees=forest.n_estimators, seed=forest.random_state, n_classes=n_classes,
            max_features=forest.max_features, min_samples_leaf=forest.min_samples_leaf,
            max_depth=forest.max_depth,
        )  # fmt: skip
        forest.n_outputs_, forest.n_features_in_ = 1, seen.shape[1]
        return self

    def _mean(self, X: NDArray[np.float32]) -> Floats:
        seen = np.ascontiguousarray(X, dtype=np.float32)
        total: Any = 0.0
        for tree in self.estimators_:
            total = total + tree.tree_.predict(seen)
        mean: Floats = total / len(self.estimators_)
        return mean

    @property
    def feature_importances_(self) -> Floats:
        """Mean decrease of impurity, which adds up to 1; (n_features,)."""
        each = [t.tree_.compute_feature_importances() for t in self.estimators_ if t.tree_.node_count > 1]
        if not each:
            return np.zeros(self.n_features_in_)  # type: ignore[attr-defined]
        mean = np.mean(each, axis=0)
        shares: Floats = mean / mean.sum()
        return shares


class ExtraTreesClassifier(_Grown, sklearn.ensemble.ExtraTreesClassifier):  # type: ignore[misc]
    """Classes; of scikit-learn's settings those that edgepair uses are kept."""

    def fit(self, X: NDArray[np.float32], y: Labels, sample_weight: None = None) -> Self:
        """Fit to ``X`` (n, n_features) and ``y`` (n,)."""
        self.classes_, number = np.unique(y, return_inverse=True)
        self.n_classes_ = len(self.classes_)
        return self._grow(X, number, self.n_classes_)

    def predict_proba(self, X: NDArray[np.float32]) -> Floats:
        """Tell the probability of each class, (n, n_classes)."""
        return self._mean(X)

    def predict(self, X: NDArray[np.float32]) -> Labels:
        """Tell the likeliest class, (n,)."""
        likeliest: Labels = self.classes_[self._mean(X).argmax(axis=1)]
        return likeliest


class ExtraTreesRegressor(_Grown, sklearn.ensemble.ExtraTreesRegressor):  # type: ignore[misc]
    """Values; of scikit-learn's settings those that edgepair uses are kept."""

    def fit(self, X: NDArray[np.float32], y: Labels, sample_weight: None = None) -> Self:
        """Fit to ``X`` (n, n_features) and ``y`` (n,)."""
        return self._grow(X, y, 0)

    def predict(self, X: NDArray[np.float32]) -> Floats:
        """Tell values, (n,)."""
        return self._mean(X)[:, 0]


Forest: TypeAlias = ExtraTreesClassifier | ExtraTreesRegressor
