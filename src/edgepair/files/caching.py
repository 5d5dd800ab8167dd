"""The user's cache: what took long, by a hash of all that went into it; rows of interrupted commands."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from edgepair._version import __version__
from edgepair.conventions.displayed import Record
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

_MOST_BYTES = 50_000_000


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
    try:
        return (Path(base) if base else Path.home() / ".cache") / "edgepair" / name
    except RuntimeError:
        # A user without a home, as in containers: a place where nothing can be kept.
        return Path(os.devnull) / name


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


class KeptRows:
    """A command's findings, on disk as they come where it has a table to write and a cache to trust."""

    def __init__(self, command: str, target: Path | None, settings: object) -> None:
        self._handle: int | None = None
        self._held = False
        self._known: Record = {}
        if target is None:
            return
        told = json.dumps([command, __version__, str(target.resolve()), fingerprint(settings)])
        folder = user_folder("rows")
        self._path = folder / f"{_digest(told.encode())}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not is_trusted(folder):
                return
            drop_oldest(folder, ".jsonl", _MOST_BYTES)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(self._path, flags, 0o600)
        except OSError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._known = dict(_lines(self._path.read_bytes()))
        except OSError:
            os.close(handle)
            return
        self._handle, self._held = handle, True

    def __enter__(self) -> KeptRows:
        """Keep what is found inside."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the keeping; what was kept stays for the next run."""
        self.close()

    def key(self, item: object) -> str:
        """Name an item by its content."""
        return fingerprint(item) if self._held else ""

    def get(self, key: str) -> Any:
        """Give what an earlier run found for an item; None where none did."""
        return self._known.get(key)

    def add(self, key: str, value: object) -> None:
        """Keep what was found; a disk without room ends the keeping, not the work."""
        if self._handle is None:
            return
        text = json.dumps([key, value], allow_nan=False)
        line = f"{_digest(text.encode())} {text}\n".encode()
        try:
            # A line of a run that was killed may lack its end.
            if os.write(self._handle, b"\n" + line) != len(line) + 1:
                self.close()
        except OSError:
            self.close()

    def finish(self) -> None:
        """Drop all: the table is written."""
        if self._held:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """End the keeping; what was kept stays for the next run."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _lines(data: bytes) -> list[tuple[str, object]]:
    """Read the lines that are what had been written."""
    found = []
    for line in data.split(b"\n"):
        digest, _, text = line.partition(b" ")
        if text and digest == _digest(text).encode():
            key, value = json.loads(text)
            found.append((key, value))
    return found


def fingerprint(value: object) -> str:
    """Tell the contents of arrays, of objects that hold them, and of files apart."""
    parts: list[bytes] = []
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if hasattr(part, "tobytes") and hasattr(part, "dtype"):
            parts += [str((part.shape, part.dtype)).encode(), part.tobytes()]
        elif is_dataclass(part) and not isinstance(part, type):
            waiting += [getattr(part, field.name) for field in fields(part)]
        elif isinstance(part, (list, tuple)):
            parts.append(str(len(part)).encode())
            waiting += part
        elif isinstance(part, Path):
            parts.append(_of_path(part))
        else:
            parts.append(repr(part).encode(errors="backslashreplace"))
    return _digest(b"\x00".join(parts))


def _of_path(path: Path) -> bytes:
    try:
        if path.is_dir():
            inside = sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in path.rglob("*"))
            return repr(inside).encode()
        return _digest(path.read_bytes()).encode()
    except OSError as error:
        return repr(error).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
