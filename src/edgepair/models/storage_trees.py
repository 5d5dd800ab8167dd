"""Trees of a saved forest: every index is checked before scikit-learn follows one.

scikit-learn walks a tree in compiled code without looking at bounds, so that one wrong number in a
file would read or jump anywhere in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.models.storage_archive import RefusalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.models.storage_schema import Record

LEAF = -1
"""What scikit-learn writes for a child that is not there."""

NO_FEATURE = -2
"""What it writes for the feature of a leaf."""

_STATE = {"max_depth", "node_count", "nodes", "values"}


def check_tree(tree: Any, *, n_features: int, n_outputs: int, n_classes: int, where: str) -> None:
    """Refuse a tree that could not have been grown.

    Parameters
    ----------
    tree : Record
        As read from a file.
    n_features, n_outputs : int
        Of the forest.
    n_classes : int
        Of the forest; 1 in a regression.
    where : str
        Where the tree stands, for messages.

    Raises
    ------
    RefusalError
        An index out of range, a threshold or value that is not finite, a node with two parents or
        none, or arrays of the wrong shape.
    """
    _require(getattr(tree, "kind", "") == "Tree" and set(tree.state) == _STATE, "no tree", "a tree", where)
    _check_size(tree, n_features, n_outputs, n_classes, where)
    nodes = tree.state["nodes"]
    left, right, feature = nodes["left_child"], nodes["right_child"], nodes["feature"]
    leaf = left == LEAF
    _require(
        bool((right[leaf] == LEAF).all() and (feature[leaf] == NO_FEATURE).all()),
        "a leaf with a child or a feature",
        f"leaves marked by {LEAF} and {NO_FEATURE}",
        where,
    )
    inner = np.flatnonzero(~leaf)
    seen = feature[inner]
    _require(
        bool(((seen >= 0) & (seen < n_features)).all()),
        f"a feature outside 0 to {n_features - 1}",
        f"features from 0 to {n_features - 1}",
        where,
    )
    count = len(nodes)
    for child in (left[inner], right[inner]):
        _require(
            bool(((child > inner) & (child < count)).all()),
            "a child that comes before its node, or after the last",
            f"children after their node, at most {count - 1}",
            where,
        )
    # With every child after its parent and each node the child of one, no walk can loop or stray.
    children = np.concatenate([left[inner], right[inner]])
    _require(
        len(children) == count - 1 and bool((np.bincount(children, minlength=count)[1:] == 1).all()),
        "nodes with two parents, or none",
        "one parent for each node but the first",
        where,
    )
    _require(
        _depth(left, right, inner) == tree.state["max_depth"],
        f"a depth of {tree.state['max_depth']}",
        "the depth that the nodes have",
        where,
    )
    numbers = [nodes[name] for name in ("threshold", "impurity", "weighted_n_node_samples")]
    finite = all(bool(np.isfinite(column).all()) for column in (*numbers, tree.state["values"]))
    _require(finite, "a threshold or value that is not finite", "finite numbers", where)
    counts = bool((nodes["n_node_samples"] > 0).all() and (nodes["weighted_n_node_samples"] > 0).all())
    _require(counts, "a node without samples", "at least one sample in each node", where)
    _require(
        bool((nodes["missing_go_to_left"] <= 1).all()), "a sign that is neither 0 nor 1", "0 or 1", where
    )


def _check_size(tree: Record, n_features: int, n_outputs: int, n_classes: int, where: str) -> None:
    """Check what scikit-learn allocates by, and all that the other checks take for granted."""
    from sklearn.tree._tree import NODE_DTYPE

    state = tree.state
    made_from = tree.made_from
    expected = f"a tree of {n_features} features, {n_outputs} outputs and {n_classes} classes"
    _require(len(made_from) == 3, "a tree made from other than three arguments", expected, where)
    classes = made_from[1]
    fits = (
        type(made_from[0]) is int
        and type(made_from[2]) is int
        and (made_from[0], made_from[2]) == (n_features, n_outputs)
        and isinstance(classes, np.ndarray)
        and classes.dtype == np.intp
        and classes.tolist() == [n_classes] * n_outputs
    )
    _require(fits, "a tree of other features, outputs or classes than its forest", expected, where)
    nodes, values = state["nodes"], state["values"]
    arrays = isinstance(nodes, np.ndarray) and isinstance(values, np.ndarray)
    _require(
        arrays and nodes.dtype == np.dtype(NODE_DTYPE) and values.dtype == np.float64,
        "nodes or values of another kind",
        "nodes and values of this scikit-learn's kind",
        where,
    )
    count = state["node_count"]
    _require(
        type(count) is int
        and type(state["max_depth"]) is int
        and count >= 1
        and nodes.shape == (count,)
        and values.shape == (count, n_outputs, n_classes)
        and nodes.flags.c_contiguous
        and values.flags.c_contiguous,
        f"{nodes.shape} nodes and {values.shape} values for {count} nodes",
        f"({count},) nodes and ({count}, {n_outputs}, {n_classes}) values",
        where,
    )


def _depth(left: NDArray[np.int64], right: NDArray[np.int64], inner: NDArray[np.int64]) -> int:
    """Count the levels below the first node, a level at a time."""
    is_inner = np.zeros(len(left), dtype=bool)
    is_inner[inner] = True
    level = inner[:1] if len(inner) and inner[0] == 0 else inner[:0]
    depth = 0
    while len(level):
        depth += 1
        below = np.concatenate([left[level], right[level]])
        level = below[is_inner[below]]
    return depth


def _require(holds: bool, found: str, needed: str, where: str) -> None:
    if not holds:
        raise RefusalError(f"{found}, in {where}", needed)
