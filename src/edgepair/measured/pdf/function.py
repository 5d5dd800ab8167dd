r"""Which function of r a measured curve is.

A PDF in the sense of this package, :math:`G(r) = 4 \pi r \rho_0 (g(r) - 1)`, is 0 at r = 0, a
falling straight line before the first peak and swings about 0 afterwards. Its relatives do not [1]_:
g(r) goes from 0 to 1; Keen's total G(r) is level below the first peak, at minus the square of the
mean scattering length; T(r) and R(r) rise without end.

.. [1] Keen, J. Appl. Cryst. 34, 172 (2001), doi 10.1107/S0021889800019993
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_ATOMS = (0.2, 1.1)
"""Å; no two atoms but those of hydrogen are so close, so that a PDF is a straight line here."""

EXPECTED = "G(r) = 4πrρ₀(g(r) − 1), 0 at r = 0 and swinging about 0"

NAMES = {
    "g": "a curve that goes to 1: g(r), or S(Q)",
    "level": "a curve that levels off above 0: a multiple of g(r), or an intensity",
    "positive": "a curve that is never negative: an intensity, or a radial distribution R(r)",
    "T": "a curve that rises like r: T(r) = 4πrρ₀ g(r)",
    "R": "a curve that rises like r²: the radial distribution R(r) = 4πr²ρ₀ g(r)",
}
"""What `judge_function` can say besides ``G`` and ``keen``, in words."""


def judge_function(r: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Tell from its shape which function of r a curve is.

    Parameters
    ----------
    r : numpy.ndarray
        Shape (n_r,), Å, increasing.
    y : numpy.ndarray
        Shape (n_r,).

    Returns
    -------
    str
        ``G``, ``keen`` (level below the first peak, to 0 at the end), or a key of `NAMES`. ``G``
        too where the shape does not tell.
    """
    size = float(np.sqrt(np.mean(y**2)))
    if not size > 0:
        return "G"
    last = r > r[-1] - (r[-1] - r[0]) / 3
    level, swing = float(y[last].mean()), float(y[last].std())
    rising = _rising(r, y)
    if rising:
        return rising
    if abs(level - 1) < 0.1 and swing < 0.3:
        return "g"
    if level > 2 * swing and level > 0.3 * size:
        return "level"
    if y.min() >= -1e-3 * size:
        return "positive"
    return "keen" if _level_below(r, y) is not None else "G"


def _rising(r: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Say whether a curve rises like a power of r, and which."""
    total = float(((y - y.mean()) ** 2).sum())
    left = {}
    for name, power in (("T", 1), ("R", 2)):
        basis = r**power
        slope = float(basis @ y / (basis @ basis))
        left[name] = float(((y - slope * basis) ** 2).sum()) if slope > 0 else np.inf
    best = min(left, key=lambda name: left[name])
    # Swings of G about 0 leave nearly all of the variance to be explained.
    return best if left[best] < 0.25 * total else ""


def _level_below(r: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    """Level of a curve that is flat, not falling, below its first peak; None where it is not."""
    low = (r >= NO_ATOMS[0]) & (r <= NO_ATOMS[1])
    if low.sum() < 4 or r[0] > NO_ATOMS[0]:
        return None
    x, below = r[low], y[low]
    level = float(below.mean())
    if level >= 0:
        return None
    flat = float(np.sqrt(np.mean((below - level) ** 2)))
    slope = float(x @ below / (x @ x))
    line = float(np.sqrt(np.mean((below - slope * x) ** 2)))
    # A sine transform is 0 at r = 0 whatever was measured: one that starts at its level is none.
    first = int(np.argmax(r > 0))
    starts_level = r[first] > 0.05 or abs(y[first] - level) < 0.3 * abs(level)
    return level if flat < 0.3 * line and starts_level else None


def pdf_from_keen(
    r: NDArray[np.float64], y: NDArray[np.float64], *, number_density: float
) -> NDArray[np.float64]:
    r"""Convert Keen's total G(r) to a PDF.

    .. math:: G = 4 \pi r \rho_0\, y / \langle b \rangle^2, \qquad y(r < r_1) = -\langle b \rangle^2

    Parameters
    ----------
    r : numpy.ndarray
        Shape (n_r,), Å.
    y : numpy.ndarray
        Shape (n_r,): Keen's G(r) in barn, or in any other unit, or g(r) − 1.
    number_density : float
        Atoms per Å³.

    Returns
    -------
    numpy.ndarray
        Shape (n_r,), Å⁻².

    Notes
    -----
    The level below the first peak is the square of the mean scattering length by definition; it
    is read off the curve, so that neither composition nor unit need be known.
    """
    low = (r >= NO_ATOMS[0]) & (r <= NO_ATOMS[1])
    result: NDArray[np.float64] = 4 * np.pi * number_density * r * y / -y[low].mean()
    return result
