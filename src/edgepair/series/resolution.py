r"""Spectra of the components of a series, where no standards are known: curve resolution.

.. math:: D \approx C S, \qquad C \ge 0, \quad C\,\mathbf 1 = \mathbf 1, \quad S \ge 0

by alternating least squares (R. Tauler, Chemometr. Intell. Lab. Syst. 30, 133 (1995)) from the purest
points. Any :math:`T` with :math:`T\,\mathbf 1 = \mathbf 1` whose :math:`C T^{-1}` and :math:`T S` keep the
constraints describes the series as well: how far that lets each component go is told beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize, nnls

from edgepair.conventions.tasks import Floats

MOST_STEPS = 500
CONVERGED = 1e-7
"""Relative change of the misfit at which steps end."""

DRAWS = 40
"""Of points with replacement, for errors."""

MOST_TURNED = 4
"""Components up to which the rotational ambiguity is looked for."""


@dataclass(frozen=True)
class Resolution:
    """Components of a series.

    Attributes
    ----------
    fractions, fraction_errors, fraction_low, fraction_high : numpy.ndarray
        Shape (n_points, n_components): share of each component, its standard error from noise and the
        choice of points, and how far its rotational ambiguity reaches; NaN for more than four.
    spectra, spectrum_errors : numpy.ndarray
        Shape (n_components, n_energy), and their standard errors.
    left_over : float
        Root mean square misfit, edge steps.
    purest : tuple of int
        Points from which the components were started.
    """

    fractions: Floats
    fraction_errors: Floats
    fraction_low: Floats
    fraction_high: Floats
    spectra: Floats
    spectrum_errors: Floats
    left_over: float
    purest: tuple[int, ...]


def resolve(
    mu: Floats, number: int, *, fixed: Floats | None = None, noise: float, seed: int = 0
) -> Resolution:
    """Resolve spectra, (n_points, n_energy), into components in order of their maxima, fixed ones first."""
    given = np.empty((0, mu.shape[1])) if fixed is None else fixed[:number]
    purest = purest_points(mu, number, given)
    spectra, fractions = _alternate(mu, np.vstack([given, mu[purest]]), len(given))
    free = np.arange(len(given), number)
    order = [*range(len(given)), *free[np.argsort(fractions[:, free].argmax(axis=0), kind="stable")]]
    spectra, fractions = spectra[order], fractions[:, order]
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        rows = random.integers(0, len(mu), len(mu))
        if np.linalg.matrix_rank(fractions[rows], tol=1e-3) == number:
            drawn.append(_alternate(mu[rows], spectra, len(given))[0])
    spread = np.array(drawn or [spectra])
    told = np.array([closed_fractions(mu, one) for one in spread])
    by_noise = noise * np.sqrt(np.diag(np.linalg.pinv(spectra @ spectra.T)))
    low, high = _turned(fractions, spectra, len(given), by_noise.max(), noise)
    return Resolution(
        fractions,
        np.hypot(told.std(axis=0), by_noise),
        low,
        high,
        spectra,
        spread.std(axis=0),
        float(np.sqrt(((mu - fractions @ spectra) ** 2).mean())),
        tuple(int(k) for k in purest),
    )


def closed_fractions(mu: Floats, spectra: Floats, *, closure: float = np.inf) -> Floats:
    """Fit fractions ≥ 0 that add up to one as far as `closure` holds them; (n_points, n_components)."""
    held = bool(np.isfinite(closure))
    added = closure if held else 0.0
    number = len(spectra)
    # all choices of components at once, the fewest first; those left out have an equation of their own
    member = np.array(sorted(product((False, True), repeat=number), key=sum)[1:])
    gram, right = spectra @ spectra.T + added, (mu @ spectra.T + added).T
    system = np.zeros((len(member), number + 1, number + 1))
    system[:, :number, :number] = np.where(member[:, :, None] & member[:, None], gram, np.eye(number))
    if not held:
        system[:, :number, number] = system[:, number, :number] = member
    size, turn = np.linalg.eigh(system)
    usable = np.abs(size) > 1e-15 * np.abs(size).max(axis=1, keepdims=True)
    turn[:, :number] *= member[:, :, None]
    inverse = (turn[:, :number] * np.divide(1, size, out=np.zeros_like(size), where=usable)[:, None]) @ (
        turn.transpose(0, 2, 1)
    )
    part = inverse[:, :, :number] @ right
    if not held:
        part += inverse[:, :, number:]
    squares = (part * (gram @ part - 2 * right)).sum(axis=1)
    squares[(part < 0).any(axis=1)] = np.inf
    best = squares.argmin(axis=0)
    rows = np.arange(len(mu))
    return np.where(np.isfinite(squares[best, rows])[:, None], part[best, :, rows], 0.0)


def neighbour_fractions(
    mu: Floats, spectra: Floats, axis: Floats, *, closure: float, variance: float, change: float
) -> tuple[Floats, Floats]:
    r"""Fit fractions of all points together, which change by about `change` from one to the next.

    ``mu`` (n_points, n_energy); ``spectra`` (n_components, n_energy); ``axis`` (n_points,); ``closure`` as of
    `closed_fractions`; ``variance`` of an independent point of a spectrum. Returns the fractions, (n_points,
    n_components), and the covariance of each point's shares.

    A random walk, :math:`\sigma^{-2} |\mu - f S|^2 + \delta^{-2} \sum_i |f_{i+1} - f_i|^2 \bar h / h_i`,
    with :math:`h_i` the distances on the axis and :math:`\bar h` their median; its inverse curvature is the
    covariance.
    """
    n, size = len(mu), len(spectra)
    apart = np.diff(axis)
    usual = float(np.median(apart)) or 1.0
    weight = variance / change**2 * usual / np.maximum(apart, 0.1 * usual)
    steps = np.diff(np.eye(n), axis=0)
    own = spectra @ spectra.T + closure
    system = np.kron(np.eye(n), own) + np.kron((steps.T * weight) @ steps, np.eye(size))
    root = cholesky(system)
    right = solve_triangular(root, (mu @ spectra.T + closure).ravel(), trans="T")
    fractions = nnls(root, right, maxiter=30 * n * size)[0].reshape(n, size)
    inverse = variance * np.linalg.inv(system)
    shares = fractions / fractions.sum(axis=1, keepdims=True)
    covariance = np.empty((n, size, size))
    for k in range(n):
        turn = np.eye(size) - shares[k][:, None]
        block = slice(k * size, (k + 1) * size)
        covariance[k] = turn @ inverse[block, block] @ turn.T
    return fractions, covariance


def purest_points(mu: Floats, number: int, given: Floats) -> list[int]:
    """Find the points that are farthest from what the components before them can be mixed to."""
    # on the components that matter: the farthest point is not to be the noisiest
    left, size, right = np.linalg.svd(mu, full_matrices=False)
    smooth = (left[:, :number] * size[:number]) @ right[:number]
    chosen: list[int] = []
    if not len(given):
        chosen = [int(((smooth - smooth.mean(axis=0)) ** 2).sum(axis=1).argmax())]
    while len(chosen) + len(given) < number:
        basis = np.vstack([given, smooth[chosen]])
        away = smooth - closed_fractions(smooth, basis) @ basis
        chosen.append(int((away**2).sum(axis=1).argmax()))
    return chosen


def _alternate(mu: Floats, spectra: Floats, n_fixed: int) -> tuple[Floats, Floats]:
    before = np.inf
    fractions = closed_fractions(mu, spectra)
    for _ in range(MOST_STEPS):
        rest = mu - fractions[:, :n_fixed] @ spectra[:n_fixed]
        spectra = np.vstack(
            [spectra[:n_fixed], _positive_spectra(rest, fractions[:, n_fixed:], spectra[n_fixed:])]
        )
        fractions = closed_fractions(mu, spectra)
        now = float(((mu - fractions @ spectra) ** 2).sum())
        if before - now < CONVERGED * now:
            break
        before = now
    return spectra, fractions


def _positive_spectra(mu: Floats, fractions: Floats, before: Floats) -> Floats:
    """Fit spectra that are not negative; a component that no point holds stays as it was."""
    held = fractions.max(axis=0) > 1e-3
    spectra = before.copy()
    if held.any():
        spectra[held] = closed_fractions(mu.T, fractions[:, held].T, closure=0.0).T
    return spectra


def _turned(
    fractions: Floats, spectra: Floats, n_fixed: int, slack: float, noise: float
) -> tuple[Floats, Floats]:
    """Find the least and the greatest share that each component can have, the misfit being the same."""
    number = len(spectra)
    if number > MOST_TURNED:
        unknown = np.full_like(fractions, np.nan)
        return unknown, unknown
    low, high = fractions.copy(), fractions.copy()
    free = number - n_fixed
    start = np.delete(np.eye(number), number - 1, axis=1)[n_fixed:].ravel()

    def turn(x: Floats) -> Floats:
        rows = x.reshape(free, number - 1)
        return np.vstack([np.eye(number)[:n_fixed], np.column_stack([rows, 1 - rows.sum(axis=1)])])

    def shares(x: Floats) -> Floats:
        return fractions @ np.linalg.pinv(turn(x))

    def allowed(x: Floats) -> Floats:
        # energies and points that bind are the outermost: all are held
        return np.concatenate(
            [(shares(x) + 2 * slack).ravel(), (turn(x)[n_fixed:] @ spectra + 2 * noise).ravel()]
        )

    if number == 1 or not free:
        return low, high
    for component in range(number):
        for sign in (1.0, -1.0):
            found = minimize(
                lambda x, k=component, s=sign: s * shares(x)[:, k].mean(),
                start, method="SLSQP", constraints={"type": "ineq", "fun": allowed},
                options={"maxiter": 60, "ftol": 1e-6},
            )  # fmt: skip
            if np.isfinite(found.x).all() and allowed(found.x).min() > -1e-3:
                told = np.clip(shares(found.x), 0.0, 1.0)
                low, high = np.minimum(low, told), np.maximum(high, told)
    return low, high
