"""What ``edgepair advise`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.cli.console import output_console

if TYPE_CHECKING:
    from rich.console import Console

    from edgepair.advice import Advice


def print_advice(advice: Advice, out: Path | None) -> None:
    """Print the recommendation, then the tables that it follows from."""
    from edgepair.conventions.wording import capital, short_title, task_title

    console = output_console()
    _line(console, f"{advice.absorber}, {task_title(advice.task)}: what to measure")
    _line(console, "")
    for sentence in advice.recommendation:
        _line(console, f"  {sentence}")
    _line(console, "")
    _print_scores(console, advice)
    _print_gains(console, advice)
    if len(advice.needed):
        _line(
            console,
            f"What a loss of {advice.config['tolerance']:g} allows, one quality at a time, each technique"
            " alone:",
        )
        for technique, rows in advice.needed.groupby("technique", sort=False):
            _line(console, f"  {short_title(str(technique))}")
            for sentence in rows["sentence"]:
                _line(console, f"      {capital(str(sentence))}")
        _line(console, "")
    for warning in advice.warnings:
        _line(console, f"! {warning}")
    seconds = f"{advice.config['seconds']:.0f} s."
    _line(console, seconds + (f" Page: {out}" if out is not None else ""))


def _line(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)


def _print_scores(console: Console, advice: Advice) -> None:
    from rich.table import Table

    from edgepair.conventions.wording import METRIC_TITLES, interval, number, short_title

    metrics = list(dict.fromkeys(advice.scores["metric"]))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("technique", no_wrap=True)
    for metric in metrics:
        table.add_column(METRIC_TITLES.get(metric, metric) + (" (Å)" if metric == "mae" else ""))
    for technique, rows in advice.scores.groupby("technique", sort=False):
        cells = [f"{number(r.value)}  {interval(r.lower, r.upper)}" for r in rows.itertuples()]
        table.add_row(short_title(str(technique)), *cells)
    console.print(table)
    console.print()


def _print_gains(console: Console, advice: Advice) -> None:
    from rich.table import Table

    from edgepair.conventions.wording import METRIC_TITLES
    from edgepair.report.advice.page import gain_cells

    rows = gain_cells(advice)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    title = METRIC_TITLES[str(advice.scores["metric"].iloc[0])]
    for name in ("have", "add", f"gain in {title}", "95 % interval", "verdict"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    config = advice.config
    console.print(
        f"A gain counts from {config['smallest_gain']:g} on; {config['n_sites']} sites of"
        f" {config['n_formulas']} formulas; split by {config['split']}.",
        soft_wrap=True,
    )
    console.print()
