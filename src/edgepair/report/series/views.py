"""A series in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.report.kit.embedding import Drawing, draw_figure, render_tables
from edgepair.report.series.page import series_figures
from edgepair.report.series.words import series_facts, series_tables, series_title

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.series import PdfSeriesResult, SeriesResult


def tables(item: SeriesResult | PdfSeriesResult) -> str:
    """Lay out what was found, components, standards and fractions."""
    content = {"facts": series_facts(item), "tables": series_tables(item)}
    return render_tables(series_title(item), item.warnings, content)


def draw(item: SeriesResult | PdfSeriesResult, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw a figure of the page by its title."""
    figures = series_figures(item)
    drawings = {title: Drawing(partial(figures.__getitem__, title), {}) for title in figures}
    return draw_figure(drawings, name, given)
