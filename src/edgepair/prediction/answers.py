"""What a model says of a task, joining what several say, and what of the training set is most alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.conventions import HIGHEST_STATES, TASKS, DataError
from edgepair.conventions.displayed import Record
from edgepair.features import Region, region_numbers
from edgepair.models.conformal import class_shares, likelier, mean_slopes, sharpened_mean
from edgepair.models.group_forest import Fold, GroupForest, fit_group_forest
from edgepair.models.trees import forest_shapley
from edgepair.prediction.result import EXPLANATION_COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.measured import FirstShell
    from edgepair.prediction.pdf_model import PdfModel
    from edgepair.prediction.xanes_model import XanesModel

CLASSES: Mapping[str, NDArray[np.int64]] = MappingProxyType(
    {"oxidation_state": np.arange(1, 8), "coordination_number": np.arange(2, 10)}
)
"""Classes that are told apart; what lies beyond counts as the outermost."""

CLAIM_FLOOR = 0.1
"""Least error that is claimed of a mean of classes, before conformal scaling."""

LENGTH_CLAIM_FLOOR = 0.005
"""Å; least error that is claimed of a bond length, before conformal scaling."""

FEWEST_ROWS = 20
FEWEST_GROUPS = 10
"""Curves with known values, and compounds or formulas among them, from which on a task is answered:
with fewer, a left-out tenth says nothing of how far answers are off."""

SHAPE_ERROR = 0.03
"""Å; how far the mean of fitted peaks is from the mean bond length besides the errors of the fit: shells
are not Gaussians (docs/decisions/0017-first-shell.md)."""

NEAREST = 3
"""Nearest standards, and nearest simulated materials, that are told."""

WINDOW_WIDTH = {"xanes": 2.0, "pdf": 0.25, "dpdf": 0.25, "npdf": 0.25}
"""Width of the stretches that contributions are given for, eV or Å."""


@dataclass(frozen=True)
class Answer:
    """What is said of one task for n samples, (n,); ``probability`` (n, n_classes)."""

    value: Floats
    lower: Floats
    upper: Floats
    claimed: Floats
    probability: Floats
    sets: tuple[tuple[int, ...], ...]


Told: TypeAlias = "tuple[Floats, Floats, Floats]"
"""Value, probabilities and claimed error, shapes (n,), (n, n_classes) and (n,)."""


def answer_of(told: Told, task: str, factor: float, below: float) -> Answer:
    """Make an interval and a set of classes by the conformal factors of a task."""
    value, probability, claimed = told
    half = claimed * factor
    sets = class_sets(probability, CLASSES[task], below) if task in CLASSES else ()
    return Answer(value, value - half, value + half, claimed, probability, sets)


def class_sets(probability: Floats, classes: NDArray[np.int64], below: float) -> tuple[tuple[int, ...], ...]:
    """Take classes from the likeliest on while those before add up to no more than a limit."""
    inside = likelier(probability) <= below + 1e-12
    return tuple(tuple(int(name) for name in classes[row]) for row in inside)


def join_answers(task: str, parts: Sequence[Answer]) -> tuple[Answer, Floats]:
    r"""Join what several techniques say of one task.

    Each counts by the inverse square of its interval's half width *h*, the error that it has shown
    on what was left out. What is hard for one technique is often hard for the other, so that agreement
    does not make them surer: errors are taken as going together, and what they disagree by is added:

    .. math:: w_i \propto h_i^{-2}, \quad v = \sum w_i v_i, \quad
              h^2 = \Big(\sum w_i h_i\Big)^2 + \sum w_i (v_i - v)^2

    Probabilities are multiplied with these weights as powers.

    ``share`` (n_techniques, n).
    """
    half = np.array([np.maximum((part.upper - part.lower) / 2.0, 1e-6) for part in parts])
    share = half**-2 / (half**-2).sum(axis=0)
    if task not in CLASSES:
        value = sum(w * part.value for w, part in zip(share, parts, strict=True))
        probability = np.empty((len(parts[0].value), 0))
    else:
        power = sum(
            w[:, None] * np.log(np.clip(part.probability, 1e-3, None))
            for w, part in zip(share, parts, strict=True)
        )
        probability = np.exp(power - np.max(power, axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        value = sharpened_mean(probability, CLASSES[task])
    apart = sum(w * (part.value - value) ** 2 for w, part in zip(share, parts, strict=True))
    joint = np.sqrt((share * half).sum(axis=0) ** 2 + apart)
    claims = np.array([part.claimed for part in parts])
    claimed = np.sqrt((share * claims).sum(axis=0) ** 2 + apart)
    sets: tuple[tuple[int, ...], ...] = ()
    if task in CLASSES:
        classes = CLASSES[task]
        inside = np.abs(classes - np.asarray(value)[:, None]) <= joint[:, None]
        inside[np.arange(len(inside)), probability.argmax(axis=1)] = True
        sets = tuple(tuple(int(name) for name in classes[row]) for row in inside)
    return Answer(np.asarray(value), value - joint, value + joint, claimed, probability, sets), share


def is_enough(known: NDArray[np.bool_], groups: NDArray[np.str_]) -> bool:
    """Tell whether a task can be learnt; ``known`` (n,); ``groups`` (n,)."""
    return bool(known.sum() >= FEWEST_ROWS and _n_groups(known, groups) >= FEWEST_GROUPS)


def check_enough(known: NDArray[np.bool_], groups: NDArray[np.str_], what: str) -> None:
    """Refuse to learn from next to nothing; ``known`` (n, n_tasks); ``groups`` (n,)."""
    if any(is_enough(column, groups) for column in known.T):
        return
    held = np.asarray(known.any(axis=1))
    raise DataError(
        "cannot learn from these data",
        found=f"{int(held.sum())} {what} with known values, of {_n_groups(held, groups)} formulas",
        needed=f"at least {FEWEST_ROWS} of {FEWEST_GROUPS} formulas with one kind of value known",
        suggestion="add structures with edgepair build, or let library and bundled data take part",
    )


def _n_groups(known: NDArray[np.bool_], groups: NDArray[np.str_]) -> int:
    return len(set(groups[known].tolist()) - {""})


def join_first_shell(forest: Answer, shell: FirstShell | None, level: float) -> Answer:
    """Join two readings of a length; the forest alone where they exclude each other: it sees more."""
    if shell is None or shell.shared_with:
        return forest
    error = float(np.hypot(shell.position_error, SHAPE_ERROR))
    half = error * NormalDist().inv_cdf((1 + level) / 2)
    at = np.array([shell.position])
    if not (forest.lower[0] <= shell.position <= forest.upper[0]):
        return forest
    read = Answer(at, at - half, at + half, np.array([error]), np.empty((1, 0)), ())
    return join_answers("bond_length", [forest, read])[0]


@dataclass(frozen=True)
class TaskFit:
    """One task's forest and what it told left-out rows, (n_rows,); probability (n_rows, n_classes)."""

    forest: GroupForest
    kept: NDArray[np.bool_]
    value: Floats
    error: Floats
    probability: Floats


def fit_task(
    features: Floats,
    task: str,
    values: Floats,
    weight: Floats,
    folds: Sequence[Fold],
    absorber: NDArray[np.str_],
    *,
    seed: int = 0,
) -> TaskFit:
    """Fit a task's forest to the rows whose value is known; features (n_rows, n_features)."""
    kept = ~np.isnan(values)
    target = class_shares(values[kept], CLASSES[task]) if task in CLASSES else values[kept]
    forest = fit_group_forest(features[kept], target, weight, folds, seed=seed)
    told = np.full((len(kept), forest.told.shape[1]), np.nan)
    told[kept] = forest.told
    value, probability, error = settle(told, task, absorber)
    return TaskFit(forest, kept, value, error, probability)


def settle(told: Floats, task: str, absorber: NDArray[np.str_]) -> Told:
    """Combine what a forest tells; ``told`` (n, n_classes); ``absorber`` (n,)."""
    if task == "oxidation_state":
        told = _within_reach(told, absorber)
    if task not in CLASSES:
        return told[:, 0], np.empty((len(told), 0)), told[:, 1] + LENGTH_CLAIM_FLOOR
    classes = CLASSES[task]
    value = sharpened_mean(told, classes)
    claimed = np.sqrt((told * (classes - value[:, None]) ** 2).sum(axis=1)) + CLAIM_FLOOR
    return value, told, claimed


def _within_reach(shares: Floats, absorber: NDArray[np.str_]) -> Floats:
    """Count states that no oxide of the absorber has, learnt from its neighbours, as its highest."""
    classes, held = CLASSES["oxidation_state"], shares.copy()
    highest = np.array([HIGHEST_STATES.get(symbol, classes[-1]) for symbol in absorber.tolist()])
    beyond = classes > highest[:, None]
    held[classes == highest[:, None]] += np.where(beyond, shares, 0.0).sum(axis=1)
    held[beyond] = 0.0
    return held


def contributions(
    fit: TaskFit, task: str, row: Floats, given: NDArray[np.bool_], absorber: str
) -> tuple[float, Floats]:
    """Divide a value, less what ``given`` alone give (returned first), among features, in its unit."""
    base, parts = forest_shapley(fit.forest.joined, row.astype(np.float32), given)
    if task not in CLASSES:
        return float(base[0]), parts[:, 0]
    classes = CLASSES[task]
    shares = np.zeros((1 + len(row), len(classes)))
    shares[:, fit.forest.classes] = np.vstack([base, parts])
    if task == "oxidation_state":
        shares = _within_reach(shares, np.full(len(shares), absorber))
    start, end = shares[0], shares.sum(axis=0)
    added: Floats = shares[1:] @ mean_slopes(start, end, classes)
    return float(sharpened_mean(start[None], classes)[0]), added


def nearest_rows(fitted: XanesModel, apart: Floats) -> list[Record]:
    """Name the standards and the simulated materials most like a spectrum; ``apart`` (n_rows,)."""
    rows = fitted.rows
    found = []
    for simulated in (False, True):
        order = np.argsort(apart)
        named: set[str] = set()
        for row in order[(rows.simulated[order] == simulated) & np.isfinite(apart[order])].tolist():
            # repeats of one compound say the same
            name = str(rows.name[row] if simulated else rows.group[row].split(" ", 1)[1])
            if name in named:
                continue
            named.add(name)
            kind = "simulated" if simulated else "standard"
            found.append(
                _row("xanes", len(named), kind, name, str(rows.formula[row]), rows.targets, apart, row)
            )
            if len(named) == NEAREST:
                break
    return found


def nearest_materials(fitted: PdfModel, apart: Floats) -> list[Record]:
    """Name the simulated materials most like a PDF; ``apart`` (n_materials,)."""
    rows = fitted.rows
    return [
        _row(
            rows.technique, rank, "simulated", str(rows.name[row]), str(rows.formula[row]), rows.targets,
            apart, row,
        )
        for rank, row in enumerate(np.argsort(apart)[:NEAREST].tolist(), 1)
    ]  # fmt: skip


def _row(
    technique: str, rank: int, kind: str, name: str, formula: str,
    targets: Mapping[str, Floats], apart: Floats, row: int,
) -> Record:  # fmt: skip
    """Make a row of `Prediction.nearest`, with where it stands among those that were learnt from."""
    known = {task: float(targets[task][row]) if task in targets else math.nan for task in TASKS}
    about = {"technique": technique, "rank": rank, "kind": kind, "name": name, "formula": formula}
    return about | {"distance": float(apart[row])} | known | {"row": row}


def reason(technique: str, task: str, part: str, position: float, contribution: float, region: str) -> Record:
    """Make a row of `Prediction.explanation`."""
    values = (technique, task, part, position, contribution, region)
    return dict(zip(EXPLANATION_COLUMNS, values, strict=True))


def stretch_contributions(
    technique: str,
    task: str,
    added: Floats,
    position: Floats,
    ends: tuple[float, float],
    origin: float,
    regions: Sequence[Region],
) -> list[Record]:
    """Add up the contributions of the features of each stretch: rows of `Prediction.explanation`."""
    count = max(1, round((ends[1] - ends[0]) / WINDOW_WIDTH[technique]))
    edges = np.linspace(ends[0], ends[1], count + 1)
    window = np.clip(np.searchsorted(edges, position, side="right") - 1, 0, count - 1)
    sums = np.bincount(window, weights=added, minlength=count)
    held = np.unique(window)
    middle = (edges[held] + edges[held + 1]) / 2 + origin
    return [
        reason(technique, task, "", float(at), float(value), regions[number].title)
        for at, value, number in zip(middle, sums[held], region_numbers(regions, middle), strict=True)
    ]
