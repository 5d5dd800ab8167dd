"""The change written beside a rank correlation is greyed by its own interval."""

from __future__ import annotations

import pandas as pd

from edgepair.report.interpretation.figure_learned import movement_figure
from edgepair.report.kit.style import INK, MUTED


def test_a_clear_slope_is_not_greyed_because_its_ranks_are_undecided() -> None:
    base = {"absorber": "Mn", "task": "coordination_number", "unit": "eV"}
    rows = []
    for name, slope, rho in (("edge_position", 1.0, 0.0), ("white_line_height", 0.0, 0.5)):
        row = base | {"number": name, "title": name}
        rows.append(row | {"kind": "slope", "value": slope, "lower": slope - 0.2, "upper": slope + 0.2})
        rows.append(row | {"kind": "rho", "value": rho, "lower": rho - 0.2, "upper": rho + 0.2})
    figure = movement_figure(pd.DataFrame(rows), absorber="Mn", task="coordination_number")
    assert figure is not None
    written = {text.y: text.font.color for text in figure.layout.annotations if text.yref == "y"}
    assert written == {0: INK, 1: MUTED}
    symbols = {y: s for trace in figure.data for y, s in zip(trace.y, trace.marker.symbol, strict=True)}
    assert symbols == {0: "circle-open", 1: "circle"}
