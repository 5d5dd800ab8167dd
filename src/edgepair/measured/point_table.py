"""A table of the points of a series: which files are of each, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgepair.conventions.errors import visible
from edgepair.files.reading import read_table
from edgepair.measured.samples import PAIR_COLUMNS

FILE_COLUMNS = ("file", "xanes", "pdf", "dpdf")
"""Columns that name files."""


def read_point_table(path: Path) -> list[dict[str, str]]:
    """Read a table of points; nothing where it is none: who reads it as a spectrum says what is wrong."""
    if path.suffix.lower() != ".csv":
        return []
    try:
        rows = read_table(path)
    except (OSError, ValueError):
        return []
    return rows if rows and set(FILE_COLUMNS) & set(rows[0]) else []


def axis_columns(rows: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Give the columns that may be the axis, by their names."""
    names = [
        name for name in (rows[0] if rows else ()) if name and name not in (*FILE_COLUMNS, *PAIR_COLUMNS)
    ]
    return {visible(name): [row[name] or "" for row in rows] for name in names}
