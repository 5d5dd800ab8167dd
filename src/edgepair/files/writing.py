"""Writing text files that are complete or absent."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgepair.conventions.errors import OutputError, table_cell
from edgepair.files.caching import prefix_beside


def what_stands_at(target: Path) -> str:
    """Say what stands at a place and must not be replaced: what is moved there replaces a device too."""
    if target.is_dir():
        return "a folder of that name"
    if target.is_symlink() and target.absolute().parts[1:2] in (("dev",), ("proc",)):
        # /dev/stdout, which leads to a regular file where a shell has put one there.
        return "a name of the system's"
    try:
        target.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a circle of links"
    return "a pipe or a device" if target.exists() and not target.is_file() else ""


def write_whole(path: str | Path, text: str, *, what: str, suggestion: str) -> Path:
    """Write a text file beside its place, then move it there."""
    target = Path(path)
    scratch: Path | None = None
    try:
        if found := what_stands_at(target):
            raise FileExistsError(None, found)
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=prefix_beside(target.parent), suffix=".part"
        )
        scratch = Path(name)
        # Names of files may hold bytes that are no text.
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
        scratch.chmod(0o644)
        scratch.replace(target)
    except BaseException as error:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"cannot write {what} {str(target)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder that exists, can be written and has room",
            suggestion=suggestion,
        ) from error
    return target


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows as CSV; a cell that is None or not there is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: table_cell(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def json_ready(value: object) -> Any:
    """Make values that JSON knows."""
    if isinstance(value, dict):
        return {key: json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


_LARGEST_TABLE = 10_000_000


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[object]) -> None:
    """Refuse outputs that cannot be written, or are inputs, what these name or hold, or each other."""
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
    except (OSError, ValueError, RuntimeError):
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        if one.exists() and other.exists() and one.samefile(other):
            return True
        return one.resolve() == other.resolve()
    except (OSError, ValueError, RuntimeError):
        # RuntimeError: a circle of links, before Python 3.13.
        return False
