"""Keep one outside program: limit it, end it with its caller, clear its scratch folder.

Run as a program by `run_command`, never imported: it must start quickly and have one thread.
Its standard input stays open as long as the caller lives; when that ends, however it ends, the
program and its children are killed and the scratch folder is removed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import TypedDict

_PR_SET_PDEATHSIG = 1


def _prepare(limits: dict[str, float]) -> None:
    """Limit the program that is about to start."""
    for name, kind in (("cpu_seconds", resource.RLIMIT_CPU), ("file_bytes", resource.RLIMIT_FSIZE)):
        if limits.get(name):
            value = max(int(limits[name]), 1)
            # A second more before the kill that cannot be caught: some runtimes say why they end.
            resource.setrlimit(kind, (value, value + 1))
    if sys.platform == "linux":
        # Should this keeper be killed itself, its program goes too.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(child: subprocess.Popen[bytes], caller: int, wall_seconds: float) -> str:
    """Wait for the program; say why it was ended where it was."""
    ended, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    deadline = time.monotonic() + wall_seconds
    while child.poll() is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return "wall"
        ready, _, _ = select.select([caller, ended], [], [], min(left, 60.0))
        if caller in ready and not os.read(caller, 1):
            return "caller"
        if ended in ready:
            os.read(ended, 4096)
    return ""


class _Order(TypedDict):
    """What is to be run, where, and under which limits."""

    command: list[str]
    scratch: str
    stderr: str
    env: dict[str, str | None]
    limits: dict[str, float]


def main() -> None:
    """Read the order, run it, print a report in one line of JSON."""
    order: _Order = json.loads(sys.argv[1])
    scratch = order["scratch"]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # The caller decides; what reaches the whole group must not end the tidying-up.
        signal.signal(number, signal.SIG_IGN)
    report: dict[str, object] = {}
    try:
        with open(order["stderr"], "wb") as words:  # noqa: PTH123
            child = subprocess.Popen(
                order["command"],
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                env={k: v for k, v in (os.environ | order["env"]).items() if v is not None},
                start_new_session=True,
                preexec_fn=lambda: _prepare(order["limits"]),
            )
            try:
                report["ended_by"] = _wait(child, 0, order["limits"]["wall_seconds"])
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        report |= {
            "returncode": child.returncode,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "max_rss_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        }
    except OSError as error:
        report |= {"returncode": None, "ended_by": f"{type(error).__name__}: {error}"}
    finally:
        if report.get("ended_by") == "caller":
            shutil.rmtree(scratch, ignore_errors=True)
    with contextlib.suppress(OSError):
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
