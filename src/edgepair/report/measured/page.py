"""One file that shows measured curves as they were understood, and opens without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from edgepair.conventions import TASKS
from edgepair.conventions.wording import safe
from edgepair.measured import PdfCurve, XanesScan, inspect_pdf
from edgepair.measured.xanes.inspection import XanesInspection, inspect_xanes
from edgepair.report.kit.embedding import (
    Drawing,
    FigureShelf,
    draw_figure,
    render_page,
    render_tables,
    write_page,
)
from edgepair.report.kit.marks import axis_title, curve_title, measured_line
from edgepair.report.kit.style import INK, MUTED, modality_colour, styled
from edgepair.report.kit.tables import rounded
from edgepair.report.measured.shown import Seen, SeenPdf, SeenXanes
from edgepair.standards import Standard


def write_inspection(seen: Sequence[Seen], path: str | Path) -> Path:
    """Write the page."""
    return write_page(lambda: _render(seen), path, what="the figure", option="--report")


def _render(seen: Sequence[Seen]) -> str:
    shelf = FigureShelf()
    items = []
    for one in seen:
        if isinstance(one, SeenPdf):
            drawn = [("G(r)", pdf_figure(one.pdf))]
        else:
            normal = normalized_figure(one.inspection)
            drawn = [("as measured, with the lines of the normalisation", raw_figure(one.inspection))]
            drawn += [("normalised and flattened", normal)] if normal is not None else []
        figures = [shelf.keep(figure, title) for title, figure in drawn]
        items.append({"title": one.title, "facts": one.facts(), "warnings": one.warnings, "figures": figures})
    return render_page("inspect.html.j2", {"items": items}, shelf)


_HEIGHT = 340
_PRE, _POST = "#009e73", "#d55e00"


def raw_figure(inspection: XanesInspection) -> go.Figure:
    """Draw a spectrum as measured, with the lines of its normalisation."""
    scan, spectrum = inspection.scan, inspection.spectrum
    figure = go.Figure()
    x = scan.energy if spectrum is None else spectrum.energy
    figure.add_trace(measured_line(x, scan.mu, "measured", INK, 1.4))
    if spectrum is not None:
        before = scan.mu - spectrum.norm * spectrum.edge_step
        above = x > spectrum.e0
        after = before + spectrum.edge_step * (1 + spectrum.norm - spectrum.mu)
        figure.add_trace(measured_line(x, before, "pre-edge", _PRE, 1))
        figure.add_trace(measured_line(x[above], after[above], "post-edge", _POST, 1))
        for curve, between, colour in ((before, spectrum.pre, _PRE), (after, spectrum.post, _POST)):
            inside = (x >= spectrum.e0 + between[0]) & (x <= spectrum.e0 + between[1])
            figure.add_trace(measured_line(x[inside], curve[inside], "", colour, 4))
        figure.add_vline(x=spectrum.e0, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=axis_title("xanes"), showgrid=False, fixedrange=False)
    figure.update_yaxes(title_text=f"μ(E) = {safe(scan.mu_from)} (no unit)")
    return styled(figure, height=_HEIGHT, showlegend=spectrum is not None)


def normalized_figure(inspection: XanesInspection) -> go.Figure | None:
    """Draw the edge region of a normalised spectrum."""
    spectrum, quality = inspection.spectrum, inspection.quality
    if spectrum is None or quality is None:
        return None
    x = spectrum.energy
    figure = go.Figure()
    figure.add_hline(y=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_vline(x=spectrum.e0, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_trace(measured_line(x, spectrum.mu, "flattened", modality_colour("xanes"), 1.8))
    moved = spectrum.e0 + quality.reach[0] - float(x[0])
    marked = np.array([at - moved for at in quality.glitches])
    if len(marked):
        y = rounded(np.interp(marked, x, spectrum.mu))
        mark = {"symbol": "x", "size": 8, "color": _POST}
        figure.add_scatter(x=rounded(marked, 7), y=y, mode="markers", name="glitches", marker=mark)
    figure.update_xaxes(
        title_text=axis_title("xanes"),
        range=[max(float(x[0]), spectrum.e0 - 40), min(float(x[-1]), spectrum.e0 + 120)],
        showgrid=False,
        fixedrange=False,
    )
    figure.update_yaxes(title_text="normalised μ(E) (no unit)")
    return styled(figure, height=_HEIGHT)


def pdf_figure(curve: PdfCurve) -> go.Figure:
    """Draw a measured PDF."""
    figure = go.Figure()
    figure.add_hline(y=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    colour = modality_colour("npdf" if curve.radiation == "neutron" else "pdf")
    figure.add_trace(measured_line(curve.r, curve.G, "G(r)", colour, 1.6))
    figure.update_xaxes(
        title_text=axis_title("pdf"),
        range=[float(curve.r[0]), min(20.0, float(curve.r[-1]))],
        showgrid=False,
        fixedrange=False,
    )
    figure.update_yaxes(title_text=curve_title("pdf", ""))
    return styled(figure, height=_HEIGHT)


def standard_figure(standard: Standard) -> go.Figure:
    """Draw a measured standard, normalised."""
    line = measured_line(standard.energy, standard.mu, standard.name, modality_colour("xanes"), 1.6)
    figure = go.Figure(line)
    figure.update_xaxes(title_text=axis_title("xanes"), showgrid=False, fixedrange=False)
    figure.update_yaxes(title_text="normalised μ(E) (no unit)")
    return styled(figure, height=_HEIGHT)


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
