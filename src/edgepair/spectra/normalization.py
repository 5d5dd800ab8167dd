r"""Edge-step normalisation of a measured spectrum.

With :math:`p(E)` a straight line through the pre-edge and :math:`q(E)` a polynomial through what
lies between the post-edge's ends, of the absorption above :math:`p`,

.. math:: \mu_n(E) = \frac{\mu(E) - p(E)}{q(E_0)}, \qquad
          \mu_f(E) = \mu_n(E) - \frac{q(E) - q(E_0)}{q(E_0)}\,[E > E_0]

:math:`\mu_n` is what Athena and Larch call norm, :math:`\mu_f` flat [1]_.

.. [1] Ravel and Newville, J. Synchrotron Rad. 12, 537 (2005), doi 10.1107/S0909049505012719
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SMOOTHING = 0.75
"""eV; standard deviation of the Gaussian under which the steepest slope is looked for: a good
monochromator's resolution, so that noise between fine steps does not pass for an edge."""

PRE_GAP = 20.0
"""eV below E0 at which the default pre-edge ends: before the pre-edge peaks of oxides begin."""

POST_GAP = 50.0
"""eV above E0 from which the default post-edge starts, where the scan reaches far enough."""

POST_LAST = 500.0
"""eV above E0 at which the default post-edge ends: what lies beyond says little of the edge."""


@dataclass(frozen=True)
class NormalizedSpectrum:
    """A spectrum brought to an edge step of 1, with how that was done.

    Attributes
    ----------
    energy : numpy.ndarray
        Shape (n_energy,), eV.
    mu : numpy.ndarray
        Shape (n_energy,): flattened, what models and standards use.
    norm : numpy.ndarray
        Shape (n_energy,): normalised but not flattened.
    e0 : float
        Energy of the edge, eV.
    edge_step : float
        Height of the edge in the units of what was measured.
    pre, post : tuple of float
        Ends of the pre-edge and post-edge ranges, eV relative to E0.
    degree : int
        Of the polynomial through the post-edge: 0, 1 or 2.
    warnings : tuple of str
        What makes the normalisation doubtful.
    """

    energy: NDArray[np.float64]
    mu: NDArray[np.float64]
    norm: NDArray[np.float64]
    e0: float
    edge_step: float
    pre: tuple[float, float]
    post: tuple[float, float]
    degree: int
    warnings: tuple[str, ...] = ()


def find_e0(energy: ArrayLike, mu: ArrayLike) -> float:
    """Find the edge: where the smoothed spectrum rises most steeply.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,).

    Returns
    -------
    float
        Energy of the steepest rise, eV.

    Raises
    ------
    DataError
        Fewer than 10 points, or nothing rises.
    """
    x, y = _checked(energy, mu)
    step = float(np.clip(np.median(np.diff(x)), 0.1, 1.0))
    grid = np.arange(x[0], x[-1], step)
    even = np.interp(grid, x, y)
    reach = max(1, round(4 * SMOOTHING / step))
    away = step * np.arange(-reach, reach + 1)
    kernel = -away * np.exp(-0.5 * (away / SMOOTHING) ** 2)
    # A Gaussian's derivative: smoothing and slope at once. Ends hold their value, to stay flat.
    slope = np.convolve(np.pad(even, reach, mode="edge"), -kernel[::-1], mode="valid")
    # A coarse stretch says too little to hold the edge, whatever a single step there does.
    fine = np.interp(grid, x, np.gradient(x)) < 6.0
    slope = np.where(fine, slope, -np.inf)
    best = int(slope.argmax())
    if not np.isfinite(slope[best]) or slope[best] <= 0:
        raise DataError(
            "cannot find the absorption edge",
            found="a spectrum that rises nowhere, or has steps of more than 6 eV throughout",
            needed="a rise of the absorption with points less than 6 eV apart",
            suggestion="check which columns are energy and absorption, and the sign of mu",
        )
    return float(grid[best])


def normalize_mu(
    energy: ArrayLike,
    mu: ArrayLike,
    *,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
    degree: int | None = None,
) -> NormalizedSpectrum:
    """Bring a spectrum to an edge step of 1.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,), in any unit.
    e0 : float, optional
        Energy of the edge, eV; found where not given.
    pre, post : tuple of float, optional
        Ranges of the pre-edge and the post-edge, eV relative to E0.
    degree : int, optional
        Degree of the post-edge polynomial; by default 2 where it is longer than 350 eV, 1 where
        longer than 50 eV, else 0, as in Larch.

    Returns
    -------
    NormalizedSpectrum
        On the energies given.

    Raises
    ------
    DataError
        No edge, a range without points, or an edge step that is not positive.
    """
    x, y = _checked(energy, mu)
    warnings: list[str] = []
    edge = find_e0(x, y) if e0 is None else float(e0)
    if not x[0] < edge < x[-1]:
        raise DataError(
            "cannot normalise a spectrum",
            found=f"E0 {edge:.1f} eV outside {x[0]:.1f} to {x[-1]:.1f} eV",
            needed="an E0 inside the measured range",
            suggestion="check the unit of energy, or leave E0 out",
        )
    before, after = edge - x[0], x[-1] - edge
    pre_range = pre or _default_pre(before)
    post_range = post or _default_post(after)
    if pre is None and before < PRE_GAP + 10:
        warnings.append(f"the pre-edge is only {before:.0f} eV long: its slope is not fitted")
    if post is None and after < POST_GAP:
        warnings.append(f"the scan ends {after:.0f} eV above the edge: the edge step is uncertain")
    line = _fit(x, y, edge, pre_range, 1 if pre is not None or before >= PRE_GAP + 10 else 0, "pre-edge")
    above = y - np.polyval(line, x - edge)
    if degree is None:
        length = post_range[1] - post_range[0]
        degree = 2 if length > 350 else 1 if length > 50 else 0
    curve = _fit(x, above, edge, post_range, degree, "post-edge")
    edge_step = float(curve[-1])
    if not edge_step > 1e-12 * max(1.0, float(np.abs(y).max())):
        raise DataError(
            "cannot normalise a spectrum",
            found=f"an edge step of {edge_step:.3g}",
            needed="absorption that is higher after the edge than before",
            suggestion="check which columns make mu, and its sign",
        )
    norm = above / edge_step
    flat = norm - np.where(x > edge, np.polyval(curve, x - edge) / edge_step - 1, 0.0)
    return NormalizedSpectrum(x, flat, norm, edge, edge_step, pre_range, post_range, degree, tuple(warnings))


def _default_pre(before: float) -> tuple[float, float]:
    """Up to 150 eV that end before the pre-edge peaks; the first third of a short pre-edge."""
    if before >= PRE_GAP + 10:
        return (-min(before, 150.0), -max(PRE_GAP, before / 5 if before < 100 else PRE_GAP))
    return (-before, -before * 2 / 3)


def _default_post(after: float) -> tuple[float, float]:
    """From 50 eV on; the last two fifths of a scan that ends too soon for that."""
    if after >= POST_GAP + 40:
        return (POST_GAP, min(after, POST_LAST))
    return (after * 3 / 5, after)


def _fit(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    edge: float,
    between: tuple[float, float],
    degree: int,
    name: str,
) -> NDArray[np.float64]:
    inside = (x >= edge + between[0] - 1e-6) & (x <= edge + between[1] + 1e-6)
    if inside.sum() < degree + 1:
        raise DataError(
            f"cannot fit the {name} of a spectrum",
            found=f"{inside.sum()} points from {between[0]:+.0f} to {between[1]:+.0f} eV of E0 {edge:.1f} eV",
            needed=f"at least {degree + 1}",
            suggestion=f"choose another {name} range; the scan covers {x[0] - edge:+.0f} to {x[-1] - edge:+.0f} eV",
        )
    fitted: NDArray[np.float64] = np.polyfit(x[inside] - edge, y[inside], degree)
    return fitted


def _checked(energy: ArrayLike, mu: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.asarray(energy, dtype=np.float64)
    y = np.asarray(mu, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 10:
        raise DataError(
            "cannot use a spectrum",
            found=f"{x.shape} energies and {y.shape} values",
            needed="two one-dimensional arrays of one length, at least 10",
            suggestion="pass one spectrum at a time, with its whole edge",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (np.diff(x) > 0).all()):
        raise DataError(
            "cannot use a spectrum",
            found="energies that do not increase, or values that are not finite",
            needed="finite values at increasing energies",
            suggestion="sort by energy and drop repeated or missing points",
        )
    return x, y
