"""The command ``edgepair data standards``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import aligned, print_json, print_lines, split_list
from edgepair.apps.cli.options import Json

if TYPE_CHECKING:
    from edgepair.standards.standard import Standard

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
        typer.Option(
            "--standards",
            help="List this table of your own (.csv) instead of the library.",
            show_default=False,
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Write the spectra (.xdi) and their table into this folder.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the measured standards that ship with edgepair, or those of a table of your own."""
    from edgepair.standards.standard_files import save_standards
    from edgepair.standards.standards import load_standards, read_standards, select_standards

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
        print_lines(_lines(chosen))


def _of(found: Sequence[Standard], absorbers: list[str] | None) -> tuple[Standard, ...]:
    from edgepair.conventions import OptionError

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


def _entry(standard: Standard) -> dict[str, Any]:
    """Give what ``--json`` prints of a standard."""
    entry: dict[str, Any] = {
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


def _lines(chosen: Sequence[Standard]) -> list[str]:
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
    terms = dict.fromkeys((standard.licence, _origin(standard)) for standard in chosen if standard.licence)
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


def _origin(standard: Standard) -> str:
    """Give the collection that a standard comes from, without its file."""
    return standard.source.partition(":")[0]
