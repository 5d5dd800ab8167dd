"""How far a command is, where no terminal shows a bar."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepair.apps.cli import console
from edgepair.apps.cli.console import progress_bar, step_bar
from edgepair.conventions import Progress


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch, quiet_place: Path) -> None:
    """Say it every hundredth of a second."""
    monkeypatch.setattr(console, "EVERY", 0.01)


def test_lines_say_what_is_done_and_how_long_the_rest_takes(
    often: None, capfd: pytest.CaptureFixture[str]
) -> None:
    with step_bar("edgepair x", quiet=False) as show:
        time.sleep(0.3)
        show(1, 4, "a.dat")
        time.sleep(0.3)
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "edgepair x: preparing"
    assert re.fullmatch(r"edgepair x: 25 %, 0 min \d\d s left, a\.dat", lines[-1])


def test_what_was_found_tells_nothing_of_what_is_left(often: None, capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar("edgepair x", quiet=False) as on_progress:
        assert on_progress is not None
        on_progress(Progress(3.0, 4.0, "one", cached=True))
        time.sleep(0.3)
    assert capfd.readouterr().err.splitlines()[-1] == "edgepair x: 75 %, one"


@pytest.mark.parametrize(("options", "told"), [((), True), (("--quiet",), False), (("--json",), False)])
def test_a_build_says_it(
    options: tuple[str, ...], told: bool, often: None, edgepair: Callable[..., Any], quiet_place: Path
) -> None:
    (quiet_place / "a.cif").write_text("data_x\n_cell_length_a 3\n")
    done = edgepair("build", "a.cif", "--absorber", "Fe", "--out", "fe.zarr", "--dry-run", *options)
    assert ("edgepair build: " in done.err) is told
