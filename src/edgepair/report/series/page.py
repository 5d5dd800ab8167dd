"""One file that shows a series: map, values, components, fractions; opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from edgepair.conventions import TASKS
from edgepair.conventions.tasks import Floats
from edgepair.conventions.wording import safe, short_title
from edgepair.report.kit.embedding import (
    Drawing,
    FigureShelf,
    draw_figure,
    render_page,
    render_tables,
    write_page,
)
from edgepair.report.kit.marks import Look, band, error_bars, measured_line, scatter
from edgepair.report.kit.style import INK, faded, modality_colour, sequence_colours, styled
from edgepair.report.kit.tables import rounded
from edgepair.report.series.words import (
    axis_name,
    fractions_by_part,
    series_facts,
    series_tables,
    series_title,
)
from edgepair.series import PdfSeriesResult, SeriesResult
from edgepair.series.principal import Principal

_PARTS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_MOST_DRAWN = 24
"""Spectra that the waterfall shows, spread over the series."""

_MOST_MARKED = 60
"""Points of a line that have marks of their own; of a longer one those that are outside."""

_TITLES = {
    "oxidation_state": "oxidation state", "coordination_number": "coordination number",
    "bond_length": "bond length (Å)",
}  # fmt: skip

_VALUES = "values along the series, with their intervals"


def series_figures(result: SeriesResult | PdfSeriesResult) -> dict[str, go.Figure]:
    """Draw a series: by title, the figures that it has something to show of."""
    if isinstance(result, PdfSeriesResult):
        return _pdf_figures(result, _VALUES)
    shown = _Shown.of(result)
    found = {
        "spectra along the axis": _map(shown),
        "normalised spectra, first to last": _waterfall(shown, result.crossings["energy"]),
        "difference from the first point": _differences(shown),
        "edge position and white line": _edges(result),
    }
    if len(result.values):
        found[_VALUES] = _values(result)
    found["what each further component explains"] = _scree(shown)
    if result.fractions is not None:
        found["fractions of standards"] = _fractions(result)
    if result.resolution is not None:
        found["resolved fractions; the band is the rotational ambiguity"] = _resolved(result)
        found["spectra of the components"] = _spectra(result)
    found["what the components leave over"] = _residual(shown)
    return found | ({} if result.pdf is None else _pdf_figures(result.pdf, ""))


def _pdf_figures(result: PdfSeriesResult, values: str) -> dict[str, go.Figure]:
    """Draw PDFs along a series; their values under a title, where they are not drawn beside others."""
    shown = _Shown.of(result)
    found = {
        "PDFs along the axis": _map(shown),
        "PDFs, first to last": _waterfall(shown),
        "PDFs: difference from the first point": _differences(shown),
    }
    if result.points["first_peak"].notna().any():
        found["first peak of the PDFs"] = _first_peak(result)
    if values and len(result.values):
        found[values] = _values(result)
    if result.fractions is not None:
        found["PDFs: fractions of end members"] = _fractions(result)
    found["PDFs: what each further component explains"] = _scree(shown)
    found["PDFs: what the components leave over"] = _residual(shown)
    return found


@dataclass(frozen=True)
class _Shown:
    """Curves of any kind along an axis, and what stands at axes."""

    axis: str
    position: Floats
    x: Floats
    y: Floats
    x_title: str
    y_title: str
    symbol: str
    unit: str
    principal: Principal

    @classmethod
    def of(cls, result: SeriesResult | PdfSeriesResult) -> _Shown:
        """Take the curves of a series."""
        axis, position = safe(axis_name(result)), result.series.axis.values
        if isinstance(result, PdfSeriesResult):
            of_curves = (result.series.r, result.series.G, "distance r (Å)", "G(r) (Å⁻²)", "G", "Å⁻²")
        else:
            titles = "energy E (eV)", "normalised μ(E) (no unit)", "μ", "edge steps"
            of_curves = (result.series.energy, result.series.mu, *titles)
        return cls(axis, position, *of_curves, result.principal)


def write_series(result: SeriesResult | PdfSeriesResult, path: str | Path) -> Path:
    """Write the page of a series."""
    return write_page(lambda: _render(result), path, what="the page", option="--report")


def _render(result: SeriesResult | PdfSeriesResult) -> str:
    shelf = FigureShelf()
    content = {
        "facts": series_facts(result),
        "warnings": result.warnings,
        "tables": series_tables(result),
        "figures": [shelf.keep(figure, title) for title, figure in series_figures(result).items()],
        "title": series_title(result),
    }
    return render_page("series.html.j2", content, shelf)


def _axes(figure: go.Figure, x: str, y: str, height: int = 380, **more: object) -> go.Figure:
    styled(figure, height=height, **more)
    figure.update_layout(xaxis={"title": {"text": x}}, yaxis={"title": {"text": y}})
    return figure


def _map(shown: _Shown) -> go.Figure:
    return _heat(shown, shown.y, 4, "Viridis", colorbar={"title": {"text": shown.symbol}, "thickness": 12})


def _heat(shown: _Shown, values: Floats, digits: int, colours: str, **more: object) -> go.Figure:
    """Draw values of all curves as colours, the axis of the series upwards."""
    heat = go.Heatmap(
        x=rounded(shown.x, 7), y=rounded(shown.position, 6), z=[rounded(row, digits) for row in values],
        colorscale=colours, hovertemplate=f"%{{x}}, %{{y}}: %{{z:.{digits - 1}f}}<extra></extra>", **more,
    )  # fmt: skip
    return _axes(go.Figure(heat), shown.x_title, shown.axis)


def _waterfall(shown: _Shown, marked: Iterable[float] = ()) -> go.Figure:
    figure, chosen = go.Figure(), _spread(len(shown.y))
    for colour, k in zip(sequence_colours(len(chosen)), chosen, strict=True):
        name = f"{shown.position[k]:g}" if k in (chosen[0], chosen[-1]) else ""
        figure.add_trace(measured_line(shown.x, shown.y[k], name, colour, 1.3))
    for at in marked:
        figure.add_vline(x=at, line={"color": INK, "width": 1, "dash": "dot"})
    return _axes(figure, shown.x_title, shown.y_title, showlegend=True)


def _differences(shown: _Shown) -> go.Figure:
    figure, chosen = go.Figure(), _spread(len(shown.y))[1:]
    for colour, k in zip(sequence_colours(len(chosen)), chosen, strict=True):
        figure.add_trace(measured_line(shown.x, shown.y[k] - shown.y[0], "", colour, 1.3))
    return _axes(figure, shown.x_title, f"{shown.symbol} − that of the first point ({shown.unit})")


def _edges(result: SeriesResult) -> go.Figure:
    points = result.points
    left = ("edge position (eV)", "edge at half a step", points["edge_position"], None)
    right = ("white line (edge steps)", "white line", points["white_line"])
    return _two(points["position"], left, right, safe(axis_name(result)))


def _first_peak(result: PdfSeriesResult) -> go.Figure:
    points = result.points
    left = ("position (Å)", "position, with 95 % intervals", points["first_peak"], points["first_peak_error"])
    right = ("width (Å)", "width", points["first_peak_width"])
    return _two(points["position"], left, right, safe(axis_name(result)))


def _two(position: Any, left: tuple[str, str, Any, Any], right: tuple[str, str, Any], axis: str) -> go.Figure:
    """Draw two quantities against the axis, each on a scale of its own."""
    x, (title, name, values, error) = rounded(position, 6), left
    look: Look = {"mode": "lines+markers"}
    first = scatter(x, rounded(values, 7), hover="%{x}: %{y}", name=name, line={"color": _PARTS[0]}, **look)
    if error is not None:
        first.update(error_y=error_bars(values, values - 1.96 * error, values + 1.96 * error, _PARTS[0]))
    figure = go.Figure(first)
    figure.add_trace(
        scatter(x, rounded(right[2], 4), hover="%{x}: %{y}", name=right[1], yaxis="y2",
                line={"color": _PARTS[1], "dash": "dash"}, **look)
    )  # fmt: skip
    _axes(figure, axis, title, showlegend=True)
    second = {
        "title": {"text": right[0], "standoff": 12},
        "overlaying": "y",
        "side": "right",
        "showgrid": False,
        "tickmode": "auto",
    }
    figure.update_layout(yaxis2=second, margin={"r": 75})
    return figure


def _values(result: SeriesResult | PdfSeriesResult) -> go.Figure:
    values = result.values
    tasks = [task for task in TASKS if (values["task"] == task).any()]
    fitted = None if isinstance(result, PdfSeriesResult) else result.fractions
    figure = make_subplots(rows=len(tasks), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    modalities = list(dict.fromkeys(values["modality"]))
    for row, task in enumerate(tasks, 1):
        for modality in modalities:
            mine = values[(values["task"] == task) & (values["modality"] == modality)].sort_values("position")
            for trace in _band(mine, modality, row == 1 and (len(modalities) > 1 or fitted is not None)):
                figure.add_trace(trace, row=row, col=1)
        if fitted is not None and fitted.values[task].notna().all():
            trace = scatter(
                rounded(result.series.axis.values, 6), rounded(fitted.values[task], 4), showlegend=row == 1,
                name="by fractions of standards", line={"color": _PARTS[1], "width": 1.4, "dash": "dash"},
            )  # fmt: skip
            figure.add_trace(trace, row=row, col=1)
        figure.update_yaxes(title_text=_TITLES[task], row=row, col=1)
    styled(figure, height=220 * len(tasks), showlegend=True)
    for change in result.changes:
        figure.add_vline(x=change, line={"color": INK, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=safe(axis_name(result)), row=len(tasks), col=1)
    return figure


def _band(mine: pd.DataFrame, modality: str, named: bool) -> Iterator[go.Scatter]:
    """Draw what one modality answers with its intervals; a cross is unlike the training set."""
    x, colour = rounded(mine["position"], 6), modality_colour(modality)
    yield from band(x, mine, faded(colour, 0.18))
    outside = (mine["trust"] == "outside").to_numpy()
    hover = [
        f"{modality} at {one.position:g}: {one.value:.3g}, trust {one.trust}" for one in mine.itertuples()
    ]
    mark = {"color": colour, "size": 6, "symbol": np.where(outside, "x-thin-open", "circle").tolist()}
    many = len(mine) > _MOST_MARKED
    yield scatter(x, rounded(mine["value"], 4), mode="lines" if many else "lines+markers",
                  hover="%{hovertext}", hovertext=hover, line={"color": colour, "width": 1.2}, marker=mark,
                  name=short_title(modality), showlegend=named)  # fmt: skip
    if many and outside.any():
        far = mine[outside]
        yield scatter(rounded(far["position"], 6), rounded(far["value"], 4), mode="markers", showlegend=False,
                      marker={"color": colour, "size": 6, "symbol": "x-thin-open"})  # fmt: skip


def _scree(shown: _Shown) -> go.Figure:
    table = shown.principal.table
    kept = table["component"] <= shown.principal.number
    marks = {"color": np.where(kept, _PARTS[0], "#9aa5b1").tolist(), "size": 9}
    figure = go.Figure(
        scatter(table["component"].tolist(), rounded(table["left_over"], 6), mode="lines+markers",
                marker=marks, line={"color": "#9aa5b1"}, hover="%{x} components leave %{y:.5f}")
    )  # fmt: skip
    _axes(figure, "components", f"left over ({shown.unit})", height=300)
    figure.update_yaxes(type="log")
    return figure


def _fractions(result: SeriesResult | PdfSeriesResult) -> go.Figure:
    figure = go.Figure()
    x = rounded(result.points["position"], 6)
    for colour, (name, mine) in zip(_PARTS, fractions_by_part(result).items(), strict=False):
        low, high = mine["fraction"] - 1.96 * mine["error"], mine["fraction"] + 1.96 * mine["error"]
        figure.add_trace(
            scatter(x, rounded(mine["fraction"], 4), mode="lines+markers", hover="%{x}: %{y:.3f}",
                    name=safe(name), line={"color": colour}, marker={"size": 6},
                    error_y=error_bars(mine["fraction"], low, high, colour, thickness=1))
        )  # fmt: skip
    return _axes(figure, safe(axis_name(result)), "fraction, with 95 % intervals", showlegend=True)


def _resolved(result: SeriesResult) -> go.Figure:
    found, figure = result.resolution, go.Figure()
    assert found is not None
    x = rounded(result.points["position"], 6)
    for k, colour in zip(range(found.fractions.shape[1]), _PARTS, strict=False):
        if np.isfinite(found.fraction_low).all():
            ends = pd.DataFrame({"lower": found.fraction_low[:, k], "upper": found.fraction_high[:, k]})
            figure.add_traces(band(x, ends, faded(colour, 0.15)))
        figure.add_trace(
            scatter(x, rounded(found.fractions[:, k], 4), mode="lines+markers", hover="%{x}: %{y:.3f}",
                    name=f"component {k + 1}", line={"color": colour}, marker={"size": 5})
        )  # fmt: skip
    return _axes(figure, safe(axis_name(result)), "fraction (no unit)", showlegend=True)


def _spectra(result: SeriesResult) -> go.Figure:
    found, figure = result.resolution, go.Figure()
    assert found is not None
    for k, colour in zip(range(len(found.spectra)), _PARTS, strict=False):
        figure.add_trace(
            measured_line(result.series.energy, found.spectra[k], f"component {k + 1}", colour, 1.6)
        )
    return _axes(figure, "energy E (eV)", "normalised μ(E) (no unit)", showlegend=True)


def _residual(shown: _Shown) -> go.Figure:
    left = shown.principal.residual
    most = float(np.abs(left).max())
    return _heat(shown, left, 5, "RdBu", zmin=-most, zmax=most, colorbar={"thickness": 12})


def _spread(n: int) -> list[int]:
    return sorted({round(k) for k in np.linspace(0, n - 1, min(n, _MOST_DRAWN))})


def tables(item: SeriesResult | PdfSeriesResult) -> str:
    """Lay out what was found, components, standards and fractions."""
    content = {"facts": series_facts(item), "tables": series_tables(item)}
    return render_tables(series_title(item), item.warnings, content)


def draw(item: SeriesResult | PdfSeriesResult, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw a figure of the page by its title."""
    figures = series_figures(item)
    drawings = {title: Drawing(partial(figures.__getitem__, title), {}) for title in figures}
    return draw_figure(drawings, name, given)
