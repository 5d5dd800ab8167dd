"""One file that shows measured curves as they were understood, and opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.measured.figures import normalized_figure, pdf_figure, raw_figure

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve
    from edgepair.measured.xanes.inspection import XanesInspection


@dataclass(frozen=True)
class MeasuredEntry:
    """One curve on the page."""

    title: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    curve: XanesInspection | PdfCurve


def write_inspection(entries: Sequence[MeasuredEntry], path: str | Path) -> Path:
    """Write the page."""
    return write_page(lambda: _render(entries), path, what="the figure", option="--report")


def _render(entries: Sequence[MeasuredEntry]) -> str:
    from edgepair.measured.pdf.curve import PdfCurve

    shelf = FigureShelf()
    items = []
    for entry in entries:
        if isinstance(entry.curve, PdfCurve):
            drawn = [("G(r)", pdf_figure(entry.curve))]
        else:
            normal = normalized_figure(entry.curve)
            drawn = [("as measured, with the lines of the normalisation", raw_figure(entry.curve))]
            drawn += [("normalised and flattened", normal)] if normal is not None else []
        figures = [shelf.keep(figure, title) for title, figure in drawn]
        items.append(
            {"title": entry.title, "facts": entry.facts, "warnings": entry.warnings, "figures": figures}
        )
    return render_page("inspect.html.j2", {"items": items}, shelf)
