"""How the page Predict shows answers: values side by side, then each sample with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import html

from edgepair.apps.web.components import drawing, facts, in_fields, notice, table, warning_list

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.work.predict import Answered
    from edgepair.apps.web.work.words import Figure

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


def results(answers: Sequence[Answered], saves: Component) -> list[Component]:
    """Show answers."""
    if not answers:
        return []
    return [
        html.H2("Answers"),
        saves,
        *([_overview(answers)] if len(answers) > 1 else []),
        html.Div(
            [_card(answered, number) for number, answered in enumerate(answers, 1)],
            className="cards" if len(answers) > 1 else "card-alone",
        ),
    ]


def _overview(answers: Sequence[Answered]) -> Component:
    """All samples in one table: the values of the technique that stands last."""
    shown = [answered for answered in answers if answered.detail]
    titles = [row["title"] for row in shown[0].detail["rows"]] if shown else []
    heads = ("Sample", "Element", *titles, "Trust")
    lines = []
    for number, answered in enumerate(answers, 1):
        name = html.Th(html.A(answered.name, href=f"#{_ident(number)}"), scope="row")
        if answered.error is not None:
            why = f": found {answered.error.found}; needed {answered.error.needed}"
            told: list[str | Component] = [html.Span("not answered", className="bad"), in_fields(why)]
            lines.append(html.Tr([name, html.Td(told, colSpan=len(titles) + 2)]))
            continue
        cells = {row["title"]: row["cells"][-1] for row in answered.detail["rows"]}
        values = [html.Td(_value(cells.get(title))) for title in titles]
        trust = html.Td(_trust(answered, short=True))
        lines.append(html.Tr([name, html.Td(answered.detail["absorber"]), *values, trust]))
    return table(heads, lines)


def _ident(number: int) -> str:
    """Name the place of an answer, for links to it."""
    return f"answer-{number}"


def _card(answered: Answered, number: int) -> Component:
    if answered.error is not None:
        told = [html.H3(answered.name), notice(answered.error)]
        return html.Article(told, className="card", id=_ident(number))
    detail = answered.detail
    rows = [
        html.Tr([html.Th(row["title"], scope="row"), *(html.Td(_value(cell)) for cell in row["cells"])])
        for row in detail["rows"]
    ]
    return html.Article(
        [
            html.H3(detail["title"]),
            html.P([html.Strong(f"{detail['absorber']}: "), detail["headline"]], className="headline"),
            html.P(["Trust: ", _trust(answered)], className="hint"),
            *warning_list(detail["warnings"]),
            table(["", *detail["techniques"]], rows),
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
                    facts([(str(name), str(value)) for name, value in detail["facts"]]),
                    *(html.P(line) for line in detail["shares"]),
                ]
            ),
        ],
        className="card",
        id=_ident(number),
    )


def _draw(figure: Figure, more: str) -> Component:
    return drawing(figure["title"] + more, figure["figure"])


def _value(cell: Mapping[str, str] | None) -> list[str | Component]:
    if cell is None:
        return ["–"]
    more = [html.Span(f"set {cell['classes']}", className="range")] if cell["classes"] else []
    return [html.Span(cell["value"], className="value"), html.Span(cell["range"], className="range"), *more]


def _trust(answered: Answered, *, short: bool = False) -> Component:
    level = answered.detail["trust"]
    told = TRUST.get(level, level)
    return html.Span(told.partition(":")[0] if short else told, className=f"trust {level}")


def _nearest(tables: Sequence[Mapping[str, Any]]) -> list[Component]:
    if not tables:
        return []
    heads = [name for _, name in _NEAREST]
    shown = []
    for one in tables:
        lines = [html.Tr([html.Td(row[key]) for key, _ in _NEAREST]) for row in one["rows"]]
        shown += [html.P(one["title"], className="caption"), table(heads, lines)]
    return [html.Details([html.Summary("Nearest known materials"), *shown])]
