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


def sweep(kind: str) -> None:
    """Remove scratch folders of this user whose process has ended."""
    named = re.compile(rf"edgepair-{re.escape(kind)}-([A-Za-z0-9]+)-(\d{{1,9}})-\w+")
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            match = named.fullmatch(entry.name)
            if match is None or not entry.is_dir(follow_symlinks=False):
                continue
            state = entry.stat(follow_symlinks=False)
            mine = state.st_uid == os.getuid()
            if match.group(1) == _host():
                over = not _lives(int(match.group(2)))
            else:
                over = time.time() - state.st_mtime > _ELSEWHERE_SECONDS
            if mine and over:
                shutil.rmtree(entry.path, ignore_errors=True)


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
