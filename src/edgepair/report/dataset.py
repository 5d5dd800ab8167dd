"""Curves of a dataset: single sites laid over each other, and means of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import safe
from edgepair.report.kit.embedding import Drawing, draw_figure
from edgepair.report.kit.marks import DRAWN_DISTANCE, axis_title, curve_title, scatter
from edgepair.report.kit.style import MUTED, faded, styled
from edgepair.report.kit.tables import even_axis, rounded, select
from edgepair.report.study.figure_importances import add_class_curves
from edgepair.study.importances import class_curves

if TYPE_CHECKING:
    import xarray as xr

MOST_DRAWN = 6
"""Sites that one figure can tell apart."""

SITE_LOOKS = (
    # Okabe and Ito's palette; the dash is the second cue.
    ("#0072b2", "solid"), ("#d55e00", "dash"), ("#009e73", "dot"), ("#cc79a7", "dashdot"),
    ("#000000", "longdash"), ("#e69f00", "longdashdot"),
)  # fmt: skip
"""Colour and dash of the sites of one figure, in their order."""


def site_name(dataset: xr.Dataset, site: int) -> str:
    """Name a site for people."""
    material = int(dataset["material_index"].values[site])
    names = [str(dataset[name].values[material]) for name in ("formula", "material_id")]
    return f"{' '.join(dict.fromkeys(names))}, site {int(dataset['site_index'].values[site])}"


def site_figure(dataset: xr.Dataset, sites: Sequence[int], *, technique: str) -> go.Figure:
    """Draw one technique's curves of some sites, laid over each other.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.
    sites : sequence of int
        Rows of the dataset, at most `MOST_DRAWN`.
    technique : str
        Which curve. Sites of one material share its PDFs: such a curve is drawn once.

    Returns
    -------
    plotly.graph_objects.Figure
        Against eV or Å. Under PDFs, where known, a mark for each neighbour of each site.
    """
    about = TECHNIQUES[technique]
    axis = even_axis(dataset[about.axis].values, 8)
    curves = dataset[about.variable].values
    owners = dataset["material_index"].values if about.owner == "material" else range(len(curves))
    figure = go.Figure()
    if about.axis == "r":
        figure.add_hline(y=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    drawn: set[int] = set()
    # The look belongs to the site, so that it is the same in the figures of all techniques.
    for site, (colour, dash) in zip(sites[:MOST_DRAWN], SITE_LOOKS, strict=False):
        owner = int(owners[site])
        if owner in drawn:
            continue
        drawn.add(owner)
        name = safe(site_name(dataset, site))
        if about.owner == "material":
            name = name.rsplit(",", 1)[0]
        hover = f"{name}<br>%{{x:.2f}} {about.unit}: %{{y:.3f}}"
        line = {"color": colour, "dash": dash, "width": 1.8}
        figure.add_trace(scatter(axis, rounded(curves[owner], 5), name=name, line=line, hover=hover))
    _name_axes(figure, technique, str(dataset.attrs["absorber"]))
    if about.axis == "r":
        _mark_neighbours(figure, dataset, sites)
        figure.update_xaxes(
            range=[float(dataset["r"].values[0]), min(DRAWN_DISTANCE, float(dataset["r"].values[-1]))]
        )
    return styled(figure, height=340, showlegend=True, hovermode="closest")


def class_curve_figure(curves: pd.DataFrame, *, absorber: str, task: str, technique: str) -> go.Figure:
    """Draw the mean curve of each class with its spread.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns of ``curves.csv``, from `edgepair.study.class_curves`.
    absorber, task, technique : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        Means, and bands from the 16th to the 84th percentile, against eV or Å. In brackets: sites.
    """
    shown = select(curves, absorber=absorber, task=task, technique=technique)
    if TECHNIQUES[technique].axis == "r":
        shown = shown[shown["position"] <= DRAWN_DISTANCE]
    figure = make_subplots(rows=1, cols=1)
    lower, upper = add_class_curves(figure, shown, task)
    _name_axes(figure, technique, absorber)
    figure.update_yaxes(range=[lower, upper])
    return styled(figure, height=340, showlegend=True, hovermode="closest", legend_traceorder="normal")


def _name_axes(figure: go.Figure, technique: str, absorber: str) -> None:
    title = curve_title(technique, absorber)
    unit = "" if "(Å" in title else " (no unit)"
    figure.update_xaxes(title_text=axis_title(technique), showgrid=False, nticks=8, fixedrange=False)
    figure.update_yaxes(title_text=title + unit, nticks=6)


def _mark_neighbours(figure: go.Figure, dataset: xr.Dataset, sites: Sequence[int]) -> None:
    """Mark each neighbour's distance beneath the curves, a row per site: where the first peak comes from."""
    if "neighbour_distance" not in dataset:
        return
    lines = [trace.y for trace in figure.data if trace.mode == "lines"]
    low, high = min(min(y) for y in lines), max(max(y) for y in lines)
    for row, (site, (colour, _)) in enumerate(zip(sites[:MOST_DRAWN], SITE_LOOKS, strict=False), start=1):
        distances = dataset["neighbour_distance"].values[site]
        known = distances[distances == distances]
        mark = {"symbol": "line-ns-open", "size": 8, "color": faded(colour, 0.8), "line": {"width": 2}}
        y = [low - 0.05 * row * (high - low)] * len(known)
        hover = f"neighbour of {safe(site_name(dataset, site))}<br>%{{x:.3f}} Å"
        marks = scatter(rounded(known, 5), y, hover=hover, mode="markers", marker=mark, showlegend=False)
        figure.add_trace(marks)


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
