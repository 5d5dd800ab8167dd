"""Curves of sites laid over each other, and means of classes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TECHNIQUES
from edgepair.report.dataset import (
    MOST_DRAWN,
    SITE_LOOKS,
    class_curve_figure,
    site_figure,
    site_name,
)
from edgepair.study.importances import class_curves

UNITS = {"xanes": ("(eV)", "(no unit)"), "pdf": ("(Å)", "(Å⁻²)"), "dpdf": ("(Å)", "(Å⁻²)")}


def lines(figure: object) -> list[object]:
    return [trace for trace in figure.data if trace.mode == "lines"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("technique", UNITS)
def test_axes_bear_units_and_curves_are_those_of_the_sites(
    synthetic_dataset: xr.Dataset, technique: str
) -> None:
    figure = site_figure(synthetic_dataset, [3, 8], technique=technique)
    x, y = figure.layout.xaxis.title.text, figure.layout.yaxis.title.text
    assert UNITS[technique][0] in x
    assert UNITS[technique][1] in y
    drawn = lines(figure)
    about = TECHNIQUES[technique]
    curves = synthetic_dataset[about.variable].values
    for site, trace in zip((3, 8), drawn, strict=True):
        row = int(synthetic_dataset["material_index"].values[site]) if about.owner == "material" else site
        assert np.allclose(trace.y, curves[row], rtol=1e-4, atol=1e-6)


def test_sites_of_one_material_share_its_pdf_and_keep_their_look(synthetic_dataset: xr.Dataset) -> None:
    materials = synthetic_dataset["material_index"].values
    first, second = np.flatnonzero(materials == 40)
    sites = [int(first), int(second), 2]
    shown = lines(site_figure(synthetic_dataset, sites, technique="pdf"))
    assert len(shown) == 2
    assert [trace.line.color for trace in shown] == [SITE_LOOKS[0][0], SITE_LOOKS[2][0]]
    assert len(lines(site_figure(synthetic_dataset, sites, technique="xanes"))) == 3


def test_no_more_sites_than_can_be_told_apart(synthetic_dataset: xr.Dataset) -> None:
    figure = site_figure(synthetic_dataset, list(range(9)), technique="xanes")
    assert len(lines(figure)) == MOST_DRAWN
    assert len({(trace.line.color, trace.line.dash) for trace in lines(figure)}) == MOST_DRAWN


def test_neighbours_are_marked_where_they_are_known(synthetic_dataset: xr.Dataset) -> None:
    distances = np.full((60, 3), np.nan)
    distances[4, :2] = [1.9, 2.1]
    known = synthetic_dataset.assign(neighbour_distance=(("site", "neighbour"), distances, {"units": "Å"}))
    (marks,) = [t for t in site_figure(known, [4], technique="pdf").data if t.mode == "markers"]
    assert list(marks.x) == [1.9, 2.1]
    assert not [t for t in site_figure(known, [4], technique="xanes").data if t.mode == "markers"]


def test_names_say_what_a_site_is(synthetic_dataset: xr.Dataset) -> None:
    formula, material = (str(synthetic_dataset[name].values[0]) for name in ("formula", "material_id"))
    assert site_name(synthetic_dataset, 0) == f"{formula} {material}, site 0"


def test_markup_in_a_formula_is_text(synthetic_dataset: xr.Dataset) -> None:
    formulas = synthetic_dataset["formula"].values.copy()
    formulas[0] = "<b>FeO</b>"
    synthetic_dataset["formula"] = ("material", formulas)
    (trace, *_) = lines(site_figure(synthetic_dataset, [0], technique="xanes"))
    assert "<b>" not in trace.name
    assert "<b>" not in trace.hovertemplate


def test_the_mean_of_each_class_stands_in_its_band(synthetic_dataset: xr.Dataset) -> None:
    curves = class_curves(synthetic_dataset, task="oxidation_state")
    figure = class_curve_figure(curves, absorber="Fe", task="oxidation_state", technique="xanes")
    means = [trace for trace in figure.data if trace.name]
    assert [trace.name for trace in means] == ["OS 2 (30)", "OS 3 (30)"]
    assert figure.layout.yaxis.title.text == "normalised μ(E) (no unit)"
