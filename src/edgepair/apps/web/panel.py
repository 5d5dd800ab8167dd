"""A long calculation on the page: bar, what it is at, and a button to cancel it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, dcc, html, no_update

from edgepair.apps.web.components import aria, notice
from edgepair.apps.web.jobs import ENDED
from edgepair.conventions import EdgepairError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services

_EVERY_MS = 500


class JobPanel:
    """Shows one job at a time.

    A page writes the key of a job to the store ``<name>-job``; the store ``<name>-done`` then gets it
    when the job has ended well. The panel shows its own errors.

    Parameters
    ----------
    name : str
        Of the page, or of the place on it.
    services : Services
        Visits and jobs.
    """

    def __init__(self, name: str, services: Services) -> None:
        self.name = name
        self._services = services

    def layout(self, job: str | None = None) -> Component:
        """Make the panel.

        Parameters
        ----------
        job : str, optional
            Key of a job that was begun before the page was left.

        Returns
        -------
        dash component
            Empty without a job.
        """
        name = self.name
        return html.Div(
            [
                dcc.Store(id=f"{name}-job", data=job),
                dcc.Store(id=f"{name}-done"),
                dcc.Interval(id=f"{name}-clock", interval=_EVERY_MS, disabled=job is None),
                html.Div(id=f"{name}-progress", **aria(live="polite")),
                html.Button("Cancel", id=f"{name}-cancel", className="quiet", hidden=True),
            ],
            className="job",
        )

    def register(self, app: Dash) -> None:
        """Register the callbacks.

        Parameters
        ----------
        app : dash.Dash
            The page.
        """
        name = self.name
        app.callback(
            Output(f"{name}-progress", "children"),
            Output(f"{name}-cancel", "hidden"),
            Output(f"{name}-clock", "disabled"),
            Output(f"{name}-done", "data"),
            Input(f"{name}-clock", "n_intervals"),
            Input(f"{name}-job", "data"),
            State("visit", "data"),
        )(self.show)
        app.callback(
            Output(f"{name}-cancel", "n_clicks"),
            Input(f"{name}-cancel", "n_clicks"),
            State(f"{name}-job", "data"),
            State("visit", "data"),
            prevent_initial_call=True,
        )(self.cancel)

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
