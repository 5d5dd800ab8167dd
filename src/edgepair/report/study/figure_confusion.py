"""Confusion matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions.wording import count, percent
from edgepair.report.kit.style import INK, faded, modality_colour, styled
from edgepair.report.kit.tables import about_task, confusion_counts, select

if TYPE_CHECKING:
    import plotly.graph_objects as go


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
    import plotly.graph_objects as go

    selected = select(predictions, absorber=absorber, task=task, modality=modality, learner=learner)
    names, counts = confusion_counts(selected)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    colour = modality_colour(modality)
    labels = [str(name) for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=np.round(share, 3).tolist(),
            x=labels,
            y=labels,
            text=[[count(value) if value else "" for value in row] for row in counts.tolist()],
            texttemplate="%{text}",
            textfont={"size": 14, "color": INK},
            customdata=[
                [
                    f"{count(value)} of {count(row.sum())} ({percent(part)})"
                    for value, part in zip(row, parts, strict=True)
                ]
                for row, parts in zip(counts, share, strict=True)
            ],
            hovertemplate="true %{y}, predicted %{x}<br>%{customdata}<extra></extra>",
            colorscale=[[0, "#f7f9fa"], [1, _blend(colour, FULLEST)]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    symbol = about_task(task).symbol
    figure.update_xaxes(title_text=f"predicted {symbol}", type="category", showgrid=False, showline=False)
    figure.update_yaxes(title_text=f"true {symbol}", type="category", autorange="reversed", showgrid=False)
    return styled(figure, height=min(90 + 46 * len(names), 460))


def _blend(colour: str, part: float) -> str:
    """Mix a colour with white, without transparency: what lies beneath must not change the contrast."""
    red, green, blue = (int(text) for text in faded(colour, 1).removeprefix("rgba(").split(",")[:3])
    return "#" + "".join(f"{round(255 + (value - 255) * part):02x}" for value in (red, green, blue))
