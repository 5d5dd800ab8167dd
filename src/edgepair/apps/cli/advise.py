"""The command ``edgepair advise``."""

from __future__ import annotations

from collections.abc import Sequence
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
)
from edgepair.apps.cli.options import (
    Folds,
    Jobs,
    Json,
    Quiet,
    Radiation,
    Repeats,
    Report,
    Scheduler,
    Seed,
    SpectrumReading,
    check_outputs,
    check_used,
    reads_spectra,
)
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, MeasurementError, OptionError
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import METRIC_TITLES, capital, interval, number, short_title, task_title

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.advice import Advice
    from edgepair.prediction import Prediction


@reads_spectra
def advise(
    reading: SpectrumReading,
    task: Annotated[
        str, typer.Option(help="oxidation_state, coordination_number or bond_length.", show_default=False)
    ] = "",
    have: Annotated[
        list[Path] | None, typer.Option(help="What has been measured: a file of XANES, of a PDF, or both.")
    ] = None,
    dpdf: Annotated[Path | None, typer.Option(help="A measured differential PDF of the absorber.")] = None,
    radiation: Radiation = None,
    data: Annotated[
        Path | None, typer.Option(help="Dataset of your own in place of the bundled one.")
    ] = None,
    modality: Annotated[
        list[str] | None,
        typer.Option(help="xanes, pdf, dpdf, npdf, each also beside xanes if named; default xanes,pdf,dpdf."),
    ] = None,
    smallest_gain: Annotated[
        float, typer.Option(help="Gain in weighted F1 or R² from which on a measurement is worth it.")
    ] = 0.02,
    requirements: Annotated[bool, typer.Option(help="Try poorer curves and fewer materials.")] = True,
    split: Annotated[str, typer.Option(help="formula, material or random.")] = "formula",
    folds: Folds = 5,
    repeats: Repeats = None,
    trees: Annotated[int, typer.Option(help="Trees in a forest.")] = 100,
    seed: Seed = 0,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    report: Report = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether a PDF or a dPDF is worth measuring too, and to what quality."""
    from edgepair.advice import advise as ask
    from edgepair.advice.run import check_options

    files = have or []
    sampled = [*files, *([dpdf] if dpdf else [])]
    absorber = reading.absorber
    reading.check()
    for_sample = [*reading.given(), *(["--radiation"] if radiation else [])]
    _check(absorber, task, data, [] if sampled else for_sample)
    check_outputs((*sampled, reading.foil_file, data), report=report)
    asked: Record = {
        "techniques": split_list(modality), "split": split, "folds": folds, "repeats": repeats,
        "trees": trees, "seed": seed, "smallest_gain": smallest_gain, "n_jobs": jobs,
    }  # fmt: skip
    # A sample is answered before anything else, which may take a while: bad settings before that.
    check_options(task, tolerance=None, **asked)
    dataset = _dataset(absorber, data)
    with resumable():
        sample = _sample(
            files, dpdf, str(dataset.attrs["absorber"]), dataset if data else None,
            reading=reading, radiation=radiation,
        )  # fmt: skip
        with progress_bar("edgepair advise", quiet=quiet or as_json) as on_progress:
            advice = ask(
                dataset, task=task, sample=sample, requirements=requirements, scheduler=scheduler,
                on_progress=on_progress, **asked,
            )  # fmt: skip
    if report is not None:
        from edgepair.report.advice import write_advice

        write_advice(advice, report)
    if as_json:
        print_json(advice.to_json())
    elif not quiet:
        print_advice(advice, report)


def _check(absorber: str | None, task: str, data: Path | None, unused: Sequence[str]) -> None:
    """Refuse what cannot be meant, before anything is read."""
    if absorber is None and data is None:
        raise OptionError(
            "cannot advise without an absorber",
            found="neither --absorber nor --data",
            needed="--absorber, one of " + ", ".join(BUNDLED_ABSORBERS) + "; or a dataset of your own",
            suggestion="edgepair advise --absorber Mn --task coordination_number",
        )
    if not task:
        raise OptionError(
            "cannot advise without a task",
            found="no --task",
            needed="one of " + ", ".join(TASKS),
            suggestion="edgepair advise --absorber Mn --task coordination_number",
        )
    if unused:
        raise OptionError(
            f"cannot use {', '.join(unused)}",
            found="no sample",
            needed="the measured file that it is for",
            suggestion="name it with --have, or leave the option out",
        )


def _dataset(absorber: str | None, data: Path | None) -> xr.Dataset:
    from edgepair.dataset import load_bundled, open_dataset

    if data is None:
        return load_bundled(str(absorber))
    dataset = open_dataset(data)
    own = str(dataset.attrs["absorber"])
    if absorber not in (None, own):
        raise OptionError(
            f"cannot advise on {absorber} with {str(data)!r}",
            found=f"a dataset of {own}",
            needed=f"one of {absorber}",
            suggestion="leave --absorber out, or name another dataset with --data",
        )
    return dataset


def _sample(
    files: Sequence[Path],
    dpdf: Path | None,
    absorber: str,
    data: xr.Dataset | None,
    *,
    reading: SpectrumReading,
    radiation: str | None,
) -> Prediction | None:
    """Read the files of one sample, and ask what they say of it."""
    if not files and dpdf is None:
        return None
    from edgepair.measured.samples import Reading, Sample
    from edgepair.prediction import predict

    given: Record = {}
    # Without the absorber asked for: what the file itself says of its element is to be seen.
    how = Reading(reading.item, reading.columns, {"radiation": radiation}, references=reading.own_foils)
    for path in files:
        # An item of one file is not to be known by the other of a pair.
        measured = how.read(path, lenient=len(files) > 1)
        if len(measured.samples) > 1:
            names = ", ".join(repr(curve.item) for curve in measured.samples[:6])
            raise OptionError(
                f"cannot tell which part of {str(path)!r} is the sample",
                found=f"{len(measured.samples)} items: {names}",
                needed="one",
                suggestion="name it with --item",
            )
        (curve,) = measured.samples
        own = getattr(curve, "absorber", None)
        if own not in (None, absorber):
            raise MeasurementError(
                f"cannot advise on {str(path)!r} as a sample of {absorber}",
                found=f"a measurement at the K edge of {own}",
                needed=f"one at the K edge of {absorber}",
                suggestion=f"ask with --absorber {own}, or name another file",
            )
        name = "mu" if measured.kind == "xanes" else "G"
        if name in given:
            raise OptionError(
                "cannot advise on two samples at once",
                found="two files of " + ("XANES" if name == "mu" else "PDFs"),
                needed="one file of each kind, of one sample",
                suggestion="ask about one sample after the other; name a dPDF with --dpdf",
            )
        given[name] = curve
    if dpdf is not None:
        from edgepair.measured import read_pdf

        given["G_M"] = read_pdf(dpdf)[0]
    sample = Sample({}, absorber, **given)
    check_used([sample], reading.columns, reading.calibration, {"radiation": radiation})
    foil = replace(reading, absorber=absorber).foil_reading()
    return predict(
        **given, **reading.scale, absorber=absorber, foil=foil, radiation=radiation, data=data, explain=False
    )


def print_advice(advice: Advice, out: Path | None) -> None:
    """Print the recommendation, then the tables that it follows from."""
    print_lines([f"{advice.absorber}, {task_title(advice.task)}: what to measure", ""])
    print_lines(f"  {sentence}" for sentence in advice.recommendation)
    print_lines([""])
    _print_scores(advice)
    _print_gains(advice)
    lines = []
    if len(advice.needed):
        loss = f"{advice.config['tolerance']:g}"
        lines.append(f"What a loss of {loss} allows, one quality at a time, each technique alone:")
        for technique, rows in advice.needed.groupby("technique", sort=False):
            lines.append(f"  {short_title(str(technique))}")
            lines += [f"      {capital(str(sentence))}" for sentence in rows["sentence"]]
        lines.append("")
    lines += [f"! {warning}" for warning in advice.warnings]
    page = f" Page: {out}" if out is not None else ""
    print_lines([*lines, f"{advice.config['seconds']:.0f} s.{page}"])


def _print_scores(advice: Advice) -> None:
    table = plain_table("technique")
    for metric in dict.fromkeys(advice.scores["metric"]):
        table.add_column(METRIC_TITLES.get(metric, metric) + (" (Å)" if metric == "mae" else ""))
    for technique, rows in advice.scores.groupby("technique", sort=False):
        cells = [f"{number(r.value)}  {interval(r.lower, r.upper)}" for r in rows.itertuples()]
        table.add_row(short_title(str(technique)), *cells)
    output_console().print(table, "")


def _print_gains(advice: Advice) -> None:
    from edgepair.report.advice import gain_cells

    rows = gain_cells(advice)
    if not rows:
        return
    metric = METRIC_TITLES[str(advice.scores["metric"].iloc[0])]
    table = plain_table("have", "add", f"gain in {metric}", "95 % interval", "verdict")
    for row in rows:
        table.add_row(*row)
    output_console().print(table)
    config = advice.config
    counted = f"{config['n_sites']} sites of {config['n_formulas']} formulas; split by {config['split']}."
    print_lines([f"A gain counts from {config['smallest_gain']:g} on; {counted}", ""])
