"""One style for all figures in print: sizes, fonts, colours and symbols."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import matplotlib.style
from matplotlib.figure import Figure

from edgepair.report.kit.style import modality_colour, modality_symbol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MILLIMETRES = 1 / 25.4
ONE_COLUMN, TWO_COLUMNS = 85 * MILLIMETRES, 175 * MILLIMETRES
"""Widths of a journal's columns, inches."""

_MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "triangle-down": "v", "cross": "P",
    "x": "X", "star": "*", "pentagon": "p", "hexagon": "h",
}  # fmt: skip
"""The symbols of the pages as matplotlib names them."""


def in_style() -> AbstractContextManager[None]:
    """Draw and write in this style, whatever the user's own is."""
    style = str(files("edgepair.figures") / "print.mplstyle")
    return matplotlib.style.context(style, after_reset=True)


def look(modality: str) -> tuple[str, str]:
    """Give colour and marker of a modality, those of the pages."""
    return modality_colour(modality), _MARKERS[modality_symbol(modality)]


def plain(title: str) -> str:
    """Write a title of a page, which may hold indices, for print."""
    return re.sub("<sub>(.*?)</sub>", r"$_{\\mathrm{\1}}$", title)


def panels(
    rows: int, columns: int, *, width: float, height: float, **layout: Any
) -> tuple[Figure, list[list[Axes]]]:
    """Make a figure of panels, ``width`` and ``height`` in inches."""
    with in_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **layout)
    grid: list[list[Axes]] = axes.tolist()
    return figure, grid
