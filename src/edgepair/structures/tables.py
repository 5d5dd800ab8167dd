"""Tables of crystal structures: JSON (gzipped or not) and Parquet."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.conventions import StructureError

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True)
class SourceMaterial:
    """One material of a table, its structure still unread.

    Attributes
    ----------
    material_id : str
        Identifier in its source.
    source : str or dict
        Text of a POSCAR, or a pymatgen dictionary.
    row : dict
        All columns of the table.
    """

    material_id: str
    source: str | dict[str, Any]
    row: dict[str, Any]

    def structure(self) -> Structure:
        """Read the structure.

        Returns
        -------
        pymatgen.core.Structure
            With the order of atoms of the source.

        Raises
        ------
        StructureError
            The text or dictionary is not a structure.
        """
        from pymatgen.core import Structure

        try:
            if isinstance(self.source, str):
                return Structure.from_str(self.source, fmt="poscar")
            return Structure.from_dict(self.source)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
            raise StructureError(
                f"cannot read the structure of {self.material_id}",
                found=f"{type(error).__name__}: {error}",
                needed="the text of a POSCAR or a pymatgen dictionary",
                suggestion="export the structure again",
            ) from error


def read_structure_table(path: str | Path) -> Iterator[SourceMaterial]:
    """Read a table of structures, a row at a time.

    Parameters
    ----------
    path : str or Path
        ``*.parquet`` with a column ``poscar``, or a JSON array (``*.json``, ``*.json.gz``) whose
        entries have a pymatgen dictionary as ``structure``; identifiers in ``mp_id`` or ``id``.

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
            needed="a table of structures (.parquet, .json or .json.gz)",
            suggestion="check the path",
        )
    column = "poscar" if path.suffix == ".parquet" else "structure"
    try:
        rows = _read_rows(path)
    except (OSError, EOFError, ValueError, TypeError, zlib.error) as error:
        raise StructureError(
            f"cannot read structures from {str(path)!r}",
            found=f"{type(error).__name__}: {error}",
            needed="Parquet, or a JSON array of objects, gzipped or not",
            suggestion="copy or export the file again",
        ) from error
    for number, row in enumerate(rows):
        identifier = row.get("mp_id", row.get("id"))
        if identifier is None or column not in row:
            raise StructureError(
                f"cannot read row {number} of {str(path)!r}",
                found="columns " + ", ".join(sorted(row)),
                needed=f"a column {column!r} and one of 'mp_id' and 'id'",
                suggestion="rename the columns",
            )
        yield SourceMaterial(str(identifier), row[column], row)


def _read_rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pandas as pd

        return [{str(k): v for k, v in row.items()} for row in pd.read_parquet(path).to_dict("records")]
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = json.loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError(f"{type(rows).__name__} that is not an array of objects")
    return rows
