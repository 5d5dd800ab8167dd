"""Predicted against true: confusion matrices of classes, parity plots with residuals of lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import METRIC_TITLES, count, number, percent, safe, task_title
from edgepair.report.kit.marks import ZERO, Look, cell_map, name_rows, scatter, zero_line
from edgepair.report.kit.style import INK, MUTED, faded, mixed, modality_colour, styled
from edgepair.report.kit.tables import about_task, confusion_counts, rounded, select, site_means, thinned

FULLEST = 0.5
"""Part of a technique's colour in a cell that all of a class fall into: its number is still read on it.
White numbers on full colours, and dark ones beside them, are each faint on some cell between."""


def confusion_figure(
    predictions: pd.DataFrame, *, absorber: str, task: str, modality: str, learner: str = "forest"
) -> go.Figure:
    """Draw how often each class was taken for each other one.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns of ``predictions.csv``.
    absorber, task, modality, learner : str
        What is drawn; repeats are pooled.

    Returns
    -------
    plotly.graph_objects.Figure
        Colour: share of the true class (rows add up to 1). Text: number of predictions.
    """
    selected = select(predictions, absorber=absorber, task=task, modality=modality, learner=learner)
    names, counts = confusion_counts(selected)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    colour = modality_colour(modality)
    labels = [str(name) for name in names]
    of_class = [
        [
            f"{count(value)} of {count(row.sum())} ({percent(part)})"
            for value, part in zip(row, parts, strict=True)
        ]
        for row, parts in zip(counts, share, strict=True)
    ]
    texts = [[count(value) if value else "" for value in row] for row in counts.tolist()]
    figure = go.Figure(
        cell_map(
            labels, labels, np.round(share, 3).tolist(), texts, font={"size": 14, "color": INK},
            colours=[(0, "#f7f9fa"), (1, mixed("#ffffff", colour, FULLEST))], customdata=of_class,
            hover="true %{y}, predicted %{x}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    symbol = about_task(task).symbol
    figure.update_xaxes(title_text=f"predicted {symbol}", type="category", showgrid=False, showline=False)
    figure.update_yaxes(title_text=f"true {symbol}", type="category", autorange="reversed", showgrid=False)
    return styled(figure, height=min(90 + 46 * len(names), 460))


def parity_figure(
    predictions: pd.DataFrame,
    *,
    absorber: str,
    task: str,
    modality: str,
    learner: str = "forest",
    scores: pd.DataFrame | None = None,
    seed: int = 0,
) -> go.Figure:
    """Draw predicted against true values, and what is left over.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns of ``predictions.csv``.
    absorber, task, modality, learner : str
        What is drawn; the predictions of a site are averaged over repeats.
    scores : pandas.DataFrame, optional
        Rows of ``scores.csv`` of one split: R² and the mean absolute error are written in.
    seed : int, optional
        Seeds the choice of sites where there are more than 800.

    Returns
    -------
    plotly.graph_objects.Figure
        Above: predicted against true; below: predicted less true; in the task's unit.
    """
    selected = select(predictions, absorber=absorber, task=task, modality=modality, learner=learner)
    sites = thinned(site_means(selected), seed=seed)
    true = np.round(sites["true"].to_numpy(dtype=float), 4)
    predicted = np.round(sites["predicted"].to_numpy(dtype=float), 4)
    rest = np.round(predicted - true, 4)
    symbol, unit = about_task(task).symbol, about_task(task).unit
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.05)
    marker = {"color": faded(modality_colour(modality), 0.4), "size": 5, "line": {"width": 0}}
    ends = np.concatenate([true, predicted]) if len(true) else np.array([0.0, 1.0])
    pad = 0.03 * float(np.ptp(ends)) or 0.01
    span = [float(ends.min()) - pad, float(ends.max()) + pad]
    figure.add_trace(scatter(span, span, line=ZERO), 1, 1)
    look: Look = {"mode": "markers", "marker": marker}
    x, formulas = true.tolist(), [safe(name) for name in sites["formula"]]
    words = f"%{{hovertext}}<br>true %{{x:.3f}} {unit}, predicted %{{y:.3f}} {unit}"
    figure.add_trace(scatter(x, predicted.tolist(), hover=words, hovertext=formulas, **look), 1, 1)
    words = f"predicted less true %{{y:+.3f}} {unit}"
    figure.add_trace(scatter(x, rest.tolist(), hover=words, **look), 2, 1)
    zero_line(figure, vertical=False, row=2, col=1)
    if scores is not None:
        rows = select(scores, absorber=absorber, task=task, modality=modality, learner=learner)
        _write_scores(figure, dict(zip(rows["metric"], rows["value"], strict=True)), unit)
    largest = float(np.abs(rest).max()) * 1.08 if len(rest) else 1.0
    figure.update_xaxes(range=span, nticks=6)
    figure.update_xaxes(title_text=f"true {symbol} ({unit})", row=2, col=1)
    figure.update_yaxes(title_text=f"predicted ({unit})", range=span, nticks=6, row=1, col=1)
    rest_axis = {"title_text": f"residual ({unit})", "title_font_color": MUTED}
    figure.update_yaxes(**rest_axis, range=[-largest, largest], nticks=4, row=2, col=1)
    return styled(figure, height=430)


def _write_scores(figure: go.Figure, scores: dict[str, float], unit: str) -> None:
    if {"r2", "mae"} <= scores.keys():
        text = f"R² {number(scores['r2'])}<br>{METRIC_TITLES['mae']} {number(scores['mae'])} {unit}"
        figure.add_annotation(
            x=0, y=1, xref="x domain", yref="y domain", text=text, showarrow=False, align="left",
            xanchor="left", yanchor="top", font={"size": 12, "color": INK},
        )  # fmt: skip


_BIN = 0.02
_NEUTRAL = "#52606d"


def class_figure(
    data: Sequence[Record], *, task: str, used: Mapping[str, Sequence[int]] | None = None
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
        cell_map(
            names, [safe(name) for name in counts], [rounded(row, 3) for row in share], texts,
            colours=[(0, "#f7f9fa"), (0.5, "#a3afba"), (1, "#3e4c59")], font={"size": 12}, customdata=hover,
            hover=f"%{{y}}, {task_title(task)} %{{x}}<br>%{{customdata}}<extra></extra>",
        )
    )  # fmt: skip
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
