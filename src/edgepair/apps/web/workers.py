"""A warm process that carries out one call after the other, and the server's side of it: start, call, kill.

Run as a program, this module is that process. When the server goes, however it goes, the process, its
children and the folder of the visitors' files go too.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgepair.conventions import EdgepairError
from edgepair.conventions.spelling import options_shown

Outcome: TypeAlias = tuple[Any, ...]
"""A word for how a call ended, and what came of it."""

if TYPE_CHECKING:
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
                    [sys.executable, "-P", "-m", "edgepair.apps.web.workers", *order],
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


def _receive(connection: Connection, folder: str, orders: queue.Queue[Any]) -> None:
    """Take orders; end everything when there can be no more."""
    while True:
        try:
            orders.put(connection.recv())
        except (EOFError, OSError):
            shutil.rmtree(folder, ignore_errors=True)
            os.killpg(os.getpgrp(), signal.SIGKILL)


def carry_out(
    function: Callable[..., object], args: tuple[object, ...], report: Callable[..., None]
) -> tuple[object, ...]:
    """Carry out one call."""
    # Functions of Python's own have no code to look at; ours have.
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    options = {"on_progress": report} if "on_progress" in names else {}
    try:
        with options_shown(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ("done", function(*args, **options))
    except EdgepairError as error:
        return ("refused", error)
    except Exception as error:
        # Whatever a library throws is the outcome of this call, never of the next.
        return ("failed", f"{type(error).__name__}: {error}", traceback.format_exc())


def main() -> None:
    """Serve until the server closes its end."""
    connection = Connection(int(sys.argv[1]))
    for number in (signal.SIGINT, signal.SIGHUP):
        # The server decides; Ctrl-C reaches it too.
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(int(sys.argv[3]))
    orders: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_receive, args=(connection, sys.argv[2], orders), daemon=True).start()

    def report(done: float, total: float, text: str, part: object = None) -> None:
        connection.send(("progress", done, total, text, part))

    while True:
        function, args = orders.get()
        outcome = carry_out(function, args, report)
        try:
            connection.send(outcome)
        except (TypeError, ValueError, AttributeError) as error:
            text = f"{type(error).__name__}: {error}"
            connection.send(("failed", f"a result that cannot be sent: {text}", traceback.format_exc()))


if __name__ == "__main__":
    main()
