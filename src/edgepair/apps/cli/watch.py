"""The command ``edgepair watch``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepair.apps.cli.console import print_lines
from edgepair.apps.cli.options import (
    OwnStandards,
    Quiet,
    Radiation,
    Report,
    SpectrumReading,
    own_standards,
    reads_spectra,
)
from edgepair.files.kept_rows import KeptRows, fingerprint
from edgepair.measured.samples import Foil, Reading

if TYPE_CHECKING:
    from edgepair.measured import XanesScan
    from edgepair.report.prediction.rows import PredictedSample

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
    folder: Annotated[Path, typer.Argument(help="Folder that scans are written into.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Table of all answers (CSV), not in that folder.")],
    like: Annotated[str, typer.Option(help="Names of files to read, as 'scan*.dat'.")] = "*",
    radiation: Radiation = None,
    standards: OwnStandards = None,
    report: Report = None,
    idle: Annotated[
        float | None, typer.Option(help="End after so many seconds without anything new.", show_default=False)
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Answer each new scan of a folder while an experiment runs."""
    reading.check()
    _check(folder, out, report)
    own = own_standards(standards, reading.absorber)
    foil = reading.foil()
    shared = {"standards": own, **reading.scale, "radiation": radiation, "explain": False}
    how = Reading(reading.item, reading.spectrum, {"radiation": radiation}, references=reading.own_foils)
    with KeptRows("watch", out, [reading, standards, radiation]) as kept:
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
    """What was answered so far, by file."""

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
        self.samples: dict[Path, list[PredictedSample]] = {}
        self.scans: dict[Path, list[XanesScan]] = {}
        self.drawn, self.due = 0.0, False

    def answer(self, path: Path) -> list[str]:
        """Answer the samples of a file, write the table, and give the lines to print."""
        from edgepair.apps.cli.predict import answer_sample
        from edgepair.measured.samples import gather_samples
        from edgepair.report.prediction.rows import PredictedSample, write_rows

        found = gather_samples([path], pairs=None, dpdf=None, reading=self.how)
        answers: list[PredictedSample] = []
        for sample in found:
            key = self.kept.key(sample) or fingerprint(sample)
            earlier = self.kept.get(key)
            if earlier:
                answers += [PredictedSample(**one) for one in earlier]
                continue
            new = [answer.sample for answer in answer_sample(sample, self.foil, self.options)]
            self.kept.add(key, [one.to_keep() for one in new])
            answers += new
        self.samples[path] = answers
        self.scans[path] = [sample.mu for sample in found if sample.mu is not None and not sample.foil]
        write_rows([one for name in sorted(self.samples) for one in self.samples[name]], self.out)
        self.due = True
        return [line for answer in answers for line in _lines(answer)]

    def draw_if_due(self) -> None:
        """Draw the page, where something came in and the last drawing is some time ago."""
        if self.due and time.monotonic() - self.drawn > REDRAWN:
            self.draw()

    def draw(self) -> None:
        """Draw the page of the series that the scans make, once they make one."""
        if self.report is None or not self.due:
            return
        from edgepair.conventions import EdgepairError
        from edgepair.report.series.page import write_series
        from edgepair.series import analyse_series, read_series
        from edgepair.series.answers import answer_rows

        self.drawn, self.due = time.monotonic(), False
        scans = [scan for name in sorted(self.scans) for scan in self.scans[name]]
        known = {
            (str(one.sources["xanes"][0]), str(one.sources["xanes"][1])):
                answer_rows([row for row in one.rows() if row["trust"]])
            for samples in self.samples.values() for one in samples if list(one.sources) == ["xanes"]
        }  # fmt: skip
        try:
            series = read_series(
                scans, shift=self.options["shift"], foil=None if self.foil is None else self.foil.reading
            )
            write_series(
                analyse_series(series, standards=self.options["standards"], resolved=False, known=known),
                self.report,
            )
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
    from edgepair.conventions import OptionError, OutputError
    from edgepair.files.writing import check_outputs

    if not folder.is_dir():
        raise OptionError(
            f"cannot watch {str(folder)!r}",
            found="no folder of that name",
            needed="a folder that scans are written into",
            suggestion="check the path",
        )
    check_outputs({"--out": out, "--report": report} if not out.exists() else {"--report": report}, [])
    for option, target in (("--out", out), ("--report", report)):
        if target is not None and target.resolve().is_relative_to(folder.resolve()):
            raise OutputError(
                f"cannot write {str(target)!r}",
                found="a place in the folder that is watched, which is only read",
                needed="a place outside it",
                suggestion=f"choose another place with {option}",
            )
