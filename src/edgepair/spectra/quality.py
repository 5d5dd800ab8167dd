"""Judging a measured spectrum: noise, glitches, jumps, saturation and what else may be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgepair.conventions.tasks import Floats
from edgepair.spectra.edge import checked_spectrum, find_e0
from edgepair.spectra.normalization import NormalizedSpectrum, normalize_mu
from edgepair.spectra.smoothing import point_noise

NOISY = 0.01
"""Edge steps per point, above which noise is worth a warning."""

COARSE = 1.6
"""eV; with wider steps at the edge its features are not resolved."""

WIDEST_GAP = 2.0
"""eV without a point at the edge, from which a peak may be missing."""

SPIKE = 10.0
"""Standard deviations by which a glitch sticks out of what its neighbours say."""

SMALLEST_SPIKE = 0.02
"""Edge steps, below which a glitch does no harm."""

SMALLEST_JUMP = 0.03
"""Edge steps, below which a jump does no harm."""

CONSTANT_RUN = 5
"""Points in a row with one value, as a saturated or dead detector gives."""

DAMPED_WHITE_LINE = 1.2
"""Edge steps: oxides reach this and more, unless self-absorption damps their fluorescence."""


@dataclass(frozen=True)
class SpectrumQuality:
    """What a spectrum is like; ``noise`` in edge steps; ``sharpest, glitches, constant`` in eV."""

    noise: float
    energy_step: float
    sharpest: float
    reach: tuple[float, float]
    white_line: float
    glitches: tuple[float, ...] = ()
    jumps: tuple[float, ...] = ()
    constant: tuple[tuple[float, float], ...] = ()
    warnings: tuple[str, ...] = ()


def judge_quality(
    spectrum: NormalizedSpectrum, *, mu: ArrayLike | None = None, fluorescence: bool = False
) -> SpectrumQuality:
    """Judge a normalised spectrum; ``mu`` (n_energy,)."""
    x, y, e0 = spectrum.energy, spectrum.norm, spectrum.e0
    noise = _noise(x, y, e0)
    own = slice(0, int(np.searchsorted(x, _own_end(spectrum))))
    spikes = _spiky(x, y, noise, e0)[own]
    glitches = _middles(x[own], spikes)
    jumps = _jumps(x[own][~spikes], y[own][~spikes], noise, e0)
    constant = () if mu is None else _constant(x, np.asarray(mu, dtype=np.float64))
    near = np.abs(x - e0) < 15
    step = float(np.median(np.diff(x[near]))) if near.sum() > 2 else float(np.median(np.diff(x)))
    above = (x > e0) & (x < e0 + 40)
    top = float(spectrum.mu[above].max()) if above.any() else float("nan")
    reach = (float(x[0] - e0), float(x[-1] - e0))
    warnings = list(spectrum.warnings)
    if noise > NOISY:
        warnings.append(f"noisy: {noise:.3f} of the edge step per point")
    if step > COARSE:
        warnings.append(f"coarse: steps of {step:.1f} eV at the edge")
    close = np.flatnonzero((x[:-1] < e0 + 10) & (x[1:] > e0 - 6))
    if len(close):
        widest = close[int(np.diff(x)[close].argmax())]
        if x[widest + 1] - x[widest] > max(WIDEST_GAP, 4 * step):
            warnings.append(f"no points from {x[widest]:.1f} to {x[widest + 1]:.1f} eV, at the edge")
    if glitches:
        warnings.append(f"{len(glitches)} glitch{'' if len(glitches) == 1 else 'es'} at {_places(glitches)}")
    if jumps:
        warnings.append(f"the level jumps at {_places(jumps)}: lost beam or a moved monochromator")
    for first, last in constant:
        kind = "a saturated detector or a cut-off" if last > e0 else "a dead detector or filled-in points"
        warnings.append(f"constant from {first:.1f} to {last:.1f} eV: {kind}")
    if fluorescence and top < DAMPED_WHITE_LINE:
        warnings.append(
            f"self-absorption suspected: in fluorescence the highest point after the edge is only {top:.2f}"
        )
    return SpectrumQuality(
        noise, step, _sharpest(x, y, e0), reach, top, glitches, jumps, constant, tuple(warnings)
    )


def deglitch(
    energy: ArrayLike,
    mu: ArrayLike,
    *,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
) -> tuple[Floats, tuple[float, ...]]:
    """Replace glitches by what their neighbours say; give their energies too, eV."""
    from scipy.interpolate import PchipInterpolator

    x, y = checked_spectrum(energy, mu)
    spectrum = normalize_mu(x, y, e0=find_e0(x, y) if e0 is None else e0, pre=pre, post=post)
    bad = _spiky(x, spectrum.norm, _noise(x, spectrum.norm, spectrum.e0), spectrum.e0)
    bad[np.searchsorted(x, _own_end(spectrum)) :] = False
    if not bad.any():
        return y.copy(), ()
    result = y.copy()
    result[bad] = PchipInterpolator(x[~bad], y[~bad])(x[bad])
    return result, tuple(float(at) for at in x[bad])


def _own_end(spectrum: NormalizedSpectrum) -> float:
    """Find where another element's edge begins: its white line in coarse steps is no glitch."""
    last = float(spectrum.energy[-1])
    cut = spectrum.e0 + spectrum.own_end
    return cut if last - cut > 5 else last + 1


def _noise(x: Floats, y: Floats, e0: float) -> float:
    """Estimate the noise above the edge."""
    above = x > e0 + 15
    return point_noise(x[above], y[above])


def _spiky(x: Floats, y: Floats, noise: float, e0: float) -> NDArray[np.bool_]:
    """Mark points that stick out of both sides by far more than noise and shape allow."""
    n = len(x)
    sigma = 0.0 if np.isnan(noise) else noise
    bad = np.zeros(n, dtype=bool)
    edge = (x - e0 > -25) & (x - e0 < 40)
    least = np.maximum(SPIKE * sigma, np.where(edge, 3 * SMALLEST_SPIKE, SMALLEST_SPIKE))
    for width in (1, 2, 3):
        if n < 6 + width:
            continue
        starts = np.arange(3, n - 2 - width)
        # Three points in a row may be a pre-edge peak or the white line; far from the edge nothing is.
        starts = starts[~edge[starts] & ~edge[starts + width - 1]] if width > 2 else starts
        sides = starts[:, None] + np.r_[-3:0, width : width + 3]
        block = starts[:, None] + np.arange(width)
        places, around = x[sides] - x[starts, None], y[sides]
        centred = places - places.mean(axis=1, keepdims=True)
        slope = (centred * around).sum(axis=1) / (centred**2).sum(axis=1)
        level = around.mean(axis=1) - slope * places.mean(axis=1)
        # What the neighbours scatter about their own line is shape: bends, peaks and steps.
        shape = np.abs(around - level[:, None] - slope[:, None] * places).max(axis=1)
        off = y[block] - level[:, None] - slope[:, None] * (x[block] - x[starts, None])
        one_side = (off > 0).all(axis=1) | (off < 0).all(axis=1)
        found = one_side & (np.abs(off).min(axis=1) > least[starts] + 4 * shape)
        bad[block[found].ravel()] = True
    return bad


def _middles(x: Floats, bad: NDArray[np.bool_]) -> tuple[float, ...]:
    """Give one energy for each run of marked points."""
    marked = np.flatnonzero(bad)
    groups = np.split(marked, np.flatnonzero(np.diff(marked) > 1) + 1) if len(marked) else []
    return tuple(float(x[group].mean()) for group in groups)


def _jumps(x: Floats, y: Floats, noise: float, e0: float) -> tuple[float, ...]:
    """Find changes of level between two points, away from the edge, that stay."""
    n = len(x)
    if n < 13:
        return ()
    sigma = 0.0 if np.isnan(noise) else noise
    left = np.arange(5, n - 6)  # the last point before the change
    middle = 0.5 * (x[left] + x[left + 1])
    away = (middle - e0 < -25) | (middle - e0 > 50)
    left, middle = left[away], middle[away]
    index = left[:, None] + np.arange(-5, 7)
    places, values = x[index] - middle[:, None], y[index]
    unit = places / np.abs(places).max(axis=1, keepdims=True)
    # One parabola and a step between the points: what the step takes up is the jump. Least squares of
    # all places at once: what is left of the later columns and of the values once a column is taken out.
    columns = [np.ones_like(unit), unit, unit**2, (unit > 0).astype(float), values]
    for k in range(4):
        out = columns[k] / np.sqrt((columns[k] ** 2).sum(axis=1, keepdims=True))
        for later in range(k + 1, 5):
            part = (out * columns[later]).sum(axis=1)
            columns[later] = columns[later] - part[:, None] * out
    jump, misfit = part / np.sqrt((columns[3] ** 2).sum(axis=1)), columns[4]
    spread = np.sqrt((misfit**2).sum(axis=1) / 8)
    limit = np.maximum(SMALLEST_JUMP, 12 * np.maximum(sigma, spread))
    found = middle[np.abs(jump) > limit]
    return tuple(float(at) for k, at in enumerate(found) if k == 0 or at - found[k - 1] > 5)


def _constant(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    """Find runs of one value, each by its first and last energy."""
    same = np.r_[False, np.diff(y) == 0, False]
    turns = np.flatnonzero(np.diff(same.astype(int)))
    starts, ends = turns[::2], turns[1::2]
    return tuple(
        (float(x[first]), float(x[last]))
        for first, last in zip(starts, ends, strict=True)
        if last - first + 1 >= CONSTANT_RUN
    )


def _sharpest(x: Floats, y: Floats, e0: float) -> float:
    """Measure the narrowest peak of the derivative near the edge, at half its height."""
    inside = np.abs(x - e0) < 30
    if inside.sum() < 8:
        return float("nan")
    slope = np.gradient(y[inside], x[inside])
    at = x[inside]
    best = int(slope.argmax())
    half = slope[best] / 2
    left = best
    while left > 0 and slope[left] > half:
        left -= 1
    right = best
    while right < len(slope) - 1 and slope[right] > half:
        right += 1
    return float(at[right] - at[left])


def _places(energies: tuple[float, ...]) -> str:
    shown = ", ".join(f"{at:.1f}" for at in energies[:4])
    return f"{shown} eV" + (f" and {len(energies) - 4} more" if len(energies) > 4 else "")
