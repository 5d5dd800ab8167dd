"""A measured curve in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.conventions import TASKS
from edgepair.measured import PdfCurve, XanesScan, inspect_pdf
from edgepair.measured.xanes.inspection import inspect_xanes
from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.kit.embedding import render_tables
from edgepair.report.measured.figures import normalized_figure, pdf_figure, raw_figure, standard_figure
from edgepair.report.measured.shown import Seen, SeenPdf, SeenXanes

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.standards import Standard


def tables(item: XanesScan | PdfCurve | Standard) -> str:
    """Lay out what the page of ``inspect`` says of a curve, or what is known of a standard."""
    if isinstance(item, XanesScan | PdfCurve):
        seen: Seen = (
            SeenPdf(item, inspect_pdf(item)) if isinstance(item, PdfCurve) else SeenXanes(inspect_xanes(item))
        )
        return render_tables(item.title or "measured curve", seen.warnings, {"facts": seen.facts()})
    facts = [(task.title, f"{getattr(item, task.name):.4g} {task.unit}") for task in TASKS.values()]
    facts += [(name, getattr(item, name)) for name in ("beamline", "sample", "quality", "source", "licence")]
    return render_tables(f"{item.compound}, {item.absorber} K edge", [], {"facts": facts})


def draw(item: XanesScan | PdfCurve | Standard, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw a spectrum as ``measured`` or ``normalised``, a PDF as ``measured``, a standard ``normalised``."""
    drawn: dict[str, Callable[[], go.Figure | None]]
    if isinstance(item, XanesScan):
        seen = inspect_xanes(item)
        drawn = {"measured": partial(raw_figure, seen), "normalised": partial(normalized_figure, seen)}
    elif isinstance(item, PdfCurve):
        drawn = {"measured": partial(pdf_figure, item)}
    else:
        drawn = {"normalised": partial(standard_figure, item)}
    return draw_figure({key: Drawing(one, {}) for key, one in drawn.items()}, name, given)
