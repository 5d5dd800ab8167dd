"""How far the fractions of a mixture are to be believed: noise, energy scales, choice of standards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from edgepair.conventions.tasks import Floats
from edgepair.mixtures.search import Fit, Problem

SIGNIFICANCE = 0.05
"""Chance at which a combination that is the true one is called worse than the best, divided by the
number of compounds: the best of many wrong ones fits better than a wrong one does on its own."""

STANDARD_ERROR = 0.008
"""Edge steps, root mean square: a misfit below it is no sign of a further compound. Of 115 pairs of
calibrated library spectra of one compound from two sources nine in ten differ by more (median 0.028)."""

AT_LIMIT = 1e-3
"""eV from the limit of the shift, within which it counts as held there."""


@dataclass(frozen=True)
class Assessment:
    """One combination with its goodness and its errors, by member."""

    fit: Fit
    r_factor: float
    reduced_chi_square: float
    criterion: float
    as_good: bool
    covariance: Floats
    noise_errors: Floats
    scale_errors: Floats
    shift_error: float


def assess(
    problem: Problem,
    fits: Sequence[Fit],
    *,
    noise: float,
    standard_noise: Floats,
    scale_errors: Floats,
    sample_scale_error: float,
) -> tuple[list[Assessment], float]:
    """Judge fits beside one another.

    ``standard_noise`` (n_standards,); ``scale_errors`` (n_standards,) in eV.

    The ratio of misfits is tested as by W. C. Hamilton, Acta Cryst. 18, 502 (1965), with the number
    of independent points in place of all. Errors from noise grow with a misfit beyond the noise and
    with its smoothness. The criterion is the extended Bayesian one of Chen and Chen, Biometrika 95,
    759 (2008): each compound costs ln N + 2 ln n, for N independent points and n compounds to choose
    from, so that the best of many wrong ones does not pass for a part of the sample.
    """
    best = fits[0]
    residual = problem.mu - problem.matrix(best.members, best.shift) @ best.fractions
    length = correlation_length(residual)
    n_independent = max(len(residual) / length, 10.0)
    parameters = max(1, _parameters(problem, best))
    freedom = n_independent - parameters
    n_compounds = len(set(problem.compounds))
    chance = 1 - SIGNIFICANCE / n_compounds
    ratio = 1 + parameters / freedom * float(f_distribution.ppf(chance, parameters, freedom))
    beyond = len(residual) * STANDARD_ERROR**2
    price = float(np.log(n_independent) + 2 * np.log(n_compounds))
    done = []
    for fit in fits:
        variance = noise**2 + float(((fit.fractions * standard_noise[list(fit.members)]) ** 2).sum())
        r_factor, _, chi_square = goodness(fit.squares, problem.mu, variance, _parameters(problem, fit))
        from_noise, from_scale, shift_error = covariances(
            problem, fit, variance * max(1.0, chi_square) * length, scale_errors,
            sample_scale_error if problem.shift_limit > 0 else 0.0,
        )  # fmt: skip
        done.append(
            Assessment(
                fit,
                r_factor,
                chi_square,
                _misfit(fit, len(residual), n_independent) + price * len(fit.members),
                fit.squares + beyond <= (best.squares + beyond) * ratio,
                from_noise + from_scale,
                _errors(from_noise),
                _errors(from_scale),
                shift_error,
            )
        )
    return done, n_independent


def goodness(squares: float, mu: Floats, variance: float, parameters: int) -> tuple[float, float, float]:
    """Give R, R about the mean, and reduced chi-square of a fit; ``squares``: sum of squared misfits."""
    about = mu - mu.mean()
    free = max(1, len(mu) - parameters)
    return squares / float(mu @ mu), squares / float(about @ about), squares / (variance * free)


def weights_of_choice(assessments: Sequence[Assessment], n_points: int, n_independent: float) -> Floats:
    """Weigh combinations that fit as well as the best against one another; returns (n_assessments,)."""
    information = np.array(
        [_misfit(item.fit, n_points, n_independent) + 2 * len(item.fit.members) for item in assessments]
    )
    weights = np.exp(-0.5 * (information - information.min()))
    weights *= np.array([item.as_good for item in assessments])
    normal: Floats = weights / weights.sum()
    return normal


def _misfit(fit: Fit, n_points: int, n_independent: float) -> float:
    """Minus twice the logarithm of the likelihood, but for a constant."""
    return float(n_independent * np.log(fit.squares + n_points * STANDARD_ERROR**2))


def _free(problem: Problem, fit: Fit) -> bool:
    return abs(fit.shift) < problem.shift_limit - AT_LIMIT


def _parameters(problem: Problem, fit: Fit) -> int:
    return len(fit.members) - 1 + _free(problem, fit)


def covariances(
    problem: Problem, fit: Fit, variance: float, scale_errors: Floats, sample_error: float
) -> tuple[Floats, Floats, float]:
    """Give covariances of noise and of scales, (n_members, n_members), and the shift's error, eV."""
    size = len(fit.members)
    slopes = problem.slopes(fit.members, fit.shift) * fit.fractions
    free = _free(problem, fit)
    # Fractions all change by what the last one gives up.
    trade = np.vstack([np.eye(size - 1), -np.ones((1, size - 1))])
    design = problem.matrix(fit.members, fit.shift) @ trade
    if free:
        design = np.column_stack([design, slopes.sum(axis=1)])
    if not design.shape[1]:
        nothing = np.zeros((size, size))
        return nothing, nothing, float("nan")
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    shifted = slopes * scale_errors[list(fit.members)]
    if not free and sample_error > 0:
        shifted = np.column_stack([shifted, slopes.sum(axis=1) * sample_error])
    moved = -inverse @ design.T @ shifted
    fractions = slice(0, size - 1)
    from_noise = variance * trade @ inverse[fractions, fractions] @ trade.T
    spread = trade @ moved[fractions]
    error = float(np.sqrt(variance * inverse[-1, -1] + (moved[-1] ** 2).sum())) if free else float("nan")
    return from_noise, spread @ spread.T, error


def _errors(covariance: Floats) -> Floats:
    return np.sqrt(np.clip(np.diag(covariance), 0, None))


def correlation_length(residual: Floats) -> float:
    """Count the points that a residual, (n,), stays the same for: its integrated autocorrelation."""
    n = len(residual)
    power = float(residual @ residual)
    if n < 3 or power <= 0:
        return 1.0
    chance = 2 / np.sqrt(n)
    length = 1.0
    for lag in range(1, n // 2):
        correlation = float(residual[lag:] @ residual[:-lag]) / power
        if correlation < chance:
            break
        length += 2 * correlation
    return length
