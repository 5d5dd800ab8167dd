"""The page Predict: measured files in, values with intervals and reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from edgepair.apps.web import components as ui
from edgepair.apps.web.components import field as labelled
from edgepair.apps.web.dropped.panel import FilesPanel
from edgepair.apps.web.jobs import Order
from edgepair.apps.web.panel import JobPanel, Opened, Saves
from edgepair.apps.web.visits import Services, Visit
from edgepair.apps.web.work import predict as work
from edgepair.apps.web.work.words import Figure
from edgepair.conventions import EdgepairError, OptionError

SAVES = {"csv": "Table (CSV)", "json": "Document (JSON)", "html": "Report (HTML)"}
"""What can be saved, by the kinds of `edgepair.apps.web.work.predict.SAVED`."""

_NEAREST = (
    ("name", "Material"),
    ("formula", "Formula"),
    ("kind", "From"),
    ("distance", "Distance (1: far)"),
    ("oxidation_state", "Oxidation state"),
    ("coordination_number", "Coordination"),
    ("bond_length", "Mean bond length"),
)
TRUST = {
    "ok": "like the training set",
    "caution": "caution: less like the training set, or without calibration",
    "outside": "outside: unlike anything in the training set",
}
"""What a level of trust means."""

NAME = "predict"
CONFIDENCE = 90
"""Per cent, unless the visitor says otherwise."""


def overview(answers: Sequence[work.Answered], opens: str = "") -> Component:
    """All samples in one table, by the technique that stands last; `opens` as in `plain_table`."""
    titles = next(([row["title"] for row in one.detail["rows"]] for one in answers if one.detail), [])
    lines: list[list[ui.Cell]] = []
    for number, answered in enumerate(answers):
        line: list[ui.Cell] = [*([number] if opens else []), answered.name]
        if answered.error is not None:
            why = f": found {answered.error.found}; needed {answered.error.needed}"
            lines.append([*line, [("not answered", "bad"), (ui.in_fields(why), "")]])
            continue
        cells = {row["title"]: row["cells"][-1] for row in answered.detail["rows"]}
        values: list[ui.Cell] = [_parts(cells.get(title)) for title in titles]
        level = answered.detail["trust"]
        trust = (TRUST.get(level, level).partition(":")[0], f"trust {level}")
        lines.append([*line, answered.detail["absorber"], *values, [trust]])
    return ui.plain_table(("Sample", "Element", *titles, "Trust"), lines, opens=opens)


def card(answered: work.Answered) -> Component:
    """Show one sample: its values, what drove them, and what is like it."""
    if answered.error is not None:
        told = [html.H3(answered.name), ui.notice(answered.error)]
        return html.Article(told, className="card")
    detail = answered.detail
    level = detail["trust"]
    rows: list[list[ui.Cell]] = [
        [row["title"], *(_parts(cell) for cell in row["cells"])] for row in detail["rows"]
    ]
    return html.Article(
        [
            html.H3(detail["title"]),
            html.P([html.Strong(f"{detail['absorber']}: "), detail["headline"]], className="headline"),
            html.P(
                ["Trust: ", html.Span(TRUST.get(level, level), className=f"trust {level}")], className="hint"
            ),
            *ui.warning_list(detail["warnings"]),
            ui.plain_table(["", *detail["techniques"]], rows),
            *(
                _draw(curve, "; nearest known materials beside, contributions beneath")
                for curve in detail["curves"]
            ),
            html.Ul([html.Li(sentence) for sentence in detail["reasons"]], className="reasons"),
            html.Details(
                [
                    html.Summary(f"Values and probabilities, drawn (intervals of {detail['level']})"),
                    _draw(detail["answers"], ""),
                    html.Div([_draw(figure, "") for figure in detail["probabilities"]], className="figures"),
                ]
            ),
            *_nearest(detail["nearest"]),
            html.Details(
                [
                    html.Summary("How it was read"),
                    ui.facts([(str(name), str(value)) for name, value in detail["facts"]]),
                    *(html.P(line) for line in detail["shares"]),
                ]
            ),
        ],
        className="card",
    )


def _draw(figure: Figure, more: str) -> Component:
    return ui.drawing(figure["title"] + more, figure["figure"])


def _parts(cell: Mapping[str, str] | None) -> list[tuple[str, str]]:
    if cell is None:
        return [("–", "")]
    more = [(f"set {cell['classes']}", "range")] if cell["classes"] else []
    return [(cell["value"], "value"), (cell["range"], "range"), *more]


def _nearest(tables: Sequence[Mapping[str, Any]]) -> list[Component]:
    if not tables:
        return []
    heads = [name for _, name in _NEAREST]
    shown = []
    for one in tables:
        lines = [[str(row[key]) for key, _ in _NEAREST] for row in one["rows"]]
        shown += [html.P(one["title"], className="caption"), ui.plain_table(heads, lines)]
    return [html.Details([html.Summary("Nearest known materials"), *shown])]


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
            f"{NAME}-answers", services, order=self._order, answered=self._show, so_far=overview
        )
        self._opened = Opened(NAME, services, answer=self._answered, card=card)
        self._saves = Saves(NAME, services, kinds=SAVES, content=self._saved)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        with visit.lock:
            state = visit.state(NAME, _State)
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
            ui.button("Answer", f"{NAME}-answer", "main"),
        ]
        measured = ui.section("Measurements", f"{NAME}-measured", *files)
        below = ui.asking(NAME, ask, self._panel.layout(visit), "Answers", results)
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
        state = self._services.visits.find(key).state(NAME, _State)
        if isinstance(confidence, int) and 50 <= confidence <= 99:
            state.confidence = confidence
        shown = {"example": example} if example else {}
        return shown | ({} if state.confidence == CONFIDENCE else {"confidence": str(state.confidence)})

    def _order(self, visit: Visit, confidence: object) -> Order:
        asked = (self._files.files(visit).samples(), _level(confidence), visit.folder)
        visit.state(NAME, _State).asked = asked
        return work.answer, asked

    def _show(self, visit: Visit, answers: list[work.Answered]) -> list[Component]:
        state = visit.state(NAME, _State)
        state.answers, state.answered = answers, state.asked
        return self._results(answers)

    def _results(self, answers: Sequence[work.Answered]) -> list[Component]:
        """Show answers: side by side where there are several, and one of them with its reasons."""
        if not answers:
            return []
        several = [overview(answers, self._opened.name)] if len(answers) > 1 else []
        return [html.H2("Answers"), self._saves.buttons(), *several, self._opened.place(answers)]

    def _answered(self, visit: Visit, number: int) -> work.Answered:
        """Give an answer whole."""
        state = visit.state(NAME, _State)
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
        written, answered = visit.folder / work.SAVED[kind], visit.state(NAME, _State).answered
        if not answered:
            raise PreventUpdate
        if kind != "csv":
            self._services.jobs.call(visit.key, work.write, kind, *answered, lane="answer", seconds=120.0)
        return f"edgepair-{written.name}", written.read_text(encoding="utf-8")


def _level(confidence: object) -> float:
    if isinstance(confidence, int | float) and 50 <= confidence <= 99:
        return float(confidence) / 100
    raise OptionError(
        "cannot use this confidence",
        found="nothing, or no number" if confidence is None else f"{confidence} %",
        needed="a number from 50 to 99 %",
        suggestion="90 is usual",
    )
