"""What a study can do with the data at hand."""

from __future__ import annotations

import json
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair._version import __version__
from edgepair.conventions import DataError, OptionError, subsets_of, techniques_in
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import counted
from edgepair.dataset import average_sites, drop_gated, summarise, validate
from edgepair.features import dpdf_normalisation
from edgepair.study.cells import Cell, Skip, available_modalities, plan_cell
from edgepair.study.config import DRAWS, STUDYING, StudyConfig
from edgepair.study.work import array_digest

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.features import FeatureTable


@dataclass(frozen=True)
class StudyPlan:
    """What can be done with some datasets."""

    cells: tuple[Cell, ...]
    modalities: dict[str, tuple[str, ...]]
    skipped: tuple[Skip, ...]
    subsets: dict[str, tuple[str, ...]]

    def by_absorber(self) -> list[list[Cell]]:
        """Gather the cells of each absorber."""
        groups: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            groups[cell.absorber].append(cell)
        return list(groups.values())


def check_datasets(
    dataset: xr.Dataset | Sequence[xr.Dataset], doing: str = STUDYING, *, gated: bool = False
) -> list[xr.Dataset]:
    """Check datasets as a user gives them."""
    import xarray as xr

    several = isinstance(dataset, Sequence) and not isinstance(dataset, str)
    datasets: list[Any] = list(dataset) if several else [dataset]
    seen: set[str] = set()
    for number, item in enumerate(datasets):
        if not isinstance(item, xr.Dataset):
            raise OptionError(
                f"cannot {doing} with dataset {number}",
                found=f"a {type(item).__name__}",
                needed="an xarray.Dataset",
                suggestion="open files with edgepair.open_dataset first",
            )
        validate(item, name=f"dataset {number} ({item.attrs.get('absorber', 'no absorber')})")
        absorber = str(item.attrs["absorber"])
        if absorber in seen:
            raise OptionError(
                f"cannot {doing} with {absorber} twice",
                found=f"two datasets of {absorber}",
                needed="one dataset per absorber",
                suggestion="take them one after the other",
            )
        seen.add(absorber)
    if not datasets:
        raise OptionError(f"cannot {doing}", found="no dataset", needed="at least one", suggestion="pass one")
    return datasets if gated else [drop_gated(item) for item in datasets]


def plan_study(datasets: Sequence[xr.Dataset], config: StudyConfig, doing: str = STUDYING) -> StudyPlan:
    """List the cells and modalities that the data allow."""
    cells: list[Cell] = []
    skipped: list[Skip] = []
    modalities, subsets = {}, {}
    for rows in datasets:
        dataset, reasons = _studied(rows, config)
        skipped += reasons
        if dataset is None:
            continue
        able, missing = available_modalities(dataset, config)
        modalities[str(dataset.attrs["absorber"])] = able
        skipped += missing
        if "dpdf" in techniques_in(able) and dpdf_normalisation(dataset, config.per) != config.per:
            reason = "the data name no compositions: the dPDF stays normalised as in the total PDF"
            skipped.append(Skip(str(dataset.attrs["absorber"]), "", "dpdf", reason, False))
        if not able:
            continue
        techniques = techniques_in(able)
        if config.contributions and len(techniques) > 1:
            subsets[str(dataset.attrs["absorber"])] = subsets_of(techniques)
        elif config.contributions:
            reason = f"contributions of techniques: the data have only {techniques[0]} of those asked for"
            skipped.append(Skip(str(dataset.attrs["absorber"]), "", "", reason, True))
        tables: dict[str, FeatureTable] = {}
        for task in config.task_list():
            cell, reasons = plan_cell(dataset, task, config, tables=tables)
            skipped += reasons
            if cell is None:
                continue
            cells.append(cell)
            if config.extras and config.split == "formula":
                cells.append(_required(plan_cell(dataset, task, config, split="random", tables=tables)[0]))
    if not cells:
        raise DataError(
            f"cannot {doing}: nothing of what was asked for can be done",
            found="; ".join(
                " ".join(part for part in (item.absorber, item.task, item.modality) if part)
                + f": {item.reason}"
                for item in skipped
            ),
            needed=f"an absorber and task with two classes or more of {config.folds} formulas each",
            suggestion="use fewer folds, other tasks or more data",
        )
    return StudyPlan(tuple(cells), modalities, tuple(skipped), subsets)


def _studied(rows: xr.Dataset, config: StudyConfig) -> tuple[xr.Dataset | None, list[Skip]]:
    """Leave out what fails the gates; average over sites where rows are to be materials."""
    absorber = str(rows.attrs["absorber"])
    try:
        dataset = drop_gated(rows)
    except DataError as error:
        return None, [Skip(absorber, "", "", error.found, True)]
    skipped = []
    n_gated = rows.sizes["site"] - dataset.sizes["site"]
    if n_gated:
        reason = f"{counted(n_gated, 'site')} left out by the gates of the builder"
        skipped.append(Skip(absorber, "", "", reason, False))
    if config.view == "sites":
        return dataset, skipped
    n_partial = int((~dataset["complete"].values).sum())
    if n_partial == dataset.sizes["material"]:
        return None, [
            *skipped,
            Skip(absorber, "", "", "no material has a spectrum for each of its sites", True),
        ]
    if n_partial:
        reason = f"{counted(n_partial, 'material')} without the spectrum of a site"
        skipped.append(Skip(absorber, "", "", reason, False))
    return average_sites(dataset), skipped


def _required(cell: Cell | None) -> Cell:
    if cell is None:
        raise AssertionError("a random split needs no more than a grouped one")
    return cell


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
) -> Record:
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
