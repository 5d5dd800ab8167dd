"""Figures of a dataset by technique and label."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.measured.figure_sites import class_curve_figure
from edgepair.study.curves import class_curves

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr


def draw(item: xr.Dataset, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw the mean curves of a technique by classes of a label."""
    labels = [task for task in TASKS if task in item and bool(item[task].notnull().any())]
    drawings = {
        technique.name: Drawing(partial(_curves, item, technique.name), {"by": labels})
        for technique in TECHNIQUES.values()
        if technique.variable in item
    }
    return draw_figure(drawings, name, given)


def _curves(dataset: xr.Dataset, technique: str, *, by: str) -> go.Figure:
    absorber = str(dataset.attrs["absorber"])
    return class_curve_figure(class_curves(dataset, task=by), absorber=absorber, task=by, technique=technique)
