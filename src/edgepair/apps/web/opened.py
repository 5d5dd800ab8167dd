"""One of several answers, shown when its name is pressed: figures of all at once would freeze the tab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit


class Opened:
    """The place of the answer that is open.

    `answer` gives that of a number, or raises IndexError; `card` shows it.
    """

    def __init__(
        self,
        page: str,
        services: Services,
        *,
        answer: Callable[[Visit, int], Any],
        card: Callable[[Any], Component],
    ) -> None:
        self._page, self._services, self._answer, self._card = page, services, answer, card

    @property
    def name(self) -> str:
        """Name the store that tells which one is open, for `plain_table`."""
        return f"{self._page}-open"

    def place(self, answers: Sequence[Any]) -> Component:
        """Make the place, the first answer open."""
        return html.Div(
            [dcc.Store(id=self.name), html.Div(self._card(answers[0]), id=f"{self._page}-opened")]
        )

    def register(self, app: Dash) -> None:
        """Register the callback."""
        app.callback(
            Output(f"{self._page}-opened", "children"),
            Input(self.name, "data"),
            State("visit", "data"),
            prevent_initial_call=True,
        )(self.open)

    def open(self, asked: object, key: str | None) -> Component:
        """Show another answer."""
        number = asked.get("number") if isinstance(asked, dict) else None
        if not isinstance(number, int) or number < 0:
            raise PreventUpdate
        try:
            return self._card(self._answer(self._services.visits.find(key), number))
        except IndexError:
            raise PreventUpdate from None
