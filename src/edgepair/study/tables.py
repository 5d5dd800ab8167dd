"""The table of predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.study.result import PREDICTION_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgepair.models import FitOutcome
    from edgepair.study.cells import Cell


def prediction_table(cell: Cell, modality: str, learner: str, outcomes: Sequence[FitOutcome]) -> pd.DataFrame:
    """Make the rows of ``predictions.csv`` of one learner on one cell and modality."""
    materials = cell.dataset["material_index"].values[cell.sites]
    names = np.array(cell.classes)
    tables = []
    for repeat, outcome in enumerate(outcomes):
        told: Any = outcome.predicted
        columns: dict[str, Any] = {
            "absorber": cell.absorber,
            "task": cell.task.name,
            "modality": modality,
            "learner": learner,
            "repeat": repeat,
            "fold": cell.folds[repeat],
            "site": cell.sites,
            "material_id": cell.dataset["material_id"].values[materials],
            "formula": cell.dataset["formula"].values[materials],
            "true": names[cell.target].astype(float) if cell.classes else cell.target,
            "predicted": names[told].astype(float) if cell.classes else told,
        }
        table = pd.DataFrame(columns, columns=list(PREDICTION_COLUMNS))
        for position, name in enumerate(cell.classes):
            table[f"p_{name}"] = outcome.probability[:, position]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def join_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of predictions below each other, classes in numerical order."""
    if not tables:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS))
    table = pd.concat(tables, ignore_index=True)
    classes = [name for name in table.columns if name not in PREDICTION_COLUMNS]
    ordered = sorted(classes, key=lambda name: int(name.removeprefix("p_")))
    return table[[*PREDICTION_COLUMNS, *ordered]]
