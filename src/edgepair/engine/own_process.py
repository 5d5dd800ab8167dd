"""Carrying out tasks one after the other in this process: what a few of them, or one worker, need."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator

from edgepair.engine.tasks import ATTEMPTS, KILLED, Call, Outcome, Value

_PR_SET_PDEATHSIG = 1


def run_here(
    function: Callable[..., Value],
    tasks: Iterable[Call],
    *,
    failed: Callable[[Value], str] | None = None,
    apart: bool = False,
) -> Iterator[Outcome[Value]]:
    """Carry out tasks as `Processes.run` does; ``apart``: each in a fork, for functions that may crash."""
    for task in tasks:
        for attempt in range(1, ATTEMPTS + 1):
            value, problem = (_in_a_fork if apart else _plainly)(function, task.args)
            if value is not None and failed is not None:
                problem = failed(value)
            if not problem or attempt == ATTEMPTS:
                yield Outcome(task.key, value, problem, attempt)
                break


def _plainly(function: Callable[..., Value], args: tuple[object, ...]) -> tuple[Value | None, str]:
    try:
        return function(*args), ""
    except Exception as error:
        # Whatever a task throws is the outcome of that task, never of the others.
        return None, f"{type(error).__name__}: {error}"


def _in_a_fork(function: Callable[..., Value], args: tuple[object, ...]) -> tuple[Value | None, str]:
    result, tell = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads; here these are NumPy's and the progress bar's,
        # which the fork does not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _answer(function, args, tell)
    os.close(tell)
    try:
        with os.fdopen(result, "rb") as stream:
            answer = stream.read()
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(pid, 0)
    if status:
        return None, KILLED
    value, problem = pickle.loads(answer)
    return value, problem


def _answer(function: Callable[..., object], args: tuple[object, ...], tell: int) -> None:
    """Do it, and leave without what the parent would still do at its end."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if sys.platform == "linux":
            with contextlib.suppress(OSError, AttributeError):
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with os.fdopen(tell, "wb") as stream:
            stream.write(pickle.dumps(_plainly(function, args)))
        code = 0
    finally:
        os._exit(code)
