"""What each visitor has done, never shown to another, and the jobs and folder that all pages share."""

from __future__ import annotations

import atexit
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from edgepair.apps.web.jobs import Jobs
from edgepair.apps.web.settings import Limits, Shown
from edgepair.apps.web.workers import Worker
from edgepair.conventions import DataError, EdgepairError

State = TypeVar("State")

_ENDING = re.compile(r"\.[a-z0-9]{1,8}(\.gz)?$")
_LONGEST_NAME = 120

_SWEEP_SECONDS = 60.0


@dataclass(frozen=True)
class Upload:
    """A file of a visitor."""

    key: str
    name: str
    path: Path
    size: int
    page: str


@dataclass
class Visit:
    """One tab of one visitor's browser."""

    key: str
    folder: Path
    files: dict[str, Upload] = field(default_factory=dict)
    bag: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    seen: float = field(default_factory=lambda: time.monotonic())
    holds: bool = False
    _count: int = 0

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(upload.size for upload in list(self.files.values()))

    def state(self, page: str, kind: Callable[[], State]) -> State:
        """Give what a visitor has done on a page, from nothing at first."""
        found: State = self.bag.setdefault(page, kind())
        return found

    def files_of(self, page: str) -> list[Upload]:
        """List the files that were dropped on a page."""
        return [upload for upload in list(self.files.values()) if upload.page == page]

    def remove(self, key: str) -> None:
        """Remove a file."""
        with self.lock:
            upload = self.files.pop(key, None)
        if upload is not None:
            upload.path.unlink(missing_ok=True)


class Visits:
    """All visits: one with files or answers ends when long idle, never for another's sake; empty ones do."""

    def __init__(self, folder: Path, limits: Limits, on_end: Callable[[str], None]) -> None:
        self._folder = folder
        self.limits = limits
        self._on_end = on_end
        self._visits: dict[str, Visit] = {}
        self._lock = threading.Lock()

    def begin(self) -> Visit:
        """Begin a visit."""
        self.expire()
        with self._lock:
            surplus = len(self._visits) + 1 - self.limits.visits
            empty = sorted((one for one in self._visits.values() if not one.holds), key=lambda one: one.seen)
            if surplus > len(empty):
                raise DataError(
                    "cannot let another visitor in",
                    found=f"{len(self._visits)} visitors with files or answers of theirs",
                    needed=f"fewer than {self.limits.visits}",
                    suggestion="try again later, or use edgepair predict on the command line",
                )
            key = secrets.token_urlsafe(32)
            folder = self._folder / secrets.token_hex(16)
            folder.mkdir(mode=0o700)
            visit = self._visits[key] = Visit(key, folder)
        for one in empty[: max(0, surplus)]:
            self._end(one, unless_it_holds=True)
        return visit

    def find(self, key: str | None) -> Visit:
        """Find a visit that goes on."""
        visit = self._visits.get(key) if isinstance(key, str) else None
        if visit is None:
            raise _over()
        visit.seen = time.monotonic()
        return visit

    def expire(self) -> None:
        """End the visits that have been idle for too long."""
        oldest = time.monotonic() - self.limits.idle_seconds
        for visit in list(self._visits.values()):
            if visit.seen < oldest:
                self.end(visit.key)

    def end(self, key: str) -> None:
        """End a visit: its files and results are gone."""
        visit = self._visits.get(key)
        if visit is not None:
            self._end(visit)

    def _end(self, visit: Visit, *, unless_it_holds: bool = False) -> None:
        with self._lock:
            if unless_it_holds and visit.holds:
                # A file came since it was chosen to give way.
                return
            if self._visits.pop(visit.key, None) is None:
                return
        self._on_end(visit.key)
        shutil.rmtree(visit.folder, ignore_errors=True)

    def take(self, visit: Visit, name: str, content: bytes, *, page: str) -> Upload:
        """Keep a file of a visitor."""
        shown = shown_name(name)
        # Pages hold the lock of a visit while its files are read, which may take long, and may take a
        # file then: were the lock of all visits taken first, everybody would wait, or for ever.
        with visit.lock, self._lock:
            if self._visits.get(visit.key) is not visit:
                # It ended while the file was on its way; its folder is gone.
                raise _over()
            self._check(visit, shown, len(content), page)
            visit._count += 1
            key = f"f{visit._count}"
            ending = _ending(shown)
            upload = Upload(key, shown, visit.folder / f"{key}{ending}", len(content), page)
            upload.path.write_bytes(content)
            visit.files[key], visit.holds = upload, True
        return upload

    def check(self, visit: Visit, name: str, size: int, *, page: str = "") -> None:
        """Refuse a file before it is sent."""
        with self._lock:
            self._check(visit, shown_name(name), size, page)

    def _check(self, visit: Visit, shown: str, size: int, page: str) -> None:
        limits = self.limits
        series = len(visit.files_of("series"))
        # a series has many files, which other pages would list and read one by one
        taken, most = (
            (series, limits.series_files) if page == "series" else (len(visit.files) - series, limits.files)
        )
        if size == 0:
            raise DataError(
                f"cannot take {shown!r}",
                found="an empty file, or a folder",
                needed="a file of measured data",
                suggestion="export it again; drop the files in the folder",
            )
        if size > limits.file_bytes:
            raise _beyond(
                shown,
                f"{size / 1e6:.1f} MB",
                f"at most {limits.file_bytes / 1e6:.0f} MB a file",
                suggestion="export the columns that are needed, or use edgepair predict on the command line",
            )
        if taken >= most:
            raise _beyond(shown, f"{taken} files already", f"at most {most} files")
        if visit.size + size > limits.visit_bytes:
            raise _beyond(
                shown,
                f"{visit.size / 1e6:.0f} MB already",
                f"at most {limits.visit_bytes / 1e6:.0f} MB in all",
            )
        if sum(one.size for one in list(self._visits.values())) + size > limits.all_bytes:
            raise DataError(
                f"cannot take {shown!r}",
                found="no room left for the files of all visitors",
                needed=f"at most {limits.all_bytes / 1e9:g} GB together",
                suggestion="try again later, or use edgepair predict on the command line",
            )


def shown_name(encoded: str) -> str:
    r"""Make a visitor's name of a file fit to be shown.

    >>> shown_name("..%2F..%2Fetc%2Fpasswd"), shown_name("C:%5Cdata%5CFe%E2%82%82O%E2%82%83.xdi")
    ('passwd', 'Fe₂O₃.xdi')
    """
    name = re.split(r"[/\\]", unquote(encoded, errors="replace"))[-1]
    name = "".join(c if c.isprintable() else " " for c in name).strip()
    if len(name) > _LONGEST_NAME:
        ending = _ending(name)
        name = name[: _LONGEST_NAME - len(ending) - 1] + "…" + ending
    return name if name.strip(".") else "file without a name"


def _ending(name: str) -> str:
    """Keep the ending, which some formats are told by; of letters and digits only."""
    found = _ENDING.search(name.lower())
    return found.group() if found else ""


def _beyond(
    shown: str,
    found: str,
    needed: str,
    suggestion: str = "remove files that are done with, or use edgepair predict on the command line",
) -> EdgepairError:
    return DataError(f"cannot take {shown!r}", found=found, needed=needed, suggestion=suggestion)


def _over() -> EdgepairError:
    return DataError(
        "cannot go on with this visit",
        found="a visit that ended: it was idle for long, or the server was started again",
        needed="one that goes on",
        suggestion="load the page again, and drop the files again",
    )


class Services:
    """Visits and jobs of one server."""

    def __init__(
        self, limits: Limits, make_worker: Callable[[Path, int], Worker] = Worker, shown: Shown | None = None
    ) -> None:
        self.shown = shown or Shown()
        # Readable by this user alone.
        self.folder = Path(tempfile.mkdtemp(prefix="edgepair-web-"))
        self.jobs = Jobs(self.folder, waiting=limits.waiting, make_worker=make_worker)
        self.visits = Visits(self.folder, limits, self.jobs.drop)
        self._closed = threading.Event()
        atexit.register(self.close)
        threading.Thread(target=self._sweep, daemon=True).start()

    def close(self) -> None:
        """End every job and remove every file."""
        atexit.unregister(self.close)
        self._closed.set()
        self.jobs.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sweep(self) -> None:
        """End visits whose browser was closed: nobody tells us when."""
        while not self._closed.wait(_SWEEP_SECONDS):
            self.visits.expire()
