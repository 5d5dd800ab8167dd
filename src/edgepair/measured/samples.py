"""Measured files to samples: what kind each is, a foil to calibrate by, which files belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from edgepair.conventions.errors import read_pair
from edgepair.files.reading import read_listed

if TYPE_CHECKING:
    from edgepair.conventions import EdgepairError
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.spectra.alignment import FoilReading

Options: TypeAlias = "Mapping[str, str | None]"
PdfOptions: TypeAlias = "Mapping[str, str | float | None]"
"""Options of `read_xanes` and of `read_pdf` by name; None where they are not given."""

Curve = TypeVar("Curve", "XanesScan", "PdfCurve")

PAIR_COLUMNS = ("xanes", "pdf", "absorber")
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

    @property
    def spectra(self) -> tuple[XanesScan, ...]:
        """Its absorption spectra."""
        from edgepair.measured import XanesScan

        return tuple(curve for curve in self.curves if isinstance(curve, XanesScan))

    @property
    def pdfs(self) -> tuple[PdfCurve, ...]:
        """Its pair distribution functions."""
        from edgepair.measured import PdfCurve

        return tuple(curve for curve in self.curves if isinstance(curve, PdfCurve))


@dataclass(frozen=True)
class Foil:
    """A metal foil to calibrate by."""

    path: str
    absorber: str | None
    reading: FoilReading


def read_measured(
    path: Path, item: str | None, spectrum_options: Options, pdf_options: PdfOptions
) -> MeasuredFile:
    """Read a file as what its content says it is."""
    from edgepair.conventions import EdgepairError
    from edgepair.measured import read_pdf, read_xanes
    from edgepair.measured.guarded import GivenUpError
    from edgepair.measured.pdf.function import OtherFunctionError

    given = {name: value for name, value in spectrum_options.items() if value is not None}
    given_pdf = {name: value for name, value in pdf_options.items() if value is not None}
    # The kind is told without options first: "column 2" can be found in a file of either kind.
    metal = {name: value for name, value in given.items() if name == "absorber"}
    reader: Callable[..., tuple[XanesScan | PdfCurve, ...]]
    attempts: list[tuple[str, Callable[..., tuple[XanesScan | PdfCurve, ...]], PdfOptions]]
    attempts = [("xanes", read_xanes, metal), ("pdf", read_pdf, {})]
    attempts += [("xanes", read_xanes, given)] if given != metal else []
    attempts += [("pdf", read_pdf, given_pdf)] if given_pdf else []
    reasons: dict[str, EdgepairError] = {}
    named_pdf = path.name.lower().removesuffix(".gz").endswith(_PDF_ENDINGS)
    for kind, reader, options in attempts:
        mine = given if kind == "xanes" else given_pdf
        try:
            curves = reader(path, item=item, **options)
        except EdgepairError as error:
            reasons[kind] = error
            if isinstance(error, GivenUpError) and not named_pdf:
                # What took all the time and memory there are would take them again.
                raise
            continue
        if mine != options:
            # Its kind is known: what is wrong with an option now is the answer.
            curves = reader(path, item=item, **mine)
        return MeasuredFile(str(path), kind, curves)
    is_other = isinstance(reasons["pdf"], OtherFunctionError)
    raise reasons["pdf" if named_pdf or is_other else "xanes"]


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
    **_: object,
) -> list[tuple[str, str]]:
    """Say what of a normalisation was given, not chosen: a report has to tell.

    ``e0`` in eV.

    >>> given_facts(pre=(-120.0, -40.0))
    [('normalised', 'pre-edge -120 to -40 eV, as given')]
    """
    told = [] if e0 is None else [f"E0 {e0:g} eV"]
    for name, between in (("pre-edge", pre), ("post-edge", post)):
        if between is not None:
            told.append(f"{name} {between[0]:+g} to {between[1]:+g} eV")
    return [("normalised", ", ".join(told) + ", as given")] if told else []


@dataclass(frozen=True)
class Reading:
    """How files are to be read."""

    item: str | None
    spectrum_options: Options
    pdf_options: PdfOptions
    references: bool = True
    """Whether foils measured with a sample calibrate it."""
    dpdf: str = ""
    """Names of the files of PDFs that are differential, as ``d*.gr``."""

    def read(self, path: Path, *, absorber: str | None = None, lenient: bool = False) -> MeasuredFile:
        """Read a file."""
        from edgepair.conventions import EdgepairError

        options = dict(self.spectrum_options)
        options["absorber"] = absorber or options.get("absorber")
        try:
            found = read_measured(path, self.item, options, self.pdf_options)
        except EdgepairError:
            if self.item is None or not lenient:
                raise
            found = read_measured(path, None, options, self.pdf_options)
            if len(found.samples) > 1:
                raise
        if found.kind == "pdf" and fnmatch(path.name, self.dpdf):
            return replace(found, curves=tuple(replace(pdf, differential=True) for pdf in found.pdfs))
        if self.references or found.kind != "xanes":
            return found
        return replace(found, curves=tuple(map(without_reference, found.spectra)))


@dataclass(frozen=True)
class Sample:
    """What is answered at once."""

    sources: Mapping[str, tuple[str, str]]
    absorber: str | None = None
    mu: XanesScan | None = None
    G: PdfCurve | None = None
    G_M: PdfCurve | None = None
    error: EdgepairError | None = None
    foil: bool = False

    def alone(self) -> list[Sample]:
        """Give each of its techniques as a sample of its own."""
        kept = {"xanes": "mu", "pdf": "G", "npdf": "G", "dpdf": "G_M"}
        samples = []
        for technique, source in self.sources.items():
            others = {name: None for name in kept.values() if name != kept[technique]}
            samples.append(replace(self, sources={technique: source}, error=None, foil=False, **others))
        return samples


def gather_samples(
    paths: Sequence[Path],
    *,
    pairs: Path | None,
    dpdf: Path | None,
    reading: Reading,
    on_file: Callable[[str], None] | None = None,
) -> list[Sample]:
    """Read files and put them together."""
    listed = _read_pairs(pairs) if pairs is not None else []
    found: list[tuple[Path, MeasuredFile | EdgepairError]] = []
    for path in paths:
        if on_file is not None:
            on_file(path.name)
        found.append((path, _try(path, reading, lenient=len(paths) == 2 or dpdf is not None)))
    samples = _together(found, reading)
    samples = _with_dpdf(samples, dpdf, reading) if dpdf is not None else samples
    for mu, G, absorber in listed:
        if on_file is not None:
            on_file((mu or G or Path()).name)
        samples += _pair_of_row(mu, G, absorber, reading)
    return samples


def _try(
    path: Path, reading: Reading, *, absorber: str | None = None, lenient: bool = False
) -> MeasuredFile | EdgepairError:
    from edgepair.conventions import EdgepairError

    try:
        return reading.read(path, absorber=absorber, lenient=lenient)
    except EdgepairError as error:
        return error


def _together(found: Sequence[tuple[Path, MeasuredFile | EdgepairError]], reading: Reading) -> list[Sample]:
    """Pair one spectrum with one PDF; leave everything else alone."""
    files = [one for _, one in found if isinstance(one, MeasuredFile)]
    if len(found) == 2 and [one.kind for one in sorted(files, key=lambda f: f.kind)] == ["pdf", "xanes"]:
        spectrum, curve = sorted(files, key=lambda one: one.kind, reverse=True)
        return [_pair(spectrum, curve, reading.spectrum_options.get("absorber"))]
    samples = []
    for path, one in found:
        if isinstance(one, MeasuredFile):
            samples += _alone(one, reading.spectrum_options.get("absorber"))
        else:
            samples.append(Sample({"": (str(path), reading.item or "")}, None, error=one))
    return samples


def _alone(file: MeasuredFile, absorber: str | None) -> list[Sample]:
    return [
        *(sample_of(absorber, (file.path, scan), None) for scan in file.spectra),
        *(sample_of(absorber, None, (file.path, pdf)) for pdf in file.pdfs),
    ]


def sample_of(
    absorber: str | None, spectrum: tuple[str, XanesScan] | None, pdf: tuple[str, PdfCurve] | None
) -> Sample:
    """Make a sample of a spectrum, a PDF or both, each with the path of its file."""
    sources: dict[str, tuple[str, str]] = {}
    mu, G, G_M = None, None, None
    if spectrum is not None:
        sources["xanes"], mu = (spectrum[0], spectrum[1].item), spectrum[1]
        absorber = absorber or mu.absorber
    if pdf is not None:
        sources[pdf_technique(pdf[1])] = (pdf[0], pdf[1].item)
        G, G_M = (None, pdf[1]) if pdf[1].differential else (pdf[1], None)
    foil = mu is not None and pdf is None and mu.foil
    return Sample(sources, absorber, mu=mu, G=G, G_M=G_M, foil=foil)


def _pair(spectrum: MeasuredFile, curve: MeasuredFile, absorber: str | None) -> Sample:
    mu = _only([scan for scan in spectrum.spectra if not scan.foil], spectrum, curve)
    G = _only(curve.pdfs, curve, spectrum)
    return sample_of(absorber, (spectrum.path, mu), (curve.path, G))


def _only(curves: Sequence[Curve], file: MeasuredFile, other: MeasuredFile) -> Curve:
    """Take the one curve of a file, or ask which."""
    if len(curves) == 1:
        return curves[0]
    from edgepair.conventions import OptionError

    names = [curve.item for curve in curves]
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    raise OptionError(
        f"cannot pair {file.path!r} with {other.path!r}",
        found=f"{len(names)} curves in {file.path!r}: {shown}",
        needed="one curve of each",
        suggestion=f"choose one with --item, or answer the files by two commands; --item {names[0]!r}",
    )


def pdf_technique(curve: PdfCurve) -> str:
    """Name the technique of a PDF: differential, or total and by its radiation."""
    if curve.differential:
        return "dpdf"
    return "npdf" if curve.radiation == "neutron" else "pdf"


def _with_dpdf(samples: list[Sample], path: Path, reading: Reading) -> list[Sample]:
    from edgepair.conventions import MeasurementError, OptionError

    if len(samples) > 1:
        names = [repr(file) for sample in samples for file, _ in sample.sources.values()]
        raise OptionError(
            f"cannot use the dPDF {str(path)!r}",
            found=f"{len(samples)} samples, {names[0]} and {len(samples) - 1} more",
            needed="one sample that it belongs to",
            suggestion="name the spectrum, and the PDF if there is one, of that sample alone",
        )
    file = reading.read(path, lenient=bool(samples))
    if file.kind != "pdf":
        raise MeasurementError(
            f"cannot read the dPDF {str(path)!r}",
            found="an absorption spectrum",
            needed="a differential PDF: columns r and G",
            suggestion="name the spectrum without --dpdf",
        )
    if len(file.curves) > 1:
        raise MeasurementError(
            f"cannot read the dPDF {str(path)!r}",
            found=f"{len(file.curves)} curves",
            needed="one",
            suggestion="write the one that is meant to a file of its own",
        )
    curve = replace(file.pdfs[0], differential=True)
    source = {"dpdf": (file.path, curve.item)}
    if not samples:
        return [Sample(source, reading.spectrum_options.get("absorber"), G_M=curve)]
    if samples[0].error is not None:
        raise samples[0].error
    first = dict(samples[0].sources)
    neutron = {"npdf": first.pop("npdf")} if "npdf" in first else {}
    return [replace(samples[0], sources=first | source | neutron, G_M=curve)]


def _read_pairs(path: Path) -> list[tuple[Path | None, Path | None, str | None]]:
    from edgepair.conventions import DataError

    rows = read_listed(
        path,
        "pairs",
        required=("xanes", "pdf"),
        needed="a CSV file with the columns xanes and pdf, and absorber where the edge does not tell it",
        suggestion="begin the table with the line " + ",".join(PAIR_COLUMNS),
    )
    listed: list[tuple[Path | None, Path | None, str | None]] = []
    for number, values in enumerate(rows, 2):
        # Files are named relative to the table, as in a table of standards.
        mu, G = (path.parent / values[key] if values[key] else None for key in ("xanes", "pdf"))
        if mu is None and G is None:
            raise DataError(
                f"cannot use row {number} of the pairs {str(path)!r}",
                found="neither a spectrum nor a PDF",
                needed="at least one of them",
                suggestion="remove the row",
            )
        listed.append((mu, G, values.get("absorber") or None))
    return listed


def _pair_of_row(mu: Path | None, G: Path | None, absorber: str | None, reading: Reading) -> list[Sample]:
    """Read one row of the table; what is wrong with it does not stop the others."""
    from edgepair.conventions import EdgepairError, MeasurementError

    both = mu is not None and G is not None
    samples: list[Sample] = []
    files: list[MeasuredFile] = []
    for path, kind in ((mu, "xanes"), (G, "pdf")):
        if path is None:
            continue
        one = _try(path, reading, absorber=absorber, lenient=both)
        if isinstance(one, MeasuredFile) and one.kind != kind:
            titles = {"xanes": "an absorption spectrum", "pdf": "a PDF"}
            one = MeasurementError(
                f"cannot use {str(path)!r} as {titles[kind]}",
                found=titles[one.kind],
                needed=f"{titles[kind]}, as the column {kind} says",
                suggestion="put the file into the other column",
            )
        if isinstance(one, MeasuredFile):
            files.append(one)
        else:
            samples.append(Sample({kind: (str(path), reading.item or "")}, absorber, error=one))
    named = absorber or reading.spectrum_options.get("absorber")
    if len(files) < 2:
        return [sample for file in files for sample in _alone(file, named)] + samples
    try:
        return [_pair(files[0], files[1], named)]
    except EdgepairError as error:
        sources = {"xanes": (files[0].path, ""), "pdf": (files[1].path, "")}
        return [Sample(sources, named, error=error)]
