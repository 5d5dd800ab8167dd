"""An interpretation in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.report.interpretation.figure_groups import group_figure
from edgepair.report.interpretation.figure_learned import (
    dependence_figure,
    movement_curve_figure,
    movement_figure,
)
from edgepair.report.interpretation.figure_regions import point_figure, region_figure
from edgepair.report.interpretation.figure_stability import agreement_figure, shuffled_labels_figure
from edgepair.report.interpretation.page import interpretation_tables, interpretation_title
from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.kit.embedding import render_tables

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from edgepair.interpretation import Interpretation


def tables(item: Interpretation) -> str:
    """Lay out scores and what regions are worth."""
    return render_tables(interpretation_title(item), item.warnings, interpretation_tables(item))


def draw(item: Interpretation, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``regions``, ``points``, ``groups``, ``movement`` and the other figures of the page."""
    cell = _at_hand(item.importances, "absorber", "task")
    curve = cell | _at_hand(item.regions, "technique")
    whole = cell | _at_hand(item.importances, "modality")
    grouped = whole | _at_hand(item.importances, "grouping")
    importances, regions = item.importances, item.regions
    drawings = {
        "regions": Drawing(partial(region_figure, item.curves, regions, importances), curve),
        "points": Drawing(partial(point_figure, importances, regions), whole),
        "groups": Drawing(partial(group_figure, importances), grouped),
        "movement": Drawing(partial(movement_figure, item.movement), cell),
        "curve_movement": Drawing(partial(movement_curve_figure, item.curve_movement, regions), curve),
        "dependence": Drawing(partial(dependence_figure, item.dependence), cell),
        "label_permutation": Drawing(partial(shuffled_labels_figure, item.stability), cell),
        "agreement": Drawing(partial(agreement_figure, item.stability), cell),
    }
    return draw_figure(drawings, name, given)


def _at_hand(table: pd.DataFrame, *columns: str) -> dict[str, list[str]]:
    return {column: list(dict.fromkeys(table[column].astype(str))) for column in columns}
