"""The page Mixtures: measured spectra as sums of measured standards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import Dash, Output, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from edgepair.apps.web import components as ui
from edgepair.apps.web.dropped.panel import FilesPanel
from edgepair.apps.web.jobs import Order
from edgepair.apps.web.panel import JobPanel, Opened, Saves
from edgepair.apps.web.visits import Services, Visit
from edgepair.apps.web.work import mixtures as work
from edgepair.conventions import OptionError

NAME = "mixtures"
MOST = ("1", "2", "3", "4")
"""Compounds of a combination that can be asked for."""


class MixturesPage:
    """Linear combinations of standards."""

    path = "/mixtures"
    title = "Mixtures"
    sentence = "Drop measured XANES: which standards a spectrum may be a mixture of, and how much of each."

    def __init__(self, services: Services) -> None:
        self._services = services
        self._files = FilesPanel(NAME, services, many=True)
        self._panel = JobPanel(f"{NAME}-fits", services, order=self._order, answered=self._show)
        self._opened = Opened(
            NAME, services, answer=lambda visit, number: visit.bag.get(NAME, ())[number], card=_card
        )
        self._saves = Saves(
            NAME, services, kinds={"csv": "Table (CSV)", "html": "Page (HTML)"}, content=self._saved
        )

    def layout(self, query: Mapping[str, str], visit: Visit) -> Component:
        """Make the page."""
        example = query.get("example", "")
        with visit.lock:
            files = self._files.layout(
                visit, title="Drop XANES files here, or", example=example, begin=bool(example)
            )
            results = self._results(visit.bag.get(NAME, ()))
        most = ui.choice([(f"up to {n}", n) for n in MOST], "3", f"{NAME}-most")
        ask = [
            ui.field("Compounds in a mixture", most, hint="of the library of measured standards"),
            ui.button("Fit", f"{NAME}-fit", "main"),
        ]
        measured = ui.section("Measurements", f"{NAME}-measured", *files)
        below = ui.asking(NAME, ask, self._panel.layout(visit), "Mixtures", results)
        return html.Div([measured, *below, self._saves.place()])

    def register(self, app: Dash) -> None:
        """Register the callbacks."""
        self._files.register(app)
        self._saves.register(app)
        self._opened.register(app)
        self._panel.register(
            app,
            button=f"{NAME}-fit",
            fields=[f"{NAME}-most"],
            results=[Output(f"{NAME}-results", "children")],
        )

    def _order(self, visit: Visit, most: object) -> Order:
        if most not in MOST:
            raise OptionError(
                "cannot fit mixtures of so many compounds",
                found=repr(most)[:20],
                needed="one of " + ", ".join(MOST),
                suggestion="3 is usual",
            )
        return work.mix, (self._files.files(visit).samples(), int(str(most)), visit.folder)

    def _show(self, visit: Visit, found: list[work.Mixed]) -> list[Component]:
        visit.bag[NAME] = found
        return self._results(found)

    def _results(self, found: Sequence[work.Mixed]) -> list[Component]:
        if not found:
            return []
        saves = [self._saves.buttons()] if any(one.error is None for one in found) else []
        return [html.H2("Mixtures"), *saves, *self._side_by_side(found), self._opened.place(found)]

    def _side_by_side(self, found: Sequence[work.Mixed]) -> list[Component]:
        """List several samples with their best mixtures."""
        if len(found) < 2:
            return []
        lines: list[list[ui.Cell]] = []
        for number, one in enumerate(found):
            best: ui.Cell = one.rows[0][1] if one.rows else ""
            if one.error is not None:
                why = f": {one.error.problem}: found {one.error.found}"
                best = [("not fitted", "bad"), (ui.in_fields(why), "")]
            lines.append([number, one.name, best])
        return [ui.plain_table(("Sample", "Best mixture"), lines, opens=self._opened.name)]

    def _saved(self, visit: Visit, kind: str) -> tuple[str, str]:
        """Give what the command line writes."""
        written = visit.folder / work.SAVED[kind]
        if not written.is_file():
            raise PreventUpdate
        return f"edgepair-{written.name}", written.read_text(encoding="utf-8")


def _card(one: work.Mixed) -> Component:
    from edgepair.report.mixture import HEADINGS

    if one.error is not None:
        return html.Article([html.H3(one.name), ui.notice(one.error)], className="card")
    return html.Article(
        [
            html.H3(one.name),
            *ui.warning_list(one.warnings),
            ui.plain_table(HEADINGS, one.rows),
            html.P(one.closing, className="hint"),
            ui.drawing("Sample, fit and components of the first", one.figure),
            html.Details([html.Summary("How it was fitted"), ui.facts(one.facts)]),
        ],
        className="card",
    )
