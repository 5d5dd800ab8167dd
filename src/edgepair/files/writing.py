"""Writing text files that are complete or absent."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from edgepair.conventions.errors import OutputError


def what_stands_at(target: Path) -> str:
    """Say what stands at a place and must not be replaced: what is moved there replaces a device too."""
    if target.is_dir():
        return "a folder of that name"
    return "a pipe or a device" if target.exists() and not target.is_file() else ""


def write_whole(path: str | Path, text: str, *, what: str, suggestion: str) -> Path:
    """Write a text file beside its place, then move it there."""
    target = Path(path)
    scratch: Path | None = None
    try:
        if found := what_stands_at(target):
            raise FileExistsError(None, found)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".edgepair-", suffix=".part")
        scratch = Path(name)
        # Names of files may hold bytes that are no text.
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
        scratch.chmod(0o644)
        scratch.replace(target)
    except BaseException as error:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"cannot write {what} {str(target)!r}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            needed="a folder that exists, can be written and has room",
            suggestion=suggestion,
        ) from error
    return target
