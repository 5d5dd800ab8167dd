"""Figures of a result by name, with what is to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgepair.conventions import OptionError, near_miss

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Drawing:
    """What draws a figure, and what has to be chosen for it: each choice with the values at hand."""

    draw: Callable[..., go.Figure | None]
    choices: Mapping[str, Sequence[str]]


def draw_figure(drawings: Mapping[str, Drawing], name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw a figure by its name, by default the first; what has one value only need not be chosen."""
    name = name or next(iter(drawings))
    if name not in drawings:
        raise OptionError(
            f"cannot draw the figure {name!r}",
            found=f"figure={name!r}",
            needed="one of " + ", ".join(drawings),
            suggestion=near_miss(name, drawings),
        )
    choices = drawings[name].choices
    chosen = {key: values[0] for key, values in choices.items() if len(values) == 1} | dict(given)
    wrong = [key for key in chosen if key not in choices or chosen[key] not in choices[key]]
    missing = [key for key in choices if key not in chosen]
    figure = None if wrong or missing else drawings[name].draw(**chosen)
    if figure is None:
        at_hand = (f"{key} ({', '.join(values) or 'none here'})" for key, values in choices.items())
        raise OptionError(
            f"cannot draw the figure {name!r}",
            found=", ".join(f"{key}={value!r}" for key, value in given.items()) or "nothing chosen",
            needed="a result that holds it; choices: " + ("; ".join(at_hand) or "none"),
            suggestion=f"choose {', '.join(missing or wrong) or 'another figure or other values'}",
        )
    return figure
