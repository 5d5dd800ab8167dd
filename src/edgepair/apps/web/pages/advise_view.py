"""How the page Advise asks its question and shows the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import (
    aria,
    button,
    choice,
    drawing,
    facts,
    field,
    section,
    table,
    warning_list,
)
from edgepair.conventions import TASKS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.shown import Source
    from edgepair.apps.web.work.advise import Advised

NAME = "advise"
SAVES = {"html": "Page (HTML)", "json": "Document (JSON)"}
"""What can be saved, by its kind."""


def form(
    sources: Sequence[Source], values: Mapping[str, Any], *, files: Sequence[Component], panel: Component
) -> Component:
    """Make the form of the question."""
    tasks = [(task.title, task.name) for task in TASKS.values()]
    element = choice([(one.title, one.name) for one in sources], values["set"], f"{NAME}-set")
    gain = dcc.Input(id=f"{NAME}-gain", value=values["gain"], type="text", maxLength=8)
    question = [
        field("Element", element, hint="whose simulated materials stand for yours"),
        field("What is to be read", choice(tasks, values["task"], f"{NAME}-task"), hint="from the spectra"),
        field("Smallest gain that counts (no unit)", gain, hint="in weighted F1 or R², 0.001 to 0.5"),
    ]
    qualities = "find out to what quality each must be measured (some minutes)"
    ask = html.Div(button("Ask", f"{NAME}-ask", "main"), className="row")
    return section(
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


def answer(advised: Advised | None, saves: Component) -> list[Component]:
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
        *warning_list([f"{text[:1].upper()}{text[1:]}" for text in advised.warnings]),
        saves,
        html.Div(
            drawing(f"{caption[:1].upper()}{caption[1:]}. Bars: 95 % intervals.", advised.figure),
            className="wide-figure scroll" if two else "scroll",
            tabIndex="0",
            role="region",
            **aria(label="Figure of the answer"),
        ),
        *_table(
            "What adding a technique changes",
            ("In hand", "Added", advised.gain_title, "95 % interval", "Verdict"),
            advised.gains,
        ),
        *_table("To what quality", ("Technique", "What is enough"), advised.needed),
        html.Details([html.Summary("How it was found"), facts(advised.facts)]),
    ]


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Component]:
    if not rows:
        return []
    lines = [html.Tr([html.Td(text) for text in row]) for row in rows]
    return [html.H3(title, className="above"), table(heads, lines)]
