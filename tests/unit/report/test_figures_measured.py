"""Figures of measured curves: units on every axis, ranges where they were fitted."""

from __future__ import annotations

import numpy as np

from edgepair.measured import XanesScan
from edgepair.measured.xanes.inspection import inspect_xanes
from edgepair.report.measured.page import normalized_figure, raw_figure

ENERGY = 7124 + np.r_[np.arange(-180.0, -30, 10), np.arange(-30.0, 60, 0.5), np.arange(60.0, 400, 5)]
SCAN = XanesScan(
    "a.xdi",
    "",
    "XDI",
    ENERGY,
    0.8 / (1 + np.exp((7124 - ENERGY) / 1.3)),
    "-ln(it/i0)",
    absorber="Fe",
    edge="K",
)


def test_every_axis_has_its_unit() -> None:
    inspection = inspect_xanes(SCAN)
    normal = normalized_figure(inspection)
    assert normal is not None
    assert raw_figure(inspection).layout.yaxis.title.text == "μ(E) = -ln(it/i0) (no unit)"
    assert normal.layout.yaxis.title.text == "normalised μ(E) (no unit)"
    assert {raw_figure(inspection).layout.xaxis.title.text, normal.layout.xaxis.title.text} == {
        "energy E (eV)"
    }


def test_the_thick_lines_are_the_ranges_that_were_asked_for() -> None:
    inspection = inspect_xanes(SCAN, e0=7124.0, pre=(-120.0, -40.0), post=(80.0, 300.0))
    thick = [trace for trace in raw_figure(inspection).data if trace.line.width == 4]
    ends = [(trace.x[0] - 7124, trace.x[-1] - 7124) for trace in thick]
    assert ends == [(-120, -40), (80, 300)]
