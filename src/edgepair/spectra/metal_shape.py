"""Telling the K edge of a 3d metal from that of its compounds, without a calibrated energy scale."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

METALS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
"""Elements of which a foil's spectrum is at hand; heavier ones have wider edges."""

MISFIT = 0.023
"""Edge steps, root mean square, by which a metal's spectrum differs from its foil's at most.

Foils of other sources reach 0.021, copper in glass begins at 0.034, the compounds most like their metals (VO,
Cu2O, V2O3) at 0.033, 0.055 and 0.06: docs/decisions/0012."""

SHORTEST = 25.0
"""eV behind the first inflection that a spectrum must reach: over 15 eV Cu2O is as near as a foil."""

_SHIFTS = np.arange(-0.5, 0.51, 0.125)
"""eV; noise and resolution move the first inflection by no more."""


@cache
def foil_spectra() -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Give the spectra of the foils by metal, edge-step normalised, on eV from their first inflection."""
    text = files("edgepair.spectra").joinpath("foils.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = lines[0].split(",")[1:]
    table = np.array([[float(value) for value in line.split(",")] for line in lines[1:]])
    return table[:, 0], dict(zip(names, table[:, 1:].T, strict=True))


def metal_misfit(energy: ArrayLike, mu: ArrayLike, inflection: float, absorber: str) -> float:
    """Measure how far a spectrum is from that of the metal itself, edge steps (root mean square).

    It is what is left of -10…40 eV about the first ``inflection`` (eV) when the foil, with an offset, a
    scale and a shift of up to 0.5 eV, has been fitted to ``energy`` (n_energy,) in eV and ``mu`` (n_energy,),
    edge-step normalised. NaN where the spectrum does not reach from -10 to 25 eV.
    """
    x = np.asarray(energy, dtype=np.float64)
    y = np.asarray(mu, dtype=np.float64)
    grid, foils = foil_spectra()
    room = float(_SHIFTS[-1])
    seen = (inflection + grid - room >= x[0]) & (inflection + grid + room <= x[-1])
    if not seen[0] or not seen[grid <= SHORTEST].all():
        return float("nan")
    rows = np.array([np.interp(inflection + by + grid[seen], x, y) for by in _SHIFTS])
    foil = foils[absorber][seen] - foils[absorber][seen].mean()
    rows -= rows.mean(axis=1, keepdims=True)
    scale = rows @ foil / (foil @ foil)
    left = np.sqrt(np.mean((rows - np.outer(scale, foil)) ** 2, axis=1))
    # A step of another height would fit anything that is flat.
    left[(scale < 0.7) | (scale > 1.3)] = np.inf
    return float(left.min())
