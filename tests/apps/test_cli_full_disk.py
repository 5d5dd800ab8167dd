"""A disk that is full, and has room again; the same command twice at once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SIMULATORS = Path(__file__).resolve().parents[1] / "simulators"
NICKEL = "NiO\n1.0\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nNi O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
SMALL = ("--absorber", "Ni", "--task", "bond_length", "--modality", "xanes", "--trees", "10", "--jobs", "1")
FE, NI = ("--absorber", "Fe"), ("--absorber", "Ni")
FOUR = ("a.dat", "b.dat", "c.dat", "d.dat")
STEP = ("--jobs", "1", "--simulator", "edge_step:EdgeStep")
COMMANDS = {
    "inspect": (("inspect", "a.dat", "--save", "out/a.xdi"), "out/a.xdi", 1_000),
    "predict": (("predict", "a.dat", *FE, "--no-explain", "--out", "out/a.csv"), "out/a.csv", 300),
    "mix": (("mix", "a.dat", *FE, "--no-predict", "--out", "out/a.csv"), "out/a.csv", 100),
    "train": (("train", *NI, "--modality", "pdf", "--model", "out/a.model"), "out/a.model", 20_000),
    "study": (("study", "--quick", *SMALL, "--learner", "forest", "--out", "out/a"), "out/a", 20_000),
    "advise": (("advise", *SMALL, "--no-requirements", "--report", "out/a.html"), "out/a.html", 20_000),
    "interpret": (
        ("interpret", *SMALL, "--repeats", "1", "--shap-rows", "0", "--out", "out/a"), "out/a", 20_000
    ),
    "series": (("series", *FOUR, *FE, "--no-predict", "--out", "out/a"), "out/a", 300),
    "build": (("build", "a.vasp", *NI, *STEP, "--out", "out/a.zarr"), "out/a.zarr", 1_500),
}  # fmt: skip


@pytest.fixture
def place(quiet_place: Path) -> Path:
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    mu = 0.8 / (1 + np.exp(-(energy - 7122) / 1.3)) + 0.5
    for number, name in enumerate(FOUR):
        np.savetxt(name, np.column_stack([energy + 0.2 * number, mu]), header="energy mu")
    Path("a.vasp").write_text(NICKEL)
    Path("out").mkdir()
    return quiet_place


def _start(arguments: tuple[str, ...], room: int | None = None) -> subprocess.Popen[str]:
    def limit() -> None:
        # No file may grow beyond: the same error, at the same places, as of a disk without room.
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    path = os.pathsep.join(filter(None, [str(SIMULATORS), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "edgepair", *arguments], env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit,
    )  # fmt: skip


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_that_is_started_without_its_streams(closed: str, place: Path) -> None:
    command = f'exec "$0" -m edgepair inspect a.dat --save out/a.xdi {closed}'
    told = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    # Nothing that was to be printed stands in the file, whose number may have been free.
    assert Path("out/a.xdi").read_text().startswith("# XDI/")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_costs_no_more_than_the_result(command: str, place: Path) -> None:
    arguments, result, room = COMMANDS[command]
    full = _start(arguments, room)
    _, err = full.communicate(timeout=200)
    assert full.returncode == 2, err
    assert "Traceback" not in err
    assert "cannot print" not in err
    for part in ("Found:", "Needed:", "Try:"):
        assert part in err
    assert not [path for path in (place / "out").iterdir() if not path.name.endswith(".results")]
    again = _start(arguments)
    _, err = again.communicate(timeout=200)
    assert (again.returncode, err) == (0, "")
    assert (place / result).exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_two_at_once(command: str, place: Path) -> None:
    arguments, result, _ = COMMANDS[command]
    both = [_start(arguments), _start(arguments)]
    told = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert (place / result).exists()
    assert not [path.name for path in (place / "out").iterdir() if path.name.startswith(".")]
