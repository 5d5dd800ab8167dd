"""The result store: finished work, each piece under a hash of everything that it depends on."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgepair.conventions import OutputError
from edgepair.conventions.displayed import Record

_START = b'{"key":"'
_KEY = slice(len(_START), len(_START) + 64)
_CHECKSUM = b',"checksum":"'
_OK = b'","ok":true,'


@dataclass(frozen=True)
class _Place:
    """Where a record stands."""

    segment: str
    offset: int
    length: int
    ok: bool


class ResultStore:
    """A folder of finished results.

    Parameters
    ----------
    folder : str or Path
        Made when the first result is kept.
    keep : bool, optional
        False: new results are held in memory only, as a dry run needs.

    Raises
    ------
    OutputError
        The folder cannot be read, or is something else.

    Notes
    -----
    Each run appends to files of its own, one line of JSON a result (``<kind>-<random>.jsonl``), so
    that two runs never write to one file, and a run that was killed leaves at worst one line that
    is not complete, which is passed over. Lines begin with the key, so that an index of a million
    results is made without parsing them. ``*.jsonl.gz`` are read too.
    """

    def __init__(self, folder: str | Path, *, keep: bool = True) -> None:
        self.folder = Path(folder)
        self._keep = keep
        self._index: dict[bytes, _Place] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._packed: dict[str, bytes] = {}
        self._memory: dict[bytes, bytes] = {}
        self._mine: dict[str, tuple[str, IO[bytes]]] = {}
        self.damaged = 0
        self._claims = Claims(self.folder / ".running")
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(
                f"cannot keep results in {str(folder)!r}",
                found="a file",
                needed="a folder, or a name that is free",
                suggestion="name another folder with --store",
            )
        self.refresh()

    def __enter__(self) -> ResultStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._index

    def __len__(self) -> int:
        return len(self._index)

    def is_ok(self, key: str) -> bool:
        """Say whether a result is there and is not a failure.

        Parameters
        ----------
        key : str
            Hexadecimal SHA-256.

        Returns
        -------
        bool
            False where there is none.
        """
        place = self._index.get(bytes.fromhex(key))
        return place is not None and place.ok

    def get(self, key: str) -> Record | None:
        """Read a result.

        Parameters
        ----------
        key : str
            Hexadecimal SHA-256.

        Returns
        -------
        dict or None
            The record: ``key``, ``ok``, ``value`` or ``problem``, and what else was kept; None where
            there is none, or it is damaged.
        """
        short = bytes.fromhex(key)
        place = self._index.get(short)
        if place is None:
            return None
        if place.segment in self._packed:
            line = self._packed[place.segment][place.offset : place.offset + place.length]
        elif not place.segment:
            line = self._memory[short]
        else:
            try:
                with (self.folder / place.segment).open("rb") as file:
                    file.seek(place.offset)
                    line = file.read(place.length)
            except OSError as error:
                raise _unreadable(self.folder / place.segment, error) from error
        try:
            record = _record(line)
        except (ValueError, RecursionError):
            # Damaged after it was written: as good as none, unless it stands somewhere else too.
            self.damaged += 1
            del self._index[short]
            return self._recover(key)
        return record

    def _recover(self, key: str) -> Record | None:
        """Look for another line with a result whose first is damaged."""
        start = _START + key.encode() + _OK
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open("rb") as file:
                for offset, line in _lines(file, 0):
                    if line.startswith(start):
                        with contextlib.suppress(ValueError, RecursionError):
                            record = _record(line)
                            self._index[bytes.fromhex(key)] = _Place(path.name, offset, len(line), True)
                            return record
        return None

    def put(self, kind: str, key: str, record: Record) -> None:
        """Keep a result.

        Parameters
        ----------
        kind : str
            What made it; the file is named after it.
        key : str
            Hexadecimal SHA-256.
        record : mapping
            Ready for JSON, with ``ok``.

        Raises
        ------
        OutputError
            The disk is full or cannot be written. What was kept before stays.
        """
        ok = bool(record["ok"])
        ordered: Record = {"key": key, "ok": ok, "kind": kind}
        ordered |= {k: v for k, v in record.items() if k not in ordered}
        line = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
        body = line[:-1]
        line = body + _CHECKSUM + hashlib.sha256(body).hexdigest().encode() + b'"}\n'
        short = bytes.fromhex(key)
        if not self._keep:
            self._memory[short] = line
            self._index[short] = _Place("", 0, len(line), ok)
            return
        try:
            name, file = self._segment(kind)
            offset = file.tell()
            try:
                left = memoryview(line)
                while left:
                    # A disk that is nearly full takes a part of the line first, and says so only
                    # the next time.
                    left = left[file.write(left) :]
            except OSError:
                # Half a line must not stand before the next.
                os.ftruncate(file.fileno(), offset)
                file.seek(offset)
                raise
        except OSError as error:
            raise OutputError(
                f"cannot keep a result in {str(self.folder)!r}",
                found=f"{type(error).__name__}: {error.strerror or error}",
                needed="a folder that can be written, with room",
                suggestion="make room or name another folder with --store; the same command goes on",
            ) from error
        self._note(short, _Place(name, offset, len(line), ok))
        self._claims.release(key)
        self._seen[name] = (offset + len(line), 0)

    def refresh(self) -> None:
        """Take in what other runs have finished in the meantime."""
        if not self.folder.is_dir():
            return
        mine = {name for name, _ in self._mine.values()}
        try:
            files = sorted(self.folder.glob("*.jsonl")) + sorted(self.folder.glob("*.jsonl.gz"))
            for path in files:
                if path.name not in mine:
                    self._read(path)
        except OSError as error:
            raise _unreadable(self.folder, error) from error

    def records(self, kind: str, *, failed: bool = False) -> Iterator[Record]:
        """Read all results of a kind that are not failures, or those that are.

        Parameters
        ----------
        kind : str
            As given to `put`.
        failed : bool, optional
            Whether failures are read instead.

        Yields
        ------
        dict
            Records, in no order.
        """
        for short, place in list(self._index.items()):
            named = not place.segment or place.segment in self._packed
            if place.ok is not failed and (named or place.segment.startswith(f"{kind}-")):
                record = self.get(short.hex())
                if record is not None and record.get("kind") == kind:
                    yield record

    def claim(self, key: str) -> bool:
        """Say that this run is going to make a result.

        Parameters
        ----------
        key : str
            Hexadecimal SHA-256.

        Returns
        -------
        bool
            False where another run that still lives is at it.
        """
        return not self._keep or self._claims.take(key)

    def release(self, key: str) -> None:
        """Give a claim up.

        Parameters
        ----------
        key : str
            Hexadecimal SHA-256.
        """
        self._claims.release(key)

    def close(self) -> None:
        """Close the files of this run."""
        self._claims.close()
        for _, file in self._mine.values():
            file.close()
        self._mine.clear()

    def _segment(self, kind: str) -> tuple[str, IO[bytes]]:
        if kind not in self._mine:
            self.folder.mkdir(parents=True, exist_ok=True)
            safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in kind)
            name = f"{safe}-{secrets.token_hex(6)}.jsonl"
            # Unbuffered and exclusive: a line is with the system when put() returns.
            self._mine[kind] = (name, (self.folder / name).open("xb", buffering=0))
        return self._mine[kind]

    def _read(self, path: Path) -> None:
        stat = path.stat()
        before, stamp = self._seen.get(path.name, (0, 0))
        if path.suffix == ".gz":
            if (stat.st_size, stat.st_mtime_ns) == (before, stamp):
                return
            try:
                with gzip.open(path) as file:
                    data = file.read()
            except (EOFError, zlib.error, gzip.BadGzipFile):
                self.damaged += 1
                return
            self._packed[path.name] = data
            for offset, line in _lines((data.removesuffix(b"\n") + b"\n").splitlines(keepends=True), 0):
                self._take(path.name, line, offset)
            self._seen[path.name] = (stat.st_size, stat.st_mtime_ns)
        elif stat.st_size > before:
            with path.open("rb") as file:
                file.seek(before)
                # Line by line: a segment may be larger than memory.
                for offset, line in _lines(file, before):
                    self._take(path.name, line, offset)
                    before = offset + len(line)
            self._seen[path.name] = (before, 0)

    def _take(self, name: str, line: bytes, offset: int) -> None:
        try:
            if not line.startswith(_START):
                raise ValueError
            short = bytes.fromhex(line[_KEY].decode())
        except ValueError:
            self.damaged += 1
            return
        ok = line[_KEY.stop : _KEY.stop + len(_OK)] == _OK
        self._note(short, _Place(name, offset, len(line), ok))

    def _note(self, short: bytes, place: _Place) -> None:
        known = self._index.get(short)
        # A success is never replaced: neither by another run's failure nor by the same result again.
        if known is None or not known.ok:
            self._index[short] = place


def _lines(source: Iterable[bytes], offset: int) -> Iterator[tuple[int, bytes]]:
    """List lines that are complete, with where they begin; a last one that is not may still be written."""
    for line in source:
        if line.endswith(b"\n"):
            yield offset, line
        offset += len(line)


def _record(line: bytes) -> Record:
    """Read a line; ValueError where it is not what was written. Lines of before 1.0 have no checksum."""
    body, mark, rest = line.rpartition(_CHECKSUM)
    if mark and rest.strip() != hashlib.sha256(body).hexdigest().encode() + b'"}':
        raise ValueError("changed since it was kept")
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("no record")
    record.pop("checksum", None)
    return record


def _unreadable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot read the results in {str(path)!r}",
        found=f"{type(error).__name__}: {error.strerror or error}",
        needed="a folder that can be read",
        suggestion="check its permissions, or name another folder with --store",
    )


class Claims:
    """A locked file per run, and a file per result it is making, void once that lock is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = f"run-{secrets.token_hex(8)}"
        self._lock: int | None = None
        self._mine: set[str] = set()

    def take(self, key: str) -> bool:
        """Claim a result."""
        if key in self._mine:
            return True
        path = self._folder / key
        try:
            self._begin()
            for _ in range(2):
                try:
                    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
                except FileExistsError:
                    if self._lives(path.read_text()):
                        return False
                    path.unlink(missing_ok=True)
                    continue
                os.write(handle, self._token.encode())
                os.close(handle)
                self._mine.add(key)
                return True
        except OSError:
            # No claims can be made here; results can be, or the store says so itself.
            return True
        return False

    def release(self, key: str) -> None:
        """Give a claim up."""
        if key in self._mine:
            self._mine.discard(key)
            with contextlib.suppress(OSError):
                (self._folder / key).unlink(missing_ok=True)

    def close(self) -> None:
        """Give all claims up."""
        for key in list(self._mine):
            self.release(key)
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self._folder / self._token).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def _begin(self) -> None:
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._folder / self._token, os.O_CREAT | os.O_RDWR, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _lives(self, token: str) -> bool:
        """Say whether a run lives: whether it still holds the lock on its file."""
        if not token:
            # Made this instant, its name not yet in it.
            return True
        try:
            handle = os.open(self._folder / Path(token).name, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        with contextlib.suppress(OSError):
            (self._folder / Path(token).name).unlink(missing_ok=True)
        return False
