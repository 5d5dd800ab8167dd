"""Which edge a spectrum shows, and whether it shows one at all."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, OptionError, edge_energy
from edgepair.spectra import find_e0, normalize_mu

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR = (-25.0, 35.0)
"""eV around a tabulated edge within which an E0 is recognised as it: oxides have their edges up to
22 eV above the metal's, and monochromators are off by some electronvolts, seldom by 20."""

FAR = 50.0
"""eV between E0 and the edge that the header names from which the two disagree."""

_ATOMIC_NUMBERS = range(20, 43)
"""Ca to Mo: K edges between 4 and 20 keV, where measurements of oxides are made."""


@cache
def _edges() -> tuple[tuple[str, float], ...]:
    import xraydb

    symbols = [str(xraydb.atomic_symbol(number)) for number in _ATOMIC_NUMBERS]
    return tuple((symbol, edge_energy(symbol)) for symbol in symbols)


def edge_contrast(energy: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    """Measure how far an edge stands out from the noise.

    Parameters
    ----------
    energy : numpy.ndarray
        Shape (n_energy,), eV, strictly increasing.
    mu : numpy.ndarray
        Shape (n_energy,).

    Returns
    -------
    float
        Edge step over the standard deviation of the noise above the edge; 0 where there is no step
        upwards.
    """
    try:
        spectrum = normalize_mu(energy, mu)
    except DataError:
        return 0.0
    above = mu[energy > spectrum.e0]
    if len(above) < 6:
        return 0.0
    second = np.diff(above, 2)
    # Of independent noise the second difference has a variance of 6 times that of a point, and four
    # fifths of it lie within 1.28 deviations; the rest may be structure behind the edge.
    noise = float(np.quantile(np.abs(second - np.median(second)), 0.8)) / 1.2816 / np.sqrt(6.0)
    floor = 1e-9 * float(np.abs(mu).max())
    return float(spectrum.edge_step / max(noise, floor))


def recognise_edge(energy: NDArray[np.float64], mu: NDArray[np.float64]) -> tuple[str | None, float | None]:
    """Recognise the absorber by the energy of the edge.

    Parameters
    ----------
    energy : numpy.ndarray
        Shape (n_energy,), eV, strictly increasing.
    mu : numpy.ndarray
        Shape (n_energy,).

    Returns
    -------
    symbol : str or None
        Element from Ca to Mo whose K edge is near; None where there is none.
    e0 : float or None
        Energy of the edge, eV; None where nothing rises.
    """
    try:
        e0 = find_e0(energy, mu)
    except DataError:
        return None, None
    near = [symbol for symbol, tabulated in _edges() if NEAR[0] <= e0 - tabulated <= NEAR[1]]
    return (near[0] if len(near) == 1 else None), e0


def settle_absorber(
    energy: NDArray[np.float64],
    mu: NDArray[np.float64],
    *,
    header_symbol: str | None,
    header_edge: str | None,
    given: str | None,
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Settle which element and edge a spectrum is of.

    Parameters
    ----------
    energy, mu : numpy.ndarray
        The spectrum; energies in eV, strictly increasing.
    header_symbol, header_edge : str or None
        What the header says.
    given : str or None
        What the user says; it counts before the header, the header before the edge found.

    Returns
    -------
    absorber, edge : str or None
        Chemical symbol and name of the edge.
    warnings : tuple of str
        Where they disagree.

    Raises
    ------
    OptionError
        What the user says is no element.
    """
    if given is not None:
        edge_energy(given)
    seen, e0 = recognise_edge(energy, mu)
    symbol = given or header_symbol
    edge = header_edge or ("K" if symbol or seen else None)
    warnings: list[str] = []
    if given and header_symbol and given != header_symbol:
        warnings.append(f"the header names {header_symbol}, {given} was asked for")
    if symbol is None:
        return seen, edge, tuple(warnings)
    if edge != "K":
        return symbol, edge, (*warnings, f"the header names the {edge} edge; only K edges are understood")
    try:
        tabulated = edge_energy(symbol)
    except OptionError:
        return seen, edge, (*warnings, f"the header names an unknown element {symbol!r}")
    if e0 is None:
        warnings.append("no edge was found in the spectrum")
    elif abs(e0 - tabulated) > FAR:
        who = "asked for" if given else "named by the header"
        inside = energy[0] + 20 < tabulated < energy[-1] - 20
        warnings.append(
            f"the steepest rise is at {e0:.1f} eV, the K edge of {symbol}, {who}, at {tabulated:.1f} eV"
            + (f": this looks like {seen}" if seen and not inside else "")
            + (": the scan holds both, the other edge must be left out" if inside else "")
        )
    return symbol, edge, tuple(warnings)
