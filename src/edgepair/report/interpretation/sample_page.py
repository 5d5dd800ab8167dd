"""One file that says why a measured sample got its answers, region by region."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import capital, interval, number, percent, short_title, task_title
from edgepair.report.interpretation.figure_sample import sample_region_figure
from edgepair.report.interpretation.words import range_of_region
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.tables import about_technique, in_order, select, task_with_unit
from edgepair.report.prediction.words import TASK_DIGITS, value_text

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.prediction import Prediction


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


class SampleTable(TypedDict):
    """What the regions of one curve added: titles of the tasks, and a row of texts a region."""

    technique: str
    tasks: list[str]
    rows: list[tuple[str, list[str]]]


def sample_table(reasons: pd.DataFrame, *, technique: str) -> SampleTable:
    """Lay out what the regions of one curve added to the answers."""
    selected = select(reasons, technique=technique)
    tasks = in_order(selected["task"].astype(str).tolist(), list(TASKS))
    regions = selected.drop_duplicates("region").sort_values("low", na_position="last")
    rows = [("average of the training data", [_first(selected, task, "base") for task in tasks])]
    for region in regions.itertuples():
        unit = about_technique(technique).unit
        where = "" if region.low != region.low else f", {range_of_region(region.low, region.high, unit)}"
        cells = [_contribution(selected, task, str(region.region)) for task in tasks]
        rows.append((f"{region.title}{where}", cells))
    rows.append(("answer", [_first(selected, task, "answer") for task in tasks]))
    return {
        "technique": short_title(technique),
        "tasks": [task_with_unit(task) for task in tasks],
        "rows": rows,
    }


def _first(rows: pd.DataFrame, task: str, column: str) -> str:
    return number(float(select(rows, task=task)[column].iloc[0]), TASK_DIGITS.get(task, 3))


def _contribution(rows: pd.DataFrame, task: str, region: str) -> str:
    selected = select(rows, task=task, region=region)
    return number(float(selected["contribution"].sum()), TASK_DIGITS.get(task, 3), sign=True)


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
