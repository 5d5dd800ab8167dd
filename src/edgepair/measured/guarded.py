"""Reading of foreign files in a process of its own: what one of them does costs that file only."""

from __future__ import annotations

import importlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from edgepair.conventions import EdgepairError, EngineError, MeasurementError
from edgepair.conventions.spelling import options_shown
from edgepair.engine import GuardedResult, Sandbox, shared_sandbox
from edgepair.files.reading import TooManyBytesError, read_regular
from edgepair.measured.formats.hdf5_storage import BesideError, is_plain_name

CPU_SECONDS = 8.0
SECONDS_PER_MB = 2.0
MEMORY_BYTES = 1_000_000_000
"""What one file may take to be read: a table of 1,000 spectra, 3.5 MB, is judged spectrum by spectrum."""

_WALL_SECONDS = 60.0
_FEW = 3
_PLAIN_BYTES = 300_000
_PLAIN_LINE = 4_000
_MOST_BYTES = 10_000_000
_MOST_BESIDE = 16
_PRELOAD = ("edgepair.measured.preloaded",)

_alone: ContextVar[bool] = ContextVar("alone", default=False)

_Read = TypeVar("_Read")


def reader_process() -> Sandbox:
    """Return the warm process; `Sandbox.start` has it load while something else goes on."""
    return shared_sandbox(*_PRELOAD)


def expect_files(count: int) -> None:
    """Start the warm process where it pays: for more than a few files, while the command still loads."""
    if count > _FEW:
        reader_process().start()


class GivenUpError(MeasurementError):
    """A file took more than its share, or ended the process that read it."""


@contextmanager
def alone() -> Iterator[None]:
    """Read no file beside the one that is named, as of a page's visitors, whose files have none."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def read_guarded(read: Callable[..., _Read], path: str | Path, **options: object) -> _Read:
    """Call a reader under limits, here if the text is short; again with files it wants `beside`."""
    if "beside" in options and _alone.get():
        options["beside"] = ()
    box = reader_process()
    if not box.running and _is_short_text(path):
        with np.errstate(all="ignore"):
            return read(path, **options)
    try:
        return _in_process(box, read, path, options)
    except BesideError as asked:
        beside = [place for name in asked.names[:_MOST_BESIDE] if (place := _beside(path, name))]
        return _in_process(box, read, path, options | {"beside": beside})


def _beside(path: str | Path, name: str) -> str:
    """Find a regular file in the folder of another, itself and no link; empty where there is none."""
    place = Path(path).absolute().with_name(name)
    try:
        here = stat.S_ISREG(place.lstat().st_mode) and place.resolve().parent == place.parent.resolve()
    except OSError:
        here = False
    return str(place) if here and is_plain_name(name) else ""


def _in_process(box: Sandbox, read: Callable[..., _Read], path: str | Path, options: dict[str, Any]) -> _Read:
    # other visitors wait for a visitor's file
    cpu_seconds = CPU_SECONDS if _alone.get() else _cpu_seconds(path)
    outcome = box.call(
        _attempt,
        read.__module__,
        read.__qualname__,
        str(path),
        options,
        cpu_seconds=cpu_seconds,
        wall_seconds=max(_WALL_SECONDS, 3 * cpu_seconds),
        memory_bytes=MEMORY_BYTES,
        readable=(path, *(options.get("beside") or ())),
    )
    if outcome.value is None:
        raise _given_up(str(path), outcome, cpu_seconds)
    if isinstance(outcome.value, EdgepairError | BesideError):
        raise outcome.value
    return cast(_Read, outcome.value)


def _attempt(module: str, name: str, path: str, options: dict[str, object]) -> object:
    """Call a reader in the guarded process; its errors come back with their four parts."""
    try:
        # what is read goes to another process, which spells it for whoever reads it
        with options_shown():
            return getattr(importlib.import_module(module), name)(path, **options)
    except (EdgepairError, BesideError) as error:
        return error


def _is_short_text(path: str | Path) -> bool:
    try:
        data = read_regular(path, _PLAIN_BYTES)
    except TooManyBytesError:
        return False
    except (OSError, ValueError):
        # The reader says what is wrong with it.
        return True
    return (
        not any(byte in data for byte in (b"\x00", b"\x1f\x8b"))
        and max(map(len, data.splitlines()), default=0) <= _PLAIN_LINE
    )


def _cpu_seconds(path: str | Path) -> float:
    try:
        size = Path(path).stat().st_size
    except (OSError, ValueError):
        size = 0
    return CPU_SECONDS + SECONDS_PER_MB * min(size, _MOST_BYTES) / 1e6


def _given_up(path: str, outcome: GuardedResult[object], cpu_seconds: float) -> EdgepairError:
    problem = outcome.problem
    if outcome.lost:
        return EngineError(
            f"cannot read {path!r}",
            found=problem,
            needed="a process that reads it",
            suggestion="try again; perhaps the machine has no memory left",
        )
    if outcome.out_of_memory:
        problem = f"more than {MEMORY_BYTES / 1e9:g} GB of memory to read it"
    return GivenUpError(
        f"cannot read {path!r}",
        found=problem,
        needed=f"a file that is read within {cpu_seconds:.0f} s of CPU time and {MEMORY_BYTES / 1e9:g} GB",
        suggestion="copy it again, or export the measurement alone, as columns of text",
    )
