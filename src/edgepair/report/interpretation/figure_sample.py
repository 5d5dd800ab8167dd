"""Why one sample got its answer: what each named region of its own curve added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS
from edgepair.conventions.wording import number, safe, task_title
from edgepair.report.interpretation.figure_regions import add_regions, region_span
from edgepair.report.kit.marks import add_caption, axis_title, bars, scaled_title, scatter, zero_line
from edgepair.report.kit.style import INK, styled
from edgepair.report.kit.tables import even_axis, rounded, select
from edgepair.report.prediction.figures import LOWERED, RAISED
from edgepair.report.prediction.words import TASK_DIGITS

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import ArrayLike


def sample_region_figure(
    reasons: pd.DataFrame, *, technique: str, x: ArrayLike | None = None, y: ArrayLike | None = None
) -> go.Figure | None:
    """Draw what each named region of a sample's curve added to its answers.

    Parameters
    ----------
    reasons : pandas.DataFrame
        What `edgepair.interpret_sample` gives.
    technique : str
        Which curve.
    x, y : array_like, optional
        Shape (n,): the sample's curve, eV or Å.

    Returns
    -------
    plotly.graph_objects.Figure or None
        The curve with its regions as labelled bands; beneath it for each task what each region added
        (orange, above the line) or took away (blue, below it), in the answer's unit. None where
        there is nothing to draw.
    """
    from plotly.subplots import make_subplots

    selected = select(reasons, technique=technique)
    selected = selected[selected["low"].notna() & selected["high"].notna()]
    if not len(selected):
        return None
    tasks = [task for task in TASKS if (selected["task"] == task).any()]
    bands = selected.drop_duplicates("region")
    span = region_span(bands, technique)
    figure = make_subplots(
        rows=1 + len(tasks),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.055,
        row_heights=[0.5, *[0.5 / len(tasks)] * len(tasks)],
    )
    _add_curve(figure, x, y, span)
    strip = add_regions(figure, bands, span, n_rows=1 + len(tasks))
    for row, task in enumerate(tasks, 2):
        _add_task(figure, selected[selected["task"] == task], span, task, row)
    figure.update_xaxes(range=list(span), showgrid=False, nticks=8)
    figure.update_xaxes(title_text=axis_title(technique), row=1 + len(tasks), col=1)
    figure.update_yaxes(title_text=scaled_title(technique), nticks=6, row=1, col=1)
    return styled(figure, height=260 + 110 * len(tasks) + strip, hovermode="closest", margin={"t": strip})


def _add_curve(figure: go.Figure, x: Any, y: Any, span: tuple[float, float]) -> None:
    if x is None or y is None:
        return
    at, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    seen = (at >= span[0]) & (at <= span[1])
    line = {"color": INK, "width": 2.2}
    trace = scatter(even_axis(at[seen], 8), rounded(values[seen], 5), hover="%{x}: %{y:.3f}", line=line)
    figure.add_trace(trace, 1, 1)


def _add_task(figure: go.Figure, rows: pd.DataFrame, span: tuple[float, float], task: str, row: int) -> None:
    low = np.maximum(rows["low"].to_numpy(dtype=float), span[0])
    high = np.minimum(rows["high"].to_numpy(dtype=float), span[1])
    value = rows["contribution"].to_numpy(dtype=float)
    digits = TASK_DIGITS.get(task, 3)
    texts = [number(v, digits, sign=True) for v in value]
    colours = [RAISED if v > 0 else LOWERED for v in value]
    hover = [f"{safe(title)}: {text}" for title, text in zip(rows["title"], texts, strict=True)]
    written = {"text": texts, "textposition": "outside", "textfont": {"size": 11}, "textangle": 0}
    trace = bars(low, high, value, colours, hover, digits=8, constraintext="none", cliponaxis=False)
    figure.add_trace(trace.update(written), row, 1)
    largest = max(float(np.abs(value).max(initial=0.0)), 10.0**-digits)
    figure.update_yaxes(
        # Room for the numbers on the bars.
        range=[
            min(value.min(initial=0.0) - 0.65 * largest, 0),
            max(value.max(initial=0.0) + 0.65 * largest, 0),
        ],
        title_text=f"{TASKS[task].symbol} ({TASKS[task].unit or 'no unit'})",
        nticks=4,
        row=row,
        col=1,
    )
    zero_line(figure, vertical=False, row=row, col=1)
    add_caption(figure, row, f"added to the {task_title(task)}")
