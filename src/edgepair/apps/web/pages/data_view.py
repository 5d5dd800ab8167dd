"""How the page Data shows a dataset: its filters, the table of sites, their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import aria, drawing, facts, field
from edgepair.apps.web.pages.data_query import MOST_SITES, parse_order, parse_sites, split_range
from edgepair.conventions import TASKS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.shown import Source
    from edgepair.apps.web.work.datasets import About, Listed, SiteShown

NAME = "data"
COLUMNS = (
    ("formula", "Formula"),
    ("material_id", "Material"),
    ("oxidation_state", "Oxidation state"),
    ("coordination_number", "Coordination number"),
    ("bond_length", "Mean bond length (Å)"),
    ("multiplicity", "Equivalent sites"),
    ("origin", "Origin"),
    ("gate", "Failed check"),
)
"""Columns of the table with their headings, by which it can be sorted."""

PAGE_ROWS = 15
_DIGITS = {"bond_length": 3}


def page(sources: Sequence[Source], chosen: Source, beneath: Sequence[Component]) -> Component:
    """Make the whole page."""
    control = dcc.Dropdown(
        [{"label": one.title, "value": one.name} for one in sources],
        chosen.name,
        id=f"{NAME}-set",
        clearable=False,
        searchable=False,
        className="narrow",
    )
    return html.Div([field("Dataset", control), html.Div(list(beneath), id=f"{NAME}-body")])


def body(about: About, query: Mapping[str, str]) -> list[Component]:
    """Make everything beneath the choice of a dataset."""
    labels = [name for name in TASKS if name in about.classes or name in about.ranges]
    by = query.get("by", "")
    wanted = {key: query[key] for key in ("text", "elements", *TASKS) if query.get(key)}
    place = {key: query[key] for key in ("sort", "page") if query.get(key)}
    return [
        dcc.Store(id=f"{NAME}-wanted", data=wanted),
        dcc.Store(id=f"{NAME}-place", data=place),
        dcc.Store(id=f"{NAME}-sites", data=parse_sites(query.get("sites", ""))),
        html.Details(
            [html.Summary("About this dataset"), facts([(str(a), str(b)) for a, b in about.facts])],
            className="about",
        ),
        html.Div(
            [
                html.Div(
                    _filters(about, query), className="controls", role="search", **aria(label="Filters")
                ),
                _table(query),
            ],
            className="beside browse",
        ),
        html.Section(
            [
                html.H2("Chosen sites", id=f"{NAME}-sites-title"),
                html.Div(id=f"{NAME}-curves", **aria(live="polite")),
            ],
            **aria(labelledby=f"{NAME}-sites-title"),
        ),
        html.Section(
            [
                html.H2("Means of all sites found", id=f"{NAME}-means-title"),
                field(
                    "Averaged by",
                    dcc.Dropdown(
                        [{"label": TASKS[name].title, "value": name} for name in labels],
                        by if by in labels else next(iter(labels), None),
                        id=f"{NAME}-by",
                        clearable=False,
                        searchable=False,
                        className="narrow",
                    ),
                    hint="bands: 16th to 84th percentile; in brackets: number of sites",
                ),
                html.Div(id=f"{NAME}-means", **aria(live="polite")),
            ],
            **aria(labelledby=f"{NAME}-means-title"),
        ),
    ]


def _filters(about: About, query: Mapping[str, str]) -> list[Component]:
    text: dict[str, Any] = {
        "type": "text",
        "debounce": 0.5,
        "maxLength": 80,
        "spellCheck": False,
        "autoComplete": "off",
    }
    shown: list[Component] = [
        html.H2("Filter", className="first"),
        field(
            "Formula or material holds",
            dcc.Input(id=f"{NAME}-text", value=query.get("text", ""), placeholder="LiFe or mp-19", **text),
        ),
        _with_slot(
            "elements",
            field(
                "With the elements",
                dcc.Input(
                    id=f"{NAME}-elements", value=query.get("elements", ""), placeholder="Li, P", **text
                ),
            ),
        ),
    ]
    for task in TASKS.values():
        given = query.get(task.name, "")
        if task.name in about.classes:
            shown.append(_with_slot(task.name, _classes(task.name, about.classes[task.name], given)))
        elif task.name in about.ranges:
            shown.append(_with_slot(task.name, _range(task.name, about.ranges[task.name], given)))
    clear = html.Button("Clear filters", id=f"{NAME}-clear", className="quiet", type="button")
    shown.append(html.Div(clear))
    return shown


def _with_slot(name: str, control: Component) -> Component:
    """Leave room beneath a field for what is wrong with it."""
    return html.Div([control, html.Div(id={"type": f"{NAME}-slot", "field": name})])


def _classes(task: str, classes: Sequence[tuple[float, int]], given: str) -> Component:
    options = [
        {
            "label": html.Span([f"{value:g}", html.Span(f"{count:,}", className="count")]),
            "value": f"{value:g}",
        }
        for value, count in classes
    ]
    there = [option["value"] for option in options]
    return html.Fieldset(
        [
            html.Legend(TASKS[task].title, className="label"),
            dcc.Checklist(
                options,
                [part for part in given.split(",") if part in there],
                id={"type": f"{NAME}-classes", "task": task},
                className="chips",
            ),
        ]
    )


def _range(task: str, ends: tuple[float, float], given: str) -> Component:
    unit = TASKS[task].unit
    low, high = split_range(given)
    # Not of the type number: what a browser takes for none never gets here to be spoken of.
    number: dict[str, Any] = {"type": "text", "debounce": 0.6, "maxLength": 12, "className": "short"}
    inputs = [
        html.Label(
            [
                html.Span(end),
                dcc.Input(
                    id={"type": f"{NAME}-end", "task": task, "end": end},
                    value=value,
                    placeholder=f"{limit:.2f}",
                    **number,
                ),
            ]
        )
        for end, value, limit in zip(("from", "to"), (low, high), ends, strict=True)
    ]
    return html.Fieldset(
        [
            html.Legend(f"{TASKS[task].title} ({unit or 'no unit'})", className="label"),
            html.Div(inputs, className="ends"),
        ]
    )


def _table(query: Mapping[str, str]) -> Component:
    order = parse_order(query.get("sort", ""), [name for name, _ in COLUMNS])
    heads = [
        html.Th(
            html.Button(title, id={"type": f"{NAME}-sort", "column": name}, type="button", className="sort"),
            id={"type": f"{NAME}-head", "column": name},
            scope="col",
            **aria(sort=sort_word(name, order)),
        )
        for name, title in COLUMNS
    ]
    head = html.Thead(html.Tr([*heads, html.Th("Compare", scope="col")]))
    return html.Div(
        [
            html.P(id=f"{NAME}-count", className="found", role="status"),
            html.Div(html.Table([head, html.Tbody(id=f"{NAME}-rows")]), className="scroll sites"),
            html.Div(
                [
                    html.Button("Previous", id=f"{NAME}-previous", className="quiet", type="button"),
                    html.Span(id=f"{NAME}-where", className="hint"),
                    html.Button("Next", id=f"{NAME}-next", className="quiet", type="button"),
                ],
                className="row pager",
            ),
        ],
    )


def sort_word(column: str, order: tuple[str, bool]) -> str:
    """Say how a column is sorted, for screen readers."""
    if column != order[0]:
        return "none"
    return "descending" if order[1] else "ascending"


def rows(listed: Listed, chosen: Sequence[int]) -> list[Component]:
    """Show the rows of one page."""
    return [_row(row, int(row["site"]) in chosen, len(chosen)) for row in listed.rows]


def _row(row: Mapping[str, Any], here: bool, n_chosen: int) -> Component:
    site = int(row["site"])
    what = f"{row['formula']}, site {row['site_index']}"
    cells = [html.Td(_cell(name, row[name])) for name, _ in COLUMNS[1:]]
    return html.Tr(
        [
            html.Th(
                html.Button(
                    str(row["formula"]),
                    id={"type": f"{NAME}-only", "site": site},
                    className="link",
                    type="button",
                    title="Show its curves alone",
                ),
                scope="row",
            ),
            *cells,
            html.Td(
                html.Button(
                    "✓ drawn" if here else "+ add",
                    id={"type": f"{NAME}-compare", "site": site},
                    className="quiet small",
                    type="button",
                    disabled=not here and n_chosen >= MOST_SITES,
                    **aria(pressed="true" if here else "false", label=f"Compare {what}"),
                )
            ),
        ],
        className="here" if here else "",
    )


def _cell(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:.{_DIGITS[name]}f}" if name in _DIGITS else f"{value:g}"
    return str(value)


def curves(shown: Sequence[SiteShown], figures: Sequence[tuple[str, Any]]) -> list[Component]:
    """Show sites: labels side by side, then their curves."""
    if not shown:
        hint = (
            f"Choose a formula in the table to see its curves; add up to {MOST_SITES} sites to compare them."
        )
        return [html.P(hint, className="hint")]
    heads = [
        html.Th(
            [
                html.Span(className="patch", style={"backgroundColor": one.colour}),
                html.Span(one.name),
                html.Button(
                    "Remove",
                    id={"type": f"{NAME}-drop", "site": one.site},
                    className="quiet small",
                    type="button",
                    **aria(label=f"Remove {one.name}"),
                ),
            ],
            scope="col",
        )
        for one in shown
    ]
    told = [dict(one.facts) for one in shown]
    lines = [
        html.Tr([html.Th(name, scope="row"), *(html.Td(facts_of.get(name, "–")) for facts_of in told)])
        for name in told[0]
    ]
    table = html.Table([html.Thead(html.Tr([html.Td(), *heads])), html.Tbody(lines)], className="compared")
    return [
        html.Div(table, className="scroll"),
        html.Div([drawing(title, figure) for title, figure in figures], className="figures"),
    ]


def means(figures: Sequence[tuple[str, Any]]) -> Component:
    """Show the means of classes."""
    return html.Div([drawing(title, figure) for title, figure in figures], className="figures")
