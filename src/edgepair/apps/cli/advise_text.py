"""What ``edgepair advise`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.cli.console import output_console, plain_table, print_lines

if TYPE_CHECKING:
    from edgepair.advice import Advice


def print_advice(advice: Advice, out: Path | None) -> None:
    """Print the recommendation, then the tables that it follows from."""
    from edgepair.conventions.wording import capital, short_title, task_title

    print_lines([f"{advice.absorber}, {task_title(advice.task)}: what to measure", ""])
    print_lines(f"  {sentence}" for sentence in advice.recommendation)
    print_lines([""])
    _print_scores(advice)
    _print_gains(advice)
    lines = []
    if len(advice.needed):
        loss = f"{advice.config['tolerance']:g}"
        lines.append(f"What a loss of {loss} allows, one quality at a time, each technique alone:")
        for technique, rows in advice.needed.groupby("technique", sort=False):
            lines.append(f"  {short_title(str(technique))}")
            lines += [f"      {capital(str(sentence))}" for sentence in rows["sentence"]]
        lines.append("")
    lines += [f"! {warning}" for warning in advice.warnings]
    page = f" Page: {out}" if out is not None else ""
    print_lines([*lines, f"{advice.config['seconds']:.0f} s.{page}"])


def _print_scores(advice: Advice) -> None:
    from edgepair.conventions.wording import METRIC_TITLES, interval, number, short_title

    table = plain_table("technique")
    for metric in dict.fromkeys(advice.scores["metric"]):
        table.add_column(METRIC_TITLES.get(metric, metric) + (" (Å)" if metric == "mae" else ""))
    for technique, rows in advice.scores.groupby("technique", sort=False):
        cells = [f"{number(r.value)}  {interval(r.lower, r.upper)}" for r in rows.itertuples()]
        table.add_row(short_title(str(technique)), *cells)
    output_console().print(table, "")


def _print_gains(advice: Advice) -> None:
    from edgepair.conventions.wording import METRIC_TITLES
    from edgepair.report.advice.page import gain_cells

    rows = gain_cells(advice)
    if not rows:
        return
    metric = METRIC_TITLES[str(advice.scores["metric"].iloc[0])]
    table = plain_table("have", "add", f"gain in {metric}", "95 % interval", "verdict")
    for row in rows:
        table.add_row(*row)
    output_console().print(table)
    config = advice.config
    counted = f"{config['n_sites']} sites of {config['n_formulas']} formulas; split by {config['split']}."
    print_lines([f"A gain counts from {config['smallest_gain']:g} on; {counted}", ""])
