"""The study: every absorber, task and modality, scored on formulas it has not seen."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from edgepair.conventions import DataError, Progress
from edgepair.conventions.tasks import Floats
from edgepair.dataset import drop_gated
from edgepair.features import FeatureTable
from edgepair.models import FitOutcome
from edgepair.study.conditions import AS_STUDIED, Condition, conditions_for
from edgepair.study.config import DRAWS, StudyConfig, check_processes
from edgepair.study.contributions import contribution_rows
from edgepair.study.findings import COMBINATIONS, Finding, find
from edgepair.study.fits import LEARNING_FRACTIONS, Outcomes, Runner, fits_aside, study_fits
from edgepair.study.importances import LearnerFits, curve_rows, importance_rows, pair_importance
from edgepair.study.plan import (
    Cell,
    Rows,
    Skip,
    StudyPlan,
    available_modalities,
    check_datasets,
    describe_study,
    plan_cell,
    plan_study,
)
from edgepair.study.published import run_published
from edgepair.study.result import StudyResult, join_tables, prediction_table, table_frames
from edgepair.study.scoring import Score, draw_groups, score, score_baseline


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
        tasks=tasks, modalities=modalities, learners=learners, split=split, folds=folds, repeats=repeats,
        trees=trees, seed=seed, quick=quick, tune=tune, contributions=contributions, view=view, per=per,
        robustness=robustness, protocol=protocol,
    )  # fmt: skip
    check_processes(n_jobs)
    datasets = check_datasets(dataset, gated=True)
    runner = Runner(n_jobs=n_jobs, scheduler=scheduler, cache=cache, on_progress=on_progress)
    if config.protocol == "published":
        return run_published([drop_gated(item) for item in datasets], config, runner)
    plan = plan_study(datasets, config)
    conditions = conditions_for(config)
    fitted, aside = _fit(plan, config, runner, len(conditions))
    learner = config.learners[0]
    scores, findings = _test(plan.cells, plan.modalities, config.learners, fitted, config)
    tables, predictions = _tables(plan, config, fitted)
    skipped: list[Skip] = []
    if conditions:
        tables["robustness"] += _robustness_rows(AS_STUDIED, findings)
        tables["conditions"] += _condition_rows(AS_STUDIED, scores, learner, config.split)
    for done, condition in enumerate(conditions, start=1):
        later = aside * (len(conditions) - done)
        more_scores, more_findings, reasons = _under(condition, datasets, config, runner, later)
        skipped += reasons
        tables["robustness"] += _robustness_rows(condition.name, more_findings)
        tables["conditions"] += _condition_rows(condition.name, more_scores, learner, config.split)
        if condition.view:
            # The other view is of equal rank: its scores and findings stand beside those of the first.
            scores += more_scores
            findings += more_findings
    plan = replace(plan, skipped=(*plan.skipped, *skipped))
    tables["scores"] = [row for item in scores for row in item.rows()]
    names = [item.name for item in conditions]
    return StudyResult(
        predictions=join_tables(predictions),
        findings=findings,
        config=describe_study(config, datasets, plan, time.monotonic() - started, names),
        **table_frames(tables),
    )


def _fit(plan: StudyPlan, config: StudyConfig, runner: Runner, n_conditions: int) -> tuple[Outcomes, float]:
    """Make the fits of the study itself; estimate what one condition will take, from the same cells."""
    work, aside = [], 0.0
    for cell in plan.cells:
        modalities = plan.modalities[cell.absorber]
        if cell.split != config.split:
            work += fits_aside(cell, modalities, config, findings=False)
            continue
        work += study_fits(cell, modalities, config, subsets=plan.subsets.get(cell.absorber, ()))
        if n_conditions:
            aside += sum(item.cost for item in fits_aside(cell, modalities, config))
    return runner.run(work, later=aside * n_conditions), aside


def _tables(
    plan: StudyPlan, config: StudyConfig, fitted: Outcomes
) -> tuple[dict[str, Rows], list[pd.DataFrame]]:
    """Gather the rows of the tables that rest on the study's own split, and the predictions."""
    tables: dict[str, Rows] = defaultdict(list)
    predictions = []
    for cell in plan.cells:
        if cell.split != config.split:
            continue
        drawn = _draws(cell, config)
        for modality in plan.modalities[cell.absorber]:
            for name in config.learners:
                if name != "dummy":
                    outcomes = fitted.of(cell, modality, name)
                    predictions.append(prediction_table(cell, modality, name, outcomes))
                    tables["importances"] += importance_rows(
                        LearnerFits.of(fitted, cell, modality, name), drawn
                    )
                tables["learning"] += _learning_rows(cell, modality, name, fitted, drawn)
        tables["curves"] += curve_rows(cell, plan.modalities[cell.absorber])
        tables["contributions"] += _contribution_rows(cell, plan, config.learners[0], fitted, drawn)
    return tables, predictions


def _draws(cell: Cell, config: StudyConfig) -> Floats:
    """Draw formulas: independent over absorbers, paired over the tasks and modalities of one."""
    return draw_groups(cell.n_groups, DRAWS, [config.seed, 1, *cell.absorber.encode()])


def _test(
    cells: Sequence[Cell],
    modalities: dict[str, tuple[str, ...]],
    learners: Sequence[str],
    fitted: Outcomes,
    config: StudyConfig,
) -> tuple[list[Score], tuple[Finding, ...]]:
    """Score cells, and test the findings on those of the study's own split."""
    scores, pairs = [], []
    learner = config.learners[0]
    for cell in cells:
        drawn = _draws(cell, config)
        for modality in modalities[cell.absorber]:
            for name in learners:
                outcomes = fitted.of(cell, modality, name)
                if outcomes:
                    scores.append(_score(cell, modality, name, outcomes, drawn))
            if modality in COMBINATIONS:
                fits = LearnerFits.of(fitted, cell, modality, learner)
                pairs += [pair_importance(fits, drawn)] if fits.null else []
    main = [item for item in scores if item.cell.split == config.split]
    return scores, find(main, pairs, learner, view=config.view)


def _score(cell: Cell, modality: str, learner: str, outcomes: list[FitOutcome], drawn: Floats) -> Score:
    if learner == "dummy":
        return score_baseline(cell, outcomes, drawn, modality)
    return score(cell, modality, learner, outcomes, drawn)


def _under(
    condition: Condition, datasets: Sequence[xr.Dataset], config: StudyConfig, runner: Runner, later: float
) -> tuple[list[Score], tuple[Finding, ...], list[Skip]]:
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
        tables: dict[str, FeatureTable] = {}
        for task in settings.task_list() if able else ():
            cell, reasons = plan_cell(dataset, task, settings, tables=tables)
            if condition.view:
                skipped += [
                    replace(item, reason=f"{condition.title}: {item.reason}", whole=False) for item in reasons
                ]
            if cell is not None:
                cells.append(cell)
    work = [item for cell in cells for item in fits_aside(cell, modalities[cell.absorber], settings)]
    fitted = runner.run(work, about=f", {condition.title}", later=later)
    learners = tuple(dict.fromkeys((config.learners[0], "dummy")))
    scores, findings = _test(cells, modalities, learners, fitted, settings)
    return scores, findings, skipped


def _robustness_rows(condition: str, findings: Sequence[Finding]) -> Rows:
    names = ("finding", "absorber", "task", "estimate", "lower", "upper", "verdict")
    return [{"condition": condition} | {name: getattr(item, name) for name in names} for item in findings]


def _condition_rows(condition: str, scores: Sequence[Score], learner: str, split: str) -> Rows:
    """List the main score of every modality, and of the baseline once."""
    rows: Rows = []
    seen = set()
    for item in scores:
        key = (item.cell.absorber, item.cell.task.name, "" if item.learner == "dummy" else item.modality)
        if item.learner not in (learner, "dummy") or key in seen or item.cell.split != split:
            continue
        seen.add(key)
        metric = item.cell.task.main_metric
        names = {"absorber": key[0], "task": key[1], "modality": key[2] or "baseline", "metric": metric}
        rows.append(
            {"condition": condition} | names | item.bounds(metric) | {"n_sites": len(item.cell.sites)}
        )
    return rows


def _contribution_rows(cell: Cell, plan: StudyPlan, learner: str, fitted: Outcomes, drawn: Floats) -> Rows:
    subsets = plan.subsets.get(cell.absorber, ())
    if not subsets:
        return []
    scores = {
        modality: score(cell, modality, learner, fitted.of(cell, modality, learner), drawn)
        for modality in subsets
    }
    # The dummy looks at no curve: it answers the same whatever the modality.
    dummy = fitted.of(cell, plan.modalities[cell.absorber][0], "dummy")
    return contribution_rows(scores, score_baseline(cell, dummy, drawn))


def _learning_rows(cell: Cell, modality: str, learner: str, fitted: Outcomes, drawn: Floats) -> Rows:
    rows: Rows = []
    metric = cell.task.main_metric
    own = fitted.of(cell, modality, learner)
    n_train = cell.counts["n_formulas"] * (1 - 1 / len(np.unique(cell.folds[0])))
    base = cell.row(modality, learner)
    for fraction in LEARNING_FRACTIONS:
        outcomes = fitted.of(cell, modality, learner, ("learning", fraction))
        if fraction == 1 and not outcomes and own and len(own[0].staged):
            outcomes = [replace(own[0], predicted=own[0].staged[0])]
        if outcomes:
            item = score(cell, modality, learner, outcomes, drawn)
            size = {"metric": metric, "fraction": fraction, "n_formulas": round(n_train * fraction)}
            rows.append(base | size | item.bounds(metric))
    return rows
