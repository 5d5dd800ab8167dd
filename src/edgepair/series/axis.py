"""What the points of a series differ in: a column of a table, a header's entry, a number in names, time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from edgepair.conventions import OptionError
from edgepair.conventions.errors import visible
from edgepair.conventions.tasks import Floats
from edgepair.measured import PdfCurve, XanesScan

AXES = ("temperature", "potential", "position", "time", "name", "number")
"""What an axis may be found as, where it is no column of a table."""

_HEADER = {
    "temperature": re.compile(r"temp", re.IGNORECASE),
    "potential": re.compile(r"potential|voltage(?!.*(gain|keithley))", re.IGNORECASE),
    "position": re.compile(r"position|depth|\bstage[_ .]?[xyz]\b|sample[_ .]?[xyz]\b", re.IGNORECASE),
}
_TIME = re.compile(r"(start[_ .]?time|date|time[_ .]?stamp|\btime\b|epoch|created)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:(?<![A-Za-z0-9.])-)?\d+(?:\.\d+)?")
_AFTER = re.compile(r"[ _]?([A-Za-zµ°]*)")
_QUANTITY = re.compile(r"^\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*([^\d\s][^\d]*)?$")
_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)[\s'\"]*$")
_UNITS = {
    "k": ("temperature", "K"), "c": ("temperature", "°C"), "degc": ("temperature", "°C"),
    "°c": ("temperature", "°C"),
    "v": ("potential", "V"), "mv": ("potential", "mV"), "s": ("time", "s"), "sec": ("time", "s"),
    "min": ("time", "min"), "h": ("time", "h"), "um": ("position", "µm"), "µm": ("position", "µm"),
    "mm": ("position", "mm"), "gpa": ("pressure", "GPa"), "bar": ("pressure", "bar"),
}  # fmt: skip
_DATES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
)


@dataclass(frozen=True)
class Axis:
    """Where the points of a series stand.

    Attributes
    ----------
    name, unit : str
        As ``temperature`` and ``K``; the unit is empty where none is told.
    values : numpy.ndarray
        Shape (n_points,), in that unit.
    told : str
        Where it was found.
    """

    name: str
    unit: str
    values: Floats
    told: str


def find_axis(
    scans: Sequence[XanesScan | PdfCurve], asked: str | None, columns: Mapping[str, Sequence[str]]
) -> Axis:
    """Find what the points differ in: `asked`, or the first of the user's columns and `AXES` that varies."""
    names = [asked] if asked is not None else [*columns, *AXES]
    unused = [name for name in columns if asked is None and _of_column(name, columns[name]) is None]
    unused = [name for name in unused if 2 * sum(map(bool, map(_QUANTITY.match, columns[name]))) > len(scans)]
    for name in names:
        found = _of_column(name, columns[name]) if name in columns else _axis(name, scans)
        if found is None or (asked is None and not np.ptp(found.values) > 0):
            continue
        # numbers that most names share, without a unit, count something else
        if asked is None and name == "name" and not found.unit and 2 * len({*found.values}) < len(scans):
            continue
        if unused and name not in columns:
            told = (
                f"{found.told}; without numbers of one unit at all points: {', '.join(map(visible, unused))}"
            )
            return replace(found, told=told)
        return found
    raise OptionError(
        f"cannot put the series on the axis {asked!r}",
        found="columns " + ", ".join(columns) if columns else "no such entry in every header or name",
        needed="a number at each of the points",
        suggestion="one of " + ", ".join([*columns, *AXES]) + "; or give a table with the columns file and "
        + (asked or "temperature"),
    )  # fmt: skip


def _axis(name: str, scans: Sequence[XanesScan | PdfCurve]) -> Axis | None:
    if name == "number":
        return Axis("number", "", np.arange(1.0, len(scans) + 1), "the order of the points")
    if name == "name":
        return numbers_in_names(scans)
    if name == "time":
        return _of_time(scans)
    pattern = _HEADER.get(name)
    if pattern is None:
        return None
    for key in scans[0].header:
        if pattern.search(key) and all(key in scan.header for scan in scans):
            found = _of_column(name, [scan.header[key] for scan in scans])
            if found is not None and np.ptp(found.values) > 0:
                return Axis(name, found.unit, found.values, f"{key} in the headers")
    return None


def _of_column(name: str, texts: Sequence[str]) -> Axis | None:
    matches = [_QUANTITY.match(text) for text in texts]
    if not all(matches):
        return _of_moments(texts, f"the column {name}")
    values = np.array([float(match[1]) for match in matches if match])
    units = {(match[2] or "").strip() for match in matches if match} - {""}
    if len(units) > 1:
        # 20 °C and 293 K are on no scale together.
        return None
    title, _, bracket = name.partition("(")
    unit = units.pop() if units else ""
    return Axis(title.strip() or name, visible(unit or bracket.rstrip(") ")), values, f"the column {name}")


def numbers_in_names(scans: Sequence[XanesScan | PdfCurve]) -> Axis | None:
    """Take the number with a unit, else the one that changes most often from name to name."""
    names = [scan.item or scan.file.rsplit("/", 1)[-1] for scan in scans]
    tokens = [list(_NUMBER.finditer(name)) for name in names]
    found: list[tuple[bool, int, int, str]] = []
    for place in range(min(map(len, tokens), default=0)):
        distinct = len({one[place].group() for one in tokens})
        after = {
            _AFTER.match(name, one[place].end()).group(1).lower()  # type: ignore[union-attr]  # may be empty
            for name, one in zip(names, tokens, strict=True)
        }
        unit = after.pop() if len(after) == 1 else ""
        if distinct > 1:
            found.append((unit in _UNITS, distinct, -place, unit))
    if not found:
        return None
    _, _, place, unit = max(found)
    values = np.array([float(one[-place].group()) for one in tokens])
    quantity, unit = _UNITS.get(unit, ("name", ""))
    return Axis(quantity, unit, values, f"the numbers in the names, as in {names[0]!r}")


def _of_time(scans: Sequence[XanesScan | PdfCurve]) -> Axis | None:
    for key in scans[0].header:
        if not _TIME.search(key) or not all(key in scan.header for scan in scans):
            continue
        if found := _of_moments([scan.header[key] for scan in scans], f"{key} in the headers"):
            return found
    return None


def _of_moments(texts: Sequence[str], told: str) -> Axis | None:
    """Read time stamps, all with their time zone or none."""
    moments = [_moment(text) for text in texts]
    zones = {bool(_ZONE.search(text)) for text in texts}
    if any(moment is None for moment in moments) or len(set(moments)) < len(moments) or len(zones) > 1:
        return None
    seconds = np.array([moment for moment in moments if moment is not None])
    seconds -= seconds.min()
    size, unit = next(
        (size, unit) for size, unit in ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
        if np.ptp(seconds) > 3 * size or unit == "s"
    )  # fmt: skip
    return Axis("time", unit, seconds / size, f"{told}, from the first point on")


def _moment(text: str) -> float | None:
    """Read a time stamp as seconds."""
    text = text.strip().strip("'\"")
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        # Without a zone of its own it has that of no machine, where an hour may come twice.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        pass
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    match = _QUANTITY.match(text)
    return float(match[1]) if match and float(match[1]) > 1e8 else None
