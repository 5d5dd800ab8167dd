"""Telling from shapes how far energies are off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgepair.models.edge_features import area_edge
from edgepair.prediction.energy_scale import (
    BEAMLINE_ERROR,
    OFF_SCALE,
    EnergyScale,
    kernel_rows,
    weighed_shift,
)
from edgepair.prediction.energy_window import EnergyWindow
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import XanesRows, collect_rows

GRID = EnergyWindow().grid()


@pytest.fixture(scope="module")
def rows(small_store: Any) -> XanesRows:
    """The small model's rows before any was moved."""
    return collect_rows(EnergyWindow(), small_store.standards, small_store.simulated, 0)


@pytest.fixture(scope="module")
def scale(rows: XanesRows) -> EnergyScale:
    return EnergyScale(GRID, rows)


def moved(rows: XanesRows, by: float) -> np.ndarray:
    return np.array([np.interp(GRID, GRID + by, mu) for mu in rows.mu])


def test_it_knows_edges_of_left_out_compounds_better_than_beamlines_do(scale: EnergyScale) -> None:
    assert 0.1 < scale.error < BEAMLINE_ERROR + 0.3


def test_calibrated_spectra_are_asked_to_move_little_and_shifted_ones_back(
    scale: EnergyScale, rows: XanesRows
) -> None:
    known = rows.shift_known & ~rows.simulated & (rows.absorber == "Fe")
    asked = scale.asked_shift(rows.mu[known], "Fe")
    assert abs(np.median(asked)) < 0.3
    for by in (-2.0, 2.0):
        back = scale.asked_shift(moved(rows, by)[known], "Fe")
        assert np.median(back) == pytest.approx(-by, abs=0.8)


@pytest.mark.parametrize("error", [0.5, 1.0, 3.0])
def test_weighed_shifts_grow_with_what_is_asked_without_a_jump(error: float) -> None:
    asked = np.linspace(-8.0, 8.0, 1601)
    shift = weighed_shift(asked, error)
    np.testing.assert_allclose(shift, -shift[::-1], atol=1e-12)
    steps = np.diff(shift) / np.diff(asked)
    assert (steps > 0).all()
    assert (steps <= 1 + 1e-9).all()
    # a machine that knows nothing moves nothing that is within reach of a usual beamline
    assert weighed_shift(np.array([2.0]), 1e6)[0] == pytest.approx(0.0, abs=1e-9)
    assert weighed_shift(np.array([2.0]), 1e-6)[0] == pytest.approx(2.0)


def test_a_scale_that_is_far_off_is_corrected_in_full(scale: EnergyScale, rows: XanesRows) -> None:
    one = np.flatnonzero(rows.shift_known & ~rows.simulated & (rows.absorber == "Fe"))[:5]
    near = scale.asked_shift(rows.mu[one], "Fe")
    far = scale.asked_shift(moved(rows, -6.0)[one], "Fe")
    assert np.median(weighed_shift(far, scale.error)) > OFF_SCALE
    assert np.median(far - near) == pytest.approx(6.0, abs=1.0)


def test_rows_of_unknown_scale_are_moved_and_no_others(scale: EnergyScale, rows: XanesRows) -> None:
    unknown = ~rows.shift_known
    assert unknown.any()
    np.testing.assert_array_equal(scale.rows.mu[~unknown], rows.mu[~unknown])
    assert (scale.moved[~unknown] == 0).all()
    assert (scale.moved[unknown] != 0).any()
    change = area_edge(GRID, scale.rows.mu[unknown]) - area_edge(GRID, rows.mu[unknown])
    assert np.corrcoef(change, scale.moved[unknown])[0, 1] > 0.9
    np.testing.assert_array_equal(scale.rows.group, rows.group)


def test_the_target_decides_nothing_about_energies(rows: XanesRows, scale: EnergyScale) -> None:
    """The labels of the tasks are not looked at."""
    rng = np.random.default_rng(0)
    other = replace(rows, targets={task: rng.permutation(v) for task, v in rows.targets.items()})
    np.testing.assert_array_equal(EnergyScale(GRID, other).moved, scale.moved)


def test_repeats_share_a_vote_and_unknown_scales_are_noisier(small_xanes: XanesModel) -> None:
    rows = small_xanes.rows
    kernel = kernel_rows(rows, np.zeros((len(rows.group), 2)), 0.03, 0.4, 0.05)
    measured = ~rows.simulated
    names, count = np.unique(rows.group[measured], return_counts=True)
    for name, n in zip(names, count, strict=True):
        mine = measured & (rows.group == name)
        assert kernel.weight[mine].sum() == pytest.approx(1.0)
        expected = 0.03 * (1 + 0.5 * (n - 1)) + 0.05 * ~rows.shift_known[mine]
        np.testing.assert_allclose(kernel.noise[mine], expected)
    assert (kernel.noise[rows.simulated] == 0.4).all()
    assert count.max() > 1


def test_the_error_of_a_scale_without_votes_is_that_of_beamlines(rows: XanesRows) -> None:
    alone = {k: v[rows.simulated] for k, v in vars(rows).items() if k != "targets"}
    targets = {task: v[rows.simulated] for task, v in rows.targets.items()}
    nameless = XanesRows(**alone, targets=targets)
    nameless = replace(nameless, group=np.full(len(nameless.group), ""))
    assert EnergyScale(GRID, nameless).error == BEAMLINE_ERROR
