r"""Groups of features that are looked at together: techniques, regions, clusters, points.

A curve's neighbouring points say nearly the same. Shuffle one of them and the others stand in for
it; share an importance among them and each gets little [1]_. So importances are given for groups
that have a name: whole techniques, physically named regions, and clusters of features that rise and
fall together wherever they sit. A feature belongs to the region in which it sits (its position),
even where it draws on more of the curve: a running integral counts where it ends.

Clusters: average linkage on :math:`1 - |\rho|`, Spearman's rank correlation over all sites, labels
not looked at; cut where two clusters' features correlate less than `CLUSTER_CORRELATION` on average.

How much a group matters is measured in three ways:

``permutation``
    How far the main score falls on held-out sites when a group's features are shuffled between
    them, together, all else as it was [2]_. Mean over the repeats of the folds in which the group
    was shuffled; the interval is of the bootstrap over formulas and over those repeats.
``shap``
    What a group adds to the answer for a site, by exact Shapley values of the trees, held-out sites
    only (`edgepair.interpretation.groups`): mean size of the group's sum. Å for a length. For
    classes the probability that the group moves from some classes to others,
    :math:`\tfrac12 \sum_k |\phi_{gk}|`, from 0 to 1. Interval: bootstrap over formulas.
``impurity``
    The share of the impurity that splits on the group's features removed in training. It favours
    features with many values and sees no held-out site [2]_; given for comparison. Interval over
    refits, as in `edgepair.study.importances`.

.. [1] Toloşi and Lengauer, Bioinformatics 27, 1986 (2011), doi 10.1093/bioinformatics/btr300
.. [2] Strobl et al., BMC Bioinformatics 8, 25 (2007), doi 10.1186/1471-2105-8-25

What each feature adds to a forest's answer for a site: exact Shapley values of trees.

.. math:: \sum_j \phi_j = f(x) - \langle f \rangle

TreeSHAP [1]_, path-dependent: a feature that is not known is averaged over with the tree's own
training sites. No background set and no sampling is needed, and the values are exact; that they add
up is checked for every site. Each site is explained by a forest that did not see its formula.

The time grows with leaves times depth squared of every tree: docs/decisions/0009 has the settings of
the forests that are explained, and what they cost.

.. [1] Lundberg et al., Nature Machine Intelligence 2, 56 (2020), doi 10.1038/s42256-019-0138-9
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, ModelError
from edgepair.conventions.displayed import Record
from edgepair.features import FeatureTable, Region, find_regions, region_numbers
from edgepair.models import LEARNERS, FitTask, Window
from edgepair.study.fits import Work, repeat_seed
from edgepair.study.importances import POINT_WIDTH, refit_interval
from edgepair.study.scoring import group_sums, interval_of, metrics_of, over_repeats

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats, Labels
    from edgepair.models import FitOutcome
    from edgepair.models.trees import Forest
    from edgepair.study.plan import Cell, Rows

MOST_ERROR = 1e-6
"""By how much, in the unit of the answer, the parts may miss it; rounding alone stays below 1e-9."""

MISSING = "exact Shapley values need the package shap: pip install 'edgepair[explain]'"
"""What is said where shap is not installed."""

CLUSTER_CORRELATION = 0.6
"""Least mean absolute rank correlation between two clusters that become one. Of the bundled data it
makes 13 to 24 clusters of a spectrum and 15 to 34 of a PDF, which have 86 to 180 features."""

STRETCHES_NAMED = 3
"""Stretches of the axis that a cluster's title lists, the widest first to be listed."""


@dataclass(frozen=True)
class ShapTask:
    """Sites to explain by forests that did not see them; ``rows`` (n_rows,)."""

    fit: FitTask
    rows: NDArray[np.int64]
    columns: tuple[tuple[int, ...], ...]
    version: str = ""


@dataclass(frozen=True)
class ShapOutcome:
    """What groups of features add to the answers for some sites.

    ``rows`` (n_rows,); ``gathered`` (n_rows, n_groups, n_outputs); ``base, predicted``
    (n_rows, n_outputs).
    """

    rows: NDArray[np.int64]
    gathered: Floats
    base: Floats
    predicted: Floats


def shap_is_missing() -> bool:
    """Tell whether shap is not installed."""
    return find_spec("shap") is None


def import_shap() -> Any:
    """Import shap, which takes seconds."""
    with warnings.catch_warnings():
        # What its import draws in says what it will do without one day: nothing a user could act on.
        warnings.simplefilter("ignore")
        import shap
    return shap


def forest_shap(forest: Forest, rows: NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Compute exact Shapley values of a forest, and check that they add up.

    ``rows`` (n_rows, n_features); ``values`` (n_rows, n_features, n_outputs); ``base`` (n_outputs,);
    ``predicted`` (n_rows, n_outputs).
    """
    if shap_is_missing():
        raise ModelError(
            "cannot explain the answers of a forest",
            found="no package 'shap'",
            needed="shap, which comes with the extra 'explain'",
            suggestion="pip install 'edgepair[explain]'",
        )
    explainer = import_shap().TreeExplainer(
        forest, feature_perturbation="tree_path_dependent", model_output="raw"
    )
    # Checked below: its own check passes what is below a percent.
    values = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=np.float64)
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    if hasattr(forest, "predict_proba"):
        predicted = np.asarray(forest.predict_proba(rows), dtype=np.float64)
    else:
        predicted = np.asarray(forest.predict(rows), dtype=np.float64)[:, None]
        values = values[:, :, None]
    miss = float(np.abs(values.sum(axis=1) + base - predicted).max(initial=0.0))
    if not miss <= MOST_ERROR:
        raise ModelError(
            "cannot explain the answers of a forest: the parts do not add up",
            found=f"a difference of {miss:.1e} between the sum of the parts and the answer",
            needed=f"at most {MOST_ERROR:.0e}",
            suggestion=f"another version of shap than {version('shap')}; please report it",
        )
    return values, base, predicted


def shap_work(cell: Cell, modality: str, task: ShapTask) -> list[Work]:
    """Cut the explanation of many sites into work, fold by fold."""
    # Measured, in the units of fits: what a row takes grows with the sites, which are leaves.
    per_row = 0.03 * len(cell.sites) * max(len(cell.classes), 2) / 4
    work = []
    for fold in np.unique(task.fit.folds[task.rows]):
        rows = task.rows[task.fit.folds[task.rows] == fold]
        part = replace(task, rows=rows, version=version("shap"))
        cost = task.fit.trees * (len(rows) * per_row + 100.0 * len(rows) / len(task.rows))
        label = f"{cell.absorber} {cell.task.title}, {modality} explained"
        work.append(
            Work(
                cell, modality, cell.table(modality), cell.sites, part, cost, label, purpose="shap",
                function=explain_fold, kind=ShapOutcome,
            )
        )  # fmt: skip
    return work


def join_outcomes(parts: Sequence[ShapOutcome]) -> ShapOutcome:
    """Put the explanations of several folds together."""
    order = np.argsort(np.concatenate([part.rows for part in parts]))
    joined = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])[order]
        for item in fields(ShapOutcome)
    }
    return ShapOutcome(**joined)


def explain_fold(values: NDArray[np.float32], task: ShapTask) -> ShapOutcome:
    """Explain sites of one fold by a forest fitted on the others; ``values`` (n_sites, n_features)."""
    (fold,) = np.unique(task.fit.folds[task.rows])
    forest = fit_without_fold(values, task.fit, int(fold))
    return gather(forest, np.asarray(values[task.rows]), task)


def fit_without_fold(values: NDArray[np.float32], fit: FitTask, fold: int) -> Forest:
    """Fit a forest on all folds but one; ``values`` (n_sites, n_features)."""
    train = np.flatnonzero(fit.folds != fold)
    seed = repeat_seed(fit.seed, fold)
    forest: Forest = LEARNERS[fit.learner].estimator(
        TASKS[fit.task], trees=fit.trees, seed=seed, **dict(fit.settings)
    )
    forest.fit(np.asarray(values[train]), fit.target[train])
    return forest


def gather(forest: Forest, shown: NDArray[np.float32], task: ShapTask) -> ShapOutcome:
    """Explain some rows and add up the values of each group of features; ``shown`` (n_rows, n_features)."""
    phi, base, predicted = forest_shap(forest, shown)
    gathered = np.stack([phi[:, list(columns)].sum(axis=1) for columns in task.columns], axis=1)
    base = np.broadcast_to(base, predicted.shape)
    if task.fit.n_classes:
        seen = forest.classes_.astype(int)
        gathered, base, predicted = (
            _place(part, seen, task.fit.n_classes) for part in (gathered, base, predicted)
        )
    return ShapOutcome(task.rows, gathered, np.array(base), predicted)


def _place(part: Floats, seen: NDArray[np.int64], n_classes: int) -> Floats:
    """Put outputs of the classes that a forest saw at their places among all."""
    whole = np.zeros((*part.shape[:-1], n_classes))
    whole[..., seen] = part
    return whole


@dataclass(frozen=True)
class Group:
    """Features that are looked at together."""

    grouping: str
    name: str
    title: str
    window: Window


def dataset_regions(dataset: xr.Dataset, technique: str) -> tuple[Region, ...]:
    """Cut a technique's axis into named regions that fit all curves of a dataset."""
    kind = TECHNIQUES[technique]
    axis = dataset[kind.axis].values.astype(np.float64)
    curves = dataset[kind.variable].values.astype(np.float64)
    return find_regions(str(dataset.attrs["absorber"]), technique, axis, curves)


def technique_groups(features: FeatureTable, technique: str, regions: Sequence[Region]) -> list[Group]:
    """Group the features of one technique: as a whole, by region, by cluster."""
    title = TECHNIQUES[technique].title
    ends = (float(features.position.min()), float(features.position.max()))
    everything = np.arange(len(features.position))
    groups = [Group("technique", technique, title, _window(technique, ends, everything, technique))]
    number = region_numbers(regions, features.position)
    for index, region in enumerate(regions):
        columns = np.flatnonzero(number == index)
        if len(columns):
            window = _window(technique, (region.low, region.high), columns, region.name)
            groups.append(Group("region", region.name, region.title, window))
    clusters = sorted(
        cluster_columns(features.values), key=lambda columns: float(features.position[columns].min())
    )
    for index, columns in enumerate(clusters, start=1):
        position = features.position[columns]
        name = f"{technique}-{index:02d}"
        window = _window(technique, (float(position.min()), float(position.max())), columns, name)
        groups.append(Group("cluster", name, _stretches(technique, features.position, columns), window))
    return groups


def point_groups(features: FeatureTable, technique: str) -> list[Group]:
    """Group the features of one technique by the single points at which they sit."""
    width = POINT_WIDTH[technique]
    start = features.position.min() - width / 2
    number = np.floor((features.position - start) / width + 1e-6).astype(int)
    groups = []
    for step in np.unique(number):
        columns = np.flatnonzero(number == step)
        low = float(start + step * width)
        title = f"{low + width / 2:g} {TECHNIQUES[technique].unit}"
        name = f"{low + width / 2:g}"
        groups.append(
            Group("point", name, title, _window(technique, (low, low + width), columns, f"point {name}"))
        )
    return groups


def join_groups(parts: Sequence[tuple[Sequence[Group], int]]) -> list[Group]:
    """Put the groups of several techniques side by side, as their features stand in a combination."""
    joined = []
    before = 0
    for groups, n_features in parts:
        for group in groups:
            columns = tuple(column + before for column in group.window.columns)
            joined.append(replace(group, window=replace(group.window, columns=columns)))
        before += n_features
    return joined


def cluster_columns(values: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """Cluster features by how they rise and fall together over the sites.

    ``values`` (n_sites, n_features).
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    varying = np.flatnonzero(np.ptp(values, axis=0) > 0)
    if len(varying) < 2:
        return [varying] if len(varying) else []
    correlation = np.corrcoef(rankdata(values[:, varying], axis=0), rowvar=False)
    # Rounded: what differs between processors beyond the twelfth digit must not decide a tie.
    apart = np.round(1.0 - np.abs(correlation), 12).clip(min=0.0)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform(apart, checks=False), "average")
    label = fcluster(tree, 1.0 - CLUSTER_CORRELATION, "distance")
    clusters = [varying[label == name] for name in np.unique(label)]
    return sorted(clusters, key=lambda columns: int(columns[0]))


def _window(technique: str, ends: tuple[float, float], columns: NDArray[np.int64], name: str) -> Window:
    return Window(technique, *ends, tuple(int(c) for c in columns), name=name, whole=name == technique)


def _stretches(technique: str, position: Floats, columns: NDArray[np.int64]) -> str:
    """Name the stretches that a cluster covers: runs of positions with no other feature's between."""
    positions = np.unique(position)
    selected = np.isin(positions, position[columns])
    runs = np.split(np.flatnonzero(selected), np.flatnonzero(np.diff(np.flatnonzero(selected)) > 1) + 1)
    widest = sorted(runs, key=lambda run: (-len(run), run[0]))[:STRETCHES_NAMED]
    digits = 1 if TECHNIQUES[technique].axis == "energy" else 2
    named = []
    for run in sorted(widest, key=lambda run: run[0]):
        low, high = (f"{positions[run[end]]:.{digits}f}" for end in (0, -1))
        named.append(low if low == high else f"{low}–{high}")
    more = "" if len(runs) <= STRETCHES_NAMED else f" and {len(runs) - STRETCHES_NAMED} more"
    return f"{', '.join(named)} {TECHNIQUES[technique].unit}{more}"


def permutation_rows(
    cell: Cell, modality: str, groups: Sequence[Group], outcomes: Sequence[FitOutcome], drawn: Floats
) -> Rows:
    """List the permutation importances of one cell and modality; ``drawn`` (n_draws, n_groups)."""
    metric = cell.task.main_metric

    def main(predicted: Labels) -> tuple[float, Floats]:
        sums = group_sums(cell, predicted, None)
        value = metrics_of(cell, sums.sum(axis=0, keepdims=True))[metric][0]
        return float(value), metrics_of(cell, drawn @ sums)[metric]

    whole = [main(outcome.predicted) for outcome in outcomes]
    rows: Rows = []
    for number, group in enumerate(groups):
        falls, draws = [], []
        for (value, value_draws), outcome in zip(whole, outcomes, strict=True):
            left, left_draws = main(outcome.permuted[number])
            falls.append(value - left)
            draws.append(value_draws - left_draws)
        lower, upper = interval_of(over_repeats(np.array(draws)))
        rows.append(_row(cell, modality, group, "permutation", float(np.mean(falls)), lower, upper))
    return rows


def impurity_rows(cell: Cell, modality: str, groups: Sequence[Group], outcomes: Sequence[FitOutcome]) -> Rows:
    """List the impurity importances of one cell and modality."""
    impurity = np.concatenate([outcome.impurity for outcome in outcomes]).astype(np.float64)
    gathered = np.stack([impurity[:, list(group.window.columns)].sum(axis=1) for group in groups], axis=1)
    value, lower, upper = refit_interval(gathered, len(outcomes))
    return [
        # A share cannot leave 0 to 1, however wide the interval.
        _row(cell, modality, group, "impurity", float(v), float(max(low, 0.0)), float(min(high, 1.0)))
        for group, v, low, high in zip(groups, value, lower, upper, strict=True)
    ]


def shap_rows(
    cell: Cell, modality: str, groups: Sequence[Group], outcome: ShapOutcome, drawn: Floats
) -> Rows:
    """List the mean sizes of what groups add, of one cell and modality; ``drawn`` (n_draws, n_groups)."""
    size = np.abs(outcome.gathered).sum(axis=2) * (0.5 if cell.classes else 1.0)
    formula = cell.groups[outcome.rows]
    sums = np.zeros((cell.n_groups, len(groups) + 1))
    np.add.at(sums, formula, np.column_stack([size, np.ones(len(size))]))
    totals = drawn @ sums
    with np.errstate(invalid="ignore", divide="ignore"):
        # A draw may take none of the formulas that were explained.
        draws = totals[:, :-1] / totals[:, -1:]
    rows: Rows = []
    for number, group in enumerate(groups):
        lower, upper = interval_of(draws[:, number])
        rows.append(_row(cell, modality, group, "shap", float(size[:, number].mean()), lower, upper))
    return rows


def _row(
    cell: Cell, modality: str, group: Group, kind: str, value: float, lower: float, upper: float
) -> Record:
    window = group.window
    return {
        **cell.names, "modality": modality, "technique": window.technique, "kind": kind,
        "grouping": group.grouping, "name": group.name, "title": group.title,
        "low": window.low, "high": window.high, "value": value, "lower": lower, "upper": upper,
    }  # fmt: skip
