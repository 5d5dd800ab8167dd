"""A block of features of one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Block:
    """Features of one kind of curve, before techniques are joined.

    ``values`` (n_curves, n_features); ``position`` (n_features,); ``low, high`` (n_features,).
    """

    values: NDArray[np.float64]
    position: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> Block:
        """Repeat curves, as for the sites of each material; ``rows`` (n_sites,)."""
        return Block(self.values[rows], self.position, self.low, self.high)


def make_block(values: NDArray[np.float64], position: ArrayLike, low: ArrayLike, high: ArrayLike) -> Block:
    """Make a block whose features lie as told.

    ``values`` (n_curves, n_features); ``position, low, high`` (n_features,).
    """
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


def thin(axis: NDArray[np.float64], step: float) -> NDArray[np.int64]:
    """Choose points of an axis that are at least a step apart, evenly where it is even.

    ``axis`` (n,).

    Examples
    --------
    >>> thin(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), 0.5).tolist()
    [0, 2, 4]
    """
    number = np.floor((axis - axis[0]) / step + 1e-6).astype(int)
    return np.unique(number, return_index=True)[1].astype(np.int64)
