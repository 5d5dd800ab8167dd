"""What a model of one technique says of a task, and joining what several say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError
from edgepair.models.conformal import likelier, sharpened_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES: Mapping[str, NDArray[np.int64]] = MappingProxyType(
    {"oxidation_state": np.arange(1, 8), "coordination_number": np.arange(2, 10)}
)
"""Classes that are told apart; what lies beyond counts as the outermost."""

CLAIM_FLOOR = 0.1
"""Least error that is claimed of a mean of classes, before conformal scaling."""

LENGTH_CLAIM_FLOOR = 0.005
"""Å; least error that is claimed of a bond length, before conformal scaling."""


@dataclass(frozen=True)
class Answer:
    """What is said of one task for some samples.

    ``value, lower, upper`` (n,); ``claimed`` (n,); ``probability`` (n, n_classes).
    """

    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    claimed: NDArray[np.float64]
    probability: NDArray[np.float64]
    sets: tuple[tuple[int, ...], ...]


def class_sets(
    probability: NDArray[np.float64], classes: NDArray[np.int64], below: float
) -> tuple[tuple[int, ...], ...]:
    """Take classes from the likeliest on while those before add up to no more than a limit.

    ``probability`` (n, n_classes); ``classes`` (n_classes,).

    Examples
    --------
    >>> class_sets(np.array([[0.1, 0.7, 0.2]]), np.array([2, 3, 4]), 0.7)
    ((3, 4),)
    """
    inside = likelier(probability) <= below + 1e-12
    return tuple(tuple(int(name) for name in classes[row]) for row in inside)


def join_answers(task: str, parts: Sequence[Answer]) -> tuple[Answer, NDArray[np.float64]]:
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


FEWEST_ROWS = 20
FEWEST_GROUPS = 10
"""Curves with known values, and compounds or formulas among them, from which on a task is answered:
with fewer, a left-out tenth says nothing of how far answers are off."""


def is_enough(known: NDArray[np.bool_], groups: NDArray[np.str_]) -> bool:
    """Tell whether a task can be learnt.

    ``known`` (n,); ``groups`` (n,).
    """
    return bool(known.sum() >= FEWEST_ROWS and _n_groups(known, groups) >= FEWEST_GROUPS)


def check_enough(known: NDArray[np.bool_], groups: NDArray[np.str_], what: str) -> None:
    """Refuse to learn from next to nothing.

    ``known`` (n, n_tasks); ``groups`` (n,).
    """
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
