"""The page Study: scores and what is behind each, findings; or a study of the visitor's own."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from edgepair.apps.web import components as ui
from edgepair.apps.web.jobs import Order
from edgepair.apps.web.panel import JobPanel, Saves
from edgepair.apps.web.settings import Source
from edgepair.apps.web.visits import Services, Visit
from edgepair.apps.web.work import studies as work
from edgepair.conventions import STUDY_ABSORBERS, TASKS, EdgepairError, OptionError

SAVES = {"html": "Report (HTML)", "zip": "Tables (zip of CSV)"}
"""What can be saved, by its kind."""

VERDICTS = {
    "holds": "✓ holds",
    "does_not_hold": "✕ does not hold",
    "undecided": "? undecided",
    "mixed": "± mixed",
}
"""What each verdict is called, with a mark that needs no colour."""

_OTHER_VIEWS = {
    "materials": "The same of whole materials: a row is a material with the mean spectrum of its sites, as a "
    "measurement gives it, and its PDF.",
    "sites": "The same of single sites, each with the PDF of its material.",
}

NAME = "study"
LANE = "browse"
KEYS = ("study", "learner", "absorber", "task", "modality")
"""Everything that the address may hold."""

SHOWN = "shown"
"""Name of the study that whoever serves the page has put on it."""

MOST_RUNS = 4
"""Studies of one visitor that are kept; each may take 50 MB."""


def order_form(sources: Sequence[Source], *, opened: bool, panel: Component) -> Component:
    """Make the form that runs a study."""
    own = [source.name for source in sources if source.path is not None]
    depths = [
        {"label": "quick: a look, well under a minute an element", "value": "quick"},
        {"label": "default: as a report needs it, minutes an element", "value": "default"},
    ]
    more = [{"label": "tell what each technique contributes (more fits)", "value": "yes"}]
    thoroughly = html.Fieldset(
        [
            html.Legend("How thoroughly", className="label"),
            dcc.RadioItems(depths, "quick", id=f"{NAME}-depth", className="chips column"),
            dcc.Checklist(more, [], id=f"{NAME}-contributions", className="chips"),
        ]
    )
    options = [(source.title, source.name) for source in sources]
    parts = [
        ui.chips("Datasets", f"{NAME}-datasets", options, own[:1] or [STUDY_ABSORBERS[1]]),
        ui.chips("Tasks", f"{NAME}-tasks", [(task.title, task.name) for task in TASKS.values()], [*TASKS]),
        thoroughly,
        ui.button("Run the study", f"{NAME}-run", "main"),
    ]
    form = html.Div(parts, className="form")
    return html.Details([html.Summary("Run a study"), form, panel], open=opened, className="card order")


def body(told: Mapping[str, Any], query: Mapping[str, str], saves: Component) -> list[Component]:
    """Show a study."""
    return [
        html.P(told["sentence"], className="headline"),
        *([html.P(told["banner"], className="banner bad")] if told["banner"] else []),
        _scores(told, query),
        _findings(told),
        _made(told, saves),
    ]


def _scores(told: Mapping[str, Any], query: Mapping[str, str]) -> Component:
    made_by = told["learner_title"] if told["drawn"] == told["learner"] else told["drawn"]
    caption = (
        f"Scores on unseen {told['unseen']}s, {made_by}; bars: 95 % intervals. Click a dot to see what is "
        "behind it."
    )
    other = told["other_figure"]
    return ui.section(
        "Scores",
        f"{NAME}-scores-title",
        ui.drawing(caption, told["figure"], ident=f"{NAME}-scores"),
        _cell_choice(told, query),
        html.Div(id=f"{NAME}-cell", **ui.aria(live="polite")),
        *([ui.drawing(_OTHER_VIEWS[told["other_view"]], other)] if other else []),
    )


def _findings(told: Mapping[str, Any]) -> Component:
    tested = told["robustness_figure"]
    caption = (
        "The findings under other conditions. Green: holds; grey: undecided; red: the opposite holds; the "
        "number is the estimate."
    )
    return ui.section(
        "Findings",
        f"{NAME}-findings-title",
        *(_finding(item, told) for item in told["findings"]),
        *([ui.drawing(caption, tested)] if tested else []),
    )


def _made(told: Mapping[str, Any], saves: Component) -> Component:
    skipped = []
    for item in told["skipped"]:
        what = " ".join(str(item[key]) for key in ("absorber", "task", "modality") if item[key])
        skipped.append(f"{what}: {item['reason']}")
    settings = ui.facts([(str(one["name"]), str(one["value"])) for one in told["facts"]])
    return ui.section(
        "How it was made",
        f"{NAME}-made-title",
        saves,
        *([html.Details([html.Summary(f"Left out ({len(skipped)})"), _list(skipped)])] if skipped else []),
        html.Details([html.Summary("Settings, versions and checksums"), settings]),
    )


def _cell_choice(told: Mapping[str, Any], query: Mapping[str, str]) -> Component:
    tasks, modalities = (
        [(one["title"], one["name"]) for one in told[key]] for key in ("tasks", "modalities")
    )
    choices = (
        ("absorber", "Element", [(name, name) for name in told["absorbers"]], ""),
        ("task", "Task", tasks, ""),
        ("modality", "Technique or combination", [*modalities, ("all side by side", work.ALL)], "xanes"),
    )
    shown = []
    for name, label, options, usual in choices:
        there = [value for _, value in options]
        wanted = query.get(name, "") or usual
        chosen = wanted if wanted in there else there[0]
        shown.append(ui.field(label, ui.choice(options, chosen, f"{NAME}-{name}")))
    return html.Div(shown, className="row choice")


def _finding(item: Mapping[str, Any], told: Mapping[str, Any]) -> Component:
    lines = []
    for line in item["lines"][:6]:
        told_of = f" {line['of']} (95 % interval {line['interval']})"
        lines.append(html.Li([f"{line['label']}: ", html.Strong(line["text"]), told_of]))
    verdict = html.Span(VERDICTS[item["verdict"]], className=f"verdict {item['verdict']}")
    caption = "Bars: 95 % intervals; filled: holds, open: undecided, cross: its opposite holds"
    figure = ui.drawing(caption, told["finding_figures"][item["finding"]])
    every = html.Details([html.Summary("Every absorber and task"), figure, _list(item["sentences"])])
    parts = [html.H3([item["title"], " ", verdict]), html.P(item["tally"]), html.Ul(lines), every]
    return html.Article(parts, className="card finding")


def _list(texts: Sequence[str]) -> Component:
    return html.Ul([html.Li(text) for text in texts], className="reasons")


def show_cell(shown: work.CellShown, modality: str) -> list[Component]:
    """Show what is behind one dot."""
    if not shown.rows:
        return [html.P("The study has no scores for this choice.", className="hint")]
    lines = []
    for title, name, values in shown.rows:
        cells = [
            html.Td([html.Span(value, className="value"), html.Span(span, className="range")])
            for value, span in values
        ]
        look = "here" if name == modality else ""
        lines.append(html.Tr([html.Th(title, scope="row"), *cells], className=look))
    return [
        ui.table(["", *shown.metrics], lines),
        ui.drawings([*shown.answers, *shown.importances]),
        *([html.P(text, className="headline") for text in shown.words]),
        *([_legend(shown.legend)] if shown.legend else []),
        ui.drawings(shown.more),
    ]


def _legend(parts: Sequence[tuple[str, str]]) -> Component:
    return html.Ul(
        [
            html.Li([html.Span(className="patch", style={"backgroundColor": colour}), title])
            for title, colour in parts
        ],
        className="legend",
    )


@dataclass
class _State:
    """What a visitor has done on this page."""

    runs: dict[str, work.Place] = dataclasses.field(default_factory=dict)
    count: int = 0
    view: dict[str, str] = dataclasses.field(default_factory=dict)


class StudyPage:
    """Results of a study."""

    path = "/study"
    title = "Study"
    sentence = "How well each technique answers on materials not seen before, and what it looks at."

    def __init__(self, services: Services) -> None:
        self._services = services
        self._panel = JobPanel(
            f"{NAME}-order", services, order=self._order, answered=self._show_new, lane="long"
        )
        self._saves = Saves(NAME, services, kinds=SAVES, content=self._saved)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        state = visit.state(NAME, _State)
        given = {key: query[key] for key in KEYS if query.get(key)} or dict(state.view)
        places = self._places(state)
        chosen = given.get("study") or next(iter(places), "")
        return html.Div(
            [
                order_form(
                    self._services.shown.sources,
                    opened=not places or self._panel.running(visit) is not None,
                    panel=self._panel.layout(visit),
                ),
                html.Div(self._choice(state, chosen), id=f"{NAME}-choice"),
                html.Div(self._body(visit, chosen, given), id=f"{NAME}-body"),
                self._saves.place(),
            ]
        )

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        visit = State("visit", "data")
        which, learner = (f"{NAME}-which", "value"), (f"{NAME}-learner", "value")
        cell = [(f"{NAME}-{name}", "value") for name in ("absorber", "task", "modality")]
        self._saves.register(app, fields=[f"{NAME}-which"])
        self._panel.register(
            app,
            button=f"{NAME}-run",
            fields=[f"{NAME}-{name}" for name in ("datasets", "tasks", "depth", "contributions")],
            results=[
                Output(f"{NAME}-choice", "children"),
                Output(f"{NAME}-body", "children", allow_duplicate=True),
            ],
        )
        app.callback(
            Output(f"{NAME}-body", "children"),
            Input(*which),
            Input(*learner),
            visit,
            prevent_initial_call=True,
        )(self.change)
        app.callback(
            *(Output(*one) for one in cell), Input(f"{NAME}-scores", "clickData"), prevent_initial_call=True
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

    def change(self, which: str, learner: str, key: str | None) -> object:
        """Show another study, or another learner."""
        visit = self._services.visits.find(key)
        state = visit.state(NAME, _State)
        return self._body(visit, which, {**state.view, "learner": learner})

    def click(self, clicked: Any) -> tuple[object, object, object]:
        """Choose what a dot stands for."""
        try:
            absorber, task, modality = clicked["points"][0]["customdata"]
        except (TypeError, KeyError, IndexError, ValueError):
            # The line of the baseline, or nothing at all.
            return no_update, no_update, no_update
        return absorber, task, modality

    def show_cell(
        self,
        absorber: object,
        task: object,
        modality: object,
        which: object,
        learner: object,
        key: str | None,
    ) -> tuple[object, object]:
        """Show what is behind one dot, and write it into the address."""
        visit = self._services.visits.find(key)
        state = visit.state(NAME, _State)
        sent = {"study": which, "learner": learner, "absorber": absorber, "task": task, "modality": modality}
        names = {name: value for name, value in sent.items() if isinstance(value, str)}
        if names.keys() != sent.keys():
            return no_update, no_update
        state.view = {name: value[:80] for name, value in names.items()}
        try:
            place = self._place(state, names["study"])
            cell = (names[name] for name in ("absorber", "task", "modality", "learner"))
            shown = self._services.jobs.call(visit.key, work.draw_cell, place, *cell, lane=LANE)
        except EdgepairError as error:
            return ui.notice(error), dict(state.view)
        return show_cell(shown, names["modality"]), dict(state.view)

    def _order(
        self, visit: Visit, datasets: object, tasks: object, depth: object, contributions: object
    ) -> Order:
        order = self._parse(datasets, tasks, depth, contributions)
        state = visit.state(NAME, _State)
        state.count += 1
        name = f"Your study {state.count}: {order.title}"
        return work.run, (order, work.Place(visit.folder / f"run{state.count}", name))

    def _show_new(self, visit: Visit, place: work.Place) -> tuple[object, object]:
        """Show the study that was run."""
        state, name = visit.state(NAME, _State), place.folder.name
        state.runs[name] = place
        while len(state.runs) > MOST_RUNS:
            oldest = state.runs.pop(next(iter(state.runs)))
            shutil.rmtree(oldest.folder, ignore_errors=True)
        return self._choice(state, name), self._body(visit, name, {})

    def _saved(self, visit: Visit, kind: str, which: str) -> tuple[str, str | bytes]:
        place = self._place(visit.state(NAME, _State), which)
        function: Callable[[work.Place], str | bytes] = work.page if kind == "html" else work.tables
        content = self._services.jobs.call(visit.key, function, place, lane="answer", seconds=180.0)
        return f"edgepair-study.{'html' if kind == 'html' else 'zip'}", content

    def _places(self, state: _State) -> dict[str, work.Place]:
        """List the studies of a visitor, the one that all see first."""
        study = self._services.shown.study
        shown = {} if study is None else {SHOWN: work.Place(study, "the study on this page")}
        return shown | state.runs

    def _place(self, state: _State, which: object) -> work.Place:
        places = self._places(state)
        if which in places:
            return places[which]
        raise OptionError(
            f"cannot show the study {which!r}",
            found="no study of that name in this visit: those that visitors run are their own",
            needed=f"one of {', '.join(places)}" if places else "a study: there is none yet",
            suggestion="run one below “Run a study”" if not places else "choose another study above",
        )

    def _choice(self, state: _State, chosen: str) -> list[Component]:
        """Choose among studies where there are several; the control is there in any case."""
        places = self._places(state)
        options = [(place.name, name) for name, place in places.items()]
        control = ui.choice(options, chosen if chosen in places else None, f"{NAME}-which")
        return [html.Div(ui.field("Study shown", control), hidden=len(options) < 2 and chosen in places)]

    def _body(self, visit: Visit, which: str, query: Mapping[str, str]) -> list[Component]:
        state = visit.state(NAME, _State)
        if not which:
            told = "There is no study to show: run one above, or serve the page with --study FOLDER."
            return [html.P(told, className="hint")]
        try:
            place = self._place(state, which)
            learner = query.get("learner", "")
            about = self._services.jobs.call(visit.key, work.describe, place, learner, lane=LANE)
        except EdgepairError as error:
            return [ui.notice(error)]
        names = [(name, name) for name in about["learners"]]
        drawn = str(about["drawn"])
        learners = ui.chips("Learner", f"{NAME}-learner", names, drawn, hidden=len(names) < 2)
        return [learners, *body(about, query, self._saves.buttons())]

    def _parse(self, datasets: object, tasks: object, depth: object, contributions: object) -> work.Order:
        names, wanted = (
            [name for name in sent if isinstance(name, str)] if isinstance(sent, list) else []
            for sent in (datasets, tasks)
        )
        known = tuple(name for name in TASKS if name in wanted)
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
