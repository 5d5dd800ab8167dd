r"""Features of a XANES spectrum: its points, and numbers that describe its edge.

The numbers are those that spectroscopists read off by eye [1]_: the energies at which the edge
first reaches given heights and the steps between them, the white line (highest point), the trough
after it, the steepest slope, and the area and centroid of what lies before the edge:

.. math:: A = \int_{E < E_{0.5}} \mu\,\mathrm{d}E, \qquad
          \bar E = A^{-1} \int_{E < E_{0.5}} E\,\mu\,\mathrm{d}E

with :math:`E_{0.5}` the energy at which :math:`\mu` first reaches one half.

.. [1] Farges, Brown and Rehr, Phys. Rev. B 56, 1809 (1997), doi 10.1103/PhysRevB.56.1809
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from edgepair.conventions.tasks import Floats
from edgepair.features.blocks import Block, join, make_block, thin

POINT_STEP = 0.5
"""Least distance of the points that are used, eV: half of what core-hole broadening resolves."""

LEVELS = np.arange(1, 11) / 10
"""Heights, in edge steps, whose first crossing is noted."""


def xanes_features(energy: Floats, mu: Floats) -> Block:
    """Describe spectra, (n_sites, n_energy) over eV, by their points and the shape of their edge."""
    kept = thin(energy, POINT_STEP)
    points = make_block(mu[:, kept], energy[kept], energy[kept], energy[kept])
    return join([points, edge_shape(energy, mu)])


def first_crossing(energy: Floats, mu: Floats, levels: Floats) -> Floats:
    """Find where spectra, (n_sites, n_energy), first reach levels; (n_sites, n_levels) in eV."""
    rows = np.arange(len(mu))
    found = np.empty((len(mu), len(levels)))
    for column, level in enumerate(levels):
        above = mu >= level
        after = np.where(above.any(axis=1), above.argmax(axis=1), len(energy) - 1)
        before = np.maximum(after - 1, 0)
        rise = mu[rows, after] - mu[rows, before]
        part = np.divide(level - mu[rows, before], rise, out=np.ones(len(mu)), where=rise > 0)
        found[:, column] = energy[before] + np.clip(part, 0, 1) * (energy[after] - energy[before])
    return found


def edge_shape(energy: Floats, mu: Floats) -> Block:
    """Compute the numbers that describe the edges of spectra, (n_sites, n_energy) over eV."""
    rows = np.arange(len(mu))
    levels = first_crossing(energy, mu, LEVELS)
    e0 = levels[:, len(LEVELS) // 2 - 1]
    top = mu.argmax(axis=1)
    height, crest = mu[rows, top], energy[top]
    width = np.gradient(energy)
    before = mu * width * (energy < e0[:, None])
    area = before.sum(axis=1)
    centroid = np.divide(before @ energy, area, out=e0.copy(), where=area > 1e-9)
    slope = np.gradient(mu, energy, axis=1)
    steepest = energy[slope.argmax(axis=1)]
    after = np.where(energy > crest[:, None], mu, np.inf)
    # A spectrum that still rises at its end has no trough: its last point stands for it.
    low = np.where(np.isfinite(after).any(axis=1), after.argmin(axis=1), len(energy) - 1)
    trough, depth = energy[low], mu[rows, low]
    crossings = make_block(levels, *_places(levels))
    steps = np.diff(levels, axis=1)
    between = (levels[:, 1:] + levels[:, :-1]) / 2
    widths = make_block(steps, *_places(between))
    others = [
        (crest, crest),
        (height, crest),
        (crest - e0, (crest + e0) / 2),
        (area, e0),
        (centroid, centroid),
        (centroid - e0, centroid),
        (steepest, steepest),
        (slope.max(axis=1), steepest),
        (trough, trough),
        (depth, trough),
        (trough - crest, (trough + crest) / 2),
        (height - depth, (trough + crest) / 2),
    ]
    rest = [make_block(value[:, None], *_places(place[:, None])) for value, place in others]
    return join([crossings, widths, *rest])


def _places(energies: Floats) -> tuple[Floats, Floats, Floats]:
    """Position and stretch of numbers that speak of other energies in other spectra."""
    low, position, high = np.percentile(energies, (2.5, 50, 97.5), axis=0)
    return position, low, high


STEP = 0.25
"""eV; step of the grid that features start from."""

THINNED = 4
"""Every how many steps a point is taken: 1 eV, which tells as much as 0.5 eV."""

AREA_REACH = 22.0
AREA_END = 12.0

AROUND = np.arange(-14.0, 30.01, 1.0)
"""eV from the spectrum's own edge, where it is looked at."""

OWN_EDGE = 12.0
"""eV from the tabulated edge, where the edges of oxides lie; spectra of unknown scale are moved there."""


def area_edge(grid: Floats, mu: Floats, reach: float = AREA_REACH) -> Floats:
    """Find where a step of the same area would lie, (n,) in eV; ``mu`` (n, n_grid)."""
    step, first, last = float(grid[1] - grid[0]), float(grid[0]), len(grid) - 1
    back = max(1, round(min(AREA_END, reach * AREA_END / AREA_REACH) / step))
    areas = np.concatenate([np.zeros((len(mu), 1)), np.cumsum(mu, axis=1) * step], axis=1)
    energies, edges = grid.tolist(), []
    # numbers one by one: arrays of a row or a few take ten times as long
    for area in areas.tolist():
        edge = first + 16.0
        for _ in range(40):
            end = min(max(round((edge + reach - first) / step), back), last)
            height = (area[end + 1] - area[end + 1 - back]) / (back * step)
            found = energies[end] - area[end + 1] / max(height, 0.05)
            if abs(found - edge) < step / 20:
                break
            edge = (edge + found) / 2  # half steps: the end moves with the edge, in whole points
        edges.append(edge)
    return np.array(edges)


def own_edge(energy: ArrayLike, mu: ArrayLike, reach: float = AREA_REACH) -> float:
    """Find the own edge of a spectrum on its own energies; ``energy, mu`` (n_energy,)."""
    at, height = np.asarray(energy, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    half = at[int((height >= 0.5).argmax())]
    grid = np.arange(half - 20.0, min(half + 45.0, at[-1]) + STEP / 2, STEP)
    shown = np.interp(grid, at, height, left=min(float(height[0]), 0.05))
    return float(area_edge(grid, shown[None], reach)[0])


def spectrum_features(grid: Floats, mu: Floats, *, aligned: bool) -> tuple[Floats, Floats]:
    """Describe spectra, (n, n_grid) over eV, by values and their positions, (n, n_features) each."""
    n = len(mu)
    edge = np.full(n, OWN_EDGE) if aligned else area_edge(grid, mu)
    own = edge[:, None] + AROUND
    curve = np.array([np.interp(at, grid, row) for at, row in zip(own, mu, strict=True)])
    values = [curve, np.gradient(curve, AROUND, axis=1), np.cumsum(curve, axis=1)[:, 1::2]]
    places = [own, own, own[:, 1::2]]
    if not aligned:
        kept = slice(0, None, THINNED)
        points = mu[:, kept]
        numbers = edge_shape(grid, mu)
        on_grid = np.broadcast_to(grid[kept], points.shape)
        values += [points, np.gradient(points, grid[kept], axis=1), numbers.values, edge[:, None]]
        places += [on_grid, on_grid, np.broadcast_to(numbers.position, numbers.values.shape), edge[:, None]]
    return np.concatenate(values, axis=1), np.concatenate(places, axis=1)


N_SHAPE = 2 * len(AROUND) + len(AROUND) // 2
"""Features about the own edge, which come first."""
