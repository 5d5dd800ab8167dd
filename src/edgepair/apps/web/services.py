"""What all pages share: visits, jobs, and the private folder that goes when the server goes."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from edgepair.apps.web.jobs import Jobs
from edgepair.apps.web.settings import Limits
from edgepair.apps.web.shown import Shown
from edgepair.apps.web.visits import Visits
from edgepair.apps.web.workers import Worker

_SWEEP_SECONDS = 60.0


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
