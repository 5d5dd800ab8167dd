"""The study as the paper's group does it, and the same rows split by formula beside.

One row per material, raw points, random forests whose settings are searched by folds inside the first
training set, materials split 75/25 at random, ten times [1]_. What a random split flatters is the
difference to the same protocol with whole formulas held out. Intervals are those of refits whose
training sets overlap (`edgepair.study.importances`).

.. [1] Na Narong et al., arXiv 2410.17467 (2024)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.conventions import DataError
from edgepair.dataset import make_folds
from edgepair.models import (
    RAW_RECIPES,
    FeatureTable,
    FitOutcome,
    classification_metrics,
    classification_sums,
    compute_features,
    regression_metrics,
    regression_sums,
)
from edgepair.study.cells import Cell
from edgepair.study.config import STUDYING, StudyConfig
from edgepair.study.curves import curve_rows
from edgepair.study.fits import Fit, fit_task, repeat_seed, run_fits
from edgepair.study.importances import corrected_interval, importance_row
from edgepair.study.plan import StudyPlan, plan_study
from edgepair.study.provenance import describe_study
from edgepair.study.published_rows import published_rows
from edgepair.study.result import (
    CURVE_COLUMNS,
    DIFFERENCE_COLUMNS,
    IMPORTANCE_COLUMNS,
    LEARNING_COLUMNS,
    SCORE_COLUMNS,
    StudyResult,
)
from edgepair.study.tables import join_tables, prediction_table

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.study.cache import FitCache

HELD_OUT = 0.25
MAX_FEATURES = (10, 20, 35)
STAGES = (25, 50, 75, 100, 150, 200, 250, 300)
"""Numbers of trees that are compared, all read off one forest."""

SEARCH_TREES = 50
"""Trees with which values of max_features are compared; those of the middle one grow to the last stage."""

TOLERANCE = {"f1_weighted": 0.005, "squared_error": 0.01}
"""Weighted F1, and share of the squared error, within which fewer trees are as good as more: less than
refits differ by, and a third less work."""

LEARNER = "published"
Announce = Callable[[float, float, str, bool], None]


@dataclass(frozen=True)
class Settings:
    """Settings that the search chose for one absorber, task and modality."""

    max_features: int
    trees: int


@dataclass(frozen=True)
class _Wanted:
    """A fit with what it is for: a value of max_features in the search, or a refit on a split."""

    cell: Cell
    modality: str
    learner: str
    number: int
    fit: Fit


def run_published(
    datasets: Sequence[xr.Dataset],
    config: StudyConfig,
    *,
    cache: FitCache,
    n_jobs: int,
    scheduler: str | None,
    announce: Announce,
) -> StudyResult:
    """Run the published protocol on checked datasets.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        One per absorber, of sites; PDFs ideal, or already through an instrument.
    config : StudyConfig
        With the protocol ``published``.
    cache : FitCache
        Where finished fits are.
    n_jobs : int
        Processes; -1 for all cores.
    scheduler : str or None
        Address of a Dask scheduler whose processes are used instead.
    announce : callable
        Called with work done, total work, what was finished and whether it came from the cache.

    Returns
    -------
    StudyResult
        Scores of splits ``random`` and ``formula``, their differences, predictions of the split by
        formula, impurity importances of the random split. No findings: those are judged on honest
        splits, with a bootstrap over formulas, by the grouped protocol.

    Raises
    ------
    DataError
        No dataset has rows of the published kind for any task.
    """
    started = time.monotonic()
    plan, axes = _plan(datasets, config)
    pairs = [(split_cell(cell, "random", config), split_cell(cell, "formula", config)) for cell in plan.cells]
    tables: dict[tuple[str, str], FeatureTable] = {}
    for cell, _ in pairs:
        for modality in plan.modalities[cell.absorber]:
            if (cell.absorber, modality) not in tables:
                table = compute_features(cell.dataset, modality, recipes=RAW_RECIPES)
                tables[cell.absorber, modality] = table
    fitted = _Runner(tables, cache, n_jobs, scheduler, announce)
    chosen = _search(pairs, plan, config, fitted)
    outcomes = _refit(pairs, plan, config, chosen, fitted)
    cache.prune()

    scores, differences, predictions, importances, curves = [], [], [], [], []
    for random, by_formula in pairs:
        for modality in plan.modalities[random.absorber]:
            for learner in config.learners:
                both = []
                for cell in (random, by_formula):
                    key = _key(cell, modality if learner == LEARNER else "", learner)
                    done = [outcomes[key, repeat] for repeat in range(config.repeats or 0)]
                    values = refit_scores(cell, done)
                    both.append(values)
                    scores += _score_rows(cell, modality, learner, values)
                    if learner == LEARNER and cell is by_formula:
                        table = prediction_table(cell, modality, learner, done)
                        predictions.append(table[table["fold"] >= 0])
                    elif learner == LEARNER:
                        features = tables[cell.absorber, modality]
                        importances += _importance_rows(cell, modality, features, done)
                differences += _difference_rows(random, modality, learner, *both)
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
    planned = replace(config, repeats=1, folds=max(config.folds, round(1 / HELD_OUT)))
    plan = plan_study([rows.dataset for rows in able if rows.dataset is not None], planned)
    axes = {str(rows.dataset.attrs["absorber"]): rows.axes for rows in able if rows.dataset is not None}
    return replace(plan, skipped=(*skipped, *plan.skipped)), axes


def split_cell(cell: Cell, split: str, config: StudyConfig) -> Cell:
    """Hold out a quarter of the rows of a cell, once for each refit.

    Parameters
    ----------
    cell : Cell
        Rows, targets and groups.
    split : {'random', 'formula'}
        Rows at random, or whole formulas; either way in the shares of the classes, where there are any.
    config : StudyConfig
        Refits and seed.

    Returns
    -------
    Cell
        Its folds are 0 for rows that are held out and -1 for those that train.
    """
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    n_refits = config.repeats or 1
    folds = np.full((n_refits, len(cell.sites)), -1)
    if split == "formula":
        dealt = make_folds(
            cell.groups,
            n_folds=round(1 / HELD_OUT),
            n_repeats=n_refits,
            seed=config.seed,
            classes=cell.target if cell.classes else None,
        )
        folds[dealt == 0] = 0
    else:
        kind = StratifiedShuffleSplit if cell.classes else ShuffleSplit
        for repeat in range(n_refits):
            dealer = kind(1, test_size=HELD_OUT, random_state=repeat_seed(config.seed, repeat))
            _, held_out = next(dealer.split(cell.target, cell.target))
            folds[repeat, held_out] = 0
    return replace(cell, folds=folds, split=split)


class _Runner:
    """Makes fits, and tells how far the whole work is."""

    def __init__(
        self,
        tables: dict[tuple[str, str], FeatureTable],
        cache: FitCache,
        n_jobs: int,
        scheduler: str | None,
        announce: Announce,
    ) -> None:
        self._tables = tables
        self._cache = cache
        self._how = (n_jobs, scheduler)
        self._announce = announce
        self._done = 0.0

    def run(self, wanted: Sequence[_Wanted], later: float) -> list[FitOutcome]:
        """Make fits; `later` is the cost of what comes after them."""
        total = self._done + sum(item.fit.cost for item in wanted) + later
        self._announce(self._done, total, "", False)
        outcomes: dict[int, FitOutcome] = {}
        fits = [item.fit for item in wanted]
        for done in run_fits(fits, lambda name: self._tables[name].values, self._cache, *self._how):
            outcomes[done.number] = done.outcome
            item = wanted[done.number]
            self._done += item.fit.cost
            text = f"{item.cell.absorber} {item.cell.task.title}, {item.modality}"
            self._announce(self._done, total, text, done.cached)
        return [outcomes[number] for number in range(len(wanted))]


def _key(cell: Cell, modality: str, learner: str) -> tuple[str, str, str, str, str]:
    return cell.absorber, cell.task.name, cell.split, modality, learner


def _search(
    pairs: Sequence[tuple[Cell, Cell]], plan: StudyPlan, config: StudyConfig, fitted: _Runner
) -> dict[tuple[str, str, str], Settings]:
    """Choose settings by folds inside the first training set of the random split."""
    wanted = []
    for cell, _ in pairs:
        folds = _search_folds(cell, config)
        for modality in plan.modalities[cell.absorber]:
            wanted += _search_fits(cell, modality, folds, config)
    later = sum(
        2 * (config.repeats or 0) * fit_cost(len(cell.sites), MAX_FEATURES[1], config.trees // 3)
        for cell, _ in pairs
        for _ in plan.modalities[cell.absorber]
    )
    outcomes = fitted.run(wanted, later)
    chosen = {}
    for first in range(0, len(wanted), len(MAX_FEATURES)):
        part = range(first, first + len(MAX_FEATURES))
        item = wanted[first]
        chosen[item.cell.absorber, item.cell.task.name, item.modality] = choose_settings(
            [wanted[number].fit for number in part], [outcomes[number] for number in part]
        )
    return chosen


def _search_folds(cell: Cell, config: StudyConfig) -> NDArray[np.int64]:
    """Deal the first training set into folds, row by row."""
    target = cell.target[cell.folds[0] != 0]
    folds: NDArray[np.int64] = make_folds(
        np.arange(len(target)),
        n_folds=min(config.folds, len(target)),
        n_repeats=1,
        seed=config.seed,
        classes=target if cell.classes else None,
    )[0]
    return folds


def _search_fits(cell: Cell, modality: str, folds: NDArray[np.int64], config: StudyConfig) -> list[_Wanted]:
    """List the fits of the search: for each max_features, folds of the first training set."""
    train = np.flatnonzero(cell.folds[0] != 0)
    target = cell.target[train]
    wanted = []
    for number, max_features in enumerate(MAX_FEATURES):
        trees = config.trees if number == 1 else min(config.trees, SEARCH_TREES)
        task = replace(
            fit_task(cell, modality, LEARNER, folds=folds, trees=trees, seed=repeat_seed(config.seed, 0)),
            target=target,
            groups=cell.groups[train],
            settings=(("max_features", max_features),),
            stages=tuple(stage for stage in STAGES if stage <= trees) or (trees,),
        )
        cost = config.folds * fit_cost(len(train) * (1 - 1 / config.folds), max_features, trees)
        fit = Fit((cell.absorber, modality), cell.sites[train], task, cost)
        wanted.append(_Wanted(cell, modality, LEARNER, number, fit))
    return wanted


def choose_settings(fits: Sequence[Fit], outcomes: Sequence[FitOutcome]) -> Settings:
    """Choose by what the held-out folds of a search were predicted.

    Parameters
    ----------
    fits : sequence of Fit
        One per value of max_features, in rising order; that of the middle one with the most trees.
    outcomes : sequence of FitOutcome
        Their outcomes, with stages.

    Returns
    -------
    Settings
        By weighted F1 or squared error: the best max_features at the same number of trees, and the
        fewest trees that are as good as any (`TOLERANCE`) at the middle max_features.
    """

    def loss(fit: Fit, predicted: NDArray[Any]) -> float:
        task = fit.task
        if not task.n_classes:
            return float(np.mean((predicted - task.target) ** 2))
        return 1 - _metrics(task.target, predicted, None, task.n_classes)["f1_weighted"]

    shared = min(fit.task.stages[-1] for fit in fits)
    by_features = [
        loss(fit, outcome.staged[fit.task.stages.index(shared)])
        for fit, outcome in zip(fits, outcomes, strict=True)
    ]
    middle = len(fits) // 2
    by_trees = np.array([loss(fits[middle], predicted) for predicted in outcomes[middle].staged])
    best = fits[int(np.argmin(by_features))].task
    enough = (
        by_trees.min() + TOLERANCE["f1_weighted"]
        if best.n_classes
        else by_trees.min() * (1 + TOLERANCE["squared_error"])
    )
    trees = fits[middle].task.stages[int(np.argmax(by_trees <= enough))]
    return Settings(int(dict(best.settings)["max_features"]), trees)


def fit_cost(n_rows: float, max_features: int, trees: int) -> float:
    """Estimate the time of a random forest in milliseconds, for the progress bar."""
    return trees * float(1.6 + 6e-5 * n_rows * np.log2(n_rows + 2) * max_features)


def _refit(
    pairs: Sequence[tuple[Cell, Cell]],
    plan: StudyPlan,
    config: StudyConfig,
    chosen: dict[tuple[str, str, str], Settings],
    fitted: _Runner,
) -> dict[tuple[tuple[str, str, str, str, str], int], FitOutcome]:
    """Fit anew on every split, with the settings that the search chose."""
    wanted = []
    for pair in pairs:
        for cell in pair:
            modalities = plan.modalities[cell.absorber]
            for repeat, folds in enumerate(cell.folds):
                seed = repeat_seed(config.seed, repeat)
                for modality in modalities:
                    best = chosen[cell.absorber, cell.task.name, modality]
                    task = replace(
                        fit_task(cell, modality, LEARNER, folds=folds, trees=best.trees, seed=seed),
                        settings=(("max_features", best.max_features),),
                    )
                    cost = fit_cost(len(cell.sites) * (1 - HELD_OUT), best.max_features, best.trees)
                    fit = Fit((cell.absorber, modality), cell.sites, task, cost)
                    wanted.append(_Wanted(cell, modality, LEARNER, repeat, fit))
                # The baseline looks at no curve: one serves all modalities.
                task = fit_task(cell, modalities[0], "dummy", folds=folds, trees=1, seed=seed)
                fit = Fit((cell.absorber, modalities[0]), cell.sites, task, 1.0)
                wanted.append(_Wanted(cell, "", "dummy", repeat, fit))
    outcomes = fitted.run(wanted, 0.0)
    return {
        (_key(item.cell, item.modality, item.learner), item.number): outcome
        for item, outcome in zip(wanted, outcomes, strict=True)
    }


def refit_scores(cell: Cell, outcomes: Sequence[FitOutcome]) -> dict[str, NDArray[np.float64]]:
    """Score each refit on the rows that it held out.

    Parameters
    ----------
    cell : Cell
        Targets and folds.
    outcomes : sequence of FitOutcome
        One per refit.

    Returns
    -------
    dict of str to numpy.ndarray
        Each metric, shape (n_refits,); of a regression also ``rmse_percent``, of the mean of all rows.
    """
    rows = []
    for folds, outcome in zip(cell.folds, outcomes, strict=True):
        held = folds == 0
        probability = outcome.probability[held] if cell.classes else None
        found = _metrics(cell.target[held], outcome.predicted[held], probability, len(cell.classes))
        if not cell.classes:
            found["rmse_percent"] = 100 * found["rmse"] / float(np.mean(cell.target))
        rows.append(found)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _metrics(
    target: NDArray[Any], predicted: NDArray[Any], probability: NDArray[Any] | None, n_classes: int
) -> dict[str, float]:
    """All metrics of some rows; without probabilities the predicted class counts as certain."""
    together = np.zeros(len(target), dtype=np.int64)
    if n_classes:
        named = predicted.astype(np.int64)
        chances = np.eye(n_classes)[named] if probability is None else probability.astype(np.float64)
        found = classification_metrics(classification_sums(target, named, chances, together, 1))
    else:
        found = regression_metrics(regression_sums(target, predicted, together, 1))
    return {name: float(value[0]) for name, value in found.items()}


def _held_out_to_training(cell: Cell) -> float:
    return float(np.mean([(folds == 0).sum() / (folds != 0).sum() for folds in cell.folds]))


def _score_rows(
    cell: Cell, modality: str, learner: str, values: dict[str, NDArray[np.float64]]
) -> list[dict[str, Any]]:
    rows = []
    for metric, refits in values.items():
        mean, lower, upper = corrected_interval(refits[:, None], _held_out_to_training(cell))
        rows.append(
            {
                "absorber": cell.absorber,
                "task": cell.task.name,
                "modality": modality,
                "learner": learner,
                "split": cell.split,
                "metric": metric,
                "value": float(mean[0]),
                "lower": float(lower[0]),
                "upper": float(upper[0]),
            }
            | cell.counts
        )
    return rows


def _difference_rows(
    cell: Cell,
    modality: str,
    learner: str,
    random: dict[str, NDArray[np.float64]],
    by_formula: dict[str, NDArray[np.float64]],
) -> list[dict[str, Any]]:
    """Differences refit by refit; `cell` is that of the random split."""
    seen = [np.isin(cell.groups[folds == 0], cell.groups[folds != 0]).mean() for folds in cell.folds]
    rows = []
    for metric in random:
        change = (random[metric] - by_formula[metric])[:, None]
        mean, lower, upper = corrected_interval(change, _held_out_to_training(cell))
        rows.append(
            {
                "absorber": cell.absorber,
                "task": cell.task.name,
                "modality": modality,
                "learner": learner,
                "metric": metric,
                "value_random": float(random[metric].mean()),
                "value_formula": float(by_formula[metric].mean()),
                "difference": float(mean[0]),
                "lower": float(lower[0]),
                "upper": float(upper[0]),
                "seen": float(np.mean(seen)),
            }
        )
    return rows


def _importance_rows(
    cell: Cell, modality: str, features: FeatureTable, outcomes: Sequence[FitOutcome]
) -> list[dict[str, Any]]:
    """List the forests' own importances of each point, and of each technique of a combination."""
    base = {"absorber": cell.absorber, "task": cell.task.name, "modality": modality, "learner": LEARNER}
    impurity = np.concatenate([outcome.impurity for outcome in outcomes]).astype(np.float64)
    held_out = _held_out_to_training(cell)
    value, lower, upper = corrected_interval(impurity, held_out)
    rows = []
    techniques = list(dict.fromkeys(features.technique.tolist()))
    for name in techniques:
        mine = features.technique == name
        for point in np.flatnonzero(mine):
            place = (
                float(features.position[point]),
                float(features.low[point]),
                float(features.high[point]),
            )
            bounds = (max(float(lower[point]), 0.0), float(upper[point]))
            rows.append(importance_row(base, name, place, "impurity", float(value[point]), *bounds))
        if len(techniques) > 1:
            share = impurity[:, mine].sum(axis=1, keepdims=True)
            mean, low, high = (float(item[0]) for item in corrected_interval(share, held_out))
            rows.append(importance_row(base, name, None, "share", mean, max(low, 0.0), min(high, 1.0)))
    return rows
