"""Cells of the study: one absorber and one task, with its sites, classes and folds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.conventions import Task, techniques_of
from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import counted
from edgepair.dataset import make_folds, split_groups
from edgepair.features import RAW_RECIPES, FeatureTable, compute_features, dpdf_normalisation
from edgepair.features.table import RECIPES

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Labels
    from edgepair.study.config import StudyConfig


@dataclass(frozen=True, eq=False)
class Cell:
    """One absorber and one task, known by identity; cells of one dataset share its feature tables.

    ``sites`` (n,); ``target`` (n,); ``groups`` (n,); ``folds`` (n_repeats, n).
    """

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


Rows: TypeAlias = list[Record]
"""Rows of a table on their way into a frame."""


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
    label: NDArray[np.float64], known: NDArray[np.bool_], formulas: NDArray[np.int64], n_folds: int
) -> tuple[NDArray[np.bool_], tuple[int, ...], list[str]]:
    """Keep the sites of whole classes that have a formula for every fold.

    ``label, known, formulas`` (n_sites,).
    """
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
