"""One file that shows mixtures: sample, fit, components, combinations; opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions.wording import safe
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.marks import axis_title, measured_line
from edgepair.report.kit.style import INK, MUTED, styled
from edgepair.report.mixture.words import (
    HEADINGS,
    closing_line,
    combination_rows,
    mixture_facts,
    mixture_title,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.mixtures.scan import SampleMixture

_HEIGHT = 520
_FIT = "#d55e00"
# Okabe and Ito's palette without the colour of the fit; the dash is the second cue.
_PARTS = (
    ("#0072b2", "dash"), ("#009e73", "dashdot"), ("#cc79a7", "dot"), ("#e69f00", "longdash"),
    ("#56b4e9", "longdashdot"), ("#332288", "dash"),
)  # fmt: skip


def mixture_figure(mixture: SampleMixture) -> go.Figure:
    """Draw a sample with its best combination."""
    import plotly.graph_objects as go

    result = mixture.result
    fractions = result.fractions[result.fractions["rank"] == 1]["fraction"]
    # Fit and components stand at the standards' energies: the sample is drawn there too.
    x = result.energy + float(result.table["shift"].iloc[0])
    figure = go.Figure()
    # A compound alone is the fit itself.
    parts = mixture.components if len(mixture.components) > 1 else ()
    for number, (part, fraction) in enumerate(zip(parts, fractions, strict=False)):
        colour, dash = _PARTS[number % len(_PARTS)]
        name = f"{fraction:.2f} × {safe(part.name)}"
        figure.add_trace(measured_line(x, part.y, name, colour, 1.4, dash=dash))
    figure.add_trace(measured_line(x, result.mu, "sample", INK, 2.6))
    figure.add_trace(measured_line(x, result.fitted, "fit", _FIT, 1.2))
    left_over = measured_line(x, result.mu - result.fitted, "", MUTED, 1.2)
    figure.add_trace(left_over.update(yaxis="y2"))
    styled(figure, height=_HEIGHT, showlegend=True)
    figure.update_layout(
        xaxis={
            "title": {"text": axis_title("xanes")},
            "showgrid": False,
            "fixedrange": False,
            "anchor": "y2",
        },
        yaxis={"title": {"text": "normalised μ(E) (no unit)"}, "domain": [0.3, 1.0]},
        yaxis2={"title": {"text": "sample − fit (no unit)"}, "domain": [0.0, 0.22]},
    )
    return figure


def write_mixtures(entries: Sequence[tuple[SampleMixture, Sequence[str]]], path: str | Path) -> Path:
    """Write the page."""
    return write_page(lambda: _render(entries), path, what="the figure", option="--report")


def _render(entries: Sequence[tuple[SampleMixture, Sequence[str]]]) -> str:
    shelf = FigureShelf()
    items = [
        {
            "title": mixture_title(mixture),
            "facts": mixture_facts(mixture),
            "warnings": mixture.warnings,
            "rows": combination_rows(mixture),
            "closing": closing_line(mixture),
            "model": model,
            "figure": shelf.keep(mixture_figure(mixture)),
        }
        for mixture, model in entries
    ]
    return render_page("mixture.html.j2", {"items": items, "headings": HEADINGS}, shelf)
