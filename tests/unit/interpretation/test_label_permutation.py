"""The test against labels that have nothing to do with the curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from edgepair.conventions import TASKS
from edgepair.features import compute_features
from edgepair.interpretation.rounds import (
    _exchange,
    label_permutation_fits,
    label_permutation_rows,
)
from edgepair.models import FitOutcome, fit_folds
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_cell

Maker = Callable[..., xr.Dataset]


@pytest.fixture
def cell(make_synthetic: Maker) -> Cell:
    found, _ = plan_cell(make_synthetic(), TASKS["oxidation_state"], StudyConfig.check(quick=True))
    assert found is not None
    return found


def with_groups(cell: Cell, groups: list[int]) -> Cell:
    """A cell of labels 0, 1, 2, … in the groups given."""
    return replace(cell, groups=np.array(groups), target=np.arange(len(groups)))


def blocks(cell: Cell, target: np.ndarray) -> dict[int, list[int]]:
    return {int(g): target[cell.groups == g].tolist() for g in np.unique(cell.groups)}


def test_formulas_of_one_size_exchange_all_their_labels_in_order(cell: Cell) -> None:
    made = with_groups(cell, [0, 1, 1, 2, 0, 3, 3, 4, 5, 5])
    before = blocks(made, made.target)
    seen = set()
    for seed in range(50):
        after = blocks(made, _exchange(made, np.random.default_rng(seed)))
        for size in (1, 2):
            old = sorted(labels for labels in before.values() if len(labels) == size)
            assert sorted(labels for labels in after.values() if len(labels) == size) == old
        seen.add(tuple(after[0]))
    # Formula 0 has met the labels of each of the four of its size.
    assert len(seen) == 4


def test_formulas_of_sizes_of_their_own_exchange_what_fits(cell: Cell) -> None:
    made = with_groups(cell, [0] * 5 + [1] * 3 + [2] * 2)
    kept = 0
    for seed in range(60):
        after = _exchange(made, np.random.default_rng(seed))
        assert sorted(after) == list(range(10))
        # Laid end to end: at most as many breaks as there are formulas.
        assert (np.diff(after) != 1).sum() <= 3
        kept += after.tolist() == list(range(10))
    assert 0 < kept < 60 / 3


def test_a_single_large_formula_does_not_keep_its_labels(cell: Cell) -> None:
    made = with_groups(cell, [0] * 6 + [1, 2, 3])
    changed = [(_exchange(made, np.random.default_rng(k))[:6] != made.target[:6]).any() for k in range(20)]
    assert np.mean(changed) > 0.5


def test_one_formula_alone_keeps_its_labels(cell: Cell) -> None:
    made = with_groups(cell, [4, 4, 4])
    assert _exchange(made, np.random.default_rng(0)).tolist() == [0, 1, 2]


@given(groups=st.lists(st.integers(0, 8), min_size=1, max_size=40), seed=st.integers(0, 99))
def test_every_label_is_used_once(groups: list[int], seed: int) -> None:
    n, none = len(groups), np.zeros(0, dtype=np.int64)
    bare = Cell(
        xr.Dataset(), "Fe", TASKS["oxidation_state"], np.arange(n), none, (2, 3), none, 9, none, "formula"
    )
    made = with_groups(bare, groups)
    assert sorted(_exchange(made, np.random.default_rng(seed)).tolist()) == list(range(len(groups)))


def test_real_labels_come_first_and_all_have_the_same_folds(cell: Cell) -> None:
    fits = label_permutation_fits(cell, "xanes", trees=3, n=4, seed=1)
    assert len(fits) == 5
    assert np.array_equal(fits[0].task.target, cell.target)
    for fit in fits[1:]:
        assert not np.array_equal(fit.task.target, cell.target)
        assert np.array_equal(fit.task.folds, fits[0].task.folds)
        assert fit.table is cell.table("xanes")
    for group in np.unique(cell.groups):
        assert len(set(fits[0].task.folds[cell.groups == group].tolist())) == 1
    again = label_permutation_fits(cell, "xanes", trees=3, n=4, seed=1)
    assert all(np.array_equal(a.task.target, b.task.target) for a, b in zip(fits, again, strict=True))


def test_labels_that_are_in_the_spectra_are_told_from_exchanged_ones(cell: Cell) -> None:
    values = compute_features(cell.dataset, "xanes").values
    fits = label_permutation_fits(cell, "xanes", trees=3, n=19)
    rows = label_permutation_rows(cell, "xanes", fits, [fit_folds(values[f.sites], f.task) for f in fits])
    by_name = {row["name"]: row for row in rows}
    assert by_name["score"]["value"] > 0.9
    # Two balanced classes that nothing tells: half are right.
    assert by_name["null"]["value"] == pytest.approx(0.5, abs=0.12)
    assert by_name["p"]["value"] == pytest.approx(1 / 20)
    assert "better than with labels permuted between formulas" in by_name["p"]["sentence"]
    assert "not shown" not in by_name["p"]["sentence"]


def outcome(predicted: np.ndarray) -> FitOutcome:
    none = np.zeros((0, 0), dtype=np.float32)
    return FitOutcome(predicted, np.eye(2, dtype=np.float32)[predicted], none, none)


def test_p_counts_the_exchanges_that_score_as_well(cell: Cell) -> None:
    fits = label_permutation_fits(cell, "xanes", n=9)
    worse = 1 - cell.target
    # The real labels half right; of nine exchanges two all right, seven all wrong.
    half = np.where(np.arange(len(cell.target)) % 4 < 2, cell.target, worse)
    told = [half] + [fit.task.target if k < 2 else 1 - fit.task.target for k, fit in enumerate(fits[1:])]
    rows = label_permutation_rows(cell, "xanes", fits, [outcome(answers) for answers in told])
    assert rows[-1]["value"] == pytest.approx(3 / 10)
    assert "not shown to be better" in rows[-1]["sentence"]


def test_few_exchanges_are_not_enough_to_say_better(cell: Cell) -> None:
    fits = label_permutation_fits(cell, "xanes", n=4)
    told = [cell.target] + [1 - fit.task.target for fit in fits[1:]]
    sentence = label_permutation_rows(cell, "xanes", fits, [outcome(answers) for answers in told])[-1][
        "sentence"
    ]
    assert "too few to say more" in sentence
    assert "p = 0.200" in sentence
