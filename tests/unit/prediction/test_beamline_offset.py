"""What own standards tell of a beamline, and what they change."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.dataset import Standard
from edgepair.prediction import model_store
from edgepair.prediction.beamline_offset import apply_offset, find_offset
from edgepair.prediction.energy_window import EnergyWindow
from edgepair.prediction.own_data import own_spectra
from edgepair.prediction.own_standards import own_standards_report
from edgepair.prediction.xanes_model import XanesModel

WINDOW = EnergyWindow()


def own(model: Any, count: int, off: float) -> list[Standard]:
    """Standards of the small model's own library, as a beamline that is off would give them."""
    chosen = [s for s in model.standards if s.absorber == "Fe" and not math.isnan(s.energy_shift)][:count]
    return [
        replace(s, compound=f"own {s.compound}", energy=s.energy - off, energy_shift=math.nan) for s in chosen
    ]


@pytest.mark.parametrize("off", [-2.0, 0.5, 3.0])
def test_the_offset_of_known_shapes_is_found(small_store: Any, small_xanes: XanesModel, off: float) -> None:
    """Their shapes are in the library: the offset is found to what beamlines' priors take off it."""
    found = find_offset(own(small_store, 6, off), "Fe", small_xanes.scale, WINDOW)
    assert found is not None
    assert found.offset == pytest.approx(off, abs=0.6)
    assert abs(found.offset - off) < 2.0 * found.error
    assert len(found.names) == len(found.asked) == 6
    assert found.consistent
    assert f"{found.offset:+.1f}" in found.text()


def test_a_scale_that_is_far_off_is_found_too(small_store: Any, small_xanes: XanesModel) -> None:
    found = find_offset(own(small_store, 5, 19.0), "Fe", small_xanes.scale, WINDOW)
    assert found is not None
    assert found.offset == pytest.approx(19.0, abs=0.6)


def test_more_standards_tell_better_and_odd_ones_show(small_store: Any, small_xanes: XanesModel) -> None:
    one, many = (find_offset(own(small_store, n, 1.0), "Fe", small_xanes.scale, WINDOW) for n in (1, 9))
    assert one is not None
    assert many is not None
    assert many.error < 0.7 * one.error
    mixed = own(small_store, 3, 0.0) + own(small_store, 6, -9.0)[3:]
    torn = find_offset(mixed, "Fe", small_xanes.scale, WINDOW)
    assert torn is not None
    assert not torn.consistent
    assert "differ" in torn.text()


def test_calibrated_standards_and_other_metals_stay(small_store: Any, small_xanes: XanesModel) -> None:
    known = [s for s in small_store.standards if not math.isnan(s.energy_shift)][:3]
    assert find_offset(known, "Fe", small_xanes.scale, WINDOW) is None
    assert apply_offset(known, None) == tuple(known)
    mine = [*own(small_store, 2, 1.0), *known, replace(own(small_store, 1, 1.0)[0], absorber="Mn")]
    found = find_offset(mine, "Fe", small_xanes.scale, WINDOW)
    assert found is not None
    moved = apply_offset(mine, found)
    assert [s.energy_shift for s in moved[:2]] == [found.offset] * 2
    np.testing.assert_allclose(moved[0].energy, mine[0].energy + found.offset)
    assert moved[2:] == tuple(mine[2:])


def test_the_report_compares_without_and_with(
    synthetic_dataset: xr.Dataset, few_trees: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Own standards of a phase that the data lack: each helps to tell the others."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(model_store, "_kept", OrderedDict())
    measured = synthetic_dataset.assign(
        origin=("site", np.array(["measured"] * synthetic_dataset.sizes["site"], dtype=object))
    )
    chosen = own_spectra(measured)[0][:6]
    strange = [
        replace(s, compound=f"strange {n}", name=f"s{n}", mu=s.mu * 0.8 + 0.1, bond_length=3.0)
        for n, s in enumerate(chosen)
    ]
    report = own_standards_report(strange, "Fe", data=synthetic_dataset, library=False)
    length = report.table[report.table["task"] == "bond_length"]
    assert len(length) == 6
    before, after = ((length[name] - 3.0).abs().mean() for name in ("before", "after"))
    assert after < before
    lines = report.lines()
    assert lines[0] == "Standards of your own: 6 of Fe"
    assert any("mean bond length" in line and "→" in line for line in lines)
    assert report.to_json()["offset"] is None
    assert own_standards_report(strange, "Mn", data=None).lines() == []
