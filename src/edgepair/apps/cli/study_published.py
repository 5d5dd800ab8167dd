"""What ``edgepair study --protocol published`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.apps.cli.console import output_console, plain_table

if TYPE_CHECKING:
    from rich.console import Console

    from edgepair.study import StudyResult


def show_published(result: StudyResult, out: Path, seconds: float) -> None:
    """Print random beside grouped scores, a row per absorber, task and modality."""
    from edgepair.conventions import TASKS, modality_title

    console = output_console()
    table = plain_table("", "task", "technique", "score")
    for title in ("random split", "by formula", "difference", "no curve", "formula seen"):
        table.add_column(title.replace(" ", "\n"), no_wrap=True, justify="right")
    differences = result.differences
    dummy = differences[differences["learner"] == "dummy"]
    baselines = dummy.set_index(["absorber", "task", "metric"])["value_random"].to_dict()
    before: tuple[str, str] | None = None
    for row in differences[differences["learner"] == "published"].itertuples():
        label = _SCORES.get(row.metric)
        if label is None:
            continue
        here = (row.absorber, row.task)
        names = ("", "") if here == before else (row.absorber, TASKS[row.task].title)
        before = here
        digits = 1 if row.metric == "rmse_percent" else 2
        half = (row.upper - row.lower) / 2
        change = f"{row.difference:+.{digits}f} ± {half:.{digits}f}".replace("-", "−")
        scores = (f"{row.value_random:.{digits}f}", f"{row.value_formula:.{digits}f}")
        baseline = f"{baselines[row.absorber, row.task, row.metric]:.{digits}f}"
        table.add_row(
            *names, modality_title(row.modality), label, *scores, change, baseline, f"{row.seen:.0%}"
        )
    console.print(table)
    config = result.config["config"]
    console.print(
        "\nF1 is weighted over classes; RMSE in % of the mean length. One row per material, "
        f"{config['repeats']} refits on 75 % of the rows. Random split: materials of one formula stand on "
        "both sides; by formula: whole formulas are held out. ± is half of the 95 % interval of the "
        "difference, over refits that overlap. No curve: the commonest class or the mean, on random splits. "
        "Formula seen: share of the held-out rows of the random "
        "split whose formula was trained on. Findings are judged by the grouped protocol.",
        soft_wrap=True,
    )
    for absorber, axes in result.config["published"]["axes"].items():
        for name, text in axes.items():
            console.print(f"{absorber} {name.upper()}: {text}", soft_wrap=True)
    print_end(console, result, out, seconds)


def print_end(console: Console, result: StudyResult, out: Path, seconds: float) -> None:
    """Print what was left out, the time and the report."""
    from rich.markup import escape

    if result.skipped:
        console.print("\nLeft out:")
        for item in result.skipped:
            where = " ".join(item[key] for key in ("absorber", "task", "modality") if item[key])
            console.print(f"  {escape(where)}: {escape(item['reason'])}", soft_wrap=True)
    console.print(f"\n{seconds:.0f} s. Report: {escape(str(out / 'report.html'))}", soft_wrap=True)


_SCORES = {"f1_weighted": "F1", "rmse_percent": "RMSE %"}
