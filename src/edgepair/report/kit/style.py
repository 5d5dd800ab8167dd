"""One look for all figures: colours, symbols, fonts and axes."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK = "#1f2933"
MUTED = "#66727f"
GRID = "#e6eaee"
PAPER = "#ffffff"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

MODALITY_LOOKS: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        # Okabe and Ito's palette, distinct for the colour-blind; the shape is the second cue.
        "xanes": ("#0072b2", "circle"),
        "pdf": ("#e69f00", "square"),
        "dpdf": ("#009e73", "diamond"),
        "npdf": ("#56b4e9", "triangle-up"),
        "xanes+pdf": ("#d55e00", "cross"),
        "xanes+dpdf": ("#cc79a7", "x"),
        "xanes+npdf": ("#332288", "star"),
        # Combinations that are seldom asked for: Tol's muted palette.
        "pdf+dpdf": ("#999933", "pentagon"),
        "pdf+npdf": ("#882255", "hexagon"),
        "dpdf+npdf": ("#44aa99", "triangle-down"),
        "xanes+pdf+dpdf": ("#117733", "star"),
        "xanes+pdf+npdf": ("#aa4499", "pentagon"),
        "xanes+dpdf+npdf": ("#6699cc", "hexagon"),
        "pdf+dpdf+npdf": ("#888888", "star"),
        "xanes+pdf+dpdf+npdf": ("#000000", "hexagon"),
    }
)
"""Colour and symbol of each modality, everywhere."""

_SPARE = (("#661100", "pentagon"), ("#6699cc", "triangle-down"), ("#888888", "hexagon"))

# Viridis without its lightest end: even steps of lightness, so the order shows in grey too.
_SEQUENCE = ("#440154", "#3b528b", "#21918c", "#5ec962", "#c8b400")


def modality_colour(modality: str) -> str:
    """Look up the fixed colour of a modality.

    Parameters
    ----------
    modality : str
        Name, or that of one technique.

    Returns
    -------
    str
        Hexadecimal colour.

    Examples
    --------
    >>> modality_colour("xanes")
    '#0072b2'
    """
    return _look(modality)[0]


def modality_symbol(modality: str) -> str:
    """Look up the fixed symbol of a modality.

    Parameters
    ----------
    modality : str
        Name.

    Returns
    -------
    str
        Name of a plotly symbol.

    Examples
    --------
    >>> modality_symbol("pdf")
    'square'
    """
    return _look(modality)[1]


def _look(modality: str) -> tuple[str, str]:
    return MODALITY_LOOKS.get(modality, _SPARE[sum(modality.encode()) % len(_SPARE)])


def sequence_colours(n: int) -> list[str]:
    """Choose colours for classes that have an order, dark to light."""
    if n < 2:
        return [_SEQUENCE[1]][:n]
    colours = []
    for k in range(n):
        index = k * (len(_SEQUENCE) - 1) / (n - 1)
        low = min(int(index), len(_SEQUENCE) - 2)
        colours.append(mixed(_SEQUENCE[low], _SEQUENCE[low + 1], index - low))
    return colours


def mixed(first: str, second: str, part: float) -> str:
    """Mix two colours, without transparency: what lies beneath must not change the contrast."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def faded(colour: str, opacity: float) -> str:
    """Make a colour see-through.

    >>> faded("#0072b2", 0.2)
    'rgba(0,114,178,0.2)'
    """
    red, green, blue = _rgb(colour)
    return f"rgba({red},{green},{blue},{opacity:g})"


def styled(figure: go.Figure, *, height: int, **layout: object) -> go.Figure:
    """Give a figure the look of the report."""
    figure.update_layout(template=_template(), height=height, autosize=True, **layout)
    return figure


@cache
def _template() -> go.layout.Template:
    import plotly.graph_objects as go

    axis = {
        "gridcolor": GRID,
        "linecolor": "#b8c1ca",
        "zeroline": False,
        "automargin": True,
        "ticks": "",
        "title": {"font": {"size": 13, "color": MUTED}, "standoff": 8},
        "tickfont": {"size": 12, "color": INK},
        "fixedrange": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": INK},
            "paper_bgcolor": PAPER,
            "plot_bgcolor": PAPER,
            "margin": {"l": 8, "r": 10, "t": 8, "b": 8, "pad": 2},
            "xaxis": axis | {"showline": True},
            "yaxis": axis | {"ticklabelstandoff": 4},
            "dragmode": False,
            "hoverlabel": {
                "bgcolor": PAPER,
                "bordercolor": "#b8c1ca",
                "font": {"size": 12, "color": INK, "family": FONT},
                "align": "left",
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "bottom",
                "font": {"size": 12},
                "itemclick": False,
                "itemdoubleclick": False,
                "bgcolor": "rgba(0,0,0,0)",
            },
            "showlegend": False,
            "bargap": 0,
            "separators": ".,",
        }
    )
