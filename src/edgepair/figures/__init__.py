"""Figures of a study at journal size, as SVG and PDF with fonts that can be edited."""

from typing import TYPE_CHECKING

from edgepair.conventions.lazy import lazy_names

if TYPE_CHECKING:
    from edgepair.figures.importances import draw_importances
    from edgepair.figures.predictions import draw_confusion, draw_parity
    from edgepair.figures.scores import draw_scores
    from edgepair.figures.writing import write_figures

_HOMES = {
    "draw_confusion": "edgepair.figures.predictions",
    "draw_importances": "edgepair.figures.importances",
    "draw_parity": "edgepair.figures.predictions",
    "draw_scores": "edgepair.figures.scores",
    "write_figures": "edgepair.figures.writing",
}

__all__ = ["draw_confusion", "draw_importances", "draw_parity", "draw_scores", "write_figures"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
