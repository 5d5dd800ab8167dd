"""The page Advise: whether a second technique is worth measuring, and to what quality."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dash import Input, Output, State, html
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import aria, notice
from edgepair.apps.web.dropped.panel import FilesPanel
from edgepair.apps.web.pages import advise_view as view
from edgepair.apps.web.panel import JobPanel
from edgepair.apps.web.saves import Saves
from edgepair.apps.web.work import advise as work
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, OptionError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.jobs import Order
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
    """What a visitor has done on this page, beside the files."""

    count: int = 0
    answer: work.Advised | None = None
    view: dict[str, str] = field(default_factory=dict)


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
        self._saves = Saves(NAME, services, kinds=view.SAVES, content=self._saved)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
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
                    files=self._files.layout(
                        visit,
                        title="Drop XANES or PDF of your sample here, or",
                        example=values["set"] if values["set"] in BUNDLED_ABSORBERS else "",
                    ),
                    panel=self._panel.layout(visit),
                ),
                html.Section(
                    view.answer(state.answer, self._saves.buttons()),
                    id=f"{NAME}-result",
                    className="result",
                    **aria(live="polite"),
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
        state = self._state(visit)
        state.view = {"set": str(name)[:80], "task": str(task)[:40], "gain": str(gain or "")[:12]}
        if not requirements:
            state.view["requirements"] = "no"
        try:
            _smallest_gain(gain)
        except OptionError as error:
            return dict(state.view), notice(error)
        return dict(state.view), []

    def _order(self, visit: Visit, name: object, task: object, gain: object, requirements: object) -> Order:
        question = work.Question(
            self._services.shown.find(str(name)),
            str(task),
            _smallest_gain(gain),
            bool(requirements),
            self._files.files(visit).one_sample(),
        )
        state = self._state(visit)
        state.count += 1
        return work.ask, (question, visit.folder / f"advice-{state.count}")

    def _show(self, visit: Visit, answer: work.Advised) -> list[Component]:
        state = self._state(visit)
        if state.answer is not None:
            shutil.rmtree(state.answer.folder, ignore_errors=True)
        state.answer = answer
        return view.answer(answer, self._saves.buttons())

    def _saved(self, visit: Visit, kind: str) -> tuple[str, str]:
        answer = self._state(visit).answer
        if answer is None:
            # Buttons come with an answer: only a made-up request gets here.
            raise PreventUpdate
        file = work.PAGE_FILE if kind == "html" else work.DOCUMENT_FILE
        return f"edgepair-{file}", (answer.folder / file).read_text(encoding="utf-8")

    def _state(self, visit: Visit) -> _State:
        state: _State = visit.bag.setdefault(NAME, _State())
        return state


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
