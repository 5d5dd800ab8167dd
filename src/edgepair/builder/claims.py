"""Which results are being made by which run, so that two runs do not do one thing twice."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path


class Claims:
    """A folder with a file per result that is being made, and one per run that is at it.

    Notes
    -----
    A run holds a lock on its own file as long as it lives, however it ends. Claims of a run whose
    file is not locked are void. Where a file system keeps no locks, two runs may do one thing twice;
    nothing worse comes of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = f"run-{secrets.token_hex(8)}"
        self._lock: int | None = None
        self._mine: set[str] = set()

    def take(self, key: str) -> bool:
        """Claim a result."""
        if key in self._mine:
            return True
        path = self._folder / key
        try:
            self._begin()
            for _ in range(2):
                try:
                    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
                except FileExistsError:
                    if self._lives(path.read_text()):
                        return False
                    path.unlink(missing_ok=True)
                    continue
                os.write(handle, self._token.encode())
                os.close(handle)
                self._mine.add(key)
                return True
        except OSError:
            # No claims can be made here; results can be, or the store says so itself.
            return True
        return False

    def release(self, key: str) -> None:
        """Give a claim up."""
        if key in self._mine:
            self._mine.discard(key)
            with contextlib.suppress(OSError):
                (self._folder / key).unlink(missing_ok=True)

    def close(self) -> None:
        """Give all claims up."""
        for key in list(self._mine):
            self.release(key)
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self._folder / self._token).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def _begin(self) -> None:
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._folder / self._token, os.O_CREAT | os.O_RDWR, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _lives(self, token: str) -> bool:
        """Say whether a run lives: whether it still holds the lock on its file."""
        if not token:
            # Made this instant, its name not yet in it.
            return True
        try:
            handle = os.open(self._folder / Path(token).name, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        with contextlib.suppress(OSError):
            (self._folder / Path(token).name).unlink(missing_ok=True)
        return False
