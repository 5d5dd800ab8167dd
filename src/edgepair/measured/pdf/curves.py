"""Which columns of a table are curves, and what they are columns of."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from edgepair.conventions import MeasurementError, near_miss
from edgepair.conventions.tasks import Floats
from edgepair.measured.pdf.columns import Table, column_names
from edgepair.measured.pdf.function import OtherFunctionError, is_of_r, named_function

SHORTEST = 3.0
"""Å; a curve that spans less holds no second shell to compare the first one with."""

LARGEST_HOLE = 5
"""Median steps between neighbouring points; more are missing lines, which are not made up for."""

_ERRORS = re.compile(
    r"(?i)[dδσ]_?[rgyx](?![a-z])|d_?g|delta|e(?:rr|sd)|e$|sig|unc|std|weight|w$|[gy]_?err"
    r"|.*[_ ](?:err(?:or)?s?|esds?|sigma|sd)$"
)
_NOT_MEASURED = re.compile(
    r"(?i)calc|fit\b|diff|model|ideal|residual|base|(?<![a-z])rmc|(?<![a-z])sim|window"
)
_DISTANCE = re.compile(r"r_?\d*(?:[(\[/ _].*)?$")
_MEASURED = re.compile(r"(?i)y$|data$|.*(?:obs|exp(?:t|erim)|meas)")
_OTHER_X = re.compile(
    r"(?i)[qk]\b|[qk][(_\[ ]|2?-?th(?:eta)?\b|tth|two_?theta|energy|time|s\b|wave_?(?:number|vector)"
)
_PAIR = re.compile(r"[A-Z][a-z]?\d*[-_ ][A-Z][a-z]?\d*$")
_PREFERRED = ("G", "D", "T", "R", "g(r)", "keen")
"""Functions of r, the ones nearest to G(r) first."""


@dataclass(frozen=True)
class Column:
    """A curve of a table: its name, the function that the name says, r and values."""

    name: str
    function: str
    r: Floats
    y: Floats


def split_curves(table: Table, name: str, *, is_fit: bool, item: str | None = None) -> list[Column]:
    """Take r and the curve named `item`, else all that are measured; a single one has no name."""
    n_columns = table.values.shape[1]
    names = _apart(column_names(table.header, n_columns))
    chosen = _column_named(item, names)
    if chosen is None and names:
        _refuse_other_functions(names, name)
    r = table.values[:, 0]
    starts = [number for number, key in enumerate(names) if number == 0 or _DISTANCE.match(key)]
    if chosen is None and is_fit and not any(_MEASURED.match(key) for key in names[1:]):
        return [Column("", "", *_in_order(r, _measured_of_fit(table, names, name), name))]
    picked = _measured_columns(names) if chosen is None else {names[chosen]: chosen}
    columns = []
    for key, number in picked.items():
        # Of several pairs of columns, each curve stands over the distances before it.
        over = max((start for start in starts if start < number), default=0)
        pair = _in_order(table.values[:, over], table.values[:, number], name)
        columns.append(Column(key, named_function(names[number]) if names else "", *pair))
    return columns


def _apart(names: list[str]) -> list[str]:
    """Give columns of one name a number."""
    return [
        f"{name} ({names[:number].count(name) + 1})" if name in names[:number] else name
        for number, name in enumerate(names)
    ]


def _column_named(item: str | None, names: list[str]) -> int | None:
    """Find the number of the column that an item names; r itself is no curve."""
    if item is None:
        return None
    wanted = item.rsplit(":", 1)[-1]
    return next((number for number, key in enumerate(names) if number and key in (item, wanted)), None)


def unknown_item(item: str, name: str, known: list[str], n_blocks: int) -> MeasurementError:
    """Make the error of an item that the file does not have."""
    return MeasurementError(
        f"cannot read item {item!r} of {name!r}",
        found="the columns " + ", ".join(known) if known else f"{n_blocks} block(s) of numbers",
        needed="the name of one of its columns, or the number of a block",
        suggestion=near_miss(item, known) if known else "leave the item out to read them all",
    )


def _measured_of_fit(table: Table, names: list[str], name: str) -> Floats:
    """Measured curve of PDFgui's fit: the calculated one plus the difference."""
    if table.values.shape[1] >= 5:
        number = next((n for n, key in enumerate(names) if "diff" in key.lower()), 4)
        return table.values[:, 1] + table.values[:, number]
    held = ("r", "the calculated G(r)", "its uncertainty in r", "its uncertainty in G")
    raise MeasurementError(
        f"cannot read the measured curve of {name!r}",
        found=f"a fit of PDFgui with {table.values.shape[1]} columns: "
        f"{', '.join(held[: table.values.shape[1]])}; neither the measured curve nor the difference",
        needed="5 columns: the measured curve is the second (calculated) plus the fifth (difference)",
        suggestion="save the fit again, or name the .gr file that was fitted",
    )


def _measured_columns(names: list[str]) -> dict[str, int]:
    """Choose columns by their names; the second where there are none, the others are its errors."""
    named = {
        key: number
        for number, key in enumerate(names)
        if number and not (_ERRORS.match(key) or _DISTANCE.match(key) or _NOT_MEASURED.search(key))
    }
    for function in _PREFERRED:
        # One function several times is a series; several functions of one sample are one curve.
        same = {key: number for key, number in named.items() if named_function(key) == function}
        if same and len(same) < len(named):
            named = same
            break
    marked = {key: number for key, number in named.items() if _MEASURED.match(key)}
    if marked and len(marked) < len(named):
        named = marked
    if len(named) > 1 and (names[1] in named or not _ERRORS.match(names[1])):
        return named
    return {"": next(iter(named.values()))} if named else {"": 1}


def _refuse_other_functions(names: list[str], name: str) -> None:
    if _OTHER_X.match(names[0]):
        energies = re.match(r"e(n|\b|v|\()|theta\b", names[0], re.IGNORECASE)
        # Over energies or angles, "counts" and "chi" are a detector's and a motor's, and no functions of Q.
        over = [] if energies or re.search("th(eta)?", names[0], re.IGNORECASE) else names[1:]
        functions = [found for key in over if (found := named_function(key)) and not is_of_r(found)]
        # A table of energies is a spectrum: what is wrong with it is told by its own reader.
        kind = MeasurementError if energies else OtherFunctionError
        raise kind(
            f"cannot read a PDF from {name!r}",
            found=f"a first column named {names[0]!r}"
            + (f" and one named for {functions[0]}" if functions else ""),
            needed="r in Å or nm",
            suggestion="for a PDF, Fourier-transform a diffraction pattern (PDFgetX3, Mantid, GudrunX, …)",
        )
    functions = [named_function(key) for key in names[1:] if not _ERRORS.match(key)]
    if functions and all(found and not is_of_r(found) for found in functions):
        raise OtherFunctionError(
            f"cannot read a PDF from {name!r}",
            found=f"a column named {names[1]!r}: {functions[0]}",
            needed="G(r) = 4πrρ₀(g(r) − 1)",
            suggestion="write G(r) with the program that made the file",
        )
    if len(names) > 1 and all(_PAIR.match(key) for key in names[1:]):
        raise OtherFunctionError(
            f"cannot read a PDF from {name!r}",
            found=f"columns named for pairs of elements, the first {names[1]!r}: partial functions",
            needed="the measured total G(r)",
            suggestion="name the file with the measured curve",
        )


def _in_order(r: Floats, G: Floats, name: str) -> tuple[Floats, Floats]:
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
