"""The page Study: scores and what is behind each, findings; or a study of the visitor's own."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from edgepair.apps.web.components import field as labelled
from edgepair.apps.web.components import notice
from edgepair.apps.web.pages import study_view as view
from edgepair.apps.web.panel import JobPanel
from edgepair.apps.web.work import studies as work
from edgepair.conventions import TASKS, EdgepairError, OptionError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

NAME = "study"
LANE = "browse"
KEYS = ("study", "learner", "absorber", "task", "modality")
"""Everything that the address may hold."""

SHOWN = "shown"
"""Name of the study that whoever serves the page has put on it."""

MOST_RUNS = 4
"""Studies of one visitor that are kept; each may take 50 MB."""


@dataclass
class _State:
    """What a visitor has done on this page."""

    runs: dict[str, work.Place] = field(default_factory=dict)
    count: int = 0
    job: str | None = None
    beginning: tuple[str, work.Place] | None = None
    view: dict[str, str] = field(default_factory=dict)


class StudyPage:
    """Results of a study.

    Parameters
    ----------
    services : Services
        Visits and jobs, and the study that is shown.
    """

    path = "/study"
    title = "Study"
    sentence = "How well each technique answers on materials not seen before, and what it looks at."

    def __init__(self, services: Services) -> None:
        self._services = services
        self._panel = JobPanel(f"{NAME}-order", services)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page.

        Parameters
        ----------
        query : mapping of str to str
            ``study``: which; ``learner``, ``absorber``, ``task`` and ``modality``. Without any of
            them, what this visitor saw last.
        visit : Visit
            The visitor.

        Returns
        -------
        dash component
            The study, and the form to run another.
        """
        state = self._state(visit)
        given = {key: query[key] for key in KEYS if query.get(key)} or dict(state.view)
        places = self._places(state)
        chosen = given.get("study") or next(iter(places), "")
        return html.Div(
            [
                view.order_form(
                    self._services.shown.sources,
                    opened=not places or state.job is not None,
                    panel=self._panel.layout(state.job),
                ),
                html.Div(self._choice(state, chosen, given), id=f"{NAME}-choice"),
                html.Div(self._body(visit, chosen, given), id=f"{NAME}-body"),
                dcc.Download(id=f"{NAME}-download"),
            ]
        )

    def register(self, app: Dash) -> None:
        """Register the callbacks.

        Parameters
        ----------
        app : dash.Dash
            The page.
        """
        self._panel.register(app)
        visit = State("visit", "data")
        which, learner = (f"{NAME}-which", "value"), (f"{NAME}-learner", "value")
        cell = [(f"{NAME}-{name}", "value") for name in ("absorber", "task", "modality")]
        app.callback(
            Output(f"{NAME}-order-job", "data"),
            Output(f"{NAME}-begun", "children"),
            Input(f"{NAME}-run", "n_clicks"),
            State(f"{NAME}-datasets", "value"),
            State(f"{NAME}-tasks", "value"),
            State(f"{NAME}-depth", "value"),
            State(f"{NAME}-contributions", "value"),
            visit,
            prevent_initial_call=True,
        )(self.begin)
        app.callback(
            Output(f"{NAME}-choice", "children"),
            Output(f"{NAME}-body", "children", allow_duplicate=True),
            Input(f"{NAME}-order-done", "data"),
            visit,
            prevent_initial_call=True,
        )(self.show_new)
        app.callback(
            Output(f"{NAME}-body", "children"),
            Input(*which),
            Input(*learner),
            visit,
            prevent_initial_call=True,
        )(self.change)
        app.callback(
            *(Output(*one) for one in cell),
            Input(f"{NAME}-scores", "clickData"),
            prevent_initial_call=True,
        )(self.click)
        app.callback(
            Output(f"{NAME}-cell", "children"),
            Output("view", "data", allow_duplicate=True),
            *(Input(*one) for one in cell),
            State(*which),
            State(*learner),
            visit,
            prevent_initial_call="initial_duplicate",
        )(self.show_cell)
        app.callback(
            Output(f"{NAME}-download", "data"),
            Input({"type": f"{NAME}-save", "kind": ALL}, "n_clicks"),
            State(*which),
            visit,
            prevent_initial_call=True,
        )(self.download)

    def begin(
        self, clicks: int | None, datasets: Any, tasks: Any, depth: Any, contributions: Any, key: str | None
    ) -> tuple[Any, Any]:
        """Begin a study.

        Parameters
        ----------
        clicks : int or None
            Of the button.
        datasets, tasks, depth, contributions : object
            What stands in the form.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            Key of the job; what stands in the way.
        """
        if not clicks:
            return no_update, no_update
        visit = self._services.visits.find(key)
        with visit.lock:
            state = self._state(visit)
            try:
                order = self._order(datasets, tasks, depth, contributions)
                self._services.jobs.cancel(visit.key, state.job)
                state.count += 1
                place = work.Place(
                    visit.folder / f"study-{state.count}", f"Your study {state.count}: {order.title}"
                )
                job = self._services.jobs.submit(visit.key, work.run, order, place.folder, lane="long")
            except EdgepairError as error:
                return no_update, notice(error)
            state.job, state.beginning = job.key, (f"run{state.count}", place)
            return job.key, []

    def show_new(self, done: str | None, key: str | None) -> tuple[Any, Any]:
        """Show the study that was run.

        Parameters
        ----------
        done : str or None
            Key of the job that has ended.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            Choice of studies; the study.
        """
        if done is None:
            return no_update, no_update
        visit = self._services.visits.find(key)
        with visit.lock:
            state = self._state(visit)
            if state.beginning is None or done != state.job:
                return no_update, no_update
            name, place = state.beginning
            state.runs[name] = place
            state.job, state.beginning = None, None
            while len(state.runs) > MOST_RUNS:
                oldest = state.runs.pop(next(iter(state.runs)))
                shutil.rmtree(oldest.folder, ignore_errors=True)
        return self._choice(state, name, {}), self._body(visit, name, {})

    def change(self, which: str, learner: str, key: str | None) -> Any:
        """Show another study, or another learner.

        Parameters
        ----------
        which, learner : str
            What is chosen.
        key : str or None
            The visit.

        Returns
        -------
        dash component
            The study.
        """
        visit = self._services.visits.find(key)
        state = self._state(visit)
        return self._body(visit, which, {**state.view, "learner": learner})

    def click(self, clicked: Any) -> tuple[Any, Any, Any]:
        """Choose what a dot stands for.

        Parameters
        ----------
        clicked : object
            What the browser says of the click.

        Returns
        -------
        tuple
            Absorber, task and modality.
        """
        try:
            absorber, task, modality = clicked["points"][0]["customdata"]
        except (TypeError, KeyError, IndexError, ValueError):
            # The line of the baseline, or nothing at all.
            return no_update, no_update, no_update
        return absorber, task, modality

    def show_cell(
        self, absorber: Any, task: Any, modality: Any, which: Any, learner: Any, key: str | None
    ) -> tuple[Any, Any]:
        """Show what is behind one dot, and write it into the address.

        Parameters
        ----------
        absorber, task, modality : object
            The dot.
        which, learner : object
            Study and learner.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            Figures; what the address is to hold.
        """
        visit = self._services.visits.find(key)
        state = self._state(visit)
        names = {"absorber": absorber, "task": task, "modality": modality, "learner": learner, "study": which}
        if not all(isinstance(name, str) for name in names.values()):
            return no_update, no_update
        state.view = {name: names[name][:80] for name in KEYS}
        try:
            place = self._place(state, which)
            shown = self._services.jobs.call(
                visit.key, work.draw_cell, place, absorber, task, modality, learner, lane=LANE
            )
        except EdgepairError as error:
            return notice(error), dict(state.view)
        return view.cell(shown, modality), dict(state.view)

    def download(self, clicks: Sequence[int | None], which: str, key: str | None) -> Any:
        """Write the report, or pack the tables.

        Parameters
        ----------
        clicks : sequence of int or None
            Of the buttons.
        which : str
            The study.
        key : str or None
            The visit.

        Returns
        -------
        dict
            A file for the browser to save.
        """
        if not any(clicks):
            return no_update
        visit = self._services.visits.find(key)
        place = self._place(self._state(visit), which)
        if ctx.triggered_id["kind"] == "html":
            text = self._services.jobs.call(visit.key, work.page, place, lane="answer", seconds=180.0)
            return {"content": text, "filename": "edgepair-study.html", "type": "text/html", "base64": False}
        packed = self._services.jobs.call(visit.key, work.tables, place, lane="answer", seconds=180.0)
        content = base64.b64encode(packed).decode("ascii")
        return {
            "content": content,
            "filename": "edgepair-study.zip",
            "type": "application/zip",
            "base64": True,
        }

    def _state(self, visit: Visit) -> _State:
        state: _State = visit.bag.setdefault(NAME, _State())
        return state

    def _places(self, state: _State) -> dict[str, work.Place]:
        """List the studies of a visitor, the one that all see first."""
        study = self._services.shown.study
        shown = {} if study is None else {SHOWN: work.Place(study, "the study on this page")}
        return shown | state.runs

    def _place(self, state: _State, which: Any) -> work.Place:
        places = self._places(state)
        if which in places:
            return places[which]
        raise OptionError(
            f"cannot show the study {which!r}",
            found="no study of that name in this visit: those that visitors run are their own",
            needed=f"one of {', '.join(places)}" if places else "a study: there is none yet",
            suggestion="run one below “Run a study”" if not places else "choose another study above",
        )

    def _choice(self, state: _State, chosen: str, query: Mapping[str, str]) -> list[Component]:
        """Choose among studies where there are several; the control is there in any case."""
        places = self._places(state)
        options = [{"label": place.name, "value": name} for name, place in places.items()]
        control = dcc.Dropdown(
            options,
            chosen if chosen in places else None,
            id=f"{NAME}-which",
            clearable=False,
            searchable=False,
        )
        return [html.Div(labelled("Study shown", control), hidden=len(options) < 2 and chosen in places)]

    def _body(self, visit: Visit, which: str, query: Mapping[str, str]) -> list[Component]:
        state = self._state(visit)
        if not which:
            told = "There is no study to show: run one above, or serve the page with --study FOLDER."
            return [html.P(told, className="hint")]
        try:
            place = self._place(state, which)
            learner = query.get("learner", "")
            about = self._services.jobs.call(visit.key, work.describe, place, learner, lane=LANE)
        except EdgepairError as error:
            return [notice(error)]
        learners = dcc.RadioItems(
            [{"label": name, "value": name} for name in about["learners"]],
            about["drawn"],
            id=f"{NAME}-learner",
            className="chips",
        )
        choice = html.Fieldset(
            [html.Legend("Learner", className="label"), learners], hidden=len(about["learners"]) < 2
        )
        return [choice, *view.body(about, query)]

    def _order(self, datasets: Any, tasks: Any, depth: Any, contributions: Any) -> work.Order:
        names = [name for name in datasets or [] if isinstance(name, str)]
        known = tuple(name for name in TASKS if name in (tasks or []))
        for what, chosen in (("dataset", names), ("task", known)):
            if not chosen:
                raise OptionError(
                    f"cannot run a study without a {what}",
                    found=f"no {what}",
                    needed="at least one",
                    suggestion=f"choose a {what} above",
                )
        sources = tuple(self._services.shown.find(name) for name in dict.fromkeys(names))
        return work.Order(sources, known, quick=depth != "default", contributions=bool(contributions))
