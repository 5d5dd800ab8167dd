"""Guarded calls into libraries that may crash or never end."""

from __future__ import annotations

import atexit
import contextlib
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")

_LENGTH = struct.Struct("<Q")
_SECONDS_TO_END = 0.5


@dataclass(frozen=True)
class GuardedResult(Generic[Value]):
    """What became of a guarded call.

    Attributes
    ----------
    value : object
        What the function returned; None where it did not.
    problem : str
        Empty where it returned; otherwise why not: an exception's words, a crash, a limit.
    cpu_seconds : float
        CPU time, s.
    lost : bool
        Whether the call came to nothing through no fault of its own.
    """

    value: Value | None
    problem: str
    cpu_seconds: float
    lost: bool = False

    @property
    def out_of_memory(self) -> bool:
        """Whether the call asked for more memory than it may take."""
        return self.problem.startswith("MemoryError")


class Sandbox:
    """A warm process in which functions are called, each in a fork of its own.

    Parameters
    ----------
    preload : tuple of str
        Modules to load once, before the first call.

    Notes
    -----
    A fork of a process with pymatgen loaded takes some milliseconds, a new one a second. One
    sandbox serves one call at a time.
    """

    def __init__(self, preload: tuple[str, ...] = ()) -> None:
        self._preload = preload
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether the warm process is there, so that a call costs a fork only."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the warm process and return at once: it loads while the caller goes on."""
        with self._lock:
            self._started()

    def call(
        self,
        function: Callable[..., Value],
        *args: object,
        cpu_seconds: float,
        wall_seconds: float | None = None,
        memory_bytes: int | None = None,
        readable: Sequence[str | Path] | None = None,
        modules: Sequence[str] = (),
    ) -> GuardedResult[Value]:
        """Call a function.

        Parameters
        ----------
        function : callable
            Defined at the top of a module.
        *args : object
            Its arguments; they and its result cross a process border.
        cpu_seconds : float
            Limit on CPU time, s.
        wall_seconds : float, optional
            Limit on wall-clock time, s; default ten times the other and a minute more.
        memory_bytes : int, optional
            Limit on the memory that the call may take; none by default.
        readable : sequence of str or Path, optional
            The only files and folders that it may open, besides those of Python, and nothing for
            writing; any by default. Needs Linux 5.13; elsewhere the call is not confined.
        modules : sequence of str, optional
            What the function loads besides the preloaded: loaded once, before the fork, and kept.

        Returns
        -------
        GuardedResult
            However the call ended.
        """
        order = {
            "module": function.__module__,
            "name": function.__qualname__,
            "args": args,
            "cpu_seconds": cpu_seconds,
            "wall_seconds": 10 * cpu_seconds + 60 if wall_seconds is None else wall_seconds,
            "memory_bytes": memory_bytes,
            "readable": None if readable is None else [str(Path(path).absolute()) for path in readable],
            "folder": _working_folder(),
            "modules": list(modules),
        }
        with self._lock:
            answer = self._ask(pickle.dumps(order))
        if answer is None:
            return GuardedResult(None, "the process that guards such calls was killed", 0.0, lost=True)
        _, told, seconds = answer
        if isinstance(told, str):
            return GuardedResult(None, told, seconds)
        try:
            kind, value = pickle.loads(told)
        except Exception as error:
            return GuardedResult(None, f"an answer that cannot be read: {type(error).__name__}", seconds)
        return GuardedResult(value, "", seconds) if kind == "ok" else GuardedResult(None, value, seconds)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
            if process.stdout is not None:
                process.stdout.close()
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                # It still loads its modules, which nobody needs any more.
                process.kill()
                process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if not self.running:
            self.close()
            self._process = subprocess.Popen(
                # -P: a file numpy.py in the folder of somebody's data is no module.
                [sys.executable, "-P", "-m", "edgepair.engine.sandbox_server", *self._preload],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        assert self._process is not None
        return self._process

    def _ask(self, data: bytes) -> tuple[str, str | bytes, float] | None:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(_LENGTH.pack(len(data)) + data)
            process.stdin.flush()
            head = process.stdout.read(_LENGTH.size)
            body = process.stdout.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""
            answer: tuple[str, str | bytes, float] = pickle.loads(body)
        except (OSError, EOFError, pickle.UnpicklingError):
            self.close()
            return None
        except BaseException:
            # Interrupted in between: question and answer would no longer belong together.
            process.kill()
            self.close()
            raise
        return answer


def _working_folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:
        # It was removed.
        return None


_shared: dict[tuple[str, ...], Sandbox] = {}


def shared_sandbox(*preload: str) -> Sandbox:
    """Return this process's sandbox with these modules loaded, made when first asked for.

    Parameters
    ----------
    *preload : str
        Modules.

    Returns
    -------
    Sandbox
        It ends with this process: its input closes then.
    """
    if preload not in _shared:
        _shared[preload] = Sandbox(preload)
        atexit.register(_shared[preload].close)
    return _shared[preload]
