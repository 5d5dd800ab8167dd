"""What a Zarr store says it holds, against what is there: looked at before anything is opened."""

from __future__ import annotations

import itertools
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

_CODECS = (None, "blosc", "vlen-utf8")
_NEVER_EMPTY = ("formula", "material_id")
_MOST_METADATA = 1_000_000
_MOST_CHUNKS = 100_000
_ROOM = 1_000_000_000
_RATIO = 100
"""Bytes in memory of any dataset, and for each byte that is stored: rounded curves shrink four times."""


def check_folder(folder: Path) -> None:
    """Refuse a folder with links, foreign codecs, absent chunks or sizes that nothing here fills."""
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ValueError(f"a link or a device: {path.relative_to(folder).as_posix()!r}")
        if path.is_file():
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
    _check(sizes, lambda name: (folder / name).read_bytes())


def check_zip(archive: zipfile.ZipFile) -> None:
    """Refuse a zip likewise, and one that is packed or torn: datasets are zipped as they are."""
    members = archive.infolist()
    packed = next((item.filename for item in members if item.compress_type != zipfile.ZIP_STORED), None)
    if packed is not None:
        raise ValueError(f"a packed member: {packed!r}")
    broken = archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"damaged at {broken}")
    _check({item.filename: item.file_size for item in members}, archive.read)


def _check(sizes: Mapping[str, int], read: Callable[[str], bytes]) -> None:
    declared = 0
    for name in sorted(sizes):
        if name.rpartition("/")[2] != ".zarray":
            continue
        if sizes[name] > _MOST_METADATA:
            raise ValueError(f"{sizes[name]} bytes of {name!r}")
        about = json.loads(read(name))
        for codec in (about.get("compressor"), *(about.get("filters") or ())):
            kind = None if codec is None else codec["id"]
            if kind not in _CODECS:
                # Some run what is in the file.
                raise ValueError(f"arrays packed by {kind!r}, not by blosc")
        shape, chunks = [int(n) for n in about["shape"]], [int(n) for n in about["chunks"]]
        declared += math.prod(shape) * int("".join(filter(str.isdigit, str(about["dtype"]))) or 8)
        if about.get("fill_value") == "NaN" or name.removesuffix("/.zarray") in _NEVER_EMPTY:
            separator = about.get("dimension_separator", ".")
            _check_chunks(name.removesuffix(".zarray"), shape, chunks, separator, sizes)
    if declared > max(_ROOM, _RATIO * sum(sizes.values())):
        raise ValueError(f"arrays of {declared / 1e9:.1f} GB in {sum(sizes.values()) / 1e6:.1f} MB")


def _check_chunks(
    place: str, shape: list[int], chunks: list[int], separator: str, sizes: Mapping[str, int]
) -> None:
    """Look for every chunk: Zarr takes absent ones as missing values, without a word.

    Of whole numbers and text, chunks of zeros and of empty texts are left out by other writers on purpose.
    """
    grid = [-(-size // max(chunk, 1)) for size, chunk in zip(shape, chunks, strict=True)]
    if math.prod(grid) > _MOST_CHUNKS:
        raise ValueError(f"{math.prod(grid)} chunks of {place.rstrip('/')!r}")
    for index in itertools.product(*map(range, grid)):
        if place + (separator.join(map(str, index)) or "0") not in sizes:
            raise ValueError(f"a chunk of {place.rstrip('/')!r} is not there")
