"""A prediction in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.conventions.wording import percent
from edgepair.prediction import Prediction, Predictions
from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.kit.embedding import render_tables
from edgepair.report.prediction.figures import answer_figure, curve_figure, probability_figure, series_figure
from edgepair.report.prediction.page import TASK_HEADS, answer_rows, overview_row
from edgepair.report.prediction.rows import PredictedSample

if TYPE_CHECKING:
    import plotly.graph_objects as go


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
        return draw_figure({"series": Drawing(partial(_series, item), {"absorber": absorbers})}, name, given)
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


def _series(item: Predictions, *, absorber: str) -> go.Figure:
    numbered = [(n, one) for n, one in enumerate(_samples(item), 1) if one.absorber == absorber]
    return series_figure([one for _, one in numbered], [n for n, _ in numbered])
