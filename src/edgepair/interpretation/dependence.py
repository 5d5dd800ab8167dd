"""How well a few interpretable numbers do, and how answers follow each of them.

How well a forest that sees nothing else does on held-out formulas tells how much of what the full
forest knows those numbers carry. Where partial dependence and accumulated local effects differ,
trust the second (`edgepair.interpretation.number_forests`). Intervals come from refits over folds
and repeats and are corrected for the materials that these share, as those of
`edgepair.study.importances` are. They are those of a curve's shape: its level, which only tells
which sites happen to be held out, is moved to the mean of all refits first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.tasks import Floats
from edgepair.interpretation.number_forests import NumberForests, NumberTable
from edgepair.models import LOWER_IS_BETTER, FitOutcome, FitTask, fit_folds
from edgepair.study.importances import MOST_POINTS, refit_interval
from edgepair.study.plan import Cell, Rows
from edgepair.study.scoring import interval_of, score, score_baseline


def number_score_rows(cell: Cell, forests: NumberForests, full: Sequence[FitOutcome], drawn: Floats) -> Rows:
    """Tell how well a few numbers do, and how much of the full forest's score that is.

    ``drawn`` (n_draws, n_groups).
    """
    few = score(cell, "numbers", "forest", _outcomes(forests), drawn)
    whole = score(cell, "numbers", "forest", full, drawn)
    guess = score_baseline(cell, [_guess(cell, folds) for folds in cell.folds], drawn)
    rows: Rows = []
    for metric, value in few.value.items():
        lower, upper = few.interval(metric)
        gain = whole.value[metric] - guess.value[metric]
        better = value - guess.value[metric]
        # Nothing is a share of no gain; what counts errors falls where it gets better.
        falls = metric in LOWER_IS_BETTER
        share = better / gain if (gain < 0 if falls else gain > 0) else float("nan")
        gains = whole.draws[metric] - guess.draws[metric]
        gains = np.where(gains < 0 if falls else gains > 0, gains, np.nan)
        shares = (few.draws[metric] - guess.draws[metric]) / gains
        lowest, highest = interval_of(shares)
        sign = -1.0 if falls else 1.0
        better_lower, better_upper = interval_of(sign * (few.draws[metric] - guess.draws[metric]))
        rows.append({
            **cell.names, "metric": metric, "value": value, "lower": lower, "upper": upper,
            "share": share, "share_lower": lowest, "share_upper": highest,
            "better": sign * better, "better_lower": better_lower, "better_upper": better_upper,
        })  # fmt: skip
    return rows


def dependence_rows(cell: Cell, numbers: NumberTable, forests: NumberForests) -> Rows:
    """Tell how the answer follows each number."""
    companions = _companions(numbers, cell)
    names = [str(name) for name in cell.classes] or [""]
    rows: Rows = []
    for column, number in enumerate(numbers.names):
        positions = forests.grid[column][np.isfinite(forests.grid[column])]
        if len(positions) < 2:
            continue
        curves = [
            _interval(table[:, column, : len(positions)], cell) for table in (forests.partial, forests.local)
        ]
        for answer, name in enumerate(names):
            for point, position in enumerate(positions):
                row: dict[str, object] = {
                    **cell.names, "number": number, "title": numbers.titles[column],
                    "unit": numbers.units[column], "position": float(position), "class": name,
                }  # fmt: skip
                for kind, (value, lower, upper) in zip(("", "local_"), curves, strict=True):
                    row[kind + "value"] = float(value[point, answer])
                    row[kind + "lower"] = float(lower[point, answer])
                    row[kind + "upper"] = float(upper[point, answer])
                rows.append({**row, **companions[column]})
    return rows


def _interval(curves: Floats, cell: Cell) -> tuple[Floats, Floats, Floats]:
    """Mean and interval over refits of curves, shape (n_refits, n_grid, n_answers)."""
    level = curves.mean(axis=1, keepdims=True)
    flat = (curves - level + level.mean(axis=0)).reshape(len(curves), -1)
    parts = [part.reshape(curves.shape[1:]) for part in refit_interval(flat, cell.n_repeats)]
    if cell.classes:
        # A probability cannot leave 0 to 1, however wide the interval.
        parts = [np.clip(part, 0, 1) for part in parts]
    return parts[0], parts[1], parts[2]


def _companions(numbers: NumberTable, cell: Cell) -> Rows:
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
    task = FitTask(
        learner="dummy", task=cell.task.name, target=cell.target, n_classes=len(cell.classes),
        groups=cell.groups, folds=folds, trees=1, seed=0,
    )  # fmt: skip
    return fit_folds(np.zeros((len(folds), 1), dtype=np.float32), task)


LENGTH_STEP = 0.1
"""Å; step of a bond length per which slopes are given: about what a unit of oxidation state or of
coordination number changes it by."""

_CHUNK = 200_000  # ranks held at a time: what a processor's cache holds is ranked eight times faster


def movement_rows(cell: Cell, numbers: NumberTable, drawn: Floats) -> Rows:
    r"""Tell how each number moves with the label of a cell.

    Slopes are those of the least-squares line through all sites of a cell,

    .. math:: b = \frac{\sum w_i (x_i - \bar x)(y_i - \bar y)}{\sum w_i (x_i - \bar x)^2},

    with the label x, the number or the point of the curve y, and how often a bootstrap draw takes
    the site's formula as w; all draws at once are one product of matrices. A slope tells what goes
    with the label, other things as they happen to be in the data: it is not what would change if the
    label alone did. Spearman's rho tells, without assuming a line, whether they rise together [1]_; it
    is ranked anew in every draw, because ranks that are kept would make its interval too narrow or too
    wide.

    .. [1] Spearman, Am. J. Psychol. 15, 72 (1904), doi 10.2307/1412159

    ``drawn`` (n_draws, n_groups).
    """
    label = _label(cell)
    rows: Rows = []
    for column, name in enumerate(numbers.names):
        known = numbers.known[cell.sites, column]
        values = numbers.values[cell.sites, column].astype(np.float64)[known]
        if len(values) < 2 or np.ptp(values) == 0 or np.ptp(label[known]) == 0:
            continue
        base = cell.names | {"number": name, "title": numbers.titles[column], "unit": numbers.units[column]}
        groups = cell.groups[known]
        slope, draws = _slopes(label[known], values[:, None], groups, drawn)
        lower, upper = interval_of(draws[:, 0])
        rows.append(base | {"kind": "slope", "value": float(slope[0]), "lower": lower, "upper": upper})
        everything = np.ones((1, drawn.shape[1]))
        rho = _spearman(label[known], values, groups, everything)[0]
        lower, upper = interval_of(_spearman(label[known], values, groups, drawn))
        rows.append(base | {"kind": "rho", "unit": "", "value": float(rho), "lower": lower, "upper": upper})
    return rows


def curve_movement_rows(cell: Cell, technique: str, drawn: Floats) -> Rows:
    """Tell how the mean curve of a technique moves with the label of a cell, point by point.

    ``drawn`` (n_draws, n_groups).
    """
    kind = TECHNIQUES[technique]
    axis = cell.dataset[kind.axis].values
    thinned = slice(None, None, -(-len(axis) // MOST_POINTS))
    index = cell.sites
    if kind.owner == "material":
        index = cell.dataset["material_index"].values[index]
    curves = cell.dataset[kind.variable].values[:, thinned][index].astype(np.float64)
    slope, draws = _slopes(_label(cell), curves, cell.groups, drawn)
    rows: Rows = []
    for point, position in enumerate(axis[thinned]):
        lower, upper = interval_of(draws[:, point])
        ends = {"value": float(slope[point]), "lower": lower, "upper": upper}
        rows.append({**cell.names, "technique": technique, "position": float(position), **ends})
    return rows


def _label(cell: Cell) -> Floats:
    """Return the label in the unit that slopes are given per."""
    label = np.asarray(cell.target, dtype=np.float64)
    if cell.classes:
        label = np.array(cell.classes, dtype=np.float64)[cell.target]
    return label / LENGTH_STEP if cell.task.unit == "Å" else label


def _slopes(label: Floats, values: Floats, groups: NDArray[np.int64], drawn: Floats) -> tuple[Floats, Floats]:
    """Slopes of the columns of ``values`` on the label: of all sites, and of each draw."""
    # Centred first: sums of squares of energies of thousands of eV would eat the digits.
    x = label - label.mean()
    y = values - values.mean(axis=0)
    names, place = np.unique(groups, return_inverse=True)
    columns = np.concatenate([np.stack([np.ones_like(x), x, x * x], axis=1), y, x[:, None] * y], axis=1)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, place, columns)
    n_values = values.shape[1]

    def solve(total: Floats) -> Floats:
        count, first, second = total[:, :3].T[:, :, None]
        own, mixed = total[:, 3 : 3 + n_values], total[:, 3 + n_values :]
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = second - first**2 / count
            slopes = (mixed - first * own / count) / spread
        # A draw in which all labels are one has no slope, not one made of rounding.
        return np.where(spread > 1e-9 * second, slopes, np.nan)

    return solve(sums.sum(axis=0, keepdims=True))[0], solve(drawn[:, names] @ sums)


def _spearman(x: Floats, y: Floats, groups: NDArray[np.int64], drawn: Floats) -> Floats:
    """Spearman's rho in each draw, shape (n_draws,), with ranks of that draw."""
    order = np.argsort(y, kind="stable")
    steps = max(1, _CHUNK // len(y))
    return np.concatenate(
        [
            _weighted_spearman(x[order], y[order], drawn[start : start + steps][:, groups[order]])
            for start in range(0, len(drawn), steps)
        ]
    )


def _weighted_spearman(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Pearson correlation of weighted mid-ranks; ``y`` is sorted, weights are (n_draws, n)."""
    by_y = _midranks(y, weights)
    order = np.argsort(x, kind="stable")
    by_x = np.empty_like(by_y)
    by_x[:, order] = _midranks(x[order], weights[:, order])
    # Whatever the ties, the mean of mid-ranks is half the total weight.
    half = weights.sum(axis=1, keepdims=True) / 2
    by_x -= half
    by_y -= half
    mixed, own_x, own_y = (
        np.einsum("dn,dn,dn->d", weights, first, second)
        for first, second in ((by_x, by_y), (by_x, by_x), (by_y, by_y))
    )
    spread = np.sqrt(own_x * own_y)
    rho: Floats = np.divide(mixed, spread, out=np.full(len(mixed), np.nan), where=spread > 0)
    return rho


def _midranks(values: Floats, weights: Floats) -> Floats:
    """Rank sorted values where each stands for as many as its weight; ties share their mean rank."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values) > 0]))
    tied = np.add.reduceat(weights, starts, axis=1) if len(starts) < len(values) else weights
    middle = np.cumsum(tied, axis=1) - tied / 2
    counts = np.diff(np.concatenate([starts, [len(values)]]))
    return np.repeat(middle, counts, axis=1) if len(starts) < len(values) else middle
