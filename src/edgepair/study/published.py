"""The study as the paper's group does it, and the same rows split by formula beside.

One row per material, raw points, random forests whose settings are searched by folds inside the first
training set, materials split 75/25 at random, ten times [1]_. What a random split flatters is the
difference to the same protocol with whole formulas held out. Intervals are those of refits whose
training sets overlap (`edgepair.study.importances`).

.. [1] Na Narong et al., arXiv 2410.17467 (2024)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pandas as pd

from edgepair.conventions import DataError
from edgepair.features import RAW_RECIPES, FeatureTable, compute_features
from edgepair.study.config import STUDYING, StudyConfig
from edgepair.study.curves import curve_rows
from edgepair.study.plan import StudyPlan, plan_study
from edgepair.study.provenance import describe_study
from edgepair.study.published_fits import (
    HELD_OUT,
    Announce,
    FitRunner,
    fit_name,
    refit,
    search_settings,
    split_cell,
)
from edgepair.study.published_rows import published_rows
from edgepair.study.published_scores import (
    LEARNER,
    difference_rows,
    published_importances,
    refit_scores,
    score_rows,
)
from edgepair.study.result import (
    CURVE_COLUMNS,
    DIFFERENCE_COLUMNS,
    IMPORTANCE_COLUMNS,
    LEARNING_COLUMNS,
    SCORE_COLUMNS,
    StudyResult,
    join_tables,
    prediction_table,
)

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.study.cache import FitCache


def run_published(
    datasets: Sequence[xr.Dataset],
    config: StudyConfig,
    *,
    cache: FitCache,
    n_jobs: int,
    scheduler: str | None,
    announce: Announce,
) -> StudyResult:
    """Run the protocol on checked datasets of sites, whose PDFs are best ideal; `announce` is told progress.

    Raises DataError where no dataset has rows of the published kind. Findings stay empty: they are judged
    on honest splits, with a bootstrap over formulas, by the grouped protocol. Importances are of the random
    split, whose published counterparts they are; predictions are of the split by formula.
    """
    started = time.monotonic()
    plan, axes = _plan(datasets, config)
    pairs = [(split_cell(cell, "random", config), split_cell(cell, "formula", config)) for cell in plan.cells]
    tables: dict[tuple[str, str], FeatureTable] = {}
    for cell, _ in pairs:
        for modality in plan.modalities[cell.absorber]:
            if (cell.absorber, modality) not in tables:
                table = compute_features(cell.dataset, modality, per="total", recipes=RAW_RECIPES)
                tables[cell.absorber, modality] = table
    fitted = FitRunner(tables, cache, n_jobs, scheduler, announce)
    chosen = search_settings(pairs, plan, config, fitted)
    outcomes = refit(pairs, plan, config, chosen, fitted)
    cache.prune()

    scores, differences, predictions, importances, curves = [], [], [], [], []
    for random, by_formula in pairs:
        for modality in plan.modalities[random.absorber]:
            for learner in config.learners:
                both = []
                for cell in (random, by_formula):
                    key = fit_name(cell, modality if learner == LEARNER else "", learner)
                    done = [outcomes[key, repeat] for repeat in range(config.repeats or 0)]
                    values = refit_scores(cell, done)
                    both.append(values)
                    scores += score_rows(cell, modality, learner, values)
                    if learner == LEARNER and cell is by_formula:
                        table = prediction_table(cell, modality, learner, done)
                        predictions.append(table[table["fold"] >= 0])
                    elif learner == LEARNER:
                        features = tables[cell.absorber, modality]
                        importances += published_importances(cell, modality, features, done)
                differences += difference_rows(random, modality, learner, *both)
        curves += curve_rows(random, plan.modalities[random.absorber])
    both_splits = replace(plan, cells=tuple(cell for pair in pairs for cell in pair))
    described = describe_study(config, datasets, both_splits, time.monotonic() - started)
    del described["bootstrap_draws"]
    settings = {" ".join(key): asdict(value) for key, value in chosen.items()}
    return StudyResult(
        scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        predictions=join_tables(predictions),
        importances=pd.DataFrame(importances, columns=list(IMPORTANCE_COLUMNS)),
        findings=(),
        config=described | {"published": {"axes": axes, "settings": settings}},
        learning=pd.DataFrame(columns=list(LEARNING_COLUMNS)),
        curves=pd.DataFrame(curves, columns=list(CURVE_COLUMNS)),
        differences=pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
    )


def _plan(datasets: Sequence[xr.Dataset], config: StudyConfig) -> tuple[StudyPlan, dict[str, dict[str, str]]]:
    """Plan cells on the rows of the protocol, so that both splits have the same ones."""
    prepared = [published_rows(dataset) for dataset in datasets]
    skipped = [item for rows in prepared for item in rows.skipped]
    able = [rows for rows in prepared if rows.dataset is not None]
    if not able:
        raise DataError(
            f"cannot {STUDYING} as published",
            found="; ".join(f"{item.absorber}: {item.reason}" for item in skipped),
            needed="materials with a spectrum for every absorbing site, all of one state and coordination",
            suggestion="use the grouped protocol, which takes sites, or add the missing spectra",
        )
    # A class takes part in both splits only with a formula for every quarter.
    planned = replace(config, view="sites", repeats=1, folds=max(config.folds, round(1 / HELD_OUT)))
    plan = plan_study([rows.dataset for rows in able if rows.dataset is not None], planned)
    axes = {str(rows.dataset.attrs["absorber"]): rows.axes for rows in able if rows.dataset is not None}
    return replace(plan, skipped=(*skipped, *plan.skipped)), axes
