"""One file that shows a series: map, values, components, fractions; opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS
from edgepair.conventions.wording import safe
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.marks import Look, error_bars, measured_line, scatter
from edgepair.report.kit.style import INK, faded, modality_colour, sequence_colours, styled
from edgepair.report.kit.tables import rounded
from edgepair.report.series.words import (
    COMPONENT_HEADINGS,
    FRACTION_HEADINGS,
    RESOLVED_HEADINGS,
    STANDARD_HEADINGS,
    axis_name,
    component_rows,
    fraction_rows,
    resolved_rows,
    series_facts,
    standard_rows,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.series import SeriesResult

_PARTS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_MOST_DRAWN = 24
"""Spectra that the waterfall shows, spread over the series."""

_TITLES = {
    "oxidation_state": "oxidation state", "coordination_number": "coordination number",
    "bond_length": "bond length (Å)",
}  # fmt: skip


def series_figures(result: SeriesResult) -> dict[str, go.Figure]:
    """Draw a series.

    Parameters
    ----------
    result : SeriesResult
        From `edgepair.analyse_series`.

    Returns
    -------
    dict of str to plotly.graph_objects.Figure
        By title, those that the result has something to show of.
    """
    found = {
        "spectra along the axis": _map(result),
        "normalised spectra, first to last": _waterfall(result),
        "difference from the first point": _differences(result),
        "edge position and white line": _edges(result),
    }
    if "oxidation_state" in result.points:
        found["values along the series, with their intervals"] = _values(result)
    found["what each further component explains"] = _scree(result)
    if result.fractions is not None:
        found["fractions of standards"] = _fractions(result)
    if result.resolution is not None:
        found["resolved fractions; the band is the rotational ambiguity"] = _resolved(result)
        found["spectra of the components"] = _spectra(result)
    found["what the components leave over"] = _residual(result)
    return found


def write_series(result: SeriesResult, path: str | Path) -> Path:
    """Write the page of a series.

    Parameters
    ----------
    result : SeriesResult
        From `edgepair.analyse_series`.
    path : path
        Ends in ``.html``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    return write_page(lambda: _render(result), path, what="the page", option="--report")


def series_tables(result: SeriesResult) -> list[dict[str, object]]:
    """Lay out the tables, those that have rows."""
    tables = [
        ("Components", COMPONENT_HEADINGS, component_rows(result)),
        ("Standards nearest to the space of the components", STANDARD_HEADINGS, standard_rows(result)),
        ("Linear combination of standards", FRACTION_HEADINGS, fraction_rows(result)),
        ("Resolved components", RESOLVED_HEADINGS, resolved_rows(result)),
    ]
    return [{"title": title, "headings": names, "rows": rows} for title, names, rows in tables if rows]


def series_title(result: SeriesResult) -> str:
    """Say how many spectra of what there are."""
    return f"{len(result.series.mu)} spectra of {result.series.absorber} along {axis_name(result)}"


def _render(result: SeriesResult) -> str:
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


def _map(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    series = result.series
    heat = go.Heatmap(
        x=rounded(series.energy, 7), y=rounded(series.axis.values, 6),
        z=[rounded(row, 4) for row in series.mu],
        colorscale="Viridis", colorbar={"title": {"text": "μ"}, "thickness": 12},
        hovertemplate="%{x} eV, %{y}: %{z:.3f}<extra></extra>",
    )  # fmt: skip
    return _axes(go.Figure(heat), "energy E (eV)", safe(axis_name(result)))


def _waterfall(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    series, figure = result.series, go.Figure()
    chosen = _spread(len(series.mu))
    for colour, k in zip(sequence_colours(len(chosen)), chosen, strict=True):
        name = f"{series.axis.values[k]:g}" if k in (chosen[0], chosen[-1]) else ""
        figure.add_trace(measured_line(series.energy, series.mu[k], name, colour, 1.3))
    for at in result.crossings.itertuples():
        figure.add_vline(x=at.energy, line={"color": INK, "width": 1, "dash": "dot"})
    return _axes(figure, "energy E (eV)", "normalised μ(E) (no unit)", showlegend=True)


def _differences(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    series, figure = result.series, go.Figure()
    chosen = _spread(len(series.mu))[1:]
    for colour, k in zip(sequence_colours(len(chosen)), chosen, strict=True):
        figure.add_trace(measured_line(series.energy, series.mu[k] - series.mu[0], "", colour, 1.3))
    return _axes(figure, "energy E (eV)", "μ(E) − μ of the first point (no unit)")


def _edges(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    points, x = result.points, rounded(result.points["position"], 6)
    figure = go.Figure()
    look: Look = {"mode": "lines+markers"}
    figure.add_trace(
        scatter(x, rounded(points["edge_position"], 7), hover="%{x}: %{y:.2f} eV", name="edge at half a step",
                line={"color": _PARTS[0]}, **look)
    )  # fmt: skip
    figure.add_trace(
        scatter(x, rounded(points["white_line"], 4), hover="%{x}: %{y:.3f}", name="white line", yaxis="y2",
                line={"color": _PARTS[1], "dash": "dash"}, **look)
    )  # fmt: skip
    _axes(figure, safe(axis_name(result)), "edge position (eV)", showlegend=True)
    figure.update_layout(
        yaxis2={
            "title": {"text": "white line (edge steps)"},
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
            "tickformat": ".2f",
        },
        margin={"r": 60},
    )
    return figure


def _values(result: SeriesResult) -> go.Figure:
    from plotly.subplots import make_subplots

    points = result.points
    tasks = [task for task in TASKS if task in points]
    figure = make_subplots(rows=len(tasks), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    x, colour = rounded(points["position"], 6), modality_colour("xanes")
    for row, task in enumerate(tasks, 1):
        edge: Look = {"line": {"width": 0}, "row": row}
        for end, fill in (("lower", None), ("upper", "tonexty")):
            trace = scatter(x, rounded(points[f"{task}_{end}"], 4), line=edge["line"], showlegend=False,
                            fill=fill, fillcolor=faded(colour, 0.18))  # fmt: skip
            figure.add_trace(trace, row=row, col=1)
        outside = points["trust"] == "outside"
        hover = [f"{p:g}: {v:.3g}, trust {t}" for p, v, t in
                 zip(points["position"], points[task], points["trust"], strict=True)]  # fmt: skip
        mark = {"color": colour, "size": 6, "symbol": np.where(outside, "x-thin-open", "circle").tolist()}
        figure.add_trace(
            scatter(x, rounded(points[task], 4), mode="lines+markers", hover="%{hovertext}", hovertext=hover,
                    line={"color": colour, "width": 1.2}, marker=mark, showlegend=False),
            row=row, col=1,
        )  # fmt: skip
        if result.fractions is not None and result.fractions.values[task].notna().all():
            fitted = result.fractions.values[task]
            figure.add_trace(
                scatter(x, rounded(fitted, 4), name="by fractions of standards", showlegend=row == 1,
                        line={"color": _PARTS[1], "width": 1.4, "dash": "dash"}),
                row=row, col=1,
            )  # fmt: skip
    styled(figure, height=220 * len(tasks), showlegend=True)
    for row, task in enumerate(tasks, 1):
        figure.update_yaxes(title_text=_TITLES[task], row=row, col=1)
    for change in result.changes:
        figure.add_vline(x=change, line={"color": INK, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=safe(axis_name(result)), row=len(tasks), col=1)
    return figure


def _scree(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    table = result.principal.table
    kept = table["component"] <= result.principal.number
    marks = {"color": np.where(kept, _PARTS[0], "#9aa5b1").tolist(), "size": 9}
    figure = go.Figure(
        scatter(table["component"].tolist(), rounded(table["left_over"], 6), mode="lines+markers",
                marker=marks, line={"color": "#9aa5b1"}, hover="%{x} components leave %{y:.5f}")
    )  # fmt: skip
    _axes(figure, "components", "left over (edge steps)", height=300)
    figure.update_yaxes(type="log")
    return figure


def _fractions(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    assert result.fractions is not None
    figure, table = go.Figure(), result.fractions.table
    x = rounded(result.points["position"], 6)
    for colour, compound in zip(_PARTS, dict.fromkeys(table["compound"]), strict=False):
        mine = table[table["compound"] == compound]
        low, high = mine["fraction"] - 1.96 * mine["error"], mine["fraction"] + 1.96 * mine["error"]
        figure.add_trace(
            scatter(x, rounded(mine["fraction"], 4), mode="lines+markers", hover="%{x}: %{y:.3f}",
                    name=safe(compound), line={"color": colour}, marker={"size": 6},
                    error_y=error_bars(mine["fraction"], low, high, colour, thickness=1))
        )  # fmt: skip
    return _axes(figure, safe(axis_name(result)), "fraction, with 95 % intervals", showlegend=True)


def _resolved(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    found, figure = result.resolution, go.Figure()
    assert found is not None
    x = rounded(result.points["position"], 6)
    for k, colour in zip(range(found.fractions.shape[1]), _PARTS, strict=False):
        if np.isfinite(found.fraction_low).all():
            for values, fill in ((found.fraction_low, None), (found.fraction_high, "tonexty")):
                figure.add_trace(
                    scatter(x, rounded(values[:, k], 4), line={"width": 0}, showlegend=False, fill=fill,
                            fillcolor=faded(colour, 0.15))
                )  # fmt: skip
        figure.add_trace(
            scatter(x, rounded(found.fractions[:, k], 4), mode="lines+markers", hover="%{x}: %{y:.3f}",
                    name=f"component {k + 1}", line={"color": colour}, marker={"size": 5})
        )  # fmt: skip
    return _axes(figure, safe(axis_name(result)), "fraction (no unit)", showlegend=True)


def _spectra(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    found, figure = result.resolution, go.Figure()
    assert found is not None
    for k, colour in zip(range(len(found.spectra)), _PARTS, strict=False):
        figure.add_trace(
            measured_line(result.series.energy, found.spectra[k], f"component {k + 1}", colour, 1.6)
        )
    return _axes(figure, "energy E (eV)", "normalised μ(E) (no unit)", showlegend=True)


def _residual(result: SeriesResult) -> go.Figure:
    import plotly.graph_objects as go

    series = result.series
    left = result.principal.residual
    most = float(np.abs(left).max())
    heat = go.Heatmap(
        x=rounded(series.energy, 7), y=rounded(series.axis.values, 6), z=[rounded(row, 5) for row in left],
        colorscale="RdBu", zmin=-most, zmax=most, colorbar={"thickness": 12},
        hovertemplate="%{x} eV, %{y}: %{z:.4f}<extra></extra>",
    )  # fmt: skip
    return _axes(go.Figure(heat), "energy E (eV)", safe(axis_name(result)))


def _spread(n: int) -> list[int]:
    return sorted({round(k) for k in np.linspace(0, n - 1, min(n, _MOST_DRAWN))})
