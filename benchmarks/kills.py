"""Kill commands at random moments: nothing may be lost, doubled, made again or half-written.

usage: python benchmarks/kills.py [--command build study ...] [--kills 30] [--seed 0]

Each command runs once to its end, in a cache of its own: how long it takes, and what it writes. Then it is
started again in an empty place and killed (SIGKILL, with all its processes) after a random part of that time,
again and again, until it has been killed as often as asked; every second time after the first stored result,
or in the latter half where none is stored before the end.
After each kill: a result is absent or whole, and what was stored before is still there, unchanged and not
written anew. At last the command runs to its end, and must write what the first run wrote and leave no part
behind. Ends with 1 where anything of this did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgepair import load_bundled
from edgepair.dataset import save_dataset
from edgepair.dataset.averaging import select_sites

_NICKEL = "NiO\n1.0\n0 {a} {a}\n{a} 0 {a}\n{a} {a} 0\nNi O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
_SIMULATOR = Path(__file__).resolve().parents[1] / "tests" / "simulators"
_TIMES = ("seconds", "started", "finished", "created", "made")
_PARTS = (".part", ".tmp", "-shm", "-wal", ".lock", ".sqlite", ".build.json", ".items.csv")
_FILES = 200
"""That `predict` answers: a spectrum takes 20 ms, and it is to be killed between two."""
_RUNNING = ".running"
_UNTIL_DONE = "cache/edgepair/rows"
"""Endings and a folder of what is no result: parts, locks, lists, and where a run stands; and
where rows are kept until their table is written."""


def _write_crystals(folder: Path) -> None:
    (folder / "crystals").mkdir()
    for number in range(12):
        (folder / "crystals" / f"{number}.vasp").write_text(_NICKEL.format(a=2.05 + 0.03 * number))


def _write_spectra(folder: Path) -> None:
    energy = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.5), np.arange(60, 400, 5.0)]
    for number in range(_FILES):
        x = energy - 7122 - 0.02 * number
        mu = 0.8 / (1 + np.exp(-x / 1.3)) + 0.3 * np.exp(-0.5 * ((x - 6) / 3) ** 2) + 0.5
        rows = "".join(f"{e:.3f} {m:.6f}\n" for e, m in zip(energy, mu, strict=True))
        (folder / f"{number}.dat").write_text("# energy mu\n" + rows)


def _write_dataset(folder: Path) -> None:
    """Write a few sites of nickel: what is tried is how results are kept, not how good they are."""
    save_dataset(select_sites(load_bundled("Ni", instrument=None), range(40)), folder / "few.zarr.zip")


@dataclass(frozen=True)
class Trial:
    """A command, what it needs, what it writes, and where what it has stored lies, besides the cache."""

    arguments: tuple[str, ...]
    out: str
    prepare: Callable[[Path], None] = lambda folder: None
    stores: tuple[str, ...] = ()
    codes: tuple[int, ...] = field(default=(0,))


_ONE = ("--jobs", "1")
_FEW = ("--data", "few.zarr.zip", "--absorber", "Ni")
_TASK = ("--task", "coordination_number")
TRIALS = {
    "build": Trial(
        ("build", "crystals", "--absorber", "Ni", "--out", "ni.zarr", "--simulator", "edge_step:EdgeStep",
         *_ONE),
        "ni.zarr", _write_crystals, ("ni.results",),
    ),
    "study": Trial(
        ("study", *_FEW, "--quick", *_TASK, "--modality", "xanes", "--modality", "pdf", "--learner", "forest",
         "--folds", "3", "--trees", "5", *_ONE, "--out", "study"), "study", _write_dataset,
    ),
    "train": Trial(
        ("train", *_FEW, "--no-library", "--technique", "xanes", "--model", "ni.model"), "ni.model",
        _write_dataset,
    ),
    "predict": Trial(
        ("predict", *(f"{n}.dat" for n in range(_FILES)), "--no-explain", "--out", "rows.csv"),
        "rows.csv", _write_spectra,
    ),
    "advise": Trial(
        ("advise", *_FEW, *_TASK, "--no-requirements", "--folds", "3", "--trees", "5", *_ONE, "--json"), "",
        _write_dataset,
    ),
}  # fmt: skip


def start(trial: Trial, folder: Path) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own."""
    path = os.pathsep.join(filter(None, [str(_SIMULATOR), os.environ.get("PYTHONPATH")]))
    here = {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": path, "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir(exist_ok=True)
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "edgepair", *trial.arguments],
            cwd=folder, env=os.environ | here, stdout=output, stderr=errors, start_new_session=True,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stored(trial: Trial, folder: Path) -> dict[str, tuple[int, str]]:
    """Tell the finished results: which file of the disk each is, or which line of one, and a digest."""
    found = {}
    for place in ("cache", *trial.stores):
        for path in sorted((folder / place).rglob("*")):
            if not path.is_file() or path.name.endswith(_PARTS) or _RUNNING in path.parts:
                continue
            content, name = path.read_bytes(), str(path.relative_to(folder))
            if path.suffix == ".jsonl":
                for key, line in _results(content):
                    # one that is made again stands in a second file, and has another digest than the first
                    found[f"{path.parent.relative_to(folder)} {key}"] = (0, hashlib.sha256(line).hexdigest())
            else:
                found[name] = (path.stat().st_ino, hashlib.sha256(content).hexdigest())
    return found


def _results(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Part lines of results into their keys and the whole; a line without its end is none yet."""
    for line in content.split(b"\n"):
        with contextlib.suppress(ValueError):
            record = json.loads(line[line.index(b"{" if b"{" in line[:80] else b"[") :])
            yield str(record["key"] if isinstance(record, dict) else record[0]), line


def written(trial: Trial, folder: Path) -> dict[str, str]:
    """Tell what the command has written, but for times."""
    place = folder / trial.out if trial.out else folder / "output"
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    told = {}
    for path in files:
        name = str(path.relative_to(folder))
        if path.suffix == ".html":
            told[name] = "a page"
        elif path.suffix == ".json" or path.name == "output":
            told[name] = json.dumps(_without_times(json.loads(path.read_text() or "null")))
        else:
            told[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return told


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if not any(word in k for word in _TIMES)}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def run(name: str, kills: int, random_: random.Random, folder: Path) -> list[str]:
    """Kill one command so many times; what did not hold."""
    trial = TRIALS[name]
    whole, place = folder / "whole", folder / "killed"
    for each in (whole, place):
        each.mkdir(parents=True)
        trial.prepare(each)
    began, keeps = time.monotonic(), False
    first = start(trial, whole)
    while first.poll() is None:
        keeps = keeps or bool(stored(trial, whole))
        time.sleep(0.05)
    code: int | None = first.returncode
    seconds = time.monotonic() - began
    if code not in trial.codes:
        return [f"{name}: the first run ended with {code}: {(whole / 'errors').read_text()[-500:]}"]
    expected = written(trial, whole)
    wrong: list[str] = []
    known: dict[str, tuple[int, str]] = {}
    killed = ended = later = 0
    while killed < kills:
        process = start(trial, place)
        try:
            if killed % 2 and keeps:
                # A machine is now slower, now faster: after the first results, whenever they come.
                while process.poll() is None and not stored(trial, place):
                    time.sleep(0.05)
                code = process.wait(random_.uniform(0.0, 0.3) * seconds)
            else:
                code = process.wait(random_.uniform(0.5 if killed % 2 else 0.05, 1.0) * seconds)
            ended += 1
        except subprocess.TimeoutExpired:
            kill(process)
            killed += 1
            later += bool(stored(trial, place))
            code = None
            told = f"{name}: kill {killed} of {kills} after {time.monotonic() - began:.0f} s"
            print(f"{told}, {later} with results", flush=True)
        now = stored(trial, place)
        done = bool(trial.out) and (place / trial.out).exists()
        for path in known:
            if path not in now:
                if done and path.startswith(_UNTIL_DONE):
                    continue
                wrong.append(f"{name}, kill {killed}: {path} was stored, and is gone")
            elif now[path] != known[path]:
                wrong.append(f"{name}, kill {killed}: {path} was made again")
        known = now
        if done and written(trial, place) != expected:
            wrong.append(f"{name}, kill {killed}: {trial.out} is there, and is not what it should be")
        if code is not None:
            # Done before its time: what is stored makes it faster. From the start again.
            if code not in trial.codes:
                wrong.append(
                    f"{name}: a run after kills ended with {code}: {(place / 'errors').read_text()[-300:]}"
                )
            if written(trial, place) != expected:
                wrong.append(f"{name}: a run after {killed} kills wrote something else than the first")
            shutil.rmtree(place)
            place.mkdir()
            trial.prepare(place)
            known = {}
    code = start(trial, place).wait()
    if code not in trial.codes or written(trial, place) != expected:
        wrong.append(f"{name}: the last run ended with {code}, or wrote something else than the first")
    left = [
        path.name
        for path in place.iterdir()
        if path.name.endswith(_PARTS) or path.name.startswith(".edgepair")
    ]
    if left:
        wrong.append(f"{name}: left behind: {', '.join(left)}")
    print(
        f"{name}: {killed} kills of a command of {seconds:.0f} s, {later} with results stored, "
        f"{ended} ended before, {len(wrong)} wrong",
        flush=True,
    )
    return wrong


def main() -> None:
    """Try the commands."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--command", nargs="+", choices=TRIALS, default=list(TRIALS))
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="edgepair-kills-") as folder:
        for name in given.command:
            wrong += run(name, given.kills, random.Random(f"{name} {given.seed}"), Path(folder) / name)
    for line in dict.fromkeys(wrong):
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
