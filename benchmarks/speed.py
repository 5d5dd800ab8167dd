"""Time whole commands in fresh processes: wall and CPU time, peak memory, against the floor of their imports.

usage: python benchmarks/speed.py [--only predict-1 data ...] [--study] [--out speed.json]

Measured files are made of the library's standards, with noise; nothing else is needed. `floor` is a process
that only imports what forests and tables need: no command that answers can take less. `--study` adds the
whole study, some minutes. Prints a table and writes the same as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edgepair.standards import load_standards

FLOOR = "import numpy, pandas, scipy.ndimage, scipy.interpolate, sklearn.tree"

GOALS = {
    "predict-1": "5 s wall, 400 MB",
    "predict-300": "25 s CPU, 500 MB",
    "predict-1000-spectra": "15 s wall",
    "inspect": "1.2 s wall",
    "mix": "3 s wall",
    "data": "1.5 s wall",
    "advise": "3 s wall",
    "interpret": "20 s wall",
    "build-dry-run": "4 s wall",
    "study": "200 s wall",
}


@dataclass(frozen=True)
class Run:
    """One command, timed."""

    name: str
    wall: float
    cpu: float
    megabytes: float
    code: int
    goal: str = ""


def timed(name: str, *command: str, folder: Path) -> Run:
    """Run a command to its end."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    return Run(
        name,
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        process.returncode,
        GOALS.get(name, ""),
    )


def write_files(folder: Path) -> None:
    """Write a thousand spectra, each alone and all in a table; three broken files; three structures."""
    rng = np.random.default_rng(0)
    standards = [one for one in load_standards("Fe") if one.energy[0] < 7050 and one.energy[-1] > 7250]
    grid = np.arange(7050.0, 7250.0, 0.5)
    columns = [grid]
    for number in range(1000):
        one = standards[number % len(standards)]
        mu = np.interp(grid, one.energy, one.mu) + rng.normal(0.0, 0.001, len(grid))
        columns.append(mu)
        np.savetxt(
            folder / f"{number:04}.dat", np.column_stack([grid, mu]), header="energy_eV mu", fmt="%.5f"
        )
    names = ",".join(["energy_eV", *(f"s{number}" for number in range(1000))])
    np.savetxt(
        folder / "table.csv", np.column_stack(columns), header=names, delimiter=",", comments="", fmt="%.5f"
    )
    for number in range(3):
        (folder / f"broken{number}.dat").write_bytes(bytes(range(256)) * (number + 1))
    (folder / "cifs").mkdir()
    for name, length in (("FeO", 4.33), ("MnO", 4.44), ("NiO", 4.18)):
        metal = name[:2]
        (folder / "cifs" / f"{name}.cif").write_text(
            f"data_{name}\n_cell_length_a {length}\n_cell_length_b {length}\n_cell_length_c {length}\n"
            "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
            "_symmetry_space_group_name_H-M 'F m -3 m'\n"
            "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n"
            f"_atom_site_fract_z\n{metal}1 {metal} 0 0 0\nO1 O 0.5 0.5 0.5\n"
        )


def commands(*, study: bool) -> Iterator[tuple[str, list[str]]]:
    """List what is timed, by name."""
    files = [f"{number:04}.dat" for number in range(1000)]
    yield "floor", ["-c", FLOOR]
    yield "help", ["-m", "edgepair", "--help"]
    asked: dict[str, list[str]] = {
        "inspect": ["inspect", files[0]],
        "data": ["data"],
        "predict-1": ["predict", files[0]],
        "predict-10": ["predict", *files[:10], "--out", "rows.csv"],
        "predict-100": ["predict", *files[:100], "--out", "rows.csv"],
        "predict-300": [
            "predict",
            *files[:297],
            *(f"broken{number}.dat" for number in range(3)),
            "--out",
            "rows.csv",
        ],
        "predict-1000": ["predict", *files, "--out", "rows.csv"],
        "predict-1000-spectra": ["predict", "table.csv", "--absorber", "Fe", "--out", "rows.csv"],
        "mix": ["mix", files[0]],
        "advise": ["advise", "--absorber", "Ni", "--task", "coordination_number"],
        "build-dry-run": ["build", "cifs", "--absorber", "Fe", "--out", "new.zarr", "--dry-run"],
        "interpret": ["interpret", "--absorber", "Mn", "--out", "interpretation"],
    }
    if study:
        asked["study"] = ["study"]
    for name, command in asked.items():
        yield name, ["-m", "edgepair", *command]


def main() -> None:
    """Time everything once and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--study", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("speed.json"))
    asked = parser.parse_args()
    found: list[Run] = []
    print(f"{'what':<22}{'wall s':>9}{'CPU s':>9}{'/ floor':>9}{'MB':>8}{'code':>6}  goal")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        for what, command in commands(study=asked.study):
            if asked.only and what not in ("floor", *asked.only):
                continue
            run = timed(what, *command, folder=folder)
            found.append(run)
            ratio = run.cpu / found[0].cpu
            numbers = f"{run.wall:>9.2f}{run.cpu:>9.2f}{ratio:>9.2f}{run.megabytes:>8.0f}{run.code:>6}"
            print(f"{run.name:<22}{numbers}  {run.goal}", flush=True)
    by_name = {run.name: run for run in found}
    steps = [by_name[f"predict-{count}"] for count in (10, 100, 1000) if f"predict-{count}" in by_name]
    if len(steps) == 3:
        first, second = (
            1000 * (b.cpu - a.cpu) / n for a, b, n in zip(steps, steps[1:], (90, 900), strict=False)
        )
        print(f"predict: {first:.0f} ms CPU a file from 10 to 100 files, {second:.0f} ms from 100 to 1,000")
    asked.out.write_text(json.dumps([asdict(run) for run in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
