"""Labels permuted between formulas are a permutation that tears formulas apart as little as it can."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from edgepair.conventions import TASKS
from edgepair.study.fits import permuted_labels
from edgepair.study.plan import Cell

sites = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=40)
seeds = st.lists(st.integers(0, 2**32), min_size=1, max_size=3)


def make_cell(rows: list[tuple[int, int]]) -> Cell:
    groups, target = (np.array(part) for part in zip(*rows, strict=True))
    return Cell(
        xr.Dataset(), "Fe", TASKS["oxidation_state"], np.arange(len(rows)), target, (0, 1, 2, 3), groups, 9,
        np.zeros((1, len(rows)), dtype=int), "formula",
    )  # fmt: skip


def changes(labels: Any) -> int:
    return int(np.count_nonzero(np.diff(labels)))


@given(sites, seeds)
def test_the_labels_are_the_same_ones(rows: list[tuple[int, int]], seed: list[int]) -> None:
    cell = make_cell(rows)
    before = cell.target.copy()
    permuted = permuted_labels(cell, seed=seed)
    assert sorted(permuted) == sorted(before)
    np.testing.assert_array_equal(cell.target, before)
    np.testing.assert_array_equal(permuted, permuted_labels(cell, seed=seed))


@given(sites, seeds)
def test_within_formulas_labels_change_no_more_often_than_from_formula_to_formula(
    rows: list[tuple[int, int]], seed: list[int]
) -> None:
    cell = make_cell(rows)
    laid_out = cell.target[np.argsort(cell.groups, kind="stable")]
    permuted = permuted_labels(cell, seed=seed)
    within = sum(changes(permuted[cell.groups == name]) for name in np.unique(cell.groups))
    assert within <= changes(laid_out)


@given(st.integers(1, 4), st.integers(1, 6), seeds)
def test_formulas_of_one_size_exchange_their_labels_whole(size: int, n_groups: int, seed: list[int]) -> None:
    rng = np.random.default_rng(n_groups)
    rows = [(group, int(label)) for group in range(n_groups) for label in rng.integers(0, 4, size)]
    cell = make_cell(rows)
    permuted = permuted_labels(cell, seed=seed).reshape(n_groups, size)
    assert sorted(map(tuple, permuted)) == sorted(map(tuple, cell.target.reshape(n_groups, size)))
