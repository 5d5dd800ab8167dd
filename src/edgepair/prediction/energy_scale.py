"""Telling from a spectrum's shape where its edge should lie, and so how far its energies are off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.models.conformal import group_weights
from edgepair.models.edge_features import aligned_view, area_edge
from edgepair.models.source_kernel import KernelRows, KernelSettings, SourceKernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.prediction.xanes_rows import XanesRows

SCALE_SETTINGS = KernelSettings(length=4.0, across_absorbers=0.5, source_bias=0.3)
SCALE_NOISE = 0.05
SCALE_SIMULATED_NOISE = 2.0
"""Of the machine that tells from the shape where an edge should lie."""

BEAMLINE_ERROR = 2.0
"""eV; usual error of the energy scales of beamlines before a foil is looked at, as it is told to users
(`edgepair.measured.calibration.TYPICAL_ERROR`)."""

OFF_SCALE = 4.0
"""eV; a scale that is off by more than this is off for a reason of its own (a monochromator not
calibrated at all), and is corrected in full."""

REPEATED_NOISE = 0.5
"""What each further spectrum of one compound adds to its rows' variance, as a part of it."""

SIMULATED_WEIGHT = 0.1
"""Weight of a simulated row in the mean that the machine falls back to."""


class EnergyScale:
    """What calibrated standards teach about where edges lie.

    Parameters
    ----------
    grid : numpy.ndarray
        Shape (n_grid,), eV from the tabulated edge.
    rows : XanesRows
        Those whose energy scale is known are learnt from.

    Attributes
    ----------
    machine : SourceKernel
        Tells from the shape where an edge should lie.
    error : float
        Its error on left-out compounds, eV.
    rows : XanesRows
        The rows, those of unknown scale moved to where their shape asks for.
    moved : numpy.ndarray
        Shape (n_rows,), eV: by how much; 0 where the scale is known.
    """

    def __init__(self, grid: NDArray[np.float64], rows: XanesRows) -> None:
        self.grid = grid
        self.machine, told, self.error = _fit_scale(grid, rows)
        self.moved = np.zeros(len(told))
        unknown = ~rows.shift_known
        asked = told[unknown] - area_edge(grid, rows.mu[unknown])
        self.moved[unknown] = weighed_shift(asked, self.error)
        self.rows = _move(rows, grid, unknown, self.moved[unknown])

    @classmethod
    def restore(
        cls,
        grid: NDArray[np.float64],
        rows: XanesRows,
        *,
        moved: NDArray[np.float64],
        error: float,
        weights: NDArray[np.float64],
    ) -> EnergyScale:
        """Make a fitted scale of what it was saved as.

        Parameters
        ----------
        grid : numpy.ndarray
            Shape (n_grid,), eV from the tabulated edge.
        rows : XanesRows
            As moved.
        moved : numpy.ndarray
            Shape (n_rows,), eV.
        error : float
            Its error on left-out compounds, eV.
        weights : numpy.ndarray
            Those of the machine.

        Returns
        -------
        EnergyScale
            With the same answers.
        """
        scale = cls.__new__(cls)
        scale.grid, scale.rows, scale.moved, scale.error = grid, rows, moved, error
        # rows of known scale have not been moved, and the machine learns from no others
        scale.machine = _scale_machine(grid, rows, weights)
        return scale

    def asked_shift(self, mu: NDArray[np.float64], absorber: str) -> NDArray[np.float64]:
        """Tell what shapes ask to be added to energies, whatever beamlines are usually wrong by.

        Parameters
        ----------
        mu : numpy.ndarray
            Shape (n, n_grid), by energies as measured.
        absorber : str
            Chemical symbol.

        Returns
        -------
        numpy.ndarray
            Shape (n,), eV; each wrong by `error`.
        """
        edge = area_edge(self.grid, mu)
        asked: NDArray[np.float64] = (
            self.machine.mean(aligned_view(self.grid, mu, edge), absorber)[:, 0] - edge
        )
        return asked


def kernel_rows(
    rows: XanesRows,
    features: NDArray[np.float64],
    measured: float,
    simulated: float,
    unknown: float,
) -> KernelRows:
    """Weigh rows for a kernel machine.

    Parameters
    ----------
    rows : XanesRows
        Standards and simulations.
    features : numpy.ndarray
        Shape (n, n_features).
    measured, simulated, unknown : float
        Variances of a standard, of a simulated row, and what an unknown energy scale adds.

    Returns
    -------
    KernelRows
        Repeats of one compound share its vote.
    """
    alike = 1.0 / group_weights(np.where(rows.simulated, "", rows.group))
    noise = measured * (1.0 + REPEATED_NOISE * (alike - 1.0)) + unknown * ~rows.shift_known
    return KernelRows(
        features,
        rows.absorber,
        rows.other_source,
        np.where(rows.simulated, simulated, noise),
        np.where(rows.simulated, SIMULATED_WEIGHT, 1.0 / alike),
        rows.group,
    )


def weighed_shift(asked: NDArray[np.float64], error: float) -> NDArray[np.float64]:
    r"""Weigh what shapes ask for against what is usual.

    .. math:: w = \frac{\sigma_b^2}{\sigma_b^2 + \sigma_s^2}, \qquad
              \delta = w\,a \quad (|a| \le 4\ \mathrm{eV}), \quad
              \delta = a - (1 - w)\,4\ \mathrm{eV}\,\mathrm{sgn}\,a \quad \text{beyond}

    Parameters
    ----------
    asked : numpy.ndarray
        Shape (n,), eV: *a* above.
    error : float
        Error of what shapes ask for, eV: *σ_s* above.

    Returns
    -------
    numpy.ndarray
        Shape (n,), eV: continuous; what goes beyond `OFF_SCALE` is corrected in full.
    """
    weight = BEAMLINE_ERROR**2 / (BEAMLINE_ERROR**2 + error**2)
    usual = np.clip(asked, -OFF_SCALE, OFF_SCALE)
    shift: NDArray[np.float64] = weight * usual + (asked - usual)
    return shift


def _scale_machine(
    grid: NDArray[np.float64], rows: XanesRows, weights: NDArray[np.float64] | None = None
) -> SourceKernel:
    """Make the machine over rows of known energy scale; its target is where their edges lie."""
    known = rows.shift_known
    edge = area_edge(grid, rows.mu)
    simulated = SCALE_NOISE if rows.few_measured else SCALE_SIMULATED_NOISE
    kernel = kernel_rows(rows, aligned_view(grid, rows.mu, edge), SCALE_NOISE, simulated, 0.0)
    return SourceKernel(kernel.take(known), edge[known, None], SCALE_SETTINGS, weights=weights)


def _fit_scale(grid: NDArray[np.float64], rows: XanesRows) -> tuple[SourceKernel, NDArray[np.float64], float]:
    """Learn where edges lie from shapes; what left-out compounds were told, and its error."""
    machine = _scale_machine(grid, rows)
    known = rows.shift_known
    edge = area_edge(grid, rows.mu)
    told = np.full(len(edge), np.nan)
    told[known] = machine.left_out()[0][:, 0]
    votes = known & rows.votes
    miss = told[votes] - edge[votes]
    # nothing to judge by: as wrong as a beamline may be
    error = BEAMLINE_ERROR
    if len(miss):
        error = float(np.sqrt(np.average(miss**2, weights=group_weights(rows.group[votes]))))
    for symbol in np.unique(rows.absorber[~known]):
        mine = ~known & (rows.absorber == symbol)
        view = aligned_view(grid, rows.mu[mine], edge[mine])
        told[mine] = machine.mean(view, str(symbol))[:, 0]
    return machine, told, error


def _move(
    rows: XanesRows, grid: NDArray[np.float64], which: NDArray[np.bool_], shift: NDArray[np.float64]
) -> XanesRows:
    mu = rows.mu.copy()
    for number, by in zip(np.flatnonzero(which), shift, strict=True):
        mu[number] = np.interp(grid, grid + by, rows.mu[number])
    return replace(rows, mu=mu)
