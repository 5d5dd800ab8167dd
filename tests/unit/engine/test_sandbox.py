"""Guarded calls: a crash or an endless loop costs the call and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from edgepair.engine import Sandbox
from edgepair.engine.confinement import can_confine


@pytest.fixture(scope="module")
def functions() -> Iterator[ModuleType]:
    """The module with the functions to call, importable in other processes too."""
    folder = str(Path(__file__).parent)
    before = os.environ.get("PYTHONPATH")
    sys.path.insert(0, folder)
    os.environ["PYTHONPATH"] = folder if before is None else os.pathsep.join([folder, before])
    import guarded

    yield guarded
    sys.path.remove(folder)
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def sandbox(functions: ModuleType) -> Iterator[Sandbox]:
    """One sandbox for all tests: each must leave it usable."""
    box = Sandbox(("guarded",))
    yield box
    assert box.call(functions.double, 4, cpu_seconds=10).value == 8
    box.close()


def test_value(sandbox: Sandbox, functions: ModuleType) -> None:
    result = sandbox.call(functions.double, 21, cpu_seconds=10)
    assert (result.value, result.problem) == (42, "")


def test_a_limit_that_the_user_has_set_is_kept_to() -> None:
    """As `ulimit -t 30` sets it: a call may be allowed less than it asks for, not refused."""
    code = (
        "import operator, resource; resource.setrlimit(resource.RLIMIT_CPU, (30, 30));"
        "from edgepair.engine import Sandbox; box = Sandbox();"
        "print(box.call(operator.neg, 7, cpu_seconds=60)); box.close()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "value=-7" in told.stdout


def test_exception_is_an_answer(sandbox: Sandbox, functions: ModuleType) -> None:
    result = sandbox.call(functions.refuse, 7, cpu_seconds=10)
    assert (result.value, result.problem) == (None, "ValueError: no 7")


def test_crash(sandbox: Sandbox, functions: ModuleType) -> None:
    assert sandbox.call(functions.crash, cpu_seconds=10).problem == "crashed (SIGABRT)"
    assert sandbox.call(functions.double, 1, cpu_seconds=10).value == 2


def test_endless_loop(sandbox: Sandbox, functions: ModuleType) -> None:
    result = sandbox.call(functions.spin, cpu_seconds=1)
    assert result.problem == "over 1 s of CPU time"
    # the kernel counts in ticks: a little less than what it was told is over it
    assert 0.5 < result.cpu_seconds < 2.5


def test_endless_wait(sandbox: Sandbox, functions: ModuleType) -> None:
    result = sandbox.call(functions.sleep, 60.0, cpu_seconds=10, wall_seconds=0.3)
    assert "wall-clock" in result.problem


def test_large_answer(sandbox: Sandbox, functions: ModuleType) -> None:
    assert len(sandbox.call(functions.large, 5_000_000, cpu_seconds=10).value) == 5_000_000


def test_answer_that_cannot_be_sent(sandbox: Sandbox, functions: ModuleType) -> None:
    assert sandbox.call(functions.unpicklable, cpu_seconds=10).problem


def test_the_guard_itself_is_killed(functions: ModuleType) -> None:
    box = Sandbox(("guarded",))
    assert box.call(functions.double, 1, cpu_seconds=10).value == 2
    process = box._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert box.call(functions.double, 2, cpu_seconds=10).value == 4
    box.close()
    box.close()


def test_a_fork_is_cheap_beside_a_new_process(sandbox: Sandbox, functions: ModuleType) -> None:
    import subprocess

    sandbox.call(functions.double, 0, cpu_seconds=10)
    started = time.monotonic()
    for value in range(10):
        sandbox.call(functions.double, value, cpu_seconds=10)
    warm = time.monotonic() - started
    started = time.monotonic()
    for _ in range(3):
        subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    assert warm / 10 < (time.monotonic() - started) / 3


def test_memory(sandbox: Sandbox, functions: ModuleType) -> None:
    result = sandbox.call(functions.hold, 400_000_000, cpu_seconds=10, memory_bytes=100_000_000)
    assert result.problem.startswith("MemoryError")
    assert sandbox.call(functions.hold, 10**7, cpu_seconds=10, memory_bytes=100_000_000).value == 10**7


@pytest.mark.skipif(not can_confine(), reason="this kernel has no Landlock")
def test_other_files_stay_closed(sandbox: Sandbox, functions: ModuleType, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.write_text("mine")
    other.write_text("other")
    (tmp_path / "link").symlink_to(other)
    call = partial(sandbox.call, cpu_seconds=10, readable=[mine])
    assert call(functions.read, str(mine)).value == "mine"
    for refused in (other, tmp_path / "link", "/etc/passwd"):
        assert "Permission" in call(functions.read, str(refused)).problem
    for target in (mine, tmp_path / "new"):
        assert "Permission" in call(functions.write, str(target)).problem
    assert mine.read_text() == "mine"
    assert not (tmp_path / "new").exists()


def test_a_module_is_loaded_once_for_all_later_calls(sandbox: Sandbox, functions: ModuleType) -> None:
    name = "wave"
    assert not sandbox.call(functions.loaded, name, cpu_seconds=10).value
    for modules in ((name,), ()):
        assert sandbox.call(functions.loaded, name, cpu_seconds=10, modules=modules).value


def test_modules_of_the_working_folder_are_not_run(
    functions: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit")
    (tmp_path / "file").write_text("beside it")
    monkeypatch.chdir(tmp_path)
    box = Sandbox(("guarded",))
    assert box.call(functions.read, "file", cpu_seconds=10).value == "beside it"
    box.close()
