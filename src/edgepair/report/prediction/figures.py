"""Figures of an answer: values with intervals, probabilities, the curve and what drove the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from edgepair.conventions import TASKS
from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import number, safe, short_title, task_title
from edgepair.prediction import Prediction
from edgepair.report.kit.marks import (
    Look,
    add_caption,
    axis_title,
    band,
    bars,
    dots,
    error_bars,
    joined_dots,
    scaled_title,
    scatter,
    zero_line,
)
from edgepair.report.kit.style import INK, faded, modality_colour, styled
from edgepair.report.kit.tables import about_task, even_axis, in_order, rounded, task_axis
from edgepair.report.prediction.rows import PredictedSample
from edgepair.report.prediction.words import TASK_DIGITS, contribution_table, range_text, value_text

_LONGEST_NAME = 36
"""Characters of a curve's name in a legend."""

RAISED, LOWERED = "#d55e00", "#0072b2"
"""Colours of what raised and what lowered a value; the side of the line is the second cue."""

_NEIGHBOURS = (("#009e73", "dash"), ("#cc79a7", "dot"), ("#e69f00", "dashdot"), ("#56b4e9", "longdash"),
               ("#999933", "longdashdot"), ("#882255", "2px 6px"))  # fmt: skip
"""Colour and dash of the nearest curves, in their order."""

_NEGLIGIBLE = 0.005
"""Probability below which a class at the end of the scale is not drawn."""


def answer_figure(prediction: Prediction) -> go.Figure:
    """Draw the values of all techniques side by side, with their intervals."""
    table = prediction.table
    tasks = in_order(table["task"].astype(str).tolist(), list(TASKS))
    techniques = list(dict.fromkeys(table["technique"].astype(str)))
    figure = make_subplots(rows=1, cols=max(1, len(tasks)), shared_yaxes=True, horizontal_spacing=0.05)
    for column, task in enumerate(tasks, 1):
        for row in table[table["task"] == task].itertuples():
            name = str(row.technique)
            value, lower, upper = (float(part) for part in (row.value, row.lower, row.upper))
            error = error_bars([value], [lower], [upper], modality_colour(name), width=5)
            x, y = rounded([value], 5), [short_title(name)]
            hover = f"{short_title(name)}: {value_text(task, value)} ({range_text(task, lower, upper)})"
            dot = dots(x, y, [hover], modality=name, marker={"size": 10}, error=error)
            figure.add_trace(dot, 1, column)
        figure.update_xaxes(title_text=task_axis(task), row=1, col=column)
    figure.update_yaxes(
        categoryorder="array", categoryarray=[short_title(name) for name in reversed(techniques)]
    )
    # One category alone would sit at the edge of the panel.
    figure.update_yaxes(range=[-0.6, len(techniques) - 0.4])
    return styled(figure, height=90 + 34 * len(techniques))


def probability_figure(prediction: Prediction, *, task: str) -> go.Figure:
    """Draw the probabilities of the classes of a task."""
    rows = prediction.probabilities[prediction.probabilities["task"] == task]
    classes = _worth_drawing(rows)
    figure = go.Figure()
    for name in dict.fromkeys(rows["technique"].astype(str)):
        mine = rows[rows["technique"] == name]
        by_class = dict(zip(mine["class"].astype(int), mine["probability"].astype(float), strict=True))
        title = short_title(name)
        figure.add_trace(
            go.Bar(
                x=[str(value) for value in classes],
                y=rounded([100 * by_class.get(value, 0.0) for value in classes], 4),
                name=title,
                marker={"color": modality_colour(name), "line": {"width": 0}},
                hovertemplate=f"{title}, class %{{x}}: %{{y:.1f}} %<extra></extra>",
            )
        )
    figure.update_xaxes(title_text=task_axis(task), type="category")
    figure.update_yaxes(title_text="probability (%)", range=[0, 100])
    several = rows["technique"].nunique() > 1
    return styled(figure, height=240, barmode="group", bargap=0.25, showlegend=bool(several))


def curve_figure(prediction: Prediction, *, technique: str) -> go.Figure | None:
    """Draw a curve as the model saw it, with what drove the answers beneath it."""
    shown = prediction.curves.get(technique, ())
    if not shown:
        return None
    tables = {
        task: contribution_table(prediction.explanation, technique=technique, task=task) for task in TASKS
    }
    tasks = [task for task, rows in tables.items() if len(rows)]
    figure = make_subplots(
        rows=1 + len(tasks),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.055,
        row_heights=[0.55, *[0.45 / len(tasks)] * len(tasks)] if tasks else [1.0],
    )
    _add_curves(figure, prediction, technique)
    for row, task in enumerate(tasks, 2):
        _add_contributions(figure, tables[task], row=row, task=task)
    figure.update_xaxes(range=list(_seen_span(prediction, technique)), showgrid=False)
    figure.update_xaxes(title_text=axis_title(technique), row=1 + len(tasks), col=1)
    figure.update_yaxes(title_text=scaled_title(technique), row=1, col=1)
    height = 330 + 105 * len(tasks)
    return styled(figure, height=height, showlegend=True, hovermode="closest", legend_traceorder="normal")


def series_figure(samples: Sequence[PredictedSample], numbers: Sequence[int]) -> go.Figure:
    """Draw values against the number of the scan."""
    parts = [
        sample.prediction.table.assign(scan=scan, title=sample.title)
        for sample, scan in zip(samples, numbers, strict=True)
        if sample.prediction is not None
    ]
    table = pd.concat(parts, ignore_index=True)
    tasks = in_order(table["task"].astype(str).tolist(), list(TASKS))
    figure = make_subplots(rows=len(tasks), cols=1, shared_xaxes=True, vertical_spacing=0.04)
    for row, task in enumerate(tasks, 1):
        for technique in dict.fromkeys(table["technique"].astype(str)):
            mine = table[(table["task"] == task) & (table["technique"] == technique)]
            if len(mine):
                _add_series(figure, mine, row=row, task=task, technique=technique)
        figure.update_yaxes(title_text=task_axis(task), row=row, col=1)
    figure.update_xaxes(title_text="scan (number in the order of the input)", row=len(tasks), col=1)
    several = table["technique"].nunique() > 1
    return styled(figure, height=60 + 190 * len(tasks), showlegend=bool(several), hovermode="closest")


def _worth_drawing(rows: pd.DataFrame) -> list[int]:
    """Leave out classes at both ends that nothing speaks for, but keep three."""
    chance = rows.groupby(rows["class"].astype(int))["probability"].max().sort_index()
    classes = [int(value) for value in chance.index]
    while len(classes) > 3 and min(chance[classes[0]], chance[classes[-1]]) < _NEGLIGIBLE:
        classes.pop(0 if chance[classes[0]] <= chance[classes[-1]] else -1)
    return classes


def _seen_span(prediction: Prediction, technique: str) -> tuple[float, float]:
    """Find the part of the curve that the model compared: a scan may go on for long after it."""
    sample, *others = prediction.curves[technique]
    first, last = float(sample.x[0]), float(sample.x[-1])
    told = [
        contribution_table(prediction.explanation, technique=technique, task=task)["position"].to_numpy(float)
        for task in TASKS
    ]
    spans = [x for x in told if len(x) > 1] or [curve.x for curve in others]
    if spans:
        low, high = min(float(x[0]) for x in spans), max(float(x[-1]) for x in spans)
        margin = 0.06 * (high - low)
        first, last = max(first, low - margin), min(last, high + margin)
    return first, last


def _add_curves(figure: go.Figure, prediction: Prediction, technique: str) -> None:
    sample, *others = prediction.curves[technique]
    first, last = _seen_span(prediction, technique)
    seen = (sample.x >= first) & (sample.x <= last)
    formulas = (
        dict(zip(prediction.nearest["name"], prediction.nearest["formula"], strict=True)) if others else {}
    )
    looks = _NEIGHBOURS * (1 + len(others) // len(_NEIGHBOURS))
    for curve, (colour, dash) in zip(others, looks, strict=False):
        name = safe(_brief(curve.name, formulas.get(curve.name)))
        line = {"color": colour, "width": 1.5, "dash": dash}
        _add_line(figure, curve.x, curve.y, name, hover=safe(curve.name), line=line)
    line = {"color": INK, "width": 2.4}
    _add_line(figure, sample.x[seen], sample.y[seen], "this sample", hover="this sample", line=line)


def _add_line(figure: go.Figure, x: ArrayLike, y: ArrayLike, name: str, *, hover: str, line: Look) -> None:
    words = f"{hover}<br>%{{x}}: %{{y:.3f}}"
    figure.add_trace(scatter(even_axis(x, 8), rounded(y, 5), name=name, hover=words, line=line), 1, 1)


def _brief(name: str, formula: object) -> str:
    """Name a curve by what it is of; cut what would push the others out of the legend."""
    if isinstance(formula, str) and formula and name.startswith("mp-"):
        name = f"{formula} ({name})"
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _add_contributions(figure: go.Figure, rows: pd.DataFrame, *, row: int, task: str) -> None:
    x = rows["position"].to_numpy(dtype=float)
    y = rows["contribution"].to_numpy(dtype=float)
    digits = TASK_DIGITS.get(task, 3) + 1
    hover = [f"{at:g}: {number(value, digits, sign=True)}" for at, value in zip(x, y, strict=True)]
    colours = [RAISED if value > 0 else LOWERED for value in y]
    trace = bars(x, x, y, colours, hover, digits=8, showlegend=False)
    figure.add_trace(trace.update(width=rounded(_widths(x), 4)), row, 1)
    zero_line(figure, vertical=False, row=row, col=1)
    about = about_task(task)
    title = f"{about.symbol} ({about.unit or 'no unit'})"
    figure.update_yaxes(title_text=title, nticks=4, row=row, col=1)
    add_caption(figure, row, f"added to the {task_title(task)}")


def _widths(x: Floats) -> Floats:
    """Let bars touch, however the positions are spaced."""
    if len(x) < 2:
        return np.ones(len(x))
    steps = np.diff(x)
    left, right = np.r_[steps[0], steps], np.r_[steps, steps[-1]]
    widths: Floats = 0.95 * np.minimum(np.minimum(left, right), 3 * np.median(steps))
    return widths


def _add_series(figure: go.Figure, rows: pd.DataFrame, *, row: int, task: str, technique: str) -> None:
    known = rows[rows["lower"].notna() & rows["upper"].notna()]
    ground = faded(modality_colour(technique), 0.15)
    figure.add_traces(band(known["scan"].tolist(), known, ground, digits=5), row, 1)
    hover = [
        f"{one.scan} {safe(one.title)}<br>{short_title(technique)}: {value_text(task, one.value)} "
        f"({range_text(task, one.lower, one.upper)})"
        for one in rows.itertuples()
    ]
    x, y, legend = rows["scan"].tolist(), rounded(rows["value"], 5), {"legendgroup": technique}
    dot = joined_dots(x, y, hover, technique, width=1.6, size=6, showlegend=row == 1)
    figure.add_trace(dot.update(legend), row, 1)
