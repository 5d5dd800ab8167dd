"""Cells: which sites and classes take part, and what is said of the others."""

from __future__ import annotations

import numpy as np
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.dataset import split_groups
from edgepair.study.config import StudyConfig
from edgepair.study.plan import available_modalities, plan_cell

STATE = TASKS["oxidation_state"]


def with_labels(dataset: xr.Dataset, values: np.ndarray, task: str = "oxidation_state") -> xr.Dataset:
    return dataset.assign({task: (("site",), np.asarray(values, float), dataset[task].attrs)})


def test_every_site_with_a_label_takes_part_once(synthetic_dataset: xr.Dataset) -> None:
    label = synthetic_dataset["oxidation_state"].values.copy()
    label[[3, 17]] = np.nan
    cell, skipped = plan_cell(with_labels(synthetic_dataset, label), STATE, StudyConfig.check(repeats=3))
    assert cell is not None
    assert skipped == []
    assert cell.sites.tolist() == [site for site in range(60) if site not in (3, 17)]
    np.testing.assert_array_equal(np.array(cell.classes)[cell.target], label[cell.sites])
    assert cell.folds.shape == (3, 58)
    assert cell.counts == {"n_sites": 58, "n_materials": 48, "n_formulas": 39}


def test_no_formula_stands_on_both_sides(synthetic_dataset: xr.Dataset) -> None:
    cell = plan_cell(synthetic_dataset, STATE, StudyConfig.check(repeats=4))[0]
    assert cell is not None
    for folds in cell.folds:
        for group in np.unique(cell.groups):
            assert len(set(folds[cell.groups == group])) == 1


def test_the_split_changes_the_folds_but_not_what_the_bootstrap_draws(synthetic_dataset: xr.Dataset) -> None:
    formula = split_groups(synthetic_dataset, "formula")
    for split in ("formula", "material", "random"):
        cell = plan_cell(synthetic_dataset, STATE, StudyConfig.check(split=split, repeats=1))[0]
        assert cell is not None
        assert cell.split == split
        np.testing.assert_array_equal(cell.groups, formula)
        held_together = split_groups(synthetic_dataset, split)
        assert all(len(set(cell.folds[0][held_together == g])) == 1 for g in np.unique(held_together))


def test_a_class_with_too_few_formulas_is_left_out_and_named(synthetic_dataset: xr.Dataset) -> None:
    label = synthetic_dataset["oxidation_state"].values.copy()
    label[20:24] = 6  # 4 formulas, 5 folds
    cell, skipped = plan_cell(with_labels(synthetic_dataset, label), STATE, StudyConfig.check())
    assert cell is not None
    assert cell.classes == (2, 3)
    assert not set(range(20, 24)) & set(cell.sites.tolist())
    (skip,) = skipped
    assert "class 6" in skip.reason
    assert "4 formulas" in skip.reason
    assert not skip.whole
    kept = plan_cell(with_labels(synthetic_dataset, label), STATE, StudyConfig.check(folds=4))[0]
    assert kept is not None
    assert kept.classes == (2, 3, 6)
    for fold in range(4):
        assert set(kept.target[kept.folds[0] == fold]) == {0, 1, 2}


def test_sites_without_a_whole_class_are_left_out_and_counted(synthetic_dataset: xr.Dataset) -> None:
    label = synthetic_dataset["oxidation_state"].values.copy()
    label[:2] = 2.5
    cell, skipped = plan_cell(with_labels(synthetic_dataset, label), STATE, StudyConfig.check())
    assert cell is not None
    assert len(cell.sites) == 58
    assert "2 sites" in skipped[0].reason
    assert not skipped[0].whole


def test_what_cannot_be_done_has_no_cell_but_a_reason(synthetic_dataset: xr.Dataset) -> None:
    length = TASKS["bond_length"]
    alone = np.full(60, np.nan)
    alone[:3] = [1.9, 2.0, 2.1]
    cases = {
        "no such label": (synthetic_dataset.drop_vars("oxidation_state"), STATE),
        "no site": (with_labels(synthetic_dataset, np.full(60, np.nan)), STATE),
        "only class 3": (with_labels(synthetic_dataset, np.full(60, 3.0)), STATE),
        "no class": (with_labels(synthetic_dataset, np.where(np.arange(60) < 3, 2.0, np.nan)), STATE),
        "3 formulas, fewer than 5 folds": (with_labels(synthetic_dataset, alone, "bond_length"), length),
        "one value": (with_labels(synthetic_dataset, np.full(60, 2.0), "bond_length"), length),
    }
    for words, (dataset, task) in cases.items():
        cell, skipped = plan_cell(dataset, task, StudyConfig.check())
        assert cell is None
        assert words in skipped[-1].reason
        assert skipped[-1].whole
        assert (skipped[-1].absorber, skipped[-1].task) == ("Fe", task.name)


def test_modalities_that_the_data_lack_are_named_by_what_is_missing(synthetic_dataset: xr.Dataset) -> None:
    config = StudyConfig.check(modalities=["xanes", "pdf", "xanes+dpdf", "pdf+dpdf"])
    able, skipped = available_modalities(synthetic_dataset.drop_vars(["G_M", "G"]), config)
    assert able == ("xanes",)
    assert [(skip.modality, skip.reason) for skip in skipped] == [
        ("pdf", "the data have no G"),
        ("xanes+dpdf", "the data have no G_M"),
        ("pdf+dpdf", "the data have no G and no G_M"),
    ]
    assert all(skip.whole for skip in skipped)


def test_folds_and_draws_do_not_depend_on_the_modality_or_the_data(synthetic_dataset: xr.Dataset) -> None:
    config = StudyConfig.check(repeats=2)
    one = plan_cell(synthetic_dataset, STATE, config)[0]
    two = plan_cell(synthetic_dataset.drop_vars(["G", "mu"]), STATE, config)[0]
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.folds, two.folds)
