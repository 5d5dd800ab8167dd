"""What an interpretation says: sentences that follow from its numbers and intervals, and its document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import METRIC_TITLES, interval, listed, number, short_title, task_title
from edgepair.report.kit.tables import about_technique, in_order, main_metric, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from edgepair.interpretation import Interpretation

_MOST_NAMED = 3
"""Regions that a sentence names."""


def cells_of(result: Interpretation) -> list[tuple[str, str]]:
    """List absorbers and tasks that an interpretation is about."""
    pairs = list(dict.fromkeys(zip(result.importances["absorber"], result.importances["task"], strict=True)))
    pairs += [
        pair
        for pair in dict.fromkeys(zip(result.scores["absorber"], result.scores["task"], strict=True))
        if pair not in pairs
    ]
    order = list(TASKS)
    absorbers = list(dict.fromkeys(absorber for absorber, _ in pairs))
    return sorted(
        ((str(absorber), str(task)) for absorber, task in pairs),
        key=lambda pair: (absorbers.index(pair[0]), order.index(pair[1]) if pair[1] in order else len(order)),
    )


def modalities_in(result: Interpretation, *, absorber: str, task: str) -> list[str]:
    """List the modalities that were explained for one absorber and task."""
    found = select(result.importances, absorber=absorber, task=task)["modality"].astype(str).tolist()
    return sorted(in_order(found, list(TECHNIQUES)), key=lambda name: name.count("+"))


def region_sentences(result: Interpretation, *, absorber: str, task: str) -> list[str]:
    """Say which regions carry the answer, one sentence per modality."""
    metric = METRIC_TITLES[main_metric(task)]
    sentences = []
    for modality in modalities_in(result, absorber=absorber, task=task):
        rows = select(
            result.importances, absorber=absorber, task=task, modality=modality, kind="permutation",
            grouping="region",
        ).sort_values("value", ascending=False, kind="stable")  # fmt: skip
        if not len(rows):
            continue
        decided = [row for row in rows.itertuples() if row.lower > 0]
        score = _score_text(result, absorber=absorber, task=task, modality=modality)
        text = f"{short_title(modality)} reads the {task_title(task)} of {absorber} with {metric} {score}."
        if decided:
            costs = [
                f"{_name(row, modality)} {number(row.value, 2)} ({interval(row.lower, row.upper, 2)})"
                for row in decided[:_MOST_NAMED]
            ]
            text += f" Shuffling costs: {', '.join(costs)}."
        else:
            text += " No region is certain to be missed when it is shuffled alone."
        idle = [_name(row, modality) for row in rows.itertuples() if not row.lower > 0]
        if decided and idle:
            text += f" Not certain to be missed while the others are there: {listed(idle)}."
        sentences.append(text)
    return sentences


class Ends(TypedDict):
    """A value with its interval."""

    value: float
    lower: float
    upper: float


class Worth(TypedDict):
    """What a technique or one region of its curve is worth to a modality."""

    modality: str
    technique: str
    title: str
    low: float
    high: float
    unit: str
    whole: bool
    by_kind: dict[str, Ends]


def importance_rows(result: Interpretation, *, absorber: str, task: str) -> list[Worth]:
    """Lay out importances of techniques and regions as a table."""
    selected = select(result.importances, absorber=absorber, task=task)
    selected = selected[selected["grouping"].isin(["technique", "region"])]
    rows: dict[tuple[str, ...], Worth] = {}
    for row in selected[selected["kind"].isin(["permutation", "shap"])].itertuples():
        whole = row.grouping == "technique"
        if whole and "+" not in str(row.modality):
            continue
        key = (str(row.modality), str(row.technique), str(row.grouping), str(row.name))
        entry = rows.setdefault(
            key,
            {
                "modality": key[0],
                "technique": key[1],
                "title": "all of it" if whole else str(row.title),
                "low": float(row.low),
                "high": float(row.high),
                "unit": about_technique(row.technique).unit,
                "whole": whole,
                "by_kind": {},
            },
        )
        entry["by_kind"][str(row.kind)] = {"value": row.value, "lower": row.lower, "upper": row.upper}
    modalities = modalities_in(result, absorber=absorber, task=task)
    techniques = in_order([key[1] for key in rows], list(TECHNIQUES))

    def order(entry: Worth) -> tuple[int, int, bool, float]:
        at = modalities.index(entry["modality"]), techniques.index(entry["technique"])
        return *at, not entry["whole"], entry["low"]

    return sorted(rows.values(), key=order)


def learned_sentences(result: Interpretation, *, absorber: str, task: str) -> list[str]:
    """Say how curves and numbers go with the label, and how answers follow the numbers."""
    from edgepair.interpretation.words import dependence_sentences, movement_sentences

    return [
        *movement_sentences(select(result.movement, absorber=absorber, task=task)),
        *dependence_sentences(
            select(result.dependence, absorber=absorber, task=task),
            select(result.number_scores, absorber=absorber, task=task),
        ),
    ]


def stability_sentences(
    result: Interpretation, *, absorber: str, task: str, kinds: Sequence[str]
) -> list[str]:
    """List what tests of stability say."""
    selected = select(result.stability, absorber=absorber, task=task)
    texts = [text for kind in kinds for text in select(selected, kind=kind)["sentence"]]
    return [text for text in dict.fromkeys(texts) if isinstance(text, str) and text]


def _score_text(result: Interpretation, *, absorber: str, task: str, modality: str) -> str:
    rows = select(result.scores, absorber=absorber, task=task, modality=modality, metric=main_metric(task))
    if not len(rows):
        return "–"
    row = rows.iloc[0]
    return f"{number(row['value'], 2)} ({interval(row['lower'], row['upper'], 2)})"


def _name(row: Any, modality: str) -> str:
    return str(row.title) if "+" not in modality else f"{short_title(str(row.technique))} {row.title}"


def range_of_region(low: float, high: float, unit: str) -> str:
    """Write the ends of a region.

    >>> range_of_region(6548.25, 6556.5, "eV"), range_of_region(1.42, 2.3, "Å")
    ('6548.2–6556.5 eV', '1.42–2.30 Å')
    """
    digits = 1 if unit == "eV" else 2
    return f"{number(low, digits)}–{number(high, digits)} {unit}"


PRINTED = ("regions", "scores", "contributions", "importances", "movement", "number_scores", "stability")
"""Tables that are printed; curves, dependences and single points are in the files."""


def interpretation_document(result: Interpretation) -> dict[str, object]:
    """Gather what is printed as JSON."""
    tables = {name: getattr(result, name) for name in PRINTED}
    tables["importances"] = result.importances[result.importances["grouping"] != "point"]
    sentences = [
        {
            "absorber": absorber,
            "task": task,
            "regions": region_sentences(result, absorber=absorber, task=task),
            "learned": learned_sentences(result, absorber=absorber, task=task),
        }
        for absorber, task in cells_of(result)
    ]
    rows = {name: rows_of(table) for name, table in tables.items()}
    return {
        **rows,
        "sentences": sentences,
        "warnings": [str(text) for text in result.warnings],
        "skipped": list(result.skipped),
    }


def rows_of(table: pd.DataFrame) -> list[dict[str, object]]:
    """Write a table as a list of rows that JSON knows."""
    rows: list[dict[str, object]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows
