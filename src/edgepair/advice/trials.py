"""The fits behind an advice, each on curves of a certain quality: one list, one progress bar."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES
from edgepair.dataset.qualities import Quality
from edgepair.features import compute_features
from edgepair.models import FitOutcome, FitTask
from edgepair.study import Progress
from edgepair.study.cache import FitCache, cache_folder
from edgepair.study.fits import Fit, fit_task, repeat_seed, run_fits
from edgepair.study.jobs import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.study.cells import Cell

_TYPICAL_FEATURES = 200
"""Features of a modality, for estimates of time: all have 100 to 300."""


@dataclass(frozen=True)
class Trial:
    """What is fitted, in all repeats of its cell."""

    cell: Cell
    modality: str
    trees: int
    learner: str = "forest"
    quality: Quality | None = None
    level: float = 0.0
    fraction: float = 1.0

    @property
    def label(self) -> str:
        """What is going on, for a progress bar."""
        if self.quality is not None:
            return f"{self.modality}, {self.quality.title} {self.level:g} {self.quality.unit}"
        if self.fraction < 1:
            return f"{self.modality}, {self.fraction:.0%} of the formulas"
        return self.modality


def run_trials(
    trials: Sequence[Trial],
    *,
    seed: int,
    n_jobs: int | None,
    scheduler: str | None,
    cache: bool,
    on_progress: Callable[[Progress], None] | None,
) -> list[list[FitOutcome]]:
    """Make all fits of some trials."""
    fits, owner = [], []
    for number, trial in enumerate(trials):
        job = Job(trial.cell, trial.modality, trial.learner, 0, trial.trees, fraction=trial.fraction)
        cost = job.cost(_TYPICAL_FEATURES)
        for repeat in range(trial.cell.n_repeats):
            # A forest sees the same curves in every repeat unless noise is drawn anew.
            anew = trial.quality is not None and trial.quality.drawn
            table = (number, repeat if anew else 0)
            fits.append(Fit(table, trial.cell.sites, _trial_task(trial, repeat, seed), cost))
            owner.append((number, repeat))

    known: dict[tuple[int, str], NDArray[np.float32]] = {}

    def features(table: tuple[int, int]) -> NDArray[np.float32]:
        trial = trials[table[0]]
        if trial.quality is not None:
            return _poorer(trial, trial.quality, table[1], seed)
        key = (id(trial.cell.dataset), trial.modality)
        if key not in known:
            known[key] = compute_features(trial.cell.dataset, trial.modality).values
        return known[key]

    store = FitCache(cache_folder() if cache else None)
    total = sum(fit.cost for fit in fits)
    if on_progress:
        on_progress(Progress(0.0, total, "", False))
    done = 0.0
    outcomes: dict[int, dict[int, FitOutcome]] = defaultdict(dict)
    for finished in run_fits(fits, features, store, n_jobs or -1, scheduler):
        number, repeat = owner[finished.number]
        outcomes[number][repeat] = finished.outcome
        done += fits[finished.number].cost
        if on_progress:
            on_progress(Progress(done, total, trials[number].label, finished.cached))
    store.prune()
    return [[outcomes[n][repeat] for repeat in sorted(outcomes[n])] for n in range(len(trials))]


def _trial_task(trial: Trial, repeat: int, seed: int) -> FitTask:
    folds = trial.cell.folds[repeat]
    own = repeat_seed(seed, repeat)
    task = fit_task(trial.cell, trial.modality, trial.learner, folds=folds, trees=trial.trees, seed=own)
    return replace(task, fraction=trial.fraction)


def _poorer(trial: Trial, quality: Quality, repeat: int, seed: int) -> NDArray[np.float32]:
    # The level does not enter the seed: a poorer level has the same noise, larger, so that what
    # changes from one to the next is the level alone.
    rng = np.random.default_rng([seed, repeat, zlib.crc32(f"{quality.axis} {quality.name}".encode())])
    variable = TECHNIQUES[trial.modality].variable
    poorer = quality.degrade(trial.cell.dataset, variable, trial.level, rng)
    return compute_features(poorer, trial.modality).values
