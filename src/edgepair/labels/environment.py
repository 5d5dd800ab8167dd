"""Nearest neighbours of a site, and the labels that follow from them alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import LabelError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure
    from pymatgen.core.local_env import CrystalNN


@dataclass(frozen=True)
class Environment:
    """The nearest neighbours of one site.

    Attributes
    ----------
    elements : tuple of str
        Symbols of the neighbours, by increasing distance.
    distances : tuple of float
        Their distances, Å.
    coords : tuple of tuple of float
        Their Cartesian positions, Å, in the frame of the structure.
    """

    elements: tuple[str, ...]
    distances: tuple[float, ...]
    coords: tuple[tuple[float, float, float], ...] = ()

    @property
    def positions(self) -> NDArray[np.float64]:
        """Cartesian positions of the neighbours, shape (n, 3), Å."""
        return np.array(self.coords, dtype=np.float64).reshape(-1, 3)

    @property
    def coordination_number(self) -> int:
        """Number of nearest neighbours."""
        return len(self.distances)

    @property
    def bond_length(self) -> float:
        """Mean distance to the nearest neighbours, Å; NaN where there are none."""
        return float(np.mean(self.distances)) if self.distances else float("nan")

    @property
    def all_oxygen(self) -> bool:
        """Whether there are neighbours and all of them are oxygen."""
        return bool(self.elements) and set(self.elements) == {"O"}


@cache
def _near_neighbours() -> CrystalNN:
    from pymatgen.core.local_env import CrystalNN

    return CrystalNN()


def find_environment(structure: Structure, index: int) -> Environment:
    """Find the nearest neighbours of a site by CrystalNN with its defaults.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        An ordered structure, without oxidation states on its species (they would change the
        radii that CrystalNN uses).
    index : int
        0-based index of the site.

    Returns
    -------
    Environment
        Unweighted neighbours.

    Raises
    ------
    LabelError
        CrystalNN fails on this site.

    References
    ----------
    .. [1] Pan et al., Inorg. Chem. 60, 1590 (2021), doi 10.1021/acs.inorgchem.0c02996
    """
    try:
        with warnings.catch_warnings():
            # The missing oxidation states that CrystalNN warns of are our definition (see above).
            warnings.simplefilter("ignore", UserWarning)
            neighbours = _near_neighbours().get_nn_info(structure, index)
    except (ValueError, RuntimeError, IndexError, KeyError, TypeError) as error:
        raise LabelError(
            f"cannot find the neighbours of site {index} of {structure.formula}",
            found=f"{type(error).__name__}: {error}",
            needed="a site with neighbours that CrystalNN can weigh",
            suggestion="leave the site out",
        ) from error
    found = sorted(
        (float(site.nn_distance), site.specie.symbol, (float(x), float(y), float(z)))
        for site in (item["site"] for item in neighbours)
        for x, y, z in [site.coords]
    )
    return Environment(
        tuple(symbol for _, symbol, _ in found),
        tuple(distance for distance, _, _ in found),
        tuple(coords for _, _, coords in found),
    )
