"""Folders that a command writes as a whole, and may replace when it runs again."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions.errors import DataError, OutputError, table_cell
from edgepair.files.caching import prefix_beside

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ResultFolder:
    """A kind of folder, told by a file of its own."""

    what: str
    command: str
    file: str
    keys: frozenset[str]
    others: frozenset[str]

    def check(self, target: Path) -> None:
        """Refuse a folder that must not be replaced, before anything is computed."""
        try:
            if target.exists() and target.resolve() in (Path.cwd(), *Path.cwd().parents):
                raise OutputError(
                    f"cannot write the {self.what} to {str(target)!r}",
                    found="the folder in which you are, or one above it",
                    needed="a folder that can be replaced as a whole",
                    suggestion=f"name a folder below it, such as --out edgepair-{self.what}",
                )
            empty = target.is_dir() and not any(target.iterdir())
            there = target.exists() or target.is_symlink()
            if there and not empty and (target.is_symlink() or not self.is_one(target)):
                raise OutputError(
                    f"cannot write the {self.what} to {str(target)!r}",
                    found=(
                        "a link"
                        if target.is_symlink()
                        else f"a folder that no {self.what} wrote, or with other files in it"
                        if target.is_dir()
                        else "a file"
                    ),
                    needed=f"a new folder, an empty one, or one that an earlier {self.what} wrote",
                    suggestion="choose another place with --out",
                )
            # Find out now, not after ten minutes of computing, whether the place can be written.
            parent = target.absolute().parent
            while not parent.exists() and parent != parent.parent:
                parent = parent.parent
            with tempfile.TemporaryFile(dir=parent):
                pass
        except OSError as error:
            raise self._unwritable(target, error) from error

    def is_one(self, folder: Path) -> bool:
        """Tell whether a folder holds such a result and nothing else."""
        try:
            content = json.loads((folder / self.file).read_text(encoding="utf-8"))
            names = {entry.name for entry in folder.iterdir()}
        except (OSError, ValueError):
            return False
        return (
            isinstance(content, dict) and self.keys <= content.keys() and names <= {self.file, *self.others}
        )

    @contextmanager
    def staged(self, target: Path) -> Iterator[Path]:
        """Give a folder to write into, which takes the place of `target` only when all is written."""
        self.check(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix_beside(target.parent)))
        except OSError as error:
            raise self._unwritable(target, error) from error
        try:
            scratch.chmod(0o755)
            yield scratch
            _replace(scratch, target)
        except OSError as error:
            raise self._unwritable(target, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @contextmanager
    def loading(self, folder: Path) -> Iterator[None]:
        """Tell in four parts whatever is wrong with a folder that is read."""
        try:
            yield
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"cannot load the {self.what} in {str(folder)!r}",
                found=f"{type(error).__name__}: {error}",
                needed=f"a folder that `edgepair {self.command}` wrote",
                suggestion=f"check the path, or run `edgepair {self.command}` again",
            ) from error

    def _unwritable(self, target: Path, error: OSError) -> OutputError:
        return OutputError(
            f"cannot write the {self.what} to {str(target)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a place that can be written, with room for about 50 MB",
            suggestion="choose another place with --out",
        )


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write each table as ``<name>.csv``, numbers to six digits."""
    for name, table in tables.items():
        table.map(table_cell).to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")


def read_tables(
    folder: Path, columns: Mapping[str, Collection[str]], texts: Collection[str]
) -> dict[str, pd.DataFrame]:
    """Read what `write_tables` wrote."""
    import pandas as pd

    tables = {}
    for name, needed in columns.items():
        table = pd.read_csv(
            folder / f"{name}.csv", dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values=[""]
        )
        missing = [column for column in needed if column not in table]
        if missing:
            raise KeyError(f"{name}.csv lacks {missing[0]!r}")
        tables[name] = table
    return tables


def _replace(scratch: Path, target: Path) -> None:
    """Put a finished folder in its place; the old one is gone only once the new one is there."""
    if not target.exists():
        scratch.rename(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix_beside(target.parent)))
    try:
        target.rename(old / "old")
        try:
            scratch.rename(target)
        except BaseException:
            (old / "old").rename(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
