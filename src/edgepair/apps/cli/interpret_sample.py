"""What ``edgepair interpret --sample`` does: one measured sample, region by region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.cli.console import output_console, plain_table, print_json, print_lines
from edgepair.apps.cli.progress import step_bar
from edgepair.conventions.displayed import Record

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.apps.cli.options import SpectrumReading
    from edgepair.measured.samples import Sample
    from edgepair.prediction import Prediction


def explain_sample(
    paths: list[Path],
    *,
    absorbers: list[str] | None,
    data: list[str] | None,
    tasks: list[str] | None,
    techniques: list[str] | None,
    reading: SpectrumReading,
    report: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read, answer and explain one sample, and print or write why."""
    from edgepair.files.writing import check_outputs
    from edgepair.interpretation import interpret_sample
    from edgepair.prediction.predict import predict
    from edgepair.report.kit.embedding import check_page_name

    if report is not None:
        check_page_name(report)
    check_outputs({"--report": report}, (*paths, *(data or ())))
    absorber = _only(absorbers, "--absorber", "one absorbing metal")
    own = _only(data, "--data", "one dataset in place of the bundled one")
    reading = replace(reading, absorber=absorber)
    sample = _read(paths, reading)
    foil = reading.foil()
    with step_bar("edgepair interpret", quiet=quiet or as_json) as show:
        show(0, 2, "answering")
        prediction = predict(
            sample.mu, sample.G, sample.G_M, absorber=sample.absorber, data=own, explain=True,
            foil=None if foil is None else foil.reading, **reading.scale,
        )  # fmt: skip
        show(1, 2, "explaining")
        reasons = interpret_sample(prediction, tasks=tasks)
    if techniques is not None:
        reasons = _of_techniques(reasons, techniques)
    title = " + ".join(
        Path(file).name + (f", {part}" if part else "") for file, part in sample.sources.values()
    )
    if report is not None:
        from edgepair.report.interpretation.sample_page import write_sample_reasons

        write_sample_reasons(title, prediction, reasons, report)
    if as_json:
        print_json(_document(sample, prediction, reasons))
    elif not quiet:
        _show(title, prediction, reasons)


def _only(values: list[str] | None, option: str, needed: str) -> str | None:
    if not values:
        return None
    if len(values) > 1:
        from edgepair.conventions import OptionError

        raise OptionError(
            f"cannot use {option} for one sample",
            found=f"{len(values)} of them: {', '.join(values)}",
            needed=needed,
            suggestion=f"{option} {values[0]}",
        )
    return values[0]


def _read(paths: list[Path], reading: SpectrumReading) -> Sample:
    """Read the files, which must make one sample."""
    from edgepair.apps.cli.options import check_used
    from edgepair.conventions import OptionError
    from edgepair.measured.samples import Reading, gather_samples

    how = Reading(reading.item, reading.spectrum, {}, references=reading.own_foils)
    samples = gather_samples(paths, pairs=None, dpdf=None, reading=how)
    for one in samples:
        if one.error is not None:
            raise one.error
    check_used(samples, reading.spectrum, reading.calibration, {})
    if len(samples) != 1:
        titles = [
            " ".join(part for part in source if part) for one in samples for source in one.sources.values()
        ]
        more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
        raise OptionError(
            "cannot explain more than one sample at once",
            found=f"{len(samples)} samples: {', '.join(titles[:3])}{more}",
            needed="one spectrum, one PDF, or one of each",
            suggestion="name one with --item, or explain them one after the other",
        )
    return samples[0]


def _of_techniques(reasons: pd.DataFrame, techniques: list[str]) -> pd.DataFrame:
    from edgepair.conventions import OptionError

    kept = reasons[reasons["technique"].isin(techniques)]
    if not len(kept):
        here = list(dict.fromkeys(reasons["technique"]))
        raise OptionError(
            f"cannot explain {', '.join(techniques)} of this sample",
            found=f"a sample of {', '.join(here)}",
            needed="techniques that the sample has",
            suggestion=f"--modality {here[0]}" if here else "leave --modality out",
        )
    return kept


def _document(sample: Sample, prediction: Prediction, reasons: pd.DataFrame) -> Record:
    from edgepair.report.interpretation.words import rows_of

    return {
        "files": [file for file, _ in sample.sources.values()],
        "absorber": prediction.absorber,
        "answers": rows_of(prediction.table),
        "contributions": rows_of(reasons),
        "warnings": list(prediction.warnings),
    }


def _show(title: str, prediction: Prediction, reasons: pd.DataFrame) -> None:
    from edgepair.report.interpretation.sample_page import sample_table

    print_lines([f"{title}: {prediction.absorber}"])
    for technique in dict.fromkeys(reasons["technique"].astype(str)):
        content = sample_table(reasons, technique=technique)
        table = plain_table(content["technique"])
        for name in content["tasks"]:
            table.add_column(name, no_wrap=True, justify="right")
        last = len(content["rows"]) - 1
        for place, (name, cells) in enumerate(content["rows"]):
            table.add_row(name, *cells, style="bold" if place in (0, last) else "")
        output_console().print("", table)
    told = "\nWhat each region added to the average of the training data; together they are the answer."
    print_lines([told, *(f"! {text}" for text in prediction.warnings)])
