"""The command ``edgepair build`` as a user types it: killed, interrupted, twice at once, on a scheduler."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Structure

from edgepair.builder import ResultStore
from edgepair.dataset import open_dataset

SIMULATORS = Path(__file__).resolve().parents[1] / "simulators"
BUILD = ("build", "crystals", "--absorber", "Fe", "--out", "fe.zarr", "--simulator", "edge_step:EdgeStep")


@pytest.fixture(autouse=True)
def crystals(
    quiet_place: Path,
    monkeypatch: pytest.MonkeyPatch,
    hematite: Structure,
    magnetite: Structure,
    franklinite: Structure,
) -> Path:
    """A folder with ten iron oxides of four formulas and two files that are none, and the simulator."""
    folder = quiet_place / "crystals"
    folder.mkdir()
    for number in range(3):
        for name, structure in (("hem", hematite), ("mag", magnetite), ("fra", franklinite)):
            strained = structure.copy()
            # 2 % apart: other materials, not duplicates
            strained.apply_strain(0.02 * number)
            strained.to(str(folder / f"{name}{number}.cif"))
    (folder / "notes.txt").write_text("not a structure")
    (folder / "broken.cif").write_text("data_x\n_cell_length_a 3\n")
    path = os.pathsep.join(filter(None, [str(SIMULATORS), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(str(SIMULATORS))
    monkeypatch.setenv("EDGE_STEP_LOG", str(quiet_place.parent / "log"))
    return folder


@pytest.fixture
def log(quiet_place: Path) -> Callable[[], list[str]]:
    """What the simulator was called for, a line a call."""
    path = quiet_place.parent / "log"
    return lambda: path.read_text().splitlines() if path.exists() else []


SITES = 12
"""Hematite 1, magnetite 2, franklinite 1; three times."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgepair", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )  # fmt: skip


def wait_for_calls(log: Callable[[], list[str]], count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while len(log()) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("processes of the build were left running")


def stored_spectra(store: Path) -> list[dict[str, Any]]:
    with ResultStore(store) as results:
        return list(results.records("edgestep"))


def test_the_command_end_to_end(command: Callable[..., Any], quiet_place: Path) -> None:
    done = command(*BUILD, "--jobs", "1")
    assert done.err == ""
    # two files could not be read: that is told by the exit code
    assert done.code == 1
    assert "12 sites of 9 materials, 9 of these complete" in done.out
    assert "2  rejected: not readable" in done.out
    dataset = open_dataset(quiet_place / "fe.zarr")
    assert sorted(set(dataset["formula"].values.tolist())) == ["Fe2O3", "Fe3O4", "Zn(FeO2)2"]
    assert names(quiet_place) == ["crystals", "fe.results", "fe.zarr"]
    status = command("build", "--status", "fe.zarr/")
    assert status.code == 0
    assert "fe.zarr: finished" in status.out
    shown = command("data", "show", "fe.zarr")
    assert shown.code == 0
    assert "edgepair build" in shown.out
    assert "crystals" in shown.out
    studied = command(
        "study", "--data", "fe.zarr", "--quick", "--trees", "3", "--jobs", "1", "--folds", "2",
        "--modality", "xanes", "--task", "bond_length", "--json",
    )  # fmt: skip
    assert json.loads(studied.out)["scores"], studied.err


def test_json(edgepair: Callable[..., Any]) -> None:
    done = edgepair(*BUILD, "--json", "--jobs", "1")
    document = json.loads(done.out)
    assert (document["sites"], document["materials"], document["computed"]) == (12, 9, 41)
    # Fe(II) of the most stretched magnetites no longer adds up to its oxidation state
    assert document["items"] == {"done": 12, "rejected: not readable": 2}
    not_done = {item["material_id"] for item in document["not_done"] if item["status"] != "gated"}
    assert not_done == {"broken", "notes.txt"}
    status = json.loads(edgepair("build", "--status", "fe.zarr", "--json").out)
    assert status["state"] == "finished"


def test_dry_run_writes_nothing(edgepair: Callable[..., Any], quiet_place: Path) -> None:
    done = edgepair(*BUILD, "--dry-run", "--jobs", "1")
    assert done.code == 0
    assert "12 absorber sites of 9 materials, 0 known" in done.out
    document = json.loads(edgepair(*BUILD, "--dry-run", "--json").out)
    assert document["sites"] == 12
    assert names(quiet_place) == ["crystals"]


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_killed_at_any_moment_nothing_finished_is_done_again(
    jobs: str, log: Callable[[], list[str]], command: Callable[..., Any], quiet_place: Path
) -> None:
    """SIGKILL to the parent, again and again; its workers must go by themselves."""
    finished = 0
    for round_ in range(2):
        process = start(*BUILD, "--jobs", jobs, EDGE_STEP_SLEEP="0.15")
        wait_for_calls(log, len(log()) + 2 + round_, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        wait_until_gone(process.pid)
        spectra = stored_spectra(quiet_place / "fe.results")
        assert len(spectra) >= finished
        finished = len(spectra)
        before = len(log())
    done = command(*BUILD, "--jobs", jobs)
    assert done.code == 1, done.err
    # what was in the store is not simulated again
    assert len(log()) - before == SITES - finished
    keys = [record["key"] for record in stored_spectra(quiet_place / "fe.results")]
    assert len(keys) == len(set(keys)) == SITES
    assert open_dataset(quiet_place / "fe.zarr").sizes["site"] == SITES


@pytest.mark.parametrize(("whom", "jobs"), [("everyone", "2"), ("parent", "2"), ("parent", "1")])
def test_interrupted(
    whom: str, jobs: str, log: Callable[[], list[str]], quiet_place: Path, command: Callable[..., Any]
) -> None:
    process = start(*BUILD, "--jobs", jobs, EDGE_STEP_SLEEP="0.3")
    try:
        wait_for_calls(log, 3, process)
        (os.killpg if whom == "everyone" else os.kill)(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        wait_until_gone(process.pid)
    assert (process.returncode, out) == (130, "")
    assert "interrupted; finished results are kept" in err
    assert "Traceback" not in err
    assert not (quiet_place / "fe.zarr").exists()
    assert list((quiet_place.parent / "scratch").iterdir()) == []
    assert "interrupted" in command("build", "--status", "fe.zarr").out


def test_two_builds_into_one_store(log: Callable[[], list[str]], quiet_place: Path) -> None:
    one = start(*BUILD, "--jobs", "1", EDGE_STEP_SLEEP="0.1")
    arguments = [item if item != "fe.zarr" else "fe2.zarr" for item in BUILD]
    two = start(*arguments, "--jobs", "1", "--store", "fe.results", EDGE_STEP_SLEEP="0.1")
    for process in (one, two):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 1
        assert all(line.startswith("edgepair build: ") for line in err.splitlines())
    assert len(stored_spectra(quiet_place / "fe.results")) == SITES
    # what one is at, the other leaves alone
    assert len(log()) == SITES
    first, second = (open_dataset(quiet_place / name) for name in ("fe.zarr", "fe2.zarr"))
    assert first.identical(second)
    with ResultStore(quiet_place / "fe.results") as results:
        assert results.damaged == 0


def test_a_worker_that_is_killed_loses_nothing(log: Callable[[], list[str]], quiet_place: Path) -> None:
    # so slow that a third has time to start before all is done
    process = start(*BUILD, "--jobs", "2", EDGE_STEP_SLEEP="1.5")
    wait_for_calls(log, 3, process)
    os.kill(int(log()[-1].split()[2]), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    wait_until_gone(process.pid)
    assert process.returncode == 1, err
    assert len({line.split()[2] for line in log()}) >= 3
    assert open_dataset(quiet_place / "fe.zarr").sizes["site"] == SITES


@pytest.fixture
def scheduler(quiet_place: Path) -> Iterator[str]:
    """A Dask scheduler with two workers, all processes of their own, as on a cluster."""
    file = quiet_place.parent / "scheduler.json"
    options = ["--scheduler-file", str(file)]
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    started = [
        subprocess.Popen([*dask, "scheduler", *options, "--host", "127.0.0.1", "--port", "0",
                          "--dashboard-address", "127.0.0.1:0"], **quiet)
    ]  # fmt: skip
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started.append(
        subprocess.Popen([*dask, "worker", *options, "--nworkers", "2", "--nthreads", "1",
                          "--no-dashboard"], **quiet)
    )  # fmt: skip
    yield str(file)
    for process in started[::-1]:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def test_on_a_scheduler(
    scheduler: str, log: Callable[[], list[str]], command: Callable[..., Any], quiet_place: Path
) -> None:
    done = command(*BUILD, "--scheduler", scheduler)
    assert done.code == 1, done.err
    assert open_dataset(quiet_place / "fe.zarr").sizes["site"] == SITES
    address = json.loads(Path(scheduler).read_text())["address"]
    study = (
        "study", "--data", "fe.zarr", "--quick", "--trees", "5", "--folds", "2", "--modality", "xanes,pdf",
        "--task", "bond_length,coordination_number",
    )  # fmt: skip
    there = command(*study, "--scheduler", address, "--out", "there", XDG_CACHE_HOME=str(quiet_place / "c1"))
    here = command(*study, "--jobs", "1", "--out", "here", XDG_CACHE_HOME=str(quiet_place / "c2"))
    assert there.code == here.code, there.err
    for name in ("scores.csv", "predictions.csv"):
        assert (quiet_place / "there" / name).read_bytes() == (quiet_place / "here" / name).read_bytes()
    assert any((quiet_place / "c1").rglob("*.npz"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build",), "SOURCE"),
        (("build", "crystals", "--out", "x.zarr"), "--absorber"),
        (("build", "absent", "--absorber", "Fe", "--out", "x.zarr"), "no such file"),
        (("build", "crystals", "--absorber", "Iron", "--out", "x.zarr"), "Iron"),
        (("build", "crystals", "--absorber", "Fe", "--out", "absent/x.zarr"), "absent"),
        (("build", "crystals", "--absorber", "Fe", "--out", "crystals"), "no dataset"),
        ((*BUILD[:6], "--preset", "slow"), "slow"),
        ((*BUILD[:6], "--card", "SCF"), "SCF"),
        ((*BUILD[:6], "--card", "SFC=3"), "SFC"),
        ((*BUILD, "--range", "wide"), "wide"),
        ((*BUILD, "--jobs", "0"), "workers"),
        ((*BUILD, "--max-sites", "-3"), "max_sites"),
        ((*BUILD, "--spectra", "absent.parquet"), "absent.parquet"),
        ((*BUILD, "--origin", "feff8"), "feff8"),
        ((*BUILD[:6], "--simulator", "absent:Class"), "absent"),
        ((*BUILD, "--scheduler", "tcp://127.0.0.1:1"), "127.0.0.1:1"),
        ((*BUILD, "--store", "crystals/notes.txt"), "notes.txt"),
        (("build", "amcsd:metal=Fe", "--absorber", "Fe", "--out", "x.zarr"), "metal"),
        (("build", "mp:metal=Fe", "--absorber", "Fe", "--out", "x.zarr"), "metal"),
        (("build", "crystals/notes.txt", "--absorber", "Fe", "--out", "x.zarr"), "cannot make"),
        (("build", "--status", "x.zarr"), "x.zarr"),
    ],
)
def test_wrong_input_is_refused_in_four_parts(
    arguments: tuple[str, ...], words: str, edgepair: Callable[..., Any], quiet_place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("edgepair.engine.tasks.REACHED_WITHIN", "1s")
    done = edgepair(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert words in done.err
    for part in ("Found:", "Needed:", "Try:"):
        assert part in done.err
    assert "Traceback" not in done.err
    assert not (quiet_place / "x.zarr").exists()
    assert not (quiet_place / "fe.zarr").exists()


def test_quiet(edgepair: Callable[..., Any]) -> None:
    done = edgepair(*BUILD, "--quiet", "--jobs", "1")
    assert (done.code, done.out, done.err) == (1, "", "")
