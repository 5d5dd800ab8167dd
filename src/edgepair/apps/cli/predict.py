"""The command ``edgepair predict``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepair.apps.cli.console import print_json, step_bar
from edgepair.apps.cli.options import (
    Deglitch,
    Json,
    OnePdfReading,
    OwnStandards,
    Quiet,
    Report,
    SpectrumReading,
    check_outputs,
    check_request,
    check_used,
    own_standards,
    reads_spectra,
)
from edgepair.apps.cli.predict_text import FEW, print_samples
from edgepair.conventions import EdgepairError, MeasurementError
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import visible
from edgepair.files.caching import KeptRows
from edgepair.measured.samples import Foil, Reading, Sample, gather_samples, given_facts

if TYPE_CHECKING:
    from edgepair.prediction import Prediction
    from edgepair.report.prediction.rows import PredictedSample
    from edgepair.spectra.alignment import FoilReading
    from edgepair.standards import Standard

MOST_EXPLAINED = 60
"""Samples that are explained unless asked for: an explanation takes many times as long as its answer."""

SOME_FAILED = 1
REFUSED = 2
_MOST_ERRORS = 20
"""Reasons that are printed at most; all are in the rows."""


@reads_spectra
def predict(
    reading: SpectrumReading,
    pdf: OnePdfReading,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Measured files, XANES or PDF; one of each is a pair.", metavar="FILE..."),
    ] = None,
    dpdf: Annotated[Path | None, typer.Option(help="File of a differential PDF of the absorber.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="CSV table of pairs: xanes,pdf,absorber.")] = None,
    deglitch: Deglitch = False,
    standards: OwnStandards = None,
    data: Annotated[Path | None, typer.Option(help="Dataset in place of the bundled simulations.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model that edgepair train wrote.")] = None,
    explain: Annotated[
        bool | None,
        typer.Option(
            help=f"Tell what drove each answer; default where shown, at most for {MOST_EXPLAINED} samples."
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of intervals and sets of classes.")] = 0.9,
    out: Annotated[Path | None, typer.Option(help="Write a table of all answers (CSV).")] = None,
    report: Report = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read oxidation state, coordination and bond length from measured files."""
    files = paths or []
    check_request(files, pairs, dpdf, confidence=confidence)
    reading.check()
    inputs = (*files, dpdf, pairs, reading.foil_file, standards, data, model)
    check_outputs(inputs, out=out, report=report)
    from edgepair.measured.guarded import expect_files

    foil = reading.foil()
    own = own_standards(standards, reading.absorber)
    shared = {
        "confidence_level": confidence, "standards": own, **reading.scale, "radiation": pdf.radiation,
        "data": data, "model": model,
    }  # fmt: skip
    how = Reading(reading.item, reading.spectrum, pdf.options, references=reading.own_foils)
    expect_files(len(files))
    samples: Sequence[Sample] = ()
    done: dict[int, list[_Answer]] = {}
    # What is kept of an interrupted run makes rows and documents again; figures are drawn of more.
    target = None if report is not None else out or (Path("document") if as_json else None)
    settings = [reading, confidence, pdf.radiation, standards, data, model, as_json]
    kept = KeptRows("predict", target, settings)
    try:
        with kept, step_bar("edgepair predict", quiet=quiet or as_json) as show:
            samples = gather_samples(
                files, pairs=pairs, dpdf=dpdf, reading=how, on_file=lambda name: show(0, 1, f"reading {name}")
            )
            check_used(samples, reading.spectrum, reading.calibration, pdf.options)
            if deglitch:
                from edgepair.measured.xanes.inspection import without_glitches

                edge = {name: reading.scale[name] for name in ("e0", "pre", "post")}
                samples = [
                    one if one.mu is None else replace(one, mu=without_glitches(one.mu, **edge)[0])
                    for one in samples
                ]
            shown = as_json or report is not None or len(samples) <= FEW
            explained = {None: MOST_EXPLAINED if shown else 0, True: len(samples), False: 0}[explain]
            answers = _answer_all(samples, foil, shared, show, explained, done, kept, as_json=as_json)
    except (KeyboardInterrupt, SystemExit):
        print(f"edgepair: interrupted; {_keep(samples, done, out)}", file=sys.stderr)
        raise
    if own and model is None and not (quiet or as_json):
        _tell_standards(own, answers, data)
    _finish(answers, out=out, report=report, as_json=as_json, quiet=quiet, kept=kept)


def _tell_standards(standards: tuple[Standard, ...], answers: list[_Answer], data: Path | None) -> None:
    """Print what the user's own standards changed, for every metal that was answered."""
    from edgepair.dataset import open_dataset
    from edgepair.prediction.own_standards import own_standards_report

    own = None if data is None else open_dataset(data, instrument=None)
    metals = dict.fromkeys(answer.sample.absorber for answer in answers if answer.sample.prediction)
    for metal in metals:
        for line in own_standards_report(standards, metal, data=own).lines():
            print(line)


@dataclass(frozen=True)
class _Answer:
    """A sample with what became of it, and the whole reason where there is no answer."""

    sample: PredictedSample
    reason: str = ""


def _finish(
    answers: Sequence[_Answer],
    *,
    out: Path | None,
    report: Path | None,
    as_json: bool,
    quiet: bool,
    kept: KeptRows,
) -> None:
    """Write and print, and end with the code that says how much was answered."""
    samples = [answer.sample for answer in answers]
    reasons = list(dict.fromkeys(answer.reason for answer in answers if answer.reason))
    for reason in reasons[:_MOST_ERRORS]:
        print(f"edgepair: {reason}", file=sys.stderr)
    if len(reasons) > _MOST_ERRORS:
        print(f"edgepair: and {len(reasons) - _MOST_ERRORS} reasons more; --out lists all", file=sys.stderr)
    if out is not None:
        from edgepair.report.prediction.rows import write_rows

        write_rows(samples, out)
    earlier = sum(sample.kept is not None for sample in samples)
    if earlier and not (quiet or as_json):
        print(f"{earlier} of {len(samples)} answers are those of an interrupted run, in {str(out)!r}")
    answered = any(sample.prediction is not None for sample in samples)
    if report is not None and answered:
        from edgepair.report.prediction.page import write_prediction

        write_prediction(samples, report)
    if as_json:
        print_json({"samples": [sample.document() for sample in samples]})
    elif answered and not quiet:
        print_samples(samples)
    kept.finish()
    if not answered and not any(sample.kept is not None and sample.status == "ok" for sample in samples):
        raise typer.Exit(REFUSED)
    if reasons:
        raise typer.Exit(SOME_FAILED)


def _answer_all(
    samples: Sequence[Sample],
    foil: Foil | None,
    options: Record,
    show: Callable[[int, int, str], None],
    explained: int,
    answers: dict[int, list[_Answer]],
    kept: KeptRows,
    *,
    as_json: bool,
) -> list[_Answer]:
    """Answer samples by absorber; `answers` takes them one by one: none is lost by an interruption."""
    from edgepair.report.prediction.rows import PredictedSample

    read = [place for place, sample in enumerate(samples) if sample.error is None]
    absorbers = list(dict.fromkeys(sample.absorber for sample in samples))
    order = sorted(range(len(samples)), key=lambda k: absorbers.index(samples[k].absorber))
    for number, place in enumerate(order):
        show(number, len(samples), next(iter(samples[place].sources.values()))[0])
        explain = place in read[:explained]
        key = kept.key((samples[place], as_json and explain))
        if earlier := kept.get(key):
            answers[place] = [_Answer(PredictedSample(**one), reason) for one, reason in earlier]
            continue
        answers[place] = answer_sample(samples[place], foil, options | {"explain": explain})
        kept.add(key, [(one.sample.to_keep(document=as_json), one.reason) for one in answers[place]])
    return [answer for place in range(len(samples)) for answer in answers[place]]


def _keep(samples: Sequence[Sample], done: dict[int, list[_Answer]], out: Path | None) -> str:
    """Write the rows of an interrupted run, those that are missing marked; say what was written."""
    from edgepair.report.prediction.rows import PredictedSample, write_rows

    if out is None or not done:
        return "no table or report was written"
    rows: list[PredictedSample] = []
    for place, sample in enumerate(samples):
        sources = _visible(sample)
        missing = PredictedSample(
            sources, sample.absorber or "", "failed", "interrupted before it was answered"
        )
        rows += [answer.sample for answer in done[place]] if place in done else [missing]
    try:
        write_rows(rows, out)
    except EdgepairError as error:
        return error.problem
    return f"{len(done)} of {len(samples)} samples are in {str(out)!r}, the others are marked there"


def answer_sample(sample: Sample, foil: Foil | None, options: Record) -> list[_Answer]:
    """Answer one sample; where a combination cannot be answered, each of its techniques."""
    first = _attempt(sample, foil, options)
    parts = sample.alone() if first.reason and sample.error is None else []
    if len(parts) < 2:
        return [first]
    combined = replace(first, sample=replace(first.sample, combined_only=True))
    return [*(_attempt(part, foil, options) for part in parts), combined]


def _attempt(sample: Sample, foil: Foil | None, options: Record) -> _Answer:
    from edgepair.prediction.predict import predict as answer
    from edgepair.report.prediction.rows import PredictedSample

    absorber = sample.absorber or ""
    sources = _visible(sample)
    if sample.foil:
        told = f"the spectrum of {absorber} metal beside samples, no oxide: answered only if named by --item"
        return _Answer(PredictedSample(sources, absorber, "foil", told))
    try:
        if sample.error is not None:
            raise sample.error
        reading = _foil_for(sample, foil)
        found = answer(sample.mu, sample.G, sample.G_M, absorber=sample.absorber, foil=reading, **options)
    except EdgepairError as error:
        told = f"{error.problem}: found {error.found}; needed {error.needed}; try: {error.suggestion}"
        return _Answer(PredictedSample(sources, absorber, "refused", _one_line(told)), str(error))
    except Exception as error:
        # One sample must not take the answers of a whole night with it.
        told = f"{type(error).__name__}: {error}"
        title = " and ".join(repr(file) for file, _ in sample.sources.values())
        reason = (
            f"cannot answer {title}\n  Found:  {_one_line(told)}\n  Needed: a calculation that ends\n"
            "  Try:    look at the file with edgepair inspect; if it looks right, report this as a fault"
        )
        return _Answer(PredictedSample(sources, absorber, "failed", _one_line(told)), reason)
    facts = (
        *_facts(sample, foil, options, found),
        *(given_facts(**options) if sample.mu is not None else ()),
    )
    return _Answer(PredictedSample(_named(sources, found), found.absorber, prediction=found, facts=facts))


def _named(sources: dict[str, tuple[str, str]], found: Prediction) -> dict[str, tuple[str, str]]:
    """Name the techniques as the answer does: the radiation of a PDF may have been settled there."""
    from edgepair.prediction.result import rows_of

    told = {part for row in rows_of(found, "table") for part in row["technique"].split("+")}
    swap = {"pdf": "npdf", "npdf": "pdf"}
    return {
        name if name in told or swap.get(name) not in told else swap[name]: source
        for name, source in sources.items()
    }


def _foil_for(sample: Sample, foil: Foil | None) -> FoilReading | None:
    """Give the foil's reading to spectra of its element: an angle's error differs at another edge."""
    if foil is None or sample.mu is None:
        return None
    if foil.absorber and sample.absorber and foil.absorber != sample.absorber:
        raise MeasurementError(
            f"cannot calibrate {sample.mu.file!r} by {foil.path!r}",
            found=f"a spectrum of {sample.absorber} and a foil of {foil.absorber}",
            needed="a foil of the same element",
            suggestion="answer the spectra of each element by a command of their own",
        )
    return foil.reading


def _facts(
    sample: Sample, foil: Foil | None, options: Record, found: Prediction
) -> Iterator[tuple[str, str]]:
    """Say what was read of each file, and where a spectrum's edge is, on the scale of its file."""
    if sample.mu is not None:
        if sample.mu.reference_item and not (options["shift"] or foil):
            from edgepair.measured.xanes.calibration import calibrate_scan

            yield "foil", calibrate_scan(sample.mu).text
        x = sample.mu.energy
        span = f"{len(x)} points, {x[0]:.1f} to {x[-1]:.1f} eV"
        yield "XANES", f"{sample.mu.format}; μ = {sample.mu.mu_from}; {span}"
        yield "edge", f"E0 {found.e0:.2f} eV as measured, edge step {found.edge_step:.3g}"
    for title, curve in (("PDF", sample.G), ("dPDF", sample.G_M)):
        if curve is not None:
            end = f", Qmax {curve.qmax:g} 1/Å" if curve.qmax is not None else ""
            span = f"{len(curve.r)} points, {curve.r[0]:g} to {curve.r[-1]:g} Å"
            yield title, f"{curve.format}; {curve.radiation or 'radiation not told'}{end}; {span}"


def _visible(sample: Sample) -> dict[str, tuple[str, str]]:
    """Name files and items so that they can be printed: they may hold bytes that are no text."""
    return {name: (visible(file), visible(item)) for name, (file, item) in sample.sources.items()}


def _one_line(text: str) -> str:
    return " ".join(text.split())
