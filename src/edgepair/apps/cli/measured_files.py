"""Measured files as commands take them: what kind each is, and a foil to calibrate by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from edgepair.apps.cli.console import read_pair

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.spectra.alignment import FoilReading

PreEdge: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Fit the pre-edge between these, eV from E0.", metavar="FIRST,LAST", show_default=False
    ),
]
"""Option ``--pre`` of commands that normalise spectra."""

PostEdge: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Fit the post-edge between these, eV from E0.", metavar="FIRST,LAST", show_default=False
    ),
]
"""Option ``--post`` of commands that normalise spectra."""

_PDF_ENDINGS = (".gr", ".fgr", ".ddp", ".ddp3")


@dataclass(frozen=True)
class MeasuredFile:
    """A file that was read, and what its content says it is."""

    path: str
    kind: str
    curves: tuple[XanesScan | PdfCurve, ...]

    @property
    def samples(self) -> tuple[XanesScan | PdfCurve, ...]:
        """Its curves but metal foils beside them."""
        return tuple(curve for curve in self.curves if not getattr(curve, "foil", False))


@dataclass(frozen=True)
class Foil:
    """A metal foil to calibrate by."""

    path: str
    absorber: str | None
    reading: FoilReading


def read_measured(
    path: Path, item: str | None, spectrum_options: Mapping[str, Any], pdf_options: Mapping[str, Any]
) -> MeasuredFile:
    """Read a file as what its content says it is."""
    from edgepair.conventions import EdgepairError
    from edgepair.measured import read_pdf, read_xanes
    from edgepair.measured.pdf.function import OtherFunctionError

    given = {name: value for name, value in spectrum_options.items() if value is not None}
    given_pdf = {name: value for name, value in pdf_options.items() if value is not None}
    # The kind is told without options first: "column 2" can be found in a file of either kind.
    metal = {name: value for name, value in given.items() if name == "absorber"}
    attempts: list[tuple[str, Any, dict[str, Any]]] = [("xanes", read_xanes, metal), ("pdf", read_pdf, {})]
    attempts += [("xanes", read_xanes, given)] if given != metal else []
    attempts += [("pdf", read_pdf, given_pdf)] if given_pdf else []
    reasons: dict[str, EdgepairError] = {}
    for kind, reader, options in attempts:
        mine = given if kind == "xanes" else given_pdf
        try:
            curves = reader(path, item=item, **options)
        except EdgepairError as error:
            reasons[kind] = error
            continue
        if mine != options:
            # Its kind is known: what is wrong with an option now is the answer.
            curves = reader(path, item=item, **mine)
        return MeasuredFile(str(path), kind, curves)
    named_pdf = path.name.lower().removesuffix(".gz").endswith(_PDF_ENDINGS)
    is_other = isinstance(reasons["pdf"], OtherFunctionError)
    raise reasons["pdf" if named_pdf or is_other else "xanes"]


def reference_option(path: Path | None) -> tuple[Path | None, bool]:
    """Give the file of ``--reference``, and whether foils in a sample's own file calibrate it."""
    off = path is not None and str(path).lower() == "none" and not path.exists()
    return (None if off else path), not off


def without_reference(scan: XanesScan) -> XanesScan:
    """Leave the foil that was measured with a sample out."""
    return replace(scan, reference=None, reference_item="")


def read_foil_file(path: Path | None, absorber: str | None) -> Foil | None:
    """Read the file of ``--reference``."""
    if path is None:
        return None
    from edgepair.measured import read_xanes
    from edgepair.measured.xanes.calibration import read_foil_scan

    scans = read_xanes(path)
    told = {scan.absorber for scan in scans if scan.absorber}
    metal = absorber or (told.pop() if len(told) == 1 else None)
    return Foil(str(path), metal, read_foil_scan(scans, absorber, str(path)))


def read_ranges(pre: str | None, post: str | None) -> dict[str, tuple[float, float] | None]:
    """Read the options ``--pre`` and ``--post``.

    Examples
    --------
    >>> read_ranges("-150,-30", None)
    {'pre': (-150.0, -30.0), 'post': None}
    """
    from edgepair.spectra.normalization import check_ranges

    examples = {"pre": "-150,-30", "post": "50,500"}
    found: dict[str, tuple[float, float] | None] = {}
    for name, text in (("pre", pre), ("post", post)):
        found[name] = None
        if text is not None:
            found[name] = read_pair(
                f"--{name}", text, of=f"{name}-edge range", needed="eV from E0", example=examples[name]
            )
    check_ranges(found["pre"], found["post"])
    return found


def given_facts(
    *,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
    **_: Any,
) -> list[tuple[str, str]]:
    """Say what of a normalisation was given, not chosen: a report has to tell.

    ``e0`` in eV.

    Examples
    --------
    >>> given_facts(pre=(-120.0, -40.0))
    [('normalised', 'pre-edge -120 to -40 eV, as given')]
    """
    told = [] if e0 is None else [f"E0 {e0:g} eV"]
    for name, between in (("pre-edge", pre), ("post-edge", post)):
        if between is not None:
            told.append(f"{name} {between[0]:+g} to {between[1]:+g} eV")
    return [("normalised", ", ".join(told) + ", as given")] if told else []


def check_number(name: str, value: float | None, low: float, high: float, unit: str) -> None:
    """Refuse an option's number that no measurement has."""
    if value is None or (math.isfinite(value) and low <= value <= high):
        return
    from edgepair.conventions import OptionError

    shown = f" {unit}" if unit else ""
    raise OptionError(
        f"cannot use {name} {value:g}",
        found=f"{value:g}{shown}",
        needed=f"a number from {low:g} to {high:g}{shown}",
        suggestion="check the unit" if unit else f"give it as in {name} {(low + high) / 2:g}",
    )
