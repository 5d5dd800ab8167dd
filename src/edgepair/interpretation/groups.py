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
    only (`edgepair.interpretation.shap_values`): mean size of the group's sum. Å for a length. For
    classes the probability that the group moves from some classes to others,
    :math:`\tfrac12 \sum_k |\phi_{gk}|`, from 0 to 1. Interval: bootstrap over formulas.
``impurity``
    The share of the impurity that splits on the group's features removed in training. It favours
    features with many values and sees no held-out site [2]_; given for comparison. Interval over
    refits, as in `edgepair.study.importances`.

.. [1] Toloşi and Lengauer, Bioinformatics 27, 1986 (2011), doi 10.1093/bioinformatics/btr300
.. [2] Strobl et al., BMC Bioinformatics 8, 25 (2007), doi 10.1186/1471-2105-8-25
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.displayed import Record
from edgepair.features import FeatureTable, Region, find_regions, region_numbers
from edgepair.interpretation.shap_values import ShapOutcome
from edgepair.models import Window
from edgepair.study.importances import POINT_WIDTH, refit_interval
from edgepair.study.scoring import interval_of, main_scores, over_repeats

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.models import FitOutcome
    from edgepair.study.plan import Cell, Rows


CLUSTER_CORRELATION = 0.6
"""Least mean absolute rank correlation between two clusters that become one. Of the bundled data it
makes 13 to 24 clusters of a spectrum and 15 to 34 of a PDF, which have 86 to 180 features."""

STRETCHES_NAMED = 3
"""Stretches of the axis that a cluster's title lists, the widest first to be listed."""


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
    told = [np.array([outcome.predicted, *outcome.permuted]) for outcome in outcomes]
    scores = np.array([main_scores(cell, predicted, drawn) for predicted in told])
    falls = scores[:, :1] - scores[:, 1:]
    draws = over_repeats(falls[..., 1:])
    return [
        _row(cell, modality, group, "permutation", float(value), *interval_of(drawn_falls))
        for group, value, drawn_falls in zip(groups, falls[..., 0].mean(axis=0), draws, strict=True)
    ]


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
