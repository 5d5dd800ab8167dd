"""Plain columns of numbers under any kind of header, one scan or several after each other."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgepair.conventions.tasks import Floats
from edgepair.measured.content import unreadable
from edgepair.measured.header import (
    header_values,
    labels_by_number,
    labels_in_line,
    labels_of_width,
    numbered_labels,
    spacing_of,
)
from edgepair.measured.points import runs_through_edge
from edgepair.measured.roles import INTENSITIES, role_of
from edgepair.measured.scan import ScanTable

XDI_MARK = re.compile(r"\A\s{0,90}[#%;!]?\s{0,90}XDI/\d")
"""What tells XDI, the exchange format of single spectra: columns below a header that says what they are
(Ravel and Newville, J. Phys. Conf. Ser. 712, 012148, 2016)."""

_FEWEST = 10
_COMMENTS = ("#", "%", "!", ";", "*", "//", "'", "@", "&")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?\d[\d.]*+,\d+(?:[eE][+-]?\d+)?")
_GROUPS = re.compile(r"\s*+[+-]?\d{1,3}(?:[,'\s]\d{3})++(?:\.\d*+)?\s*+")
_COMMA_GROUPS = re.compile(r"\s*+[+-]?\d{1,3}(?:['\s]\d{3})++(?:,\d*+)?\s*+")
"""Numbers in groups of three digits, as ``12,345.6``; with decimal commas, as ``12 345,6``."""

_TIME = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T_]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d*)?)?Z?)?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d*)?)?|[AaPp]\.?[Mm]\.?"
)
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


@dataclass(frozen=True)
class Block:
    """Rows of numbers that stand together, (n_rows, n_columns), their lines, and what was mended."""

    values: Floats
    lines: list[int]
    warnings: tuple[str, ...] = ()


def read_columns(text: str, path: str, *, name: str = "columns") -> tuple[ScanTable, ...]:
    """Read columns of numbers, a table for each scan; `MeasurementError` where there are none."""
    lines = text.split("\n")
    blocks = number_blocks(lines)
    if not blocks or len(blocks[0].values) < _FEWEST or blocks[0].values.shape[1] < 2:
        rows = blocks[0].values if blocks else np.empty((0, 0))
        raise unreadable(
            path,
            found=f"{len(rows)} rows of {rows.shape[1]} numbers" if rows.size else "no rows of numbers",
            needed="at least 10 rows of energy and absorption",
            suggestion="export the spectrum as XDI or as columns of text",
        )
    tables: list[ScanTable] = []
    header: dict[str, str] = {}
    labels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    end = 0
    for number, block in enumerate(blocks, 1):
        before = [line for line in lines[end : block.lines[0]] if line.strip()]
        header = header | header_values(before)
        found = labels_of(before, header_values(before), block.values.shape[1])
        labels, units = found if found[0] else (labels, units)
        if labels and role_of(labels[0]) in INTENSITIES and runs_through_edge(block.values[:, 0], (1.0,)):
            # Energies under the name of an intensity: words of a sentence, not labels.
            labels, units = (), ()
        item = "" if len(blocks) == 1 else _title(before) or f"scan {number}"
        tables.append(
            ScanTable(
                name, item, labels, units, block.values, header, d_spacing=spacing_of(header),
                warnings=block.warnings,
            )
        )  # fmt: skip
        end = block.lines[-1] + 1
    return tuple(tables)


def labels_of(
    before: list[str], header: dict[str, str], count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Find labels and units of columns in the text before them; empty where there are none."""
    labels, units = labels_by_number(header, count)
    if labels:
        return labels, units
    numbered = numbered_labels(before, count)
    if numbered and any(role_of(label) for label in numbered):
        return numbered, ()
    best: tuple[int, tuple[str, ...]] | None = None
    for away, line in enumerate(reversed(before[-12:])):
        found = labels_in_line(line, count) or labels_of_width(line, count)
        if not found:
            continue
        known = sum(role_of(label) not in (None, "derived", "neither") for label in found)
        # The line just above the numbers needs no known word; those further up may be any sentence.
        if (away == 0 or known) and (best is None or known > best[0]):
            best = (known, found)
    return (best[1], ()) if best is not None else ((), ())


def number_block(lines: list[str]) -> tuple[Floats, list[int], tuple[str, ...]]:
    """Find the longest block of rows: values of shape (n_rows, n_columns), their lines, what is left out."""
    blocks = number_blocks(lines, split=False)
    if not blocks:
        return np.empty((0, 0)), [], ()
    return blocks[0].values, blocks[0].lines, blocks[0].warnings


def number_blocks(lines: list[str], *, split: bool = True) -> list[Block]:
    """Find the rows of numbers in a text: one block, or one for each scan where energies start again."""
    comma = decimal_commas(lines)
    parsed: list[tuple[int, list[float]]] = []
    spoilt: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        row = parse_row(line, comma)
        if row is not None:
            parsed.append((number, row))
        elif (line[:1] != "#" and line.lstrip()[:1].isdigit()) or line.lstrip()[:1] in ("-", "+", "."):
            spoilt.append((number, line))
    if len(parsed) < _FEWEST:
        parsed += [(n, row) for n, line in spoilt if (row := _mended(line, comma, None)) is not None]
        spoilt = []
        parsed.sort(key=lambda one: one[0])
    if not parsed:
        return []
    parsed = _unwrapped(parsed)
    width, _ = Counter(len(row) for _, row in parsed).most_common(1)[0]
    whole = {number: row for number, row in parsed if len(row) == width}
    odd = [number for number, row in parsed if len(row) != width]
    first, last = min(whole), max(whole)
    for number, line in sorted([*spoilt, *((n, lines[n]) for n in odd)]):
        row = _mended(line, comma, width)
        if row is not None and first - 5 <= number <= last + 5:
            whole[number] = row
            last = max(last, number)
    unfinished = _unfinished(lines, max(whole))
    if unfinished:
        del whole[max(whole)]
    runs = _runs(sorted(whole.items()), lines)
    longest = max(runs, key=len)
    chosen = [run for run in runs if run is longest or (split and _is_repeat(run, longest))]
    outside = sum(map(len, runs)) - sum(map(len, chosen))
    left_out = sorted(number for number in (*odd, *(n for n, _ in spoilt)) if number not in whole)
    blocks = []
    for run in chosen:
        start, end = run[0][0], run[-1][0]
        lost = bisect_right(left_out, end + 2) - bisect_left(left_out, start)
        warnings = [f"{lost} rows that do not have {width} numbers were left out"] if lost else []
        if unfinished and run is runs[-1]:
            warnings.append("an unfinished last row was left out")
        if outside >= _FEWEST and run is longest:
            warnings.append(f"{outside} rows apart from the longest block were left out")
        values = np.array([row for _, row in run], dtype=np.float64)
        places = _starts(values) if split else [0]
        for begin, stop in zip(places, [*places[1:], len(run)], strict=True):
            part = Block(values[begin:stop], [n for n, _ in run[begin:stop]], tuple(warnings))
            blocks.append(part)
    return blocks


def _unwrapped(parsed: list[tuple[int, list[float]]]) -> list[tuple[int, list[float]]]:
    """Join rows that stand on several lines each, where the numbers of values a line come again and again."""
    widths = [len(row) for _, row in parsed]
    for period in range(2, 13):
        count = len(widths) // period
        first = widths[:period]
        if count < _FEWEST or len(set(first)) == 1 or widths[: count * period] != first * count:
            continue
        groups = [parsed[n * period : (n + 1) * period] for n in range(count)]
        if all(group[-1][0] - group[0][0] == period - 1 for group in groups):
            return [(group[0][0], [value for _, row in group for value in row]) for group in groups]
    return parsed


def parse_row(line: str, comma: bool = False) -> list[float] | None:
    """Read one line as numbers; None where it is none of numbers, NaN where one is missing or a date.

    >>> parse_row("7112.0, 1.5D-01"), parse_row("# energy mu")
    ([7112.0, 0.15], None)
    """
    line = line.replace("|", " ").strip()
    if not line or (line[0] not in '+-.0123456789,"' and line[:3].lower() not in ("nan", "inf")):
        return None
    if not comma and "\t" not in line:
        # Most rows of most files: several times faster than what takes every kind of row apart.
        words = line.split(",") if "," in line else line.split()
        try:
            if len(words) > 1:
                return list(map(float, words))
        except ValueError:
            pass
    parts = _parts(line, comma)
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
        elif not part or part.lower() in _MISSING or set(part) <= {"*"} or _TIME.fullmatch(part):
            row.append(float("nan"))
        else:
            return None
    return row if not np.isnan(row).all() else None


def _parts(line: str, comma: bool) -> list[str]:
    # Fields between tabs may hold several words or groups of digits; a plain row of numbers does not.
    plain = "\t" not in line or (line.isascii() and not any(mark in line for mark in " ',"))
    parts = [] if plain and ";" not in line and '"' not in line else _grouped(line, comma)
    if comma:
        parts = parts or re.split(r"[\s;]+", line)
        parts = [
            part.replace(".", "").replace(",", ".") if _COMMA_NUMBER.fullmatch(part) else part
            for part in parts
        ]
    elif parts:
        pass
    elif "," in line or ";" in line:
        parts = [part.strip().strip('"') for part in re.split(r"[,;\t]", line)]
        if any(" " in part for part in parts):
            parts = re.split(r"[,;\s]+", line)
    else:
        parts = [part.strip('"') for part in line.split()]
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _grouped(line: str, comma: bool) -> list[str]:
    """Part a line of fields in quotes, or of numbers in groups of three digits; empty where neither."""
    mark = ";" if ";" in line else "\t" if "\t" in line else ","
    quoted = '"' in line
    pattern = rf'(?:^|{mark})[^\S\t]*+(?:"([^"]*+)"|([^{mark}"]*+))'
    fields = (
        [(one or other).strip() for one, other in re.findall(pattern, line)] if quoted else line.split(mark)
    )
    if comma:
        grouped = [_COMMA_GROUPS.fullmatch(field.strip()) is not None for field in fields]
    else:
        grouped = [_GROUPS.fullmatch(field.strip()) is not None for field in fields]
    if len(fields) < 2 or (not quoted and not any(grouped)):
        return []
    return [
        re.sub(r"(?<=\d)\D(?=\d{3})", "", field) if many else field
        for field, many in zip(fields, grouped, strict=True)
    ]


def _mended(line: str, comma: bool, width: int | None) -> list[float] | None:
    """Read a row whose numbers run together, or in which words stand for some of them."""
    # A sign within a number that follows no exponent begins the next one.
    apart = parse_row(re.sub(r"(?<=[\d.])(?=[+-]\d)", " ", line), comma)
    if apart is not None and (width is None or len(apart) == width):
        return apart
    parts = _parts(line.strip(), comma)
    fields = re.split(r"[\t;]" if comma else r"[\t,;]", line)
    if width is not None and len(parts) != width == len(fields):
        # Columns of a spreadsheet end apart: what is missing is nothing but fields left empty.
        parts = [field.strip().replace(",", ".") or "nan" for field in fields]
        if (
            all(part == "nan" or _NUMBER.fullmatch(part) for part in parts)
            and parts.count("nan") <= width - 2
        ):
            return [float(part) for part in parts]
    if len(parts) < 2 or (width is not None and len(parts) != width):
        return None
    row = [float(part) if _NUMBER.fullmatch(part) and "d" not in part.lower() else np.nan for part in parts]
    words = [part for part in parts if not _NUMBER.fullmatch(part)]
    if any(re.search(r"[=:()]", word) for word in words) or np.isnan(row[0]):
        return None
    return row if width is not None or np.isfinite(row).sum() >= 2 else None


def decimal_commas(lines: list[str], fewest: int = 6) -> bool:
    """Whether numbers are written with decimal commas: then none has a point, and rows part elsewhere."""
    found = 0
    for line in lines[:2000]:
        if "," not in line or line.lstrip()[:1] in _COMMENTS:
            continue
        if '"' in line:
            quoted = re.findall(r'"([^"]*)"', line)
            found += len(quoted) > 1 and all(_COMMA_NUMBER.fullmatch(part.strip()) for part in quoted)
        else:
            parts = re.split(r"[\s;]+", line.strip())
            plain = [p for p in parts if not _TIME.fullmatch(p)]
            whole = all(_COMMA_NUMBER.fullmatch(p) or p.lstrip("+-").isdigit() for p in plain)
            found += len(plain) > 1 and whole and any("," in part for part in plain)
        if found >= fewest:
            return True
    return False


def _unfinished(lines: list[str], last: int) -> bool:
    """Whether a text ends within its last number: no line end, and fewer decimals than in all rows before."""
    if last != len(lines) - 1 or last < 6:
        return False
    decimals = []
    for line in lines[last - 5 : last + 1]:
        words = line.split()
        decimals.append(len(words[-1].partition(".")[2]) if words else -1)
    return len(set(decimals[:-1])) == 1 and 0 <= decimals[-1] < decimals[0]


def _runs(rows: Sequence[tuple[int, list[float]]], lines: list[str]) -> list[list[tuple[int, list[float]]]]:
    """Part rows where much text stands between; a few lines, as of an interrupted scan, do not."""
    runs: list[list[tuple[int, list[float]]]] = []
    for number, row in rows:
        if runs:
            between = lines[runs[-1][-1][0] + 1 : number]
            text = sum(bool(line.strip()) and line.lstrip()[0] not in _COMMENTS for line in between)
            if text <= 3 and len(between) < 50:
                runs[-1].append((number, row))
                continue
        runs.append([(number, row)])
    return runs


def _is_repeat(run: Sequence[tuple[int, list[float]]], longest: Sequence[tuple[int, list[float]]]) -> bool:
    """Whether a run is another scan over the same energies, in whichever column they stand."""
    if len(run) < max(_FEWEST, len(longest) // 4):
        return False
    one, other = (np.array([row for _, row in part]) for part in (run, longest))
    for column in range(min(one.shape[1], 6)):
        if _is_scan(one[:, column]) and _is_scan(other[:, column]):
            low = max(np.nanmin(one[:, column]), np.nanmin(other[:, column]))
            high = min(np.nanmax(one[:, column]), np.nanmax(other[:, column]))
            return bool(high - low > 0.5 * np.ptp(other[np.isfinite(other[:, column]), column]))
    return False


def _is_scan(values: Floats) -> bool:
    finite = values[np.isfinite(values) & (values > 0)]
    if len(finite) < _FEWEST or len(finite) < 0.9 * len(values) or not finite.min() < finite.max():
        return False
    return bool(finite.max() < 2 * finite.min() and abs(np.sign(np.diff(finite)).mean()) > 0.8)


def _starts(values: Floats) -> list[int]:
    """Find rows at which the scanned column goes back to where it began: each begins another scan."""
    for column in range(min(values.shape[1], 6)):
        x = values[:, column]
        good = np.flatnonzero(np.isfinite(x) & (x > 0))
        if len(good) < 2 * _FEWEST or len(good) < 0.9 * len(x):
            continue
        if not x[good].max() < 2 * x[good].min():
            continue
        steps = np.diff(x[good])
        back = np.abs(steps) > 0.5 * np.ptp(x[good])
        if not back.any() or not np.ptp(x[good]) > 0:
            continue
        rest = np.sign(steps[~back])
        starts = [0, *(int(good[n + 1]) for n in np.flatnonzero(back))]
        lengths = np.diff([*starts, len(x)])
        if abs(rest.mean()) > 0.9 and (lengths >= _FEWEST).all():
            return starts
    return [0]


def _title(before: list[str]) -> str:
    """Take a scan's name from the lines above it."""
    for line in before[-12:]:
        match = re.match(
            r"\s*+[#%!;*]*+\s*+S?((?:scan|sweep|repeat|run)\s*+[#:]?\s*+[\w.\-]{1,30}+)\s*+$", line, re.I
        )
        if match:
            return match.group(1).strip()
    return ""
