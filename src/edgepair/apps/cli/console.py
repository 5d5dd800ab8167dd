"""Printing: tables for people, progress on terminals only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from edgepair.conventions import Progress

PLAIN_WIDTH = 130
"""Width of tables where the output is not a terminal, characters."""


def split_list(values: list[str] | None) -> list[str] | None:
    """Read an option that repeats or takes commas.

    Examples
    --------
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
    """Print one JSON document."""
    print(json.dumps(document, ensure_ascii=False, allow_nan=False))


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


@contextmanager
def step_bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """Show a progress bar of steps: the number done, of how many, and which is at work."""
    with progress_bar(title, quiet=quiet) as on_progress:
        if on_progress is None:
            yield None
            return
        from edgepair.conventions import Progress

        def show(number: int, total: int, text: str) -> None:
            on_progress(Progress(done=number, total=total, text=text, cached=False))

        yield show


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Show a progress bar with the time left, on terminals only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[left]}"),
        TextColumn("[dim]{task.fields[last]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task(title, total=None, left="", last="preparing")
        computed = 0.0

        def show(step: Progress) -> None:
            nonlocal computed
            seen = bar.tasks[0].completed
            if not step.cached:
                computed += step.done - seen
            elapsed = bar.tasks[0].elapsed or 0.0
            left = ""
            if computed > 0:
                # Fits that came from the cache took no time and say nothing of what is left.
                seconds = elapsed * (step.total - step.done) / computed
                left = f"{int(seconds // 60)} min {int(seconds % 60):02d} s left"
            bar.update(row, total=step.total, completed=step.done, left=left, last=step.text)

        yield show
