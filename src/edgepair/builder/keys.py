"""Hashes of everything that a result depends on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from edgepair.simulation import SiteSimulator

if TYPE_CHECKING:
    from pymatgen.core import Structure

Record: TypeAlias = dict[str, Any]
"""Plain values, as they stand in the JSON of the store."""

_DIGITS = 6
"""Decimals of lengths (Å) and fractional coordinates that tell structures apart."""


def digest(*parts: object) -> str:
    """Hash values that are ready for JSON.

    Examples
    --------
    >>> digest("a", {"x": 1, "y": 2}) == digest("a", {"y": 2, "x": 1})
    True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def structure_digest(structure: Structure) -> str:
    """Hash a crystal structure as it is written: cell, elements, positions, order of atoms."""
    positions = np.round(structure.frac_coords, _DIGITS) % 1.0
    # Adding zero turns -0.0 into 0.0, which would otherwise be another text.
    return digest(
        (np.round(structure.lattice.matrix, _DIGITS) + 0.0).tolist(),
        [site.specie.symbol for site in structure],
        (np.round(positions, _DIGITS) % 1.0 + 0.0).tolist(),
    )


def site_key(structure_hash: str, index: int, simulator: SiteSimulator) -> str:
    """Hash what a simulated spectrum depends on."""
    return digest("site", structure_hash, index, simulator.name, simulator.version, simulator.parameters())
