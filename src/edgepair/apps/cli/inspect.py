"""The command ``edgepair inspect``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import print_json
from edgepair.apps.cli.inspect_text import print_seen
from edgepair.apps.cli.options import (
    Composition,
    Deglitch,
    Json,
    NumberDensity,
    Qmax,
    Quiet,
    Radiation,
    Report,
    SpectrumReading,
    reads_spectra,
)
from edgepair.apps.cli.progress import step_bar
from edgepair.measured.samples import read_measured, without_reference
from edgepair.report.measured.shown import Seen, SeenPdf, SeenXanes

if TYPE_CHECKING:
    from edgepair.measured import XanesScan
    from edgepair.spectra.alignment import FoilReading

SOME_FAILED = 1


@reads_spectra
def inspect(
    reading: SpectrumReading,
    paths: Annotated[
        list[Path],
        typer.Argument(help="Measured files, XANES or PDF.", metavar="FILE...", show_default=False),
    ],
    deglitch: Deglitch = False,
    radiation: Radiation = None,
    qmax: Qmax = None,
    composition: Composition = None,
    number_density: NumberDensity = None,
    report: Report = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Write the normalised, calibrated spectrum (.xdi).", show_default=False),
    ] = None,
    plot: Annotated[
        bool | None, typer.Option("--plot/--no-plot", help="Draw here; default on a terminal.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what is understood of measured files: columns, units, edge, quality."""
    from edgepair.conventions import EdgepairError
    from edgepair.files.outputs import check_outputs
    from edgepair.measured import inspect_pdf
    from edgepair.measured.guarded import expect_files

    pdf_options = {
        "radiation": radiation, "qmax": qmax, "composition": composition, "number_density": number_density,
    }  # fmt: skip
    _check(reading.columns, pdf_options)
    reading.check()
    check_outputs({"--report": report, "--save": save}, (*paths, reading.foil_file))
    expect_files(len(paths))
    foil = reading.foil()
    calibrated_by = None if foil is None else foil.reading
    scale = reading.scale
    documents: list[dict[str, Any]] = []
    seen: list[Seen] = []
    errors: list[EdgepairError] = []
    with step_bar("edgepair inspect", quiet=quiet or as_json) as show:
        for number, path in enumerate(paths):
            show(number, len(paths), path.name)
            try:
                kind, parts = _read(path, reading, pdf_options)
                here: list[Seen] = []
                for part in parts:
                    if kind == "pdf":
                        here.append(SeenPdf(part, inspect_pdf(part, absorber=reading.absorber)))
                    else:
                        scan = part if reading.own_foils else without_reference(part)
                        here.append(_inspected(scan, calibrated_by, deglitch, **scale))
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
        from edgepair.report.measured.page import MeasuredEntry, write_inspection

        pages = [MeasuredEntry(one.title, one.facts(), one.warnings, one.drawn) for one in seen]
        write_inspection(pages, report)
    if as_json:
        print_json(documents if len(paths) > 1 else documents[0])
    elif not quiet:
        print_seen(seen, plot=sys.stdout.isatty() if plot is None else plot)
    if errors or any(one.problem for one in seen):
        raise typer.Exit(SOME_FAILED)


def _check(spectrum_options: dict[str, Any], pdf_options: dict[str, Any]) -> None:
    """Refuse options that contradict each other."""
    from edgepair.conventions import OptionError

    if any(value is not None for value in spectrum_options.values()) and any(
        value is not None for value in pdf_options.values()
    ):
        raise OptionError(
            "cannot read a file as a spectrum and as a PDF",
            found="options for both, " + ", ".join(
                f"--{name.replace('_', '-')}"
                for name, value in (spectrum_options | pdf_options).items()
                if value is not None
            ),
            needed="options of one kind",
            suggestion="inspect spectra and PDFs by two commands",
        )  # fmt: skip


def _read(path: Path, reading: SpectrumReading, pdf_options: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
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
    from edgepair.conventions import OptionError
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
