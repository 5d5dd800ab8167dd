"""Work: cached as soon as it is done, done again where the cache is damaged, results in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from edgepair.conventions import TASKS, EngineError
from edgepair.engine import Call, Outcome
from edgepair.models import FitOutcome
from edgepair.study import Progress
from edgepair.study import fits as work_module
from edgepair.study.config import StudyConfig
from edgepair.study.fits import Outcomes, Runner, Work, fit_work
from edgepair.study.plan import Cell, plan_cell


@dataclass(frozen=True)
class Made:
    """What the work of these tests returns."""

    values: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Numbers:
    """A table of features."""

    values: NDArray[np.float32]


CALLS: list[int] = []
TABLE = Numbers(np.arange(6, dtype=np.float32).reshape(3, 2))


def make(values: NDArray[np.float32], task: int) -> Made:
    CALLS.append(task)
    if task < 0:
        raise RuntimeError("interrupted")
    return Made(values.sum(axis=1) / 3, np.array(task))


@pytest.fixture
def cell(synthetic_dataset: xr.Dataset) -> Cell:
    CALLS.clear()
    planned = plan_cell(synthetic_dataset, TASKS["bond_length"], StudyConfig.check(repeats=1))[0]
    assert planned is not None
    return planned


def run(cell: Cell, *tasks: int, cache: bool = True) -> tuple[Outcomes, list[Progress]]:
    steps: list[Progress] = []
    runner = Runner(n_jobs=1, scheduler=None, cache=cache, on_progress=steps.append)
    work = [
        Work(cell, "xanes", TABLE, np.array([0, 2]), task, float(task), str(task), function=make, kind=Made)
        for task in tasks
    ]
    return runner.run(work), steps[1:]


def counts(outcomes: Outcomes, cell: Cell) -> list[int]:
    return [int(made.count) for made in outcomes.of(cell, "xanes")]


def test_the_costliest_is_done_first_and_what_is_cached_not_again(cell: Cell) -> None:
    first, steps = run(cell, 1, 3, 2)
    assert CALLS == [3, 2, 1]
    assert counts(first, cell) == [1, 3, 2]
    assert [step.done for step in steps] == [3.0, 5.0, 6.0]
    again, steps = run(cell, 4, 2)
    assert CALLS == [3, 2, 1, 4]
    assert [(step.text, step.cached) for step in steps] == [("2", True), ("4", False)]
    assert counts(again, cell) == [4, 2]
    np.testing.assert_allclose(again.of(cell, "xanes")[1].values, [1 / 3, 3])


def test_what_was_finished_before_an_interruption_is_cached(cell: Cell) -> None:
    with pytest.raises(RuntimeError, match="interrupted"):
        run(cell, 5, -1)
    assert run(cell, 5)[1][0].cached


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file", None])
def test_a_damaged_entry_or_one_of_another_kind_is_made_again(
    cell: Cell, cache_home: Path, damage: bytes | None
) -> None:
    run(cell, 1)
    (entry,) = cache_home.rglob("*.npz")
    if damage is None:
        np.savez(entry, values=np.zeros(3))
    else:
        entry.write_bytes(damage)
    assert not run(cell, 1)[1][0].cached
    assert run(cell, 1)[1][0].cached


def test_without_a_cache_nothing_is_written(cell: Cell, cache_home: Path) -> None:
    assert counts(run(cell, 1, cache=False)[0], cell) == [1]
    assert not cache_home.exists()


def test_a_folder_that_cannot_be_written_costs_only_the_cache(
    cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setitem(os.environ, "XDG_CACHE_HOME", str(tmp_path / "file"))
    assert counts(run(cell, 1)[0], cell) == [1]


def test_later_work_counts_in_the_total(cell: Cell) -> None:
    steps: list[Progress] = []
    runner = Runner(n_jobs=1, scheduler=None, cache=False, on_progress=steps.append)
    work = Work(cell, "xanes", TABLE, np.array([0]), 1, 2.0, "one", function=make, kind=Made)
    runner.run([work], later=6.0, about=", noise")
    runner.run([work])
    assert [(step.done, step.total) for step in steps] == [(0, 8), (2, 8), (2, 4), (4, 4)]
    assert steps[1].text == "one, noise"


class Cluster:
    """Processes of a cluster that carry out what they are handed at once, in this process."""

    problem = ""

    def share(self, value: object) -> object:
        return value

    def run(self, function: Callable[..., Any], tasks: Iterable[Call]) -> Iterator[Outcome]:
        for task in tasks:
            yield Outcome(task.key, None if self.problem else function(*task.args), self.problem)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()

    @contextmanager
    def opened(*, scheduler: str) -> Iterator[Cluster]:
        assert scheduler == "tcp://host:1"
        yield made

    monkeypatch.setattr(work_module, "open_processes", opened)
    return made


def test_a_cluster_makes_the_fits_and_this_machine_the_rest(cell: Cell, cluster: Cluster) -> None:
    fits = [fit_work(cell, "xanes", "forest", folds=cell.folds[0], trees=2, seed=seed) for seed in range(2)]
    other = Work(cell, "pdf", TABLE, np.array([1]), 7, 1.0, "other", function=make, kind=Made)
    remote = Runner(n_jobs=1, scheduler="tcp://host:1", cache=True, on_progress=None).run([*fits, other])
    assert CALLS == [7]
    local = Runner(n_jobs=1, scheduler=None, cache=False, on_progress=None).run(fits)
    pairs = list(zip(remote.of(cell, "xanes"), local.of(cell, "xanes"), strict=True))
    assert len(pairs) == 2
    for one, two in pairs:
        assert isinstance(one, FitOutcome)
        np.testing.assert_array_equal(one.predicted, two.predicted)
        np.testing.assert_array_equal(one.impurity, two.impurity)
    # What came back is cached on this side.
    cluster.problem = "the process was killed"
    again = Runner(n_jobs=1, scheduler="tcp://host:1", cache=True, on_progress=None).run(fits)
    np.testing.assert_array_equal(again.of(cell, "xanes")[0].predicted, pairs[0][0].predicted)


def test_a_fit_that_fails_on_the_cluster_is_an_error(cell: Cell, cluster: Cluster) -> None:
    cluster.problem = "the process was killed"
    work = fit_work(cell, "xanes", "forest", folds=cell.folds[0], trees=2, seed=0)
    with pytest.raises(EngineError, match="cannot fit forest on the cluster"):
        Runner(n_jobs=1, scheduler="tcp://host:1", cache=False, on_progress=None).run([work])
