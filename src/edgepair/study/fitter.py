"""Making the fits of a study, and what came of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from edgepair.conventions import Progress
from edgepair.features import FeatureTable, compute_features
from edgepair.models import LEARNERS, FitOutcome, average_outcomes
from edgepair.study.findings import COMBINATIONS
from edgepair.study.importances import PairImportance, pair_importance
from edgepair.study.jobs import Job, list_aside_jobs, list_jobs, run_jobs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgepair.models import Window
    from edgepair.study.cache import FitCache
    from edgepair.study.cells import Cell
    from edgepair.study.config import StudyConfig
    from edgepair.study.plan import StudyPlan


def jobs_of(cell: Cell, plan: StudyPlan, config: StudyConfig) -> list[Job]:
    """List the jobs of one cell of a plan."""
    modalities = plan.modalities[cell.absorber]
    if cell.split != config.split:
        return list_aside_jobs(cell, modalities, config, findings=False)
    return list_jobs(cell, modalities, config, subsets=plan.subsets.get(cell.absorber, ()))


class Outcomes:
    """Finished fits of some cells, by cell, modality, learner, purpose and share of the training set."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[Any, ...], dict[int, tuple[Job, FitOutcome]]] = defaultdict(dict)
        self._tables: dict[tuple[int, str, str], FeatureTable] = {}

    def features(self, cell: Cell, modality: str) -> FeatureTable:
        """Compute the features of a cell's dataset, once."""
        key = (id(cell.dataset), cell.per, modality)
        if key not in self._tables:
            self._tables[key] = compute_features(cell.dataset, modality, per=cell.per)
        return self._tables[key]

    def add(self, job: Job, outcome: FitOutcome) -> None:
        """Keep a finished fit."""
        key = (id(job.cell), job.modality, job.learner, job.purpose, job.fraction)
        self._jobs[key][job.number] = (job, outcome)

    def repeats(
        self, cell: Cell, modality: str, learner: str, purpose: str = "score", fraction: float = 1.0
    ) -> list[FitOutcome]:
        """List finished fits in the order of their rounds of folds."""
        parts = LEARNERS[learner].parts
        if parts:
            each = [self.repeats(cell, modality, part, purpose, fraction) for part in parts]
            # Where a part was not fitted (the comparison with a random split) there is no average.
            return [average_outcomes(outcomes) for outcomes in zip(*each, strict=True)] if all(each) else []
        done = self._jobs.get((id(cell), modality, learner, purpose, fraction), {})
        return [done[number][1] for number in sorted(done)]

    def windows(self, cell: Cell, modality: str, learner: str) -> tuple[Window, ...]:
        """List what was permuted in the first round of folds."""
        done = self._jobs.get((id(cell), modality, learner, "score", 1.0), {})
        return done[0][0].windows(self.features(cell, modality)) if 0 in done else ()

    def pairs(
        self, cell: Cell, modalities: Sequence[str], learner: str, drawn: NDArray[np.float64]
    ) -> list[PairImportance]:
        """Ask what XANES carries in each of the paper's combinations.

        ``drawn`` (n_draws, n_groups).
        """
        found = []
        for modality in modalities:
            null = self.repeats(cell, modality, learner, "null")
            if modality in COMBINATIONS and null:
                done = self.repeats(cell, modality, learner)
                table, windows = self.features(cell, modality), self.windows(cell, modality, learner)
                found.append(pair_importance(cell, modality, learner, table, done, null, windows, drawn))
        return found


class Fitter:
    """Makes fits, one group of cells after the other, and tells how far all of them are."""

    def __init__(
        self,
        plan: StudyPlan,
        config: StudyConfig,
        n_conditions: int,
        store: FitCache,
        n_jobs: int | None,
        scheduler: str | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._config, self._store, self._scheduler = config, store, scheduler
        self._n_jobs, self._on_progress = n_jobs or -1, on_progress
        main = [cell for cell in plan.cells if cell.split == config.split]
        jobs = [job for cell in plan.cells for job in jobs_of(cell, plan, config)]
        # What conditions will take is estimated from the cells of the study itself.
        aside = [j for cell in main for j in list_aside_jobs(cell, plan.modalities[cell.absorber], config)]
        self._total = sum(job.cost(_TYPICAL_FEATURES) for job in jobs)
        self._total += n_conditions * sum(job.cost(_TYPICAL_FEATURES) for job in aside)
        self._done = 0.0

    def fit(self, jobs: list[Job], what: str = "") -> Outcomes:
        """Make some fits; those that were made before come from the cache."""
        outcomes = Outcomes()
        self._tell("", cached=False)
        for finished in run_jobs(
            jobs, outcomes.features, self._config, self._store, self._n_jobs, self._scheduler
        ):
            job = finished.job
            outcomes.add(job, finished.outcome)
            self._done += job.cost(_TYPICAL_FEATURES)
            text = f"{job.cell.absorber} {job.cell.task.title}, {job.modality}" + (
                f", {what}" if what else ""
            )
            self._tell(text, cached=finished.cached)
        return outcomes

    def _tell(self, text: str, *, cached: bool) -> None:
        if self._on_progress:
            self._total = max(self._total, self._done)
            self._on_progress(Progress(self._done, self._total, text, cached))


_TYPICAL_FEATURES = 200
"""Features of a modality, for the estimate of times."""
