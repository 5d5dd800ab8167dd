"""Why one sample got its answer: what each named region of its own curves added."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from numbers import Integral
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS, DataError, OptionError, near_miss, parse_tasks, techniques_of
from edgepair.dataset.store import data_digest
from edgepair.features import find_regions, region_numbers
from edgepair.interpretation.rounds import Explained, explained_task, usual_techniques
from edgepair.interpretation.run import TREES
from edgepair.interpretation.shap_values import fit_without_fold, forest_shap
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, Skip, check_datasets, plan_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.features import Region
    from edgepair.models.trees import Forest
    from edgepair.prediction import Prediction

SAMPLE_COLUMNS = (
    "modality", "technique", "task", "region", "title", "low", "high", "contribution", "base", "answer",
)  # fmt: skip
"""Columns of what `interpret_sample` gives."""

_Row: TypeAlias = tuple[str, str, str, str, str, float, float, float, float, float]

FORESTS_HELD = 24
"""Forests that stay in memory: those of a session's last absorbers, tasks and modalities."""


def interpret_sample(
    sample: Prediction | xr.Dataset,
    *,
    site: int | None = None,
    tasks: Sequence[str] | None = None,
    modality: str | None = None,
    trees: int = TREES,
    seed: int = 0,
) -> pd.DataFrame:
    """Divide the answers for one sample among the named regions of its own curves.

    Parameters
    ----------
    sample : Prediction or xarray.Dataset
        What `edgepair.predict` said of a measured sample (with ``explain=True``), or a dataset one
        of whose sites is meant.
    site : int, optional
        Row of the site in the dataset, from 0.
    tasks : sequence of str, optional
        Default: those that were answered, or for which the dataset has labels.
    modality : str, optional
        What the forest sees of a site; default all of xanes, pdf and dpdf that the dataset has, and
        npdf where it has neither pdf nor dpdf. Of a prediction: the technique to explain; default
        each.
    trees, seed : int, optional
        Of the forests that a site is explained by.

    Returns
    -------
    pandas.DataFrame
        Columns `SAMPLE_COLUMNS`, a row per technique, task and region, in the unit of the task: for
        classes of their mean under the probabilities. For each modality and task ``base``, the
        answer for the average of the training set, and all contributions add up to ``answer``.

    Raises
    ------
    OptionError
        An argument is missing, or not understood.
    DataError
        The dataset does not follow the schema or lacks what is needed.
    ModelError
        A site is to be explained and shap is not installed.

    Notes
    -----
    A measured sample's contributions are the Shapley values of stretches of 2 eV or 0.25 Å that its
    prediction holds, each counted to the region in which its middle lies; a combined answer weighs
    those of single techniques and is not divided further. A site is explained by exact Shapley
    values of a forest that saw no site of its formula; the first call fits it, later ones do not.
    """
    from edgepair.prediction import Prediction

    if isinstance(sample, Prediction):
        if site is not None:
            raise OptionError(
                f"cannot explain site {site!r} of a prediction",
                found="a prediction, which is of one sample",
                needed="no site, or a dataset",
                suggestion="leave site out",
            )
        return _of_prediction(sample, tasks, modality)
    datasets = check_datasets(sample, "explain a site", gated=True)
    if len(datasets) > 1:
        raise OptionError(
            "cannot tell which site to explain",
            found=f"{len(datasets)} datasets",
            needed="one dataset, of which one site is meant",
            suggestion="pass them one after the other",
        )
    dataset = datasets[0]
    return _of_site(dataset, _checked_site(dataset, site), tasks, modality, trees, seed)


def _check_name(modality: object) -> None:
    if modality is not None and not isinstance(modality, str):
        raise OptionError(
            f"cannot explain the modality {modality!r}",
            found=f"a {type(modality).__name__}",
            needed="techniques joined by '+', as 'xanes+pdf'",
            suggestion="leave modality out to explain what there is",
        )


def _checked_site(dataset: xr.Dataset, site: object) -> int:
    n = dataset.sizes["site"]
    if isinstance(site, bool) or not isinstance(site, Integral) or not 0 <= int(site) < n:
        raise OptionError(
            "cannot tell which site to explain",
            found=f"site {site!r}",
            needed=f"a row of the dataset, a whole number from 0 to {n - 1}",
            suggestion="look at the dataset's material_id and site_index for the one you mean",
        )
    return int(site)


def _of_prediction(prediction: Prediction, tasks: Sequence[str] | None, modality: str | None) -> pd.DataFrame:
    reasons = prediction.explanation
    reasons = reasons[reasons["position"].notna()]
    chosen = None if tasks is None else {task.name for task in parse_tasks(tasks)}
    if not len(reasons):
        raise OptionError(
            "cannot explain this prediction",
            found="one that was made without an explanation",
            needed="what each stretch of the curve added",
            suggestion="predict again with explain=True",
        )
    techniques = list(dict.fromkeys(reasons["technique"].astype(str)))
    answered = list(dict.fromkeys(reasons["task"].astype(str)))
    if chosen is not None and not chosen & set(answered):
        raise OptionError(
            "cannot explain what this prediction does not answer",
            found="tasks " + (", ".join(sorted(chosen)) or "none"),
            needed="one or more of " + ", ".join(answered),
            suggestion="leave tasks out to explain all that was answered",
        )
    _check_name(modality)
    if modality is not None and modality not in techniques:
        raise OptionError(
            f"cannot explain {modality!r} of this prediction",
            found=f"modality {modality!r}",
            needed="one of " + ", ".join(techniques),
            suggestion=near_miss(modality, techniques),
        )
    rows: list[_Row] = []
    for technique in techniques if modality is None else [modality]:
        curve = prediction.curves[technique][0]
        selected = reasons[reasons["technique"] == technique]
        compared = np.unique(selected["position"].to_numpy(dtype=np.float64))
        regions = _within(find_regions(prediction.absorber, technique, curve.x, curve.y), compared)
        for task, part in selected.groupby("task", sort=False):
            if chosen is not None and task not in chosen:
                continue
            answers = prediction.table
            answers = answers[(answers["technique"] == technique) & (answers["task"] == task)]
            answer = float(answers["value"].iloc[0])
            added = part["contribution"].to_numpy(dtype=np.float64)
            number = region_numbers(regions, part["position"].to_numpy(dtype=np.float64))
            sums = _sums(number, added, len(regions))
            base = answer - float(added.sum())
            rows += _rows(technique, technique, str(task), regions, sums, base, answer)
    return pd.DataFrame(rows, columns=list(SAMPLE_COLUMNS))


def _within(regions: Sequence[Region], positions: Floats) -> tuple[Region, ...]:
    """Cut regions to the stretch that was compared, given the middles of its windows."""
    half = float(np.diff(positions).min()) / 2 if len(positions) > 1 else 0.0
    first, last = float(positions[0]) - half, float(positions[-1]) + half
    kept = [
        replace(region, low=max(region.low, first), high=min(region.high, last))
        for region in regions
        if region.low < last and region.high > first
    ]
    return tuple(kept) or tuple(regions[:1])


def _of_site(
    dataset: xr.Dataset, site: int, tasks: Sequence[str] | None, modality: str | None, trees: int, seed: int
) -> pd.DataFrame:
    _check_name(modality)
    names = [t.name for t in techniques_of(modality or "+".join(usual_techniques([dataset])))]
    having = [t.name for t in techniques_of("+".join(names)) if t.variable in dataset]
    if not having or (modality is not None and len(having) < len(names)):
        lacking = [name for name in names if name not in having]
        raise DataError(
            f"cannot explain {modality or 'any technique'} of this {dataset.attrs['absorber']} dataset",
            found="no " + " and no ".join(lacking),
            needed="the curves of every technique that is asked for",
            suggestion="leave modality out to explain what there is",
        )
    config = StudyConfig.check(
        tasks=tasks, learners=["forest"], repeats=1, trees=trees, seed=seed, doing="explain a site"
    )
    known = _Known(data_digest(dataset), tuple(having), trees, seed, dataset)
    rows: list[_Row] = []
    reasons = []
    for task in config.task_list():
        cell, skipped = _cell(known, task.name)
        if cell is None:
            reasons += [f"{task.title}: {item.reason}" for item in skipped if item.whole]
        else:
            rows += _explain_site(known, cell, site)
    if not rows:
        raise DataError(
            f"cannot explain site {site} of this {dataset.attrs['absorber']} dataset",
            found="; ".join(reasons),
            needed="labels that a forest can learn from",
            suggestion="use more data or other tasks",
        )
    return pd.DataFrame(rows, columns=list(SAMPLE_COLUMNS))


def _explain_site(known: _Known, cell: Cell, site: int) -> list[_Row]:
    about = _about(known)
    forest = _forest(known, cell.task.name, _unseen_fold(cell, site))
    table = about.table(about.full)
    phi, base, predicted = forest_shap(forest, table.values[site][None])
    # In the unit of the task: the mean of the classes, or the value itself.
    unit = np.array(cell.classes, dtype=np.float64)[forest.classes_] if cell.classes else np.ones(1)
    added, start, answer = phi[0] @ unit, float(base @ unit), float(predicted[0] @ unit)
    rows: list[_Row] = []
    for technique in about.techniques:
        regions = _own_regions(about, technique, site)
        selected = table.technique == technique
        number = region_numbers(regions, table.position[selected])
        sums = _sums(number, added[selected], len(regions))
        rows += _rows(about.full, technique, cell.task.name, regions, sums, start, answer)
    return rows


def _unseen_fold(cell: Cell, site: int) -> int:
    """Choose a fold whose forest has seen no site of this one's formula."""
    dataset = cell.dataset
    formula = dataset["formula"].values[dataset["material_index"].values]
    same = np.flatnonzero(formula[cell.sites] == formula[site])
    # A formula without such a label is in no training set, whatever the fold.
    return int(cell.folds[0][same[0]]) if len(same) else int(cell.folds[0][0])


def _own_regions(about: Explained, technique: str, site: int) -> tuple[Region, ...]:
    (kind,) = techniques_of(technique)
    dataset = about.dataset
    row = site if kind.owner == "site" else int(dataset["material_index"].values[site])
    axis = dataset[kind.axis].values.astype(np.float64)
    curve = dataset[kind.variable].values[row].astype(np.float64)
    return find_regions(about.absorber, technique, axis, curve)


@dataclass(frozen=True)
class _Known:
    """Settings and a dataset, told by its content: one that was changed since is another."""

    content: str
    techniques: tuple[str, ...]
    trees: int
    seed: int
    dataset: xr.Dataset = field(compare=False)


@lru_cache(maxsize=4)
def _about(known: _Known) -> Explained:
    return Explained(known.dataset, known.techniques)


@lru_cache(maxsize=12)
def _cell(known: _Known, task: str) -> tuple[Cell | None, list[Skip]]:
    config = StudyConfig.check(learners=["forest"], repeats=1, seed=known.seed)
    return plan_cell(known.dataset, TASKS[task], config, tables=_about(known).tables)


@lru_cache(maxsize=FORESTS_HELD)
def _forest(known: _Known, task: str, fold: int) -> Forest:
    cell, _ = _cell(known, task)
    if cell is None:
        raise AssertionError("asked for only where there is a cell")
    about = _about(known)
    asked = explained_task(about, cell, about.full, known.trees, known.seed)
    return fit_without_fold(about.table(about.full).values[cell.sites], asked.fit, fold)


def _sums(number: NDArray[np.int64], added: Floats, n: int) -> Floats:
    return np.bincount(number, weights=added, minlength=n).astype(np.float64)


def _rows(
    modality: str,
    technique: str,
    task: str,
    regions: Sequence[Region],
    sums: Floats,
    base: float,
    answer: float,
) -> list[_Row]:
    names = (modality, technique, task)
    return [
        (*names, region.name, region.title, region.low, region.high, float(value), base, answer)
        for region, value in zip(regions, sums, strict=True)
    ]
