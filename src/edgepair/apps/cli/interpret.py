"""The command ``edgepair interpret``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import print_json, resumable, split_list
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
    open_datasets,
    reads_spectra,
)
from edgepair.apps.cli.progress import progress_bar
from edgepair.apps.cli.study import SKIPPED

if TYPE_CHECKING:
    from edgepair.interpretation import Interpretation

FOLDER = Path("edgepair-interpretation")
PAGE = "report.html"


@reads_spectra
def interpret(
    reading: SpectrumReading,
    data: OwnDatasets = None,
    absorber: Annotated[
        list[str] | None,
        typer.Option(help="Absorbers; of a sample, the absorbing metal.", show_default=False),
    ] = None,
    task: Tasks = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="xanes, pdf, dpdf, npdf; default the first three.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="formula, material or random [default: formula]", show_default=False)
    ] = None,
    folds: Annotated[
        int | None, typer.Option(help="Number of folds [default: 5]", show_default=False)
    ] = None,
    repeats: Repeats = None,
    trees: Annotated[
        int | None, typer.Option(help="Trees in an explained forest [default: 100]", show_default=False)
    ] = None,
    shap_rows: Annotated[
        int | None,
        typer.Option(help="Sites explained one by one, 0 for none [default: 1000]", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same numbers [default: 0]", show_default=False)
    ] = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    sample: Annotated[
        list[Path] | None,
        typer.Option(
            help="Measured file to explain instead, XANES or PDF; twice for one of each.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help=f"Folder for tables and report [default: {FOLDER}]", show_default=False),
    ] = None,
    report: Report = None,
    strict: Strict = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell which techniques and regions carry the answers, and how sure that is."""
    forests: dict[str, Any] = {
        "split": split, "folds": folds, "repeats": repeats, "trees": trees, "shap_rows": shap_rows,
        "seed": seed, "n_jobs": jobs, "scheduler": scheduler,
    }  # fmt: skip
    given = {name: value for name, value in forests.items() if value is not None}
    names = {"tasks": split_list(task), "techniques": split_list(modality)}
    _check_together(sample, given, reading.given())
    reading.check()
    if sample:
        from edgepair.apps.cli.interpret_sample import explain_sample

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
    if report is not None:
        from edgepair.report.kit.embedding import check_page_name

        check_page_name(report)
    started = time.monotonic()
    result = _interpret(split_list(data), split_list(absorber), names | given, target, quiet or as_json)
    if report is not None:
        from edgepair.report.interpretation.page import write_interpretation

        write_interpretation(result, report)
    if as_json:
        from edgepair.report.interpretation.words import interpretation_document

        print_json({"out": str(target), **interpretation_document(result)})
    elif not quiet:
        from edgepair.apps.cli.interpret_text import print_interpretation

        print_interpretation(result, target / PAGE, time.monotonic() - started)
    asked = {"tasks": names["tasks"], "modalities": names["techniques"]}
    if asked_and_left_out(result.skipped, **asked) or (strict and result.skipped):
        raise typer.Exit(SKIPPED)


def _interpret(
    data: list[str] | None, absorbers: list[str] | None, options: dict[str, Any], target: Path, silent: bool
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


def _check_together(sample: list[Path] | None, forests: dict[str, Any], reading: list[str]) -> None:
    """Refuse options that would be given for nothing."""
    from edgepair.conventions import OptionError

    option = {"n_jobs": "jobs", "shap_rows": "shap-rows"}
    unused = [f"--{option.get(name, name)}" for name in forests] if sample else reading
    if unused:
        raise OptionError(
            f"cannot use {' and '.join(unused)} here",
            found=f"{unused[0]} {'with' if sample else 'without'} --sample",
            needed="options of the forests for datasets, options of reading for a sample",
            suggestion=f"leave {unused[0]} out",
        )
