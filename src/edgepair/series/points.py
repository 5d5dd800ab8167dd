"""What was measured at each point of a series: read, listed by tables, and paired by names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from edgepair.conventions import EdgepairError
from edgepair.conventions.errors import visible
from edgepair.measured import PdfCurve, XanesScan
from edgepair.measured.point_table import FILE_COLUMNS, axis_columns, read_point_table
from edgepair.measured.samples import MeasuredFile, without_reference
from edgepair.series.axis import numbers_in_names

Source: TypeAlias = XanesScan | PdfCurve | str | Path

Row: TypeAlias = "Sequence[tuple[Source, bool]]"
"""What was measured at one point, and of each whether a table has it as a differential PDF."""


@dataclass(frozen=True)
class Point:
    """What was measured at one point, and the row of the table that names it."""

    row: int
    mu: XanesScan | None = None
    G: PdfCurve | None = None

    @property
    def shown(self) -> XanesScan | PdfCurve:
        """What tells where on the axis it stands."""
        one = self.mu or self.G
        assert one is not None
        return one


def read_points(
    given: Sequence[Row], references: bool, read: Callable[[Path], MeasuredFile]
) -> tuple[list[Point], list[tuple[str, str]]]:
    """Read what was measured, row by row; what cannot be read, with the reason."""
    points: list[Point] = []
    skipped: list[tuple[str, str]] = []
    for row, names in enumerate(given):
        found: list[Point] = []
        for source, differential in names:
            try:
                curves = (
                    (source,) if isinstance(source, (XanesScan, PdfCurve)) else read(Path(source)).samples
                )
            except EdgepairError as error:
                skipped.append((visible(str(source)), visible(f"{error.problem}: {error.found}")))
                continue
            for one in curves:
                if isinstance(one, PdfCurve):
                    found.append(Point(row, G=replace(one, differential=True) if differential else one))
                elif not one.foil:
                    found.append(Point(row, one if references else without_reference(one)))
        points += _paired(found, lambda _: 0) if len(names) == 2 else found
    return points, skipped


def rows_of_table(
    given: Sequence[Source],
) -> tuple[Sequence[Row], dict[str, list[str]], list[tuple[str, str]]]:
    """Put a table of points in place of its files; returns rows, columns for an axis, and the rest."""
    paths = [Path(one) for one in given if not isinstance(one, (XanesScan, PdfCurve))]
    tables = {path: rows for path in paths if (rows := read_point_table(path))}
    if len(tables) != 1:
        return [[(one, False)] for one in given], {}, []
    ((path, rows),) = tables.items()
    named: dict[str, list[Source]] = {}
    for one in given:
        if isinstance(one, (XanesScan, PdfCurve)):
            named.setdefault(Path(one.file).name, []).append(one)
        elif Path(one) != path:
            named.setdefault(Path(one).name, []).append(one)
    files: list[Row] = []
    used: set[str] = set()
    for row in rows:
        mine: list[tuple[Source, bool]] = []
        for column in FILE_COLUMNS:
            text = (row.get(column) or "").strip()
            found = named.get(Path(text).name) or ([path.parent / text] if text else [])
            used.add(Path(text).name)
            mine += [(one, column == "dpdf") for one in found]
        files.append(mine)
    left = [(visible(name), "the table of points does not name it") for name in named if name not in used]
    return files, axis_columns(rows), left


def paired_by_names(points: list[Point]) -> list[Point]:
    """Pair spectra and PDFs whose names are the same but for the ending, or tell the same number."""
    if not {True, False} <= {point.mu is None for point in points}:
        return points

    def stem(point: Point) -> object:
        return Path(point.shown.file.removesuffix(".gz")).stem, point.shown.item

    paired = _paired(points, stem)
    numbers: dict[int, object] = {}
    for kind in (True, False):
        mine = [one for one in paired if (one.mu is None) == kind and (one.mu is None or one.G is None)]
        named = numbers_in_names([one.shown for one in mine]) if len(mine) > 1 else None
        if named is not None:
            numbers |= dict(zip(map(id, mine), named.values.tolist(), strict=True))
    return _paired(paired, lambda point: numbers.get(id(point)))


def _paired(points: Sequence[Point], key: Callable[[Point], object]) -> list[Point]:
    """Put one spectrum and one PDF of the same key together."""
    groups: dict[object, list[Point]] = {}
    for number, point in enumerate(points):
        mine = key(point)
        groups.setdefault((number, "alone") if mine is None else mine, []).append(point)
    done: list[Point] = []
    for group in groups.values():
        spectra, curves = [one for one in group if one.G is None], [one for one in group if one.mu is None]
        if len(spectra) == len(curves) == 1 and len(group) == 2:
            done.append(replace(spectra[0], G=curves[0].G))
        else:
            done += group
    return done
