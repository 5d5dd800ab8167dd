"""Folders of things that can be made anew: where they lie, and what happens when they grow."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

ABANDONED_SECONDS = 3600.0
"""Age from which a part file is what an interrupted run left."""


def user_folder(name: str) -> Path:
    """Return one of the user's cache folders."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edgepair" / name


@cache
def installed_version(package: str) -> str:
    """Tell the version of a package for the hash of a result: finding out reads and parses a file."""
    return version(package)


def is_trusted(folder: Path) -> bool:
    """Say whether what lies in a cache can only come from this user: no link, nobody else may write."""
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o022


def drop_oldest(folder: Path, suffix: str, most_bytes: int) -> None:
    """Drop the oldest entries of a folder beyond a size, and what interrupted runs left."""
    with contextlib.suppress(OSError):
        for part in folder.glob("*.part"):
            if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
                part.unlink(missing_ok=True)
        found = [(entry.stat().st_mtime, entry.stat().st_size, entry) for entry in folder.glob(f"*{suffix}")]
        total = 0
        for _, size, entry in sorted(found, reverse=True):
            total += size
            if total > most_bytes:
                entry.unlink(missing_ok=True)
