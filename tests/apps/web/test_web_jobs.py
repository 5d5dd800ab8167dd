"""Jobs and the processes behind them: warm, cancelled, crashed, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgepair.apps.web.jobs import ENDED, Job, Jobs
from edgepair.conventions import EngineError, OptionError


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The functions, in a module that the processes find too."""
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.syspath_prepend(here)
    import busy

    yield busy
    sys.modules.pop("busy", None)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(tmp_path, lanes={"look": 1, "answer": 1}, waiting=3)
    yield made
    made.close()


def wait(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.02)
    raise AssertionError("did not happen in time")


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_process_stays_warm_and_survives_what_functions_do(jobs: Jobs, busy: ModuleType) -> None:
    assert jobs.call("me", busy.double, 21) == 42
    first = jobs.call("me", busy.count_calls)
    with pytest.raises(OptionError) as refused:
        jobs.call("me", busy.refuse)
    assert (refused.value.found, refused.value.suggestion) == ("a", "c")
    for function in (busy.fail, busy.unsendable):
        with pytest.raises(EngineError) as failed:
            jobs.call("me", function)
        assert "Traceback" not in str(failed.value)
    assert "ValueError: a fault inside" in str(_error(jobs, busy.fail))
    assert jobs.call("me", busy.count_calls) == (first[0] + 1, first[1])


def _error(jobs: Jobs, function: Callable[..., Any]) -> Any:
    job = jobs.submit("me", function)
    assert job.ended.wait(20)
    return job.error


def test_a_crash_costs_one_call(jobs: Jobs, busy: ModuleType) -> None:
    before = jobs.call("me", busy.count_calls, lane="answer")[1]
    with pytest.raises(EngineError, match="came to nothing"):
        jobs.call("me", busy.crash, lane="answer")
    assert jobs.call("me", busy.count_calls, lane="answer")[1] != before


def test_cancelling_kills_the_process_and_its_children(jobs: Jobs, busy: ModuleType, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    job = jobs.submit("me", busy.with_child, str(note))
    pids = [int(pid) for pid in wait(lambda: note.exists() and note.read_text()).split()]
    assert len(pids) == 2
    jobs.cancel("me", job.key)
    assert job.state == "cancelled"
    wait(lambda: not any(alive(pid) for pid in pids))
    assert jobs.call("me", busy.double, 4) == 8
    assert job.state == "cancelled"


def test_progress_is_seen_and_a_waiting_job_is_cancelled_before_it_begins(
    jobs: Jobs, busy: ModuleType, tmp_path: Path
) -> None:
    running = jobs.submit("me", busy.steps, "x")
    behind = jobs.submit("me", busy.wait_for, str(tmp_path / "never"))
    wait(lambda: running.done > 2)
    assert running.total == 10_000
    assert running.text.startswith("step")
    jobs.cancel("me", behind.key)
    assert (behind.state, running.state) == ("cancelled", "running")
    jobs.cancel("me", running.key)
    assert running.ended.is_set()


def test_nobody_sees_or_cancels_anothers_job(jobs: Jobs, busy: ModuleType, tmp_path: Path) -> None:
    note = tmp_path / "go"
    job = jobs.submit("me", busy.wait_for, str(note))
    assert jobs.find("you", job.key) is None
    assert jobs.find("me", job.key) is job
    jobs.cancel("you", job.key)
    note.touch()
    assert job.ended.wait(20)
    assert job.state == "done"


def test_visitors_take_turns_and_have_a_limit(jobs: Jobs, busy: ModuleType, tmp_path: Path) -> None:
    note = tmp_path / "go"
    order: list[str] = []
    first = jobs.submit("me", busy.wait_for, str(note))
    wait(lambda: first.state == "running")
    mine = [jobs.submit("me", busy.count_calls) for _ in range(3)]
    yours = jobs.submit("you", busy.count_calls)
    with pytest.raises(EngineError, match="yet another"):
        jobs.submit("me", busy.count_calls)
    note.touch()
    for job in (*mine, yours):
        assert job.ended.wait(20)
    order = [job.owner for job in sorted((*mine, yours), key=lambda job: job.value[0])]
    assert order.index("you") <= 1


def test_a_visit_that_ends_takes_its_jobs_along(jobs: Jobs, busy: ModuleType) -> None:
    running, waiting = jobs.submit("me", busy.steps, "x"), jobs.submit("me", busy.steps, "y")
    wait(lambda: running.state == "running")
    jobs.drop("me")
    assert {running.state, waiting.state} <= set(ENDED)
    assert jobs.find("me", running.key) is None
    assert jobs.call("you", busy.double, 1) == 2


def test_one_that_does_not_end_is_given_up(jobs: Jobs, busy: ModuleType) -> None:
    with pytest.raises(EngineError, match="wait any longer"):
        jobs.call("me", busy.steps, "x", seconds=1.0)
    assert jobs.call("me", busy.double, 1) == 2


def test_old_results_are_forgotten(jobs: Jobs, busy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.apps.web.jobs.KEPT", 2)
    done: list[Job] = []
    for number in range(5):
        done.append(jobs.submit("me", busy.double, number))
        assert done[-1].ended.wait(20)
    assert jobs.find("me", done[0].key) is None
    assert jobs.find("me", done[-1].key) is not None


def test_when_the_server_is_killed_its_processes_and_files_go(busy: ModuleType, tmp_path: Path) -> None:
    program = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
import busy
from edgepair.apps.web.visits import Services
from edgepair.apps.web.settings import Limits
services = Services(Limits())
services.jobs.submit("me", busy.with_child, {str(tmp_path / "pids")!r})
print(services.folder, flush=True)
time.sleep(60)
"""
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with server:
        assert server.stdout is not None
        folder = Path(server.stdout.readline().strip())
        note = tmp_path / "pids"
        pids = [int(pid) for pid in wait(lambda: note.exists() and note.read_text()).split()]
        assert all(alive(pid) for pid in pids)
        server.kill()
    wait(lambda: not any(alive(pid) for pid in pids) and not folder.exists())
    assert os.path.isdir(tmp_path)  # noqa: PTH112
