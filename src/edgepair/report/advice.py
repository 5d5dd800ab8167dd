"""One file that holds an advice: the words, the figure, the tables; opens without a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.advice import QUALITIES
from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    interval,
    metric_title,
    number,
    short_title,
    task_title,
)
from edgepair.report.kit.embedding import (
    Drawing,
    FigureShelf,
    draw_figure,
    render_page,
    render_tables,
    write_page,
)
from edgepair.report.kit.marks import LINE, Look, dots, error_bars, joined_dots, name_rows
from edgepair.report.kit.style import INK, MUTED, faded, modality_colour, styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import plotly.graph_objects as go

    from edgepair.advice import Advice

VERDICTS = {
    "worth": "worth measuring",
    "helps": "helps, perhaps by little",
    "not_worth": "not worth measuring",
    "undecided": "undecided",
}
"""What each verdict says, for people."""


def write_advice(advice: Advice, path: str | Path) -> Path:
    """Write the page of an advice.

    Parameters
    ----------
    advice : Advice
        From `edgepair.advise`.
    path : str or Path
        File to write, ``.html``; complete or absent.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        The file cannot be written, or is to be of another kind.
    """
    return write_page(lambda: render_advice(advice), path, what="the page", option="--report")


def render_advice(advice: Advice) -> str:
    """Make the text of the page."""
    shelf = FigureShelf()
    config = advice.config
    content = advice_tables(advice) | {
        "title": f"{advice.absorber}, {task_title(advice.task)}: what to measure",
        "sentences": advice.recommendation,
        "warnings": advice.warnings,
        "figure": shelf.keep(advice_figure(advice), "Scores, and what poorer measurements lose"),
        "smallest": f"{config['smallest_gain']:g}",
        "facts": (
            f"{config['n_sites']} sites of {config['n_formulas']} formulas, split by {config['split']};"
            f" {config['trees']} trees, {config['folds']} folds, seed {config['seed']}. Qualities were"
            f" tried on {config['requirement_sites']} sites. Intervals are 95 %, from a bootstrap over"
            " formulas."
        ),
    }
    return render_page("advice.html.j2", content, shelf)


def advice_tables(advice: Advice) -> dict[str, object]:
    """Lay out the tables: gains, and what quality is needed."""
    return {
        "gains": gain_cells(advice),
        "metric": METRIC_TITLES[str(advice.scores["metric"].iloc[0])],
        "needed": [
            {"technique": short_title(row.technique), "sentence": capital(row.sentence)}
            for row in advice.needed.itertuples()
        ],
        "tolerance": f"{advice.config['tolerance']:g}",
    }


def gain_cells(advice: Advice) -> list[tuple[str, ...]]:
    """List the judged gains as text."""
    return [
        (
            short_title(row["have"]),
            short_title(row["add"]),
            number(row["value"], sign=True),
            interval(row["lower"], row["upper"], sign=True),
            VERDICTS[row["verdict"]],
        )
        for row in advice.gains[advice.gains["verdict"] != ""].to_dict("records")
    ]


def tables(item: Advice) -> str:
    """Lay out the recommendation, the gains and the qualities."""
    title = f"{item.absorber}, {task_title(item.task)}: what to measure"
    return render_tables(title, [*item.recommendation, *item.warnings], advice_tables(item))


def draw(item: Advice, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``advice``, the figure of the page."""
    return draw_figure({"advice": Drawing(partial(advice_figure, item), {})}, name, given)


_ROW = 235
"""Height of a row of panels, pixels."""

_COLUMNS = 3
"""Panels beside each other, right of the scores."""

_FORMULAS = "training_formulas"

_DODGE = 0.14
"""How far the techniques of one panel stand apart, in levels."""


def advice_figure(advice: Advice) -> go.Figure:
    """Draw an advice.

    Parameters
    ----------
    advice : Advice
        From `edgepair.advise`.

    Returns
    -------
    plotly.graph_objects.Figure
        Left: the main score of each technique and combination with its 95 % interval; below, what
        adding one changes, with the smallest gain that counts as a dashed line. Right: what
        is lost at each level of each quality, against the data as they are, with the tolerance as a
        dashed line; levels get poorer to the right.
    """
    from plotly.subplots import make_subplots

    panels = _panels(advice.requirements)
    gains = advice.gains[advice.gains["verdict"] != ""]
    n_rows = max(1 + bool(len(gains)), -(-len(panels) // _COLUMNS))
    n_columns = 1 + (_COLUMNS if panels else 0)
    # The last row of the first column is the gains', the rows above it are the scores'.
    n_above = n_rows - bool(len(gains))
    specs: list[list[Any]] = [[{"rowspan": n_above}] + [{}] * (n_columns - 1)]
    specs += [[None] + [{}] * (n_columns - 1) for _ in range(n_above - 1)]
    specs += [[{}] * n_columns] * (n_rows - n_above)
    figure = make_subplots(
        rows=n_rows,
        cols=n_columns,
        specs=specs,
        column_widths=[0.22] + [0.26] * (n_columns - 1) if panels else None,
        horizontal_spacing=0.06,
        vertical_spacing=0.36 / n_rows if n_rows > 1 else 0.0,
        subplot_titles=_titles([title for title, _, _ in panels], n_columns, n_above, n_rows),
    )
    _draw_scores(figure, advice)
    if len(gains):
        _draw_gains(figure, gains, float(advice.config.get("smallest_gain", 0.0)), n_rows)
    metric = TASKS[advice.task].main_metric
    ends = advice.requirements[["loss_lower", "loss_upper"]].to_numpy(dtype=float)
    tolerance = float(advice.config.get("tolerance", 0.0))
    seen = ends[np.isfinite(ends)]
    span = [min(seen.min(initial=0.0), -tolerance) - 0.01, max(seen.max(initial=0.0), 2 * tolerance) + 0.01]
    named: set[str] = set()
    for place, (_, unit, rows) in enumerate(panels):
        row, column = place // _COLUMNS + 1, place % _COLUMNS + 2
        _draw_panel(figure, rows, row, column, named)
        figure.add_hline(
            y=tolerance, line={"color": MUTED, "dash": "5px,4px", "width": 1.2}, row=row, col=column
        )
        figure.update_xaxes(title_text=unit, row=row, col=column)
        figure.update_yaxes(
            range=span,
            title_text=f"loss of {metric_title(metric).split(' (')[0]}" if column == 2 else None,
            showticklabels=column == 2,
            nticks=5,
            row=row,
            col=column,
        )
    figure.update_annotations(font={"size": 13, "color": INK})
    n_scores = advice.scores["technique"].nunique()
    styled(figure, height=max(_ROW * n_rows + 60, 46 * n_scores + 130), margin={"t": 30})
    return figure


def _titles(panels: Sequence[str], n_columns: int, n_above: int, n_rows: int) -> list[str]:
    """Order titles as subplots want them: by rows, scores only in the first, gains in the last."""
    per_row = n_columns - 1
    rest = [*panels, *[""] * (n_rows * per_row - len(panels))]
    gains = ["gain by adding a technique"] if n_above < n_rows else []
    return ["score of each technique", *rest[: n_above * per_row], *gains, *rest[n_above * per_row :]]


def _panels(requirements: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Gather the losses of each quality: title, label of the axis, rows of all its techniques."""
    panels = []
    for (axis, name), quality in QUALITIES.items():
        kind = [
            technique in TECHNIQUES and TECHNIQUES[technique].axis == axis
            for technique in requirements["technique"]
        ]
        rows = requirements[np.array(kind, dtype=bool) & (requirements["quantity"] == name).to_numpy()]
        if len(rows):
            where = "XANES" if axis == "energy" else "PDFs"
            title, _, aside = quality.title.partition(" from ")
            unit = f"{quality.unit} from {aside}" if aside else quality.unit
            panels.append((f"{where}: {title}", unit, rows))
    rows = requirements[requirements["quantity"] == _FORMULAS]
    if len(rows):
        panels.append(("training materials", "formulas", rows))
    return panels


def _draw_scores(figure: go.Figure, advice: Advice) -> None:
    metric = TASKS[advice.task].main_metric
    rows = advice.scores[advice.scores["metric"] == metric]
    names = rows["technique"].tolist()
    for place, row in enumerate(rows.itertuples()):
        hover = f"<b>{short_title(row.technique)}</b><br>{number(row.value)}"
        hover += f"<br>95 % interval {interval(row.lower, row.upper)}"
        figure.add_trace(_dot(row, place, row.technique, hover, 10), 1, 1)
    guess = float(advice.config.get("guess", {}).get(metric, np.nan))
    low = float(rows["lower"].min())
    if np.isfinite(guess) and guess > low - 0.35:
        figure.add_vline(x=guess, line={"color": LINE, "dash": "2px,2px", "width": 2}, row=1, col=1)
        low = min(low, guess)
    figure.update_xaxes(title_text=metric_title(metric), range=[low - 0.03, 1.0], nticks=5, row=1, col=1)
    titles = [short_title(name).replace(" + ", "<br>+ ") for name in names]
    name_rows(figure, titles, last=len(names) - 0.5, first=-0.5, row=1, col=1)


def _draw_gains(figure: go.Figure, gains: pd.DataFrame, smallest: float, row: int) -> None:
    names = []
    for place, gain in enumerate(gains.itertuples()):
        names.append(f"{short_title(gain.add)}<br>to {short_title(gain.have)}")
        hover = f"<b>{short_title(gain.add)} to {short_title(gain.have)}</b><br>"
        hover += f"{number(gain.value, sign=True)}<br>95 % interval "
        hover += interval(gain.lower, gain.upper, sign=True)
        figure.add_trace(_dot(gain, place, gain.add, hover, 9), row, 1)
    figure.add_vline(x=0.0, line={"color": MUTED, "width": 1}, row=row, col=1)
    figure.add_vline(x=smallest, line={"color": MUTED, "dash": "5px,4px", "width": 1.2}, row=row, col=1)
    metric = metric_title(str(gains["metric"].iloc[0])).split(" (")[0]
    figure.update_xaxes(title_text=f"gain in {metric}", nticks=5, row=row, col=1)
    name_rows(figure, names, last=len(names) - 0.5, first=-0.5, tickfont={"size": 10}, row=row, col=1)


def _dot(row: Any, y: int, modality: str, hover: str, size: int) -> go.Scatter:
    error = error_bars(
        [row.value], [row.lower], [row.upper], faded(modality_colour(modality), 0.55), digits=None
    )
    trace = dots(
        [row.value], [y], [], modality=modality, marker={"size": size}, error=error, showlegend=False
    )
    return trace.update(hovertext=hover)


def _draw_panel(figure: go.Figure, rows: pd.DataFrame, row: int, column: int, named: set[str]) -> None:
    techniques = list(dict.fromkeys(rows["technique"]))
    first = rows[rows["technique"] == techniques[0]]
    labels = [f"{level:g}" for level in first["level"]]
    for place, technique in enumerate(techniques):
        selected = rows[rows["technique"] == technique]
        x = np.arange(len(selected)) + _DODGE * (place - (len(techniques) - 1) / 2)
        hover = [
            f"<b>{short_title(technique)}, {level:g}</b><br>loss {number(loss, sign=True)}"
            f"<br>95 % interval {interval(lower, upper, sign=True)}<br>score {number(value)}"
            for level, loss, lower, upper, value in selected[
                ["level", "loss", "loss_lower", "loss_upper", "value"]
            ].itertuples(index=False)
        ]
        loss, lower, upper = (selected[name] for name in ("loss", "loss_lower", "loss_upper"))
        error = error_bars(loss, lower, upper, faded(modality_colour(technique), 0.55), digits=None)
        legend: Look = {"legendgroup": technique, "showlegend": technique not in named}
        trace = joined_dots(x.tolist(), loss.tolist(), hover, technique, error=error, **legend)
        figure.add_trace(trace, row, column)
        named.add(technique)
    figure.update_xaxes(
        tickvals=list(range(len(labels))), ticktext=labels, range=[-0.5, len(labels) - 0.5], showgrid=False,
        tickangle=0, tickfont={"size": 10}, row=row, col=column,
    )  # fmt: skip
