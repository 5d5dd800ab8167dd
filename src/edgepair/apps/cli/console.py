"""Printing: tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edgepair.conventions.errors import visible_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PLAIN_WIDTH = 130
"""Width of tables where the output is not a terminal, characters."""


def split_list(values: list[str] | None) -> list[str] | None:
    """Read an option that repeats or takes commas.

    >>> split_list(["Fe,Mn", "Ti"])
    ['Fe', 'Mn', 'Ti']
    """
    if not values:
        return None
    parts = [part.strip() for value in values for part in value.split(",")]
    named = list(dict.fromkeys(part for part in parts if part))
    if not named:
        from edgepair.conventions import OptionError

        raise OptionError(
            "cannot use an empty option",
            found=f"{values[0]!r}",
            needed="a name, or several with commas between them",
            suggestion="leave the option out for its default",
        )
    return named


def output_console() -> Console:
    """Make a console for results, plain where the output is not a terminal."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=PLAIN_WIDTH, color_system=None, force_terminal=False)


def print_lines(lines: Iterable[str]) -> None:
    """Print texts as they are, never wrapped."""
    console = output_console()
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)


def print_json(document: object) -> None:
    """Print one JSON document, or its text."""
    text = (
        document if isinstance(document, str) else json.dumps(document, ensure_ascii=False, allow_nan=False)
    )
    print(visible_json(text))


def plain_table(*titles: str, **look: Any) -> Table:
    """Make a table without lines, with columns of one look that do not wrap."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=True, **look)
    return table


def aligned(rows: Sequence[Sequence[str]], indent: int) -> list[str]:
    """Write rows of cells below each other as lines of text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return [(" " * indent + "  ".join(row)).rstrip() for row in cells]


@contextmanager
def resumable(finished: str = "fits") -> Iterator[None]:
    """Say, when Ctrl-C ends what takes long, that what is finished is kept."""
    try:
        yield
    except KeyboardInterrupt:
        told = f"finished {finished} are kept, the same command goes on from there"
        print(f"edgepair: interrupted; {told}", file=sys.stderr)
        raise
