"""Landmarks of normalised spectra: where the edge rises, its foot, the white line, what follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats

STEP = 0.25
"""eV; step of the grid on which spectra are looked at."""

SMOOTHING = 0.5
"""eV; standard deviation of the Gaussian that every number is read under: below what core holes
and monochromators blur the K edges of 3d metals by, above the step of good scans."""

HALF = 0.5
"""Edge steps; the height that tells before from after."""

STAYS = 12.0
"""eV that a spectrum must stay above half of its step, for the crossing to be the main rise: longer
than any pre-edge peak, shorter than any scan that is of use."""

AFTER = 5.0
"""eV that a range must reach beyond the main rise, so that what rises is known to be the edge."""

LEVELS = np.arange(0.40, 0.801, 0.05)
"""Edge steps; heights over which the energy of the rise is averaged. Above the dip that follows the
pre-edge peaks of tetrahedral d0 ions, below the top of metals."""

BEFORE = 18.0
"""eV before the main rise where the pre-edge is looked at: 1s-3d lines lie 8 to 15 eV below it, in
chromates furthest."""

CREST = 32.0
"""eV after the main rise within which the white line is looked for; that of chromates lies 29 eV up."""

NARROWEST = 4.0
"""eV behind its top that a white line may reach at least; its rise may be steeper than its fall."""

WIDEST = 20.0
"""eV that a white line may reach from where it begins, unless its top lies further: those of d0 ions, which
broad humps of about its height follow, would have no end otherwise."""

TROUGH = 42.0
"""eV after the main rise within which the trough is looked for; a range must reach so far."""

FOOT = 0.15
"""Edge steps; where the edge starts if no pre-edge peak tells it."""

LANDED = 0.35
"""Edge steps; highest background under a bump that counts as a pre-edge peak. What lies higher is a
shoulder of the edge, as of Cu(II) and of metals."""

LEAST_PEAK = 0.005
"""Edge steps; least height of a pre-edge peak above its background: a quarter of the weakest ones, of
octahedral Fe(II) and Mn(II), and as much as ripples of a background reach."""

CLEAR_PEAK = 0.03
"""Edge steps; height of a pre-edge peak that tells where the edge starts."""

NOISE_FACTOR = 4.0
"""A pre-edge peak must be this many times as high as what smoothing takes away, in the median: above
its lower envelope, noise of one standard deviation stands up to five times as high as it leaves. More
where points are further apart than `STEP`, in proportion: smoothing then takes less of their noise."""

_CHUNK = 1000  # spectra taken at a time, which bounds memory


@dataclass(frozen=True)
class EdgeLandmarks:
    """Where things are in spectra, (n,), eV of places; NaN where a range or a curve does not show it."""

    edge: Floats
    slope: Floats
    start: Floats
    pre_area: Floats
    pre_centroid: Floats
    rise_end: Floats
    crest: Floats
    height: Floats
    crest_end: Floats
    trough: Floats
    depth: Floats


def find_landmarks(energy: Floats, mu: Floats) -> EdgeLandmarks:
    """Find the landmarks of spectra; ``energy`` (n_energy,) in eV; ``mu`` (n, n_energy)."""
    parts = [_find(energy, mu[at : at + _CHUNK]) for at in range(0, max(len(mu), 1), _CHUNK)]
    names = EdgeLandmarks.__dataclass_fields__
    return EdgeLandmarks(**{name: np.concatenate([part[name] for part in parts]) for name in names})


def _find(energy: Floats, mu: Floats) -> dict[str, Floats]:
    from scipy.ndimage import gaussian_filter1d

    known = np.asarray(np.isfinite(mu).all(axis=1))
    grid = np.arange(energy[0], energy[-1] + 1e-9, STEP)
    even = np.array([np.interp(grid, energy, row) for row in np.where(known[:, None], mu, 0.0)])
    even = even.reshape(len(mu), len(grid))
    smooth = gaussian_filter1d(even, SMOOTHING / STEP, axis=1, mode="nearest")
    half = _main_rise(smooth)
    known &= half >= 0
    # From here on every spectrum counts from its own main rise, so that windows are plain slices.
    first, last = -round(BEFORE / STEP), round(TROUGH / STEP) + 1
    place = np.clip(half, 0, None)[:, None] + np.arange(first, last + 1)
    inside = (place >= 0) & (place < len(grid)) & known[:, None]
    place = np.clip(place, 0, len(grid) - 1)
    own = np.where(inside, np.take_along_axis(smooth, place, axis=1), np.nan)
    zero = -first
    fore = slice(0, zero + 2)
    rough = np.where(inside[:, fore], np.take_along_axis(even - smooth, place[:, fore], axis=1), np.nan)
    base = np.where(known, grid[np.clip(half, 0, None)] - zero * STEP, np.nan)

    coarse = np.maximum(np.interp(base + BEFORE / 2, energy, np.gradient(energy)) / STEP, 1.0)
    start, pre_area, pre_centroid = _pre_edge(own[:, fore], NOISE_FACTOR * coarse * _typical(rough))
    after = slice(zero, zero + round(CREST / STEP) + 1)
    summit = zero + np.where(np.isnan(own[:, after]), -np.inf, own[:, after]).argmax(axis=1)
    crest, height = _extremum(own, summit, zero, zero + round(CREST / STEP))
    edge = np.mean([_last_crossing(own, summit, level) for level in LEVELS], axis=0)
    top = own[np.arange(len(own)), summit]
    rise_end = _first_reach(own, zero, np.fmin(1.0, (HALF + top) / 2))
    deepest = _deepest(own, crest, zero + round(TROUGH / STEP))
    trough, depth = _extremum(own, deepest, zero, zero + round(TROUGH / STEP))
    reached = np.isfinite(own[:, zero + round(TROUGH / STEP)])
    trough, depth = np.where(reached, trough, np.nan), np.where(reached, depth, np.nan)
    crest_end = _fall_end(own, crest, (height + own[np.arange(len(own)), deepest]) / 2)
    # Behind many a white line a shoulder or a hump stays above half way, and is none of it.
    crest_end = np.fmin(crest_end, crest + np.maximum(crest - rise_end, NARROWEST / STEP))
    crest_end = np.fmin(crest_end, np.maximum(rise_end + WIDEST / STEP, crest))
    slope = _steepest(own, zero, summit)
    found = {
        "edge": base + edge * STEP,
        "slope": slope / STEP,
        "start": base + start * STEP,
        "pre_area": pre_area * STEP,
        "pre_centroid": base + pre_centroid * STEP,
        "rise_end": base + rise_end * STEP,
        "crest": base + crest * STEP,
        "height": height,
        "crest_end": base + crest_end * STEP,
        "trough": base + trough * STEP,
        "depth": depth,
    }
    return {name: np.where(known, value, np.nan) for name, value in found.items()}


def _main_rise(smooth: Floats) -> NDArray[np.intp]:
    """Index of the last point below half a step before it is passed for good, as no pre-edge peak does."""
    n_rows, n = smooth.shape
    below = smooth < HALF
    index = np.arange(n)
    # the next point below half, from each point on; n where there is none
    upcoming = np.minimum.accumulate(np.where(below, index, n)[:, ::-1], axis=1)[:, ::-1]
    after = np.concatenate([upcoming[:, 1:], np.full((n_rows, 1), n)], axis=1)
    stay = after - index - 1
    long = (stay >= STAYS / STEP) | ((after == n) & (stay >= AFTER / STEP))
    rises = below & long
    return np.where(rises.any(axis=1), rises.argmax(axis=1), -1)


def _last_crossing(own: Floats, summit: NDArray[np.intp], level: float | Floats) -> Floats:
    """Where spectra pass a level for the last time before their highest point, grid points."""
    n = own.shape[1]
    heights = np.broadcast_to(np.asarray(level, dtype=np.float64), (len(own),))
    below = (own < heights[:, None]) & (np.arange(n) < summit[:, None])
    before = np.where(below.any(axis=1), n - 1 - below[:, ::-1].argmax(axis=1), -1)
    place = before + _part(own, before, heights)
    return np.where((before >= 0) & (own[np.arange(len(own)), summit] >= heights), place, np.nan)


def _first_reach(own: Floats, zero: int, level: Floats) -> Floats:
    """Where spectra first reach a level above half of their step, grid points."""
    reached = (own >= level[:, None]) & (np.arange(own.shape[1]) > zero)
    before = reached.argmax(axis=1) - 1
    return np.where(reached.any(axis=1), before + _part(own, before, level), np.nan)


def _part(own: Floats, before: NDArray[np.intp], heights: Floats) -> Floats:
    """How far after a point, between it and the next, a level lies; 0 to 1."""
    rows, last = np.arange(len(own)), own.shape[1] - 1
    here, following = own[rows, np.clip(before, 0, last)], own[rows, np.clip(before + 1, 0, last)]
    rise = following - here
    part = np.divide(heights - here, rise, out=np.zeros(len(own)), where=np.abs(rise) > 0)
    return np.clip(part, 0, 1)


def _extremum(own: Floats, at: NDArray[np.intp], first: int, last: int) -> tuple[Floats, Floats]:
    """Place and value of an extremum by the parabola through three points; NaN at the ends."""
    rows, n = np.arange(len(own)), own.shape[1]
    left, here, right = (own[rows, np.clip(at + step, 0, n - 1)] for step in (-1, 0, 1))
    bend = left - 2 * here + right
    shift = np.divide(left - right, 2 * bend, out=np.zeros(len(own)), where=np.abs(bend) > 1e-12)
    shift = np.clip(shift, -0.5, 0.5)
    inside = (at > first) & (at < last) & np.isfinite(right)
    place, value = at + shift, here - 0.25 * (left - right) * shift
    return np.where(inside, place, np.nan), np.where(inside, value, np.nan)


def _deepest(own: Floats, crest: Floats, last: int) -> NDArray[np.intp]:
    """Index of the lowest point after the white line; 0 where there is no white line."""
    index = np.arange(own.shape[1])
    reach = (index > crest[:, None]) & (index <= last) & np.isfinite(own)
    deepest: NDArray[np.intp] = np.where(reach, own, np.inf).argmin(axis=1)
    return deepest


def _fall_end(own: Floats, crest: Floats, level: Floats) -> Floats:
    """Where spectra fall to a level after their white line."""
    fallen = (own < level[:, None]) & (np.arange(own.shape[1]) > crest[:, None])
    before = fallen.argmax(axis=1) - 1
    return np.where(fallen.any(axis=1), before + _part(own, before, level), np.nan)


def _steepest(own: Floats, zero: int, summit: NDArray[np.intp]) -> Floats:
    """Steepest rise from 5 eV before half of the step to the highest point, per grid point."""
    index = np.arange(own.shape[1])
    slope = np.gradient(own, axis=1)
    rising = (index >= zero - 5.0 / STEP) & (index <= summit[:, None]) & np.isfinite(slope)
    steepest = np.where(rising, slope, -np.inf).max(axis=1)
    return np.where(np.isfinite(steepest), steepest, np.nan)


def _pre_edge(before: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
    """Start of the edge, area and centroid of the peaks above the lower convex envelope before it."""
    n_rows, n = before.shape
    index = np.arange(n)
    touched, background = _lower_envelope(before)
    # where the curve next returns to its background, from each point on
    landing = np.minimum.accumulate(np.where(touched, index, n - 1)[:, ::-1], axis=1)[:, ::-1]
    landed = np.take_along_axis(before, landing, axis=1) <= LANDED
    excess = np.where(landed & np.isfinite(before), before - background, 0.0)
    heights = np.zeros(before.size)
    bump = (np.arange(n_rows)[:, None] * n + landing).ravel()
    np.maximum.at(heights, bump, excess.ravel())
    peak = heights[bump].reshape(before.shape)
    excess = np.where(peak > np.maximum(LEAST_PEAK, noise)[:, None], excess, 0.0)

    low = np.where(before < FOOT, index, -1).max(axis=1)
    clear = (peak > CLEAR_PEAK) & (excess > 0)
    landing_of_last = np.where(clear, landing, -1).max(axis=1)
    start = np.maximum(low + _part(before, low, np.full(n_rows, FOOT)), landing_of_last)
    excess = np.where(index <= start[:, None], excess, 0.0)
    area = excess.sum(axis=1)
    centroid = np.divide(excess @ index, area, out=np.full(n_rows, np.nan), where=area > 0)
    # A range that starts on the rise may have cut a peak off.
    seen = low >= 0
    return np.where(seen, start, np.nan), np.where(seen, area, np.nan), np.where(seen, centroid, np.nan)


def _typical(rough: Floats) -> Floats:
    """Estimate a row's standard deviation by its median size; 0 where nothing is known."""
    known = np.isfinite(rough)
    size = np.where(known.any(axis=1, keepdims=True), np.abs(rough), 0.0)
    return 1.4826 * np.nanmedian(size, axis=1)


def _lower_envelope(curves: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Lower convex envelope of each row, point by point under the least slope, and where it is touched."""
    n_rows, n = curves.shape
    rows, index = np.arange(n_rows), np.arange(n)
    finite = np.isfinite(curves)
    values = np.where(finite, curves, np.inf)
    at = np.where(finite.any(axis=1), finite.argmax(axis=1), n - 1)
    touched = np.zeros(curves.shape, dtype=bool)
    touched[rows, at] = True
    background = np.where(finite, curves, 0.0)
    while (at < n - 1).any():
        ahead = index - at[:, None]
        here = background[rows, at]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(ahead > 0, (values - here[:, None]) / ahead, np.inf)
        found = slope.argmin(axis=1)
        least = slope[rows, found]
        moving = np.isfinite(least)
        found = np.where(moving, found, n - 1)
        least = np.where(moving, least, 0.0)
        between = (ahead > 0) & (index < found[:, None]) & moving[:, None]
        background = np.where(between, here[:, None] + least[:, None] * ahead, background)
        at = found
        touched[rows, at] = True
    return touched, background
