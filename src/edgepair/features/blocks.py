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

    Attributes
    ----------
    values : numpy.ndarray
        Shape (n_curves, n_features).
    position : numpy.ndarray
        Shape (n_features,): where on the axis each feature sits.
    low, high : numpy.ndarray
        Shape (n_features,): the stretch it draws on.
    """

    values: NDArray[np.float64]
    position: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> Block:
        """Repeat curves, as for the sites of each material.

        Parameters
        ----------
        rows : numpy.ndarray
            Shape (n_sites,): the curve of each site.

        Returns
        -------
        Block
            A row per site.
        """
        return Block(self.values[rows], self.position, self.low, self.high)


def make_block(values: NDArray[np.float64], position: ArrayLike, low: ArrayLike, high: ArrayLike) -> Block:
    """Make a block whose features lie as told.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n_curves, n_features).
    position, low, high : array_like
        Shape (n_features,), or one number for all.

    Returns
    -------
    Block
        With arrays of full length.
    """
    n = values.shape[1]
    places = [np.broadcast_to(np.asarray(x, dtype=np.float64), (n,)).copy() for x in (position, low, high)]
    return Block(values, *places)


def join(blocks: Sequence[Block]) -> Block:
    """Put blocks of the same curves side by side.

    Parameters
    ----------
    blocks : sequence of Block
        With the same number of curves.

    Returns
    -------
    Block
        All features.
    """
    return Block(
        np.concatenate([block.values for block in blocks], axis=1),
        np.concatenate([block.position for block in blocks]),
        np.concatenate([block.low for block in blocks]),
        np.concatenate([block.high for block in blocks]),
    )


def thin(axis: NDArray[np.float64], step: float) -> NDArray[np.int64]:
    """Choose points of an axis that are at least a step apart, evenly where it is even.

    Parameters
    ----------
    axis : numpy.ndarray
        Shape (n,), increasing.
    step : float
        Least distance.

    Returns
    -------
    numpy.ndarray
        Indices, increasing, the first one 0.

    Examples
    --------
    >>> thin(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), 0.5).tolist()
    [0, 2, 4]
    """
    number = np.floor((axis - axis[0]) / step + 1e-6).astype(int)
    return np.unique(number, return_index=True)[1].astype(np.int64)
