"""Ctrl-C: nothing half-written, no process left, and finished fits are not done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STUDY = (
    "--task", "oxidation_state,bond_length", "--modality", "xanes,pdf", "--quick", "--repeats", "4",
    "--trees", "80", "--jobs", "2", "--learner", "forest",
)  # fmt: skip


def heed_interrupts() -> None:
    """Give the command the Ctrl-C of a terminal: background jobs of a shell inherit none."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(saved: Path, out: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgepair", "study", "--data", str(saved), *STUDY, "--out", out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=heed_interrupts,
    )  # fmt: skip


def wait_for_fits(cache: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while len(list(cache.rglob("*.npz"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_group_is_gone(group: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("processes of the interrupted study were left running")


def tables(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.suffix == ".csv" or "findings" in path.name
    }


@pytest.mark.parametrize("whom", ["everyone", "parent"])
def test_an_interrupted_study_leaves_nothing_and_goes_on_from_there(
    whom: str, saved: Path, quiet_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everyone: Ctrl-C in a terminal; parent: what a supervisor sends."""
    cache = quiet_place.parent / "cache"
    process = start(saved, "out")
    try:
        wait_for_fits(cache, 2, process)
        (os.killpg if whom == "everyone" else os.kill)(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        assert_group_is_gone(process.pid)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert "interrupted" in err
    assert list(quiet_place.iterdir()) == []
    assert list((quiet_place.parent / "scratch").iterdir()) == []

    kept = {path.name: path.stat() for path in cache.rglob("*.npz")}
    assert len(kept) >= 2
    if whom == "parent":
        return
    again = start(saved, "out")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0
    assert all(line.startswith("edgepair study: ") for line in err.splitlines())
    after = {path.name: path.stat() for path in cache.rglob("*.npz")}
    assert len(after) > len(kept)
    for name, was in kept.items():  # read (touched), not written anew
        assert after[name].st_ino == was.st_ino
        assert after[name].st_mtime_ns > was.st_mtime_ns
    assert not list(cache.rglob("*.part"))

    monkeypatch.setenv("XDG_CACHE_HOME", str(quiet_place.parent / "another-cache"))
    whole = start(saved, "whole")
    _, err = whole.communicate(timeout=120)
    assert whole.returncode == 0
    assert all(line.startswith("edgepair study: ") for line in err.splitlines())
    assert tables(quiet_place / "out") == tables(quiet_place / "whole")
