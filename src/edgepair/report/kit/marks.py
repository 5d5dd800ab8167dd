"""Marks that figures share: lines at zero, intervals, dots by row, names of rows, captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import safe, short_title
from edgepair.report.kit.style import INK, MUTED, modality_colour, modality_symbol
from edgepair.report.kit.tables import about_technique, rounded

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from numpy.typing import ArrayLike

    from edgepair.conventions.tasks import Floats

LINE = "#9aa5b1"
"""Colour of lines that mark a value: zero, a baseline."""

Look: TypeAlias = Record
"""Properties of a mark, as plotly names them."""

ZERO = {"color": LINE, "width": 1}
HOVER = "%{hovertext}<extra></extra>"

DRAWN_DISTANCE = 8.0
"""Å; PDFs are drawn so far, a little farther than they are read."""

_CURVES = {"xanes": "normalised μ(E)", "dpdf": "dPDF G_M(r) (Å⁻²)"}


def axis_title(technique: str) -> str:
    """Name the abscissa of a technique's curves, with its unit."""
    return "energy E (eV)" if about_technique(technique).axis == "energy" else "distance r (Å)"


def scaled_title(technique: str) -> str:
    """Name the ordinate of a curve that was brought to a scale without a unit."""
    about = about_technique(technique)
    what = "normalised μ(E)" if about.axis == "energy" else f"{about.title.split()[-1]}, scaled"
    return f"{what} (no unit)"


def curve_title(technique: str, absorber: str) -> str:
    """Name the ordinate of a technique's curves, with its unit."""
    return _CURVES.get(technique, "G(r) (Å⁻²)").replace("G_M", f"G<sub>{safe(absorber)}</sub>")


def error_bars(
    value: ArrayLike, lower: ArrayLike, upper: ArrayLike, colour: str, *, thickness: float = 2,
    width: float = 0, digits: int | None = 4,
) -> Look:  # fmt: skip
    """Make the bars of intervals; an end that is not known has none."""
    middle = np.asarray(value, dtype=float)
    above = np.nan_to_num(np.asarray(upper, dtype=float) - middle)
    below = np.nan_to_num(middle - np.asarray(lower, dtype=float))

    def write(ends: Floats) -> list[float] | list[float | None]:
        return ends.tolist() if digits is None else rounded(ends, digits)

    return {
        "type": "data", "symmetric": False, "array": write(above), "arrayminus": write(below),
        "color": colour, "thickness": thickness, "width": width,
    }  # fmt: skip


def whiskers(
    rows: pd.DataFrame, colour: str = "#52606d", *, thickness: float = 1.3, width: float = 0,
    digits: int | None = 4,
) -> Look:  # fmt: skip
    """Make error bars of a table's intervals."""
    return error_bars(
        rows["value"], rows["lower"], rows["upper"], colour, thickness=thickness, width=width, digits=digits
    )


def dots(
    x: object, y: object, hover: Sequence[str], *, modality: str = "", marker: Look | None = None,
    error: Look | None = None, **more: object,
) -> go.Scatter:  # fmt: skip
    """Draw dots with intervals, in the colour and symbol of a modality unless the marker says otherwise."""
    import plotly.graph_objects as go

    look = {"color": modality_colour(modality), "symbol": modality_symbol(modality), "size": 9}
    return go.Scatter(
        x=x, y=y, mode="markers", marker=(look if modality else {}) | (marker or {}), error_x=error,
        hovertext=hover, hovertemplate=HOVER, **more,
    )  # fmt: skip


def scatter(x: object, y: object, *, hover: str = "", mode: str = "lines", **more: object) -> go.Scatter:
    """Draw a line, at positions or at what `even_axis` makes of them; without `hover` it does not answer."""
    import plotly.graph_objects as go

    at = x if isinstance(x, dict) else {"x": x}
    answers = {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    return go.Scatter(**at, y=y, mode=mode, **answers, **more)


def joined_dots(
    x: object, y: object, hover: Sequence[str], modality: str, *, width: float = 1.4, size: int = 7,
    error: Look | None = None, **more: object,
) -> go.Scatter:  # fmt: skip
    """Draw dots of a modality joined by a line, with intervals upwards and downwards."""
    colour = modality_colour(modality)
    look = {"color": colour, "symbol": modality_symbol(modality), "size": size}
    return scatter(
        x, y, mode="lines+markers", hover="%{hovertext}", hovertext=hover, name=short_title(modality),
        line={"color": colour, "width": width}, marker=look, error_y=error, **more,
    )  # fmt: skip


def measured_line(
    x: ArrayLike, y: ArrayLike, name: str, colour: str, width: float, **line: object
) -> go.Scatter:
    """Draw a measured or fitted curve in full, in the legend if it has a name."""
    look = {"color": colour, "width": width} | line
    hover = "%{x}: %{y:.4g}"
    return scatter(rounded(x, 7), rounded(y, 6), hover=hover, name=name, line=look, showlegend=bool(name))


def band(x: object, rows: pd.DataFrame, colour: str, *, digits: int = 4) -> list[go.Scatter]:
    """Draw the ground between the columns ``lower`` and ``upper`` of a table."""
    edge: Look = {"line": {"width": 0}, "showlegend": False}
    return [
        scatter(x, rounded(rows["lower"], digits), **edge),
        scatter(x, rounded(rows["upper"], digits), fill="tonexty", fillcolor=colour, **edge),
    ]


def bars(
    low: Floats, high: Floats, height: ArrayLike, colour: str | list[str],
    hover: Sequence[str], *, fill: float = 0.9, digits: int = 7, **more: object,
) -> go.Bar:  # fmt: skip
    """Draw a bar over each stretch from `low` to `high`, of which it fills a part."""
    import plotly.graph_objects as go

    return go.Bar(
        x=rounded((low + high) / 2, digits), y=rounded(height, 4), width=rounded(fill * (high - low), 5),
        marker={"color": colour, "line": {"width": 0}}, hovertext=hover, hovertemplate=HOVER, **more,
    )  # fmt: skip


def ticks(at: Sequence[tuple[float, float, float]], **more: object) -> go.Scatter:
    """Draw short upright lines for the baseline: value, and both ends along the rows."""
    x = [item for value, _, _ in at for item in (value, value, None)]
    y = [item for _, first, last in at for item in (first, last, None)]
    look = {"color": LINE, "width": 2, "dash": "2px,2px"}
    return scatter(x, y, hover="baseline %{x:.3f}", mode="lines", line=look, **more)


def cell_map(
    x: Sequence[object], y: Sequence[object], z: Sequence[Sequence[float | None]],
    texts: Sequence[Sequence[str]], *, colours: Sequence[tuple[float, str]], hover: str,
    font: Look | None = None, **more: object,
) -> go.Heatmap:  # fmt: skip
    """Draw a table of cells whose colour is a value from 0 to 1 unless told otherwise, with their texts."""
    import plotly.graph_objects as go

    return go.Heatmap(
        x=x, y=y, z=z, text=texts, texttemplate="%{text}", textfont=font or {"size": 12, "color": INK},
        hovertemplate=hover, colorscale=colours, showscale=False, xgap=2, ygap=2,
        **({"zmin": 0, "zmax": 1} | more),
    )  # fmt: skip


def zero_line(figure: go.Figure, *, vertical: bool = True, **at: int) -> None:
    """Draw a thin line at zero, by the axis: a shape of its own has all others checked again."""
    update = figure.update_xaxes if vertical else figure.update_yaxes
    update(zeroline=True, zerolinecolor=LINE, zerolinewidth=1, rangemode="tozero", **at)


def name_rows(
    figure: go.Figure, names: Sequence[str], at: Sequence[float] | None = None, *, last: float | None = None,
    first: float = -0.6, **more: object,
) -> None:  # fmt: skip
    """Name rows of a figure from the top; `last` and `first` are the ends of the axis."""
    positions = list(range(len(names))) if at is None else list(at)
    end = len(names) - 0.4 if last is None else last
    figure.update_yaxes(tickvals=positions, ticktext=list(names), range=[end, first], showgrid=False, **more)


def line_of_text(
    text: str, *, x: float = 0, xref: str = "paper", y: float = 1, yref: str = "y", colour: str = MUTED,
    **more: object,
) -> Look:  # fmt: skip
    """Describe a line of text beside or above marks."""
    look = {"xanchor": "left", "font": {"size": 12, "color": colour}} | more
    return {"x": x, "xref": xref, "y": y, "yref": yref, "text": text, "showarrow": False} | look


def write_at(figure: go.Figure, text: str, **more: Any) -> None:
    """Write a line of text; many at once are faster, as each has those before it checked again."""
    figure.add_annotation(line_of_text(text, **more))


def add_caption(figure: go.Figure, row: int, text: str) -> None:
    """Write a line above one row of a figure."""
    write_at(figure, text, yref=f"y{row} domain", yanchor="bottom")
