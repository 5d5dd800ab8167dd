"""What the features say of curves whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.features.blocks import Block, thin
from edgepair.features.pdf import pdf_features
from edgepair.features.xanes import first_crossing, xanes_features

ENERGY = np.arange(7100.0, 7160.0, 0.5)
R = np.arange(0.5, 10.0, 0.01)


def edge(e0: float, white_line: float = 0.5) -> np.ndarray:
    step = np.clip((ENERGY - e0) / 10 + 0.5, 0, 1)
    return step + white_line * np.exp(-0.5 * ((ENERGY - e0 - 8) / 2) ** 2)


def says(block: Block, value: float, *, tolerance: float = 1e-6) -> bool:
    """Whether a feature of the first spectrum has this value."""
    return bool((np.abs(block.values[0] - value) < tolerance).any())


def test_a_ramp_crosses_each_height_where_it_should() -> None:
    ramp = np.clip((ENERGY - 7110.2) / 20, 0, 1)[None, :]
    found = first_crossing(ENERGY, ramp, np.array([0.1, 0.5, 0.9]))
    np.testing.assert_allclose(found, [[7112.2, 7120.2, 7128.2]], atol=1e-9)


def test_heights_never_or_always_reached_are_the_ends() -> None:
    flat = np.array([np.zeros(len(ENERGY)), np.ones(len(ENERGY))])
    np.testing.assert_array_equal(first_crossing(ENERGY, flat, np.array([0.5])), [[ENERGY[-1]], [ENERGY[0]]])


@pytest.mark.parametrize("step", [0.1, 0.5, 2.0])
def test_thinning_keeps_points_a_step_apart(step: float) -> None:
    axis = ENERGY[0] + np.arange(0, 30, 0.25)
    kept = axis[thin(axis, step)]
    assert kept[0] == axis[0]
    np.testing.assert_allclose(np.diff(kept), max(step, 0.25))


def test_the_points_themselves_are_features() -> None:
    mu = np.array([edge(7120), edge(7123)])
    block = xanes_features(ENERGY, mu)
    for row in (0, 1):
        for position in (7105.0, 7120.0, 7140.0):
            at = np.flatnonzero(block.position == position)
            assert np.isclose(block.values[row, at], np.interp(position, ENERGY, mu[row])).any()


def test_the_edge_and_its_white_line_are_among_the_features() -> None:
    block = xanes_features(ENERGY, edge(7120, 0)[None, :])
    assert says(block, 7120)  # half height
    # ∫μ below the edge is a triangle 5 eV wide and 0.5 high; the points are 0.5 eV apart.
    assert says(block, 1.25, tolerance=0.13)
    tall = xanes_features(ENERGY, edge(7120, 0.8)[None, :])
    assert says(tall, ENERGY[edge(7120, 0.8).argmax()])
    assert says(tall, edge(7120, 0.8).max())


def test_a_shift_of_the_spectrum_shifts_energies_and_keeps_widths() -> None:
    shift = 4.0
    block = xanes_features(ENERGY, np.array([edge(7118), edge(7118 + shift)]))
    one, two = block.values[:, len(thin(ENERGY, 0.5)) :]
    moved = np.isclose(two - one, shift, atol=1e-6)
    kept = np.isclose(two, one, atol=1e-6)
    assert moved.sum() >= 10
    assert (moved | kept).mean() > 0.9  # all but what the ends of the range touch


@pytest.mark.parametrize(
    "mu",
    [np.zeros(len(ENERGY)), np.ones(len(ENERGY)), np.linspace(0, 1, len(ENERGY)),
     np.linspace(1, 0, len(ENERGY)), np.random.default_rng(0).normal(size=len(ENERGY))],
    ids=["nothing", "flat", "rising", "falling", "noise"],
)  # fmt: skip
def test_odd_spectra_have_finite_features_on_the_axis(mu: np.ndarray) -> None:
    block = xanes_features(ENERGY, np.array([mu, edge(7120)]))
    assert np.isfinite(block.values).all()
    assert (block.low <= block.high).all()
    assert block.low.min() >= ENERGY[0]
    assert block.high.max() <= ENERGY[-1]


def pair_distribution(shells: list[tuple[float, float]], density: float = 0.08) -> np.ndarray:
    """G(r) of Gaussian shells (distance, number of neighbours) on an empty background."""
    radial = sum(n * np.exp(-0.5 * ((R - d) / 0.07) ** 2) / (0.07 * np.sqrt(2 * np.pi)) for d, n in shells)
    curve: np.ndarray = radial / R - 4 * np.pi * density * R
    return curve


def test_the_running_number_counts_neighbours() -> None:
    block = pdf_features(R, pair_distribution([(2.0, 6.0), (2.9, 12.0)])[None, :])
    assert says(block, 6.0, tolerance=0.05)  # between the shells, and the area of the first peak
    assert says(block, 18.0, tolerance=0.1)  # after both


def test_the_first_peak_is_where_it_was_put() -> None:
    for distance in (1.82, 2.04, 2.237):
        curve = pair_distribution([(distance, 6.0), (3.1, 20.0)])
        block = pdf_features(R, curve[None, :])
        assert says(block, R[curve.argmax()] if distance > 3 else distance, tolerance=0.006)


def test_the_density_of_the_material_is_taken_out() -> None:
    sparse, dense = (
        pdf_features(R, pair_distribution([(2.0, 6.0)], density)[None, :]).values for density in (0.05, 0.12)
    )
    changed = np.abs(sparse - dense) > 0.02
    assert changed.mean() < 0.02  # the height of the first peak of G, no more


@pytest.mark.parametrize("r", [R, R[R > 1.5], R[R > 7], np.array([1.0, 2.0, 3.0])], ids=len)
def test_short_and_late_axes_have_finite_features(r: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    block = pdf_features(r, np.array([rng.normal(size=len(r)), np.zeros(len(r))]))
    assert block.values.shape[0] == 2
    assert np.isfinite(block.values).all()
    assert np.isfinite(block.position).all()
