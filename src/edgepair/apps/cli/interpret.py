"""The command ``edgepair interpret``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepair.apps.cli.console import (
    output_console,
    plain_table,
    print_json,
    print_lines,
    progress_bar,
    resumable,
    split_list,
    step_bar,
)
from edgepair.apps.cli.options import (
    Jobs,
    Json,
    OwnDatasets,
    Quiet,
    Repeats,
    Report,
    Scheduler,
    SpectrumReading,
    Strict,
    Tasks,
    asked_and_left_out,
    check_outputs,
    check_used,
    open_datasets,
    reads_spectra,
)
from edgepair.apps.cli.study import SKIPPED, left_out_lines
from edgepair.conventions import TASKS, OptionError
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import interval, number, short_title, task_title

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from edgepair.interpretation import Interpretation
    from edgepair.measured.samples import Sample
    from edgepair.prediction import Prediction
    from edgepair.report.interpretation.words import Ends

FOLDER = Path("edgepair-interpretation")
PAGE = "report.html"

MOST_WARNINGS = 6
MOST_LEARNED = 3
"""Warnings, and sentences on what was learned, that are printed at most; the report has all."""

_METRICS = {"f1_weighted": "weighted F1 of classes", "r2": "R² of bond lengths"}
_TITLES = {"permutation": "shuffled", "shap": "|SHAP|"}


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
    from edgepair.interpretation import interpret_sample
    from edgepair.prediction.predict import predict

    check_outputs((*paths, *(data or ())), report=report)
    absorber = _only(absorbers, "--absorber", "one absorbing metal")
    own = _only(data, "--data", "one dataset in place of the bundled one")
    reading = replace(reading, absorber=absorber)
    sample = _read(paths, reading)
    foil = reading.foil_reading()
    with step_bar("edgepair interpret", quiet=quiet or as_json) as show:
        show(0, 2, "answering")
        prediction = predict(
            sample.mu, sample.G, sample.G_M, absorber=sample.absorber, data=own, explain=True, foil=foil,
            **reading.scale,
        )  # fmt: skip
        show(1, 2, "explaining")
        reasons = interpret_sample(prediction, tasks=tasks)
    if techniques is not None:
        reasons = _of_techniques(reasons, techniques)
    files = sample.sources.values()
    title = " + ".join(Path(file).name + (f", {part}" if part else "") for file, part in files)
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
        raise OptionError(
            f"cannot use {option} for one sample",
            found=f"{len(values)} of them: {', '.join(values)}",
            needed=needed,
            suggestion=f"{option} {values[0]}",
        )
    return values[0]


def _read(paths: list[Path], reading: SpectrumReading) -> Sample:
    """Read the files, which must make one sample."""
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
    from edgepair.report.interpretation.words import sample_table

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


@reads_spectra
def interpret(
    reading: SpectrumReading,
    data: OwnDatasets = None,
    absorber: Annotated[
        list[str] | None, typer.Option(help="Absorbers; of a sample, the absorbing metal.")
    ] = None,
    task: Tasks = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="xanes, pdf, dpdf, npdf; default the first three.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="formula, material or random [default: formula]")] = None,
    folds: Annotated[int | None, typer.Option(help="Number of folds [default: 5]")] = None,
    repeats: Repeats = None,
    trees: Annotated[int | None, typer.Option(help="Trees in an explained forest [default: 40]")] = None,
    shap_rows: Annotated[
        int | None, typer.Option(help="Sites explained one by one, 0 for none [default: 1000]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same numbers [default: 0]")] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    sample: Annotated[
        list[Path] | None,
        typer.Option(help="Measured file to explain instead, XANES or PDF; twice for one of each."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"Folder for tables and report [default: {FOLDER}]")
    ] = None,
    report: Report = None,
    strict: Strict = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell which techniques and regions carry the answers, and how sure that is."""
    forests: Record = {
        "split": split, "folds": folds, "repeats": repeats, "trees": trees, "shap_rows": shap_rows,
        "seed": seed, "n_jobs": jobs, "scheduler": scheduler,
    }  # fmt: skip
    given = {name: value for name, value in forests.items() if value is not None}
    names = {"tasks": split_list(task), "techniques": split_list(modality)}
    _check_together(sample, given, reading.given())
    reading.check()
    if sample:
        explain_sample(
            sample,
            absorbers=split_list(absorber),
            data=split_list(data),
            reading=reading,
            # until this release the page of a sample was named by --out
            report=report or out,
            as_json=as_json,
            quiet=quiet,
            **names,
        )
        return
    target = out or FOLDER
    check_outputs((), report=report)
    started = time.monotonic()
    result = _interpret(split_list(data), split_list(absorber), names | given, target, quiet or as_json)
    if report is not None:
        from edgepair.report.interpretation.page import write_interpretation

        write_interpretation(result, report)
    if as_json:
        from edgepair.report.interpretation.words import interpretation_document

        print_json({"out": str(target), **interpretation_document(result)})
    elif not quiet:
        print_interpretation(result, target / PAGE, time.monotonic() - started)
    asked = {"tasks": names["tasks"], "modalities": names["techniques"]}
    if asked_and_left_out(result.skipped, **asked) or (strict and result.skipped):
        raise typer.Exit(SKIPPED)


def _interpret(
    data: list[str] | None, absorbers: list[str] | None, options: Record, target: Path, silent: bool
) -> Interpretation:
    from edgepair.interpretation import INTERPRETATION_FOLDER
    from edgepair.interpretation import interpret as explain
    from edgepair.report.interpretation.page import write_interpretation

    INTERPRETATION_FOLDER.check(target)
    datasets = open_datasets(data, absorbers)
    with resumable():
        with progress_bar("edgepair interpret", quiet=silent) as on_progress:
            result = explain(datasets, on_progress=on_progress, **options)
        with INTERPRETATION_FOLDER.staged(target) as folder:
            result.save(folder)
            write_interpretation(result, folder / PAGE)
    return result


def _check_together(sample: list[Path] | None, forests: Record, reading: list[str]) -> None:
    """Refuse options that would be given for nothing."""
    option = {"n_jobs": "jobs", "shap_rows": "shap-rows"}
    unused = [f"--{option.get(name, name)}" for name in forests] if sample else reading
    if unused:
        raise OptionError(
            f"cannot use {' and '.join(unused)} here",
            found=f"{unused[0]} {'with' if sample else 'without'} --sample",
            needed="options of the forests for datasets, options of reading for a sample",
            suggestion=f"leave {unused[0]} out",
        )


def print_interpretation(result: Interpretation, report: Path, seconds: float) -> None:
    """Print a table and sentences for each absorber and task, then what is doubtful or left out."""
    from edgepair.report.interpretation.words import cells_of, learned_sentences, region_sentences

    cells = cells_of(result)
    for absorber, task in cells:
        print_lines([f"{absorber}, {task_title(task)}"])
        output_console().print(_table(result, absorber, task))
        sentences = region_sentences(result, absorber=absorber, task=task)
        sentences += learned_sentences(result, absorber=absorber, task=task)[:MOST_LEARNED]
        print_lines([*(f"  {text}" for text in sentences), ""])
    metrics = {TASKS[task].main_metric for _, task in cells if task in TASKS}
    named = ", ".join(text for name, text in _METRICS.items() if name in metrics)
    lines = [f"Shuffled: fall of the score on held-out sites ({named}), with 95 % intervals."]
    if (result.importances["kind"] == "shap").any():
        told = "mean size of what a region adds to an answer: probability moved between classes, or Å."
        lines.append(f"|SHAP|: {told}")
    lines += [f"! {text}" for text in result.warnings[:MOST_WARNINGS]]
    if len(result.warnings) > MOST_WARNINGS:
        lines.append(f"! {len(result.warnings) - MOST_WARNINGS} warnings more, in the report")
    print_lines([*lines, *left_out_lines(result.skipped), f"\n{seconds:.0f} s. Report: {report}"])


def _table(result: Interpretation, absorber: str, task: str) -> Table:
    """Lay out what regions are worth: to each technique alone, and to all together."""
    from edgepair.report.interpretation.words import importance_rows, range_of_region

    rows = [row for row in importance_rows(result, absorber=absorber, task=task) if not row["whole"]]
    kinds = [kind for kind in _TITLES if any(kind in row["by_kind"] for row in rows)]
    alone = {(row["technique"], row["title"]): row for row in rows if "+" not in row["modality"]}
    together = {(row["technique"], row["title"]): row for row in rows if "+" in row["modality"]}
    table = plain_table("", "region")
    sides = [("alone", alone), ("together", together)] if together else [("", alone)]
    for side, _ in sides:
        for kind in kinds:
            table.add_column(
                f"{_TITLES[kind]} {side if kind == kinds[0] else ''}".strip(), no_wrap=True, justify="right"
            )
    before = ""
    for key, row in alone.items():
        title = short_title(row["technique"])
        found = [part[key]["by_kind"] if key in part else {} for _, part in sides]
        cells = [_worth(ends.get(kind), kind, task) for ends in found for kind in kinds]
        where = range_of_region(row["low"], row["high"], row["unit"])
        table.add_row("" if title == before else title, f"{row['title']}, {where}", *cells)
        before = title
    return table


def _worth(cell: Ends | None, kind: str, task: str) -> str:
    """Write an importance: a fall of the score with its interval, a SHAP value in the answer's unit."""
    if cell is None:
        return "–"
    if kind == "shap":
        return number(cell["value"], 3 if task in TASKS and TASKS[task].unit else 2)
    return f"{number(cell['value'], 2)} ({interval(cell['lower'], cell['upper'], 2)})"
