"""What a curve must be to go into a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

LARGEST = 1e30
"""Values beyond this do not fit into the 32-bit numbers that are stored."""

MOST_BELOW_ZERO = 0.2
"""Of the highest absorption: what it may fall below zero. None of 8,500 good spectra does at all; where
FEFF's potentials did not settle it ran away to 17 times its step."""


def absorption_problem(energy: Any, mu: Any, variable: str = "mu") -> str:
    """Say what keeps a simulated curve from being used; of an absorption, that it runs away.

    Examples
    --------
    >>> absorption_problem([1, 2, 3], [0.0, 1.3, -22.9])
    'an absorption that falls to -22.9, its highest being 1.3'
    """
    problem = curve_problem(energy, mu)
    if problem or variable != "mu":
        return problem
    low, high = float(np.min(mu)), float(np.max(mu))
    if low < -MOST_BELOW_ZERO * max(high, 0.0):
        return f"an absorption that falls to {low:.3g}, its highest being {high:.3g}"
    return ""


def curve_problem(x: Any, y: Any) -> str:
    """Say what keeps a curve from being used, wherever its axis begins and ends.

    Examples
    --------
    >>> curve_problem([1, 2], [0.0, float("nan")])
    'values that are not finite'
    >>> curve_problem([1, 2, 3], [0, 1, 1])
    ''
    """
    try:
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        return f"no numbers: {error}"
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        return f"shapes {x.shape} and {y.shape}, not two rows of one length, at least 2"
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "values that are not finite"
    if not (np.diff(x) > 0).all():
        return "an axis that does not increase"
    if max(float(np.abs(x).max()), float(np.abs(y).max())) > LARGEST:
        return f"values beyond {LARGEST:g}"
    return ""
