"""The server's side of a warm process: start it, give it a call, kill it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

Outcome: TypeAlias = tuple[Any, ...]
"""A word for how a call ended, and what came of it."""

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    Line = Connection[tuple[object, ...], Outcome]


class Worker:
    """One process, started when it is first needed, and again after it was killed."""

    def __init__(self, folder: Path, niceness: int = 0) -> None:
        self._folder = folder
        self._niceness = niceness
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Line | None = None
        self._lock = threading.Lock()
        self._ended = False

    def run(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        on_progress: Callable[..., None],
    ) -> Outcome:
        """Carry out a call; one at a time."""
        try:
            connection = self._started()
            connection.send((function, args))
            while True:
                outcome: Outcome = connection.recv()
                if outcome[0] != "progress":
                    return outcome
                on_progress(*outcome[1:])
        except (EOFError, OSError):
            self.kill()
            # Only here: another thread that closed it would do so while this one reads.
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            return ("lost",)

    def kill(self) -> None:
        """End the process and its children; the next call starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """End the process for good."""
        self._ended = True
        self.kill()

    def _started(self) -> Line:
        with self._lock:
            if self._ended:
                raise EOFError
            if self._connection is None or self._process is None:
                ours, theirs = Pipe()
                scratch = self._folder / "scratch"
                scratch.mkdir(mode=0o700, exist_ok=True)
                order = [str(theirs.fileno()), str(self._folder), str(self._niceness)]
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "edgepair.apps.web.worker", *order],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=os.environ | {"TMPDIR": str(scratch)},
                    # A group of its own: what it starts is killed with it.
                    start_new_session=True,
                )
                theirs.close()
                self._connection = ours
            return self._connection
