"""Laying one spectrum on another along the energy axis, and reading the scale off a metal foil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, edge_energy
from edgepair.spectra.edge import checked_spectrum, find_e0
from edgepair.spectra.metal_shape import HIGHEST, METALS, SURELY, metal_distance
from edgepair.spectra.normalization import NormalizedSpectrum, normalize_mu
from edgepair.spectra.smoothing import parabola_vertex, smooth_with_slope, without_spikes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FOIL_WINDOW = 40.0
"""eV on either side of the tabulated edge within which a foil's edge is looked for."""

FIRST_PEAK = 0.35
"""Of the highest derivative: what the first inflection of a metal must reach to be told from noise
and from the foot of the edge; the lowest among the eight metals is near one half."""

METAL_AT_FOIL = (0.12, 0.75)
"""Edge steps at the first inflection of a 3d metal; before an oxide's pre-edge peak it is less."""

NEAR_SHIFT = 1.5
"""eV; nearer to the tabulated edge a reference is taken for the foil that belongs there even if its
rise is distorted, as by light that the sample scattered into its detector."""

FAR_SHIFT = 3.0
"""eV; a reference that does not look like a metal and is further off than this is not used."""


@dataclass(frozen=True)
class FoilReading:
    """What a metal foil says about the energy scale.

    ``energy`` in eV.
    """

    energy: float
    shift: float
    warnings: tuple[str, ...] = ()


_STEP = 0.1  # eV, of derivatives
_BLUR = 0.6  # eV, standard deviation under which a foil's derivative is looked at
_WINDOWS = ((-20.0, 45.0), (-15.0, 20.0))  # eV around E0; the first gives the answer


def best_shift(
    energy: ArrayLike,
    mu: ArrayLike,
    reference_energy: ArrayLike,
    reference_mu: ArrayLike,
    *,
    limit: float = 10.0,
) -> tuple[float, float]:
    r"""Find the energy shift that lays a spectrum on a reference.

    The reference is fitted by :math:`a + bE + c\,\mu(E - s) + d\,\mu''(E - s)` over the edge region:
    scale, offset and slope are free, so that neither needs to be normalised, and the last term
    takes up a difference in resolution.

    ``energy`` (n_energy,) in eV; ``mu`` (n_energy,); ``reference_energy`` (n_reference,) in eV;
    ``reference_mu`` (n_reference,); ``limit``, ``shift``, ``error`` in eV.
    """
    x, y = checked_spectrum(energy, mu)
    target_x, target_y = checked_spectrum(reference_energy, reference_mu)
    y, target_y = without_spikes(y), without_spikes(target_y)
    e0 = find_e0(target_x, target_y)
    answers = [_fit_shift(x, y, target_x, target_y, e0, window, limit) for window in _WINDOWS]
    if answers[0] is None:
        raise DataError(
            "cannot align two spectra",
            found=f"{x[0]:.1f} to {x[-1]:.1f} eV against {target_x[0]:.1f} to {target_x[-1]:.1f} eV, "
            f"and no shift within {limit:g} eV that lays one edge on the other",
            needed="the same edge in both, with at least 12 points within 20 eV of it",
            suggestion="check that both are of one element, and their units of energy",
        )
    shift, error = answers[0]
    if answers[1] is not None:
        error = float(np.hypot(error, 0.5 * (answers[1][0] - shift)))
    return shift, error


def foil_energy(energy: ArrayLike, mu: ArrayLike, absorber: str) -> float:
    """Find the first inflection point of a metal foil: where its energy scale is read.

    ``energy`` (n_energy,) in eV; ``mu`` (n_energy,); returns in eV.

    Notes
    -----
    Its difference to `edgepair.conventions.edge_energy` is what the monochromator is wrong by.
    """
    x, y = checked_spectrum(energy, mu)
    tabulated = edge_energy(absorber)
    grid = np.arange(max(x[0], tabulated - FOIL_WINDOW), min(x[-1], tabulated + FOIL_WINDOW), _STEP)
    if len(grid) * _STEP < 15:
        raise _no_foil(x, absorber, tabulated)
    smooth, slope = smooth_with_slope(np.interp(grid, x, without_spikes(y)), _BLUR / _STEP)
    slope = slope - np.median(slope[: max(5, len(slope) // 8)])
    far = len(grid) - max(5, len(grid) // 8)
    if slope.max() <= 0 or np.median(smooth[far:]) <= np.median(smooth[: len(grid) - far]):
        raise _no_foil(x, absorber, tabulated)
    peak = slope[1:-1]
    maxima = np.flatnonzero((peak >= slope[:-2]) & (peak > slope[2:])) + 1
    high = maxima[slope[maxima] >= FIRST_PEAK * slope[maxima].max()] if len(maxima) else maxima
    if not len(high):
        raise _no_foil(x, absorber, tabulated)
    first = int(high[0])
    return float(grid[first] + _STEP * parabola_vertex(slope, first))


def read_foil(energy: ArrayLike, mu: ArrayLike, absorber: str) -> FoilReading:
    """Read the error of the energy scale off a metal foil.

    ``energy`` (n_energy,) in eV; ``mu`` (n_energy,).
    """
    at = foil_energy(energy, mu, absorber)
    tabulated = edge_energy(absorber)
    shift = tabulated - at
    try:
        spectrum = normalize_mu(energy, mu, near=tabulated)
    except DataError:
        return FoilReading(at, shift, ("the foil's spectrum could not be normalised",))
    height = float(np.interp(at, spectrum.energy, spectrum.mu))
    inside = (spectrum.energy > at) & (spectrum.energy < at + FOIL_WINDOW)
    top = float(spectrum.mu[inside].max()) if inside.any() else 1.0
    doubts = []
    if not METAL_AT_FOIL[0] <= height <= METAL_AT_FOIL[1]:
        doubts.append(f"its first inflection lies at {height:.2f} of the edge step, a metal's at 0.15 to 0.3")
    if top > HIGHEST:
        doubts.append(f"it has a white line of {top:.2f} edge steps, metals have none")
    if not doubts and absorber in METALS and abs(shift) > NEAR_SHIFT:
        apart, why = metal_distance(spectrum.energy, spectrum.mu, at)
        if apart > 1.0:
            doubts.append(f"it has {why}")
    if doubts and abs(shift) > FAR_SHIFT:
        raise DataError(
            f"cannot calibrate energies by a {absorber} foil",
            found=f"an edge {-shift:+.1f} eV from the tabulated one that is not a metal's: "
            + "; ".join(doubts),
            needed=f"the spectrum of a {absorber} metal foil",
            suggestion="give the shift yourself, or another foil",
        )
    return FoilReading(at, shift, tuple(f"the reference may be no metal foil: {text}" for text in doubts))


def is_metal(spectrum: NormalizedSpectrum, absorber: str) -> bool:
    """Tell whether a spectrum is surely that of the metal itself, and of no compound."""
    if absorber not in METALS:
        return False
    try:
        at = foil_energy(spectrum.energy, spectrum.mu, absorber)
    except DataError:
        return False
    return metal_distance(spectrum.energy, spectrum.mu, at)[0] <= SURELY


def _fit_shift(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    target_x: NDArray[np.float64],
    target_y: NDArray[np.float64],
    e0: float,
    window: tuple[float, float],
    limit: float,
) -> tuple[float, float] | None:
    """Find the shift and its error in one window; None where there is none."""
    from scipy.interpolate import CubicSpline
    from scipy.optimize import minimize_scalar

    inside = (target_x >= e0 + window[0]) & (target_x <= e0 + window[1])
    at, wanted = target_x[inside], target_y[inside]
    grid = np.arange(x[0], x[-1], _STEP)
    if len(at) < 12 or len(grid) < 50:
        return None
    even = np.interp(grid, x, y)
    # Unsmoothed, noise would draw the answer to shifts that put points between points.
    curve = CubicSpline(grid, smooth_with_slope(even, _BLUR / _STEP)[0])
    broad, _ = smooth_with_slope(even, 1.5 / _STEP)
    bend = CubicSpline(grid, np.gradient(np.gradient(broad, grid), grid))

    def residual(shift: float) -> tuple[float, float, int]:
        moved = at - shift
        kept = (moved >= x[0]) & (moved <= x[-1])
        if kept.sum() < max(12, 0.6 * len(at)):
            return np.inf, 0.0, 0
        columns = np.stack([np.ones(kept.sum()), at[kept] - e0, curve(moved[kept]), bend(moved[kept])], 1)
        scales = np.abs(columns).max(axis=0)
        scales[scales == 0] = 1.0
        answer, *_ = np.linalg.lstsq(columns / scales, wanted[kept], rcond=None)
        left = wanted[kept] - (columns / scales) @ answer
        return float(np.mean(left**2)), float(answer[2] / scales[2]), int(kept.sum())

    trials = np.arange(-limit, limit + 0.125, 0.25)
    tried = [residual(float(shift)) for shift in trials]
    worth = np.array([error if scale > 0 else np.inf for error, scale, _ in tried])
    best = int(worth.argmin())
    if not np.isfinite(worth[best]) or best in (0, len(trials) - 1):
        return None
    found = minimize_scalar(
        lambda shift: residual(float(shift))[0],
        bounds=(float(trials[best - 1]), float(trials[best + 1])),
        method="bounded",
        options={"xatol": 1e-4},
    )
    shift = float(found.x)
    least, _, count = residual(shift)
    if least > 0.5 * float(np.var(wanted)):
        return None
    delta = 0.1
    curvature = (residual(shift - delta)[0] - 2 * least + residual(shift + delta)[0]) / delta**2
    # Points of the finer scan between those of the coarser one say nothing new.
    own = int(((x >= e0 + window[0] - shift) & (x <= e0 + window[1] - shift)).sum())
    independent = max(min(count, own) - 5, 1)
    error = np.sqrt(2 * least / independent / curvature) if curvature > 0 else limit
    return shift, float(error)


def _no_foil(x: NDArray[np.float64], absorber: str, tabulated: float) -> DataError:
    return DataError(
        f"cannot find the {absorber} K edge of a metal foil",
        found=f"{len(x)} points from {x[0]:.1f} to {x[-1]:.1f} eV without a rise near {tabulated:.0f} eV",
        needed=f"a scan across {tabulated:.0f} eV, at least 15 eV of it",
        suggestion="name the foil's element, or check which column is the reference",
    )
