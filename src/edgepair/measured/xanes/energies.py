"""Energies of a scan: which column, which unit, in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import MeasurementError, OptionError
from edgepair.conventions.wording import listed
from edgepair.measured.expression import describe_columns, find_column
from edgepair.measured.points import runs_through_edge, without_outliers
from edgepair.measured.roles import energy_rank, role_of, roles_of, unit_of

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats
    from edgepair.measured.scan import ScanTable

HC = 12398.419843320026
"""Planck's constant times the speed of light, eV Å (CODATA 2018, exact)."""

UNITS = ("eV", "keV", "degree")

_LOWEST, _HIGHEST = 1000.0, 150_000.0
"""eV: no K edge measured in air or vacuum lies outside."""

CRYSTALS = {"Si(111)": 3.13560, "Si(220)": 1.92015, "Si(311)": 1.63752, "Ge(220)": 2.00043}
"""Å: lattice spacings of the commonest monochromators, at room temperature."""


class NoSpacingError(MeasurementError):
    """Angles cannot become energies without the lattice spacing of the monochromator."""

    def among(self, likely: list[str]) -> MeasurementError:
        """Say which crystals would be possible."""
        found = self.found + (f"; possible are {listed(likely)}" if likely else "")
        return MeasurementError(self.problem, found=found, needed=self.needed, suggestion=self.suggestion)


@dataclass(frozen=True)
class EnergyColumn:
    """Energies found in a table; ``energy`` (n_points,) in eV."""

    column: int
    energy: Floats
    unit: str
    warnings: tuple[str, ...] = ()


def find_energy(
    table: ScanTable, where: str, *, column: str | int | None = None, unit: str | None = None
) -> EnergyColumn:
    """Find the energies of a scan, (n_points,) in eV."""
    if unit is not None and unit.lower() not in {known.lower() for known in UNITS}:
        raise OptionError(
            f"cannot use the energy unit {unit!r}",
            found=repr(unit),
            needed="eV, keV or degree",
            suggestion="use --energy-unit eV",
        )
    unit = next((known for known in UNITS if unit is not None and known.lower() == unit.lower()), None)
    count = table.values.shape[1]
    chosen: int | None
    warnings: tuple[str, ...] = ()
    if column is not None:
        chosen = find_column(str(column), table.labels, count)
        if chosen is None:
            raise MeasurementError(
                f"cannot find the energies of {where}",
                found=f"no column {column!r} among {describe_columns(table.labels, count)}",
                needed="a column of the file, by label or number",
                suggestion="--energy-column 1 is the first",
            )
    elif table.energy is not None and table.energy < count:
        chosen = table.energy
    else:
        chosen, warnings = _by_label(table)
        if chosen is None:
            chosen = next((c for c in range(min(count, 40)) if _may_be_energies(table, c)), None)
            if chosen is not None and chosen < len(table.labels):
                warnings = (f"energies from column {table.labels[chosen]!r} by its numbers alone",)
        if chosen is None:
            raise _no_energies(table, where)
    label = table.labels[chosen] if chosen < len(table.labels) else ""
    given = table.units[chosen] if chosen < len(table.units) else ""
    values = table.values[:, chosen]
    stated = unit
    if stated is None:
        stated = table.energy_unit if column is None and table.energy_unit else unit_of(label, given)
    known = stated or _unit_by_magnitude(values, table, label, where)
    if unit is None and stated is not None and stated != "degree":
        # What is labelled eV and runs from 6.9 to 7.4 is in keV, and nothing else.
        known = contradicting_unit(values, stated) or stated
        if known != stated:
            warnings = (*warnings, f"energies are labelled {stated}, and are in {known} by their size")
    energy = _in_ev(values, known, table, where)
    _check_range(energy, values, known, where, told=unit is not None)
    return EnergyColumn(chosen, energy, known, warnings)


def _by_label(table: ScanTable) -> tuple[int | None, tuple[str, ...]]:
    """Choose the energy column by its label; of several, that which says best what reached the sample."""
    roles = roles_of(table.labels)
    named = [c for c in roles.get("energy", []) if c < table.values.shape[1] and _varies(table.values[:, c])]
    if named:
        # Energies from the edge, which begin below it, are none of the beam.
        named.sort(key=lambda c: (np.nanquantile(table.values[:, c], 0.1) <= 0, energy_rank(table.labels[c])))
        first = named[0]
        middle = np.nanmedian(table.values[:, first])
        warnings = []
        for other in (c for c in named[1:] if energy_rank(table.labels[c]) < 3):
            with np.errstate(all="ignore"):
                apart = float(np.nanmedian(table.values[:, other] - table.values[:, first]))
            # More than a fifth of an electronvolt, in whatever unit the column has.
            if 3e-5 * abs(middle) < abs(apart) < 0.01 * abs(middle):
                warnings.append(
                    f"energies from column {table.labels[first]!r}; {table.labels[other]!r} differs by "
                    f"{apart:.4g}: choose with --energy-column"
                )
        return first, tuple(warnings)
    angles = [c for c in roles.get("angle", []) if c < table.values.shape[1] and _varies(table.values[:, c])]
    still = any(
        np.nanmedian(table.values[:, c]) > 0 for c in roles.get("energy", []) if c < table.values.shape[1]
    )
    if still or {"h", "k", "l"} <= {label.lower() for label in table.labels}:
        # Energies that stand still, or indices of a reflection beside them: angles of a diffractometer.
        angles = []
    others = [c for c in roles.get("wavelength", []) if c < table.values.shape[1]]
    return (angles[-1] if angles else others[0] if others else None), ()


def _may_be_energies(table: ScanTable, column: int) -> bool:
    """Whether a column whose label says nothing runs through an edge."""
    label = table.labels[column] if column < len(table.labels) else ""
    if role_of(label) not in (None, "energy", "angle"):
        return False
    # Positions of a motor that was scanned look like energies in keV.
    motor = label and "scan" in table.header
    return runs_through_edge(table.values[:, column], (1.0,) if motor else (1.0, 1000.0))


def _varies(values: Floats) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 1 and bool(np.ptp(finite) > 0)


def _unit_by_magnitude(values: Floats, table: ScanTable, label: str, where: str) -> str:
    finite = without_outliers(values)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    angle = bool(label) and roles_of([label]).get("angle") is not None
    if angle and low > 1 and high < 89:
        return "degree"
    if label and "wavelength" in roles_of([label]) and low > HC / _HIGHEST and high < HC / _LOWEST:
        return "Å"
    if low >= _LOWEST and high <= _HIGHEST:
        return "eV"
    if low >= _LOWEST / 1000 and high <= _HIGHEST / 1000 and (high - low) < 5 and not angle:
        return "keV"
    _refuse_soft(low, high, where)
    raise MeasurementError(
        f"cannot tell the unit of the energies of {where}",
        found=f"values from {low:.6g} to {high:.6g}" + (f" in column {label!r}" if label else ""),
        needed="absolute energies, in eV or keV, or the angle of the monochromator",
        suggestion="say it with --energy-unit eV, keV or degree, or name another --energy-column",
    )


def _refuse_soft(low: float, high: float, where: str) -> None:
    """Refuse a narrow range of energies, in eV, below those of all K edges of metals."""
    if not 100 < abs(low + high) / 2 < _LOWEST or high - low > abs(low + high) / 4:
        return
    raise MeasurementError(
        f"cannot use the spectrum of {where}",
        found=f"energies from {low:.6g} to {high:.6g} eV: soft x-rays, where metals have L edges",
        needed="a scan over a K edge, the only ones that are understood",
        suggestion="name a scan over the K edge of the metal, with absolute energies",
    )


def contradicting_unit(values: Floats, stated: str) -> str | None:
    """Name the unit that energies must have which cannot have the one stated."""
    finite = without_outliers(values)
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    if (
        stated == "eV"
        and low > _LOWEST / 1000
        and high < _HIGHEST / 1000
        and high < 2 * low
        and high - low < 5
    ):
        return "keV"
    return "eV" if stated == "keV" and low > _LOWEST and high < _HIGHEST else None


def _in_ev(values: Floats, unit: str, table: ScanTable, where: str) -> Floats:
    if unit == "eV":
        return values.astype(np.float64)
    if unit == "keV":
        return values * 1000.0
    if unit == "Å":
        return HC / np.where(values > 0, values, np.nan)
    if table.d_spacing is None or not 0.3 < table.d_spacing < 30:
        raise NoSpacingError(
            f"cannot turn the angles of {where} into energies",
            found="angles, and a header without the lattice spacing of the monochromator",
            needed="the spacing d in Å, as Mono.d_spacing in an XDI header",
            suggestion="add a line '# Mono.d_spacing: 3.1356' (with the true value), or export energies",
        )
    angle = np.where((values > 0.5) & (values < 89.5), values, np.nan)
    return HC / (2 * table.d_spacing * np.sin(np.radians(angle)))


def _check_range(energy: Floats, values: Floats, unit: str, where: str, *, told: bool) -> None:
    usable = energy[np.isfinite(energy) & (energy != 0)]
    if len(usable) and np.median(usable) >= _LOWEST and np.median(usable) <= _HIGHEST:
        return
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)
    if unit == "eV" and not told:
        _refuse_soft(low, high, where)
    other = "keV" if unit == "eV" and low > 1 and high < 150 else ""
    other = "eV" if unit == "keV" and low > _LOWEST else other
    raise MeasurementError(
        f"cannot use the energies of {where}",
        found=f"{low:.6g} to {high:.6g} {unit}",
        needed=f"absolute energies between {_LOWEST:.0f} and {_HIGHEST:.0f} eV",
        suggestion=f"the numbers look like {other}: --energy-unit {other}"
        if other
        else "check --energy-unit" if told else "name the right column with --energy-column",
    )  # fmt: skip


def _no_energies(table: ScanTable, where: str) -> MeasurementError:
    count = table.values.shape[1]
    shown = []
    for number in range(min(count, 12)):
        column = table.values[:, number]
        finite = column[np.isfinite(column)]
        span = f"{finite.min():.6g} to {finite.max():.6g}" if len(finite) else "no numbers"
        label = f" {table.labels[number]}" if number < len(table.labels) else ""
        shown.append(f"${number + 1}{label} ({span})")
    seems = _seems(table)
    return MeasurementError(
        f"cannot find the energies of {where}",
        found=(f"{seems}; " if seems else "") + "columns " + ", ".join(shown)
        + (f" and {count - 12} more" if count > 12 else ""),
        needed="a column labelled energy or angle, or one that runs through a K edge",
        suggestion="name the file of mu(E) that it was made from" if seems
        else "name it: --energy-column 1 --energy-unit eV",
    )  # fmt: skip


def _seems(table: ScanTable) -> str:
    """Say what curve over another axis a table seems to hold; empty where that is open."""
    x, y = table.values[:, 0], table.values[:, 1]
    good = np.isfinite(x) & np.isfinite(y)
    if good.sum() < 10 or not (np.diff(x[good]) > 0).all() or x[good][0] < 0:
        return ""
    labels = " ".join(table.labels).lower()
    last = float(x[good][-1])
    if "scan" in table.header:
        # A motor's positions, among counters.
        return ""
    if re.search(r"chi|\bk\b", labels) or (not labels and 8 < last < 25):
        tail = y[good][x[good] > 0.7 * last]
        if re.search(r"chi|\bk\b", labels) or abs(tail.mean()) < np.std(y[good]):
            return "what seems to be chi(k), EXAFS over k in 1/Å, not mu(E)"
    return "what seems to be a curve over Q or r, not over energies" if last < 200 else ""
