"""Plain columns of numbers under any kind of header."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from edgepair.measured.content import unreadable
from edgepair.measured.header import header_values, labels_by_number, labels_in_line, spacing_of
from edgepair.measured.roles import role_of
from edgepair.measured.table import ScanTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_LINES = 2_000_000
_COMMENTS = ("#", "%", "!", ";", "*", "//", "'", "@", "&")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_MISSING = {
    "nan",
    "-nan",
    "+nan",
    "inf",
    "-inf",
    "+inf",
    "na",
    "n/a",
    "null",
    "none",
    "--",
    "-",
    "nd",
    "#n/a",
}


def read_columns(text: str, path: str, *, name: str = "columns") -> tuple[ScanTable, ...]:
    """Read columns of numbers with whatever text stands before them.

    Parameters
    ----------
    text : str
        Content of the file.
    path : str
        The file, for errors.
    name : str, optional
        Name of the format.

    Returns
    -------
    tuple of ScanTable
        One.

    Raises
    ------
    MeasurementError
        There are no columns of numbers.
    """
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        raise unreadable(
            path,
            found=f"{len(lines)} lines",
            needed=f"at most {_MOST_LINES}",
            suggestion="export one spectrum, rebinned to its energies",
        )
    rows, numbers, warnings = number_block(lines)
    if len(rows) < 10 or rows.shape[1] < 2:
        raise unreadable(
            path,
            found=f"{len(rows)} rows of {rows.shape[1]} numbers" if rows.size else "no rows of numbers",
            needed="at least 10 rows of energy and absorption",
            suggestion="export the spectrum as XDI or as columns of text",
        )
    before = [line for line in lines[: numbers[0]] if line.strip()]
    header = header_values(before)
    labels, units = labels_of(before, header, rows.shape[1])
    return (
        ScanTable(name, "", labels, units, rows, header, d_spacing=spacing_of(header), warnings=warnings),
    )


def labels_of(
    before: list[str], header: dict[str, str], count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Find the labels of columns in the text before them.

    Parameters
    ----------
    before : list of str
        Lines before the numbers.
    header : dict of str to str
        What they say.
    count : int
        How many columns there are.

    Returns
    -------
    labels, units : tuple of str
        One for each column; empty where there are none.
    """
    labels, units = labels_by_number(header, count)
    if labels:
        return labels, units
    best: tuple[int, tuple[str, ...]] | None = None
    for away, line in enumerate(reversed(before[-12:])):
        found = labels_in_line(line, count)
        if not found:
            continue
        known = sum(role_of(label) is not None for label in found)
        # The line just above the numbers needs no known word; those further up may be any sentence.
        if (away == 0 or known) and (best is None or known > best[0]):
            best = (known, found)
    if best is not None:
        return best[1], ()
    listed: list[str] = []
    for line in (line[:300] for line in before):
        match = re.match(
            r"\s*[#%!;*]*\s*(?:col(?:umn)?s?\.?\s*)?(\d{1,3})\s*[:=.)\-\t ]\s*(\S.*)$", line, re.I
        )
        if match and int(match.group(1)) == len(listed) + 1:
            listed.append(match.group(2).strip())
    if len(listed) == count and any(role_of(label) for label in listed):
        return tuple(listed), ()
    return (), ()


def number_block(lines: list[str]) -> tuple[NDArray[np.float64], list[int], tuple[str, ...]]:
    """Find the rows of numbers in a text.

    Parameters
    ----------
    lines : list of str
        The text.

    Returns
    -------
    values : numpy.ndarray
        Shape (n_rows, n_columns); empty where there is none.
    numbers : list of int
        Which lines they are.
    warnings : tuple of str
        What was left out.
    """
    comma = _decimal_commas(lines)
    parsed: list[tuple[int, list[float]]] = []
    for number, line in enumerate(lines):
        row = parse_row(line, comma)
        if row is not None:
            parsed.append((number, row))
    if not parsed:
        return np.empty((0, 0)), [], ()
    width, _ = Counter(len(row) for _, row in parsed).most_common(1)[0]
    chosen = _longest_block([(number, row) for number, row in parsed if len(row) == width], lines)
    first, last = chosen[0][0], chosen[-1][0]
    odd = sum(first <= number <= last and len(row) != width for number, row in parsed)
    outside = sum((number < first or number > last) and len(row) == width for number, row in parsed)
    warnings = []
    if odd:
        warnings.append(f"{odd} rows that do not have {width} numbers were left out")
    if outside >= 10:
        warnings.append(f"{outside} rows apart from the longest block were left out")
    return np.array([row for _, row in chosen], dtype=np.float64), [n for n, _ in chosen], tuple(warnings)


def parse_row(line: str, comma: bool = False) -> list[float] | None:
    """Read one line as numbers.

    Parameters
    ----------
    line : str
        The line.
    comma : bool, optional
        Whether commas are decimal points.

    Returns
    -------
    list of float or None
        The numbers; None where the line is none of numbers. NaN where one is missing.

    Examples
    --------
    >>> parse_row("7112.0, 1.5D-01"), parse_row("# energy mu")
    ([7112.0, 0.15], None)
    """
    line = line.strip()
    if not line or (line[0] not in '+-.0123456789,"' and line[:3].lower() not in ("nan", "inf")):
        return None
    if comma:
        parts = re.split(r"[\s;]+", line.replace(",", "."))
    elif "," in line or ";" in line:
        parts = [part.strip().strip('"') for part in re.split(r"[,;\t]", line)]
        if any(" " in part for part in parts):
            parts = re.split(r"[,;\s]+", line)
    else:
        parts = line.split()
    while parts and not parts[-1]:
        parts.pop()
    if len(parts) < 2:
        return None
    try:
        return [float(part) for part in parts]
    except ValueError:
        pass
    row = []
    for part in parts:
        if _NUMBER.fullmatch(part):
            row.append(float(part.replace("D", "E").replace("d", "e")))
        elif not part or part.lower() in _MISSING or set(part) == {"*"}:
            row.append(float("nan"))
        else:
            return None
    return row if not np.isnan(row).all() else None


def _decimal_commas(lines: list[str]) -> bool:
    """Whether numbers are written with decimal commas: then none has a point, and rows part elsewhere."""
    found = 0
    for line in lines[:2000]:
        if line.lstrip()[:1] in _COMMENTS:
            continue
        parts = re.split(r"[\s;]+", line.strip())
        if len(parts) < 2 or not all(_COMMA_NUMBER.fullmatch(p) or p.lstrip("+-").isdigit() for p in parts):
            continue
        found += any("," in part for part in parts)
        if found > 5:
            return True
    return False


def _longest_block(rows: list[tuple[int, list[float]]], lines: list[str]) -> list[tuple[int, list[float]]]:
    """Keep the longest run of rows; a few lines of text, as of an interrupted scan, do not part it."""
    blocks: list[list[tuple[int, list[float]]]] = []
    for number, row in rows:
        if blocks:
            between = lines[blocks[-1][-1][0] + 1 : number]
            text = sum(bool(line.strip()) and line.lstrip()[0] not in _COMMENTS for line in between)
            if text <= 3 and len(between) < 50:
                blocks[-1].append((number, row))
                continue
        blocks.append([(number, row)])
    return max(blocks, key=len)
