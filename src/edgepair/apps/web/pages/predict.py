"""The page Predict: measured files in, values with intervals and reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dash import ALL, Input, Output, State, ctx, no_update

from edgepair.apps.web.components import concerned_field, notice, refused_upload
from edgepair.apps.web.pages import predict_answers as answers_view
from edgepair.apps.web.pages import predict_files as files_view
from edgepair.apps.web.pages.predict_state import MOST_SAMPLES, PredictFile, PredictState
from edgepair.apps.web.panel import JobPanel
from edgepair.apps.web.work import predict as work
from edgepair.apps.web.work.examples import example_files
from edgepair.apps.web.work.reading import look
from edgepair.conventions import BUNDLED_ABSORBERS, EdgepairError, OptionError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

NAME = "predict"
CONFIDENCE = 90
"""Per cent, unless the visitor says otherwise."""


class PredictPage:
    """Values of measured files.

    Parameters
    ----------
    services : Services
        Visits and jobs.
    """

    path = "/predict"
    title = "Predict"
    sentence = (
        "Drop a measured XANES spectrum, a PDF, or both: read off the metal’s oxidation state, "
        "coordination number and mean bond length, with intervals and reasons."
    )

    def __init__(self, services: Services) -> None:
        self._services = services
        self._panel = JobPanel(f"{NAME}-answers", services)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page.

        Parameters
        ----------
        query : mapping of str to str
            ``example``: an element; ``confidence``: per cent.
        visit : Visit
            The visitor.

        Returns
        -------
        dash component
            With the files and answers that the visit holds.
        """
        with visit.lock:
            state = self._state(visit)
            asked = query.get("confidence", "")
            confidence = int(asked) if asked.isdecimal() and 50 <= int(asked) <= 99 else CONFIDENCE
            return files_view.page(
                files=state.listed(),
                shown=state.shown,
                refused=state.refused,
                example=query.get("example", BUNDLED_ABSORBERS[0]),
                begin=bool(query.get("example")) and not state.files,
                confidence=confidence,
                limits=self._services.visits.limits,
                panel=self._panel.layout(state.job),
                results=answers_view.results(state.answers),
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
        app.callback(
            Output(f"{NAME}-files", "children"),
            Output(f"{NAME}-shown", "data"),
            Output("view", "data", allow_duplicate=True),
            Input(f"{NAME}-uploads", "data"),
            Input(f"{NAME}-example-add", "n_clicks"),
            Input(f"{NAME}-begin", "n_intervals"),
            Input({"type": f"{NAME}-remove", "key": ALL}, "n_clicks"),
            Input({"type": f"{NAME}-show", "key": ALL}, "n_clicks"),
            Input({"type": f"{NAME}-sample", "key": ALL}, "value"),
            Input(f"{NAME}-looked", "data"),
            State(f"{NAME}-example", "value"),
            visit,
            prevent_initial_call=True,
        )(self.change_files)
        app.callback(Output(f"{NAME}-controls", "children"), Input(f"{NAME}-shown", "data"), visit)(
            self.show_controls
        )
        app.callback(
            Output(f"{NAME}-curve", "children"),
            Output(f"{NAME}-looked", "data"),
            Output({"type": f"{NAME}-slot", "key": ALL, "name": ALL}, "children"),
            Input({"type": f"{NAME}-control", "key": ALL, "name": ALL}, "value"),
            visit,
        )(self.redraw)
        app.callback(
            Output(f"{NAME}-answers-job", "data"),
            Output(f"{NAME}-begun", "children"),
            Output("view", "data", allow_duplicate=True),
            Input(f"{NAME}-answer", "n_clicks"),
            State(f"{NAME}-confidence", "value"),
            visit,
            prevent_initial_call=True,
        )(self.begin)
        app.callback(
            Output(f"{NAME}-results", "children"),
            Input(f"{NAME}-answers-done", "data"),
            visit,
            prevent_initial_call=True,
        )(self.show_answers)
        app.callback(
            Output(f"{NAME}-download", "data"),
            Input({"type": f"{NAME}-save", "kind": ALL}, "n_clicks"),
            visit,
            prevent_initial_call=True,
        )(self.download)

    def change_files(
        self,
        uploads: Mapping[str, Any] | None,
        example_clicks: int | None,
        begun: int | None,
        removals: Sequence[int | None],
        shows: Sequence[int | None],
        samples: Sequence[Any],
        looked: Any,
        example: str | None,
        key: str | None,
    ) -> tuple[Any, Any, Any]:
        """Take what was dropped, chosen, removed or numbered.

        Parameters
        ----------
        uploads : mapping or None
            That files have come, and which were refused.
        example_clicks : int or None
            Of the button.
        begun : int or None
            1 when the page was opened with an example in its address.
        removals, shows : sequence of int or None
            Clicks of each file's buttons.
        samples : sequence
            Sample number of each file.
        looked : object
            Changes when a file was read anew.
        example : str or None
            Element of the example.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            The list of files, which one is shown, and what the address holds.
        """
        visit = self._services.visits.find(key)
        # When the page is new, everything counts as changed; only what has a value has happened.
        happened: list[Any] = [
            ctx.triggered_prop_ids[one["prop_id"]] for one in ctx.triggered if one["value"]
        ]
        with visit.lock:
            state = self._state(visit)
            before = state.shown
            for what in happened:
                if what == f"{NAME}-uploads" and uploads:
                    state.refused = [refused_upload(one) for one in uploads.get("refused", [])]
                    state.view.pop("example", None)
                    self._take_new(visit, state)
                elif what in (f"{NAME}-example-add", f"{NAME}-begin"):
                    state.refused = []
                    self._add_example(visit, state, example or "")
                elif isinstance(what, dict) and what.get("key") in state.files:
                    self._change_one(visit, state, what, samples)
            listed = files_view.file_list(state.listed(), state.shown, state.refused)
            shown = state.shown if state.shown != before else no_update
            return listed, shown, dict(state.view)

    def show_controls(self, shown: str | None, key: str | None) -> Any:
        """Make the fields of the file that is shown.

        Parameters
        ----------
        shown : str or None
            Key of the file.
        key : str or None
            The visit.

        Returns
        -------
        dash component
            Fields, filled with what the visitor has given before.
        """
        if key is None:
            return no_update
        state = self._state(self._services.visits.find(key))
        file = state.files.get(shown or "")
        if file is None:
            return []
        return files_view.controls(file.upload.key, file.looked, file.options, file.parts)

    def redraw(self, values: Sequence[Any], key: str | None) -> tuple[Any, Any, list[Any]]:
        """Read the file with what stands in the fields, and draw it.

        Parameters
        ----------
        values : sequence
            Of the fields; their names are in the request.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            The curve; that it was read anew; errors beside the fields that they concern.
        """
        slots: list[Any] = [None] * len(ctx.outputs_list[2])
        if key is None:
            return no_update, no_update, slots
        visit = self._services.visits.find(key)
        fields = [(one["id"]["key"], one["id"]["name"], one.get("value")) for one in ctx.inputs_list[0]]
        with visit.lock:
            state = self._state(visit)
            file = state.files.get(fields[0][0]) if fields else None
            if file is None:
                return [], no_update, slots
            given = {name: value for _, name, value in fields}
            part = given.pop("part", None)
            file.parts = list(given.pop("parts", None) or file.parts)
            file.options = given
            self._look(visit, file, part, draw=True)
            part_read = file.looked.part if file.error is None and file.looked is not None else None
            drawn = [] if part_read is None else [files_view.curve(part_read)]
            error = file.error if part_read is None else part_read.error
            if error is not None:
                named = [slot["id"]["name"] for slot in ctx.outputs_list[2]]
                concerned = concerned_field(error, given)
                if concerned in named:
                    slots[named.index(concerned)] = notice(error)
                else:
                    drawn.insert(0, notice(error))
            return drawn, file.upload.key, slots

    def begin(self, clicks: int | None, confidence: Any, key: str | None) -> tuple[Any, Any, Any]:
        """Begin to answer.

        Parameters
        ----------
        clicks : int or None
            Of the button.
        confidence : object
            Per cent, as it stands in the field.
        key : str or None
            The visit.

        Returns
        -------
        tuple
            Key of the job; what stands in the way; what the address holds.
        """
        if not clicks:
            return no_update, no_update, no_update
        visit = self._services.visits.find(key)
        with visit.lock:
            state = self._state(visit)
            try:
                level = _level(confidence)
                requests = state.samples()
                job = self._services.jobs.submit(visit.key, work.answer, requests, level, visit.folder)
            except EdgepairError as error:
                return no_update, notice(error), no_update
            self._services.jobs.cancel(visit.key, state.job)
            state.job = job.key
            if int(confidence) == CONFIDENCE:
                state.view.pop("confidence", None)
            else:
                state.view["confidence"] = str(int(confidence))
            return job.key, [], dict(state.view)

    def show_answers(self, done: str | None, key: str | None) -> Any:
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
            The answers.
        """
        if done is None:
            return no_update
        visit = self._services.visits.find(key)
        job = self._services.jobs.find(visit.key, done)
        with visit.lock:
            state = self._state(visit)
            if job is None or job.key != state.job:
                return no_update
            state.answers, state.job = job.value, None
            return answers_view.results(state.answers)

    def download(self, clicks: Sequence[int | None], key: str | None) -> Any:
        """Write the answers as the command line does.

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
        if not any(clicks):
            return no_update
        visit = self._services.visits.find(key)
        kind = str(ctx.triggered_id["kind"])
        written = visit.folder / work.SAVED[kind]
        text = written.read_text(encoding="utf-8")
        return {"content": text, "filename": f"edgepair-{written.name}", "base64": False}

    def _state(self, visit: Visit) -> PredictState:
        state: PredictState = visit.bag.setdefault(NAME, PredictState())
        return state

    def _change_one(
        self, visit: Visit, state: PredictState, what: Mapping[str, str], samples: Sequence[Any]
    ) -> None:
        key = what["key"]
        if what["type"] == f"{NAME}-show":
            state.shown = key
        elif what["type"] == f"{NAME}-remove":
            visit.remove(key)
            del state.files[key]
            if state.shown == key:
                state.shown = next(iter(state.files), None)
            if not state.files:
                state.view.pop("example", None)
        elif what["type"] == f"{NAME}-sample":
            for one, value in zip(ctx.inputs_list[5], samples, strict=True):
                file = state.files.get(one["id"]["key"])
                if file is not None and isinstance(value, int) and 1 <= value <= MOST_SAMPLES:
                    file.sample = value

    def _take_new(self, visit: Visit, state: PredictState) -> None:
        """Look at the files that have come; one spectrum and one PDF are taken as one sample."""
        new = [upload for upload in visit.files_of(NAME) if upload.key not in state.files]
        for upload in new:
            taken = {file.sample for file in state.files.values()}
            file = PredictFile(upload, next(n for n in range(1, len(taken) + 2) if n not in taken))
            state.files[upload.key] = file
            self._look(visit, file, None)
        kinds = [file.looked.kind for file in state.files.values() if file.looked is not None]
        if new and len(state.files) == 2 and sorted(kinds) == ["pdf", "xanes"]:
            for file in state.files.values():
                file.sample = 1
        if new:
            state.shown = new[0].key

    def _look(self, visit: Visit, file: PredictFile, part: str | None, *, draw: bool = False) -> None:
        try:
            looked = self._services.jobs.call(visit.key, look, file.request(), part, draw)
        except EdgepairError as error:
            file.error = error
            return
        file.looked, file.error = looked, None
        # What is in a file depends on how it is read.
        file.parts = [item for item in file.parts if item in looked.items] or list(looked.items)

    def _add_example(self, visit: Visit, state: PredictState, absorber: str) -> None:
        try:
            if absorber not in BUNDLED_ABSORBERS:
                raise OptionError(
                    f"cannot show an example of {absorber!r}",
                    found="nothing bundled for it",
                    needed="one of " + ", ".join(BUNDLED_ABSORBERS),
                    suggestion="choose another example",
                )
            for name, content in self._services.jobs.call(visit.key, example_files, absorber):
                self._services.visits.take(visit, quote(name), content, page=NAME)
        except EdgepairError as error:
            state.refused = [error]
            return
        self._take_new(visit, state)
        state.view["example"] = absorber


def _level(confidence: Any) -> float:
    if isinstance(confidence, int | float) and 50 <= confidence <= 99:
        return float(confidence) / 100
    raise OptionError(
        "cannot use this confidence",
        found="nothing, or no number" if confidence is None else f"{confidence} %",
        needed="a number from 50 to 99 %",
        suggestion="90 is usual",
    )
