"""Which columns of a table are curves, and what they are columns of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import MeasurementError
from edgepair.measured.pdf.columns import Table, column_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORTEST = 3.0
"""Å; a curve that spans less holds no second shell to compare the first one with."""

LARGEST_HOLE = 5
"""Median steps between neighbouring points; more are missing lines, which are not made up for."""

_ERRORS = re.compile(r"(?i)d_?r\b|d_?g|e(?:rr|sd)|sig|unc|std|weight")
_NOT_MEASURED = re.compile(r"(?i).*(?:calc|fit|diff|model|ideal|residual|base)")
_OTHER_X = re.compile(r"(?i)q\b|q[(_\[ ]|2?-?th(?:eta)?\b|tth|two_?theta|energy|time|s\b")
_OTHER_Y = (
    (re.compile(r"g_?\(r\)|g_?\(r\)-1"), "g(r), the pair distribution function that goes to 1"),
    (re.compile(r"(?i)R_?\(r\)|RDF"), "the radial distribution R(r)"),
    (re.compile(r"T_?\(r\)"), "T(r)"),
    (re.compile(r"(?i)[sfi]_?\(q\)|[sfi]q\b|intensity"), "a function of Q"),
)


def split_curves(table: Table, name: str, *, is_fit: bool) -> dict[str, tuple[NDArray[np.float64], ...]]:
    """Take r and the measured curves out of a table.

    Parameters
    ----------
    table : Table
        Header and numbers.
    name : str
        The file's name, for errors.
    is_fit : bool
        Whether this is PDFgui's fit, whose measured curve is the calculated one plus the difference.

    Returns
    -------
    dict of str to tuple of numpy.ndarray
        r and G of each curve by the name of its column; the name is empty where there is one only.

    Raises
    ------
    MeasurementError
        The columns are of another kind, or r does not increase.
    """
    n_columns = table.values.shape[1]
    names = column_names(table.header, n_columns)
    if names:
        _refuse_other_functions(names, name)
    r = table.values[:, 0]
    if is_fit:
        if n_columns < 5:
            raise MeasurementError(
                f"cannot read the measured curve of {name!r}",
                found=f"a fit of PDFgui with {n_columns} columns",
                needed="5 columns: the measured curve is the second (calculated) plus the fifth (difference)",
                suggestion="save the fit again, or name the .gr file that was fitted",
            )
        columns = {"": table.values[:, 1] + table.values[:, 4]}
    else:
        columns = {key: table.values[:, number] for key, number in _measured_columns(names).items()}
    return {key: _in_order(r, G, name) for key, G in columns.items()}


def _measured_columns(names: list[str]) -> dict[str, int]:
    """Choose columns by their names; the second where there are none, the others are its errors."""
    named = {
        key: number
        for number, key in enumerate(names)
        if number and not _ERRORS.match(key) and not _NOT_MEASURED.match(key)
    }
    # Columns of one name, as Mantid writes: Y, Y, …
    if len(named) > 1 and names[1] in named:
        plain = [key for key in named if re.match(r"(?i)g(obs|exp|_?\(r\))?(?![a-z0-9])", key)]
        return {"": named[plain[0]]} if len(plain) == 1 else named
    return {"": next(iter(named.values()))} if named else {"": 1}


def _refuse_other_functions(names: list[str], name: str) -> None:
    if _OTHER_X.match(names[0]):
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"a first column named {names[0]!r}",
            needed="r in Å or nm",
            suggestion="Fourier-transform the data first (PDFgetX3, xPDFsuite, Mantid, GudrunX, …)",
        )
    found = next((words for pattern, words in _OTHER_Y if pattern.match(names[1])), None)
    if found:
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"a second column named {names[1]!r}: {found}",
            needed="G(r) = 4πrρ₀(g(r) − 1)",
            suggestion="write G(r) with the program that made the file",
        )


def _in_order(
    r: NDArray[np.float64], G: NDArray[np.float64], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Let r increase, and drop what is not finite at the ends."""
    finite = np.flatnonzero(np.isfinite(r) & np.isfinite(G))
    if len(finite) >= 2:
        r, G = r[finite[0] : finite[-1] + 1], G[finite[0] : finite[-1] + 1]
    if len(finite) < 20 or len(finite) < len(r):
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"{len(r) - len(finite)} of {len(r)} values that are not numbers",
            needed="at least 20 finite values without gaps",
            suggestion="export the curve again",
        )
    if r[0] > r[-1]:
        r, G = r[::-1], G[::-1]
    steps = np.diff(r)
    if (steps <= 0).any():
        place = int(np.argmax(steps <= 0))
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"r {r[place + 1]:g} after {r[place]:g}",
            needed="r that increases (or decreases) from line to line",
            suggestion="remove repeated lines, or write one curve a file",
        )
    widest = int(np.argmax(steps))
    if steps[widest] > LARGEST_HOLE * np.median(steps):
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"a hole in r, from {r[widest]:g} to {r[widest + 1]:g}",
            needed="points without holes",
            suggestion="put the missing lines back, or remove what follows them",
        )
    if r[0] < 0 or np.abs(G).max() > 1e12:
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"r from {r[0]:g}" if r[0] < 0 else f"values up to {np.abs(G).max():g}",
            needed="distances, not below 0, and values that a PDF can have",
            suggestion="check which columns the file has",
        )
    return np.ascontiguousarray(r), np.ascontiguousarray(G)
