"""The search behind mixtures: every combination of standards, solved from Gram matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize_scalar, nnls

from edgepair.conventions.tasks import Floats

MOST_COMBINATIONS = 60_000
"""Combinations that are all tried. Of larger sizes only those are, that add one standard to the best
ones of the size before, or are part of the best sum of all standards at once."""

SHIFT_STEP = 0.1
"""eV between the shifts at which all combinations are tried: an edge's width is ten times that, so
that the misfit between them is a parabola."""

REFINED = 300
"""Combinations whose shift is then found exactly."""

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
    best: dict[frozenset[str], tuple[float, tuple[int, ...]]] = {}
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
        squares = _squares(gram, product, total, members, shifts)
        usable = np.flatnonzero(np.isfinite(squares))
        usable = usable[np.argsort(squares[usable], kind="stable")]
        before = members[usable[: MOST_COMBINATIONS // len(problem.curves)]]
        for row in usable[: 4 * REFINED]:
            chosen = tuple(members[row].tolist())
            key = frozenset(problem.compounds[member] for member in chosen)
            if squares[row] < best.get(key, (np.inf,))[0]:
                best[key] = (float(squares[row]), chosen)
    ordered = sorted(best.values())[:REFINED]
    fits = [_refine(problem, members) for _, members in ordered]
    return sorted((fit for fit in fits if fit is not None), key=lambda fit: (fit.squares, fit.members))


def _refine(problem: Problem, members: tuple[int, ...]) -> Fit | None:
    """Find the shift and the fractions of one combination exactly."""

    def at(shift: float) -> tuple[float, Floats]:
        matrix = problem.matrix(members, shift)
        fractions = _solve((matrix.T @ matrix)[None], (matrix.T @ problem.mu)[None])[0][0]
        residual = problem.mu - matrix @ fractions
        return float(residual @ residual), fractions

    shift = 0.0
    if problem.shift_limit > 0:
        limits = (-problem.shift_limit, problem.shift_limit)
        found = minimize_scalar(lambda s: at(s)[0], bounds=limits, method="bounded", options={"xatol": 1e-4})
        shift = float(min((float(found.x), *limits), key=lambda s: at(s)[0]))
    squares, fractions = at(shift)
    return Fit(members, fractions, shift, squares) if (fractions > 0).all() else None


def _combinations(pool: Sequence[int], size: int, compounds: Sequence[str]) -> NDArray[np.int64]:
    """List combinations in which no compound stands twice, a row each."""
    return _distinct(_rows(pool, size), compounds)


def _rows(pool: Sequence[int], size: int) -> NDArray[np.int64]:
    return np.array(list(combinations(pool, size)), dtype=np.int64).reshape(-1, size)


def _distinct(rows: NDArray[np.int64], compounds: Sequence[str]) -> NDArray[np.int64]:
    """Drop combinations in which a compound stands twice, and repeated ones."""
    number = np.unique(np.asarray(compounds), return_inverse=True)[1]
    named = np.sort(number[rows], axis=1)
    return np.unique(rows[(np.diff(named, axis=1) > 0).all(axis=1)], axis=0)


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
) -> Floats:
    """Estimate the smallest misfit of each combination over the shifts; inf where none is positive."""
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
    return smallest


def _solve(gram: Floats, product: Floats) -> tuple[Floats, Floats]:
    """Minimise f·G·f − 2 b·f with the sum of f held at 1, for many at once; returns f and 2 b·f − f·G·f.

    The last fraction is 1 less the others, so that those alone are solved for.
    """
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
