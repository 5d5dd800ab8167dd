"""Contributions of techniques add up, whatever the scores."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgepair.study.contributions import commonality_coefficients, shapley_values, two_way_split

Gains = NDArray[np.float64]
score = st.floats(-1, 1, width=32)
CLOSE = {"rtol": 0, "atol": 1e-12}


def games(most: int = 4) -> st.SearchStrategy[Gains]:
    """Gains of all sets of players; the empty set gains nothing."""
    return st.integers(1, most).flatmap(
        lambda n: arrays(np.float64, (2**n, 3), elements=score).map(lambda gains: gains - gains[0])
    )


def renamed(gains: Gains, order: tuple[int, ...]) -> Gains:
    """The same game when player i is called ``order[i]``."""
    members = [
        sum(1 << new for old, new in enumerate(order) if place >> old & 1) for place in range(len(gains))
    ]
    result = np.empty_like(gains)
    result[members] = gains
    return result


@given(games())
def test_shapley_values_and_commonality_add_up(gains: Gains) -> None:
    np.testing.assert_allclose(shapley_values(gains).sum(axis=0), gains[-1], **CLOSE)
    np.testing.assert_allclose(commonality_coefficients(gains).sum(axis=0), gains[-1], **CLOSE)


@given(games())
def test_each_gain_is_the_sum_of_what_its_set_has_a_part_in(gains: Gains) -> None:
    coefficients = commonality_coefficients(gains)
    places = np.arange(len(gains))
    for members in places:
        np.testing.assert_allclose(coefficients[(places & members) > 0].sum(axis=0), gains[members], **CLOSE)


@given(games(), st.data())
def test_names_do_not_matter(gains: Gains, data: st.DataObject) -> None:
    n = len(gains).bit_length() - 1
    order = data.draw(st.sampled_from(list(permutations(range(n)))))
    shares = shapley_values(gains)
    np.testing.assert_allclose(shapley_values(renamed(gains, order))[list(order)], shares, **CLOSE)


@given(games(3))
def test_one_who_brings_nothing_gets_nothing(gains: Gains) -> None:
    with_dummy = np.concatenate([gains, gains])
    shares = shapley_values(with_dummy)
    np.testing.assert_allclose(shares[-1], 0, **CLOSE)
    np.testing.assert_allclose(shares[:-1], shapley_values(gains), **CLOSE)
    coefficients = commonality_coefficients(with_dummy)
    np.testing.assert_allclose(coefficients[len(gains) :], 0, **CLOSE)


@given(games(), games())
def test_shapley_values_are_linear(one: Gains, other: Gains) -> None:
    if one.shape != other.shape:
        other = one[::-1] - one[-1]
    both = shapley_values(one) + 2 * shapley_values(other)
    np.testing.assert_allclose(shapley_values(one + 2 * other), both, **CLOSE)


@given(score, score, score)
def test_splits_obey_the_consistency_equations(first: float, second: float, both: float) -> None:
    parts = two_way_split(np.array(first), np.array(second), np.array(both))
    shared, together = parts["shared"], parts["together"]
    np.testing.assert_allclose(parts["unique_first"] + shared, first, **CLOSE)
    np.testing.assert_allclose(parts["unique_second"] + shared, second, **CLOSE)
    total = parts["unique_first"] + parts["unique_second"] + shared + together
    np.testing.assert_allclose(total, both, **CLOSE)
    assert shared >= 0
    assert together >= 0
    assert min(shared, together) == 0
    np.testing.assert_allclose(together - shared, parts["interaction"], **CLOSE)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_no_split_without_negative_parts_shares_less_or_more(
    first: float, second: float, both: float
) -> None:
    """Where neither side costs anything, all such splits share between the two bounds."""
    both = max(first, second, both)
    parts = two_way_split(np.array(first), np.array(second), np.array(both))
    least, most = float(parts["shared"]), float(parts["shared_most"])
    assert least <= most + 1e-12
    for shared in np.linspace(least, most, 5):
        together = both - first - second + shared
        assert min(first - shared, second - shared, together) >= -1e-12
    for shared in (least - 0.01, most + 0.01):
        together = both - first - second + shared
        assert min(shared, first - shared, second - shared, together) < 0


@given(st.floats(0, 1))
def test_a_copy_is_all_shared_and_what_needs_both_is_all_together(gain: float) -> None:
    whole, nothing = np.array(gain), np.array(0.0)
    copy = two_way_split(whole, whole, whole)
    assert (copy["shared"], copy["unique_first"], copy["unique_second"], copy["together"]) == (gain, 0, 0, 0)
    puzzle = two_way_split(nothing, nothing, whole)
    assert (puzzle["together"], puzzle["shared"], puzzle["unique_first"]) == (gain, 0, 0)
