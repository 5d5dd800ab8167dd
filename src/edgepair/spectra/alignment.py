"""Reading the energy scale off a metal foil."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike

from edgepair.conventions import DataError, edge_energy
from edgepair.conventions.tasks import Floats
from edgepair.spectra.edge import checked_spectrum
from edgepair.spectra.normalization import NormalizedSpectrum, normalize_mu
from edgepair.spectra.smoothing import parabola_vertex, smooth_with_slope, without_spikes

FOIL_WINDOW = 40.0
"""eV on either side of the tabulated edge within which a foil's edge is looked for."""

FIRST_PEAK = 0.35
"""Of the highest derivative: what the first inflection of a metal must reach to be told from noise
and from the foot of the edge; the lowest among the eight metals is near one half."""

METAL_AT_FOIL = (0.12, 0.75)
"""Edge steps at the first inflection of a metal; before an oxide's pre-edge peak it is less."""

HIGHEST = 1.3
"""Edge steps: metals have no white line; theirs reach 1.1 and, distorted, 1.25."""

NEAR_SHIFT = 1.5
"""eV; nearer to the tabulated edge a reference channel is taken for the foil that belongs there even if
its rise is distorted, as by light that the sample scattered into its detector."""

FAR_SHIFT = 3.0
"""eV; a reference that does not look like a metal and is further off than this is not used."""


@dataclass(frozen=True)
class FoilReading:
    """What a metal foil says about the energy scale.

    Attributes
    ----------
    energy, shift : float
        Its first inflection point, eV, and what to add to energies so that it lies where tables have it.
    warnings : tuple of str
        Why it may be no foil.
    """

    energy: float
    shift: float
    warnings: tuple[str, ...] = ()


_STEP = 0.1  # eV, of derivatives
_BLUR = 0.6  # eV, standard deviation under which a foil's derivative is looked at


def foil_energy(energy: ArrayLike, mu: ArrayLike, absorber: str) -> float:
    """Find a foil's first inflection, eV, whose distance from `edge_energy` is the monochromator's error."""
    x, y = checked_spectrum(energy, mu)
    tabulated = edge_energy(absorber)
    grid = np.arange(max(x[0], tabulated - FOIL_WINDOW), min(x[-1], tabulated + FOIL_WINDOW), _STEP)
    if len(grid) * _STEP < 15:
        raise _no_foil(x, absorber, tabulated)
    smooth, slope = smooth_with_slope(np.interp(grid, x, without_spikes(y)), _BLUR / _STEP)
    slope = slope - np.median(slope[: max(5, len(slope) // 8)])
    far = len(grid) - max(5, len(grid) // 8)
    if slope.max() <= 0 or np.median(smooth[far:]) <= np.median(smooth[: len(grid) - far]):
        raise _no_foil(x, absorber, tabulated)
    peak = slope[1:-1]
    maxima = np.flatnonzero((peak >= slope[:-2]) & (peak > slope[2:])) + 1
    high = maxima[slope[maxima] >= FIRST_PEAK * slope[maxima].max()] if len(maxima) else maxima
    if not len(high):
        raise _no_foil(x, absorber, tabulated)
    first = int(high[0])
    return float(grid[first] + _STEP * parabola_vertex(slope, first))


def read_foil(energy: ArrayLike, mu: ArrayLike, absorber: str, *, channel: bool = False) -> FoilReading:
    """Read the error of the energy scale off a metal foil.

    Parameters
    ----------
    energy, mu : array_like
        Shape (n_energy,): eV, increasing; absorption in any unit.
    absorber : str
        Chemical symbol of the metal.
    channel : bool, optional
        Measured behind a sample, whose light may distort it: its shape is then judged only more than 1.5 eV
        from the tabulated edge, and less strictly.

    Returns
    -------
    FoilReading
        What to add, and what is doubtful.

    Raises
    ------
    DataError
        There is no edge, or it is far off and not a metal's.
    """
    at = foil_energy(energy, mu, absorber)
    tabulated = edge_energy(absorber)
    shift = tabulated - at
    try:
        spectrum = normalize_mu(energy, mu, near=tabulated)
    except DataError:
        return FoilReading(at, shift, ("the foil's spectrum could not be normalised",))
    doubts = []
    if absorber not in METALS or channel:
        doubts += _no_metal_at_all(spectrum, at)
    if absorber in METALS and not (channel and abs(shift) <= NEAR_SHIFT):
        misfit, most = metal_misfit(spectrum.energy, spectrum.mu, at, absorber), MISFIT * (1 + channel)
        if misfit > most:
            doubts.append(f"it is {misfit:.3f} edge steps (rms) from the metal's, foils up to {most:.3f}")
        elif math.isnan(misfit):
            doubts.append("it is too short to tell: -10 to 25 eV about its first inflection are needed")
    if doubts and abs(shift) > FAR_SHIFT:
        raise DataError(
            f"cannot calibrate energies by a {absorber} foil",
            found=f"an edge {-shift:+.1f} eV from the tabulated one that is not a metal's: "
            + "; ".join(doubts),
            needed=f"the spectrum of a {absorber} metal foil",
            suggestion="give the shift yourself, or another foil",
        )
    return FoilReading(at, shift, tuple(f"the reference may be no metal foil: {text}" for text in doubts))


def _no_metal_at_all(spectrum: NormalizedSpectrum, at: float) -> list[str]:
    """Say what no metal has, of whatever element."""
    height = float(np.interp(at, spectrum.energy, spectrum.mu))
    inside = (spectrum.energy > at) & (spectrum.energy < at + FOIL_WINDOW)
    top = float(spectrum.mu[inside].max()) if inside.any() else 1.0
    doubts = []
    if not METAL_AT_FOIL[0] <= height <= METAL_AT_FOIL[1]:
        doubts.append(f"its first inflection lies at {height:.2f} of the edge step, a metal's at 0.15 to 0.3")
    if top > HIGHEST:
        doubts.append(f"it has a white line of {top:.2f} edge steps, metals have none")
    return doubts


def is_metal(spectrum: NormalizedSpectrum, absorber: str) -> bool:
    """Tell whether a spectrum is surely that of the metal itself, and of no compound."""
    if absorber not in METALS:
        return False
    try:
        at = foil_energy(spectrum.energy, spectrum.mu, absorber)
    except DataError:
        return False
    return metal_misfit(spectrum.energy, spectrum.mu, at, absorber) <= MISFIT


def metal_shift(energy: Floats, mu: Floats, absorber: str) -> float | None:
    """Give what a spectrum that is surely the metal's asks to be added to its energies (eV), as `read_foil`.

    ``energy, mu`` (n_energy,). Most compounds are told by the curve as it is, before it is normalised.
    """
    if absorber not in METALS:
        return None
    try:
        at = foil_energy(energy, mu, absorber)
        left, step = _about_foil(energy, mu, at, absorber)
        if not len(left) or (left > BENT * MISFIT * step).all():
            return None
        spectrum = normalize_mu(energy, mu, near=edge_energy(absorber))
    except DataError:
        return None
    metal = metal_misfit(spectrum.energy, spectrum.mu, at, absorber) <= MISFIT
    return edge_energy(absorber) - at if metal else None


def _no_foil(x: Floats, absorber: str, tabulated: float) -> DataError:
    return DataError(
        f"cannot find the {absorber} K edge of a metal foil",
        found=f"{len(x)} points from {x[0]:.1f} to {x[-1]:.1f} eV without a rise near {tabulated:.0f} eV",
        needed=f"a scan across {tabulated:.0f} eV, at least 15 eV of it",
        suggestion="name the foil's element, or check which column is the reference",
    )


METALS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
"""Elements of which a foil's spectrum is at hand; heavier ones have wider edges."""

MISFIT = 0.023
"""Edge steps, root mean square, by which a metal's spectrum differs from its foil's at most.

Foils of other sources reach 0.021, copper in glass begins at 0.034, the compounds most like their metals (VO,
Cu2O, V2O3) at 0.033, 0.055 and 0.06: docs/decisions/0012."""

BENT = 5.0
"""Times `MISFIT` by which the line under a spectrum that is not normalised may bend it at most."""

SHORTEST = 25.0
"""eV behind the first inflection that a spectrum must reach: over 15 eV Cu2O is as near as a foil."""

_SHIFTS = np.arange(-0.5, 0.51, 0.125)
"""eV; noise and resolution move the first inflection by no more."""


@cache
def foil_spectra() -> tuple[Floats, dict[str, Floats]]:
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
    left, scale = _about_foil(np.asarray(energy), np.asarray(mu), inflection, absorber)
    if not len(left):
        return float("nan")
    # A step of another height would fit anything that is flat.
    left[(scale < 0.7) | (scale > 1.3)] = np.inf
    return float(left.min())


def _about_foil(x: Floats, y: Floats, inflection: float, absorber: str) -> tuple[Floats, Floats]:
    """Fit the foil at each shift; what is left (rms) and the foil's scale, none where too little is seen."""
    grid, foils = foil_spectra()
    room = float(_SHIFTS[-1])
    seen = (inflection + grid - room >= x[0]) & (inflection + grid + room <= x[-1])
    if not seen[0] or not seen[grid <= SHORTEST].all():
        return np.empty(0), np.empty(0)
    rows = np.array([np.interp(inflection + by + grid[seen], x, y) for by in _SHIFTS])
    foil = foils[absorber][seen] - foils[absorber][seen].mean()
    rows -= rows.mean(axis=1, keepdims=True)
    scale = rows @ foil / (foil @ foil)
    return np.sqrt(np.mean((rows - np.outer(scale, foil)) ** 2, axis=1)), scale
