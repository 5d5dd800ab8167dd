"""The numbers by which spectra and pair distribution functions are described: what each one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError
from edgepair.features.edge_landmarks import find_landmarks
from edgepair.features.shells import find_shells

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


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


_DAU = "Dau, Liebisch and Haumann, Anal. Bioanal. Chem. 376, 562 (2003)"
_WONG = "Wong, Lytle, Messmer and Maylotte, Phys. Rev. B 30, 5596 (1984), doi 10.1103/PhysRevB.30.5596"
_WILKE = "Wilke, Farges, Petit, Brown and Martin, Am. Mineral. 86, 714 (2001), doi 10.2138/am-2001-5-612"
_NATOLI = "Natoli, in EXAFS and Near Edge Structure, Springer Ser. Chem. Phys. 27 (1983), p. 43"
_EGAMI = "Egami and Billinge, Underneath the Bragg Peaks, 2nd ed. (2012), chapter 3"

_ALL = (
    Number(
        "edge_position",
        "edge position",
        "E_edge",
        "eV",
        "xanes",
        r"mean of E(\mu) over \mu = 0.40, 0.45 … 0.80, E(\mu) the last energy before the white line at which "
        r"the main rise passes \mu",
        _DAU,
    ),
    Number(
        "edge_slope",
        "steepest slope of the edge",
        "s_edge",
        "1/eV",
        "xanes",
        r"\max \mathrm{d}\mu/\mathrm{d}E from 5 eV before half of the step to the white line",
        _WONG,
    ),
    Number(
        "white_line_position",
        "white-line position",
        "E_wl",
        "eV",
        "xanes",
        r"\arg\max_E \mu(E) within 32 eV after half of the step",
        _WONG,
    ),
    Number("white_line_height", "white-line height", "mu_wl", "", "xanes", r"\mu(E_\mathrm{wl})", _WONG),
    Number(
        "pre_edge_area",
        "pre-edge area",
        "A_pre",
        "eV",
        "xanes",
        r"\int [\mu(E) - b(E)]\,\mathrm{d}E up to the start of the edge, b the lower convex envelope of \mu",
        _WILKE,
    ),
    Number(
        "pre_edge_centroid",
        "pre-edge centroid",
        "E_pre",
        "eV",
        "xanes",
        r"A_\mathrm{pre}^{-1} \int E\,[\mu(E) - b(E)]\,\mathrm{d}E",
        _WILKE,
    ),
    Number(
        "trough_position",
        "position of the post-edge trough",
        "E_t",
        "eV",
        "xanes",
        r"\arg\min_E \mu(E) after the white line, within 42 eV after half of the step",
        _NATOLI,
    ),
    Number(
        "trough_depth",
        "depth of the post-edge trough below the white line",
        "d_t",
        "",
        "xanes",
        r"\mu(E_\mathrm{wl}) - \mu(E_\mathrm{t})",
        _NATOLI,
    ),
    Number(
        "first_shell_position",
        "first-shell position",
        "r_1",
        "Å",
        "pdf",
        r"\arg\max_r G(r) of the first metal-oxygen peak from 1.5 to 2.8 Å that stands out of ripples",
        _EGAMI,
    ),
    Number(
        "first_shell_area",
        "first-shell area (weighted neighbours)",
        "N_1",
        "",
        "pdf",
        r"\int R(r)\,\mathrm{d}r over the first peak, R(r) = r\,G(r) - s\,r^2",
        _EGAMI,
    ),
    Number(
        "first_shell_width",
        "first-shell width",
        "sigma_1",
        "Å",
        "pdf",
        r"w / \sqrt{2 \ln 2}, w the narrower half width at half height of G(r) - s\,r",
        _EGAMI,
    ),
    Number(
        "first_shell_share",
        "first shell's share of the area to 4.2 Å",
        "f_1",
        "",
        "pdf",
        r"N_1 / \int R(r)\,\mathrm{d}r from the start of the first peak to 4.2 Å",
        _EGAMI,
    ),
    Number(
        "second_shell_position",
        "second-shell position",
        "r_2",
        "Å",
        "pdf",
        r"\arg\max_r G(r) of the highest peak that follows, from 2.5 to 4.2 Å",
        _EGAMI,
    ),
    Number(
        "second_shell_area",
        "second-shell area (weighted neighbours)",
        "N_2",
        "",
        "pdf",
        r"\int R(r)\,\mathrm{d}r over that peak",
        _EGAMI,
    ),
)

NUMBERS: dict[str, Number] = {number.name: number for number in _ALL}
"""Every number by its name, in the order of the tables' columns."""


def names_of(technique: str) -> tuple[str, ...]:
    """List the numbers of one technique."""
    return tuple(number.name for number in _ALL if number.technique == technique)


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


def checked_curves(
    axis: ArrayLike, values: ArrayLike, *, kind: str, unit: str, span: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make sure that two arrays are curves on one axis.

    ``axis`` (n,); ``values`` (n,); ``values`` (n_curves, n).
    """
    x = np.asarray(axis, dtype=np.float64)
    y = np.asarray(values, dtype=np.float64)
    if y.ndim == 1:
        y = y[None, :]
    if x.ndim != 1 or y.ndim != 2 or y.shape[1] != len(x) or len(x) < 5:
        raise DataError(
            f"cannot describe {kind}",
            found=f"an axis of shape {x.shape} and values of shape {np.shape(values)}",
            needed="an axis of at least 5 points and curves of the same length, one a row",
            suggestion="pass the axis first; transpose the values if each column is a curve",
        )
    if not np.isfinite(x).all() or not (np.diff(x) > 0).all():
        raise DataError(
            f"cannot describe {kind}",
            found=f"an axis that does not increase or is not finite (in {unit})",
            needed=f"finite values in {unit}, increasing",
            suggestion="sort by the axis and drop repeated or missing points",
        )
    if x[-1] - x[0] < span:
        raise DataError(
            f"cannot describe {kind}",
            found=f"an axis from {x[0]:g} to {x[-1]:g}",
            needed=f"values in {unit}, over at least {span:g} {unit}",
            suggestion=f"convert the axis to {unit}, or pass a longer range",
        )
    return x, y
