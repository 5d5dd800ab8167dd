"""The fits of the published protocol: splits, the search for settings, and the refits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.dataset import make_folds
from edgepair.features import FeatureTable
from edgepair.models import FitOutcome
from edgepair.study.cells import Cell
from edgepair.study.config import StudyConfig
from edgepair.study.fits import Fit, fit_task, repeat_seed, run_fits
from edgepair.study.plan import StudyPlan
from edgepair.study.published_scores import LEARNER, row_metrics

if TYPE_CHECKING:
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

Announce = Callable[[float, float, str, bool], None]


@dataclass(frozen=True)
class Settings:
    """Settings that the search chose for one absorber, task and modality."""

    max_features: int
    trees: int


@dataclass(frozen=True)
class WantedFit:
    """A fit with what it is for: a value of max_features in the search, or a refit on a split."""

    cell: Cell
    modality: str
    learner: str
    number: int
    fit: Fit


def split_cell(cell: Cell, split: str, config: StudyConfig) -> Cell:
    """Hold out a quarter of the rows for each refit (fold 0; -1 trains), random or in whole formulas."""
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


class FitRunner:
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

    def run(self, wanted: Sequence[WantedFit], later: float) -> list[FitOutcome]:
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


def fit_name(cell: Cell, modality: str, learner: str) -> tuple[str, str, str, str, str]:
    """Name what is fitted, by which its refits are found again."""
    return cell.absorber, cell.task.name, cell.split, modality, learner


def search_settings(
    pairs: Sequence[tuple[Cell, Cell]], plan: StudyPlan, config: StudyConfig, fitted: FitRunner
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


def _search_fits(cell: Cell, modality: str, folds: NDArray[np.int64], config: StudyConfig) -> list[WantedFit]:
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
        wanted.append(WantedFit(cell, modality, LEARNER, number, fit))
    return wanted


def choose_settings(fits: Sequence[Fit], outcomes: Sequence[FitOutcome]) -> Settings:
    """Choose max_features at equal numbers of trees, then the fewest trees within `TOLERANCE` of the best.

    `fits` are the search's, one per max_features in rising order, the middle one with all stages; the
    loss is 1 - weighted F1 or the mean squared error of what their held-out folds were predicted.
    """

    def loss(fit: Fit, predicted: NDArray[Any]) -> float:
        task = fit.task
        if not task.n_classes:
            return float(np.mean((predicted - task.target) ** 2))
        return 1 - row_metrics(task.target, predicted, None, task.n_classes)["f1_weighted"]

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


def refit(
    pairs: Sequence[tuple[Cell, Cell]],
    plan: StudyPlan,
    config: StudyConfig,
    chosen: dict[tuple[str, str, str], Settings],
    fitted: FitRunner,
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
                    wanted.append(WantedFit(cell, modality, LEARNER, repeat, fit))
                # The baseline looks at no curve: one serves all modalities.
                task = fit_task(cell, modalities[0], "dummy", folds=folds, trees=1, seed=seed)
                fit = Fit((cell.absorber, modalities[0]), cell.sites, task, 1.0)
                wanted.append(WantedFit(cell, "", "dummy", repeat, fit))
    outcomes = fitted.run(wanted, 0.0)
    return {
        (fit_name(item.cell, item.modality, item.learner), item.number): outcome
        for item, outcome in zip(wanted, outcomes, strict=True)
    }
