"""Figures of a study at journal size, as SVG and PDF with fonts that can be edited."""

from typing import TYPE_CHECKING

from edgepair._lazy import lazy_names

if TYPE_CHECKING:
    from edgepair.figures.predictions import (
        draw_confusion,
        draw_importances,
        draw_parity,
        draw_scores,
        write_figures,
    )

__all__ = ["draw_confusion", "draw_importances", "draw_parity", "draw_scores", "write_figures"]

__getattr__, __dir__ = lazy_names(__name__, __file__)
