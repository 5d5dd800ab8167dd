"""Curves of one kind on one axis, and blocks of the features that are read of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgepair.conventions import DataError
from edgepair.conventions.tasks import Floats


@dataclass(frozen=True)
class Block:
    """Features of one kind of curve; ``values`` (n_curves, n_features), all else (n_features,)."""

    values: Floats
    position: Floats
    low: Floats
    high: Floats

    def take(self, rows: NDArray[np.int64]) -> Block:
        """Repeat curves, as for the sites of each material; ``rows`` (n_sites,)."""
        return Block(self.values[rows], self.position, self.low, self.high)


def make_block(values: Floats, position: ArrayLike, low: ArrayLike, high: ArrayLike) -> Block:
    """Make a block of values, (n_curves, n_features), with where each feature lies, (n_features,)."""
    n = values.shape[1]
    places = [np.broadcast_to(np.asarray(x, dtype=np.float64), (n,)).copy() for x in (position, low, high)]
    return Block(values, *places)


def join(blocks: Sequence[Block]) -> Block:
    """Put blocks of the same curves side by side."""
    return Block(
        np.concatenate([block.values for block in blocks], axis=1),
        np.concatenate([block.position for block in blocks]),
        np.concatenate([block.low for block in blocks]),
        np.concatenate([block.high for block in blocks]),
    )


def thin(axis: Floats, step: float) -> NDArray[np.int64]:
    """Choose points of an axis that are at least a step apart, evenly where it is even: ``axis`` (n,)."""
    number = np.floor((axis - axis[0]) / step + 1e-6).astype(int)
    return np.unique(number, return_index=True)[1].astype(np.int64)


def checked_curves(
    axis: ArrayLike, values: ArrayLike, *, kind: str, unit: str, span: float
) -> tuple[Floats, Floats]:
    """Make sure that arrays (n,) and (n,) or (n_curves, n) are curves on one axis."""
    x = np.asarray(axis, dtype=np.float64)
    y = np.asarray(values, dtype=np.float64)
    if y.ndim == 1:
        y = y[None, :]
    if x.ndim != 1 or y.ndim != 2 or y.shape[1] != len(x) or len(x) < 5:
        raise DataError(
            f"cannot describe {kind}",
            found=f"an axis of shape {x.shape} and values of shape {np.shape(values)}",
            needed="an axis of at least 5 points and curves of the same length, one a row",
            suggestion="pass the axis first; transpose the values if each column is a curve",
        )
    if not np.isfinite(x).all() or not (np.diff(x) > 0).all():
        raise DataError(
            f"cannot describe {kind}",
            found=f"an axis that does not increase or is not finite (in {unit})",
            needed=f"finite values in {unit}, increasing",
            suggestion="sort by the axis and drop repeated or missing points",
        )
    if x[-1] - x[0] < span:
        raise DataError(
            f"cannot describe {kind}",
            found=f"an axis from {x[0]:g} to {x[-1]:g}",
            needed=f"values in {unit}, over at least {span:g} {unit}",
            suggestion=f"convert the axis to {unit}, or pass a longer range",
        )
    return x, y
