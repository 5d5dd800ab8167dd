"""The commands ``edgepair data``."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from edgepair.apps.cli.console import aligned, print_json, print_lines, split_list
from edgepair.apps.cli.options import Command, Json, Verbose
from edgepair.conventions import BUNDLED_ABSORBERS, EdgepairError, OptionError
from edgepair.conventions.displayed import Record

if TYPE_CHECKING:
    from edgepair.standards.standards import Standard

_FIELDS = ("oxidation_state", "coordination_number", "bond_length", "energy_shift")


def standards(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Absorbers, compounds, beamlines or names of standards; default all.", metavar="[NAME...]"
        ),
    ] = None,
    absorber: Annotated[list[str] | None, typer.Option(help="Absorbers; default all.")] = None,
    table: Annotated[
        Path | None,
        typer.Option("--standards", help="List this table of your own (.csv) instead of the library."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the spectra (.xdi) and their table into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the measured standards that ship with edgepair, or those of a table of your own."""
    from edgepair.standards.standards import load_standards, read_standards, save_standards, select_standards

    found = load_standards() if table is None else read_standards(table)
    # a metal is no compound of an oxide: its symbol means the absorber
    symbols = {standard.absorber for standard in found}
    metals = [name for name in names or () if name in symbols]
    others = [name for name in names or () if name not in symbols]
    wanted = [*(split_list(absorber) or ()), *metals]
    chosen = select_standards(_of(found, wanted or None), only=others or None)
    if save is not None:
        save_standards(chosen, save)
    if as_json:
        print_json([_entry(standard) for standard in chosen])
    else:
        print_lines(_standard_lines(chosen))


def _of(found: Sequence[Standard], absorbers: list[str] | None) -> tuple[Standard, ...]:
    if absorbers is None:
        return tuple(found)
    known = sorted({standard.absorber for standard in found})
    for absorber in absorbers:
        if absorber not in known:
            raise OptionError(
                f"cannot list standards of {absorber!r}",
                found=f"no standard of {absorber!r}",
                needed="one of " + ", ".join(known),
                suggestion="leave --absorber out for all",
            )
    return tuple(standard for standard in found if standard.absorber in absorbers)


def _entry(standard: Standard) -> Record:
    """Give what ``--json`` prints of a standard."""
    entry: Record = {
        "name": standard.name,
        "compound": standard.compound,
        "absorber": standard.absorber,
        "n_points": len(standard.energy),
        "energy_first": float(standard.energy[0]),
        "energy_last": float(standard.energy[-1]),
    }
    for name in _FIELDS:
        value = getattr(standard, name)
        entry[name] = None if math.isnan(value) else round(value, 4)
    for name in ("quality", "beamline", "sample", "source", "licence"):
        entry[name] = getattr(standard, name)
    return entry


def _standard_lines(chosen: Sequence[Standard]) -> list[str]:
    """Say what there is: a line per standard, those of an absorber together, then the terms."""
    lines: list[str] = []
    for absorber in dict.fromkeys(standard.absorber for standard in chosen):
        mine = [standard for standard in chosen if standard.absorber == absorber]
        compounds = len({standard.compound for standard in mine})
        what = "spectrum" if len(mine) == 1 else "spectra"
        lines.append(f"{absorber}  {len(mine)} {what} of {compounds} compounds")
        heads = ("compound", "ox.", "c.n.", "bond/Å", "shift/eV", "grade", "beamline", "standard")
        lines += [*aligned([heads, *(_row(standard) for standard in mine)], 4), ""]
    # Standards of the user's own come without terms.
    terms = dict.fromkeys(
        (standard.licence, standard.source.partition(":")[0]) for standard in chosen if standard.licence
    )
    for licence in dict.fromkeys(licence for licence, _ in terms):
        lines.append(f"{licence}: " + ", ".join(origin for other, origin in terms if other == licence))
    return lines


def _row(standard: Standard) -> tuple[str, ...]:
    def text(value: float, digits: int, *, sign: bool = False) -> str:
        if math.isnan(value):
            return "unknown"
        return f"{value:{'+' if sign else ''}.{digits}f}"

    return (
        standard.compound,
        text(standard.oxidation_state, 2),
        text(standard.coordination_number, 2),
        text(standard.bond_length, 3),
        text(standard.energy_shift, 2, sign=True),
        standard.quality,
        standard.beamline,
        standard.name,
    )


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


def _report(summaries: Sequence[Record], *, as_json: bool, verbose: bool) -> None:
    if as_json:
        print_json(json.dumps(summaries, ensure_ascii=False))
        return
    for summary in summaries:
        print_lines([*_lines(summary), ""] if verbose else _lines(summary)[:1])


def _lines(summary: Record) -> list[str]:
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


def _quality(summary: Record) -> list[str]:
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
