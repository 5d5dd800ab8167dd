"""Explaining many sites in processes, keeping what is finished."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.interpretation.shap_values import ShapOutcome, ShapTask, explain_fold
from edgepair.study.cache import array_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.interpretation.kept_arrays import KeptArrays


@dataclass(frozen=True)
class ShapRun:
    """Sites of one cell and modality that are to be explained.

    Attributes
    ----------
    table : hashable
        Which features, by a name of the caller's.
    sites : numpy.ndarray
        Shape (n,): rows of that table that take part in the fit.
    task : ShapTask
        What is explained.
    cost : float
        Estimated time, in the units of the fits.
    """

    table: Hashable
    sites: NDArray[np.int64]
    task: ShapTask
    cost: float


@dataclass(frozen=True)
class FinishedRun:
    """Part of a run that is done.

    Attributes
    ----------
    number : int
        Place of its run among those that were asked for.
    outcome : ShapOutcome
        Of the sites that are held out in one fold.
    cost : float
        Its part of the cost of the run.
    cached : bool
        Whether it came from the cache.
    """

    number: int
    outcome: ShapOutcome
    cost: float
    cached: bool


def run_shap(
    runs: Sequence[ShapRun],
    features: Callable[[Any], NDArray[np.float32]],
    kept: KeptArrays,
    n_jobs: int,
) -> Iterator[FinishedRun]:
    """Explain sites in processes of this machine, fold by fold, those that were not explained before.

    Parameters
    ----------
    runs : sequence of ShapRun
        In any order.
    features : callable
        Gives the features, shape (n_sites, n_features), of a table's name.
    kept : KeptArrays
        Where finished ones are; each is kept as soon as it is done.
    n_jobs : int
        Number of processes; -1 for all cores.

    Yields
    ------
    FinishedRun
        A part per run and fold: those from the cache first, the others in the order in which they
        end.
    """
    import joblib

    digests: dict[Hashable, str] = {}
    waiting = []
    for number, run in enumerate(runs):
        values = features(run.table)
        if run.table not in digests:
            digests[run.table] = array_digest(values)
        for part in run.task.by_fold():
            cost = run.cost * len(part.rows) / len(run.task.rows)
            key = part.key(digests[run.table] + array_digest(run.sites))
            found = _restore(kept.load(key))
            if found is not None:
                yield FinishedRun(number, found, cost, True)
            else:
                waiting.append((cost, number, key, values, run.sites, part))
    # The longest first, so that no process is left alone with one at the end.
    waiting.sort(key=lambda item: (-item[0], item[1]))
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    for cost, number, outcome in parallel(joblib.delayed(_explain)(*item, kept) for item in waiting):
        yield FinishedRun(number, outcome, cost, False)


def join_outcomes(parts: Sequence[ShapOutcome]) -> ShapOutcome:
    """Put the parts of one run together.

    Parameters
    ----------
    parts : sequence of ShapOutcome
        One per fold, in any order.

    Returns
    -------
    ShapOutcome
        By the number of the site.
    """
    order = np.argsort(np.concatenate([part.rows for part in parts]))
    joined = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])[order]
        for item in fields(ShapOutcome)
    }
    return ShapOutcome(**joined)


def _explain(
    cost: float,
    number: int,
    key: str,
    values: NDArray[np.float32],
    sites: NDArray[np.int64],
    task: ShapTask,
    kept: KeptArrays,
) -> tuple[float, int, ShapOutcome]:
    outcome = explain_fold(np.asarray(values[sites]), task)
    # Kept by the process that made it: what is finished survives an interruption of the parent.
    kept.save(key, {item.name: getattr(outcome, item.name) for item in fields(ShapOutcome)})
    return cost, number, outcome


def _restore(arrays: dict[str, NDArray[Any]] | None) -> ShapOutcome | None:
    names = {item.name for item in fields(ShapOutcome)}
    return ShapOutcome(**arrays) if arrays is not None and set(arrays) == names else None
