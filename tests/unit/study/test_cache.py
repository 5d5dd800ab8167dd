"""The cache of finished fits: hits what is the same, misses what is not, never fails a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.files.caching import KeptArrays
from edgepair.models import FitOutcome, FitTask, Window, fit_folds
from edgepair.study import Progress, StudyResult, run_study
from edgepair.study import fits as work_module
from edgepair.study.config import StudyConfig
from edgepair.study.fits import array_digest, code_digest, fit_work, work_key
from edgepair.study.plan import plan_cell

OUTCOME = FitOutcome(
    np.array([0, 1], np.int16), np.eye(2, dtype=np.float32), np.ones((2, 3), np.float32), np.zeros((0, 2))
)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[FitTask]:
    """Record what is really fitted."""
    done: list[FitTask] = []
    real = work_module.compute

    def counted(function: Any, values: Any, sites: Any, task: FitTask) -> Any:
        done.append(task)
        return real(function, values, sites, task)

    monkeypatch.setattr(work_module, "compute", counted)
    return done


def study(dataset: xr.Dataset, **changes: Any) -> StudyResult:
    settings = {
        "tasks": ["oxidation_state"], "modalities": ["xanes", "pdf"], "quick": True, "trees": 3, "n_jobs": 1,
        "learners": ["forest"],
    }  # fmt: skip
    return run_study(dataset, **(settings | changes))


def test_a_second_run_fits_nothing_and_tells_the_same(
    synthetic_dataset: xr.Dataset, fits: list[FitTask]
) -> None:
    first = study(synthetic_dataset)
    n_fits = len(fits)
    assert n_fits == 4  # two modalities, forest and dummy
    steps: list[Progress] = []
    second = study(synthetic_dataset, on_progress=steps.append)
    assert len(fits) == n_fits
    assert [step.cached for step in steps[1:]] == [True] * n_fits
    for name in ("scores", "predictions", "importances"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    assert first.findings == second.findings


def test_what_changes_the_fit_is_fitted_anew(synthetic_dataset: xr.Dataset, fits: list[FitTask]) -> None:
    study(synthetic_dataset, modalities=["xanes"])
    other = synthetic_dataset.copy(deep=True)
    other["mu"].values[7, 30] += 0.01
    relabelled = synthetic_dataset.copy(deep=True)
    relabelled["oxidation_state"].values[7] = 5 - relabelled["oxidation_state"].values[7]
    for dataset, changes in (
        (synthetic_dataset, {"seed": 1}),
        (synthetic_dataset, {"trees": 4}),
        (synthetic_dataset, {"folds": 4}),
        (synthetic_dataset, {"split": "random"}),
        (synthetic_dataset, {"tasks": ["coordination_number"]}),
        (other, {}),
        (relabelled, {}),
    ):
        before = len(fits)
        study(dataset, modalities=["xanes"], **changes)
        assert [task.learner for task in fits[before:]] == ["forest", "dummy"], changes


def test_more_repeats_reuse_the_first_ones(synthetic_dataset: xr.Dataset, fits: list[FitTask]) -> None:
    study(synthetic_dataset, repeats=1)
    before = len(fits)
    study(synthetic_dataset, repeats=2)
    assert len(fits) - before == 4


def test_each_repeat_has_a_random_state_of_its_own_that_all_modalities_share(
    synthetic_dataset: xr.Dataset, fits: list[FitTask]
) -> None:
    study(synthetic_dataset, repeats=2)
    study(synthetic_dataset, repeats=2, seed=1)
    states = [task.seed for task in fits if task.learner == "forest"]
    assert len(states) == 8
    assert len(set(states)) == 4
    assert len(set(states[:4]) & set(states[4:])) == 0


def test_cache_false_neither_reads_nor_writes(
    synthetic_dataset: xr.Dataset, fits: list[FitTask], cache_home: Path
) -> None:
    study(synthetic_dataset, cache=False)
    study(synthetic_dataset, cache=False)
    assert len(fits) == 8
    assert not cache_home.exists()


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_entry_is_fitted_again_and_mended(
    synthetic_dataset: xr.Dataset, fits: list[FitTask], cache_home: Path, damage: bytes | None
) -> None:
    first = study(synthetic_dataset)
    entries = sorted(cache_home.rglob("*.npz"))
    assert len(entries) == 4
    for entry in entries[:2]:
        entry.write_bytes(entry.read_bytes()[:-40] if damage is None else damage)
    before = len(fits)
    again = study(synthetic_dataset)
    assert len(fits) - before == 2
    pd.testing.assert_frame_equal(first.scores, again.scores)
    study(synthetic_dataset)
    assert len(fits) - before == 2


def test_an_unusable_cache_folder_costs_the_cache_not_the_study(
    synthetic_dataset: xr.Dataset, fits: list[FitTask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert len(study(synthetic_dataset).scores)
    assert len(study(synthetic_dataset).scores)
    assert len(fits) == 8
    assert blocked.read_text() == "in the way"


def test_a_full_disk_costs_the_cache_not_the_study(
    synthetic_dataset: xr.Dataset, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(study(synthetic_dataset).scores)
    assert not [entry for entry in cache_home.rglob("*") if entry.is_file()]


def test_an_entry_comes_back_as_it_was_and_nothing_else_is_left(tmp_path: Path) -> None:
    cache = KeptArrays(tmp_path / "fits")
    assert cache.load_as(FitOutcome, "key") is None
    cache.save_of(OUTCOME, "key")
    back = cache.load_as(FitOutcome, "key")
    assert back is not None
    for name in ("predicted", "probability", "impurity", "permuted"):
        was, now = getattr(OUTCOME, name), getattr(back, name)
        np.testing.assert_array_equal(was, now)
        assert was.dtype == now.dtype
        assert was.shape == now.shape
    assert [entry.name for entry in (tmp_path / "fits").iterdir()] == ["key.npz"]


def test_a_pickle_in_the_cache_is_not_run(tmp_path: Path) -> None:
    trap = np.array([print], dtype=object)
    np.savez(tmp_path / "key.npz", predicted=trap, probability=trap, impurity=trap, permuted=trap)
    assert KeptArrays(tmp_path).load_as(FitOutcome, "key") is None


def test_the_oldest_entries_go_when_the_folder_is_too_large(tmp_path: Path) -> None:
    import os
    import time

    cache = KeptArrays(tmp_path)
    for age, key in enumerate(["new", "middle", "old"]):
        cache.save_of(OUTCOME, key)
        os.utime(tmp_path / f"{key}.npz", (time.time() - 100 * age,) * 2)
    (tmp_path / "left.part").write_bytes(b"")
    os.utime(tmp_path / "left.part", (time.time() - 7200,) * 2)
    (tmp_path / "running.part").write_bytes(b"")
    size = (tmp_path / "new.npz").stat().st_size
    replace(cache, most_bytes=2 * size).prune()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["middle.npz", "new.npz", "running.part"]


def test_a_key_depends_on_everything(synthetic_dataset: xr.Dataset) -> None:
    cell = plan_cell(synthetic_dataset, TASKS["bond_length"], StudyConfig.check(repeats=1))[0]
    assert cell is not None
    work = fit_work(cell, "xanes", "forest", folds=cell.folds[0], trees=5, seed=0)
    task = work.task
    other = np.roll(cell.target, 1)
    changed = [
        replace(task, learner="stock"), replace(task, task="oxidation_state"), replace(task, target=other),
        replace(task, n_classes=2), replace(task, groups=np.roll(cell.groups, 1)),
        replace(task, folds=np.roll(cell.folds[0], 1)), replace(task, trees=6), replace(task, seed=1),
        replace(task, tune=True), replace(task, fraction=0.5), replace(task, stages=(2,)),
        replace(task, windows=(Window("xanes", 0.0, 1.0, (0,)),)),
        replace(task, settings=(("max_features", 3),)),
    ]  # fmt: skip
    keys = [work_key(replace(work, task=item), "data") for item in (task, *changed)]
    keys += [work_key(work, "other"), work_key(replace(work, sites=cell.sites[:-1]), "data")]
    keys += [work_key(replace(work, function=array_digest), "data")]
    assert len(set(keys)) == len(keys)
    # What it is for, and what it is called, change no result.
    assert work_key(replace(work, purpose="halves", label="", cost=0.0), "data") == keys[0]


def test_digests_tell_type_shape_and_content_apart() -> None:
    arrays = [np.zeros(4), np.zeros((2, 2)), np.zeros(4, np.float32), np.zeros(4, np.int64), np.ones(4)]
    assert len({array_digest(array) for array in arrays}) == 5
    assert array_digest(np.arange(6).reshape(2, 3).T) == array_digest(np.arange(6).reshape(2, 3).T.copy())
    assert code_digest(fit_folds) != code_digest(array_digest)


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert KeptArrays.of_user("fits", use=True).folder == tmp_path / "edgepair" / "fits"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert KeptArrays.of_user("fits", use=True).folder == tmp_path / ".cache" / "edgepair" / "fits"
