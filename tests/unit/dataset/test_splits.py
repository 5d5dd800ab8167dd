"""Honest splits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgepair.conventions import DataError, OptionError
from edgepair.dataset import make_folds, split_groups
from edgepair.dataset.splits import _deal

Integers = NDArray[np.int64]


def groups_per_fold(folds: Integers, groups: Integers, chosen: NDArray[np.bool_]) -> list[int]:
    return [len(np.unique(groups[chosen & (folds == fold)])) for fold in range(folds.max() + 1)]


def test_groups_of_a_dataset(synthetic_dataset: xr.Dataset) -> None:
    for split, count in (("formula", 40), ("material", 50), ("random", 60)):
        groups = split_groups(synthetic_dataset, split)
        assert sorted(set(groups.tolist())) == list(range(count))
    by_formula, by_material = split_groups(synthetic_dataset), split_groups(synthetic_dataset, "material")
    # every material lies in one formula
    assert all(len(set(by_formula[by_material == group])) == 1 for group in range(50))


def test_order_of_materials_does_not_matter(synthetic_dataset: xr.Dataset) -> None:
    order = np.random.default_rng(1).permutation(50)
    place = np.argsort(order)
    index = synthetic_dataset["material_index"]
    shuffled = synthetic_dataset.isel(material=order).assign(material_index=("site", place[index.values]))
    np.testing.assert_array_equal(split_groups(shuffled), split_groups(synthetic_dataset))


def test_unknown_split(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(OptionError, match="did you mean 'formula'"):
        split_groups(synthetic_dataset, "formulas")


def test_same_seed_same_folds() -> None:
    groups = np.arange(60) // 2
    one, same, other = (make_folds(groups, n_folds=5, n_repeats=3, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (one[0] != one[1]).any()


def test_fewer_repeats_are_the_first_of_more() -> None:
    groups = np.arange(40)
    many = make_folds(groups, n_folds=4, n_repeats=5, seed=0)
    np.testing.assert_array_equal(many[:2], make_folds(groups, n_folds=4, n_repeats=2, seed=0))


def test_names_of_groups_may_be_any_integers() -> None:
    groups = np.arange(60) // 2
    folds = make_folds(groups, n_folds=5, n_repeats=1, seed=0)
    np.testing.assert_array_equal(make_folds(groups * 10 - 77, n_folds=5, n_repeats=1, seed=0), folds)


@pytest.mark.parametrize(("n_groups", "n_folds"), [(4, 5), (10, 1), (0, 2), (1, 2)])
def test_too_few_groups(n_groups: int, n_folds: int) -> None:
    with pytest.raises(DataError, match=f"{n_groups} groups and {n_folds} folds"):
        make_folds(np.arange(n_groups), n_folds=n_folds, n_repeats=1, seed=0)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Integers, NDArray[np.float64], int, int]:
    """Groups of uneven size; each has one class of an uneven mix, or one for each of its sites."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n_folds = draw(st.integers(2, 6))
    n_groups = draw(st.integers(3 * n_folds, 120))
    groups = np.repeat(np.arange(n_groups), rng.geometric(draw(st.floats(0.2, 1.0)), n_groups))
    weights = rng.dirichlet(np.full(draw(st.integers(1, 6)), 0.7))
    of_group = rng.choice(len(weights), n_groups, p=weights)
    mixed = rng.random(len(groups)) < draw(st.sampled_from([0.0, 0.2]))
    classes = np.where(mixed, rng.choice(len(weights), len(groups), p=weights), of_group[groups])
    return rng.permutation(groups), classes.astype(float), n_folds, int(rng.integers(1000))


@settings(max_examples=60, deadline=None)
@given(layouts())
def test_no_group_stands_on_both_sides(layout: tuple[Integers, NDArray[np.float64], int, int]) -> None:
    groups, classes, n_folds, seed = layout
    folds = make_folds(groups, n_folds=n_folds, n_repeats=2, seed=seed, classes=classes)
    assert folds.shape == (2, len(groups))
    for repeat in folds:
        assert set(repeat.tolist()) == set(range(n_folds))
        for group in np.unique(groups):
            assert len(set(repeat[groups == group].tolist())) == 1


@settings(max_examples=100, deadline=None)
@given(layouts())
def test_every_frequent_class_is_in_every_fold(
    layout: tuple[Integers, NDArray[np.float64], int, int],
) -> None:
    groups, classes, n_folds, seed = layout
    folds = make_folds(groups, n_folds=n_folds, n_repeats=2, seed=seed, classes=classes)
    # Where groups hold several classes it may be impossible: A in 1 2, B in 2 3, C in 1 3, two folds.
    assume(all(len(np.unique(classes[groups == group])) == 1 for group in np.unique(groups)))
    for kind in np.unique(classes):
        mine = classes == kind
        if len(np.unique(groups[mine])) >= n_folds:
            for repeat in folds:
                assert min(groups_per_fold(repeat, groups, mine)) >= 1


def test_classes_that_share_groups_are_spread_where_they_can_be() -> None:
    groups = np.array([2, 5, 1, 3, 5, 5, 1, 4, 4, 5, 0, 1, 0, 0, 4, 0, 5, 5, 1, 5, 5, 1])
    classes = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2], dtype=float)
    folds = make_folds(groups, n_folds=2, n_repeats=5, seed=529, classes=classes)
    for kind in (0.0, 1.0, 2.0, 3.0):  # class 4 has one group
        for repeat in folds:
            assert min(groups_per_fold(repeat, groups, classes == kind)) >= 1


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 8), st.integers(40, 200), st.integers(0, 1000))
def test_folds_of_single_sites_are_of_one_size(n_folds: int, n_groups: int, seed: int) -> None:
    folds = make_folds(np.arange(n_groups), n_folds=n_folds, n_repeats=1, seed=seed)
    counts = np.bincount(folds[0], minlength=n_folds)
    assert counts.max() - counts.min() <= 1


@settings(max_examples=20, deadline=None)
@given(layouts())
def test_folds_are_balanced(layout: tuple[Integers, NDArray[np.float64], int, int]) -> None:
    groups, classes, n_folds, seed = layout
    folds = make_folds(groups, n_folds=n_folds, n_repeats=1, seed=seed, classes=classes)[0]
    counts = np.bincount(folds, minlength=n_folds)
    largest = np.bincount(groups).max()
    # whole groups are dealt, and every class may leave a remainder
    assert (
        counts.max() - counts.min() <= (1 + len(np.unique(classes))) * largest + 0.25 * len(groups) / n_folds
    )


def test_bundled_classes_are_in_every_fold() -> None:
    from edgepair.dataset import load_bundled

    dataset = load_bundled("Fe")
    groups = split_groups(dataset)
    for task in ("oxidation_state", "coordination_number"):
        known = np.isfinite(dataset[task].values)
        classes = dataset[task].values[known]
        folds = make_folds(groups[known], n_folds=5, n_repeats=4, seed=0, classes=classes)
        for kind in np.unique(classes):
            if len(np.unique(groups[known][classes == kind])) >= 5:
                for repeat in folds:
                    assert min(groups_per_fold(repeat, groups[known], classes == kind)) >= 1, (task, kind)


def test_classes_too_rare_for_every_fold_are_accepted() -> None:
    # every class has fewer sites than there are folds: scikit-learn's stratified folds refuse that
    folds = make_folds(
        np.arange(12), n_folds=6, n_repeats=2, seed=0, classes=np.repeat([0.0, 1.0, 2.0, 3.0], 3)
    )
    assert all(np.bincount(repeat).tolist() == [2] * 6 for repeat in folds)


@pytest.mark.parametrize("seed", range(30))
def test_they_are_scikit_learns(seed: int) -> None:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    rng = np.random.default_rng(seed)
    n_groups, n_folds = int(rng.integers(8, 60)), int(rng.integers(2, 7))
    groups = np.unique(rng.integers(0, n_groups, 200), return_inverse=True)[1]
    classes = rng.choice([2.0, 3.0, 4.0, 6.0], 200, p=[0.5, 0.3, 0.15, 0.05])
    for kind, told in ((StratifiedGroupKFold, classes), (GroupKFold, None)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            theirs = list(kind(n_folds, shuffle=True, random_state=seed).split(classes, classes, groups))
        dealt = _deal(groups, n_folds, seed, told)
        for fold, (_, held_out) in enumerate(theirs):
            np.testing.assert_array_equal(np.flatnonzero(dealt == fold), held_out)
