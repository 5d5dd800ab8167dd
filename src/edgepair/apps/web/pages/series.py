"""The page Series: spectra, PDFs or both while something changes."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from edgepair.apps.web import components as ui
from edgepair.apps.web.jobs import Order
from edgepair.apps.web.panel import JobPanel, Saves
from edgepair.apps.web.visits import Services, Upload, Visit
from edgepair.apps.web.work import series as work
from edgepair.apps.web.work.reading import SPECTRUM_OPTIONS, FileRequest, options_of
from edgepair.apps.web.work.words import Figure
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, EdgepairError, OptionError
from edgepair.conventions.errors import check_number
from edgepair.conventions.wording import short_title, task_title
from edgepair.measured.point_table import axis_columns, read_point_table

SAVES = {"zip": "All tables and the page (ZIP)", "csv": "Values (CSV)", "html": "Page (HTML)"}
"""What can be saved, by its kind."""

_NAMED = 40
"""Files that are named."""

NAME = "series"
AXES = ("temperature", "potential", "position", "time", "name", "number")
NUMBERS = ("1", "2", "3", "4", "5", "6", "7", "8")
FIELDS = (
    "absorber", "axis", "shift", "foil", "number", "combine", "neighbours", "ends", "dpdf", "mu",
    "energy_column", "energy_unit",
)  # fmt: skip
COMBINED = ("standards", "components")
_MOST_ENDS = 5


def file_list(files: Sequence[Upload], refused: Sequence[EdgepairError]) -> list[Component]:
    """Say which files there are."""
    told = ui.refused_list(refused)
    if not files:
        return told
    size = sum(file.size for file in files)
    names = ", ".join(file.name for file in files[:_NAMED]) + (", …" if len(files) > _NAMED else "")
    count = html.Strong(f"{len(files)} file{'s' if len(files) > 1 else ''}, {size / 1e6:.1f} MB")
    return [
        *told,
        html.Div([count, ui.button("Remove all", {"type": f"{NAME}-clear", "key": "all"})], className="row"),
        html.Details([html.Summary("Names"), html.P(names)]),
    ]


def names_of(files: Sequence[Upload]) -> list[object]:
    """List the files to choose a metal foil from."""
    return [{"label": file.name, "value": file.key} for file in files]


def show_results(found: work.Analysed | None, saves: Component) -> list[Component]:
    """Show what a series tells."""
    if found is None:
        return []
    place = dcc.Input(id=f"{NAME}-place", type="number", value=1, min=1, max=len(found.points), step=1,
                      debounce=0.2)  # fmt: skip
    tables = [
        html.Div([html.H3(one["title"]), ui.plain_table(one["headings"], one["rows"])])
        for one in found.tables
    ]
    chosen = ui.field(f"Point, 1 to {len(found.points)}", place, hint="or click one in a figure")
    # one at a time: all of a long series would take the browser seconds
    which = ui.choice(
        [(title, str(k)) for k, (title, _) in enumerate(found.figures) if k], "1", f"{NAME}-which"
    )
    return [
        html.H2(found.title),
        *ui.warning_list([text.replace("--reference", "a metal foil") for text in found.warnings]),
        ui.facts(found.facts),
        saves,
        html.Div(
            [
                html.Div(one_figure(found, 0), id=f"{NAME}-map"),
                html.Div(one_figure(found, 1), id=f"{NAME}-chosen", **ui.aria(live="polite")),
            ],
            className="figures",
        ),
        html.Div([chosen, ui.field("Figure on the right", which)], className="row"),
        html.Div(point(found, 1), id=f"{NAME}-point", className="card", **ui.aria(live="polite")),
        *tables,
    ]


def one_figure(found: work.Analysed, place: int) -> Component:
    """Draw the figure of a place."""
    title, figure = found.figures[place][0], _figure(found, place)
    return ui.drawing(title, figure, ident={"type": f"{NAME}-figure", "place": place})


def _figure(found: work.Analysed, place: int) -> Figure:
    figure: Figure = json.loads(found.figures[place][1])
    return figure


def clicked_point(found: work.Analysed, place: object, click: Mapping[str, Any] | None) -> int | None:
    """Tell which point a click means, from 1; None where its figure has none."""
    if not isinstance(place, int) or not 0 <= place < len(found.figures) or not click:
        return None
    figure = _figure(found, place)
    try:
        axis = "y" if figure["data"][0]["type"] == "heatmap" else "x"
        at = float(click["points"][0][axis])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    titles = [figure["layout"].get(name, {}).get("title", {}).get("text", "") for name in figure["layout"]
              if name.startswith(f"{axis}axis")]  # fmt: skip
    if found.axis not in titles:
        return None
    away = [abs(point.position - at) for point in found.points]
    return away.index(min(away)) + 1


def point(found: work.Analysed, number: int) -> list[Component]:
    """Show the curves of a point beside those of the first, and what was answered."""
    chosen = found.points[number - 1]
    name, rows = chosen.name, chosen.rows
    places = {title: k for k, (title, _) in enumerate(found.figures)}
    shown = []
    for title, k in chosen.drawn.items():
        heat, layout = _figure(found, places[title])["data"][0], _figure(found, places[title] + 1)["layout"]
        both = ((0, "first point", "#9aa5b1", 1.2), (k, name, "#0072b2", 1.8))
        lines = [
            {
                "type": "scatter", "mode": "lines", "x": heat["x"], "y": heat["z"][row], "name": title,
                "line": {"color": colour, "width": width},
            }
            for row, title, colour, width in both
        ]  # fmt: skip
        kept = {**layout, "shapes": [], "showlegend": True, "height": 320}
        shown.append(ui.drawing(f"{found.axis}: {chosen.position:g}", {"data": lines, "layout": kept}))
    heads = ["", *(task_title(task) for task in TASKS), "Trust"]
    answers = []
    for modality in dict.fromkeys(row["modality"] for row in rows):
        mine = {row["task"]: row for row in rows if row["modality"] == modality}
        trust = next(iter(mine.values()))["trust"]
        cells = [html.Td(_value(mine.get(task))) for task in TASKS]
        mark = html.Td(html.Span(trust, className=f"trust {trust}"))
        answers.append(html.Tr([html.Th(short_title(modality), scope="row"), *cells, mark]))
    told = [ui.table(heads, answers)] if answers else [html.P("No answer for this point.", className="hint")]
    return [html.H3(f"Point {number}: {name}"), *told, html.Div(shown, className="figures")]


def _value(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    digits = 3 if row["task"] == "bond_length" else 2
    return f"{row['value']:.{digits}f} ({row['lower']:.{digits}f} to {row['upper']:.{digits}f})"


@dataclass
class _State:
    """What a visitor has done on this page, beside the files."""

    count: int = 0
    found: work.Analysed | None = None
    refused: list[EdgepairError] = dataclasses.field(default_factory=list)


class SeriesPage:
    """A series of measured files."""

    path = "/series"
    title = "Series"
    sentence = "Drop the spectra, PDFs or both of a series, or a project: what changes, into what, and where."

    def __init__(self, services: Services) -> None:
        self._services = services
        self._panel = JobPanel(
            f"{NAME}-answer", services, order=self._order, answered=self._show, lane="long"
        )
        self._saves = Saves(NAME, services, kinds=SAVES, content=self._saved)

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        limits = self._services.visits.limits
        hint = (
            f"XDI, columns of text, Athena, HDF5, .gr …; up to {limits.series_files} files of"
            f" {limits.file_bytes / 1e6:.0f} MB. Headers and numbers in names (300K, -0.5V, 10min) tell the"
            " axis; a spectrum and a PDF of the same name or number are one point; a CSV table of points"
            " (file,temperature) says it otherwise. They stay on this server,"
            " and are removed after your visit."
        )
        text: dict[str, Any] = {"type": "text", "debounce": True, "maxLength": 80}
        metals = dcc.Dropdown([*BUNDLED_ABSORBERS], id=f"{NAME}-absorber", placeholder="found")
        axes = dcc.Dropdown(_axes(visit), id=f"{NAME}-axis", placeholder="found")
        shift = dcc.Input(id=f"{NAME}-shift", type="number", debounce=0.4, placeholder="foils, or none")
        units = dcc.Dropdown(
            ["eV", "keV", "degree"], id=f"{NAME}-energy_unit", placeholder="as the files say"
        )
        foils = dcc.Dropdown(
            names_of(visit.files_of(NAME)), id=f"{NAME}-foil", placeholder="none, or in the scans"
        )
        numbers = ui.choice([("found", ""), *((n, n) for n in NUMBERS)], "", f"{NAME}-number")
        asked = [
            ui.field("Element", metals, hint="needed for PDFs alone"),
            ui.field("Axis", axes, hint="or a column of a table of points"),
            ui.field("Energy shift (eV)", shift, hint="added to the energies of all"),
            ui.field("Metal foil", foils, hint="one of the files, to calibrate by"),
            ui.field("Components", numbers),
            ui.button("Analyse", f"{NAME}-analyse", "main"),
        ]
        neighbours = dcc.Input(id=f"{NAME}-neighbours", type="number", min=0, max=1, step="any",
                               debounce=0.4, placeholder="each point alone")  # fmt: skip
        ends = dcc.Input(id=f"{NAME}-ends", placeholder="first, last and purest", **text)
        combined = ui.choice([(name, name) for name in COMBINED], COMBINED[0], f"{NAME}-combine")
        analysing = [
            ui.field("Combine spectra of", combined, hint="or of the resolved components"),
            ui.field("Neighbours differ by", neighbours, hint="fractions, as 0.05: fits all together"),
            ui.field("Combine PDFs of points", ends, hint="numbers, as 1,-1: the first and the last"),
        ]
        reading = [
            ui.field("Differential PDFs", dcc.Input(id=f"{NAME}-dpdf", **text), hint="their names, as d*.gr"),
            ui.field("Absorption μ", dcc.Input(id=f"{NAME}-mu", **text), hint="a column, or -ln(i1/i0)"),
            ui.field("Energy column", dcc.Input(id=f"{NAME}-energy_column", **text)),
            ui.field("Energy unit", units),
        ]
        with visit.lock:
            state = visit.state(NAME, _State)
            files = file_list(visit.files_of(NAME), state.refused)
            results = show_results(state.found, self._saves.buttons())
        how = html.Details([html.Summary("How the files are read"), html.Div(reading, className="row")])
        more = html.Details([html.Summary("How it is analysed"), html.Div(analysing, className="row")])
        return html.Div(
            [
                ui.section(
                    "Measurements",
                    f"{NAME}-measured",
                    ui.drop_zone(NAME, title="Drop the files of a series here, or", hint=hint),
                    html.Div(files, id=f"{NAME}-files", **ui.aria(live="polite")),
                    how,
                    more,
                ),
                *ui.asking(NAME, asked, self._panel.layout(visit), "Series", results),
                self._saves.place(),
            ]
        )

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        visit = State("visit", "data")
        self._saves.register(app)
        self._panel.register(
            app,
            button=f"{NAME}-analyse",
            fields=[f"{NAME}-{name}" for name in FIELDS],
            results=[Output(f"{NAME}-results", "children")],
        )
        app.callback(
            Output(f"{NAME}-files", "children"),
            Output(f"{NAME}-foil", "options"),
            Output(f"{NAME}-axis", "options"),
            Input(f"{NAME}-uploads", "data"),
            Input({"type": f"{NAME}-clear", "key": ALL}, "n_clicks"),
            visit,
            prevent_initial_call=True,
        )(self.change_files)
        app.callback(
            Output(f"{NAME}-chosen", "children"),
            Input(f"{NAME}-which", "value"),
            visit,
            prevent_initial_call=True,
        )(self.choose_figure)
        app.callback(
            Output(f"{NAME}-point", "children"),
            Output(f"{NAME}-place", "value"),
            Input({"type": f"{NAME}-figure", "place": ALL}, "clickData"),
            Input(f"{NAME}-place", "value"),
            visit,
            prevent_initial_call=True,
        )(self.show_point)

    def choose_figure(self, which: object, key: str | None) -> Component:
        """Draw the figure that is chosen."""
        found = self._services.visits.find(key).state(NAME, _State).found
        places = {str(k): k for k in range(len(found.figures))} if found is not None else {}
        if found is None or which not in places:
            raise PreventUpdate
        return one_figure(found, places[str(which)])

    def change_files(
        self, uploads: Mapping[str, Any] | None, clears: Sequence[int | None], key: str | None
    ) -> tuple[list[Component], list[object], list[str]]:
        """Take what was dropped, or remove all."""
        visit = self._services.visits.find(key)
        with visit.lock:
            state = visit.state(NAME, _State)
            if any(clears):
                for upload in visit.files_of(NAME):
                    visit.remove(upload.key)
                state.refused = []
            elif uploads:
                state.refused = [ui.refused_upload(one) for one in uploads.get("refused", [])]
            files = visit.files_of(NAME)
            return file_list(files, state.refused), names_of(files), _axes(visit)

    def show_point(
        self, clicks: Sequence[Mapping[str, object] | None], place: object, key: str | None
    ) -> tuple[object, object]:
        """Show the curves and answers of a point that was clicked, or chosen by its number."""
        found = self._services.visits.find(key).state(NAME, _State).found
        if found is None:
            raise PreventUpdate
        told: object = ctx.triggered_id
        if isinstance(told, Mapping):
            clicked = next((one["value"] for one in ctx.triggered if one["value"]), None)
            number = clicked_point(found, told.get("place"), clicked)
            if number is None:
                raise PreventUpdate
            return point(found, number), number
        if not isinstance(place, int) or not 1 <= place <= len(found.points):
            raise PreventUpdate
        return point(found, place), no_update

    def _order(self, visit: Visit, *values: Any) -> Order:
        given = dict(zip(FIELDS, values, strict=True))
        files = visit.files_of(NAME)
        number, shift, combine = given["number"], given["shift"], given["combine"] or COMBINED[0]
        listed = number in ("", None, *NUMBERS) and given["axis"] in (None, *_axes(visit))
        if not files or not listed or combine not in COMBINED:
            raise OptionError(
                "cannot analyse a series",
                found="no files" if not files else "a choice that is none of the list",
                needed="files, and choices of the lists",
                suggestion="drop the files of a series above",
            )
        check_number("--shift", shift, -200.0, 200.0, "eV")
        options = options_of({name: given[name] for name in SPECTRUM_OPTIONS})
        state = visit.state(NAME, _State)
        state.count += 1
        for left in visit.folder.glob("s[0-9]*"):
            # of an analysis that was given up
            if state.found is None or left != state.found.folder:
                shutil.rmtree(left, ignore_errors=True)
        read = {one.key: FileRequest(one.path, one.name, options) for one in files}
        foil = read.pop(str(given["foil"]), None)
        tables = [one for one in files if read_point_table(one.path)]
        for one in tables:
            read.pop(one.key)
        request = work.SeriesRequest(
            tuple(read.values()), given["absorber"] or None, given["axis"],
            None if shift is None else float(shift), foil, tables[0].path if tables else None,
            given["dpdf"] or "",
        )  # fmt: skip
        choices = {
            "number": int(number) if number else None, "combine": combine,
            "neighbours": given["neighbours"] or None, "ends": _points(given["ends"]),
        }  # fmt: skip
        return work.analyse, (request, choices, visit.folder / f"s{state.count}")

    def _show(self, visit: Visit, found: work.Analysed) -> list[Component]:
        state = visit.state(NAME, _State)
        if state.found is not None:
            shutil.rmtree(state.found.folder, ignore_errors=True)
        state.found = found
        return show_results(found, self._saves.buttons())

    def _saved(self, visit: Visit, kind: str) -> tuple[str, str | bytes]:
        found = visit.state(NAME, _State).found
        if found is None:
            raise PreventUpdate
        name = work.SAVED[kind]
        path = found.folder / name if kind == "zip" else found.folder / "series" / name
        return f"edgepair-{name}", path.read_bytes()


def _axes(visit: Visit) -> list[str]:
    """List what may be the axis: also the columns of a table of points among the files."""
    columns = [name for one in visit.files_of(NAME) for name in axis_columns(read_point_table(one.path))]
    return [*dict.fromkeys([*columns, *AXES])]


def _points(text: object) -> tuple[int, ...]:
    """Read numbers of points."""
    words = [word.strip() for word in str(text or "").replace("−", "-").split(",") if word.strip()]
    if len(words) > _MOST_ENDS or not all(re.fullmatch(r"-?\d{1,4}", word) for word in words):
        raise OptionError(
            "cannot combine the PDFs of these points",
            found=f"{text!r}"[:60],
            needed="numbers of points with commas between them, five at most",
            suggestion="1,-1 for the first and the last",
        )
    return tuple(map(int, words))
