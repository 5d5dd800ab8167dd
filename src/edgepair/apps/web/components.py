"""Pieces that pages are made of: errors, facts, figures, a place to drop files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from dash import dcc, html
from dash.development.base_component import Component

from edgepair.apps.web.work.words import Figure
from edgepair.conventions import EdgepairError

FIELDS: Mapping[str, str] = {
    "--absorber": "Element",
    "--mu": "Absorption μ",
    "--energy-column": "Energy column",
    "--energy-unit": "Energy unit",
    "--e0": "E0",
    "--shift": "Energy shift",
    "--reference": "Used as: a metal foil",
    "--dpdf": "Kind of PDF",
    "--pre": "Pre-edge",
    "--post": "Post-edge",
    "--item": "Part of the file",
    "--radiation": "Radiation",
    "--qmax": "Qmax",
    "--composition": "Composition",
    "--number-density": "Number density",
    "--confidence": "Confidence",
    "--number": "Components",
    "--axis": "Axis",
    "--neighbours": "Neighbours differ by",
    "--combine": "Combine spectra of",
    "--ends": "Combine PDFs of points",
}
"""Fields of the page by the options of the command line, which errors speak of."""

_OPTION = re.compile(r"(--[a-z][a-z0-9-]*)(=?)")
_ARGUMENT = re.compile(r"\b[a-z]+_[a-z]+\b")
_MOST_REFUSED = 5
_GRAPH: Any = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "responsive": True,
    # Named one by one: none that sends the figure anywhere.
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    "toImageButtonOptions": {"format": "svg", "filename": "edgepair"},
}


def notice(error: EdgepairError) -> Component:
    """Show an error in its four parts."""
    parts = (("Found", error.found), ("Needed", error.needed), ("Try", error.suggestion))
    return html.Div(
        [
            html.P(in_fields(error.problem), className="problem"),
            html.Dl([part for name, text in parts for part in (html.Dt(name), html.Dd(in_fields(text)))]),
        ],
        className="notice",
        role="alert",
    )


def refused_list(refused: Sequence[EdgepairError]) -> list[Component]:
    """Say which files were not taken, the first five with their reasons."""
    more = html.P(f"and {len(refused) - _MOST_REFUSED} more were refused", className="hint")
    return [*map(notice, refused[:_MOST_REFUSED]), *([more] if len(refused) > _MOST_REFUSED else [])]


def refused_upload(parts: object) -> EdgepairError:
    """Make an error of what the browser says was refused: text that is shown, nothing else."""
    told = parts if isinstance(parts, dict) else {}
    text = {name: str(told.get(name, ""))[:500] for name in ("problem", "found", "needed", "suggestion")}
    return EdgepairError(text.pop("problem"), **text)


def in_fields(text: str) -> str:
    """Say which field is meant where a message speaks of an option of the command line or of a function.

    >>> in_fields("give --energy-unit keV"), in_fields("--pre=-150,-30")
    ('give “Energy unit” keV', '“Pre-edge” -150,-30')
    >>> in_fields("number_density gives the scale")
    '“Number density” gives the scale'
    """

    def named(found: re.Match[str]) -> str:
        if found[1] not in FIELDS:
            return found[0]
        # Nobody writes an equals sign into a field.
        return f"“{FIELDS[found[1]]}”" + (" " if found[2] else "")

    def named_argument(found: re.Match[str]) -> str:
        label = FIELDS.get("--" + found[0].replace("_", "-"))
        return found[0] if label is None else f"“{label}”"

    return _ARGUMENT.sub(named_argument, _OPTION.sub(named, text))


def concerned_field(error: EdgepairError, given: Mapping[str, object]) -> str:
    """Name the field that an error concerns."""
    for name, value in given.items():
        if isinstance(value, str) and value and repr(value) in error.problem:
            return name
        if value not in (None, "") and re.search(rf"\b{re.escape(name)}\b", error.problem):
            return name
    for text in (error.problem, error.suggestion, error.needed, error.found):
        for option, _ in _OPTION.findall(text):
            name = str(option[2:].replace("-", "_"))
            if name in given:
                return name
    return ""


def aria(**words: str) -> dict[str, Any]:
    """Write attributes for screen readers.

    >>> aria(live="polite")
    {'aria-live': 'polite'}
    """
    return {f"aria-{name}": word for name, word in words.items()}


def facts(rows: Sequence[tuple[str, str]]) -> Component:
    """Show names and values."""
    return html.Dl(
        [part for name, value in rows for part in (html.Dt(name), html.Dd(value))], className="facts"
    )


def warning_list(texts: Sequence[str]) -> list[Component]:
    """Show warnings."""
    if not texts:
        return []
    return [html.Ul([html.Li(in_fields(text)) for text in texts], className="warnings")]


def drawing(title: str, figure: Figure, *, ident: str | dict[str, Any] | None = None) -> Component:
    """Show a figure with its caption."""
    height = figure["layout"].get("height", 400)
    # Its buttons would lie on the legend, which is above the curves.
    buttons = {"orientation": "v", "bgcolor": "rgba(0,0,0,0)"}
    figure = {**figure, "layout": {**figure["layout"], "modebar": buttons}}
    named: dict[str, Any] = {} if ident is None else {"id": ident}
    graph = dcc.Graph(figure=figure, config=_GRAPH, style={"height": f"{height}px"}, **named)
    return html.Figure([html.Figcaption(title), graph], className="drawing")


def field(label: str, control: Component, *, hint: str = "") -> Component:
    """Put a label to a control."""
    parts: list[Component] = [html.Span(label, className="label"), control]
    parts += [html.Span(hint, className="hint")] if hint else []
    return html.Div([html.Label(parts)], className="field")


def choice(options: Sequence[tuple[str, str]], value: str | None, ident: str, **more: Any) -> Component:
    """Make a list of labels with their values, of which one is chosen."""
    listed = [{"label": label, "value": one} for label, one in options]
    return dcc.Dropdown(listed, value, id=ident, clearable=False, searchable=False, **more)


def chips(
    title: str,
    ident: str | dict[str, str],
    options: Sequence[tuple[object, str]],
    chosen: str | Sequence[str],
    **more: Any,
) -> Component:
    """Make a group of options under a title: one of them is chosen where `chosen` is a text, else any."""
    listed = [{"label": label, "value": value} for label, value in options]
    look: dict[str, Any] = {"id": ident, "className": "chips"}
    control: Component = dcc.Checklist(listed, [*chosen], **look)
    if isinstance(chosen, str):
        control = dcc.RadioItems(listed, chosen, **look)
    return html.Fieldset([html.Legend(title, className="label"), control], **more)


def button(label: str, ident: str | dict[str, Any], look: str = "quiet", **more: Any) -> Component:
    """Make a button."""
    return html.Button(label, id=ident, className=look, type="button", **more)


def table(heads: Sequence[str], lines: Sequence[Component], **more: Any) -> Component:
    """Make a table that scrolls where it is too wide; `lines` are its rows."""
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in heads]))
    return html.Div(html.Table([head, html.Tbody(lines)], **more), className="scroll")


Cell: TypeAlias = str | int | list[tuple[str, str]]
"""Text; parts of text with their classes; or, before a row that opens something, its number."""


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, opens: str = "") -> Component:
    """Make a table that the browser lays out: rows begin with a number for the store `opens`, where named."""
    told: dict[str, Any] = {
        "heads": json.dumps([*heads]),
        "rows": json.dumps([*map(list, rows)]),
        "opens": opens,
    }
    return html.Div(className="scroll plain", **{f"data-{name}": text for name, text in told.items()})


def section(title: str, ident: str, *parts: Component, **more: Any) -> Component:
    """Make a part of a page under its title."""
    return html.Section([html.H2(title, id=ident), *parts], **aria(labelledby=ident), **more)


def drawings(figures: Sequence[tuple[str, Figure]]) -> Component:
    """Show figures side by side."""
    return html.Div([drawing(title, figure) for title, figure in figures], className="figures")


def asking(
    name: str,
    ask: Sequence[Component],
    panel: Component,
    title: str,
    results: Component | Sequence[Component],
) -> list[Component]:
    """Make the bar with what is asked and its button, and below it the place of what comes of it."""
    place = html.Section(
        results, id=f"{name}-results", className="result", **aria(label=title, live="polite")
    )
    return [html.Div([html.Div([*ask], className="row"), panel], className="ask"), place]


def drop_zone(page: str, *, title: str, hint: str) -> Component:
    """Make a place to drop files, or to choose them."""
    data: dict[str, Any] = {"data-page": page}
    return html.Div(
        [
            html.Div([html.Span(title, className="title"), html.Span(className="place")]),
            html.P(hint, className="hint"),
            html.P(className="busy", **aria(live="polite")),
            dcc.Store(id=f"{page}-uploads"),
        ],
        className="drop",
        **data,
    )
