"""The command ``edgepair train``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgepair.apps.cli.console import (
    output_console,
    plain_table,
    print_json,
    print_lines,
    split_list,
    step_bar,
)
from edgepair.apps.cli.options import Json, OwnStandards, Quiet, check_outputs, own_standards
from edgepair.conventions import TASKS, TECHNIQUES, ModelError, OptionError, OutputError, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_number, read_pair

if TYPE_CHECKING:
    from edgepair.prediction.model_file import TrainedModels
    from edgepair.spectra import PDFInstrument


def train(
    absorber: Annotated[str | None, typer.Option(help="Absorbing metal, such as Fe.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model file to write.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Dataset of your own (.zarr.zip or folder) in place of the bundled one."),
    ] = None,
    modality: Annotated[
        list[str] | None, typer.Option(help="xanes, pdf, dpdf, npdf; default all that the dataset holds.")
    ] = None,
    standards: OwnStandards = None,
    library: Annotated[
        bool, typer.Option(help="Use the library of standards, and bundled simulations of other metals.")
    ] = True,
    energy_range: Annotated[
        str | None,
        typer.Option(
            "--range", help="Energies that are compared, eV from the tabulated edge [default: -8,45]"
        ),
    ] = None,
    qmax: Annotated[float, typer.Option(help="Of the PDFs: end of the data in Q, 1/Å.")] = 25.0,
    qdamp: Annotated[float, typer.Option(help="Of the PDFs: damping by the resolution, 1/Å.")] = 0.03,
    r_first: Annotated[float, typer.Option(help="Of the PDFs: first distance, Å.")] = 0.8,
    r_last: Annotated[float, typer.Option(help="Of the PDFs: last distance, Å.")] = 20.0,
    confidence: Annotated[float, typer.Option(help="Of the intervals whose coverage is told.")] = 0.9,
    seed: Annotated[int, typer.Option(help="Same seed, same models.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit models for edgepair predict --model, on a dataset of your own or the bundled one."""
    from edgepair.prediction.model_file import save_trained
    from edgepair.prediction.training import train_models

    metal, target = _required(absorber, model, (data, standards))
    edge_energy(metal)
    check_number("--confidence", confidence, 0.5, 0.99, "")
    about = {"of": "range", "needed": "eV from the tabulated edge", "example": "-8,45"}
    between = None if energy_range is None else read_pair("--range", energy_range, **about)
    options: Record = {
        "techniques": split_list(modality),
        "window": between,
        "instrument": _instrument(qmax, qdamp, r_first, r_last),
        "library": library,
        "confidence_level": confidence,
        "seed": seed,
    }
    try:
        with step_bar("edgepair train", quiet=quiet or as_json) as show:
            own = own_standards(standards, metal)
            trained = train_models(data, absorber=metal, standards=own, on_step=show, **options)
    except KeyboardInterrupt:
        print(f"edgepair: interrupted; {str(target)!r} was not written", file=sys.stderr)
        raise
    save_trained(trained, target)
    if as_json:
        print_json(_document(trained, target))
    elif not quiet:
        _show(trained, target)


def _required(absorber: str | None, out: Path | None, inputs: Iterable[object]) -> tuple[str, Path]:
    missing = [name for name, value in (("--absorber", absorber), ("--model", out)) if value is None]
    if absorber is None or out is None:
        raise OptionError(
            "cannot train a model",
            found=f"no {' and no '.join(missing)}",
            needed="the metal, and a place for the model",
            suggestion="edgepair train --data fe.zarr --absorber Fe --model fe.model",
        )
    check_outputs(inputs, out=out)
    if out.exists() and not _is_model(out):
        raise OutputError(
            f"cannot write the model {str(out)!r}",
            found="a file that is no model",
            needed="a name that is free, or a model to be replaced, in a folder that exists",
            suggestion="choose another place with --model",
        )
    return absorber, out


def _is_model(path: Path) -> bool:
    from edgepair.prediction.model_file import load_trained

    try:
        load_trained(path)
    except ModelError:
        return False
    return True


def _instrument(qmax: float, qdamp: float, r_first: float, r_last: float) -> PDFInstrument:
    from edgepair.spectra import PDFInstrument

    instrument = PDFInstrument(qmax=qmax, qdamp=qdamp, r_first=r_first, r_last=r_last)
    if not (5.0 <= qmax <= 30.0 and r_first <= 1.5 and r_last >= 3.5):
        raise OptionError(
            "cannot train for this PDF instrument",
            found=f"Qmax {qmax:g} 1/Å, r from {r_first:g} to {r_last:g} Å",
            needed="Qmax from 5 to 30 1/Å, and r from 1.5 Å or less to 3.5 Å or more",
            suggestion="leave out what is not known: the defaults are typical",
        )
    return instrument


def _document(trained: TrainedModels, out: Path) -> Record:
    models: list[Record] = []
    if trained.window is not None:
        models.append({"technique": "xanes", "range": [trained.window.low, trained.window.high]})
    models += [
        {"technique": name, "instrument": shown.parameters()} for name, (_, shown) in trained.curves.items()
    ]
    for model in models:
        model["scores"] = trained.about["scores"][model["technique"]]
    about = {name: value for name, value in trained.about.items() if name != "scores"}
    return {"out": str(out), "absorber": trained.absorber, **about, "models": models}


def _show(trained: TrainedModels, out: Path) -> None:
    lines = [f"{out}: a model of {trained.absorber}"]
    if trained.window is not None:
        lines.append(
            f"    XANES   {trained.window.low:+g} to {trained.window.high:+g} eV from the tabulated edge"
        )
    for name, (_, shown) in trained.curves.items():
        lines.append(
            f"    {TECHNIQUES[name].title:<7} Qmax {shown.qmax:g} 1/Å, Qdamp {shown.qdamp:g} 1/Å,"
            f" r from {shown.r_first:g} to {shown.r_last:g} Å"
        )
    level = f"{100 * trained.about['confidence_level']:g} %"
    print_lines([*lines, f"\nOn compounds and formulas left out; intervals and sets of classes at {level}:"])
    table = plain_table("", "task")
    for title in ("left out", "right", "mean error", "in interval", "in set", "classes"):
        table.add_column(title, no_wrap=True, justify="right")
    for name, scores in trained.about["scores"].items():
        for row in scores:
            table.add_row(
                TECHNIQUES[name].title,
                TASKS[row["task"]].title,
                str(row["n_groups"]),
                _percent(row["right"]),
                f"{row['mae']:.3f} {TASKS[row['task']].unit}".rstrip(),
                _percent(row["coverage"]),
                _percent(row["set_coverage"]),
                "–" if row["set_size"] is None else f"{row['set_size']:.1f}",
            )
    output_console().print(table)
    lines = ["right: oxidation state within 0.34, coordination number within 0.5 of the mean value"]
    if not trained.about["scores"].get("xanes", [True]):
        lines.append(
            f"! there are no standards of {trained.absorber}: how well the XANES model does is not known;"
            " its intervals are those of other metals"
        )
    elif trained.window is not None and trained.spectra[False].few_measured:
        lines.append(
            "! next to no measured standards: the XANES model is judged on simulated spectra left out"
        )
    print_lines([*lines, *trained.about["own_standards"].get("text", [])])


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
