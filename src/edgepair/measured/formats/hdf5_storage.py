"""Objects and numbers of an HDF5 file that lie in the file itself.

HDF5 would follow external links, external raw storage and virtual datasets to wherever the reader
may read. Each is looked at here before the library touches it. Virtual datasets are put together by
hand, of opened files by the names that a source may give them: the file's own, and of files beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from types import EllipsisType

    import h5py
    from numpy.typing import NDArray

_DEEPEST = 8
_LARGEST = 20_000_000

Column: TypeAlias = "h5py.Dataset | Field | Virtual | NDArray[np.float64]"
"""Numbers of one name, or what reads them."""

Key: TypeAlias = "EllipsisType | int | slice | tuple[int | slice, ...]"


class BesideError(Exception):
    """A file has numbers in files that may stand beside it, whose names are given."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.names = tuple(names)


def is_plain_name(name: str) -> bool:
    """Say whether a name is a file's alone, without a folder in it."""
    return name == Path(name).name and name not in ("", "..") and not any(c in name for c in "\\\0:%")


def find_inside(
    group: h5py.h5g.GroupID, name: str, depth: int = 0
) -> h5py.h5g.GroupID | h5py.h5d.DatasetID | None:
    """Find a member of a group, soft links followed by hand; None where that leaves the file or ends.

    By HDF5's own identifiers: files have 100,000 members, and h5py's objects take four times as long.
    """
    import h5py

    links, encoded = group.links, name.encode("utf-8", "surrogateescape")
    try:
        kind = links.get_info(encoded).type
    except (KeyError, RuntimeError):
        return None
    if kind == h5py.h5l.TYPE_HARD:
        return h5py.h5o.open(group, encoded)
    if kind != h5py.h5l.TYPE_SOFT or depth > _DEEPEST:
        return None
    return _walk(group, links.get_val(encoded).decode("utf-8", "surrogateescape"), depth + 1)


def is_virtual(member: h5py.Dataset) -> bool:
    """Say whether a dataset's numbers are those of others; h5py's own way opens the file for it anew."""
    import h5py

    virtual: bool = member.id.get_create_plist().get_layout() == h5py.h5d.VIRTUAL
    return virtual


def stored_elsewhere(member: h5py.Dataset, files: Mapping[str, h5py.File], depth: int = 0) -> str:
    """Say in which other file a dataset's numbers lie; empty where in `files`, opened ones by their names."""
    if member.id.get_create_plist().get_external_count():
        return str(member.external[0][0])
    if not is_virtual(member):
        return ""
    for source in member.virtual_sources():
        if source.file_name not in files:
            return str(source.file_name)
        there = _seen_from(source, files)
        inner = _dataset(there["."], str(source.dset_name), depth)
        if inner is None:
            return "no dataset of this file"
        if found := stored_elsewhere(inner, there, depth + 1):
            return found
    return ""


def _seen_from(source: h5py._hl.vds.VDSmap, files: Mapping[str, h5py.File]) -> dict[str, h5py.File]:
    """Leave the file of a source, under all its names: one beside another may point nowhere else."""
    there = files[source.file_name]
    if there is files["."]:
        return dict(files)
    return {name: file for name, file in files.items() if file is there} | {".": there}


class Records:
    """A dataset of records, read whole and once: each field by itself takes the library as long as all."""

    def __init__(self, member: h5py.Dataset) -> None:
        self._member = member
        self.dtype = member.dtype
        self.is_small = member.size is not None and member.size * len(self.dtype.names) <= _LARGEST

    def field(self, name: str) -> NDArray[np.generic]:
        """Read one field of all records."""
        return np.asarray(self._all[name] if self.is_small else self._member.fields(name)[...])

    @cached_property
    def _all(self) -> NDArray[np.void]:
        return np.asarray(self._member[...])


class Field:
    """A field of a dataset of records, as a dataset of its own."""

    def __init__(self, records: Records, name: str, shape: tuple[int, ...]) -> None:
        self._records, self._name = records, name
        self.shape, self.dtype = shape, records.dtype[name]

    def __getitem__(self, key: Key) -> NDArray[np.generic]:
        """Read the field."""
        return np.asarray(self._records.field(self._name)[key])


class Virtual:
    """A virtual dataset put together from datasets of opened files; the library never looks for them."""

    def __init__(self, member: h5py.Dataset, files: Mapping[str, h5py.File]) -> None:
        self._member, self._files = member, files
        self.shape, self.dtype, self.attrs = member.shape, member.dtype, member.attrs

    def __getitem__(self, key: Key) -> NDArray[np.generic]:
        """Read all parts, then what is asked for."""
        if np.prod([float(size) for size in self.shape]) > _LARGEST:
            raise ValueError("a virtual dataset larger than spectra are")
        whole = np.full(self.shape, self._member.fillvalue, dtype=self.dtype)
        for source in self._member.virtual_sources():
            there = _seen_from(source, self._files)
            inner = _dataset(there["."], str(source.dset_name), 0)
            if inner is None:
                raise LookupError(source.dset_name)
            part: Column = Virtual(inner, there) if is_virtual(inner) else inner
            place = whole[_selected(source.vspace, self.shape)]
            place[...] = np.reshape(part[_selected(source.src_space, part.shape)], place.shape)
        return np.asarray(whole[key])


def _selected(space: h5py.h5s.SpaceID, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Turn a selection of evenly spaced numbers into slices."""
    import h5py

    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return tuple(slice(0, size) for size in shape)
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        raise ValueError("a selection that is not regular")
    slices = []
    for start, stride, count, block in zip(*space.get_regular_hyperslab(), strict=True):
        if count > 1 and block not in (1, stride):
            raise ValueError("a selection of blocks apart")
        step = stride if count > 1 and block == 1 else 1
        slices.append(slice(start, start + (count * step if block == 1 else count * block), step))
    return tuple(slices)


def _dataset(file: h5py.File, path: str, depth: int) -> h5py.Dataset | None:
    import h5py

    found = _walk(file["/"].id, path, depth) if depth <= _DEEPEST else None
    return h5py.Dataset(found) if isinstance(found, h5py.h5d.DatasetID) else None


def _walk(group: h5py.h5g.GroupID, path: str, depth: int) -> h5py.h5g.GroupID | h5py.h5d.DatasetID | None:
    import h5py

    here = h5py.h5o.open(group, b"/") if path.startswith("/") else group
    for part in path.split("/"):
        if part not in ("", "."):
            here = find_inside(here, part, depth) if isinstance(here, h5py.h5g.GroupID) else None
        if here is None:
            return None
    return here
