"""Bond lengths of PDFs: what the forest answers, joined with the classical reading."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from edgepair.prediction.answers import Answer, join_answers

if TYPE_CHECKING:
    from edgepair.measured import FirstShell

SHAPE_ERROR = 0.03
"""Å; how far the mean of fitted peaks is from the mean bond length besides the errors of the fit: shells
are not Gaussians (docs/decisions/0017-first-shell.md)."""


def join_first_shell(forest: Answer, shell: FirstShell | None, level: float) -> Answer:
    """Join two readings of one length, each by the inverse square of its interval.

    Where they exclude each other, another element's peak was read or the shell is not all there: the forest,
    which sees more than the first peak, answers alone.
    """
    if shell is None or shell.shared_with:
        return forest
    error = float(np.hypot(shell.position_error, SHAPE_ERROR))
    half = error * NormalDist().inv_cdf((1 + level) / 2)
    at = np.array([shell.position])
    if not (forest.lower[0] <= shell.position <= forest.upper[0]):
        return forest
    read = Answer(at, at - half, at + half, np.array([error]), np.empty((1, 0)), ())
    return join_answers("bond_length", [forest, read])[0]
