"""The command ``edgepair mix``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import read_pair, split_list
from edgepair.apps.cli.measured_files import (
    PostEdge,
    PreEdge,
    check_number,
    read_foil_file,
    read_ranges,
    reference_option,
    without_reference,
)
from edgepair.apps.cli.mix_text import model_lines, model_rows, print_mixture, waiting

if TYPE_CHECKING:
    from edgepair.conventions import EdgepairError
    from edgepair.measured import XanesScan
    from edgepair.mixtures.scan import SampleMixture
    from edgepair.standards.standard import Standard

SOME_FAILED = 1


def mix(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Measured XANES.", metavar="FILE...", show_default=False),
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
    absorber: Annotated[str | None, typer.Option(help="Absorbing metal, such as Fe.")] = None,
    item: Annotated[
        str | None, typer.Option(help="Group, scan or column, of a file that holds many.")
    ] = None,
    mu: Annotated[
        str | None, typer.Option(help="Column of the absorption, or an expression: '-ln(i1/i0)', '$4/$5'.")
    ] = None,
    energy_column: Annotated[str | None, typer.Option(help="Column of the energies.")] = None,
    energy_unit: Annotated[str | None, typer.Option(help="eV, keV or degree.")] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="File of a metal foil to calibrate energies by; none: not even by one in the file.",
            show_default=False,
        ),
    ] = None,
    shift: Annotated[float | None, typer.Option(help="Add this to the energies, eV.")] = None,
    e0: Annotated[float | None, typer.Option(help="Energy of the edge, eV, on the file's scale.")] = None,
    pre: PreEdge = None,
    post: PostEdge = None,
    window: Annotated[str, typer.Option(help="Range to fit, eV from the edge.")] = "-20,60",
    shift_limit: Annotated[
        float | None,
        typer.Option(
            help="Largest further shift, eV; default as far as the calibration may be wrong.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[bool, typer.Option(help="Put the model's own answer beside the mixtures.")] = True,
    out: Annotated[
        Path | None, typer.Option(help="Write all combinations as a table (.csv).", show_default=False)
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw sample, fit and components (.html).", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Describe measured XANES as mixtures of measured standards."""
    from edgepair.conventions import EdgepairError
    from edgepair.mixtures.scan import mix_scan

    reference, own_foils = reference_option(reference)
    _check(paths, standards, reference, out, figure, shift=shift)
    check_number("--shift", shift, -200, 200, "eV")
    check_number("--e0", e0, 100, 200_000, "eV")
    ranges = read_ranges(pre, post)
    between = read_pair("--window", window, of="window", needed="eV from the edge", example="-20,60")
    own = _own(standards, absorber)
    foil = read_foil_file(reference, absorber)
    reading = None if foil is None else foil.reading
    columns = {"mu": mu, "energy_column": energy_column, "energy_unit": energy_unit}
    # Fitting a model takes seconds: none for an answer that nobody sees.
    asked = model and (as_json or figure is not None or not quiet)
    choice = split_list(only), split_list(without)
    found: list[tuple[SampleMixture, list[dict[str, Any]]]] = []
    documents: list[dict[str, Any]] = []
    errors: list[EdgepairError] = []
    for path, scan in _scans(paths, item, absorber, columns):
        try:
            if isinstance(scan, EdgepairError):
                raise scan
            if not own_foils:
                scan = without_reference(scan)
            mixed = mix_scan(
                scan, _chosen(own, scan, library, *choice), e0=e0, shift=shift, foil=reading,
                limit=most, window=between, shift_limit=shift_limit, **ranges,
            )  # fmt: skip
        except EdgepairError as error:
            errors.append(error)
            named = "" if isinstance(scan, EdgepairError) else scan.item
            documents.append({"file": str(path), "item": named, "error": str(error)})
            continue
        answers = []
        if asked:
            with waiting(f"asking the model about {path.name}", quiet=quiet or as_json):
                answers = model_rows(scan, e0=e0, shift=shift, foil=reading, standards=own, **ranges)
        found.append((mixed, answers))
        documents.append(mixed.to_json() | {"model": answers})
    for failed in errors if found else errors[:-1]:
        print(f"edgepair: {failed}", file=sys.stderr)
    if not found:
        raise errors[-1]
    if out is not None:
        from edgepair.report.mixture.words import write_mixture_table

        write_mixture_table([mixed for mixed, _ in found], out)
    if figure is not None:
        from edgepair.report.mixture.page import write_mixtures

        write_mixtures([(mixed, model_lines(answers)) for mixed, answers in found], figure)
    if as_json:
        document = documents if len(documents) > 1 else documents[0]
        print(json.dumps(document, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        for mixed, answers in found:
            print_mixture(mixed, answers)
    if errors:
        raise typer.Exit(SOME_FAILED)


def _check(
    paths: Sequence[Path],
    standards: Path | None,
    reference: Path | None,
    out: Path | None,
    figure: Path | None,
    *,
    shift: float | None,
) -> None:
    """Refuse, before anything is read, what would not work or would overwrite an input."""
    from edgepair.conventions import OptionError, OutputError

    if shift is not None and reference is not None:
        raise OptionError(
            "cannot calibrate the energies twice",
            found=f"--shift {shift:g} and --reference {str(reference)!r}",
            needed="one of them",
            suggestion="leave --shift out to calibrate by the foil",
        )
    inputs = {path.resolve() for path in (*paths, standards, reference) if path is not None}
    for option, target, endings in (("--out", out, (".csv",)), ("--figure", figure, (".html", ".htm"))):
        if target is None:
            continue
        found, needed = "", "a file of its own in a folder that exists"
        if target.suffix.lower() not in endings:
            found, needed = f"the ending {target.suffix!r}", f"a file name that ends in {endings[0]}"
        elif not target.parent.is_dir():
            found = f"no folder {str(target.parent)!r}"
        elif target.resolve() in inputs:
            found = "one of the files to be read"
        if found:
            raise OutputError(
                f"cannot write {str(target)!r}",
                found=found,
                needed=needed,
                suggestion=f"choose another name with {option}",
            )


def _own(path: Path | None, absorber: str | None) -> tuple[Standard, ...]:
    if path is None:
        return ()
    from edgepair.standards.standards import read_standards

    return read_standards(path, absorber=absorber)


def _scans(
    paths: Sequence[Path], item: str | None, absorber: str | None, columns: dict[str, Any]
) -> list[tuple[Path, XanesScan | EdgepairError]]:
    """Read every spectrum of every file; a file that cannot be read stands there as its error."""
    from edgepair.conventions import EdgepairError
    from edgepair.measured import read_xanes

    scans: list[tuple[Path, XanesScan | EdgepairError]] = []
    for path in paths:
        try:
            read = read_xanes(path, item=item, absorber=absorber, **columns)
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
    from edgepair.standards.standards import load_standards, select_standards

    # what is graded C may be a mixture itself
    sound = tuple(s for s in load_standards(scan.absorber) if s.quality != "C") if library else ()
    chosen = own + sound
    if scan.absorber is not None:
        chosen = tuple(standard for standard in chosen if standard.absorber == scan.absorber)
    if not chosen:
        where = repr(scan.file) + (f", item {scan.item!r}" if scan.item else "")
        raise DataError(
            f"cannot fit mixtures to {where}",
            found=f"no standard of {scan.absorber or 'any element'}",
            needed="standards of the sample's element",
            suggestion="give your own with --standards; edgepair data standards lists the library",
        )
    return select_standards(chosen, only=only, without=without)
