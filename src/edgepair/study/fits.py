"""The fits of a study: for scores, learning curves, permuted labels, and beside the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions.displayed import Record
from edgepair.models import LEARNERS, FitTask, choose_windows, fitted_learners
from edgepair.study.work import Work

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Labels
    from edgepair.study.cells import Cell
    from edgepair.study.config import StudyConfig
    from edgepair.study.work import Table

ASIDE_TREES = 40
"""Trees under other conditions, and in the comparison with a random split."""

FEW_TREES = 20
"""Trees in learning curves, which are compared with each other, and with permuted labels, whose share of
the impurity scatters over permutations more than over trees."""

LEARNING_FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Shares of the training formulas in learning curves, all with `FEW_TREES`; of all formulas these are the
first trees of the study's own forest."""

NULL_FITS = 5
"""Forests that learn permuted labels, for the share of the impurity that numbers of features give."""

START_COST = 1e4
"""What a round of folds takes however small it is, in the units of `fit_cost`."""


def repeat_seed(seed: int, repeat: int) -> int:
    """Derive the random state of one round of folds."""
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0] % 2**31)


def fit_cost(task: FitTask) -> float:
    """Estimate the time of a fit of a few hundred features, in arbitrary units."""
    n = len(task.target) * task.fraction
    if task.learner == "dummy":
        return 1e-3 * n
    if task.learner == "kernel":
        return float(100 * n + 1e-3 * n**3 / 60)
    wide = 200.0 if task.learner == "stock" and not task.n_classes else 42.0
    per_tree = 120.0 + n * np.log2(n + 2) * wide * 0.02 + len(task.windows) * (20 + 0.05 * n)
    n_folds = len(np.unique(task.folds[task.folds >= 0]))
    return float(START_COST + task.trees * per_tree * (n_folds + 1) / 6)


def fit_work(
    cell: Cell,
    modality: str,
    learner: str,
    *,
    folds: NDArray[np.int64],
    trees: int,
    seed: int,
    purpose: Hashable = "score",
    sites: NDArray[np.int64] | None = None,
    table: Table | None = None,
    **changes: Any,
) -> Work:
    """Describe one round of folds of a learner; what is not named is as the cell and the learner have it.

    ``folds`` (n,).
    """
    settings = tuple(sorted(LEARNERS[learner].settings(cell.task).items()))
    known: Record = {"target": cell.target, "groups": cell.groups, "settings": settings}
    task = FitTask(
        learner=learner, task=cell.task.name, n_classes=len(cell.classes), folds=folds, trees=trees,
        seed=seed, **(known | changes),
    )  # fmt: skip
    return Work(
        cell, modality, cell.table(modality) if table is None else table,
        cell.sites if sites is None else sites, task, fit_cost(task),
        f"{cell.absorber} {cell.task.title}, {modality}", learner, purpose,
    )  # fmt: skip


def permuted_labels(cell: Cell, *, seed: Sequence[int]) -> Labels:
    """Permute the labels of a cell between formulas; returns (n,)."""
    names = np.unique(cell.groups)
    order = np.random.default_rng(list(seed)).permutation(len(names))[np.searchsorted(names, cell.groups)]
    permuted = np.empty_like(cell.target)
    permuted[np.argsort(order, kind="stable")] = cell.target[np.argsort(cell.groups, kind="stable")]
    return permuted


def study_fits(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, subsets: Sequence[str] = ()
) -> list[Work]:
    """List the fits of one cell of the study itself."""
    work: list[Work] = []
    first = _first_learners(config)
    rounds = range(cell.n_repeats)
    for modality in modalities:
        for learner in fitted_learners(config.learners):
            able = LEARNERS[learner].importances
            permute = ""
            if learner in first and able:
                permute = "windows" if config.extras else "techniques" if "+" in modality else ""
            tune = config.tune and able and learner != "stock"
            first_trees = (min(config.trees, FEW_TREES),) if is_last_point(config, learner) else ()
            work += [
                _round(
                    cell,
                    modality,
                    learner,
                    config,
                    number,
                    permute="" if number else permute,
                    tune=tune,
                    stages=() if number else first_trees,
                )
                for number in rounds
            ]  # fmt: skip
        if config.extras:
            work += [
                _round(
                    cell, modality, name, config, most=FEW_TREES, purpose=("learning", share), fraction=share
                )
                for name in first
                for share in LEARNING_FRACTIONS
                if share < 1 or not is_last_point(config, name)
            ]
        work += _null_fits(cell, modality, config)
    return work + [
        _round(cell, modality, learner, config, number)
        for modality in subsets
        if modality not in modalities
        for learner in first
        for number in rounds
    ]


def is_last_point(config: StudyConfig, learner: str) -> bool:
    """Say whether the study's own fits of a learner tell the last point of its learning curve too."""
    return (
        config.extras and not config.tune and learner == config.learners[0] and LEARNERS[learner].importances
    )


def fits_aside(
    cell: Cell, modalities: Sequence[str], config: StudyConfig, *, findings: bool = True
) -> list[Work]:
    """List the fits of a cell that stands beside the study: another condition, or a random split."""
    work = []
    for modality in modalities:
        for learner in (*_first_learners(config), *(("dummy",) if findings else ())):
            permuted = findings and "+" in modality and LEARNERS[learner].importances
            permute = "techniques" if permuted else ""
            work.append(_round(cell, modality, learner, config, most=ASIDE_TREES, permute=permute))
        if findings:
            work += _null_fits(cell, modality, config)
    return work


def _first_learners(config: StudyConfig) -> tuple[str, ...]:
    """List what is fitted for the learner on which figures and findings rest."""
    return fitted_learners(tuple(name for name in config.learners if name != "dummy")[:1])


def _round(
    cell: Cell, modality: str, learner: str, config: StudyConfig, number: int = 0, *,
    most: int | None = None, permute: str = "", **changes: Any,
) -> Work:  # fmt: skip
    """Describe a round of folds in which nothing, whole techniques, or windows are permuted."""
    windows = choose_windows(cell.table(modality)) if permute else ()
    return fit_work(
        cell, modality, learner, folds=cell.folds[number], trees=min(config.trees, most or config.trees),
        seed=repeat_seed(config.seed, number),
        windows=tuple(window for window in windows if window.whole or permute == "windows"), **changes,
    )  # fmt: skip


def _null_fits(cell: Cell, modality: str, config: StudyConfig) -> list[Work]:
    # Of pairs with XANES, whose shares a finding is about, where the learner has importances itself.
    parts = modality.split("+")
    learner = config.learners[0]
    if len(parts) != 2 or parts[0] != "xanes" or not LEARNERS[learner].importances:
        return []
    folds = cell.folds[0]
    return [
        fit_work(
            cell, modality, learner, purpose="null", trees=min(config.trees, FEW_TREES),
            # Each permutation learns from one training set: its answers are of no interest.
            folds=np.where(folds == number % len(np.unique(folds)), 0, -1),
            seed=repeat_seed(config.seed, number),
            target=permuted_labels(cell, seed=[config.seed, 3, number]),
        )
        for number in range(NULL_FITS)
    ]  # fmt: skip
