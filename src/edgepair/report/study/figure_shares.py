"""How the importance is shared between the techniques of a combination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import interval, percent, safe, short_title
from edgepair.report.kit.marks import HOVER, dots, error_bars, name_rows, write_at
from edgepair.report.kit.style import INK, modality_colour, styled
from edgepair.report.kit.tables import Record, in_order, select

if TYPE_CHECKING:
    import plotly.graph_objects as go


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
    import plotly.graph_objects as go

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
            for number, name in enumerate(names):
                row = rows[rows["technique"] == name].iloc[0]
                part = {"y": index, "x": float(row["value"]), "base": start, "row": row, "of": modality}
                parts.setdefault(name, []).append(part)
                start += float(row["value"])
                if number == 0:
                    null = select(null_rows, modality=modality, absorber=absorber, technique=name)
                    nulls += [(index, float(value)) for value in null["value"]]
                    whiskers.append((index, row["value"], row["lower"], row["upper"]))
                elif number == len(names) - 1 > 1:
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
    import plotly.graph_objects as go

    return go.Bar(
        orientation="h",
        name=short_title(name),
        x=[100 * part["x"] for part in parts],
        base=[100 * part["base"] for part in parts],
        y=[part["y"] for part in parts],
        width=0.62,
        marker={"color": modality_colour(name), "opacity": 0.85, "line": {"width": 0}},
        text=[percent(part["x"]) if part["x"] > 0.16 else "" for part in parts],
        textposition="inside",
        insidetextanchor="start" if name == "xanes" else "end",
        textangle=0,
        textfont={"color": "#ffffff" if name == "xanes" else INK, "size": 12},
        hovertext=[
            f"<b>{safe(part['row']['absorber'])} · {short_title(part['of'])}</b><br>{short_title(name)} "
            f"{percent(part['x'])}<br>95 % interval "
            f"{interval(100 * part['row']['lower'], 100 * part['row']['upper'], 0)} %"
            for part in parts
        ],
        hovertemplate=HOVER,
    )


def _whiskers(ends: list[tuple[float, float, float, float]]) -> go.Scatter:
    y, value, lower, upper = (list(column) for column in zip(*ends, strict=True))
    percents = (np.multiply(100, part) for part in (value, lower, upper))
    x, low, high = (part.tolist() for part in percents)
    error = error_bars(x, low, high, INK, thickness=1.6, width=4, digits=None)
    return dots(x, y, [], marker={"size": 1, "color": INK}, error=error).update(
        hovertext=None, hovertemplate=None, hoverinfo="skip"
    )
