"""The page Series: spectra, PDFs or both while something changes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate

from edgepair.apps.web.components import (
    aria,
    asking,
    button,
    choice,
    drop_zone,
    refused_upload,
    section,
)
from edgepair.apps.web.components import field as labelled
from edgepair.apps.web.pages import series_view as view
from edgepair.apps.web.panel import JobPanel
from edgepair.apps.web.saves import Saves
from edgepair.apps.web.work import series as work
from edgepair.apps.web.work.reading import SPECTRUM_OPTIONS, FileRequest, options_of
from edgepair.conventions import BUNDLED_ABSORBERS, EdgepairError, OptionError
from edgepair.conventions.errors import check_number
from edgepair.measured.point_table import axis_columns, read_point_table

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.jobs import Order
    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit

NAME = view.NAME
AXES = ("temperature", "potential", "position", "time", "name", "number")
NUMBERS = ("1", "2", "3", "4", "5", "6", "7", "8")
FIELDS = (
    "absorber", "axis", "shift", "foil", "number", "combine", "neighbours", "ends", "dpdf", "mu",
    "energy_column", "energy_unit",
)  # fmt: skip
COMBINED = ("standards", "components")
_MOST_ENDS = 5


@dataclass
class _State:
    """What a visitor has done on this page, beside the files."""

    count: int = 0
    found: work.Analysed | None = None
    refused: list[EdgepairError] = field(default_factory=list)


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
        self._saves = Saves(NAME, services, kinds=view.SAVES, content=self._saved)

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
            view.names_of(visit.files_of(NAME)), id=f"{NAME}-foil", placeholder="none, or in the scans"
        )
        asked = [
            labelled("Element", metals, hint="needed for PDFs alone"),
            labelled("Axis", axes, hint="or a column of a table of points"),
            labelled("Energy shift (eV)", shift, hint="added to the energies of all"),
            labelled("Metal foil", foils, hint="one of the files, to calibrate by"),
            labelled("Components", choice([("found", ""), *((n, n) for n in NUMBERS)], "", f"{NAME}-number")),
            button("Analyse", f"{NAME}-analyse", "main"),
        ]
        neighbours = dcc.Input(id=f"{NAME}-neighbours", type="number", min=0, max=1, step="any",
                               debounce=0.4, placeholder="each point alone")  # fmt: skip
        ends = dcc.Input(id=f"{NAME}-ends", placeholder="first, last and purest", **text)
        combined = choice([(name, name) for name in COMBINED], COMBINED[0], f"{NAME}-combine")
        analysing = [
            labelled("Combine spectra of", combined, hint="or of the resolved components"),
            labelled("Neighbours differ by", neighbours, hint="fractions, as 0.05: fits all together"),
            labelled("Combine PDFs of points", ends, hint="numbers, as 1,-1: the first and the last"),
        ]
        reading = [
            labelled("Differential PDFs", dcc.Input(id=f"{NAME}-dpdf", **text), hint="their names, as d*.gr"),
            labelled("Absorption μ", dcc.Input(id=f"{NAME}-mu", **text), hint="a column, or -ln(i1/i0)"),
            labelled("Energy column", dcc.Input(id=f"{NAME}-energy_column", **text)),
            labelled("Energy unit", units),
        ]
        with visit.lock:
            state = self._state(visit)
            files = view.file_list(visit.files_of(NAME), state.refused)
            results = view.results(state.found, self._saves.buttons())
        how = html.Details([html.Summary("How the files are read"), html.Div(reading, className="row")])
        more = html.Details([html.Summary("How it is analysed"), html.Div(analysing, className="row")])
        return html.Div(
            [
                section(
                    "Measurements",
                    f"{NAME}-measured",
                    drop_zone(NAME, title="Drop the files of a series here, or", hint=hint),
                    html.Div(files, id=f"{NAME}-files", **aria(live="polite")),
                    how,
                    more,
                ),
                *asking(NAME, asked, self._panel.layout(visit), "Series", results),
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
        found = self._state(self._services.visits.find(key)).found
        places = {str(k): k for k in range(len(found.figures))} if found is not None else {}
        if found is None or which not in places:
            raise PreventUpdate
        return view.one_figure(found, places[str(which)])

    def change_files(
        self, uploads: Mapping[str, Any] | None, clears: Sequence[int | None], key: str | None
    ) -> tuple[list[Component], list[object], list[str]]:
        """Take what was dropped, or remove all."""
        visit = self._services.visits.find(key)
        with visit.lock:
            state = self._state(visit)
            if any(clears):
                for upload in visit.files_of(NAME):
                    visit.remove(upload.key)
                state.refused = []
            elif uploads:
                state.refused = [refused_upload(one) for one in uploads.get("refused", [])]
            files = visit.files_of(NAME)
            return view.file_list(files, state.refused), view.names_of(files), _axes(visit)

    def show_point(
        self, clicks: Sequence[Mapping[str, object] | None], place: object, key: str | None
    ) -> tuple[object, object]:
        """Show the curves and answers of a point that was clicked, or chosen by its number."""
        found = self._state(self._services.visits.find(key)).found
        if found is None:
            raise PreventUpdate
        told: object = ctx.triggered_id
        if isinstance(told, Mapping):
            clicked = next((one["value"] for one in ctx.triggered if one["value"]), None)
            number = view.clicked_point(found, told.get("place"), clicked)
            if number is None:
                raise PreventUpdate
            return view.point(found, number), number
        if not isinstance(place, int) or not 1 <= place <= len(found.points):
            raise PreventUpdate
        return view.point(found, place), no_update

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
        state = self._state(visit)
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
        choices = work.Choices(
            int(number) if number else None, combine, given["neighbours"] or None, _points(given["ends"])
        )
        return work.analyse, (request, choices, visit.folder / f"s{state.count}")

    def _show(self, visit: Visit, found: work.Analysed) -> list[Component]:
        state = self._state(visit)
        if state.found is not None:
            shutil.rmtree(state.found.folder, ignore_errors=True)
        state.found = found
        return view.results(found, self._saves.buttons())

    def _saved(self, visit: Visit, kind: str) -> tuple[str, str | bytes]:
        found = self._state(visit).found
        if found is None:
            raise PreventUpdate
        name = work.SAVED[kind]
        path = found.folder / name if kind == "zip" else found.folder / "series" / name
        return f"edgepair-{name}", path.read_bytes()

    def _state(self, visit: Visit) -> _State:
        state: _State = visit.bag.setdefault(NAME, _State())
        return state


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
