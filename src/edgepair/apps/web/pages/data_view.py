"""How the page Data shows a dataset: its filters, the table of sites, their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import aria, button, chips, choice, drawings, facts, field, section
from edgepair.apps.web.pages.data_query import MOST_SITES, parse_order, parse_sites, split_range
from edgepair.conventions import TASKS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.shown import Source
    from edgepair.apps.web.work.datasets import About, Listed, SiteShown
    from edgepair.apps.web.work.words import Drawn

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
    options = [(one.title, one.name) for one in sources]
    control = choice(options, chosen.name, f"{NAME}-set", className="narrow")
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
        section("Chosen sites", f"{NAME}-sites-title", html.Div(id=f"{NAME}-curves", **aria(live="polite"))),
        section(
            "Means of all sites found",
            f"{NAME}-means-title",
            field(
                "Averaged by",
                choice(
                    [(TASKS[name].title, name) for name in labels],
                    by if by in labels else next(iter(labels), None),
                    f"{NAME}-by",
                    className="narrow",
                ),
                hint="bands: 16th to 84th percentile; in brackets: number of sites",
            ),
            html.Div(id=f"{NAME}-means", **aria(live="polite")),
        ),
    ]


def _filters(about: About, query: Mapping[str, str]) -> list[Component]:
    def text(name: str, example: str) -> Component:
        return dcc.Input(
            id=f"{NAME}-{name}", value=query.get(name, ""), placeholder=example, type="text", debounce=0.5,
            maxLength=80, spellCheck=False, autoComplete="off",
        )  # fmt: skip

    shown: list[Component] = [
        html.H2("Filter", className="first"),
        field("Formula or material holds", text("text", "LiFe or mp-19")),
        _with_slot("elements", field("With the elements", text("elements", "Li, P"))),
    ]
    for task in TASKS.values():
        given = query.get(task.name, "")
        if task.name in about.classes:
            shown.append(_with_slot(task.name, _classes(task.name, about.classes[task.name], given)))
        elif task.name in about.ranges:
            shown.append(_with_slot(task.name, _range(task.name, about.ranges[task.name], given)))
    return [*shown, html.Div(button("Clear filters", f"{NAME}-clear"))]


def _with_slot(name: str, control: Component) -> Component:
    """Leave room beneath a field for what is wrong with it."""
    return html.Div([control, html.Div(id={"type": f"{NAME}-slot", "field": name})])


def _classes(task: str, classes: Sequence[tuple[float, int]], given: str) -> Component:
    options = [
        (html.Span([f"{value:g}", html.Span(f"{count:,}", className="count")]), f"{value:g}")
        for value, count in classes
    ]
    there = [value for _, value in options]
    chosen = [part for part in given.split(",") if part in there]
    return chips(TASKS[task].title, {"type": f"{NAME}-classes", "task": task}, options, chosen)


def _range(task: str, ends: tuple[float, float], given: str) -> Component:
    unit = TASKS[task].unit
    low, high = split_range(given)

    # Not of the type number: what a browser takes for none never gets here to be spoken of.
    def number(end: str, value: str, limit: float) -> Component:
        return dcc.Input(
            id={"type": f"{NAME}-end", "task": task, "end": end}, value=value, placeholder=f"{limit:.2f}",
            type="text", debounce=0.6, maxLength=12, className="short",
        )  # fmt: skip

    inputs = [
        html.Label([html.Span(end), number(end, value, limit)])
        for end, value, limit in zip(("from", "to"), (low, high), ends, strict=True)
    ]
    legend = html.Legend(f"{TASKS[task].title} ({unit or 'no unit'})", className="label")
    return html.Fieldset([legend, html.Div(inputs, className="ends")])


def _table(query: Mapping[str, str]) -> Component:
    order = parse_order(query.get("sort", ""), [name for name, _ in COLUMNS])
    heads = [
        html.Th(
            button(title, {"type": f"{NAME}-sort", "column": name}, "sort"),
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
                    button("Previous", f"{NAME}-previous"),
                    html.Span(id=f"{NAME}-where", className="hint"),
                    button("Next", f"{NAME}-next"),
                ],
                className="row pager",
            ),
        ]
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
    ident = {"type": f"{NAME}-only", "site": site}
    only = button(str(row["formula"]), ident, "link", title="Show its curves alone")
    compare = button(
        "✓ drawn" if here else "+ add",
        {"type": f"{NAME}-compare", "site": site},
        "quiet small",
        disabled=not here and n_chosen >= MOST_SITES,
        **aria(pressed="true" if here else "false", label=f"Compare {what}"),
    )
    shown = [html.Th(only, scope="row"), *cells, html.Td(compare)]
    return html.Tr(shown, className="here" if here else "")


def _cell(name: str, value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:.{_DIGITS[name]}f}" if name in _DIGITS else f"{value:g}"
    return str(value)


def curves(shown: Sequence[SiteShown], figures: Sequence[Drawn]) -> list[Component]:
    """Show sites: labels side by side, then their curves."""
    if not shown:
        hint = (
            f"Choose a formula in the table to see its curves; add up to {MOST_SITES} sites to compare them."
        )
        return [html.P(hint, className="hint")]
    heads = []
    for one in shown:
        patch = html.Span(className="patch", style={"backgroundColor": one.colour})
        ident, words = {"type": f"{NAME}-drop", "site": one.site}, aria(label=f"Remove {one.name}")
        remove = button("Remove", ident, "quiet small", **words)
        heads.append(html.Th([patch, html.Span(one.name), remove], scope="col"))
    told = [dict(one.facts) for one in shown]
    lines = [
        html.Tr([html.Th(name, scope="row"), *(html.Td(facts_of.get(name, "–")) for facts_of in told)])
        for name in told[0]
    ]
    table = html.Table([html.Thead(html.Tr([html.Td(), *heads])), html.Tbody(lines)], className="compared")
    return [html.Div(table, className="scroll"), drawings(figures)]
