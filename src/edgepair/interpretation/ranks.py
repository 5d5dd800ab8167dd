r"""Whether other materials would have put the importances in the same order.

Rows of ``stability.csv`` of one kind:

``rank_over_refits``
    Would other materials have put them in the same order? Kendall's tau-b between forests of two
    halves of the formulas, which have no material in common. Refits over folds share most of
    their materials and agree too well. Regions are ordered by what shuffling them costs, each
    forest on the other's half. Clusters and points are too many for that and ordered by impurity,
    which puts some features first whatever the labels: of these the same is given for labels
    exchanged between formulas, and only an order that holds better than that is due to the labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import modality_title
from edgepair.dataset import make_folds
from edgepair.interpretation.stability import LEVEL, kendall_taus, stability_of, stability_row
from edgepair.study.fits import fit_work
from edgepair.study.scoring import INTERVAL, group_sums, metrics_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgepair.models import FitOutcome, Window
    from edgepair.study.cells import Cell, Rows
    from edgepair.study.work import Work

HALVES = 3
"""How often by default the formulas are dealt into two halves."""


def rank_fits(
    cell: Cell, modality: str, trees: int, n: int = HALVES, seed: int = 0, windows: Sequence[Window] = ()
) -> list[Work]:
    """List the fits on halves of the formulas, for `rank_rows` and `region_rank_rows`."""
    folds = make_folds(
        cell.groups, n_folds=2, n_repeats=n, seed=seed, classes=cell.target if cell.classes else None
    )
    halves: dict[str, Any] = {"purpose": "halves", "windows": tuple(windows)}
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


def _compare(halves: Iterable[Sequence[NDArray[np.float64]]]) -> tuple[list[float], list[float]]:
    """Give tau, and whether the same member leads, of each pair of halves that put anything in order."""
    from scipy.stats import kendalltau

    taus, same = [], []
    for first, second in halves:
        tau = float(kendalltau(first, second).statistic)
        if np.isfinite(tau):  # a forest that split nowhere puts nothing in any order
            taus.append(tau)
            same.append(float(first.argmax() == second.argmax()))
    return taus, same


def _falls(cell: Cell, held_out: NDArray[np.bool_], outcome: FitOutcome) -> NDArray[np.float64]:
    """Tell how far the main score of some whole formulas falls when each window is shuffled."""
    selected = np.unique(cell.groups[held_out])

    def main(predicted: NDArray[Any]) -> float:
        sums = group_sums(cell, predicted, None)[selected]
        return float(metrics_of(cell, sums.sum(axis=0, keepdims=True))[cell.task.main_metric][0])

    whole = main(outcome.predicted)
    return np.array([whole - main(predicted) for predicted in outcome.permuted])


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
                f"; with labels exchanged between formulas {(1 + mean) / 2:.0%} of the pairs, and the same "
                f"first in {first_again:.0%} of exchanges"
            )
            by_chance = float(binom.sf(sum(same) - 1, len(same), first_again))
            if not (value > upper or by_chance <= LEVEL):
                sentence += f": that {grouping}s come in this order is not shown to be due to the labels"
        rows.append(stability_row(where, grouping, value, min(taus), max(taus), sentence + "."))
        rows += [stability_row(where, f"{grouping}_top", top), *more]
    return rows
