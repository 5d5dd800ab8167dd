"""Marks that figures share: lines at zero, intervals, dots by row, names of rows, captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from edgepair.report.kit.style import MUTED, modality_colour, modality_symbol
from edgepair.report.kit.tables import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINE = "#9aa5b1"
"""Colour of lines that mark a value: zero, a baseline."""

ZERO = {"color": LINE, "width": 1}
HOVER = "%{hovertext}<extra></extra>"


def error_bars(
    value: Any, lower: Any, upper: Any, colour: str, *, thickness: float = 2, width: float = 0,
    digits: int | None = 4,
) -> dict[str, Any]:  # fmt: skip
    """Make the bars of intervals; an end that is not known has none."""
    middle = np.asarray(value, dtype=float)
    above = np.nan_to_num(np.asarray(upper, dtype=float) - middle)
    below = np.nan_to_num(middle - np.asarray(lower, dtype=float))

    def write(ends: NDArray[np.float64]) -> list[Any]:
        return ends.tolist() if digits is None else rounded(ends, digits)

    return {
        "type": "data", "symmetric": False, "array": write(above), "arrayminus": write(below),
        "color": colour, "thickness": thickness, "width": width,
    }  # fmt: skip


def whiskers(rows: pd.DataFrame, colour: str = "#52606d", *, thickness: float = 1.3, **more: Any) -> Any:
    """Make error bars of a table's intervals."""
    return error_bars(rows["value"], rows["lower"], rows["upper"], colour, thickness=thickness, **more)


def dots(
    x: Any, y: Any, hover: Sequence[str], *, modality: str = "", marker: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None, **more: Any,
) -> Any:  # fmt: skip
    """Draw dots with intervals, in the colour and symbol of a modality unless the marker says otherwise."""
    import plotly.graph_objects as go

    look = {"color": modality_colour(modality), "symbol": modality_symbol(modality), "size": 9}
    return go.Scatter(
        x=x, y=y, mode="markers", marker=(look if modality else {}) | (marker or {}), error_x=error,
        hovertext=hover, hovertemplate=HOVER, **more,
    )  # fmt: skip


def zero_line(figure: Any, *, vertical: bool = True, **at: int) -> None:
    """Draw a thin line at zero."""
    draw = figure.add_vline if vertical else figure.add_hline
    draw(**{"x" if vertical else "y": 0}, line=ZERO, **at)


def name_rows(
    figure: Any, names: Sequence[str], at: Sequence[float] | None = None, *, last: float | None = None,
    first: float = -0.6, **more: Any,
) -> None:  # fmt: skip
    """Name rows of a figure from the top; `last` and `first` are the ends of the axis."""
    positions = list(range(len(names))) if at is None else list(at)
    bottom = len(names) - 0.4 if last is None else last
    figure.update_yaxes(
        tickvals=positions, ticktext=list(names), range=[bottom, first], showgrid=False, **more
    )  # fmt: skip


def write_at(
    figure: Any, text: str, *, x: float = 0, xref: str = "paper", y: float = 1, yref: str = "y",
    colour: str = MUTED, **more: Any,
) -> None:  # fmt: skip
    """Write a line of text beside or above marks."""
    figure.add_annotation(
        x=x, xref=xref, y=y, yref=yref, text=text, showarrow=False,
        **({"xanchor": "left", "font": {"size": 12, "color": colour}} | more),
    )  # fmt: skip


def add_caption(figure: Any, row: int, text: str) -> None:
    """Write a line above one row of a figure."""
    write_at(figure, text, yref=f"y{row} domain", yanchor="bottom")
