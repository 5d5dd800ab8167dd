"""A question that takes long: its bar, what it is at, a button to cancel it, and the answer in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import aria, button, notice
from edgepair.apps.web.jobs import ENDED
from edgepair.conventions import EdgepairError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.jobs import Order
    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

_EVERY_MS = 500


class JobPanel:
    """Begins a job when a button is pressed, shows what it has so far, and hands its value on.

    One job at a time of each visit: another takes the place of one that runs. What stands in the way of
    a job, and what went wrong in it, is shown in the panel; the rest of the page is left as it is. A page
    that is left and opened again finds its job where it was.
    """

    def __init__(
        self,
        name: str,
        services: Services,
        *,
        order: Callable[..., Order],
        answered: Callable[[Visit, Any], object],
        so_far: Callable[[Sequence[Any]], Component] | None = None,
        lane: str = "answer",
    ) -> None:
        self.name = name
        self._services = services
        self._order = order
        self._answered = answered
        self._so_far = so_far
        self._lane = lane

    def running(self, visit: Visit) -> str | None:
        """Give the key of the job that a visit waits for; None without one."""
        key: str | None = visit.bag.get(self.name)
        return key

    def layout(self, visit: Visit) -> Component:
        """Make the panel."""
        name, job = self.name, self.running(visit)
        return html.Div(
            [
                dcc.Store(id=f"{name}-job", data=job),
                dcc.Store(id=f"{name}-done"),
                dcc.Interval(id=f"{name}-clock", interval=_EVERY_MS, disabled=job is None),
                html.Div(id=f"{name}-begun"),
                html.Div(id=f"{name}-progress", **aria(live="polite")),
                button("Cancel", f"{name}-cancel", hidden=True),
            ],
            className="job",
        )

    def register(
        self, app: Dash, *, button: str, fields: Sequence[str] = (), results: Sequence[Output]
    ) -> None:
        """Register the callbacks."""
        name, visit = self.name, State("visit", "data")
        app.callback(
            Output(f"{name}-job", "data"),
            Output(f"{name}-begun", "children"),
            Input(button, "n_clicks"),
            *(State(ident, "value") for ident in fields),
            visit,
            prevent_initial_call=True,
        )(self.begin)
        app.callback(
            Output(f"{name}-progress", "children"),
            Output(f"{name}-cancel", "hidden"),
            Output(f"{name}-clock", "disabled"),
            Output(f"{name}-done", "data"),
            Input(f"{name}-clock", "n_intervals"),
            Input(f"{name}-job", "data"),
            visit,
        )(self.show)
        app.callback(
            Output(f"{name}-cancel", "n_clicks"),
            Input(f"{name}-cancel", "n_clicks"),
            State(f"{name}-job", "data"),
            visit,
            prevent_initial_call=True,
        )(self.cancel)
        app.callback(*results, Input(f"{name}-done", "data"), visit, prevent_initial_call=True)(
            self.show_answer
        )

    def begin(self, clicks: int | None, *values: Any) -> tuple[object, object]:
        """Begin the job."""
        if not clicks:
            return no_update, no_update
        *given, key = values
        visit = self._services.visits.find(key)
        with visit.lock:
            try:
                function, args = self._order(visit, *given)
                self._services.jobs.cancel(visit.key, self.running(visit))
                job = self._services.jobs.submit(visit.key, function, *args, lane=self._lane)
            except EdgepairError as error:
                return no_update, notice(error)
            visit.bag[self.name], visit.holds = job.key, True
            return job.key, []

    def show_answer(self, done: str | None, key: str | None) -> object:
        """Show what came of the job."""
        if done is None:
            raise PreventUpdate
        visit = self._services.visits.find(key)
        with visit.lock:
            job = self._services.jobs.find(visit.key, done)
            if job is None or job.key != self.running(visit) or job.state != "done":
                raise PreventUpdate
            visit.bag[self.name] = None
            return self._answered(visit, job.value)

    def show(self, _: int | None, key: str | None, visit: str | None) -> tuple[object, bool, bool, object]:
        """Show how far the job is."""
        job = self._services.jobs.find(visit or "", key)
        if job is None:
            return [], True, True, no_update
        if job.state not in ENDED:
            self._services.visits.find(visit)
            bar = _bar(job.done, job.total, job.text or "waiting for its turn")
            parts = [self._so_far(job.parts)] if self._so_far and job.parts else []
            return [bar, *parts], False, False, no_update
        if job.state == "done":
            return [], True, True, job.key
        told: EdgepairError | None = job.error
        if job.state == "cancelled" or told is None:
            return html.P("Cancelled.", className="hint"), True, True, no_update
        return notice(told), True, True, no_update

    def cancel(self, clicks: int | None, key: str | None, visit: str | None) -> object:
        """Cancel the job."""
        if clicks:
            self._services.jobs.cancel(visit or "", key)
        return no_update


def _bar(done: float, total: float, text: str) -> Component:
    known: dict[str, Any] = {"value": str(done), "max": str(total)} if total > 0 and done > 0 else {}
    return html.Div([html.Progress(**known, **aria(label=text)), html.Span(text)], className="bar")
