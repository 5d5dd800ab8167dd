"""A prediction in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.conventions.wording import percent
from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.kit.embedding import render_tables
from edgepair.report.prediction.figures import answer_figure, curve_figure, probability_figure
from edgepair.report.prediction.page import TASK_HEADS, answer_rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.prediction import Prediction


def tables(item: Prediction) -> str:
    """Lay out the answers and the nearest materials."""
    rows = answer_rows(item)
    title = f"{item.absorber}: values, intervals of {percent(item.confidence_level)}"
    return render_tables(
        title, item.warnings, {"answers": rows, "nearest": rows["nearest"], "tasks": TASK_HEADS}
    )


def draw(item: Prediction, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``values``, ``probabilities`` of a task or ``curve`` of a technique."""
    tasks = list(dict.fromkeys(item.probabilities["task"].astype(str)))
    drawings = {
        "values": Drawing(partial(answer_figure, item), {}),
        "probabilities": Drawing(partial(probability_figure, item), {"task": tasks}),
        "curve": Drawing(partial(curve_figure, item), {"technique": list(item.curves)}),
    }
    return draw_figure(drawings, name, given)
