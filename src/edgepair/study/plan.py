"""What a study can do with the data at hand: its cells, an absorber and a task each."""

from __future__ import annotations

import json
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from edgepair._version import __version__
from edgepair.conventions import DataError, OptionError, Task, subsets_of, techniques_in, techniques_of
from edgepair.conventions.displayed import Record
from edgepair.conventions.tasks import Floats, Labels
from edgepair.conventions.wording import counted
from edgepair.dataset import average_sites, drop_gated, make_folds, split_groups, summarise, validate
from edgepair.features import RAW_RECIPES, FeatureTable, compute_features, dpdf_normalisation
from edgepair.features.table import RECIPES
from edgepair.study.config import DRAWS, STUDYING, StudyConfig
from edgepair.study.fits import array_digest

Rows: TypeAlias = list[Record]
"""Rows of a table on their way into a frame."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One absorber and task, known by identity; all (n,), ``folds`` (n_repeats, n)."""

    dataset: xr.Dataset
    absorber: str
    task: Task
    sites: NDArray[np.int64]
    target: Labels
    classes: tuple[int, ...]
    groups: NDArray[np.int64]
    n_groups: int
    folds: NDArray[np.int64]
    split: str
    view: str = "sites"
    per: str = "metal"
    raw: bool = False
    tables: dict[str, FeatureTable] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """What the rows of a table about this cell begin with."""
        return {"absorber": self.absorber, "task": self.task.name}

    def row(self, modality: str, learner: str) -> dict[str, str]:
        """Begin a row about one modality and learner."""
        return self.names | {"modality": modality, "learner": learner}

    @property
    def n_repeats(self) -> int:
        """How often the folds are dealt."""
        return len(self.folds)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Numbers of sites, materials and formulas that take part."""
        materials = np.unique(self.dataset["material_index"].values[self.sites])
        formulas = self.dataset["formula"].values[materials]
        return {
            "n_sites": len(self.sites),
            "n_materials": len(materials),
            "n_formulas": len(set(formulas.tolist())),
        }

    def table(self, modality: str) -> FeatureTable:
        """Compute the features of the dataset, once."""
        if modality not in self.tables:
            recipes = RAW_RECIPES if self.raw else RECIPES
            self.tables[modality] = compute_features(self.dataset, modality, per=self.per, recipes=recipes)
        return self.tables[modality]


@dataclass(frozen=True)
class Skip:
    """Something the study could not do, and why."""

    absorber: str
    task: str
    modality: str
    reason: str
    whole: bool

    def as_dict(self) -> Record:
        """Return the entry as it stands in ``study.json``."""
        return asdict(self)


def available_modalities(dataset: xr.Dataset, config: StudyConfig) -> tuple[tuple[str, ...], list[Skip]]:
    """List the modalities that a dataset can serve."""
    absorber = str(dataset.attrs["absorber"])
    able, skipped = [], []
    for modality in config.modalities:
        missing = [t.variable for t in techniques_of(modality) if t.variable not in dataset]
        if missing:
            reason = "the data have no " + " and no ".join(missing)
            skipped.append(Skip(absorber, "", modality, reason, True))
        else:
            able.append(modality)
    return tuple(able), skipped


def plan_cell(
    dataset: xr.Dataset,
    task: Task,
    config: StudyConfig,
    *,
    split: str | None = None,
    tables: dict[str, FeatureTable] | None = None,
) -> tuple[Cell | None, list[Skip]]:
    """Choose the sites, classes and folds of one cell."""
    absorber = str(dataset.attrs["absorber"])

    def skip(reason: str, *, whole: bool = False) -> Skip:
        return Skip(absorber, task.name, "", reason, whole)

    if task.name not in dataset:
        return None, [skip("the data have no such label", whole=True)]
    known, reasons = _with_label(dataset, task)
    label, formulas = dataset[task.name].values, split_groups(dataset, "formula")
    classes: tuple[int, ...] = ()
    problem = "" if known.any() else "no site has this label"
    if not problem and task.kind == "classification":
        known, classes, more = _of_large_classes(label, known, formulas, config.folds)
        reasons += more
        if len(classes) < 2:
            left = f"only class {classes[0]} is" if classes else "no class is"
            problem = f"{left} known for {config.folds} formulas or more"
    sites = np.flatnonzero(known)
    n_formulas = len(np.unique(formulas[sites]))
    if not problem and n_formulas < config.folds:
        problem = f"{n_formulas} formulas, fewer than {config.folds} folds"
    if not problem and not classes and np.ptp(label[sites]) == 0:
        problem = "all sites have one value"
    skipped = [skip(reason) for reason in reasons]
    if problem:
        return None, [*skipped, skip(problem, whole=True)]
    target: Labels = label[sites]
    if classes:
        target = np.searchsorted(np.array(classes), target.astype(int))
    chosen = split or config.split
    folds = make_folds(
        split_groups(dataset, chosen)[sites],
        n_folds=config.folds,
        n_repeats=1 if split else config.repeats_for(len(sites)),
        seed=config.seed,
        classes=target if classes else None,
    )
    cell = Cell(
        dataset, absorber, task, sites, target, classes, formulas[sites], int(formulas.max()) + 1, folds,
        chosen, config.view, dpdf_normalisation(dataset, config.per), config.protocol == "published",
        {} if tables is None else tables,
    )  # fmt: skip
    return cell, skipped


def _with_label(dataset: xr.Dataset, task: Task) -> tuple[NDArray[np.bool_], list[str]]:
    """Find the sites whose label can be learned, and say which cannot; returns (n_sites,)."""
    known: NDArray[np.bool_] = np.isfinite(dataset[task.name].values)
    if task.name != "oxidation_state" or "oxidation_state_source" not in dataset:
        return known, []
    # A state that only the composition tells would be taught by the formula, not by the site.
    by_composition = known & (dataset["oxidation_state_source"].values == "composition")
    n_guessed = int(by_composition.sum())
    reasons = [f"{n_guessed} sites with a state by composition only"] if n_guessed else []
    return known & ~by_composition, reasons


def _of_large_classes(
    label: Floats, known: NDArray[np.bool_], formulas: NDArray[np.int64], n_folds: int
) -> tuple[NDArray[np.bool_], tuple[int, ...], list[str]]:
    """Keep the sites of whole classes that have a formula for every fold; all (n_sites,)."""
    reasons, names = [], []
    fractional = known & (label != np.round(label))
    if fractional.any():
        reasons.append(f"{int(fractional.sum())} sites with a fractional label")
    known = known & ~fractional
    for name in np.unique(label[known]).astype(int):
        of_class = known & (label == name)
        count = len(np.unique(formulas[of_class]))
        if count >= n_folds:
            names.append(int(name))
            continue
        sizes = f"{counted(count, 'formula')} ({counted(int(of_class.sum()), 'site')})"
        reasons.append(f"class {name}: {sizes}, fewer than {n_folds} folds")
        known &= ~of_class
    return known, tuple(names), reasons


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
