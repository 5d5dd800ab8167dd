"""How the page Study shows a study, and the form to run one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import aria, drawing, facts, field
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
    return html.Details(
        [
            html.Summary("Run a study"),
            html.Div(
                [
                    _choices(
                        "Datasets",
                        f"{NAME}-datasets",
                        [(source.title, source.name) for source in sources],
                        own[:1] or [STUDY_ABSORBERS[1]],
                    ),
                    _choices(
                        "Tasks",
                        f"{NAME}-tasks",
                        [(task.title, task.name) for task in TASKS.values()],
                        [*TASKS],
                    ),
                    html.Fieldset(
                        [
                            html.Legend("How thoroughly", className="label"),
                            dcc.RadioItems(
                                [
                                    {
                                        "label": "quick: a look, well under a minute an element",
                                        "value": "quick",
                                    },
                                    {
                                        "label": "default: as a report needs it, minutes an element",
                                        "value": "default",
                                    },
                                ],
                                "quick",
                                id=f"{NAME}-depth",
                                className="chips column",
                            ),
                            dcc.Checklist(
                                [
                                    {
                                        "label": "tell what each technique contributes (more fits)",
                                        "value": "yes",
                                    }
                                ],
                                [],
                                id=f"{NAME}-contributions",
                                className="chips",
                            ),
                        ]
                    ),
                    html.Button("Run the study", id=f"{NAME}-run", className="main", type="button"),
                ],
                className="form",
            ),
            panel,
        ],
        open=opened,
        className="card order",
    )


def _choices(title: str, ident: str, options: Sequence[tuple[str, str]], chosen: Sequence[str]) -> Component:
    return html.Fieldset(
        [
            html.Legend(title, className="label"),
            dcc.Checklist(
                [{"label": label, "value": value} for label, value in options],
                list(chosen),
                id=ident,
                className="chips",
            ),
        ]
    )


def body(told: Mapping[str, Any], query: Mapping[str, str], saves: Component) -> list[Component]:
    """Show a study."""
    skipped = []
    for item in told["skipped"]:
        what = " ".join(str(item[key]) for key in ("absorber", "task", "modality") if item[key])
        skipped.append(f"{what}: {item['reason']}")
    made_by = told["learner_title"] if told["drawn"] == told["learner"] else told["drawn"]
    return [
        html.P(told["sentence"], className="headline"),
        *([html.P(told["banner"], className="banner bad")] if told["banner"] else []),
        html.Section(
            [
                html.H2("Scores", id=f"{NAME}-scores-title"),
                drawing(
                    f"Scores on unseen {told['unseen']}s, {made_by}; bars: 95 % intervals. Click a dot to see"
                    " what is behind it.",
                    told["figure"],
                    ident=f"{NAME}-scores",
                ),
                _cell_choice(told, query),
                html.Div(id=f"{NAME}-cell", **aria(live="polite")),
                *(
                    [drawing(_OTHER_VIEWS[told["other_view"]], told["other_figure"])]
                    if told["other_figure"]
                    else []
                ),
            ],
            **aria(labelledby=f"{NAME}-scores-title"),
        ),
        html.Section(
            [
                html.H2("Findings", id=f"{NAME}-findings-title"),
                *(_finding(item, told) for item in told["findings"]),
                *(
                    [
                        drawing(
                            "The findings under other conditions. Green: holds; grey: undecided; red: the "
                            "opposite holds; the number is the estimate.",
                            told["robustness_figure"],
                        )
                    ]
                    if told["robustness_figure"]
                    else []
                ),
            ],
            **aria(labelledby=f"{NAME}-findings-title"),
        ),
        html.Section(
            [
                html.H2("How it was made", id=f"{NAME}-made-title"),
                saves,
                *(
                    [html.Details([html.Summary(f"Left out ({len(skipped)})"), _list(skipped)])]
                    if skipped
                    else []
                ),
                html.Details(
                    [
                        html.Summary("Settings, versions and checksums"),
                        facts([(str(one["name"]), str(one["value"])) for one in told["facts"]]),
                    ]
                ),
            ],
            **aria(labelledby=f"{NAME}-made-title"),
        ),
    ]


_OTHER_VIEWS = {
    "materials": "The same of whole materials: a row is a material with the mean spectrum of its sites, as a "
    "measurement gives it, and its PDF.",
    "sites": "The same of single sites, each with the PDF of its material.",
}


def _cell_choice(told: Mapping[str, Any], query: Mapping[str, str]) -> Component:
    modalities = [{"label": one["title"], "value": one["name"]} for one in told["modalities"]]
    choices = (
        ("absorber", "Element", [{"label": name, "value": name} for name in told["absorbers"]], ""),
        ("task", "Task", [{"label": one["title"], "value": one["name"]} for one in told["tasks"]], ""),
        (
            "modality",
            "Technique or combination",
            [*modalities, {"label": "all side by side", "value": ALL}],
            "xanes",
        ),
    )
    shown = []
    for name, label, options, usual in choices:
        there = [option["value"] for option in options]
        wanted = query.get(name, "") or usual
        control = dcc.Dropdown(
            options,
            wanted if wanted in there else there[0],
            id=f"{NAME}-{name}",
            clearable=False,
            searchable=False,
        )
        shown.append(field(label, control))
    return html.Div(shown, className="row choice")


def _finding(item: Mapping[str, Any], told: Mapping[str, Any]) -> Component:
    lines = [
        html.Li(
            [
                f"{line['label']}: ",
                html.Strong(line["text"]),
                f" {line['of']} (95 % interval {line['interval']})",
            ]
        )
        for line in item["lines"][:6]
    ]
    return html.Article(
        [
            html.H3(
                [
                    item["title"],
                    " ",
                    html.Span(VERDICTS[item["verdict"]], className=f"verdict {item['verdict']}"),
                ]
            ),
            html.P(item["tally"]),
            html.Ul(lines),
            html.Details(
                [
                    html.Summary("Every absorber and task"),
                    drawing(
                        "Bars: 95 % intervals; filled: holds, open: undecided, cross: its opposite holds",
                        told["finding_figures"][item["finding"]],
                    ),
                    _list(item["sentences"]),
                ]
            ),
        ],
        className="card finding",
    )


def _list(texts: Sequence[str]) -> Component:
    return html.Ul([html.Li(text) for text in texts], className="reasons")


def cell(shown: CellShown, modality: str) -> list[Component]:
    """Show what is behind one dot."""
    if not shown.rows:
        return [html.P("The study has no scores for this choice.", className="hint")]
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in ("", *shown.metrics)]))
    lines = [
        html.Tr(
            [
                html.Th(title, scope="row"),
                *(
                    html.Td([html.Span(value, className="value"), html.Span(span, className="range")])
                    for value, span in cells
                ),
            ],
            className="here" if name == modality else "",
        )
        for title, name, cells in shown.rows
    ]
    figures = [*shown.answers, *shown.importances]
    return [
        html.Div(html.Table([head, html.Tbody(lines)]), className="scroll"),
        html.Div([drawing(title, figure) for title, figure in figures], className="figures"),
        *([html.P(text, className="headline") for text in shown.words]),
        *([_legend(shown.legend)] if shown.legend else []),
        html.Div([drawing(title, figure) for title, figure in shown.more], className="figures"),
    ]


def _legend(parts: Sequence[tuple[str, str]]) -> Component:
    return html.Ul(
        [
            html.Li([html.Span(className="patch", style={"backgroundColor": colour}), title])
            for title, colour in parts
        ],
        className="legend",
    )
