r"""How answers follow a few interpretable numbers, by a small forest that sees nothing else.

How well that forest does on held-out formulas tells how much of what the full forest knows those
few numbers carry. Two curves tell how its answer follows each of them, both averaged over held-out
sites:

Partial dependence [1]_
    The mean answer when the number is set to a value in all sites, the others left as they are.
    Where numbers go together it asks the forest about sites that cannot be, with the edge of one
    oxidation state and the white line of another.
Accumulated local effects [2]_
    The sum of the changes from one grid point to the next, each averaged over the sites that lie
    between the two: sites move only as far as a neighbour of theirs, so nothing impossible is
    asked. What remains is the effect of the number beside those that go with it. Its level is set
    to the mean answer.

Where the two differ, trust the second. Intervals come from refits over folds and repeats and are
corrected for the materials that these share, as those of `edgepair.study.importances` are. They are
those of a curve's shape: its level, which only tells which sites happen to be held out, is moved to
the mean of all refits first.

.. [1] Friedman, Ann. Stat. 29, 1189 (2001), doi 10.1214/aos/1013203451
.. [2] Apley and Zhu, J. R. Stat. Soc. B 82, 1059 (2020), doi 10.1111/rssb.12377
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.models import LEARNERS, FitOutcome
from edgepair.study.importances import refit_interval
from edgepair.study.scoring import interval_of, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepair.interpretation.numbers import NumberTable
    from edgepair.study.cells import Cell

NUMBER_TREES = 60
"""Trees in a forest that sees a dozen numbers; more changed its curves by less than their width."""

SETTINGS = {"min_samples_leaf": 3, "max_features": 0.5}
"""Leaves of several sites, so that curves are no staircases; half of the numbers at each split."""

GRID = np.linspace(5, 95, 20)
"""Percentiles of a number at which curves are given; beyond them there are too few sites."""

PARTIAL_ROWS = 100
"""Most held-out sites of a fold that a partial dependence is averaged over."""

LOCAL_ROWS = 500
"""Most held-out sites of a fold that local effects are averaged over."""


@dataclass(frozen=True)
class NumberForests:
    """What the forests that see a few numbers told.

    Attributes
    ----------
    predicted : numpy.ndarray
        Shape (n_repeats, n): of held-out sites, as in `FitOutcome`.
    probability : numpy.ndarray
        Shape (n_repeats, n, n_classes).
    grid : numpy.ndarray
        Shape (n_numbers, n_grid): values of each number, NaN behind the last.
    partial, local : numpy.ndarray
        Shape (n_refits, n_numbers, n_grid, n_answers): partial dependence and accumulated local
        effects; an answer per class, or one.
    """

    predicted: NDArray[Any]
    probability: NDArray[np.float32]
    grid: NDArray[np.float64]
    partial: NDArray[np.float64]
    local: NDArray[np.float64]


def fit_numbers(cell: Cell, numbers: NumberTable, trees: int = NUMBER_TREES, seed: int = 0) -> NumberForests:
    """Fit forests on a few numbers, on all folds but one, and see how their answers follow each.

    Parameters
    ----------
    cell : Cell
        Absorber, task, sites, labels and folds.
    numbers : NumberTable
        Of all sites of the absorber; at least one number.
    trees : int, optional
        Trees in a forest.
    seed : int, optional
        Same seed, same forests.

    Returns
    -------
    NumberForests
        A refit per repeat and fold.
    """
    values = numbers.values[cell.sites]
    n, n_classes = len(values), len(cell.classes)
    grid = _grids(values)
    kind = np.int16 if n_classes else np.float64
    predicted = np.empty((cell.n_repeats, n), dtype=kind)
    probability = np.zeros((cell.n_repeats, n, n_classes), dtype=np.float32)
    partial, local = [], []
    for repeat, folds in enumerate(cell.folds):
        for fold in np.unique(folds):
            held_out, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            rng = np.random.default_rng([seed, repeat, int(fold)])
            forest = LEARNERS["forest"].estimator(
                cell.task, trees=trees, seed=int(rng.integers(2**31)), **SETTINGS
            )
            forest.fit(values[train], cell.target[train])
            told = _answers(forest, values[held_out], n_classes)
            predicted[repeat, held_out] = told.argmax(axis=1) if n_classes else told[:, 0]
            probability[repeat, held_out] = told[:, :n_classes] if n_classes else 0
            shown = values[rng.permutation(held_out)]
            partial.append(_partial(forest, shown[:PARTIAL_ROWS], grid, n_classes))
            local.append(_local(forest, shown[:LOCAL_ROWS], grid, n_classes))
    return NumberForests(predicted, probability, grid, np.array(partial), np.array(local))


def number_score_rows(
    cell: Cell, forests: NumberForests, full: Sequence[FitOutcome], drawn: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Tell how well a few numbers do, and how much of the full forest's score that is.

    Parameters
    ----------
    cell : Cell
        True values and folds.
    forests : NumberForests
        From `fit_numbers`.
    full : sequence of FitOutcome
        Of the forest that sees the whole curves, one per repeat.
    drawn : numpy.ndarray
        Shape (n_draws, n_groups), from `draw_groups`.

    Returns
    -------
    list of dict
        Rows of ``number_scores.csv``, one per metric. ``share``: of what the full forest is better
        by than the commonest class or the mean, how much the numbers are better by.
    """
    few = score(cell, "numbers", "forest", _outcomes(forests), drawn)
    whole = score(cell, "numbers", "forest", full, drawn)
    guess = score(cell, "numbers", "dummy", [_guess(cell, folds) for folds in cell.folds], drawn)
    rows = []
    for metric, value in few.value.items():
        lower, upper = few.interval(metric)
        gain = whole.value[metric] - guess.value[metric]
        share = (value - guess.value[metric]) / gain if gain else float("nan")
        gains = whole.draws[metric] - guess.draws[metric]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = (few.draws[metric] - guess.draws[metric]) / gains
        lowest, highest = interval_of(shares)
        rows.append(
            {
                "absorber": cell.absorber,
                "task": cell.task.name,
                "metric": metric,
                "value": value,
                "lower": lower,
                "upper": upper,
                "share": share,
                "share_lower": lowest,
                "share_upper": highest,
            }
        )
    return rows


def dependence_rows(cell: Cell, numbers: NumberTable, forests: NumberForests) -> list[dict[str, Any]]:
    """Tell how the answer follows each number.

    Parameters
    ----------
    cell : Cell
        Absorber, task and classes.
    numbers : NumberTable
        Of all sites of the absorber.
    forests : NumberForests
        From `fit_numbers`.

    Returns
    -------
    list of dict
        Rows of ``dependence.csv``, one per number, grid point and class. ``value``: partial
        dependence, a probability or a length, with its interval; ``local``: accumulated local
        effects, likewise. ``companion``: the number that goes with it most, ``companion_rho``:
        Spearman's rho of the two over the sites.
    """
    companions = _companions(numbers, cell)
    names = [str(name) for name in cell.classes] or [""]
    rows = []
    for column, number in enumerate(numbers.names):
        places = forests.grid[column][np.isfinite(forests.grid[column])]
        if len(places) < 2:
            continue
        curves = [
            _interval(table[:, column, : len(places)], cell) for table in (forests.partial, forests.local)
        ]
        for answer, name in enumerate(names):
            for point, position in enumerate(places):
                row = {
                    "absorber": cell.absorber,
                    "task": cell.task.name,
                    "number": number,
                    "title": numbers.titles[column],
                    "unit": numbers.units[column],
                    "position": float(position),
                    "class": name,
                }
                for kind, (value, lower, upper) in zip(("", "local_"), curves, strict=True):
                    row[kind + "value"] = float(value[point, answer])
                    row[kind + "lower"] = float(lower[point, answer])
                    row[kind + "upper"] = float(upper[point, answer])
                rows.append(row | companions[column])
    return rows


def _grids(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Choose the values of each number at which curves are given; equal ones stand once."""
    grids = np.full((values.shape[1], len(GRID)), np.nan)
    for column, quantiles in enumerate(np.percentile(values, GRID, axis=0).T):
        places = np.unique(quantiles.astype(np.float32))
        grids[column, : len(places)] = places
    return grids


def _answers(forest: Any, values: NDArray[np.float32], n_classes: int) -> NDArray[np.float64]:
    """Ask a forest; a column per class, or one."""
    if not n_classes:
        told: NDArray[np.float64] = forest.predict(values)[:, None]
        return told
    chances = np.zeros((len(values), n_classes))
    # A training set may lack a class; its probability is then 0.
    chances[:, forest.classes_.astype(int)] = forest.predict_proba(values)
    return chances


def _partial(
    forest: Any, shown: NDArray[np.float32], grid: NDArray[np.float64], n_classes: int
) -> NDArray[np.float64]:
    """Mean answer with one number set to each of its grid values in turn."""
    curves = np.full((*grid.shape, max(n_classes, 1)), np.nan)
    for column, places in _each(grid):
        asked = np.tile(shown, (len(places), 1))
        asked[:, column] = np.repeat(places, len(shown))
        told = _answers(forest, asked, n_classes)
        curves[column, : len(places)] = told.reshape(len(places), len(shown), -1).mean(axis=1)
    return curves


def _local(
    forest: Any, shown: NDArray[np.float32], grid: NDArray[np.float64], n_classes: int
) -> NDArray[np.float64]:
    """Add up the mean changes of the answer between neighbouring grid values."""
    curves = np.full((*grid.shape, max(n_classes, 1)), np.nan)
    mean = _answers(forest, shown, n_classes).mean(axis=0)
    for column, places in _each(grid):
        own = shown[:, column].astype(np.float64)
        # Sites on the first grid value belong to the first stretch.
        stretch = np.where(own == places[0], 0, np.searchsorted(places, own) - 1)
        inside = (stretch >= 0) & (own <= places[-1])
        stretch, asked = stretch[inside], shown[inside]
        ends = []
        for end in (places[stretch + 1], places[stretch]):
            moved = asked.copy()
            moved[:, column] = end
            ends.append(_answers(forest, moved, n_classes) if len(moved) else np.zeros((0, len(mean))))
        counts = np.bincount(stretch, minlength=len(places) - 1)
        change = np.zeros((len(places) - 1, len(mean)))
        np.add.at(change, stretch, ends[0] - ends[1])
        change = _filled(change / np.maximum(counts, 1)[:, None], counts, places)
        sums = np.concatenate([np.zeros((1, len(mean))), np.cumsum(change, axis=0)])
        middle = (sums[1:] + sums[:-1]) / 2
        level = (middle * counts[:, None]).sum(axis=0) / max(counts.sum(), 1)
        curves[column, : len(places)] = sums - level + mean
    return curves


def _filled(
    change: NDArray[np.float64], counts: NDArray[np.int64], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give stretches in which there is no site the slope of those beside them."""
    known = counts > 0
    if known.all() or not known.any():
        return change
    width = np.diff(places)
    middle = places[:-1] + width / 2
    slopes = change / width[:, None]
    columns = [np.interp(middle, middle[known], slope[known]) * width for slope in slopes.T]
    return np.stack(columns, axis=1)


def _each(grid: NDArray[np.float64]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Give the grid of each number that has one."""
    for column, row in enumerate(grid):
        places = row[np.isfinite(row)]
        if len(places) > 1:
            yield column, places


def _interval(
    curves: NDArray[np.float64], cell: Cell
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and interval over refits of curves, shape (n_refits, n_grid, n_answers)."""
    level = curves.mean(axis=1, keepdims=True)
    flat = (curves - level + level.mean(axis=0)).reshape(len(curves), -1)
    parts = [part.reshape(curves.shape[1:]) for part in refit_interval(flat, cell.n_repeats)]
    if cell.classes:
        # A probability cannot leave 0 to 1, however wide the interval.
        parts = [np.clip(part, 0, 1) for part in parts]
    return parts[0], parts[1], parts[2]


def _companions(numbers: NumberTable, cell: Cell) -> list[dict[str, Any]]:
    """Name, for each number, the one that goes with it most."""
    from scipy.stats import rankdata

    if len(numbers.names) < 2:
        return [
            {"companion": "", "companion_title": "", "companion_rho": float("nan")} for _ in numbers.names
        ]
    ranks = rankdata(numbers.values[cell.sites], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.nan_to_num(np.corrcoef(ranks, rowvar=False))
    np.fill_diagonal(rho, 0)
    nearest = np.abs(rho).argmax(axis=0)
    return [
        {
            "companion": numbers.names[other],
            "companion_title": numbers.titles[other],
            "companion_rho": float(rho[column, other]),
        }
        for column, other in enumerate(nearest)
    ]


def _outcomes(forests: NumberForests) -> list[FitOutcome]:
    none = np.zeros((0, 0), dtype=np.float32)
    return [
        FitOutcome(predicted, probability, none, none)
        for predicted, probability in zip(forests.predicted, forests.probability, strict=True)
    ]


def _guess(cell: Cell, folds: NDArray[np.int64]) -> FitOutcome:
    """Tell each site the commonest class, or the mean, of the folds it is not in."""
    n_classes = len(cell.classes)
    predicted = np.empty(len(folds), dtype=np.int16 if n_classes else np.float64)
    probability = np.zeros((len(folds), n_classes), dtype=np.float32)
    for fold in np.unique(folds):
        held_out, others = folds == fold, cell.target[folds != fold]
        if n_classes:
            shares = np.bincount(others, minlength=n_classes) / len(others)
            predicted[held_out], probability[held_out] = shares.argmax(), shares
        else:
            predicted[held_out] = others.mean()
    none = np.zeros((0, 0), dtype=np.float32)
    return FitOutcome(predicted, probability, none, none)
