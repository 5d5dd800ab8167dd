"""The command ``edgepair mix``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import print_json, split_list
from edgepair.apps.cli.mix_text import model_lines, model_rows, print_mixture
from edgepair.apps.cli.options import Json, Quiet, Report, SpectrumReading, own_standards, reads_spectra
from edgepair.apps.cli.progress import step_bar
from edgepair.conventions.entries import read_pair
from edgepair.files.kept_rows import KeptRows
from edgepair.measured.samples import without_reference

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.conventions import EdgepairError
    from edgepair.measured import XanesScan
    from edgepair.mixtures.scan import SampleMixture
    from edgepair.standards.standard import Standard

SOME_FAILED = 1


@reads_spectra
def mix(
    reading: SpectrumReading,
    paths: Annotated[
        list[Path], typer.Argument(help="Measured XANES.", metavar="FILE...", show_default=False)
    ],
    standards: Annotated[
        Path | None,
        typer.Option(help="Table of standards of your own (.csv), besides the library.", show_default=False),
    ] = None,
    library: Annotated[
        bool, typer.Option(help="Use the library of standards that ships with edgepair.")
    ] = True,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Fit these compounds, beamlines or standards only.", show_default=False),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out these compounds, beamlines or standards.", show_default=False),
    ] = None,
    most: Annotated[int, typer.Option("--max", help="Most compounds in a combination.")] = 3,
    energy_range: Annotated[
        str, typer.Option("--range", help="Range to fit, eV from the edge.", metavar="FIRST,LAST")
    ] = "-20,60",
    shift_limit: Annotated[
        float | None,
        typer.Option(
            help="Largest further shift, eV; default as far as the calibration may be wrong.",
            show_default=False,
        ),
    ] = None,
    asks: Annotated[
        bool, typer.Option("--predict/--no-predict", help="Put what predict answers beside the mixtures.")
    ] = True,
    model: Annotated[
        Path | None, typer.Option(help="Model that edgepair train wrote, for predict.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write all combinations as a table (.csv).", show_default=False)
    ] = None,
    report: Report = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Describe measured XANES as mixtures of measured standards."""
    from edgepair.conventions import EdgepairError
    from edgepair.mixtures.scan import mix_scan

    reading.check()
    _check([*paths, standards, reading.foil_file, model], out, report)
    scale = reading.scale
    between = read_pair("--range", energy_range, of="range", needed="eV from the edge", example="-20,60")
    own = own_standards(standards, reading.absorber)
    foil = reading.foil()
    scale["foil"] = None if foil is None else foil.reading
    # Fitting a model takes seconds: none for an answer that nobody sees.
    asked = asks and (as_json or report is not None or not quiet)
    choice = split_list(only), split_list(without)
    rows_alone = report is None and not as_json
    settings = [reading, standards, library, *choice, most, between, shift_limit]
    kept = KeptRows("mix", out if rows_alone else None, settings)
    tables: list[pd.DataFrame | list[dict[str, object]]] = []
    found: list[tuple[SampleMixture, list[dict[str, Any]]]] = []
    documents: list[dict[str, Any]] = []
    errors: list[EdgepairError] = []
    with kept, step_bar("edgepair mix", quiet=quiet or as_json) as show:
        scans = _scans(paths, reading)
        for number, (path, scan) in enumerate(scans):
            show(number, len(scans), path.name)
            key = kept.key(scan)
            if earlier := kept.get(key):
                tables.append(earlier)
                continue
            try:
                if isinstance(scan, EdgepairError):
                    raise scan
                if not reading.own_foils:
                    scan = without_reference(scan)
                mixed = mix_scan(
                    scan, _chosen(own, scan, library, *choice),
                    limit=most, window=between, shift_limit=shift_limit, **scale,
                )  # fmt: skip
            except EdgepairError as error:
                errors.append(error)
                named = "" if isinstance(scan, EdgepairError) else scan.item
                documents.append({"file": str(path), "item": named, "error": str(error)})
                continue
            if out is not None:
                table = mixed.to_table()
                tables.append(table)
                kept.add(key, json.loads(table.to_json(orient="records", double_precision=15)))
            answers = model_rows(scan, standards=own, model=model, **scale) if asked else []
            found.append((mixed, answers))
            documents.append(mixed.to_json() | {"model": answers})
    for failed in errors if found or tables else errors[:-1]:
        print(f"edgepair: {failed}", file=sys.stderr)
    if not found and not tables:
        raise errors[-1]
    if out is not None:
        from edgepair.report.mixture.words import write_mixture_table

        write_mixture_table(tables, out)
    kept.finish()
    if len(tables) > len(found) and rows_alone and not quiet and out is not None:
        print(f"{len(tables) - len(found)} mixtures are those of an interrupted run, in {str(out)!r}")
    if report is not None:
        from edgepair.report.mixture.page import write_mixtures

        write_mixtures([(mixed, model_lines(answers)) for mixed, answers in found], report)
    if as_json:
        print_json(documents if len(documents) > 1 else documents[0])
    elif not quiet:
        for mixed, answers in found:
            print_mixture(mixed, answers)
    if errors:
        raise typer.Exit(SOME_FAILED)


def _check(read: Sequence[Path | None], out: Path | None, report: Path | None) -> None:
    """Refuse, before anything is read, what would not work or would overwrite an input."""
    from edgepair.conventions import OutputError
    from edgepair.files.outputs import check_outputs

    for option, target, endings in (("--out", out, (".csv",)), ("--report", report, (".html", ".htm"))):
        if target is not None and target.suffix.lower() not in endings:
            raise OutputError(
                f"cannot write {str(target)!r}",
                found=f"the ending {target.suffix!r}",
                needed=f"a file name that ends in {endings[0]}",
                suggestion=f"choose another name with {option}",
            )
    check_outputs({"--out": out, "--report": report}, read)


def _scans(paths: Sequence[Path], reading: SpectrumReading) -> list[tuple[Path, XanesScan | EdgepairError]]:
    """Read every spectrum of every file; a file that cannot be read stands there as its error."""
    from edgepair.conventions import EdgepairError
    from edgepair.measured import read_xanes
    from edgepair.measured.guarded import expect_files

    expect_files(len(paths))
    scans: list[tuple[Path, XanesScan | EdgepairError]] = []
    for path in paths:
        try:
            read = read_xanes(path, item=reading.item, **reading.spectrum)
            scans += [(path, scan) for scan in read if not scan.foil]
        except EdgepairError as error:
            scans.append((path, error))
    return scans


def _chosen(
    own: tuple[Standard, ...],
    scan: XanesScan,
    library: bool,
    only: list[str] | None,
    without: list[str] | None,
) -> tuple[Standard, ...]:
    """Give the standards of a sample's element, or all where it is not known."""
    from edgepair.conventions import DataError
    from edgepair.standards.standards import select_standards, sound_standards

    chosen = sound_standards(scan.absorber, own, library=library)
    if not chosen:
        where = repr(scan.file) + (f", item {scan.item!r}" if scan.item else "")
        raise DataError(
            f"cannot fit mixtures to {where}",
            found=f"no standard of {scan.absorber or 'any element'}",
            needed="standards of the sample's element",
            suggestion="give your own with --standards; edgepair data standards lists the library",
        )
    return select_standards(chosen, only=only, without=without)
