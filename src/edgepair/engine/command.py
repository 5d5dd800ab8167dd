"""Running an outside program with limits, in a scratch folder that never stays behind."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgepair.files.caching import writing_scratch

_WORDS = 4000
"""Characters kept of what a program says."""


@dataclass(frozen=True)
class CommandReport:
    """How an outside program ended.

    Attributes
    ----------
    returncode : int or None
        Its exit code, minus the signal that ended it; None where it could not start.
    cpu_seconds : float
        CPU time, s, of the program and the children it waited for.
    max_rss_bytes : int
        Largest resident memory of one of its processes.
    words : str
        The end of what it printed.
    ended_by : str
        ``wall`` where the limit on wall-clock time ended it, otherwise empty.
    """

    returncode: int | None
    cpu_seconds: float
    max_rss_bytes: int
    words: str
    ended_by: str = ""


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Make a scratch folder, removed at the end whatever happens.

    Parameters
    ----------
    prefix : str
        Start of its name.

    Yields
    ------
    pathlib.Path
        An empty folder of its own below the system's folder for temporary files.

    Raises
    ------
    OutputError
        There is no such place, or no room.
    """
    with writing_scratch():
        scratch = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    with scratch as folder:
        yield Path(folder)


def run_command(
    command: Sequence[str],
    *,
    scratch: Path,
    cpu_seconds: float,
    wall_seconds: float | None = None,
    env: Mapping[str, str | None] | None = None,
) -> CommandReport:
    """Run an outside program in a scratch folder.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    scratch : pathlib.Path
        Its working folder. Removed by the keeper if this process dies first.
    cpu_seconds : float
        Limit on the CPU time, s, of each of its processes. Wall-clock time says little on a busy
        machine.
    wall_seconds : float, optional
        Limit on wall-clock time, s, for a program that waits for ever; default ten times the
        limit on CPU time and ten minutes more.
    env : mapping, optional
        Variables to set, or to unset (None), besides those of this process.

    Returns
    -------
    CommandReport
        However it ended.
    """
    order = {
        "command": list(command),
        "scratch": str(scratch),
        "stderr": str(scratch / ".words"),
        "env": dict(env or {}),
        "limits": {
            "cpu_seconds": cpu_seconds,
            "wall_seconds": 10 * cpu_seconds + 600 if wall_seconds is None else wall_seconds,
        },
    }
    keeper = Path(__file__).with_name("keeper.py")
    # -I: neither the caller's folder nor its variables decide what the keeper imports.
    with subprocess.Popen(
        [sys.executable, "-I", str(keeper), json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        # Not communicate(): it would close the keeper's input, which says that we are alive.
        answer = process.stdout.read()
    try:
        report = json.loads(answer)
    except ValueError:
        return CommandReport(None, 0.0, 0, "the process that kept it was killed", "keeper")
    words = ""
    if (scratch / ".words").exists():
        words = (scratch / ".words").read_text(errors="replace")
    words = words.replace(str(scratch), "").strip()[-_WORDS:]
    if report["returncode"] is None:
        words = report["ended_by"]
    return CommandReport(
        report["returncode"],
        float(report.get("cpu_seconds", 0.0)),
        int(report.get("max_rss_bytes", 0)),
        words,
        report["ended_by"],
    )
