"""Numbers of a confusion matrix can be read on every shade of every technique's colour."""

from __future__ import annotations

import pandas as pd
import pytest

from edgepair.conventions import TECHNIQUES
from edgepair.report import confusion_figure

MODALITIES = [*TECHNIQUES, "xanes+pdf", "xanes+dpdf", "xanes+npdf", "xanes+pdf+dpdf"]


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("modality", MODALITIES)
def test_numbers_stand_out_from_their_cells(modality: str) -> None:
    told = pd.DataFrame(
        {"absorber": "Fe", "task": "oxidation_state", "modality": modality, "learner": "forest",
         "true": [2.0, 2.0, 3.0], "predicted": [2.0, 3.0, 3.0]}
    )  # fmt: skip
    cells = confusion_figure(told, absorber="Fe", task="oxidation_state", modality=modality).data[0]
    ink = luminance(cells.textfont.color)
    # Darkest and lightest: what lies between is between. 4.5 is what WCAG 2.2 asks of text (1.4.3).
    for _, shade in cells.colorscale:
        light, dark = sorted((luminance(shade), ink), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert cells.textfont.size >= 13
