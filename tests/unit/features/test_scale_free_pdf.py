"""Features of PDFs that do not depend on their scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgepair.features.pdf import SCALE_FREE, scale_free_features

R = np.arange(0.8, 20.01, 0.1)


def curve(
    at: float = 2.03, *, width: float = 0.12, height: float = 3.0, sign: float = 1.0
) -> NDArray[np.float64]:
    peak = height * np.exp(-0.5 * ((R - at) / width) ** 2)
    far = 5 * np.exp(-0.5 * ((R - 1.5 * at) / 0.15) ** 2) - 0.3 * R * np.exp(-R / 10)
    found: NDArray[np.float64] = sign * peak + far
    return found


@given(st.floats(0.01, 100))
def test_the_scale_does_not_matter(scale: float) -> None:
    G = np.array([curve(), curve(1.8)])
    one, two = scale_free_features(R, G).values, scale_free_features(R, scale * G).values
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("at", [1.62, 1.77, 1.94, 2.03, 2.15])
def test_the_first_peak_is_found_between_the_points(at: float) -> None:
    block = scale_free_features(R, np.array([curve(at)]))
    assert block.values[0, -3] == pytest.approx(at, abs=0.03)


def test_a_dip_is_found_where_neutrons_see_one() -> None:
    G = np.array([curve(1.95, sign=-1.0)])
    assert scale_free_features(R, G, dip=True).values[0, -3] == pytest.approx(1.95, abs=0.03)
    assert abs(scale_free_features(R, G).values[0, -3] - 1.95) > 0.2


def test_a_wider_peak_has_a_larger_width_and_a_higher_one_a_larger_height() -> None:
    narrow, wide = (scale_free_features(R, np.array([curve(width=w)])).values[0] for w in (0.1, 0.2))
    assert wide[-1] > 1.2 * narrow[-1]
    low, high = (scale_free_features(R, np.array([curve(height=h)])).values[0] for h in (2.0, 4.0))
    assert high[-2] > low[-2]


def test_only_the_first_shells_count() -> None:
    changed = curve().copy()
    changed[(SCALE_FREE[0] - 0.01 > R) | (SCALE_FREE[1] + 0.01 < R)] = 77.0
    np.testing.assert_array_equal(
        scale_free_features(R, changed[None]).values, scale_free_features(R, curve()[None]).values
    )


def test_a_curve_does_not_depend_on_those_beside_it() -> None:
    G = np.array([curve(at) for at in (1.7, 1.9, 2.1)])
    together = scale_free_features(R, G).values
    alone = np.vstack([scale_free_features(R, row[None]).values for row in G])
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_each_feature_has_its_place() -> None:
    block = scale_free_features(R, np.array([curve()]))
    assert block.position.shape == (block.values.shape[1],)
    assert block.position.min() >= SCALE_FREE[0] - 1e-9
    assert block.position.max() <= SCALE_FREE[1] + 1e-9


@pytest.mark.parametrize("G", [np.zeros(len(R)), -np.ones(len(R)), R.copy()])
def test_what_has_no_peak_gives_finite_features(G: NDArray[np.float64]) -> None:
    assert np.isfinite(scale_free_features(R, G[None]).values).all()
