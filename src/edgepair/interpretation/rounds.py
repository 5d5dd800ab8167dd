"""The fits behind an interpretation, each with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.interpretation.groups import Group, point_groups
from edgepair.interpretation.label_permutation import PERMUTATIONS, label_permutation_fits
from edgepair.interpretation.shap_runs import ShapRun
from edgepair.interpretation.shap_values import ShapTask
from edgepair.interpretation.stability import forest_fit, rank_fits
from edgepair.models import LEARNERS
from edgepair.study.fits import Fit

if TYPE_CHECKING:
    from edgepair.interpretation.explained import Explained
    from edgepair.study.cells import Cell
    from edgepair.study.config import StudyConfig

EXPLAINED_SETTINGS = MappingProxyType({"min_samples_leaf": 2, "max_depth": 15})
"""Settings of the forests that are explained, beside the learner's own: exact Shapley values of the
learner's full trees would take ten times as long (docs/decisions/0009)."""

SHAP_TREES = 40
"""Most trees of a forest whose Shapley values are computed; their mean settles long before scores do."""

POINT_TREES = 30
"""Trees of the forest whose single points are shuffled, which is done to show what is wrong with it."""

MANY_SITES = 1000
"""Sites from which on fewer exchanges of labels, with fewer trees, are enough to tell."""


@dataclass(frozen=True)
class Wanted:
    """One fit and what it is for.

    Attributes
    ----------
    purpose : {'explained', 'subset', 'baseline', 'points', 'labels', 'halves'}
        Explained forests with their windows; further subsets and the dummy, for contributions;
        single points; exchanged labels; halves of the formulas.
    cell : Cell
        Absorber and task.
    modality : str
        Techniques whose features are seen.
    fit : Fit
        Ready to be run.
    """

    purpose: str
    cell: Cell
    modality: str
    fit: Fit


def list_rounds(about: Explained, cell: Cell, config: StudyConfig) -> list[Wanted]:
    """List the fits of one cell.

    Parameters
    ----------
    about : Explained
        The absorber.
    cell : Cell
        One of its tasks.
    config : StudyConfig
        Trees and seed.

    Returns
    -------
    list of Wanted
        Those of one purpose and modality in the order in which their outcomes are read.
    """
    wanted = []
    for modality in about.subsets:
        purpose = "explained" if modality in about.modalities else "subset"
        groups = about.groups(modality) if purpose == "explained" else ()
        for repeat in range(cell.n_repeats):
            fit = _forest(cell, modality, repeat, config.trees, config.seed, groups)
            wanted.append(Wanted(purpose, cell, modality, fit))
    first = about.techniques[0]
    for repeat in range(cell.n_repeats):
        wanted.append(Wanted("baseline", cell, first, _dummy(cell, first, repeat)))
    points = _forest(cell, first, 0, min(config.trees, POINT_TREES), config.seed, list_points(about))
    wanted.append(Wanted("points", cell, first, points))
    many = len(cell.sites) >= MANY_SITES
    exchanges = label_permutation_fits(
        cell, about.full, 10 if many else 20, PERMUTATIONS // 2 if many else PERMUTATIONS, config.seed
    )
    wanted += [Wanted("labels", cell, about.full, fit) for fit in exchanges]
    for modality in dict.fromkeys((first, about.full)):
        fits = rank_fits(cell, modality, min(config.trees, 2 * POINT_TREES), seed=config.seed)
        wanted += [Wanted("halves", cell, modality, fit) for fit in fits]
    return wanted


def list_points(about: Explained) -> list[Group]:
    """List what is shuffled to compare single points with regions.

    Parameters
    ----------
    about : Explained
        The absorber.

    Returns
    -------
    list of Group
        Points and regions of the first technique.
    """
    first = about.techniques[0]
    regions = [group for group in about.groups(first) if group.grouping == "region"]
    return [*point_groups(about.table(first), first), *regions]


def list_explanations(about: Explained, cell: Cell, config: StudyConfig, most_rows: int) -> list[ShapRun]:
    """List the sites of one cell that are explained one by one, for each modality.

    Parameters
    ----------
    about : Explained
        The absorber.
    cell : Cell
        One of its tasks.
    config : StudyConfig
        Trees and seed.
    most_rows : int
        Sites beyond which a seeded draw of so many stands for all; the same for all modalities.

    Returns
    -------
    list of ShapRun
        One per explained modality, in that order.
    """
    n = len(cell.sites)
    rng = np.random.default_rng([config.seed, 3])
    rows = np.sort(rng.permutation(n)[:most_rows])
    runs = []
    for modality in about.modalities:
        task = explained_task(about, cell, modality, config.trees, config.seed)
        task = replace(task, rows=rows)
        # Measured: 10 ms a row and 100 trees for a thousand leaves a tree.
        cost = task.fit.trees * (len(rows) * 0.03 * n * max(len(cell.classes), 2) / 4 + 100.0)
        runs.append(ShapRun(("features", cell.absorber, modality), cell.sites, task, float(cost)))
    return runs


def explained_task(about: Explained, cell: Cell, modality: str, trees: int, seed: int) -> ShapTask:
    """Describe the forests whose answers are divided among groups of features.

    Parameters
    ----------
    about : Explained
        The absorber.
    cell : Cell
        One of its tasks.
    modality : str
        Techniques whose features are seen.
    trees, seed : int
        As asked for; at most `SHAP_TREES` are used.

    Returns
    -------
    ShapTask
        For no rows yet; folds of the first repeat.
    """
    fit = _forest(cell, modality, 0, min(trees, SHAP_TREES), seed, ())
    columns = tuple(group.window.columns for group in about.groups(modality))
    return ShapTask(fit.task, np.zeros(0, dtype=np.int64), columns)


def _forest(
    cell: Cell, modality: str, repeat: int, trees: int, seed: int, groups: Sequence[Group]
) -> Fit:
    own = int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0] % 2**31)
    fit = forest_fit(cell, modality, cell.target, cell.folds[repeat], trees, own)
    settings = dict(fit.task.settings) | EXPLAINED_SETTINGS
    windows = tuple(group.window for group in groups)
    cost = fit.cost + trees * 0.05 * len(cell.sites) * len(windows)
    task = replace(fit.task, settings=tuple(sorted(settings.items())), windows=windows)
    return replace(fit, task=task, cost=cost)


def _dummy(cell: Cell, modality: str, repeat: int) -> Fit:
    fit = forest_fit(cell, modality, cell.target, cell.folds[repeat], 1, 0)
    settings = LEARNERS["dummy"].settings(cell.task)
    task = replace(fit.task, learner="dummy", settings=tuple(sorted(settings.items())))
    return replace(fit, task=task, cost=1.0)
