"""Honest splits beside a random one: how much the easier test flatters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions.wording import METRIC_TITLES, metric_title, number, safe, short_title
from edgepair.report.kit.marks import Look, dots, scatter
from edgepair.report.kit.style import PAPER, faded, modality_colour, styled
from edgepair.report.kit.tables import main_metric, main_scores
from edgepair.report.study.figure_overview import dodge, row_axis

if TYPE_CHECKING:
    import plotly.graph_objects as go


def split_figure(
    scores: pd.DataFrame,
    *,
    task: str,
    absorbers: Sequence[str],
    modalities: Sequence[str],
    learner: str = "forest",
    split: str = "formula",
) -> go.Figure:
    """Draw the score under honest and under random splits, joined by a line.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns of ``scores.csv``, with rows of split ``random`` beside those of `split`.
    task : str
        What is drawn.
    absorbers, modalities : sequence of str
        Rows, and dots within a row.
    learner, split : str, optional
        Whose scores; the honest split.

    Returns
    -------
    plotly.graph_objects.Figure
        Filled: honest; open: random (pure numbers).
    """
    import plotly.graph_objects as go

    honest = main_scores(scores, task=task, learner=learner, split=split)
    random = main_scores(scores, task=task, learner=learner, split="random")
    both = honest.merge(random, on=["absorber", "modality"], suffixes=("", "_random"))
    metric = METRIC_TITLES[main_metric(task)]
    figure = go.Figure()
    for index, modality in enumerate(modalities):
        rows = both[(both["modality"] == modality) & both["absorber"].isin(absorbers)]
        colour = modality_colour(modality)
        at = np.array([list(absorbers).index(name) for name in rows["absorber"]], dtype=float)
        y = (at + index if len(absorbers) == 1 else at + dodge(index, len(modalities))).tolist()
        first, second = rows["value"].tolist(), rows["value_random"].tolist()
        hover = [
            f"<b>{safe(row.absorber)} · {short_title(modality)}</b><br>{metric} {number(row.value)} honest, "
            f"{number(row.value_random)} random<br>"
            f"random less honest {number(row.value_random - row.value, sign=True)}"
            for row in rows.itertuples()
        ]
        gaps = [item for a, b in zip(first, second, strict=True) for item in (a, b, None)]
        rows_of_gaps = [item for value in y for item in (value, value, None)]
        figure.add_trace(scatter(gaps, rows_of_gaps, line={"color": faded(colour, 0.5), "width": 2.5}))
        for x, fill, edge in ((first, colour, 0), (second, PAPER, 1.6)):
            look: Look = {"color": fill, "line": {"color": colour, "width": edge}}
            figure.add_trace(dots(x, y, hover, modality=modality, marker=look, name=short_title(modality)))
    figure.update_yaxes(**row_axis(absorbers, modalities))
    figure.update_xaxes(title_text=metric_title(main_metric(task)), nticks=6)
    n_rows = len(modalities) if len(absorbers) == 1 else len(absorbers)
    per_row = 30 if len(absorbers) == 1 else max(40, 13 * len(modalities) + 12)
    return styled(figure, height=n_rows * per_row + 60)
