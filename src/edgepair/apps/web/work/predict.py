"""What the page Predict computes, in a process of its own: each function calls public ones of edgepair."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.work.figures import plain_figure
from edgepair.conventions import TASKS, TECHNIQUES, EdgepairError, OptionError

if TYPE_CHECKING:
    from edgepair.apps.cli.measured_files import MeasuredFile
    from edgepair.measured import PdfCurve
    from edgepair.measured.inspection import XanesInspection
    from edgepair.report.prediction_rows import PredictedSample

SPECTRUM_OPTIONS = ("mu", "energy_column", "energy_unit", "absorber")
PDF_OPTIONS = ("radiation", "qmax", "composition", "number_density")

_REMEMBERED = 64
"""Files that are kept as read: moving E0 must not read the file again."""


@dataclass(frozen=True)
class FileRequest:
    """A file and how to read it.

    Attributes
    ----------
    path : pathlib.Path
        Where it lies.
    name : str
        The visitor's name of it, for messages.
    options : tuple of tuple
        Names and values: options of `edgepair.read_xanes` and `edgepair.read_pdf`, ``e0``, ``shift``
        and ``role`` (``dpdf`` for a differential PDF).
    """

    path: Path
    name: str
    options: tuple[tuple[str, Any], ...] = ()

    def option(self, name: str) -> Any:
        """Give an option; None where it was not given."""
        return dict(self.options).get(name)


@dataclass(frozen=True)
class Part:
    """One curve of a file, as it was understood.

    Attributes
    ----------
    item : str
        Its name within the file; empty where it is the only one.
    facts : tuple of tuple of str
        Names and values.
    warnings : tuple of str
        What is doubtful.
    problem : str
        Why it could not be normalised.
    absorber : str or None
        Its element, as far as that is known.
    e0 : float or None
        Energy of the edge, eV.
    figures : tuple of tuple
        Titles and figures; none unless it was to be drawn.
    """

    item: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    problem: str
    absorber: str | None
    e0: float | None
    figures: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Looked:
    """A file, as it was understood.

    Attributes
    ----------
    kind : str
        ``xanes`` or ``pdf``.
    format : str
        Name of the file format.
    items : tuple of str
        Names of all its curves.
    part : Part
        The one that was asked for, or the first.
    """

    kind: str
    format: str
    items: tuple[str, ...]
    part: Part


@dataclass(frozen=True)
class SampleRequest:
    """Curves of one sample.

    Attributes
    ----------
    curves : tuple of tuple
        Files and items: at most one spectrum, one PDF and one dPDF.
    """

    curves: tuple[tuple[FileRequest, str], ...]


@dataclass(frozen=True)
class Answered:
    """A sample and what became of it, in plain values: the server knows no arrays.

    Attributes
    ----------
    name : str
        Files and items, for people.
    detail : dict
        What the page shows, with its figures; empty without an answer.
    error : EdgepairError or None
        Why there is no answer.
    """

    name: str
    detail: dict[str, Any] = field(default_factory=dict)
    error: EdgepairError | None = None


SAVED = {"csv": "answers.csv", "json": "answers.json", "html": "answers.html"}
"""Files that `answer` writes, by their kinds."""


def warm(absorber: str | None) -> None:
    """Load what the first visitor would wait for.

    Parameters
    ----------
    absorber : str or None
        Element whose example is read; None: what answers need instead.
    """
    if absorber is None:
        import edgepair.prediction
        import edgepair.report.prediction_page

        return
    import edgepair.apps.cli.inspect_text
    import edgepair.report.figures_measured  # noqa: F401

    example_files(absorber)


def look(request: FileRequest, item: str | None, draw: bool) -> Looked:
    """Read a file and tell what was understood.

    Parameters
    ----------
    request : FileRequest
        The file.
    item : str or None
        Which of its curves to tell of; None: the first.
    draw : bool
        Whether to draw it, which takes much longer than to read it.

    Returns
    -------
    Looked
        With the facts of one curve.
    """
    file = read(request)
    items = tuple(curve.item for curve in file.curves)
    curve: Any = file.curves[items.index(item) if item in items else 0]
    if file.kind == "pdf":
        from edgepair.apps.cli.inspect_text import SeenPdf
        from edgepair.measured import inspect_pdf

        seen_pdf = SeenPdf(curve, inspect_pdf(curve))
        told: Any = seen_pdf
        absorber, e0 = None, None
    else:
        from edgepair.apps.cli.inspect_text import SeenXanes
        from edgepair.apps.cli.measured_files import check_number
        from edgepair.measured.inspection import inspect_xanes

        check_number("--shift", request.option("shift"), -200.0, 200.0, "eV")
        check_number("--e0", request.option("e0"), 100.0, 200_000.0, "eV")

        inspection = inspect_xanes(curve, e0=request.option("e0"), shift=request.option("shift"))
        told = SeenXanes(inspection)
        absorber, e0 = curve.absorber, inspection.e0
    part = Part(
        curve.item,
        tuple(told.facts()),
        tuple(told.warnings),
        told.problem,
        absorber,
        e0,
        tuple(_figures(told.drawn)) if draw else (),
    )
    return Looked(file.kind, curve.format, items, part)


def _figures(drawn: XanesInspection | PdfCurve) -> Iterator[tuple[str, dict[str, Any]]]:
    """Draw a curve as `edgepair inspect --figure` does."""
    from edgepair.measured import PdfCurve
    from edgepair.report.figures_measured import normalized_figure, pdf_figure, raw_figure

    if isinstance(drawn, PdfCurve):
        yield "G(r) as read", plain_figure(pdf_figure(drawn))
        return
    yield "As measured, with the lines of the normalisation", plain_figure(raw_figure(drawn))
    normal = normalized_figure(drawn)
    if normal is not None:
        yield "Normalised and flattened", plain_figure(normal)


def answer(
    requests: Sequence[SampleRequest],
    confidence: float,
    folder: Path,
    on_progress: Callable[[float, float, str], None],
) -> list[Answered]:
    """Answer samples, and write the answers as the command line does.

    Parameters
    ----------
    requests : sequence of SampleRequest
        In the order to be shown.
    confidence : float
        Coverage of intervals and class sets.
    folder : pathlib.Path
        The visitor's own; the files of `SAVED` are written there.
    on_progress : callable
        Called before each.

    Returns
    -------
    list of Answered
        One per sample.
    """
    from edgepair.conventions.writing import write_whole
    from edgepair.report.prediction_page import write_prediction
    from edgepair.report.prediction_rows import write_rows

    samples: list[PredictedSample] = []
    answers: list[Answered] = []
    for number, request in enumerate(requests):
        first = "; the first of an element or instrument takes some seconds" if number == 0 else ""
        on_progress(number, len(requests), f"answering {number + 1} of {len(requests)}{first}")
        sample, error = _answer(request, confidence)
        samples.append(sample)
        answers.append(Answered(sample.name, _detail(sample) if error is None else {}, error))
    on_progress(len(requests), len(requests), "writing tables and report")
    write_rows(samples, folder / SAVED["csv"])
    whole = {"samples": [sample.document() for sample in samples]}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False)
    write_whole(folder / SAVED["json"], text, what="the document", suggestion="try again")
    write_prediction(samples, folder / SAVED["html"])
    return answers


def read(request: FileRequest) -> MeasuredFile:
    """Read a file, or take it from memory.

    Parameters
    ----------
    request : FileRequest
        The file.

    Returns
    -------
    MeasuredFile
        Its curves bear the visitor's name of the file.

    Raises
    ------
    EdgepairError
        It is neither a spectrum nor a PDF; the visitor's name stands in the message.
    """
    reading = tuple(pair for pair in request.options if pair[0] in (*SPECTRUM_OPTIONS, *PDF_OPTIONS))
    try:
        return _read(request.path, request.name, reading)
    except EdgepairError as error:
        raise _in_visitors_words(error, request) from None


@lru_cache(maxsize=_REMEMBERED)
def _read(path: Path, name: str, options: tuple[tuple[str, Any], ...]) -> MeasuredFile:
    from edgepair.apps.cli.measured_files import MeasuredFile, read_measured

    given = dict(options)
    file = read_measured(
        path,
        None,
        {name: given.get(name) for name in SPECTRUM_OPTIONS},
        {name: given.get(name) for name in PDF_OPTIONS},
    )
    curves: Any = tuple(replace(curve, file=name) for curve in file.curves)
    return MeasuredFile(name, file.kind, curves)


def _in_visitors_words(error: EdgepairError, request: FileRequest) -> EdgepairError:
    """Name the file as the visitor does: our own name of it means nothing to anybody."""
    parts = {
        part: getattr(error, part)
        .replace(str(request.path), request.name)
        .replace(request.path.name, request.name)
        for part in ("problem", "found", "needed", "suggestion")
    }
    return type(error)(parts.pop("problem"), **parts)


def _answer(request: SampleRequest, confidence: float) -> tuple[PredictedSample, EdgepairError | None]:
    from edgepair import predict
    from edgepair.report.formats import short_title
    from edgepair.report.prediction_rows import PredictedSample

    sources = {"" if len(request.curves) == 1 else f"file {k}": (file.name, item)
               for k, (file, item) in enumerate(request.curves, 1)}  # fmt: skip
    absorber = ""
    try:
        curves = _curves(request)
        sources = {name: (file.name, curve.item) for name, (file, curve) in curves.items()}
        for file, curve in curves.values():
            absorber = absorber or str(file.option("absorber") or getattr(curve, "absorber", None) or "")
        given = {name: curve for name, (_, curve) in curves.items()}
        spectrum = curves["xanes"][0] if "xanes" in curves else FileRequest(Path(), "")
        found = predict(
            given.get("xanes"),
            given.get("pdf", given.get("npdf")),
            given.get("dpdf"),
            absorber=absorber or None,
            e0=spectrum.option("e0"),
            shift=spectrum.option("shift"),
            confidence_level=confidence,
        )
    except EdgepairError as error:
        told = f"{error.problem}: found {error.found}; needed {error.needed}; try: {error.suggestion}"
        return PredictedSample(sources, absorber, "refused", " ".join(told.split())), error
    facts = tuple((f"{short_title(name)} read as", curve.format) for name, (_, curve) in curves.items())
    return PredictedSample(sources, found.absorber, prediction=found, facts=facts), None


def _curves(request: SampleRequest) -> dict[str, tuple[FileRequest, Any]]:
    """Read the curves of a sample: file and curve by technique, in the order of the techniques."""
    from edgepair.apps.cli.predict_samples import pdf_technique

    found: dict[str, tuple[FileRequest, Any]] = {}
    for file, item in request.curves:
        curve, kind = _curve(file, item)
        name = "xanes"
        if kind == "pdf":
            name = "dpdf" if file.option("role") == "dpdf" else pdf_technique(curve)
        taken = found.get(name) or found.get({"pdf": "npdf", "npdf": "pdf"}.get(name, ""))
        if taken is not None:
            raise _twice(taken[0].name, file.name)
        found[name] = (file, curve)
    return {name: found[name] for name in TECHNIQUES if name in found}


def _curve(file: FileRequest, item: str) -> tuple[Any, str]:
    read_file = read(file)
    for curve in read_file.curves:
        if curve.item == item:
            return curve, read_file.kind
    raise OptionError(
        f"cannot find {item!r} in {file.name!r}",
        found="items of other names, as it is read now",
        needed="one of " + ", ".join(curve.item for curve in read_file.curves[:8]),
        suggestion="choose the part of the file again",
    )


def _twice(first: str, second: str) -> EdgepairError:
    return OptionError(
        f"cannot answer {first!r} and {second!r} as one sample",
        found="two curves of one technique",
        needed="at most one spectrum, one PDF and one dPDF of a sample",
        suggestion="give each its own sample number",
    )


class _Shelf:
    """Takes figures as a report's shelf does, and keeps each as it is."""

    def keep(self, figure: Any, title: str) -> dict[str, Any]:
        return {"title": title, "figure": plain_figure(figure)}


def _detail(sample: PredictedSample) -> dict[str, Any]:
    from edgepair.report.prediction_page import _detail as sample_detail

    shelf: Any = _Shelf()
    return sample_detail(sample, shelf) | {"tasks": list(TASKS), "trust": sample.trust}


def example_files(absorber: str) -> list[tuple[str, bytes]]:
    """Write a bundled example: a measured standard and a simulated PDF of the same formula.

    Parameters
    ----------
    absorber : str
        Chemical symbol.

    Returns
    -------
    list of tuple
        Names and contents: a spectrum, and a PDF where that formula was simulated.

    Raises
    ------
    OptionError
        Nothing is bundled for that element.
    """
    from edgepair.dataset import load_bundled, load_standards
    from edgepair.measured.calibration import MARK

    data = load_bundled(absorber)
    formulas = [str(formula) for formula in data["formula"].values]
    # The best measured one, if it can be of a formula that was simulated, and calibrated.
    standard = min(
        load_standards(absorber),
        key=lambda one: (one.formula not in formulas, one.quality, isnan(one.energy_shift), one.compound),
    )
    spectrum = [
        "# XDI/1.0 edgepair",
        f"# Element.symbol: {absorber}",
        "# Element.edge: K",
        "# Column.1: energy eV",
        "# Column.2: normtrans",
        f"# Sample.name: {standard.compound}",
        *([] if isnan(standard.energy_shift) else [f"# {MARK}: {standard.energy_shift:+.2f} eV"]),
        f"# Edgepair.source: {standard.source}",
        f"# Edgepair.licence: {standard.licence}",
        "# ---",
        *(f"{x:.3f} {y:.6f}" for x, y in zip(standard.energy, standard.mu, strict=True)),
    ]
    files = [(f"{standard.compound} {absorber} K (measured standard).xdi", spectrum)]
    if standard.formula in formulas:
        row = formulas.index(standard.formula)
        curve = [
            f"composition = {standard.formula}",
            "mode = xray",
            f"# simulated from {data['material_id'].values[row]} of the bundled data",
            "#### start data",
            *(f"{r:.3f} {g:.6f}" for r, g in zip(data["r"].values, data["G"].values[row], strict=True)),
        ]
        files.append((f"{standard.formula} (simulated).gr", curve))
    return [(name, "\n".join(lines).encode()) for name, lines in files]


def options_of(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Make options of what stands in the fields.

    Parameters
    ----------
    values : mapping
        By the name of the option; empty where nothing was given.

    Returns
    -------
    tuple of tuple
        What was given, in the order of the names.
    """
    return tuple(sorted((name, value) for name, value in values.items() if value not in (None, "")))
