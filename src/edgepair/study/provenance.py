"""What a run was made of: settings, seeds, versions and checksums."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair._version import __version__
from edgepair.dataset import summarise
from edgepair.study.config import DRAWS, StudyConfig
from edgepair.study.work import array_digest

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.study.plan import StudyPlan


def data_checksum(dataset: xr.Dataset) -> str:
    """SHA-256 of all values of a dataset, as a study sees them."""
    parts = []
    # In order of names: a store lists its variables in no order.
    for name in sorted(str(name) for name in dataset.variables):
        values = np.asarray(dataset[name].values)
        digest = str(values.tolist()) if values.dtype.kind == "O" else array_digest(values)
        parts.append(f"{name} {digest}")
    return array_digest(np.array(parts, dtype=np.str_))


def describe_study(
    config: StudyConfig,
    datasets: Sequence[xr.Dataset],
    plan: StudyPlan,
    seconds: float,
    conditions: Sequence[str] = (),
) -> dict[str, Any]:
    """Gather what ``study.json`` holds, so that a run can be repeated and checked."""
    packages = ("numpy", "scipy", "pandas", "scikit-learn", "xarray", "zarr")
    return {
        "edgepair": __version__,
        "config": json.loads(json.dumps(config.as_dict())),
        "repeats": {
            f"{c.absorber} {c.task.name}": c.n_repeats for c in plan.cells if c.split == config.split
        },
        "bootstrap_draws": DRAWS,
        "conditions": list(conditions),
        "dpdf_per": {c.absorber: c.per for c in plan.cells},
        "groups": {d.attrs["absorber"]: d.attrs.get("groups", "formula") for d in datasets},
        "classes": {
            f"{c.absorber} {c.task.name}": list(c.classes) for c in plan.cells if c.split == config.split
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "data_sha256": {d.attrs["absorber"]: data_checksum(d) for d in datasets},
        "data": [summarise(dataset) for dataset in datasets],
        "seconds": round(seconds, 1),
        "skipped": [item.as_dict() for item in plan.skipped],
    }
