"""The library of measured standards that ships with edgepair, and standards of the user's own.

What is in the library, from where and on which terms, is listed by ``edgepair data standards``.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from edgepair._version import __version__
from edgepair.conventions import (
    DataError,
    EdgepairError,
    MeasurementError,
    OptionError,
    OutputError,
    edge_energy,
    near_miss,
)
from edgepair.conventions.displayed import DisplayedCurve, Record
from edgepair.conventions.errors import visible
from edgepair.conventions.tasks import Floats
from edgepair.files.reading import read_listed
from edgepair.files.writing import csv_text, write_whole
from edgepair.measured import XanesScan, read_xanes
from edgepair.measured.xanes.calibration import MARK
from edgepair.measured.xanes.inspection import calibrated, inspect_xanes

TABLE = "standards.csv"
"""Name of the table that is written beside the spectra."""


def save_standards(standards: Sequence[Standard], folder: str | Path) -> Path:
    """Write standards into a folder, with a table that `read_standards` reads back."""
    target = Path(folder)
    suggestion = "choose another folder with --save"
    if (target / TABLE).exists():
        raise OutputError(
            f"cannot write standards into {str(target)!r}",
            found=f"a table {TABLE} that may be your own",
            needed="a folder without one",
            suggestion=suggestion,
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write standards into {str(target)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder, or a place where one can be made",
            suggestion=suggestion,
        ) from error
    rows = []
    taken: Counter[str] = Counter()
    for standard in standards:
        stem = re.sub(r"[^\w.+-]+", "_", f"{standard.absorber}_{standard.name}").removesuffix(".xdi")
        taken[stem.lower()] += 1
        name = stem + (f"_{taken[stem.lower()]}" if taken[stem.lower()] > 1 else "") + ".xdi"
        write_whole(target / name, standard_text(standard), what="the standard", suggestion=suggestion)
        values = {"file": name, "compound": standard.compound, "absorber": standard.absorber}
        for key in ("oxidation_state", "coordination_number", "bond_length"):
            value = getattr(standard, key)
            values[key] = "" if math.isnan(value) else f"{value:.6g}"
        rows.append(values)
    return write_whole(target / TABLE, csv_text(COLUMNS, rows), what="the table", suggestion=suggestion)


def standard_text(standard: Standard) -> str:
    """Write a standard as XDI 1.0."""
    known = {
        "Edgepair.oxidation_state": standard.oxidation_state,
        "Edgepair.coordination_number": standard.coordination_number,
        "Edgepair.bond_length": standard.bond_length,
    }
    fields = {
        "Column.1": "energy eV",
        "Column.2": "norm",
        "Element.symbol": standard.absorber,
        "Element.edge": "K",
        "Sample.name": standard.compound,
        "Beamline.name": standard.beamline,
        "Edgepair.standard": standard.name,
        "Edgepair.source": standard.source,
        "Edgepair.licence": standard.licence,
        "Edgepair.quality": standard.quality,
        **{name: "" if math.isnan(value) else f"{value:.6g}" for name, value in known.items()},
        MARK: "" if math.isnan(standard.energy_shift) else f"{standard.energy_shift:+.2f} eV",
        "Edgepair.flattened": "yes",
    }
    lines = [f"# XDI/1.0 edgepair/{__version__}"]
    lines += [f"# {name}: {' '.join(text.split())}" for name, text in fields.items() if text.strip()]
    lines += ["# ///", "# a measured standard, normalised to an edge step of 1 and flattened by edgepair"]
    lines += ["# ---", "# energy norm"]
    lines += [f"{x:.3f} {y:.6f}" for x, y in zip(standard.energy, standard.mu, strict=True)]
    return "\n".join(lines) + "\n"


KEPT = (-120.0, 250.0)
"""eV about the tabulated edge that the library keeps of a standard: its XANES, and enough on both
sides to normalise anew."""

COLUMNS = (
    "file",
    "item",
    "compound",
    "absorber",
    "oxidation_state",
    "coordination_number",
    "bond_length",
    "energy_shift",
)
"""Columns of a table of the user's own standards; ``file`` and ``compound`` must be there."""


@cache
def _library() -> tuple[Standard, ...]:
    path = resources.files("edgepair.dataset") / "bundled" / "standards.jsonl.gz"
    with gzip.open(io.BytesIO(path.read_bytes()), "rt", encoding="utf-8") as lines:
        return tuple(standard_from_record(json.loads(line)) for line in lines)


@cache
def _of(absorber: str) -> tuple[Standard, ...]:
    return tuple(item for item in _library() if item.absorber == absorber)


_MOST = 2_000
"""Standards of a table: each is read and prepared before anything is answered."""


def load_standards(
    absorber: str | None = None,
    *,
    only: Sequence[str] | None = None,
    without: Sequence[str] | None = None,
) -> tuple[Standard, ...]:
    """Load the measured standards that ship with edgepair.

    Parameters
    ----------
    absorber : str, optional
        Chemical symbol; all by default.
    only, without : sequence of str, optional
        Compounds, beamlines or names of single standards, as ``edgepair data standards`` lists them.

    Returns
    -------
    tuple of Standard
        None where the library has none of that absorber.

    Raises
    ------
    OptionError
        There is no standard of such a name, or none is left.

    Examples
    --------
    >>> sorted({standard.compound for standard in load_standards("Co")})[1:3]
    ['Co3O4', 'CoAl2O4']
    """
    found = _library() if absorber is None else _of(absorber)
    return found if only is None and without is None else select_standards(found, only=only, without=without)


def read_standards(path: str | Path, *, absorber: str | None = None) -> tuple[Standard, ...]:
    """Read a table of standards of the user's own and the spectra that it names.

    Parameters
    ----------
    path : str or Path
        CSV with the columns of `COLUMNS`; files are named relative to it, an empty field is unknown.
    absorber : str, optional
        Chemical symbol where neither table nor file tells.

    Returns
    -------
    tuple of Standard
        A standard per row.

    Raises
    ------
    DataError
        The table lacks a column, or a row cannot be used: standards decide over every answer, so
        that none is left out in silence.
    """
    source = Path(path)
    rows = read_listed(
        source,
        "standards",
        required=("file", "compound"),
        needed="a CSV file with the columns " + ", ".join(COLUMNS),
        suggestion="give each standard's file and compound; further columns: " + ", ".join(COLUMNS[3:]),
        most=_MOST,
    )
    return tuple(_own(source, number, row, absorber) for number, row in enumerate(rows, 2))


def _own(source: Path, number: int, values: Mapping[str, str], absorber: str | None) -> Standard:
    where = f"row {number} of the standards {str(source)!r}"
    numbers: dict[str, Any] = {}
    for name in COLUMNS[4:]:
        try:
            numbers[name] = float(values.get(name) or "nan")
        except ValueError as error:
            raise DataError(
                f"cannot use {where}",
                found=f"{name} {values[name]!r}",
                needed="a number, or nothing where it is not known",
                suggestion="write mean values over the sites of the compound, as 2.667",
            ) from error
    try:
        scans = read_xanes(
            source.parent / values["file"],
            item=values.get("item") or None,
            absorber=values.get("absorber") or absorber,
        )
    except EdgepairError as error:
        raise DataError(
            f"cannot use {where}",
            found=str(error.problem) + ": " + error.found,
            needed=error.needed,
            suggestion=error.suggestion,
        ) from error
    if len(scans) > 1:
        raise DataError(
            f"cannot use {where}",
            found=f"{len(scans)} spectra in {values['file']!r}",
            needed="one spectrum per row",
            suggestion="name one in the column item: " + ", ".join(scan.item for scan in scans[:8]),
        )
    shift = numbers.pop("energy_shift")
    return standard_from_scan(
        scans[0],
        compound=values["compound"],
        shift=None if math.isnan(shift) else shift,
        source="the user's own",
        **numbers,
    )


def standard_from_scan(
    scan: XanesScan,
    *,
    compound: str,
    oxidation_state: float,
    coordination_number: float,
    bond_length: float,
    shift: float | None = None,
    **about: str,
) -> Standard:
    """Make a standard of a measured scan; ``shift`` in eV."""
    if scan.absorber is None:
        raise MeasurementError(
            f"cannot use {scan.file!r} as a standard",
            found="no absorber named, and an edge of none",
            needed="the element whose edge it is",
            suggestion="fill in the column absorber",
        )
    inspection = inspect_xanes(scan, shift=shift)
    spectrum = calibrated(inspection, f"cannot use {scan.file!r} as a standard")
    known = inspection.calibration.source != ""
    near = np.abs(spectrum.energy - edge_energy(scan.absorber) - np.mean(KEPT)) <= np.ptp(KEPT) / 2
    name = Path(scan.file).name + (f" {scan.item}" if scan.item else "")
    return Standard(
        name=name,
        compound=compound,
        absorber=scan.absorber,
        energy=spectrum.energy[near],
        mu=spectrum.mu[near],
        oxidation_state=oxidation_state,
        coordination_number=coordination_number,
        bond_length=bond_length,
        energy_shift=inspection.calibration.shift if known else math.nan,
        **about,
    )


def standard_from_record(record: Mapping[str, Any]) -> Standard:
    """Make a standard of its line in the library."""
    values = dict(record)
    for name in ("energy", "mu"):
        values[name] = np.asarray(values[name], dtype=np.float64)
    for name in ("oxidation_state", "coordination_number", "bond_length", "energy_shift"):
        values[name] = math.nan if values[name] is None else float(values[name])
    return Standard(**values)


def standard_record(standard: Standard) -> Record:
    """Write a standard as plain values, for the library."""
    record: Record = dict(vars(standard))
    record["energy"] = np.round(standard.energy, 3).tolist()
    record["mu"] = np.round(standard.mu, 5).tolist()
    for name, value in record.items():
        if isinstance(value, float) and math.isnan(value):
            record[name] = None
    return record


def sound_standards(
    absorber: str | None, own: Sequence[Standard] = (), *, library: bool = True
) -> tuple[Standard, ...]:
    """Give the user's standards, then the library's but grade C, which may be mixtures themselves."""
    mine = tuple(one for one in own if absorber in (None, one.absorber))
    return (*mine, *(one for one in load_standards(absorber) if one.quality != "C")) if library else mine


def select_standards(
    standards: Sequence[Standard],
    *,
    only: Sequence[str] | None = None,
    without: Sequence[str] | None = None,
) -> tuple[Standard, ...]:
    """Choose standards by name."""
    named = [{item.compound.lower(), item.name.lower(), item.beamline.lower()} - {""} for item in standards]
    wanted = {name.strip().lower() for name in only or ()}
    unwanted = {name.strip().lower() for name in without or ()}
    known = set().union(*named) if named else set()
    for name in (*(only or ()), *(without or ())):
        if name.strip().lower() not in known:
            compounds = sorted({item.compound for item in standards} | {item.beamline for item in standards})
            raise OptionError(
                f"cannot choose the standard {name!r}",
                found=f"no compound, beamline or standard of that name among {len(standards)}",
                needed="a name as edgepair data standards lists them",
                suggestion=near_miss(name, [item for item in compounds if item] or ["none"]),
            )
    kept = tuple(
        item
        for item, names in zip(standards, named, strict=True)
        if (not wanted or names & wanted) and not names & unwanted
    )
    if standards and not kept:
        raise OptionError(
            "cannot choose standards",
            found="all of them left out",
            needed="at least one",
            suggestion="leave fewer out",
        )
    return kept


@dataclass(frozen=True, repr=False, eq=False)
class Standard(DisplayedCurve):
    """One measured, normalised and calibrated spectrum of a known compound.

    Attributes
    ----------
    name : str
        File, and item where it holds many.
    compound : str
        Compound and polymorph; spectra of one compound share it and never stand on both sides of
        a split.
    absorber : str
        Chemical symbol.
    energy : numpy.ndarray
        Shape (n_energy,), eV, on the scale where the metal's foil has its tabulated edge.
    mu : numpy.ndarray
        Shape (n_energy,): edge-step normalised and flattened.
    oxidation_state, coordination_number, bond_length : float
        Mean over the compound's sites; NaN where not known. Bond length in Å.
    energy_shift : float
        What was added to the measured energies, eV; NaN where the calibration is not known.
    beamline, sample : str
        Where it was measured; which physical sample (repeats share it).
    quality : str
        A, B or C.
    source, licence : str
        Where the measurement comes from, and on which terms.
    formula : str
        Reduced formula; empty where the compound has no simple one.
    """

    name: str
    compound: str
    absorber: str
    energy: Floats
    mu: Floats
    oxidation_state: float
    coordination_number: float
    bond_length: float
    energy_shift: float
    beamline: str = ""
    sample: str = ""
    quality: str = ""
    source: str = ""
    licence: str = ""
    formula: str = ""

    def __post_init__(self) -> None:
        """Write the words of its file so that they can be shown."""
        for name in ("name", "compound", "beamline", "sample", "quality", "source", "licence", "formula"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    def _lines(self) -> Iterator[str]:
        yield f"Standard: {self.compound}, {self.absorber} K, {self._span()}; {self.name}"
        yield (
            f"oxidation state {self.oxidation_state:g}, coordination number {self.coordination_number:g},"
            f" bond length {self.bond_length:.3f} Å"
        )
