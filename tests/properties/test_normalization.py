"""Normalisation does not depend on units, offsets or where the energy scale starts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgepair.conventions import DataError
from edgepair.spectra import NormalizedSpectrum, normalize_mu
from edgepair.spectra.quality import judge_quality

Floats = NDArray[np.float64]


def made(energy: Floats, e0: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    x = energy - e0
    k = np.sqrt(np.clip(x, 0, None) / 3.81)
    mu = 1 / (1 + np.exp(-x / rng.uniform(0.8, 2.5))) + rng.uniform(0, 1) * np.exp(-0.5 * ((x - 6) / 3) ** 2)
    mu += rng.uniform(0, 0.6) * np.exp(-0.5 * ((x + 13) / 1) ** 2)
    mu += np.where(x > 0, 0.15 * np.sin(rng.uniform(3, 5) * k) * np.exp(-0.03 * k**2), 0)
    result: Floats = mu + rng.normal(0, 0.002, len(x))
    return result


def steps(before: float, after: float) -> Floats:
    x = np.r_[np.arange(-200, -30, 10.0), np.arange(-30, 45, 0.4), 45 + np.cumsum(np.linspace(1, 5, 250))]
    return x[(x > -before) & (x < after)]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    before=st.floats(12, 220),
    after=st.floats(40, 700),
    scale=st.floats(1e-4, 1e5),
    offset=st.floats(-5, 5),
    moved=st.floats(-3000, 3000),
)
def test_scale_offset_and_place_change_nothing(
    seed: int, before: float, after: float, scale: float, offset: float, moved: float
) -> None:
    x = steps(before, after)
    energy = 7124 + x
    mu = made(energy, 7124, seed) + 3.0  # raw: not near 0, where it might pass for normalised before
    first = normalize_mu(energy, mu)
    second = normalize_mu(energy + moved, scale * (mu + offset + 5))
    np.testing.assert_allclose(second.e0 - moved, first.e0, atol=2e-3)
    np.testing.assert_allclose(second.mu, first.mu, atol=2e-3)
    np.testing.assert_allclose(second.edge_step, scale * first.edge_step, rtol=2e-3)
    assert len(judge_quality(second).glitches) == len(judge_quality(first).glitches)


@settings(max_examples=80, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    gaps=st.lists(st.floats(1e-6, 300), min_size=1, max_size=60),
    start=st.floats(0, 20_000),
)
def test_anything_is_normalised_or_refused(values: list[float], gaps: list[float], start: float) -> None:
    size = min(len(values), len(gaps))
    energy = start + np.cumsum(gaps[:size])
    parts: tuple[str, ...] = ()
    spectrum: NormalizedSpectrum | None
    try:
        spectrum = normalize_mu(energy, values[:size])
    except DataError as error:
        parts = (error.found, error.needed, error.suggestion)
        spectrum = None
    if spectrum is None:
        assert all(parts)
        return
    assert np.isfinite(spectrum.mu).all()
    assert spectrum.edge_step > 0
    judge_quality(spectrum)
