"""Tables of crystal structures: Parquet; JSON arrays or lines, gzipped or not."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from edgepair.conventions import StructureError
from edgepair.structures.source_material import SourceMaterial

_COLUMNS = {"structure": "dict", "poscar": "poscar", "cif": "cif"}
"""Columns that may hold a structure, and its form."""

_IDENTIFIERS = ("mp_id", "id", "material_id")


def read_structure_table(path: str | Path) -> Iterator[SourceMaterial]:
    """Read a table of structures, a row at a time.

    Parameters
    ----------
    path : str or Path
        ``*.parquet``, a JSON array (``*.json``) or JSON lines (``*.jsonl``), these two gzipped or
        not. Structures in a column ``structure`` (pymatgen dictionary), ``poscar`` or ``cif``;
        identifiers in ``mp_id``, ``id`` or ``material_id``.

    Yields
    ------
    SourceMaterial
        In the order of the table.

    Raises
    ------
    StructureError
        The file is missing, damaged, of another kind, or lacks a needed column.
    """
    path = Path(path)
    if not path.is_file():
        raise StructureError(
            f"cannot read structures from {str(path)!r}",
            found="no such file",
            needed="a table of structures (.parquet, .json, .jsonl; also .gz)",
            suggestion="check the path",
        )
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _json_rows(path)
    number = -1
    while True:
        try:
            row = next(rows, None)
        except (OSError, EOFError, ValueError, TypeError, RecursionError, zlib.error) as error:
            raise StructureError(
                f"cannot read structures from {str(path)!r}",
                found=f"{type(error).__name__}: {error}",
                needed="Parquet, a JSON array of objects or JSON lines, gzipped or not",
                suggestion="copy or export the file again",
            ) from error
        if row is None:
            return
        number += 1
        identifier = next((row[name] for name in _IDENTIFIERS if row.get(name) is not None), None)
        column = next((name for name in _COLUMNS if _holds_structure(path, name, row.get(name))), None)
        if number and (identifier is None or column is None):
            # The table is of the right kind: one bad row is that row's problem.
            yield SourceMaterial(str(identifier or f"row {number}"), "", "unknown", row)
            continue
        if identifier is None or column is None:
            raise StructureError(
                f"cannot read row {number} of {str(path)!r}",
                found="columns " + ", ".join(sorted(row)),
                needed="a column 'structure', 'poscar' or 'cif', and one of "
                + ", ".join(repr(name) for name in _IDENTIFIERS),
                suggestion="rename the columns",
            )
        source = row[column]
        if not isinstance(source, dict):
            source = str(source)
        yield SourceMaterial(str(identifier), source, _COLUMNS[column], row)


def _holds_structure(path: Path, column: str, value: object) -> bool:
    """Say whether a column's value can be a structure: a dictionary, or its text in Parquet."""
    if column == "structure":
        return isinstance(value, dict) or (isinstance(value, str) and path.suffix == ".parquet")
    return isinstance(value, str)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1000):
            yield from batch.to_pylist()


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with _open(path) as file:
        first = file.read(1)
        while first.isspace():
            first = file.read(1)
        if first == "[":
            rows = json.loads(first + file.read())
        else:
            yield from _json_lines(first, file)
            return
    if not all(isinstance(row, dict) for row in rows):
        raise TypeError("an array that holds other things than objects")
    yield from rows


def _json_lines(first: str, file: IO[str]) -> Iterator[dict[str, Any]]:
    for line in file:
        text, first = first + line, ""
        if text.strip():
            row = json.loads(text)
            if not isinstance(row, dict):
                raise TypeError(f"a line with {type(row).__name__}, not an object")
            yield row


def _open(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
