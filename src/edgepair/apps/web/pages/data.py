"""The page Data: look for sites in a dataset, see their curves, compare them with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from edgepair.apps.web import components as ui
from edgepair.apps.web.jobs import Function
from edgepair.apps.web.pages.data_query import (
    KEYS,
    MOST_SITES,
    joined_sites,
    moved_place,
    packed_range,
    parse_filter,
    parse_order,
    parse_sites,
    short_texts,
    split_range,
)
from edgepair.apps.web.visits import Services, Visit
from edgepair.apps.web.work import datasets as work
from edgepair.apps.web.work.words import Drawn
from edgepair.conventions import TASKS, EdgepairError

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

NAME = "data"
LANE = "browse"
_COLUMNS = [name for name, _ in COLUMNS]


def body(about: work.About, query: Mapping[str, str]) -> list[Component]:
    """Make everything beneath the choice of a dataset."""
    labels = [name for name in TASKS if name in about.classes or name in about.ranges]
    by = query.get("by", "")
    wanted = {key: query[key] for key in ("text", "elements", *TASKS) if query.get(key)}
    place = {key: query[key] for key in ("sort", "page") if query.get(key)}
    drawn = html.Div(id=f"{NAME}-curves", **ui.aria(live="polite"))
    return [
        dcc.Store(id=f"{NAME}-wanted", data=wanted),
        dcc.Store(id=f"{NAME}-place", data=place),
        dcc.Store(id=f"{NAME}-sites", data=parse_sites(query.get("sites", ""))),
        html.Details(
            [html.Summary("About this dataset"), ui.facts([(str(a), str(b)) for a, b in about.facts])],
            className="about",
        ),
        html.Div(
            [
                html.Div(
                    _filters(about, query), className="controls", role="search", **ui.aria(label="Filters")
                ),
                _table(query),
            ],
            className="beside browse",
        ),
        ui.section("Chosen sites", f"{NAME}-sites-title", drawn),
        ui.section(
            "Means of all sites found",
            f"{NAME}-means-title",
            ui.field(
                "Averaged by",
                ui.choice(
                    [(TASKS[name].title, name) for name in labels],
                    by if by in labels else next(iter(labels), None),
                    f"{NAME}-by",
                    className="narrow",
                ),
                hint="bands: 16th to 84th percentile; in brackets: number of sites",
            ),
            html.Div(id=f"{NAME}-means", **ui.aria(live="polite")),
        ),
    ]


def _filters(about: work.About, query: Mapping[str, str]) -> list[Component]:
    def text(name: str, example: str) -> Component:
        return dcc.Input(
            id=f"{NAME}-{name}", value=query.get(name, ""), placeholder=example, type="text", debounce=0.5,
            maxLength=80, spellCheck=False, autoComplete="off",
        )  # fmt: skip

    shown: list[Component] = [
        html.H2("Filter", className="first"),
        ui.field("Formula or material holds", text("text", "LiFe or mp-19")),
        _with_slot("elements", ui.field("With the elements", text("elements", "Li, P"))),
    ]
    for task in TASKS.values():
        given = query.get(task.name, "")
        if task.name in about.classes:
            shown.append(_with_slot(task.name, _classes(task.name, about.classes[task.name], given)))
        elif task.name in about.ranges:
            shown.append(_with_slot(task.name, _range(task.name, about.ranges[task.name], given)))
    return [*shown, html.Div(ui.button("Clear filters", f"{NAME}-clear"))]


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
    return ui.chips(TASKS[task].title, {"type": f"{NAME}-classes", "task": task}, options, chosen)


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
            ui.button(title, {"type": f"{NAME}-sort", "column": name}, "sort"),
            id={"type": f"{NAME}-head", "column": name},
            scope="col",
            **ui.aria(sort=sort_word(name, order)),
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
                    ui.button("Previous", f"{NAME}-previous"),
                    html.Span(id=f"{NAME}-where", className="hint"),
                    ui.button("Next", f"{NAME}-next"),
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


def _row(row: Mapping[str, Any], here: bool, n_chosen: int) -> Component:
    site = int(row["site"])
    what = f"{row['formula']}, site {row['site_index']}"
    cells = [html.Td(_cell(name, row[name])) for name, _ in COLUMNS[1:]]
    ident = {"type": f"{NAME}-only", "site": site}
    only = ui.button(str(row["formula"]), ident, "link", title="Show its curves alone")
    compare = ui.button(
        "✓ drawn" if here else "+ add",
        {"type": f"{NAME}-compare", "site": site},
        "quiet small",
        disabled=not here and n_chosen >= MOST_SITES,
        **ui.aria(pressed="true" if here else "false", label=f"Compare {what}"),
    )
    shown = [html.Th(only, scope="row"), *cells, html.Td(compare)]
    return html.Tr(shown, className="here" if here else "")


def _cell(name: str, value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:.{_DIGITS[name]}f}" if name in _DIGITS else f"{value:g}"
    return str(value)


def curves(shown: Sequence[work.SiteShown], figures: Sequence[Drawn]) -> list[Component]:
    """Show sites: labels side by side, then their curves."""
    if not shown:
        hint = (
            f"Choose a formula in the table to see its curves; add up to {MOST_SITES} sites to compare them."
        )
        return [html.P(hint, className="hint")]
    heads = []
    for one in shown:
        patch = html.Span(className="patch", style={"backgroundColor": one.colour})
        ident, words = {"type": f"{NAME}-drop", "site": one.site}, ui.aria(label=f"Remove {one.name}")
        remove = ui.button("Remove", ident, "quiet small", **words)
        heads.append(html.Th([patch, html.Span(one.name), remove], scope="col"))
    told = [dict(one.facts) for one in shown]
    lines = [
        html.Tr([html.Th(name, scope="row"), *(html.Td(facts_of.get(name, "–")) for facts_of in told)])
        for name in told[0]
    ]
    table = html.Table([html.Thead(html.Tr([html.Td(), *heads])), html.Tbody(lines)], className="compared")
    return [html.Div(table, className="scroll"), ui.drawings(figures)]


class DataPage:
    """Sites of a dataset."""

    path = "/data"
    title = "Data"
    sentence = "Look for materials in a dataset, see the curves of their sites, and compare them."

    def __init__(self, services: Services) -> None:
        self._services = services

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        given = {key: query[key] for key in KEYS if query.get(key)} or dict(visit.bag.get(NAME, {}))
        source = self._services.shown.find(given.get("set", ""))
        options = [(one.title, one.name) for one in self._services.shown.sources]
        control = ui.choice(options, source.name, f"{NAME}-set", className="narrow")
        beneath = html.Div(self._body(visit, source.name, given), id=f"{NAME}-body")
        return html.Div([ui.field("Dataset", control), beneath])

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        self._register_choices(app)
        self._register_views(app)

    def _register_choices(self, app: Dash) -> None:
        """Register what follows from the fields and buttons: dataset, filters, sites."""
        app.callback(
            Output(f"{NAME}-body", "children"),
            Input(f"{NAME}-set", "value"),
            Input(f"{NAME}-clear", "n_clicks"),
            State(f"{NAME}-sites", "data"),
            State("visit", "data"),
            prevent_initial_call=True,
        )(self.change_set)
        app.callback(
            Output(f"{NAME}-wanted", "data"),
            Input(f"{NAME}-text", "value"),
            Input(f"{NAME}-elements", "value"),
            Input({"type": f"{NAME}-classes", "task": ALL}, "value"),
            Input({"type": f"{NAME}-end", "task": ALL, "end": ALL}, "value"),
            prevent_initial_call=True,
        )(self.filter)
        app.callback(
            Output(f"{NAME}-sites", "data"),
            Input({"type": f"{NAME}-only", "site": ALL}, "n_clicks"),
            Input({"type": f"{NAME}-compare", "site": ALL}, "n_clicks"),
            Input({"type": f"{NAME}-drop", "site": ALL}, "n_clicks"),
            State(f"{NAME}-sites", "data"),
            prevent_initial_call=True,
        )(self.choose)

    def _register_views(self, app: Dash) -> None:
        """Register what is shown of the choices: table, curves, means, address."""
        visit, dataset = State("visit", "data"), State(f"{NAME}-set", "value")
        app.callback(
            Output(f"{NAME}-rows", "children"),
            Output(f"{NAME}-count", "children"),
            Output(f"{NAME}-where", "children"),
            Output(f"{NAME}-previous", "disabled"),
            Output(f"{NAME}-next", "disabled"),
            Output(f"{NAME}-place", "data"),
            Output({"type": f"{NAME}-head", "column": ALL}, "aria-sort"),
            Output({"type": f"{NAME}-slot", "field": ALL}, "children"),
            Input(f"{NAME}-wanted", "data"),
            Input({"type": f"{NAME}-sort", "column": ALL}, "n_clicks"),
            Input(f"{NAME}-previous", "n_clicks"),
            Input(f"{NAME}-next", "n_clicks"),
            Input(f"{NAME}-sites", "data"),
            State(f"{NAME}-place", "data"),
            dataset,
            visit,
        )(self.show_table)
        app.callback(Output(f"{NAME}-curves", "children"), Input(f"{NAME}-sites", "data"), dataset, visit)(
            self.show_sites
        )
        app.callback(
            Output(f"{NAME}-means", "children"),
            Input(f"{NAME}-wanted", "data"),
            Input(f"{NAME}-by", "value"),
            dataset,
            visit,
        )(self.show_means)
        app.callback(
            Output("view", "data", allow_duplicate=True),
            Input(f"{NAME}-wanted", "data"),
            Input(f"{NAME}-place", "data"),
            Input(f"{NAME}-sites", "data"),
            Input(f"{NAME}-by", "value"),
            dataset,
            visit,
            prevent_initial_call="initial_duplicate",
        )(self.remember)

    def change_set(self, name: str, clear: int | None, sites: object, key: str | None) -> object:
        """Show another dataset, or the same without filters."""
        visit = self._services.visits.find(key)
        if ctx.triggered_id == f"{NAME}-clear":
            if not clear:
                return no_update
            # Sites are rows of one dataset: they stay with it.
            return self._body(visit, name, {"sites": joined_sites(sites)})
        return self._body(visit, name, {})

    def filter(self, text: object, elements: object, classes: object, ends: object) -> dict[str, str]:
        """Take what stands in the fields."""
        wanted = {"text": str(text or ""), "elements": str(elements or "")}
        for one in ctx.inputs_list[2]:
            wanted[one["id"]["task"]] = ",".join(str(value) for value in one.get("value") or [])
        given = {(one["id"]["task"], one["id"]["end"]): one.get("value") for one in ctx.inputs_list[3]}
        for task, _ in given:
            wanted[task] = packed_range(given[task, "from"], given[task, "to"])
        return {name: value for name, value in wanted.items() if value}

    def show_table(
        self,
        wanted: object,
        sorts: Sequence[int | None],
        previous: int | None,
        following: int | None,
        sites: object,
        place: object,
        name: str,
        key: str | None,
    ) -> tuple[object, ...]:
        """Show one page of the table."""
        visit = self._services.visits.find(key)
        filters, errors = parse_filter(short_texts(wanted))
        clicked = bool(ctx.triggered and ctx.triggered[0]["value"])
        order, page = moved_place(short_texts(place), ctx.triggered_id, clicked, _COLUMNS)
        listed, nothing = work.Listed([], 0, 0, 0, 0), "No site fits these filters."
        try:
            listed = self._call(visit, work.list_sites, name, filters, order, page * PAGE_ROWS, PAGE_ROWS)
        except EdgepairError as error:
            errors["elements"], nothing = error, "Nothing is shown: a filter is not understood."
        slots: list[object] = [
            ui.notice(errors[one["id"]["field"]]) if one["id"]["field"] in errors else []
            for one in ctx.outputs_list[7]
        ]
        last = listed.first + len(listed.rows)
        where = f"{listed.first + 1:,} to {last:,} of {listed.total:,}" if listed.total else ""
        parts = ((listed.total, "site"), (listed.materials, "material"), (listed.formulas, "formula"))
        told = ", ".join(f"{number:,} {word}{'s' * (number != 1)}" for number, word in parts)
        count = told if listed.total else nothing
        chosen = parse_sites(joined_sites(sites))
        kept = {"sort": ("-" if order[1] else "") + order[0], "page": str(listed.first // PAGE_ROWS + 1)}
        return (
            [_row(row, int(row["site"]) in chosen, len(chosen)) for row in listed.rows],
            count,
            where,
            listed.first == 0,
            last >= listed.total,
            kept,
            [sort_word(column, order) for column in _COLUMNS],
            slots,
        )

    def choose(self, only: object, compare: object, drop: object, sites: object) -> object:
        """Choose the sites that are drawn."""
        what = ctx.triggered_id
        if not isinstance(what, dict) or not ctx.triggered[0]["value"]:
            # A row has come or gone; nobody clicked.
            return no_update
        now = parse_sites(joined_sites(sites))
        site = int(what["site"])
        if what["type"] == f"{NAME}-only":
            return [site]
        if site in now:
            return [one for one in now if one != site]
        return [*now, site][:MOST_SITES]

    def show_sites(self, sites: object, name: str, key: str | None) -> object:
        """Draw the chosen sites."""
        visit = self._services.visits.find(key)
        chosen = parse_sites(joined_sites(sites))
        if not chosen:
            return curves([], [])
        try:
            return curves(*self._call(visit, work.draw_sites, name, chosen))
        except EdgepairError as error:
            return ui.notice(error)

    def show_means(self, wanted: object, by: str | None, name: str, key: str | None) -> object:
        """Draw the means of the classes of all sites that pass the filters."""
        visit = self._services.visits.find(key)
        if by not in TASKS:
            return html.P("This dataset has no labels to average by.", className="hint")
        filters, _ = parse_filter(short_texts(wanted))
        try:
            return ui.drawings(self._call(visit, work.draw_classes, name, filters, by))
        except EdgepairError as error:
            return ui.notice(error)

    def remember(
        self, wanted: object, place: object, sites: object, by: str | None, name: str, key: str | None
    ) -> dict[str, str]:
        """Write what is shown into the address, and keep it for the way back to this page."""
        visit = self._services.visits.find(key)
        shown = {
            "set": name,
            **short_texts(wanted),
            **short_texts(place),
            "sites": joined_sites(sites),
            "by": by or "",
        }
        if shown.get("page") == "1":
            del shown["page"]
        kept = {key: shown[key] for key in KEYS if shown.get(key)}
        visit.bag[NAME] = kept
        return kept

    def _body(self, visit: Visit, name: str, query: Mapping[str, str]) -> list[Component]:
        try:
            about = self._call(visit, work.describe, name)
        except EdgepairError as error:
            return [ui.notice(error)]
        return body(about, query)

    def _call(self, visit: Visit, function: Function, name: str, *args: object) -> Any:
        source = self._services.shown.find(name)
        return self._services.jobs.call(visit.key, function, source, *args, lane=LANE)
