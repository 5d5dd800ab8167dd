"""Numbers that describe normalised spectra, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepair.features.curves import checked_curves
from edgepair.features.edge_landmarks import find_landmarks
from edgepair.features.numbers import names_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


def describe_xanes(energy: ArrayLike, mu: ArrayLike) -> pd.DataFrame:
    """Describe spectra by numbers that have a physical name.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing. Absolute or relative: positions come out on the same scale.
    mu : array_like
        Shape (n_energy,) or (n, n_energy), edge-step normalised.

    Returns
    -------
    pandas.DataFrame
        A row a spectrum, a column a number of `NUMBERS` whose ``technique`` is ``xanes``; NaN where
        the range or the curve does not show it.

    Raises
    ------
    DataError
        Shapes that do not fit, or energies that do not increase or span less than 5 eV.

    Notes
    -----
    Everything is read under a Gaussian of 0.5 eV, so that noise between fine steps has little say.
    """
    import pandas as pd

    x, y = checked_curves(energy, mu, kind="spectra", unit="eV", span=5.0)
    found = find_landmarks(x, y)
    values = {
        "edge_position": found.edge,
        "edge_slope": found.slope,
        "white_line_position": found.crest,
        "white_line_height": found.height,
        "pre_edge_area": found.pre_area,
        "pre_edge_centroid": found.pre_centroid,
        "trough_position": found.trough,
        "trough_depth": found.height - found.depth,
    }
    return pd.DataFrame(values, columns=list(names_of("xanes")))
