"""The part of a page where measured files are dropped, listed, read with their fields, and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any
from urllib.parse import quote

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from edgepair.apps.web import components as ui
from edgepair.apps.web.dropped.state import MOST_SAMPLES, DroppedFile, DroppedFiles
from edgepair.apps.web.settings import Limits
from edgepair.apps.web.visits import Services, Visit
from edgepair.apps.web.work.examples import example_files
from edgepair.apps.web.work.reading import DPDF, FOIL, Looked, Part, look
from edgepair.conventions import BUNDLED_ABSORBERS, EdgepairError, OptionError

KINDS = {"xanes": "XANES", "pdf": "PDF"}


def drop_place(name: str, *, title: str, limits: Limits, example: str, optional: bool) -> list[Component]:
    """Make the place to drop files, and the choice of an example."""
    hint = (
        f"{'Optional. ' if optional else ''}XDI, columns of text, Athena, HDF5, .gr …; up to {limits.files} "
        f"files of {limits.file_bytes / 1e6:.0f} MB. They stay on this server, and are removed after your "
        "visit."
    )
    examples = ui.field(
        "No file at hand? Bundled example",
        ui.choice([(metal, metal) for metal in BUNDLED_ABSORBERS], example, f"{name}-example"),
        hint="a standard that answers rest on: a demonstration, not a test",
    )
    add = ui.button("Add example", f"{name}-example-add")
    return [ui.drop_zone(name, title=title, hint=hint), html.Div([examples, add], className="row")]


def file_list(name: str, dropped: DroppedFiles, *, many: bool) -> list[Component]:
    """List the files."""
    files, told = dropped.files, ui.refused_list(dropped.refused)
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
    return [*told, ui.table(heads, rows, className="files"), html.P(" ".join(hints), className="hint")]


def _row(name: str, key: str, file: DroppedFile, *, here: bool, many: bool, nameless: bool) -> Component:
    shown = file.upload.name
    what: list[Component | str] = [_kind(file)]
    if nameless:
        what.append(html.Span("; choose its element below", className="doubt"))
    if file.error is not None:
        what = [html.Span("not read", className="bad"), ui.notice(file.error)]
    show = ui.button(
        shown,
        {"type": f"{name}-show", "key": key},
        "link",
        title="Show how it was read",
        **ui.aria(pressed="true" if here else "false"),
    )
    cells = [html.Th(show, scope="row"), html.Td(what)]
    if many:
        cells.append(html.Td(_sample(name, key, file)))
    ident, words = {"type": f"{name}-remove", "key": key}, ui.aria(label=f"Remove {shown}")
    remove = ui.button("Remove", ident, "quiet small", **words)
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
    drawn = html.Div(id=f"{name}-curve", className="curve", **ui.aria(live="polite"))
    beside = html.Div([fields, drawn], className="beside")
    return ui.section("As read", f"{name}-as-read", beside, className="as-read")


def controls(name: str, file: DroppedFile, *, many: bool) -> list[Component]:
    """Make the fields that say how a file is to be read."""
    looked, options = file.looked, dict(file.options)
    shown: list[Component] = []

    def add(option: str, label: str, control: type, hint: str = "", **given: Any) -> None:
        ident = {"key": file.upload.key, "name": option}
        made = control(id={"type": f"{name}-control", **ident}, value=options.get(option), **given)
        slot = html.Div(id={"type": f"{name}-slot", **ident})
        shown.append(html.Div([ui.field(label, made, hint=hint), slot]))

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
        *([ui.notice(error)] if error is not None else []),
        *ui.warning_list(part.warnings),
        ui.drawings(part.figures),
        html.Details([html.Summary("What was read"), ui.facts(part.facts)], open=True),
    ]


@dataclass(eq=False)
class FilesPanel:
    """Files of one page; the element of an added example stands in the store ``<page>-example-shown``."""

    page: str
    services: Services
    _: KW_ONLY
    many: bool

    def files(self, visit: Visit) -> DroppedFiles:
        """Give what a visitor has decided; the visit's lock is to be held where that is changed."""
        return visit.state(f"{self.page}-files", DroppedFiles)

    def layout(self, visit: Visit, *, title: str, example: str = "", begin: bool = False) -> list[Component]:
        """Make the place to drop files, their list, and the place of fields and curve."""
        name, dropped = self.page, self.files(visit)
        return [
            *drop_place(
                name,
                title=title,
                limits=self.services.visits.limits,
                example=example or BUNDLED_ABSORBERS[0],
                optional=not self.many,
            ),
            html.Div(file_list(name, dropped, many=self.many), id=f"{name}-files", **ui.aria(live="polite")),
            as_read(name),
            dcc.Store(id=f"{name}-shown", data=dropped.shown),
            dcc.Store(id=f"{name}-looked"),
            dcc.Store(id=f"{name}-example-shown", data=dropped.example),
            # The page is there before its example is.
            dcc.Interval(
                id=f"{name}-begin", interval=50, max_intervals=1, disabled=not begin or bool(dropped.files)
            ),
        ]

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        name, visit = self.page, State("visit", "data")
        app.callback(
            Output(f"{name}-files", "children"),
            Output(f"{name}-shown", "data"),
            Output(f"{name}-example-shown", "data"),
            Input(f"{name}-uploads", "data"),
            Input(f"{name}-example-add", "n_clicks"),
            Input(f"{name}-begin", "n_intervals"),
            Input({"type": f"{name}-remove", "key": ALL}, "n_clicks"),
            Input({"type": f"{name}-show", "key": ALL}, "n_clicks"),
            Input({"type": f"{name}-sample", "key": ALL}, "value"),
            Input(f"{name}-looked", "data"),
            State(f"{name}-example", "value"),
            visit,
            prevent_initial_call=True,
        )(self.change_files)
        app.callback(Output(f"{name}-controls", "children"), Input(f"{name}-shown", "data"), visit)(
            self.show_controls
        )
        app.callback(
            Output(f"{name}-curve", "children"),
            Output(f"{name}-looked", "data"),
            Output({"type": f"{name}-slot", "key": ALL, "name": ALL}, "children"),
            Input({"type": f"{name}-control", "key": ALL, "name": ALL}, "value"),
            visit,
        )(self.redraw)

    def change_files(
        self,
        uploads: Mapping[str, Any] | None,
        example_clicks: int | None,
        begun: int | None,
        removals: Sequence[int | None],
        shows: Sequence[int | None],
        samples: Sequence[object],
        looked: object,
        example: str | None,
        key: str | None,
    ) -> tuple[object, object, str]:
        """Take what was dropped, chosen, removed or numbered."""
        visit = self.services.visits.find(key)
        # When the page is new, everything counts as changed; only what has a value has happened.
        happened: list[object] = [
            ctx.triggered_prop_ids[one["prop_id"]] for one in ctx.triggered if one["value"]
        ]
        with visit.lock:
            dropped = self.files(visit)
            before = dropped.shown
            for what in happened:
                if what == f"{self.page}-uploads" and uploads:
                    dropped.refused = [ui.refused_upload(one) for one in uploads.get("refused", [])]
                    dropped.example = ""
                    self._take_new(visit, uploads.get("names"))
                elif what in (f"{self.page}-example-add", f"{self.page}-begin"):
                    dropped.refused = []
                    self._add_example(visit, example or "")
                elif isinstance(what, dict) and what.get("key") in dropped.files:
                    self._change_one(visit, what)
            listed = file_list(self.page, dropped, many=self.many)
            shown = dropped.shown if dropped.shown != before else no_update
            return listed, shown, dropped.example

    def show_controls(self, shown: str | None, key: str | None) -> object:
        """Make the fields of the file that is shown."""
        if key is None:
            return no_update
        file = self.files(self.services.visits.find(key)).files.get(shown or "")
        return [] if file is None else controls(self.page, file, many=self.many)

    def redraw(self, values: Sequence[object], key: str | None) -> tuple[object, object, list[object]]:
        """Read the file with what stands in the fields, and draw it."""
        slots: list[object] = [None] * len(ctx.outputs_list[2])
        if key is None:
            return no_update, no_update, slots
        visit = self.services.visits.find(key)
        fields = [(one["id"]["key"], one["id"]["name"], one.get("value")) for one in ctx.inputs_list[0]]
        with visit.lock:
            file = self.files(visit).files.get(fields[0][0]) if fields else None
            if file is None:
                return [], no_update, slots
            given = {name: value for _, name, value in fields}
            was_foil = file.is_foil
            file.part = given.pop("part", None)
            file.parts = list(given.pop("parts", None) or file.parts)
            file.options = given
            self._look(visit, file, draw=True)
            if was_foil or file.is_foil:
                self._calibrate_anew(visit, file)
            error = file.error
            part = file.looked.part if error is None and file.looked is not None else None
            if part is not None:
                error = part.error
            named = [slot["id"]["name"] for slot in ctx.outputs_list[2]]
            concerned = ui.concerned_field(error, given) if error is not None else ""
            if part is not None and file.is_foil:
                concerned = "role"
            if error is not None and concerned in named:
                slots[named.index(concerned)] = ui.notice(error)
                error = None
            if part is not None:
                return curve(part, error), file.upload.key, slots
            return [ui.notice(error)] if error is not None else [], file.upload.key, slots

    def _change_one(self, visit: Visit, what: Mapping[str, str]) -> None:
        dropped, key = self.files(visit), what["key"]
        if what["type"] == f"{self.page}-show":
            dropped.shown = key
        elif what["type"] == f"{self.page}-remove":
            visit.remove(key)
            removed = dropped.files.pop(key)
            if removed.is_foil:
                self._calibrate_anew(visit, removed)
            if dropped.shown == key:
                dropped.shown = next(iter(dropped.files), None)
            if not dropped.files:
                dropped.example = ""
        elif what["type"] == f"{self.page}-sample":
            for one in ctx.inputs_list[5]:
                file, number = dropped.files.get(one["id"]["key"]), one.get("value")
                if file is not None and isinstance(number, int) and 1 <= number <= MOST_SAMPLES:
                    file.numbered = file.numbered or file.sample != number
                    file.sample = number

    def _take_new(self, visit: Visit, names: object = None) -> None:
        """Look at the files that have come, in the order in which the browser named them."""
        dropped = self.files(visit)
        new = [upload for upload in visit.files_of(self.page) if upload.key not in dropped.files]
        if isinstance(names, list):
            # Several are sent at once: the smallest arrives first.
            new.sort(key=lambda upload: names.index(upload.name) if upload.name in names else len(names))
        for upload in new:
            self._look(visit, dropped.add(upload))
        if new:
            dropped.pair()
            dropped.shown = new[0].key
        for foil in [file for file in dropped.files.values() if file.is_foil] if new else []:
            # Only now is it known which of them are of its element.
            self._calibrate_anew(visit, foil)

    def _look(self, visit: Visit, file: DroppedFile, *, draw: bool = False) -> None:
        try:
            request = self.files(visit).request(file)
            looked = self.services.jobs.call(visit.key, look, request, file.part, draw)
        except EdgepairError as error:
            file.error = error
            return
        file.looked, file.error = looked, None
        # What is in a file depends on how it is read.
        file.parts = [item for item in file.parts if item in looked.items] or list(looked.items)

    def _calibrate_anew(self, visit: Visit, foil: DroppedFile) -> None:
        """Look again at the spectra that a foil calibrates, or did."""
        dropped = self.files(visit)
        dropped.pair()
        for file in dropped.files.values():
            if file is not foil and file.kind == "xanes" and file.metal == foil.metal:
                self._look(visit, file)

    def _add_example(self, visit: Visit, absorber: str) -> None:
        dropped = self.files(visit)
        try:
            if absorber not in BUNDLED_ABSORBERS:
                raise OptionError(
                    f"cannot show an example of {absorber!r}",
                    found="nothing bundled for it",
                    needed="one of " + ", ".join(BUNDLED_ABSORBERS),
                    suggestion="choose another example",
                )
            for name, content in self.services.jobs.call(visit.key, example_files, absorber):
                self.services.visits.take(visit, quote(name), content, page=self.page)
        except EdgepairError as error:
            dropped.refused = [error]
            return
        self._take_new(visit)
        dropped.example = absorber
