"""The search behind mixtures: every combination of standards, solved from Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import nnls

from edgepair.conventions.tasks import Floats

MOST_COMBINATIONS = 60_000
"""Combinations that are all tried. Of larger sizes only those are, that add one standard to the best
ones of the size before, or are part of the best sum of all standards at once."""

SHIFT_STEP = 0.2
"""eV between the shifts at which all combinations are tried: an edge is five times as wide, so
that the misfit between them is a parabola."""

REFINED = 300
"""Combinations whose shift is then found exactly."""

TRIALS = 7
"""Further shifts that are tried for that: parabolas find it to 1e-4 eV with so many."""

_RIDGE = 1e-11
"""Share of the diagonal that is added, so that two equal standards leave a solution."""


@dataclass(frozen=True)
class Fit:
    """One combination, fitted; ``fractions`` (n_members,)."""

    members: tuple[int, ...]
    fractions: Floats
    shift: float
    squares: float


@dataclass(frozen=True)
class Problem:
    """A sample and the standards it is to be made of; ``energy, mu`` (n_points,); ``shift_limit`` in eV."""

    energy: Floats
    mu: Floats
    curves: Sequence[PchipInterpolator]
    compounds: Sequence[str]
    shift_limit: float

    def matrix(self, members: Sequence[int], shift: float) -> Floats:
        """Compute standards at the energies of the shifted sample; returns (n_points, n_members)."""
        at = self.energy + shift
        return np.array([self.curves[member](at) for member in members]).T

    def slopes(self, members: Sequence[int], shift: float) -> Floats:
        """Compute the slopes of standards, as `matrix` their values; returns (n_points, n_members)."""
        at = self.energy + shift
        return np.array([self.curves[member](at, 1) for member in members]).T


def search(problem: Problem, limit: int) -> list[Fit]:
    """Fit all combinations of up to so many compounds."""
    everything = range(len(problem.curves))
    steps = max(1, round(problem.shift_limit / SHIFT_STEP))
    shifts = (
        problem.shift_limit * np.arange(-steps, steps + 1) / steps if problem.shift_limit > 0 else np.zeros(1)
    )
    matrices = np.array([problem.matrix(everything, shift) for shift in shifts])
    gram = matrices.transpose(0, 2, 1) @ matrices
    product = problem.mu @ matrices
    total = float(problem.mu @ problem.mu)
    best: dict[frozenset[str], tuple[float, tuple[int, ...], float]] = {}
    support = _support(matrices[len(shifts) // 2], problem.mu)
    before = np.zeros((1, 0), dtype=np.int64)
    for size in range(1, limit + 1):
        if comb(len(problem.curves), size) <= MOST_COMBINATIONS:
            members = _combinations(everything, size, problem.compounds)
        else:
            longer = _extended(before, len(problem.curves))
            members = _distinct(np.concatenate([longer, _rows(support, size)]), problem.compounds)
        if not len(members):
            break
        squares, lowest = _squares(gram, product, total, members, shifts)
        usable = np.flatnonzero(np.isfinite(squares))
        usable = usable[np.argsort(squares[usable], kind="stable")]
        before = members[usable[: MOST_COMBINATIONS // len(problem.curves)]]
        for row in usable[: 4 * REFINED]:
            chosen = tuple(members[row].tolist())
            key = frozenset(problem.compounds[member] for member in chosen)
            if squares[row] < best.get(key, (np.inf,))[0]:
                best[key] = (float(squares[row]), chosen, float(lowest[row]))
    ordered = sorted(best.values())[:REFINED]
    fits: list[Fit] = []
    step = problem.shift_limit / steps
    for size in range(1, limit + 1):
        same = [(members, shift) for _, members, shift in ordered if len(members) == size]
        if same:
            members, start = (np.array(part) for part in zip(*same, strict=True))
            fits += _refine(problem, members, start, step)
    return sorted(fits, key=lambda fit: (fit.squares, fit.members))


def _refine(problem: Problem, members: NDArray[np.int64], start: Floats, step: float) -> list[Fit]:
    """Find shifts and fractions of combinations of one size exactly, within a step of where to start."""

    def at(shift: Floats) -> tuple[Floats, Floats]:
        matrices = np.array([problem.matrix(*one) for one in zip(members, shift, strict=True)])
        turned = matrices.transpose(0, 2, 1)
        fractions = _solve(turned @ matrices, turned @ problem.mu)[0]
        residuals = problem.mu - (matrices @ fractions[:, :, None])[:, :, 0]
        return (residuals**2).sum(axis=1), fractions

    limit = problem.shift_limit
    shift = start
    if limit > 0:
        inside = _lowest(lambda shift: at(shift)[0], np.clip(start, step - limit, limit - step), step)
        tried = np.array([inside, np.full_like(start, -limit), np.full_like(start, limit)])
        found = np.array([at(one)[0] for one in tried])
        shift = tried[found.argmin(axis=0), np.arange(len(start))]
    squares, fractions = at(shift)
    return [
        Fit(tuple(members[row].tolist()), fractions[row], float(shift[row]), float(squares[row]))
        for row in np.flatnonzero((fractions > 0).all(axis=1))
    ]


def _lowest(function: Callable[[Floats], Floats], middle: Floats, step: float) -> Floats:
    """Find where many functions are lowest, each within a step: Brent's method, all at once."""
    low, high = middle - step, middle + step
    at_low, at_middle, at_high = function(low), function(middle), function(high)
    for _ in range(TRIALS):
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = (at_middle - at_low) / (middle - low)
            curvature = ((at_high - at_middle) / (high - middle) - slope) / (high - low)
            vertex = (low + middle) / 2 - slope / (2 * curvature)
        sure = (curvature > 0) & (low < vertex) & (vertex < high) & (abs(vertex - middle) > 1e-6)
        longer = np.where(high - middle > middle - low, high, low)
        new = np.where(sure, vertex, middle + 0.382 * (longer - middle))
        value = function(new)
        better, right = value < at_middle, new > middle
        end, at_end = np.where(better, middle, new), np.where(better, at_middle, value)
        left = better == right  # which end moves: the one away from the lowest point
        low, at_low = np.where(left, end, low), np.where(left, at_end, at_low)
        high, at_high = np.where(left, high, end), np.where(left, at_high, at_end)
        middle, at_middle = np.where(better, new, middle), np.where(better, value, at_middle)
    return middle


def _combinations(pool: Sequence[int], size: int, compounds: Sequence[str]) -> NDArray[np.int64]:
    """List combinations in which no compound stands twice, a row each."""
    return _distinct(_rows(pool, size), compounds)


def _rows(pool: Sequence[int], size: int) -> NDArray[np.int64]:
    return np.array(list(combinations(pool, size)), dtype=np.int64).reshape(-1, size)


def _distinct(rows: NDArray[np.int64], compounds: Sequence[str]) -> NDArray[np.int64]:
    """Drop combinations in which a compound stands twice, and repeated ones."""
    number = np.unique(np.asarray(compounds), return_inverse=True)[1]
    named = np.sort(number[rows], axis=1)
    rows = rows[(np.diff(named, axis=1) > 0).all(axis=1)]
    place = len(compounds) ** np.arange(rows.shape[1])[::-1]
    return rows[np.unique(rows @ place, return_index=True)[1]]


def _extended(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Add each of so many standards to each combination."""
    added = np.tile(np.arange(count), len(rows))[:, None]
    return np.sort(np.hstack([np.repeat(rows, count, axis=0), added]), axis=1)


def _support(matrix: Floats, mu: Floats) -> list[int]:
    """Find the standards of the best sum of all of them, at most 16."""
    parts = nnls(matrix, mu)[0]
    return sorted(k for k in np.argsort(-parts, kind="stable")[:16].tolist() if parts[k] > 0)


def _squares(
    gram: Floats, product: Floats, total: float, members: NDArray[np.int64], shifts: Floats
) -> tuple[Floats, Floats]:
    """Estimate each combination's least misfit over shifts, and where; inf where a fraction is negative."""
    squares = np.empty((len(shifts), len(members)))
    for number in range(len(shifts)):
        part = gram[number][members[:, :, None], members[:, None, :]]
        fractions, lessened = _solve(part, product[number][members])
        squares[number] = np.where((fractions > 0).all(axis=1), np.maximum(total - lessened, 0), np.inf)
    lowest = squares.argmin(axis=0)
    column = np.arange(len(members))
    smallest: Floats = squares[lowest, column]
    inside = (lowest > 0) & (lowest < len(shifts) - 1)
    if inside.any():
        low, mid, high = (squares[lowest[inside] + k, column[inside]] for k in (-1, 0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = (high - low) ** 2 / (8 * (high - 2 * mid + low))
        smallest[inside] = np.maximum(mid - np.where(np.isfinite(gain), gain, 0), 0)
    return smallest, shifts[lowest]


def _solve(gram: Floats, product: Floats) -> tuple[Floats, Floats]:
    """Minimise f·G·f − 2 b·f with the sum of f held at 1; returns f and 2 b·f − f·G·f."""
    size = product.shape[1]
    diagonal = np.arange(size)
    gram = gram.copy()
    gram[:, diagonal, diagonal] *= 1 + _RIDGE
    last, own = gram[:, :-1, -1], gram[:, -1, -1]
    reduced = gram[:, :-1, :-1] - last[:, :, None] - last[:, None, :] + own[:, None, None]
    right = product[:, :-1] - product[:, -1:] - last + own[:, None]
    if size == 3:  # most of what is tried: in closed form a tenth of the time
        (a, b), (_, d) = reduced.transpose(1, 2, 0)
        first, second = right.T
        others = np.column_stack([d * first - b * second, a * second - b * first]) / (a * d - b * b)[:, None]
    else:
        others = np.linalg.solve(reduced, right[:, :, None])[:, :, 0]
    fractions = np.column_stack([others, 1 - others.sum(axis=1)])
    return fractions, (others * right).sum(axis=1) + 2 * product[:, -1] - own
