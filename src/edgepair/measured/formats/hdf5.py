"""HDF5 and NeXus: groups that hold energies and, beside them, absorption or intensities.

Known layouts: arrays of one length in one group (databases of spectra; the ``measurement`` group of
BLISS scans; numbered datasets of SOLEIL's flyscans, whose names stand in ``long_name``; ``data`` of
Bluesky), and the application definition NXxas, where monochromator, incoming and absorbed beam are
groups of their own. What a file holds twice, by links or as a copy to plot, is one spectrum.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.files.reading import TooManyBytesError, read_regular
from edgepair.measured.content import HDF5_MARK, LARGEST, unreadable
from edgepair.measured.formats.hdf5_storage import (
    BesideError,
    Column,
    Field,
    Records,
    Virtual,
    find_inside,
    is_plain_name,
    is_virtual,
    stored_elsewhere,
)
from edgepair.measured.points import runs_through_edge
from edgepair.measured.roles import role_of
from edgepair.measured.scan import ScanTable, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import h5py


_LONGEST = 1_000_000
_MOST_OBJECTS = 50_000
_MOST_ROWS = 500
"""Rows of an array of two dimensions that may be spectra."""

_MOST_COLUMNS = 520
_MOST_NUMBERS = 20_000_000
_OF_DAMAGED_FILES = (
    OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError, AttributeError,
)  # fmt: skip
"""What h5py raises of them."""


class _TooMuchError(Exception):
    """A file asks for more numbers than spectra have."""


@dataclass(frozen=True)
class _Contents:
    """What a file holds: tables of spectra, names of its arrays, and what was not looked at."""

    tables: list[ScanTable]
    arrays: list[str]
    elsewhere: list[tuple[str, str]]
    whole: bool


def read_hdf5(
    data: bytes, path: str, *, item: str | None = None, beside: Sequence[str] | None = ()
) -> tuple[ScanTable | Skipped, ...]:
    """Read the spectra of an HDF5 file, with virtual datasets of the files `beside` it.

    Where these are None and a source might be such a file, `BesideError` asks for it.
    """
    try:
        found = _contents(data, path, item, beside)
    except ImportError as error:
        raise unreadable(
            path,
            found="an HDF5 file, and no h5py to read it with",
            needed="the package h5py",
            suggestion="pip install h5py",
        ) from error
    except (_TooMuchError, TooManyBytesError, MemoryError) as error:
        memory = isinstance(error, MemoryError)
        raise unreadable(
            path,
            found="datasets that need more memory than spectra do"
            if memory
            else str(error) or f"more than {LARGEST / 1e6:.0f} MB with the files beside it",
            needed="spectra, without detector frames",
            suggestion="export the spectra alone",
        ) from error
    except _OF_DAMAGED_FILES as error:
        raise unreadable(
            path,
            found=f"a damaged HDF5 file ({type(error).__name__})",
            needed="a complete file",
            suggestion="copy it again",
        ) from error
    left_out = f"{len(found.elsewhere)} datasets whose numbers lie in other files: " + "; ".join(
        f"{inner} in {other!r}" for inner, other in found.elsewhere[:3]
    )
    if not found.tables and found.elsewhere:
        raise unreadable(
            path,
            found=left_out,
            needed="the numbers in the file itself, or in an HDF5 file beside it that points no further",
            suggestion="copy them into one file, as h5repack does",
        )
    if not found.tables:
        raise unreadable(
            path,
            found="an HDF5 file without a group that has energies beside other arrays of their length; "
            f"its arrays: {', '.join(found.arrays[:6]) or 'none'}",
            needed="a group with a dataset named energy, and mu or intensities beside it",
            suggestion="name the absorption by its path: --item /entry/data/mu",
        )
    first, *others = found.tables
    notes = [f"not read: {left_out}"] if found.elsewhere else []
    if not found.whole:
        few = (
            f"only {_MOST_OBJECTS} groups and datasets of the file, half of them of one group, are looked at"
        )
        notes.insert(0, few)
    tables = [replace(first, warnings=(*first.warnings, *notes)), *others]
    return tuple(tables if item is not None else _without_repeats(tables))


def _contents(data: bytes, path: str, item: str | None, beside: Sequence[str] | None) -> _Contents:
    """Open a file, and those beside it, from memory and take the spectra out."""
    import h5py

    elsewhere: list[tuple[str, str]] = []
    sources: set[str] = set()
    with ExitStack() as opened:
        file = opened.enter_context(h5py.File(h5py.h5f.open_file_image(data), "r"))
        files = dict.fromkeys((".", path, Path(path).name), file)
        left = LARGEST - len(data)
        for name in beside or ():
            image = read_regular(name, left, follow=False)
            left -= len(image)
            if image.startswith(HDF5_MARK):
                other = opened.enter_context(h5py.File(h5py.h5f.open_file_image(image), "r"))
                files.setdefault(Path(name).name, other)
        groups, whole = _groups(file, files, elsewhere, sources)
        if beside is None and (named := sorted(name for name in sources if is_plain_name(name))):
            raise BesideError(named)
        tables = list(_tables(groups, item))
        arrays = [
            f"{place}/{name} {tuple(member.shape)}".lstrip("/")
            for place, members in groups.items()
            for name, member in members.items()
            if _length(member)
        ]
    return _Contents(tables, arrays, elsewhere, whole)


def _without_repeats(tables: Sequence[ScanTable]) -> list[ScanTable]:
    """Drop tables all of whose columns another one has: copies and links for plotting."""
    columns = [{column.tobytes() for column in table.values.T} for table in tables]
    kept = []
    for number, table in enumerate(tables):
        mine, energy = columns[number], table.values[:, table.energy or 0].tobytes()
        others = (
            other
            for n, other in enumerate(columns)
            if energy in other and (mine < other or (mine == other and n < number))
        )
        if not any(others):
            kept.append(table)
    return kept


Groups: TypeAlias = "dict[str, dict[str, Column]]"
"""Columns by the group they stand in and their name."""

_NUMBERED = re.compile(r"(?:actuator|data|trajectory|col(?:umn)?|ch(?:annel)?|ds|dataset)_?\d[\d_]*", re.I)


def _label(name: str, member: h5py.Dataset) -> str:
    """Name of a dataset; the end of its `long_name` where its own is a number."""
    if not _NUMBERED.fullmatch(name) or not _length(member):
        return name
    told = re.split(r"[/\s]+", _text(member.attrs.get("long_name", ""))[-500:].strip())[-1]
    return told or name


def _groups(
    file: h5py.File, files: Mapping[str, h5py.File], elsewhere: list[tuple[str, str]], sources: set[str]
) -> tuple[Groups, bool]:
    """Sort datasets by the group they stand in, and say whether all were looked at."""
    import h5py

    groups: Groups = {}
    count, whole = 0, True
    waiting = deque([("", file["/"].id)])
    seen = set()
    while waiting and count < _MOST_OBJECTS:
        place, group = waiting.popleft()
        # A group of too many leaves room for what stands in those before it.
        names = list(islice(h5py.Group(group), _MOST_OBJECTS // 2))
        count, whole = count + len(names), whole and len(names) == group.get_num_objs()
        datasets = {}
        for name in names:
            member = find_inside(group, name)
            if isinstance(member, h5py.h5d.DatasetID):
                datasets[name] = member
            elif isinstance(member, h5py.h5g.GroupID) and member not in seen and place.count("/") < 11:
                seen.add(member)
                waiting.append((f"{place}/{name}" if place else name, member))
        if all((member.shape or ()) == () for member in datasets.values()):
            # Positions of motors, a value each: an open dataset takes 15 kB, and files have 100,000 of them.
            datasets = {name: member for name, member in datasets.items() if name == "mode"}
        for name, found in datasets.items():
            member, inner = h5py.Dataset(found), f"{place}/{name}" if place else name
            if other := stored_elsewhere(member, files):
                elsewhere.append((inner, other))
                sources |= set() if member.external or other in files else {other}
            elif member.dtype.names:
                records, shape = Records(member), member.shape
                names_of_fields = records.dtype.names[:_MOST_COLUMNS]
                groups[inner] = {field: Field(records, field, shape) for field in names_of_fields}
            else:
                here = groups.setdefault(place, {})
                label = _label(name, member)
                here[name if label in here else label] = (
                    Virtual(member, files) if is_virtual(member) else member
                )
    return groups, whole and not waiting


def _tables(groups: Groups, item: str | None) -> Iterator[ScanTable]:
    whole = item.strip("/") if item is not None else None
    numbers = 0
    for place in groups:
        table = _from_group(place, groups, whole, _MOST_NUMBERS - numbers)
        if table is not None:
            numbers += table.values.size
            yield table
    if not numbers and (scattered := _scattered(groups)):
        table = _from_group("", {"": scattered}, whole, _MOST_NUMBERS)
        if table is not None:
            yield replace(table, item="/")
    for place, members in () if numbers else groups.items():
        for name, member in members.items():
            shape: tuple[int, ...] = member.shape or ()
            # Columns of one array, energies first, as programs save what they hold.
            if len(shape) == 2 and member.dtype.kind in "iuf" and 1 < shape[1] <= _MOST_ROWS:
                numbers += shape[0] * shape[1]
                if (
                    shape[0] >= 10
                    and numbers < _MOST_NUMBERS
                    and runs_through_edge(np.asarray(member[:, 0], dtype=np.float64))
                ):
                    values = np.asarray(member[...], dtype=np.float64)
                    yield ScanTable("HDF5", f"{place}/{name}", (), (), values, {}, energy=0)


def _scattered(groups: Groups) -> dict[str, Column]:
    """Gather arrays of one length from all groups, where one of them alone runs as energies do."""
    arrays = {
        (place, name): member for place, members in groups.items() for name, member in members.items()
        if _length(member)
    }  # fmt: skip
    named = {key for key in arrays if role_of(key[1]) == "energy"}
    if not named and len(arrays) <= _MOST_COLUMNS:
        # Positions of motors look like energies in keV.
        named = {
            key
            for key, member in arrays.items()
            if runs_through_edge(np.asarray(member[...], dtype=np.float64).ravel(), (1.0,))
        }
    if len({_length(arrays[key]) for key in named}) != 1 or len(named) != 1:
        return {}
    energy = named.pop()
    same = {key: member for key, member in arrays.items() if _length(member) == _length(arrays[energy])}
    found: dict[str, Column] = {"energy": same.pop(energy)}
    names = [name for _, name in same]
    for (place, name), member in same.items():
        # A dataset called data or value, or as others are, is named by its group.
        label = place.rsplit("/", 1)[-1] if name in ("data", "value") or names.count(name) > 1 else name
        found[label if label not in found else f"{place}/{name}"] = member
    return found


def _from_group(place: str, groups: Groups, item: str | None, room: int) -> ScanTable | None:
    members = groups[place]
    energy_name = next(
        (n for n in sorted(members, key=len) if role_of(n) == "energy" and _length(members[n])), None
    )
    if energy_name is None:
        return None
    length = _length(members[energy_name])
    columns, entry = _beside(place, energy_name, length, groups), place
    if len(columns) == 1:
        # NXxas: the energies are in the monochromator's group, the beams in its neighbours.
        above = place.rpartition("/")[0]
        columns |= _beams(above, length, groups)
        entry = above.rsplit("/", 1)[0] if "/" in above else above
    if len(columns) == 1:
        return None
    names = list(columns)[:_MOST_COLUMNS]
    if length * len(names) > room:
        raise _TooMuchError(f"more than {_MOST_NUMBERS / 1e6:g} million numbers in spectra")
    values = np.column_stack([np.asarray(columns[name][...], dtype=np.float64).ravel() for name in names])
    labels = tuple(names)
    units = ("",) * len(names)
    header = {name: text for name, member in members.items() if (text := _scalar(member)) is not None}
    mu = None
    if item is not None and item.startswith(place) and item.rsplit("/", 1)[-1] in names[1:] and item != place:
        mu = "'" + item.rsplit("/", 1)[-1].replace("'", "") + "'"
        entry = item
    elif "intensity" in names and role_of("intensity") is None and not _others(names):
        mu = f"${names.index('intensity') + 1}"
    return ScanTable(
        "HDF5",
        entry or "/",
        labels,
        units,
        values,
        header,
        energy=0,
        mu=mu,
        mu_name=mu.strip("'") if mu and mu.startswith("'") else ("intensity" if mu else ""),
    )


def _beside(place: str, energy: str, length: int, groups: Groups) -> dict[str, Column]:
    """Gather what stands beside energies in their group and the monitor's; beside the beam alone, within."""
    members = groups[place]
    columns: dict[str, Column] = {energy: members[energy]}
    columns |= {
        name: member for name, member in members.items() if name != energy and _length(member) == length
    }
    columns |= _rows_of(members, length)
    above = place.rpartition("/")[0]
    monitor = groups.get(f"{above}/monitor".lstrip("/"), {}).get("data")
    if monitor is not None and len(columns) > 1 and _length(monitor) == length:
        # NXmonitor, beside the group of data.
        columns.setdefault("monitor", monitor)
    alone = len(columns) > 1 and all(
        role_of(name) in ("energy", "angle", "i0", "neither") for name in columns
    )
    # The beam alone: what was measured behind it stands in groups within this one.
    inside = (
        [other for other in groups if other.startswith(f"{place}/")] if alone and len(groups) < 2000 else []
    )
    for other in inside:
        inner, last = groups[other], other.rpartition("/")[2]
        if not any(role_of(name) == "energy" for name in inner):
            same = {name: member for name, member in inner.items() if _length(member) == length}
            columns |= {f"{last} {name}": part for name, part in (same | _rows_of(inner, length)).items()}
    return columns


def _beams(above: str, length: int, groups: Groups) -> dict[str, Column]:
    """Take the beams of NXxas, which have groups of their own."""
    absorbed = groups.get(f"{above}/absorbed_beam" if above else "absorbed_beam", {}).get("data")
    signal = _signal(above, groups) if absorbed is not None else ""
    found: dict[str, Column] = {}
    for beam, label in (("incoming_beam", "i0"), ("absorbed_beam", signal)):
        data = groups.get(f"{above}/{beam}" if above else beam, {}).get("data")
        if data is not None and _length(data) == length:
            found[label] = data
    return found


def _rows_of(members: dict[str, Column], length: int) -> dict[str, Column]:
    """Take the rows, or columns, of arrays of two dimensions as columns, where one side is the energies'."""
    found: dict[str, Column] = {}
    for name, member in members.items():
        shape: tuple[int, ...] = member.shape or ()
        if len(shape) != 2 or member.dtype.kind not in "iuf" or length not in shape or 1 in shape:
            continue
        along = 1 if shape[1] == length else 0
        if shape[1 - along] <= _MOST_ROWS and shape[0] * shape[1] <= _MOST_NUMBERS:
            values = np.asarray(member[...], dtype=np.float64)
            found |= {f"{name} {n + 1}": row for n, row in enumerate(values if along else values.T)}
    return found


def _signal(place: str, groups: Groups) -> str:
    """Name the signal of NXxas by the mode of measurement, which stands in a group of the same entry."""
    entry = place.rsplit("/", 1)[0] if "/" in place else ""
    for other, members in groups.items():
        if "mode" in members and (other == entry or other.startswith(f"{entry}/" if entry else "")):
            mode = (_scalar(members["mode"], needed=True) or "").lower()
            if "transmission" in mode:
                return "itrans"
            if "fluorescence" in mode:
                return "ifluor"
    return "absorbed_beam"


def _others(names: list[str]) -> bool:
    return any(role_of(name) not in (None, "energy") for name in names)


def _length(member: Column) -> int:
    sizes = [size for size in member.shape or () if size != 1]
    if len(sizes) != 1 or not 10 <= sizes[0] <= _LONGEST:
        return 0
    return int(sizes[0]) if member.dtype.kind in "iuf" and member.dtype.itemsize <= 16 else 0


def _scalar(member: Column, *, needed: bool = False) -> str | None:
    # Strings of variable length lie in a heap of their own, and where that is damaged the library
    # ends the whole process; so they are left alone but for the one word that is needed.
    if member.shape not in ((), (1,)) or (member.dtype.kind == "O" and not needed):
        return None
    value = member[()]
    if isinstance(value, np.ndarray):
        value = value.ravel()[0]
    return _text(value)[:500]


def _text(value: object) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
