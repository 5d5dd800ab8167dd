"""Descriptors and regions of a XANES or a PDF that have a physical name, found from the curves themselves."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES, points_down
from edgepair.features.blocks import checked_curves
from edgepair.features.edge_landmarks import CREST, find_landmarks
from edgepair.features.shells import SECOND_FROM, SECOND_UNTIL, find_shells

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from edgepair.conventions.tasks import Floats

_TABLE = (files("edgepair.features") / "numbers.csv").read_text(encoding="utf-8")

NEARLY_ALL = (5.0, 95.0)
"""Per cent; the region of the edge, or of the first shell, of a set holds that of these curves."""

MOST = 75.0
"""Per cent; the later regions of a set hold the peaks of so many curves. Not of nearly all: which of
two peaks is the higher may differ between curves."""

XANES_TITLES = {
    "pre_edge": "pre-edge",
    "edge": "edge",
    "white_line": "white line",
    "post_edge": "post-edge oscillations",
}
PDF_TITLES = {
    "before_first_shell": "below the first M–O peak",
    "first_shell": "first M–O peak",
    "second_shell": "M–M and next distances",
    "higher_shells": "higher shells",
}


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


@dataclass(frozen=True)
class Region:
    """A stretch of an axis with a physical name.

    Attributes
    ----------
    name : str
        ``pre_edge``, ``edge``, ``white_line``, ``post_edge``; ``before_first_shell``,
        ``first_shell``, ``second_shell``, ``higher_shells``.
    title : str
        The same, in words for a figure.
    axis : str
        ``energy`` or ``r``.
    low, high : float
        Ends, eV or Å; regions of one curve follow each other without gaps.
    """

    name: str
    title: str
    axis: str
    low: float
    high: float


def find_xanes_regions(energy: ArrayLike, mu: ArrayLike) -> tuple[Region, ...]:
    """Cut the energy axis of a spectrum, or of a set of spectra, into named regions.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,) or (n, n_energy), edge-step normalised.

    Returns
    -------
    tuple of Region
        ``pre_edge``, ``edge``, ``white_line``, ``post_edge``: without gaps from the first energy to
        the last. What the range does not reach is left out; empty where no edge is found.

    Raises
    ------
    DataError
        Shapes that do not fit, or energies that do not increase or span less than 5 eV.

    Notes
    -----
    Of a set: the medians of the spectra's own borders, moved apart so that the edge region holds the
    edge positions of 90 % of them, and the white line's does not end before the tops of 75 %.
    """
    x, y = checked_curves(energy, mu, kind="spectra", unit="eV", span=5.0)
    found = find_landmarks(x, y)
    edge_low, edge_high = _percentiles(found.edge, *NEARLY_ALL)
    if np.isnan(edge_low):
        return ()
    borders = [
        np.fmin(_median(found.start), edge_low),
        np.fmax(_median(found.rise_end), edge_high),
        np.fmax(_median(found.crest_end), _percentiles(found.crest, MOST)[0]),
    ]
    if np.isnan(borders[2]) and x[-1] > edge_high + CREST:
        # no white line in all the range where it would be: what follows the edge are oscillations
        borders[2] = borders[1]
    return _regions(XANES_TITLES, "energy", x, borders)


def find_pdf_regions(r: ArrayLike, G: ArrayLike, *, dip: bool = False) -> tuple[Region, ...]:
    """Cut the r axis of a pair distribution function, or of a set of them, into named regions.

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
    tuple of Region
        ``before_first_shell``, ``first_shell``, ``second_shell``, ``higher_shells``: without gaps
        from the first distance to the last. What the range does not reach is left out; empty where
        no first shell is found.

    Raises
    ------
    DataError
        Shapes that do not fit, or distances that do not increase or span less than 1 Å.

    Notes
    -----
    Of a set: the medians of the curves' own borders, moved apart so that the first shell's region
    holds the first peaks of 90 % of them, a standard deviation to each side, and the second's does
    not end before the tops of 75 %.
    """
    x, y = checked_curves(r, G, kind="pair distribution functions", unit="Å", span=1.0)
    found = find_shells(x, y, dip=dip)
    first_low, _ = _percentiles(found.position - found.width, *NEARLY_ALL)
    _, first_high = _percentiles(found.position + found.width, *NEARLY_ALL)
    if np.isnan(first_low):
        return ()
    borders = [
        np.fmin(_median(found.low), first_low),
        np.fmax(_median(found.high), first_high),
        np.fmax(_median(found.second_high), _percentiles(found.second_position, MOST)[0]),
    ]
    if x[-1] <= SECOND_FROM:
        borders[1] = np.nan  # the range ends before a second shell could begin
    elif np.isnan(borders[2]) and x[-1] > SECOND_UNTIL:
        borders[2] = SECOND_UNTIL
    return _regions(PDF_TITLES, "r", x, borders)


def _median(values: Floats) -> float:
    return _percentiles(values, 50.0)[0]


def _percentiles(values: Floats, *wanted: float) -> tuple[float, ...]:
    known = values[np.isfinite(values)]
    return tuple(float(np.percentile(known, per_cent)) if len(known) else np.nan for per_cent in wanted)


def _regions(titles: dict[str, str], axis: str, x: Floats, borders: list[float]) -> tuple[Region, ...]:
    """Name the stretches between borders; one that is not known ends the last region that is."""
    first, last = float(x[0]), float(x[-1])
    ends = [float(border) for border in borders]
    unknown = next((i for i, end in enumerate(ends) if np.isnan(end)), len(ends))
    ends = [*np.clip(ends[:unknown], first, last), last]
    regions = []
    low = first
    for (name, title), high in zip(titles.items(), ends, strict=False):
        if high > low:
            regions.append(Region(name, title, axis, low, float(high)))
            low = float(high)
    return tuple(regions)


def find_regions(absorber: str, technique: str, axis: ArrayLike, curves: ArrayLike) -> tuple[Region, ...]:
    """Cut a technique's axis into named regions.

    Parameters
    ----------
    absorber : str
        Chemical symbol; tells which way neutron PDFs point.
    technique : str
        Name.
    axis : array_like
        Shape (n,): eV or Å.
    curves : array_like
        Shape (n,) or (n_curves, n).

    Returns
    -------
    tuple of Region
        Without gaps from end to end; one region named ``whole`` where none is recognised.
    """
    kind = TECHNIQUES[technique]
    if kind.axis == "energy":
        regions = find_xanes_regions(axis, curves)
    else:
        regions = find_pdf_regions(axis, curves, dip=points_down(technique, absorber))
    if regions:
        return regions
    x = np.asarray(axis, dtype=np.float64)
    return (Region("whole", "whole curve", kind.axis, float(x[0]), float(x[-1])),)


def region_numbers(regions: Sequence[Region], position: Floats) -> NDArray[np.int64]:
    """Tell in which region each position lies.

    Parameters
    ----------
    regions : sequence of Region
        Without gaps, in order.
    position : numpy.ndarray
        Shape (n,), on the axis of the regions.

    Returns
    -------
    numpy.ndarray
        Shape (n,): the number of the region, the outermost beyond the ends.
    """
    borders = [region.low for region in regions[1:]]
    return np.searchsorted(borders, position, side="right").astype(np.int64)
