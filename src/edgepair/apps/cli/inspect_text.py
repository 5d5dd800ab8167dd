"""What ``edgepair inspect`` prints of a curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edgepair.apps.cli.console import output_console, print_lines
from edgepair.apps.cli.plot import draw_curve
from edgepair.report.measured.shown import Seen, SeenXanes

_MOST_WARNINGS = 6

MOST_IN_FULL = 3
"""Spectra up to which each is printed in full; of more, as of a project, each has a line."""


def print_seen(seen: Sequence[Seen], *, plot: bool) -> None:
    """Print curves, one after the other."""
    console = output_console()
    many = [one for one in seen if isinstance(one, SeenXanes)]
    if len(many) > MOST_IN_FULL and len(many) == len(seen):
        print_lines(_lines(many))
        return
    for one in seen:
        lines = [one.title]
        lines += [f"    {name:<15} {value}" for name, value in one.facts()]
        lines += [f"  ! {warning}" for warning in one.warnings]
        if plot:
            x, y, unit = one.curve()
            width = max(20, min(100, console.width - 14))
            lines += ["", *draw_curve(x, y, width=width, unit=unit)]
        print_lines([*lines, ""])


def _lines(seen: Sequence[SeenXanes]) -> Iterator[str]:
    """Write a line for each item, under its file, then what is doubtful of how many."""
    file = ""
    for one in seen:
        scan = one.inspection.scan
        if scan.file != file:
            file = scan.file
            yield f"{file} ({scan.format})"
        yield f"    {scan.item or '-'}: {one.line()}"
    counts = Counter(warning for one in seen for warning in one.warnings)
    for warning, count in counts.most_common(_MOST_WARNINGS):
        yield f"  ! {warning} ({count} of {len(seen)})"
    rest = len(counts) - _MOST_WARNINGS
    if rest > 0:
        yield f"  ! {rest} warnings more: --item shows one spectrum in full"
