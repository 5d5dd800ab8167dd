"""What a Zarr store says it holds, against what is there: looked at before anything is opened."""

from __future__ import annotations

import itertools
import json
import math
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_CODECS = (None, "blosc", "vlen-utf8")
_NEVER_EMPTY = ("formula", "material_id")
_METADATA = (".zarray", ".zattrs", ".zgroup")
_MOST_METADATA = 10_000_000
_MOST_ARRAYS = 1_000
_MOST_CHUNKS = 100_000
_MOST_TEXTS = 2_000_000
_MOST_TEXT = 100_000_000
"""Bytes of the texts of a chunk."""

_ROOM = 300_000_000
_RATIO = 30
"""Bytes in memory of any dataset, and for each byte that is stored: rounded curves shrink four times."""

_BLOSC_HEADER = 16


def check_folder(folder: Path) -> None:
    """Refuse a folder with links, foreign codecs, absent chunks or sizes that nothing here fills."""
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ValueError(f"a link or a device: {path.relative_to(folder).as_posix()!r}")
        if path.is_file():
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
        if len(sizes) > _MOST_CHUNKS:
            raise ValueError(f"more than {_MOST_CHUNKS} files")

    def read(name: str, most: int) -> bytes:
        with (folder / name).open("rb") as file:
            return file.read(most)

    _check_names(sizes)
    _check(sizes, read)


def check_zip(archive: zipfile.ZipFile) -> None:
    """Refuse a zip likewise, and one that is packed or torn: datasets are zipped as they are."""
    members = archive.infolist()
    packed = next((item.filename for item in members if item.compress_type != zipfile.ZIP_STORED), None)
    if packed is not None:
        raise ValueError(f"a packed member: {packed!r}")
    if sum(item.file_size for item in members) > archive.start_dir:
        raise zipfile.BadZipFile("members that overlap")
    _check_names([item.filename for item in members])
    broken = archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"damaged at {broken}")

    def read(name: str, most: int) -> bytes:
        with archive.open(name) as member:
            return member.read(most)

    _check({item.filename: item.file_size for item in members}, read)


def _check_names(names: Collection[str]) -> None:
    if len(names) > _MOST_CHUNKS:
        raise ValueError(f"more than {_MOST_CHUNKS} files")
    inner = next((name for name in names if name.endswith("/.zgroup")), None)
    if inner is not None:
        raise ValueError(f"a group within the dataset: {inner!r}")


def _check(sizes: Mapping[str, int], read: Callable[[str, int], bytes]) -> None:
    endings = {name: name.rpartition("/")[2] for name in sizes}
    if "zarr.json" in endings.values():
        raise ValueError("a store of Zarr format 3, not 2")
    for name in sizes:
        if endings[name] in _METADATA and sizes[name] > _MOST_METADATA:
            raise ValueError(f"{sizes[name]} bytes of {name!r}")
    places = sorted(name.removesuffix(".zarray") for name in sizes if endings[name] == ".zarray")
    if len(places) > _MOST_ARRAYS:
        raise ValueError(f"{len(places)} arrays")
    arrays = {place: _Array(json.loads(read(f"{place}.zarray", _MOST_METADATA))) for place in places}
    for place, array in arrays.items():
        if math.prod(array.grid) > _MOST_CHUNKS:
            raise ValueError(f"{math.prod(array.grid)} chunks of {place.rstrip('/')!r}")
        if array.is_nan_filled or place.rstrip("/") in _NEVER_EMPTY:
            _check_chunks(place, array, sizes)
    numbers = sum(math.prod(array.shape) * array.dtype.itemsize for array in arrays.values())
    texts = sum(math.prod(array.shape) for array in arrays.values() if array.dtype.kind == "O")
    if numbers > max(_ROOM, _RATIO * sum(sizes.values())):
        raise ValueError(f"arrays of {numbers / 1e9:.1f} GB in {sum(sizes.values()) / 1e6:.1f} MB")
    if texts > _MOST_TEXTS:
        raise ValueError(f"{texts} texts")
    for name in sizes:
        if endings[name] not in _METADATA:
            place = name
            while place and place not in arrays:
                place = place[:-1].rpartition("/")[0] + "/" if "/" in place[:-1] else ""
            if place in arrays:
                arrays[place].check_chunk(name, sizes[name], read)


class _Array:
    """What the metadata of an array say, as far as it decides on code and memory."""

    def __init__(self, about: dict[str, Any]) -> None:
        filters = [codec["id"] for codec in about.get("filters") or ()]
        self.packed = about.get("compressor") is not None
        for kind in (*filters, about["compressor"]["id"] if self.packed else None):
            if kind not in _CODECS:
                # Some run what is in the file.
                raise ValueError(f"arrays packed by {kind!r}, not by blosc")
        self.dtype = np.dtype(str(about["dtype"]))
        if filters != (["vlen-utf8"] if self.dtype.kind == "O" else []):
            raise ValueError(f"an array of {self.dtype} through {filters}")
        self.shape, self.chunks = [int(n) for n in about["shape"]], [int(n) for n in about["chunks"]]
        if min(self.shape, default=0) < 0 or min(self.chunks, default=1) < 0:
            raise ValueError(f"an array of {self.shape} in chunks of {self.chunks}")
        self.grid = [-(-size // max(chunk, 1)) for size, chunk in zip(self.shape, self.chunks, strict=True)]
        self.is_nan_filled = about.get("fill_value") == "NaN"
        self.separator = about.get("dimension_separator", ".")

    def check_chunk(self, name: str, size: int, read: Callable[[str, int], bytes]) -> None:
        """Refuse a chunk that unpacks to more than there is room for in its array."""
        count = math.prod(self.chunks)
        is_text = self.dtype.kind == "O"
        data = read(name, _BLOSC_HEADER)
        if self.packed:
            unpacked = int.from_bytes(data[4:8], "little")
            if unpacked > _MOST_TEXT if is_text else unpacked != count * self.dtype.itemsize:
                raise ValueError(f"{unpacked} bytes in the chunk {name!r}")
            if is_text:
                import numcodecs

                data = bytes(numcodecs.Blosc().decode(read(name, size)))
        if is_text and int.from_bytes(data[:4], "little") != count:
            raise ValueError(f"{int.from_bytes(data[:4], 'little')} texts in the chunk {name!r}, not {count}")


def _check_chunks(place: str, array: _Array, sizes: Mapping[str, int]) -> None:
    """Look for every chunk: Zarr takes absent ones as missing values, without a word.

    Of whole numbers and text, chunks of zeros and of empty texts are left out by other writers on purpose.
    """
    for index in itertools.product(*map(range, array.grid)):
        if place + (array.separator.join(map(str, index)) or "0") not in sizes:
            raise ValueError(f"a chunk of {place.rstrip('/')!r} is not there")
