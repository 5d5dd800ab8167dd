"""Telling the K edge of a 3d metal from that of its compounds, without a calibrated energy scale."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

METALS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
"""Elements for which the rise is known; heavier ones have wider edges."""

RISE = MappingProxyType({0.0: (0.12, 0.36), 4.0: (0.28, 0.62), 8.0: (0.40, 0.78), 12.0: (0.62, 1.02)})
"""Edge steps that a 3d metal has reached so many eV behind its first inflection.

A metal rises slowly, over a shoulder: no ligand field gathers its empty states in a white line. An
oxide, measured from its first inflection, is faster (from its edge on) or slower (from its pre-edge
peak on). Between these bounds lie all of eleven measured foils of eight metals and most reference
channels, and none of 216 spectra of compounds; docs/decisions/0012."""

HIGHEST = 1.3
"""Edge steps: metals have no white line; theirs reach 1.1 and, distorted, 1.25."""

DEEPEST = 0.25
"""Edge steps by which a metal falls at most before it is up: behind a pre-edge peak it is more."""

SURELY = 0.85
"""Of the half widths of the bounds: within these a spectrum is a metal's; foils reach 0.69, TiO, VO and
copper(I), the compounds most like their metals, 1.13 and more."""

_UP = 0.85  # edge steps at which a spectrum is up
_BEHIND = 40.0  # eV that are looked at


def metal_distance(energy: ArrayLike, mu: ArrayLike, inflection: float) -> tuple[float, str]:
    """Tell how far a spectrum is from the shape of a 3d metal.

    ``energy`` (n_energy,) in eV; ``mu`` (n_energy,); ``inflection`` in eV.
    """
    x = np.asarray(energy, dtype=np.float64)
    y = np.asarray(mu, dtype=np.float64)
    if not x[0] <= inflection <= x[-1] - max(RISE):
        return float("nan"), ""
    told = {}
    for behind, (low, high) in RISE.items():
        height = float(np.interp(inflection + behind, x, y))
        where = "at its first inflection" if not behind else f"{behind:g} eV behind its first inflection"
        text = f"{height:.2f} edge steps {where}, a metal has {low:.2f} to {high:.2f}"
        told[text] = abs(height - (low + high) / 2) / ((high - low) / 2)
    inside = (x >= inflection) & (x <= inflection + _BEHIND)
    seen = y[inside]
    top = float(seen.max())
    told[f"a white line of {top:.2f} edge steps, metals have none"] = (top - 1) / (HIGHEST - 1)
    rising = seen[: int(np.argmax(seen >= _UP)) + 1] if (seen >= _UP).any() else seen
    fall = float((np.maximum.accumulate(rising) - rising).max())
    told[f"a fall of {fall:.2f} edge steps before it is up, as behind a pre-edge peak"] = fall / DEEPEST
    worst = max(told, key=lambda text: told[text])
    return told[worst], worst
