"""Carrying out work by way of the store: what is there is not done again, by this run or another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import Self

from edgepair.builder.records import BuildProgress
from edgepair.builder.result_store import ResultStore
from edgepair.conventions.displayed import Record
from edgepair.engine import Call, Outcome, Processes, default_workers, open_processes
from edgepair.engine.own_process import run_here

QUICK = 3.0
"""CPU time, s, of work that is done here: to start other processes takes more."""

_PATIENCE = 0.5
"""Seconds between looks at what other runs have finished."""

WORTH_ANOTHER_TRY = ("analysis failed", "simulation failed", "process failed", "no scratch")
"""Failures that are tried once more; a structure that cannot be used will be no better then."""


@dataclass(frozen=True)
class Order:
    """One piece of work: where its result goes, what makes it, what it costs, what it is of."""

    kind: str
    key: str
    args: tuple[object, ...]
    cost: float
    about: Record


@dataclass
class _Stage:
    """How far a stage is, which orders it is at, and which another run is at."""

    name: str
    total: int | None
    cost: float
    seen: int = 0
    cached: int = 0
    done: int = 0
    failed: int = 0
    spent: float = 0.0
    ahead: dict[str, Order] = field(default_factory=dict)
    elsewhere: list[Order] = field(default_factory=list)

    def progress(self) -> BuildProgress:
        """Count, and estimate the cost of all of it."""
        total = self.seen if self.total is None else self.total
        each = self.spent / self.done if self.done else 0.0
        cost = max(self.cost or each * (total - self.cached), self.spent)
        done = self.done + self.cached
        return BuildProgress(self.name, done, total, self.failed, self.cached, self.spent, cost)


class Runner:
    """Carries out orders and keeps their results."""

    def __init__(
        self,
        absorber: str,
        store: ResultStore,
        *,
        scheduler: str | None = None,
        workers: int | None = None,
        retry_failed: bool = False,
        on_progress: Callable[[BuildProgress], None] | None = None,
    ) -> None:
        self.absorber = absorber
        self.store = store
        self.computed = 0
        self.found = 0
        self.cpu_seconds = 0.0
        self._scheduler, self._workers = scheduler, workers
        self._alone = scheduler is None and (workers or default_workers()) == 1
        self._retry = retry_failed
        self._on_progress = on_progress
        self._processes: Processes | None = None
        self._unkept: dict[str, Record] = {}
        self._refreshed = 0.0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self.store.close()

    def _run(
        self,
        stage: str,
        function: Callable[..., Record],
        orders: Iterable[Order],
        *,
        total: int | None,
        cost: float = 0.0,
        apart: bool = False,
    ) -> None:
        """Carry out what is not in the store yet and keep each result as it comes.

        ``apart``: the function is somebody's, and may end its process.
        """
        at = _Stage(stage, total, cost)
        wanted, first = orders, True
        while True:
            calls = self._missing(wanted, at, first=first)
            some: list[Call] = []
            for call in calls:
                some.append(call)
                if self._alone or self._is_much(at.ahead.values()):
                    break
            # The clock of the stage starts here, not with its first result.
            self._tell(at.progress())
            if some:
                todo = chain(some, calls)
                outcomes = (
                    run_here(function, todo, failed=_worth_another_try, apart=apart)
                    if self._alone or not self._is_much(at.ahead.values())
                    else self._open().run(function, todo, failed=_worth_another_try)
                )
                for outcome in outcomes:
                    order = at.ahead.pop(outcome.key)
                    at.failed += not self._keep(order, outcome)
                    at.done += 1
                    at.spent += order.cost
                    self._tell(at.progress())
            if not at.elsewhere:
                break
            # Another run is at these: take them up when it has finished, do them if it dies.
            wanted, at.elsewhere, first = at.elsewhere, [], False
            if not some:
                time.sleep(_PATIENCE)
        self._tell(at.progress())

    def _missing(self, wanted: Iterable[Order], at: _Stage, *, first: bool) -> Iterator[Call]:
        """Claim what is not known yet; what another run is at is set aside."""
        for order in wanted:
            at.seen += first
            self._refresh()
            known = order.key in at.ahead or self._known(order.key)
            if not known and not self.store.claim(order.key):
                at.elsewhere.append(order)
            elif known or self._finished_meanwhile(order.key):
                at.cached += 1
                self.found += 1
            else:
                at.ahead[order.key] = order
                yield Call(order.key, order.args)

    def _keep(self, order: Order, outcome: Outcome[Record]) -> bool:
        """Keep one result; say whether it is one."""
        record: Record | None = outcome.value
        if record is None:
            record = {"ok": False, "reason": "process failed", "problem": outcome.problem}
            record["transient"] = True
        record = {"about": order.about, **record}
        if outcome.attempts > 1:
            record["attempts"] = outcome.attempts
        if record.get("transient"):
            # What the machine did, not the structure: told now, and tried again by the next run.
            self._unkept[order.key] = record
        else:
            self.store.put(order.kind, order.key, record)
        self.computed += 1
        self.cpu_seconds += record.get("cpu_seconds", 0.0)
        return bool(record["ok"])

    def _finished_meanwhile(self, key: str) -> bool:
        """Say whether another run made it between our last look and our claim."""
        self.store.refresh()
        known = self._known(key)
        if known:
            self.store.release(key)
        return known

    def _refresh(self) -> None:
        """Take in what other runs have finished, every now and then."""
        now = time.monotonic()
        if now - self._refreshed > _PATIENCE:
            self.store.refresh()
            self._refreshed = now

    def _result(self, key: str) -> Record | None:
        return self._unkept.get(key) or self.store.get(key)

    def _known(self, key: str) -> bool:
        # Read, not only looked up: a result that was damaged is made again.
        record = self.store.get(key) if key in self.store else None
        return record is not None and (record["ok"] or not self._retry)

    def _is_much(self, ahead: Iterable[Order]) -> bool:
        """Say whether work is worth other processes; where they run, any is."""
        running = self._processes is not None or self._scheduler is not None
        return running or sum(order.cost for order in ahead) > QUICK

    def _open(self) -> Processes:
        """Start processes when the first piece of work needs one."""
        if self._processes is None:
            opened = open_processes(scheduler=self._scheduler, workers=self._workers)
            self._processes = self._stack.enter_context(opened)
        return self._processes

    def _tell(self, progress: BuildProgress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)


def _worth_another_try(record: Record) -> str:
    """Say why to try once more; a structure that cannot be used will be no better then."""
    return "" if record["ok"] or record["reason"] not in WORTH_ANOTHER_TRY else str(record["problem"])
