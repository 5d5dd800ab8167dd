"""What each technique contributes: Shapley values, and what two sides share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions.wording import interval, number, safe, short_title
from edgepair.report.kit.marks import HOVER, dots, whiskers, write_at, zero_line
from edgepair.report.kit.style import INK, PAPER, faded, modality_colour, styled
from edgepair.report.kit.tables import Record, select
from edgepair.report.study.figure_overview import dodge, row_axis

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import ArrayLike

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
    import plotly.graph_objects as go

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
        rank = np.array([list(absorbers).index(absorber) for absorber in rows["absorber"]], dtype=float)
        y = rank + index if alone else rank + dodge(index, len(rows_of))
        figure.add_trace(_dots(rows, y, name))
    zero_line(figure)
    figure.update_yaxes(**row_axis(absorbers, list(rows_of)))
    if alone:
        figure.update_yaxes(ticktext=[short_title(name) for name in names] + ["all together"] * len(together))
    figure.update_xaxes(title_text=_AXIS_TITLE, nticks=6)
    per_row = 30 if alone else max(44, 15 * len(rows_of) + 14)
    return styled(figure, height=round((len(rows_of) if alone else len(absorbers)) * per_row + 60))


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
    import plotly.graph_objects as go

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

    Examples
    --------
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
    import plotly.graph_objects as go

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
