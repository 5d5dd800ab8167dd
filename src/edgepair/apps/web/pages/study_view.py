"""How the page Study shows a study, and the form to run one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import (
    aria,
    button,
    chips,
    choice,
    drawing,
    drawings,
    facts,
    field,
    section,
    table,
)
from edgepair.conventions import STUDY_ABSORBERS, TASKS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.shown import Source
    from edgepair.apps.web.work.studies import CellShown

NAME = "study"
ALL = "*"
SAVES = {"html": "Report (HTML)", "zip": "Tables (zip of CSV)"}
"""What can be saved, by its kind."""

VERDICTS = {
    "holds": "✓ holds",
    "does_not_hold": "✕ does not hold",
    "undecided": "? undecided",
    "mixed": "± mixed",
}
"""What each verdict is called, with a mark that needs no colour."""


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
        chips("Datasets", f"{NAME}-datasets", options, own[:1] or [STUDY_ABSORBERS[1]]),
        chips("Tasks", f"{NAME}-tasks", [(task.title, task.name) for task in TASKS.values()], [*TASKS]),
        thoroughly,
        button("Run the study", f"{NAME}-run", "main"),
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
    return section(
        "Scores",
        f"{NAME}-scores-title",
        drawing(caption, told["figure"], ident=f"{NAME}-scores"),
        _cell_choice(told, query),
        html.Div(id=f"{NAME}-cell", **aria(live="polite")),
        *([drawing(_OTHER_VIEWS[told["other_view"]], other)] if other else []),
    )


def _findings(told: Mapping[str, Any]) -> Component:
    tested = told["robustness_figure"]
    caption = (
        "The findings under other conditions. Green: holds; grey: undecided; red: the opposite holds; the "
        "number is the estimate."
    )
    return section(
        "Findings",
        f"{NAME}-findings-title",
        *(_finding(item, told) for item in told["findings"]),
        *([drawing(caption, tested)] if tested else []),
    )


def _made(told: Mapping[str, Any], saves: Component) -> Component:
    skipped = []
    for item in told["skipped"]:
        what = " ".join(str(item[key]) for key in ("absorber", "task", "modality") if item[key])
        skipped.append(f"{what}: {item['reason']}")
    settings = facts([(str(one["name"]), str(one["value"])) for one in told["facts"]])
    return section(
        "How it was made",
        f"{NAME}-made-title",
        saves,
        *([html.Details([html.Summary(f"Left out ({len(skipped)})"), _list(skipped)])] if skipped else []),
        html.Details([html.Summary("Settings, versions and checksums"), settings]),
    )


_OTHER_VIEWS = {
    "materials": "The same of whole materials: a row is a material with the mean spectrum of its sites, as a "
    "measurement gives it, and its PDF.",
    "sites": "The same of single sites, each with the PDF of its material.",
}


def _cell_choice(told: Mapping[str, Any], query: Mapping[str, str]) -> Component:
    tasks, modalities = (
        [(one["title"], one["name"]) for one in told[key]] for key in ("tasks", "modalities")
    )
    choices = (
        ("absorber", "Element", [(name, name) for name in told["absorbers"]], ""),
        ("task", "Task", tasks, ""),
        ("modality", "Technique or combination", [*modalities, ("all side by side", ALL)], "xanes"),
    )
    shown = []
    for name, label, options, usual in choices:
        there = [value for _, value in options]
        wanted = query.get(name, "") or usual
        chosen = wanted if wanted in there else there[0]
        shown.append(field(label, choice(options, chosen, f"{NAME}-{name}")))
    return html.Div(shown, className="row choice")


def _finding(item: Mapping[str, Any], told: Mapping[str, Any]) -> Component:
    lines = []
    for line in item["lines"][:6]:
        told_of = f" {line['of']} (95 % interval {line['interval']})"
        lines.append(html.Li([f"{line['label']}: ", html.Strong(line["text"]), told_of]))
    verdict = html.Span(VERDICTS[item["verdict"]], className=f"verdict {item['verdict']}")
    caption = "Bars: 95 % intervals; filled: holds, open: undecided, cross: its opposite holds"
    figure = drawing(caption, told["finding_figures"][item["finding"]])
    every = html.Details([html.Summary("Every absorber and task"), figure, _list(item["sentences"])])
    parts = [html.H3([item["title"], " ", verdict]), html.P(item["tally"]), html.Ul(lines), every]
    return html.Article(parts, className="card finding")


def _list(texts: Sequence[str]) -> Component:
    return html.Ul([html.Li(text) for text in texts], className="reasons")


def cell(shown: CellShown, modality: str) -> list[Component]:
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
        table(["", *shown.metrics], lines),
        drawings([*shown.answers, *shown.importances]),
        *([html.P(text, className="headline") for text in shown.words]),
        *([_legend(shown.legend)] if shown.legend else []),
        drawings(shown.more),
    ]


def _legend(parts: Sequence[tuple[str, str]]) -> Component:
    return html.Ul(
        [
            html.Li([html.Span(className="patch", style={"backgroundColor": colour}), title])
            for title, colour in parts
        ],
        className="legend",
    )
