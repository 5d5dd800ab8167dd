"""The page Advise: whether a second technique is worth measuring, and to what quality."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from edgepair.apps.web.components import aria, notice, refused_upload
from edgepair.apps.web.pages import advise_view as view
from edgepair.apps.web.panel import JobPanel
from edgepair.apps.web.work import advise as work
from edgepair.apps.web.work.reading import FileRequest, look, options_of
from edgepair.conventions import TASKS, EdgepairError, OptionError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

NAME = "advise"
KEYS = ("set", "task", "gain", "requirements")
"""Everything that the address may hold."""

USUAL = {"set": "Mn", "task": "coordination_number", "gain": "0.02", "requirements": "yes"}
SMALLEST, LARGEST = 0.001, 0.5
"""Gains that can be asked for."""


@dataclass
class _State:
    """What a visitor has done on this page."""

    files: dict[str, view.ListedFile] = field(default_factory=dict)
    refused: list[EdgepairError] = field(default_factory=list)
    count: int = 0
    job: str | None = None
    answer: work.Advised | None = None
    view: dict[str, str] = field(default_factory=dict)


class AdvisePage:
    """The advisor's question as a form.

    Parameters
    ----------
    services : Services
        Visits and jobs, and the datasets that can be asked about.
    """

    path = "/advise"
    title = "Advise"
    sentence = "Is a PDF worth measuring besides XANES, or a differential one, and how well?"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._panel = JobPanel(f"{NAME}-answer", services)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page.

        Parameters
        ----------
        query : mapping of str to str
            ``set``: name of a dataset; ``task``; ``gain``: the smallest that counts; ``requirements``:
            ``no`` to leave them out. Without any of them, what this visitor asked last.
        visit : Visit
            The visitor.

        Returns
        -------
        dash component
            Question and answer.

        Raises
        ------
        OptionError
            The address names a dataset that is not shown.
        """
        state = self._state(visit)
        given = {key: query[key] for key in KEYS if query.get(key)} or dict(state.view)
        shown = self._services.shown
        own = next((source.name for source in shown.sources if source.path is not None), USUAL["set"])
        task = given.get("task", "")
        values = {
            "set": shown.find(given.get("set", own)).name,
            "task": task if task in TASKS else USUAL["task"],
            "gain": given.get("gain", USUAL["gain"]),
            "requirements": given.get("requirements") != "no",
        }
        return html.Div(
            [
                view.form(
                    shown.sources,
                    values,
                    limits=self._services.visits.limits,
                    files=view.file_list(list(state.files.values()), state.refused),
                    panel=self._panel.layout(state.job),
                ),
                html.Section(view.answer(state.answer), id=f"{NAME}-result", **aria(live="polite")),
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
        fields = [(f"{NAME}-{name}", "value") for name in KEYS]
        app.callback(
            Output(f"{NAME}-files", "children"),
            Input(f"{NAME}-uploads", "data"),
            Input({"type": f"{NAME}-remove", "key": ALL}, "n_clicks"),
            visit,
            prevent_initial_call=True,
        )(self.change_files)
        app.callback(
            Output("view", "data", allow_duplicate=True),
            Output(f"{NAME}-gain-slot", "children"),
            *(Input(*one) for one in fields),
            visit,
            prevent_initial_call="initial_duplicate",
        )(self.remember)
        app.callback(
            Output(f"{NAME}-answer-job", "data"),
            Output(f"{NAME}-begun", "children"),
            Input(f"{NAME}-ask", "n_clicks"),
            *(State(*one) for one in fields),
            State({"type": f"{NAME}-item", "key": ALL}, "value"),
            State({"type": f"{NAME}-role", "key": ALL}, "value"),
            visit,
            prevent_initial_call=True,
        )(self.begin)
        app.callback(
            Output(f"{NAME}-result", "children"),
            Input(f"{NAME}-answer-done", "data"),
            visit,
            prevent_initial_call=True,
        )(self.show_answer)
        app.callback(
            Output(f"{NAME}-download", "data"),
            Input({"type": f"{NAME}-save", "kind": ALL}, "n_clicks"),
            visit,
            prevent_initial_call=True,
        )(self.download)

    def change_files(self, uploads: Any, removals: Sequence[int | None], key: str | None) -> Any:
        """Take what was dropped or removed.

        Parameters
        ----------
        uploads : object
            That files have come, and which were refused.
        removals : sequence of int or None
            Clicks of each file's button.
        key : str or None
            The visit.

        Returns
        -------
        list of dash component
            The files.
        """
        visit = self._services.visits.find(key)
        what: Any = ctx.triggered_id
        with visit.lock:
            state = self._state(visit)
            if what == f"{NAME}-uploads":
                state.refused = [refused_upload(one) for one in (uploads or {}).get("refused", [])]
                for upload in visit.files_of(NAME):
                    if upload.key not in state.files:
                        state.files[upload.key] = self._look(visit, upload.key)
            elif isinstance(what, dict) and any(removals) and what.get("key") in state.files:
                visit.remove(what["key"])
                del state.files[what["key"]]
            return view.file_list(list(state.files.values()), state.refused)

    def remember(
        self, name: Any, task: Any, gain: Any, requirements: Any, key: str | None
    ) -> tuple[dict[str, str], Any]:
        """Write the question into the address.

        Parameters
        ----------
        name, task, gain, requirements : object
            What stands in the fields.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            What the address is to hold; what is wrong with the smallest gain.
        """
        visit = self._services.visits.find(key)
        state = self._state(visit)
        state.view = {"set": str(name)[:80], "task": str(task)[:40], "gain": str(gain or "")[:12]}
        if not requirements:
            state.view["requirements"] = "no"
        try:
            _smallest_gain(gain)
        except OptionError as error:
            return dict(state.view), notice(error)
        return dict(state.view), []

    def begin(
        self,
        clicks: int | None,
        name: Any,
        task: Any,
        gain: Any,
        requirements: Any,
        items: Any,
        roles: Any,
        key: str | None,
    ) -> tuple[Any, Any]:
        """Ask.

        Parameters
        ----------
        clicks : int or None
            Of the button.
        name, task, gain, requirements : object
            What stands in the fields.
        items, roles : object
            Parts of the files, kinds of PDFs; whose they are is in the request.
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
            first = len(KEYS)
            for place, attribute in ((first, "item"), (first + 1, "role")):
                for one in ctx.states_list[place]:
                    file = state.files.get(one["id"]["key"])
                    if file is not None and isinstance(one.get("value"), str):
                        setattr(file, attribute, one["value"])
            try:
                question = work.Question(
                    self._services.shown.find(str(name)),
                    str(task),
                    _smallest_gain(gain),
                    bool(requirements),
                    tuple((self._request(visit, file), file.item) for file in _understood(state)),
                )
                self._services.jobs.cancel(visit.key, state.job)
                state.count += 1
                folder = visit.folder / f"advice-{state.count}"
                job = self._services.jobs.submit(visit.key, work.ask, question, folder, lane="long")
            except EdgepairError as error:
                return no_update, notice(error)
            state.job = job.key
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
        dash component
            The answer.
        """
        if done is None:
            return no_update
        visit = self._services.visits.find(key)
        job = self._services.jobs.find(visit.key, done)
        with visit.lock:
            state = self._state(visit)
            if job is None or job.key != state.job or job.value is None:
                return no_update
            if state.answer is not None:
                shutil.rmtree(state.answer.folder, ignore_errors=True)
            state.answer, state.job = job.value, None
            return view.answer(state.answer)

    def download(self, clicks: Sequence[int | None], key: str | None) -> Any:
        """Give the answer's page or document.

        Parameters
        ----------
        clicks : sequence of int or None
            Of the buttons.
        key : str or None
            The visit.

        Returns
        -------
        dict
            A file for the browser to save.
        """
        state = self._state(self._services.visits.find(key))
        if not any(clicks) or state.answer is None:
            return no_update
        kind = ctx.triggered_id["kind"]
        file = work.PAGE_FILE if kind == "html" else work.DOCUMENT_FILE
        content = (state.answer.folder / file).read_text(encoding="utf-8")
        return {"content": content, "filename": f"edgepair-{file}", "type": "text/plain", "base64": False}

    def _state(self, visit: Visit) -> _State:
        state: _State = visit.bag.setdefault(NAME, _State())
        return state

    def _request(self, visit: Visit, file: view.ListedFile) -> FileRequest:
        return FileRequest(visit.files[file.key].path, file.name, options_of({"role": file.role}))

    def _look(self, visit: Visit, key: str) -> view.ListedFile:
        file = view.ListedFile(key, visit.files[key].name)
        try:
            file.looked = self._services.jobs.call(visit.key, look, self._request(visit, file), None, False)
            file.item = file.looked.items[0]
        except EdgepairError as error:
            file.error = error
        return file


def _understood(state: _State) -> list[view.ListedFile]:
    """List the files of the sample; one that was not read must not be left out in silence."""
    for file in state.files.values():
        if file.looked is None:
            raise OptionError(
                f"cannot ask with the file {file.name!r}",
                found="a file that was not read",
                needed="files that are understood, or none",
                suggestion="remove it, or drop another",
            )
    return list(state.files.values())


def _smallest_gain(text: Any) -> float:
    try:
        value = float(str(text).replace(",", "."))
    except ValueError:
        value = float("nan")
    if not SMALLEST <= value <= LARGEST:
        raise OptionError(
            "cannot ask with this smallest gain",
            found=repr(str(text)[:20]) if text else "nothing",
            needed=f"a difference of weighted F1 or R² from {SMALLEST:g} to {LARGEST:g}",
            suggestion=f"{USUAL['gain']} is usual",
        )
    return value
