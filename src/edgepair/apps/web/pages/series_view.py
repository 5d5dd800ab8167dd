"""How the page Series shows files, figures, and the point that is chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import (
    aria,
    button,
    choice,
    drawing,
    facts,
    field,
    notice,
    plain_table,
    table,
    warning_list,
)
from edgepair.conventions import TASKS
from edgepair.conventions.wording import short_title, task_title

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.visits import Upload
    from edgepair.apps.web.work.series import Analysed
    from edgepair.apps.web.work.words import Figure
    from edgepair.conventions import EdgepairError

NAME = "series"
SAVES = {"zip": "All tables and the page (ZIP)", "csv": "Values (CSV)", "html": "Page (HTML)"}
"""What can be saved, by its kind."""

_NAMED, _TOLD = 40, 5
"""Files that are named, and refused ones that are told of."""


def file_list(files: Sequence[Upload], refused: Sequence[EdgepairError]) -> list[Component]:
    """Say which files there are."""
    told = [notice(error) for error in refused[:_TOLD]]
    if len(refused) > _TOLD:
        told.append(html.P(f"and {len(refused) - _TOLD} more were refused", className="hint"))
    if not files:
        return told
    size = sum(file.size for file in files)
    names = ", ".join(file.name for file in files[:_NAMED]) + (", …" if len(files) > _NAMED else "")
    count = html.Strong(f"{len(files)} file{'s' if len(files) > 1 else ''}, {size / 1e6:.1f} MB")
    return [
        *told,
        html.Div([count, button("Remove all", {"type": f"{NAME}-clear", "key": "all"})], className="row"),
        html.Details([html.Summary("Names"), html.P(names)]),
    ]


def names_of(files: Sequence[Upload]) -> list[object]:
    """List the files to choose a metal foil from."""
    return [{"label": file.name, "value": file.key} for file in files]


def results(found: Analysed | None, saves: Component) -> list[Component]:
    """Show what a series tells."""
    if found is None:
        return []
    place = dcc.Input(id=f"{NAME}-place", type="number", value=1, min=1, max=len(found.points), step=1,
                      debounce=0.2)  # fmt: skip
    tables = [
        html.Div([html.H3(one["title"]), plain_table(one["headings"], one["rows"])]) for one in found.tables
    ]
    chosen = field(f"Point, 1 to {len(found.points)}", place, hint="or click one in a figure")
    # one at a time: all of a long series would take the browser seconds
    which = choice([(title, str(k)) for k, (title, _) in enumerate(found.figures) if k], "1", f"{NAME}-which")
    return [
        html.H2(found.title),
        *warning_list([text.replace("--reference", "a metal foil") for text in found.warnings]),
        facts(found.facts),
        saves,
        html.Div(
            [
                html.Div(one_figure(found, 0), id=f"{NAME}-map"),
                html.Div(one_figure(found, 1), id=f"{NAME}-chosen", **aria(live="polite")),
            ],
            className="figures",
        ),
        html.Div([chosen, field("Figure on the right", which)], className="row"),
        html.Div(point(found, 1), id=f"{NAME}-point", className="card", **aria(live="polite")),
        *tables,
    ]


def one_figure(found: Analysed, place: int) -> Component:
    """Draw the figure of a place."""
    title, figure = found.figures[place][0], _figure(found, place)
    return drawing(title, figure, ident={"type": f"{NAME}-figure", "place": place})


def _figure(found: Analysed, place: int) -> Figure:
    figure: Figure = json.loads(found.figures[place][1])
    return figure


def clicked_point(found: Analysed, place: object, click: Mapping[str, Any] | None) -> int | None:
    """Tell which point a click means, from 1; None where its figure has none."""
    if not isinstance(place, int) or not 0 <= place < len(found.figures) or not click:
        return None
    figure = _figure(found, place)
    try:
        axis = "y" if figure["data"][0]["type"] == "heatmap" else "x"
        at = float(click["points"][0][axis])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    titles = [figure["layout"].get(name, {}).get("title", {}).get("text", "") for name in figure["layout"]
              if name.startswith(f"{axis}axis")]  # fmt: skip
    if found.axis not in titles:
        return None
    away = [abs(point.position - at) for point in found.points]
    return away.index(min(away)) + 1


def point(found: Analysed, number: int) -> list[Component]:
    """Show the curves of a point beside those of the first, and what was answered."""
    chosen = found.points[number - 1]
    name, rows = chosen.name, chosen.rows
    places = {title: k for k, (title, _) in enumerate(found.figures)}
    shown = []
    for title, k in chosen.drawn.items():
        heat, layout = _figure(found, places[title])["data"][0], _figure(found, places[title] + 1)["layout"]
        both = ((0, "first point", "#9aa5b1", 1.2), (k, name, "#0072b2", 1.8))
        lines = [
            {
                "type": "scatter", "mode": "lines", "x": heat["x"], "y": heat["z"][row], "name": title,
                "line": {"color": colour, "width": width},
            }
            for row, title, colour, width in both
        ]  # fmt: skip
        kept = {**layout, "shapes": [], "showlegend": True, "height": 320}
        shown.append(drawing(f"{found.axis}: {chosen.position:g}", {"data": lines, "layout": kept}))
    heads = ["", *(task_title(task) for task in TASKS), "Trust"]
    answers = []
    for modality in dict.fromkeys(row["modality"] for row in rows):
        mine = {row["task"]: row for row in rows if row["modality"] == modality}
        trust = next(iter(mine.values()))["trust"]
        cells = [html.Td(_value(mine.get(task))) for task in TASKS]
        mark = html.Td(html.Span(trust, className=f"trust {trust}"))
        answers.append(html.Tr([html.Th(short_title(modality), scope="row"), *cells, mark]))
    told = [table(heads, answers)] if answers else [html.P("No answer for this point.", className="hint")]
    return [html.H3(f"Point {number}: {name}"), *told, html.Div(shown, className="figures")]


def _value(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    digits = 3 if row["task"] == "bond_length" else 2
    return f"{row['value']:.{digits}f} ({row['lower']:.{digits}f} to {row['upper']:.{digits}f})"
