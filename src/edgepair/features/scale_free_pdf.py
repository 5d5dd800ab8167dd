"""Features of a measured PDF, which survive a wrong scale and ripples at low r.

Programs that make G(r) of the same data differ up to fivefold in scale, and what lies below the
first peak is mostly ripple: the slope that `pdf_features` trusts in simulated curves is not the
sample's. Here a curve is brought to a root mean square of 1 over its first shells instead, and seen
by its points, its slopes and its first peak (docs/decisions/0008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.features.blocks import Block, join, make_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST, LAST = 1.4, 6.0
"""Å; from before the shortest metal–oxygen distance to where the study's own features end."""

PEAK_UNTIL = 2.8
"""Å; until where the first peak is looked for."""

LOWEST_PEAK = 0.25
"""A maximum counts as the first peak from this part of the highest until `PEAK_UNTIL`."""


def scale_free_features(r: NDArray[np.float64], G: NDArray[np.float64], *, dip: bool = False) -> Block:
    """Describe PDFs on an unknown scale.

    ``r`` (n_r,) in Å; ``G`` (n, n_r) in Å⁻².
    """
    kept = (r >= FIRST - 1e-9) & (r <= LAST + 1e-9)
    x, y = r[kept], G[:, kept]
    size = np.sqrt((y**2).mean(axis=1, keepdims=True))
    y = y / np.where(size > 0, size, 1.0)
    points = make_block(y, x, x, x)
    slopes = make_block(np.gradient(y, x, axis=1), x, x, x)
    return join([points, slopes, _first_peak(x, -y if dip else y)])


def _first_peak(x: NDArray[np.float64], y: NDArray[np.float64]) -> Block:
    near = x <= PEAK_UNTIL
    axis, curve = x[near], y[:, near]
    rows = np.arange(len(curve))
    peak = np.zeros(curve.shape, dtype=bool)
    peak[:, 1:-1] = (curve[:, 1:-1] >= curve[:, :-2]) & (curve[:, 1:-1] > curve[:, 2:])
    peak &= curve > LOWEST_PEAK * curve.max(axis=1, keepdims=True)
    top = np.where(peak.any(axis=1), peak.argmax(axis=1), curve.argmax(axis=1))
    top = np.clip(top, 1, len(axis) - 2)
    before, height, after = curve[rows, top - 1], curve[rows, top], curve[rows, top + 1]
    bend = before - 2 * height + after
    # the vertex of the parabola through the highest point and its neighbours
    shift = np.divide(before - after, 2 * bend, out=np.zeros(len(rows)), where=np.abs(bend) > 1e-9)
    position = axis[top] + np.clip(shift, -1, 1) * (axis[1] - axis[0])
    width = np.sqrt(np.maximum(height, 0.0) / np.maximum(-bend, 1e-6))
    at = float(np.median(position))
    found = [make_block(value[:, None], at, axis[0], axis[-1]) for value in (position, height, width)]
    return join(found)
