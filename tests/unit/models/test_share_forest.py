"""The forest of shares: folds, weights, and what it tells of groups that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.models import share_forest
from edgepair.models.share_forest import (
    FOLDS,
    ForestRows,
    fit_share_forest,
    forest_shares,
    group_folds,
    left_out_shares,
    row_weights,
)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_forest, "TREES", 15)


def made_rows(*, n: int = 80, seed: int = 0, fold: bool = True) -> ForestRows:
    """Make rows of three of five classes, which one feature tells."""
    rng = np.random.default_rng(seed)
    column = rng.integers(0, 3, n) + 1
    features = np.column_stack([column + rng.normal(0, 0.1, n), *rng.normal(size=(3, n))])
    share = np.eye(5)[column]
    folds = np.arange(n) % 4 if fold else np.full(n, -1)
    return ForestRows(features, share, np.ones(n), folds)


def test_it_tells_the_classes_apart_and_shares_add_up() -> None:
    rows = made_rows()
    told = forest_shares(fit_share_forest(rows, 0), rows.features, 5)
    np.testing.assert_allclose(told.sum(axis=1), 1.0)
    assert (told.argmax(axis=1) == rows.share.argmax(axis=1)).all()
    # what it has not seen has no share
    assert (told[:, [0, 4]] == 0).all()


def test_a_row_between_two_classes_is_told_in_between() -> None:
    rows = made_rows()
    between = ForestRows(
        np.vstack([rows.features, np.tile([1.5, 0, 0, 0], (30, 1))]),
        np.vstack([rows.share, np.tile([0, 0.3, 0.7, 0, 0], (30, 1))]),
        np.ones(110),
        np.full(110, -1),
    )
    forest = fit_share_forest(between, 0)
    told = forest_shares(forest, np.array([[1.5, 0, 0, 0]]), 5)[0]
    assert 0.15 < told[1] < 0.45
    assert 0.55 < told[2] < 0.85


def test_every_row_of_a_fold_is_told_by_a_forest_without_it() -> None:
    """A label that only a fold itself holds cannot be told of it."""
    rows = made_rows()
    alone = rows.fold == 2
    share = rows.share.copy()
    share[alone] = np.eye(5)[4]
    told = left_out_shares(ForestRows(rows.features, share, rows.weight, rows.fold), 0)
    assert (told[alone, 4] == 0).all()
    np.testing.assert_allclose(told.sum(axis=1), 1.0)


def test_rows_in_no_fold_are_learnt_from_and_not_told() -> None:
    rows = made_rows()
    fold = np.where(np.arange(80) < 10, 0, -1)
    told = left_out_shares(ForestRows(rows.features, rows.share, rows.weight, fold), 0)
    assert np.isnan(told[10:]).all()
    assert (told[:10].argmax(axis=1) == rows.share[:10].argmax(axis=1)).all()
    assert np.isnan(left_out_shares(made_rows(fold=False), 0)).all()


def test_a_rare_class_is_not_drowned() -> None:
    """Where features say nothing, a class of a tenth of the rows is told more often than a tenth."""
    rng = np.random.default_rng(3)
    share = np.eye(2)[(np.arange(200) % 10 == 0).astype(int)]
    rows = ForestRows(np.zeros((200, 2)), share, np.ones(200), np.full(200, -1))
    told = forest_shares(fit_share_forest(rows, 0), rng.normal(size=(1, 2)), 2)[0]
    # with the square root of its weight held back: 0.1^0.5 / (0.1^0.5 + 0.9^0.5)
    assert told[1] == pytest.approx(0.25, abs=0.05)


def test_the_same_seed_gives_the_same_shares_and_another_others() -> None:
    rows = made_rows(seed=1)
    rows = ForestRows(np.random.default_rng(0).normal(size=(80, 6)), rows.share, rows.weight, rows.fold)
    first, again, other = (left_out_shares(rows, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_groups_go_whole_into_folds_of_like_size() -> None:
    groups = np.repeat([f"g{i}" for i in range(37)], 3)
    held = np.arange(len(groups)) % 3 == 0
    fold = group_folds(groups, held, np.random.default_rng(0))
    for name in np.unique(groups):
        assert len(set(fold[groups == name])) == 1
    sizes = np.bincount(fold[held], minlength=FOLDS)
    assert sizes.max() - sizes.min() <= 1
    assert fold.min() == 0


def test_rows_that_nothing_holds_out_are_in_no_fold() -> None:
    groups = np.array(["a", "a", "", "b", ""])
    held = np.array([True, False, True, False, False])
    fold = group_folds(groups, held, np.random.default_rng(0))
    assert fold[0] == fold[1] >= 0
    assert (fold[2:] == -1).all()


def test_a_compound_has_one_vote_and_a_simulated_row_a_part_of_it() -> None:
    groups = np.array(["a", "a", "b", "a", ""])
    simulated = np.array([False, False, False, True, True])
    np.testing.assert_allclose(row_weights(groups, simulated, 0.05), [0.5, 0.5, 1.0, 0.05, 0.05])
