"""What named regions are worth, drawn under the mean curves, and against single points."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import METRIC_TITLES, interval, number, safe, short_title
from edgepair.report.kit.marks import (
    DRAWN_DISTANCE,
    Look,
    add_caption,
    axis_title,
    bars,
    curve_title,
    dots,
    name_rows,
    whiskers,
    write_at,
    zero_line,
)
from edgepair.report.kit.style import INK, MUTED, faded, modality_colour, styled
from edgepair.report.kit.tables import about_technique, in_order, is_regression, main_metric, rounded, select
from edgepair.report.study.figure_importances import add_class_curves

KINDS: Mapping[str, str] = MappingProxyType({"permutation": "shuffled", "shap": "SHAP"})
"""Kinds of importance that are drawn by region, and how they are called in short."""

_BANDS = ("rgba(31,41,51,0.035)", "rgba(31,41,51,0.10)")
_WIDTH = 380.0
"""Pixels that a plot has on a page of two columns: as much text must fit."""
_CHARACTER = 6.4
"""Pixels of a letter of a region's name."""


def region_figure(
    curves: pd.DataFrame,
    regions: pd.DataFrame,
    importances: pd.DataFrame,
    *,
    absorber: str,
    task: str,
    technique: str,
) -> go.Figure:
    """Draw what each named region of one technique's curve is worth, under the mean curves.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns of ``curves.csv``; may be empty.
    regions : pandas.DataFrame
        Regions of an `Interpretation`.
    importances : pandas.DataFrame
        Importances of an `Interpretation`; rows grouped by region are drawn.
    absorber, task, technique : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        Mean curve of each class with its 16th to 84th percentile and the regions as labelled bands
        (against eV or Å); under it for each modality that reads this technique the fall of the main
        score when the region is shuffled, and its mean absolute SHAP value in the answer's unit,
        with 95 % intervals.
    """
    bands = select(regions, absorber=absorber, technique=technique)
    selected = select(importances, absorber=absorber, task=task, technique=technique, grouping="region")
    kinds = [kind for kind in KINDS if (selected["kind"] == kind).any()]
    heights = [0.5, *[0.5 / max(len(kinds), 1)] * len(kinds)] if kinds else [1.0]
    figure = make_subplots(
        rows=len(heights), cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.085
    )
    drawn = select(curves, absorber=absorber, task=task, technique=technique)
    span = region_span(bands, technique)
    drawn = drawn[(drawn["position"] >= span[0]) & (drawn["position"] <= span[1])]
    if len(drawn):
        figure.update_yaxes(range=add_class_curves(figure, drawn, task), row=1, col=1)
    strip = add_regions(figure, bands, span, n_rows=len(heights))
    modalities = in_order(selected["modality"].tolist(), [technique])
    for row, kind in enumerate(kinds, 2):
        for index, modality in enumerate(modalities):
            rows = select(selected, kind=kind, modality=modality)
            _add_bars(figure, rows, span, modality, index, len(modalities), row=row)
        add_caption(figure, row, _kind_caption(kind, task))
        figure.update_yaxes(title_text=_short_axis(kind, task), nticks=4, row=row, col=1)
        zero_line(figure, vertical=False, row=row, col=1)
    figure.update_xaxes(range=list(span), showgrid=False, nticks=8)
    figure.update_xaxes(title_text=axis_title(technique), row=len(heights), col=1)
    figure.update_yaxes(title_text=curve_title(technique, absorber), nticks=6, row=1, col=1)
    height = 300 + 120 * len(kinds) + strip
    return styled(
        figure,
        height=height,
        showlegend=True,
        barmode="overlay",
        hovermode="closest",
        legend={"y": 1 + strip / (height - 90)},
        legend_traceorder="normal",
    )


def point_figure(
    importances: pd.DataFrame, regions: pd.DataFrame, *, absorber: str, task: str, modality: str
) -> go.Figure | None:
    """Draw single points against whole regions: why points shuffled one by one mislead.

    Parameters
    ----------
    importances : pandas.DataFrame
        Importances of an `Interpretation`; rows of kind ``permutation`` are drawn.
    regions : pandas.DataFrame
        Its regions.
    absorber, task, modality : str
        What is drawn; of a combination its first technique.

    Returns
    -------
    plotly.graph_objects.Figure or None
        Wide pale bars: fall of the main score when a region is shuffled as a whole; narrow dark ones:
        when its points are shuffled one at a time, each with its 95 % interval on hover. None where
        no points were tried.
    """
    selected = select(importances, absorber=absorber, task=task, modality=modality, kind="permutation")
    points = selected[selected["grouping"] == "point"]
    if not len(points):
        return None
    technique = str(points["technique"].iloc[0])
    points = points[points["technique"] == technique]
    whole = select(selected, grouping="region", technique=technique)
    bands = select(regions, absorber=absorber, technique=technique)
    span = region_span(bands, technique)
    colour = modality_colour(technique)
    wide = bars(
        *_clipped(whole, span),
        whole["value"],
        faded(colour, 0.28),
        hover_texts(whole, 3),
        fill=0.94,
        name="all points of a region at once",
        error_y=whiskers(whole),
    )
    first, last = (points[name].to_numpy(dtype=float) for name in ("low", "high"))
    name = "one point at a time"
    narrow = bars(first, last, points["value"], INK, hover_texts(points, 4), fill=0.8, name=name)
    narrow.width = rounded(np.maximum(0.8 * (last - first), 0.003 * (span[1] - span[0])), 5)
    figure = go.Figure([wide, narrow])
    strip = add_regions(figure, bands, span)
    zero_line(figure, vertical=False)
    figure.update_xaxes(title_text=axis_title(technique), range=list(span), showgrid=False, nticks=8)
    figure.update_yaxes(title_text=kind_axis("permutation", task), nticks=5)
    height = 260 + strip
    return styled(
        figure, height=height, showlegend=True, barmode="overlay", legend={"y": 1 + strip / (height - 80)}
    )


def region_span(bands: pd.DataFrame, technique: str) -> tuple[float, float]:
    """Find what part of a curve is drawn: that of the regions, PDFs no farther than people look.

    Returns in eV.
    """
    if not len(bands):
        return 0.0, 1.0
    first, last = float(bands["low"].min()), float(bands["high"].max())
    return first, min(last, DRAWN_DISTANCE) if about_technique(technique).axis == "r" else last


def add_regions(figure: go.Figure, bands: pd.DataFrame, span: tuple[float, float], *, n_rows: int = 1) -> int:
    """Lay regions behind a figure as bands, named above its first row."""
    lines = 1
    # all at once: each that is added alone has those before it checked again
    shapes, names = [], []
    for index, band in enumerate(bands.sort_values("low").itertuples()):
        low, high = max(float(band.low), span[0]), min(float(band.high), span[1])
        if high <= low:
            continue
        for row in range(1, n_rows + 1):
            suffix = "" if row == 1 else str(row)
            shapes.append(
                {"type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "xref": f"x{suffix}",
                 "yref": f"y{suffix} domain", "fillcolor": _BANDS[index % 2], "line": {"width": 0},
                 "layer": "below"}
            )  # fmt: skip
        fits = int(_WIDTH * (high - low) / (span[1] - span[0]) / _CHARACTER)
        wrapped = textwrap.wrap(str(band.title), max(fits, 5), break_long_words=False)
        lines = max(lines, len(wrapped))
        names.append(
            {"x": (low + high) / 2, "xref": "x", "y": 1, "yref": "y domain",
             "text": "<br>".join(map(safe, wrapped)), "showarrow": False, "yanchor": "bottom",
             "font": {"size": 11, "color": MUTED}}
        )  # fmt: skip
    figure.update_layout(
        shapes=[*figure.layout.shapes, *shapes], annotations=[*figure.layout.annotations, *names]
    )
    return 6 + 15 * lines


def kind_axis(kind: str, task: str) -> str:
    """Name the axis of a kind of importance, with its unit.

    >>> kind_axis("permutation", "oxidation_state"), kind_axis("shap", "bond_length")
    ('fall of F1 (no unit)', 'mean |SHAP| (Å)')
    """
    if kind == "permutation":
        return f"fall of {METRIC_TITLES[main_metric(task)].split()[-1]} (no unit)"
    return f"mean |SHAP| {_short_axis(kind, task)}"


def _short_axis(kind: str, task: str) -> str:
    """Name an axis that is no taller than a few letters; the caption above it says the rest."""
    if kind == "permutation":
        return f"Δ{METRIC_TITLES[main_metric(task)].split()[-1]}"
    return "(Å)" if is_regression(task) else "(prob.)"


def _kind_caption(kind: str, task: str) -> str:
    if kind == "permutation":
        return f"fall of {METRIC_TITLES[main_metric(task)]} when a region is shuffled"
    return "mean absolute SHAP value of a region"


def _clipped(rows: pd.DataFrame, span: tuple[float, float]) -> tuple[Floats, Floats]:
    low = np.maximum(rows["low"].to_numpy(dtype=float), span[0])
    return low, np.minimum(rows["high"].to_numpy(dtype=float), span[1])


def _add_bars(
    figure: go.Figure,
    rows: pd.DataFrame,
    span: tuple[float, float],
    modality: str,
    index: int,
    of: int,
    *,
    row: int,
) -> None:
    """Set one modality's bars side by side with those of the others inside each region."""
    low, high = _clipped(rows, span)
    slot = 0.9 * (high - low) / of
    left = low + 0.05 * (high - low) + index * slot
    title = short_title(modality)
    colour, hover = faded(modality_colour(modality), 0.75), [f"{title}: {t}" for t in hover_texts(rows, 3)]
    legend: Look = {"name": title, "legendgroup": modality, "showlegend": row == 2}
    trace = bars(left, left + slot, rows["value"], colour, hover, fill=0.88, error_y=whiskers(rows), **legend)
    figure.add_trace(trace, row, 1)


def hover_texts(rows: pd.DataFrame, digits: int) -> list[str]:
    """Write importances with their intervals, for hovering."""
    return [
        f"{safe(row.title)}: {number(row.value, digits)} (95 % interval "
        f"{interval(row.lower, row.upper, digits)})"
        for row in rows.itertuples()
    ]


MOST_GROUPS = 12
"""Rows of a dot plot at most; the most important ones are drawn."""

_LABEL = 46
"""Letters of a row's name; what is longer is cut, and whole on hover."""


def group_figure(
    importances: pd.DataFrame, *, absorber: str, task: str, modality: str, grouping: str
) -> go.Figure | None:
    """Draw what groups of features are worth as dots with intervals, by every method at hand.

    Parameters
    ----------
    importances : pandas.DataFrame
        Importances of an `Interpretation`.
    absorber, task, modality : str
        What is drawn.
    grouping : str
        ``technique``, ``region`` or ``cluster``.

    Returns
    -------
    plotly.graph_objects.Figure or None
        A row per group, along the curves, in the colour of its technique; a column per method: the
        fall of the main score when the group is shuffled, and its mean absolute SHAP value in the
        answer's unit, with 95 % intervals. Of more than `MOST_GROUPS` groups those of the largest
        fall are drawn. None where there is nothing to draw.
    """
    selected = select(importances, absorber=absorber, task=task, modality=modality, grouping=grouping)
    kinds = [kind for kind in KINDS if (selected["kind"] == kind).any()]
    if not kinds:
        return None
    # Techniques may share the name of a region.
    selected = selected.assign(key=selected["technique"].astype(str) + " " + selected["name"].astype(str))
    groups = _largest(selected[selected["kind"] == kinds[0]])
    keys = groups["key"].tolist()
    several = groups["technique"].nunique() > 1
    labels = [
        (f"{short_title(str(group.technique))}: " if several and grouping != "technique" else "")
        + safe(textwrap.shorten(str(group.title), _LABEL, placeholder=" …"))
        for group in groups.itertuples()
    ]
    figure = make_subplots(rows=1, cols=len(kinds), shared_yaxes=True, horizontal_spacing=0.06)
    for column, kind in enumerate(kinds, 1):
        for technique in in_order(selected["technique"].astype(str).tolist(), list(TECHNIQUES)):
            rows = select(selected, kind=kind, technique=technique)
            rows = rows[rows["key"].isin(keys)]
            if len(rows):
                figure.add_trace(_dots(rows, keys, technique, first=column == 1), 1, column)
        zero_line(figure, row=1, col=column)
        figure.update_xaxes(
            title_text=kind_axis(kind, task),
            range=_room(select(selected, kind=kind)),
            nticks=4,
            row=1,
            col=column,
        )
        axis = f"x{column if column > 1 else ''} domain"
        write_at(figure, KINDS[kind], xref=axis, yref="paper", yanchor="bottom")
    name_rows(figure, labels)
    figure.update_yaxes(showticklabels=True, col=1)
    return styled(
        figure,
        height=110 + 26 * len(keys) + 24 * several,
        showlegend=bool(several),
        legend={"y": 1 + 22 / (40 + 26 * len(keys))},
        margin={"t": 22},
    )


def _dots(rows: pd.DataFrame, keys: Sequence[str], technique: str, *, first: bool) -> go.Scatter:
    return dots(
        rounded(rows["value"], 4),
        [keys.index(key) for key in rows["key"]],
        hover_texts(rows, 3),
        modality=technique,
        error=whiskers(rows, modality_colour(technique), thickness=1.6),
        name=short_title(technique),
        legendgroup=technique,
        showlegend=first,
    )


def _room(rows: pd.DataFrame) -> list[float]:
    """Leave room for whole marks on both sides of the values."""
    ends = np.concatenate(
        [[0.0], *(rows[name].to_numpy(dtype=float) for name in ("value", "lower", "upper"))]
    )
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    pad = 0.06 * (high - low) or 0.01
    return [low - pad, high + pad]


def _largest(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the most important groups, in the order in which they stand along the curves."""
    chosen = rows.sort_values("value", ascending=False, kind="stable").head(MOST_GROUPS)
    order = {name: index for index, name in enumerate(TECHNIQUES)}
    return chosen.sort_values(
        ["technique", "low"],
        key=lambda column: column.map(order) if column.name == "technique" else column,
        kind="stable",
    )
