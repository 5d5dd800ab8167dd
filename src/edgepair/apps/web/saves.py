"""Buttons that save what a page shows to the visitor's machine."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import button

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services


class Saves:
    """A row of such buttons, one per kind of file."""

    def __init__(
        self,
        page: str,
        services: Services,
        *,
        kinds: Mapping[str, str],
        content: Callable[..., tuple[str, str | bytes]],
    ) -> None:
        self._page = page
        self._services = services
        self._kinds = kinds
        self._content = content

    def place(self) -> Component:
        """Make what hands a file to the browser: once on the page, wherever its buttons come and go."""
        return dcc.Download(id=f"{self._page}-download")

    def buttons(self) -> Component:
        """Make the row of buttons."""
        kinds = [
            button(label, {"type": f"{self._page}-save", "kind": kind}) for kind, label in self._kinds.items()
        ]
        return html.Div([html.Span("Save: "), *kinds], className="row saves")

    def register(self, app: Dash, fields: Sequence[str] = ()) -> None:
        """Register the callback."""
        app.callback(
            Output(f"{self._page}-download", "data"),
            Input({"type": f"{self._page}-save", "kind": ALL}, "n_clicks"),
            *(State(ident, "value") for ident in fields),
            State("visit", "data"),
            prevent_initial_call=True,
        )(self.save)

    def save(self, clicks: Sequence[int | None], *values: Any) -> dict[str, Any]:
        """Give a file to the browser."""
        *given, key = values
        kind = str(ctx.triggered_id["kind"]) if any(clicks) else ""
        if kind not in self._kinds:
            # Buttons that come with an answer count as changed; nobody has pressed one.
            raise PreventUpdate
        name, content = self._content(self._services.visits.find(key), kind, *given)
        if isinstance(content, str):
            return {"content": content, "filename": name, "base64": False}
        return {"content": base64.b64encode(content).decode("ascii"), "filename": name, "base64": True}
