"""The page Data: look for sites in a dataset, see their curves, compare them with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, html, no_update

from edgepair.apps.web.components import drawings, notice
from edgepair.apps.web.pages import data_view as view
from edgepair.apps.web.pages.data_query import (
    KEYS,
    MOST_SITES,
    joined_sites,
    moved_place,
    packed_range,
    parse_filter,
    parse_sites,
    short_texts,
)
from edgepair.apps.web.work import datasets as work
from edgepair.conventions import TASKS, EdgepairError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.jobs import Function
    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

NAME = "data"
LANE = "browse"
_COLUMNS = [name for name, _ in view.COLUMNS]


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
        return view.page(self._services.shown.sources, source, self._body(visit, source.name, given))

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
            listed = self._call(
                visit, work.list_sites, name, filters, order, page * view.PAGE_ROWS, view.PAGE_ROWS
            )
        except EdgepairError as error:
            errors["elements"], nothing = error, "Nothing is shown: a filter is not understood."
        slots: list[object] = [
            notice(errors[one["id"]["field"]]) if one["id"]["field"] in errors else []
            for one in ctx.outputs_list[7]
        ]
        last = listed.first + len(listed.rows)
        where = f"{listed.first + 1:,} to {last:,} of {listed.total:,}" if listed.total else ""
        parts = ((listed.total, "site"), (listed.materials, "material"), (listed.formulas, "formula"))
        told = ", ".join(f"{number:,} {word}{'s' * (number != 1)}" for number, word in parts)
        count = told if listed.total else nothing
        kept = {"sort": ("-" if order[1] else "") + order[0], "page": str(listed.first // view.PAGE_ROWS + 1)}
        return (
            view.rows(listed, parse_sites(joined_sites(sites))),
            count,
            where,
            listed.first == 0,
            last >= listed.total,
            kept,
            [view.sort_word(column, order) for column in _COLUMNS],
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
            return view.curves([], [])
        try:
            return view.curves(*self._call(visit, work.draw_sites, name, chosen))
        except EdgepairError as error:
            return notice(error)

    def show_means(self, wanted: object, by: str | None, name: str, key: str | None) -> object:
        """Draw the means of the classes of all sites that pass the filters."""
        visit = self._services.visits.find(key)
        if by not in TASKS:
            return html.P("This dataset has no labels to average by.", className="hint")
        filters, _ = parse_filter(short_texts(wanted))
        try:
            return drawings(self._call(visit, work.draw_classes, name, filters, by))
        except EdgepairError as error:
            return notice(error)

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
            return [notice(error)]
        return view.body(about, query)

    def _call(self, visit: Visit, function: Function, name: str, *args: object) -> Any:
        source = self._services.shown.find(name)
        return self._services.jobs.call(visit.key, function, source, *args, lane=LANE)
