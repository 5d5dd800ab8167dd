"""The command ``edgepair study``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
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
)
from edgepair.apps.cli.options import (
    Folds,
    Jobs,
    Json,
    OwnDatasets,
    Quiet,
    Repeats,
    Scheduler,
    Seed,
    Strict,
    Tasks,
    asked_and_left_out,
    open_datasets,
)
from edgepair.conventions import TASKS, modality_title
from edgepair.conventions.displayed import Record
from edgepair.files.writing import check_folder

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from edgepair.study import StudyResult

SKIPPED = 1
WIDE = 118
"""Columns of a terminal from which the table has room for intervals."""


def study(
    data: OwnDatasets = None,
    absorber: Annotated[
        list[str] | None, typer.Option(help="Absorbers; default Ti,Mn,Fe,Cu (V, Cr, Co, Ni ship too).")
    ] = None,
    task: Tasks = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="xanes, pdf, dpdf, npdf, joined by +; e.g. xanes+pdf.")
    ] = None,
    learner: Annotated[
        list[str] | None,
        typer.Option(help="forest, kernel, blend (mean of both), stock; default forest and blend."),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="grouped, or published: random splits and settings as in the paper, by formula beside."
        ),
    ] = "grouped",
    split: Annotated[
        str, typer.Option(help="formula, material, or random (only to compare with published numbers).")
    ] = "formula",
    folds: Folds = 5,
    repeats: Repeats = None,
    trees: Annotated[int | None, typer.Option(help="Trees in a forest [default: 100]")] = None,
    seed: Seed = 0,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    out: Annotated[Path, typer.Option(help="Folder for results and report.")] = Path("edgepair-study"),
    quick: Annotated[bool, typer.Option("--quick", help="A look: few trees, one repeat, no extras.")] = False,
    tune: Annotated[
        bool, typer.Option("--tune", help="Search forest settings inside each training set.")
    ] = False,
    contributions: Annotated[
        bool, typer.Option("--contributions", help="Fit all subsets; tell what each technique contributes.")
    ] = False,
    view: Annotated[
        str, typer.Option(help="What a row is: sites, or materials (spectra averaged, as measured).")
    ] = "sites",
    per: Annotated[
        str, typer.Option(help="Normalisation of the dPDF: metal (neighbours of an atom) or total.")
    ] = "metal",
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Test the findings under noise, other ranges, labels, rows.")
    ] = False,
    figures: Annotated[
        Path | None, typer.Option(help="Folder for figures at journal size (SVG, PDF).")
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare XANES, PDF, dPDF and their combinations; test the paper's findings."""
    from edgepair.report import write_study
    from edgepair.study import STUDY_FOLDER, run_study

    started = time.monotonic()
    STUDY_FOLDER.check(out)
    if figures is not None:
        check_folder(figures, option="--figures")
    published = protocol == "published"
    datasets = open_datasets(split_list(data), split_list(absorber), ideal=published)
    tasks, modalities = split_list(task), split_list(modality)
    with resumable():
        with progress_bar("edgepair study", quiet=quiet or as_json) as on_progress:
            result = run_study(
                datasets, tasks=tasks, modalities=modalities, learners=split_list(learner), split=split,
                folds=folds, repeats=repeats, trees=trees, seed=seed, quick=quick, tune=tune,
                contributions=contributions, view=view, per=per, robustness=robustness, protocol=protocol,
                n_jobs=jobs, scheduler=scheduler, on_progress=on_progress,
            )  # fmt: skip
        with STUDY_FOLDER.staged(out) as folder:
            result.save(folder)
            write_study(result, folder)
    if figures is not None:
        from edgepair.figures import write_figures

        write_figures(result, figures)
    if as_json:
        print_json(_document(result, out))
    elif not quiet and published:
        show_published(result, out, time.monotonic() - started)
    elif not quiet:
        _show(result, out, time.monotonic() - started)
    left_out = asked_and_left_out(result.skipped, tasks=tasks, modalities=modalities)
    if left_out or (strict and result.skipped):
        raise typer.Exit(SKIPPED)


def _document(result: StudyResult, out: Path) -> Record:
    scores = result.scores.drop(columns=["n_sites", "n_materials", "n_formulas"])
    more = {name: getattr(result, name) for name in ("contributions", "differences", "robustness")}
    tables = {"scores": scores} | {name: table for name, table in more.items() if len(table)}
    findings = [{k: None if v != v else v for k, v in item.as_dict().items()} for item in result.findings]
    rows = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
    return {"out": str(out), **rows, "findings": findings, "skipped": result.skipped}


def _show(result: StudyResult, out: Path, seconds: float) -> None:
    from edgepair.models import LEARNERS
    from edgepair.study import contribution_sentences

    console = output_console()
    config = result.config["config"]
    wide = console.width >= WIDE
    for number, name in enumerate(result.views):
        if number:
            what = "Whole materials" if name == "materials" else "Single sites"
            console.print(f"\n{what} (at most 40 trees, one dealing of folds):")
        console.print(_table(result.in_view(name), wide))
    main = _main(result.in_view(result.view))
    intervals = "± is half of the 95 % interval" if wide else "intervals are in scores.csv"
    names = {name: LEARNERS[name].title for name in config["learners"]}
    first = names.pop(config["learners"][0])
    lines = [f"\nF1 is weighted over classes. {first.capitalize()}; {intervals}; split by {config['split']}."]
    nameless = [name for name, groups in result.config["groups"].items() if groups == "material"]
    if nameless and config["split"] == "formula":
        lines.append(
            f"No formulas are given for {', '.join(nameless)}: materials stand for them in the split."
        )
    others = [name for name in names if name != "dummy"]
    lines += [f"{name} ({names[name]}): {_gain(main, config['learners'][0], name)}" for name in others]
    overall = [finding for finding in result.findings if finding.absorber == "all"]
    lines += ["", *(f"{_MARK[item.verdict]} {item.sentence}" for item in overall or result.findings)]
    lines += _elsewhere(result)
    lines += [f"\n{' '.join(told.sentences)}" for told in contribution_sentences(result.contributions)]
    print_end(lines, result, out, seconds)


def _main(result: StudyResult) -> pd.DataFrame:
    """Take the scores on the study's own split."""
    return result.scores[result.scores["split"] == result.config["config"]["split"]]


def _table(result: StudyResult, wide: bool) -> Table:
    """Lay out the main scores of one view, best ones bold."""
    learner = result.config["config"]["learners"][0]
    table = plain_table("", "task", "score")
    n_rows = "sites" if set(result.scores["view"]) <= {"sites"} else "materials"
    table.add_column(n_rows, no_wrap=True, justify="right")
    modalities = list(dict.fromkeys(result.scores["modality"]))
    for name in modalities:
        title = modality_title(name).replace(" + ", "\n+ ")
        table.add_column(title, no_wrap=True, justify="right")
    table.add_column("baseline", no_wrap=True, justify="right", style="dim")
    for (absorber, task), rows in _main(result).groupby(["absorber", "task"], sort=False):
        metric = TASKS[task].main_metric
        mine = rows[rows["metric"] == metric]
        forest = mine[mine["learner"] == learner].set_index("modality")
        best = forest["value"].max()
        cells = []
        for name in modalities:
            if name not in forest.index:
                cells.append("–")
                continue
            row = forest.loc[name]
            half = (row["upper"] - row["lower"]) / 2
            text = f"{row['value']:.2f} ± {half:.2f}" if wide else f"{row['value']:.2f}"
            cells.append(f"[bold]{text}[/bold]" if row["value"] == best else text)
        baseline = mine[mine["learner"] == "dummy"]["value"]
        label = "F1" if metric == "f1_weighted" else "R²"
        floor = f"{max(baseline.iloc[0], 0.0):.2f}" if len(baseline) else "–"
        table.add_row(str(absorber), TASKS[task].title, label, str(rows["n_sites"].iloc[0]), *cells, floor)
    return table


def _elsewhere(result: StudyResult) -> list[str]:
    """Say under which other conditions each finding holds, by the overall estimate of each task."""
    from edgepair.report import summarise_study

    lines = []
    for item in summarise_study(result)["findings"]:
        verdicts: dict[str, list[str]] = {}
        for place in item["elsewhere"]:
            verdicts.setdefault(place["verdict"].replace("_", " "), []).append(place["title"])
        said = "; ".join(f"{verdict} with {', '.join(titles)}" for verdict, titles in verdicts.items())
        if said:
            lines.append(f"  {item['title']}, as studied: {item['verdict_title']}; {said}")
    return ["\nUnder other conditions (overall):", *lines] if lines else []


def _gain(main: pd.DataFrame, first: str, other: str) -> str:
    """Say how another learner does beside the first."""
    parts = []
    for metric, label in (("f1_weighted", "weighted F1"), ("r2", "R²")):
        table = main[main["metric"] == metric].pivot_table(
            index=["absorber", "task", "modality"], columns="learner", values="value"
        )
        if len(table) and {first, other} <= set(table.columns):
            parts.append(f"{label} {float((table[other] - table[first]).mean()):+.3f} in the mean")
    return ", ".join(parts)


_MARK = {"holds": "✓", "does_not_hold": "✗", "undecided": "?"}


def show_published(result: StudyResult, out: Path, seconds: float) -> None:
    """Print random beside grouped scores, a row per absorber, task and modality."""
    console = output_console()
    table = plain_table("", "task", "technique", "score")
    for title in ("random split", "by formula", "difference", "no curve", "formula seen"):
        table.add_column(title.replace(" ", "\n"), no_wrap=True, justify="right")
    differences = result.differences
    dummy = differences[differences["learner"] == "dummy"]
    baselines = dummy.set_index(["absorber", "task", "metric"])["value_random"].to_dict()
    before: tuple[str, str] | None = None
    for row in differences[differences["learner"] == "published"].itertuples():
        label = _SCORES.get(row.metric)
        if label is None:
            continue
        here = (row.absorber, row.task)
        names = ("", "") if here == before else (row.absorber, TASKS[row.task].title)
        before = here
        digits = 1 if row.metric == "rmse_percent" else 2
        half = (row.upper - row.lower) / 2
        change = f"{row.difference:+.{digits}f} ± {half:.{digits}f}".replace("-", "−")
        scores = (f"{row.value_random:.{digits}f}", f"{row.value_formula:.{digits}f}")
        baseline = f"{baselines[row.absorber, row.task, row.metric]:.{digits}f}"
        table.add_row(
            *names, modality_title(row.modality), label, *scores, change, baseline, f"{row.seen:.0%}"
        )
    console.print(table)
    config = result.config["config"]
    lines = [
        "\nF1 is weighted over classes; RMSE in % of the mean length. One row per material, "
        f"{config['repeats']} refits on 75 % of the rows. Random split: materials of one formula stand on "
        "both sides; by formula: whole formulas are held out. ± is half of the 95 % interval of the "
        "difference, over refits that overlap. No curve: the commonest class or the mean, on random splits. "
        "Formula seen: share of the held-out rows of the random "
        "split whose formula was trained on. Findings are judged by the grouped protocol.",
    ]
    for absorber, axes in result.config["published"]["axes"].items():
        lines += [f"{absorber} {name.upper()}: {text}" for name, text in axes.items()]
    print_end(lines, result, out, seconds)


def print_end(lines: Sequence[str], result: StudyResult, out: Path, seconds: float) -> None:
    """Print lines, what was left out, the time and the report."""
    end = f"\n{seconds:.0f} s. Report: {out / 'report.html'}"
    print_lines([*lines, *left_out_lines(result.skipped), end])


def left_out_lines(skipped: Sequence[Record]) -> list[str]:
    """Say what could not be done, and why."""
    lines = ["\nLeft out:"] if skipped else []
    for item in skipped:
        where = " ".join(item[key] for key in ("absorber", "task", "modality") if item[key])
        lines.append(f"  {where}: {item['reason']}" if where else f"  {item['reason']}")
    return lines


_SCORES = {"f1_weighted": "F1", "rmse_percent": "RMSE %"}
