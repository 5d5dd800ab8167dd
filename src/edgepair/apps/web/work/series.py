"""Analysing a visitor's series, as ``edgepair series`` does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
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
    """Files of a series, and how it is read: element, axis, eV added to energies, or a foil that tells."""

    files: tuple[FileRequest, ...]
    absorber: str | None
    axis: str | None
    shift: float | None
    foil: FileRequest | None = None


@dataclass(frozen=True)
class Analysed:
    """A series in plain values: ``points`` are where each stands, its name and its answers.

    ``figures`` are titles with JSON text, a quarter of what the server would keep of their lists.
    """

    title: str
    facts: list[tuple[str, str]]
    warnings: tuple[str, ...]
    figures: list[tuple[str, str]]
    tables: list[dict[str, Any]]
    points: list[tuple[float, str, list[dict[str, Any]]]]
    axis: str
    folder: Path


def analyse(
    request: SeriesRequest, number: int | None, folder: Path, on_progress: Callable[[float, float, str], None]
) -> Analysed:
    """Analyse a series into so many components, and write what the command line writes."""
    from edgepair.report.series.page import series_figures, write_series
    from edgepair.report.series.words import axis_name, series_facts, series_tables, series_title
    from edgepair.series import analyse_series

    on_progress(0, 0, "reading the files")
    series, known, refused = _series(request)
    result = analyse_series(series, number=number, known=known, show=on_progress)
    on_progress(0, 0, "drawing")
    folder.mkdir(mode=0o700)
    result.write(folder / "series")
    write_series(result, folder / "series" / SAVED["html"])
    shutil.make_archive(str(folder / "series"), "zip", folder / "series")
    names = _names(series)
    rows: dict[float, list[dict[str, Any]]] = {at: [] for at in names}
    for row in result.values.to_dict("records"):
        rows[float(row["position"])].append({str(name): value for name, value in row.items()})
    return Analysed(
        series_title(result), series_facts(result),
        (*(f"left out {name}: {why}" for name, why in refused), *result.warnings),
        [(title, figure.to_json()) for title, figure in series_figures(result).items()],
        series_tables(result), [(at, names[at], told) for at, told in sorted(rows.items())],
        axis_name(result), folder,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _series(request: SeriesRequest) -> tuple[Series | PdfSeries, Known, list[tuple[str, str]]]:
    """Read a series, or take it from memory with its answers: another number of components asks for none."""
    from edgepair.measured.guarded import expect_files
    from edgepair.series import read_series

    curves: list[Any] = []
    refused: list[tuple[str, str]] = []
    expect_files(len(request.files))
    for file in request.files:
        try:
            curves += read(file).samples
        except EdgepairError as error:
            refused.append((file.name, f"{error.problem}: {error.found}"))
        if len(curves) > 2 * MOST_POINTS:
            break
    foil = None if request.foil is None or request.shift is not None else read_foil_file(request.foil)
    series = read_series(curves, absorber=request.absorber, axis=request.axis, shift=request.shift, foil=foil)
    if len(_names(series)) > MOST_POINTS or len(curves) > 2 * MOST_POINTS:
        raise OptionError(
            "cannot analyse so long a series here",
            found=f"more than {MOST_POINTS} points",
            needed=f"at most {MOST_POINTS}",
            suggestion="drop every second file, or use edgepair series on the command line",
        )
    return series, {}, refused


def _names(series: Series | PdfSeries) -> dict[float, str]:
    """Name the points by where they stand."""
    from edgepair.series import Series

    names: dict[float, str] = {}
    mine: list[tuple[Any, Any]] = []
    if isinstance(series, Series):
        mine = [*zip(series.axis.values, series.scans, strict=True)]
    pdfs = series.pdf if isinstance(series, Series) else series
    if pdfs is not None:
        mine += zip(pdfs.axis.values, pdfs.curves, strict=True)
    for at, one in mine:
        title = one.item or one.file
        names[float(at)] = f"{names[float(at)]} + {title}" if float(at) in names else title
    return names
