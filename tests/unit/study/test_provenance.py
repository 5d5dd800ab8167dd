"""What study.json says of the data is the same in every process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import xarray as xr

from edgepair.study import run_study

PROGRAM = """
import json, edgepair
dataset = edgepair.load_bundled("Mn")
result = edgepair.run_study(dataset, tasks=["bond_length"], modalities=["xanes"], learners=["dummy"],
                            quick=True, n_jobs=1, cache=False)
print(json.dumps([result.config["data_sha256"], list(dataset.variables), list(dataset.sizes)]))
"""


def test_checksums_do_not_depend_on_the_process() -> None:
    told = []
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        told.append(json.loads(run.stdout))
    assert told[0] == told[1]


def test_checksums_follow_every_value(synthetic_dataset: xr.Dataset) -> None:
    def checksum(dataset: xr.Dataset) -> str:
        result = run_study(
            dataset,
            tasks=["bond_length"],
            modalities=["pdf"],
            learners=["dummy"],
            quick=True,
            n_jobs=1,
            cache=False,
        )
        return str(result.config["data_sha256"]["Fe"])

    before = checksum(synthetic_dataset)
    assert checksum(synthetic_dataset[sorted(map(str, synthetic_dataset.data_vars))]) == before
    changed = synthetic_dataset.copy(deep=True)
    changed["multiplicity"].values[3] += 1
    assert checksum(changed) != before


def test_learning_curves_grow_forests_of_one_size(synthetic_dataset: xr.Dataset) -> None:
    result = run_study(
        synthetic_dataset,
        tasks=["bond_length"],
        modalities=["xanes"],
        learners=["forest"],
        trees=12,
        repeats=1,
        n_jobs=1,
        cache=False,
    )
    learning = result.learning
    assert learning["fraction"].tolist() == [0.1, 0.25, 0.5, 1.0]
    assert learning["n_formulas"].is_monotonic_increasing
    main = result.scores.query("metric == 'r2' and learner == 'forest' and split == 'formula'")["value"].iloc[
        0
    ]
    # 12 trees are fewer than the curve's 60: at the full size both are the same fit.
    assert learning["value"].iloc[-1] == pytest.approx(main, abs=1e-12)
