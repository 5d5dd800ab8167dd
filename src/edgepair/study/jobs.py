"""The fits of a study: listing them, and making them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.models import LEARNERS, FeatureTable, FitOutcome, FitTask, choose_windows, fitted_learners
from edgepair.study.cache import FitCache
from edgepair.study.fits import Fit, fit_task, repeat_seed, run_fits

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
    bare : bool
        Whether it serves contributions alone, which take answers only: nothing is permuted.
    """

    cell: Cell
    modality: str
    learner: str
    repeat: int
    fraction: float = 1.0
    aside: bool = False
    bare: bool = False

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


def list_jobs(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, main: bool, subsets: Sequence[str] = ()
) -> list[Job]:
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
    subsets : sequence of str, optional
        Modalities that contributions need, beside the others or among them.

    Returns
    -------
    list of Job
        Folds first, then learning curves, then what only contributions need.
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
    if main:
        jobs += [
            Job(cell, modality, learner, repeat, bare=True)
            for modality in subsets
            if modality not in modalities
            for learner in first
            for repeat in range(cell.n_repeats)
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
    fits = []
    for job in jobs:
        table = features(job.cell, job.modality)
        task = _fit_task(job, table, config)
        cost = job.cost(table.values.shape[1], task.trees, len(task.windows))
        fits.append(Fit((job.cell.absorber, job.modality), job.cell.sites, task, cost))
    announce(sum(fit.cost for fit in fits))
    # One table serves all cells of an absorber.
    first = {fit.table: job for job, fit in zip(reversed(jobs), reversed(fits), strict=True)}

    def values(name: tuple[str, str]) -> NDArray[np.float32]:
        return features(first[name].cell, name[1]).values

    for done in run_fits(fits, values, cache, n_jobs, scheduler):
        yield Finished(jobs[done.number], done.outcome, fits[done.number].cost, done.cached)


def _fit_task(job: Job, table: FeatureTable, config: StudyConfig) -> FitTask:
    cell = job.cell
    learner = LEARNERS[job.learner]
    first = job.learner in fitted_learners(config.learners[:1]) and not job.aside and not job.bare
    permute = config.extras and first and job.repeat == 0 and learner.importances
    task = fit_task(
        cell,
        job.modality,
        job.learner,
        folds=cell.folds[job.repeat],
        trees=job.trees(config),
        seed=repeat_seed(config.seed, job.repeat),
    )
    return replace(
        task,
        tune=config.tune and learner.importances and job.learner != "stock",
        fraction=job.fraction,
        windows=choose_windows(table) if permute else (),
    )
