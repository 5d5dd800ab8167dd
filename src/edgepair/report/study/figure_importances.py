"""Importances drawn on the mean curve of each class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from edgepair.conventions.wording import METRIC_TITLES, counted, number, safe
from edgepair.report.kit.marks import (
    DRAWN_DISTANCE,
    add_caption,
    axis_title,
    band,
    bars,
    curve_title,
    error_bars,
    scatter,
    whiskers,
    zero_line,
)
from edgepair.report.kit.style import faded, modality_colour, sequence_colours, styled
from edgepair.report.kit.tables import (
    about_task,
    about_technique,
    even_axis,
    is_regression,
    main_metric,
    rounded,
    select,
)

SMOOTHED_POINTS = 5
"""Points over which the ground behind the curves is averaged."""


def importance_figure(
    curves: pd.DataFrame,
    importances: pd.DataFrame,
    *,
    absorber: str,
    task: str,
    modality: str,
    technique: str,
    learner: str = "forest",
) -> go.Figure:
    """Draw where along one technique's curve the answer was found.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns of ``curves.csv``.
    importances : pandas.DataFrame
        Columns of ``importances.csv``.
    absorber, task, modality, technique, learner : str
        What is drawn: one technique of a modality.

    Returns
    -------
    plotly.graph_objects.Figure
        Mean curve of each class with its 16th to 84th percentile, on a ground that is darker where
        the importance is larger (against eV or Å); under it the impurity importance of each point,
        %, and, where there is one, the fall of the main score when a window is shuffled.
    """
    selected = select(
        importances, absorber=absorber, task=task, modality=modality, technique=technique, learner=learner
    )
    selected = selected[selected["position"].notna()]
    impurity = selected[selected["kind"] == "impurity"].sort_values("position")
    permutation = selected[selected["kind"] == "permutation"].sort_values("position")
    shown = select(curves, absorber=absorber, task=task, technique=technique)
    about = about_technique(technique)
    if about.axis == "r":
        last = max([DRAWN_DISTANCE, *selected["position_high"].dropna().tolist()])
        shown = shown[shown["position"] <= last]
    heights = [0.62, 0.2, 0.18] if len(permutation) else [0.72, 0.28]
    n_rows = len(heights)
    figure = make_subplots(
        rows=n_rows,
        cols=1,
        shared_xaxes=True,
        row_heights=heights,
        vertical_spacing=0.1 if n_rows == 2 else 0.085,
    )
    colour = modality_colour(technique)
    metric = METRIC_TITLES[main_metric(task)]
    lower, upper = add_class_curves(figure, shown, task)
    if len(impurity):
        _add_ground(figure, impurity, colour, lower, upper)
        _add_impurity(figure, impurity, colour)
        width = float((impurity["position_high"] - impurity["position_low"]).median())
        add_caption(figure, 2, f"impurity importance of each {width:.2g} {about.unit} point")
    if len(permutation):
        _add_permutation(figure, permutation, colour)
        add_caption(figure, 3, f"fall of {metric} when a window is shuffled")
        figure.update_yaxes(title_text=f"Δ{metric.split()[-1]}", nticks=4, row=3, col=1)
    figure.update_xaxes(title_text=axis_title(technique), row=n_rows, col=1)
    figure.update_xaxes(showgrid=False, nticks=8, range=_span(shown, impurity))
    title = curve_title(technique, absorber)
    figure.update_yaxes(title_text=title, range=[lower, upper], nticks=6, row=1, col=1)
    figure.update_yaxes(title_text="share (%)", rangemode="tozero", nticks=4, row=2, col=1)
    return styled(
        figure,
        height=500 if n_rows == 3 else 420,
        showlegend=True,
        hovermode="closest",
        legend_traceorder="normal",
    )


def add_class_curves(figure: go.Figure, curves: pd.DataFrame, task: str) -> tuple[float, float]:
    """Draw the mean curve of each class with its 16th to 84th percentile into the first row."""
    groups = list(dict.fromkeys(curves["group"].astype(str)))
    symbol = "" if is_regression(task) else about_task(task).symbol + " "
    traces: list[go.Scatter] = []
    for group, colour in zip(groups, sequence_colours(len(groups)), strict=True):
        rows = curves[curves["group"].astype(str) == group].sort_values("position")
        x = even_axis(rows["position"], 7)
        n_sites = int(rows["n_sites"].iloc[0])
        mean = scatter(
            x,
            rounded(rows["mean"], 4),
            name=f"{symbol}{safe(group)} ({n_sites:,})",
            line={"color": colour, "width": 1.8},
            hover=f"{symbol}{safe(group)}, {counted(n_sites, 'site')}<br>%{{x:.2f}}: %{{y:.3f}}",
        )
        traces += [*band(x, rows, faded(colour, 0.1), digits=3), mean]
    figure.add_traces(traces, *([1] * len(traces),) * 2)
    return _frame(curves)


def _frame(curves: pd.DataFrame) -> tuple[float, float]:
    """Leave room for the means and for most of the bands, whose spikes would flatten the means."""
    mean = curves["mean"].to_numpy(dtype=float)
    if not np.isfinite(mean).any():
        return 0.0, 1.0
    low, high = float(np.nanmin(mean)), float(np.nanmax(mean))
    room = 0.4 * (high - low) or 0.1
    pad = 0.04 * (high - low) or 0.1
    return (
        max(low - room, float(np.nanmin(curves["lower"])) - pad),
        min(high + room, float(np.nanmax(curves["upper"])) + pad),
    )


def _span(curves: pd.DataFrame, impurity: pd.DataFrame) -> list[float] | None:
    positions = np.concatenate([curves["position"].to_numpy(float), impurity["position"].to_numpy(float)])
    return [float(positions.min()), float(positions.max())] if len(positions) else None


def _add_ground(figure: go.Figure, impurity: pd.DataFrame, colour: str, lower: float, upper: float) -> None:
    # Trees spread their choice over neighbours that say the same: a running mean is quieter.
    value = (
        impurity["value"].rolling(SMOOTHED_POINTS, center=True, min_periods=1).mean().to_numpy(dtype=float)
    )
    figure.add_trace(
        go.Heatmap(
            **even_axis(impurity["position"], 7),
            y=[lower, upper],
            z=[rounded(100 * value, 3)],
            colorscale=[[0, faded(colour, 0.0)], [1, faded(colour, 0.55)]],
            zmin=0,
            zmax=float(np.nanmax(value) * 100) or 1.0,
            showscale=False,
            hoverinfo="skip",
        ),
        1,
        1,
    )


def _add_impurity(figure: go.Figure, impurity: pd.DataFrame, colour: str) -> None:
    percent = {name: 100 * impurity[name].to_numpy(dtype=float) for name in ("value", "lower", "upper")}
    figure.add_trace(
        go.Bar(
            **even_axis(impurity["position"], 7),
            y=rounded(percent["value"], 3),
            marker={"color": colour, "line": {"width": 0}},
            error_y=error_bars(**percent, colour="rgba(31,41,51,0.3)", thickness=0.8, digits=3),
            showlegend=False,
            hovertemplate="%{x:.2f}: %{y:.2f} % of the importance<extra></extra>",
        ),
        2,
        1,
    )


def _add_permutation(figure: go.Figure, permutation: pd.DataFrame, colour: str) -> None:
    value = permutation["value"].to_numpy(dtype=float)
    low, high = (permutation[name].to_numpy(dtype=float) for name in ("position_low", "position_high"))
    hover = [
        f"{number(a, 1)} to {number(b, 1)}: {number(v, sign=True)}"
        for a, b, v in zip(low, high, -value, strict=True)
    ]
    error = whiskers(permutation, "rgba(31,41,51,0.6)", thickness=1, digits=3)
    trace = bars(
        low,
        high,
        np.array(rounded(value, 3), dtype=float),
        faded(colour, 0.45),
        hover,
        digits=6,
        error_y=error,
        showlegend=False,
    )
    figure.add_trace(trace, 3, 1)
    zero_line(figure, vertical=False, row=3, col=1)
