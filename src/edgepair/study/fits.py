"""Rounds of folds: fitting them in processes, keeping what is finished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import EngineError
from edgepair.engine import Call, open_processes
from edgepair.files.scratch import own_scratch
from edgepair.models import LEARNERS, FitOutcome, FitTask, fit_folds
from edgepair.study.cache import FitCache, array_digest, fit_key, models_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.study.cells import Cell


@dataclass(frozen=True)
class Fit:
    """One round of folds on some rows of a table of features.

    ``sites`` (n,).
    """

    table: Hashable
    sites: NDArray[np.int64]
    task: FitTask
    cost: float


@dataclass(frozen=True)
class FinishedFit:
    """A fit that is done."""

    number: int
    outcome: FitOutcome
    cached: bool


def repeat_seed(seed: int, repeat: int) -> int:
    """Derive the random state of one round of folds."""
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0] % 2**31)


def fit_task(
    cell: Cell, modality: str, learner: str, *, folds: NDArray[np.int64], trees: int, seed: int
) -> FitTask:
    """Describe one round of folds of a learner, in its own settings.

    ``folds`` (n,).
    """
    return FitTask(
        learner=learner,
        task=cell.task.name,
        target=cell.target,
        n_classes=len(cell.classes),
        groups=cell.groups,
        folds=folds,
        trees=trees,
        seed=seed,
        settings=tuple(sorted(LEARNERS[learner].settings(cell.task).items())),
    )


def run_fits(
    fits: Sequence[Fit],
    features: Callable[[Any], NDArray[np.float32]],
    cache: FitCache,
    n_jobs: int,
    scheduler: str | None = None,
) -> Iterator[FinishedFit]:
    """Make fits in processes, those that were not made before.

    ``features`` (n_sites, n_features).
    """
    code = models_digest()
    with own_scratch("fits") as scratch:
        shared = _SharedFeatures(features, scratch)
        waiting = []
        for number, fit in enumerate(fits):
            values, digest = shared.take(fit.table)
            key = fit_key(digest + array_digest(fit.sites), fit.task, code)
            outcome = cache.load(key)
            if outcome is not None:
                yield FinishedFit(number, outcome, True)
            else:
                waiting.append(_Waiting(number, key, values, fit))
        if not waiting:
            return
        # The longest first, so that no process is left alone with one at the end.
        waiting.sort(key=lambda item: (-item.fit.cost, item.number))
        carry_out = _on_scheduler if scheduler is not None else _on_this_machine
        for item, outcome in carry_out(waiting, cache, scheduler or n_jobs):
            yield FinishedFit(item.number, outcome, False)


@dataclass(frozen=True)
class _Waiting:
    """A fit that is not in the cache."""

    number: int
    key: str
    values: NDArray[np.float32]
    fit: Fit


def _on_this_machine(
    waiting: list[_Waiting], cache: FitCache, n_jobs: Any
) -> Iterator[tuple[_Waiting, FitOutcome]]:
    """Fit in processes of this machine, which map the features instead of copying them."""
    import joblib

    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    items = {item.number: item for item in waiting}
    calls = (joblib.delayed(_fit)(item.number, item.values, item.fit, cache, item.key) for item in waiting)
    with interrupts_left_to_parent():
        # Workers start here and inherit what they do with Ctrl-C.
        done = parallel(calls)
    for number, outcome in done:
        yield items[number], outcome


def _on_scheduler(
    waiting: list[_Waiting], cache: FitCache, scheduler: Any
) -> Iterator[tuple[_Waiting, FitOutcome]]:
    """Fit on the processes of a Dask cluster; what comes back is kept here."""
    items = {item.key: item for item in waiting}
    with open_processes(scheduler=scheduler) as processes:
        features: dict[int, Any] = {}
        for item in waiting:
            if id(item.values) not in features:
                features[id(item.values)] = processes.share(np.asarray(item.values))
        calls = (
            Call(item.key, (features[id(item.values)], item.fit.sites, item.fit.task)) for item in waiting
        )
        for done in processes.run(_fit_remotely, calls):
            if done.problem:
                raise EngineError(
                    f"cannot fit {items[done.key].fit.task.learner} on the cluster",
                    found=done.problem,
                    needed="a fit that ends on one of its processes",
                    suggestion="look at the workers' logs; finished fits are kept",
                )
            cache.save(done.key, done.value)
            yield items[done.key], done.value


def _fit_remotely(values: NDArray[np.float32], sites: NDArray[np.int64], task: FitTask) -> FitOutcome:
    return fit_folds(values[sites], task)


@contextmanager
def interrupts_left_to_parent() -> Iterator[None]:
    """Ignore Ctrl-C while workers start: it reaches the whole group, and the parent ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _fit(
    number: int,
    values: NDArray[np.float32],
    fit: Fit,
    cache: FitCache,
    key: str,
) -> tuple[int, FitOutcome]:
    outcome = fit_folds(np.asarray(values[fit.sites]), fit.task)
    # Kept by the process that made it: what is finished survives an interruption of the parent.
    cache.save(key, outcome)
    return number, outcome


class _SharedFeatures:
    """Feature tables as files that processes map into memory instead of copying."""

    def __init__(self, features: Callable[[Any], NDArray[np.float32]], folder: Path) -> None:
        self._features = features
        self._folder = folder
        self._taken: dict[Hashable, tuple[NDArray[np.float32], str]] = {}

    def take(self, table: Hashable) -> tuple[NDArray[np.float32], str]:
        """Return the mapped values and their digest."""
        if table not in self._taken:
            values = self._features(table)
            path = self._folder / f"{len(self._taken)}.npy"
            np.save(path, values)
            self._taken[table] = (np.load(path, mmap_mode="r"), array_digest(values))
        return self._taken[table]
