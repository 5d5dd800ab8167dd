"""Header and columns of a text file with PDFs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from edgepair.conventions import MeasurementError
from edgepair.conventions.tasks import Floats
from edgepair.measured.formats.columns import decimal_commas, parse_row
from edgepair.measured.pdf.header import MOST_LINES

FEWEST_POINTS = 20
"""Of a curve; shorter tables belong to the header."""

MOST_CURVES = 250
_LONGEST_LINE = 2000
_COMMENT = ("#", "%", "!", "'", '"', ";", "//")
_ROW_NUMBER = re.compile(r"(?i)^\s*+(?:index|row|point|no\.?|n|unnamed[^,;\t]*+)?\s*+[,;\t ]")
_STARTS_BLOCK = re.compile(r"#+\s*(?:S\s|L\s|Npoints|start data)")


@dataclass
class Table:
    """One block of numbers with what stands above it; ``values`` (n_rows, n_columns)."""

    header: list[str]
    values: Floats
    first_line: int
    last_line: int
    broken_by: str = ""


@dataclass
class _Block:
    header: list[str]
    first_line: int = 0
    last_line: int = 0
    rows: list[list[float]] = field(default_factory=list)
    broken_by: str = ""
    doubt: tuple[int, str, list[list[float]]] | None = None
    """Number and text of the line before which a few rows became header, and these rows."""


def read_tables(text: str, name: str) -> list[Table]:
    """Find the blocks of numbers in a text."""
    lines = text.split("\n")
    blocks = _blocks(lines)
    if not blocks:
        raise MeasurementError(
            f"cannot read a PDF from {name!r}",
            found=f"no block of {FEWEST_POINTS} or more lines with two or more numbers",
            needed="r and G(r) in columns",
            suggestion="export the curve as columns",
        )
    if len(blocks) > MOST_CURVES:
        raise MeasurementError(
            f"cannot read PDFs from {name!r}",
            found=f"{len(blocks)} blocks of numbers",
            needed=f"at most {MOST_CURVES}",
            suggestion="split the file",
        )
    for block in blocks:
        if block.broken_by and _goes_on(block, lines[block.last_line + 1 :]):
            raise _damaged(name, block.last_line + 1, block.broken_by)
        if block.doubt and _led_to(block, block.doubt[2], block.doubt[0]):
            raise _damaged(name, block.doubt[0], block.doubt[1])
    return [_table(block) for block in blocks]


def _goes_on(block: _Block, after: list[str]) -> bool:
    """Say whether the line after the one that ended a block would have been the block's next."""
    row = parse_row(after[0], decimal_commas(after[:1], 1)) if after else None
    return row is not None and len(row) == len(block.rows[-1]) and row[0] > block.rows[-1][0]


def _led_to(block: _Block, before: list[list[float]], number: int) -> bool:
    """Say whether the rows before line `number` would have been the block's first."""
    if len(before) < 2 or block.first_line - number != 1 or len(before[0]) != len(block.rows[0]):
        return False
    step = before[-1][0] - before[-2][0]
    return 0 < block.rows[0][0] - before[-1][0] < 3 * step


def _damaged(name: str, number: int, line: str) -> MeasurementError:
    return MeasurementError(
        f"cannot read a PDF from {name!r}",
        found=f"line {number}, amid the numbers: {line[:60]!r}",
        needed="two or more numbers on every line of the curve",
        suggestion="mend or remove that line",
    )


def _blocks(lines: list[str]) -> list[_Block]:
    comma_decimals = decimal_commas(lines)
    blocks: list[_Block] = []
    block = _Block([])
    shared: list[str] = []

    def close() -> None:
        nonlocal block
        if len(block.rows) >= FEWEST_POINTS:
            blocks.append(block)
            # The head of the file holds for every block in it.
            shared[:] = blocks[0].header[:MOST_LINES]
        else:
            shared[:] = list(dict.fromkeys((*shared, *block.header)))[:MOST_LINES]
        block = _Block(list(shared))

    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped:
            continue
        quoted = stripped[0] == '"' and stripped[1:2].strip("+-.0123456789") == ""
        row = None if stripped.startswith(_COMMENT) and not quoted else parse_row(stripped, comma_decimals)
        if row is not None:
            if block.rows and len(row) != len(block.rows[-1]) and len(block.rows) < FEWEST_POINTS:
                # A table of the header with another number of columns.
                _into_header(block, lines)
            if not block.rows:
                block.first_line = number
            block.rows.append(row)
            block.last_line = number
        elif block.rows and stripped.startswith(_COMMENT) and not _STARTS_BLOCK.match(stripped):
            # Amid a curve a remark; after a short table more of the header.
            if len(block.rows) < FEWEST_POINTS:
                block.header.append(_plain(stripped))
        else:
            comment = stripped.startswith(_COMMENT)
            if len(block.rows) >= FEWEST_POINTS:
                block.broken_by = "" if comment else stripped
                close()
            elif block.rows:
                before = block.rows
                _into_header(block, lines)
                block.doubt = None if comment else (number, stripped, before)
            block.header.append(_plain(stripped))
    close()
    return blocks


def _plain(line: str) -> str:
    """Drop the marks of a comment."""
    return line.lstrip("#%!;'\" ").rstrip("'\" ")


def _into_header(block: _Block, lines: list[str]) -> None:
    """Make a header of the few numbers read so far: they were a table within it."""
    inside = lines[block.first_line - 1 : block.last_line]
    block.header += [line.strip() for line in inside if line.strip()]
    block.rows = []


def _table(block: _Block) -> Table:
    lengths = [len(row) for row in block.rows]
    n_columns = int(np.median(lengths))
    values = np.full((len(block.rows), n_columns), np.nan)
    for number, row in enumerate(block.rows):
        values[number, : len(row)] = row[:n_columns]
    header = block.header
    counted = values[0, 0] in (0, 1) and (np.diff(values[:, 0]) == 1).all()
    if n_columns > 2 and counted and (np.diff(values[:, 1]) > 0).all():
        # Numbers of rows, as spreadsheets and pandas write them before r.
        values, header = values[:, 1:], [_ROW_NUMBER.sub("", line[:_LONGEST_LINE]) for line in header]
    return Table(header, values, block.first_line, block.last_line, block.broken_by)


def column_names(header: list[str], n_columns: int) -> list[str]:
    """Find the names of the columns in a header.

    >>> column_names(["L r (A)  G (A^-2)"], 2)
    ['r(A)', 'G(A^-2)']
    """
    for number, line in enumerate(reversed(header)):
        marked = re.match(r"L\s+", line)
        if number > 3 and not marked:
            continue
        text = re.sub(r"^L\s+", "", line[:_LONGEST_LINE])
        # 'r (Å)' is one name.
        text = re.sub(r"(?<![ \t])[ \t]++(?=[(\[])", "", text)
        text = re.sub(r"[(\[][^()\[\]]*+[)\]]", lambda found: re.sub(r"[\s,;]+", "_", found.group()), text)
        separators = (",", ";", "\t", r"\s+") if "," in text or ";" in text or "\t" in text else (r"\s+",)
        for separator in separators:
            words = [word.strip(" \t\"'#") for word in re.split(separator, text)]
            words = [word for word in words if word]
            if (
                len(words) == n_columns
                and re.match(r"2?[^\W\d]", words[0])
                and "=" not in text
                and ":" not in text
            ):
                return words
    return []
