"""Numbers that describe pair distribution functions, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepair.features.curves import checked_curves
from edgepair.features.numbers import names_of
from edgepair.features.shells import find_shells

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


def describe_pdf(r: ArrayLike, G: ArrayLike, *, dip: bool = False) -> pd.DataFrame:
    """Describe pair distribution functions by their first and second shells.

    Parameters
    ----------
    r : array_like
        Shape (n_r,), Å, increasing.
    G : array_like
        Shape (n_r,) or (n, n_r), Å⁻²: total, differential or neutron.
    dip : bool, optional
        Whether the metal-oxygen peak points down, as of neutrons scattered by Ti, V and Mn.

    Returns
    -------
    pandas.DataFrame
        A row a curve, a column a number of `NUMBERS` whose ``technique`` is ``pdf``; NaN where the
        range or the curve does not show it.

    Raises
    ------
    DataError
        Shapes that do not fit, or distances that do not increase or span less than 1 Å.

    Notes
    -----
    In a dPDF the first shell is the metal's own; in a total PDF it may be that of another cation. P-O,
    S-O and Si-O are passed over where another peak follows them. Areas scale with the curve: those of
    curves measured on an unknown scale can only be compared with each other, where
    ``first_shell_share``, positions and widths can be compared with anything.
    """
    import pandas as pd

    x, y = checked_curves(r, G, kind="pair distribution functions", unit="Å", span=1.0)
    found = find_shells(x, y, dip=dip)
    values = {
        "first_shell_position": found.position,
        "first_shell_area": found.area,
        "first_shell_width": found.width,
        "first_shell_share": found.share,
        "second_shell_position": found.second_position,
        "second_shell_area": found.second_area,
    }
    return pd.DataFrame(values, columns=list(names_of("pdf")))
