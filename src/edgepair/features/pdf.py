r"""Features of a pair distribution function: its first shells, as numbers of neighbours.

.. math:: R(r) = r\,G(r) - s\,r^2, \qquad C(r) = \int_0^r R(r')\,\mathrm{d}r'

*s* is the slope of G before its first peak (−4πρ₀ of a total PDF), read off the curve itself, so
that R is the radial distribution (each peak's area counts weighted neighbours) and C their running
number. Beside them stand position, height and area of the first peak and mean distances.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats
from edgepair.features.blocks import Block, join, make_block, thin

R_LAST = 6.0
"""Å; what lies beyond only added noise to every task (docs/decisions/0001-forest-settings.md)."""

NO_ATOMS_BELOW = 1.3
"""Å; no metal–oxygen distance is shorter, so that G is nearly a straight line there. Only bonds of
hydrogen, and short ones of carbon and nitrogen, disturb it: the slope then comes out some tenths low."""

FIRST_PEAK = (1.3, 2.8)
"""Å; where the first peak is looked for. In a dPDF it is the metal's own; in a total PDF it is
another cation's (P–O, S–O, C–O) for about every sixth site, part of what makes a total PDF say less."""

RUNNING_STEP = 0.2
"""Least distance of the points of the running integral that are used, Å; it is smooth."""

SCALE_FREE = (1.4, R_LAST)
"""Å; of a measured curve, from before the shortest metal–oxygen distance."""

PEAK_HALF_WIDTH = 0.3
LOWEST_PEAK = 0.25
"""A maximum counts as the first peak from this part of the highest where it is looked for."""


def pdf_features(r: Floats, G: Floats) -> Block:
    """Describe PDFs by radial distribution, running integral, first peak; r in Å, G (n_materials, n_r)."""
    kept = r <= R_LAST + 1e-9
    if kept.sum() < 5:
        kept = np.ones(len(r), dtype=bool)
    x, y = r[kept], G[:, kept]
    radial = x * y - _low_r_slope(x, y)[:, None] * x**2
    running = np.cumsum(radial * np.gradient(x), axis=1)
    sparse = thin(x, RUNNING_STEP)
    blocks = [make_block(radial, x, x, x), make_block(running[:, sparse], x[sparse], x[0], x[sparse])]
    first = (x > FIRST_PEAK[0]) & (x < FIRST_PEAK[1])
    if first.sum() >= 3:
        blocks.append(_first_peak(x, y, radial, first))
    return join(blocks)


def _low_r_slope(x: Floats, y: Floats) -> Floats:
    """Slope of the straight line through the origin before the first peak; 0 where not measured."""
    below = x < NO_ATOMS_BELOW
    if below.sum() < 2:
        return np.zeros(len(y))
    return y[:, below] @ x[below] / (x[below] @ x[below])


def _first_peak(x: Floats, y: Floats, radial: Floats, inside: NDArray[np.bool_]) -> Block:
    position, height, _ = _highest_of_first(x[inside], y[:, inside])
    width = np.gradient(x)
    area = (radial * width * (np.abs(x - position[:, None]) < PEAK_HALF_WIDTH)).sum(axis=1)
    at = np.percentile(position, (50, 2.5, 97.5))
    blocks = [make_block(value[:, None], *at) for value in (position, height, area)]
    for last in (2.3, 2.6, 3.0):
        stretch = (x >= FIRST_PEAK[0]) & (x <= last)
        weight = np.maximum(radial[:, stretch], 0) * width[stretch]
        total = weight.sum(axis=1)
        mean = np.divide(weight @ x[stretch], total, out=position.copy(), where=total > 1e-9)
        blocks.append(make_block(mean[:, None], np.median(mean), FIRST_PEAK[0], last))
    return join(blocks)


def _highest_of_first(x: Floats, y: Floats) -> tuple[Floats, ...]:
    """Find position, height and bend of the first peak, shape (n,) each."""
    rows = np.arange(len(y))
    peak = np.zeros(y.shape, dtype=bool)
    peak[:, 1:-1] = (y[:, 1:-1] >= y[:, :-2]) & (y[:, 1:-1] > y[:, 2:])
    peak &= y > LOWEST_PEAK * y.max(axis=1, keepdims=True)
    top = np.where(peak.any(axis=1), peak.argmax(axis=1), y.argmax(axis=1))
    top = np.clip(top, 1, len(x) - 2)
    before, height, after = y[rows, top - 1], y[rows, top], y[rows, top + 1]
    bend = before - 2 * height + after
    # The vertex of the parabola through the highest point and its neighbours.
    shift = np.divide(before - after, 2 * bend, out=np.zeros(len(rows)), where=np.abs(bend) > 1e-9)
    return x[top] + np.clip(shift, -1, 1) * (x[1] - x[0]), height, bend


def scale_free_features(r: Floats, G: Floats, *, dip: bool = False) -> Block:
    """Describe measured PDFs, in a way that survives a wrong scale and ripples at low r.

    Programs that make G(r) of the same data differ up to fivefold in scale, and what lies below the
    first peak is mostly ripple: the slope that `pdf_features` trusts in simulated curves is not the
    sample's. Here a curve is brought to a root mean square of 1 over its first shells instead, and seen
    by its points, its slopes and its first peak (docs/decisions/0008).

    ``r`` (n_r,) in Å; ``G`` (n, n_r) in Å⁻².
    """
    kept = (r >= SCALE_FREE[0] - 1e-9) & (r <= SCALE_FREE[1] + 1e-9)
    x, y = r[kept], G[:, kept]
    size = np.sqrt((y**2).mean(axis=1, keepdims=True))
    y = y / np.where(size > 0, size, 1.0)
    points = make_block(y, x, x, x)
    slopes = make_block(np.gradient(y, x, axis=1), x, x, x)
    return join([points, slopes, _scaled_first_peak(x, -y if dip else y)])


def _scaled_first_peak(x: Floats, y: Floats) -> Block:
    near = x <= FIRST_PEAK[1]
    axis = x[near]
    position, height, bend = _highest_of_first(axis, y[:, near])
    width = np.sqrt(np.maximum(height, 0.0) / np.maximum(-bend, 1e-6))
    at = float(np.median(position))
    found = [make_block(value[:, None], at, axis[0], axis[-1]) for value in (position, height, width)]
    return join(found)
