"""Why a measured sample got its answers, region by region: the figure, and one file that holds it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import capital, interval, number, percent, safe, short_title, task_title
from edgepair.prediction import Prediction
from edgepair.report.interpretation.figure_regions import add_regions, region_span
from edgepair.report.interpretation.words import sample_table
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.marks import add_caption, axis_title, bars, scaled_title, scatter, zero_line
from edgepair.report.kit.style import INK, styled
from edgepair.report.kit.tables import even_axis, in_order, rounded, select
from edgepair.report.prediction.figures import LOWERED, RAISED
from edgepair.report.prediction.words import TASK_DIGITS, value_text


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


def _add_curve(
    figure: go.Figure, x: ArrayLike | None, y: ArrayLike | None, span: tuple[float, float]
) -> None:
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


def write_sample_reasons(title: str, prediction: Prediction, reasons: pd.DataFrame, path: str | Path) -> Path:
    """Write the page.

    Parameters
    ----------
    title : str
        Name of the sample.
    prediction : Prediction
        Its answers and curves.
    reasons : pandas.DataFrame
        What `edgepair.interpret_sample` gives for it.
    path : str or Path
        File to write, ``.html``; complete or absent.

    Returns
    -------
    pathlib.Path
        The file, which opens without a network.

    Raises
    ------
    OutputError
        The file cannot be written, or is to be of another kind.
    """
    return write_page(lambda: _render(title, prediction, reasons), path, what="the page", option="--out")


def _render(title: str, prediction: Prediction, reasons: pd.DataFrame) -> str:
    shelf = FigureShelf()
    techniques = in_order(reasons["technique"].astype(str).tolist(), list(TECHNIQUES))
    panels = []
    for technique in techniques:
        curve = next(iter(prediction.curves.get(technique, ())), None)
        figure = sample_region_figure(
            reasons,
            technique=technique,
            x=None if curve is None else curve.x,
            y=None if curve is None else curve.y,
        )
        if figure is not None:
            panels.append(shelf.keep(figure, short_title(technique)))
    content = {
        "title": title,
        "absorber": prediction.absorber,
        "level": percent(prediction.confidence_level),
        "answers": [_answer(row) for row in prediction.table.itertuples()],
        "warnings": list(prediction.warnings),
        "panels": panels,
        "tables": [sample_table(reasons, technique=technique) for technique in techniques],
    }
    return render_page("sample_regions.html.j2", content, shelf)


def _answer(row: Any) -> dict[str, str]:
    task = str(row.task)
    digits = TASK_DIGITS.get(task, 3)
    return {
        "technique": short_title(str(row.technique)),
        "task": capital(task_title(task)),
        "value": value_text(task, row.value),
        "range": interval(row.lower, row.upper, digits),
        "trust": str(row.trust),
    }
