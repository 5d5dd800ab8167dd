"""Checking the curves that are described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def checked_curves(
    axis: ArrayLike, values: ArrayLike, *, kind: str, unit: str, span: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make sure that two arrays are curves on one axis.

    ``axis`` (n,); ``values`` (n,); ``values`` (n_curves, n).
    """
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
