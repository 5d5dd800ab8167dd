"""The page Predict: measured files in, values with intervals and reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dash import Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import asking, button, section
from edgepair.apps.web.components import field as labelled
from edgepair.apps.web.dropped.panel import FilesPanel
from edgepair.apps.web.opened import Opened
from edgepair.apps.web.pages import predict_answers as view
from edgepair.apps.web.panel import JobPanel
from edgepair.apps.web.saves import Saves
from edgepair.apps.web.work import predict as work
from edgepair.conventions import EdgepairError, OptionError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.jobs import Order
    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

NAME = "predict"
CONFIDENCE = 90
"""Per cent, unless the visitor says otherwise."""


@dataclass
class _State:
    """What a visitor has done on this page, beside the files."""

    answers: list[work.Answered] = field(default_factory=list)
    asked: tuple[Any, ...] = ()
    answered: tuple[Any, ...] = ()
    confidence: int = CONFIDENCE


class PredictPage:
    """Values of measured files."""

    path = "/predict"
    title = "Predict"
    sentence = (
        "Drop a measured XANES spectrum, a PDF, or both: read off the metal’s oxidation state, "
        "coordination number and mean bond length, with intervals and reasons."
    )

    def __init__(self, services: Services) -> None:
        self._services = services
        self._files = FilesPanel(NAME, services, many=True)
        self._panel = JobPanel(
            f"{NAME}-answers", services, order=self._order, answered=self._show, so_far=view.overview
        )
        self._opened = Opened(NAME, services, answer=self._answered, card=view.card)
        self._saves = Saves(NAME, services, kinds=view.SAVES, content=self._saved)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        with visit.lock:
            state = self._state(visit)
            asked = query.get("confidence", "")
            confidence = int(asked) if asked.isdecimal() and 50 <= int(asked) <= 99 else state.confidence
            example = query.get("example", "")
            files = self._files.layout(
                visit, title="Drop XANES and PDF files here, or", example=example, begin=bool(example)
            )
            results = self._results(state.answers)
        number = dcc.Input(
            id=f"{NAME}-confidence", type="number", value=confidence, min=50, max=99, step=1, debounce=0.4
        )
        ask = [
            labelled("Confidence (%)", number, hint="of intervals and sets of classes"),
            button("Answer", f"{NAME}-answer", "main"),
        ]
        measured = section("Measurements", f"{NAME}-measured", *files)
        below = asking(NAME, ask, self._panel.layout(visit), "Answers", results)
        return html.Div([measured, *below, self._saves.place()])

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        self._files.register(app)
        self._saves.register(app)
        self._opened.register(app)
        self._panel.register(
            app,
            button=f"{NAME}-answer",
            fields=[f"{NAME}-confidence"],
            results=[Output(f"{NAME}-results", "children")],
        )
        app.callback(
            Output("view", "data", allow_duplicate=True),
            Input(f"{NAME}-example-shown", "data"),
            Input(f"{NAME}-confidence", "value"),
            State("visit", "data"),
            # Not when the page comes: the example in its address is still to be added then.
            prevent_initial_call=True,
        )(self.remember)

    def remember(self, example: str | None, confidence: object, key: str | None) -> dict[str, str]:
        """Write what can be shared into the address."""
        state = self._state(self._services.visits.find(key))
        if isinstance(confidence, int) and 50 <= confidence <= 99:
            state.confidence = confidence
        shown = {"example": example} if example else {}
        return shown | ({} if state.confidence == CONFIDENCE else {"confidence": str(state.confidence)})

    def _order(self, visit: Visit, confidence: object) -> Order:
        asked = (self._files.files(visit).samples(), _level(confidence), visit.folder)
        self._state(visit).asked = asked
        return work.answer, asked

    def _show(self, visit: Visit, answers: list[work.Answered]) -> list[Component]:
        state = self._state(visit)
        state.answers, state.answered = answers, state.asked
        return self._results(answers)

    def _results(self, answers: Sequence[work.Answered]) -> list[Component]:
        """Show answers: side by side where there are several, and one of them with its reasons."""
        if not answers:
            return []
        several = [view.overview(answers, self._opened.name)] if len(answers) > 1 else []
        return [html.H2("Answers"), self._saves.buttons(), *several, self._opened.place(answers)]

    def _answered(self, visit: Visit, number: int) -> work.Answered:
        """Give an answer whole."""
        state = self._state(visit)
        answered, asked = state.answers[number], state.answered
        if not answered.whole:
            sample, level = asked[0][number], asked[1]
            try:
                answered = self._services.jobs.call(visit.key, work.explained, sample, level, lane="answer")
            except EdgepairError as error:
                return work.Answered(answered.name, {}, error)
            state.answers[number] = answered
        return answered

    def _saved(self, visit: Visit, kind: str) -> tuple[str, str]:
        """Give what the command line writes; document and page take longer than answers, and are made now."""
        written, answered = visit.folder / work.SAVED[kind], self._state(visit).answered
        if not answered:
            raise PreventUpdate
        if kind != "csv":
            self._services.jobs.call(visit.key, work.write, kind, *answered, lane="answer", seconds=120.0)
        return f"edgepair-{written.name}", written.read_text(encoding="utf-8")

    def _state(self, visit: Visit) -> _State:
        state: _State = visit.bag.setdefault(NAME, _State())
        return state


def _level(confidence: object) -> float:
    if isinstance(confidence, int | float) and 50 <= confidence <= 99:
        return float(confidence) / 100
    raise OptionError(
        "cannot use this confidence",
        found="nothing, or no number" if confidence is None else f"{confidence} %",
        needed="a number from 50 to 99 %",
        suggestion="90 is usual",
    )
