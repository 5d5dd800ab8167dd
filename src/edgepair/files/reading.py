"""Reading foreign files: regular ones alone, and never more bytes than allowed."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import stat
import zlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from edgepair.conventions.errors import DataError

_LARGEST_TABLE, _MOST_ROWS = 10_000_000, 20_000
"""Bytes and rows of a table that names files."""

_COMMA = re.compile(r"^(\s*[-+]?\d+),(\d+)(?=\s*[^\d,]*$)")


class TooManyBytesError(ValueError):
    """A file, packed or unpacked, is larger than what is read of it."""


def read_regular(path: str | Path, most: int, *, follow: bool = True) -> bytes:
    """Read a file; OSError for pipes, devices, sockets (and links): they may never end, or do something."""
    # O_NONBLOCK: a pipe that nobody writes to would keep open() waiting.
    links = 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | links | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as stream:  # noqa: PTH123
        check_regular(handle)
        data = stream.read(most + 1) if os.fstat(handle).st_size <= most else b""
        if data is None:
            # As some files under /proc, which look like any other.
            raise OSError(errno.EAGAIN, "a file that has one wait for its content")
        if len(data) > most or os.fstat(handle).st_size > most:
            raise TooManyBytesError
        return data


def check_regular(path: str | Path | int) -> None:
    """Refuse what `read_regular` refuses, of a file that a library opens itself."""
    kind = os.stat(path).st_mode  # noqa: PTH116
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, "a folder")
    if not stat.S_ISREG(kind):
        raise OSError(errno.EINVAL, "a pipe or a device, which may never end")


def read_table(path: str | Path, most: int = _MOST_ROWS) -> list[dict[str, str]]:
    """Read a CSV table that a user wrote; OSError or ValueError where it is none."""
    try:
        text = read_regular(path, _LARGEST_TABLE).decode("utf-8-sig")
        mark = max(",;\t", key=text.partition("\n")[0].count)
        rows = list(islice(csv.DictReader(io.StringIO(text), delimiter=mark), most + 1))
    except TooManyBytesError as error:
        raise ValueError(f"more than {_LARGEST_TABLE / 1e6:.0f} MB") from error
    except UnicodeDecodeError as error:
        raise ValueError("a file that is not text") from error
    except csv.Error as error:
        raise ValueError(f"no table of text: {error}") from error
    if len(rows) > most:
        raise ValueError(f"more than {most} rows")
    if mark == ";":
        # As spreadsheets write it where the comma is that of decimals.
        rows = [
            {k: _COMMA.sub(r"\1.\2", v) if isinstance(v, str) else v for k, v in row.items()} for row in rows
        ]
    return rows


def read_listed(
    path: Path, what: str, *, required: Sequence[str], needed: str, suggestion: str, most: int = _MOST_ROWS
) -> list[dict[str, str]]:
    """Read a table in which a user lists files; DataError where it is none, or lacks a column."""
    try:
        rows = read_table(path, most)
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot read the {what} {str(path)!r}",
            found=getattr(error, "strerror", None) or str(error),
            needed=needed,
            suggestion="check the path; export the table as CSV in UTF-8",
        ) from error
    present = [name.strip() for name in (rows[0] if rows else {}) if name]
    missing = [name for name in required if name not in present]
    if missing:
        raise DataError(
            f"cannot read the {what} {str(path)!r}",
            found="the columns " + ", ".join(present) if present else "no rows",
            needed="the columns " + " and ".join(missing),
            suggestion=suggestion,
        )
    return [{key.strip(): (value or "").strip() for key, value in row.items() if key} for row in rows]


def unpack_gzip(data: bytes, most: int) -> bytes:
    """Unpack gzip of one or more members; `TooManyBytesError` beyond `most`, zlib.error where damaged."""
    unpacked, view, at = bytearray(), memoryview(data), 0
    if not data.startswith(b"\x1f\x8b"):
        raise zlib.error("no gzip")
    while data.startswith(b"\x1f\x8b", at):
        machine, size = zlib.decompressobj(wbits=31), 512
        while not machine.eof and at < len(data):
            # In pieces: what follows a member is copied, for each of very many members.
            piece, size = view[at : at + size], min(4 * size, 1 << 20)
            unpacked += machine.decompress(piece, most + 1 - len(unpacked))
            if len(unpacked) > most:
                raise TooManyBytesError
            at += len(piece) - len(machine.unused_data)
        if not machine.eof:
            raise zlib.error("ends too early")
    return bytes(unpacked)
