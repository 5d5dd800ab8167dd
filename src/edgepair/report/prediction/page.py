"""One file that shows answers with their reasons, and opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import capital, counted, listed, number, percent, short_title, task_title
from edgepair.prediction import Prediction, Predictions
from edgepair.report.kit.embedding import (
    Drawing,
    FigureShelf,
    Panel,
    draw_figure,
    render_page,
    render_tables,
    write_page,
)
from edgepair.report.kit.tables import task_with_unit
from edgepair.report.prediction.figures import answer_figure, curve_figure, probability_figure, series_figure
from edgepair.report.prediction.rows import TRUST, PredictedSample
from edgepair.report.prediction.words import (
    counted_text,
    first_shell_facts,
    nearest_rows,
    range_text,
    reason_sentences,
    set_text,
    share_table,
    value_text,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_DRAWN = 60
"""Samples that are shown with all their figures, as many as the command explains; of the others a page
lists the values."""

TASK_HEADS = [{"name": name, "title": task_with_unit(name)} for name in TASKS]
"""How a table names the tasks."""

SERIES = 5
"""More samples than this of one absorber are drawn against their number."""


def write_prediction(samples: Sequence[PredictedSample], path: str | Path) -> Path:
    """Write the page."""
    return write_page(lambda: render_prediction(samples), path, what="the report", option="--report")


def render_prediction(samples: Sequence[PredictedSample]) -> str:
    """Make the text of the page."""
    shelf = FigureShelf()
    answered = [sample for sample in samples if sample.prediction is not None]
    drawn = answered[:MOST_DRAWN]
    content = {
        "title": _title(samples),
        "sentence": _sentence(samples),
        "series": _series(samples, shelf),
        "overview": [overview_row(sample) for sample in samples] if len(samples) > 1 else [],
        "tasks": TASK_HEADS,
        "samples": [sample_detail(sample, shelf) for sample in drawn],
        "left_out": len(answered) - len(drawn),
        "refused": [
            {"title": sample.title, "status": sample.status, "message": sample.message}
            for sample in samples
            if sample.prediction is None
        ],
    }
    return render_page("prediction.html.j2", content, shelf)


def _title(samples: Sequence[PredictedSample]) -> str:
    if len(samples) == 1:
        return samples[0].name
    return f"Answers for {counted(len(samples), 'sample')}"


def _sentence(samples: Sequence[PredictedSample]) -> str:
    """Say what is on the page in one sentence."""
    answered = [sample for sample in samples if sample.prediction is not None]
    if len(samples) == 1 and answered:
        sample = answered[0]
        return f"{sample.absorber} by {short_title(sample.technique)}: {headline(sample)}."
    trust = [f"{sum(s.trust == level for s in answered)} {level}" for level in TRUST]
    text = f"{len(answered)} answered" + (f" (trust: {', '.join(trust)})" if answered else "")
    missing = len(samples) - len(answered)
    return text + (f", {missing} not answered." if missing else ".")


def headline(sample: PredictedSample) -> str:
    """Write the values of the technique that stands last."""
    if sample.prediction is None:
        return sample.message
    table = sample.prediction.table
    last = table[table["technique"] == sample.technique]
    return ", ".join(
        f"{task_title(str(row.task))} {value_text(str(row.task), row.value)} "
        f"({range_text(str(row.task), row.lower, row.upper)})"
        for row in last.itertuples()
    )


def overview_row(sample: PredictedSample) -> dict[str, object]:
    """One line of the table of all samples."""
    cells = {}
    if sample.prediction is not None:
        table = sample.prediction.table
        last = table[table["technique"] == sample.technique]
        for row in last.itertuples():
            cells[str(row.task)] = _cell(row)
    return {
        "title": sample.name,
        "absorber": sample.absorber,
        "technique": short_title(sample.technique) if sample.technique else "",
        "cells": cells,
        "trust": sample.trust,
        "status": sample.status,
        "message": sample.message,
    }


def _cell(row: Any) -> dict[str, str]:
    task = str(row.task)
    return {
        "value": value_text(task, row.value),
        "range": range_text(task, row.lower, row.upper),
        "classes": set_text(row.classes, row.probability),
        "trust": str(row.trust),
        "message": str(row.message) if row.message == row.message and row.message is not None else "",
    }


def _series(samples: Sequence[PredictedSample], shelf: FigureShelf) -> list[Panel]:
    """Panels of values against the number of the scan, for absorbers with many samples."""
    panels = []
    numbered = [(n, sample) for n, sample in enumerate(samples, 1) if sample.prediction is not None]
    for absorber in dict.fromkeys(sample.absorber for _, sample in numbered):
        mine = [(n, sample) for n, sample in numbered if sample.absorber == absorber]
        if len(mine) > SERIES:
            figure = series_figure([sample for _, sample in mine], [n for n, _ in mine])
            panels.append(shelf.keep(figure, f"{absorber}: {counted(len(mine), 'scan')}"))
    return panels


def sample_detail(sample: PredictedSample, shelf: FigureShelf) -> dict[str, object]:
    """Tell everything about one sample, as the page and the app show it."""
    prediction = sample.prediction
    assert prediction is not None
    curves = []
    for technique in [name for name in TECHNIQUES if name in prediction.curves]:
        figure = curve_figure(prediction, technique=technique)
        if figure is not None:
            curves.append(shelf.keep(figure, short_title(technique)))
    return {
        "title": sample.name,
        "absorber": sample.absorber,
        "headline": headline(sample),
        "level": percent(prediction.confidence_level),
        **answer_rows(prediction),
        "warnings": list(prediction.warnings),
        "facts": _facts(sample, prediction),
        "reasons": reason_sentences(prediction),
        "shares": _shares(prediction),
        "answers": shelf.keep(answer_figure(prediction), "Values with their intervals"),
        "probabilities": [
            shelf.keep(probability_figure(prediction, task=task), capital(task_title(task)))
            for task in TASKS
            if len(prediction.probabilities) and (prediction.probabilities["task"] == task).any()
        ],
        "curves": curves,
    }


def answer_rows(prediction: Prediction) -> dict[str, object]:
    """Lay out the tables of one answer: a row per task, and the nearest materials by each technique."""
    table = prediction.table
    techniques = list(dict.fromkeys(table["technique"].astype(str)))
    rows = []
    for task in [name for name in TASKS if name in set(table["task"])]:
        mine = table[table["task"] == task]
        cells = {str(row.technique): _cell(row) for row in mine.itertuples()}
        rows.append({"title": task_with_unit(task), "cells": [cells.get(name) for name in techniques]})
    return {
        "techniques": [short_title(name) for name in techniques],
        "rows": rows,
        "nearest": [
            {"title": short_title(name), "rows": rows_of_nearest}
            for name in techniques
            if (rows_of_nearest := _neighbours(prediction, name))
        ],
    }


def _facts(sample: PredictedSample, prediction: Prediction) -> list[tuple[str, str]]:
    facts = [
        (short_title(technique), file + (f", {item}" if item else ""))
        for technique, (file, item) in sample.sources.items()
    ]
    facts += [*sample.facts, *first_shell_facts(prediction)]
    if prediction.energy_shift == prediction.energy_shift:
        shift = number(prediction.energy_shift, 2, sign=True)
        error = number(prediction.energy_error, 1)
        facts.append(("energies", f"{shift} eV added; likely error {error} eV"))
    if prediction.counted:
        facts.append(("coordination numbers", counted_text(prediction)))
    return facts


def _shares(prediction: Prediction) -> list[str]:
    """Shares of the techniques in combined answers, a line per task."""
    rows = share_table(prediction)
    lines = []
    for technique, task in dict.fromkeys((row["technique"], row["task"]) for row in rows):
        told = [
            f"{short_title(row['part'])} {percent(row['share'])}"
            for row in rows
            if (row["technique"], row["task"]) == (technique, task)
        ]
        lines.append(f"{capital(task_title(task))}: {listed(told)}")
    return lines


def _neighbours(prediction: Prediction, technique: str) -> list[dict[str, str]]:
    return [
        {
            "name": str(row["name"]),
            "kind": str(row["kind"]),
            "formula": str(row["formula"]) if row["formula"] == row["formula"] else "",
            "distance": number(row["distance"], 2),
            **{task: value_text(task, row[task]) for task in TASKS},
        }
        for row in nearest_rows(prediction, technique=technique)
    ]


def tables(item: Prediction | Predictions) -> str:
    """Lay out the answers and the nearest materials, or a row per sample."""
    if isinstance(item, Predictions):
        rows = [overview_row(sample) for sample in _samples(item)]
        return render_tables(f"{len(rows)} samples", [], {"overview": rows, "tasks": TASK_HEADS})
    answers = answer_rows(item)
    title = f"{item.absorber}: values, intervals of {percent(item.confidence_level)}"
    return render_tables(
        title, item.warnings, {"answers": answers, "nearest": answers["nearest"], "tasks": TASK_HEADS}
    )


def draw(item: Prediction | Predictions, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``values``, ``probabilities`` of a task or ``curve`` of a technique; of many, ``series``."""
    if isinstance(item, Predictions):
        absorbers = list(dict.fromkeys(one.absorber for one in item))
        return draw_figure({"series": Drawing(partial(_results, item), {"absorber": absorbers})}, name, given)
    tasks = list(dict.fromkeys(item.probabilities["task"].astype(str)))
    drawings = {
        "values": Drawing(partial(answer_figure, item), {}),
        "probabilities": Drawing(partial(probability_figure, item), {"task": tasks}),
        "curve": Drawing(partial(curve_figure, item), {"technique": list(item.curves)}),
    }
    return draw_figure(drawings, name, given)


def _samples(item: Predictions) -> list[PredictedSample]:
    """Make samples as the page shows them."""
    return [
        PredictedSample({"": (name, "")}, status="refused", message=outcome)
        if isinstance(outcome, str)
        else PredictedSample({"": (name, "")}, outcome.absorber, prediction=outcome)
        for name, outcome in zip(item.names, item.outcomes, strict=True)
    ]


def _results(item: Predictions, *, absorber: str) -> go.Figure:
    numbered = [(n, one) for n, one in enumerate(_samples(item), 1) if one.absorber == absorber]
    return series_figure([one for _, one in numbered], [n for n, _ in numbered])
