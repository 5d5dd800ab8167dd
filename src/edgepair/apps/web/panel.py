"""Parts of pages: a question that takes long, with bar and answer; the answer that is open; what saves it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import aria, button, notice
from edgepair.apps.web.jobs import ENDED, Order
from edgepair.apps.web.visits import Services, Visit
from edgepair.conventions import EdgepairError

_EVERY_MS = 500


@dataclass(eq=False)
class Opened:
    """The place of the answer that is open: `answer` gives that of a number, or raises IndexError."""

    page: str
    services: Services
    _: KW_ONLY
    answer: Callable[[Visit, int], Any]
    card: Callable[[Any], Component]

    @property
    def name(self) -> str:
        """Name the store that tells which one is open, for `plain_table`."""
        return f"{self.page}-open"

    def place(self, answers: Sequence[Any]) -> Component:
        """Make the place, the first answer open."""
        return html.Div([dcc.Store(id=self.name), html.Div(self.card(answers[0]), id=f"{self.page}-opened")])

    def register(self, app: Dash) -> None:
        """Register the callback."""
        app.callback(
            Output(f"{self.page}-opened", "children"),
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
            return self.card(self.answer(self.services.visits.find(key), number))
        except IndexError:
            raise PreventUpdate from None


@dataclass(eq=False)
class Saves:
    """A row of such buttons, one per kind of file."""

    page: str
    services: Services
    _: KW_ONLY
    kinds: Mapping[str, str]
    content: Callable[..., tuple[str, str | bytes]]

    def place(self) -> Component:
        """Make what hands a file to the browser: once on the page, wherever its buttons come and go."""
        return dcc.Download(id=f"{self.page}-download")

    def buttons(self) -> Component:
        """Make the row of buttons."""
        kinds = [
            button(label, {"type": f"{self.page}-save", "kind": kind}) for kind, label in self.kinds.items()
        ]
        return html.Div([html.Span("Save: "), *kinds], className="row saves")

    def register(self, app: Dash, fields: Sequence[str] = ()) -> None:
        """Register the callback."""
        app.callback(
            Output(f"{self.page}-download", "data"),
            Input({"type": f"{self.page}-save", "kind": ALL}, "n_clicks"),
            *(State(ident, "value") for ident in fields),
            State("visit", "data"),
            prevent_initial_call=True,
        )(self.save)

    def save(self, clicks: Sequence[int | None], *values: Any) -> dict[str, Any]:
        """Give a file to the browser."""
        *given, key = values
        kind = str(ctx.triggered_id["kind"]) if any(clicks) else ""
        if kind not in self.kinds:
            # Buttons that come with an answer count as changed; nobody has pressed one.
            raise PreventUpdate
        name, content = self.content(self.services.visits.find(key), kind, *given)
        if isinstance(content, str):
            return {"content": content, "filename": name, "base64": False}
        return {"content": base64.b64encode(content).decode("ascii"), "filename": name, "base64": True}


@dataclass(eq=False)
class JobPanel:
    """Begins a visit's one job when a button is pressed, shows how far it is, and hands its value on."""

    name: str
    services: Services
    _: KW_ONLY
    order: Callable[..., Order]
    answered: Callable[[Visit, Any], object]
    so_far: Callable[[Sequence[Any]], Component] | None = None
    lane: str = "answer"

    def running(self, visit: Visit) -> str | None:
        """Give the key of the job that a visit waits for; None without one."""
        return visit.bag.get(self.name)

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
        visit = self.services.visits.find(key)
        with visit.lock:
            try:
                function, args = self.order(visit, *given)
                self.services.jobs.cancel(visit.key, self.running(visit))
                job = self.services.jobs.submit(visit.key, function, *args, lane=self.lane)
            except EdgepairError as error:
                return no_update, notice(error)
            visit.bag[self.name], visit.holds = job.key, True
            return job.key, []

    def show_answer(self, done: str | None, key: str | None) -> object:
        """Show what came of the job."""
        if done is None:
            raise PreventUpdate
        visit = self.services.visits.find(key)
        with visit.lock:
            job = self.services.jobs.find(visit.key, done)
            if job is None or job.key != self.running(visit) or job.state != "done":
                raise PreventUpdate
            visit.bag[self.name] = None
            return self.answered(visit, job.value)

    def show(self, _: int | None, key: str | None, visit: str | None) -> tuple[object, bool, bool, object]:
        """Show how far the job is."""
        job = self.services.jobs.find(visit or "", key)
        if job is None:
            return [], True, True, no_update
        if job.state not in ENDED:
            self.services.visits.find(visit)
            bar = _bar(job.done, job.total, job.text or "waiting for its turn")
            parts = [self.so_far(job.parts)] if self.so_far and job.parts else []
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
            self.services.jobs.cancel(visit or "", key)
        return no_update


def _bar(done: float, total: float, text: str) -> Component:
    known: dict[str, Any] = {"value": str(done), "max": str(total)} if total > 0 and done > 0 else {}
    return html.Div([html.Progress(**known, **aria(label=text)), html.Span(text)], className="bar")
