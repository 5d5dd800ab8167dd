"""Tables of crystal structures: Parquet; JSON arrays or lines, gzipped or not."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TypeAlias, TypeVar, cast

from edgepair.conventions import StructureError
from edgepair.conventions.displayed import Record
from edgepair.engine import shared_sandbox
from edgepair.files.reading import check_regular
from edgepair.structures.source_material import SourceMaterial, is_structure

Row: TypeAlias = Record

Value = TypeVar("Value")

_COLUMNS = {"structure": "dict", "poscar": "poscar", "cif": "cif"}
"""Columns that may hold a structure, and its form."""

_LARGEST_LINE = 64_000_000
_LARGEST_ARRAY = 500_000_000
_GROUP_CPU_SECONDS = 60.0
_GROUP_BYTES, _GROUP_ROWS = 16_000_000, 500_000
_MEMORY = 1_000_000_000
_CPU_SECONDS, _SECONDS_PER_MB = 3.0, 1.0
_HARMLESS = 1_000_000
"""Bytes of a file that is not packed, which no content makes costly."""

_DEEPEST = 40
_TOO_DEEP = "objects nested more than 40 levels deep"

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
    rows = table_rows(path)
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
        if isinstance(row, str):
            # One row that cannot be read is that row's problem.
            yield SourceMaterial(f"row {number}", row, "unknown")
            continue
        if is_structure(row):
            yield SourceMaterial(f"row {number}", row, "dict")
            continue
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


def table_rows(path: Path) -> Iterator[Row | str]:
    """Read rows of a table, text for a damaged JSON line; an error of Python or zlib if unreadable."""
    check_regular(path)
    if path.suffix == ".parquet":
        yield from _parquet_rows(path)
        return
    if path.suffix == ".gz" or path.stat().st_size > _HARMLESS:
        look_through(_go_through_rows, path)
    yield from _json_rows(path)


def look_through(go_through: Callable[[str], None], path: Path) -> None:
    """Have a guarded process read a file whole first, for safety; ValueError if that takes too much."""
    _guarded("edgepair.structures.files", _seconds(path), go_through, path)


def _seconds(path: Path) -> float:
    return _CPU_SECONDS + _SECONDS_PER_MB * path.stat().st_size / 1e6


def _go_through_rows(path: str) -> None:
    for _ in _json_rows(Path(path)):
        pass


def _parquet_rows(path: Path) -> Iterator[Row]:
    """Read a Parquet file in a guarded process: damage can crash the library; ValueError if unreadable."""
    if find_spec("pyarrow") is None:
        raise StructureError(
            f"cannot read the table {str(path)!r}",
            found="a Parquet table, and no pyarrow",
            needed="pyarrow, which comes with the extra 'parquet'",
            suggestion="pip install 'edgepair[parquet]', or export the table as JSON lines",
        )
    for groups in _guarded("pyarrow.parquet", _GROUP_CPU_SECONDS, _row_groups, path):
        yield from _guarded("pyarrow.parquet", _GROUP_CPU_SECONDS, _rows_of_groups, path, groups)


def _guarded(
    preload: str, cpu_seconds: float, function: Callable[..., Value], path: Path, *args: object
) -> Value:
    result = shared_sandbox(preload).call(
        function, str(path), *args, cpu_seconds=cpu_seconds, memory_bytes=_MEMORY, readable=(path,)
    )
    if result.out_of_memory:
        raise ValueError(f"more than {_MEMORY / 1e9:g} GB of memory to read it")
    if result.problem:
        raise ValueError(result.problem.removeprefix("ValueError: "))
    return cast(Value, result.value)


def _row_groups(path: str) -> list[list[int]]:
    """Give the groups of rows that are read together, so that many small ones do not take a process each."""
    import pyarrow.parquet

    together: list[list[int]] = []
    room = 0
    with pyarrow.parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            if group.num_rows > _GROUP_ROWS:
                raise ValueError(f"{group.num_rows} rows in one group of rows, of at most {_GROUP_ROWS}")
            size = int(group.total_byte_size)
            if not together or size > room:
                together.append([])
                room = _GROUP_BYTES
            together[-1].append(number)
            room -= size
    return together


def _rows_of_groups(path: str, groups: list[int]) -> list[Row]:
    import pyarrow
    import pyarrow.parquet

    # Its own pools take more from the system than they need, which the limit counts.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    with pyarrow.parquet.ParquetFile(path) as file:
        rows: list[Row] = file.read_row_groups(groups, use_threads=False).to_pylist()
    return rows


def _json_rows(path: Path) -> Iterator[Row | str]:
    with _open(path) as file:
        first = file.read(1)
        while first.isspace():
            first = file.read(1)
        if first == "[":
            text = first + file.read(_LARGEST_ARRAY)
            if len(text) > _LARGEST_ARRAY:
                raise ValueError(
                    f"an array of more than {_LARGEST_ARRAY / 1e6:.0f} MB; JSON lines may be longer"
                )
            rows = json.loads(text)
        else:
            yield from _json_lines(first, file)
            return
    if not all(isinstance(row, dict) for row in rows):
        raise TypeError("an array that holds other things than objects")
    yield from (_TOO_DEEP if nested_too_deep(row) else row for row in rows)


def _json_lines(first: str, file: IO[str]) -> Iterator[Row | str]:
    known = False
    while line := file.readline(_LARGEST_LINE):
        text, first = first + line, ""
        if len(line) == _LARGEST_LINE:
            raise ValueError(f"a line of more than {_LARGEST_LINE / 1e6:.0f} MB")
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            if not isinstance(row, dict):
                raise TypeError(f"a line with {type(row).__name__}, not an object")
        except (ValueError, TypeError, RecursionError) as error:
            if not known:
                raise
            yield f"a damaged line: {type(error).__name__}"
            continue
        known = True
        yield _TOO_DEEP if nested_too_deep(row) else row


def nested_too_deep(value: object) -> bool:
    """Say whether lists and objects are nested deeper than any structure: what handles them recurses."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        depth += 1
    return bool(level)


def _open(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
