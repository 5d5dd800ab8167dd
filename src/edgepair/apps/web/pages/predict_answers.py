"""How the page Predict shows answers: values side by side, then each sample with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import html

from edgepair.apps.web.components import (
    Cell,
    drawing,
    facts,
    in_fields,
    notice,
    plain_table,
    warning_list,
)

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


def overview(answers: Sequence[Answered], opens: str = "") -> Component:
    """All samples in one table, by the technique that stands last; `opens` as in `plain_table`."""
    titles = next(([row["title"] for row in one.detail["rows"]] for one in answers if one.detail), [])
    lines: list[list[Cell]] = []
    for number, answered in enumerate(answers):
        line: list[Cell] = [*([number] if opens else []), answered.name]
        if answered.error is not None:
            why = f": found {answered.error.found}; needed {answered.error.needed}"
            lines.append([*line, [("not answered", "bad"), (in_fields(why), "")]])
            continue
        cells = {row["title"]: row["cells"][-1] for row in answered.detail["rows"]}
        values: list[Cell] = [_parts(cells.get(title)) for title in titles]
        level = answered.detail["trust"]
        trust = (TRUST.get(level, level).partition(":")[0], f"trust {level}")
        lines.append([*line, answered.detail["absorber"], *values, [trust]])
    return plain_table(("Sample", "Element", *titles, "Trust"), lines, opens=opens)


def card(answered: Answered) -> Component:
    """Show one sample: its values, what drove them, and what is like it."""
    if answered.error is not None:
        told = [html.H3(answered.name), notice(answered.error)]
        return html.Article(told, className="card")
    detail = answered.detail
    level = detail["trust"]
    rows: list[list[Cell]] = [
        [row["title"], *(_parts(cell) for cell in row["cells"])] for row in detail["rows"]
    ]
    return html.Article(
        [
            html.H3(detail["title"]),
            html.P([html.Strong(f"{detail['absorber']}: "), detail["headline"]], className="headline"),
            html.P(
                ["Trust: ", html.Span(TRUST.get(level, level), className=f"trust {level}")], className="hint"
            ),
            *warning_list(detail["warnings"]),
            plain_table(["", *detail["techniques"]], rows),
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
    )


def _draw(figure: Figure, more: str) -> Component:
    return drawing(figure["title"] + more, figure["figure"])


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
        shown += [html.P(one["title"], className="caption"), plain_table(heads, lines)]
    return [html.Details([html.Summary("Nearest known materials"), *shown])]
