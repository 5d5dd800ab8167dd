"""How the page Advise asks its question and shows the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import aria, drawing, drop_zone, facts, field, notice, warning_list
from edgepair.conventions import TASKS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.settings import Limits
    from edgepair.apps.web.shown import Source
    from edgepair.apps.web.work.advise import Advised
    from edgepair.apps.web.work.reading import Looked
    from edgepair.conventions import EdgepairError

NAME = "advise"
KINDS = {"xanes": "XANES", "pdf": "PDF"}


@dataclass
class ListedFile:
    """A file of the sample.

    Attributes
    ----------
    key, name : str
        Ours, and the visitor's.
    looked : Looked or None
        How it was understood.
    error : EdgepairError or None
        Why it was not.
    item : str
        Which of its curves is the sample's.
    role : str
        ``dpdf`` for a differential PDF.
    """

    key: str
    name: str
    looked: Looked | None = None
    error: EdgepairError | None = None
    item: str = ""
    role: str = ""


def form(
    sources: Sequence[Source],
    values: Mapping[str, Any],
    *,
    limits: Limits,
    files: Sequence[Component],
    panel: Component,
) -> Component:
    """Make the form of the question.

    Parameters
    ----------
    sources : sequence of Source
        Datasets to choose from.
    values : mapping
        What stands in the fields: ``set``, ``task``, ``gain``, ``requirements``.
    limits : Limits
        How much may be dropped.
    files : sequence of dash component
        From `file_list`.
    panel : dash component
        Of the job.

    Returns
    -------
    dash component
        With a button.
    """
    hint = f"optional; XDI, columns of text, Athena, .gr …; up to {limits.file_bytes / 1e6:.0f} MB a file"
    return html.Section(
        [
            html.H2("The question", id=f"{NAME}-question"),
            html.Div(
                [
                    field(
                        "Element",
                        dcc.Dropdown(
                            [{"label": one.title, "value": one.name} for one in sources],
                            values["set"],
                            id=f"{NAME}-set",
                            clearable=False,
                            searchable=False,
                        ),
                        hint="whose simulated materials stand for yours",
                    ),
                    field(
                        "What is to be read",
                        dcc.Dropdown(
                            [{"label": task.title, "value": task.name} for task in TASKS.values()],
                            values["task"],
                            id=f"{NAME}-task",
                            clearable=False,
                            searchable=False,
                        ),
                        hint="from the spectra",
                    ),
                    field(
                        "Smallest gain that counts (no unit)",
                        dcc.Input(
                            id=f"{NAME}-gain",
                            value=values["gain"],
                            type="text",
                            maxLength=8,
                        ),
                        hint="in weighted F1 or R², 0.001 to 0.5",
                    ),
                ],
                className="row choice top-aligned",
            ),
            html.Div(id=f"{NAME}-gain-slot"),
            dcc.Checklist(
                [{"label": "find out to what quality each must be measured (some minutes)", "value": "yes"}],
                ["yes"] if values["requirements"] else [],
                id=f"{NAME}-requirements",
                className="chips",
            ),
            html.H3("Measured already?", className="above"),
            drop_zone(NAME, title="Drop XANES or PDF of your sample here, or", hint=hint),
            html.Div(list(files), id=f"{NAME}-files", **aria(live="polite")),
            html.Div(html.Button("Ask", id=f"{NAME}-ask", className="main", type="button"), className="row"),
            html.Div(id=f"{NAME}-begun"),
            panel,
        ],
        **aria(labelledby=f"{NAME}-question"),
    )


def file_list(files: Sequence[ListedFile], refused: Sequence[EdgepairError]) -> list[Component]:
    """List the files of the sample.

    Parameters
    ----------
    files : sequence of ListedFile
        In the order in which they came.
    refused : sequence of EdgepairError
        Why others were not taken.

    Returns
    -------
    list of dash component
        Errors, then a table.
    """
    told = [notice(error) for error in refused[:5]]
    if not files:
        return told
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("File", "What it is", "")]))
    table = html.Table([head, html.Tbody([_row(file) for file in files])], className="files")
    return [*told, html.Div(table, className="scroll")]


def _row(file: ListedFile) -> Component:
    what: list[Any] = []
    if file.error is not None:
        what = [html.Span("not read", className="bad"), notice(file.error)]
    elif file.looked is not None:
        absorber = file.looked.part.absorber
        about = f" of {absorber}" if absorber else ""
        what = [html.Span(f"{KINDS[file.looked.kind]}{about} ({file.looked.format})")]
        if len(file.looked.items) > 1:
            control = dcc.Dropdown(
                list(file.looked.items),
                file.item,
                id={"type": f"{NAME}-item", "key": file.key},
                clearable=False,
            )
            what.append(field("Part that is the sample", control))
        if file.looked.kind == "pdf":
            roles = [
                {"label": "total PDF", "value": ""},
                {"label": "differential PDF (dPDF)", "value": "dpdf"},
            ]
            control = dcc.Dropdown(
                roles,
                file.role,
                id={"type": f"{NAME}-role", "key": file.key},
                clearable=False,
                searchable=False,
            )
            what.append(field("Kind of PDF", control))
    return html.Tr(
        [
            html.Th(file.name, scope="row"),
            html.Td(what),
            html.Td(
                html.Button(
                    "Remove",
                    id={"type": f"{NAME}-remove", "key": file.key},
                    className="quiet small",
                    type="button",
                    **aria(label=f"Remove {file.name}"),
                )
            ),
        ]
    )


def answer(advised: Advised | None) -> list[Component]:
    """Show an answer.

    Parameters
    ----------
    advised : Advised or None
        The answer, if there is one yet.

    Returns
    -------
    list of dash component
        Words, figure, tables.
    """
    if advised is None:
        return []
    saves = [
        html.Button(label, id={"type": f"{NAME}-save", "kind": kind}, className="quiet", type="button")
        for kind, label in (("html", "Page (HTML)"), ("json", "Document (JSON)"))
    ]
    # Without the qualities there is one panel, which needs no width.
    two = "xaxis2" in advised.figure["layout"]
    caption = "scores on unseen formulas, dotted: a guess"
    if two:
        caption = (
            f"Left: {caption}. Right: what poorer curves lose, poorer to the right; dashed: what may be lost"
        )
    return [
        html.H2(f"The answer: {advised.title}", id=f"{NAME}-answer-title"),
        html.Ul([html.Li(sentence) for sentence in advised.words], className="advice"),
        *warning_list([f"{text[:1].upper()}{text[1:]}" for text in advised.warnings]),
        html.Div([html.Span("Save: "), *saves], className="row saves"),
        html.Div(
            drawing(
                f"{caption[:1].upper()}{caption[1:]}. Bars: 95 % intervals.",
                advised.figure,
            ),
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
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in heads]))
    lines = [html.Tr([html.Td(text) for text in row]) for row in rows]
    return [
        html.H3(title, className="above"),
        html.Div(html.Table([head, html.Tbody(lines)]), className="scroll"),
    ]
