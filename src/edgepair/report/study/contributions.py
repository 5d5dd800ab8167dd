"""Contributions of techniques as the report tells them: legend, words, rows of a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from edgepair.conventions.wording import METRIC_TITLES, number, short_title, task_title, with_minus
from edgepair.report.kit.tables import Record, select
from edgepair.study import contribution_sentences

_KINDS = ("shared", "together", "interaction", "shared_most")


def summarise_contributions(contributions: pd.DataFrame, learner: str) -> Record:
    """Gather what the report shows of the contributions of techniques."""
    table = select(contributions, learner=learner)
    if not len(table):
        return {}
    splits = []
    for (absorber, task, of), rows in table.groupby(["absorber", "task", "of"], sort=False):
        if not len(select(rows, kind="interaction")):
            continue
        unique = select(rows, kind="unique")
        first, second = unique["technique"].tolist()
        splits.append(
            {
                "absorber": str(absorber),
                "task_title": task_title(str(task)),
                "metric_title": METRIC_TITLES.get(str(rows["metric"].iloc[0]), ""),
                "of": str(of),
                "first": first,
                "second": second,
                "numbers": [_number(row) for _, row in unique.iterrows()]
                + [_number(select(rows, kind=kind).iloc[0]) for kind in _KINDS],
            }
        )
    shapley = select(table, kind="shapley")
    sides = dict.fromkeys(name for row in splits for name in (row["first"], row["second"]))
    return {
        "techniques": [
            *({"name": name, "title": short_title(name)} for name in dict.fromkeys(shapley["technique"])),
            *({"name": name, "title": "all together"} for name in dict.fromkeys(shapley["of"])),
        ],
        "parts": [
            *({"name": name, "title": f"only {short_title(name)}"} for name in sides),
            {"name": "shared", "title": "in both"},
            {"name": "together", "title": "only together"},
        ],
        "words": [
            {
                "absorber": item.absorber,
                "task_title": task_title(item.task),
                "text": with_minus(" ".join(item.sentences)),
            }
            for item in contribution_sentences(table)
        ],
        "splits": splits,
    }


def _number(row: pd.Series[Any]) -> Record:
    values = {key: float(row[key]) for key in ("value", "lower", "upper")}
    # Plain JSON has no NaN.
    return {key: value if number(value) != number(None) else None for key, value in values.items()}
