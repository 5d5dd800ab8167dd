"""A process that carries out one call after the other and stays warm in between.

Run as a program by `edgepair.apps.web.workers`. When the server goes, however it
goes, this process, its children and the folder of the visitors' files go too.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


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
    from edgepair.conventions import EdgepairError
    from edgepair.conventions.spelling import options_shown

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
