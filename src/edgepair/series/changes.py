"""Where along its axis a series changes: segments, crossing points, position of the edge."""

from __future__ import annotations

import numpy as np
import pandas as pd

from edgepair.conventions.tasks import Floats

FEWEST = 3
"""Points of the shortest segment."""

APART = 3.0
"""eV between two isosbestic points."""

MOST_SEGMENTS = 6
"""Straight pieces at most: of a smooth course that is known well, ever more would be told."""

WHITE_LINE = 25.0
"""eV after the edge, within which the white line is looked for."""


def change_points(axis: Floats, scores: Floats, noise: Floats) -> list[int]:
    """Find ends of straight segments of scores by least squares and BIC, exact over segmentations."""
    n = len(axis)
    deviation = max(float(np.median(noise)), scatter(scores) if n > 4 else 0.0)
    cost = np.full((n + 1, n + 1), np.inf)
    for first in range(n):
        for last in range(first + FEWEST, n + 1):
            cost[first, last] = _straight(axis[first:last], scores[first:last]) / deviation**2
    price = (2 * scores.shape[1] + 1) * np.log(n * scores.shape[1])
    best = np.full((MOST_SEGMENTS + 1, n + 1), np.inf)
    before = np.zeros(best.shape, dtype=int)
    best[0, 0] = 0.0
    for segments in range(1, MOST_SEGMENTS + 1):
        for last in range(FEWEST, n + 1):
            whole = best[segments - 1, :last] + cost[:last, last]
            before[segments, last], best[segments, last] = int(whole.argmin()), float(whole.min())
    chosen = int((best[:, n] + price * np.arange(MOST_SEGMENTS + 1)).argmin())
    found, at = [], n
    for segments in range(chosen, 0, -1):
        at = int(before[segments, at])
        found.append(at)
    return sorted(found)[1:]


def _straight(x: Floats, y: Floats) -> float:
    """Give the squares that a straight line leaves over of each column."""
    x, y = x - x.mean(), y - y.mean(axis=0)
    power = float(x @ x)
    slope = x @ y / power if power > 0 else np.zeros(y.shape[1])
    return float(((y - np.outer(x, slope)) ** 2).sum())


def scatter(scores: Floats) -> float:
    """Give the standard deviation of points about the mean of their neighbours, over all columns."""
    middle = scores[1:-1] - (scores[:-2] + scores[2:]) / 2
    return float(1.4826 * np.median(np.abs(middle)) / np.sqrt(1.5))


def crossing_points(energy: Floats, mu: Floats, noise: float, e0: float) -> pd.DataFrame:
    """Find isosbestic points, eV: the first change is zero there, the ``spread`` within twice the noise."""
    change = np.linalg.svd(mu - mu.mean(axis=0), full_matrices=False)[2][0]
    spread = mu.std(axis=0)
    crosses = np.flatnonzero((change[:-1] * change[1:] < 0) & (energy[:-1] > e0 - 5))
    rows: list[tuple[float, float, float]] = []
    for k in crosses:
        part = change[k] / (change[k] - change[k + 1])
        width = slice(max(0, k - 4), k + 6)
        at = float(energy[k] + part * (energy[k + 1] - energy[k]))
        # a straight line through each spectrum's points about it
        near = slice(max(0, k - 2), k + 4)
        here = np.polyfit(energy[near] - at, mu[:, near].T, 1)[1]
        if spread[width].max() > 3 * noise and here.std() < 2 * noise:
            row = (at, float(here.mean()), float(here.std()))
            if rows and at - rows[-1][0] < APART:
                # noise makes a shallow crossing several: the best of them is one
                rows[-1] = min(rows[-1], row, key=lambda one: one[2])
            else:
                rows.append(row)
    return pd.DataFrame(rows, columns=["energy", "mu", "spread"])


def half_step(energy: Floats, mu: Floats) -> float:
    """Find where a spectrum, up to its white line, last rises through half a step, eV; else NaN."""
    below = np.flatnonzero(mu < 0.5)
    if not len(below) or below[-1] + 1 >= len(mu):
        return float("nan")
    k = int(below[-1])
    return float(energy[k] + (0.5 - mu[k]) / (mu[k + 1] - mu[k]) * (energy[k + 1] - energy[k]))


def edge_and_white_line(energy: Floats, mu: Floats, e0: float) -> Floats:
    """Give the energy at half a step, and height and energy of the white line; (n_points, 3)."""
    rows = []
    line = np.flatnonzero((energy > e0 - 2) & (energy < e0 + WHITE_LINE))
    for row in mu:
        top = line[int(row[line].argmax())]
        at = half_step(energy[: top + 1], row[: top + 1])
        near = slice(max(0, top - 2), top + 3)
        height, where = float(row[top]), float(energy[top])
        if near.stop - near.start == 5 and top + 3 <= len(row):
            bend, slope, base = np.polyfit(energy[near] - energy[top], row[near], 2)
            if bend < 0 and abs(slope / (2 * bend)) < np.ptp(energy[near]):
                where, height = energy[top] - slope / (2 * bend), base - slope**2 / (4 * bend)
        rows.append((float(at), float(height), float(where)))
    return np.array(rows)
