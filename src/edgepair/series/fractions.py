"""Which standards a series is made of, and how much of each at every point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize, minimize_scalar

from edgepair.mixtures.errors import correlation_length, covariances, goodness
from edgepair.mixtures.fit import SCALE_ERROR, UNKNOWN_SCALE_ERROR
from edgepair.mixtures.search import Fit, Problem
from edgepair.series.resolution import closed_fractions, neighbour_fractions

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats
    from edgepair.standards.standards import Standard

    Shift = float | Floats
    Misfit = Callable[[Sequence[int], Shift], tuple[float, Floats]]

MOST_STANDARDS = 14
"""Standards nearest to the space of the components, all combinations of which are tried."""

AS_GOOD = 1.1
"""Times the least misfit: combinations up to it count in the error of the choice."""

LEAST_SCALE_ERROR = 0.02
"""eV; no standard's own shift is known better: shapes of one compound differ by more than noise."""

STEP_ERROR = 0.01
"""By which the sum of fractions may be off: edge steps of a series and of standards differ by ranges."""

INDEPENDENT = 4.0
"""Points of a spectrum that err together, typically, in the price of a sum that is off."""

VALUES = ("oxidation_state", "coordination_number", "bond_length")


@dataclass(frozen=True)
class SeriesFractions:
    """A series as linear combinations of standards.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a point and compound: ``position, compound, standard, fraction, error, noise_error, scale_error,
        choice_error``.
    values : pandas.DataFrame
        A row a point: ``position`` and, of each of ``oxidation_state, coordination_number, bond_length``, the
        mean under the fractions and, with ``_error`` added, its standard error; and ``r_factor,
        r_factor_about_mean, reduced_chi_square``.
    shift : float
        One for the whole series, eV, as fitted on top of the calibration.
    others : tuple of str
        Combinations that describe the series as well.
    """

    table: pd.DataFrame
    values: pd.DataFrame
    shift: float
    others: tuple[str, ...]


def fit_series(
    energy: Floats,
    mu: Floats,
    noise: Floats,
    standards: Sequence[Standard],
    number: int,
    *,
    shift_limit: float,
    axis: Floats | None = None,
    neighbours: float | None = None,
    ambiguity: Floats | None = None,
) -> SeriesFractions | None:
    r"""Fit the combination of standards that describes all points together best; None of too few compounds.

    ``energy`` (n_energy,) in eV; ``mu`` (n_points, n_energy), normalised; ``noise, axis`` (n_points,);
    ``standards`` nearest to the space of the components first; ``ambiguity`` (n_points, number): error of the
    choice, where that is known: of resolved components. ``shift_limit`` of the whole series is in eV.

    :math:`R = \sum (\mu - \mu_\mathrm{fit})^2 / \sum \mu^2` and :math:`\chi^2_\nu = \sum (\mu -
    \mu_\mathrm{fit})^2 / (\sigma^2 (N - k))`, with N points and k free fractions, as in the established
    programs; R about the mean, times N, is what one of them tells of normalised spectra. A fraction's error
    is the root of the squares of those of noise, of the standards' energy scales and of the choice among
    combinations that fit as well.
    """
    near = list(standards)[:MOST_STANDARDS]
    at = np.arange(float(len(mu))) if axis is None else axis
    closure = INDEPENDENT * float(np.median(noise)) ** 2 / STEP_ERROR**2
    curves = [PchipInterpolator(standard.energy, standard.mu) for standard in near]
    chosen = [
        members for members in combinations(range(len(near)), number)
        if len({near[k].compound for k in members}) == number
    ]  # fmt: skip
    if not chosen:
        return None

    def misfit(members: Sequence[int], shift: Shift) -> tuple[float, Floats]:
        by = np.broadcast_to(shift, len(members))
        spectra = np.array([curves[k](energy + one) for k, one in zip(members, by, strict=True)])
        fractions = closed_fractions(mu, spectra, closure=closure)
        return float(((mu - fractions @ spectra) ** 2).sum()), fractions

    ranked = sorted(chosen, key=lambda members: misfit(members, 0.0)[0])[:40]
    fitted = []
    for members in ranked:
        shift = 0.0
        if shift_limit > 0:
            limits = (-shift_limit, shift_limit)
            found = minimize_scalar(
                lambda s, m=members: misfit(m, s)[0],
                bounds=limits,
                method="bounded",
                options={"xatol": 0.005},
            )
            shift = float(found.x)
        fitted.append((misfit(members, shift)[0], members, shift))
    fitted.sort()
    least, best, shift = fitted[0]
    equal = [one for one in fitted[1:] if one[0] <= AS_GOOD * least]
    choice = _choice(
        [best, *(one[1] for one in equal)], [shift, *(one[2] for one in equal)], near, misfit, least
    )
    known = np.array([np.isfinite(near[k].energy_shift) for k in best])
    scale = np.where(known, SCALE_ERROR, UNKNOWN_SCALE_ERROR)
    apart, errors = (
        _own_shifts(misfit, best, shift, scale, mu, noise)
        if shift_limit > 0 else (np.full(number, shift), np.zeros(number))
    )  # fmt: skip
    moved = [
        (lambda at, own=0, k=k, by=by: curves[k](at + by, own)) for k, by in zip(best, apart, strict=True)
    ]
    squares, fractions = misfit(best, apart)
    placed = list(zip(best, apart, strict=True))
    spectra, slopes = (np.array([curves[k](energy + by, own) for k, by in placed]) for own in (0, 1))
    each = np.maximum(noise**2, squares / mu.size) * _smoothness(mu, fractions)
    jitter, jitter_error = _jitter(mu, spectra, slopes, fractions, each)
    if shift_limit > 0 and jitter.any():
        mu = mu - jitter[:, None] * (fractions @ slopes)
        fractions = closed_fractions(mu, spectra, closure=closure)
    by_neighbours = None
    if neighbours is not None:
        variance = max(float((noise**2).mean()), squares / mu.size) * _smoothness(mu, fractions)
        fractions, by_neighbours = neighbour_fractions(
            mu, spectra, at, closure=closure, variance=variance, change=neighbours
        )
    mine = [near[k] for k in best]
    choice = choice if ambiguity is None else ambiguity
    off = jitter_error if shift_limit > 0 else np.zeros(len(mu))
    tables = _tables(at, energy, mu, noise, mine, moved, errors, off, fractions, choice, by_neighbours)
    names = tuple(" + ".join(near[k].compound for k in one[1]) for one in equal)
    return SeriesFractions(*tables, shift, tuple(dict.fromkeys(names)))


def _choice(
    chosen: Sequence[Sequence[int]],
    shifts: Sequence[float],
    near: Sequence[Standard],
    misfit: Misfit,
    least: float,
) -> Floats:
    """Tell how much combinations that fit as well differ in the compounds of the best, (n_points, n_best)."""
    best = [near[k].compound for k in chosen[0]]
    told, weights = [], []
    for members, shift in zip(chosen, shifts, strict=True):
        squares, fractions = misfit(members, shift)
        names = [near[k].compound for k in members]
        mine = [
            fractions[:, names.index(name)] if name in names else np.zeros(len(fractions)) for name in best
        ]
        told.append(np.array(mine).T / fractions.sum(axis=1, keepdims=True))
        weights.append(least / squares)
    mean = np.average(told, axis=0, weights=weights)
    return np.sqrt(np.average((np.array(told) - mean) ** 2, axis=0, weights=weights))


def _own_shifts(
    misfit: Misfit, best: Sequence[int], shift: float, scale: Floats, mu: Floats, noise: Floats
) -> tuple[Floats, Floats]:
    """Find each standard's own shift, near the common one as far as scales agree, and its error."""
    squares, fractions = misfit(best, shift)
    variance = max(float((noise**2).mean()), squares / mu.size)
    variance *= _smoothness(mu, fractions)

    def posterior(by: Floats) -> float:
        return misfit(best, by)[0] / variance + float((((by - by.mean()) / scale) ** 2).sum())

    start = np.full(len(best), shift)
    found = minimize(posterior, start, method="Nelder-Mead", options={"xatol": 0.003, "fatol": 0.05}).x
    step = 0.05
    axes = step * np.eye(len(best))
    curvature = np.array(
        [
            [
                posterior(found + a + b) - posterior(found + a - b) - posterior(found - a + b)
                + posterior(found - a - b) for b in axes
            ]
            for a in axes
        ]
    ) / (8 * step**2)  # fmt: skip
    covariance = np.linalg.pinv(curvature, hermitian=True)
    return found, np.clip(np.sqrt(np.clip(np.diag(covariance), 0, None)), LEAST_SCALE_ERROR, scale)


def _jitter(
    mu: Floats, spectra: Floats, slopes: Floats, fractions: Floats, variance: Floats
) -> tuple[Floats, Floats]:
    r"""Find by how much the energies of points differ, eV, from what their residuals hold of their slopes.

    Each residual is projected onto the part of its spectrum's slope that the standards cannot make,
    :math:`d_i = r_i p_i / p_i^2`, with the error :math:`e_i`; that they scatter by more than this,
    :math:`s^2 = \mathrm{var}(d) - \overline{e^2}`, is a scale that differs from point to point, of which
    :math:`d_i s^2 / (s^2 + e_i^2)` is most likely.
    """
    basis = np.linalg.qr(spectra.T)[0]
    own = fractions @ slopes
    own = own - own @ basis @ basis.T
    power = np.maximum((own**2).sum(axis=1), 1e-12)
    found = ((mu - fractions @ spectra) * own).sum(axis=1) / power
    found -= found.mean()
    error = variance / power
    square = max(0.0, float((found**2).mean() - error.mean()))
    # within two standard deviations of what it is by chance it is none
    if square < 2 * float(error.mean()) * np.sqrt(2 / len(mu)):
        return np.zeros(len(mu)), np.zeros(len(mu))
    return found * square / (square + error), np.sqrt(square * error / (square + error))


def _smoothness(mu: Floats, fractions: Floats) -> float:
    """Count the points that the misfit of a series stays the same for."""
    left = mu - fractions @ np.linalg.lstsq(fractions, mu, rcond=None)[0]
    return float(np.median([correlation_length(row) for row in left]))


def _tables(
    axis: Floats,
    energy: Floats,
    mu: Floats,
    noise: Floats,
    mine: Sequence[Standard],
    curves: Sequence[PchipInterpolator],
    scale: Floats,
    off: Floats,
    fractions: Floats,
    choice: Floats,
    by_neighbours: Floats | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    members = tuple(range(len(mine)))
    rows, values = [], []
    labels = {name: np.array([getattr(one, name) for one in mine]) for name in VALUES}
    for point, row in enumerate(mu):
        problem = Problem(energy, row, curves, [one.compound for one in mine], 0.0)
        left = row - problem.matrix(members, 0.0) @ fractions[point]
        squares = float(left @ left)
        r_factor, about_mean, chi_square = goodness(squares, row, noise[point] ** 2, len(mine) - 1)
        variance = noise[point] ** 2 * max(1.0, chi_square) * correlation_length(left)
        share = fractions[point] / fractions[point].sum()
        fit = Fit(members, share, 0.0, squares)
        # shifts are those of all points together, but for what points differ by that residuals tell
        from_noise, from_scale, _ = covariances(problem, fit, variance, scale, off[point])
        from_noise = from_noise if by_neighbours is None else by_neighbours[point]
        total = from_noise + from_scale + np.diag(choice[point] ** 2)
        for k, one in enumerate(mine):
            parts = [
                np.sqrt(max(0.0, float(part))) for part in (total[k, k], from_noise[k, k], from_scale[k, k])
            ]
            rows.append((axis[point], one.compound, one.name, share[k], *parts, choice[point, k]))
        told: list[float] = []
        for name in VALUES:
            label = labels[name]
            told += [float(share @ label), float(np.sqrt(max(0.0, label @ total @ label)))]
        values.append((axis[point], *told, r_factor, about_mean, chi_square))
    columns = ["position", "compound", "standard", "fraction", "error", "noise_error", "scale_error"]
    fits = ["r_factor", "r_factor_about_mean", "reduced_chi_square"]
    of_values = [name + end for name in VALUES for end in ("", "_error")]
    return (
        pd.DataFrame(rows, columns=[*columns, "choice_error"]),
        pd.DataFrame(values, columns=["position", *of_values, *fits]),
    )
