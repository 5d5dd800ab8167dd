"""The user's cache: what took long to compute, kept by a hash of everything that went into it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from edgepair.conventions.errors import OutputError

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

_ELSEWHERE_SECONDS = 7 * 86400.0
"""Age from which a folder of another machine, whose processes cannot be looked up, is left over."""

LARGEST_BYTES = 1_000_000_000
"""Oldest entries are dropped when a folder grows beyond this, unless it is told otherwise."""

_CHECKSUM = "content_checksum"

ABANDONED_SECONDS = 3600.0
"""Age from which a part file is what an interrupted run left."""


@contextmanager
def own_scratch(kind: str) -> Iterator[Path]:
    """Make a scratch folder named after this process, gone at the end; sweep what the dead left."""
    sweep(kind)
    prefix = f"edgepair-{kind}-{_host()}-{os.getpid()}-"
    with writing_scratch():
        scratch = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    with scratch as folder:
        yield Path(folder)


@contextmanager
def writing_scratch() -> Iterator[None]:
    """Raise an OutputError where temporary files cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "cannot write into a scratch folder",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder for temporary files that can be written and has room",
            suggestion="set TMPDIR to one with room",
        ) from error


@cache
def prefix_beside(folder: Path) -> str:
    """Name scratch in the folder of an output after this process; sweep once what the dead left there."""
    sweep("out", folder)
    return f".edgepair-out-{_host()}-{os.getpid()}-"


def sweep(kind: str, folder: Path | None = None) -> None:
    """Remove scratch of this user whose process has ended, but for a result that was to be replaced."""
    named = re.compile(rf"\.?edgepair-{re.escape(kind)}-([A-Za-z0-9]+)-(\d{{1,9}})-\w+(?:\.part)?")
    with contextlib.suppress(OSError), os.scandir(folder or tempfile.gettempdir()) as entries:
        for entry in entries:
            match = named.fullmatch(entry.name)
            if match is None or entry.is_symlink() or Path(entry.path, "old").exists():
                continue
            state = entry.stat(follow_symlinks=False)
            mine = state.st_uid == os.getuid()
            if match.group(1) == _host():
                over = not _lives(int(match.group(2)))
            else:
                over = time.time() - state.st_mtime > _ELSEWHERE_SECONDS
            if mine and over and entry.is_dir():
                shutil.rmtree(entry.path, ignore_errors=True)
            elif mine and over:
                Path(entry.path).unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:32] or "here"


Kind = TypeVar("Kind")


def _checksum(key: str, arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """Hash what is kept and under which key: what was changed, or renamed, is not taken."""
    import numpy as np

    digest = hashlib.sha256(key.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.digest()


@dataclass(frozen=True)
class KeptArrays:
    """A folder of named arrays, one file per key."""

    folder: Path | None
    most_bytes: int = LARGEST_BYTES

    @classmethod
    def of_user(cls, name: str, *, use: bool) -> KeptArrays:
        """Open one of the folders in the user's cache."""
        return cls(user_folder(name) if use else None)

    def load(self, key: str) -> dict[str, NDArray[np.generic]] | None:
        """Load what was kept."""
        if self.folder is None or not is_trusted(self.folder):
            return None
        import numpy as np  # which short commands do without

        path = self.folder / f"{key}.npz"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            if arrays.pop(_CHECKSUM).tobytes() != _checksum(key, arrays):
                raise ValueError("changed since it was kept")
            os.utime(path)
        except FileNotFoundError:
            return None
        except Exception:
            # A damaged entry is as good as none: it is computed and written again.
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return arrays

    def save(self, key: str, arrays: dict[str, NDArray[np.generic]]) -> None:
        """Keep arrays, written beside their place first."""
        if self.folder is None:
            return
        import numpy as np

        # A full or read-only disk costs the cache, not the answer.
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not is_trusted(self.folder):
                return
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    checksum = np.frombuffer(_checksum(key, arrays), dtype=np.uint8)
                    np.savez(file, **arrays, **{_CHECKSUM: checksum})  # type: ignore[arg-type]
                Path(name).replace(self.folder / f"{key}.npz")
            finally:
                Path(name).unlink(missing_ok=True)

    def load_as(self, kind: type[Kind], key: str) -> Kind | None:
        """Load what was kept of a dataclass of arrays."""
        arrays = self.load(key)
        names = {item.name for item in fields(cast("DataclassInstance", kind))}
        return kind(**arrays) if arrays is not None and set(arrays) == names else None

    def save_of(self, outcome: object, key: str) -> None:
        """Keep a dataclass of arrays."""
        self.save(
            key,
            {item.name: getattr(outcome, item.name) for item in fields(cast("DataclassInstance", outcome))},
        )

    def prune(self) -> None:
        """Drop the oldest entries beyond `most_bytes`, and what interrupted runs left."""
        if self.folder is not None and self.folder.is_dir():
            drop_oldest(self.folder, ".npz", self.most_bytes)


def user_folder(name: str) -> Path:
    """Return one of the user's cache folders."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edgepair" / name


@cache
def installed_version(package: str) -> str:
    """Tell the version of a package for the hash of a result: finding out reads and parses a file."""
    return version(package)


def is_trusted(folder: Path) -> bool:
    """Say whether what lies in a cache can only come from this user: no link, nobody else may write."""
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o022


def drop_oldest(folder: Path, suffix: str, most_bytes: int) -> None:
    """Drop the oldest entries of a folder beyond a size, and what interrupted runs left."""
    with contextlib.suppress(OSError):
        for part in folder.glob("*.part"):
            if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
                part.unlink(missing_ok=True)
        found = [(entry.stat().st_mtime, entry.stat().st_size, entry) for entry in folder.glob(f"*{suffix}")]
        total = 0
        for _, size, entry in sorted(found, reverse=True):
            total += size
            if total > most_bytes:
                entry.unlink(missing_ok=True)
