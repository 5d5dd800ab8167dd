"""Shells of pair distribution functions: peaks of the radial distribution and where they end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.tasks import Floats

STEP = 0.02
"""Å; step of the grid on which curves are looked at. A PDF measured to Q = 25 Å⁻¹ holds nothing
finer than 0.13 Å, so that cubics between its points lose nothing."""

NO_ATOMS_BELOW = 1.3
"""Å; no metal-oxygen distance is shorter, so that G is nearly a straight line there."""

BASELINE_FROM = 0.5
"""Å; below, ripples of measured curves and errors of their background are largest."""

FIRST_FROM, FIRST_UNTIL = 1.5, 2.8
"""Å; where the first shell is looked for: from below the shortest metal-oxygen bonds (of V=O and
Cr(VI), 1.55 Å) to beyond the longest (Mn(II) with 8 neighbours, 2.4 Å)."""

LEAST_PEAK, LEAST_DIP = 0.25, 0.3
"""Of the highest peak in that window, as its valleys tell; what is lower is taken for a ripple. So low
that metal-oxygen peaks count beside those of heavier cations; of dips less low, since valleys between
peaks that point up look like them."""

OTHERS_BELOW, OTHERS_UNTIL = 1.66, 2.5
"""Å; a peak below the first of these is more often P-O, S-O or Si-O, of the compound or of a container of
silica, than a metal's; one that follows it below the second is taken for the metal's. Of metals only
Mn(VI), Mn(VII), Fe(VI) and Cr(VI) have nothing but such short bonds."""

NOT_THE_METALS = 0.4
"""Of its height, what the peak that follows must have; what is lower is not taken for a metal's."""

RIPPLES = (0.9, 1.4)
"""Å; what goes up and down here is no atom's. Nearer to 0 errors of a background are largest."""

ABOVE_RIPPLES = 1.5
"""The first shell must be this many times as high as ripples before it; the highest peak, once."""

GAP = 0.5
"""Å; least distance of the second shell from the first, beyond what splits one shell into two."""

SECOND_FROM, SECOND_UNTIL = 2.5, 4.2
"""Å; where the second shell is looked for: metals that share faces of polyhedra stand 2.5 Å apart,
those that share corners up to 4.1 Å."""

ENDED = 0.05
"""Of its height; a peak that has fallen to this part has ended."""

COARSEST = 0.25
"""Å; largest step of a curve whose shells can be told."""

LAST = 6.0
"""Å; what lies beyond is not looked at."""


@dataclass(frozen=True)
class Shells:
    """Shells of pair distribution functions, a value a curve; NaN where a curve does not show it."""

    position: Floats
    low: Floats
    high: Floats
    area: Floats
    width: Floats
    share: Floats
    second_position: Floats
    second_high: Floats
    second_area: Floats


def find_shells(r: Floats, G: Floats, *, dip: bool) -> Shells:
    """Find the first and the second shell; ``r`` (n_r,) in Å; ``G`` (n, n_r) in Å⁻²."""
    from scipy.interpolate import CubicSpline

    known = np.asarray(np.isfinite(G).all(axis=1))
    near = r <= LAST + 1.0
    grid = np.arange(r[0], min(LAST, r[-1]) + 1e-9, STEP)
    if near.sum() < 5 or grid[-1] < FIRST_FROM or np.diff(r[near]).max() > COARSEST:
        nothing = np.full(len(G), np.nan)
        return Shells(*[nothing] * len(Shells.__dataclass_fields__))
    curve = CubicSpline(r[near], np.where(known[:, None], G, 0.0)[:, near], axis=1)(grid)
    slope = low_r_slope(grid, curve)
    radial = grid * curve - slope[:, None] * grid**2
    curve = -curve if dip else curve
    shown = curve - np.nan_to_num(-slope if dip else slope)[:, None] * grid
    top = np.array([_first_peak(grid, row, dip) for row in curve], dtype=int)
    found = top >= 0
    top = np.clip(top, 0, None)
    low, high = _feet(shown, top)
    after = np.maximum(grid[high], grid[top] + GAP)
    # The first shell's sign does not hold for the next: M-M points up where M-O points down.
    signs = (1.0, -1.0) if dip else (1.0,)
    choices = [_second_peak(grid, row, start, signs) for row, start in zip(curve, after, strict=True)]
    second, second_sign = np.array(choices).reshape(-1, 2).T
    has_second = found & (second >= 0)
    second = np.clip(second, 0, None).astype(int)
    rows = np.arange(len(G))
    second_low, second_high = _feet(shown * second_sign[:, None], second)
    second_low = np.maximum(second_low, high)
    running = np.concatenate([np.zeros((len(G), 1)), _running(radial)], axis=1)
    area = np.where(_is_cut(shown, top, high), np.nan, running[rows, high] - running[rows, low])
    second_area = running[rows, second_high] - running[rows, second_low]
    cut = _is_cut(shown * second_sign[:, None], second, second_high)
    second_area = np.where(cut, np.nan, second_area)
    until = int(np.searchsorted(grid, SECOND_UNTIL))
    total = running[:, min(until, len(grid) - 1)] - running[rows, low]
    share = np.divide(area, total, out=np.full(len(G), np.nan), where=(area > 0) & (total > area))
    values = {
        "position": _vertex(grid, curve, top),
        "low": grid[low],
        "high": grid[high],
        "area": area,
        "width": _half_width(shown, top, low, high) * STEP,
        "share": share if not dip and grid[-1] >= SECOND_UNTIL - STEP else np.full(len(G), np.nan),
    }
    later = {
        "second_position": _vertex(grid, curve * second_sign[:, None], second),
        "second_high": grid[second_high],
        "second_area": second_area,
    }
    result = {name: np.where(known & found, value, np.nan) for name, value in values.items()}
    result |= {name: np.where(known & has_second, value, np.nan) for name, value in later.items()}
    return Shells(**result)


def low_r_slope(r: Floats, G: Floats) -> Floats:
    """Slope of the line through the origin before the first peak, Å⁻³; r in Å, G (n, n_r) in Å⁻²."""
    below = (r >= BASELINE_FROM) & (r < NO_ATOMS_BELOW)
    if not below.any() or np.ptp(r[below]) < (NO_ATOMS_BELOW - BASELINE_FROM) / 2:
        return np.full(len(G), np.nan)
    return G[:, below] @ r[below] / (r[below] @ r[below])


def _running(radial: Floats) -> Floats:
    return np.cumsum((radial[:, 1:] + radial[:, :-1]) / 2 * STEP, axis=1)


def _first_peak(grid: Floats, curve: Floats, dip: bool) -> int:
    """Index of the first peak that is no ripple, P-O, S-O or Si-O, by its higher valley; -1: none."""
    from scipy.signal import find_peaks

    part = grid >= RIPPLES[0]
    offset = int(part.argmax())
    peaks, found = find_peaks(curve[part], prominence=0.0)
    at, height = grid[peaks + offset], found["prominences"]
    inside = (at >= FIRST_FROM) & (at <= FIRST_UNTIL)
    if not inside.any():
        return -1
    before = curve[(grid >= RIPPLES[0]) & (grid <= RIPPLES[1])]
    ripple = float(np.ptp(before - np.linspace(before[0], before[-1], len(before)))) if len(before) else 0.0
    highest = height[inside].max()
    if not highest > ripple:
        return -1
    least = max(ABOVE_RIPPLES * ripple, (LEAST_DIP if dip else LEAST_PEAK) * highest)
    taken = inside & (height > least)
    taken |= inside & (height == highest)
    first = int(taken.argmax())
    if at[first] < OTHERS_BELOW and not dip:  # none of the others scatters neutrons with a negative length
        next_ones = inside & (at > at[first]) & (at <= OTHERS_UNTIL)
        next_ones &= (height > ripple) & (height >= NOT_THE_METALS * height[first])
        first = int(next_ones.argmax()) if next_ones.any() else first
    return int(peaks[first]) + offset


def _second_peak(grid: Floats, curve: Floats, after: float, signs: tuple[float, ...]) -> tuple[int, float]:
    """Index and sign of the highest peak of the second shell's window; -1: none."""
    from scipy.signal import find_peaks

    best, at, sign_of_best = 0.0, -1, 1.0
    for sign in signs:
        peaks, found = find_peaks(sign * curve, prominence=0.0)
        inside = (grid[peaks] >= max(after, SECOND_FROM)) & (grid[peaks] <= SECOND_UNTIL)
        height = np.where(inside, found["prominences"], 0.0)
        if inside.any() and height.max() > best:
            best, at, sign_of_best = float(height.max()), int(peaks[height.argmax()]), sign
    return at, sign_of_best


def _feet(shown: Floats, top: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where a peak begins and ends: at the nearest minimum, or where the curve crosses zero."""
    n = shown.shape[1]
    index = np.arange(n)
    end = np.zeros(shown.shape, dtype=bool)
    end[:, 1:-1] = (shown[:, 1:-1] <= shown[:, :-2]) & (shown[:, 1:-1] < shown[:, 2:])
    end |= shown <= 0
    end[:, [0, -1]] = True
    low = np.where(end & (index < top[:, None]), index, 0).max(axis=1)
    high = np.where(end & (index > top[:, None]), index, n - 1).min(axis=1)
    return low, high


def _is_cut(shown: Floats, top: NDArray[np.intp], high: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell whether the range ends within a peak, whose area is then not known."""
    rows, last = np.arange(len(shown)), shown.shape[1] - 1
    return np.asarray((high == last) & (shown[rows, last] > ENDED * shown[rows, top]))


def _vertex(grid: Floats, shown: Floats, top: NDArray[np.intp]) -> Floats:
    rows = np.arange(len(shown))
    at = np.clip(top, 1, shown.shape[1] - 2)
    left, here, right = (shown[rows, at + step] for step in (-1, 0, 1))
    bend = left - 2 * here + right
    shift = np.divide(left - right, 2 * bend, out=np.zeros(len(rows)), where=bend < 0)
    return grid[at] + np.clip(shift, -0.5, 0.5) * STEP


def _half_width(
    shown: Floats, top: NDArray[np.intp], low: NDArray[np.intp], high: NDArray[np.intp]
) -> Floats:
    """Find a Gaussian's width by the narrower half of a peak: the other may be a neighbour's; points."""
    n = shown.shape[1]
    rows, index = np.arange(len(shown)), np.arange(n)
    foot = np.maximum(np.maximum(shown[rows, low], shown[rows, high]), 0.0)
    half = (shown[rows, top] + foot) / 2
    under = shown < half[:, None]
    widths = []
    for step in (1, -1):
        beyond = under & (step * (index - top[:, None]) > 0)
        at = beyond.argmax(axis=1) if step > 0 else n - 1 - beyond[:, ::-1].argmax(axis=1)
        inner = np.clip(at - step, 0, n - 1)
        drop = shown[rows, inner] - shown[rows, at]
        part = np.divide(shown[rows, inner] - half, drop, out=np.ones(len(shown)), where=drop > 0)
        widths.append(np.where(beyond.any(axis=1), np.abs(inner + step * part - top), np.inf))
    narrower = np.minimum(*widths)
    return np.where(np.isfinite(narrower), narrower / np.sqrt(2 * np.log(2)), np.nan)
