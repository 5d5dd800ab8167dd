"""What an interpretation says: sentences that follow from its numbers and intervals, and its document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import METRIC_TITLES, interval, listed, number, short_title, task_title
from edgepair.interpretation import Interpretation
from edgepair.interpretation.dependence import LENGTH_STEP
from edgepair.report.kit.tables import about_technique, in_order, main_metric, select, task_with_unit
from edgepair.report.prediction.words import TASK_DIGITS

MOST_MOVEMENTS = 6
"""Numbers whose movement has a sentence of its own, the most steadily moving first."""

MOST_DEPENDENCES = 4
"""Numbers whose effect on the answer has a sentence of its own, the largest first."""

GO_TOGETHER = 0.7
"""Rank correlation from which two numbers are said to go together: each then tells half of the
other's variance."""

_MOST_NAMED = 3
"""Regions that a sentence names."""

PRINTED = ("regions", "scores", "contributions", "importances", "movement", "number_scores", "stability")
"""Tables that are printed; curves, dependences and single points are in the files."""


def movement_sentences(movement: pd.DataFrame, most: int = MOST_MOVEMENTS) -> list[str]:
    """Say how the numbers move with a label."""
    sentences: list[str] = []
    for (absorber, task), part in movement.groupby(["absorber", "task"], sort=False):
        slopes = part[part["kind"] == "slope"].set_index("number")
        rhos = part[part["kind"] == "rho"].set_index("number").reindex(slopes.index)
        clear = (slopes["lower"] > 0) | (slopes["upper"] < 0)
        strength = rhos["value"].abs().fillna(0.0)
        names = sorted(slopes.index[clear], key=lambda name: -strength[name])
        for name in names[:most]:
            row, rho = slopes.loc[name], rhos.loc[name]
            value, lower, upper = _rounded(row["value"], row["lower"], row["upper"], signed=True)
            unit = f" {row['unit']}" if row["unit"] else ""
            text = (
                f"With each {_step(task)} the {row['title']} of {absorber} changes by {value}{unit} "
                f"(95 % interval {lower} to {upper})"
            )
            if not rho["lower"] * rho["upper"] > 0:
                # A slope can come from a few sites far out, or from a rise that a fall follows.
                text += ", though not steadily: their ranks do not show it"
            elif rho["value"] * row["value"] < 0:
                text += ", though most sites go the other way: their ranks say the opposite"
            sentences.append(text + ".")
        title = TASKS[task].title
        if names[most:]:
            weaker = _listed(slopes.loc[name, "title"] for name in names[most:])
            sentences.append(
                f"Less closely tied to the {title} of {absorber}: {weaker} (of {len(slopes)} numbers, "
                f"{_chance(len(slopes))} would seem to be by chance)."
            )
        if not clear.all():
            open_ones = _listed(slopes.loc[~clear, "title"])
            sentences.append(
                f"Undecided, as the interval holds zero, is whether these move with the {title} of "
                f"{absorber}: {open_ones}."
            )
    return sentences


def dependence_sentences(
    dependence: pd.DataFrame, number_scores: pd.DataFrame | None = None, most: int = MOST_DEPENDENCES
) -> list[str]:
    """Say what a few numbers tell a forest, and how its answer follows them."""
    sentences: list[str] = []
    knowing_nothing = set()
    if number_scores is not None:
        for row in number_scores.to_dict("records"):
            task = TASKS[str(row["task"])]
            if row["metric"] == task.main_metric:
                sentences.append(_score_sentence(row))
                if not row["better_lower"] > 0:
                    knowing_nothing.add((row["absorber"], row["task"]))
    for (absorber, name), part in dependence.groupby(["absorber", "task"], sort=False):
        if (absorber, name) in knowing_nothing:
            # A forest fitted to noise follows its numbers too, and refits share most of that noise.
            continue
        task = TASKS[name]
        effects = sorted(_effects(part), key=lambda effect: -effect[0])
        drawn: dict[str, pd.DataFrame] = {}
        for _, descriptor, curve in effects:
            if descriptor not in drawn and len(drawn) < most:
                drawn[descriptor] = curve
        for curve in drawn.values():
            sentences.append(_effect_sentence(str(absorber), task.title, task.unit, curve))
        if not drawn:
            sentences.append(
                f"{absorber} {task.title}: no single number moves the answer by more than its interval."
            )
        sentences += _companion_sentences(drawn.values())
    return sentences


def _step(task: str) -> str:
    unit = TASKS[task].unit
    return f"{LENGTH_STEP:g} {unit} of {TASKS[task].title}" if unit else f"unit of {TASKS[task].title}"


def _effects(part: pd.DataFrame) -> Iterable[tuple[float, str, pd.DataFrame]]:
    """List how much each number moves each class, the two values where it is lowest and highest."""
    kind = "local_" if "local_value" in part else ""
    value, lower, upper = (kind + end for end in ("value", "lower", "upper"))
    known = part[np.isfinite(part[value])]
    curves = known.groupby(["number", "class"], sort=False, dropna=False)[value]
    for least, most in zip(curves.idxmin(), curves.idxmax(), strict=True):
        if known.at[most, lower] > known.at[least, upper]:
            ends = known.loc[[least, most]].assign(answer=known[value]).sort_values("position")
            yield float(known.at[most, value] - known.at[least, value]), str(ends["number"].iloc[0]), ends


def _effect_sentence(absorber: str, title: str, unit: str, ends: pd.DataFrame) -> str:
    first, last = ends.iloc[0], ends.iloc[1]
    positions = _apart(first["position"], last["position"])
    number_unit = f" {first['unit']}" if first["unit"] else ""
    where = f"As the {first['title']} of {absorber} goes from {positions[0]} to {positions[1]}{number_unit}"
    way = "rises" if last["answer"] > first["answer"] else "falls"
    if unit:
        return (
            f"{where}, the predicted {title} {way} from {first['answer']:.2f} to {last['answer']:.2f} {unit}."
        )
    return (
        f"{where}, the probability of {title} {first['class']} {way} from {first['answer']:.2f} to "
        f"{last['answer']:.2f}."
    )


def _companion_sentences(curves: Iterable[pd.DataFrame]) -> list[str]:
    sentences: dict[frozenset[str], str] = {}
    for curve in curves:
        row = curve.iloc[0]
        rho = float(row.get("companion_rho", np.nan))
        if not abs(rho) >= GO_TOGETHER:
            continue
        sentences[frozenset({str(row["number"]), str(row["companion"])})] = (
            f"The {row['title']} and the {row['companion_title']} go together (rank correlation {rho:+.2f}): "
            "part of what is said of the one may be due to the other, and its partial dependence asks about "
            "sites that the data do not have."
        )
    return list(sentences.values())


def _score_sentence(row: dict[str, object]) -> str:
    task = TASKS[str(row["task"])]
    metric = "weighted F1" if task.kind == "classification" else "R²"
    text = (
        f"{row['absorber']} {task.title}: a forest that sees nothing but these numbers reaches {metric} "
        f"{row['value']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})"
    )
    share = float(str(row["share"]))
    if not float(str(row["better_lower"])) > 0:
        return f"{text}, not shown to be more than guessing: how its answers follow them is no finding."
    if not np.isfinite(share):
        return text + "."
    if share >= 1:
        return f"{text}, no less than with whole curves."
    return f"{text}, {share:.0%} of what whole curves add to guessing."


def _rounded(value: float, lower: float, upper: float, *, signed: bool = False) -> tuple[str, str, str]:
    """Write a value and its interval to two digits of the interval's half width."""
    half = (upper - lower) / 2
    digits = int(np.clip(1 - np.floor(np.log10(half)), 0, 6)) if half > 0 else 3
    sign = "+" if signed else ""
    return f"{value:{sign}.{digits}f}", f"{lower:{sign}.{digits}f}", f"{upper:{sign}.{digits}f}"


def _apart(first: float, last: float) -> tuple[str, str]:
    """Write two values to two digits of their distance."""
    first_text, last_text, _ = _rounded(first, last, 2 * abs(last - first) + last)
    return first_text, last_text


def _listed(titles: Iterable[str], most: int = 6) -> str:
    names = list(titles)
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} others"]
    return ", ".join(names)


def _chance(count: int) -> str:
    """Say how many of so many 95 % intervals miss zero where nothing is there."""
    expected = round(count / 20)
    return "one" if expected <= 1 else f"{expected}"


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


class SampleTable(TypedDict):
    """What the regions of one curve added: titles of the tasks, and a row of texts a region."""

    technique: str
    tasks: list[str]
    rows: list[tuple[str, list[str]]]


def sample_table(reasons: pd.DataFrame, *, technique: str) -> SampleTable:
    """Lay out what the regions of one curve added to the answers."""
    selected = select(reasons, technique=technique)
    tasks = in_order(selected["task"].astype(str).tolist(), list(TASKS))
    regions = selected.drop_duplicates("region").sort_values("low", na_position="last")
    rows = [("average of the training data", [_first(selected, task, "base") for task in tasks])]
    for region in regions.itertuples():
        unit = about_technique(technique).unit
        where = "" if region.low != region.low else f", {range_of_region(region.low, region.high, unit)}"
        cells = [_contribution(selected, task, str(region.region)) for task in tasks]
        rows.append((f"{region.title}{where}", cells))
    rows.append(("answer", [_first(selected, task, "answer") for task in tasks]))
    return {
        "technique": short_title(technique),
        "tasks": [task_with_unit(task) for task in tasks],
        "rows": rows,
    }


def _first(rows: pd.DataFrame, task: str, column: str) -> str:
    return number(float(select(rows, task=task)[column].iloc[0]), TASK_DIGITS.get(task, 3))


def _contribution(rows: pd.DataFrame, task: str, region: str) -> str:
    selected = select(rows, task=task, region=region)
    return number(float(selected["contribution"].sum()), TASK_DIGITS.get(task, 3), sign=True)
