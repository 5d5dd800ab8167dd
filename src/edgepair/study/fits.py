"""The fits of a study, for scores, learning curves, permuted labels and beside it: listed, done, cached."""

from __future__ import annotations

import hashlib
import inspect
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

import edgepair.models
from edgepair.conventions import EngineError, Progress
from edgepair.conventions.displayed import Record
from edgepair.engine import Call, open_processes
from edgepair.files.caching import KeptArrays, fingerprint, installed_version, own_scratch, writing_scratch
from edgepair.models import (
    LEARNERS,
    FitOutcome,
    FitTask,
    average_outcomes,
    choose_windows,
    fit_folds,
    fitted_learners,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Labels
    from edgepair.study.config import StudyConfig
    from edgepair.study.plan import Cell

ASIDE_TREES = 40
"""Trees under other conditions, and in the comparison with a random split."""

FEW_TREES = 20
"""Trees in learning curves, which are compared with each other, and with permuted labels, whose share of
the impurity scatters over permutations more than over trees."""

LEARNING_FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Shares of the training formulas in learning curves, all with `FEW_TREES`; of all formulas these are the
first trees of the study's own forest."""

NULL_FITS = 5
"""Forests that learn permuted labels, for the share of the impurity that numbers of features give."""

START_COST = 1e4
"""What a round of folds takes however small it is, in the units of `fit_cost`."""


def repeat_seed(seed: int, repeat: int) -> int:
    """Derive the random state of one round of folds."""
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0] % 2**31)


def fit_cost(task: FitTask) -> float:
    """Estimate the time of a fit of a few hundred features, in arbitrary units."""
    n = len(task.target) * task.fraction
    if task.learner == "dummy":
        return 1e-3 * n
    if task.learner == "kernel":
        return float(100 * n + 1e-3 * n**3 / 60)
    wide = 200.0 if task.learner == "stock" and not task.n_classes else 42.0
    per_tree = 120.0 + n * np.log2(n + 2) * wide * 0.02 + len(task.windows) * (20 + 0.05 * n)
    n_folds = len(np.unique(task.folds[task.folds >= 0]))
    return float(START_COST + task.trees * per_tree * (n_folds + 1) / 6)


def fit_work(
    cell: Cell,
    modality: str,
    learner: str,
    *,
    folds: NDArray[np.int64],
    trees: int,
    seed: int,
    purpose: Hashable = "score",
    sites: NDArray[np.int64] | None = None,
    table: Table | None = None,
    **changes: Any,
) -> Work:
    """Describe one round of folds, (n,), of a learner; what is not named is as cell and learner have it."""
    settings = tuple(sorted(LEARNERS[learner].settings(cell.task).items()))
    known: Record = {"target": cell.target, "groups": cell.groups, "settings": settings}
    task = FitTask(
        learner=learner, task=cell.task.name, n_classes=len(cell.classes), folds=folds, trees=trees,
        seed=seed, **(known | changes),
    )  # fmt: skip
    return Work(
        cell, modality, cell.table(modality) if table is None else table,
        cell.sites if sites is None else sites, task, fit_cost(task),
        f"{cell.absorber} {cell.task.title}, {modality}", learner, purpose,
    )  # fmt: skip


def permuted_labels(cell: Cell, *, seed: Sequence[int]) -> Labels:
    """Permute the labels of a cell between formulas; returns (n,)."""
    names = np.unique(cell.groups)
    order = np.random.default_rng(list(seed)).permutation(len(names))[np.searchsorted(names, cell.groups)]
    permuted = np.empty_like(cell.target)
    permuted[np.argsort(order, kind="stable")] = cell.target[np.argsort(cell.groups, kind="stable")]
    return permuted


def study_fits(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, subsets: Sequence[str] = ()
) -> list[Work]:
    """List the fits of one cell of the study itself."""
    work: list[Work] = []
    first = _first_learners(config)
    rounds = range(cell.n_repeats)
    for modality in modalities:
        for learner in fitted_learners(config.learners):
            able = LEARNERS[learner].importances
            permute = ""
            if learner in first and able:
                permute = "windows" if config.extras else "techniques" if "+" in modality else ""
            tune = config.tune and able and learner != "stock"
            first_trees = (min(config.trees, FEW_TREES),) if is_last_point(config, learner) else ()
            work += [
                _round(
                    cell,
                    modality,
                    learner,
                    config,
                    number,
                    permute="" if number else permute,
                    tune=tune,
                    stages=() if number else first_trees,
                )
                for number in rounds
            ]  # fmt: skip
        if config.extras:
            work += [
                _round(
                    cell, modality, name, config, most=FEW_TREES, purpose=("learning", share), fraction=share
                )
                for name in first
                for share in LEARNING_FRACTIONS
                if share < 1 or not is_last_point(config, name)
            ]
        work += _null_fits(cell, modality, config)
    return work + [
        _round(cell, modality, learner, config, number)
        for modality in subsets
        if modality not in modalities
        for learner in first
        for number in rounds
    ]


def is_last_point(config: StudyConfig, learner: str) -> bool:
    """Say whether the study's own fits of a learner tell the last point of its learning curve too."""
    return (
        config.extras and not config.tune and learner == config.learners[0] and LEARNERS[learner].importances
    )


def fits_aside(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, findings: bool = True
) -> list[Work]:
    """List the fits of a cell that stands beside the study: another condition, or a random split."""
    work = []
    for modality in modalities:
        for learner in (*_first_learners(config), *(("dummy",) if findings else ())):
            permuted = findings and "+" in modality and LEARNERS[learner].importances
            permute = "techniques" if permuted else ""
            work.append(_round(cell, modality, learner, config, most=ASIDE_TREES, permute=permute))
        if findings:
            work += _null_fits(cell, modality, config)
    return work


def _first_learners(config: StudyConfig) -> tuple[str, ...]:
    """List what is fitted for the learner on which figures and findings rest."""
    return fitted_learners(tuple(name for name in config.learners if name != "dummy")[:1])


def _round(
    cell: Cell, modality: str, learner: str, config: StudyConfig, number: int = 0, *,
    most: int | None = None, permute: str = "", **changes: Any,
) -> Work:  # fmt: skip
    """Describe a round of folds in which nothing, whole techniques, or windows are permuted."""
    windows = choose_windows(cell.table(modality)) if permute else ()
    return fit_work(
        cell, modality, learner, folds=cell.folds[number], trees=min(config.trees, most or config.trees),
        seed=repeat_seed(config.seed, number),
        windows=tuple(window for window in windows if window.whole or permute == "windows"), **changes,
    )  # fmt: skip


def _null_fits(cell: Cell, modality: str, config: StudyConfig) -> list[Work]:
    # Of pairs with XANES, whose shares a finding is about, where the learner has importances itself.
    parts = modality.split("+")
    learner = config.learners[0]
    if len(parts) != 2 or parts[0] != "xanes" or not LEARNERS[learner].importances:
        return []
    folds = cell.folds[0]
    return [
        fit_work(
            cell, modality, learner, purpose="null", trees=min(config.trees, FEW_TREES),
            # Each permutation learns from one training set: its answers are of no interest.
            folds=np.where(folds == number % len(np.unique(folds)), 0, -1),
            seed=repeat_seed(config.seed, number),
            target=permuted_labels(cell, seed=[config.seed, 3, number]),
        )
        for number in range(NULL_FITS)
    ]  # fmt: skip


class Table(Protocol):
    """Features of many sites, known by identity."""

    @property
    def values(self) -> NDArray[np.float32]:
        """Return them, shape (n_sites, n_features)."""


@dataclass(frozen=True, eq=False)
class Work:
    """One call ``function(values, task)``, what it is for, and its cost; ``sites``: rows of the table."""

    cell: Cell
    modality: str
    table: Table
    sites: NDArray[np.int64]
    task: Any
    cost: float
    label: str
    learner: str = "forest"
    purpose: Hashable = "score"
    function: Callable[..., object] = fit_folds
    kind: type[object] = FitOutcome


class Outcomes:
    """Results by cell, modality, learner and purpose, in the order in which the work was listed."""

    def __init__(self, work: Sequence[Work], results: Sequence[object]) -> None:
        self._done: dict[tuple[object, ...], list[tuple[Work, object]]] = defaultdict(list)
        for item, result in zip(work, results, strict=True):
            self._done[item.cell, item.modality, item.learner, item.purpose].append((item, result))

    def work(
        self, cell: Cell, modality: str, learner: str = "forest", purpose: Hashable = "score"
    ) -> list[Work]:
        """List what was computed."""
        return [item for item, _ in self._done.get((cell, modality, learner, purpose), ())]

    def of(
        self, cell: Cell, modality: str, learner: str = "forest", purpose: Hashable = "score"
    ) -> list[Any]:
        """List results; those of a blend are averages of its parts."""
        parts = LEARNERS[learner].parts
        if parts:
            each = [self.of(cell, modality, part, purpose) for part in parts]
            # Where a part was not fitted (the comparison with a random split) there is no average.
            return [average_outcomes(outcomes) for outcomes in zip(*each, strict=True)] if all(each) else []
        return [result for _, result in self._done.get((cell, modality, learner, purpose), ())]


def array_digest(values: NDArray[np.generic]) -> str:
    """Hash an array."""
    data = np.ascontiguousarray(values)
    digest = hashlib.sha256(f"{data.dtype}{data.shape}".encode())
    digest.update(data.tobytes())
    return digest.hexdigest()


@cache
def code_digest(function: Callable[..., object]) -> str:
    """Hash the code behind a function and all of ``edgepair.models``: what is changed is computed anew."""
    models = sorted(Path(edgepair.models.__path__[0]).glob("*.py"))
    digest = hashlib.sha256(function.__qualname__.encode())
    for file in [Path(inspect.getfile(function)), *models]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def work_key(work: Work, table_digest: str) -> str:
    """Hash everything that a result depends on."""
    parts = [table_digest, array_digest(work.sites), code_digest(work.function), fingerprint(work.task)]
    parts += [installed_version("scikit-learn"), installed_version("numpy")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Waiting:
    """Work that is not in the cache; ``values`` are mapped from a file, so that processes copy nothing."""

    number: int
    key: str
    values: NDArray[np.float32]
    work: Work


class Runner:
    """Carries out work in processes, and reports how far all of it is."""

    def __init__(
        self,
        *,
        n_jobs: int | None,
        scheduler: str | None,
        cache: bool,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._n_jobs, self._scheduler, self._on_progress = n_jobs or -1, scheduler, on_progress
        self._cache = KeptArrays.of_user("fits", use=cache)
        self._done = self._total = 0.0

    def run(self, work: Sequence[Work], *, about: str = "", later: float = 0.0) -> Outcomes:
        """Do what was not done before; `later` is the cost of what comes after it."""
        self._total = self._done + sum(item.cost for item in work) + later
        self._report(0.0, "", cached=False)
        results: list[object] = [None] * len(work)
        waiting = []
        with own_scratch("fits") as scratch:
            tables: dict[Table, tuple[NDArray[np.float32], str]] = {}
            for number, item in enumerate(work):
                if item.table not in tables:
                    path = scratch / f"{len(tables)}.npy"
                    with writing_scratch():
                        np.save(path, item.table.values)
                    mapped = np.load(path, mmap_mode="r")
                    tables[item.table] = (mapped, array_digest(mapped))
                values, digest = tables[item.table]
                key = work_key(item, digest)
                results[number] = self._cache.load_as(item.kind, key)
                if results[number] is None:
                    waiting.append(_Waiting(number, key, values, item))
                else:
                    self._report(item.cost, item.label + about, cached=True)
            # The longest first, so that no process is left alone with one at the end.
            waiting.sort(key=lambda one: (-one.work.cost, one.number))
            # Explanations need packages that a cluster may lack.
            remote = [one for one in waiting if self._scheduler and one.work.function is fit_folds]
            local = [one for one in waiting if not (self._scheduler and one.work.function is fit_folds)]
            for one, result in chain(self._on_scheduler(remote), self._on_this_machine(local)):
                results[one.number] = result
                self._report(one.work.cost, one.work.label + about, cached=False)
        self._cache.prune()
        return Outcomes(work, results)

    def _report(self, cost: float, text: str, *, cached: bool) -> None:
        self._done += cost
        if self._on_progress:
            self._on_progress(Progress(self._done, self._total, text, cached))

    def _on_this_machine(self, waiting: list[_Waiting]) -> Iterator[tuple[_Waiting, object]]:
        import joblib

        if not waiting:
            return
        parallel = joblib.Parallel(
            n_jobs=self._n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs"
        )
        by_number = {one.number: one for one in waiting}
        calls = (
            joblib.delayed(_compute_and_cache)(
                one.number, self._cache, one.key, one.work.function, one.values, one.work.sites, one.work.task
            )
            for one in waiting
        )
        with interrupts_left_to_parent():
            # Workers start here and inherit what they do with Ctrl-C.
            done = parallel(calls)
        for number, result in done:
            yield by_number[number], result

    def _on_scheduler(self, waiting: list[_Waiting]) -> Iterator[tuple[_Waiting, object]]:
        """Compute on the processes of a Dask cluster; what comes back is cached on this side."""
        if not waiting:
            return
        by_key = {one.key: one for one in waiting}
        with open_processes(scheduler=self._scheduler) as processes:
            shared: dict[Table, object] = {}
            for one in waiting:
                if one.work.table not in shared:
                    shared[one.work.table] = processes.share(np.asarray(one.values))
            calls = (
                Call(one.key, (one.work.function, shared[one.work.table], one.work.sites, one.work.task))
                for one in waiting
            )
            for done in processes.run(compute, calls):
                if done.problem:
                    raise EngineError(
                        f"cannot fit {by_key[done.key].work.learner} on the cluster",
                        found=done.problem,
                        needed="a fit that ends on one of its processes",
                        suggestion="look at the workers' logs; finished fits are kept",
                    )
                self._cache.save_of(done.value, done.key)
                yield by_key[done.key], done.value


def compute(
    function: Callable[..., object], values: NDArray[np.float32], sites: NDArray[np.int64], task: object
) -> object:
    """Carry out one piece of work, on whatever process."""
    return function(np.asarray(values[sites]), task)


def _compute_and_cache(
    number: int,
    cache: KeptArrays,
    key: str,
    function: Callable[..., object],
    values: NDArray[np.float32],
    sites: NDArray[np.int64],
    task: object,
) -> tuple[int, object]:
    result = compute(function, values, sites, task)
    # By the process that made it: what is finished survives an interruption of the parent.
    cache.save_of(result, key)
    return number, result


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
