"""Zip files and arrays of unknown origin: read whole and within limits, or refused.

Nothing here trusts what a file says of itself: sizes are compared with what is allowed before
anything is unpacked, and an array's header with the bytes that follow it.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MOST_MEMBERS = 20_000
"""Members of one archive; a forest has two arrays a tree."""

LARGEST_BYTES = 4_000_000_000
"""Bytes of one archive, unpacked: some hundred times the forests that edgepair fits."""

LARGEST_RATIO = 200
"""Unpacked bytes per packed byte. Trees pack to a fifth; a bomb unpacks to a thousand times its size."""

PACKED_FLOOR = 1_000_000
"""Bytes below which no member is a bomb, however well it packs."""

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""One time stamp for all members, so that the same model makes the same bytes."""


class RefusalError(Exception):
    """Why a model file, or what was to go into one, is refused.

    Parameters
    ----------
    found : str
        What was found.
    needed : str
        What was needed instead.
    suggestion : str, optional
        What to try, where it is not the usual.
    """

    def __init__(self, found: str, needed: str, suggestion: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.needed = needed
        self.suggestion = suggestion


def read_archive(source: Path | bytes, what: str) -> dict[str, bytes]:
    """Unpack a zip file into memory.

    Parameters
    ----------
    source : Path or bytes
        The file, or its bytes.
    what : str
        What it is, for messages.

    Returns
    -------
    dict of str to bytes
        Every member by its name.

    Raises
    ------
    RefusalError
        Not a zip file, damaged, or beyond the limits.
    """
    complete = "a complete zip file as edgepair writes it"
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            members = archive.infolist()
            _check_directory(members, what)
            return {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError) as error:
        raise RefusalError(f"{what} that is no readable zip file: {error}", complete) from error


def _check_directory(members: list[zipfile.ZipInfo], what: str) -> None:
    """Refuse before anything is unpacked."""
    if len(members) > MOST_MEMBERS:
        raise RefusalError(f"{what} of {len(members):,} members", f"at most {MOST_MEMBERS:,}")
    total = sum(member.file_size for member in members)
    if total > LARGEST_BYTES:
        raise RefusalError(f"{what} of {total:,} bytes unpacked", f"at most {LARGEST_BYTES:,} bytes")
    seen = set()
    for member in members:
        name = member.filename
        if name in seen:
            raise RefusalError(f"two members named {name!r} in {what}", "each member once")
        seen.add(name)
        if name.startswith(("/", "\\")) or ":" in name or ".." in name or "\\" in name or name.endswith("/"):
            raise RefusalError(f"a member named {name!r} in {what}", "names of files within the archive")
        if member.flag_bits & 0x1:
            raise RefusalError(f"the encrypted member {name!r} in {what}", "members that are not encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusalError(
                f"compression method {member.compress_type} in {what}", "stored or deflated members"
            )
        if member.file_size > max(LARGEST_RATIO * member.compress_size, PACKED_FLOOR):
            raise RefusalError(
                f"the member {name!r} of {what}, packed from {member.file_size:,} to"
                f" {member.compress_size:,} bytes",
                f"members packed to no less than 1/{LARGEST_RATIO} of their size",
            )


def write_archive(target: Any, members: Mapping[str, bytes], *, packed: bool) -> None:
    """Write members to a zip file that `read_archive` takes.

    Parameters
    ----------
    target : Path or file object
        Where to write.
    members : mapping of str to bytes
        Contents by name.
    packed : bool
        Whether to deflate.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            info.external_attr = 0o644 << 16
            # What packs too well (an array of zeros) would look like a bomb, and is stored as it is.
            thin = packed and (len(content) <= PACKED_FLOOR or not _packs_too_well(content))
            info.compress_type = zipfile.ZIP_DEFLATED if thin else zipfile.ZIP_STORED
            archive.writestr(info, content, compresslevel=1 if thin else None)


def _packs_too_well(content: bytes) -> bool:
    return len(zlib.compress(content, 1)) * LARGEST_RATIO * 0.9 < len(content)


def write_array(values: NDArray[Any]) -> bytes:
    """Put an array into NumPy's file format, without pickle.

    Parameters
    ----------
    values : numpy.ndarray
        Numbers, truth values or text of a fixed length.

    Returns
    -------
    bytes
        A ``.npy`` file.

    Raises
    ------
    RefusalError
        It holds objects or records.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biufU":
        raise RefusalError(
            f"an array of {array.dtype}", "arrays of numbers, truth values or text", "convert the array"
        )
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
    return buffer.getvalue()


def read_array(content: bytes, what: str, *, records: np.dtype[Any] | None = None) -> NDArray[Any]:
    """Read an array in NumPy's file format, if it is exactly one.

    Parameters
    ----------
    content : bytes
        A ``.npy`` file.
    what : str
        What it is, for messages.
    records : numpy.dtype, optional
        The only kind of record that is allowed; by default none is.

    Returns
    -------
    numpy.ndarray
        Read-only.

    Raises
    ------
    RefusalError
        Not such a file, of another kind, or shorter or longer than its header says.
    """
    needed = f"{what} as a .npy file of numbers, truth values or text"
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"version {version}")
        shape, by_column, kind = np.lib.format.read_array_header_1_0(stream)
    except Exception as error:
        # The header is a Python literal: nearly every kind of exception can come of a damaged one.
        raise RefusalError(f"no header of an array: {type(error).__name__}: {error}", needed) from error
    allowed = kind == records if kind.names else kind.kind in "biufU" and kind.subdtype is None
    if not allowed or kind.hasobject or kind.byteorder == ">":
        raise RefusalError(f"an array of {str(kind)[:80]}", needed)
    start = stream.tell()
    count = math.prod(shape)
    if len(shape) > 8 or min(shape, default=0) < 0 or count * kind.itemsize != len(content) - start:
        raise RefusalError(
            f"an array of shape {shape} and {kind.itemsize} bytes an entry in {len(content) - start} bytes",
            f"{what} with as many entries as its header says",
        )
    if not kind.itemsize:
        return np.zeros(shape, dtype=kind)
    flat = np.frombuffer(content, dtype=kind, offset=start)
    if kind.kind == "b" and (flat.view(np.uint8) > 1).any():
        raise RefusalError("truth values that are neither 0 nor 1", needed)
    return flat.reshape(shape, order="F" if by_column else "C")
