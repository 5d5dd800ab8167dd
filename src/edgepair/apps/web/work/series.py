"""Analysing a visitor's series, as ``edgepair series`` does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.work.reading import FileRequest, read, read_foil_file
from edgepair.conventions import EdgepairError, OptionError

if TYPE_CHECKING:
    from edgepair.series import PdfSeries, Series
    from edgepair.series.answers import Known

MOST_POINTS = 400
"""Points of a series on the page: each is answered, and drawn in a map."""

SAVED = {"zip": "series.zip", "html": "series.html", "csv": "values.csv"}
"""Files that `analyse` writes, by their kinds."""


@dataclass(frozen=True)
class SeriesRequest:
    """Files of a series, and how it is read; `shift` in eV, `table` of points, `dpdf`: names of such PDFs."""

    files: tuple[FileRequest, ...]
    absorber: str | None
    axis: str | None
    shift: float | None
    foil: FileRequest | None = None
    table: Path | None = None
    dpdf: str = ""


@dataclass(frozen=True)
class Point:
    """Where a point stands, its name, its answers, and which rows of the maps are its own."""

    position: float
    name: str
    rows: list[dict[str, Any]]
    drawn: dict[str, int]


@dataclass(frozen=True)
class Analysed:
    """A series in plain values; figures as JSON text, a quarter of what the server would keep of lists."""

    title: str
    facts: list[tuple[str, str]]
    warnings: tuple[str, ...]
    figures: list[tuple[str, str]]
    tables: list[dict[str, Any]]
    points: list[Point]
    axis: str
    folder: Path


def analyse(
    request: SeriesRequest,
    choices: Mapping[str, Any],
    folder: Path,
    on_progress: Callable[[float, float, str], None],
) -> Analysed:
    """Analyse a series as chosen, by the names of `analyse_series`; write what the command line writes."""
    from edgepair.report.series.page import series_figures, write_series
    from edgepair.report.series.words import axis_name, series_facts, series_tables, series_title
    from edgepair.series import analyse_series

    on_progress(0, 0, "reading the files")
    series, known, refused = _series(request)
    result = analyse_series(series, **choices, known=known, show=on_progress)
    on_progress(0, 0, "drawing")
    folder.mkdir(mode=0o700)
    result.write(folder / "series")
    write_series(result, folder / "series" / SAVED["html"])
    shutil.make_archive(str(folder / "series"), "zip", folder / "series")
    return Analysed(
        series_title(result), series_facts(result),
        (*(f"left out {name}: {why}" for name, why in refused), *result.warnings),
        [(title, figure.to_json()) for title, figure in series_figures(result).items()],
        series_tables(result), _points(series, result.values.to_dict("records")),
        axis_name(result), folder,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _series(request: SeriesRequest) -> tuple[Series | PdfSeries, Known, list[tuple[str, str]]]:
    """Read a series, or take it from memory with its answers: another number of components asks for none."""
    from edgepair.measured.guarded import expect_files
    from edgepair.series import read_series
    from edgepair.series.run import measured_points

    curves: list[Any] = []
    refused: list[tuple[str, str]] = []
    expect_files(len(request.files))
    for file in request.files:
        try:
            found = read(file)
            mine: Any = found.samples
            if found.kind == "pdf" and fnmatch(file.name, request.dpdf):
                mine = [replace(one, differential=True) for one in mine]
            curves += mine
        except EdgepairError as error:
            refused.append((file.name, f"{error.problem}: {error.found}"))
        if len(curves) > 2 * MOST_POINTS:
            break
    foil = None if request.foil is None or request.shift is not None else read_foil_file(request.foil)
    sources = curves if request.table is None else [*curves, request.table]
    series = read_series(
        sources, absorber=request.absorber, axis=request.axis, shift=request.shift, foil=foil
    )
    if len(measured_points(series)[0]) > MOST_POINTS or len(curves) > 2 * MOST_POINTS:
        raise OptionError(
            "cannot analyse so long a series here",
            found=f"more than {MOST_POINTS} points",
            needed=f"at most {MOST_POINTS}",
            suggestion="drop every second file, or use edgepair series on the command line",
        )
    return series, {}, refused


def _points(series: Series | PdfSeries, rows: Sequence[Mapping[Any, Any]]) -> list[Point]:
    """List the points in the order of the axis."""
    from edgepair.series import Series
    from edgepair.series.run import measured_points

    measured, positions = measured_points(series)
    pdfs = series.pdf if isinstance(series, Series) else series
    curves: dict[str, Sequence[Any]] = {
        "spectra along the axis": series.scans if isinstance(series, Series) else (),
        "PDFs along the axis": () if pdfs is None else pdfs.curves,
    }
    drawn = {id(one): (title, k) for title, mine in curves.items() for k, one in enumerate(mine)}
    told: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        told.setdefault(int(row["point"]), []).append({str(name): value for name, value in row.items()})
    points = []
    for number, (at, (mu, G, _)) in enumerate(zip(positions, measured, strict=True), 1):
        mine = [one for one in (mu, G) if one is not None]
        name = " + ".join(one.item or one.file for one in mine)
        points.append(Point(float(at), name, told.get(number, []), dict(drawn[id(one)] for one in mine)))
    return sorted(points, key=lambda point: point.position)
