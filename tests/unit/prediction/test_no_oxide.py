"""What has no white line is no oxide: told from standards of the metal, and silent where these are few."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgepair.measured import read_xanes
from edgepair.prediction.predict import predict
from edgepair.prediction.xanes_model import XanesModel


def model(tops: list[float], *, high: float = 45.0, simulated: bool = False) -> Any:
    """Make the part of a model that the rule looks at: one spectrum a compound, with such a highest point."""
    count = len(tops)
    rows = SimpleNamespace(
        absorber=np.array(["Fe"] * count),
        simulated=np.full(count, simulated),
        group=np.array([f"compound {number}" for number in range(count)]),
        mu=np.column_stack([np.zeros(count), tops]),
    )
    made: Any = XanesModel.__new__(XanesModel)
    made.rows, made.window, made.absorbers = rows, SimpleNamespace(high=high), np.array(["Fe"])
    return made


def low(made: Any, top: float) -> str:
    return str(made.low_white_line(np.array([0.0, top]), "Fe"))


def test_a_spectrum_lower_than_the_standards_of_its_metal_is_no_oxide() -> None:
    oxides = model([1.15, *np.linspace(1.3, 1.6, 59)])
    assert "1.05 edge steps" in low(oxides, 1.05)
    assert "oxides of Fe 1.20" in low(oxides, 1.1)
    assert low(oxides, 1.21) == ""
    # of a metal whose oxides are low themselves, only what is lower still
    assert low(model([1.08] * 30), 1.1) == ""
    assert low(model([1.08] * 30), 1.05) != ""


def test_few_standards_simulations_and_short_scans_do_not_tell() -> None:
    tops = [1.4] * 12
    for made in (model(tops[:4]), model(tops, simulated=True), model(tops, high=16.0)):
        assert low(made, 1.0) == ""
    assert low(model(tops), 1.0) != ""


@pytest.mark.parametrize(("item", "outside"), [("Troilite", True), ("Olivine (Fo0)", False)])
def test_a_sulphide_is_outside_and_a_silicate_is_not(shared: Path, item: str, outside: bool) -> None:
    file = shared / "data" / "experiment" / "xanes" / "Fe" / "demeter__Fe-K-ALS-10.3.2.prj"
    (scan,) = read_xanes(file, item=item)
    found = predict(replace(scan, reference=None), explain=False)
    assert (set(found.table["trust"]) == {"outside"}) == outside
    assert any("sulphide" in text for text in found.warnings) == outside
