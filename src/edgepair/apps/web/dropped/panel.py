"""The part of a page where measured files are dropped, listed, read with their fields, and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from edgepair.apps.web.components import aria, concerned_field, notice, refused_upload
from edgepair.apps.web.dropped import view
from edgepair.apps.web.dropped.state import MOST_SAMPLES, DroppedFile, DroppedFiles
from edgepair.apps.web.work.examples import example_files
from edgepair.apps.web.work.reading import look
from edgepair.conventions import BUNDLED_ABSORBERS, EdgepairError, OptionError

if TYPE_CHECKING:
    from dash import Dash
    from dash.development.base_component import Component

    from edgepair.apps.web.services import Services
    from edgepair.apps.web.visits import Visit


class FilesPanel:
    """Files of one page.

    The element of an example that was added stands in the store ``<page>-example-shown``.
    """

    def __init__(self, page: str, services: Services, *, many: bool) -> None:
        self._page = page
        self._services = services
        self._many = many

    def files(self, visit: Visit) -> DroppedFiles:
        """Give what a visitor has decided; the visit's lock is to be held where that is changed."""
        found: DroppedFiles = visit.bag.setdefault(f"{self._page}-files", DroppedFiles())
        return found

    def layout(self, visit: Visit, *, title: str, example: str = "", begin: bool = False) -> list[Component]:
        """Make the place to drop files, their list, and the place of fields and curve."""
        name, dropped = self._page, self.files(visit)
        return [
            *view.drop_place(
                name,
                title=title,
                limits=self._services.visits.limits,
                example=example or BUNDLED_ABSORBERS[0],
                optional=not self._many,
            ),
            html.Div(
                view.file_list(name, dropped, many=self._many), id=f"{name}-files", **aria(live="polite")
            ),
            view.as_read(name),
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
        name, visit = self._page, State("visit", "data")
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
        visit = self._services.visits.find(key)
        # When the page is new, everything counts as changed; only what has a value has happened.
        happened: list[object] = [
            ctx.triggered_prop_ids[one["prop_id"]] for one in ctx.triggered if one["value"]
        ]
        with visit.lock:
            dropped = self.files(visit)
            before = dropped.shown
            for what in happened:
                if what == f"{self._page}-uploads" and uploads:
                    dropped.refused = [refused_upload(one) for one in uploads.get("refused", [])]
                    dropped.example = ""
                    self._take_new(visit, uploads.get("names"))
                elif what in (f"{self._page}-example-add", f"{self._page}-begin"):
                    dropped.refused = []
                    self._add_example(visit, example or "")
                elif isinstance(what, dict) and what.get("key") in dropped.files:
                    self._change_one(visit, what)
            listed = view.file_list(self._page, dropped, many=self._many)
            shown = dropped.shown if dropped.shown != before else no_update
            return listed, shown, dropped.example

    def show_controls(self, shown: str | None, key: str | None) -> object:
        """Make the fields of the file that is shown."""
        if key is None:
            return no_update
        file = self.files(self._services.visits.find(key)).files.get(shown or "")
        return [] if file is None else view.controls(self._page, file, many=self._many)

    def redraw(self, values: Sequence[object], key: str | None) -> tuple[object, object, list[object]]:
        """Read the file with what stands in the fields, and draw it."""
        slots: list[object] = [None] * len(ctx.outputs_list[2])
        if key is None:
            return no_update, no_update, slots
        visit = self._services.visits.find(key)
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
            concerned = concerned_field(error, given) if error is not None else ""
            if part is not None and file.is_foil:
                concerned = "role"
            if error is not None and concerned in named:
                slots[named.index(concerned)] = notice(error)
                error = None
            if part is not None:
                return view.curve(part, error), file.upload.key, slots
            return [notice(error)] if error is not None else [], file.upload.key, slots

    def _change_one(self, visit: Visit, what: Mapping[str, str]) -> None:
        dropped, key = self.files(visit), what["key"]
        if what["type"] == f"{self._page}-show":
            dropped.shown = key
        elif what["type"] == f"{self._page}-remove":
            visit.remove(key)
            removed = dropped.files.pop(key)
            if removed.is_foil:
                self._calibrate_anew(visit, removed)
            if dropped.shown == key:
                dropped.shown = next(iter(dropped.files), None)
            if not dropped.files:
                dropped.example = ""
        elif what["type"] == f"{self._page}-sample":
            for one in ctx.inputs_list[5]:
                file, number = dropped.files.get(one["id"]["key"]), one.get("value")
                if file is not None and isinstance(number, int) and 1 <= number <= MOST_SAMPLES:
                    file.numbered = file.numbered or file.sample != number
                    file.sample = number

    def _take_new(self, visit: Visit, names: object = None) -> None:
        """Look at the files that have come, in the order in which the browser named them."""
        dropped = self.files(visit)
        new = [upload for upload in visit.files_of(self._page) if upload.key not in dropped.files]
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
            looked = self._services.jobs.call(visit.key, look, request, file.part, draw)
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
            for name, content in self._services.jobs.call(visit.key, example_files, absorber):
                self._services.visits.take(visit, quote(name), content, page=self._page)
        except EdgepairError as error:
            dropped.refused = [error]
            return
        self._take_new(visit)
        dropped.example = absorber
