"""The study: every absorber, task and modality, scored on formulas it has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.conventions import DataError, Progress
from edgepair.dataset import drop_gated
from edgepair.study.cache import FitCache, cache_folder
from edgepair.study.cells import Cell, Skip, available_modalities, plan_cell
from edgepair.study.conditions import AS_STUDIED, Condition, conditions_for
from edgepair.study.config import DRAWS, StudyConfig, check_processes
from edgepair.study.contributions import contribution_rows
from edgepair.study.curves import curve_rows
from edgepair.study.findings import Finding, find
from edgepair.study.fitter import Fitter, Outcomes, jobs_of
from edgepair.study.importances import PairImportance, importance_rows, null_share_rows
from edgepair.study.jobs import LEARNING_FRACTIONS, list_aside_jobs
from edgepair.study.plan import StudyPlan, check_datasets, plan_study
from edgepair.study.provenance import describe_study
from edgepair.study.published import run_published
from edgepair.study.result import (
    CONDITION_COLUMNS,
    CONTRIBUTION_COLUMNS,
    CURVE_COLUMNS,
    IMPORTANCE_COLUMNS,
    LEARNING_COLUMNS,
    ROBUSTNESS_COLUMNS,
    SCORE_COLUMNS,
    StudyResult,
    join_tables,
    prediction_table,
)
from edgepair.study.scoring import Score, draw_groups, score, score_baseline

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.models import FitOutcome


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
    view: str = "sites",
    per: str = "metal",
    robustness: bool = False,
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
        Trees in a forest; default 100.
    seed : int, optional
        Same seed, same numbers, whatever the number of processes.
    quick : bool, optional
        Fewer trees, one repeat, no permutations, learning curves or random split.
    tune : bool, optional
        Search forest settings inside each training set.
    contributions : bool, optional
        Fit all subsets of the techniques with the first learner and tell what each contributes,
        uniquely, shared, and only together with others.
    view : {'sites', 'materials'}, optional
        What a row is: a site with the PDF of its material, or a material (all of whose sites have a
        spectrum) with the mean of its spectra and labels, as a measurement gives them. Scores and
        findings of the other view stand beside it, but in a quick study.
    per : {'metal', 'total'}, optional
        Normalisation of the dPDF: neighbours per metal atom, or as in the total PDF. Findings with the
        other one stand beside it, but in a quick study.
    robustness : bool, optional
        Test the findings under all conditions: noise, resolution and range of the curves, thermal
        motion, definition of coordination, rows that fail the gates of the builder.
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
        view=view,
        per=per,
        robustness=robustness,
        protocol=protocol,
    )
    check_processes(n_jobs)
    datasets = check_datasets(dataset, gated=True)
    if config.protocol == "published":
        return run_published(
            [drop_gated(item) for item in datasets],
            config,
            cache=FitCache(cache_folder() if cache else None),
            n_jobs=n_jobs or -1,
            scheduler=scheduler,
            announce=lambda *state: on_progress(Progress(*state)) if on_progress else None,
        )
    plan = plan_study(datasets, config)
    conditions = conditions_for(config)
    store = FitCache(cache_folder() if cache else None)
    fitter = Fitter(plan, config, len(conditions), store, n_jobs, scheduler, on_progress)
    studied = fitter.fit([job for cell in plan.cells for job in jobs_of(cell, plan, config)])
    learner = config.learners[0]
    scores: list[Score] = []
    importances, predictions, learning, curves, shared = [], [], [], [], []
    pairs: list[PairImportance] = []
    for cell in plan.cells:
        drawn = _draws(cell, config)
        main = cell.split == config.split
        for modality in plan.modalities[cell.absorber]:
            for name in config.learners:
                done = studied.repeats(cell, modality, name)
                if not done:
                    continue
                scores.append(_score(cell, modality, name, done, drawn))
                if not main:
                    continue
                if name != "dummy":
                    predictions.append(prediction_table(cell, modality, name, done))
                    table = studied.features(cell, modality)
                    windows = studied.windows(cell, modality, name)
                    importances += importance_rows(cell, modality, name, table, done, windows, drawn)
                    null = studied.repeats(cell, modality, name, "null")
                    if null:
                        importances += null_share_rows(cell, modality, name, table, null)
                learning += _learning_rows(cell, modality, name, studied, drawn)
        if main:
            curves += curve_rows(cell, plan.modalities[cell.absorber])
            shared += _contribution_rows(cell, plan, learner, studied, drawn)
            pairs += studied.pairs(cell, plan.modalities[cell.absorber], learner, drawn)
    main_scores = [item for item in scores if item.cell.split == config.split]
    findings = find(main_scores, pairs, learner, view=config.view)
    tested = [_robustness_rows(AS_STUDIED, findings)] if conditions else []
    scored = [_condition_rows(AS_STUDIED, main_scores, learner)] if conditions else []
    skipped: list[Skip] = []
    for condition in conditions:
        under = _under(condition, datasets, config, fitter)
        skipped += under.skipped
        tested.append(_robustness_rows(condition.name, under.findings))
        scored.append(_condition_rows(condition.name, under.scores, learner))
        if condition.view:
            # The other view is of equal rank: its scores and findings stand beside those of the first.
            scores += under.scores
            findings += under.findings
    store.prune()
    plan = replace(plan, skipped=(*plan.skipped, *skipped))
    rows = [row for item in scores for row in item.rows()]
    return StudyResult(
        scores=pd.DataFrame(rows, columns=list(SCORE_COLUMNS)),
        predictions=join_tables(predictions),
        importances=pd.DataFrame(importances, columns=list(IMPORTANCE_COLUMNS)),
        findings=findings,
        config=describe_study(
            config, datasets, plan, time.monotonic() - started, [item.name for item in conditions]
        ),
        learning=pd.DataFrame(learning, columns=list(LEARNING_COLUMNS)),
        curves=pd.DataFrame(curves, columns=list(CURVE_COLUMNS)),
        contributions=pd.DataFrame(shared, columns=list(CONTRIBUTION_COLUMNS)),
        robustness=pd.DataFrame([row for part in tested for row in part], columns=list(ROBUSTNESS_COLUMNS)),
        conditions=pd.DataFrame([row for part in scored for row in part], columns=list(CONDITION_COLUMNS)),
    )


def _draws(cell: Cell, config: StudyConfig) -> NDArray[np.float64]:
    """Draw formulas: independent over absorbers, paired over the tasks and modalities of one."""
    return draw_groups(cell.n_groups, DRAWS, [config.seed, 1, *cell.absorber.encode()])


def _score(
    cell: Cell, modality: str, learner: str, outcomes: list[FitOutcome], drawn: NDArray[np.float64]
) -> Score:
    if learner == "dummy":
        return score_baseline(cell, outcomes, drawn, modality)
    return score(cell, modality, learner, outcomes, drawn)


@dataclass(frozen=True)
class _Under:
    """What came of one condition."""

    scores: list[Score]
    findings: tuple[Finding, ...]
    skipped: list[Skip]


def _under(
    condition: Condition, datasets: Sequence[xr.Dataset], config: StudyConfig, fitter: Fitter
) -> _Under:
    """Test the findings under one condition."""
    settings = condition.settings(config)
    cells: list[Cell] = []
    modalities: dict[str, tuple[str, ...]] = {}
    skipped: list[Skip] = []
    for rows in datasets:
        absorber = str(rows.attrs["absorber"])
        try:
            dataset = condition.dataset(rows, config)
        except DataError as error:
            skipped.append(Skip(absorber, "", "", f"condition “{condition.title}”: {error.found}", False))
            continue
        if dataset is None:
            reason = f"condition “{condition.title}”: these data do not allow it, or it changes nothing"
            skipped.append(Skip(absorber, "", "", reason, False))
            continue
        able = available_modalities(dataset, settings)[0]
        modalities[absorber] = able
        planned = [plan_cell(dataset, task, settings) for task in settings.task_list()] if able else []
        for cell, reasons in planned:
            if condition.view:
                skipped += [
                    replace(item, reason=f"{condition.title}: {item.reason}", whole=False) for item in reasons
                ]
            if cell is not None:
                cells.append(cell)
    jobs = [job for cell in cells for job in list_aside_jobs(cell, modalities[cell.absorber], settings)]
    done = fitter.fit(jobs, condition.title)
    scores, pairs = [], []
    learner = config.learners[0]
    for cell in cells:
        drawn = _draws(cell, config)
        for modality in modalities[cell.absorber]:
            for name in dict.fromkeys((learner, "dummy")):
                outcomes = done.repeats(cell, modality, name)
                scores.append(_score(cell, modality, name, outcomes, drawn))
        pairs += done.pairs(cell, modalities[cell.absorber], learner, drawn)
    return _Under(scores, find(scores, pairs, learner, view=settings.view), skipped)


def _robustness_rows(condition: str, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    names = ("finding", "absorber", "task", "estimate", "lower", "upper", "verdict")
    return [{"condition": condition} | {name: getattr(item, name) for name in names} for item in findings]


def _condition_rows(condition: str, scores: Sequence[Score], learner: str) -> list[dict[str, Any]]:
    """List the main score of every modality, and of the baseline once."""
    rows, seen = [], set()
    for item in scores:
        key = (item.cell.absorber, item.cell.task.name, "" if item.learner == "dummy" else item.modality)
        if item.learner not in (learner, "dummy") or key in seen:
            continue
        seen.add(key)
        metric = item.cell.task.main_metric
        lower, upper = item.interval(metric)
        names = {"absorber": key[0], "task": key[1], "modality": key[2] or "baseline", "metric": metric}
        value = {"value": item.value[metric], "lower": lower, "upper": upper}
        rows.append({"condition": condition} | names | value | {"n_sites": len(item.cell.sites)})
    return rows


def _contribution_rows(
    cell: Cell, plan: StudyPlan, learner: str, outcomes: Outcomes, drawn: NDArray[np.float64]
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
    return contribution_rows(scores, score_baseline(cell, dummy, drawn))


def _learning_rows(
    cell: Cell,
    modality: str,
    learner: str,
    outcomes: Outcomes,
    drawn: NDArray[np.float64],
) -> list[dict[str, Any]]:
    rows = []
    metric = cell.task.main_metric
    n_train = cell.counts["n_formulas"] * (1 - 1 / len(np.unique(cell.folds[0])))
    shares = [
        share for share in LEARNING_FRACTIONS if outcomes.repeats(cell, modality, learner, "learning", share)
    ]
    for share in shares:
        done = outcomes.repeats(cell, modality, learner, "learning", share)
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
