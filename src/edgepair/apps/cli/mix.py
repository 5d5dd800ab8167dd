"""The command ``edgepair mix``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import aligned, print_json, print_lines, split_list, step_bar
from edgepair.apps.cli.options import (
    Json,
    Quiet,
    Report,
    SpectrumReading,
    check_outputs,
    own_standards,
    reads_spectra,
)
from edgepair.conventions import DataError, EdgepairError, OutputError
from edgepair.conventions.displayed import Record, full_title
from edgepair.conventions.errors import read_pair
from edgepair.files.caching import KeptRows
from edgepair.files.writing import json_ready
from edgepair.measured.samples import without_reference

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.measured import XanesScan
    from edgepair.mixtures.scan import SampleMixture
    from edgepair.standards.standards import Standard

SOME_FAILED = 1


@reads_spectra
def mix(
    reading: SpectrumReading,
    paths: Annotated[
        list[Path], typer.Argument(help="Measured XANES.", metavar="FILE...", show_default=False)
    ],
    standards: Annotated[
        Path | None, typer.Option(help="Table of standards of your own (.csv), besides the library.")
    ] = None,
    library: Annotated[
        bool, typer.Option(help="Use the library of standards that ships with edgepair.")
    ] = True,
    only: Annotated[
        list[str] | None, typer.Option(help="Fit these compounds, beamlines or standards only.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave out these compounds, beamlines or standards.")
    ] = None,
    most: Annotated[int, typer.Option("--max", help="Most compounds in a combination.")] = 3,
    energy_range: Annotated[
        str, typer.Option("--range", help="Range to fit, eV from the edge.", metavar="FIRST,LAST")
    ] = "-20,60",
    shift_limit: Annotated[
        float | None,
        typer.Option(help="Largest further shift, eV; default as far as the calibration may be wrong."),
    ] = None,
    asks: Annotated[
        bool, typer.Option("--predict/--no-predict", help="Put what predict answers beside the mixtures.")
    ] = True,
    model: Annotated[Path | None, typer.Option(help="Model that edgepair train wrote, for predict.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all combinations as a table (.csv).")] = None,
    report: Report = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Describe measured XANES as mixtures of measured standards."""
    reading.check()
    _check([*paths, standards, reading.foil_file, model], out, report)
    scale = reading.scale
    between = read_pair("--range", energy_range, of="range", needed="eV from the edge", example="-20,60")
    own = own_standards(standards, reading.absorber)
    scale["foil"] = reading.foil_reading()
    # Fitting a model takes seconds: none for an answer that nobody sees.
    asked = asks and (as_json or report is not None or not quiet)
    choice = split_list(only), split_list(without)
    rows_alone = report is None and not as_json
    settings = [reading, standards, library, *choice, most, between, shift_limit]
    kept = KeptRows("mix", out if rows_alone else None, settings)
    done = _Done(kept)
    with kept, step_bar("edgepair mix", quiet=quiet or as_json) as show, ThreadPoolExecutor(1) as beside:
        scans = _scans(paths, reading)
        for number, (path, scan) in enumerate(scans):
            show(number, len(scans), path.name)
            if earlier := kept.get(kept.key(scan)):
                done.tables.append(earlier)
                continue
            told = None
            # beside the search: forests grow without holding the interpreter
            if asked and not isinstance(scan, EdgepairError):
                told = beside.submit(model_rows, scan, standards=own, model=model, **scale)
            mixed = _mixed(
                scan, own, library, choice, reading, limit=most, window=between, shift_limit=shift_limit,
                **scale,
            )  # fmt: skip
            done.add(path, scan, mixed, told.result() if told else [], to_keep=out is not None)
    done.finish(out, report, as_json=as_json, quiet=quiet)


def _mixed(
    scan: XanesScan | EdgepairError,
    own: tuple[Standard, ...],
    library: bool,
    choice: tuple[list[str] | None, list[str] | None],
    reading: SpectrumReading,
    **options: Any,
) -> SampleMixture | EdgepairError:
    """Fit one spectrum, or give what keeps it from being fitted."""
    from edgepair.mixtures.scan import mix_scan

    try:
        if isinstance(scan, EdgepairError):
            raise scan
        scan = scan if reading.own_foils else without_reference(scan)
        return mix_scan(scan, _chosen(own, scan, library, *choice), **options)
    except EdgepairError as error:
        return error


@dataclass
class _Done:
    """What became of the spectra so far."""

    kept: KeptRows
    tables: list[pd.DataFrame | list[dict[str, object]]] = field(default_factory=list)
    found: list[tuple[SampleMixture, list[Record]]] = field(default_factory=list)
    documents: list[Record] = field(default_factory=list)
    errors: list[EdgepairError] = field(default_factory=list)

    def add(
        self, path: Path, scan: XanesScan | EdgepairError, mixed: SampleMixture | EdgepairError,
        answers: list[Record], *, to_keep: bool,
    ) -> None:  # fmt: skip
        """Take in one spectrum."""
        if isinstance(mixed, EdgepairError):
            self.errors.append(mixed)
            named = "" if isinstance(scan, EdgepairError) else scan.item
            self.documents.append({"file": str(path), "item": named, "error": str(mixed)})
            return
        if to_keep:
            table = mixed.to_table()
            self.tables.append(table)
            rows = json.loads(table.to_json(orient="records", double_precision=15))
            self.kept.add(self.kept.key(scan), rows)
        self.found.append((mixed, answers))
        self.documents.append(mixed.to_json() | {"model": answers})

    def finish(self, out: Path | None, report: Path | None, *, as_json: bool, quiet: bool) -> None:
        """Write and print, and end with the code that says whether all could be fitted."""
        from edgepair.report.mixture import write_mixture_table, write_mixtures

        for failed in self.errors if self.found or self.tables else self.errors[:-1]:
            print(f"edgepair: {failed}", file=sys.stderr)
        if not self.found and not self.tables:
            raise self.errors[-1]
        if out is not None:
            write_mixture_table(self.tables, out)
        self.kept.finish()
        earlier = len(self.tables) - len(self.found)
        if earlier > 0 and not quiet:
            print(f"{earlier} mixtures are those of an interrupted run, in {str(out)!r}")
        if report is not None:
            write_mixtures([(mixed, model_lines(answers)) for mixed, answers in self.found], report)
        if as_json:
            print_json(self.documents if len(self.documents) > 1 else self.documents[0])
        elif not quiet:
            for mixed, answers in self.found:
                print_mixture(mixed, answers)
        if self.errors:
            raise typer.Exit(SOME_FAILED)


def _check(read: Sequence[Path | None], out: Path | None, report: Path | None) -> None:
    """Refuse, before anything is read, what would not work or would overwrite an input."""
    if out is not None and out.suffix.lower() != ".csv":
        raise OutputError(
            f"cannot write {str(out)!r}",
            found=f"the ending {out.suffix!r}",
            needed="a file name that ends in .csv",
            suggestion="choose another name with --out",
        )
    check_outputs(read, out=out, report=report)


def _scans(paths: Sequence[Path], reading: SpectrumReading) -> list[tuple[Path, XanesScan | EdgepairError]]:
    """Read every spectrum of every file; a file that cannot be read stands there as its error."""
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


_COLUMNS = ("task", "value", "lower", "upper", "classes", "probability", "trust", "message")


def model_rows(scan: XanesScan, **options: Any) -> list[Record]:
    """Ask the model about the same sample."""
    from edgepair.prediction import predict

    try:
        table = predict(scan, absorber=scan.absorber, explain=False, **options).table
    except EdgepairError as error:
        return [dict.fromkeys(_COLUMNS) | {"message": f"{error.problem}: {error.found}"}]
    return [{name: json_ready(row[name]) for name in _COLUMNS} for row in table.to_dict("records")]


def model_lines(rows: Sequence[Record]) -> list[str]:
    """Say what the model answers of the oxidation state, which mixtures answer too."""
    lines = []
    for row in rows:
        if row["task"] is None:
            lines.append(f"the model does not answer: {row['message']}")
        elif row["task"] == "oxidation_state" and row["value"] is not None:
            text = f"the model says: oxidation state {row['value']:.2f}"
            if row["lower"] is not None and row["upper"] is not None:
                text += f" ({row['lower']:.2f} to {row['upper']:.2f})"
            lines.append(text + (f", trust: {row['trust']}" if row["trust"] else ""))
    return lines


def print_mixture(mixture: SampleMixture, answers: Sequence[Record]) -> None:
    """Print the best combinations of a sample, warnings, and the model's answer."""
    from edgepair.report.mixture import HEADINGS, closing_line, combination_rows, mixture_facts

    lines = [full_title(mixture.inspection.scan)]
    lines += [f"    {name:<15} {value}" for name, value in mixture_facts(mixture)]
    lines += ["", *aligned([HEADINGS, *combination_rows(mixture)], 2), "", f"  {closing_line(mixture)}"]
    lines += [f"  {line}" for line in model_lines(answers)]
    lines += [f"  ! {warning}" for warning in mixture.warnings]
    print_lines([*lines, ""])
