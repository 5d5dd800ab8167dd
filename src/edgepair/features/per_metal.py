r"""The dPDF per metal: a factor of composition that makes its first peak count neighbours of one atom.

In the normalisation of the total PDF (:math:`\langle Z\rangle^2`) the metal–oxygen peak of a dPDF has the
area :math:`2 c_M Z_M Z_O\, N / \langle Z\rangle^2` for *N* oxygen neighbours of a metal atom: what one wants
to read, times a number that differs from material to material and has nothing to do with the site.
Multiplied by

.. math:: \frac{\langle Z\rangle^2}{2\, c_M Z_M Z_O}

the area is *N*. The factor needs the composition alone, which any G(r) on an absolute scale needs anyway.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


def neighbours_per_metal(dataset: xr.Dataset) -> NDArray[np.float64] | None:
    """Compute what brings the dPDF of each material to neighbours per metal atom.

    Returns (n_materials,).
    """
    absorber = str(dataset.attrs["absorber"])
    if dataset.attrs.get("groups", "formula") != "formula":
        return None
    factors = [composition_factor(str(formula), absorber) for formula in dataset["formula"].values]
    return None if None in factors else np.array(factors, dtype=np.float64)


@lru_cache(maxsize=65536)
def composition_factor(formula: str, absorber: str) -> float | None:
    r"""Compute :math:`\langle Z\rangle^2 / (2 c_M Z_M Z_O)`.

    Examples
    --------
    >>> composition_factor("MnO", "Mn")  # (25 + 8)² / 4 / 25 / 8, c = 1/2
    1.36125
    >>> composition_factor("site 3", "Mn") is None
    True
    """
    from pymatgen.core import Composition, Element

    try:
        amounts = Composition(formula).get_el_amt_dict()
        numbers = {symbol: Element(symbol).Z for symbol in amounts}
    except ValueError:
        return None
    if absorber not in amounts or "O" not in amounts:
        return None
    n_atoms = sum(amounts.values())
    mean = sum(amounts[symbol] * numbers[symbol] for symbol in amounts) / n_atoms
    return float(mean**2 / (2 * amounts[absorber] / n_atoms * numbers[absorber] * numbers["O"]))
