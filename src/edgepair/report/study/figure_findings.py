"""Forest plots: one finding, estimated for each absorber and task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgepair.conventions import TASKS
from edgepair.conventions.wording import METRIC_TITLES, interval, number, safe, task_title
from edgepair.report.kit.marks import dots, error_bars, name_rows, write_at, zero_line
from edgepair.report.kit.style import INK, styled
from edgepair.report.kit.tables import in_order, main_metric

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.study import Finding

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
    import plotly.graph_objects as go

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
            name = _alone_label(item) if alone else "mean" if item.absorber == "all" else safe(item.absorber)
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


def _alone_label(item: Finding) -> str:
    return "mean of classes" if item.task == "all" else task_title(item.task)


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
