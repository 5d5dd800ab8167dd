"""What a file contains, before it is known what it means: bytes, unpacked and decoded."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from edgepair.conventions import MeasurementError
from edgepair.files.reading import TooManyBytesError, read_regular, unpack_gzip

LARGEST = 200_000_000
"""Bytes of a file, packed or not; larger ones are no spectrum."""

LARGEST_TEXT = 50_000_000
"""Bytes of a text: thousands of spectra; lists of what they say take twenty times as many in memory."""

HDF5_MARK = b"\x89HDF\r\n\x1a\n"
"""How a file of HDF5 begins."""

_LONGEST_LINE = 2_000_000
_MOST_LINES = 1_000_000
"""Each is tried as a row of numbers: a million take four seconds."""

_BLANKS = re.compile(r"[\t\r\n\f\x0b\x1a\x1b]+")

_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte order marks of wide encodings; that of UTF-32 begins with one of UTF-16."""

_PICKLE = re.compile(
    rb"\x80[\x00-\x05]|(?:\((?:dp|lp|i)|\(?c[\w.]+\r?\n[\w.]+\r?\n|[\]})(}][q)(\]]).*\.\s*\Z", re.DOTALL
)
"""Serialised Python objects: by their protocol, or as text by their first instruction and the last."""

_REFUSED = {
    b"PK\x03\x04": (
        "a zip archive",
        "unpack it and name the files; save a Larix session as an Athena project, the data of a PDFgui "
        "project as .gr",
    ),
    b"%PDF": ("a document in PDF format", "name the data file, not the publication"),
    b"BZh": ("a file packed with bzip2", "unpack it with bunzip2, or pack it with gzip"),
    b"\xfd7zXZ": ("a file packed with xz", "unpack it with unxz, or pack it with gzip"),
    b"\x89PNG": ("an image", "name the data file"),
    b"\xff\xd8\xff": ("an image", "name the data file"),
    b"GIF8": ("an image", "name the data file"),
    b"II*\x00": ("an image", "name the data file"),
    b"MM\x00*": ("an image", "name the data file"),
    b"\xd0\xcf\x11\xe0": ("an old spreadsheet or document", "export the columns as text"),
    b"CDF\x01": ("a netCDF file", "export the columns as text"),
    b"CDF\x02": ("a netCDF file", "export the columns as text"),
}


def unreadable(path: str, *, found: str, needed: str, suggestion: str) -> MeasurementError:
    """Make the error of a file that cannot be read."""
    return MeasurementError(f"cannot read {path!r}", found=found, needed=needed, suggestion=suggestion)


def read_content(path: str | Path) -> bytes:
    """Read a file, unpacking gzip, and refuse what holds no measurement."""
    name = str(path)
    try:
        data = read_regular(path, LARGEST)
    except TooManyBytesError as error:
        raise _too_large(name, f"more than {LARGEST / 1e6:.0f} MB") from error
    except IsADirectoryError as error:
        raise unreadable(
            name, found="a folder", needed="a file", suggestion="name the files in it"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise unreadable(
            name, found=str(reason), needed="a file that can be opened", suggestion="check the path"
        ) from error
    if Path(name).name.lower().endswith((".ddp", ".ddp3")):
        raise _project_of_pickles(name)
    data = _unpacked(data, name)
    if not data.strip(b"\x00 \t\r\n"):
        raise unreadable(
            name,
            found="an empty file" if not data else "nothing but blanks",
            needed="a measurement",
            suggestion="copy or export it again",
        )
    for magic, (kind, suggestion) in _REFUSED.items():
        if data.startswith(magic):
            raise unreadable(name, found=kind, needed="a file of measured data", suggestion=suggestion)
    if _PICKLE.match(data):
        raise _project_of_pickles(name)
    return data


def read_text(path: str | Path) -> str:
    """Read a file that must be text; other errors as of `read_content` and `decode`."""
    data = read_content(path)
    if data.startswith(HDF5_MARK):
        raise unreadable(
            str(path),
            found="an HDF5 file",
            needed="a text file with r and G(r) in columns, gzipped or not",
            suggestion="export the curve as columns",
        )
    return decode(data, str(path))


def decode(data: bytes, path: str) -> str:
    """Decode the content of a text file."""
    if len(data) > LARGEST_TEXT:
        raise _too_large(path, f"a text of {len(data) / 1e6:.0f} MB", LARGEST_TEXT)
    wide = _wide_encoding(data)
    if wide:
        text = data.decode(wide, errors="replace").removeprefix("\ufeff")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Beamline programs write their Å and µ in any code page; numbers are the same in all.
            text = data.decode("latin-1")
    sample = text[:100_000]
    odd = _BLANKS.sub("", sample)
    strange = 0 if odd.isprintable() else sum(not c.isprintable() for c in odd)
    if strange > 0.02 * len(sample) + 4:
        raise unreadable(
            path,
            found="bytes that are no text, in no format known here",
            needed="text, an Athena project, or HDF5",
            suggestion="export the spectrum as XDI or as columns of text",
        )
    text = text.replace("\x00", " ").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        raise unreadable(
            path,
            found=f"{len(lines)} lines",
            needed=f"at most {_MOST_LINES}",
            suggestion="export one measurement, rebinned to its energies or distances",
        )
    longest = max(map(len, lines))
    # Programs write JSON in one line.
    if longest > _LONGEST_LINE and not text.lstrip().startswith("{"):
        raise unreadable(
            path,
            found=f"a line of {longest} characters",
            needed=f"lines of at most {_LONGEST_LINE}",
            suggestion="export the spectrum as XDI or as columns of text",
        )
    return text


def _wide_encoding(data: bytes) -> str:
    """Name the encoding of a text of two or four bytes a character, by its mark or where its zeros stand."""
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    start = data[: min(len(data), 4000) // 4 * 4]
    zeros = [start[n::4].count(0) > 0.8 * len(start) / 4 for n in range(4)] if start else []
    for name in ("utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le"):
        if zeros == [byte == 0 for byte in ("aa" if "16" in name else "a").encode(name)]:
            return name
    return ""


def _unpacked(data: bytes, name: str) -> bytes:
    """Unpack gzip, twice where a packed project was packed again, never beyond the largest size."""
    for _ in range(2):
        if not data.startswith(b"\x1f\x8b"):
            break
        try:
            data = unpack_gzip(data, LARGEST)
        except TooManyBytesError as error:
            raise _too_large(name, f"more than {LARGEST / 1e6:.0f} MB when unpacked") from error
        except zlib.error as error:
            raise unreadable(
                name,
                found=f"a damaged gzip file ({error})",
                needed="a complete file",
                suggestion="copy it again",
            ) from error
    return data


def _too_large(name: str, size: str, most: int = LARGEST) -> MeasurementError:
    return unreadable(
        name,
        found=size,
        needed=f"at most {most / 1e6:.0f} MB",
        suggestion="export the spectra alone, without images or detector frames",
    )


def _project_of_pickles(name: str) -> MeasurementError:
    return unreadable(
        name,
        found="a project of PDFgui, or another file of serialised Python objects (pickles), which can run "
        "any program when opened and is therefore never opened",
        needed="data that cannot run code",
        suggestion="export the curves from PDFgui as .gr or .fgr files",
    )
