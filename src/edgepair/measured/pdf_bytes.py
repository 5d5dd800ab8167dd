"""The text of a file with PDFs: unpacked, decoded, and never executed."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from pathlib import Path

from edgepair.conventions import MeasurementError

LARGEST = 16_000_000
"""Bytes of one file, unpacked; larger ones are something else."""

_PROJECTS = (".ddp", ".ddp3")
_PICKLE = re.compile(
    rb"\A(?:\x80[\x00-\x05]|\((?:dp|lp|i)|c[\w.]+\r?\n[\w.]+\r?\n|\(c[\w.]+\r?\n|[])}(][q)(])"
)
"""How serialised Python objects begin: by their protocol, or as text by their first instruction."""

_OTHER_KINDS = (
    (b"\x89HDF", "an HDF5 file"),
    (b"%PDF", "a document of the kind that readers of papers call PDF"),
    (b"BZh", "a file packed with bzip2"),
    (b"\xfd7zXZ", "a file packed with xz"),
    (b"\x89PNG", "a picture"),
)
_COLUMNS = "a text file with r and G(r) in columns, gzipped or not"


def read_text(path: Path) -> str:
    """Read a text file, gzipped or not.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    str
        Its text; lines end as in Unix.

    Raises
    ------
    MeasurementError
        There is no such file, it is not text, or it holds serialised Python objects.
    """
    data = _read_bytes(path)
    if path.suffix.lower() in _PROJECTS or _PICKLE.match(data):
        raise _project(path)
    if data[:2] == b"\x1f\x8b":
        data = _unzip(path, data)
        if _PICKLE.match(data):
            raise _project(path)
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        raise _archive(path)
    for start, what in _OTHER_KINDS:
        if data.startswith(start):
            raise _not_text(path, what)
    if not data.strip():
        raise _not_text(path, "an empty file")
    return _decode(path, data).replace("\r\n", "\n").replace("\r", "\n")


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise _not_text(path, f"a file of more than {LARGEST / 1e6:.0f} MB")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        # ValueError: a zero byte in the name.
        missing = isinstance(error, FileNotFoundError)
        reason = "no such file" if missing else getattr(error, "strerror", None) or str(error)
        raise MeasurementError(
            f"cannot read {str(path)!r}",
            found=reason,
            needed="a file that can be opened",
            suggestion="check the path",
        ) from error


def _unzip(path: Path, data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            text = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _not_text(path, f"a damaged gzip file: {error}") from error
    if len(text) > LARGEST:
        raise _not_text(path, f"a file of more than {LARGEST / 1e6:.0f} MB")
    return text


def _decode(path: Path, data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data:
        raise _not_text(path, "a binary file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Å and ° of older programs; every byte has a meaning in Latin-1.
        return data.decode("latin-1")


def _not_text(path: Path, what: str) -> MeasurementError:
    return MeasurementError(
        f"cannot read a PDF from {str(path)!r}",
        found=what,
        needed=_COLUMNS,
        suggestion="export the curve as columns",
    )


def _archive(path: Path) -> MeasurementError:
    return MeasurementError(
        f"cannot read a PDF from {str(path)!r}",
        found="a zip archive",
        needed=_COLUMNS,
        suggestion="unpack it and name the file inside; of a PDFgui project export the data set as .gr",
    )


def _project(path: Path) -> MeasurementError:
    return MeasurementError(
        f"cannot read a PDF from {str(path)!r}",
        found="a PDFgui project or another file of serialised Python objects (pickles), which can run "
        "any program when opened and is therefore never opened",
        needed=_COLUMNS,
        suggestion="export the data set from PDFgui as .gr, or the fit as .fgr",
    )
