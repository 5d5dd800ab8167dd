"""What groups of features are worth, as dots with intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import safe, short_title
from edgepair.report.interpretation.figure_regions import KINDS, hover_texts, kind_axis
from edgepair.report.kit.marks import dots, name_rows, whiskers, write_at, zero_line
from edgepair.report.kit.style import modality_colour, styled
from edgepair.report.kit.tables import in_order, rounded, select

if TYPE_CHECKING:
    import plotly.graph_objects as go

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
    from plotly.subplots import make_subplots

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
