"""Work in the background: who asked for what, how far it is, and what came of it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

from edgepair.apps.web.workers import Worker
from edgepair.conventions import EdgepairError, EngineError

LANES = {"look": 2, "browse": 1, "answer": 1, "long": 1}
"""Processes by how long their work takes: parts of a second (files of visitors; datasets and studies, which
fill a process of their own), seconds, minutes. A study must not keep a visitor waiting who moves E0."""

_STANDS_BACK = {"long": 10}
"""Niceness by lane: the page itself comes first."""

_PATIENCE = 120.0
"""Seconds that a file may wait for its turn before its own time counts."""

KEPT = 20
"""Ended jobs of one visitor whose results are kept."""

ENDED = ("done", "refused", "failed", "cancelled")
"""States that a job does not leave."""

_log = logging.getLogger("edgepair.web")


Value = TypeVar("Value")
Function: TypeAlias = Callable[..., object]
Order: TypeAlias = tuple[Function, tuple[object, ...]]
"""What another process is to call, and its arguments."""


@dataclass
class Job:
    """One call and what became of it."""

    key: str
    owner: str
    lane: str
    function: Function
    args: tuple[object, ...]
    state: str = "waiting"
    done: float = 0.0
    total: float = 0.0
    text: str = ""
    parts: list[object] = field(default_factory=list)
    value: object = None
    error: EdgepairError | None = None
    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """All jobs, and the processes that carry them out."""

    def __init__(
        self,
        folder: Path,
        *,
        lanes: Mapping[str, int] = LANES,
        waiting: int = 20,
        make_worker: Callable[[Path, int], Worker] = Worker,
    ) -> None:
        self._waiting_most = waiting
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        # By lane, then by visitor: who has taken least time is next, then each in turn, so that nobody
        # waits for another's forty files, nor a newcomer for what many others drop to hurt.
        self._queues: dict[str, OrderedDict[str, deque[Job]]] = {lane: OrderedDict() for lane in lanes}
        self._changed = threading.Condition()
        self._closed = False
        self._workers: list[Worker] = []
        self._running: dict[str, Worker] = {}
        # One visitor leaves a process of each lane to the others, where there are several.
        self._most_of_one = {lane: max(1, count - 1) for lane, count in lanes.items()}
        self._active: Counter[tuple[str, str]] = Counter()
        self._used: defaultdict[tuple[str, str], float] = defaultdict(float)
        for lane, count in lanes.items():
            for _ in range(count):
                worker = make_worker(folder, _STANDS_BACK.get(lane, 0))
                self._workers.append(worker)
                threading.Thread(target=self._serve, args=(lane, worker), daemon=True).start()

    def submit(self, owner: str, function: Function, *args: object, lane: str = "answer") -> Job:
        """Ask for a call."""
        with self._changed:
            queue = self._queues[lane].setdefault(owner, deque())
            if len(queue) >= self._waiting_most:
                raise EngineError(
                    "cannot begin yet another calculation",
                    found=f"{len(queue)} of yours that wait",
                    needed=f"at most {self._waiting_most}",
                    suggestion="wait for some to end, or cancel them",
                )
            job = Job(secrets.token_urlsafe(18), owner, lane, function, args)
            self._jobs[job.key] = job
            queue.append(job)
            self._forget_oldest(owner)
            self._changed.notify_all()
        return job

    def call(
        self,
        owner: str,
        function: Callable[..., Value],
        *args: object,
        lane: str = "look",
        seconds: float = 60.0,
    ) -> Value:
        """Ask for a call and wait for it."""
        job = self.submit(owner, function, *args, lane=lane)
        # The clock starts when a process takes it up: that others wait before it is no fault of its own.
        job.began.wait(_PATIENCE)
        if not job.ended.wait(seconds):
            self.cancel(owner, job.key)
            raise EngineError(
                "cannot wait any longer",
                found=f"no end after {seconds:.0f} s",
                needed="a calculation that ends sooner",
                suggestion="try again; if it happens with one file only, export that file anew",
            )
        with self._changed:
            self._jobs.pop(job.key, None)
        if job.error is not None:
            raise job.error
        return cast(Value, job.value)

    def find(self, owner: str, key: str | None) -> Job | None:
        """Look a job up."""
        job = self._jobs.get(key or "")
        return job if job is not None and job.owner == owner else None

    def cancel(self, owner: str, key: str | None) -> None:
        """Give a job up: one that runs is killed with its process, which starts anew."""
        job = self.find(owner, key)
        if job is None:
            return
        with self._changed:
            if job.state in ENDED:
                return
            queue = self._queues[job.lane].get(owner)
            if queue is not None and job in queue:
                queue.remove(job)
            self._end(job, "cancelled", error=_CANCELLED)
            worker = self._running.get(job.key)
        if worker is not None:
            worker.kill()

    def drop(self, owner: str) -> None:
        """Give up and forget everything of a visit."""
        for job in [job for job in list(self._jobs.values()) if job.owner == owner]:
            self.cancel(owner, job.key)
            with self._changed:
                self._jobs.pop(job.key, None)
        with self._changed:
            for lane in self._queues:
                self._used.pop((lane, owner), None)

    def close(self) -> None:
        """Give everything up and end the processes."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                if job.state not in ENDED:
                    self._end(job, "cancelled", error=_CANCELLED)
            self._changed.notify_all()
        for worker in self._workers:
            worker.close()

    def _forget_oldest(self, owner: str) -> None:
        old = [job.key for job in self._jobs.values() if job.owner == owner and job.state in ENDED]
        for key in old[:-KEPT]:
            del self._jobs[key]

    def _next(self, lane: str, worker: Worker) -> Job | None:
        """Wait for the next job of a lane; None when there will be none."""
        with self._changed:
            while not self._closed:
                queues = self._queues[lane]
                for owner in sorted(queues, key=lambda owner: self._used[lane, owner]):
                    if self._active[lane, owner] >= self._most_of_one[lane]:
                        continue
                    queue = queues.pop(owner)
                    if queue:
                        job = queue.popleft()
                        queues[owner] = queue
                        job.state = "running"
                        job.began.set()
                        self._running[job.key] = worker
                        self._active[lane, owner] += 1
                        return job
                self._changed.wait()
            return None

    def _serve(self, lane: str, worker: Worker) -> None:
        while (job := self._next(lane, worker)) is not None:

            def report(done: float, total: float, text: str, part: object = None, job: Job = job) -> None:
                if job.state in ENDED:
                    # Cancelled while its process was starting, when there was nothing to kill yet.
                    raise EOFError
                job.done, job.total, job.text = done, total, text
                if part is not None:
                    job.parts.append(part)

            began = time.monotonic()
            outcome = worker.run(job.function, job.args, report)
            with self._changed:
                self._used[lane, job.owner] += time.monotonic() - began
                self._running.pop(job.key, None)
                self._active[lane, job.owner] -= 1
                if not self._active[lane, job.owner]:
                    del self._active[lane, job.owner]
                self._changed.notify_all()
                if job.state in ENDED:
                    continue
                if outcome[0] == "done":
                    self._end(job, "done", value=outcome[1])
                elif outcome[0] == "refused":
                    self._end(job, "refused", error=outcome[1])
                else:
                    told = outcome[1] if outcome[0] == "failed" else "the process that did it has died"
                    _log.info("%s", outcome[-1])
                    self._end(job, "failed", error=_fault(told))

    def _end(self, job: Job, state: str, *, value: object = None, error: EdgepairError | None = None) -> None:
        job.state, job.value, job.error = state, value, error
        # Arguments and parts may be large, and are not needed any more.
        job.args, job.parts = (), []
        job.began.set()
        job.ended.set()


_CANCELLED = EngineError(
    "the calculation was cancelled",
    found="a cancel button that was pressed, or a visit that ended",
    needed="time to end",
    suggestion="begin it again",
)


def _fault(told: str) -> EngineError:
    return EngineError(
        "the calculation came to nothing",
        found=" ".join(told.split())[:300],
        needed="a calculation that ends",
        suggestion="try it on the command line; if the file looks right, report this as a fault",
    )
