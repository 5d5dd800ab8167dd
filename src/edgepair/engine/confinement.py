"""What a process that reads foreign files takes from itself: memory, other files, writing."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import stat
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of the calls of Landlock, the same on every processor."""

_ALL_ACCESS = (1 << 13) - 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 2 | 1 << 3
_PATH_BENEATH = 1
_VERSION = 1
_NO_NEW_PRIVILEGES = 38

_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")
_MOST_OPEN = 64


def limit_memory(count: int) -> None:
    """Let this process take so many bytes more than it has; beyond, allocations fail."""
    held = 0
    with contextlib.suppress(OSError, ValueError), open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        held = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
    # Systems without /proc do not tell what is held already, and do not keep to such limits.
    if held:
        resource.setrlimit(resource.RLIMIT_DATA, (held + count, held + count))


@contextmanager
def limited_cpu(seconds: int) -> Iterator[None]:
    """End this process, which must be one for a single call, if a part of its work takes longer."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    ends = int(used) + seconds + 1
    if before[0] != resource.RLIM_INFINITY:
        ends = min(ends, before[0])
    resource.setrlimit(resource.RLIMIT_CPU, (ends, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)


def can_confine() -> bool:
    """Say whether the kernel keeps a process from other files: Landlock, since Linux 5.13."""
    return sys.platform == "linux" and _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION) > 0


def confine(readable: Iterable[str]) -> None:
    """Leave this process these files, Python's own and the system's libraries to read, none to write."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_OPEN, _MOST_OPEN))
    if not can_confine():
        return
    ruleset = _call(_CREATE_RULESET, struct.pack("=Q", _ALL_ACCESS), ctypes.c_size_t(8), 0)
    for path in (*readable, *_pythons_own()):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            folder = stat.S_ISDIR(os.fstat(handle).st_mode)
            rule = struct.pack("=Qi", _READ_FOLDER if folder else _READ_FILE, handle)
            _call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
            os.close(handle)
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if _call(_RESTRICT_SELF, ruleset, 0):
        raise OSError("this process could not be confined to its file")
    os.close(ruleset)


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None).syscall(number, *arguments))


def _pythons_own() -> Iterator[str]:
    yield from (path for path in sys.path if path)
    # Where an editable install finds this package by a hook, sys.path does not name it.
    yield from (str(Path(__file__).parents[1]), sys.prefix, sys.base_prefix, *_SYSTEM)
