"""Serve guarded calls: a fork of this warm process for each, so that a crash costs that call only.

Run as a program by `Sandbox`, never imported. One thread only, so that forking is safe.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import resource
import select
import signal
import struct
import sys
import time
import warnings
from typing import Any

from edgepair.engine.confinement import confine, limit_memory

_LENGTH = struct.Struct("<Q")


def read_exactly(handle: int, count: int) -> bytes:
    """Read so many bytes; fewer only where the other side is gone."""
    parts = []
    while count:
        part = os.read(handle, min(count, 1 << 20))
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def write_all(handle: int, data: bytes) -> None:
    """Write all bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _call(order: dict[str, Any], result: int) -> None:
    """Carry out one call in the fork and leave."""
    limit, most = max(int(order["cpu_seconds"]), 1), resource.getrlimit(resource.RLIMIT_CPU)[1]
    if most != resource.RLIM_INFINITY:
        # As `ulimit -t` sets it: no process may allow itself more.
        limit = min(limit, most - 1)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    code, no_memory = 0, pickle.dumps(("error", "MemoryError"))
    try:
        if order["folder"] is not None:
            with contextlib.suppress(OSError):
                os.chdir(order["folder"])
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if order["memory_bytes"] is not None:
            limit_memory(order["memory_bytes"])
        if order["readable"] is not None:
            confine(order["readable"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(order["module"])
            value = getattr(module, order["name"])(*order["args"])
        answer = pickle.dumps(("ok", value))
    except MemoryError:
        # None is left for an answer either.
        answer, code = no_memory, 1
    except BaseException as error:
        # Whatever a library throws becomes the answer to this call; the fork ends either way.
        answer = pickle.dumps(("error", f"{type(error).__name__}: {error}".rstrip(": ")))
        code = 1
    with contextlib.suppress(OSError):
        write_all(result, answer)
    os._exit(code)


def _serve(order: dict[str, Any], caller: int, nothing: int) -> tuple[Any, ...] | None:
    """Fork for one call and collect its answer; None where the caller has gone."""
    result, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(result)
        os.dup2(nothing, 1)
        _call(order, tell)
    os.close(tell)
    deadline = time.monotonic() + order["wall_seconds"]
    answer = bytearray()
    status, gone = "", False
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            status = "wall"
            break
        ready, _, _ = select.select([result, caller], [], [], min(left, 60.0))
        if result in ready:
            part = os.read(result, 1 << 20)
            if not part:
                break
            answer += part
        elif caller in ready:
            # Nothing is sent while a call runs: the caller has gone.
            gone = True
            break
    if status or gone:
        os.kill(pid, signal.SIGKILL)
    os.close(result)
    _, ended, usage = os.wait4(pid, 0)
    if gone:
        return None
    seconds = usage.ru_utime + usage.ru_stime
    if status:
        return ("ended", "no end within the limit on wall-clock time", seconds)
    if os.WIFSIGNALED(ended):
        number = os.WTERMSIG(ended)
        if number in (signal.SIGXCPU, signal.SIGKILL) and seconds >= order["cpu_seconds"] - 1:
            return ("ended", f"over {order['cpu_seconds']:g} s of CPU time", seconds)
        if number == signal.SIGXCPU:
            return ("ended", f"over its limit after {seconds:.0f} s of CPU time", seconds)
        return ("ended", f"crashed ({signal.Signals(number).name})", seconds)
    return ("answered", bytes(answer), seconds)


def _load(names: list[str]) -> None:
    """Load what is not loaded yet."""
    new = [name for name in names if name not in sys.modules]
    for name in new:
        importlib.import_module(name)
    if new:
        # Forks share what is loaded; without this the collector would copy it page by page.
        gc.collect()
        gc.freeze()


def main() -> None:
    """Serve until the caller's end of the pipe closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # What libraries print must not come between the answers.
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    _load(sys.argv[1:])
    while True:
        head = read_exactly(0, _LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        order = pickle.loads(read_exactly(0, _LENGTH.unpack(head)[0]))
        _load(order["modules"])
        answer = _serve(order, 0, nothing)
        if answer is None:
            return
        body = pickle.dumps(answer)
        write_all(answers, _LENGTH.pack(len(body)) + body)


if __name__ == "__main__":
    main()
