r"""Features in which measured and simulated spectra are compared.

Two views of one spectrum on a grid: *absolute*, where energies count from the tabulated edge
(points, slopes, and the numbers of `xanes_features`), and *aligned*, where they count from the
spectrum's own edge, so that a wrong energy scale does not matter. The own edge is where a step of
the spectrum's height would have the same area [1]_:

.. math:: E_A = E_1 - \frac{1}{h} \int_{E_0}^{E_1} \mu\,\mathrm{d}E, \qquad
          h = \langle \mu \rangle_{E_1 - 12}^{E_1}, \quad E_1 = E_A + 22\ \mathrm{eV}

.. [1] Capehart, Herbst, Mishra and Pinkerton, Phys. Rev. B 52, 7907 (1995)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.models.xanes_features import edge_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 0.25
"""eV; step of the grid that both views start from."""

SLOPE_WEIGHT = 3.0
NUMBER_WEIGHT = 0.2
ALIGNED_WEIGHT = 0.5
"""Weights of slopes (eV⁻¹), of standardised numbers and of the aligned view beside points on the
absolute scale, in distances; docs/decisions/0007."""

AREA_REACH = 22.0
AREA_END = 12.0
ALIGNED = np.arange(-12.0, 18.01, 0.5)
"""eV from the spectrum's own edge; where the aligned view looks."""


def area_edge(grid: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find where a step of the same area would lie.

    Parameters
    ----------
    grid : numpy.ndarray
        Shape (n_grid,), eV, evenly spaced.
    mu : numpy.ndarray
        Shape (n, n_grid), edge-step normalised.

    Returns
    -------
    numpy.ndarray
        Shape (n,), eV.
    """
    step = grid[1] - grid[0]
    running = np.concatenate([np.zeros((len(mu), 1)), np.cumsum(mu, axis=1) * step], axis=1)
    edge = np.full(len(mu), grid[0] + 16.0)
    rows = np.arange(len(mu))
    back = max(1, round(AREA_END / step))
    for _ in range(40):
        end = np.clip(np.rint((edge + AREA_REACH - grid[0]) / step).astype(int), back, len(grid) - 1)
        height = (running[rows, end + 1] - running[rows, end + 1 - back]) / (back * step)
        found = grid[end] - running[rows, end + 1] / np.maximum(height, 0.05)
        moving = np.abs(found - edge) >= step / 20
        if not moving.any():
            break
        # half steps: the end moves with the edge, in whole points; a row that has arrived stays, so
        # that its edge does not depend on the rows beside it
        edge = np.where(moving, (edge + found) / 2, edge)
    return edge


def absolute_view(grid: NDArray[np.float64], mu: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Describe spectra on the tabulated energy scale.

    Parameters
    ----------
    grid : numpy.ndarray
        Shape (n_grid,), eV from the tabulated edge, evenly spaced by `STEP`.
    mu : numpy.ndarray
        Shape (n, n_grid).

    Returns
    -------
    curve : numpy.ndarray
        Shape (n, n_points + n_points): points and weighted slopes, every second of the grid.
    numbers : numpy.ndarray
        Shape (n, 33): the numbers of the edge, not scaled yet.
    position : numpy.ndarray
        Shape (n_points,): where the points lie, eV.
    """
    kept = slice(0, None, 2)
    points = mu[:, kept]
    slopes = np.gradient(points, grid[kept], axis=1) * SLOPE_WEIGHT
    return np.concatenate([points, slopes], axis=1), edge_shape(grid, mu).values, grid[kept]


def aligned_view(
    grid: NDArray[np.float64], mu: NDArray[np.float64], edge: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Describe spectra about their own edges.

    Parameters
    ----------
    grid : numpy.ndarray
        Shape (n_grid,), eV.
    mu : numpy.ndarray
        Shape (n, n_grid).
    edge : numpy.ndarray
        Shape (n,): from `area_edge`.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2 · 61): points and weighted slopes.
    """
    points = np.array([np.interp(at + ALIGNED, grid, row) for at, row in zip(edge, mu, strict=True)])
    slopes = np.gradient(points, ALIGNED, axis=1) * SLOPE_WEIGHT
    return np.concatenate([points, slopes], axis=1)
