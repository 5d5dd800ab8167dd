"""How far a command is: a bar on terminals, a line every ten seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgepair.conventions.progress import Progress

EVERY = 10.0
"""Seconds between two lines where the output is no terminal."""


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
