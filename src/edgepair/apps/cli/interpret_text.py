"""What ``edgepair interpret`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.cli.console import output_console, plain_table, print_lines

if TYPE_CHECKING:
    from rich.table import Table

    from edgepair.interpretation import Interpretation
    from edgepair.report.interpretation.words import Ends

MOST_WARNINGS = 6
MOST_LEARNED = 3
"""Warnings, and sentences on what was learned, that are printed at most; the report has all."""

_METRICS = {"f1_weighted": "weighted F1 of classes", "r2": "R² of bond lengths"}
_TITLES = {"permutation": "shuffled", "shap": "|SHAP|"}


def print_interpretation(result: Interpretation, report: Path, seconds: float) -> None:
    """Print a table and sentences for each absorber and task, then what is doubtful or left out."""
    from edgepair.conventions import TASKS
    from edgepair.conventions.wording import task_title
    from edgepair.report.interpretation.words import cells_of, learned_sentences, region_sentences

    cells = cells_of(result)
    for absorber, task in cells:
        print_lines([f"{absorber}, {task_title(task)}"])
        output_console().print(_table(result, absorber, task))
        sentences = region_sentences(result, absorber=absorber, task=task)
        sentences += learned_sentences(result, absorber=absorber, task=task)[:MOST_LEARNED]
        print_lines([*(f"  {text}" for text in sentences), ""])
    metrics = {TASKS[task].main_metric for _, task in cells if task in TASKS}
    named = ", ".join(text for name, text in _METRICS.items() if name in metrics)
    lines = [f"Shuffled: fall of the score on held-out sites ({named}), with 95 % intervals."]
    if (result.importances["kind"] == "shap").any():
        told = "mean size of what a region adds to an answer: probability moved between classes, or Å."
        lines.append(f"|SHAP|: {told}")
    lines += [f"! {text}" for text in result.warnings[:MOST_WARNINGS]]
    if len(result.warnings) > MOST_WARNINGS:
        lines.append(f"! {len(result.warnings) - MOST_WARNINGS} warnings more, in the report")
    if result.skipped:
        lines.append("\nLeft out:")
    for item in result.skipped:
        where = " ".join(item[key] for key in ("absorber", "task", "modality") if item[key])
        lines.append(f"  {where}: {item['reason']}" if where else f"  {item['reason']}")
    print_lines([*lines, f"\n{seconds:.0f} s. Report: {report}"])


def _table(result: Interpretation, absorber: str, task: str) -> Table:
    """Lay out what regions are worth: to each technique alone, and to all together."""
    from edgepair.conventions.wording import short_title
    from edgepair.report.interpretation.words import importance_rows, range_of_region

    rows = [row for row in importance_rows(result, absorber=absorber, task=task) if not row["whole"]]
    kinds = [kind for kind in _TITLES if any(kind in row["by_kind"] for row in rows)]
    alone = {(row["technique"], row["title"]): row for row in rows if "+" not in row["modality"]}
    together = {(row["technique"], row["title"]): row for row in rows if "+" in row["modality"]}
    table = plain_table("", "region")
    sides = [("alone", alone), ("together", together)] if together else [("", alone)]
    for side, _ in sides:
        for kind in kinds:
            table.add_column(
                f"{_TITLES[kind]} {side if kind == kinds[0] else ''}".strip(), no_wrap=True, justify="right"
            )
    before = ""
    for key, row in alone.items():
        title = short_title(row["technique"])
        found = [part[key]["by_kind"] if key in part else {} for _, part in sides]
        cells = [_worth(ends.get(kind), kind, task) for ends in found for kind in kinds]
        where = range_of_region(row["low"], row["high"], row["unit"])
        table.add_row("" if title == before else title, f"{row['title']}, {where}", *cells)
        before = title
    return table


def _worth(cell: Ends | None, kind: str, task: str) -> str:
    """Write an importance: a fall of the score with its interval, a SHAP value in the answer's unit."""
    from edgepair.conventions import TASKS
    from edgepair.conventions.wording import interval, number

    if cell is None:
        return "–"
    if kind == "shap":
        return number(cell["value"], 3 if task in TASKS and TASKS[task].unit else 2)
    return f"{number(cell['value'], 2)} ({interval(cell['lower'], cell['upper'], 2)})"
