"""Contributions of techniques made of scores that are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS
from edgepair.study.contributions import contribution_rows

BASELINE = 0.3


def make_contributions(
    gains: dict[str, float], *, absorber: str = "Fe", task: str = "oxidation_state", half: float = 0.05
) -> pd.DataFrame:
    """Make a table from the gain of each subset.

    All numbers but those that are cut at zero have intervals that reach equally far on both sides.
    """
    metric = TASKS[task].main_metric
    names = {"absorber": absorber, "task": task}
    cell = SimpleNamespace(absorber=absorber, task=TASKS[task], names=names)

    def known(score: float) -> Any:
        draws = {metric: np.full(3, score)}
        return SimpleNamespace(cell=cell, learner="forest", value={metric: score}, draws=draws)

    scores = {name: known(BASELINE + gain) for name, gain in gains.items()}
    table = pd.DataFrame(contribution_rows(scores, known(BASELINE)))
    cut = (table["kind"] == "together") | ((table["kind"] == "shared") & (table["value"] == 0))
    spread = np.where(cut, 0.0, half)
    return table.assign(lower=table["value"] - spread, upper=table["value"] + spread)
