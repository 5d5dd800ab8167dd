"""The command ``edgepair watch``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import print_lines
from edgepair.apps.cli.options import (
    DpdfNames,
    OwnStandards,
    PdfReading,
    Quiet,
    Report,
    SpectrumReading,
    check_outputs,
    own_standards,
    reads_spectra,
)
from edgepair.conventions import EdgepairError, OptionError, OutputError
from edgepair.files.caching import KeptRows, fingerprint
from edgepair.measured.samples import Foil, Reading, Sample, sample_of

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.report.prediction.rows import PredictedSample
    from edgepair.series.answers import Known
    from edgepair.standards import Standard

POLL = 0.5
"""Seconds between looks into the folder: no service of the operating system sees a network's files."""

REST = 1.0
"""Seconds for which a file must not have changed before it is read."""

REDRAWN = 15.0
"""Seconds between drawings of the page while scans come in."""

UNFINISHED = ("~", ".tmp", ".part", ".crdownload", ".swp", ".lock")


@reads_spectra
def watch(
    reading: SpectrumReading,
    pdf: PdfReading,
    folder: Annotated[
        Path, typer.Argument(help="Folder that spectra, PDFs or both are written into.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Table of all answers (CSV), not in that folder.")],
    like: Annotated[str, typer.Option(help="Names of files to read, as 'scan*.dat'.")] = "*",
    dpdf: DpdfNames = None,
    standards: OwnStandards = None,
    report: Report = None,
    idle: Annotated[
        float | None, typer.Option(help="End after so many seconds without anything new.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Answer each new spectrum, PDF or pair of a folder while an experiment runs."""
    reading.check()
    _check(folder, out, report)
    own = own_standards(standards, reading.absorber)
    foil = reading.foil()
    shared = {"standards": own, **reading.scale, "radiation": pdf.radiation, "explain": False}
    how = Reading(reading.item, reading.spectrum, pdf.options, references=reading.own_foils, dpdf=dpdf or "")
    with KeptRows("watch", out, [reading, standards, pdf.options]) as kept:
        watched = _Watched(how, foil, shared, kept, out, report)
        quiet_since = time.monotonic()
        try:
            for path in _rested(folder, like):
                if path is None:
                    watched.draw_if_due()
                    if idle is not None and time.monotonic() - quiet_since > idle:
                        break
                    continue
                lines = watched.answer(path)
                quiet_since = time.monotonic()
                if lines and not quiet:
                    print_lines(lines)
        except (KeyboardInterrupt, SystemExit):
            print(f"edgepair: ended; answers are in {str(out)!r}", file=sys.stderr)
            raise
        finally:
            watched.draw()


class _Watched:
    """What was measured so far, by file, and what was answered, by point."""

    def __init__(
        self,
        how: Reading,
        foil: Foil | None,
        options: dict[str, Any],
        kept: KeptRows,
        out: Path,
        report: Path | None,
    ) -> None:
        self.how, self.foil, self.options, self.kept = how, foil, options, kept
        self.out, self.report = out, report
        self.curves: dict[Path, Sequence[XanesScan | PdfCurve]] = {}
        self.unread: dict[Path, Sample] = {}
        self.answers: dict[tuple[str, str], list[PredictedSample]] = {}
        self.drawn, self.due = 0.0, False
        self.drawing: Thread | None = None

    def answer(self, path: Path) -> list[str]:
        """Answer what a file adds, alone or with its pair, write the table, and give the lines to print."""
        from edgepair.report.prediction.rows import write_rows

        self.unread.pop(path, None)
        self.curves[path] = ()
        try:
            self.curves[path] = self.how.read(path).curves
        except EdgepairError as error:
            self.unread[path] = Sample({"": (str(path), self.how.item or "")}, error=error)
        before = {
            key: told for key, told in self.answers.items()
            if not any(str(path) == file for one in told for file, _ in one.sources.values())
        }  # fmt: skip
        samples = self._samples()
        self.answers = {key: before.get(key) or self._answer(one) for key, one in samples.items()}
        write_rows([one for told in self.answers.values() for one in told], self.out)
        self.due = True
        new = [told for key, told in self.answers.items() if key not in before]
        return [line for told in new for one in told for line in _lines(one)]

    def _samples(self) -> dict[tuple[str, str], Sample]:
        """Make samples of all files so far, in the order of their names: pairs as a series has them."""
        from edgepair.measured import PdfCurve
        from edgepair.series.answers import key_of
        from edgepair.series.points import Point, paired_by_names

        every = [curve for path in sorted(self.curves) for curve in self.curves[path]]
        points = [Point(0, None, one) if isinstance(one, PdfCurve) else Point(0, one) for one in every]
        metal = self.how.spectrum_options.get("absorber")
        found: dict[tuple[str, str], Sample] = {}
        for point in paired_by_names(points):
            mu = None if point.mu is None else (point.mu.file, point.mu)
            G = None if point.G is None else (point.G.file, point.G)
            found[key_of([one for one in (point.mu, point.G) if one is not None])] = sample_of(metal, mu, G)
        return found | {(str(path), ""): one for path, one in self.unread.items()}

    def _answer(self, sample: Sample) -> list[PredictedSample]:
        """Answer a sample, or take what an earlier run found."""
        from edgepair.apps.cli.predict import answer_sample
        from edgepair.report.prediction.rows import PredictedSample

        key = self.kept.key(sample) or fingerprint(sample)
        earlier = self.kept.get(key)
        if earlier:
            return [PredictedSample(**one) for one in earlier]
        told = [answer.sample for answer in answer_sample(sample, self.foil, self.options)]
        self.kept.add(key, [one.to_keep() for one in told])
        return told

    def draw_if_due(self) -> None:
        """Draw the page beside the answers, where something came in and the last drawing is some time ago."""
        busy = self.drawing is not None and self.drawing.is_alive()
        if self.report is None or not self.due or busy or time.monotonic() - self.drawn <= REDRAWN:
            return
        self.drawn = time.monotonic()
        # a long series takes seconds, which a scan does not wait for
        self.drawing = Thread(target=self._drawing(), daemon=True)
        self.drawing.start()

    def draw(self) -> None:
        """Draw the page of all that came in."""
        if self.drawing is not None:
            self.drawing.join()
        if self.report is not None and self.due:
            self._drawing()()

    def _drawing(self) -> Callable[[], None]:
        """Take what there is now, to draw the page of the series that it makes, once it makes one."""
        from edgepair.series.answers import answer_rows

        self.due = False
        curves = [curve for path in sorted(self.curves) for curve in self.curves[path]]
        known = {
            key: answer_rows([row for one in told for row in one.rows() if row["trust"]])
            for key, told in self.answers.items()
        }
        foil = None if self.foil is None else self.foil.reading
        return partial(
            _draw, curves, self.report, known, self.options["standards"],
            absorber=self.how.spectrum_options.get("absorber"), shift=self.options["shift"], foil=foil,
        )  # fmt: skip


def _draw(
    curves: Sequence[XanesScan | PdfCurve],
    report: Path | None,
    known: Known,
    standards: Sequence[Standard],
    **reading: Any,
) -> None:
    """Draw the page, or say why it waits."""
    assert report is not None
    from edgepair.report.series.page import write_series
    from edgepair.series import analyse_series, read_series

    try:
        series = read_series(curves, **reading)
        write_series(analyse_series(series, standards=standards, resolved=False, known=known), report)
    except EdgepairError as error:
        print(f"edgepair: the page waits: {error.problem}: {error.found}", file=sys.stderr)


def _lines(answer: PredictedSample) -> Iterator[str]:
    """Write a sample's answers in a line."""
    rows = answer.rows()
    if answer.status != "ok":
        yield f"{answer.name}: {answer.status}: {rows[0]['message'] if rows else answer.message}"
        return
    told = [f"{row['task']} {row['value']:.3g} ({row['lower']:.3g} to {row['upper']:.3g})" for row in rows]
    yield f"{answer.name}: {', '.join(told)}; trust {answer.trust or rows[0]['trust']}"


def _rested(folder: Path, like: str) -> Iterator[Path | None]:
    """Give files as soon as they rest, each again when it has changed, and None after each look."""
    seen: dict[Path, tuple[int, int]] = {}
    since: dict[Path, float] = {}
    given: dict[Path, tuple[int, int]] = {}
    while True:
        for path, state in _states(folder, like):
            if seen.get(path) != state:
                # what lay there before we came has rested already
                old = path not in seen and time.time() - state[1] / 1e9 > REST
                seen[path], since[path] = state, -REST if old else time.monotonic()
            if given.get(path) != state and time.monotonic() - since[path] >= REST:
                given[path] = state
                yield path
        yield None
        time.sleep(POLL)


def _states(folder: Path, like: str) -> list[tuple[Path, tuple[int, int]]]:
    """List files with size and time; a network that does not answer is asked again."""
    found = []
    try:
        for path in sorted(folder.iterdir()):
            if (
                fnmatch(path.name, like)
                and not path.name.startswith(".")
                and not path.name.endswith(UNFINISHED)
            ):
                state = path.stat()
                if path.is_file() and state.st_size:
                    found.append((path, (state.st_size, state.st_mtime_ns)))
    except OSError:
        return found
    return found


def _check(folder: Path, out: Path, report: Path | None) -> None:
    """Refuse what is no folder, and results inside it."""
    if not folder.is_dir():
        raise OptionError(
            f"cannot watch {str(folder)!r}",
            found="no folder of that name",
            needed="a folder that scans are written into",
            suggestion="check the path",
        )
    check_outputs((), out=None if out.exists() else out, report=report)
    for option, target in (("--out", out), ("--report", report)):
        if target is not None and target.resolve().is_relative_to(folder.resolve()):
            raise OutputError(
                f"cannot write {str(target)!r}",
                found="a place in the folder that is watched, which is only read",
                needed="a place outside it",
                suggestion=f"choose another place with {option}",
            )
