"""Opening and saving datasets: Zarr format 2, as a directory or one uncompressed zip."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, OutputError
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import visible
from edgepair.dataset.schema import VARIABLES, validate
from edgepair.dataset.summary import show_pdf
from edgepair.files.caching import prefix_beside
from edgepair.files.reading import check_regular
from edgepair.files.writing import what_stands_at
from edgepair.spectra import TYPICAL_INSTRUMENT, PDFInstrument

if TYPE_CHECKING:
    import xarray as xr

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""One time stamp for all members, so that the same data make the same bytes."""

_KEPT_BITS = {"mu": 14, "G": 12, "G_M": 12, "G_neutron": 12}
"""Mantissa bits kept of stored curves: mu to 3e-5 of its value, G to 1.2e-4 of its value. Both
are below what the simulations are worth and halve the size."""


def open_dataset(path: str | Path, *, instrument: PDFInstrument | None = TYPICAL_INSTRUMENT) -> xr.Dataset:
    """Open a dataset, check it against the schema and load it into memory.

    Parameters
    ----------
    path : str or Path
        A Zarr directory or zip that edgepair wrote.
    instrument : PDFInstrument or None, optional
        Instrument through which ideal PDFs are shown; None leaves them ideal. PDFs that are not
        ideal are never changed.

    Returns
    -------
    xarray.Dataset
        Follows the schema; every array in memory.

    Raises
    ------
    DataError
        There is no such file, it is damaged, or it does not follow the schema.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(
            f"cannot open the dataset {str(path)!r}",
            found="no such file or folder",
            needed="a Zarr folder or zip made by edgepair",
            suggestion="check the path",
        )
    dataset = read_arrays(path)
    for name, variable in VARIABLES.items():
        if variable.kind == "text" and name in dataset.variables:
            words = [visible(w) if isinstance(w, str) else w for w in dataset[name].values.ravel()]
            text = np.array([*words, None], dtype=object)[:-1].reshape(dataset[name].shape)
            # A new variable: how the file stores it does not hold for what is written next.
            dataset[name] = (dataset[name].dims, text, dataset[name].attrs)
    # A store lists its variables in no order; the schema has one.
    strangers = sorted(str(name) for name in dataset.data_vars if name not in VARIABLES)
    dataset = dataset[[name for name in VARIABLES if name in dataset] + strangers]
    validate(dataset, name=repr(str(path)))
    return dataset if instrument is None else show_pdf(dataset, instrument)


def read_arrays(path: str | Path) -> xr.Dataset:
    """Read what `save_arrays` wrote, whatever it holds."""
    import xarray as xr
    import zarr

    from edgepair.dataset import accessor  # noqa: F401  gives datasets their .edgepair

    path = Path(path)

    dataset: xr.Dataset
    try:
        with warnings.catch_warnings():
            # it names members that are no arrays as they are, whatever a terminal makes of that
            warnings.filterwarnings("ignore", message="Object at ")
            # without chunks: all is read at once, and Dask, which takes a second to import, is not needed
            if path.is_dir():
                check_folder(path)
                with xr.open_zarr(str(path), chunks=None, consolidated=False, decode_times=False) as opened:
                    dataset = opened.load()
            else:
                check_regular(path)
                with zipfile.ZipFile(path) as archive:
                    check_zip(archive)
                with zarr.storage.ZipStore(path, mode="r", read_only=True) as store:
                    opened = xr.open_zarr(store, chunks=None, consolidated=False, decode_times=False)
                    dataset = opened.load()
                    opened.close()
    except Exception as error:
        # Damage shows up anywhere between the zip's directory and a chunk's decompressor, as
        # almost any kind of exception; all of them mean the same to the user.
        raise DataError(
            f"cannot open the dataset {str(path)!r}",
            found=f"{type(error).__name__}: {error}",
            needed="a complete Zarr folder or zip",
            suggestion="copy or make the file again",
        ) from error
    return dataset


def check_target(path: str | Path) -> None:
    """Refuse a place where a dataset cannot or must not be written."""
    path = Path(path)
    found = ""
    if not path.parent.is_dir():
        found, needed = f"no folder {str(path.parent)!r}", "a folder that exists"
    elif path.is_dir() and (path.suffix == ".zip" or not (path / ".zgroup").is_file()):
        found, needed = "a folder that is no dataset", "a name that is free, or a dataset to be replaced"
    elif path.is_file() and not _is_our_zip(path):
        found, needed = "a file that is no dataset", "a name that is free, or a dataset to be replaced"
    elif not path.is_dir() and what_stands_at(path):
        found, needed = what_stands_at(path), "a name that is free, or a dataset to be replaced"
    elif not os.access(path.parent, os.W_OK):
        found, needed = "a folder that cannot be written", "a folder that can be written"
    if found:
        raise OutputError(
            f"cannot save the dataset as {str(path)!r}",
            found=found,
            needed=needed,
            suggestion="choose another place",
        )


def _is_our_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return ".zgroup" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def save_dataset(dataset: xr.Dataset, path: str | Path) -> None:
    """Save a dataset beside its final place first, then move it there.

    Parameters
    ----------
    dataset : xarray.Dataset
        Must follow the schema.
    path : str or Path
        ``*.zip``: one uncompressed zip; any other name: a Zarr folder. An existing dataset is
        replaced.

    Raises
    ------
    DataError
        The dataset does not follow the schema.
    OutputError
        It cannot be written, or something else stands there.

    Notes
    -----
    The same dataset gives the same bytes. Curves are stored as 32-bit numbers of which the bits
    in `_KEPT_BITS` are kept.
    """
    validate(dataset)
    check_target(path)
    stored = dataset.copy()
    for name in set(_KEPT_BITS) & set(map(str, stored.variables)):
        stored[name] = stored[name].copy(data=round_mantissa(stored[name].values, _KEPT_BITS[name]))
    save_arrays(stored, path, zipped=Path(path).suffix == ".zip")


def save_arrays(dataset: xr.Dataset, path: str | Path, *, zipped: bool = True) -> None:
    """Save any arrays beside their final place first, then move them there."""
    import numcodecs

    path = Path(path)
    stored = dataset.copy()
    # One chunk a variable: a dataset is always read whole. Byte shuffling suits rounded numbers.
    shuffled = numcodecs.Blosc("zstd", clevel=9, shuffle=numcodecs.Blosc.SHUFFLE)
    encoding = {}
    for name in stored.variables:
        encoding[name] = {"chunks": stored[name].shape or None, "compressors": (shuffled,)}
        stored[name].encoding = {}
    try:
        if not path.is_dir() and (found := what_stands_at(path)):
            raise FileExistsError(None, found)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=prefix_beside(path.parent)) as scratch:
            folder = Path(scratch) / "data.zarr"
            stored.to_zarr(
                folder,
                mode="w",
                zarr_format=2,
                consolidated=False,
                encoding=encoding,
                write_empty_chunks=True,
            )
            if zipped:
                beside = Path(scratch) / "data.zarr.zip"
                _zip_folder(folder, beside)
                beside.replace(path)
            else:
                _move_folder(folder, path, Path(scratch) / "old")
    except OSError as error:
        raise OutputError(
            f"cannot save {str(path)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder that can be written, with room for the file",
            suggestion="choose another place",
        ) from error


def _move_folder(folder: Path, target: Path, old: Path) -> None:
    """Put a folder in its place; what stood there goes back where that fails."""
    if target.exists():
        target.rename(old)
    try:
        folder.rename(target)
    except BaseException:
        # An interrupt too must not cost what was there.
        if old.exists():
            old.rename(target)
        raise


def _zip_folder(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), date_time=_ZIP_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, file.read_bytes())


def round_mantissa(values: np.ndarray, bits: int) -> np.ndarray:
    """Round to 32-bit numbers with fewer mantissa bits, which compress better."""
    drop = 23 - bits
    integers = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32((1 << drop) >> 1)
    mask = np.uint32(0xFFFFFFFF ^ ((1 << drop) - 1))
    return ((integers + half) & mask).view(np.float32)


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

    def __init__(self, about: Record) -> None:
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
            unpacked, packed = (int.from_bytes(data[k : k + 4], "little") for k in (4, 12))
            if packed != size:
                # Blosc takes its word for it, and reads on behind the end.
                raise ValueError(f"{size} bytes, not {packed}, of the packed chunk {name!r}")
            if unpacked > _MOST_TEXT if is_text else unpacked != count * self.dtype.itemsize:
                raise ValueError(f"{unpacked} bytes in the chunk {name!r}")
            if is_text:
                import numcodecs

                data = bytes(numcodecs.Blosc().decode(read(name, size)))
        if is_text and int.from_bytes(data[:4], "little") != count:
            raise ValueError(f"{int.from_bytes(data[:4], 'little')} texts in the chunk {name!r}, not {count}")


def _check_chunks(place: str, array: _Array, sizes: Mapping[str, int]) -> None:
    """Look for every chunk: Zarr reads absent ones as missing values; zeros and empty texts may be absent."""
    for index in itertools.product(*map(range, array.grid)):
        if place + (array.separator.join(map(str, index)) or "0") not in sizes:
            raise ValueError(f"a chunk of {place.rstrip('/')!r} is not there")


def data_digest(data: xr.Dataset) -> str:
    """Hash a dataset."""
    digest = hashlib.sha256(repr(sorted((str(k), str(v)) for k, v in data.attrs.items())).encode())
    for name in sorted(str(name) for name in data.variables):
        values = data[name].values
        about = f"{name} {values.dtype} {values.shape} {sorted(data[name].attrs.items(), key=str)}"
        digest.update(about.encode())
        digest.update(values.tobytes() if values.dtype != object else repr(values.tolist()).encode())
    return digest.hexdigest()
