"""How dropped files are shown: the place to drop them, their list, their fields and curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from edgepair.apps.web.components import (
    aria,
    button,
    choice,
    drawings,
    drop_zone,
    facts,
    field,
    notice,
    section,
    table,
    warning_list,
)
from edgepair.apps.web.work.reading import DPDF, FOIL
from edgepair.conventions import BUNDLED_ABSORBERS

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from edgepair.apps.web.dropped.state import DroppedFile, DroppedFiles
    from edgepair.apps.web.settings import Limits
    from edgepair.apps.web.work.reading import Looked, Part
    from edgepair.conventions import EdgepairError

KINDS = {"xanes": "XANES", "pdf": "PDF"}
_MOST_REFUSED = 5
"""Errors of files that were not taken that are shown at once."""


def drop_place(name: str, *, title: str, limits: Limits, example: str, optional: bool) -> list[Component]:
    """Make the place to drop files, and the choice of an example."""
    hint = (
        f"{'Optional. ' if optional else ''}XDI, columns of text, Athena, HDF5, .gr …; up to {limits.files} "
        f"files of {limits.file_bytes / 1e6:.0f} MB. They stay on this server, and are removed after your "
        "visit."
    )
    examples = field(
        "No file at hand? Bundled example",
        choice([(metal, metal) for metal in BUNDLED_ABSORBERS], example, f"{name}-example"),
        hint="a standard that answers rest on: a demonstration, not a test",
    )
    add = button("Add example", f"{name}-example-add")
    return [drop_zone(name, title=title, hint=hint), html.Div([examples, add], className="row")]


def file_list(name: str, dropped: DroppedFiles, *, many: bool) -> list[Component]:
    """List the files."""
    refused = dropped.refused
    told = [notice(error) for error in refused[:_MOST_REFUSED]]
    if len(refused) > len(told):
        told.append(html.P(f"and {len(refused) - len(told)} more were refused", className="hint"))
    files = dropped.files
    if not files:
        return told
    told_by_spectra = {file.sample for file in files.values() if file.metal and not file.is_foil}
    heads = ("File", "What it is", *(("Sample",) if many else ()), "")
    rows = [
        _row(
            name,
            key,
            file,
            here=key == dropped.shown,
            many=many,
            # Of which element a PDF is asked about, no PDF tells; the page Advise has its question.
            nameless=many
            and file.kind == "pdf"
            and not file.options.get("absorber")
            and file.sample not in told_by_spectra,
        )
        for key, file in files.items()
    ]
    hints = []
    if many and len(files) > 1:
        hints.append("Files with the same sample number are answered together.")
    if sum(file.kind == "xanes" for file in files.values()) > 1 and not any(
        file.is_foil for file in files.values()
    ):
        hints.append(
            "A metal foil among them? Choose it, and set “Used as”: it then calibrates the energies of the "
            "others of its element."
        )
    return [*told, table(heads, rows, className="files"), html.P(" ".join(hints), className="hint")]


def _row(name: str, key: str, file: DroppedFile, *, here: bool, many: bool, nameless: bool) -> Component:
    shown = file.upload.name
    what: list[Component | str] = [_kind(file)]
    if nameless:
        what.append(html.Span("; choose its element below", className="doubt"))
    if file.error is not None:
        what = [html.Span("not read", className="bad"), notice(file.error)]
    show = button(
        shown,
        {"type": f"{name}-show", "key": key},
        "link",
        title="Show how it was read",
        **aria(pressed="true" if here else "false"),
    )
    cells = [html.Th(show, scope="row"), html.Td(what)]
    if many:
        cells.append(html.Td(_sample(name, key, file)))
    ident, words = {"type": f"{name}-remove", "key": key}, aria(label=f"Remove {shown}")
    remove = button("Remove", ident, "quiet small", **words)
    return html.Tr([*cells, html.Td(remove)], className="here" if here else "")


def _sample(name: str, key: str, file: DroppedFile) -> Component | str:
    if file.is_foil or file.looked is None:
        return "–"
    if len(file.parts) > 1:
        return f"{len(file.parts)} samples"
    number = dcc.Input(
        id={"type": f"{name}-sample", "key": key}, type="number", value=file.sample, min=1, max=60, step=1,
        debounce=True, className="short",
    )  # fmt: skip
    return html.Label([html.Span(f"Sample number of {file.upload.name}", className="unseen"), number])


def _kind(file: DroppedFile) -> str:
    looked = file.looked
    if looked is None:
        return ""
    kind = "metal foil: calibrates, is not answered" if file.is_foil else KINDS[looked.kind]
    kind = "dPDF" if file.is_dpdf else kind
    about = f" of {file.metal}" if file.metal and not file.is_foil else ""
    many = f", {len(looked.items)} curves" if len(looked.items) > 1 else ""
    doubts = len(looked.part.warnings)
    told = f"; {doubts} warning{'s' if doubts > 1 else ''}" if doubts else ""
    return f"{kind}{about} ({looked.format}{many}){told}"


def as_read(name: str) -> Component:
    """Make the place where a file's fields and curve stand."""
    fields = html.Div(id=f"{name}-controls", className="controls")
    drawn = html.Div(id=f"{name}-curve", className="curve", **aria(live="polite"))
    beside = html.Div([fields, drawn], className="beside")
    return section("As read", f"{name}-as-read", beside, className="as-read")


def controls(name: str, file: DroppedFile, *, many: bool) -> list[Component]:
    """Make the fields that say how a file is to be read."""
    looked, options = file.looked, dict(file.options)
    shown: list[Component] = []

    def add(option: str, label: str, control: type, hint: str = "", **given: Any) -> None:
        ident = {"key": file.upload.key, "name": option}
        made = control(id={"type": f"{name}-control", **ident}, value=options.get(option), **given)
        slot = html.Div(id={"type": f"{name}-slot", **ident})
        shown.append(html.Div([field(label, made, hint=hint), slot]))

    if looked is not None and len(looked.items) > 1:
        choices = [{"label": item, "value": item} for item in looked.items]
        options |= {"part": looked.part.item, "parts": list(file.parts)}
        add("part", "Curve to show" if many else "Curve of the sample", dcc.Dropdown, options=choices,
            clearable=False)  # fmt: skip
        if many:
            add("parts", "Curves to answer", dcc.Dropdown, options=choices, multi=True)
    number: dict[str, Any] = {"type": "number", "debounce": 0.6, "step": "any"}
    text: dict[str, Any] = {"type": "text", "debounce": 0.8, "maxLength": 200}
    text |= {"spellCheck": False, "autoComplete": "off"}
    options["role"] = options.get("role") or ""
    if file.kind:
        add("role", *_role(file.kind))
    asked = "" if file.kind == "xanes" else "whose surroundings are asked for"
    add("absorber", "Element", dcc.Dropdown, asked, options=list(BUNDLED_ABSORBERS),
        placeholder=_found(looked))  # fmt: skip
    if file.kind != "pdf":
        e0 = looked.part.e0 if looked is not None else None
        add("e0", "E0 (eV)", dcc.Input, "on the scale of the file", placeholder=f"{e0:.2f}" if e0 else "",
            **number)  # fmt: skip
        add("shift", "Energy shift (eV)", dcc.Input, "added to the energies; goes before a foil",
            placeholder="0", **number)  # fmt: skip
        for option, label, example in (("pre", "Pre-edge", "-150,-30"), ("post", "Post-edge", "50,500")):
            fitted = _range_text(looked, option) or example
            add(option, f"{label} (eV)", dcc.Input, "first, last; from E0", placeholder=fitted, **text)
        add("energy_unit", "Energy unit", dcc.Dropdown, options=["eV", "keV", "degree"],
            placeholder="as the file says")  # fmt: skip
        add("energy_column", "Energy column", dcc.Input, "its name, or its number from 1", **text)
        add("mu", "Absorption μ", dcc.Input, "a column, or as -ln(i1/i0), ($8+$9)/$5", **text)
    if file.kind != "xanes":
        add("radiation", "Radiation", dcc.Dropdown, options=["x-ray", "neutron"],
            placeholder="as the file says")  # fmt: skip
        add("qmax", "Qmax (Å⁻¹)", dcc.Input, placeholder="as the curve shows", min=1, max=100, **number)
        add("composition", "Composition", dcc.Input, "as Fe2O3", **text)
        add("number_density", "Number density (Å⁻³)", dcc.Input,
            "atoms; gives curves of RMCProfile’s form their scale", placeholder="as the file says",
            **number)  # fmt: skip
    return shown


def _role(kind: str) -> tuple[Any, ...]:
    """Give label and control of what a file is for."""
    usual, other = ("a sample", ("a metal foil: calibrates", FOIL)) if kind == "xanes" else (
        "total PDF", ("differential PDF (dPDF)", DPDF))  # fmt: skip
    roles = [{"label": usual, "value": ""}, {"label": other[0], "value": other[1]}]

    def control(**given: Any) -> Component:
        return dcc.Dropdown(options=roles, clearable=False, searchable=False, **given)

    return "Used as" if kind == "xanes" else "Kind of PDF", control


def _found(looked: Looked | None) -> str:
    return f"{looked.part.absorber} (found)" if looked is not None and looked.part.absorber else "choose"


def _range_text(looked: Looked | None, name: str) -> str:
    between = looked.part.ranges.get(name) if looked is not None else None
    return ",".join(f"{end:.4g}" for end in between) if between else ""


def curve(part: Part, error: EdgepairError | None) -> list[Component]:
    """Show a curve as it was understood."""
    return [
        *([notice(error)] if error is not None else []),
        *warning_list(part.warnings),
        drawings(part.figures),
        html.Details([html.Summary("What was read"), facts(part.facts)], open=True),
    ]
