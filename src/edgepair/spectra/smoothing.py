"""Small operations on evenly spaced or raw curves that several parts of this package need."""

from __future__ import annotations

import numpy as np

from edgepair.conventions.tasks import Floats


def without_spikes(y: Floats) -> Floats:
    """Take running medians of three: single outliers go, rises stay as they are.

    ``y`` (n,); returns (n,).

    >>> without_spikes(np.array([0.0, 1.0, 9.0, 3.0])).tolist()
    [0.0, 1.0, 3.0, 3.0]
    """
    result = y.copy()
    if len(y) > 2:
        low, high = np.minimum(y[:-2], y[2:]), np.maximum(y[:-2], y[2:])
        result[1:-1] = np.clip(y[1:-1], low, high)
    return result


def smooth_with_slope(even: Floats, sigma: float) -> tuple[Floats, Floats]:
    """Smooth evenly spaced values by a Gaussian; ``even`` (n,); ``smooth`` (n,); ``slope`` (n,)."""
    from scipy.ndimage import gaussian_filter1d

    smooth: Floats = gaussian_filter1d(even, sigma, mode="nearest")
    slope: Floats = gaussian_filter1d(even, sigma, order=1, mode="nearest")
    return smooth, slope


def parabola_vertex(values: Floats, best: int) -> float:
    """Place a maximum between points, by the parabola through three of them.

    ``values`` (n,).

    >>> parabola_vertex(np.array([0.0, 1.0, 1.0, 0.0]), 1)
    0.5
    """
    if not 0 < best < len(values) - 1:
        return 0.0
    left, here, right = values[best - 1 : best + 2]
    bend = left - 2 * here + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def fit_polynomial(x: Floats, y: Floats, degree: int) -> Floats:
    """Fit as ``numpy.polyfit``, in a third of its time: Forsythe, J. SIAM 5, 74 (1957)."""
    here, before = np.ones(len(x)), np.zeros(len(x))
    power, power_before = np.eye(1, degree + 1)[0], np.zeros(degree + 1)  # of these, the lowest first
    total = np.zeros(degree + 1)
    rest, size_before = y, 1.0
    for _ in range(degree + 1):
        size = float(here @ here)
        part = float(here @ rest) / size
        total += part * power
        rest = rest - part * here
        along, back = float((x * here) @ here) / size, size / size_before
        here, before = (x - along) * here - back * before, here
        power, power_before = np.r_[0.0, power[:-1]] - along * power - back * power_before, power
        size_before = size
    return total[::-1]


def point_noise(x: Floats, y: Floats) -> float:
    """Estimate noise by cubics through four neighbours; the median: no edge or glitch passes for it."""
    if len(x) < 9:
        return float("nan")
    middle = np.arange(2, len(x) - 2)
    nodes = middle[:, None] + np.array([-2, -1, 1, 2])
    at = x[nodes]
    weights = np.ones_like(at)
    for i in range(4):
        for j in range(4):
            if i != j:
                weights[:, i] *= (x[middle] - at[:, j]) / (at[:, i] - at[:, j])
    misfit = y[middle] - (weights * y[nodes]).sum(axis=1)
    # Scaled so that independent noise gives it the standard deviation of a point.
    misfit /= np.sqrt(1 + (weights**2).sum(axis=1))
    return 1.4826 * float(np.median(np.abs(misfit)))
