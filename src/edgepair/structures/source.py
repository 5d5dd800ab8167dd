"""Any source of crystal structures, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgepair.structures.files import read_structure_files
from edgepair.structures.source_material import SourceMaterial


def read_structure_source(source: str | Path) -> Iterator[SourceMaterial]:
    """Read crystal structures from files, from minerals, or from the Materials Project.

    Parameters
    ----------
    source : str or Path
        A file, folder, glob, archive or table (see `read_structure_files`); ``amcsd:`` with filters
        (see `read_minerals`); ``mp:`` with filters (see `read_materials_project`).

    Yields
    ------
    SourceMaterial
        One at a time.

    Raises
    ------
    StructureError
        The source cannot be read.
    """
    text = str(source)
    if text.startswith("amcsd:"):
        from edgepair.structures.minerals import read_minerals

        yield from read_minerals(text.removeprefix("amcsd:"))
    elif text.startswith("mp:"):
        from edgepair.structures.materials_project import read_materials_project

        yield from read_materials_project(text.removeprefix("mp:"))
    else:
        yield from read_structure_files(source)
