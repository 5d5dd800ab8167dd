"""The frame around every page: name, navigation, theme; what a page is, and which one an address means."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update, set_props
from dash.development.base_component import Component

from edgepair.apps.web import components as ui
from edgepair.apps.web.visits import Services, Visit
from edgepair.conventions import EdgepairError, OptionError

_LONGEST_VALUE = 200
"""Characters of one value in the address."""

_log = logging.getLogger("edgepair.web")


class Page(Protocol):
    """One page; made once, with the `Services`, and shared by all visitors: it keeps nothing itself."""

    path: str
    title: str
    sentence: str

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""

    def register(self, app: Dash) -> None:
        """Register the callbacks."""


class Shell:
    """The frame and the way to each page."""

    def __init__(self, services: Services, pages: Sequence[Page]) -> None:
        self._services = services
        self._pages = pages

    def register(self, app: Dash) -> None:
        """Make the frame, register its callbacks and those of all pages."""
        app.layout = self._layout()
        in_browser: Any = app.clientside_callback
        in_browser(ClientsideFunction("edgepair", "visit"), Output("visit", "data"), Input("frame", "id"))
        in_browser(
            ClientsideFunction("edgepair", "address"),
            Output("view", "modified_timestamp"),
            Input("view", "data"),
        )
        app.callback(
            Output("page", "children"),
            Output("navigation", "children"),
            Input("address", "pathname"),
            Input("address", "search"),
            Input("visit", "data"),
        )(self.show)
        for page in self._pages:
            page.register(app)

    def show(self, path: str | None, search: str | None, visit: str | None) -> tuple[object, object]:
        """Show the page that an address means."""
        if visit is None:
            return no_update, no_update
        wanted = (path or "/").rstrip("/") or self._pages[0].path
        found = [page for page in self._pages if page.path == wanted]
        links = [
            dcc.Link(page.title, href=page.path, className="here" if page in found else "")
            for page in self._pages
        ]
        if not found:
            paths = ", ".join(page.path for page in self._pages)
            error = OptionError(
                f"cannot show {wanted[:_LONGEST_VALUE]!r}",
                found="an address of no page",
                needed=f"one of {paths}",
                suggestion="choose a page above",
            )
            return ui.notice(error), links
        query = {name: value[:_LONGEST_VALUE] for name, value in parse_qsl((search or "").lstrip("?"))}
        page = found[0]
        head = html.Header([html.H1(page.title, tabIndex="-1"), html.P(page.sentence, className="sentence")])
        try:
            body = page.layout(query, self._services.visits.find(visit))
        except EdgepairError as error:
            body = ui.notice(error)
        return [head, body], links

    def _layout(self) -> Component:
        return html.Div(
            [
                dcc.Location(id="address", refresh=False),
                dcc.Store(id="visit"),
                dcc.Store(id="view"),
                html.A("Skip to the page", href="#page", className="skip"),
                html.Header(
                    [
                        html.Span("edgepair", className="name"),
                        html.Nav(id="navigation", **ui.aria(label="Pages")),
                        ui.button("Dark", "theme"),
                    ],
                    className="top",
                ),
                html.Div(id="trouble"),
                html.Main(
                    html.P("Loading …", className="hint"), id="page", tabIndex="-1", **ui.aria(live="off")
                ),
            ],
            id="frame",
        )

    def unforeseen(self, error: Exception) -> object:
        """Tell the visitor of a fault of ours, or of a visit that ended: no field is concerned."""
        if not isinstance(error, EdgepairError):
            _log.error("a fault on the page: %s: %s", type(error).__name__, error)
            _log.debug("in full", exc_info=error)
            error = OptionError(
                "something went wrong on the page",
                found=type(error).__name__,
                needed="a page that works",
                suggestion="load the page again; if it happens again, report this as a fault",
            )
        set_props("trouble", {"children": ui.notice(error)})
        return no_update
