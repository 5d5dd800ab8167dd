"""What holds of prediction whatever the numbers: joint answers, sets, windows, preparing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgepair.conventions import MeasurementError
from edgepair.measured import XanesScan
from edgepair.models.conformal import class_scores, conformal_quantile
from edgepair.prediction import Prediction
from edgepair.prediction.answers import CLASSES, Answer, class_sets, join_answers
from edgepair.prediction.sample import FULL, NEEDED, ROUNDING, choose_window, prepare_xanes

TASK = "oxidation_state"
finite = st.floats(-100, 100)
halves = st.floats(0.001, 5)


# -- joint answers ---------------------------------------------------------------------------------


def length(value: float, half: float) -> Answer:
    one = np.array([value])
    return Answer(one, one - half, one + half, np.array([half]), np.empty((1, 0)), ())


def chances(weights: list[float], half: float) -> Answer:
    probability = np.array([weights]) / sum(weights)
    value = probability @ CLASSES[TASK]
    return Answer(value, value - half, value + half, np.array([half]), probability, ((3,),))


lengths = st.builds(length, st.floats(1, 3), halves)
weights_of = st.lists(st.floats(0.02, 1), min_size=7, max_size=7)
states = st.builds(chances, weights_of, halves)


@given(st.lists(lengths, min_size=2, max_size=4))
def test_a_joint_value_lies_between_the_parts(parts: list[Answer]) -> None:
    joint, share = join_answers("bond_length", parts)
    told = [part.value[0] for part in parts]
    assert min(told) - 1e-9 <= joint.value[0] <= max(told) + 1e-9
    assert share.sum() == pytest.approx(1)
    assert (share >= 0).all()
    assert joint.lower[0] < joint.value[0] < joint.upper[0]


@given(st.floats(1, 3), st.lists(halves, min_size=2, max_size=4))
def test_parts_that_agree_are_as_sure_as_the_surer_at_most(value: float, widths: list[float]) -> None:
    """What is hard for one is often hard for the other."""
    joint, _ = join_answers("bond_length", [length(value, half) for half in widths])
    assert min(widths) - 1e-9 <= joint.upper[0] - joint.value[0] <= max(widths) + 1e-9


@given(halves, halves, st.floats(0, 2), st.floats(0, 2))
def test_the_farther_apart_the_wider(one: float, two: float, near: float, more: float) -> None:
    assume(more > 1e-3)
    narrow, wide = (
        join_answers("bond_length", [length(2.0, one), length(2.0 + apart, two)])[0]
        for apart in (near, near + more)
    )
    assert wide.upper[0] - wide.lower[0] > narrow.upper[0] - narrow.lower[0]


@given(halves, st.floats(0.1, 10))
def test_equal_parts_far_apart_are_less_sure_than_each(half: float, times: float) -> None:
    """From √2 half widths to both sides on, together they claim less than one alone."""
    apart = (np.sqrt(2) + times) * half
    joint, _ = join_answers("bond_length", [length(2.0, half), length(2.0 + apart, half)])
    assert joint.upper[0] - joint.value[0] > half


@given(st.lists(states, min_size=2, max_size=4), st.randoms())
def test_the_order_of_the_parts_does_not_matter(parts: list[Answer], random: Any) -> None:
    order = list(range(len(parts)))
    random.shuffle(order)
    one, share = join_answers(TASK, parts)
    two, other = join_answers(TASK, [parts[k] for k in order])
    for name in ("value", "lower", "upper", "claimed", "probability"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=1e-9)
    np.testing.assert_allclose(share[order], other, atol=1e-12)
    assert one.sets == two.sets


@given(st.lists(states, min_size=1, max_size=4))
def test_joint_classes_are_chances_and_never_an_empty_set(parts: list[Answer]) -> None:
    joint, _ = join_answers(TASK, parts)
    assert joint.probability.sum() == pytest.approx(1)
    assert 1 <= joint.value[0] <= 7
    likeliest = {int(CLASSES[TASK][part.probability[0].argmax()]) for part in parts}
    found = int(CLASSES[TASK][joint.probability[0].argmax()])
    assert found in joint.sets[0]
    if len(likeliest) == 1 and all(np.sort(p.probability[0])[-2] < p.probability[0].max() for p in parts):
        # what all think likeliest, all together do
        assert {found} == likeliest


# -- class sets and quantiles ----------------------------------------------------------------------


@given(weights_of, st.floats(0, 1), st.floats(0, 1))
def test_sets_grow_with_the_limit_and_hold_the_likeliest(
    weights: list[float], one: float, two: float
) -> None:
    probability = np.array([weights]) / sum(weights)
    small, large = (set(class_sets(probability, CLASSES[TASK], b)[0]) for b in sorted((one, two)))
    assert small <= large
    assert int(CLASSES[TASK][probability[0].argmax()]) in small


@given(weights_of, st.integers(0, 6))
def test_a_class_is_in_every_set_whose_limit_reaches_its_score(weights: list[float], true: int) -> None:
    probability = np.array([weights]) / sum(weights)
    score = float(class_scores(probability, np.eye(7)[[true]])[0])
    assert int(CLASSES[TASK][true]) in class_sets(probability, CLASSES[TASK], score)[0]
    if score > 1e-6:
        assert int(CLASSES[TASK][true]) not in class_sets(probability, CLASSES[TASK], score - 1e-6)[0]


@given(
    arrays(float, st.integers(1, 40), elements=finite),
    st.floats(0.5, 0.99),
    st.floats(0.5, 0.99),
    st.randoms(),
)
def test_a_quantile_is_one_of_the_scores_grows_and_knows_no_order(
    scores: np.ndarray, one: float, two: float, random: Any
) -> None:
    votes = np.linspace(0.2, 1, len(scores))
    low, high = (conformal_quantile(scores, votes, level) for level in sorted((one, two)))
    assert low <= high
    assert low in scores
    order = list(range(len(scores)))
    random.shuffle(order)
    assert conformal_quantile(scores[order], votes[order], one) == conformal_quantile(scores, votes, one)


# -- windows and preparing -------------------------------------------------------------------------


@given(st.floats(-300, 50), st.floats(0, 1000))
def test_a_window_is_covered_by_the_scan_or_the_scan_is_refused(first: float, last: float) -> None:
    enough = first <= NEEDED[0] and last >= NEEDED[1]
    try:
        window = choose_window(first, last)
    except MeasurementError:
        assert not enough
        return
    assert enough
    assert max(first - 0.5, FULL[0]) <= window.low
    assert window.high <= min(last + 0.5, FULL[1])
    # no more than the rounding of what was measured goes unused
    assert window.low < max(first + ROUNDING, FULL[0] + 1e-9)
    assert window.high > min(last - ROUNDING, FULL[1] - 1e-9)


ENERGY = np.r_[np.arange(7032.0, 7092, 4), np.arange(7092, 7160, 0.5), np.arange(7160, 7350, 3)]


@settings(max_examples=40, deadline=None)
@given(
    edge=st.floats(7114, 7128),
    width=st.floats(0.5, 2.5),
    line=st.floats(0, 1),
    slope=st.floats(-1e-3, 1e-3),
    scale=st.floats(1e-3, 1e3),
    constant=st.floats(-10, 10),
    down=st.booleans(),
)
def test_scale_constant_and_direction_change_nothing(
    edge: float, width: float, line: float, slope: float, scale: float, constant: float, down: bool
) -> None:
    x = ENERGY - edge
    mu = 0.5 + np.arctan(x / width) / np.pi + line * np.exp(-0.5 * ((x - 6) / 3) ** 2) + slope * x
    scan = XanesScan("a", "", "made", ENERGY, mu, "as made", absorber="Fe", edge="K")
    first = prepare_xanes(scan, None)
    turned = slice(None, None, -1 if down else 1)
    second = prepare_xanes((ENERGY[turned], (scale * (mu + constant))[turned]), "Fe")
    np.testing.assert_allclose(first.mu, second.mu, atol=1e-6)
    np.testing.assert_allclose(first.energy, second.energy, atol=1e-9)
    assert first.shift == pytest.approx(second.shift, abs=1e-6)


# -- results ---------------------------------------------------------------------------------------


@given(st.lists(st.floats(), min_size=3, max_size=3), st.text(), st.lists(st.text(), max_size=3))
def test_every_result_is_json(numbers: list[float], text: str, warnings: list[str]) -> None:
    def refuse(name: str) -> Any:
        raise AssertionError(name)

    table = pd.DataFrame([{"task": text, "value": numbers[0], "lower": np.float32(1.5)}])
    empty = pd.DataFrame()
    told = {"energy_shift": numbers[1], "energy_error": numbers[2], "warnings": tuple(warnings)}
    prediction = Prediction("Fe", table, empty, empty, empty, {}, **told)  # type: ignore[arg-type]
    document = json.loads(prediction.to_json(), parse_constant=refuse)
    assert document["answers"][0]["task"] == text
    assert document["answers"][0]["value"] == (numbers[0] if np.isfinite(numbers[0]) else None)
    assert document["warnings"] == warnings
