"""The command ``edgepair inspect``."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import output_console, print_json, print_lines, step_bar
from edgepair.apps.cli.options import (
    Deglitch,
    Json,
    OnePdfReading,
    Quiet,
    Report,
    SpectrumReading,
    check_outputs,
    reads_spectra,
)
from edgepair.conventions import EdgepairError, OptionError
from edgepair.conventions.displayed import Record
from edgepair.measured.samples import read_measured, without_reference
from edgepair.report.measured.shown import Seen, SeenPdf, SeenXanes

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.spectra.alignment import FoilReading

SOME_FAILED = 1


@reads_spectra
def inspect(
    reading: SpectrumReading,
    pdf: OnePdfReading,
    paths: Annotated[
        list[Path],
        typer.Argument(help="Measured files, XANES or PDF.", metavar="FILE...", show_default=False),
    ],
    deglitch: Deglitch = False,
    report: Report = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the normalised, calibrated spectrum (.xdi).")
    ] = None,
    plot: Annotated[
        bool | None, typer.Option("--plot/--no-plot", help="Draw here; default on a terminal.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what is understood of measured files: columns, units, edge, quality."""
    from edgepair.measured import PdfCurve, inspect_pdf
    from edgepair.measured.guarded import expect_files

    _check(reading.columns, pdf.options)
    reading.check()
    check_outputs((*paths, reading.foil_file), report=report, save=save)
    expect_files(len(paths))
    foil, scale = reading.foil_reading(), reading.scale
    documents: list[Record] = []
    seen: list[Seen] = []
    errors: list[EdgepairError] = []
    with step_bar("edgepair inspect", quiet=quiet or as_json) as show:
        for number, path in enumerate(paths):
            show(number, len(paths), path.name)
            try:
                kind, parts = _read(path, reading, pdf.options)
                here: list[Seen] = []
                for part in parts:
                    if isinstance(part, PdfCurve):
                        here.append(SeenPdf(part, inspect_pdf(part, absorber=reading.absorber)))
                    else:
                        scan = part if reading.own_foils else without_reference(part)
                        here.append(_inspected(scan, foil, deglitch, **scale))
            except EdgepairError as error:
                errors.append(error)
                documents.append(
                    {"file": str(path), "kind": None, "format": "", "items": [], "error": str(error)}
                )
                continue
            seen += here
            items = [one.to_json() for one in here]
            documents.append({"file": str(path), "kind": kind, "format": parts[0].format, "items": items})
    for failed in errors if seen else errors[:-1]:
        print(f"edgepair: {failed}", file=sys.stderr)
    if not seen:
        raise errors[-1]
    if save is not None:
        _save(save, seen)
    if report is not None:
        from edgepair.report.measured.page import write_inspection

        write_inspection(seen, report)
    if as_json:
        print_json(documents if len(paths) > 1 else documents[0])
    elif not quiet:
        print_seen(seen, plot=sys.stdout.isatty() if plot is None else plot)
    if errors or any(one.problem for one in seen):
        raise typer.Exit(SOME_FAILED)


def _check(spectrum_options: Record, pdf_options: Record) -> None:
    """Refuse options that contradict each other."""
    kinds = [
        [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
        for options in (spectrum_options, pdf_options)
    ]
    if all(kinds):
        raise OptionError(
            "cannot read a file as a spectrum and as a PDF",
            found="options for both, " + ", ".join(kinds[0] + kinds[1]),
            needed="options of one kind",
            suggestion="inspect spectra and PDFs by two commands",
        )


def _read(
    path: Path, reading: SpectrumReading, pdf_options: Record
) -> tuple[str, tuple[XanesScan | PdfCurve, ...]]:
    """Read a file as what its content, or an option for one kind, says it is."""
    from edgepair.measured import read_pdf, read_xanes

    if any(value is not None for value in reading.columns.values()):
        return "xanes", read_xanes(path, item=reading.item, **reading.spectrum)
    if any(value is not None for value in pdf_options.values()):
        return "pdf", read_pdf(path, item=reading.item, **pdf_options)
    read = read_measured(path, reading.item, reading.spectrum, pdf_options)
    return read.kind, read.curves


def _inspected(
    scan: XanesScan, foil: FoilReading | None, clean: bool, *, shift: float | None, **edge: Any
) -> SeenXanes:
    """Inspect a spectrum; `edge` is E0 and the ranges that normalise it."""
    from edgepair.measured.xanes.inspection import inspect_xanes, without_glitches

    cleaned, replaced = without_glitches(scan, **edge) if clean else (scan, ())
    return SeenXanes(inspect_xanes(cleaned, shift=shift, foil=foil, **edge), replaced)


def _save(target: Path, seen: list[Seen]) -> None:
    from edgepair.measured.xanes.writing import write_xdi

    spectra = [one for one in seen if isinstance(one, SeenXanes)]
    if len(spectra) != 1 or len(seen) != 1:
        names = [one.title for one in seen]
        raise OptionError(
            f"cannot write {len(seen)} curves to {str(target)!r}",
            found=", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else ""),
            needed="one spectrum",
            suggestion="name one file, and one of its items with --item",
        )
    write_xdi(target, spectra[0].inspection, replaced=spectra[0].replaced)


_MOST_WARNINGS = 6

MOST_IN_FULL = 3
"""Spectra up to which each is printed in full; of more, as of a project, each has a line."""


def print_seen(seen: Sequence[Seen], *, plot: bool) -> None:
    """Print curves, one after the other."""
    console = output_console()
    many = [one for one in seen if isinstance(one, SeenXanes)]
    if len(many) > MOST_IN_FULL and len(many) == len(seen):
        print_lines(_lines(many))
        return
    for one in seen:
        lines = [one.title]
        lines += [f"    {name:<15} {value}" for name, value in one.facts()]
        lines += [f"  ! {warning}" for warning in one.warnings]
        if plot:
            x, y, unit = one.curve()
            width = max(20, min(100, console.width - 14))
            lines += ["", *draw_curve(x, y, width=width, unit=unit)]
        print_lines([*lines, ""])


def _lines(seen: Sequence[SeenXanes]) -> Iterator[str]:
    """Write a line for each item, under its file, then what is doubtful of how many."""
    file = ""
    for one in seen:
        scan = one.inspection.scan
        if scan.file != file:
            file = scan.file
            yield f"{file} ({scan.format})"
        yield f"    {scan.item or '-'}: {one.line()}"
    counts = Counter(warning for one in seen for warning in one.warnings)
    for warning, count in counts.most_common(_MOST_WARNINGS):
        yield f"  ! {warning} ({count} of {len(seen)})"
    rest = len(counts) - _MOST_WARNINGS
    if rest > 0:
        yield f"  ! {rest} warnings more: --item shows one spectrum in full"


_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot of a braille character: four rows of two."""


def draw_curve(
    x: Sequence[float], y: Sequence[float], *, width: int = 72, height: int = 12, unit: str = ""
) -> list[str]:
    """Draw a curve."""
    kept = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    if len(kept) < 2 or kept[-1][0] <= kept[0][0]:
        return []
    columns, rows = 2 * width, 4 * height
    low, high = min(b for _, b in kept), max(b for _, b in kept)
    span = high - low or 1.0
    level = [round((value - low) / span * (rows - 1)) for value in _evenly(kept, columns)]
    cells = [[0] * width for _ in range(height)]
    for column, here in enumerate(level):
        before = level[max(column - 1, 0)]
        # A steep rise is drawn without gaps, from the dot next to the column before.
        for row in range(min(here, before + 1), max(here, before - 1) + 1):
            down = rows - 1 - row
            cells[down // 4][column // 2] |= _DOTS[down % 4][column % 2]
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    wide = max(4, *(len(text) for text in labels.values()))
    lines = [
        f"{labels.get(row, ''):>{wide}} ┤" + "".join(chr(0x2800 + dots) if dots else " " for dots in line)
        for row, line in enumerate(cells)
    ]
    first, last = f"{kept[0][0]:.6g}", f"{kept[-1][0]:.6g}" + (f" {unit}" if unit else "")
    gap = max(1, width - len(first) - len(last))
    return [line.rstrip() for line in lines] + [" " * (wide + 2) + first + " " * gap + last]


def _evenly(points: list[tuple[float, float]], count: int) -> list[float]:
    """Interpolate points at evenly spaced places from the first to the last."""
    first, last = points[0][0], points[-1][0]
    values: list[float] = []
    at = 0
    for number in range(count):
        place = first + (last - first) * number / (count - 1)
        while at < len(points) - 2 and points[at + 1][0] < place:
            at += 1
        (left, low), (right, high) = points[at], points[at + 1]
        values.append(low + (high - low) * (place - left) / (right - left) if right > left else low)
    return values
