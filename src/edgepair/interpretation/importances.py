r"""How much each group of features matters to a forest, three ways.

``permutation``
    How far the main score falls on held-out sites when a group's features are shuffled between
    them, together, all else as it was [1]_. Mean over the repeats of the folds in which the group
    was shuffled; the interval is of the bootstrap over formulas and over those repeats.
``shap``
    What a group adds to the answer for a site, by exact Shapley values of the trees, held-out sites
    only (`edgepair.interpretation.shap_values`): mean size of the group's sum. Å for a length. For
    classes the probability that the group moves from some classes to others,
    :math:`\tfrac12 \sum_k |\phi_{gk}|`, from 0 to 1. Interval: bootstrap over formulas.
``impurity``
    The share of the impurity that splits on the group's features removed in training. It favours
    features with many values and sees no held-out site [1]_; given for comparison. Interval over
    refits, as in `edgepair.study.importances`.

.. [1] Strobl et al., BMC Bioinformatics 8, 25 (2007), doi 10.1186/1471-2105-8-25
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.study.importances import refit_interval
from edgepair.study.scoring import group_sums, interval_of, metrics_of, over_repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepair.interpretation.groups import Group
    from edgepair.interpretation.shap_values import ShapOutcome
    from edgepair.models import FitOutcome
    from edgepair.study.cells import Cell, Row, Rows


def permutation_rows(
    cell: Cell,
    modality: str,
    groups: Sequence[Group],
    outcomes: Sequence[FitOutcome],
    drawn: NDArray[np.float64],
) -> Rows:
    """List the permutation importances of one cell and modality.

    ``drawn`` (n_draws, n_groups).
    """
    metric = cell.task.main_metric

    def main(predicted: NDArray[Any]) -> tuple[float, NDArray[np.float64]]:
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
    cell: Cell, modality: str, groups: Sequence[Group], outcome: ShapOutcome, drawn: NDArray[np.float64]
) -> Rows:
    """List the mean sizes of what groups add, of one cell and modality.

    ``drawn`` (n_draws, n_groups).
    """
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


def _row(cell: Cell, modality: str, group: Group, kind: str, value: float, lower: float, upper: float) -> Row:
    window = group.window
    return {
        **cell.names, "modality": modality, "technique": window.technique, "kind": kind,
        "grouping": group.grouping, "name": group.name, "title": group.title,
        "low": window.low, "high": window.high, "value": value, "lower": lower, "upper": upper,
    }  # fmt: skip
