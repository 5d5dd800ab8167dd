"""Class sets, and joining what several techniques say."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.prediction.answers import CLASSES, Answer, class_sets, join_answers


def length(value: float, half: float, *, claimed: float | None = None) -> Answer:
    """Answer a bond length."""
    return Answer(
        np.array([value]),
        np.array([value - half]),
        np.array([value + half]),
        np.array([half / 2 if claimed is None else claimed]),
        np.empty((1, 0)),
        (),
    )


def state(likely: dict[int, float], half: float) -> Answer:
    """Answer an oxidation state by chances."""
    classes = CLASSES["oxidation_state"]
    probability = np.array([[likely.get(int(name), 0.0) for name in classes]])
    value = probability @ classes
    return Answer(value, value - half, value + half, np.array([half / 2]), probability, ((3,),))


def test_a_set_takes_classes_from_the_likeliest_on() -> None:
    probability = np.array([[0.1, 0.6, 0.25, 0.05], [0.0, 0.0, 0.0, 1.0]])
    classes = np.array([2, 3, 4, 5])
    assert class_sets(probability, classes, 0.0) == ((3,), (5,))
    assert class_sets(probability, classes, 0.6) == ((3, 4), (5,))
    assert class_sets(probability, classes, 0.86) == ((2, 3, 4), (5,))
    assert class_sets(probability, classes, 1.0) == ((2, 3, 4, 5), (2, 3, 4, 5))


def test_two_that_agree_are_no_surer_than_the_surer() -> None:
    joint, share = join_answers("bond_length", [length(2.0, 0.03), length(2.0, 0.04)])
    assert joint.value[0] == pytest.approx(2.0)
    assert joint.upper[0] - joint.value[0] == pytest.approx(0.03 * 16 / 25 + 0.04 * 9 / 25)
    np.testing.assert_allclose(share[:, 0], [16 / 25, 9 / 25])


def test_two_that_disagree_are_less_sure() -> None:
    one, two = length(1.9, 0.02), length(2.1, 0.02)
    joint, share = join_answers("bond_length", [one, two])
    assert joint.value[0] == pytest.approx(2.0)
    assert joint.lower[0] < 1.9
    assert joint.upper[0] > 2.1
    np.testing.assert_allclose(share[:, 0], 0.5)


def test_a_part_that_knows_nothing_changes_nothing() -> None:
    one = length(1.95, 0.02)
    joint, share = join_answers("bond_length", [one, length(2.4, 1e4, claimed=1e4)])
    assert joint.value[0] == pytest.approx(1.95, abs=1e-6)
    assert joint.upper[0] == pytest.approx(one.upper[0], abs=1e-4)
    assert share[0, 0] == pytest.approx(1.0)


def test_one_part_alone_is_itself() -> None:
    one = length(1.95, 0.02)
    joint, share = join_answers("bond_length", [one])
    for name in ("value", "lower", "upper", "claimed"):
        np.testing.assert_allclose(getattr(joint, name), getattr(one, name))
    assert share.tolist() == [[1.0]]


def test_the_likeliest_class_of_all_is_the_likeliest_of_the_whole() -> None:
    one, two = state({2: 0.3, 3: 0.7}, 0.5), state({3: 0.55, 4: 0.45}, 0.9)
    joint, _ = join_answers("oxidation_state", [one, two])
    classes = CLASSES["oxidation_state"]
    assert classes[joint.probability[0].argmax()] == 3
    assert joint.probability.sum() == pytest.approx(1)
    # what only one thinks possible loses
    assert joint.probability[0, 2] > 0.7
    assert 3 in joint.sets[0]


def test_the_set_holds_the_classes_of_the_interval_and_the_likeliest() -> None:
    joint, _ = join_answers("oxidation_state", [state({2: 1.0}, 0.3), state({4: 1.0}, 0.3)])
    low, high = joint.lower[0], joint.upper[0]
    inside = [int(name) for name in CLASSES["oxidation_state"] if low <= name <= high]
    likeliest = int(CLASSES["oxidation_state"][joint.probability[0].argmax()])
    assert joint.sets == (tuple(sorted({*inside, likeliest})),)
    assert high - low > 2


def test_the_sure_one_decides_over_a_class() -> None:
    sure, vague = state({3: 0.95, 2: 0.05}, 0.1), state({2: 0.6, 3: 0.4}, 1.5)
    joint, share = join_answers("oxidation_state", [sure, vague])
    assert CLASSES["oxidation_state"][joint.probability[0].argmax()] == 3
    assert share[0, 0] > 0.99


def test_several_samples_are_joined_one_by_one() -> None:
    ones = [length(2.0, 0.02), length(1.9, 0.03)]
    twos = [length(2.1, 0.05), length(1.8, 0.01)]

    def stack(parts: list[Answer]) -> Answer:
        names = ("value", "lower", "upper", "claimed", "probability")
        return Answer(*(np.concatenate([getattr(p, name) for p in parts]) for name in names), ())

    joint, share = join_answers("bond_length", [stack(ones), stack(twos)])
    for k in range(2):
        alone, own = join_answers("bond_length", [ones[k], twos[k]])
        assert joint.value[k] == pytest.approx(alone.value[0])
        assert joint.upper[k] == pytest.approx(alone.upper[0])
        np.testing.assert_allclose(share[:, k], own[:, 0])
