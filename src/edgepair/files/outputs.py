"""Places of results: none may be a file that is read."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from edgepair.conventions.errors import OutputError
from edgepair.files.writing import what_stands_at

_LARGEST_TABLE = 10_000_000


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[object]) -> None:
    """Refuse, before the work begins, outputs that cannot be written, or onto an input or each other.

    `outputs` by the option that names each; `inputs` are paths, or None, or texts that are none. Links
    are resolved. The files that a table of files names (``.csv``) are inputs too, and what lies in
    the folder of a dataset.
    """
    named = {option: target for option, target in outputs.items() if target is not None}
    read = [path for given in inputs if given is not None for path in _files_of(Path(str(given)))]
    for number, (option, target) in enumerate(named.items()):
        others = list(named.items())[:number]
        found = what_stands_at(target)
        if not found and not target.parent.is_dir():
            found = f"no folder {str(target.parent)!r}"
        elif not found and not os.access(target.parent, os.W_OK):
            found = f"a folder that cannot be written, {str(target.parent)!r}"
        elif not found and any(_covers(path, target) for path in read):
            found = "one of the files to be read"
        elif not found:
            found = next((f"the same name for {other}" for other, path in others if _same(path, target)), "")
        if found:
            raise OutputError(
                f"cannot write to {str(target)!r}",
                found=found,
                needed="a file of its own in a folder that exists and can be written",
                suggestion=f"choose another place with {option}",
            )


def check_folder(folder: Path, *, option: str) -> None:
    """Refuse, before the work begins, a folder that could not be made."""
    if not (folder.is_dir() or (folder.parent.is_dir() and not folder.exists())):
        raise OutputError(
            f"cannot write to the folder {str(folder)!r}",
            found="a file of that name" if folder.exists() else f"no folder {str(folder.parent)!r}",
            needed="a folder, or a name for one in a folder that exists",
            suggestion=f"choose another place with {option}",
        )


def _files_of(path: Path) -> Iterator[Path]:
    yield path
    try:
        if path.suffix.lower() != ".csv" or not path.is_file() or path.stat().st_size > _LARGEST_TABLE:
            return
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            # a table of spectra has a number in every cell: looking each up would take a minute
            for cell in {cell.strip() for row in csv.reader(stream) for cell in row}:
                if cell and not _is_number(cell):
                    yield path.parent / cell
                    yield Path(cell)
    except (OSError, ValueError, csv.Error):
        # Whoever reads it says what is wrong with it.
        return


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _covers(source: Path, target: Path) -> bool:
    """Say whether writing `target` would change `source`."""
    try:
        inside = source.is_dir() and (source / ".zgroup").exists()
        return _same(source, target) or (inside and target.resolve().is_relative_to(source.resolve()))
    except (OSError, ValueError):
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        if one.exists() and other.exists() and one.samefile(other):
            return True
        return one.resolve() == other.resolve()
    except (OSError, ValueError):
        return False
