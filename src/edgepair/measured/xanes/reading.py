"""Measured absorption spectra from files of any format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgepair.conventions import EdgepairError, MeasurementError, near_miss
from edgepair.measured.content import HDF5_MARK, decode, read_content, unreadable
from edgepair.measured.edges import edge_in_scan, element_at, settle_absorber
from edgepair.measured.formats import athena, fio, larix, photon_factory, spec, srs, ssrl
from edgepair.measured.formats.arrays import as_columns
from edgepair.measured.formats.columns import XDI_MARK, read_columns
from edgepair.measured.formats.hdf5 import read_hdf5
from edgepair.measured.formats.spectra_csv import is_table_of_rows, read_table_of_rows
from edgepair.measured.guarded import read_guarded
from edgepair.measured.header import edge_of, element_of, reference_of
from edgepair.measured.points import BROKEN, tidy
from edgepair.measured.roles import role_of
from edgepair.measured.scan import ScanTable, Skipped, XanesScan
from edgepair.measured.xanes.candidates import find_absorption
from edgepair.measured.xanes.energies import CRYSTALS, NoSpacingError, find_energy
from edgepair.measured.xanes.foils import with_foils
from edgepair.measured.xanes.matrix import samples_in_channels, spectra_in_columns, spectra_in_pairs

_MOST_ITEMS = 2_500
"""Scans of one file that are judged: each takes some milliseconds."""

_MOST_FOILS = 200
"""Items beside the one that is asked for among which its foil is sought."""

_READERS: Sequence[tuple[re.Pattern[str], Callable[[str, str], Sequence[ScanTable | Skipped]]]] = (
    (athena.MARK, athena.read_athena),
    (larix.MARK, larix.read_larix),
    (XDI_MARK, partial(read_columns, name="XDI")),
    (photon_factory.MARK, photon_factory.read_photon_factory),
    (ssrl.MARK, ssrl.read_ssrl),
    (srs.MARK, srs.read_srs),
    (fio.MARK, fio.read_fio),
    (spec.MARK, spec.read_spec),
)

FEWEST = 10
"""Points of the shortest spectrum that is read."""


def read_xanes(
    path: str | Path,
    *,
    item: str | None = None,
    mu: str | int | None = None,
    energy_column: str | int | None = None,
    energy_unit: str | None = None,
    absorber: str | None = None,
) -> tuple[XanesScan, ...]:
    """Read measured absorption spectra from a file.

    The format is told by the content. Known are XDI, columns of text under any header, projects of
    Athena, sessions of Larix, FIO, SPEC, 9809, text of SSRL's data collector, tables of many spectra,
    HDF5 and NeXus (with the extra ``hdf5``), each also gzipped. A virtual dataset of HDF5 may name
    another HDF5 file of the same folder; nothing else beside the file is read.

    Parameters
    ----------
    path : str or Path
        The file.
    item : str, optional
        Group, scan, row or column to read, of a file that holds many; all by default.
    mu : str or int, optional
        Column of the absorption, by label or number from 1; or an expression of columns, as
        ``"ln(i0/itrans)"`` or ``"($8+$9)/$5"``.
    energy_column : str or int, optional
        Column of the energies, by label or number from 1.
    energy_unit : str, optional
        ``eV``, ``keV`` or ``degree``, where the file does not tell.
    absorber : str, optional
        Chemical symbol, where the file does not tell or is wrong.

    Returns
    -------
    tuple of XanesScan
        At least one. Items that hold no spectrum are left out, which the first scan's warnings say.

    Raises
    ------
    MeasurementError
        The file cannot be read or understood, or what it means is ambiguous; the error then says
        which option would tell.
    OptionError
        An option has a value that is not understood.
    """
    return read_guarded(
        read_here,
        path,
        item=item,
        mu=mu,
        energy_column=energy_column,
        energy_unit=energy_unit,
        absorber=absorber,
        beside=None,
    )


def read_here(
    path: str | Path,
    *,
    item: str | None = None,
    mu: str | int | None = None,
    energy_column: str | int | None = None,
    energy_unit: str | None = None,
    absorber: str | None = None,
    beside: Sequence[str] | None = (),
) -> tuple[XanesScan, ...]:
    """Read a file in this process, whatever it does; files `beside` it as `read_hdf5` takes them."""
    name = str(path)
    tables = [_without_broken_numbers(table) for table in _tables(path, name, item, beside)]
    spectra = [table for table in tables if isinstance(table, ScanTable)]
    if mu is None and energy_column is None and len(spectra) == 1:
        ways = (spectra_in_pairs, spectra_in_columns, samples_in_channels)
        tables = list(next((apart for way in ways if (apart := way(spectra[0]))), tables))
    every = _named_apart(_without_motors(tables) if item is None and energy_column is None else tables)
    if item is None:
        _check_count(len([table for table in tables if isinstance(table, ScanTable)]), name)
    tables = every if item is None else [_choose(every, item, name)]
    scans: list[XanesScan] = []
    left_out: list[str] = []
    first: EdgepairError | None = None
    for table in tables:
        where = repr(name) + (f", item {table.item!r}" if table.item else "")
        try:
            if isinstance(table, Skipped):
                raise unreadable(
                    f"{name}, item {table.item}",
                    found=table.reason,
                    needed="an absorption spectrum",
                    suggestion="choose another item",
                )
            scans.append(_scan(table, name, where, mu, energy_column, energy_unit, absorber))
        except EdgepairError as error:
            if len(tables) == 1:
                raise
            # What is ambiguous in one scan of many is asked for only if no other can be read.
            first = error if first is None or (isinstance(table, ScanTable) and not scans) else first
            left_out.append(f"{table.item} ({error.found})")
    if not scans:
        assert first is not None
        raise first
    if left_out:
        shown = "; ".join(left_out[:3]) + (f" and {len(left_out) - 3} more" if len(left_out) > 3 else "")
        scans[0] = replace(
            scans[0],
            warnings=(*scans[0].warnings, f"{len(left_out)} items of the file were left out: {shown}"),
        )
    others: list[XanesScan] = []
    if item is not None and scans[0].reference is None:
        near = [table for table in every if isinstance(table, ScanTable) and table.item != scans[0].item]
        others += _readable(near[:_MOST_FOILS], name, mu, energy_column, energy_unit, absorber)
    return with_foils(scans, others) if len(scans) + len(others) > 1 else tuple(scans)


def _readable(tables: Sequence[ScanTable], name: str, *options: Any) -> Iterator[XanesScan]:
    """Make spectra of what can be read."""
    for table in tables:
        with suppress(EdgepairError):
            yield _scan(table, name, repr(name), *options)


def _tables(
    path: str | Path, name: str, item: str | None, beside: Sequence[str] | None
) -> Sequence[ScanTable | Skipped]:
    data = read_content(path)
    if data.startswith(HDF5_MARK):
        return read_hdf5(data, name, item=item, beside=beside)
    text = decode(data, name)
    _check_count(text.count("\n[record]"), name)
    for mark, reader in _READERS:
        if mark.search(text):
            return reader(text, name)
    if is_table_of_rows(text):
        return read_table_of_rows(text, name)
    columns = as_columns(text)
    if columns is text:
        _refuse_other_kinds(text, name)
    return read_columns(columns, name)


def _without_motors(tables: Sequence[ScanTable | Skipped]) -> list[ScanTable | Skipped]:
    """Leave out SPEC's scans of motors: those without a name for energies that others of the file have."""
    scans = {n: table for n, table in enumerate(tables) if isinstance(table, ScanTable)}
    motors = {
        n for n, table in scans.items()
        if table.format == "SPEC"
        and not any(role_of(label) in ("energy", "angle", "wavelength") for label in table.labels)
    }  # fmt: skip
    if len(motors) == len(scans):
        return list(tables)
    told = "no column named for energies, as other scans have"
    return [Skipped(table.item, told) if n in motors else table for n, table in enumerate(tables)]


def _check_count(count: int, name: str) -> None:
    if count > _MOST_ITEMS:
        raise unreadable(
            name,
            found=f"{count} scans or groups",
            needed=f"at most {_MOST_ITEMS}",
            suggestion="name one of its items, or split the file",
        )


def _without_broken_numbers(table: ScanTable | Skipped) -> ScanTable | Skipped:
    """Take numbers that no detector can give as missing; their squares would not fit."""
    if isinstance(table, Skipped) or (np.abs(table.values) < BROKEN).all():
        return table
    return replace(table, values=np.where(np.abs(table.values) < BROKEN, table.values, np.nan))


def _refuse_other_kinds(text: str, name: str) -> None:
    start = text[:3000]
    kind = ""
    if re.search(r"(?m)^data_\S*", start) and re.search(
        r"(?m)^[ \t]*(_cell_|loop_|_symmetry|_audit)", text[:20000]
    ):
        kind = "a crystal structure (CIF)"
    elif re.match(r"\s*(<\?xml|<!doctype|<html)", start, re.I):
        kind = "a web page or XML"
    elif start.lstrip().startswith("{"):
        kind = "JSON that is no Athena project and has no arrays of one length"
    elif start.startswith("version https://git-lfs"):
        kind = "a pointer to a file that was not downloaded (Git LFS)"
    if kind:
        raise unreadable(
            name,
            found=kind,
            needed="an absorption spectrum: energies and mu, or intensities",
            suggestion="name the data file",
        )


def _named_apart(tables: Sequence[ScanTable | Skipped]) -> list[ScanTable | Skipped]:
    """Give items of one name a number."""
    taken: Counter[str] = Counter()
    names = {table.item for table in tables}
    apart: list[ScanTable | Skipped] = []
    for table in tables:
        taken[table.item] += 1
        item = table.item
        while taken[table.item] > 1 and (item := f"{table.item} ({taken[table.item]})") in names:
            taken[table.item] += 1
        apart.append(replace(table, item=item) if item != table.item else table)
    return apart


def _choose(tables: Sequence[ScanTable | Skipped], item: str, name: str) -> ScanTable | Skipped:
    wanted = item.strip()
    # Larch replaces what cannot stand in a name: "300 K" becomes "300_K".
    for same in (str, str.lower, lambda text: re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")):
        found = [table for table in tables if same(table.item) == same(wanted)]
        if found:
            return found[0]
    known = [table.item for table in tables if table.item]
    if not known and wanted in ("", "1"):
        return tables[0]
    shown = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
    raise MeasurementError(
        f"cannot find the item {item!r} in {name!r}",
        found=f"the items {shown}" if known else "a file that holds one spectrum without a name",
        needed="the name of one of the file's items",
        suggestion=near_miss(item, known[:200])[:500] if known else "leave the item out",
    )


def _scan(
    table: ScanTable,
    name: str,
    where: str,
    mu: str | int | None,
    energy_column: str | int | None,
    energy_unit: str | None,
    absorber: str | None,
) -> XanesScan:
    """Make a spectrum of a table."""
    try:
        found = find_energy(table, where, column=energy_column, unit=energy_unit)
    except NoSpacingError as error:
        return _with_likely_crystal(error, table, name, where, mu, energy_column, energy_unit, absorber)
    energy = found.energy + table.energy_shift
    header_symbol = (
        table.absorber if element_of({"element": table.absorber or ""}) else element_of(table.header)
    )
    finite = np.sort(energy[np.isfinite(energy)])
    near = edge_in_scan(absorber or header_symbol, "K", finite) if len(finite) else None
    absorption = find_absorption(
        table, energy, found.column, where, mu=None if mu is None else str(mu), near=near
    )
    usable = int((np.isfinite(energy) & (energy > 0) & np.isfinite(absorption.mu)).sum())
    points = tidy(energy, absorption.mu, absorption.reference)
    if len(points.energy) < FEWEST or usable < len(energy) / 2:
        raise MeasurementError(
            f"cannot use the spectrum of {where}",
            found=f"{len(points.energy)} of {len(energy)} points with an energy and {absorption.mu_from}",
            needed=f"at least {FEWEST}, and more than half",
            suggestion="check which columns make mu (--mu): intensities must be positive",
        )
    x, y = points.energy, points.columns[0]
    reference = (x, points.columns[1]) if len(points.columns) > 1 else None
    symbol, edge, doubts = settle_absorber(
        x,
        y,
        header_symbol=header_symbol,
        header_edge=table.edge or edge_of(table.header),
        given=absorber,
        named=f"{Path(name).stem} {table.item}",
    )
    return XanesScan(
        file=name,
        item=table.item,
        format=table.format,
        energy=x,
        mu=y,
        mu_from=absorption.mu_from,
        energy_unit=found.unit,
        absorber=symbol,
        edge=edge,
        reference=reference,
        reference_absorber=reference_of(table.header),
        energy_shift=table.energy_shift,
        header=dict(table.header),
        mu_reason=absorption.reason,
        candidates=absorption.candidates,
        warnings=(*table.warnings, *found.warnings, *absorption.warnings, *points.warnings, *doubts),
    )


def _with_likely_crystal(error: NoSpacingError, table: ScanTable, *rest: Any) -> XanesScan:
    """Read angles with the one common crystal that puts an edge where an element has one."""
    fits: dict[str, XanesScan] = {}
    for crystal, spacing in CRYSTALS.items():
        with suppress(EdgepairError):
            scan = _scan(replace(table, d_spacing=spacing), *rest)
            if scan.candidates and scan.absorber and element_at(scan.candidates[0].e0 or 0) == scan.absorber:
                fits[crystal] = scan
    if len(fits) != 1:
        told = [f"{crystal} shows {scan.absorber}" for crystal, scan in fits.items()]
        raise error.among(told) from error
    crystal, scan = fits.popitem()
    note = (
        f"angles without a lattice spacing: read with {crystal}, the only common crystal with which the edge "
        f"is an element's ({scan.absorber}); energies may be off by 30 eV"
    )
    return replace(scan, warnings=(note, *scan.warnings))
