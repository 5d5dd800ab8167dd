"""Scores of the published protocol: on held-out rows, refit by refit, random beside by formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.models import (
    FitOutcome,
    classification_metrics,
    classification_sums,
    regression_metrics,
    regression_sums,
)
from edgepair.study.cells import Cell, Rows
from edgepair.study.importances import corrected_interval, importance_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEARNER = "published"


def refit_scores(cell: Cell, outcomes: Sequence[FitOutcome]) -> dict[str, NDArray[np.float64]]:
    """Score each refit, shape (n_refits,) a metric, on held-out rows only; RMSE also in % of the mean."""
    rows: Rows = []
    for folds, outcome in zip(cell.folds, outcomes, strict=True):
        held = folds == 0
        probability = outcome.probability[held] if cell.classes else None
        metrics = row_metrics(cell.target[held], outcome.predicted[held], probability, len(cell.classes))
        if not cell.classes:
            metrics["rmse_percent"] = 100 * metrics["rmse"] / float(np.mean(cell.target))
        rows.append(metrics)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def row_metrics(
    target: NDArray[Any], predicted: NDArray[Any], probability: NDArray[Any] | None, n_classes: int
) -> dict[str, float]:
    """All metrics of some rows; without probabilities the predicted class counts as certain."""
    together = np.zeros(len(target), dtype=np.int64)
    if n_classes:
        named = predicted.astype(np.int64)
        chances = np.eye(n_classes)[named] if probability is None else probability.astype(np.float64)
        metrics = classification_metrics(classification_sums(target, named, chances, together, 1))
    else:
        metrics = regression_metrics(regression_sums(target, predicted, together, 1))
    return {name: float(value[0]) for name, value in metrics.items()}


def _base(cell: Cell, modality: str, learner: str) -> dict[str, str]:
    return cell.names | {"modality": modality, "learner": learner}


def _held_out_to_training(cell: Cell) -> float:
    return float(np.mean([(folds == 0).sum() / (folds != 0).sum() for folds in cell.folds]))


def score_rows(cell: Cell, modality: str, learner: str, values: dict[str, NDArray[np.float64]]) -> Rows:
    """List rows of ``scores.csv``: means over refits, with intervals corrected for their overlap."""
    rows: Rows = []
    more: dict[str, int | str] = {**cell.counts, "view": "materials"}
    for metric, refits in values.items():
        mean, lower, upper = corrected_interval(refits[:, None], _held_out_to_training(cell))
        value = {"value": float(mean[0]), "lower": float(lower[0]), "upper": float(upper[0])}
        named = _base(cell, modality, learner) | {"split": cell.split, "metric": metric}
        rows.append({**named, **value, **more})
    return rows


def difference_rows(
    cell: Cell,
    modality: str,
    learner: str,
    random: dict[str, NDArray[np.float64]],
    by_formula: dict[str, NDArray[np.float64]],
) -> Rows:
    """Differences refit by refit; `cell` is that of the random split."""
    seen = [np.isin(cell.groups[folds == 0], cell.groups[folds != 0]).mean() for folds in cell.folds]
    rows: Rows = []
    for metric in random:
        change = (random[metric] - by_formula[metric])[:, None]
        mean, lower, upper = corrected_interval(change, _held_out_to_training(cell))
        rows.append(
            _base(cell, modality, learner)
            | {
                "metric": metric,
                "value_random": float(random[metric].mean()),
                "value_formula": float(by_formula[metric].mean()),
                "difference": float(mean[0]),
                "lower": float(lower[0]),
                "upper": float(upper[0]),
                "seen": float(np.mean(seen)),
            }
        )
    return rows


def published_importances(cell: Cell, modality: str, outcomes: Sequence[FitOutcome]) -> Rows:
    """List the forests' own importances of each point, and of each technique of a combination."""
    base, features = _base(cell, modality, LEARNER), cell.table(modality)
    impurity = np.concatenate([outcome.impurity for outcome in outcomes]).astype(np.float64)
    held_out = _held_out_to_training(cell)
    value, lower, upper = corrected_interval(impurity, held_out)
    rows: Rows = []
    techniques = list(dict.fromkeys(features.technique.tolist()))
    for name in techniques:
        columns = features.technique == name
        for point in np.flatnonzero(columns):
            at, low, high = (float(x[point]) for x in (features.position, features.low, features.high))
            bounds = (max(float(lower[point]), 0.0), float(upper[point]))
            rows.append(importance_row(base, name, (at, low, high), "impurity", float(value[point]), *bounds))
        if len(techniques) > 1:
            share = impurity[:, columns].sum(axis=1, keepdims=True)
            mean, *ends = (float(item[0]) for item in corrected_interval(share, held_out))
            rows.append(importance_row(base, name, None, "share", mean, max(ends[0], 0.0), min(ends[1], 1.0)))
    return rows
