"""Tasks on many processes: order, failures, dead workers, a scheduler elsewhere."""

from __future__ import annotations

import operator
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edgepair.conventions import EngineError
from edgepair.engine import Call, Processes, open_processes
from edgepair.engine.own_process import run_here


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """Two worker processes."""
    with open_processes(workers=2) as opened:
        yield opened


Run = Callable[..., Any]


@pytest.fixture(params=["others", "here", "forks"])
def run(request: pytest.FixtureRequest) -> Run:
    """Each way to carry out tasks."""
    if request.param == "others":
        opened: Processes = request.getfixturevalue("processes")
        return opened.run
    return partial(run_here, apart=request.param == "forks")


def test_values(run: Run) -> None:
    calls = (Call(f"mul-{n}", (n, 3)) for n in range(60))
    done = {outcome.key: outcome.value for outcome in run(operator.mul, calls)}
    assert done == {f"mul-{n}": 3 * n for n in range(60)}


def test_tasks_are_read_no_further_ahead_than_needed(run: Run) -> None:
    taken = []

    def calls() -> Iterator[Call]:
        for n in range(60):
            taken.append(n)
            yield Call(f"ahead-{n}", (n,))

    for seen, _ in enumerate(run(operator.neg, calls()), start=1):
        assert len(taken) - seen < 20


def test_failure_is_tried_twice_then_recorded(run: Run) -> None:
    (outcome,) = run(operator.truediv, [Call("div", (1, 0))])
    assert (outcome.value, outcome.attempts) == (None, 2)
    assert outcome.problem.startswith("ZeroDivisionError")


def test_value_that_counts_as_a_failure(run: Run) -> None:
    (outcome,) = run(operator.neg, [Call("neg", (1,))], failed=lambda v: "negative" if v < 0 else "")
    assert (outcome.value, outcome.problem, outcome.attempts) == (-1, "negative", 2)


@pytest.mark.parametrize("run", ["others", "forks"], indirect=True)
def test_a_task_that_ends_its_process_costs_itself_only(run: Run) -> None:
    calls = [Call("exit", (13,))]
    (outcome,) = run(os._exit, calls)
    assert "killed" in outcome.problem
    assert [o.value for o in run(operator.neg, [Call("after", (1,))])] == [-1]


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, processes: Processes) -> None:
    """Whichever worker runs the first tasks is killed; all twenty end well."""
    calls = [Call(f"pid-{n}", (str(tmp_path), n)) for n in range(20)]
    killed = False
    done = []
    for outcome in processes.run(_note_and_wait, calls):
        done.append(outcome)
        if not killed:
            killed = True
            os.kill(outcome.value[1], signal.SIGKILL)
            time.sleep(0.2)
    assert sorted(outcome.value[0] for outcome in done) == list(range(20))
    assert all(not outcome.problem for outcome in done)
    assert len({outcome.value[1] for outcome in done}) > 1


def _note_and_wait(folder: str, number: int) -> tuple[int, int]:
    import os
    import time

    time.sleep(0.05)
    return number, os.getpid()


# Sent by value: a module of tests cannot be imported by another process.
_note_and_wait.__module__ = "__main__"


def test_shared_argument_arrives(processes: Processes) -> None:
    shared = processes.share([1, 2, 3])
    (outcome,) = processes.run(sum, [Call("sum", (shared,))])
    assert outcome.value == 6


def test_missing_module_ends_the_run(processes: Processes) -> None:
    """Otherwise each worker would close at the first task, and the run would wait for ever."""

    def task(number: int) -> int:
        return number

    task.__module__ = "no_such_module"
    with pytest.raises(EngineError, match="cannot carry out the tasks") as caught:
        list(processes.run(task, [Call("import", (1,))]))
    assert "no_such_module" in caught.value.found


def test_import_error_of_one_task_is_its_own(processes: Processes) -> None:
    (outcome,) = processes.run(__import__, [Call("import", ("no_such_module",))])
    assert "no_such_module" in outcome.problem


def test_two_runs_of_the_same_do_not_disturb_each_other(processes: Processes) -> None:
    """One gives up in the middle and cancels what it had handed over."""
    calls = [Call(f"same-{n}", (0.05,)) for n in range(8)]
    one, two = processes.run(time.sleep, calls), processes.run(time.sleep, calls)
    next(one)
    next(two)
    one.close()
    assert sum(1 for outcome in two if not outcome.problem) == 7


def test_unreachable_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.engine.tasks.REACHED_WITHIN", "1s")
    with (
        pytest.raises(EngineError, match=r"127\.0\.0\.1:1") as caught,
        open_processes(scheduler="tcp://127.0.0.1:1"),
    ):
        pass
    assert "dask scheduler" in caught.value.needed


@pytest.mark.parametrize("address", ["nonsense://", "absent.json", "tcp://"])
def test_bad_address(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match="cannot reach"), open_processes(scheduler=address):
        pass


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match="cannot start") as caught, open_processes():
        pass
    assert "edgepair[scale]" in caught.value.suggestion
