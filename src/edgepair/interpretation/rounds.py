"""The work behind an interpretation, each piece with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.interpretation.groups import Group, point_groups
from edgepair.interpretation.label_permutation import PERMUTATIONS, label_permutation_fits
from edgepair.interpretation.number_forests import NumberForests, fit_numbers, number_task
from edgepair.interpretation.ranks import rank_fits
from edgepair.interpretation.shap_values import ShapTask, shap_work
from edgepair.models import LEARNERS
from edgepair.study.fits import fit_work, repeat_seed
from edgepair.study.work import Work

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

EXCHANGE_TREES = 10
"""Trees of the forests that are fitted to permuted labels, and to the real ones beside them."""

MANY_SITES = 1000
"""Sites from which on half the exchanges of labels are enough to tell."""


def list_work(about: Explained, cell: Cell, config: StudyConfig, shap_rows: int) -> list[Work]:
    """List all fits and explanations of one cell."""
    work = []
    first = about.techniques[0]
    for modality in about.subsets:
        purpose = "explained" if modality in about.modalities else "subset"
        groups = about.groups(modality) if purpose == "explained" else ()
        work += [
            _forest(cell, modality, repeat, config.trees, config.seed, groups, purpose)
            for repeat in range(cell.n_repeats)
        ]
    work += [
        fit_work(cell, first, "dummy", folds=folds, trees=1, seed=0, purpose="baseline")
        for folds in cell.folds
    ]
    trees = min(config.trees, POINT_TREES)
    work.append(_forest(cell, first, 0, trees, config.seed, list_points(about), "points"))
    n_exchanges = PERMUTATIONS if len(cell.sites) < MANY_SITES else PERMUTATIONS // 2
    work += label_permutation_fits(cell, about.full, EXCHANGE_TREES, n_exchanges, config.seed)
    for modality in dict.fromkeys((first, about.full)):
        regions = [group.window for group in about.groups(modality) if group.grouping == "region"]
        trees = min(config.trees, 2 * POINT_TREES)
        work += rank_fits(cell, modality, trees, seed=config.seed, windows=regions)
    for modality in about.modalities if shap_rows else ():
        rows = np.random.default_rng([config.seed, 3]).permutation(len(cell.sites))[:shap_rows]
        task = replace(explained_task(about, cell, modality, config.trees, config.seed), rows=np.sort(rows))
        work += shap_work(cell, modality, task)
    numbers = about.numbers
    if numbers.names:
        cost = 2e4 * cell.n_repeats * len(numbers.names) * (1 + len(cell.sites) / 200)
        work.append(
            Work(
                cell, "", numbers, cell.sites, number_task(cell, seed=config.seed), cost,
                f"{cell.absorber} {cell.task.title}, a few numbers", purpose="numbers", function=fit_numbers,
                kind=NumberForests,
            )
        )  # fmt: skip
    return work


def list_points(about: Explained) -> list[Group]:
    """List what is shuffled to compare single points with regions."""
    first = about.techniques[0]
    regions = [group for group in about.groups(first) if group.grouping == "region"]
    return [*point_groups(about.table(first), first), *regions]


def explained_task(about: Explained, cell: Cell, modality: str, trees: int, seed: int) -> ShapTask:
    """Describe the forests whose answers are divided among groups of features."""
    fit = _forest(cell, modality, 0, min(trees, SHAP_TREES), seed, (), "shap")
    columns = tuple(group.window.columns for group in about.groups(modality))
    return ShapTask(fit.task, np.zeros(0, dtype=np.int64), columns)


def _forest(
    cell: Cell, modality: str, repeat: int, trees: int, seed: int, groups: Sequence[Group], purpose: str
) -> Work:
    settings = LEARNERS["forest"].settings(cell.task) | EXPLAINED_SETTINGS
    return fit_work(
        cell, modality, "forest", folds=cell.folds[repeat], trees=trees, seed=repeat_seed(seed, repeat),
        purpose=purpose, settings=tuple(sorted(settings.items())),
        windows=tuple(group.window for group in groups),
    )  # fmt: skip
