"""How well a few interpretable numbers do, and how answers follow each of them.

How well a forest that sees nothing else does on held-out formulas tells how much of what the full
forest knows those numbers carry. Where partial dependence and accumulated local effects differ,
trust the second (`edgepair.interpretation.number_forests`). Intervals come from refits over folds
and repeats and are corrected for the materials that these share, as those of
`edgepair.study.importances` are. They are those of a curve's shape: its level, which only tells
which sites happen to be held out, is moved to the mean of all refits first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.interpretation.number_forests import NumberForests
from edgepair.models import LOWER_IS_BETTER, FitOutcome, FitTask, fit_folds
from edgepair.study.importances import refit_interval
from edgepair.study.scoring import interval_of, score, score_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepair.interpretation.number_forests import NumberTable
    from edgepair.study.cells import Cell, Rows


def number_score_rows(
    cell: Cell, forests: NumberForests, full: Sequence[FitOutcome], drawn: NDArray[np.float64]
) -> Rows:
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
