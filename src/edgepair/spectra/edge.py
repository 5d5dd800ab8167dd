"""Finding absorption edges in a measured spectrum: the one meant, and others that follow it."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike

from edgepair.conventions import DataError
from edgepair.conventions.tasks import Floats
from edgepair.spectra.smoothing import (
    fit_polynomial,
    parabola_vertex,
    point_noise,
    smooth_with_slope,
    without_spikes,
)

SMOOTHING = 0.75
"""eV; standard deviation of the Gaussian under which the steepest slope is looked for: a good
monochromator's resolution, so that noise between fine steps does not pass for an edge."""

NEAR = (-30.0, 50.0)
"""eV around the tabulated edge in which an element's E0 is looked for: oxides lie up to 20 eV
above it, and monochromators are seldom wrong by more than 30 eV."""

DIP = 0.04
"""Of the edge step: a fall larger than this ends a rise."""

_GRID = 1.0  # eV, of the search for steps
_HALF_WINDOW = 12  # grid points between the two medians whose difference is a step
_WAVE = 2.2
"""Largest relative slope of EXAFS times the distance to E0, without unit: amplitudes of a tenth
at wavelengths that grow with the distance. What rises faster is another edge."""

_MOST_FOUND = 4096
_found: dict[tuple[bytes, float | None], float] = {}
"""Edges of the spectra last looked at, by their content."""


def find_e0(energy: ArrayLike, mu: ArrayLike, *, near: float | None = None) -> float:
    """Find the edge: where the main rise of a spectrum is steepest.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,).
    near : float, optional
        Tabulated energy of the absorber's edge, eV, where it is known: other elements' edges are
        then not taken for it.

    Returns
    -------
    float
        Energy of the steepest rise, eV.

    Raises
    ------
    DataError
        Fewer than 10 points, nothing rises, or nothing near the tabulated edge.

    Notes
    -----
    The main rise is the one that takes the spectrum past half of its step for good: the pre-edge
    peaks of chromates, vanadates and titanates may be steeper, but fall back. Single points that
    stick out have no say. Without ``near`` the largest step counts among those measured in fine
    steps, as a scan has them around the edge it is made for.
    """
    x, y = checked_spectrum(energy, mu)
    # a spectrum is read, looked at as a foil and normalised, each by the same edge
    key = hashlib.blake2b(x.tobytes() + y.tobytes()).digest(), near
    found = _found.get(key)
    if found is None:
        found = _steepest(x, y, near)
        if len(_found) >= _MOST_FOUND:
            _found.clear()
        _found[key] = found
    return found


def _steepest(x: Floats, y: Floats, near: float | None) -> float:
    y = without_spikes(y)
    centre = _centre(x, y, near)
    grid = np.arange(max(x[0], centre - 150), min(x[-1], centre + 100), 0.25)
    even = np.interp(grid, x, y)
    smooth, slope = smooth_with_slope(even, SMOOTHING / 0.25)
    height, level = _half_level(grid, smooth, centre)
    slope = slope + np.median(np.diff(height) - np.diff(smooth))  # of the height, without background
    rise = height - level
    inside = np.flatnonzero((np.abs(grid - centre) <= 30) & (grid < grid[-1]))
    up = [i for i in inside if rise[i] < 0 <= rise[i + 1]] if len(inside) else []
    if up and level > 0:
        first, last = _rise_around(height, int(up[-1]), DIP * 2 * level)
    else:
        first, last = int(inside[0]), int(inside[-1])
    best = first + int(slope[first : last + 1].argmax())
    if slope[best] <= 1e-9 * np.ptp(y):
        raise _no_edge(x, near)
    return float(grid[best] + 0.25 * parabola_vertex(slope, best))


def other_edges(energy: ArrayLike, mu: ArrayLike, *, e0: float, edge_step: float) -> tuple[float, ...]:
    """Find edges of other elements in the same scan; energies and ``e0`` in eV."""
    from scipy.ndimage import median_filter

    x, y = checked_spectrum(energy, mu)
    grid = np.arange(x[0], x[-1], _GRID)
    if len(grid) < 40 or edge_step <= 0:
        return ()
    # What is narrower than 6 eV is a glitch; steps keep their place and slope.
    even = median_filter(np.interp(grid, x, without_spikes(y)) / edge_step, size=13, mode="nearest")
    distance = grid - e0
    smooth, slope = smooth_with_slope(even, 2.0)
    # Over 120 eV waves cancel and an edge is too narrow to count: what is left is the background's.
    trend = median_filter(slope, size=121, mode="nearest")
    excess = slope - trend
    away = np.abs(x - e0) > 40
    noise = point_noise(x[away], y[away] / edge_step)
    noise = 0.0 if np.isnan(noise) else noise
    # What noise of points so far apart makes of a slope under a Gaussian of 2 eV.
    spacing = np.interp(grid, x, np.gradient(x))
    limit = np.where(distance > 0, _WAVE / np.maximum(distance, 1.0), 0.01)
    limit = limit + 6 * noise * np.sqrt(spacing / (4 * np.sqrt(np.pi) * 2.0**3))
    least = max(0.05, 4 * noise)
    found: list[tuple[float, float]] = []
    for i in np.flatnonzero(((distance < -40) | (distance > 60)) & (excess > limit)):
        if not 18 <= i < len(grid) - 15 or excess[i] < excess[i - 8 : i + 9].max():
            continue
        # Each edge found has EXAFS of its own.
        if excess[i] < limit[i] + sum(height * _WAVE / (grid[i] - at) for at, height in found):
            continue
        before = slice(max(0, i - 40), i - 8)
        level = float(np.median(smooth[before] - trend[i] * (grid[before] - grid[i])))
        rise = smooth - level - trend[i] * (grid - grid[i])
        # A wave comes down again; an edge stays up, as far as the scan goes.
        later = [rise[i + first : i + last] for first, last in ((6, 25), (25, 50), (50, 80))]
        if all(np.median(part) > least for part in later if len(part) > 8):
            found.append((float(grid[i]), float(np.median(later[0]))))
    return tuple(at for at, _ in found)


def checked_spectrum(
    energy: ArrayLike, mu: ArrayLike, *, fewest: int = 10, problem: str = "cannot use a spectrum"
) -> tuple[Floats, Floats]:
    """Make sure that two arrays are one spectrum; returns (n_energy,)."""
    x = np.asarray(energy, dtype=np.float64)
    y = np.asarray(mu, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < fewest:
        raise DataError(
            problem,
            found=f"{x.shape} energies and {y.shape} values",
            needed=f"two one-dimensional arrays of one length, at least {fewest}",
            suggestion="pass one spectrum at a time, with its whole edge",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (np.diff(x) > 0).all()):
        raise DataError(
            problem,
            found="energies that do not increase, or values that are not finite",
            needed="finite values at increasing energies",
            suggestion="sort by energy and drop repeated or missing points",
        )
    return x, y


def _centre(x: Floats, y: Floats, near: float | None) -> float:
    """Find roughly, to about 10 eV, where the edge is."""
    from scipy.ndimage import median_filter

    grid = np.arange(x[0], x[-1], _GRID)
    if len(grid) < 8:
        raise _no_edge(x, near)
    size = min(21, len(grid) // 8 * 2 + 1)
    level = median_filter(np.interp(grid, x, y), size=size, mode="nearest")
    reach = min(_HALF_WINDOW, len(grid) // 4)
    index = np.arange(len(grid))
    step = level[np.minimum(index + reach, len(grid) - 1)] - level[np.maximum(index - reach, 0)]
    spacing = np.interp(grid, x, np.gradient(x))
    if near is not None:
        inside = (grid >= near + NEAR[0]) & (grid <= near + NEAR[1])
        background = (grid > near - 150) & (grid < near + NEAR[0])
        if background.sum() > 40:
            # A weak edge on a steep background: what counts is the rise above that background.
            step = step - 2 * reach * _GRID * fit_polynomial(grid[background], level[background], 1)[0]
        if inside.sum() < 8 or step[inside].max() <= 0:
            raise _no_edge(x, near)
        return float(grid[np.where(inside, step, -np.inf).argmax()])
    if len(grid) > 300:
        # A sloping background rises or falls everywhere: not a step.
        step = step - np.median(step)
    usable = spacing < 6
    if not usable.any() or step[usable].max() <= 0:
        raise _no_edge(x, near)
    fine = usable & (spacing <= 4 * np.percentile(spacing, 2))
    if not fine.any() or step[fine].max() < 0.05 * step[usable].max():
        fine = usable
    return float(grid[np.where(fine, step, -np.inf).argmax()])


def _half_level(grid: Floats, smooth: Floats, centre: float) -> tuple[Floats, float]:
    """Take the background off; return what is left and half of its step."""
    before = grid < centre - 25
    if before.sum() > 80:
        line = fit_polynomial(grid[before] - centre, smooth[before], 1)
        height = smooth - np.polyval(line, grid - centre)
    else:
        height = smooth - smooth[: max(1, int((grid < centre).sum()))].min()
    after = height[(grid > centre + 10) & (grid < centre + 60)]
    if len(after) < 8:
        after = height[-max(8, len(height) // 8) :]
    return height, 0.5 * float(np.median(after))


def _rise_around(height: Floats, start: int, fall: float) -> tuple[int, int]:
    """Follow a rise down and up from a point of it, over dips no deeper than ``fall``."""
    first = start
    for i in range(start, -1, -1):
        if height[i] < height[first]:
            first = i
        elif height[i] > height[first] + fall:
            break
    last = start
    for i in range(start, len(height)):
        if height[i] > height[last]:
            last = i
        elif height[i] < height[last] - fall:
            break
    return first, last


def _no_edge(x: Floats, near: float | None) -> DataError:
    where = "" if near is None else f" near {near:.0f} eV"
    return DataError(
        f"cannot find an absorption edge{where}",
        found=f"{len(x)} points from {x[0]:.1f} to {x[-1]:.1f} eV without a rise that could be it",
        needed="a rise of the absorption with points less than 6 eV apart",
        suggestion="check which columns are energy and absorption, the unit of energy, the sign of mu "
        "and the absorber",
    )


def resample_mu(energy: ArrayLike, mu: ArrayLike, *, grid: ArrayLike, hold: float = 0.0) -> Floats:
    """Interpolate one spectrum onto a grid of energies.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,).
    grid : array_like
        Shape (n_grid,), eV, increasing.
    hold : float, optional
        How far beyond its ends, eV, the spectrum may be continued by its end values.

    Returns
    -------
    numpy.ndarray
        Shape (n_grid,): shape-preserving cubic interpolation (no overshoot between points).

    Raises
    ------
    DataError
        The spectrum is not finite or increasing in energy, or ends too far inside the grid.

    Examples
    --------
    >>> resample_mu([0, 1, 2], [0, 1, 1], grid=[0.0, 1.0, 2.5], hold=1).round(3).tolist()
    [0.0, 1.0, 1.0]
    """
    from scipy.interpolate import PchipInterpolator

    x, y = checked_spectrum(energy, mu, fewest=2, problem="cannot resample a spectrum")
    target = np.asarray(grid, dtype=np.float64)
    if x[0] - target[0] > hold or target[-1] - x[-1] > hold:
        raise DataError(
            "cannot resample a spectrum",
            found=f"energies {x[0]:.2f} to {x[-1]:.2f} eV",
            needed=f"{target[0]:.2f} to {target[-1]:.2f} eV, within {hold:g} eV",
            suggestion="leave this spectrum out, or choose a shorter grid",
        )
    # slopes too small to have a reciprocal are as good as zero, and are taken as zero
    with np.errstate(over="ignore"):
        result: Floats = PchipInterpolator(x, y)(np.clip(target, x[0], x[-1]))
    return result
