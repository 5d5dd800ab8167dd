"""Learning curves: what more data would bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions.wording import interval, metric_title, number, short_title
from edgepair.report.kit.marks import joined_dots, whiskers
from edgepair.report.kit.style import faded, modality_colour, styled
from edgepair.report.kit.tables import in_order, main_metric, rounded, select

if TYPE_CHECKING:
    import plotly.graph_objects as go


def learning_figure(
    learning: pd.DataFrame,
    *,
    absorber: str,
    task: str,
    learner: str = "forest",
    modalities: Sequence[str] = (),
    groups: str = "formulas",
) -> go.Figure:
    """Draw the main score against the number of formulas to learn from.

    Parameters
    ----------
    learning : pandas.DataFrame
        Columns of ``learning.csv``.
    absorber, task, learner : str
        What is drawn.
    modalities : sequence of str, optional
        Order of the modalities.
    groups : str, optional
        What is counted, for people.

    Returns
    -------
    plotly.graph_objects.Figure
        A line per modality with 95 % intervals; the number of formulas on a logarithmic axis.
    """
    import plotly.graph_objects as go

    selected = select(learning, absorber=absorber, task=task, learner=learner, metric=main_metric(task))
    figure = go.Figure()
    names = in_order(selected["modality"].tolist(), modalities)
    positions = np.sort(selected["n_formulas"].unique()).astype(float)
    for index, modality in enumerate(names):
        rows = selected[selected["modality"] == modality].sort_values("n_formulas")
        # Intervals would hide each other at the same place: a factor of at most 3 % moves them.
        shift = 1.012 ** (index - (len(names) - 1) / 2)
        colour = modality_colour(modality)
        hover = [
            f"<b>{short_title(modality)}</b>, {row.n_formulas} {groups}<br>{number(row.value)}"
            f"<br>95 % interval {interval(row.lower, row.upper)}"
            for row in rows.itertuples()
        ]
        x = rounded(rows["n_formulas"].to_numpy(dtype=float) * shift, 5)
        error = whiskers(rows, faded(colour, 0.4), thickness=1.4)
        figure.add_trace(joined_dots(x, rounded(rows["value"]), hover, modality, width=1.6, error=error))
    figure.update_xaxes(
        type="log",
        title_text=f"training {groups} (number)",
        tickangle=0,
        tickvals=positions.tolist(),
        ticktext=[f"{value:,.0f}" for value in positions],
        showgrid=False,
    )
    figure.update_yaxes(title_text=metric_title(main_metric(task)), nticks=6)
    return styled(figure, height=330)
