r"""Features in which measured spectra are compared: of a known energy scale, or of shape alone.

Of a spectrum whose energy scale is known: points, slopes and the numbers of its edge on energies from
the tabulated edge, and points, slopes and running integral about its own edge. Of one whose scale is
not known only what does not change when its energies are shifted: the spectrum is first moved until its
own edge lies at `OWN_EDGE`. The own edge is where a step of the spectrum's height would have the same
area [1]_:

.. math:: E_A = E_1 - \frac{1}{h} \int_{E_0}^{E_1} \mu\,\mathrm{d}E, \qquad
          h = \langle \mu \rangle_{E_1 - 12}^{E_1}, \quad E_1 = E_A + 22\ \mathrm{eV}

.. [1] Capehart, Herbst, Mishra and Pinkerton, Phys. Rev. B 52, 7907 (1995)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.features.xanes import edge_shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

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


def area_edge(
    grid: NDArray[np.float64], mu: NDArray[np.float64], reach: float = AREA_REACH
) -> NDArray[np.float64]:
    """Find where a step of the same area would lie.

    ``grid`` (n_grid,) in eV; ``mu`` (n, n_grid); returns (n,) in eV.
    """
    step = grid[1] - grid[0]
    running = np.concatenate([np.zeros((len(mu), 1)), np.cumsum(mu, axis=1) * step], axis=1)
    edge = np.full(len(mu), grid[0] + 16.0)
    rows = np.arange(len(mu))
    back = max(1, round(min(AREA_END, reach * AREA_END / AREA_REACH) / step))
    for _ in range(40):
        end = np.clip(np.rint((edge + reach - grid[0]) / step).astype(int), back, len(grid) - 1)
        height = (running[rows, end + 1] - running[rows, end + 1 - back]) / (back * step)
        found = grid[end] - running[rows, end + 1] / np.maximum(height, 0.05)
        moving = np.abs(found - edge) >= step / 20
        if not moving.any():
            break
        # half steps: the end moves with the edge, in whole points; a row that has arrived stays, so
        # that its edge does not depend on the rows beside it
        edge = np.where(moving, (edge + found) / 2, edge)
    return edge


def own_edge(energy: ArrayLike, mu: ArrayLike, reach: float = AREA_REACH) -> float:
    """Find the own edge of a spectrum on its own energies.

    ``energy, mu`` (n_energy,).
    """
    at, height = np.asarray(energy, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    half = at[int((height >= 0.5).argmax())]
    grid = np.arange(half - 20.0, min(half + 45.0, at[-1]) + STEP / 2, STEP)
    shown = np.interp(grid, at, height, left=min(float(height[0]), 0.05))
    return float(area_edge(grid, shown[None], reach)[0])


def spectrum_features(
    grid: NDArray[np.float64], mu: NDArray[np.float64], *, aligned: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Describe spectra.

    ``grid`` (n_grid,) in eV; ``mu`` (n, n_grid); ``values`` (n, n_features); ``position`` (n, n_features).
    """
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
