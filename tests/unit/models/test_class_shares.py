"""Mean values as shares of classes, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepair.models.conformal import class_shares, mean_slopes, sharpened_mean

STATES = np.arange(1, 8)


@given(st.lists(st.floats(1, 7), min_size=1, max_size=20))
def test_shares_have_the_value_as_their_mean(values: list[float]) -> None:
    shares = class_shares(np.array(values), STATES)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(shares @ STATES, values, atol=1e-12)
    assert ((shares > 0).sum(axis=1) <= 2).all()


def test_magnetite_is_two_thirds_three_and_one_third_two() -> None:
    np.testing.assert_allclose(class_shares(np.array([8 / 3]), STATES)[0], [0, 1 / 3, 2 / 3, 0, 0, 0, 0])


def test_values_beyond_the_classes_count_as_the_outermost() -> None:
    shares = class_shares(np.array([-2.0, 12.0]), STATES)
    assert shares[0, 0] == 1
    assert shares[1, -1] == 1


def test_what_is_not_known_has_no_shares() -> None:
    shares = class_shares(np.array([3.0, np.nan]), STATES)
    assert not np.isnan(shares[0]).any()
    assert np.isnan(shares[1]).all()


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda p: sum(p) > 0.1))
def test_a_sharpened_mean_lies_within_the_classes_and_moves_with_them(chances: list[float]) -> None:
    probability = np.array([chances]) / sum(chances)
    mean = sharpened_mean(probability, STATES)
    assert 1 <= mean[0] <= 7
    np.testing.assert_allclose(sharpened_mean(probability, STATES + 3), mean + 3)
    # read from the other end it lies as far from it
    np.testing.assert_allclose(sharpened_mean(probability[:, ::-1], STATES), 8 - mean)


@pytest.mark.parametrize("chance", [0.5, 0.6, 0.9, 1.0])
def test_a_sharpened_mean_is_nearer_to_the_likeliest_class_than_the_plain_one(chance: float) -> None:
    probability = np.array([[chance, 1 - chance]])
    plain = probability @ np.array([2, 3])
    sharp = sharpened_mean(probability, np.array([2, 3]))
    assert 2 <= sharp[0] <= plain[0] + 1e-9
    assert (sharp[0] < plain[0]) == (0.5 < chance < 1)


def test_a_sure_class_is_the_value() -> None:
    np.testing.assert_allclose(sharpened_mean(np.eye(7), STATES), STATES, atol=1e-6)


@given(seed=st.integers(0, 10_000))
def test_slopes_divide_what_a_sharpened_mean_changes_by(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.dirichlet(np.full(5, 0.3), size=2)
    end[rng.integers(5)] = 0.0
    end /= end.sum()
    classes = np.arange(2, 7)
    change = np.diff(sharpened_mean(np.array([start, end]), classes))[0]
    assert mean_slopes(start, end, classes) @ (end - start) == pytest.approx(change, abs=1e-9)
    # from a set of probabilities to itself they are its derivatives
    step = 1e-6 * (rng.dirichlet(np.ones(5)) - start) if start.min() > 1e-3 else np.zeros(5)
    moved = np.diff(sharpened_mean(np.array([start, start + step]), classes))[0]
    assert mean_slopes(start, start, classes) @ step == pytest.approx(moved, rel=1e-3, abs=1e-12)
