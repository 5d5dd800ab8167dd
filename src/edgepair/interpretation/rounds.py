"""The work behind an interpretation, each piece with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
import xarray as xr

from edgepair.conventions import TECHNIQUES, modality_title, subsets_of
from edgepair.conventions.tasks import Labels
from edgepair.dataset import make_folds
from edgepair.features import FeatureTable, Region, compute_features
from edgepair.interpretation.groups import Group, dataset_regions, join_groups, point_groups, technique_groups
from edgepair.interpretation.number_forests import (
    NumberForests,
    NumberTable,
    fit_numbers,
    number_table,
    number_task,
)
from edgepair.interpretation.shap_values import ShapTask, shap_work
from edgepair.interpretation.stability import LEVEL, rank_fits, stability_of, stability_row
from edgepair.models import LEARNERS, FitOutcome
from edgepair.study.config import StudyConfig
from edgepair.study.fits import Work, fit_work, repeat_seed
from edgepair.study.plan import Cell, Rows
from edgepair.study.scoring import INTERVAL, main_score

USUAL_TECHNIQUES = ("xanes", "pdf", "dpdf")
"""Techniques that are looked at unless others are asked for."""

EXPLAINED_SETTINGS = MappingProxyType({"min_samples_leaf": 2, "max_depth": 15})
"""Settings of the forests that are explained, beside the learner's own: exact Shapley values of the
learner's full trees would take ten times as long (docs/decisions/0009)."""

SHAP_TREES = 20
"""Most trees of a forest whose Shapley values are computed: 40 give 3 % less (docs/decisions/0009)."""

MANY_SITES = 1000
"""Sites from which on half the permutations of labels are enough to tell."""

PERMUTATIONS = 39
"""Exchanges of the labels by default: the smallest p they can show is 1/40."""

PERMUTATION_TREES = 10
"""Trees by default, in the forest of the real labels and in the others alike, so the test is fair."""

PERMUTATION_SETTINGS = (("max_features", "sqrt"),)
"""In place of the study's, again for all: in 0.4 of the time p is the same (docs/decisions/0009)."""

PERMUTATION_FOLDS = 3
"""Folds; few, as there are many fits, and again the same for all."""


def usual_techniques(datasets: Sequence[xr.Dataset]) -> tuple[str, ...]:
    """List the techniques that are looked at where none is asked for."""
    held = {name for data in datasets for name, kind in TECHNIQUES.items() if kind.variable in data}
    neutron = ("npdf",) if "npdf" in held and not held & {"pdf", "dpdf"} else ()
    return USUAL_TECHNIQUES + neutron


@dataclass(frozen=True)
class Explained:
    """One absorber and the techniques that are explained."""

    dataset: xr.Dataset
    techniques: tuple[str, ...]
    tables: dict[str, FeatureTable] = field(default_factory=dict)

    @property
    def absorber(self) -> str:
        """Chemical symbol."""
        return str(self.dataset.attrs["absorber"])

    @property
    def full(self) -> str:
        """The modality of all techniques together."""
        return "+".join(self.techniques)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What is explained: each technique alone, then all together."""
        return tuple(dict.fromkeys((*self.techniques, self.full)))

    @property
    def subsets(self) -> tuple[str, ...]:
        """All modalities that can be made of the techniques."""
        return subsets_of(self.techniques)

    @cached_property
    def regions(self) -> dict[str, tuple[Region, ...]]:
        """Named regions of each technique."""
        return {name: dataset_regions(self.dataset, name) for name in self.techniques}

    @cached_property
    def numbers(self) -> NumberTable:
        """Interpretable numbers of every site."""
        return number_table(self.dataset, self.techniques)

    def table(self, modality: str) -> FeatureTable:
        """Compute the features of a modality, once."""
        if modality not in self.tables:
            self.tables[modality] = compute_features(self.dataset, modality)
        return self.tables[modality]

    @cached_property
    def _by_technique(self) -> dict[str, list[Group]]:
        return {
            name: technique_groups(self.table(name), name, self.regions[name]) for name in self.techniques
        }

    def groups(self, modality: str) -> list[Group]:
        """List the groups of features of a modality: techniques, regions, clusters."""
        parts = modality.split("+")
        return join_groups([(self._by_technique[name], self.table(name).values.shape[1]) for name in parts])

    def region_rows(self) -> list[tuple[object, ...]]:
        """List the rows of ``regions.csv``."""
        rows: list[tuple[object, ...]] = []
        for name, regions in self.regions.items():
            having = {
                group.name: len(group.window.columns)
                for group in self._by_technique[name]
                if group.grouping == "region"
            }
            rows += [
                (
                    self.absorber, name, region.name, region.title, TECHNIQUES[name].unit, region.low,
                    region.high, having.get(region.name, 0),
                )
                for region in regions
            ]  # fmt: skip
        return rows

    def cluster_rows(self) -> list[tuple[object, ...]]:
        """List the rows of ``clusters.csv``."""
        return [
            (
                self.absorber, modality, group.name, group.window.technique, group.window.low,
                group.window.high, len(group.window.columns), group.title,
            )
            for modality in self.modalities
            for group in self.groups(modality)
            if group.grouping == "cluster"
        ]  # fmt: skip


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
    points = point_groups(about.table(first), first)
    work.append(_forest(cell, first, 0, config.trees, config.seed, points, "points"))
    n_exchanges = PERMUTATIONS if len(cell.sites) < MANY_SITES else PERMUTATIONS // 2
    work += label_permutation_fits(cell, about.full, n=n_exchanges, seed=config.seed)
    for modality in dict.fromkeys((first, about.full)):
        regions = [group.window for group in about.groups(modality) if group.grouping == "region"]
        work += rank_fits(cell, modality, config.trees, seed=config.seed, windows=regions)
    for modality in about.modalities if shap_rows else ():
        rows = np.random.default_rng([config.seed, 3]).permutation(len(cell.sites))[:shap_rows]
        task = explained_task(about, cell, modality, min(config.trees, SHAP_TREES), config.seed)
        work += shap_work(cell, modality, replace(task, rows=np.sort(rows)))
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


def explained_task(about: Explained, cell: Cell, modality: str, trees: int, seed: int) -> ShapTask:
    """Describe the forests whose answers are divided among groups of features."""
    fit = _forest(cell, modality, 0, trees, seed, (), "shap")
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


def label_permutation_fits(
    cell: Cell, modality: str, trees: int = PERMUTATION_TREES, n: int = PERMUTATIONS, seed: int = 0
) -> list[Work]:
    """List the fits of a test against shuffled labels."""
    folds = make_folds(cell.groups, n_folds=PERMUTATION_FOLDS, n_repeats=1, seed=seed)[0]
    targets = [cell.target, *(_exchange(cell, np.random.default_rng([seed, k])) for k in range(n))]
    return [
        fit_work(
            cell, modality, "forest", folds=folds, trees=trees, seed=seed, purpose="labels", target=target,
            settings=PERMUTATION_SETTINGS,
        )
        for target in targets
    ]  # fmt: skip


def label_permutation_rows(
    cell: Cell, modality: str, fits: Sequence[Work], outcomes: Sequence[FitOutcome]
) -> Rows:
    r"""Test the score of a cell and modality against shuffled labels.

    Whole formulas exchange their labels, with a formula of as many sites where there is one: sites of
    one formula are alike in label and in curve, and labels shuffled site by site can make a null that
    is too easily beaten [1]_. The score of the real labels is compared with those of n exchanges [2]_,
    :math:`p = (1 + \#\{s_0 \ge s\})/(1 + n)` [3]_.

    .. [1] Winkler, Webster, Vidaurre, Nichols and Smith, NeuroImage 123, 253 (2015),
       doi 10.1016/j.neuroimage.2015.05.092
    .. [2] Ojala and Garriga, J. Mach. Learn. Res. 11, 1833 (2010)
    .. [3] Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 39 (2010), doi 10.2202/1544-6115.1585
    """
    scores = [
        main_score(replace(cell, target=fit.task.target), outcome.predicted, outcome.probability)
        for fit, outcome in zip(fits, outcomes, strict=True)
    ]
    real, null = scores[0], np.array(scores[1:])
    p = (1 + int((null >= real).sum())) / (1 + len(null))
    lower, upper = np.percentile(null, INTERVAL)
    if p <= LEVEL:
        says = "better than"
    elif real > null.max():
        # Fewer exchanges than the level needs, and none came near: not for the labels' sake.
        says = f"above all of {len(null)}, too few to say more, scores"
    else:
        says = "not shown to be better than"
    least = ", the smallest they can show" if real > null.max() else ""
    title = "weighted F1" if cell.classes else "R²"
    sentence = (
        f"{cell.absorber} {cell.task.title}, {modality_title(modality)}: {title} {real:.2f} of a small "
        f"forest is {says} with labels permuted between formulas (mean {null.mean():.2f}, 95 % of "
        f"{len(null)} exchanges from {lower:.2f} to {upper:.2f}; p = {p:.3f}{least})."
    )
    where = stability_of(cell, modality, "label_permutation")
    return [
        stability_row(where, "score", real),
        stability_row(where, "null", float(null.mean()), float(lower), float(upper)),
        stability_row(where, "p", p, sentence=sentence),
    ]


def _exchange(cell: Cell, rng: np.random.Generator) -> Labels:
    """Give each formula the labels of another, in their order, of one of as many sites if there is."""
    order = np.argsort(cell.groups, kind="stable")
    starts, counts = np.unique(cell.groups[order], return_index=True, return_counts=True)[1:]
    blocks = [order[start : start + count] for start, count in zip(starts, counts, strict=True)]
    sizes, members = np.unique(counts, return_counts=True)
    alone = sizes[members == 1]
    if len(alone) == 1 and len(sizes) > 1:
        # It would keep its own labels; it is put together with those nearest in size.
        others = sizes[members > 1]
        alone = np.append(alone, others[np.abs(others - alone[0]).argmin()])
    target = np.empty_like(cell.target)
    strata = [[size] for size in sizes if size not in alone] + [list(alone)]
    for stratum in strata:
        selected = [block for block in blocks if len(block) in stratum]
        if not selected:
            continue
        # Laid end to end: where sizes are equal, formulas exchange whole; where they are not, most
        # neighbours still come from one formula, and every label is used once.
        given = np.concatenate([selected[k] for k in rng.permutation(len(selected))])
        target[np.concatenate(selected)] = cell.target[given]
    return target
