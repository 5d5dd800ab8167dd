"""The dot plot: every score with its interval, one look tells the story."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    count,
    interval,
    metric_title,
    number,
    safe,
    short_title,
    task_title,
)
from edgepair.report.kit.marks import Look, dots, joined_dots, scatter, ticks, whiskers
from edgepair.report.kit.style import GRID, PAPER, faded, modality_colour, styled
from edgepair.report.kit.tables import (
    BASELINE,
    absorbers_of,
    group_word,
    in_order,
    main_learner,
    main_metric,
    main_scores,
    modalities_of,
    rounded,
    select,
    tasks_of,
)
from edgepair.study import StudyResult

_SPREAD = 0.33
_LOWEST_SHOWN = -1.0
_LEGEND_DROP, _AROUND_PANELS = 56, 130
"""Pixels from the panels to the legend beneath them, and above and below the panels together."""


def overview_figure(result: StudyResult, *, height: int | None = None) -> go.Figure:
    """Draw the main score of every absorber, task and modality, a column per task.

    Parameters
    ----------
    result : StudyResult
        The study.
    height : int, optional
        Height, pixels; by default it follows the number of rows.

    Returns
    -------
    plotly.graph_objects.Figure
        Dots with 95 % intervals (pure numbers); a grey tick marks the baseline.
    """
    return score_figure(
        result.scores,
        tasks=tasks_of(result),
        absorbers=absorbers_of(result),
        modalities=modalities_of(result),
        learner=main_learner(result),
        split=str(result.config["config"]["split"]),
        legend=True,
        height=height,
        groups=group_word(result),
    )


def score_figure(
    scores: pd.DataFrame,
    *,
    tasks: Sequence[str],
    absorbers: Sequence[str],
    modalities: Sequence[str],
    learner: str = "forest",
    split: str = "formula",
    legend: bool = False,
    height: int | None = None,
    compared: Sequence[str] = (),
    groups: str = "formulas",
) -> go.Figure:
    """Draw the main score of tasks, a column each.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns of ``scores.csv``.
    tasks, absorbers, modalities : sequence of str
        What is drawn, in this order; what has no score is left empty.
    learner, split : str, optional
        Whose scores.
    legend : bool, optional
        Whether the figure carries a legend and the titles of its columns.
    height : int, optional
        Height, pixels.
    compared : sequence of str, optional
        Further tasks, drawn in other figures, that share the range of their metric's axis.
    groups : str, optional
        What is counted beside the sites, for people.

    Returns
    -------
    plotly.graph_objects.Figure
        Dots with 95 % intervals (pure numbers); a grey tick marks the baseline. With one absorber
        each modality has a row of its own, else each absorber has.
    """
    titles = [capital(task_title(task)) for task in tasks] if legend else None
    figure = make_subplots(
        rows=1, cols=max(len(tasks), 1), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=titles
    )
    ranges = _ranges(scores, [*tasks, *compared], learner, split)
    for column, task in enumerate(tasks, start=1):
        table = main_scores(scores, task=task, learner=learner, split=split)
        baseline = _baseline(scores, task, split)
        figure.add_trace(_baseline_ticks(baseline, absorbers, len(modalities), column == 1), 1, column)
        for index, modality in enumerate(modalities):
            selected = table[(table["modality"] == modality) & table["absorber"].isin(absorbers)]
            y = row_places(selected, absorbers, index, len(modalities))
            trace = score_dots(selected, y, modality, main_metric(task), groups=groups)
            figure.add_trace(trace.update(showlegend=column == 1), 1, column)
        figure.update_xaxes(
            title_text=metric_title(main_metric(task)), range=ranges[task], nticks=6, row=1, col=column
        )
    for column in range(1, max(len(tasks), 1) + 1):
        figure.update_yaxes(**row_axis(absorbers, modalities), row=1, col=column)
    figure.update_annotations(font={"size": 15}, yshift=6)
    rows = rows_height(absorbers, len(modalities))
    if legend:
        shown = height or max(260, rows + 170)
        styled(figure, height=shown, showlegend=True)
        # Beneath the titles of the axes, however high the panels are.
        below = -_LEGEND_DROP / max(shown - _AROUND_PANELS, 1)
        figure.update_layout(legend={"y": below, "yanchor": "top", "x": 0.5, "xanchor": "center"})
        figure.update_layout(margin={"t": 44}, legend_font_size=14)
    else:
        styled(figure, height=height or rows + 60)
    return figure


def dodge(index: int, n: int) -> float:
    """Move a dot up or down so that the modalities of one row stand apart.

    >>> dodge(0, 1), dodge(2, 3)
    (0.0, 0.33)
    """
    return 0.0 if n < 2 else -_SPREAD + 2 * _SPREAD * index / (n - 1)


def row_places(table: pd.DataFrame, absorbers: Sequence[str], index: int, n: int) -> Floats:
    """Place the dots of one of `n` kinds: in the rows of their absorbers, or of one in a row of its own."""
    rows = np.array([list(absorbers).index(name) for name in table["absorber"]], dtype=float)
    return rows + (index if len(absorbers) == 1 else dodge(index, n))


def rows_height(absorbers: Sequence[str], n: int) -> int:
    """Tell how high those rows are together, pixels."""
    return 30 * n if len(absorbers) == 1 else len(absorbers) * max(44, 15 * n + 14)


def row_axis(absorbers: Sequence[str], modalities: Sequence[str]) -> dict[str, object]:
    """Lay out the axis of absorbers, or of modalities where there is one absorber."""
    names = (
        [short_title(name) for name in modalities] if len(absorbers) == 1 else [safe(a) for a in absorbers]
    )
    return {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.45, -0.55],
        "showgrid": False,
        "tickfont": {"size": 13 if len(absorbers) == 1 else 15},
        "minor": {"tickvals": [k + 0.5 for k in range(len(names) - 1)], "showgrid": True, "gridcolor": GRID},
    }


def score_dots(
    table: pd.DataFrame, y: ArrayLike, modality: str, metric: str, *, groups: str = "formulas"
) -> go.Scatter:
    """Draw scores of one modality as dots with intervals; ``y`` (n_rows,)."""
    title = METRIC_TITLES.get(metric, metric)
    hover = [
        f"<b>{safe(row.absorber)} · {short_title(modality)}</b><br>{title} {number(row.value)}"
        f"<br>95 % interval {interval(row.lower, row.upper)}"
        f"<br>{count(row.n_sites)} {getattr(row, 'view', 'sites')}, {count(row.n_formulas)} {groups}"
        for row in table.itertuples()
    ]
    return dots(
        table["value"].tolist(),
        np.asarray(y, dtype=float).tolist(),
        hover,
        modality=modality,
        marker={"line": {"width": 0}},
        error=whiskers(table, faded(modality_colour(modality), 0.55), thickness=2, digits=None),
        name=short_title(modality),
        # What a dot is, for a page on which it can be clicked.
        customdata=table[["absorber", "task", "modality"]].to_numpy().tolist(),
    )


def _baseline(scores: pd.DataFrame, task: str, split: str) -> dict[str, float]:
    table = main_scores(scores, task=task, learner=BASELINE, split=split)
    return {str(name): float(rows["value"].iloc[0]) for name, rows in table.groupby("absorber")}


def _baseline_ticks(
    baseline: dict[str, float], absorbers: Sequence[str], n_modalities: int, named: bool
) -> go.Scatter:
    alone = len(absorbers) == 1
    at = [
        (baseline[name], *((-0.45, n_modalities - 0.55) if alone else (row - 0.43, row + 0.43)))
        for row, name in enumerate(absorbers)
        if name in baseline
    ]
    return ticks(at, name="baseline: no curve looked at", legendrank=2000, showlegend=named)


def _ranges(scores: pd.DataFrame, tasks: Sequence[str], learner: str, split: str) -> dict[str, list[float]]:
    """One range for all tasks of one metric, so that their columns can be compared."""
    limits: dict[str, list[float]] = {}
    for task in tasks:
        rows = [main_scores(scores, task=task, learner=name, split=split) for name in (learner, BASELINE)]
        table = pd.concat(rows)
        ends = table[["value", "lower", "upper"]].to_numpy(dtype=float)
        limits.setdefault(main_metric(task), []).extend(ends[np.isfinite(ends)].tolist())
    ranges = {}
    for task in tasks:
        ends_list = limits[main_metric(task)] or [0.0, 1.0]
        low = max(min(ends_list), _LOWEST_SHOWN)
        pad = 0.04 * (1 - low) + 0.01
        ranges[task] = [low - pad, 1.0]
    return ranges


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
    honest = main_scores(scores, task=task, learner=learner, split=split)
    random = main_scores(scores, task=task, learner=learner, split="random")
    both = honest.merge(random, on=["absorber", "modality"], suffixes=("", "_random"))
    metric = METRIC_TITLES[main_metric(task)]
    figure = go.Figure()
    for index, modality in enumerate(modalities):
        rows = both[(both["modality"] == modality) & both["absorber"].isin(absorbers)]
        colour = modality_colour(modality)
        y = row_places(rows, absorbers, index, len(modalities)).tolist()
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
