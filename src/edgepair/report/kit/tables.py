"""Cuts of a study's tables: what a figure or a table of the report shows, in plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS, TECHNIQUES, Task, Technique
from edgepair.conventions.wording import capital, short_title, task_title

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from edgepair.study import StudyResult

BASELINE = "dummy"
"""The learner that looks at no curve."""

MOST_SITES = 800
"""Sites that a parity plot shows at most."""


def in_order(values: Sequence[str], order: Sequence[str]) -> list[str]:
    """List the different values, known ones first and in a given order.

    >>> in_order(["pdf", "xanes", "pdf"], ["xanes", "pdf", "dpdf"])
    ['xanes', 'pdf']
    """
    found = list(dict.fromkeys(values))
    return [name for name in order if name in found] + [name for name in found if name not in order]


def main_learner(result: StudyResult) -> str:
    """Name the learner that figures and findings are about."""
    names = [*result.config["config"]["learners"], *result.scores["learner"].unique().tolist()]
    return next((name for name in names if name != BASELINE), BASELINE)


def absorbers_of(result: StudyResult) -> list[str]:
    """List the absorbers that have scores, in the order in which they were studied."""
    return list(dict.fromkeys(result.scores["absorber"].tolist()))


def tasks_of(result: StudyResult) -> list[str]:
    """List the tasks that have scores."""
    return in_order(result.scores["task"].tolist(), list(TASKS))


def modalities_of(result: StudyResult) -> list[str]:
    """List the modalities that have scores."""
    return in_order(result.scores["modality"].tolist(), result.config["config"]["modalities"])


def without_formulas(result: StudyResult) -> list[str]:
    """List the absorbers whose data name no formulas: materials stand for them."""
    return [str(name) for name, kind in result.config.get("groups", {}).items() if kind != "formula"]


def group_word(result: StudyResult, *, plural: bool = True) -> str:
    """Name what counts as independent evidence in a study."""
    without = without_formulas(result)
    every = set(result.config.get("groups", {})) <= set(without)
    words = ["formula", "material"] if without and not every else ["material"] if without else ["formula"]
    return " or ".join(word + "s" * plural for word in words)


def about_task(task: str) -> Task:
    """Look a task up; one that this version does not know is shown under its own name."""
    return TASKS.get(task) or Task(task, "classification", task.replace("_", " "), "", task, 0.0, 0.0)


def about_technique(name: str) -> Technique:
    """Look a technique up; one that this version does not know is taken for a PDF without a unit."""
    return TECHNIQUES.get(name) or Technique(name, name.upper(), "", "material", "r", "", "")


def is_regression(task: str) -> bool:
    """Say whether a task's answers are numbers."""
    return about_task(task).kind == "regression"


def task_axis(task: str) -> str:
    """Name a task's value with its unit, for an axis.

    >>> task_axis("bond_length"), task_axis("oxidation_state")
    ('mean bond length (Å)', 'oxidation state (no unit)')
    """
    return f"{task_title(task)} ({about_task(task).unit or 'no unit'})"


def task_with_unit(task: str) -> str:
    """Name a task with its unit, for a table's head.

    >>> task_with_unit("bond_length"), task_with_unit("oxidation_state")
    ('Mean bond length (Å)', 'Oxidation state')
    """
    unit = about_task(task).unit
    return capital(task_title(task) + (f" ({unit})" if unit else ""))


def main_metric(task: str) -> str:
    """Name the metric in which a task is compared.

    >>> main_metric("bond_length")
    'r2'
    """
    return about_task(task).main_metric


def main_scores(scores: pd.DataFrame, *, task: str, learner: str, split: str) -> pd.DataFrame:
    """Cut the scores of one task in its main metric, in the first view at hand."""
    chosen = (
        (scores["task"] == task)
        & (scores["learner"] == learner)
        & (scores["split"] == split)
        & (scores["metric"] == main_metric(task))
        & (scores["view"] == (scores["view"].iloc[0] if len(scores) else ""))
    )
    return scores[chosen]


def skipped_row(item: Mapping[str, object]) -> dict[str, str]:
    """Say what was left out, and why, as a page writes it."""
    absorber, task, modality = (str(item.get(key) or "") for key in ("absorber", "task", "modality"))
    return {
        "absorber": absorber,
        "task": task_title(task) if task else "",
        "modality": short_title(modality) if modality else "",
        "reason": str(item.get("reason", "")),
    }


def select(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """Cut the rows of a table whose columns have given values."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in wanted.items():
        chosen &= (table[column] == value).to_numpy(dtype=bool)
    return table[chosen]


def confusion_counts(predictions: pd.DataFrame) -> tuple[list[int], NDArray[np.int64]]:
    """Count how often each class was taken for each other one, all repeats together."""
    true = predictions["true"].to_numpy(dtype=float)
    predicted = predictions["predicted"].to_numpy(dtype=float)
    names = np.unique(np.concatenate([true, predicted]))
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (np.searchsorted(names, true), np.searchsorted(names, predicted)), 1)
    return [int(name) for name in names], counts


def site_means(predictions: pd.DataFrame) -> pd.DataFrame:
    """Average the predictions of each site over repeats."""
    grouped = predictions.groupby("site", sort=True)
    means = grouped[["true", "predicted"]].mean()
    return means.assign(formula=grouped["formula"].first().fillna("")).reset_index()


def thinned(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Choose rows by chance where there are too many."""
    if len(table) <= MOST_SITES:
        return table
    kept = np.random.default_rng(seed).choice(len(table), size=MOST_SITES, replace=False)
    return table.iloc[np.sort(kept)]


def rounded(values: ArrayLike, digits: int = 4) -> list[float | None]:
    """Round to a number of significant digits, for a small page."""
    array = np.asarray(values, dtype=float)
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in array.tolist()]


def even_axis(positions: ArrayLike, digits: int = 6) -> dict[str, object]:
    """Write positions as start and step where they are evenly spaced: a page is smaller so.

    ``positions`` (n,).

    >>> even_axis([1.0, 1.1, 1.2]), even_axis([1.0, 1.1, 1.3])
    ({'x0': 1.0, 'dx': 0.1}, {'x': [1.0, 1.1, 1.3]})
    """
    array = np.asarray(positions, dtype=float)
    if len(array) > 1:
        step = (array[-1] - array[0]) / (len(array) - 1)
        even = array[0] + step * np.arange(len(array))
        if np.allclose(even, array, rtol=0, atol=1e-3 * step):
            return {"x0": float(f"{array[0]:.10g}"), "dx": float(f"{step:.10g}")}
    return {"x": rounded(array, digits)}
