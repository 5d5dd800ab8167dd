"""Forests and their folds: what they tell of what they have not seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.models import group_forest
from edgepair.models.group_forest import FOLDS, Fold, fit_group_forest, group_folds, source_folds


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_forest, "TREES", 20)
    monkeypatch.setattr(group_forest, "FOLD_TREES", 10)


def made_rows(*, n: int = 80, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make rows of three of five classes, which one feature tells."""
    rng = np.random.default_rng(seed)
    column = rng.integers(0, 3, n) + 1
    return np.column_stack([column + rng.normal(0, 0.1, n), *rng.normal(size=(3, n))]), np.eye(5)[column]


def quarters(n: int = 80) -> list[Fold]:
    return [Fold(np.arange(n) % 4 == k, np.arange(n) % 4 == k) for k in range(4)]


def test_it_tells_the_classes_apart_and_shares_add_up() -> None:
    features, share = made_rows()
    forest = fit_group_forest(features, share, np.ones(80), quarters())
    for told in (forest.tell(features), forest.told):
        np.testing.assert_allclose(told.sum(axis=1), 1.0)
        assert (told.argmax(axis=1) == share.argmax(axis=1)).mean() > 0.9
        # what it has not seen has no share
        assert (told[:, [0, 4]] == 0).all()


def test_a_row_between_two_classes_is_told_in_between() -> None:
    features, share = made_rows()
    features = np.vstack([features, np.tile([1.5, 0, 0, 0], (30, 1))])
    share = np.vstack([share, np.tile([0, 0.3, 0.7, 0, 0], (30, 1))])
    told = fit_group_forest(features, share, np.ones(110), []).tell(np.array([[1.5, 0, 0, 0]]))[0]
    assert 0.15 < told[1] < 0.45
    assert 0.55 < told[2] < 0.85


def test_every_row_of_a_fold_is_told_by_trees_without_it() -> None:
    """A label that only a fold itself holds cannot be told of it."""
    features, share = made_rows()
    alone = np.arange(80) % 4 == 2
    share[alone] = np.eye(5)[4]
    told = fit_group_forest(features, share, np.ones(80), quarters()).told
    assert (told[alone, 4] == 0).all()
    # nor is a value
    value = np.where(alone, 100.0, 1.0)
    told = fit_group_forest(features, value, np.ones(80), quarters()).told
    assert (told[alone, 0] == 1.0).all()


def test_rows_in_no_fold_are_learnt_from_and_not_told() -> None:
    features, share = made_rows()
    first = np.arange(80) < 10
    told = fit_group_forest(features, share, np.ones(80), [Fold(first, first)]).told
    assert np.isnan(told[10:]).all()
    assert (told[:10].argmax(axis=1) == share[:10].argmax(axis=1)).mean() >= 0.9


def test_a_rare_class_is_not_drowned() -> None:
    """Where features say nothing, a class of a tenth of the rows is told more often than a tenth."""
    share = np.eye(2)[(np.arange(200) % 10 == 0).astype(int)]
    told = fit_group_forest(np.zeros((200, 2)), share, np.ones(200), []).tell(np.zeros((1, 2)))[0]
    # with the square root of its weight held back: 0.1^0.5 / (0.1^0.5 + 0.9^0.5)
    assert told[1] == pytest.approx(0.25, abs=0.05)


def test_a_value_is_told_with_its_spread_over_the_trees() -> None:
    features, share = made_rows()
    value = share.argmax(axis=1).astype(float)
    told = fit_group_forest(features, value, np.ones(80), quarters()).told
    assert np.abs(told[:, 0] - value).mean() < 0.3
    assert (told[:, 1] >= 0).all()
    assert told[:, 1].max() > 0


def test_the_same_seed_gives_the_same_and_another_others() -> None:
    _, share = made_rows(seed=1)
    features = np.random.default_rng(0).normal(size=(80, 6))
    first, again, other = (
        fit_group_forest(features, share, np.ones(80), quarters(), seed=seed).told for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_groups_go_whole_into_folds_of_like_size() -> None:
    groups = np.repeat([f"g{i}" for i in range(37)], 3)
    judged = np.arange(len(groups)) % 3 == 0
    folds = group_folds(groups, judged, 0)
    assert len(folds) == FOLDS
    np.testing.assert_array_equal(sum(fold.judged for fold in folds), judged.astype(int))
    for fold in folds:
        assert not set(groups[fold.judged]) & set(groups[~fold.unseen])
    sizes = [fold.judged.sum() for fold in folds]
    assert max(sizes) - min(sizes) <= 1


def test_sources_are_left_out_whole_and_their_groups_with_them() -> None:
    source = np.array(["a"] * 60 + ["b"] * 10 + ["c"] * 2 + [""] * 3 + ["simulated"] * 5)
    group = np.array(
        [f"g{i}" for i in range(60)]
        + [f"g{i}" for i in range(5)] * 2
        + ["g7", "x", "o1", "o2", "o3"]
        + [""] * 5
    )
    judged = source != "simulated"
    folds = source_folds(source, group, judged, 0)
    np.testing.assert_array_equal(sum(fold.judged for fold in folds), judged.astype(int))
    for fold in folds:
        assert not (fold.judged & ~fold.unseen).any()
        assert not set(group[fold.judged]) & set(group[~fold.unseen])
        named = set(source[fold.judged]) - {""}
        assert not named & set(source[~fold.unseen])
        # the user's own are left out by compound alone, and nothing is ever left out with the simulated
        assert not fold.unseen[source == "simulated"].any()
    # a large source is not left out with all its groups elsewhere at once
    assert sum(bool(set(source[fold.judged]) == {"a"}) for fold in folds) == 2


def test_one_source_alone_is_left_out_by_group() -> None:
    group = np.array([f"g{i}" for i in range(20)])
    folds = source_folds(np.full(20, "a"), group, np.ones(20, dtype=bool), 0)
    assert len(folds) == FOLDS
    assert all((~fold.unseen).any() for fold in folds)


def test_the_trees_are_those_of_scikit_learns_forests() -> None:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    rng = np.random.default_rng(4)
    features, weight = rng.normal(size=(60, 5)), rng.uniform(0.5, 2.0, size=60)
    seen = features.astype(np.float32)
    value = features[:, 0] + rng.normal(size=60)
    theirs = ExtraTreesRegressor(20, max_features=group_forest.VALUE_FEATURES, random_state=7)
    theirs.fit(seen, value, sample_weight=weight)
    ours = fit_group_forest(features, value, weight, [], seed=7)
    np.testing.assert_allclose(ours.tell(features)[:, 0], theirs.predict(seen), atol=1e-12)
    number = rng.choice([1, 3], size=60)
    votes = weight * np.bincount(number, weights=weight)[number] ** -group_forest.BALANCE
    chances = ExtraTreesClassifier(20, max_features=group_forest.CLASS_FEATURES, random_state=7)
    chances.fit(seen, number, sample_weight=votes)
    told = fit_group_forest(features, np.eye(4)[number], weight, [], seed=7).tell(features)
    np.testing.assert_allclose(told[:, [1, 3]], chances.predict_proba(seen), atol=1e-12)
    np.testing.assert_array_equal(told[:, [0, 2]], 0.0)


@pytest.mark.parametrize("classes", [True, False])
def test_few_rows_are_told_as_many_are(classes: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    target = np.eye(3)[rng.integers(0, 3, 60)] if classes else X[:, 0]
    forest = fit_group_forest(X, target, np.ones(60), [])
    new = rng.normal(size=(group_forest.FEW_ROWS + 1, 4))
    np.testing.assert_array_equal(forest.tell(new)[:-1], forest.tell(new[:-1]))
