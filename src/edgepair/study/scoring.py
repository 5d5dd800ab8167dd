"""Scores with intervals: a bootstrap over formulas, and over the repeats of the folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Floats, Labels
from edgepair.models import (
    LOWER_IS_BETTER,
    FitOutcome,
    classification_metrics,
    classification_sums,
    regression_metrics,
    regression_sums,
)
from edgepair.study.plan import Cell

INTERVAL = (2.5, 97.5)
"""Percentiles that bound a 95 % interval."""


@dataclass(frozen=True)
class Quantity:
    """A number with its bootstrap draws; ``draws`` (n_draws,)."""

    name: str
    value: float
    draws: Floats

    def __sub__(self, other: Quantity) -> Quantity:
        """Subtract draw by draw."""
        return Quantity(self.name, self.value - other.value, self.draws - other.draws)

    def negative(self) -> Quantity:
        """Change the sign."""
        return Quantity(self.name, -self.value, -self.draws)

    def named(self, name: str) -> Quantity:
        """Give it another name."""
        return Quantity(name, self.value, self.draws)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Bound it by an interval of some level."""
        return interval_of(self.draws, level)


@dataclass(frozen=True)
class Score:
    """One learner on one cell and modality; ``draws`` (n_draws,)."""

    cell: Cell
    modality: str
    learner: str
    value: dict[str, float]
    draws: dict[str, Floats]

    def interval(self, metric: str) -> tuple[float, float]:
        """Bound a metric."""
        lower, upper = interval_of(self.draws[metric])
        value = self.value[metric]
        # A baseline may score highest where the classes are balanced: no draw of formulas reaches it.
        return min(lower, value), max(upper, value)

    def bounds(self, metric: str) -> dict[str, float]:
        """Give a metric and its interval as columns of a table."""
        lower, upper = self.interval(metric)
        return {"value": self.value[metric], "lower": lower, "upper": upper}

    def quantity(self, metric: str) -> Quantity:
        """Take one metric with its draws."""
        return Quantity(metric, self.value[metric], self.draws[metric])

    def rows(self) -> list[Record]:
        """List the rows of ``scores.csv``."""
        base = self.cell.row(self.modality, self.learner) | {"split": self.cell.split}
        counts = self.cell.counts | {"view": self.cell.view}
        return [base | {"metric": metric} | self.bounds(metric) | counts for metric in self.value]


def interval_of(draws: Floats, level: float = 0.95) -> tuple[float, float]:
    """Bound a quantity by the percentiles of its bootstrap draws; ``draws`` (n_draws,)."""
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float("nan"), float("nan")
    lower, upper = np.percentile(known, (50 - 50 * level, 50 + 50 * level))
    return float(lower), float(upper)


def draw_groups(n_groups: int, n_draws: int, seed: Sequence[int]) -> Floats:
    """Draw groups with replacement, many times; returns (n_draws, n_groups)."""
    rng = np.random.default_rng(list(seed))
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_draws)
    return drawn.astype(np.float64)


def group_sums(cell: Cell, predicted: Labels, probability: Labels | None) -> Floats:
    """Sum what the metrics of a cell need, (n_groups, n_sums)."""
    if not cell.classes:
        return regression_sums(cell.target, predicted, cell.groups, cell.n_groups)
    classes = predicted.astype(np.int64)
    if probability is None:
        probability = np.eye(len(cell.classes))[classes]
    return classification_sums(
        cell.target, classes, probability.astype(np.float64), cell.groups, cell.n_groups
    )


def main_score(
    cell: Cell,
    predicted: Labels,
    probability: Labels | None = None,
    groups: slice | NDArray[np.int64] = slice(None),
) -> float:
    """Score predictions of a cell, or of some of its groups, in the main metric; ``predicted`` (n,)."""
    sums = group_sums(cell, predicted, probability)[groups].sum(axis=0, keepdims=True)
    return float(metrics_of(cell, sums)[cell.task.main_metric][0])


def main_quantity(cell: Cell, predicted: Labels, drawn: Floats) -> Quantity:
    """Score predictions in the main metric; ``predicted`` (n,); ``drawn`` (n_draws, n_groups)."""
    value, draws = np.split(main_scores(cell, predicted[None], drawn)[0], [1])
    return Quantity(cell.task.main_metric, float(value[0]), draws)


def main_scores(cell: Cell, predicted: Labels, drawn: Floats) -> Floats:
    """Score many predictions in the main metric by one product of matrices: of all groups, then each draw.

    ``predicted`` (n_predictions, n); ``drawn`` (n_draws, n_groups); returns (n_predictions, 1 + n_draws).
    """
    sums = np.stack([group_sums(cell, told, None) for told in predicted], axis=1)
    weights = np.vstack([np.ones(cell.n_groups), drawn])
    totals = (weights @ sums.reshape(cell.n_groups, -1)).reshape(-1, sums.shape[2])
    scores: Floats = metrics_of(cell, totals)[cell.task.main_metric].reshape(len(weights), -1).T
    return scores


def metrics_of(cell: Cell, sums: Floats) -> dict[str, Floats]:
    """Score sums of `group_sums`; ``sums`` (n_draws, n_sums); returns (n_draws,)."""
    return classification_metrics(sums) if cell.classes else regression_metrics(sums)


def score(cell: Cell, modality: str, learner: str, outcomes: Sequence[FitOutcome], drawn: Floats) -> Score:
    """Score one learner on one cell and modality; ``drawn`` (n_draws, n_groups)."""
    values, draws = [], []
    for outcome in outcomes:
        sums = group_sums(cell, outcome.predicted, outcome.probability)
        values.append(metrics_of(cell, sums.sum(axis=0, keepdims=True)))
        draws.append(metrics_of(cell, drawn @ sums))
    return Score(
        cell,
        modality,
        learner,
        {name: float(np.mean([value[name][0] for value in values])) for name in values[0]},
        {name: over_repeats(np.array([draw[name] for draw in draws])) for name in draws[0]},
    )


def score_baseline(cell: Cell, outcomes: Sequence[FitOutcome], drawn: Floats, modality: str = "") -> Score:
    """Score the baseline: the best answer that looks at no curve.

    ``drawn`` (n_draws, n_groups).

    Weighted F1 punishes who names one class only: of two equal classes that has 1/3, a coin 1/2. A
    learner of pure noise answers like the coin; compared with the dummy alone it would seem to know
    something.
    """
    dummy = score(cell, modality, "dummy", outcomes, drawn)
    if not cell.classes:
        return dummy
    counts = np.zeros((cell.n_groups, len(cell.classes)))
    np.add.at(counts, (cell.groups, cell.target.astype(np.int64)), 1.0)
    shares = counts.sum(axis=0) / counts.sum()
    confusion = (counts[:, :, None] * shares).reshape(cell.n_groups, -1)
    sums = np.column_stack([confusion, counts @ -np.log(shares)])
    value, draws = dict(dummy.value), dict(dummy.draws)
    by_shares_draws = metrics_of(cell, drawn @ sums)
    for name, selected in metrics_of(cell, sums.sum(axis=0, keepdims=True)).items():
        gain = float(selected[0]) - value[name]
        if gain < 0 if name in LOWER_IS_BETTER else gain > 0:
            value[name], draws[name] = float(selected[0]), by_shares_draws[name]
    return Score(cell, modality, "dummy", value, draws)


def over_repeats(draws: Floats) -> Floats:
    r"""Average bootstrap draws over repeats, which are drawn with replacement too.

    ``draws`` (n_repeats, …, n_draws); returns (…, n_draws).

    The same repeats are taken whatever the quantity, so that differences stay paired. Deviations from
    the mean are widened by :math:`\sqrt{n/(n-1)}`: of n repeats drawn from n, the mean scatters by
    that much too little.
    """
    n = len(draws)
    mean: Floats = draws.mean(axis=0)
    if n == 1:
        return mean
    rng = np.random.default_rng([n, draws.shape[-1]])
    taken = rng.multinomial(n, np.full(n, 1 / n), size=draws.shape[-1])
    spread: Floats = np.einsum("dn,n...d->...d", taken - 1, draws) / n
    widened: Floats = mean + np.sqrt(n / (n - 1)) * spread
    return widened
