"""How good each technique is, and what adding one to another changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgepair.conventions import techniques_of
from edgepair.models import LOWER_IS_BETTER
from edgepair.study.scoring import Score, interval_of

EVERYDAY_METRICS = {"classification": ("accuracy", "balanced_accuracy"), "regression": ("mae",)}
"""Metrics that are told beside the main one."""


def metrics_told(score: Score) -> tuple[str, ...]:
    """List the metrics that are told of a task."""
    task = score.cell.task
    return (task.main_metric, *EVERYDAY_METRICS[task.kind])


def score_rows(scores: Mapping[str, Score]) -> list[dict[str, Any]]:
    """List the rows of `Advice.scores`."""
    rows = []
    for modality, item in scores.items():
        for metric in metrics_told(item):
            lower, upper = item.interval(metric)
            rows.append(
                {
                    "technique": modality,
                    "metric": metric,
                    "value": item.value[metric],
                    "lower": lower,
                    "upper": upper,
                }
            )
    return rows


def pairs_of(modalities: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List what can be added to what."""
    pairs = []
    for have in modalities:
        own = [technique.name for technique in techniques_of(have)]
        for both in modalities:
            others = [technique.name for technique in techniques_of(both)]
            if len(others) == len(own) + 1 and set(own) < set(others):
                (add,) = set(others) - set(own)
                pairs.append((have, add, both))
    return sorted(pairs, key=lambda pair: (pair[0] != "xanes", "+" in pair[0]))


def gain_rows(scores: Mapping[str, Score], smallest: float) -> list[dict[str, Any]]:
    """List the rows of `Advice.gains`."""
    rows = []
    for have, add, both in pairs_of(scores):
        for metric in metrics_told(scores[have]):
            sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
            lower, upper = interval_of(sign * (scores[both].draws[metric] - scores[have].draws[metric]))
            main = metric == scores[have].cell.task.main_metric
            rows.append(
                {
                    "have": have,
                    "add": add,
                    "metric": metric,
                    "value": sign * (scores[both].value[metric] - scores[have].value[metric]),
                    "lower": lower,
                    "upper": upper,
                    "verdict": verdict_of(lower, upper, smallest) if main else "",
                }
            )
    return rows


def verdict_of(lower: float, upper: float, smallest: float) -> str:
    """Judge a gain by its interval.

    Examples
    --------
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
