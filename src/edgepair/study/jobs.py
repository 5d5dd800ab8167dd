"""The fits of a study: listing them, running them in processes, keeping what is finished."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import EngineError
from edgepair.engine import Call, open_processes
from edgepair.models import (
    LEARNERS,
    FeatureTable,
    FitOutcome,
    FitTask,
    choose_windows,
    fit_folds,
    fitted_learners,
)
from edgepair.study.cache import FitCache, array_digest, fit_key, models_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.study.cells import Cell
    from edgepair.study.config import StudyConfig

ASIDE_TREES = 60
"""Trees in learning curves and in the comparison with a random split."""

LEARNING_FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Shares of the training formulas in learning curves, all with `ASIDE_TREES`."""


@dataclass(frozen=True)
class Job:
    """One round of folds of one learner on one cell and modality.

    Attributes
    ----------
    cell : Cell
        Absorber, task, sites and folds.
    modality, learner : str
        Names.
    repeat : int
        Which dealing of folds.
    fraction : float
        Share of the training formulas.
    aside : bool
        Whether it serves learning curves or the comparison with a random split.
    """

    cell: Cell
    modality: str
    learner: str
    repeat: int
    fraction: float = 1.0
    aside: bool = False

    def trees(self, config: StudyConfig) -> int:
        """Tell how many trees the job grows.

        Parameters
        ----------
        config : StudyConfig
            What is asked for.

        Returns
        -------
        int
            Fewer for learning curves and for the random split, which are looked at, not quoted.
        """
        return min(config.trees, ASIDE_TREES) if self.aside else config.trees

    def cost(self, n_features: int, trees: int, n_windows: int) -> float:
        """Estimate the time of the job, in arbitrary units, for the progress bar.

        Parameters
        ----------
        n_features, trees, n_windows : int
            Sizes.

        Returns
        -------
        float
            Larger for what takes longer.
        """
        n = len(self.cell.sites) * self.fraction
        if self.learner == "dummy":
            return 1e-3 * n
        if self.learner == "kernel":
            return float(100 * n + 1e-3 * n**3 / 60)
        wide = n_features if self.learner == "stock" and not self.cell.classes else n_features**0.5 * 3
        return float(trees * (120.0 + n * np.log2(n + 2) * wide * 0.02 + 0.05 * n * n_windows))


def list_jobs(cell: Cell, modalities: Sequence[str], config: StudyConfig, *, main: bool) -> list[Job]:
    """List the jobs of one cell.

    Parameters
    ----------
    cell : Cell
        Absorber and task.
    modalities : sequence of str
        What the data allow.
    config : StudyConfig
        Learners, and whether there are learning curves.
    main : bool
        False for the cell of the comparison with a random split.

    Returns
    -------
    list of Job
        Folds first, then learning curves.
    """
    jobs = []
    first = fitted_learners(tuple(name for name in config.learners if name != "dummy")[:1])
    for modality in modalities:
        for learner in fitted_learners(config.learners) if main else first:
            rounds = range(cell.n_repeats)
            jobs += [Job(cell, modality, learner, repeat, aside=not main) for repeat in rounds]
        if main and config.extras:
            jobs += [
                Job(cell, modality, name, 0, share, aside=True)
                for name in first
                for share in LEARNING_FRACTIONS
            ]
    return jobs


@dataclass(frozen=True)
class Finished:
    """A job that is done.

    Attributes
    ----------
    job : Job
        The job.
    outcome : FitOutcome
        What its held-out sites were told.
    cost : float
        As `Job.cost` has it.
    cached : bool
        Whether it came from the cache.
    """

    job: Job
    outcome: FitOutcome
    cost: float
    cached: bool


def run_jobs(
    jobs: Sequence[Job],
    features: Callable[[Cell, str], FeatureTable],
    config: StudyConfig,
    cache: FitCache,
    n_jobs: int,
    announce: Callable[[float], None],
    scheduler: str | None = None,
) -> Iterator[Finished]:
    """Run jobs in processes, those that were not done before.

    Parameters
    ----------
    jobs : sequence of Job
        In any order.
    features : callable
        Gives the features of a cell's dataset for a modality.
    config : StudyConfig
        Trees, seed, tuning, permutations.
    cache : FitCache
        Where finished fits are.
    n_jobs : int
        Number of processes.
    announce : callable
        Told the sum of all costs before the first job.
    scheduler : str, optional
        Address of a Dask scheduler whose processes are used instead.

    Yields
    ------
    Finished
        In the order in which they end.
    """
    code = models_digest()
    with tempfile.TemporaryDirectory(prefix="edgepair-", ignore_cleanup_errors=True) as scratch:
        shared = _SharedFeatures(features, Path(scratch))
        waiting = []
        finished = []
        total = 0.0
        for number, job in enumerate(jobs):
            values, table, digest = shared.take(job.cell, job.modality)
            task = _fit_task(job, table, config)
            cost = job.cost(values.shape[1], task.trees, len(task.windows))
            total += cost
            key = fit_key(digest + array_digest(job.cell.sites), task, code)
            outcome = cache.load(key)
            if outcome is not None:
                finished.append(Finished(job, outcome, cost, True))
            else:
                waiting.append(_Waiting(cost, number, key, values, job.cell.sites, task))
        announce(total)
        yield from finished
        if not waiting:
            return
        # The longest first, so that no process is left alone with one at the end.
        waiting.sort(key=lambda item: (-item.cost, item.number))
        carry_out = _on_scheduler if scheduler is not None else _on_this_machine
        for item, outcome in carry_out(waiting, cache, scheduler or n_jobs):
            yield Finished(jobs[item.number], outcome, item.cost, False)


@dataclass(frozen=True)
class _Waiting:
    """A fit that is not in the cache."""

    cost: float
    number: int
    key: str
    values: NDArray[np.float32]
    sites: NDArray[np.int64]
    task: FitTask


def _on_this_machine(
    waiting: list[_Waiting], cache: FitCache, n_jobs: Any
) -> Iterator[tuple[_Waiting, FitOutcome]]:
    """Fit in processes of this machine, which map the features instead of copying them."""
    import joblib

    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    items = {item.number: item for item in waiting}
    calls = (
        joblib.delayed(_fit)(item.number, item.values, item.sites, item.task, cache, item.key)
        for item in waiting
    )
    with _interrupts_left_to_parent():
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
        calls = (Call(item.key, (features[id(item.values)], item.sites, item.task)) for item in waiting)
        for done in processes.run(_fit_remotely, calls):
            if done.problem:
                raise EngineError(
                    f"cannot fit {items[done.key].task.learner} on the cluster",
                    found=done.problem,
                    needed="a fit that ends on one of its processes",
                    suggestion="look at the workers' logs; finished fits are kept",
                )
            cache.save(done.key, done.value)
            yield items[done.key], done.value


def _fit_remotely(values: NDArray[np.float32], sites: NDArray[np.int64], task: FitTask) -> FitOutcome:
    return fit_folds(values[sites], task)


@contextmanager
def _interrupts_left_to_parent() -> Iterator[None]:
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
    sites: NDArray[np.int64],
    task: FitTask,
    cache: FitCache,
    key: str,
) -> tuple[int, FitOutcome]:
    outcome = fit_folds(np.asarray(values[sites]), task)
    # Kept by the process that made it: what is finished survives an interruption of the parent.
    cache.save(key, outcome)
    return number, outcome


def _fit_task(job: Job, table: FeatureTable, config: StudyConfig) -> FitTask:
    cell = job.cell
    learner = LEARNERS[job.learner]
    first = job.learner in fitted_learners(config.learners[:1]) and not job.aside
    permute = config.extras and first and job.repeat == 0 and learner.importances
    return FitTask(
        learner=job.learner,
        task=cell.task.name,
        target=cell.target,
        n_classes=len(cell.classes),
        groups=cell.groups,
        folds=cell.folds[job.repeat],
        trees=job.trees(config),
        seed=_job_seed(config.seed, job.repeat),
        tune=config.tune and learner.importances and job.learner != "stock",
        settings=tuple(sorted(learner.settings(cell.task, job.modality).items())),
        fraction=job.fraction,
        windows=choose_windows(table) if permute else (),
    )


def _job_seed(seed: int, repeat: int) -> int:
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0] % 2**31)


class _SharedFeatures:
    """Feature tables as files that processes map into memory instead of copying."""

    def __init__(self, features: Callable[[Cell, str], FeatureTable], folder: Path) -> None:
        self._features = features
        self._folder = folder
        self._taken: dict[tuple[str, str], tuple[NDArray[np.float32], FeatureTable, str]] = {}

    def take(self, cell: Cell, modality: str) -> tuple[NDArray[np.float32], FeatureTable, str]:
        """Return the mapped values, the table and its digest."""
        key = (cell.absorber, modality)
        if key not in self._taken:
            table = self._features(cell, modality)
            path = self._folder / f"{len(self._taken)}.npy"
            np.save(path, table.values)
            mapped = np.load(path, mmap_mode="r")
            self._taken[key] = (mapped, table, array_digest(table.values))
        return self._taken[key]
