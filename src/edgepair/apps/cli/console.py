"""Printing: tables for people, and how far a command is."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edgepair.conventions import OptionError
from edgepair.conventions.errors import visible_json
from edgepair.conventions.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

EVERY = 10.0
"""Seconds between two lines where the output is no terminal."""

PLAIN_WIDTH = 130
"""Width of tables where the output is not a terminal, characters."""


def duration(seconds: float) -> str:
    """Write a time for people.

    >>> duration(75), duration(4000), duration(400000)
    ('1 min 15 s', '1 h 06 min', '4 d 15 h')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02d} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s"


class _Pace:
    """The last step, and how long the rest will take at the pace so far."""

    def __init__(self) -> None:
        self.step = Progress(0.0, 0.0, "preparing", cached=True)
        self._started, self._computed = time.monotonic(), 0.0

    def take(self, step: Progress) -> None:
        """Note a step; one that is less far than the last begins something new."""
        if step.done < self.step.done:
            self._started, self._computed = time.monotonic(), 0.0
        elif not step.cached:
            # Fits that came from the cache took no time and say nothing of what is left.
            self._computed += step.done - self.step.done
        self.step = step

    def left(self) -> str:
        if self._computed <= 0:
            return ""
        elapsed = time.monotonic() - self._started
        return f"{duration(elapsed * (self.step.total - self.step.done) / self._computed)} left"

    def line(self) -> str:
        share = f"{100 * self.step.done / self.step.total:.0f} %" if self.step.total else ""
        return ", ".join(part for part in (share, self.left(), self.step.text) if part)


@contextmanager
def step_bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Show the number of steps done, of how many, and which is at work."""
    with progress_bar(title, quiet=quiet) as on_progress:

        def show(number: int, total: int, text: str) -> None:
            if on_progress is not None:
                on_progress(Progress(done=number, total=total, text=text, cached=False))

        yield show


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Show what is done of a command's work, and the time that the rest will take."""
    if quiet:
        yield None
        return
    pace = _Pace()
    if not sys.stderr.isatty():
        with _lines(title, pace):
            yield pace.take
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
        row = bar.add_task(title, total=None, left="", last=pace.step.text)

        def show(step: Progress) -> None:
            pace.take(step)
            bar.update(row, total=step.total, completed=step.done, left=pace.left(), last=step.text)

        yield show


@contextmanager
def _lines(title: str, pace: _Pace) -> Iterator[None]:
    """Print how far it is every now and then, also while one step takes long."""
    ended = threading.Event()

    def tell() -> None:
        # who reads the errors may have gone
        with contextlib.suppress(OSError, ValueError):
            while not ended.wait(EVERY):
                print(f"{title}: {pace.line()}", file=sys.stderr, flush=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


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
