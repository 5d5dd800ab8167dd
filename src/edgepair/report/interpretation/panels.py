"""Which figures the page of an interpretation shows, behind which choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import short_title
from edgepair.report.interpretation.figure_groups import group_figure
from edgepair.report.interpretation.figure_learned import (
    dependence_figure,
    movement_curve_figure,
    movement_figure,
)
from edgepair.report.interpretation.figure_regions import point_figure, region_figure
from edgepair.report.interpretation.figure_stability import agreement_figure, shuffled_labels_figure
from edgepair.report.interpretation.words import cells_of, modalities_in
from edgepair.report.kit.embedding import Explorer, FigureShelf
from edgepair.report.kit.tables import in_order, select
from edgepair.report.study.figure_contributions import overlap_figure, shapley_figure
from edgepair.report.study.panels import explorer

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.interpretation import Interpretation

Drawn = Iterator[tuple[str, "go.Figure | None"]]
"""Captions and figures."""

_KEYS = ("absorber", "task")


def collect_interpretation(result: Interpretation, shelf: FigureShelf) -> dict[str, Explorer]:
    """Draw every figure of the page."""
    draw: dict[str, Callable[[Interpretation, str, str], Drawn]] = {
        "techniques": _techniques,
        "regions": _regions,
        "points": _points,
        "clusters": _clusters,
        "learned": _learned,
        "stability": _stability,
    }
    cells = cells_of(result)
    explorers = {}
    for name, figures in draw.items():
        panels = {
            cell: [
                shelf.keep(figure, title) for title, figure in figures(result, *cell) if figure is not None
            ]
            for cell in cells
        }
        explorers[name] = explorer(_KEYS, {cell: shown for cell, shown in panels.items() if shown})
    return explorers


def _techniques(result: Interpretation, absorber: str, task: str) -> Drawn:
    rows = select(result.contributions, absorber=absorber, task=task)
    if len(rows):
        learner = str(rows["learner"].iloc[0])
        yield (
            "Shapley value of each technique",
            shapley_figure(rows, task=task, learner=learner, absorbers=[absorber]),
        )
        yield (
            "Known by one alone, by both, only together",
            overlap_figure(rows, absorber=absorber, task=task, learner=learner),
        )


def _regions(result: Interpretation, absorber: str, task: str) -> Drawn:
    selected = select(result.importances, absorber=absorber, task=task, grouping="region")
    for technique in in_order(selected["technique"].astype(str).tolist(), list(TECHNIQUES)):
        figure = region_figure(
            result.curves,
            result.regions,
            result.importances,
            absorber=absorber,
            task=task,
            technique=technique,
        )
        yield short_title(technique), figure
    for modality in modalities_in(result, absorber=absorber, task=task):
        if "+" in modality:
            yield (
                f"All regions, read together: {short_title(modality)}",
                _groups(result, absorber, task, modality, "region"),
            )


def _points(result: Interpretation, absorber: str, task: str) -> Drawn:
    for modality in modalities_in(result, absorber=absorber, task=task):
        figure = point_figure(
            result.importances, result.regions, absorber=absorber, task=task, modality=modality
        )
        yield f"{short_title(modality)}: points and regions, shuffled", figure


def _clusters(result: Interpretation, absorber: str, task: str) -> Drawn:
    for modality in modalities_in(result, absorber=absorber, task=task):
        yield short_title(modality), _groups(result, absorber, task, modality, "cluster")


def _groups(
    result: Interpretation, absorber: str, task: str, modality: str, grouping: str
) -> go.Figure | None:
    return group_figure(
        result.importances, absorber=absorber, task=task, modality=modality, grouping=grouping
    )


def _learned(result: Interpretation, absorber: str, task: str) -> Drawn:
    yield "How the numbers go with the label", movement_figure(result.movement, absorber=absorber, task=task)
    rows = select(result.curve_movement, absorber=absorber, task=task)
    for technique in in_order(rows["technique"].astype(str).tolist(), list(TECHNIQUES)):
        figure = movement_curve_figure(
            result.curve_movement, result.regions, absorber=absorber, task=task, technique=technique
        )
        yield f"How the mean {short_title(technique)} moves", figure
    yield (
        "How the answer of a forest on these numbers follows each",
        dependence_figure(result.dependence, absorber=absorber, task=task),
    )


def _stability(result: Interpretation, absorber: str, task: str) -> Drawn:
    yield (
        "Scores with labels exchanged between formulas",
        shuffled_labels_figure(result.stability, absorber=absorber, task=task),
    )
    yield (
        "Do others put regions in the same order?",
        agreement_figure(result.stability, absorber=absorber, task=task),
    )
