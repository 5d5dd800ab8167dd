"""One file that shows measured curves as they were understood, and opens without a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.conventions import TASKS
from edgepair.conventions.wording import safe
from edgepair.measured import PdfCurve, XanesScan, inspect_pdf
from edgepair.measured.xanes.inspection import inspect_xanes
from edgepair.report.kit.embedding import (
    Drawing,
    FigureShelf,
    draw_figure,
    render_page,
    render_tables,
    write_page,
)
from edgepair.report.kit.marks import axis_title, curve_title, measured_line
from edgepair.report.kit.style import INK, MUTED, modality_colour, styled
from edgepair.report.kit.tables import rounded

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.measured import PdfInspection
    from edgepair.measured.xanes.inspection import XanesInspection
    from edgepair.spectra.pdf_peaks import Peak
    from edgepair.standards import Standard

_SHOWN = (40.0, 120.0)  # eV below and above E0 in the terminal's plot
_LONGEST_SHOWN = 100
"""Characters of an expression that a line shows: sums of a hundred channels are in the JSON."""

_FIRST_ANGSTROMS = 20.0


@dataclass(frozen=True)
class SeenXanes:
    """A spectrum, inspected, and which of its glitches were replaced before."""

    inspection: XanesInspection
    replaced: tuple[float, ...] = ()

    @property
    def title(self) -> str:
        """File and item."""
        scan = self.inspection.scan
        return scan.file + (f", {scan.item}" if scan.item else "")

    @property
    def problem(self) -> str:
        """Why it could not be normalised; else empty."""
        return self.inspection.problem

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return self.inspection.warnings

    @property
    def drawn(self) -> XanesInspection:
        """What a page draws."""
        return self.inspection

    def to_json(self) -> dict[str, object]:
        """Give the entry of ``--json``."""
        return self.inspection.to_json()

    def facts(self) -> list[tuple[str, str]]:
        """Give names and values for people."""
        found, scan = self.inspection, self.inspection.scan
        x, spectrum, quality = scan.energy, found.spectrum, found.quality
        facts = [("mu", scan.mu_from), ("why", _why(scan))]
        element = f"{scan.absorber or 'unknown'} {scan.edge or ''}".rstrip()
        if spectrum is None or quality is None:
            facts += [("element, edge", element), ("normalised", f"no: {found.problem}")]
        else:
            facts += [
                ("element, edge", element),
                ("E0", f"{spectrum.e0:.2f} eV"),
                ("edge step", f"{spectrum.edge_step:.5g}"),
            ]
        if scan.energy_shift:
            facts.append(("shift in file", f"{scan.energy_shift:+.3f} eV, added"))
        shown = found.applied or not found.calibration.shift
        where = "" if shown else " (not added to the energies here; --save adds it)"
        facts.append(("calibration", found.calibration.text + where))
        if spectrum is not None and quality is not None:
            noise = (
                "too few points to tell" if math.isnan(quality.noise) else f"{quality.noise:.5f} edge steps"
            )
            shown = ", ".join(f"{at:.1f}" for at in quality.glitches[:6]) + (
                f" and {len(quality.glitches) - 6} more" if len(quality.glitches) > 6 else ""
            )
            facts += [
                ("noise", noise),
                ("glitches", f"{shown} eV: --deglitch replaces them" if shown else "none found"),
                ("energy step", f"{quality.energy_step:.2f} eV at the edge"),
                ("sharpest rise", f"{quality.sharpest:.1f} eV wide: the resolution is no worse"),
                ("white line", f"{quality.white_line:.2f} edge steps"),
                ("range", f"{quality.reach[0]:+.0f} to {quality.reach[1]:+.0f} eV from E0"),
                ("pre-edge", "{:+.0f} to {:+.0f} eV".format(*spectrum.pre)),
                ("post-edge", "{:+.0f} to {:+.0f} eV, degree {}".format(*spectrum.post, spectrum.degree)),
            ]
        return [
            *facts,
            ("format", scan.format),
            ("points", f"{len(x)}, {x[0]:.2f} to {x[-1]:.2f} eV (unit in the file: {scan.energy_unit})"),
        ]

    def line(self) -> str:
        """Give what stands of one item among many."""
        scan, spectrum, quality = self.inspection.scan, self.inspection.spectrum, self.inspection.quality
        text = f"{scan.absorber or '?'} {scan.edge or ''}".ljust(5) + f" mu = {scan.mu_from}"
        if spectrum is None or quality is None:
            return f"{text}; not normalised: {self.problem}"
        text += f"; E0 {spectrum.e0:.2f} eV, edge step {spectrum.edge_step:.3g}, noise {quality.noise:.4f}"
        shift = self.inspection.calibration.shift
        text += f", shift {shift:+.2f} eV" if shift else ""
        notes = len(self.warnings)
        return text + (f" ({notes} warning{'s' if notes > 1 else ''})" if notes else "")

    def curve(self) -> tuple[Sequence[float], Sequence[float], str]:
        """Give what the terminal draws: energies, values, unit."""
        spectrum, scan = self.inspection.spectrum, self.inspection.scan
        if spectrum is None:
            return scan.energy.tolist(), scan.mu.tolist(), "eV"
        near = (spectrum.energy > spectrum.e0 - _SHOWN[0]) & (spectrum.energy < spectrum.e0 + _SHOWN[1])
        return spectrum.energy[near].tolist(), spectrum.mu[near].tolist(), "eV"


@dataclass(frozen=True)
class SeenPdf:
    """A PDF, inspected."""

    pdf: PdfCurve
    inspection: PdfInspection
    problem: str = ""

    @property
    def title(self) -> str:
        """File and item."""
        return self.pdf.file + (f", {self.pdf.item}" if self.pdf.item else "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return self.inspection.warnings

    @property
    def drawn(self) -> PdfCurve:
        """What a page draws."""
        return self.pdf

    def to_json(self) -> dict[str, object]:
        """Give the entry of ``--json``."""
        found = self.inspection
        return {
            "item": self.pdf.item,
            "n_points": found.n_points,
            "r_first": found.r_first,
            "r_last": found.r_last,
            "radiation": found.radiation,
            "qmax": found.qmax,
            "composition": found.composition,
            "number_density": self.pdf.number_density,
            "peaks": [asdict(peak) for peak in found.peaks],
            "first_shell": None if found.first_shell is None else asdict(found.first_shell),
            "warnings": list(found.warnings),
        }

    def facts(self) -> list[tuple[str, str]]:
        """Give names and values for people."""
        found = self.inspection
        facts = [
            ("format", self.pdf.format),
            ("points", f"{found.n_points}"),
            ("r", f"{found.r_first:g} to {found.r_last:g} Å, step {found.r_step:.4g} Å"),
            ("radiation", found.radiation or "unknown: give --radiation"),
            ("composition", found.composition or "unknown"),
            ("Qmax", "unknown" if found.qmax is None else f"{found.qmax:.1f} 1/Å, by the {found.qmax_from}"),
        ]
        if found.qdamp is not None:
            facts.append(("Qdamp", f"{found.qdamp:.3f} 1/Å, by the {found.qdamp_from}"))
        if found.first_shell is not None:
            facts.append(("first shell", found.first_shell.sentence()))
        for peak in found.peaks:
            facts.append(("peak" if peak.area > 0 else "dip", _peak_text(peak)))
        if found.low_r_ripple is not None:
            facts.append(("low-r ripple", f"{found.low_r_ripple:.2f} of the first peak"))
        if found.noise is not None:
            facts.append(("noise", f"at most {found.noise:.3f} of the root mean square"))
        return facts

    def curve(self) -> tuple[Sequence[float], Sequence[float], str]:
        """Give what the terminal draws: distances, values, unit."""
        near = self.pdf.r < _FIRST_ANGSTROMS
        return self.pdf.r[near].tolist(), self.pdf.G[near].tolist(), "Å"


Seen: TypeAlias = SeenXanes | SeenPdf


def _why(scan: XanesScan) -> str:
    """Say why that is mu, and what else the data allow."""
    others = [
        one
        for one in scan.candidates[1:]
        if one.kind != "reference" and len(one.expression) <= _LONGEST_SHOWN
    ]
    if not others:
        return scan.mu_reason
    shown = " or ".join(f'--mu "{one.expression}"' for one in others[:2])
    return f"{scan.mu_reason}; {shown} would change it"


def _peak_text(peak: Peak) -> str:
    at = f"{peak.position:.3f} ± {peak.position_error:.3f} Å"
    width = f"width {peak.width:.3f} ± {peak.width_error:.3f} Å"
    return f"{at}, {width}, area {peak.area:.2f} ± {peak.area_error:.2f}"


@dataclass(frozen=True)
class MeasuredEntry:
    """One curve on the page."""

    title: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    curve: XanesInspection | PdfCurve


def write_inspection(entries: Sequence[MeasuredEntry], path: str | Path) -> Path:
    """Write the page."""
    return write_page(lambda: _render(entries), path, what="the figure", option="--report")


def _render(entries: Sequence[MeasuredEntry]) -> str:
    from edgepair.measured.pdf.curve import PdfCurve

    shelf = FigureShelf()
    items = []
    for entry in entries:
        if isinstance(entry.curve, PdfCurve):
            drawn = [("G(r)", pdf_figure(entry.curve))]
        else:
            normal = normalized_figure(entry.curve)
            drawn = [("as measured, with the lines of the normalisation", raw_figure(entry.curve))]
            drawn += [("normalised and flattened", normal)] if normal is not None else []
        figures = [shelf.keep(figure, title) for title, figure in drawn]
        items.append(
            {"title": entry.title, "facts": entry.facts, "warnings": entry.warnings, "figures": figures}
        )
    return render_page("inspect.html.j2", {"items": items}, shelf)


_HEIGHT = 340
_PRE, _POST = "#009e73", "#d55e00"


def raw_figure(inspection: XanesInspection) -> go.Figure:
    """Draw a spectrum as measured, with the lines of its normalisation."""
    import plotly.graph_objects as go

    scan, spectrum = inspection.scan, inspection.spectrum
    figure = go.Figure()
    x = scan.energy if spectrum is None else spectrum.energy
    figure.add_trace(measured_line(x, scan.mu, "measured", INK, 1.4))
    if spectrum is not None:
        before = scan.mu - spectrum.norm * spectrum.edge_step
        above = x > spectrum.e0
        after = before + spectrum.edge_step * (1 + spectrum.norm - spectrum.mu)
        figure.add_trace(measured_line(x, before, "pre-edge", _PRE, 1))
        figure.add_trace(measured_line(x[above], after[above], "post-edge", _POST, 1))
        for curve, between, colour in ((before, spectrum.pre, _PRE), (after, spectrum.post, _POST)):
            inside = (x >= spectrum.e0 + between[0]) & (x <= spectrum.e0 + between[1])
            figure.add_trace(measured_line(x[inside], curve[inside], "", colour, 4))
        figure.add_vline(x=spectrum.e0, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=axis_title("xanes"), showgrid=False, fixedrange=False)
    figure.update_yaxes(title_text=f"μ(E) = {safe(scan.mu_from)} (no unit)")
    return styled(figure, height=_HEIGHT, showlegend=spectrum is not None)


def normalized_figure(inspection: XanesInspection) -> go.Figure | None:
    """Draw the edge region of a normalised spectrum."""
    import plotly.graph_objects as go

    spectrum, quality = inspection.spectrum, inspection.quality
    if spectrum is None or quality is None:
        return None
    x = spectrum.energy
    figure = go.Figure()
    figure.add_hline(y=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_vline(x=spectrum.e0, line={"color": MUTED, "width": 1, "dash": "dot"})
    figure.add_trace(measured_line(x, spectrum.mu, "flattened", modality_colour("xanes"), 1.8))
    moved = spectrum.e0 + quality.reach[0] - float(x[0])
    marked = np.array([at - moved for at in quality.glitches])
    if len(marked):
        y = rounded(np.interp(marked, x, spectrum.mu))
        mark = {"symbol": "x", "size": 8, "color": _POST}
        figure.add_scatter(x=rounded(marked, 7), y=y, mode="markers", name="glitches", marker=mark)
    figure.update_xaxes(
        title_text=axis_title("xanes"),
        range=[max(float(x[0]), spectrum.e0 - 40), min(float(x[-1]), spectrum.e0 + 120)],
        showgrid=False,
        fixedrange=False,
    )
    figure.update_yaxes(title_text="normalised μ(E) (no unit)")
    return styled(figure, height=_HEIGHT)


def pdf_figure(curve: PdfCurve) -> go.Figure:
    """Draw a measured PDF."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_hline(y=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    colour = modality_colour("npdf" if curve.radiation == "neutron" else "pdf")
    figure.add_trace(measured_line(curve.r, curve.G, "G(r)", colour, 1.6))
    figure.update_xaxes(
        title_text=axis_title("pdf"),
        range=[float(curve.r[0]), min(20.0, float(curve.r[-1]))],
        showgrid=False,
        fixedrange=False,
    )
    figure.update_yaxes(title_text=curve_title("pdf", ""))
    return styled(figure, height=_HEIGHT)


def standard_figure(standard: Standard) -> go.Figure:
    """Draw a measured standard, normalised."""
    import plotly.graph_objects as go

    line = measured_line(standard.energy, standard.mu, standard.name, modality_colour("xanes"), 1.6)
    figure = go.Figure(line)
    figure.update_xaxes(title_text=axis_title("xanes"), showgrid=False, fixedrange=False)
    figure.update_yaxes(title_text="normalised μ(E) (no unit)")
    return styled(figure, height=_HEIGHT)


def tables(item: XanesScan | PdfCurve | Standard) -> str:
    """Lay out what the page of ``inspect`` says of a curve, or what is known of a standard."""
    if isinstance(item, XanesScan | PdfCurve):
        seen: Seen = (
            SeenPdf(item, inspect_pdf(item)) if isinstance(item, PdfCurve) else SeenXanes(inspect_xanes(item))
        )
        return render_tables(item.title or "measured curve", seen.warnings, {"facts": seen.facts()})
    facts = [(task.title, f"{getattr(item, task.name):.4g} {task.unit}") for task in TASKS.values()]
    facts += [(name, getattr(item, name)) for name in ("beamline", "sample", "quality", "source", "licence")]
    return render_tables(f"{item.compound}, {item.absorber} K edge", [], {"facts": facts})


def draw(item: XanesScan | PdfCurve | Standard, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw a spectrum as ``measured`` or ``normalised``, a PDF as ``measured``, a standard ``normalised``."""
    drawn: dict[str, Callable[[], go.Figure | None]]
    if isinstance(item, XanesScan):
        seen = inspect_xanes(item)
        drawn = {"measured": partial(raw_figure, seen), "normalised": partial(normalized_figure, seen)}
    elif isinstance(item, PdfCurve):
        drawn = {"measured": partial(pdf_figure, item)}
    else:
        drawn = {"normalised": partial(standard_figure, item)}
    return draw_figure({key: Drawing(one, {}) for key, one in drawn.items()}, name, given)
