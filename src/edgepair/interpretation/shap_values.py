r"""What each feature adds to a forest's answer for a site: exact Shapley values of trees.

.. math:: \sum_j \phi_j = f(x) - \langle f \rangle

TreeSHAP [1]_, path-dependent: a feature that is not known is averaged over with the tree's own
training sites. No background set and no sampling is needed, and the values are exact; that they add
up is checked for every site. Each site is explained by a forest that did not see its formula.

The time grows with leaves times depth squared of every tree: docs/decisions/0009 has the settings of
the forests that are explained, and what they cost.

.. [1] Lundberg et al., Nature Machine Intelligence 2, 56 (2020), doi 10.1038/s42256-019-0138-9
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, ModelError
from edgepair.models import LEARNERS, FitTask
from edgepair.study.fits import Work, repeat_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.models.trees import Forest
    from edgepair.study.plan import Cell


MOST_ERROR = 1e-6
"""By how much, in the unit of the answer, the parts may miss it; rounding alone stays below 1e-9."""

MISSING = "exact Shapley values need the package shap: pip install 'edgepair[explain]'"
"""What is said where shap is not installed."""


@dataclass(frozen=True)
class ShapTask:
    """Sites to explain by forests that did not see them; ``rows`` (n_rows,)."""

    fit: FitTask
    rows: NDArray[np.int64]
    columns: tuple[tuple[int, ...], ...]
    version: str = ""


@dataclass(frozen=True)
class ShapOutcome:
    """What groups of features add to the answers for some sites.

    ``rows`` (n_rows,); ``gathered`` (n_rows, n_groups, n_outputs); ``base, predicted``
    (n_rows, n_outputs).
    """

    rows: NDArray[np.int64]
    gathered: Floats
    base: Floats
    predicted: Floats


def shap_is_missing() -> bool:
    """Tell whether shap is not installed."""
    return find_spec("shap") is None


def import_shap() -> Any:
    """Import shap, which takes seconds."""
    with warnings.catch_warnings():
        # What its import draws in says what it will do without one day: nothing a user could act on.
        warnings.simplefilter("ignore")
        import shap
    return shap


def forest_shap(forest: Forest, rows: NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Compute exact Shapley values of a forest, and check that they add up.

    ``rows`` (n_rows, n_features); ``values`` (n_rows, n_features, n_outputs); ``base`` (n_outputs,);
    ``predicted`` (n_rows, n_outputs).
    """
    if shap_is_missing():
        raise ModelError(
            "cannot explain the answers of a forest",
            found="no package 'shap'",
            needed="shap, which comes with the extra 'explain'",
            suggestion="pip install 'edgepair[explain]'",
        )
    explainer = import_shap().TreeExplainer(
        forest, feature_perturbation="tree_path_dependent", model_output="raw"
    )
    # Checked below: its own check passes what is below a percent.
    values = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=np.float64)
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    if hasattr(forest, "predict_proba"):
        predicted = np.asarray(forest.predict_proba(rows), dtype=np.float64)
    else:
        predicted = np.asarray(forest.predict(rows), dtype=np.float64)[:, None]
        values = values[:, :, None]
    miss = float(np.abs(values.sum(axis=1) + base - predicted).max(initial=0.0))
    if not miss <= MOST_ERROR:
        raise ModelError(
            "cannot explain the answers of a forest: the parts do not add up",
            found=f"a difference of {miss:.1e} between the sum of the parts and the answer",
            needed=f"at most {MOST_ERROR:.0e}",
            suggestion=f"another version of shap than {version('shap')}; please report it",
        )
    return values, base, predicted


def shap_work(cell: Cell, modality: str, task: ShapTask) -> list[Work]:
    """Cut the explanation of many sites into work, fold by fold."""
    # Measured, in the units of fits: what a row takes grows with the sites, which are leaves.
    per_row = 0.03 * len(cell.sites) * max(len(cell.classes), 2) / 4
    work = []
    for fold in np.unique(task.fit.folds[task.rows]):
        rows = task.rows[task.fit.folds[task.rows] == fold]
        part = replace(task, rows=rows, version=version("shap"))
        cost = task.fit.trees * (len(rows) * per_row + 100.0 * len(rows) / len(task.rows))
        label = f"{cell.absorber} {cell.task.title}, {modality} explained"
        work.append(
            Work(
                cell, modality, cell.table(modality), cell.sites, part, cost, label, purpose="shap",
                function=explain_fold, kind=ShapOutcome,
            )
        )  # fmt: skip
    return work


def join_outcomes(parts: Sequence[ShapOutcome]) -> ShapOutcome:
    """Put the explanations of several folds together."""
    order = np.argsort(np.concatenate([part.rows for part in parts]))
    joined = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])[order]
        for item in fields(ShapOutcome)
    }
    return ShapOutcome(**joined)


def explain_fold(values: NDArray[np.float32], task: ShapTask) -> ShapOutcome:
    """Explain sites of one fold by a forest fitted on the others; ``values`` (n_sites, n_features)."""
    (fold,) = np.unique(task.fit.folds[task.rows])
    forest = fit_without_fold(values, task.fit, int(fold))
    return gather(forest, np.asarray(values[task.rows]), task)


def fit_without_fold(values: NDArray[np.float32], fit: FitTask, fold: int) -> Forest:
    """Fit a forest on all folds but one; ``values`` (n_sites, n_features)."""
    train = np.flatnonzero(fit.folds != fold)
    seed = repeat_seed(fit.seed, fold)
    forest: Forest = LEARNERS[fit.learner].estimator(
        TASKS[fit.task], trees=fit.trees, seed=seed, **dict(fit.settings)
    )
    forest.fit(np.asarray(values[train]), fit.target[train])
    return forest


def gather(forest: Forest, shown: NDArray[np.float32], task: ShapTask) -> ShapOutcome:
    """Explain some rows and add up the values of each group of features; ``shown`` (n_rows, n_features)."""
    phi, base, predicted = forest_shap(forest, shown)
    gathered = np.stack([phi[:, list(columns)].sum(axis=1) for columns in task.columns], axis=1)
    base = np.broadcast_to(base, predicted.shape)
    if task.fit.n_classes:
        seen = forest.classes_.astype(int)
        gathered, base, predicted = (
            _place(part, seen, task.fit.n_classes) for part in (gathered, base, predicted)
        )
    return ShapOutcome(task.rows, gathered, np.array(base), predicted)


def _place(part: Floats, seen: NDArray[np.int64], n_classes: int) -> Floats:
    """Put outputs of the classes that a forest saw at their places among all."""
    whole = np.zeros((*part.shape[:-1], n_classes))
    whole[..., seen] = part
    return whole
