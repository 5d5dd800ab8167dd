"""The numbers by which spectra and pair distribution functions are described: what each one is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from edgepair.features.blocks import checked_curves
from edgepair.features.edge_landmarks import find_landmarks
from edgepair.features.shells import find_shells

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Number:
    """One number that describes a curve.

    Attributes
    ----------
    name : str
        Name of its column: ``edge_position``.
    title : str
        What it is, in words for a figure.
    symbol : str
        Its symbol in formulas.
    unit : str
        ``eV``, ``1/eV``, ``Å``; empty where it has none.
    technique : str
        Whose curves it describes: ``xanes`` or ``pdf``.
    formula : str
        Its definition, in LaTeX and words.
    source : str
        Where it comes from.
    """

    name: str
    title: str
    symbol: str
    unit: str
    technique: str
    formula: str
    source: str


_TABLE = (files("edgepair.features") / "numbers.csv").read_text(encoding="utf-8")

NUMBERS: dict[str, Number] = {row["name"]: Number(**row) for row in csv.DictReader(_TABLE.splitlines())}
"""Every number by its name, in the order of the tables' columns."""


def names_of(technique: str) -> tuple[str, ...]:
    """List the numbers of one technique."""
    return tuple(number.name for number in NUMBERS.values() if number.technique == technique)


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
