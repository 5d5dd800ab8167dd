"""The command ``edgepair series``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepair.apps.cli.console import aligned, print_lines, split_list, step_bar
from edgepair.apps.cli.options import (
    DpdfNames,
    OwnStandards,
    PdfReading,
    Quiet,
    Report,
    Seed,
    SpectrumReading,
    check_outputs,
    own_standards,
    reads_spectra,
)
from edgepair.conventions import OptionError
from edgepair.conventions.errors import read_pair

if TYPE_CHECKING:
    from edgepair.series import PdfSeriesResult, SeriesResult
    from edgepair.series.pdf import EndMember

SOME_FAILED = 1


@reads_spectra
def series(
    reading: SpectrumReading,
    pdf: PdfReading,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Spectra, PDFs or both, a project; a CSV table with columns file, or xanes and pdf (dpdf).",
            metavar="FILE...",
            show_default=False,
        ),
    ],
    axis: Annotated[
        str | None,
        typer.Option(
            help="temperature, potential, position, time, name, number, or a column of the table;"
            " found where not given."
        ),
    ] = None,
    standards: OwnStandards = None,
    library: Annotated[
        bool, typer.Option(help="Use the library of standards that ships with edgepair.")
    ] = True,
    number: Annotated[
        int | None, typer.Option(help="Components; default those that stand out of the noise.")
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option(help="Compounds of the standards that are components.")
    ] = None,
    combine: Annotated[
        str, typer.Option(help="What the series is a linear combination of: standards or components.")
    ] = "standards",
    ends: Annotated[
        list[str] | None,
        typer.Option(
            help="What PDFs are a linear combination of: numbers of points, as 1,-1, or files of standards;"
            " the first, the last and the purest between where not given."
        ),
    ] = None,
    neighbours: Annotated[
        float | None,
        typer.Option(
            help="Fit fractions together, which differ by about so much from point to point, as 0.05."
        ),
    ] = None,
    energy_range: Annotated[
        str, typer.Option("--range", help="Range to analyse, eV from the edge.", metavar="FIRST,LAST")
    ] = "-20,60",
    r_range: Annotated[
        str, typer.Option("--r-range", help="Range of PDFs to analyse, Å.", metavar="FIRST,LAST")
    ] = "1,20",
    dpdf: DpdfNames = None,
    asks: Annotated[
        bool, typer.Option("--predict/--no-predict", help="Have the model answer for points and components.")
    ] = True,
    confidence: Annotated[float, typer.Option(help="Of the intervals of the model's answers.")] = 0.9,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables (CSV).")] = None,
    report: Report = None,
    quiet: Quiet = False,
) -> None:
    """Analyse a series: values, components and fractions along temperature, time or another axis."""
    from edgepair.series import analyse_series, read_series
    from edgepair.series.folder import FOLDER

    reading.check()
    _check(reading)
    check_outputs([*paths, standards, reading.foil_file], report=report)
    if out is not None:
        FOLDER.check(out)
    between = read_pair("--range", energy_range, of="range", needed="eV from the edge", example="-20,60")
    distances = read_pair("--r-range", r_range, of="range", needed="Å", example="1,20")
    own, foil = own_standards(standards, reading.absorber), reading.foil_reading()
    with step_bar("edgepair series", quiet=quiet) as show:
        found = read_series(
            paths, axis=axis, absorber=reading.absorber, energy_range=between, shift=reading.shift,
            foil=foil, item=reading.item, references=reading.own_foils, **reading.columns,
            r_range=distances, **pdf.options, dpdf=dpdf,
        )  # fmt: skip
        result = analyse_series(
            found, standards=own, library=library, number=number, fixed=split_list(fixed) or (),
            combine=combine, neighbours=neighbours, ends=_end_members(ends, pdf.radiation), answered=asks,
            confidence_level=confidence, seed=seed, show=show,
        )  # fmt: skip
    if out is not None:
        result.write(out)
    if report is not None:
        from edgepair.report.series.page import write_series

        write_series(result, report)
    if not quiet:
        print_series(result)
    if found.skipped:
        raise typer.Exit(SOME_FAILED)


def _check(reading: SpectrumReading) -> None:
    """Refuse what normalises one spectrum: a series is normalised by edges of its own."""
    typed = [name for name in reading.given() if name in ("--e0", "--pre", "--post")]
    if typed:
        raise OptionError(
            "cannot normalise a series as one spectrum",
            found=" and ".join(typed),
            needed="none of them: edges and ranges move with the spectra of a series",
            suggestion=f"leave {typed[0]} out; look at single spectra with edgepair inspect",
        )


def _end_members(names: list[str] | None, radiation: str | None) -> list[EndMember]:
    """Take numbers for points of the series, and all else for files of PDFs."""
    from edgepair.measured import read_pdf

    found: list[EndMember] = []
    for name in split_list(names) or ():
        if name.removeprefix("-").isdecimal():
            found.append(int(name))
        else:
            found += read_pdf(name, radiation=radiation)
    return found


def print_series(result: SeriesResult | PdfSeriesResult) -> None:
    """Print what was found of a series."""
    from edgepair.report.series.words import series_facts, series_tables

    lines = [f"{name:<12} {value}" for name, value in series_facts(result)]
    for table in series_tables(result):
        lines += ["", *aligned([table["headings"], *table["rows"]], 2)]
    print_lines([*lines, *(["", *(f"  ! {text}" for text in result.warnings)] if result.warnings else [])])
