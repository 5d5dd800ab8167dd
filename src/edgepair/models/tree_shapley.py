r"""What each feature adds to a forest's answer for one row: exact Shapley values of trees.

A feature that is not known is averaged over with the tree's own training rows (path-dependent [1]_). A leaf
of value :math:`v` whose path asks for features :math:`j`, each met by the row (:math:`o_j` = 1 or 0) and by a
share :math:`z_j` of the training rows that come by, then gives feature :math:`i`

.. math:: \phi_i = v\,(o_i - z_i) \int_0^1 \prod_{j \ne i} \big(t\,o_j + (1 - t)\,z_j\big)\,dt ,

as :math:`\int t^s (1 - t)^{n-1-s} dt = s!\,(n-1-s)!/n!` is the weight of a coalition of :math:`s`. The
integrand is a polynomial, which Gauss's rule integrates exactly, for all leaves of a forest at once.

.. [1] Lundberg et al., Nature Machine Intelligence 2, 56 (2020), doi 10.1038/s42256-019-0138-9
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.models.trees import JoinedTrees, join_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAVES_AT_ONCE = 4096


@dataclass(frozen=True)
class _Leaves:
    """Leaves of all trees that can be reached: slots of features asked for, empty ones met by every row."""

    value: NDArray[np.float64]
    feature: NDArray[np.intp]
    row: NDArray[np.float64]
    share: NDArray[np.float64]
    asked: NDArray[np.intp]


def forest_shapley(
    fitted: Sequence[Any] | JoinedTrees, row: NDArray[np.float32], given: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Divide the mean of fitted trees among features, from that where the ``given`` features alone are known.

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


def _gains(row: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each slot's part of a leaf of value 1."""
    point, weight = np.polynomial.legendre.leggauss(max(1, -(-row.shape[1] // 2)))
    total = np.zeros_like(row)
    for at, share_of_one in zip((point + 1.0) / 2.0, weight / 2.0, strict=True):
        factor = at * row + (1.0 - at) * share
        total += share_of_one * factor.prod(axis=1)[:, None] / factor
    gain: NDArray[np.float64] = total * (row - share)
    return gain


def _reachable(trees: JoinedTrees, row: NDArray[np.float32], given: NDArray[np.bool_]) -> _Leaves:
    feature, threshold, weight, depth = trees.feature, trees.threshold, trees.weight, trees.depth
    value = trees.value / len(trees.first)
    node: NDArray[Any] = trees.first
    slot: NDArray[Any] = np.zeros((len(node), depth), dtype=np.intp)
    met: NDArray[Any] = np.ones((len(node), depth))
    share: NDArray[Any] = np.ones((len(node), depth))
    asked: NDArray[Any] = np.zeros(len(node), dtype=np.intp)
    ended: list[tuple[NDArray[Any], ...]] = []
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
