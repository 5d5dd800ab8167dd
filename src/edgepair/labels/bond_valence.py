"""Bond valences of metal–oxygen distances: their sum, and how many neighbours carry a real share."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

BOND_VALENCE_RADIUS = 4.0
"""How far neighbours are summed over, Å; one farther away adds less than 0.003 valence units."""

SOFTNESS = 0.37
"""Å; the parameter b of every pair."""

LEAST_SHARE = 0.1
"""A neighbour is counted if its bond valence is at least this part of the largest."""

BOND_VALENCE_LENGTHS = MappingProxyType(
    {
        "Ti": MappingProxyType({3: 1.791, 4: 1.815}),
        "V": MappingProxyType({3: 1.743, 4: 1.784, 5: 1.803}),
        "Cr": MappingProxyType({2: 1.73, 3: 1.724, 6: 1.794}),
        "Mn": MappingProxyType({2: 1.790, 3: 1.760, 4: 1.753, 7: 1.79}),
        "Fe": MappingProxyType({2: 1.734, 3: 1.759}),
        "Co": MappingProxyType({2: 1.692, 3: 1.70}),
        "Ni": MappingProxyType({2: 1.654}),
        "Cu": MappingProxyType({1: 1.593, 2: 1.679, 3: 1.735}),
    }
)
"""Å; the parameter R0 of metal–oxygen pairs, by metal and oxidation state."""


def bond_valence_sum(absorber: str, state: float, distances: Sequence[float]) -> float:
    """Sum the bond valences of the oxygen neighbours of a site.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    state : float
        Oxidation state, which the parameters depend on; a state without parameters of its own has
        those of the nearest that has, the lower of two.
    distances : sequence of float
        Distances to oxygen, Å, up to `BOND_VALENCE_RADIUS`.

    Returns
    -------
    float
        Valence units; NaN where the state is not known, or no parameters of the metal are.

    Notes
    -----
    Each distance d adds exp((R0 − d) / 0.37 Å). R0 from Brown and Altermatt [1]_ and Brese and
    O'Keeffe [2]_; of Cu(III), which they lack, 1.735 Å.

    References
    ----------
    .. [1] Brown and Altermatt, Acta Cryst. B41, 244 (1985), doi 10.1107/S0108768185002063
    .. [2] Brese and O'Keeffe, Acta Cryst. B47, 192 (1991), doi 10.1107/S0108768190011041

    Examples
    --------
    >>> round(bond_valence_sum("Fe", 3, [1.946] * 3 + [2.116] * 3), 2)
    2.95
    """
    lengths = BOND_VALENCE_LENGTHS.get(absorber)
    if lengths is None or not np.isfinite(state) or state <= 0:
        return float("nan")
    nearest = min(lengths, key=lambda known: (abs(known - state), known))
    return float(np.exp((lengths[nearest] - np.asarray(distances, dtype=np.float64)) / SOFTNESS).sum())


TYPICAL_LENGTH = 1.75
"""Å; R0 of a metal without parameters of its own, a middle one of the eight that have."""


def bond_valence_length(absorber: str, state: ArrayLike, number: ArrayLike) -> NDArray[np.float64]:
    r"""Give the length at which equal bonds to oxygen add up to an oxidation state.

    Parameters
    ----------
    absorber : str
        Chemical symbol.
    state : array_like of shape (n,)
        Oxidation states V; between two that have parameters, R0 lies between theirs.
    number : array_like of shape (n,)
        Coordination numbers N.

    Returns
    -------
    ndarray of shape (n,)
        :math:`R_0(V) - b \ln(V / N)`, Å, with b = 0.37 Å; R0 as in `bond_valence_sum`, 1.75 Å for metals
        without parameters.

    Examples
    --------
    >>> bond_valence_length("Mn", [2, 7], [6, 4]).round(3).tolist()
    [2.196, 1.583]
    """
    lengths = BOND_VALENCE_LENGTHS.get(absorber) or {1: TYPICAL_LENGTH}
    valence = np.asarray(state, dtype=np.float64)
    at = np.interp(valence, list(lengths), list(lengths.values()))
    length: NDArray[np.float64] = at - SOFTNESS * np.log(valence / np.asarray(number, dtype=np.float64))
    return length


def count_bonds(distances: Sequence[float]) -> float:
    """Count the neighbours whose bond valence is at least a tenth of the largest one.

    Parameters
    ----------
    distances : sequence of float
        Distances to neighbours of one element, Å.

    Returns
    -------
    float
        Their number; NaN where there are none.

    Notes
    -----
    As bond valences fall off as exp(−d / 0.37 Å), whatever the pair's other parameter, those are the
    neighbours within 0.85 Å of the nearest one.

    Examples
    --------
    >>> count_bonds([1.9, 1.9, 2.0, 2.7, 3.4])
    4.0
    """
    if not len(distances):
        return float("nan")
    found = np.asarray(distances, dtype=np.float64)
    # A hair's breadth more: neighbours that are equivalent must not be divided by their last bits.
    return float((found <= found.min() - SOFTNESS * np.log(LEAST_SHARE) + 1e-6).sum())
