"""What commands cost as their input grows: CPU time and peak memory, whole fresh processes.

usage: python benchmarks/growth.py [SHARED_DATA] [--only predict study build] [--out growth.json]

`predict` over 10, 100 and 1,000 files of spectra; `study` (forest, one dealing of folds) over 500, 1,000,
2,000 and 4,000 sites of the bundle's Cu, whole formulas each; `build` over 10, 100 and 1,000 structures with
known spectra (SHARED_DATA holds ``mp_feff9/``). Printed beside each step: CPU time of a further item, and
that of the last step against the one before, which is 1 for a cost that is linear.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from speed import Run, timed, write_files

from edgepair.dataset import load_bundled, save_dataset, select_sites, site_table

FILES = (10, 100, 1000)
SITES = (500, 1000, 2000, 4000)
STRUCTURES = (10, 100, 1000)


def predict_runs(folder: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield `predict` over more and more files."""
    write_files(folder)
    for count in FILES:
        files = [f"{number:04}.dat" for number in range(count)]
        yield count, ["predict", *files, "--out", f"predict{count}.csv"]


def study_runs(folder: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield `study` over more and more sites, whole formulas in an order drawn once."""
    whole = load_bundled("Cu")
    formula = site_table(whole)["formula"]
    names = np.random.default_rng(0).permutation(formula.unique())
    rank = formula.map({name: place for place, name in enumerate(names)}).to_numpy()
    for count in SITES:
        last = np.sort(rank)[min(count, len(rank)) - 1]
        rows = np.flatnonzero(rank <= last)
        save_dataset(select_sites(whole, rows), folder / f"Cu{count}.zarr.zip")
        settings = ["--learner", "forest", "--repeats", "1", "--jobs", "1", "--out", f"study{count}"]
        yield len(rows), ["study", "--data", f"Cu{count}.zarr.zip", "--absorber", "Cu", *settings]


def build_runs(folder: Path, data: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield `build` over more and more structures drawn at random, spectra from a table."""
    structures = pd.read_parquet(data / "mp_feff9" / "Cu_structures.parquet").sample(
        max(STRUCTURES), random_state=0
    )
    spectra = data.resolve() / "mp_feff9" / "Cu_spectra.parquet"
    for count in STRUCTURES:
        structures[:count].to_parquet(folder / f"structures{count}.parquet")
        settings = [
            "--spectra",
            str(spectra),
            "--origin",
            "feff9",
            "--jobs",
            "1",
            "--out",
            f"build{count}.zarr",
        ]
        yield count, ["build", f"structures{count}.parquet", "--absorber", "Cu", *settings]


def slopes(counts: list[int], runs: list[Run]) -> list[float]:
    """CPU milliseconds of a further item, step by step."""
    cpu = [run.cpu for run in runs]
    return [1000 * (b - a) / (n - m) for a, b, m, n in zip(cpu, cpu[1:], counts, counts[1:], strict=False)]


def main() -> None:
    """Run each part and print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="folder with mp_feff9/; without it no builds")
    parser.add_argument("--only", nargs="+", choices=("predict", "study", "build"))
    parser.add_argument("--out", type=Path, default=Path("growth.json"))
    asked = parser.parse_args()
    kept: dict[str, list[dict[str, object]]] = {}
    for part in asked.only or ("predict", "study", "build"):
        if part == "build" and asked.data is None:
            print("build: left out, no SHARED_DATA given")
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            steps = {"predict": predict_runs, "study": study_runs}.get(part)
            counts, runs = [], []
            for count, command in steps(folder) if steps else build_runs(folder, asked.data):
                run = timed(f"{part}-{count}", "-m", "edgepair", *command, folder=folder)
                counts.append(count)
                runs.append(run)
                further = slopes(counts, runs)
                more = f"{further[-1]:>8.1f} ms a further item" if further else ""
                ratio = f", {further[-1] / further[-2]:.2f} of the step before" if len(further) > 1 else ""
                numbers = f"{run.cpu:>9.1f} s CPU{run.megabytes:>7.0f} MB  exit {run.code}"
                print(f"{run.name:<16}{numbers}{more}{ratio}", flush=True)
        kept[part] = [asdict(run) | {"items": count} for run, count in zip(runs, counts, strict=True)]
    asked.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
