"""The fits behind an interpretation, each with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.interpretation.dependence import NUMBER_TREES, NumberForests, fit_numbers
from edgepair.interpretation.groups import Group, point_groups
from edgepair.interpretation.label_permutation import PERMUTATIONS, label_permutation_fits
from edgepair.interpretation.pieces import Piece, piece_key
from edgepair.interpretation.ranks import rank_fits
from edgepair.interpretation.shap_values import ShapTask, shap_pieces
from edgepair.interpretation.stability import forest_fit
from edgepair.models import LEARNERS
from edgepair.study.cache import array_digest
from edgepair.study.fits import Fit, repeat_seed

if TYPE_CHECKING:
    from edgepair.interpretation.explained import Explained
    from edgepair.interpretation.number_forests import NumberTable
    from edgepair.study.cells import Cell
    from edgepair.study.config import StudyConfig

EXPLAINED_SETTINGS = MappingProxyType({"min_samples_leaf": 2, "max_depth": 15})
"""Settings of the forests that are explained, beside the learner's own: exact Shapley values of the
learner's full trees would take ten times as long (docs/decisions/0009)."""

SHAP_TREES = 40
"""Most trees of a forest whose Shapley values are computed; their mean settles long before scores do."""

POINT_TREES = 30
"""Trees of the forest whose single points are shuffled, which is done to show what is wrong with it."""

EXCHANGE_TREES = 10
"""Trees of the forests that are fitted to permuted labels, and to the real ones beside them."""

START_COST = 1e4
"""What a round of folds takes however small it is, in the units of the fits."""

MANY_SITES = 1000
"""Sites from which on half the exchanges of labels are enough to tell."""


@dataclass(frozen=True)
class Wanted:
    """One fit and what it is for."""

    purpose: str
    cell: Cell
    modality: str
    fit: Fit


def list_rounds(about: Explained, cell: Cell, config: StudyConfig) -> list[Wanted]:
    """List the fits of one cell."""
    wanted = []
    for modality in about.subsets:
        purpose = "explained" if modality in about.modalities else "subset"
        for repeat in range(cell.n_repeats):
            groups = about.groups(modality) if purpose == "explained" else ()
            fit = _forest(cell, modality, repeat, config.trees, config.seed, groups)
            wanted.append(Wanted(purpose, cell, modality, fit))
    first = about.techniques[0]
    for repeat in range(cell.n_repeats):
        wanted.append(Wanted("baseline", cell, first, _dummy(cell, first, repeat)))
    points = _forest(cell, first, 0, min(config.trees, POINT_TREES), config.seed, list_points(about))
    wanted.append(Wanted("points", cell, first, points))
    n_exchanges = PERMUTATIONS if len(cell.sites) < MANY_SITES else PERMUTATIONS // 2
    exchanges = label_permutation_fits(cell, about.full, EXCHANGE_TREES, n_exchanges, config.seed)
    # Small forests cost what it takes to start them, which the estimate leaves out.
    exchanges = [replace(fit, cost=fit.cost + START_COST) for fit in exchanges]
    wanted += [Wanted("labels", cell, about.full, fit) for fit in exchanges]
    for modality in dict.fromkeys((first, about.full)):
        regions = [group.window for group in about.groups(modality) if group.grouping == "region"]
        trees = min(config.trees, 2 * POINT_TREES)
        fits = rank_fits(cell, modality, trees, seed=config.seed, windows=regions)
        wanted += [Wanted("halves", cell, modality, fit) for fit in fits]
    return wanted


def list_points(about: Explained) -> list[Group]:
    """List what is shuffled to compare single points with regions."""
    first = about.techniques[0]
    regions = [group for group in about.groups(first) if group.grouping == "region"]
    return [*point_groups(about.table(first), first), *regions]


def list_explanations(
    about: Explained, cell: Cell, modality: str, config: StudyConfig, most_rows: int
) -> list[Piece]:
    """List the work of explaining sites of one cell and modality one by one."""
    n = len(cell.sites)
    rng = np.random.default_rng([config.seed, 3])
    task = explained_task(about, cell, modality, config.trees, config.seed)
    task = replace(task, rows=np.sort(rng.permutation(n)[:most_rows]))
    # Measured, in the units of the fits: what a row takes grows with the sites, which are leaves.
    cost = task.fit.trees * (len(task.rows) * 0.03 * n * max(len(cell.classes), 2) / 4 + 100.0)
    return shap_pieces(about.table(modality).values[cell.sites], task, float(cost))


def number_piece(cell: Cell, numbers: NumberTable, seed: int) -> Piece:
    """Describe the work of fitting forests on a few numbers."""
    # What is sent to another process goes without the curves.
    bare = replace(cell, dataset=cell.dataset[[]])
    key = piece_key(
        fit_numbers,
        *(array_digest(part) for part in (numbers.values, cell.sites, cell.target, cell.folds)),
        repr((cell.task.name, cell.classes, numbers.names, seed)),
    )
    cost = 2e4 * cell.n_repeats * len(numbers.names) * (1 + len(cell.sites) / 200)
    return Piece(key, NumberForests, fit_numbers, (bare, numbers, NUMBER_TREES, seed), float(cost))


def explained_task(about: Explained, cell: Cell, modality: str, trees: int, seed: int) -> ShapTask:
    """Describe the forests whose answers are divided among groups of features."""
    fit = _forest(cell, modality, 0, min(trees, SHAP_TREES), seed, ())
    columns = tuple(group.window.columns for group in about.groups(modality))
    return ShapTask(fit.task, np.zeros(0, dtype=np.int64), columns)


def _forest(cell: Cell, modality: str, repeat: int, trees: int, seed: int, groups: Sequence[Group]) -> Fit:
    own = repeat_seed(seed, repeat)
    windows = [group.window for group in groups]
    fit = forest_fit(cell, modality, cell.target, cell.folds[repeat], trees, own, windows)
    settings = dict(fit.task.settings) | EXPLAINED_SETTINGS
    task = replace(fit.task, settings=tuple(sorted(settings.items())))
    return replace(fit, task=task, cost=START_COST + fit.cost)


def _dummy(cell: Cell, modality: str, repeat: int) -> Fit:
    fit = forest_fit(cell, modality, cell.target, cell.folds[repeat], 1, 0)
    settings = LEARNERS["dummy"].settings(cell.task)
    task = replace(fit.task, learner="dummy", settings=tuple(sorted(settings.items())))
    return replace(fit, task=task, cost=1.0)
