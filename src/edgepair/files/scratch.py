"""Folders for temporary files that say whose they are, so that what a killed process left is swept."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from edgepair.conventions.errors import OutputError

_ELSEWHERE_SECONDS = 7 * 86400.0
"""Age from which a folder of another machine, whose processes cannot be looked up, is left over."""


@contextmanager
def own_scratch(kind: str) -> Iterator[Path]:
    """Make a scratch folder named after this process, gone at the end; sweep what the dead left."""
    sweep(kind)
    prefix = f"edgepair-{kind}-{_host()}-{os.getpid()}-"
    with writing_scratch():
        scratch = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    with scratch as folder:
        yield Path(folder)


@contextmanager
def writing_scratch() -> Iterator[None]:
    """Raise an OutputError where temporary files cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "cannot write into a scratch folder",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder for temporary files that can be written and has room",
            suggestion="set TMPDIR to one with room",
        ) from error


@cache
def prefix_beside(folder: Path) -> str:
    """Name scratch in the folder of an output after this process; sweep once what the dead left there."""
    sweep("out", folder)
    return f".edgepair-out-{_host()}-{os.getpid()}-"


def sweep(kind: str, folder: Path | None = None) -> None:
    """Remove scratch of this user whose process has ended, but for a result that was to be replaced."""
    named = re.compile(rf"\.?edgepair-{re.escape(kind)}-([A-Za-z0-9]+)-(\d{{1,9}})-\w+(?:\.part)?")
    with contextlib.suppress(OSError), os.scandir(folder or tempfile.gettempdir()) as entries:
        for entry in entries:
            match = named.fullmatch(entry.name)
            if match is None or entry.is_symlink() or Path(entry.path, "old").exists():
                continue
            state = entry.stat(follow_symlinks=False)
            mine = state.st_uid == os.getuid()
            if match.group(1) == _host():
                over = not _lives(int(match.group(2)))
            else:
                over = time.time() - state.st_mtime > _ELSEWHERE_SECONDS
            if mine and over and entry.is_dir():
                shutil.rmtree(entry.path, ignore_errors=True)
            elif mine and over:
                Path(entry.path).unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:32] or "here"
