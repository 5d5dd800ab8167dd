r"""How many components a series has, and which standards lie in their space.

.. math:: D \approx C S, \qquad D\,(n_\mathrm{points} \times n_\mathrm{energy})

The singular values of :math:`D`, squared, are the eigenvalues :math:`\lambda_j` of E. R. Malinowski's
factor analysis, whose indicator function and F-test (J. Chemometrics 3, 49 (1988)) stand in the table.
The number itself is told by a test without a distribution: what is left over by k components is held
against the same rows, each moved round by an energy of its own, which leaves noise as it is and takes
apart what several points have in common. What one point alone holds is no noise either, where it is twice the
noise and more than measurements of one compound differ by. Straight lines before and after the edge, which
errors of the normalisation differ by from point to point, do not count.

An energy scale may drift along a series, where no foil was measured with each point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.stats import f as f_distribution

from edgepair.conventions.tasks import Floats
from edgepair.mixtures.errors import STANDARD_ERROR
from edgepair.spectra.smoothing import point_noise
from edgepair.standards.standards import Standard

LARGEST_DRIFT = 1.0
"""eV; what shapes alone are believed of a drift: more is a change of the sample."""

STEPS = 12

SIGNIFICANCE = 0.01
"""Chance at which noise alone would show one component more."""

SHUFFLES = 99
MOST_COMPONENTS = 8
"""Components that are looked for."""

SAME_COMPOUND = 0.028
"""Edge steps; median by which calibrated spectra of one compound from two sources differ."""


def find_drift(energy: Floats, mu: Floats, number: int) -> tuple[Floats, Floats]:
    r"""Find the drift of the energies that would make so many components enough, and the spectra without it.

    The drift, (n_points,) in eV with mean 0, is to be added to each point's energies. Each residual is
    projected onto that part of its spectrum's slope which the components do not hold:
    :math:`d_i = r_i \cdot p_i / p_i \cdot p_i`, with :math:`p_i = \mu_i' - \mu_i' V^T V`; the spectra are
    moved, and components found anew. Noise is not smoothed, as the model is moved and not the data.
    """
    drift, moved = np.zeros(len(mu)), mu
    for _ in range(STEPS):
        left, size, right = np.linalg.svd(moved, full_matrices=False)
        space = right[:number]
        model = (left[:, :number] * size[:number]) @ space
        slope = np.gradient(model, energy, axis=1)
        own = slope - slope @ space.T @ space
        step = ((mu - _at(energy, model, drift)) * own).sum(axis=1) / np.maximum((own**2).sum(axis=1), 1e-12)
        drift = np.clip(drift + step, -LARGEST_DRIFT, LARGEST_DRIFT)
        drift -= drift.mean()
        moved = mu - (_at(energy, model, drift) - model)
        if np.abs(step - step.mean()).max() < 1e-3:
            break
    return drift, moved


def _at(energy: Floats, model: Floats, drift: Floats) -> Floats:
    """Show spectra as a scale shows them that is to be moved by the drift."""
    return np.array([np.interp(energy + by, energy, row) for by, row in zip(drift, model, strict=True)])


@dataclass(frozen=True)
class Principal:
    """Principal components of a series.

    Attributes
    ----------
    number : int
        Components that stand out of the noise.
    table : pandas.DataFrame
        A row a component: ``component, singular_value, explained, left_over, indicator, f_significance,
        chance``. ``explained``: cumulative share of the variance; ``left_over``: root mean square of what is
        left, edge steps; ``chance``: how often noise alone would be as large.
    loadings : numpy.ndarray
        Shape (n_components, n_energy), orthonormal.
    scores : numpy.ndarray
        Shape (n_points, n_components).
    residual : numpy.ndarray
        Shape (n_points, n_energy): what `number` components leave over.
    """

    number: int
    table: pd.DataFrame
    loadings: Floats
    scores: Floats
    residual: Floats


def find_principal(
    energy: Floats,
    mu: Floats,
    e0: float | None,
    *,
    number: int | None = None,
    seed: int = 0,
    noise: float | None = None,
) -> Principal:
    """Find principal components of spectra, or of PDFs (``e0`` None), and how many stand out."""
    n, m = mu.shape
    left, size, right = np.linalg.svd(mu, full_matrices=False)
    most = min(MOST_COMPONENTS, len(size) - 1)
    eigen, c, r = size**2, min(n, m), max(n, m)
    power = np.cumsum(eigen)
    random = np.random.default_rng(seed)
    counted = mu
    if e0 is not None:
        counted = mu - mu @ (lines := _normalisation(energy, e0)).T @ lines
    own_left, own_size, own_right = np.linalg.svd(counted, full_matrices=False)
    if noise is None:
        floor = max(2 * float(np.median([point_noise(energy, row) for row in mu])), STANDARD_ERROR)
    else:
        floor = 2 * noise
    rows, found, sought = [], 0, True
    for k in range(1, most + 1):
        before = counted - (own_left[:, : k - 1] * own_size[: k - 1]) @ own_right[: k - 1]
        chance = _chance(before, k - 1, random) if sought else float("nan")
        beyond = np.sqrt((before**2).sum() / ((n - k + 1) * (m - k + 1))) > floor
        sought = sought and (chance <= SIGNIFICANCE or bool(beyond))
        found += sought
        rest = eigen[k:].sum()
        deviation = float(np.sqrt(rest / (r * (c - k))))
        j = np.arange(k + 1, c + 1)
        ratio = ((r - j + 1) * (c - j + 1)).sum() / ((r - k + 1) * (c - k + 1)) * eigen[k - 1] / rest
        rows.append(
            (
                k, size[k - 1], power[k - 1] / power[-1], np.sqrt(rest / mu.size), deviation / (c - k) ** 2,
                float(f_distribution.sf(ratio, 1, c - k)), chance,
            )
        )  # fmt: skip
    names = ["component", "singular_value", "explained", "left_over", "indicator", "f_significance", "chance"]
    kept = int(max(1, min(number or found, most)))
    scores = left[:, :most] * size[:most]
    return Principal(
        kept, pd.DataFrame(rows, columns=names), right[:most], scores,
        mu - scores[:, :kept] @ right[:kept],
    )  # fmt: skip


def _normalisation(energy: Floats, e0: float) -> Floats:
    """Give what errors of a normalisation add to a spectrum: lines before and after the edge, orthonormal."""
    above = np.clip(energy - e0, 0.0, None)
    return np.linalg.qr(np.array([np.ones_like(energy), energy - e0, above]).T)[0].T


def find_components(
    energy: Floats, mu: Floats, e0: float, *, number: int | None = None, seed: int = 0
) -> tuple[Principal, Floats, Floats]:
    """Find components of a drifting series, the spectra without drift, and what was added, eV."""
    found = find_principal(energy, mu, e0, number=number, seed=seed)
    for fewer in range(1, found.number if number is None else 1):
        drift, moved = find_drift(energy, mu, fewer)
        again = find_principal(energy, moved, e0, seed=seed)
        if again.number <= fewer and np.abs(drift).max() < LARGEST_DRIFT:
            return again, moved, drift
    return found, mu, np.zeros(len(mu))


def _chance(residual: Floats, taken: int, random: np.random.Generator) -> float:
    """Tell how often rows moved apart have as large a first component as they have together."""
    n, m = residual.shape
    # what components took of the noise as well is given back to the rows that are compared
    grown = 1.0 / max((1 - taken / n) * (1 - taken / m), 1e-3)
    seen = np.linalg.eigvalsh(residual @ residual.T)[-1]
    at = np.arange(m)
    larger = 0
    for _ in range(SHUFFLES):
        moved = np.take_along_axis(residual, (at + random.integers(0, m, (n, 1))) % m, axis=1)
        larger += grown * np.linalg.eigvalsh(moved @ moved.T)[-1] >= seen
    return (1 + larger) / (1 + SHUFFLES)


def targets(
    energy: Floats, principal: Principal, noise: float, standards: Sequence[Standard], *,
    shift_limit: float,
) -> pd.DataFrame:  # fmt: skip
    """Tell which standards the components can make, nearest first; ``misfit``: RMS left over, edge steps."""
    space = principal.loadings[: principal.number]
    shifts = np.arange(-shift_limit, shift_limit + 0.05, 0.1) if shift_limit else np.zeros(1)
    rows = []
    for standard in standards:
        if standard.energy[0] > energy[0] + shift_limit or standard.energy[-1] < energy[-1]:
            continue
        curve = PchipInterpolator(standard.energy, standard.mu)
        seen = curve(energy[None] + shifts[:, None])
        left = np.sqrt(((seen - seen @ space.T @ space) ** 2).mean(axis=1))
        best = int(left.argmin())
        rows.append((standard.name, standard.compound, float(left[best]), float(shifts[best])))
    table = pd.DataFrame(rows, columns=["standard", "compound", "misfit", "shift"])
    table["in_space"] = table["misfit"] < np.hypot(2 * noise, SAME_COMPOUND)
    return table.sort_values("misfit", kind="stable").reset_index(drop=True)
