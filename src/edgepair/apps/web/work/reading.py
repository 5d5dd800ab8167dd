"""Reading a visitor's file and telling what was understood, as ``edgepair inspect`` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.work.words import Drawn, in_visitors_words, plain_figure
from edgepair.conventions import EdgepairError
from edgepair.conventions.errors import check_number

if TYPE_CHECKING:
    from edgepair.measured.samples import MeasuredFile
    from edgepair.report.measured.shown import Seen
    from edgepair.spectra.alignment import FoilReading

SPECTRUM_OPTIONS = ("mu", "energy_column", "energy_unit", "absorber")
NORMALIZING = ("e0", "shift", "pre", "post")
"""Options that do not change what is read from a file; ranges are text, as on the command line."""

PDF_OPTIONS = ("radiation", "qmax", "composition", "number_density")

FOIL, DPDF = "foil", "dpdf"
"""Values of the option ``role``: a metal foil that calibrates others, a differential PDF."""

_REMEMBERED = 64
"""Files that are kept as read: moving E0 must not read the file again."""


@dataclass(frozen=True)
class FileRequest:
    """A file and how to read it."""

    path: Path
    name: str
    options: tuple[tuple[str, object], ...] = ()
    foil: FileRequest | None = None

    def option(self, name: str) -> Any:
        """Give an option; None where it was not given."""
        return dict(self.options).get(name)

    def normalizing(self) -> dict[str, Any]:
        """Give E0, shift, foil and ranges as `edgepair.predict` takes them."""
        from edgepair.measured.samples import read_ranges

        given = {name: self.option(name) for name in NORMALIZING}
        check_number("--shift", given["shift"], -200.0, 200.0, "eV")
        check_number("--e0", given["e0"], 100.0, 200_000.0, "eV")
        foil = None if self.foil is None else read_foil_file(self.foil)
        return given | read_ranges(given["pre"], given["post"]) | {"foil": foil}


@dataclass(frozen=True)
class Part:
    """One curve of a file, as it was understood; ``e0``, ``ranges`` in eV."""

    item: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    absorber: str | None
    e0: float | None
    ranges: Mapping[str, tuple[float, float]]
    error: EdgepairError | None
    figures: tuple[Drawn, ...]


@dataclass(frozen=True)
class Looked:
    """A file, as it was understood."""

    kind: str
    format: str
    items: tuple[str, ...]
    part: Part


def look(request: FileRequest, item: str | None, draw: bool) -> Looked:
    """Read a file and tell what was understood."""
    from edgepair.measured import PdfCurve, inspect_pdf
    from edgepair.report.measured.shown import SeenPdf, SeenXanes

    file = read(request)
    items = tuple(curve.item for curve in file.curves)
    curve = file.curves[items.index(item) if item in items else 0]
    absorber, e0 = None, None
    error: EdgepairError | None = None
    ranges: dict[str, tuple[float, float]] = {}
    told: Seen
    if isinstance(curve, PdfCurve):
        told = SeenPdf(curve, inspect_pdf(curve))
    else:
        from edgepair.measured.xanes.inspection import NOT_SHIFTED, inspect_xanes

        inspection = inspect_xanes(curve, **request.normalizing())
        told = SeenXanes(inspection)
        absorber, error = curve.absorber, inspection.error
        # On the scale of the file, as the field takes it.
        moved = inspection.calibration.shift if inspection.applied else 0.0
        e0 = None if inspection.e0 is None else inspection.e0 - moved
        spectrum = inspection.spectrum
        if spectrum is not None:
            ranges = {"pre": spectrum.pre, "post": spectrum.post}
    facts, warnings = tuple(told.facts()), tuple(told.warnings)
    if isinstance(told, SeenXanes) and inspection.calibration.by_own_foil:
        # Answers are calibrated by it: `edgepair inspect` leaves that to options.
        calibrated = f"{inspection.calibration.text}; the answer adds it"
        facts = tuple((name, calibrated if name == "calibration" else value) for name, value in facts)
        warnings = tuple(one for one in inspection.warnings if one.code != NOT_SHIFTED)
    if file.kind == "xanes" and request.option("role") == FOIL:
        # What is doubtful about a sample, that it is not calibrated above all, is not so about a foil.
        warnings, error = (), None
        try:
            foil = read_foil_file(request)
        except EdgepairError as refused:
            error = refused
        else:
            to_others = f"{foil.shift:+.2f} eV is added to the energies of other spectra"
            facts = (("used as", f"metal foil, edge at {foil.energy:.2f} eV: {to_others}"), *facts)
    figures = tuple(_figures(told)) if draw else ()
    part = Part(curve.item, facts, warnings, absorber, e0, ranges, error, figures)
    return Looked(file.kind, curve.format, items, part)


def read_foil_file(request: FileRequest) -> FoilReading:
    """Read the energy scale off a file that is said to hold a metal foil."""
    from edgepair.measured.xanes.calibration import read_foil_scan

    return read_foil_scan(read(request).spectra, request.option("absorber"), request.name)


def _figures(told: Seen) -> Iterator[Drawn]:
    """Draw a curve as `edgepair inspect --report` does."""
    from edgepair.report.measured.page import normalized_figure, pdf_figure, raw_figure
    from edgepair.report.measured.shown import SeenPdf

    if isinstance(told, SeenPdf):
        yield "G(r) as read", plain_figure(pdf_figure(told.pdf))
        return
    yield "As measured, with the lines of the normalisation", plain_figure(raw_figure(told.inspection))
    normal = normalized_figure(told.inspection)
    if normal is not None:
        yield "Normalised and flattened", plain_figure(normal)


def read(request: FileRequest) -> MeasuredFile:
    """Read a file, or take it from memory."""
    reading = tuple(pair for pair in request.options if pair[0] in (*SPECTRUM_OPTIONS, *PDF_OPTIONS))
    try:
        return _read(request.path, request.name, reading)
    except EdgepairError as error:
        # Our own name of the file means nothing to anybody.
        names = {request.path: request.name, Path(request.path.name): request.name}
        raise in_visitors_words(error, names) from None


@lru_cache(maxsize=_REMEMBERED)
def _read(path: Path, name: str, options: tuple[tuple[str, object], ...]) -> MeasuredFile:
    from edgepair.measured.guarded import alone
    from edgepair.measured.samples import MeasuredFile, read_measured

    given: dict[str, Any] = dict(options)
    spectrum, pdf = ({name: given.get(name) for name in names} for names in (SPECTRUM_OPTIONS, PDF_OPTIONS))
    with alone():
        file = read_measured(path, None, spectrum, pdf)
    return MeasuredFile(name, file.kind, tuple(replace(curve, file=name) for curve in file.curves))


def options_of(values: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    """Make options of what stands in the fields."""
    return tuple(sorted((name, value) for name, value in values.items() if value not in (None, "")))
