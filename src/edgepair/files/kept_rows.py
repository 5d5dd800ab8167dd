"""Rows of a table whose command did not come to its end: the same command again takes them from here."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from edgepair._version import __version__
from edgepair.conventions.displayed import Record
from edgepair.files.caching import drop_oldest, is_trusted, user_folder

_MOST_BYTES = 50_000_000


class KeptRows:
    """What a command has found for each of its items, on disk from the moment it is found.

    Nothing is kept without a table to write, nor where the user's cache cannot be trusted or written, or
    while another run of the same command holds it; the command then works as without.
    """

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
        elif dataclasses.is_dataclass(part) and not isinstance(part, type):
            waiting += [getattr(part, field.name) for field in dataclasses.fields(part)]
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
