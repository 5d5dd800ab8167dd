"""How the page Predict shows files: the place to drop them, their list, their fields and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import aria, drawing, drop_zone, facts, field, notice, warning_list
from edgepair.conventions import BUNDLED_ABSORBERS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.settings import Limits
    from edgepair.apps.web.work.reading import Looked, Part
    from edgepair.conventions import EdgepairError

NAME = "predict"
KINDS = {"xanes": "XANES", "pdf": "PDF"}


@dataclass(frozen=True)
class ListedFile:
    """A file in the list.

    Attributes
    ----------
    key, name : str
        Ours, and the visitor's.
    sample : int
        Files of one number are answered together.
    looked : Looked or None
        How it was understood.
    error : EdgepairError or None
        Why it was not.
    parts : int
        Number of its curves that are to be answered.
    """

    key: str
    name: str
    sample: int
    looked: Looked | None
    error: EdgepairError | None
    parts: int


def page(
    *,
    files: Sequence[ListedFile],
    shown: str | None,
    refused: Sequence[EdgepairError],
    example: str,
    begin: bool,
    confidence: int,
    limits: Limits,
    panel: Component,
    results: Sequence[Component],
) -> Component:
    """Make the whole page.

    Parameters
    ----------
    files : sequence of ListedFile
        In the order in which they came.
    shown : str or None
        Key of the file whose curve is drawn.
    refused : sequence of EdgepairError
        Why files were not taken.
    example : str
        Element of the example that is chosen.
    begin : bool
        Whether to add it now.
    confidence : int
        Per cent.
    limits : Limits
        How much may be dropped.
    panel : dash component
        Of the job.
    results : sequence of dash component
        Answers.

    Returns
    -------
    dash component
        Three steps, one below the other.
    """
    hint = (
        f"XDI, columns of text, Athena, HDF5, .gr …; up to {limits.files} files of "
        f"{limits.file_bytes / 1e6:.0f} MB. They stay on this server, and are removed after your visit."
    )
    examples = [{"label": metal, "value": metal} for metal in BUNDLED_ABSORBERS]
    return html.Div(
        [
            html.Section(
                [
                    html.H2("Measurements", id="predict-step-1"),
                    drop_zone(NAME, title="Drop XANES and PDF files here, or", hint=hint),
                    html.Div(
                        [
                            field(
                                "No file at hand? Bundled example",
                                dcc.Dropdown(
                                    examples,
                                    example,
                                    id=f"{NAME}-example",
                                    clearable=False,
                                    searchable=False,
                                ),
                                hint="a standard that answers rest on: a demonstration, not a test",
                            ),
                            html.Button("Add example", id=f"{NAME}-example-add", className="quiet"),
                        ],
                        className="row",
                    ),
                    html.Div(file_list(files, shown, refused), id=f"{NAME}-files", **aria(live="polite")),
                ],
                **aria(labelledby="predict-step-1"),
            ),
            html.Section(
                [
                    html.H2("As read", id="predict-step-2"),
                    html.Div(
                        [
                            html.Div(id=f"{NAME}-controls", className="controls"),
                            html.Div(id=f"{NAME}-curve", className="curve", **aria(live="polite")),
                        ],
                        className="beside",
                    ),
                ],
                **aria(labelledby="predict-step-2"),
                className="as-read",
            ),
            html.Section(
                [
                    html.H2("Answers", id="predict-step-3"),
                    html.Div(
                        [
                            field(
                                "Confidence (%)",
                                dcc.Input(
                                    id=f"{NAME}-confidence",
                                    type="number",
                                    value=confidence,
                                    min=50,
                                    max=99,
                                    step=1,
                                ),
                                hint="of intervals and sets of classes",
                            ),
                            html.Button("Answer", id=f"{NAME}-answer", className="main"),
                        ],
                        className="row",
                    ),
                    html.Div(id=f"{NAME}-begun"),
                    panel,
                    html.Div(list(results), id=f"{NAME}-results"),
                ],
                **aria(labelledby="predict-step-3"),
                className="answers",
            ),
            dcc.Store(id=f"{NAME}-shown", data=shown),
            dcc.Store(id=f"{NAME}-looked"),
            # The page is there before its example is.
            dcc.Interval(id=f"{NAME}-begin", interval=50, max_intervals=1, disabled=not begin),
            dcc.Download(id=f"{NAME}-download"),
        ]
    )


def file_list(
    files: Sequence[ListedFile], shown: str | None, refused: Sequence[EdgepairError]
) -> list[Component]:
    """List the files.

    Parameters
    ----------
    files : sequence of ListedFile
        In the order in which they came.
    shown : str or None
        Key of the one whose curve is drawn.
    refused : sequence of EdgepairError
        Why others were not taken.

    Returns
    -------
    list of dash component
        Errors, then a table.
    """
    told = [notice(error) for error in refused[:5]]
    if len(refused) > len(told):
        told.append(html.P(f"and {len(refused) - len(told)} more were refused", className="hint"))
    if not files:
        return told
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("File", "What it is", "Sample", "")]))
    table = html.Table(
        [head, html.Tbody([_row(file, file.key == shown) for file in files])], className="files"
    )
    hint = "Files with the same sample number are answered together." if len(files) > 1 else ""
    return [*told, html.Div(table, className="scroll"), html.P(hint, className="hint")]


def _row(file: ListedFile, here: bool) -> Component:
    what: list[Any] = [_kind(file)]
    if file.error is not None:
        what = [html.Span("not read", className="bad"), notice(file.error)]
    return html.Tr(
        [
            html.Th(
                html.Button(
                    file.name,
                    id={"type": f"{NAME}-show", "key": file.key},
                    className="link",
                    title="Show how it was read",
                    **aria(pressed="true" if here else "false"),
                ),
                scope="row",
            ),
            html.Td(what),
            html.Td(
                html.Label(
                    [
                        html.Span(f"Sample number of {file.name}", className="unseen"),
                        dcc.Input(
                            id={"type": f"{NAME}-sample", "key": file.key},
                            type="number",
                            value=file.sample,
                            min=1,
                            max=60,
                            step=1,
                            debounce=True,
                            className="short",
                        ),
                    ]
                )
                if file.parts < 2
                else f"{file.parts} samples"
            ),
            html.Td(
                html.Button(
                    "Remove",
                    id={"type": f"{NAME}-remove", "key": file.key},
                    className="quiet",
                    **aria(label=f"Remove {file.name}"),
                )
            ),
        ],
        className="here" if here else "",
    )


def _kind(file: ListedFile) -> str:
    looked = file.looked
    if looked is None:
        return ""
    about = f" of {looked.part.absorber}" if looked.part.absorber else ""
    many = f", {len(looked.items)} curves" if len(looked.items) > 1 else ""
    doubts = len(looked.part.warnings)
    told = f"; {doubts} warning{'s' if doubts > 1 else ''}" if doubts else ""
    return f"{KINDS[looked.kind]}{about} ({looked.format}{many}){told}"


def controls(
    key: str, looked: Looked | None, options: Mapping[str, Any], parts: Sequence[str]
) -> list[Component]:
    """Make the fields that say how a file is to be read.

    Parameters
    ----------
    key : str
        Of the file.
    looked : Looked or None
        How it was understood; None where it was not: fields of both kinds then help.
    options : mapping
        What the visitor has given.
    parts : sequence of str
        Curves that are to be answered.

    Returns
    -------
    list of dash component
        Empty fields are found out from the file.
    """
    kind = looked.kind if looked is not None else ""
    shown: list[Component] = []

    def add(name: str, label: str, control: type, hint: str = "", **given: Any) -> None:
        ident = {"type": f"{NAME}-control", "key": key, "name": name}
        shown.append(
            html.Div(
                [
                    field(label, control(id=ident, value=options.get(name), **given), hint=hint),
                    html.Div(id={"type": f"{NAME}-slot", "key": key, "name": name}),
                ]
            )
        )

    number = {"type": "number", "debounce": 0.6, "step": "any"}
    text = {"type": "text", "debounce": 0.8, "maxLength": 200, "spellCheck": False}
    if looked is not None and len(looked.items) > 1:
        choices = [{"label": item, "value": item} for item in looked.items]
        options = {**options, "part": looked.part.item, "parts": list(parts)}
        add("part", "Curve to show", dcc.Dropdown, options=choices, clearable=False)
        add("parts", "Curves to answer", dcc.Dropdown, options=choices, multi=True)
    metals = list(BUNDLED_ABSORBERS)
    add(
        "absorber",
        "Element",
        dcc.Dropdown,
        options=metals,
        placeholder=_found(looked) if kind != "pdf" else "",
    )
    if kind != "pdf":
        e0 = looked.part.e0 if looked is not None else None
        add(
            "e0",
            "E0 (eV)",
            dcc.Input,
            "on the scale of the file",
            placeholder=f"{e0:.2f}" if e0 else "",
            **number,
        )
        add("shift", "Energy shift (eV)", dcc.Input, "added to the energies", placeholder="0", **number)
        for name, label, example in (("pre", "Pre-edge", "-150,-30"), ("post", "Post-edge", "50,500")):
            fitted = _range_text(looked, name) or example
            add(name, f"{label} (eV)", dcc.Input, "first, last; from E0", placeholder=fitted, **text)
        units = ["eV", "keV", "degree"]
        add("energy_unit", "Energy unit", dcc.Dropdown, options=units, placeholder="as the file says")
        add("energy_column", "Energy column", dcc.Input, "its name, or its number from 1", **text)
        add("mu", "Absorption μ", dcc.Input, "a column, or as -ln(i1/i0), ($8+$9)/$5", **text)
    if kind != "xanes":
        radiations = ["x-ray", "neutron"]
        add("radiation", "Radiation", dcc.Dropdown, options=radiations, placeholder="as the file says")
        roles = [{"label": "total PDF", "value": ""}, {"label": "differential PDF (dPDF)", "value": "dpdf"}]
        options = {"role": "", **options}
        add("role", "Kind of PDF", dcc.Dropdown, options=roles, clearable=False)
        add("qmax", "Qmax (Å⁻¹)", dcc.Input, "", placeholder="as the curve shows", min=1, max=100, **number)
        add("composition", "Composition", dcc.Input, "as Fe2O3", **text)
    return shown


def _found(looked: Looked | None) -> str:
    return f"{looked.part.absorber} (found)" if looked is not None and looked.part.absorber else "choose"


def _range_text(looked: Looked | None, name: str) -> str:
    between = looked.part.ranges.get(name) if looked is not None else None
    return ",".join(f"{end:.4g}" for end in between) if between else ""


def curve(part: Part) -> Component:
    """Show a curve as it was understood.

    Parameters
    ----------
    part : Part
        Of a file.

    Returns
    -------
    dash component
        Figures, warnings and facts.
    """
    return html.Div(
        [
            *warning_list(part.warnings),
            html.Div([drawing(title, figure) for title, figure in part.figures], className="figures"),
            html.Details([html.Summary("What was read"), facts(part.facts)], open=True),
        ]
    )
