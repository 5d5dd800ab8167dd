r"""Mixtures: a measured spectrum as a sum of measured standards.

.. math:: \mu(E) \approx \sum_k f_k\,\mu_k(E + s), \qquad f_k > 0, \quad \sum_k f_k = 1

The fractions are those of the absorber's atoms, as every standard is normalised to one edge step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from edgepair.conventions import DataError, OptionError
from edgepair.conventions.tasks import Floats
from edgepair.mixtures.errors import AT_LIMIT, Assessment, assess, weights_of_choice
from edgepair.mixtures.search import Problem, search
from edgepair.spectra import find_e0
from edgepair.spectra.smoothing import point_noise
from edgepair.standards.standards import Standard

CORE = (-10.0, 30.0)
"""eV from the edge: what sample and standards must cover, within the window that is asked for."""

SCALE_ERROR = 0.15
"""eV; standard error of a calibrated energy scale: foils read on different days and beamlines agree
to one or two tenths of an eV."""

UNKNOWN_SCALE_ERROR = 1.0
"""eV; the same where no calibration is known: beamlines differ by up to 2 eV until calibrated."""

SAME_EDGE = 40.0
"""eV between the edges of sample and standard, beyond which they are not of one element and edge."""

LARGE_MISFIT = 0.03
"""Edge steps: root mean square misfit that tells of a missing standard. Spectra of one compound from
two beamlines differ by one or two hundredths."""

KEPT = 50
"""Combinations in the table."""

QUANTITIES = ("oxidation_state", "coordination_number", "bond_length")
"""Values of which a mixture has a mean."""


@dataclass(frozen=True)
class MixtureResult:
    """The combinations that describe a spectrum best.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per combination: ``rank, n_compounds, compounds, standards, fractions, errors, shift,
        shift_error, r_factor, reduced_chi_square, as_good``, and for each of ``oxidation_state,
        coordination_number, bond_length`` the mean and, with ``_error`` added, its standard error.
        Ordered by the misfit, with a penalty per component. ``as_good``: fits as well as the
        one with the smallest misfit, as far as the spectrum tells. ``compounds``, ``standards``,
        ``fractions`` and ``errors`` are tuples, the largest fraction first.
    fractions : pandas.DataFrame
        A row per combination and compound: ``rank, compound, standard, fraction, error,
        noise_error, scale_error, choice_error``; the first is the root of the squares of the others.
    energy, mu, fitted : numpy.ndarray
        Shape (n_points,): the sample within the window, as measured, and what the first combination
        makes of it.
    e0 : float
        Edge of the sample, eV.
    noise : float
        Standard deviation of a point of the sample.
    n_independent : float
        Independent points among those fitted.
    warnings : tuple of str
        What makes the result doubtful.
    """

    table: pd.DataFrame
    fractions: pd.DataFrame
    energy: Floats
    mu: Floats
    fitted: Floats
    e0: float
    noise: float
    n_independent: float
    warnings: tuple[str, ...] = ()


def fit_mixtures(
    energy: ArrayLike,
    mu: ArrayLike,
    standards: Sequence[Standard],
    *,
    limit: int = 3,
    window: tuple[float, float] = (-20.0, 60.0),
    shift_limit: float = 0.5,
    noise: float | None = None,
    e0: float | None = None,
) -> MixtureResult:
    """Find the combinations of standards that a spectrum may be a mixture of.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing, on the standards' scale but for a small shift.
    mu : array_like
        Shape (n_energy,): normalised to an edge step of 1 and flattened.
    standards : sequence of Standard
        Those of other elements are passed over. Several of one compound stand in for one another.
    limit : int, optional
        Most compounds in a combination.
    window : tuple of float, optional
        Range that is fitted, eV from the sample's edge.
    shift_limit : float, optional
        Largest shift of the sample's energies, eV; 0 for none.
    noise : float, optional
        Standard deviation of a point of mu; found from the spectrum where not given.
    e0 : float, optional
        Edge of the sample, eV; found where not given.

    Returns
    -------
    MixtureResult
        The combinations in order, with errors.

    Raises
    ------
    DataError
        No standard is of the sample's edge, energies do not overlap, or the sample has no noise.
    OptionError
        An option has a value that cannot be.
    """
    _check_options(limit, window, shift_limit, noise)
    x, y = np.asarray(energy, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    edge = find_e0(x, y) if e0 is None else float(e0)
    chosen, first, last, warnings = _choose(x, standards, edge, window, shift_limit)
    inside = (x >= first) & (x <= last)
    own_noise = point_noise(x[inside], y[inside]) if noise is None else float(noise)
    if not own_noise > 1e-9:
        raise DataError(
            "cannot tell which mixtures fit as well as the best",
            found=f"a noise of {own_noise:.1g} in {int(inside.sum())} points",
            needed="a spectrum with noise, or its noise",
            suggestion="pass noise=0.001 for a thousandth of the edge step, or whatever it is",
        )
    # Monotone between points: a coarse standard must not overshoot at its white line.
    curves = [PchipInterpolator(item.energy, item.mu) for item in chosen]
    problem = Problem(x[inside], y[inside], curves, [item.compound for item in chosen], shift_limit)
    fits = search(problem, limit)
    known = np.isfinite([standard.energy_shift for standard in chosen])
    assessments, n_independent = assess(
        problem,
        fits,
        noise=own_noise,
        standard_noise=np.nan_to_num([_noise_within(standard, first, last) for standard in chosen]),
        scale_errors=np.where(known, SCALE_ERROR, UNKNOWN_SCALE_ERROR),
        sample_scale_error=SCALE_ERROR,
    )
    weights = weights_of_choice(assessments, len(problem.mu), n_independent)
    order = sorted(range(len(fits)), key=lambda k: (assessments[k].criterion, fits[k].members))[:KEPT]
    table, fractions = _tables([assessments[k] for k in order], assessments, weights, chosen)
    best = assessments[order[0]].fit
    fitted = problem.matrix(best.members, best.shift) @ best.fractions
    if shift_limit and abs(best.shift) > shift_limit - AT_LIMIT:
        warnings.append(f"the best shift is at its limit of {shift_limit:g} eV: check the energy calibration")
    if not all(known[list(best.members)]):
        warnings.append("the energy calibration of a standard of the best combination is not known")
    misfit = float(np.sqrt(best.squares / inside.sum()))
    if misfit > LARGE_MISFIT and misfit > 3 * own_noise:
        warnings.append(f"the misfit is {100 * misfit:.1f} % of the edge step: a standard may be missing")
    return MixtureResult(
        table, fractions, x[inside], y[inside], fitted, edge, own_noise, n_independent, tuple(warnings)
    )


def _check_options(limit: int, window: tuple[float, float], shift_limit: float, noise: float | None) -> None:
    wrong = ""
    if not 1 <= limit <= 6:
        wrong, needed = f"at most {limit} compounds", "1 to 6"
    elif not window[0] < window[1]:
        wrong, needed = f"a window from {window[0]:g} to {window[1]:g} eV", "a first energy below the last"
    elif not 0 <= shift_limit <= 5:
        wrong, needed = f"shifts of up to {shift_limit:g} eV", "0 to 5 eV"
    elif noise is not None and not 0 < noise < 1:
        wrong, needed = f"a noise of {noise:g}", "a part of the edge step, as 0.001"
    if wrong:
        raise OptionError(
            "cannot fit mixtures", found=wrong, needed=needed, suggestion="leave the option out"
        )


def _choose(
    energy: Floats,
    standards: Sequence[Standard],
    edge: float,
    window: tuple[float, float],
    shift_limit: float,
) -> tuple[list[Standard], float, float, list[str]]:
    """Choose standards of the sample's edge that reach far enough, and the range they share with it."""
    near = [item for item in standards if item.energy[0] < edge < item.energy[-1]]
    near = [item for item in near if abs(find_e0(item.energy, item.mu) - edge) < SAME_EDGE]
    if not near:
        elements = ", ".join(sorted({item.absorber for item in standards})) or "none"
        raise DataError(
            "cannot fit mixtures",
            found=f"an edge at {edge:.0f} eV, standards of {elements}",
            needed="standards with the same edge",
            suggestion="give standards of the sample's element, or check its energies",
        )
    core = (edge + max(CORE[0], window[0]), edge + min(CORE[1], window[1]))
    reach = [
        item
        for item in near
        if item.energy[0] + shift_limit <= core[0] and item.energy[-1] - shift_limit >= core[1]
    ]
    covered = energy[0] <= core[0] and energy[-1] >= core[1]
    if not reach or not covered:
        who = f"a sample from {energy[0] - edge:+.0f} to {energy[-1] - edge:+.0f} eV of its edge"
        raise DataError(
            "cannot fit mixtures",
            found=who if not covered else "standards that end before that",
            needed=f"energies from {core[0] - edge:+.0f} to {core[1] - edge:+.0f} eV of the edge",
            suggestion="choose a narrower window, or longer scans",
        )
    warnings = []
    if len(reach) < len(near):
        short = ", ".join(sorted({item.name for item in near} - {item.name for item in reach}))
        warnings.append(f"left out as too short: {short}")
    first = max(energy[0], edge + window[0], max(item.energy[0] for item in reach) + shift_limit)
    last = min(energy[-1], edge + window[1], min(item.energy[-1] for item in reach) - shift_limit)
    if first > edge + window[0] + 1 or last < edge + window[1] - 1:
        warnings.append(f"fitted from {first - edge:+.0f} to {last - edge:+.0f} eV: not all reach further")
    return reach, float(first), float(last), warnings


def _noise_within(standard: Standard, first: float, last: float) -> float:
    inside = (standard.energy >= first) & (standard.energy <= last)
    return point_noise(standard.energy[inside], standard.mu[inside])


def _tables(
    shown: Sequence[Assessment], every: Sequence[Assessment], weights: Floats, standards: Sequence[Standard]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    shares = [_by_compound(item, standards) for item in every]
    means = {
        quantity: np.array([_values(quantity, item, standards) @ item.fit.fractions for item in every])
        for quantity in QUANTITIES
    }
    rows, parts = [], []
    for rank, item in enumerate(shown, start=1):
        fit = item.fit
        mine = _by_compound(item, standards)
        choice = np.zeros(len(fit.members))
        if item.as_good:
            for k, member in enumerate(fit.members):
                compound = standards[member].compound
                others = np.array([share.get(compound, 0.0) for share in shares])
                choice[k] = np.sqrt(weights @ (others - mine[compound]) ** 2)
        total = np.sqrt(item.noise_errors**2 + item.scale_errors**2 + choice**2)
        order = np.argsort(-fit.fractions, kind="stable")
        used = [standards[fit.members[k]] for k in order]
        row = {
            "rank": rank,
            "n_compounds": len(used),
            "compounds": tuple(standard.compound for standard in used),
            "standards": tuple(standard.name for standard in used),
            "fractions": tuple(fit.fractions[order].tolist()),
            "errors": tuple(total[order].tolist()),
            "shift": fit.shift,
            "shift_error": item.shift_error,
            "r_factor": item.r_factor,
            "reduced_chi_square": item.reduced_chi_square,
            "as_good": item.as_good,
        }
        for quantity in QUANTITIES:
            row[quantity], row[f"{quantity}_error"] = _mean(
                item, _values(quantity, item, standards), means[quantity], weights
            )
        rows.append(row)
        parts += [
            {
                "rank": rank,
                "compound": standards[fit.members[k]].compound,
                "standard": standards[fit.members[k]].name,
                "fraction": float(fit.fractions[k]),
                "error": float(total[k]),
                "noise_error": float(item.noise_errors[k]),
                "scale_error": float(item.scale_errors[k]),
                "choice_error": float(choice[k]),
            }
            for k in order
        ]
    return pd.DataFrame(rows), pd.DataFrame(parts)


def _by_compound(item: Assessment, standards: Sequence[Standard]) -> dict[str, float]:
    return {
        standards[member].compound: float(fraction)
        for member, fraction in zip(item.fit.members, item.fit.fractions, strict=True)
    }


def _values(quantity: str, item: Assessment, standards: Sequence[Standard]) -> Floats:
    return np.array([getattr(standards[member], quantity) for member in item.fit.members], dtype=float)


def _mean(item: Assessment, values: Floats, means: Floats, weights: Floats) -> tuple[float, float]:
    """Average a value over a combination; NaN where a compound's is not known."""
    mean = float(values @ item.fit.fractions)
    variance = float(values @ item.covariance @ values)
    if item.as_good:
        known = np.isfinite(means) & (weights > 0)
        if known.any():
            variance += float(weights[known] @ (means[known] - mean) ** 2 / weights[known].sum())
    return mean, float(np.sqrt(max(variance, 0.0))) if np.isfinite(mean) else float("nan")
