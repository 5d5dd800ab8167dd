"""Properties of resampling and of instruments."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgepair.dataset.store import round_mantissa
from edgepair.spectra import PDFInstrument, apply_instrument, resample_mu

Floats = NDArray[np.float64]
FEW = settings(max_examples=20, deadline=None)
R = np.arange(1, 201) * 0.04


@st.composite
def spectra(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Increasing energies at uneven steps, and any values a normalised spectrum may have."""
    n = draw(st.integers(2, 60))
    steps = draw(arrays(np.float64, n, elements=st.floats(0.01, 5.0)))
    mu = draw(arrays(np.float64, n, elements=st.floats(-0.5, 3.0, allow_subnormal=False)))
    return 7000 + np.cumsum(steps), mu


@FEW
@given(spectra())
def test_own_grid_is_the_identity(spectrum: tuple[Floats, Floats]) -> None:
    energy, mu = spectrum
    # rounding of cubic coefficients at values of order 1
    np.testing.assert_allclose(resample_mu(energy, mu, grid=energy), mu, atol=1e-12)


@FEW
@given(spectra(), st.integers(2, 200))
def test_resampled_values_stay_between_their_neighbours(spectrum: tuple[Floats, Floats], n: int) -> None:
    energy, mu = spectrum
    grid = np.linspace(energy[0], energy[-1], n)
    left = np.clip(np.searchsorted(energy, grid, side="right") - 1, 0, len(energy) - 2)
    low, high = np.minimum(mu[left], mu[left + 1]), np.maximum(mu[left], mu[left + 1])
    result = resample_mu(energy, mu, grid=grid)
    assert (result >= low - 1e-12).all()
    assert (result <= high + 1e-12).all()


@FEW
@example((np.array([7002.0, 7004.0, 7006.0]), np.array([0.0, 2.3e-308, 2.3e-308])), 1.0, 0.0)
@given(spectra(), st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_offset_commute_with_resampling(
    spectrum: tuple[Floats, Floats], factor: float, offset: float
) -> None:
    energy, mu = spectrum
    grid = np.linspace(energy[0], energy[-1], 50)
    changed = resample_mu(energy, factor * mu + offset, grid=grid)
    np.testing.assert_allclose(changed, factor * resample_mu(energy, mu, grid=grid) + offset, atol=1e-9)


@FEW
@given(
    arrays(np.float64, (2, 200), elements=st.floats(-10, 10)),
    st.floats(-2, 2),
    st.floats(5, 40),
    st.floats(0, 0.1),
    st.floats(0.003, 0.02),
)
def test_instrument_is_linear_in_curve_and_baseline(
    curves: Floats, weight: float, qmax: float, qdamp: float, u_iso: float
) -> None:
    instrument = PDFInstrument(qmax=qmax, qdamp=qdamp, u_iso=u_iso, r_first=0.5, r_last=7.0)
    slopes = np.array([-1.3, -0.7])
    shown = apply_instrument(R, curves, baseline=slopes, ideal_u_iso=0.003, instrument=instrument)
    mixed = apply_instrument(
        R, curves[0] + weight * curves[1], baseline=slopes[0] + weight * slopes[1], ideal_u_iso=0.003,
        instrument=instrument,
    )  # fmt: skip
    # arithmetic on numbers of order 100
    np.testing.assert_allclose(mixed[0], shown[0] + weight * shown[1], atol=1e-9)


@FEW
@given(
    arrays(np.float32, 20, elements=st.floats(-100, 100, width=32, allow_subnormal=False)), st.integers(2, 22)
)
def test_rounding_twice_is_rounding_once(values: NDArray[np.float32], bits: int) -> None:
    once = round_mantissa(values, bits)
    np.testing.assert_array_equal(round_mantissa(once, bits), once)
    assert (np.abs(once - values) <= np.abs(values) * 2.0 ** -(bits + 1)).all()
