"""Forest plots: one finding, estimated for each absorber and task."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from edgepair.conventions import TASKS
from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    interval,
    metric_title,
    number,
    safe,
    task_title,
)
from edgepair.report.kit.marks import HOVER, cell_map, dots, error_bars, name_rows, ticks, write_at, zero_line
from edgepair.report.kit.style import GRID, INK, styled
from edgepair.report.kit.tables import in_order, main_metric, select
from edgepair.report.study.figure_overview import dodge, score_dots
from edgepair.study import FINDINGS, Finding
from edgepair.study.conditions import CONDITION_TITLES

SIDES = {
    "xanes_beats_pdf": ("PDF better", "XANES better"),
    "dpdf_narrows_gap": ("PDF better", "dPDF better"),
    "combination_best": ("one alone better", "combination better"),
    "xanes_dominates": ("PDFs more", "XANES more"),
}
"""What the two sides of the line mean."""

_AXES = {"xanes_dominates": "share less that with permuted labels (no unit)"}
_MARKS = {"holds": "circle", "undecided": "circle-open", "does_not_hold": "x"}


def finding_figure(findings: Sequence[Finding], *, finding: str) -> go.Figure:
    """Draw the estimates of one finding with their intervals.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of a study.
    finding : str
        Which one.

    Returns
    -------
    plotly.graph_objects.Figure
        Filled dots where the finding holds, open ones where it is undecided, crosses where its
        opposite holds; diamonds for means over absorbers. Differences of weighted F1 or R², or of
        shares (pure numbers).
    """
    selected = [item for item in findings if item.finding == finding]
    is_share = finding == "xanes_dominates"
    rows: list[tuple[float, Finding]] = []
    labels: list[tuple[float, str]] = []
    heads: list[tuple[float, str]] = []
    index = 0.0
    alone = len({item.absorber for item in selected} - {"all"}) == 1
    for task in in_order([item.task for item in selected], [*TASKS, "all"]):
        if not alone:
            heads.append((index, _head(task, is_share)))
            index += 1.0
        block = sorted((i for i in selected if i.task == task), key=lambda i: i.absorber == "all")
        for item in block:
            rows.append((index, item))
            name = "mean" if item.absorber == "all" else safe(item.absorber)
            if alone:
                name = "mean of classes" if item.task == "all" else task_title(item.task)
            labels.append((index, name))
            index += 0.9
        index += 0.15 if alone else 0.25
    figure = go.Figure()
    zero_line(figure)
    for kind in ("single", "mean"):
        chosen = [(y, item) for y, item in rows if (item.absorber == "all") == (kind == "mean")]
        if chosen:
            figure.add_trace(_trace(chosen, kind == "mean"))
    for y, text in heads:
        write_at(figure, text, y=y, bgcolor="rgba(255,255,255,0.85)", borderpad=1)
    left, right = SIDES.get(finding, ("less", "more"))
    for text, anchor, shift in ((f"← {left}", "right", -6), (f"{right} →", "left", 6)):
        write_at(
            figure, text, xref="x", yref="paper", colour=INK, xanchor=anchor, yanchor="bottom", xshift=shift
        )
    name_rows(figure, [text for _, text in labels], [y for y, _ in labels], last=index - 0.3)
    figure.update_xaxes(
        title_text=_AXES.get(finding, "difference in score (no unit)"), nticks=7, range=_range(rows)
    )
    return styled(figure, height=round(24 * index + 90), margin={"t": 28})


def _head(task: str, is_share: bool) -> str:
    title = "classification tasks" if task == "all" else task_title(task)
    return title if is_share else f"{title}, {METRIC_TITLES[main_metric(task)]}"


def _range(rows: list[tuple[float, Finding]]) -> list[float]:
    """Wide enough for both sides' names, whatever the estimates."""
    ends = [end for _, item in rows for end in (item.estimate, item.lower, item.upper) if end == end]
    low, high = min([*ends, -0.05]), max([*ends, 0.05])
    # Neither side's name may be squeezed out: each side has a third of the width at least.
    low, high = min(low, -high * 0.5), max(high, -low * 0.5)
    pad = 0.04 * (high - low)
    return [low - pad, high + pad]


def _trace(rows: list[tuple[float, Finding]], mean: bool) -> go.Scatter:
    found = [item for _, item in rows]
    symbols = [_MARKS.get(item.verdict, "circle") for item in found]
    if mean:
        symbols = ["diamond" if item.verdict == "holds" else "diamond-open" for item in found]
    value, lower, upper = ([getattr(item, name) for item in found] for name in ("estimate", "lower", "upper"))
    return dots(
        value,
        [y for y, _ in rows],
        [
            f"<b>{'mean' if item.absorber == 'all' else safe(item.absorber)} · {task_title(item.task)}</b>"
            f"<br>{number(item.estimate, sign=True)}, 95 % interval "
            f"{interval(item.lower, item.upper, sign=True)}<br>{item.verdict.replace('_', ' ')}"
            for item in found
        ],
        marker={
            "size": 11 if mean else 8,
            "symbol": symbols,
            "color": INK,
            "line": {"width": 1.6, "color": INK},
        },
        error=error_bars(value, lower, upper, "#52606d", thickness=2 if mean else 1.4, digits=None),
    )


_SHORT = {
    "xanes_beats_pdf": "XANES beats PDF",
    "dpdf_narrows_gap": "dPDF beats PDF",
    "combination_best": "combination beats best",
    "xanes_dominates": "XANES carries more",
}

_LEVELS = {"does_not_hold": 0, "undecided": 1, "holds": 2}
_COLOURS = ("#e8b4a6", "#eef1f4", "#a9d3c4")
_WORDS = {"does_not_hold": "the opposite holds", "undecided": "undecided", "holds": "holds"}


def robustness_figure(robustness: pd.DataFrame, *, absorber: str = "all") -> go.Figure:
    """Draw the verdict on every finding under every condition.

    Parameters
    ----------
    robustness : pandas.DataFrame
        Columns of ``robustness.csv``.
    absorber : str, optional
        Chemical symbol; ``all``: means over absorbers.

    Returns
    -------
    plotly.graph_objects.Figure
        Findings and tasks by rows, conditions by columns: green where a finding holds, grey where it is
        undecided, red where its opposite holds; the number is the estimate (a difference of weighted F1
        or R², or of shares of the importance; no unit).
    """
    selected = select(robustness, absorber=absorber)
    names = in_order(selected["condition"].tolist(), list(CONDITION_TITLES))
    rows = [
        (finding, task)
        for finding in FINDINGS
        for task in TASKS
        if len(select(selected, finding=finding, task=task))
    ]
    levels: list[list[int | None]] = []
    texts: list[list[str]] = []
    hovers: list[list[str]] = []
    for finding, task in rows:
        table = select(selected, finding=finding, task=task).set_index("condition")
        known = [table.loc[name] if name in table.index else None for name in names]
        levels.append([None if row is None else _LEVELS[str(row["verdict"])] for row in known])
        texts.append(["" if row is None else number(float(row["estimate"]), 2, sign=True) for row in known])
        hovers.append(
            [
                ""
                if row is None
                else f"<b>{_SHORT[finding]} · {task_title(task)}</b><br>{_title(name)}: "
                f"{_WORDS[str(row['verdict'])]}<br>{number(float(row['estimate']), sign=True)}, "
                f"95 % interval {interval(float(row['lower']), float(row['upper']), sign=True)}"
                for name, row in zip(names, known, strict=True)
            ]
        )
    steps = [(edge, colour) for k, colour in enumerate(_COLOURS) for edge in (k / 3, (k + 1) / 3)]
    columns, lines = list(range(len(names))), list(range(len(rows)))
    figure = go.Figure(
        cell_map(
            columns, lines, levels, texts, colours=steps, hover=HOVER, hovertext=hovers, zmin=-0.5, zmax=2.5
        )
    )
    figure.update_xaxes(
        tickvals=list(range(len(names))),
        ticktext=[_title(name).replace(" ", "<br>", 1) for name in names],
        side="top",
        showgrid=False,
        tickangle=0 if len(names) < 6 else -40,
        tickfont={"size": 12},
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{_SHORT[finding]}, {task_title(task)}" for finding, task in rows],
        autorange="reversed",
        showgrid=False,
        tickfont={"size": 12},
    )
    top = 60 if len(names) < 6 else 110
    return styled(figure, height=28 * len(rows) + 40 + top, margin={"t": top, "l": 10})


def condition_figure(conditions: pd.DataFrame, *, task: str, absorber: str) -> go.Figure:
    """Draw the main score of every technique under every condition.

    Parameters
    ----------
    conditions : pandas.DataFrame
        Columns of ``conditions.csv``.
    task : str
        What is read.
    absorber : str
        Chemical symbol.

    Returns
    -------
    plotly.graph_objects.Figure
        Dots with 95 % intervals (pure numbers), a row per condition; a grey tick marks the baseline.
    """
    selected = select(conditions, task=task, absorber=absorber)
    names = in_order(selected["condition"].tolist(), list(CONDITION_TITLES))
    modalities = [name for name in dict.fromkeys(selected["modality"]) if name != "baseline"]
    figure = go.Figure()
    floor = select(selected, modality="baseline")
    at_rows = [names.index(name) for name in floor["condition"]]
    baseline = [(value, row - 0.42, row + 0.42) for value, row in zip(floor["value"], at_rows, strict=True)]
    figure.add_trace(ticks(baseline))
    for index, modality in enumerate(modalities):
        rows = select(selected, modality=modality).assign(n_formulas=0)
        at = [names.index(name) + dodge(index, len(modalities)) for name in rows["condition"]]
        hovers_of = [
            f"<b>{_title(row.condition)}</b><br>{number(row.value)}, 95 % interval "
            f"{interval(row.lower, row.upper)}<br>{row.n_sites} rows"
            for row in rows.itertuples()
        ]
        figure.add_trace(score_dots(rows, at, modality, main_metric(task)).update(hovertext=hovers_of))
    low = min(float(selected["lower"].min()), float(floor["value"].min()) if len(floor) else 1.0)
    low = max(low, -0.2)
    figure.update_xaxes(
        title_text=f"{capital(task_title(task))}: {metric_title(main_metric(task))}", range=[low - 0.03, 1.01]
    )
    name_rows(
        figure,
        [_title(name) for name in names],
        last=len(names) - 0.45,
        first=-0.55,
        minor={"tickvals": [k + 0.5 for k in range(len(names) - 1)], "showgrid": True, "gridcolor": GRID},
    )
    return styled(figure, height=max(200, 46 * len(names) + 80))


def _title(condition: str) -> str:
    return safe(CONDITION_TITLES.get(condition, condition))
