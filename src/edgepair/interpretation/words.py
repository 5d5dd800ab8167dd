"""What a forest learned, in short sentences that follow from the tables and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS
from edgepair.interpretation.dependence import LENGTH_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

MOST_MOVEMENTS = 6
"""Numbers whose movement has a sentence of its own, the most steadily moving first."""

MOST_DEPENDENCES = 4
"""Numbers whose effect on the answer has a sentence of its own, the largest first."""

GO_TOGETHER = 0.7
"""Rank correlation from which two numbers are said to go together: each then tells half of the
other's variance."""


def movement_sentences(movement: pd.DataFrame, most: int = MOST_MOVEMENTS) -> list[str]:
    """Say how the numbers move with a label."""
    sentences: list[str] = []
    for (absorber, task), part in movement.groupby(["absorber", "task"], sort=False):
        slopes = part[part["kind"] == "slope"].set_index("number")
        rhos = part[part["kind"] == "rho"].set_index("number").reindex(slopes.index)
        clear = _clear(slopes)
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
        for _, number, curve in effects:
            if number not in drawn and len(drawn) < most:
                drawn[number] = curve
        for curve in drawn.values():
            sentences.append(_effect_sentence(str(absorber), task.title, task.unit, curve))
        if not drawn:
            sentences.append(
                f"{absorber} {task.title}: no single number moves the answer by more than its interval."
            )
        sentences += _companion_sentences(drawn.values())
    return sentences


def _clear(rows: pd.DataFrame) -> pd.Series:
    """Tell which intervals do not hold zero; a missing one does."""
    return (rows["lower"] > 0) | (rows["upper"] < 0)


def _step(task: str) -> str:
    unit = TASKS[task].unit
    return f"{LENGTH_STEP:g} {unit} of {TASKS[task].title}" if unit else f"unit of {TASKS[task].title}"


def _effects(part: pd.DataFrame) -> Iterable[tuple[float, str, pd.DataFrame]]:
    """List how much each number moves each class, the two values where it is lowest and highest."""
    kind = "local_" if "local_value" in part else ""
    value, lower, upper = (kind + end for end in ("value", "lower", "upper"))
    for (number, _), curve in part.groupby(["number", "class"], sort=False, dropna=False):
        known = curve[np.isfinite(curve[value])]
        if not len(known):
            continue
        ends = known.loc[[known[value].idxmin(), known[value].idxmax()]]
        least, most = ends.iloc[0], ends.iloc[1]
        if most[lower] > least[upper]:
            ends = ends.assign(answer=ends[value]).sort_values("position")
            yield float(most[value] - least[value]), str(number), ends


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
