"""The page Advise: whether a second technique is worth measuring, and to what quality."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from edgepair.apps.web import components as ui
from edgepair.apps.web.dropped.panel import FilesPanel
from edgepair.apps.web.jobs import Order
from edgepair.apps.web.panel import JobPanel, Saves
from edgepair.apps.web.settings import Source
from edgepair.apps.web.visits import Services, Visit
from edgepair.apps.web.work import advise as work
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, OptionError
from edgepair.conventions.wording import capital

SAVES = {"html": "Page (HTML)", "json": "Document (JSON)"}
"""What can be saved, by its kind."""

NAME = "advise"
KEYS = ("set", "task", "gain", "requirements")
"""Everything that the address may hold."""

USUAL = {"set": "Mn", "task": "coordination_number", "gain": "0.02", "requirements": "yes"}
SMALLEST, LARGEST = 0.001, 0.5
"""Gains that can be asked for."""


def form(
    sources: Sequence[Source], values: Mapping[str, Any], *, files: Sequence[Component], panel: Component
) -> Component:
    """Make the form of the question."""
    tasks = [(task.title, task.name) for task in TASKS.values()]
    element = ui.choice([(one.title, one.name) for one in sources], values["set"], f"{NAME}-set")
    task = ui.choice(tasks, values["task"], f"{NAME}-task")
    gain = dcc.Input(id=f"{NAME}-gain", value=values["gain"], type="text", maxLength=8)
    question = [
        ui.field("Element", element, hint="whose simulated materials stand for yours"),
        ui.field("What is to be read", task, hint="from the spectra"),
        ui.field("Smallest gain that counts (no unit)", gain, hint="in weighted F1 or R², 0.001 to 0.5"),
    ]
    qualities = "find out to what quality each must be measured (some minutes)"
    ask = html.Div(ui.button("Ask", f"{NAME}-ask", "main"), className="row")
    return ui.section(
        "The question",
        f"{NAME}-question",
        html.Div(question, className="row choice top-aligned"),
        html.Div(id=f"{NAME}-gain-slot"),
        dcc.Checklist(
            [{"label": qualities, "value": "yes"}],
            ["yes"] if values["requirements"] else [],
            id=f"{NAME}-requirements",
            className="chips",
        ),
        html.H3("Measured already?", className="above"),
        *files,
        html.Div([ask, panel], className="ask"),
    )


def show_answer(advised: work.Advised | None, saves: Component) -> list[Component]:
    """Show an answer."""
    if advised is None:
        return []
    # Without the qualities there is one column, which needs no width.
    two = bool(advised.needed)
    caption = "scores on unseen formulas, dotted: a guess"
    if advised.gains:
        caption += "; beneath, what adding a technique changes, dashed: the smallest gain that counts"
    if two:
        lost = "what poorer curves lose, poorer to the right; dashed: what may be lost"
        caption = f"Left: {caption}. Right: {lost}"
    return [
        html.H2(f"The answer: {advised.title}", id=f"{NAME}-answer-title"),
        html.Ul([html.Li(sentence) for sentence in advised.words], className="advice"),
        *ui.warning_list([capital(text) for text in advised.warnings]),
        saves,
        html.Div(
            ui.drawing(f"{capital(caption)}. Bars: 95 % intervals.", advised.figure),
            className="wide-figure scroll" if two else "scroll",
            tabIndex="0",
            role="region",
            **ui.aria(label="Figure of the answer"),
        ),
        *_table(
            "What adding a technique changes",
            ("In hand", "Added", advised.gain_title, "95 % interval", "Verdict"),
            advised.gains,
        ),
        *_table("To what quality", ("Technique", "What is enough"), advised.needed),
        html.Details([html.Summary("How it was found"), ui.facts(advised.facts)]),
    ]


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Component]:
    if not rows:
        return []
    lines = [html.Tr([html.Td(text) for text in row]) for row in rows]
    return [html.H3(title, className="above"), ui.table(heads, lines)]


@dataclass
class _State:
    """What a visitor has done on this page, beside the files."""

    count: int = 0
    answer: work.Advised | None = None
    view: dict[str, str] = dataclasses.field(default_factory=dict)


class AdvisePage:
    """The advisor's question as a form."""

    path = "/advise"
    title = "Advise"
    sentence = "Is a PDF worth measuring besides XANES, or a differential one, and how well?"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._files = FilesPanel(NAME, services, many=False)
        self._panel = JobPanel(
            f"{NAME}-answer", services, order=self._order, answered=self._show, lane="long"
        )
        self._saves = Saves(NAME, services, kinds=SAVES, content=self._saved)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        state = visit.state(NAME, _State)
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
                form(
                    shown.sources,
                    values,
                    files=self._files.layout(
                        visit,
                        title="Drop XANES or PDF of your sample here, or",
                        example=values["set"] if values["set"] in BUNDLED_ABSORBERS else "",
                    ),
                    panel=self._panel.layout(visit),
                ),
                html.Section(
                    show_answer(state.answer, self._saves.buttons()),
                    id=f"{NAME}-result",
                    className="result",
                    **ui.aria(live="polite"),
                ),
                self._saves.place(),
            ]
        )

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        fields = [f"{NAME}-{name}" for name in KEYS]
        self._files.register(app)
        self._saves.register(app)
        self._panel.register(
            app, button=f"{NAME}-ask", fields=fields, results=[Output(f"{NAME}-result", "children")]
        )
        app.callback(
            Output("view", "data", allow_duplicate=True),
            Output(f"{NAME}-gain-slot", "children"),
            *(Input(ident, "value") for ident in fields),
            State("visit", "data"),
            prevent_initial_call="initial_duplicate",
        )(self.remember)

    def remember(
        self, name: object, task: object, gain: object, requirements: object, key: str | None
    ) -> tuple[dict[str, str], object]:
        """Write the question into the address."""
        visit = self._services.visits.find(key)
        state = visit.state(NAME, _State)
        state.view = {"set": str(name)[:80], "task": str(task)[:40], "gain": str(gain or "")[:12]}
        if not requirements:
            state.view["requirements"] = "no"
        try:
            _smallest_gain(gain)
        except OptionError as error:
            return dict(state.view), ui.notice(error)
        return dict(state.view), []

    def _order(self, visit: Visit, name: object, task: object, gain: object, requirements: object) -> Order:
        source, smallest = self._services.shown.find(str(name)), _smallest_gain(gain)
        sample = self._files.files(visit).one_sample()
        state = visit.state(NAME, _State)
        state.count += 1
        folder = visit.folder / f"advice-{state.count}"
        return work.ask, (source, str(task), smallest, bool(requirements), sample, folder)

    def _show(self, visit: Visit, answer: work.Advised) -> list[Component]:
        state = visit.state(NAME, _State)
        if state.answer is not None:
            shutil.rmtree(state.answer.folder, ignore_errors=True)
        state.answer = answer
        return show_answer(answer, self._saves.buttons())

    def _saved(self, visit: Visit, kind: str) -> tuple[str, str]:
        answer = visit.state(NAME, _State).answer
        if answer is None:
            # Buttons come with an answer: only a made-up request gets here.
            raise PreventUpdate
        file = work.PAGE_FILE if kind == "html" else work.DOCUMENT_FILE
        return f"edgepair-{file}", (answer.folder / file).read_text(encoding="utf-8")


def _smallest_gain(text: object) -> float:
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
