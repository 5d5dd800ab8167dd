"""Fits: what is fitted for scores, for permuted labels and beside the study."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.models import fit_folds
from edgepair.study.config import StudyConfig
from edgepair.study.fits import (
    ASIDE_TREES,
    FEW_TREES,
    NULL_FITS,
    Work,
    fits_aside,
    permuted_labels,
    study_fits,
)
from edgepair.study.plan import Cell, plan_cell


@pytest.fixture
def cell(synthetic_dataset: xr.Dataset) -> Cell:
    planned = plan_cell(synthetic_dataset, TASKS["oxidation_state"], StudyConfig.check(repeats=2))[0]
    assert planned is not None
    return planned


def grouped(cell: Cell, groups: list[int], target: list[int]) -> Cell:
    return replace(cell, groups=np.array(groups), target=np.array(target))


def test_permuted_labels_are_the_labels_in_another_order(cell: Cell) -> None:
    one = permuted_labels(cell, seed=[0, 3, 1])
    np.testing.assert_array_equal(np.sort(one), np.sort(cell.target))
    np.testing.assert_array_equal(one, permuted_labels(cell, seed=[0, 3, 1]))
    assert not np.array_equal(one, permuted_labels(cell, seed=[0, 3, 2]))
    assert not np.array_equal(one, cell.target)


def test_formulas_of_one_size_exchange_their_labels_whole(cell: Cell) -> None:
    made = grouped(cell, [4, 0, 1, 2, 0, 1, 2, 4], [40, 0, 10, 20, 1, 11, 21, 41])
    seen = set()
    for seed in range(60):
        told = permuted_labels(made, seed=[seed])
        blocks = [tuple(told[made.groups == name]) for name in (0, 1, 2, 4)]
        assert sorted(blocks) == [(0, 1), (10, 11), (20, 21), (40, 41)]
        seen.add(tuple(blocks))
    assert len(seen) > 15  # of 24


def test_what_permuted_labels_teach_is_nothing(cell: Cell) -> None:
    """Over many permutations a formula meets each class as often as there are such sites."""
    met = np.mean([permuted_labels(cell, seed=[seed]) for seed in range(400)], axis=0)
    assert met == pytest.approx(np.full(len(met), cell.target.mean()), abs=0.13)  # 5 standard errors
    before = cell.target.astype(float)
    assert abs(np.corrcoef(before, met)[0, 1]) < 0.5


def test_a_fit_with_permuted_labels_learns_from_one_training_set(cell: Cell) -> None:
    table = cell.table("xanes+pdf")
    config = StudyConfig.check(quick=True, seed=7, trees=3)
    null = [item for item in study_fits(cell, ["xanes+pdf"], config) if item.purpose == "null"]
    assert len(null) == NULL_FITS
    for number, item in enumerate(null):
        task = item.task
        held_out = cell.folds[0] == number % 5
        np.testing.assert_array_equal(task.folds, np.where(held_out, 0, -1))
        np.testing.assert_array_equal(task.target, permuted_labels(cell, seed=[7, 3, number]))
        assert task.windows == ()
    outcome = fit_folds(table.values, task)
    assert outcome.impurity.shape == (1, len(table.technique))
    assert outcome.impurity.sum() == pytest.approx(1, abs=1e-5)
    assert (outcome.probability[~held_out] == 0).all()
    np.testing.assert_allclose(outcome.probability[held_out].sum(axis=1), 1, atol=1e-6)


def test_permuted_labels_are_learned_for_pairs_with_xanes_and_by_the_first_learner(cell: Cell) -> None:
    config = StudyConfig.check(quick=True)
    modalities = ["xanes", "pdf", "xanes+pdf", "xanes+npdf", "pdf+dpdf", "xanes+pdf+dpdf"]
    fits = study_fits(cell, modalities, config)
    null = Counter((fit.modality, fit.learner) for fit in fits if fit.purpose == "null")
    assert null == {("xanes+pdf", "forest"): NULL_FITS, ("xanes+npdf", "forest"): NULL_FITS}
    for first in ("kernel", "blend"):
        without = study_fits(cell, modalities, StudyConfig.check(quick=True, learners=[first, "forest"]))
        assert not [fit for fit in without if fit.purpose == "null"]


@pytest.mark.parametrize(
    ("quick", "alone", "pair"), [(True, "", "techniques"), (False, "windows", "windows")]
)
def test_techniques_are_permuted_in_a_quick_study_too(cell: Cell, quick: bool, alone: str, pair: str) -> None:
    fits = study_fits(cell, ["xanes", "xanes+pdf"], StudyConfig.check(quick=quick, repeats=2))

    def permuted(work: Work) -> str:
        whole = [window.technique for window in work.task.windows if window.whole]
        assert whole == (work.modality.split("+") if work.task.windows else [])
        return "" if not whole else "techniques" if len(whole) == len(work.task.windows) else "windows"

    made = [
        (fit.modality, permuted(fit)) for fit in fits if (fit.learner, fit.purpose) == ("forest", "score")
    ]
    assert made == [("xanes", alone), ("xanes", ""), ("xanes+pdf", pair), ("xanes+pdf", "")]
    assert not any(fit.task.windows for fit in fits if fit.learner != "forest")
    (most,) = (len(fit.task.windows) for fit in fits if fit.modality == "xanes+pdf" and fit.task.windows)
    assert most == 2 if quick else most > 10


def test_what_stands_beside_the_study_is_small(cell: Cell) -> None:
    config = StudyConfig.check(trees=500)
    fits = fits_aside(cell, ["xanes", "xanes+pdf"], config)
    assert {(fit.purpose, fit.task.trees) for fit in fits} == {("score", ASIDE_TREES), ("null", FEW_TREES)}
    scored = Counter((fit.modality, fit.learner) for fit in fits if fit.purpose == "score")
    assert scored == Counter((m, name) for m in ("xanes", "xanes+pdf") for name in ("forest", "dummy"))
    random = fits_aside(cell, ["xanes", "xanes+pdf"], config, findings=False)
    assert [(fit.modality, fit.learner, fit.task.windows) for fit in random] == [
        ("xanes", "forest", ()), ("xanes+pdf", "forest", ()),
    ]  # fmt: skip


@pytest.mark.parametrize("learner", ["forest", "stock"])
def test_the_last_point_of_a_learning_curve_is_read_off_the_studys_own_fit(cell: Cell, learner: str) -> None:
    config = StudyConfig.check(trees=FEW_TREES + 5, repeats=2, learners=[learner, "kernel"])
    fits = [fit for fit in study_fits(cell, ["xanes"], config) if fit.learner == learner]
    assert [fit.task.stages for fit in fits if fit.purpose == "score"] == [(FEW_TREES,), ()]
    assert ("learning", 1.0) not in {fit.purpose for fit in fits}
    own = fit_folds(cell.table("xanes").values, fits[0].task)
    few = replace(fits[0].task, trees=FEW_TREES, stages=(), windows=())
    np.testing.assert_array_equal(own.staged[0], fit_folds(cell.table("xanes").values, few).predicted)


def test_where_settings_are_searched_a_learning_curve_has_fits_of_its_own(cell: Cell) -> None:
    for changes in ({"tune": True}, {"learners": ["blend"]}):
        fits = study_fits(cell, ["xanes"], StudyConfig.check(**changes))
        assert ("learning", 1.0) in {fit.purpose for fit in fits}
        assert not any(fit.task.stages for fit in fits)
