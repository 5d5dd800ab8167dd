"""Outside programs: limits, words, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgepair.conventions import OutputError
from edgepair.engine import run_command, scratch_folder


def gone(pid: int) -> bool:
    """Say whether a process has ended, waiting a little for it."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_a_program_says_and_costs(tmp_path: Path) -> None:
    code = (
        "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nprint('said')"
    )
    report = run_command(python(code), scratch=tmp_path, cpu_seconds=20)
    assert (report.returncode, report.words, report.ended_by) == (0, "said", "")
    assert 0.3 <= report.cpu_seconds < 5
    assert report.max_rss_bytes > 1_000_000


def test_exit_code_and_words_of_a_failure(tmp_path: Path) -> None:
    report = run_command(
        python(f"import sys; sys.exit('no such edge in {tmp_path}')"), scratch=tmp_path, cpu_seconds=20
    )
    assert report.returncode == 1
    # the scratch folder's name says nothing to anybody
    assert report.words == "no such edge in"


def test_limit_on_cpu_time(tmp_path: Path) -> None:
    started = time.monotonic()
    report = run_command(python("while True: pass"), scratch=tmp_path, cpu_seconds=1)
    assert report.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert 0.9 < report.cpu_seconds < 2.5
    assert time.monotonic() - started < 60


def test_waiting_costs_no_cpu_time_but_ends(tmp_path: Path) -> None:
    report = run_command(
        python("import time; time.sleep(60)"), scratch=tmp_path, cpu_seconds=30, wall_seconds=0.5
    )
    assert report.ended_by == "wall"


def test_children_end_with_their_program(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)"
    )
    report = run_command(python(code), scratch=tmp_path, cpu_seconds=20)
    assert report.returncode == 0
    assert gone(int(report.words))


def test_program_that_does_not_exist(tmp_path: Path) -> None:
    report = run_command([str(tmp_path / "absent")], scratch=tmp_path, cpu_seconds=1)
    assert report.returncode is None
    assert "FileNotFoundError" in report.words


def test_variables_are_set_and_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPAIR_TEST_OLD", "old")
    code = "import os; print(os.environ.get('EDGEPAIR_TEST_OLD'), os.environ.get('EDGEPAIR_TEST_NEW'))"
    env = {"EDGEPAIR_TEST_OLD": None, "EDGEPAIR_TEST_NEW": "new"}
    assert run_command(python(code), scratch=tmp_path, cpu_seconds=20, env=env).words == "None new"


def test_kill_of_the_caller_ends_everything(tmp_path: Path) -> None:
    """The caller is killed with SIGKILL, which nobody can catch."""
    note = tmp_path / "pids"
    inner = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import sys\n"
        "from edgepair.engine import run_command, scratch_folder\n"
        "with scratch_folder('edgepair-test-') as folder:\n"
        "    print(folder, flush=True)\n"
        f"    run_command([sys.executable, '-c', {inner!r}], scratch=folder, cpu_seconds=30)\n"
    )
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        folder = Path(caller.stdout.readline().strip())
        for _ in range(200):
            if note.exists() and note.read_text():
                break
            time.sleep(0.05)
        assert folder.is_dir()
        os.kill(caller.pid, signal.SIGKILL)
    assert gone(int(note.read_text()))
    for _ in range(100):
        if not folder.exists():
            break
        time.sleep(0.05)
    assert not folder.exists()


def test_scratch_is_removed_after_an_error() -> None:
    kept = []

    def fail() -> None:
        with scratch_folder("edgepair-test-") as folder:
            kept.append(folder)
            (folder / "file").write_text("x")
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert not kept[0].exists()


def test_no_place_for_scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(OutputError, match="scratch") as caught, scratch_folder("edgepair-test-"):
        pass
    assert "TMPDIR" in caught.value.suggestion
