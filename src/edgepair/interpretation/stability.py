r"""How reliable an interpretation is.

Kinds of rows of ``stability.csv`` (``label_permutation`` is in `edgepair.interpretation.rounds`):

``agreement``
    Do permutation, SHAP and impurity put the same regions first? Kendall's tau-b between them [1]_:
    a fraction (1 + tau)/2 of the pairs of regions stands in the same order in both.
``few_materials``
    Which answers rest on few formulas?
``rank_over_refits``
    Would other materials have put them in the same order? Kendall's tau-b between forests of two
    halves of the formulas, which have no material in common. Refits over folds share most of
    their materials and agree too well. Regions are ordered by what shuffling them costs, each
    forest on the other's half. Clusters and points are too many for that and ordered by impurity,
    which puts some features first whatever the labels: of these the same is given for labels
    permuted between formulas, and only an order that holds better than that is due to the labels.

.. [1] Kendall, Biometrika 33, 239 (1945), doi 10.1093/biomet/33.3.239
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from edgepair.conventions import TASKS, TECHNIQUES, modality_title
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import counted
from edgepair.dataset import make_folds
from edgepair.models import FitOutcome, Window
from edgepair.study.fits import Work, fit_work
from edgepair.study.plan import Cell, Rows
from edgepair.study.scoring import INTERVAL, main_score

STABILITY_COLUMNS = ("absorber", "task", "modality", "kind", "name", "value", "lower", "upper", "sentence")
"""Columns of ``stability.csv``."""

LEVEL = 0.05
"""Largest probability of chance at which something is called shown."""

FEW_FORMULAS = 10
"""Formulas under which an answer is said to rest on few: even if all of ten were right, one in four
of all others could still be wrong (95 %)."""

FEW_IN_ALL = 30
"""Effective formulas of a cell under which its intervals are said to be too narrow, as those of a
bootstrap over few groups are (Cameron, Gelbach and Miller, Rev. Econ. Stat. 90, 414 (2008),
doi 10.1162/rest.90.3.414)."""

_DRAWS = 1000  # of importances within their intervals, for the interval of an agreement

_KINDS = {"permutation": "permutation importance", "shap": "SHAP", "impurity": "impurity importance"}


def agreement_rows(importances: pd.DataFrame, seed: int = 0) -> Rows:
    """Compare the orders in which methods put regions and clusters."""
    from scipy.stats import kendalltau

    rows: Rows = []
    chosen = importances[importances["grouping"].isin(["region", "cluster"])].set_index(["technique", "name"])
    keys = ["absorber", "task", "modality", "grouping"]
    for (absorber, task, modality, grouping), part in chosen.groupby(keys, sort=False):
        by_kind = dict(iter(part.groupby("kind")))
        pairs = list(combinations([kind for kind in _KINDS if kind in by_kind], 2))
        for one, other in pairs:
            both = by_kind[one].index.intersection(by_kind[other].index)
            if len(both) < 3:
                continue
            first, second = by_kind[one].loc[both], by_kind[other].loc[both]
            value = float(kendalltau(first["value"], second["value"]).statistic)
            rng = np.random.default_rng([seed, len(both)])
            draws = kendall_taus(_within(first, rng), _within(second, rng))
            known = np.append(draws[np.isfinite(draws)], value)
            lower, upper = np.percentile(known, INTERVAL)
            lower, upper = min(float(lower), value), max(float(upper), value)
            sentence = ""
            if grouping == "region" and (one, other) == pairs[0] and np.isfinite(value):
                sentence = _agreement(absorber, task, modality, one, other, value, lower, upper)
            name = f"{grouping}: {one} and {other}"
            where = {"absorber": absorber, "task": task, "modality": modality, "kind": "agreement"}
            rows.append(stability_row(where, name, value, lower, upper, sentence))
    return rows


def few_materials_rows(cell: Cell) -> Rows:
    """List where an answer rests on few formulas."""
    rows: Rows = []
    for name, members in _parts(cell):
        counts = np.sort(np.unique(cell.groups[members], return_counts=True)[1])[::-1]
        effective = float(counts.sum() ** 2 / (counts**2).sum())
        whole = name == "all"
        if effective >= (FEW_IN_ALL if whole else FEW_FORMULAS):
            continue
        what = f"{cell.absorber} {cell.task.title}" + ("" if whole else f" {name}")
        sentence = f"{what} rests on {counted(len(counts), 'formula')} ({counted(len(members), 'site')})"
        if effective < 0.75 * len(counts):
            sentence += f", as much as {effective:.0f} of equal size: the largest has {counts[0]} sites"
        if whole:
            sentence += "; its intervals are then too narrow"
        else:
            # With no error among n, an error rate this high would still be passed one time in 20.
            rate = 1 - 0.05 ** (1 / effective)
            sentence += (
                f"; even if all of these are told rightly, {rate:.0%} of others may not be (95 % bound)"
            )
        rows.append(
            stability_row(stability_of(cell, "", "few_materials"), name, effective, sentence=sentence + ".")
        )
    return rows


def _parts(cell: Cell) -> list[tuple[str, NDArray[np.int64]]]:
    """List the whole of a cell, and its classes or the thirds of its values."""
    parts = [("all", np.arange(len(cell.sites)))]
    if cell.classes:
        return parts + [(str(name), np.flatnonzero(cell.target == k)) for k, name in enumerate(cell.classes)]
    third = np.searchsorted(np.quantile(cell.target, (1 / 3, 2 / 3)), cell.target)
    names = ("lowest third", "middle third", "highest third")
    return parts + [(name, np.flatnonzero(third == k)) for k, name in enumerate(names) if (third == k).any()]


def stability_of(cell: Cell, modality: str, kind: str) -> dict[str, str]:
    """Say what a row of ``stability.csv`` is about."""
    return cell.names | {"modality": modality, "kind": kind}


def stability_row(
    where: dict[str, str],
    name: str,
    value: float,
    lower: float = float("nan"),
    upper: float = float("nan"),
    sentence: str = "",
) -> Record:
    """Make a row of ``stability.csv``."""
    ends = {"value": value, "lower": lower, "upper": upper}
    return {**where, "name": name, **ends, "sentence": sentence}


def _within(part: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Draw importances within their intervals; without one they are taken as exact."""
    value = part["value"].to_numpy(dtype=np.float64)
    spread = (part["upper"] - part["lower"]).to_numpy(dtype=np.float64) / (2 * 1.96)
    spread = np.where(np.isfinite(spread) & (spread > 0), spread, 0.0)
    return rng.normal(value, spread, size=(_DRAWS, len(value)))


def kendall_taus(first: Floats, second: Floats) -> Floats:
    """Compute Kendall's tau-b of the rows of two arrays, all at once.

    ``first, second`` (n, n_members); returns (n,).
    """
    sums = np.zeros((3, len(first)))
    for apart in range(1, first.shape[1]):  # what a processor's cache holds is compared four times faster
        one, other = (np.sign(part[:, apart:] - part[:, :-apart]) for part in (first, second))
        sums += [np.einsum("ij,ij->i", *pair) for pair in ((one, other), (one, one), (other, other))]
    alike, size = sums[0], np.sqrt(sums[1] * sums[2])
    taus: Floats = np.divide(alike, size, out=np.full(len(size), np.nan), where=size > 0)
    return taus


def _agreement(
    absorber: str, task: str, modality: str, one: str, other: str, value: float, lower: float, upper: float
) -> str:
    says = (
        "mostly agree on the order of the regions"
        if lower > 0.5
        else "agree in part on the order of the regions"
        if lower > 0
        else "contradict each other on the order of the regions"
        if upper < 0
        else "are not shown to agree on the order of the regions"
    )
    return (
        f"{absorber} {TASKS[task].title}, {modality_title(modality)}: {_KINDS[one]} and {_KINDS[other]} "
        f"{says} (Kendall's tau {value:+.2f}, {lower:+.2f} to {upper:+.2f})."
    )


def point_sum_rows(rows: Sequence[Record]) -> Rows:
    """Hold the points of each region, shuffled one by one, against the region shuffled as a whole."""
    regions = [row for row in rows if row["grouping"] == "region"]
    points = [row for row in rows if row["grouping"] == "point"]
    found: Rows = []
    most = max((row["value"] for row in regions), default=0.0)
    for region in regions:
        middle = [(point["low"] + point["high"]) / 2 for point in points]
        selected = [
            point["value"]
            for point, at in zip(points, middle, strict=True)
            if region["low"] <= at < region["high"]
        ]
        certain = region["lower"] > 0
        where = {name: region[name] for name in ("absorber", "task", "modality")}
        where["kind"] = "points_against_region"
        share = sum(selected) / region["value"] if certain else float("nan")
        sentence = ""
        if selected and certain and region["value"] == most:
            task = TASKS[region["task"]]
            metric = "weighted F1" if task.kind == "classification" else "R²"
            sentence = (
                f"{region['absorber']} {task.title}, {TECHNIQUES[region['technique']].title}: shuffling the "
                f"{len(selected)} points of the region '{region['title']}' one by one costs "
                f"{sum(selected):.2f} of {metric} in all, shuffling them together {region['value']:.2f} "
                f"({region['lower']:.2f} to "
                f"{region['upper']:.2f}){_says(sum(selected), region)}"
            )
        found.append(stability_row(where, str(region["name"]), share, sentence=sentence))
    return found


def _says(points: float, region: Record) -> str:
    """Say what the difference means, where there is one beyond the region's interval."""
    if points < region["lower"]:
        return ": neighbours stand in for a point that is shuffled alone."
    if points > region["upper"]:
        return ": what points lose one by one does not add up to what they lose together."
    return "; whether neighbours stand in for each other is undecided."


HALVES = 3
"""How often by default the formulas are dealt into two halves."""


def rank_fits(
    cell: Cell, modality: str, trees: int, n: int = HALVES, seed: int = 0, windows: Sequence[Window] = ()
) -> list[Work]:
    """List the fits on halves of the formulas, for `rank_rows` and `region_rank_rows`."""
    folds = make_folds(
        cell.groups, n_folds=2, n_repeats=n, seed=seed, classes=cell.target if cell.classes else None
    )
    halves: Record = {"purpose": "halves", "windows": tuple(windows)}
    return [
        fit_work(cell, modality, "forest", folds=deal, trees=trees, seed=seed + k, **halves)
        for k, deal in enumerate(folds)
    ]


def region_rank_rows(cell: Cell, modality: str, fits: Sequence[Work], outcomes: Sequence[FitOutcome]) -> Rows:
    """Compare the order of regions between forests of different materials, by what shuffling costs."""
    if not outcomes or len(outcomes[0].permuted) < 3:
        return []
    taus, same = _compare(
        [_falls(cell, fit.task.folds == half, outcome) for half in (0, 1)]
        for fit, outcome in zip(fits, outcomes, strict=True)
    )
    if not taus:
        return []
    value = float(np.mean(taus))
    sentence = (
        f"{cell.absorber} {cell.task.title}, {modality_title(modality)}: forests of two halves of the "
        f"materials, each tried on the other half, put {(1 + value) / 2:.0%} of the pairs of regions in the "
        f"same order by what shuffling costs (chance: 50%), and the same region first in {sum(same):.0f} of "
        f"{len(same)} halvings."
    )
    where = stability_of(cell, modality, "rank_over_refits")
    return [
        stability_row(where, "region", value, min(taus), max(taus), sentence),
        stability_row(where, "region_top", float(np.mean(same))),
    ]


def _compare(halves: Iterable[Sequence[Floats]]) -> tuple[list[float], list[float]]:
    """Give tau, and whether the same member leads, of each pair of halves that put anything in order."""
    from scipy.stats import kendalltau

    taus, same = [], []
    for first, second in halves:
        tau = float(kendalltau(first, second).statistic)
        if np.isfinite(tau):  # a forest that split nowhere puts nothing in any order
            taus.append(tau)
            same.append(float(first.argmax() == second.argmax()))
    return taus, same


def _falls(cell: Cell, held_out: NDArray[np.bool_], outcome: FitOutcome) -> Floats:
    """Tell how far the main score of some whole formulas falls when each window is shuffled."""
    selected = np.unique(cell.groups[held_out])
    whole = main_score(cell, outcome.predicted, groups=selected)
    return np.array([whole - main_score(cell, told, groups=selected) for told in outcome.permuted])


def rank_rows(
    cell: Cell,
    modality: str,
    outcomes: Sequence[FitOutcome],
    groupings: Mapping[str, Sequence[Sequence[int]]],
    exchanged: Sequence[FitOutcome] = (),
) -> Rows:
    """Compare the order of importances between forests of different materials."""
    from scipy.stats import binom

    rows: Rows = []
    n_features = outcomes[0].impurity.shape[1] if outcomes else 0
    chance = np.array([outcome.impurity.mean(axis=0) for outcome in exchanged]).reshape(
        len(exchanged), -1 if exchanged else n_features
    )
    for grouping, members in groupings.items():
        if len(members) < 3:
            continue
        taus, same = _compare(
            [np.array([half[list(columns)].sum() for columns in members]) for half in outcome.impurity]
            for outcome in outcomes
        )
        if not taus:
            continue
        value, top = float(np.mean(taus)), float(np.mean(same))
        sentence = (
            f"{cell.absorber} {cell.task.title}, {modality_title(modality)}: forests of two halves of the "
            f"materials put {(1 + value) / 2:.0%} of the pairs of {grouping}s in the same order, and "
            f"the same {grouping} first in {sum(same):.0f} of {len(same)} halvings"
        )
        where = stability_of(cell, modality, "rank_over_refits")
        more = []
        sums = np.stack([chance[:, list(columns)].sum(axis=1) for columns in members], axis=1)
        null = kendall_taus(sums[:-1], sums[1:])
        null = null[np.isfinite(null)]
        if len(null):
            leaders = sums.argmax(axis=1)
            first_again = float((leaders[:-1] == leaders[1:]).mean())
            mean = float(null.mean())
            lower, upper = (float(end) for end in np.percentile(null, INTERVAL))
            more.append(stability_row(where, f"{grouping}_exchanged", mean, lower, upper))
            more.append(stability_row(where, f"{grouping}_exchanged_top", first_again))
            sentence += (
                f"; with labels permuted between formulas {(1 + mean) / 2:.0%} of the pairs, and the same "
                f"first in {first_again:.0%} of exchanges"
            )
            by_chance = float(binom.sf(sum(same) - 1, len(same), first_again))
            if not (value > upper or by_chance <= LEVEL):
                sentence += f": that {grouping}s come in this order is not shown to be due to the labels"
        rows.append(stability_row(where, grouping, value, min(taus), max(taus), sentence + "."))
        rows += [stability_row(where, f"{grouping}_top", top), *more]
    return rows
