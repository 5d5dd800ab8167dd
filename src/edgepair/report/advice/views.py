"""An advice in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.conventions.wording import task_title
from edgepair.report.advice.figure import advice_figure
from edgepair.report.advice.page import advice_tables
from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.kit.embedding import render_tables

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.advice import Advice


def tables(item: Advice) -> str:
    """Lay out the recommendation, the gains and the qualities."""
    title = f"{item.absorber}, {task_title(item.task)}: what to measure"
    return render_tables(title, [*item.recommendation, *item.warnings], advice_tables(item))


def draw(item: Advice, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``advice``, the figure of the page."""
    return draw_figure({"advice": Drawing(partial(advice_figure, item), {})}, name, given)
