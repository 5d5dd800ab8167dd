"""The fits of a study: listing them, and making them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.features import FeatureTable
from edgepair.models import LEARNERS, FitOutcome, FitTask, choose_windows, fitted_learners
from edgepair.study.cache import FitCache
from edgepair.study.fits import Fit, fit_task, repeat_seed, run_fits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.models import Window
    from edgepair.study.cells import Cell
    from edgepair.study.config import StudyConfig

ASIDE_TREES = 40
"""Trees under other conditions, and in the comparison with a random split."""

FEW_TREES = 20
"""Trees in learning curves, which are compared with each other, and with permuted labels, whose share of
the impurity scatters over permutations more than over trees."""

LEARNING_FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Shares of the training formulas in learning curves, all with `FEW_TREES`."""

NULL_FITS = 5
"""Forests that learn permuted labels, for the share of the impurity that numbers of features give."""


@dataclass(frozen=True)
class Job:
    """One round of folds of one learner on one cell and modality."""

    cell: Cell
    modality: str
    learner: str
    number: int
    trees: int
    purpose: str = "score"
    fraction: float = 1.0
    permute: str = ""
    tune: bool = False

    def windows(self, table: FeatureTable) -> tuple[Window, ...]:
        """List what is permuted."""
        if not self.permute:
            return ()
        return tuple(w for w in choose_windows(table) if w.whole or self.permute == "windows")

    def task(self, table: FeatureTable, seed: int) -> FitTask:
        """Describe what is fitted."""
        cell, null = self.cell, self.purpose == "null"
        folds = cell.folds[0 if null else self.number]
        if null:
            # Each permutation learns from one training set: its answers are of no interest.
            held_out = self.number % len(np.unique(folds))
            folds = np.where(folds == held_out, 0, -1)
        task = fit_task(
            cell,
            self.modality,
            self.learner,
            folds=folds,
            trees=self.trees,
            seed=repeat_seed(seed, self.number),
        )
        if null:
            task = replace(task, target=permuted_labels(cell, seed=[seed, 3, self.number]))
        return replace(task, tune=self.tune, fraction=self.fraction, windows=self.windows(table))

    def cost(self, n_features: int) -> float:
        """Estimate the time of the job, in arbitrary units, for the progress bar."""
        n = len(self.cell.sites) * self.fraction
        if self.learner == "dummy":
            return 1e-3 * n
        if self.learner == "kernel":
            return float(100 * n + 1e-3 * n**3 / 60)
        wide = n_features if self.learner == "stock" and not self.cell.classes else n_features**0.5 * 3
        n_windows = {"": 0, "techniques": 2, "windows": 25}[self.permute]
        cost = self.trees * (120.0 + n * np.log2(n + 2) * wide * 0.02 + 0.05 * n * n_windows)
        return float(cost / 5 * 2 if self.purpose == "null" else cost)


def permuted_labels(cell: Cell, *, seed: Sequence[int]) -> NDArray[np.float64]:
    """Permute the labels of a cell between formulas.

    Returns (n,).
    """
    names = np.unique(cell.groups)
    place = np.random.default_rng(list(seed)).permutation(len(names))[np.searchsorted(names, cell.groups)]
    permuted = np.empty_like(cell.target)
    permuted[np.argsort(place, kind="stable")] = cell.target[np.argsort(cell.groups, kind="stable")]
    return permuted


def list_jobs(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, subsets: Sequence[str] = ()
) -> list[Job]:
    """List the jobs of one cell of the study itself."""
    jobs: list[Job] = []
    first = _first_learners(config)
    rounds = range(cell.n_repeats)
    for modality in modalities:
        for learner in fitted_learners(config.learners):
            able = LEARNERS[learner].importances
            permute = ""
            if learner in first and able:
                permute = "windows" if config.extras else "techniques" if "+" in modality else ""
            tune = config.tune and able and learner != "stock"
            jobs += [
                Job(
                    cell, modality, learner, number, config.trees,
                    permute="" if number else permute, tune=tune,
                )
                for number in rounds
            ]  # fmt: skip
        if config.extras:
            trees = min(config.trees, FEW_TREES)
            jobs += [
                Job(cell, modality, name, 0, trees, "learning", share)
                for name in first
                for share in LEARNING_FRACTIONS
            ]
        jobs += _null_jobs(cell, modality, config)
    jobs += [
        Job(cell, modality, learner, number, config.trees)
        for modality in subsets
        if modality not in modalities
        for learner in first
        for number in rounds
    ]
    return jobs


def list_aside_jobs(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, findings: bool = True
) -> list[Job]:
    """List the jobs of a cell that stands beside the study: another condition, or a random split."""
    trees = min(config.trees, ASIDE_TREES)
    jobs = []
    for modality in modalities:
        for learner in (*_first_learners(config), *(("dummy",) if findings else ())):
            permuted = findings and "+" in modality and LEARNERS[learner].importances
            jobs.append(Job(cell, modality, learner, 0, trees, permute="techniques" if permuted else ""))
        if findings:
            jobs += _null_jobs(cell, modality, config)
    return jobs


def _first_learners(config: StudyConfig) -> tuple[str, ...]:
    """List what is fitted for the learner on which figures and findings rest."""
    return fitted_learners(tuple(name for name in config.learners if name != "dummy")[:1])


def _null_jobs(cell: Cell, modality: str, config: StudyConfig) -> list[Job]:
    # Of pairs with XANES, whose shares a finding is about, where the learner has importances itself.
    parts = modality.split("+")
    if len(parts) != 2 or parts[0] != "xanes":
        return []
    trees = min(config.trees, FEW_TREES)
    return [
        Job(cell, modality, name, number, trees, "null")
        for name in config.learners[:1]
        if LEARNERS[name].importances
        for number in range(NULL_FITS)
    ]


@dataclass(frozen=True)
class Finished:
    """A job that is done."""

    job: Job
    outcome: FitOutcome
    cached: bool


def run_jobs(
    jobs: Sequence[Job],
    features: Callable[[Cell, str], FeatureTable],
    config: StudyConfig,
    cache: FitCache,
    n_jobs: int,
    scheduler: str | None = None,
) -> Iterator[Finished]:
    """Run jobs in processes, those that were not done before."""
    fits = []
    # One table serves all cells of a dataset, each with its own name.
    tables: dict[tuple[int, str, str], FeatureTable] = {}
    for job in jobs:
        name = (id(job.cell.dataset), job.cell.per, job.modality)
        table = tables.setdefault(name, features(job.cell, job.modality))
        task = job.task(table, config.seed)
        fits.append(Fit(name, job.cell.sites, task, job.cost(table.values.shape[1])))

    def values(name: tuple[int, str, str]) -> NDArray[np.float32]:
        return tables[name].values

    for done in run_fits(fits, values, cache, n_jobs, scheduler):
        yield Finished(jobs[done.number], done.outcome, done.cached)
