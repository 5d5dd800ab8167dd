r"""Small forests that see a few interpretable numbers and nothing else.

Two curves tell how their answer follows each number:

Partial dependence [1]_
    The mean answer when the number is set to a value in all held-out sites, the others left as they
    are. Where numbers go together it asks the forest about sites that cannot be, with the edge of one
    oxidation state and the white line of another.
Accumulated local effects [2]_
    The sum of the changes from one grid point to the next, each averaged over the sites that lie
    between the two: sites move only as far as a neighbour of theirs, so nothing impossible is
    asked. What remains is the effect of the number beside those that go with it. Sites that the
    forest was fitted on take part, as few of the others lie between any two points. Its level is
    set to the mean answer.

.. [1] Friedman, Ann. Stat. 29, 1189 (2001), doi 10.1214/aos/1013203451
.. [2] Apley and Zhu, J. R. Stat. Soc. B 82, 1059 (2020), doi 10.1111/rssb.12377
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, Technique, points_down
from edgepair.features import NUMBERS, describe_pdf, describe_xanes, normalised_curves
from edgepair.models import LEARNERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.models.trees import Forest
    from edgepair.study.plan import Cell

NUMBER_TREES = 30
"""Trees in a forest that sees two dozen numbers at most: curves of 30 and of 60 trees differ by less
than the half width of their intervals at 99.5 % of the points, scores by 0.002 (Fe, three tasks)."""

SETTINGS = {"max_features": 0.5}
"""In place of the study's settings, which are for hundreds of features. Weighted F1 or R² on held-out
formulas with leaves of 1, 3, 5 sites: 0.82, 0.80, 0.76 (Mn), 0.78, 0.76, 0.74 (Cu) for the coordination
number, 0.72, 0.71, 0.69 for the bond length (Cu); the square root of their number, or all of them, at
a split: 0.77 or 0.78 in place of 0.78 (Cu, coordination number)."""

GRID = np.linspace(5, 95, 20)
"""Percentiles of a number at which curves are given; beyond them there are too few sites."""

PARTIAL_ROWS = 100
"""Most held-out sites of a fold that a partial dependence is averaged over."""

LOCAL_ROWS = 500
"""Most sites that the local effects of a forest are averaged over."""


@dataclass(frozen=True)
class NumberForests:
    """Predictions of the forests that see a few descriptors, and their curves.

    ``predicted`` (n_repeats, n); ``probability`` (n_repeats, n, n_classes); ``grid`` (n_numbers, n_grid);
    ``partial, local`` (n_refits, n_numbers, n_grid, n_answers).
    """

    predicted: NDArray[Any]
    probability: NDArray[np.float32]
    grid: Floats
    partial: Floats
    local: Floats


@dataclass(frozen=True)
class NumberTask:
    """What forests of a few numbers learn; ``target`` (n,); ``folds`` (n_repeats, n)."""

    task: str
    n_classes: int
    target: NDArray[Any]
    folds: NDArray[np.int64]
    trees: int
    seed: int


def number_task(cell: Cell, trees: int = NUMBER_TREES, seed: int = 0) -> NumberTask:
    """Describe the forests of a cell."""
    return NumberTask(cell.task.name, len(cell.classes), cell.target, cell.folds, trees, seed)


def fit_numbers(values: NDArray[np.float32], task: NumberTask) -> NumberForests:
    """Fit forests on a few numbers, on all folds but one, and see how their answers follow each."""
    n, n_classes = len(values), task.n_classes
    grid = _grids(values)
    kind = np.int16 if n_classes else np.float64
    predicted = np.empty(task.folds.shape, dtype=kind)
    probability = np.zeros((*task.folds.shape, n_classes), dtype=np.float32)
    partial, local = [], []
    for repeat, folds in enumerate(task.folds):
        for fold in np.unique(folds):
            held_out, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            rng = np.random.default_rng([task.seed, repeat, int(fold)])
            forest = LEARNERS["forest"].estimator(
                TASKS[task.task], trees=task.trees, seed=int(rng.integers(2**31)), **SETTINGS
            )
            forest.fit(values[train], task.target[train])
            some = values[rng.permutation(n)[:LOCAL_ROWS]]
            unchanged, still, moved = _follow(forest, values[held_out], some, grid, n_classes)
            predicted[repeat, held_out] = unchanged.argmax(axis=1) if n_classes else unchanged[:, 0]
            probability[repeat, held_out] = unchanged[:, :n_classes] if n_classes else 0
            partial.append(still)
            local.append(moved)
    return NumberForests(predicted, probability, grid, np.array(partial), np.array(local))


def _grids(values: NDArray[np.float32]) -> Floats:
    """Choose the values of each number at which curves are given; equal ones stand once."""
    grids = np.full((values.shape[1], len(GRID)), np.nan)
    for column, quantiles in enumerate(np.percentile(values, GRID, axis=0).T):
        positions = np.unique(quantiles.astype(np.float32))
        grids[column, : len(positions)] = positions
    return grids


def _follow(
    forest: Forest, held_out: NDArray[np.float32], some: NDArray[np.float32], grid: Floats, n_classes: int
) -> tuple[Floats, Floats, Floats]:
    """Answers to held-out sites, their partial dependence, and local effects of some of all sites."""
    # Evenly from the held-out sites, which lie in no order of their numbers.
    few = held_out[:: -(-len(held_out) // PARTIAL_ROWS)]
    asked, stretches = [held_out], []
    for column, positions in _each(grid):
        stretch, inside = _stretches(some[:, column], positions)
        stretches.append(stretch)
        asked += [
            _with(np.tile(few, (len(positions), 1)), column, np.repeat(positions, len(few))),
            _with(some[inside], column, positions[stretch + 1]),
            _with(some[inside], column, positions[stretch]),
        ]
    # All at once: a forest takes longer to be called than to answer.
    answers = _answers(forest, np.concatenate(asked), n_classes)
    unchanged, *rest = np.split(answers, np.cumsum([len(part) for part in asked])[:-1])
    partial = np.full((*grid.shape, answers.shape[1]), np.nan)
    local = partial.copy()
    for number, (column, positions) in enumerate(_each(grid)):
        still, above, below = rest[3 * number : 3 * number + 3]
        n = len(positions)
        partial[column, :n] = still.reshape(n, len(few), -1).mean(axis=1)
        local[column, :n] = unchanged.mean(axis=0) + _accumulated(above - below, stretches[number], positions)
    return unchanged, partial, local


def _answers(forest: Forest, values: NDArray[np.float32], n_classes: int) -> Floats:
    """Ask a forest; a column per class, or one."""
    if not n_classes:
        return np.asarray(forest.predict(values), dtype=np.float64)[:, None]
    chances = np.zeros((len(values), n_classes))
    # A training set may lack a class; its probability is then 0.
    chances[:, forest.classes_.astype(int)] = forest.predict_proba(values)
    return chances


def _with(values: NDArray[np.float32], column: int, changed: Floats) -> NDArray[np.float32]:
    """Copy values with one column changed."""
    copy = values.copy()
    copy[:, column] = changed
    return copy


def _stretches(own: NDArray[np.float32], positions: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Tell between which grid values sites lie, and which lie between any at all."""
    # A site on the first grid value belongs to the first stretch.
    stretch = np.where(own == positions[0], 0, np.searchsorted(positions, own) - 1)
    inside = (stretch >= 0) & (own <= positions[-1])
    return stretch[inside], inside


def _accumulated(change: Floats, stretch: NDArray[np.int64], positions: Floats) -> Floats:
    """Add up the mean changes over stretches, from a level at which their mean over sites is zero."""
    counts = np.bincount(stretch, minlength=len(positions) - 1)
    sums = np.zeros((len(positions) - 1, change.shape[1]))
    np.add.at(sums, stretch, change)
    steps = _filled(sums / np.maximum(counts, 1)[:, None], counts, positions)
    curve = np.concatenate([np.zeros((1, change.shape[1])), np.cumsum(steps, axis=0)])
    middle = (curve[1:] + curve[:-1]) / 2
    level: Floats = (middle * counts[:, None]).sum(axis=0) / max(counts.sum(), 1)
    return curve - level


def _filled(change: Floats, counts: NDArray[np.int64], positions: Floats) -> Floats:
    """Give stretches in which there is no site the slope of those beside them."""
    known = counts > 0
    if known.all() or not known.any():
        return change
    width = np.diff(positions)
    middle = positions[:-1] + width / 2
    slopes = change / width[:, None]
    columns = [np.interp(middle, middle[known], slope[known]) * width for slope in slopes.T]
    return np.stack(columns, axis=1)


def _each(grid: Floats) -> Iterator[tuple[int, Floats]]:
    """Give the grid of each number that has one."""
    for column, row in enumerate(grid):
        positions = row[np.isfinite(row)]
        if len(positions) > 1:
            yield column, positions


LEAST_KNOWN = 0.5
"""A number that fewer than this share of the sites have is left out: most of what a forest saw of
it would be made up."""


@dataclass(frozen=True, eq=False)
class NumberTable:
    """Interpretable numbers of all sites of a dataset.

    ``values`` (n_sites, n_numbers); ``known`` (n_sites, n_numbers).
    """

    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    names: tuple[str, ...]
    technique: tuple[str, ...]
    titles: tuple[str, ...]
    units: tuple[str, ...]
    remarks: tuple[str, ...]


def number_table(dataset: xr.Dataset, techniques: Sequence[str]) -> NumberTable:
    """Read the interpretable numbers off every curve of a dataset."""
    absorber = str(dataset.attrs["absorber"])
    columns: list[Floats] = []
    labels: list[tuple[str, str, str, str]] = []
    left_out: list[str] = []
    filled: list[str] = []
    for name in techniques:
        technique = TECHNIQUES[name]
        described = _describe(dataset, technique)
        for number in described.columns:
            column = described[number].to_numpy(dtype=np.float64)
            title = _title(str(number), technique)
            missing = int((~np.isfinite(column)).sum())
            if missing > (1 - LEAST_KNOWN) * len(column):
                left_out.append(f"{title} (missing for {missing} of {len(column)} sites)")
            elif np.ptp(column[np.isfinite(column)]) == 0:
                left_out.append(f"{title} (the same for all sites)")
            else:
                if missing:
                    filled.append(f"{title} ({missing} of {len(column)})")
                columns.append(column)
                labels.append((f"{name}_{number}", name, title, NUMBERS[str(number)].unit))
    remarks = []
    if left_out:
        remarks.append(f"{absorber}: numbers left out: {'; '.join(left_out)}.")
    if filled:
        remarks.append(
            f"{absorber}: sites without a number are shown to the forest on the numbers with its median: "
            f"{'; '.join(filled)}."
        )
    values = np.stack(columns, axis=1) if columns else np.zeros((dataset.sizes["site"], 0))
    known = np.isfinite(values)
    values = np.where(known, values, np.nanmedian(values, axis=0)) if columns else values
    names, of_technique, titles, units = zip(*labels, strict=True) if labels else ((), (), (), ())
    return NumberTable(values.astype(np.float32), known, names, of_technique, titles, units, tuple(remarks))


def _describe(dataset: xr.Dataset, technique: Technique) -> pd.DataFrame:
    """Describe each curve once and give each site the row of its own curve."""
    axis = dataset[technique.axis].values.astype(np.float64)
    # A dPDF per metal, as forests see it: its areas then count neighbours of one atom.
    curves = normalised_curves(dataset, technique)
    if technique.axis == "energy":
        described = describe_xanes(axis, curves)
    else:
        dip = points_down(technique.name, str(dataset.attrs["absorber"]))
        described = describe_pdf(axis, curves, dip=dip)
    if technique.owner == "material":
        described = described.iloc[dataset["material_index"].values]
    return described


def _title(number: str, technique: Technique) -> str:
    """Name a number for people; what a PDF shows can be read off several kinds of it."""
    title = NUMBERS[number].title
    return title if technique.axis == "energy" else f"{title} in the {technique.title}"
