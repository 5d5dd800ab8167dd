"""What each technique contributes: Shapley values, and what two sides share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import interval, number, percent, safe, short_title
from edgepair.report.kit.marks import HOVER, dots, error_bars, name_rows, whiskers, write_at, zero_line
from edgepair.report.kit.style import INK, PAPER, faded, modality_colour, styled
from edgepair.report.kit.tables import in_order, select
from edgepair.report.study.figure_overview import row_axis, row_places, rows_height

SHARED_COLOUR = "#b8c1ca"
"""What both sides have: neither's colour."""

_AXIS_TITLE = "gain in score (no unit)"
_ROW = 0.95


def shapley_figure(
    contributions: pd.DataFrame, *, task: str, learner: str, absorbers: Sequence[str]
) -> go.Figure:
    """Draw the Shapley value of each technique, and the gain of all together.

    Parameters
    ----------
    contributions : pandas.DataFrame
        Columns of ``contributions.csv``.
    task, learner : str
        What is drawn.
    absorbers : sequence of str
        Rows, in this order.

    Returns
    -------
    plotly.graph_objects.Figure
        Dots with 95 % intervals, in units of the score (pure numbers). With one absorber each
        technique has a row of its own, else each absorber has.
    """
    table = select(contributions, task=task, learner=learner)
    shares = select(table, kind="shapley")
    gains = select(table, kind="alone")
    names = list(dict.fromkeys(shares["technique"]))
    together = list(dict.fromkeys(shares["of"]))
    rows_of = {name: select(shares, technique=name) for name in names} | {
        name: gains[(gains["technique"] == name) & (gains["of"] == name)] for name in together
    }
    figure = go.Figure()
    alone = len(absorbers) == 1
    for index, (name, rows) in enumerate(rows_of.items()):
        figure.add_trace(_dots(rows, row_places(rows, absorbers, index, len(rows_of)), name))
    zero_line(figure)
    figure.update_yaxes(**row_axis(absorbers, list(rows_of)))
    if alone:
        figure.update_yaxes(ticktext=[short_title(name) for name in names] + ["all together"] * len(together))
    figure.update_xaxes(title_text=_AXIS_TITLE, nticks=6)
    return styled(figure, height=rows_height(absorbers, len(rows_of)) + 60)


def overlap_figure(contributions: pd.DataFrame, *, absorber: str, task: str, learner: str) -> go.Figure:
    """Draw the two-way splits of one absorber and task as bars.

    Parameters
    ----------
    contributions : pandas.DataFrame
        Columns of ``contributions.csv``.
    absorber, task, learner : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        A bar per split, in units of the score (pure numbers): what only the first side has, what
        both have, what only the second has, what is there only together. What a side costs lies
        left of zero. The black mark is the gain of both, with its 95 % interval.
    """
    table = select(contributions, absorber=absorber, task=task, learner=learner)
    gains = select(table, kind="alone").set_index("technique")
    parts: dict[str, list[Record]] = {}
    marks: list[tuple[float, pd.Series[float]]] = []
    figure = go.Figure()
    index = 0.0
    splits = select(table, kind="interaction")["of"].tolist()
    for of in splits:
        rows = select(table, of=of)
        first, second = select(rows, kind="unique")["technique"].tolist()
        write_at(figure, _sides(first, second), y=index, bgcolor=PAPER, borderpad=1)
        index += 0.7
        start, below = 0.0, 0.0
        for key, kind, label in (
            (first, "unique", f"only {short_title(first)}"),
            ("shared", "shared", "in both"),
            (second, "unique", f"only {short_title(second)}"),
            ("together", "together", "only together"),
        ):
            selected = select(rows, kind=kind)
            row = (selected[selected["technique"] == key] if kind == "unique" else selected).iloc[0]
            value = float(row["value"])
            base = start if value >= 0 else below
            hover = f"<b>{_sides(first, second)}</b><br>{label} {number(value)}<br>95 % interval "
            hover += interval(row["lower"], row["upper"])
            if kind == "shared":
                most = float(select(rows, kind="shared_most")["value"].iloc[0])
                hover += f"<br>at most {number(most)} by any definition" if most > value else ""
            parts.setdefault(key, []).append({"x": value, "base": base, "y": index, "hover": hover})
            start, below = start + max(value, 0.0), below + min(value, 0.0)
        marks.append((index, gains.loc[_joined(first, second, gains.index.tolist())]))
        index += _ROW
    for key, bars in parts.items():
        figure.add_trace(_bars(key, bars))
    figure.add_trace(_marks(marks))
    zero_line(figure)
    figure.update_yaxes(tickvals=[], range=[index - 0.4, -0.5], showgrid=False)
    figure.update_xaxes(title_text=_AXIS_TITLE, nticks=6)
    return styled(figure, height=round(30 * index + 60), barmode="overlay", margin={"l": 4})


def part_colour(key: str) -> str:
    """Look up the colour of one part of a split.

    >>> part_colour("xanes"), part_colour("shared")
    ('#0072b2', '#b8c1ca')
    """
    return {"shared": SHARED_COLOUR, "together": INK}.get(key) or modality_colour(key)


def _sides(first: str, second: str) -> str:
    return f"{short_title(first)}  |  {short_title(second)}"


def _joined(first: str, second: str, names: Sequence[str]) -> str:
    parts = {*first.split("+"), *second.split("+")}
    return next(name for name in names if set(name.split("+")) == parts)


def _dots(table: pd.DataFrame, y: ArrayLike, name: str) -> go.Scatter:
    what = "gain of all together" if "+" in name else "Shapley value"
    return dots(
        table["value"].tolist(),
        np.asarray(y, dtype=float).tolist(),
        [
            f"<b>{safe(row.absorber)} · {short_title(name)}</b><br>{what} {number(row.value)}"
            f"<br>95 % interval {interval(row.lower, row.upper)}"
            for row in table.itertuples()
        ],
        modality=name,
        error=whiskers(table, faded(modality_colour(name), 0.55), thickness=2, digits=None),
        name=short_title(name),
    )


def _bars(key: str, bars: list[Record]) -> go.Bar:
    return go.Bar(
        orientation="h",
        name=key,
        x=[bar["x"] for bar in bars],
        base=[bar["base"] for bar in bars],
        y=[bar["y"] for bar in bars],
        width=0.5,
        marker={"color": part_colour(key), "opacity": 0.85, "line": {"width": 0}},
        hovertext=[bar["hover"] for bar in bars],
        hovertemplate=HOVER,
    )


def _marks(marks: list[tuple[float, pd.Series[float]]]) -> go.Scatter:
    rows = pd.DataFrame([row for _, row in marks])
    return dots(
        rows["value"].tolist(),
        [y for y, _ in marks],
        [
            f"gain of both {number(row.value)}<br>95 % interval {interval(row.lower, row.upper)}"
            for row in rows.itertuples()
        ],
        marker={"size": 7, "color": INK, "symbol": "diamond"},
        error=whiskers(rows, INK, thickness=1.4, width=3, digits=None),
    )


def share_figure(
    importances: pd.DataFrame, *, task: str, learner: str = "forest", modalities: Sequence[str] = ()
) -> go.Figure:
    """Draw the share of each technique as a part of a bar.

    Parameters
    ----------
    importances : pandas.DataFrame
        Columns of ``importances.csv``; rows of kind ``share`` are drawn.
    task, learner : str
        What is drawn.
    modalities : sequence of str, optional
        Order of the combinations.

    Returns
    -------
    plotly.graph_objects.Figure
        A bar per absorber and combination, %; a whisker shows the 95 % interval of the share on
        its left, and, with three techniques or more, of that on its right; a dotted line is that share
        where labels are permuted.
    """
    shares = select(importances, kind="share", task=task, learner=learner)
    figure = go.Figure()
    absorbers = list(dict.fromkeys(shares["absorber"]))
    labels: list[tuple[float, str]] = []
    parts: dict[str, list[Record]] = {}
    whiskers: list[tuple[float, float, float, float]] = []
    nulls: list[tuple[float, float]] = []
    null_rows = select(importances, kind="null_share", task=task, learner=learner)
    index = 0.0
    for modality in in_order(shares["modality"].tolist(), modalities):
        write_at(figure, short_title(modality), y=index)
        index += 0.85
        for absorber in absorbers:
            rows = select(shares, modality=modality, absorber=absorber)
            if not len(rows):
                continue
            labels.append((index, safe(absorber)))
            names = in_order(rows["technique"].tolist(), list(TECHNIQUES))
            start = 0.0
            for place, name in enumerate(names):
                row = rows[rows["technique"] == name].iloc[0]
                part = {"y": index, "x": float(row["value"]), "base": start, "row": row, "of": modality}
                parts.setdefault(name, []).append(part)
                start += float(row["value"])
                if place == 0:
                    null = select(null_rows, modality=modality, absorber=absorber, technique=name)
                    nulls += [(index, float(value)) for value in null["value"]]
                    whiskers.append((index, row["value"], row["lower"], row["upper"]))
                elif place == len(names) - 1 > 1:
                    whiskers.append((index, 1 - row["value"], 1 - row["upper"], 1 - row["lower"]))
            index += 0.85
        index += 0.25
    for name in in_order(list(parts), list(TECHNIQUES)):
        figure.add_trace(_bar(name, parts[name]))
    if whiskers:
        figure.add_trace(_whiskers(whiskers))
    for y, value in nulls:
        figure.add_shape(
            type="line", x0=100 * value, x1=100 * value, y0=y - 0.4, y1=y + 0.4,
            line={"color": INK, "width": 2, "dash": "2px,2px"},
        )  # fmt: skip
    name_rows(figure, [text for _, text in labels], [y for y, _ in labels], last=index - 0.35, first=-0.5)
    figure.update_xaxes(
        title_text="share of the importance (%)",
        range=[0, 100],
        tickvals=[0, 25, 50, 75, 100],
        showgrid=False,
    )
    return styled(figure, height=round(30 * index + 60), barmode="overlay", margin={"r": 16})


def _bar(name: str, parts: list[Record]) -> go.Bar:
    hover = [
        f"<b>{safe(part['row']['absorber'])} · {short_title(part['of'])}</b><br>{short_title(name)} "
        f"{percent(part['x'])}<br>95 % interval "
        f"{interval(100 * part['row']['lower'], 100 * part['row']['upper'], 0)} %"
        for part in parts
    ]
    drawn = [
        {"x": 100 * part["x"], "base": 100 * part["base"], "y": part["y"], "hover": text}
        for part, text in zip(parts, hover, strict=True)
    ]
    return _bars(name, drawn).update(
        name=short_title(name),
        width=0.62,
        text=[percent(part["x"]) if part["x"] > 0.16 else "" for part in parts],
        textposition="inside",
        insidetextanchor="start" if name == "xanes" else "end",
        textangle=0,
        textfont={"color": "#ffffff" if name == "xanes" else INK, "size": 12},
    )


def _whiskers(ends: list[tuple[float, float, float, float]]) -> go.Scatter:
    y, value, lower, upper = (list(column) for column in zip(*ends, strict=True))
    percents = (np.multiply(100, part) for part in (value, lower, upper))
    x, low, high = (part.tolist() for part in percents)
    error = error_bars(x, low, high, INK, thickness=1.6, width=4, digits=None)
    return dots(x, y, [], marker={"size": 1, "color": INK}, error=error).update(
        hovertext=None, hovertemplate=None, hoverinfo="skip"
    )
