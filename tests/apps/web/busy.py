"""Functions that a background process is asked to call."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edgepair.conventions import OptionError

_calls = 0


def double(value: int) -> int:
    print("what a library prints must not disturb the answer")
    return 2 * value


def count_calls() -> tuple[int, int]:
    """How often this process was asked, and which it is."""
    global _calls
    _calls += 1
    return _calls, os.getpid()


def refuse() -> None:
    raise OptionError("cannot", found="a", needed="b", suggestion="c")


def fail() -> None:
    raise ValueError("a fault inside")


def crash() -> None:
    os.abort()


def unsendable() -> object:
    return lambda: None


def steps(folder: str, on_progress: Callable[[float, float, str], None]) -> str:
    for number in range(10_000):
        on_progress(number, 10_000, f"step {number}")
        time.sleep(0.01)
    return folder


def with_child(note: str) -> None:
    """Start a process of its own and wait for long."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(note).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(60)


def wait_for(note: str) -> str:
    while not Path(note).exists():
        time.sleep(0.01)
    return note
