r"""Which function of r a measured curve is.

A PDF in the sense of this package, :math:`G(r) = 4 \pi r \rho_0 (g(r) - 1)`, is 0 at r = 0, a
falling straight line before the first peak and swings about 0 afterwards. Its relatives do not [1]_:
g(r) goes from 0 to 1; Keen's total G(r) is level below the first peak, at minus the square of the
mean scattering length; T(r) and R(r) rise without end. What is no function of r at all, as S(Q),
χ(k) or χ(R), is not 0 at the origin, swings where no two atoms are, or lacks the slow waves that
small scattering angles give.

.. [1] Keen, J. Appl. Cryst. 34, 172 (2001), doi 10.1107/S0021889800019993
"""

from __future__ import annotations

import math
import re

import numpy as np

from edgepair.conventions import MeasurementError
from edgepair.conventions.tasks import Floats
from edgepair.spectra import power_in_q

NO_ATOMS = (0.2, 1.1)
"""Å; no two atoms but those of hydrogen are so close, so that a PDF is a straight line here."""

DENSITIES = (0.03, 0.15)
"""Atoms per Å³ between which the densities of oxides lie (0.055 to 0.108 in nine of ten)."""

EXPECTED = "G(r) = 4πrρ₀(g(r) − 1), 0 at r = 0 and swinging about 0"

NAMES = {
    "g": "a curve that goes to 1: g(r), or S(Q)",
    "level": "a curve that levels off above 0: a multiple of g(r), or an intensity",
    "positive": "a curve that is never negative: an intensity, the magnitude of χ(R), or a histogram",
    "origin": "a curve that is far from 0 at the origin: a function of Q, as S(Q) − 1 or an intensity",
    "swings": "a curve that swings most below 1.1 Å, where no two atoms are: a function of Q or k",
    "fast": "a curve without slow waves, as no diffraction pattern gives: χ(R)",
    "smooth": "a curve without waves faster than 13 per Å (radians): χ(k), or a PDF whose data end below "
    "13 Å⁻¹ and resolve no first shell",
    "noise": "a curve with noise at every frequency, which a Fourier transform has not: a function of Q or k",
    "zeros": "nothing but zeros",
}
"""What `judge_function` can say of curves that cannot be converted, in words."""

DOUBTFUL = ("origin", "swings", "fast", "smooth", "noise")
"""Those of `NAMES` that only say that a curve is unlike other PDFs: a file that names G(r) is believed."""

CONVERTIBLE = {
    "keen": "Keen's total G(r), or g(r) − 1",
    "T": "T(r) = 4πrρ₀ g(r)",
    "R": "the radial distribution R(r) = 4πr²ρ₀ g(r)",
    "g(r)": "g(r)",
    "D": "D(r)",
}
"""Functions that become G(r) by arithmetic."""

_OTHER = {
    "S(Q)": r"(?i)(?<![a-z])s_?\(q\)|s_?of_?q|(?<![a-z])sq\b",
    "F(Q)": r"(?i)(?<![a-z])f_?\(q\)|f_?of_?q|(?<![a-z])fq\b|q\*?[\[(]s",
    "i(Q)": r"(?i)(?<![a-z])i_?\(q\)|i_?of_?q|(?<![a-z])iq\b|(?<![a-z])intensity|(?<![a-z])counts\b",
    "χ(R)": r"(?i)(?<![a-z])(?:chi|χ)_?\(?r|(?<![a-z])ft_?(?:mag|re|im)",
    "χ(k)": r"(?i)(?:(?<![a-z])|k\d?\*?_?)(?:chi(?![a-z²2^])|χ(?![²2^]))",
}
_OF_R = {
    "keen": r"(?:G_?K|G\^K|G_?keen|Keen)(?![a-z])|[gG]_?\(r\)\s*-\s*1",
    "T": r"(?<![A-Za-z])T_?\(r\)",
    "R": r"(?<![A-Za-z])(?:RDF|rdf|R_?\(r\)|N_?\(r\))",
    "D": r"(?<![A-Za-z])[dD]_?\(r\)",
    "g(r)": r"(?<![A-Za-z])g_?\(r\)(?!\s*-)|(?<![A-Za-z])gofr(?![a-z])",
    "G": r"(?<![A-Za-z])G_?\(r\)(?!\s*-)|^G(?![A-Za-z])|^G_?(?:obs|exp|meas|data)|(?i:^pdf\b)",
}
_ENDINGS = (
    (r"\.(?:s|so|sof)q", "S(Q)"),
    (r"\.fq", "F(Q)"),
    (r"\.(?:iq|int|xy_?int|dcs\d*|mdcs\d*|mint\d*|msub\d*)", "a function of Q: an intensity or S(Q)"),
    (r"\.chi", "χ(k), or an intensity over Q or 2θ"),
    (r"\.chi[k0-3]", "χ(k)"),
    (r"\.chi(?:r|q)\d?(?:_\w+)?", "χ(R) or χ(q)"),
)


def named_function(words: str) -> str:
    """Find the function that a column or a header names; empty where it names none."""
    for name, pattern in (_OF_R | _OTHER).items():
        if re.search(pattern, words):
            return name
    return ""


def is_of_r(name: str) -> bool:
    """Whether a name that `named_function` gave is of a function that can become G(r)."""
    return name in _OF_R


def function_of_ending(ending: str) -> str:
    """Name the function that a file's ending says, where it is none of r."""
    return next((words for pattern, words in _ENDINGS if re.fullmatch(pattern, ending)), "")


class OtherFunctionError(MeasurementError):
    """A curve is a function that no PDF can be made of."""


def judge_function(r: Floats, y: Floats) -> str:
    """Tell by shape which function a curve is: G (or no telling), keen, T or R, a key of `NAMES`."""
    size = float(np.sqrt(np.mean(y**2)))
    if not size > 0:
        return "zeros"
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
    if _level_below(r, y) is not None:
        return "keen"
    return _not_of_r(r, y, size) or "G"


def _not_of_r(r: Floats, y: Floats, size: float) -> str:
    """Name what a curve that swings about 0 has that no PDF has; empty for nothing."""
    first = (r > 0) & (r <= max(NEAR_ORIGIN, r[0]))
    if r[0] <= NEAR_ORIGIN and np.abs(y[first]).max(initial=0) > FAR_FROM_ZERO * size:
        return "origin"
    low, shells = (r >= NO_ATOMS[0]) & (r <= NO_ATOMS[1]), (r >= SHELLS[0]) & (r <= SHELLS[1])
    if low.sum() >= 4 and shells.sum() >= 4:
        x, below = r[low], y[low]
        ripple = below - float(x @ below / (x @ x)) * x
        if np.sqrt(np.mean(ripple**2)) > MOST_RIPPLE * np.sqrt(np.mean(y[shells] ** 2)):
            return "swings"
    q, power = power_in_q(r, y)
    power = power / power.sum()
    if power[q < SLOW].sum() < LEAST_SLOW:
        return "fast"
    if q[-1] > FAST and power[q > FAST].sum() < LEAST_FAST * power[q > SLOW].sum():
        return "smooth"
    if _noise(r, y) / size > MOST_NOISE:
        return "noise"
    return ""


def _noise(r: Floats, y: Floats) -> float:
    """Estimate the noise from point to point, rounding apart; 0 where the grid is too coarse or uneven."""
    steps = np.diff(r)
    if len(r) < 100 or steps.max() > min(FINE, 1.05 * steps.min()):
        return 0.0
    # Sixth differences: waves up to 40 Å⁻¹ all but vanish, and the median passes over kinks.
    scatter = float(np.median(np.abs(np.diff(y, 6)))) / 0.6745 / math.sqrt(924)
    levels = np.diff(np.unique(y))
    return scatter - float(levels.min() if len(levels) else 0.0)


NEAR_ORIGIN = 0.1
"""Å; within it a PDF is close to 0."""

FAR_FROM_ZERO = 3.0
"""Root mean squares of a curve; a PDF is not so far from 0 near the origin."""

SHELLS = (1.3, 6.0)
"""Å; where the first shells lie."""

MOST_RIPPLE = 3.0
"""Swings below 1.1 Å over those of the first shells, root mean squares; see docs/decisions."""

SLOW, LEAST_SLOW = 4.0, 0.002
"""Å⁻¹, and the least share of a PDF's power below: the first reflections of every oxide lie there."""

FAST, LEAST_FAST = 13.0, 0.008
"""Å⁻¹, and a PDF's least share there of its power beyond 4: it resolves the first shell. χ(k) swings
at most twice the distance of the farthest shell seen."""

FINE = 0.025
"""Å; the widest step at which noise is told from waves."""

MOST_NOISE = 2e-3
"""Noise from point to point over the root mean square: a Fourier transform has none."""


def _rising(r: Floats, y: Floats) -> str:
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


def _level_below(r: Floats, y: Floats) -> float | None:
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


def pdf_from_keen(r: Floats, y: Floats, *, number_density: float) -> Floats:
    """Make G(r), Å⁻², of Keen's G(r) in any unit: its low level is minus the square of ⟨b⟩."""
    low = (r >= NO_ATOMS[0]) & (r <= NO_ATOMS[1])
    result: Floats = 4 * np.pi * number_density * r * y / -y[low].mean()
    return result


def pdf_from_rising(r: Floats, y: Floats, power: int) -> tuple[Floats, float]:
    """Make G(r) of T(r) (power 1) or R(r) (2), and the density: the mean rise 4πρ₀ rᵖ behind shells."""
    T = y if power == 1 else np.divide(y, r, out=np.zeros_like(y), where=r > 0)
    far = r > min(5.0, r[-1] / 2)
    rise = float(r[far] @ T[far] / (r[far] @ r[far]))
    return T - rise * r, rise / (4 * np.pi)
