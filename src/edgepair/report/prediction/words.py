"""Why an answer is what it is, in sentences: windows that drove it, neighbours, disagreement."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import interval, listed, number, percent, short_title, task_title
from edgepair.prediction import Prediction
from edgepair.report.kit.tables import about_task

TASK_DIGITS = MappingProxyType({"oxidation_state": 2, "coordination_number": 2, "bond_length": 3})
"""Digits behind the point that a value is worth."""

WIDEST = MappingProxyType({"energy": 10.0, "r": 0.6})
"""eV and Å; a window that is wider says no more than "the curve"."""

_WORTH_TELLING = 0.25
"""A window counts from this part of the largest one."""


@dataclass(frozen=True)
class Window:
    """A stretch of the curve and what it added to the value."""

    first: float
    last: float
    contribution: float


def contribution_table(explanation: pd.DataFrame, *, technique: str, task: str) -> pd.DataFrame:
    """Cut the contributions of the points of one curve to one value."""
    if not len(explanation):
        return explanation.reindex(columns=["position", "contribution"])
    mine = (explanation["technique"] == technique) & (explanation["task"] == task)
    rows = explanation[mine & explanation["position"].notna()]
    summed = rows.groupby("position", sort=True)["contribution"].sum().reset_index()
    return summed.astype({"position": float, "contribution": float})


def largest_windows(position: Floats, contribution: Floats, *, widest: float, most: int = 3) -> list[Window]:
    """Find the stretches that added or took away most: ``position, contribution`` (n,)."""
    x = np.asarray(position, dtype=float)
    free = np.isfinite(contribution)
    values = np.where(free, contribution, 0.0)
    found: list[Window] = []
    for _ in range(most):
        best: tuple[float, int, int] | None = None
        for start in np.flatnonzero(free & (values != 0)).tolist():
            stop = int(np.searchsorted(x, x[start] + widest + 1e-9, side="right"))
            taken = np.flatnonzero(~free[start:stop])
            stop = start + int(taken[0]) if len(taken) else stop
            sums = np.cumsum(values[start:stop])
            end = int(np.abs(sums).argmax())
            # Of equal sums the first, which is the shortest, counts.
            if best is None or abs(sums[end]) > abs(best[0]) + 1e-12:
                best = (float(sums[end]), start, start + end)
        if best is None or (found and abs(best[0]) < _WORTH_TELLING * abs(found[0].contribution)):
            break
        total, first, last = best
        found.append(Window(float(x[first]), float(x[last]), round(total, 12)))
        free[first : last + 1] = False
    return found


def first_shell_facts(prediction: Prediction) -> list[tuple[str, str]]:
    """Say what is read off the first peaks of each PDF, for whoever reads PDFs by hand."""
    several = len(prediction.first_shells) > 1
    return [
        (f"{short_title(technique)} peaks" if several else "first peaks", shell.sentence())
        for technique, shell in prediction.first_shells.items()
    ]


def reason_sentences(prediction: Prediction) -> list[str]:
    """Say what drove the answers."""
    sentences = []
    for technique in dict.fromkeys(prediction.explanation["technique"].astype(str)):
        if technique not in TECHNIQUES:
            continue
        parts = []
        for task in TASKS:
            rows = contribution_table(prediction.explanation, technique=technique, task=task)
            position = rows["position"].to_numpy(dtype=float)
            windows = largest_windows(
                position,
                rows["contribution"].to_numpy(dtype=float),
                widest=WIDEST[TECHNIQUES[technique].axis],
                most=2,
            )
            if windows:
                # Positions are the middles of stretches.
                half = float(np.median(np.diff(position))) / 2 if len(position) > 1 else 0.0
                regions = _region_titles(prediction.explanation, technique, task, windows)
                told = listed(
                    [
                        _window_text(window, technique, task, half, region)
                        for window, region in zip(windows, regions, strict=True)
                    ]
                )
                parts.append(f"{task_title(task)} by {told}")
        if parts:
            sentences.append(f"{short_title(technique)}: {'; '.join(parts)}.")
    shares = share_table(prediction)
    for technique in dict.fromkeys(row["technique"] for row in shares):
        carried = [
            f"{percent(row['share'])} of the {task_title(row['task'])}"
            for row in shares
            if row["technique"] == technique and row["part"] == technique.split("+")[0]
        ]
        if carried:
            first = short_title(technique.split("+")[0])
            sentences.append(f"{short_title(technique)}: {first} carries {listed(carried)}.")
    return sentences


def counted_text(prediction: Prediction) -> str:
    """Say what the coordination numbers count; which technique counts what, where they differ."""
    ways: dict[str, list[str]] = {}
    for technique, way in prediction.counted.items():
        ways.setdefault(way, []).append(short_title(technique))
    if len(ways) == 1:
        return next(iter(ways))
    return "; ".join(f"{listed(names)}: {way}" for way, names in ways.items())


def share_table(prediction: Prediction) -> list[Record]:
    """List what part of a combined answer each technique carries."""
    table = prediction.explanation
    if "part" not in table.columns or not len(table):
        return []
    rows = table[table["position"].isna() & table["part"].notna()]
    rows = rows[rows["part"].astype(str).isin(TECHNIQUES)]
    return [
        {"technique": str(t), "task": str(k), "part": str(p), "share": float(s)}
        for t, k, p, s in zip(
            rows["technique"], rows["task"], rows["part"], rows["contribution"], strict=True
        )
    ]


def nearest_rows(prediction: Prediction, *, technique: str, most: int = 6) -> list[Record]:
    """List the nearest standards and materials of one technique."""
    if not len(prediction.nearest):
        return []
    rows = prediction.nearest[prediction.nearest["technique"] == technique].sort_values(["distance", "rank"])
    return [{str(key): value for key, value in row.items()} for row in rows.head(most).to_dict("records")]


def value_text(task: str, value: float | None) -> str:
    """Write a value with its unit.

    >>> value_text("bond_length", 2.0134), value_text("oxidation_state", 2.667)
    ('2.013 Å', '2.67')
    """
    unit = about_task(task).unit
    text = number(value, TASK_DIGITS.get(task, 3))
    return f"{text} {unit}" if unit and text != "–" else text


def range_text(task: str, lower: float | None, upper: float | None) -> str:
    """Write an interval of a value, without its unit.

    >>> range_text("oxidation_state", 2.5, 3.04)
    '2.50 to 3.04'
    """
    return interval(lower, upper, TASK_DIGITS.get(task, 3))


def set_text(classes: object, probability: float | None) -> str:
    """Write a set of classes with the probability of the likeliest."""
    if classes is None or classes != classes or not str(classes):
        return ""
    told = str(classes).split(";")
    text = ", ".join(told[:-1]) + " or " + told[-1] if len(told) > 1 else told[0]
    known = probability is not None and probability == probability
    return f"{text} ({percent(float(probability or 0))})" if known else text


def _region_titles(explanation: pd.DataFrame, technique: str, task: str, windows: list[Window]) -> list[str]:
    """Name the region in which most of each window's contribution lies; nothing where none is known."""
    if "region" not in explanation.columns:
        return [""] * len(windows)
    mine = explanation[(explanation["technique"] == technique) & (explanation["task"] == task)]
    titles = []
    for window in windows:
        inside = mine[mine["position"].between(window.first, window.last)]
        sums = inside["contribution"].groupby(inside["region"]).sum().abs()
        title = str(sums.idxmax())
        titles.append("" if title == "whole curve" else title)
    return titles


def _window_text(window: Window, technique: str, task: str, half: float, region: str) -> str:
    digits, unit = (0, "eV") if TECHNIQUES[technique].axis == "energy" else (2, "Å")
    ends = (number(window.first - half, digits), number(window.last + half, digits))
    where = ends[0] if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"
    added = number(window.contribution, TASK_DIGITS.get(task, 3), sign=True)
    return f"{where} {unit} ({region + ', ' if region else ''}{added})"
