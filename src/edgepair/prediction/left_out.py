"""How well a fitted model told what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.models.conformal import class_scores, class_shares, conformal_quantile, group_weights, likelier
from edgepair.prediction.answers import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.xanes_model import XanesModel

WITHIN: Mapping[str, float] = {"oxidation_state": 0.34, "coordination_number": 0.5}
"""How near a mean value must be to count as right: a third of a step tells magnetite from hematite."""


def xanes_scores(model: XanesModel, absorber: str, *, level: float = 0.9) -> list[dict[str, Any]]:
    """Score what a model of XANES told left-out compounds of an absorber."""
    rows = model.rows
    mine = rows.absorber == absorber
    found = []
    for task, fit in model.fits.items():
        votes = rows.votes & fit.kept & np.isfinite(fit.value)
        told = (fit.value, fit.error, fit.probability, rows.targets[task], rows.group, mine)
        found += _scores(task, [part[votes] for part in told], level)
    return found


def pdf_scores(model: PdfModel, *, level: float = 0.9) -> list[dict[str, Any]]:
    """Score what a model of PDFs told left-out formulas."""
    found = []
    everyone = np.ones(len(model.formula), dtype=bool)
    for task, fit in model.fits.items():
        votes = fit.kept & np.isfinite(fit.value)
        told = (fit.value, fit.error, fit.probability, model.targets[task], model.formula, everyone)
        found += _scores(task, [part[votes] for part in told], level)
    return found


def _scores(task: str, told: list[NDArray[Any]], level: float) -> list[dict[str, Any]]:
    value, error, probability, truth, group, mine = told
    if not mine.any():
        return []
    votes = group_weights(group)
    miss = np.abs(value - truth)
    score = miss / error
    share = class_shares(truth, CLASSES[task]) if task in CLASSES else None
    rank = class_scores(probability, share) if share is not None else None
    names = np.unique(group[mine])
    covered, held, size = np.zeros(len(value)), np.zeros(len(value)), np.zeros(len(value))
    for name in names:
        own = group == name
        covered[own] = score[own] <= conformal_quantile(score[~own], votes[~own], level)
        if rank is not None:
            below = conformal_quantile(rank[~own], votes[~own], level)
            held[own] = rank[own] <= below + 1e-12
            size[own] = (likelier(probability[own]) <= below + 1e-12).sum(axis=1)

    def mean(values: NDArray[Any]) -> float:
        return float(np.average(values[mine], weights=votes[mine]))

    return [
        {
            "task": task,
            "n_rows": int(mine.sum()),
            "n_groups": len(names),
            "right": mean(miss <= WITHIN[task] + 1e-9) if task in WITHIN else None,
            "mae": mean(miss),
            "coverage": mean(covered),
            "set_coverage": mean(held) if rank is not None else None,
            "set_size": mean(size) if rank is not None else None,
        }
    ]
