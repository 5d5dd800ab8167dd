r"""What each stretch of a curve added to a value.

Shapley values [1]_ of windows: a window's features are those of the sample or those of the average
training spectrum, and its contribution is what joining it changes, on average over the orders in
which windows can join:

.. math:: \phi_w = \langle f(S_w \cup w) - f(S_w) \rangle, \qquad
          \sum_w \phi_w = f(\text{sample}) - f(\text{average})

The orders are drawn at random, each with its reverse; the sum is exact for any number of orders.

.. [1] Štrumbelj and Kononenko, Knowl. Inf. Syst. 41, 647 (2014)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDERS = 12
"""Orders in which windows join, half of them the reverse of the other half."""


def window_contributions(
    told: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    sample: NDArray[np.float64],
    average: NDArray[np.float64],
    window: NDArray[np.int64],
    *,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Divide a value among windows of features.

    Parameters
    ----------
    told : callable
        Features, shape (n, n_features), to values, shape (n,).
    sample, average : numpy.ndarray
        Shape (n_features,).
    window : numpy.ndarray
        Shape (n_features,): number of the window of each feature, from 0.
    seed : int, optional
        Decides the orders.

    Returns
    -------
    numpy.ndarray
        Shape (n_windows,): adds up to the value of the sample minus that of the average.
    """
    n = int(window.max()) + 1
    rng = np.random.default_rng(seed)
    half = [rng.permutation(n) for _ in range(ORDERS // 2)]
    orders = half + [order[::-1] for order in half]
    rows = []
    for order in orders:
        # place[w]: after how many steps window w has joined
        place = np.empty(n, dtype=int)
        place[order] = np.arange(n)
        for step in range(n + 1):
            rows.append(np.where(place[window] < step, sample, average))
    values = told(np.array(rows)).reshape(len(orders), n + 1)
    contribution = np.zeros(n)
    for order, steps in zip(orders, np.diff(values, axis=1), strict=True):
        contribution[order] += steps
    return contribution / len(orders)
