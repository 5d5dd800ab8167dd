"""One file that shows mixtures: sample, fit, components, combinations; opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.mixture.figure import mixture_figure
from edgepair.report.mixture.words import (
    HEADINGS,
    closing_line,
    combination_rows,
    mixture_facts,
    mixture_title,
)

if TYPE_CHECKING:
    from edgepair.mixtures.scan import SampleMixture


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
