"""What the data hold: balance of the classes, spread of the bond lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.conventions.wording import count, percent, safe, task_title
from edgepair.report.kit.marks import Look, name_rows, scatter
from edgepair.report.kit.style import INK, faded, styled
from edgepair.report.kit.tables import about_task, rounded, select

if TYPE_CHECKING:
    import plotly.graph_objects as go

_BIN = 0.02
_NEUTRAL = "#52606d"


def class_figure(
    data: Sequence[Mapping[str, Any]], *, task: str, used: Mapping[str, Sequence[int]] | None = None
) -> go.Figure:
    """Draw the number of sites of each class.

    Parameters
    ----------
    data : sequence of mapping
        One per absorber, as `edgepair.dataset.summarise` makes them.
    task : str
        A classification task.
    used : mapping of str to sequence of int, optional
        Classes that the study used, by absorber; counts of the others stand in brackets.

    Returns
    -------
    plotly.graph_objects.Figure
        Text: number of sites. Colour: share of the absorber's sites.
    """
    import plotly.graph_objects as go

    counts = {item["absorber"]: item["tasks"].get(task, {}).get("classes", {}) for item in data}
    counts = {name: classes for name, classes in counts.items() if classes}
    names = sorted({name for classes in counts.values() for name in classes}, key=float)
    share, texts, hover = [], [], []
    for absorber, classes in counts.items():
        total = sum(classes.values())
        kept = None if used is None else {f"{name:g}" for name in used.get(absorber, [])}
        share.append([classes.get(name, 0) / total for name in names])
        texts.append([_bracketed(classes.get(name, 0), kept is None or name in kept) for name in names])
        hover.append(
            [f"{count(classes.get(n, 0))} sites, {percent(classes.get(n, 0) / total)}" for n in names]
        )
    figure = go.Figure(
        go.Heatmap(
            z=[rounded(row, 3) for row in share],
            x=names,
            y=[safe(name) for name in counts],
            text=texts,
            texttemplate="%{text}",
            textfont={"size": 12},
            customdata=hover,
            hovertemplate=f"%{{y}}, {task_title(task)} %{{x}}<br>%{{customdata}}<extra></extra>",
            colorscale=[[0, "#f7f9fa"], [0.5, "#a3afba"], [1, "#3e4c59"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_xaxes(
        title_text=f"{task_title(task)} (no unit)", type="category", showgrid=False, showline=False
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, tickfont={"size": 14})
    return styled(figure, height=70 + 38 * max(len(counts), 1))


def _bracketed(number: int, used: bool) -> str:
    if not number:
        return ""
    return count(number) if used else f"({count(number)})"


def value_figure(predictions: pd.DataFrame, *, task: str) -> go.Figure:
    """Draw the spread of a regression task's true values, a ridge per absorber.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns of ``predictions.csv``.
    task : str
        A regression task.

    Returns
    -------
    plotly.graph_objects.Figure
        Share of sites per 0.02 of the task's unit; ridges have one scale each.
    """
    import plotly.graph_objects as go

    selected = select(predictions, task=task).drop_duplicates(["absorber", "site"])
    absorbers = list(dict.fromkeys(selected["absorber"]))
    figure = go.Figure()
    unit, symbol = about_task(task).unit, about_task(task).symbol
    for row, absorber in enumerate(absorbers):
        values = selected.loc[selected["absorber"] == absorber, "true"].to_numpy(dtype=float)
        first, last = np.floor(values.min() / _BIN) - 1, np.ceil(values.max() / _BIN) + 2
        edges = np.arange(first, last) * _BIN
        counts, _ = np.histogram(values, edges)
        x = np.repeat(edges, 2)[1:-1]
        y = np.repeat(row - 0.85 * counts / max(counts.max(), 1), 2)
        foot = scatter([x[0], x[-1]], [row, row], line={"color": "#b8c1ca", "width": 1}, showlegend=False)
        ridge: Look = {"line": {"color": _NEUTRAL, "width": 1.2}, "fillcolor": faded(_NEUTRAL, 0.25)}
        figure.add_trace(foot)
        figure.add_trace(scatter(rounded(x), rounded(y), fill="tonexty", showlegend=False, **ridge))
        hover = f"{safe(absorber)}: median %{{x:.3f}} {unit}, {count(len(values))} sites"
        look: Look = {"mode": "markers", "marker": {"symbol": "line-ns-open", "size": 12, "color": INK}}
        figure.add_trace(scatter([float(np.median(values))], [row], hover=hover, showlegend=False, **look))
    names = [safe(name) for name in absorbers]
    name_rows(figure, names, last=len(absorbers) - 0.75, first=-1.0, tickfont={"size": 14})
    figure.update_xaxes(title_text=f"{task_title(task)} {symbol} ({unit})", nticks=8)
    return styled(figure, height=70 + 62 * max(len(absorbers), 1))
