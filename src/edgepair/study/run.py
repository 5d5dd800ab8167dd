"""The study: every absorber, task and modality, scored on formulas it has not seen."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.models import (
    LEARNERS,
    FeatureTable,
    FitOutcome,
    average_outcomes,
    choose_windows,
    compute_features,
)
from edgepair.study.cache import FitCache, cache_folder
from edgepair.study.cells import Cell
from edgepair.study.config import DRAWS, StudyConfig, check_processes
from edgepair.study.contributions import contribution_rows
from edgepair.study.curves import curve_rows
from edgepair.study.findings import find
from edgepair.study.importances import importance_rows
from edgepair.study.jobs import LEARNING_FRACTIONS, Finished, list_jobs, run_jobs
from edgepair.study.plan import StudyPlan, check_datasets, plan_study
from edgepair.study.provenance import describe_study
from edgepair.study.published import run_published
from edgepair.study.result import (
    CONTRIBUTION_COLUMNS,
    CURVE_COLUMNS,
    IMPORTANCE_COLUMNS,
    LEARNING_COLUMNS,
    SCORE_COLUMNS,
    StudyResult,
)
from edgepair.study.scoring import draw_groups, score, score_guess
from edgepair.study.tables import join_tables, prediction_table

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Attributes
    ----------
    done, total : float
        Work done and to do, in one arbitrary unit.
    text : str
        What was finished last.
    cached : bool
        Whether that was found in the cache, so that it took no time.
    """

    done: float
    total: float
    text: str
    cached: bool


def run_study(
    dataset: xr.Dataset | Sequence[xr.Dataset],
    *,
    tasks: Sequence[str] | None = None,
    modalities: Sequence[str] | None = None,
    learners: Sequence[str] | None = None,
    split: str = "formula",
    folds: int = 5,
    repeats: int | None = None,
    trees: int | None = None,
    seed: int = 0,
    quick: bool = False,
    tune: bool = False,
    contributions: bool = False,
    protocol: str = "grouped",
    n_jobs: int | None = None,
    scheduler: str | None = None,
    cache: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Compare techniques and their combinations on one or several absorbers.

    Parameters
    ----------
    dataset : xarray.Dataset or sequence of xarray.Dataset
        One per absorber; any spectrum or label may be missing.
    tasks : sequence of str, optional
        Default: oxidation_state, coordination_number, bond_length.
    modalities : sequence of str, optional
        Default: xanes, pdf, dpdf, xanes+pdf, xanes+dpdf.
    learners : sequence of str, optional
        Default: forest and blend. The dummy baseline is always added; findings and importances are
        those of the first.
    split : {'formula', 'material', 'random'}, optional
        What may not stand on both sides of a split. ``random`` only to compare with numbers
        published so.
    folds : int, optional
        Number of folds.
    repeats : int, optional
        How often folds are dealt anew; default 3 below 500 sites, 2 below 2000, else 1.
    trees : int, optional
        Trees in a forest; default 300.
    seed : int, optional
        Same seed, same numbers, whatever the number of processes.
    quick : bool, optional
        Fewer trees, one repeat, no permutations, learning curves or random split.
    tune : bool, optional
        Search forest settings inside each training set.
    contributions : bool, optional
        Fit all subsets of the techniques with the first learner and tell what each contributes,
        uniquely, shared, and only together with others.
    protocol : {'grouped', 'published'}, optional
        ``published``: a row per material, raw points, random splits, grid-searched random forests, as
        the paper's group does it [1]_, and the same rows split by formula beside. Then `modalities`
        have the neutron PDF too, `folds` are those of the search, `repeats` the refits (default 10)
        and `trees` the most that are tried; `learners`, `split`, `tune` and `contributions` are fixed.
    n_jobs : int, optional
        Processes; default all cores.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://host:port``, whose processes make the fits instead; the
        numbers are the same.
    cache : bool, optional
        Whether to use and keep finished fits in the user's cache folder.
    on_progress : callable, optional
        Called with a `Progress` after each fit.

    Returns
    -------
    StudyResult
        Scores, predictions, importances and findings, with 95 % intervals from a bootstrap over
        formulas.

    Raises
    ------
    OptionError
        A setting is not understood, or two datasets have one absorber.
    DataError
        A dataset does not follow the schema, or nothing of what was asked for can be done.

    References
    ----------
    .. [1] Na Narong et al., arXiv 2410.17467 (2024)

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> result = run_study(load_bundled("Fe"), tasks=["bond_length"], modalities=["xanes"],
    ...                    learners=["forest"], trees=10, quick=True, n_jobs=1, cache=False)
    >>> best = result.scores.query("metric == 'r2'").set_index("learner")["value"]
    >>> bool(best["forest"] > best["dummy"])
    True
    """
    started = time.monotonic()
    config = StudyConfig.check(
        tasks=tasks,
        modalities=modalities,
        learners=learners,
        split=split,
        folds=folds,
        repeats=repeats,
        trees=trees,
        seed=seed,
        quick=quick,
        tune=tune,
        contributions=contributions,
        protocol=protocol,
    )
    check_processes(n_jobs)
    datasets = check_datasets(dataset)
    if config.protocol == "published":
        return run_published(
            datasets,
            config,
            cache=FitCache(cache_folder() if cache else None),
            n_jobs=n_jobs or -1,
            scheduler=scheduler,
            announce=lambda *state: on_progress(Progress(*state)) if on_progress else None,
        )
    plan = plan_study(datasets, config)
    outcomes, tables = _fit_all(plan, config, n_jobs, scheduler, cache, on_progress)
    scores, importances, predictions, learning, curves, shared = [], [], [], [], [], []
    for absorber_cells in plan.by_absorber():
        # Independent over absorbers, paired over the tasks, modalities and learners of one.
        seed_of_draws = [config.seed, 1, *absorber_cells[0].absorber.encode()]
        drawn = draw_groups(absorber_cells[0].n_groups, DRAWS, seed_of_draws)
        for cell in absorber_cells:
            for modality in plan.modalities[cell.absorber]:
                for learner in config.learners:
                    done = outcomes.repeats(cell, modality, learner)
                    if not done:
                        continue
                    scores.append(score(cell, modality, learner, done, drawn))
                    if cell.split != config.split:
                        continue
                    if learner != "dummy":
                        predictions.append(prediction_table(cell, modality, learner, done))
                        table = tables(cell, modality)
                        windows = choose_windows(table) if len(done[0].permuted) else ()
                        importances += importance_rows(cell, modality, learner, table, done, windows, drawn)
                    learning += _learning_rows(cell, modality, learner, outcomes, drawn)
            if cell.split == config.split:
                curves += curve_rows(cell, plan.modalities[cell.absorber])
                shared += _contribution_rows(cell, plan, config.learners[0], outcomes, drawn)
    main = [item for item in scores if item.cell.split == config.split]
    shares = [row for row in importances if row["kind"] == "share"]
    return StudyResult(
        scores=pd.DataFrame([row for item in scores for row in item.rows()], columns=list(SCORE_COLUMNS)),
        predictions=join_tables(predictions),
        importances=pd.DataFrame(importances, columns=list(IMPORTANCE_COLUMNS)),
        findings=find(main, shares, config.learners[0]),
        config=describe_study(config, datasets, plan, time.monotonic() - started),
        learning=pd.DataFrame(learning, columns=list(LEARNING_COLUMNS)),
        curves=pd.DataFrame(curves, columns=list(CURVE_COLUMNS)),
        contributions=pd.DataFrame(shared, columns=list(CONTRIBUTION_COLUMNS)),
    )


class _Outcomes:
    """Finished fits by cell, modality, learner and share of the training set."""

    def __init__(self, split: str) -> None:
        self._split = split
        self._kept: dict[tuple[int, str, str, float | None], dict[int, FitOutcome]] = defaultdict(dict)

    def add(self, finished: Finished) -> None:
        job = finished.job
        # Learning curves have their own fits at every share; the study itself has none.
        share = job.fraction if job.aside and job.cell.split == self._split else None
        key = (id(job.cell), job.modality, job.learner, share)
        self._kept[key][job.repeat] = finished.outcome

    def repeats(
        self, cell: Cell, modality: str, learner: str, fraction: float | None = None
    ) -> list[FitOutcome]:
        parts = LEARNERS[learner].parts
        if parts:
            told = [self.repeats(cell, modality, part, fraction) for part in parts]
            # Where a part was not fitted (the comparison with a random split) there is no average.
            return [average_outcomes(outcomes) for outcomes in zip(*told, strict=True)] if all(told) else []
        kept = self._kept.get((id(cell), modality, learner, fraction), {})
        return [kept[repeat] for repeat in sorted(kept)]


def _fit_all(
    plan: StudyPlan,
    config: StudyConfig,
    n_jobs: int | None,
    scheduler: str | None,
    use_cache: bool,
    on_progress: Callable[[Progress], None] | None,
) -> tuple[_Outcomes, Callable[[Cell, str], FeatureTable]]:
    tables: dict[tuple[str, str], FeatureTable] = {}

    def features(cell: Cell, modality: str) -> FeatureTable:
        key = (cell.absorber, modality)
        if key not in tables:
            tables[key] = compute_features(cell.dataset, modality)
        return tables[key]

    jobs = [
        job
        for cell in plan.cells
        for job in list_jobs(
            cell,
            plan.modalities[cell.absorber],
            config,
            main=cell.split == config.split,
            subsets=plan.subsets.get(cell.absorber, ()),
        )
    ]
    store = FitCache(cache_folder() if use_cache else None)
    outcomes = _Outcomes(config.split)
    total = 0.0

    def announce(cost: float) -> None:
        nonlocal total
        total = cost
        if on_progress:
            on_progress(Progress(0.0, total, "", False))

    done = 0.0
    for finished in run_jobs(jobs, features, config, store, n_jobs or -1, announce, scheduler):
        outcomes.add(finished)
        done += finished.cost
        if on_progress:
            job = finished.job
            text = f"{job.cell.absorber} {job.cell.task.title}, {job.modality}"
            on_progress(Progress(done, total, text, finished.cached))
    store.prune()
    return outcomes, features


def _contribution_rows(
    cell: Cell, plan: StudyPlan, learner: str, outcomes: _Outcomes, drawn: NDArray[np.float64]
) -> list[dict[str, Any]]:
    subsets = plan.subsets.get(cell.absorber, ())
    if not subsets:
        return []
    scores = {
        modality: score(cell, modality, learner, outcomes.repeats(cell, modality, learner), drawn)
        for modality in subsets
    }
    # The dummy looks at no curve: it answers the same whatever the modality.
    dummy = outcomes.repeats(cell, plan.modalities[cell.absorber][0], "dummy")
    return contribution_rows(scores, score_guess(cell, dummy, drawn))


def _learning_rows(
    cell: Cell,
    modality: str,
    learner: str,
    outcomes: _Outcomes,
    drawn: NDArray[np.float64],
) -> list[dict[str, Any]]:
    rows = []
    metric = cell.task.main_metric
    n_train = cell.counts["n_formulas"] * (1 - 1 / len(np.unique(cell.folds[0])))
    shares = [share for share in LEARNING_FRACTIONS if outcomes.repeats(cell, modality, learner, share)]
    for share in shares:
        done = outcomes.repeats(cell, modality, learner, share)
        item = score(cell, modality, learner, done, drawn)
        lower, upper = item.interval(metric)
        rows.append(
            {
                "absorber": cell.absorber,
                "task": cell.task.name,
                "modality": modality,
                "learner": learner,
                "metric": metric,
                "fraction": share,
                "n_formulas": round(n_train * share),
                "value": item.value[metric],
                "lower": lower,
                "upper": upper,
            }
        )
    return rows
