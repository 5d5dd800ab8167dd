"""One file that holds an advice: the words, the figure, the tables; opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions.wording import METRIC_TITLES, capital, interval, number, short_title, task_title
from edgepair.report.advice.figure import advice_figure
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.tables import Record

if TYPE_CHECKING:
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
        "metric": METRIC_TITLES[_main_metric(advice)],
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
        for row in _judged(advice)
    ]


def _judged(advice: Advice) -> list[Record]:
    rows: list[Record] = advice.gains[advice.gains["verdict"] != ""].to_dict("records")
    return rows


def _main_metric(advice: Advice) -> str:
    return str(advice.scores["metric"].iloc[0])
