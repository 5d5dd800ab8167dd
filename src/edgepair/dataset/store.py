"""Opening and saving datasets: Zarr format 2, as a directory or one uncompressed zip."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, OutputError
from edgepair.conventions.foreign_text import visible
from edgepair.dataset.schema import VARIABLES, validate
from edgepair.dataset.showing import show_pdf
from edgepair.dataset.stored import check_folder, check_zip
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
    dataset = dataset[[name for name in VARIABLES if name in dataset] + _strangers(dataset)]
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


def _strangers(dataset: xr.Dataset) -> list[str]:
    return sorted(str(name) for name in dataset.data_vars if name not in VARIABLES)


def check_target(path: str | Path) -> None:
    """Refuse a place where a dataset cannot or must not be written."""
    path = Path(path)
    found = ""
    if not path.parent.is_dir():
        found, needed = f"no folder {str(path.parent)!r}", "a folder that exists"
    elif path.is_dir() and (path.suffix == ".zip" or not _is_ours(path)):
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


def _is_ours(folder: Path) -> bool:
    return (folder / ".zgroup").is_file()


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
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".edgepair-") as scratch:
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
    """Round to 32-bit numbers with fewer mantissa bits, which compress better.

    Examples
    --------
    >>> float(round_mantissa(np.array([1.001]), 4)[0])
    1.0
    """
    drop = 23 - bits
    integers = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32((1 << drop) >> 1)
    mask = np.uint32(0xFFFFFFFF ^ ((1 << drop) - 1))
    return ((integers + half) & mask).view(np.float32)
