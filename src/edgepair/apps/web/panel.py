"""A question that takes long: its bar, what it is at, a button to cancel it, and the answer in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import aria, notice
from edgepair.apps.web.jobs import ENDED
from edgepair.conventions import EdgepairError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

_EVERY_MS = 500


class JobPanel:
    """Begins a job when a button is pressed, shows how far it is, and hands its value on.

    One job at a time of each visit: another takes the place of one that runs. What stands in the way of
    a job, and what went wrong in it, is shown in the panel; the rest of the page is left as it is. A page
    that is left and opened again finds its job where it was.

    Parameters
    ----------
    name : str
        Of the place on the page; ids begin with it.
    services : Services
        Visits and jobs.
    order : callable
        Called with the visit and the values of the fields; gives the function that is to run and its
        arguments, or raises an `EdgepairError`. The visit is locked meanwhile.
    answered : callable
        Called with the visit and the value of the job; gives what the page shows of it, one object for
        one output, a tuple for several. The visit is locked meanwhile.
    lane : str, optional
        Which processes do the work.
    """

    def __init__(
        self,
        name: str,
        services: Services,
        *,
        order: Callable[..., tuple[Callable[..., Any], tuple[Any, ...]]],
        answered: Callable[[Visit, Any], Any],
        lane: str = "answer",
    ) -> None:
        self.name = name
        self._services = services
        self._order = order
        self._answered = answered
        self._lane = lane

    def running(self, visit: Visit) -> str | None:
        """Give the key of the job that a visit waits for; None without one.

        Parameters
        ----------
        visit : Visit
            The visitor.

        Returns
        -------
        str or None
            It may have ended, but what came of it was not shown yet.
        """
        key: str | None = visit.bag.get(self.name)
        return key

    def layout(self, visit: Visit) -> Component:
        """Make the panel.

        Parameters
        ----------
        visit : Visit
            The visitor, who may have begun a job before the page was left.

        Returns
        -------
        dash component
            Empty without a job.
        """
        name, job = self.name, self.running(visit)
        return html.Div(
            [
                dcc.Store(id=f"{name}-job", data=job),
                dcc.Store(id=f"{name}-done"),
                dcc.Interval(id=f"{name}-clock", interval=_EVERY_MS, disabled=job is None),
                html.Div(id=f"{name}-begun"),
                html.Div(id=f"{name}-progress", **aria(live="polite")),
                html.Button("Cancel", id=f"{name}-cancel", className="quiet", hidden=True, type="button"),
            ],
            className="job",
        )

    def register(
        self, app: Dash, *, button: str, fields: Sequence[str] = (), results: Sequence[Output]
    ) -> None:
        """Register the callbacks.

        Parameters
        ----------
        app : dash.Dash
            The page.
        button : str
            Id of the button that begins.
        fields : sequence of str, optional
            Ids of the fields whose values go into the order.
        results : sequence of dash.Output
            Where the answer is shown.
        """
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

    def begin(self, clicks: int | None, *values: Any) -> tuple[Any, Any]:
        """Begin the job.

        Parameters
        ----------
        clicks : int or None
            Of the button.
        *values : object
            What stands in the fields; the last is the visit.

        Returns
        -------
        tuple
            Key of the job; what stands in the way.
        """
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

    def show_answer(self, done: str | None, key: str | None) -> Any:
        """Show what came of the job.

        Parameters
        ----------
        done : str or None
            Key of the job that has ended.
        key : str or None
            The visit.

        Returns
        -------
        object
            For the outputs; nothing changes where it is not the job that this visit waits for.
        """
        if done is None:
            raise PreventUpdate
        visit = self._services.visits.find(key)
        with visit.lock:
            job = self._services.jobs.find(visit.key, done)
            if job is None or job.key != self.running(visit) or job.state != "done":
                raise PreventUpdate
            visit.bag[self.name] = None
            return self._answered(visit, job.value)

    def show(self, _: int | None, key: str | None, visit: str | None) -> tuple[Any, bool, bool, Any]:
        """Show how far the job is.

        Parameters
        ----------
        _ : int or None
            Ticks of the clock.
        key : str or None
            The job.
        visit : str or None
            The visit.

        Returns
        -------
        tuple
            What is shown; whether the button is hidden; whether the clock stands still; the key of
            the job when it has ended well.
        """
        job = self._services.jobs.find(visit or "", key)
        if job is None:
            return [], True, True, no_update
        if job.state not in ENDED:
            self._services.visits.find(visit)
            return _bar(job.done, job.total, job.text or "waiting for its turn"), False, False, no_update
        if job.state == "done":
            return [], True, True, job.key
        told: EdgepairError | None = job.error
        if job.state == "cancelled" or told is None:
            return html.P("Cancelled.", className="hint"), True, True, no_update
        return notice(told), True, True, no_update

    def cancel(self, clicks: int | None, key: str | None, visit: str | None) -> Any:
        """Cancel the job.

        Parameters
        ----------
        clicks : int or None
            Of the button.
        key : str or None
            The job.
        visit : str or None
            The visit.

        Returns
        -------
        object
            Nothing to change.
        """
        if clicks:
            self._services.jobs.cancel(visit or "", key)
        return no_update


def _bar(done: float, total: float, text: str) -> Component:
    known: dict[str, Any] = {"value": str(done), "max": str(total)} if total > 0 and done > 0 else {}
    return html.Div([html.Progress(**known, **aria(label=text)), html.Span(text)], className="bar")
