"""How often adding a technique changed predictions of left-out sites, and how often for the better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from edgepair.advice.result import GAIN_COLUMNS, SIMILAR_COLUMNS
from edgepair.conventions import techniques_of
from edgepair.conventions.displayed import Record
from edgepair.models import LOWER_IS_BETTER
from edgepair.study.scoring import Score, interval_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.advice.similar import SampleInHand
    from edgepair.conventions.tasks import Labels
    from edgepair.study.cells import Cell

LENGTH_CHANGE = 0.02
"""Å; a bond length that moves by less is the same answer."""

FEWEST_CHANGED = 8
"""Changed answers below which nothing is claimed of better or worse."""

_Z = 1.96
"""Standard deviations of a 95 % interval."""


def similar_rows(
    cell: Cell,
    predicted: Mapping[str, Iterable[Labels]],
    sample: SampleInHand,
    drawn: NDArray[np.float64],
) -> list[Record]:
    """List the rows of `Advice.similar`.

    ``predicted`` of each modality (n_repeats, n); ``drawn`` (n_draws, n_groups).
    """
    from edgepair.advice.similar import sites_like

    in_hand = "+".join(sample.techniques)
    # Where all that is in hand was fitted together, that is what another technique adds to.
    selected = {in_hand} if in_hand in predicted else set(sample.techniques)
    rows = []
    for have, add, both in pairs_of(predicted):
        if have in selected and add not in sample.techniques:
            changes = _changes(cell, predicted[have], predicted[both])
            like, same = sites_like(sample, cell, have, predicted[have])
            for among, chosen in (("like_sample", like), ("all", np.ones(len(like), dtype=bool))):
                base = {"have": have, "add": add, "among": among, "same_answer": same and among != "all"}
                rows.append(base | _rates(cell, changes, chosen, drawn))
    return rows


def _changes(cell: Cell, first: Iterable[Labels], second: Iterable[Labels]) -> NDArray[np.float64]:
    """Tell of each site how often its answer changed, improved and worsened: shape (3, n)."""
    found = []
    for one, two in zip(first, second, strict=True):
        if cell.classes:
            changed = one != two
            before, after = one != cell.target, two != cell.target
        else:
            changed = np.abs(one - two) > LENGTH_CHANGE
            before, after = (np.abs(told - cell.target) for told in (one, two))
        found.append([changed, changed & (after < before), changed & (after > before)])
    mean: NDArray[np.float64] = np.mean(np.array(found, dtype=np.float64), axis=0)
    return mean


def _rates(
    cell: Cell, changes: NDArray[np.float64], chosen: NDArray[np.bool_], drawn: NDArray[np.float64]
) -> Record:
    groups = cell.groups[chosen]
    n_formulas = len(np.unique(groups))
    count = np.bincount(groups, minlength=cell.n_groups)
    changed, better, worse = (
        np.bincount(groups, weights=row[chosen], minlength=cell.n_groups) for row in changes
    )
    total = int(count.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (drawn @ changed) / (drawn @ count)
        net = (drawn @ (better - worse)) / (drawn @ count)
    rate = changed.sum() / total
    # A bootstrap of what never (or always) happened says nothing of how rare it may be.
    ends = interval_of(share) if 0 < rate < 1 else _wilson(float(rate), n_formulas)
    net_ends = interval_of(net)
    shares = (float(part.sum() / total) for part in (better, worse, better - worse))
    values = (
        total, n_formulas, round(float(changed.sum()), 1), float(rate), *ends, *shares, *net_ends,
        _verdict(float(changed.sum()), *net_ends),
    )  # fmt: skip
    return dict(zip(SIMILAR_COLUMNS[4:], values, strict=True))


def _wilson(rate: float, n: int) -> tuple[float, float]:
    """Bound a share by Wilson's score interval (J. Am. Stat. Assoc. 22, 209, 1927)."""
    middle = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * float(np.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2)))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _verdict(n_changed: float, lower: float, upper: float) -> str:
    if n_changed < FEWEST_CHANGED:
        return "few_changed"
    return "better" if lower > 0 else "worse" if upper < 0 else "undecided"


EVERYDAY_METRICS = {"classification": ("accuracy", "balanced_accuracy"), "regression": ("mae",)}
"""Metrics that are given beside the main one."""


def metrics_told(score: Score) -> tuple[str, ...]:
    """List the metrics that are given of a task."""
    task = score.cell.task
    return (task.main_metric, *EVERYDAY_METRICS[task.kind])


def score_rows(scores: Mapping[str, Score]) -> list[Record]:
    """List the rows of `Advice.scores`."""
    return [
        {"technique": modality, "metric": metric} | item.bounds(metric)
        for modality, item in scores.items()
        for metric in metrics_told(item)
    ]


def pairs_of(modalities: Iterable[str]) -> list[tuple[str, str, str]]:
    """List what can be added to what."""
    pairs: list[tuple[str, str, str]] = []
    parts = {name: {technique.name for technique in techniques_of(name)} for name in modalities}
    for have, both in permutations(parts, 2):
        more = parts[both] - parts[have]
        if len(more) == 1 and parts[have] < parts[both]:
            pairs.append((have, more.pop(), both))
    return sorted(pairs, key=lambda pair: (pair[0] != "xanes", "+" in pair[0]))


def gain_rows(scores: Mapping[str, Score]) -> list[Record]:
    """List the rows of `Advice.gains`, not judged yet."""
    rows = []
    for have, add, both in pairs_of(scores):
        for metric in metrics_told(scores[have]):
            sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
            lower, upper = interval_of(sign * (scores[both].draws[metric] - scores[have].draws[metric]))
            value = sign * (scores[both].value[metric] - scores[have].value[metric])
            rows.append(dict(zip(GAIN_COLUMNS, (have, add, metric, value, lower, upper), strict=False)))
    return rows


def judged_gains(gains: Sequence[Record], metric: str, smallest: float) -> list[Record]:
    """Judge the gains in the main metric."""
    return [
        row | {"verdict": verdict_of(row["lower"], row["upper"], smallest) if row["metric"] == metric else ""}
        for row in gains
    ]


def verdict_of(lower: float, upper: float, smallest: float) -> str:
    """Judge a gain by its interval.

    >>> [verdict_of(*ends, 0.02) for ends in [(0.03, 0.1), (0.01, 0.1), (-0.03, 0.01), (-0.01, 0.1)]]
    ['worth', 'helps', 'not_worth', 'undecided']
    """
    if not (np.isfinite(lower) and np.isfinite(upper)):
        return "undecided"
    if upper < smallest:
        return "not_worth"
    if lower >= smallest:
        return "worth"
    return "helps" if lower > 0 else "undecided"
