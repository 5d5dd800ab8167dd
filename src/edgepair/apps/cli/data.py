"""The commands ``edgepair data``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from edgepair.apps.cli.console import print_lines, split_list
from edgepair.apps.cli.data_standards import standards
from edgepair.apps.cli.options import Command, Json, Verbose

_SYMBOLS = re.compile(r"[A-Z][a-z]?(,[A-Z][a-z]?)*")


class _Group(TyperGroup):
    """Takes the symbol of a metal, or an option, where a command would stand: `edgepair data Fe`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; what names no command is for ``bundled``."""
        helped = args and args[0] in ("-h", "--help")
        if not helped and (not args or args[0].startswith("-") or _SYMBOLS.fullmatch(args[0])):
            args = ["bundled", *args]
        return super().parse_args(ctx, args)


data_app = typer.Typer(
    cls=_Group,
    rich_markup_mode=None,
    help="Show the bundled datasets (edgepair data, edgepair data Fe --verbose), or look at and check "
    "datasets of your own.",
)


@data_app.command(cls=Command)
def bundled(
    names: Annotated[
        list[str] | None, typer.Argument(help="Absorbers; default all bundled.", metavar="[ABSORBER...]")
    ] = None,
    absorber: Annotated[list[str] | None, typer.Option(help="The same as ABSORBER.")] = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Show the bundled datasets, a line a metal: what `edgepair data` does, and `edgepair data Fe`."""
    from edgepair.conventions import BUNDLED_ABSORBERS
    from edgepair.dataset.bundled import bundled_summary

    chosen = split_list([*(names or ()), *(absorber or ())]) or list(BUNDLED_ABSORBERS)
    _report([bundled_summary(name) for name in chosen], as_json=as_json, verbose=verbose)
    if not as_json:
        _mention_standards(chosen, verbose=verbose)


data_app.command()(standards)


@data_app.command()
def show(
    paths: Annotated[list[str], typer.Argument(help="Datasets (.zarr.zip or folder).")], as_json: Json = False
) -> None:
    """Show what is in datasets of your own."""
    from edgepair.dataset import open_dataset, summarise

    _report([summarise(open_dataset(path)) for path in paths], as_json=as_json, verbose=True)


@data_app.command()
def validate(paths: Annotated[list[str], typer.Argument(help="Datasets (.zarr.zip or folder).")]) -> None:
    """Say what is wrong with a dataset, in plain words."""
    from edgepair.conventions import EdgepairError
    from edgepair.dataset import open_dataset

    wrong = 0
    for path in paths:
        try:
            dataset = open_dataset(path)
        except EdgepairError as error:
            wrong += 1
            if wrong == len(paths):
                raise
            print(f"edgepair: {error}", file=sys.stderr)
            continue
        sizes = ", ".join(f"{size} {name}" for name, size in dataset.sizes.items())
        print(f"{path}: follows the schema ({dataset.attrs['absorber']}; {sizes})")
    if wrong:
        raise typer.Exit(1)


def _mention_standards(absorbers: Sequence[str], *, verbose: bool) -> None:
    from edgepair.standards.standards import load_standards

    counts = {name: len(load_standards(name)) for name in absorbers}
    text = ", ".join(f"{name} {count}" for name, count in counts.items())
    lines = [f"    measured standards   {text}; edgepair data standards lists them"]
    if not verbose:
        lines = [
            f"Measured standards: {text}; edgepair data standards lists them.",
            "Classes, grids, sources and licences: edgepair data --verbose",
        ]
    print_lines(lines)


def _report(summaries: Sequence[dict[str, Any]], *, as_json: bool, verbose: bool) -> None:
    if as_json:
        print(json.dumps(summaries, ensure_ascii=False))
        return
    for summary in summaries:
        print_lines([*_lines(summary), ""] if verbose else _lines(summary)[:1])


def _lines(summary: dict[str, Any]) -> list[str]:
    origins = ", ".join(f"{name} {count}" for name, count in summary["origins"].items())
    lines = [
        f"{summary['absorber']}  {summary['sites']} sites, {summary['materials']} materials "
        f"({summary['complete_materials']} complete), {summary['formulas']} formulas; origin {origins}"
    ]
    for name, task in summary["tasks"].items():
        if "classes" in task:
            text = ", ".join(f"{value}: {count}" for value, count in task["classes"].items())
        elif task["sites"]:
            text = (
                f"{task['mean']:.3f} ± {task['standard_deviation']:.3f} {task['unit']} "
                f"({task['lowest']:.2f} to {task['highest']:.2f})"
            )
        else:
            text = "none"
        lines.append(f"    {name:<20} {task['sites']} sites; {text}")
    lines += _quality(summary)
    for name, grid in summary["techniques"].items():
        shown = json.loads(grid["instrument"]) if "instrument" in grid else {}
        through = "".join(f", {key} {shown[key]:g}" for key in ("qmax", "qdamp", "u_iso") if key in shown)
        lines.append(
            f"    {name:<20} {grid['first']:g} to {grid['last']:g} {grid['unit']}, "
            f"step {grid['step']:g}, {grid['points']} points{through}"
        )
        made = "; ".join(grid[key] for key in ("code", "source", "licence") if key in grid)
        if made:
            lines.append(f"    {'':<20} {made}")
    lines += _provenance(summary["provenance"])
    left_out = json.loads(summary["provenance"].get("left_out", "{}"))
    # Gated sites are in the dataset: a line of their own has them.
    left_out = {name: count for name, count in left_out.items() if not name.startswith("gated")}
    if left_out:
        lines.append("    left out             " + ", ".join(f"{k}: {n}" for k, n in left_out.items()))
    return lines


def _quality(summary: dict[str, Any]) -> list[str]:
    """Say how many sites failed a check, and how many oxidation states are missing, and why."""
    lines = []
    if "gated" in summary:
        gated = summary["gated"]
        failed = ", ".join(f"{name} {count}" for name, count in gated["failed"].items() if count)
        text = f"{gated['sites']} sites failed a check" + (f": {failed}" if failed else "")
        lines.append(f"    {'gated':<20} {text}")
    sources = summary.get("oxidation_state_sources", {})
    missing = {name: sources[name] for name in ("contradicted", "none") if sources.get(name)}
    if missing:
        words = {"contradicted": "contradicted by charge balance", "none": "without a neutral assignment"}
        text = ", ".join(f"{count} sites {words[name]}" for name, count in missing.items())
        lines.append(f"    {'states missing':<20} {text}")
    return lines


def _provenance(attributes: dict[str, str]) -> list[str]:
    """Say what made a dataset, from what, with which programs."""
    lines = []
    if "made_by" in attributes:
        lines.append(f"    made by              {attributes['made_by']}")
    if "build" in attributes:
        build = json.loads(attributes["build"])
        limits = [
            f"{name.replace('_', ' ')} {build[name]}"
            for name in ("max_sites", "max_elements")
            if build.get(name)
        ]
        lines.append(f"    source               {', '.join([build['source'], *limits])}")
        if "simulator" in build:
            settings = {k: v for k, v in build["simulator"].items() if k not in ("name", "version")}
            name = f"{build['simulator']['name']} {build['simulator']['version']}"
            lines.append(f"    simulator            {name}: {json.dumps(settings, ensure_ascii=False)}")
        if "spectra" in build:
            joined = build["spectra"]
            text = f"{joined['rows']} rows, SHA-256 {joined['content_sha256'][:16]}…"
            lines.append(f"    spectra joined       {text}")
        versions = ", ".join(f"{name} {number}" for name, number in build["versions"].items())
        lines.append(f"    versions             {versions}")
    for name in ("structures", "licence"):
        if name in attributes:
            lines.append(f"    {name:<20} {attributes[name]}")
    return lines
