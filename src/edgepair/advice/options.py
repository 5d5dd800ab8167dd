"""What the advisor is asked to do, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from edgepair.conventions import OptionError, near_miss, parse_modalities, techniques_of
from edgepair.conventions.tasks import TASKS
from edgepair.study.config import StudyConfig, check_processes

TECHNIQUES_ASKED = ("xanes", "pdf", "dpdf")
"""Techniques that are weighed against each other unless others are named."""

SMALLEST_GAIN = 0.02
"""Gain in weighted F1 or R² from which on a second measurement is taken as worth its time; also what
may be lost by a poorer one. About what the choice of learner changes (docs/decisions/0001)."""

LEARNER = "forest"


@dataclass(frozen=True)
class AdviceOptions:
    """Settings of the advisor, checked."""

    study: StudyConfig
    smallest_gain: float
    tolerance: float

    def beside(self, techniques: Sequence[str]) -> AdviceOptions:
        """Add techniques to those that are weighed."""
        names = combinations([*self.study.modalities, *techniques])
        if len(techniques) > 1:
            # What is in hand is held against itself and one more, not against each of its parts alone.
            more = [name for name in names if "+" not in name and name not in techniques]
            selected = "+".join(techniques)
            names = parse_modalities([*names, selected, *(f"{selected}+{name}" for name in more)])
        return replace(self, study=replace(self.study, modalities=names))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        study = self.study
        return {
            "modalities": list(study.modalities),
            "split": study.split,
            "folds": study.folds,
            "repeats": study.repeats,
            "trees": study.trees,
            "seed": study.seed,
            "smallest_gain": self.smallest_gain,
            "tolerance": self.tolerance,
        }


def check_options(
    task: str,
    *,
    techniques: Sequence[str] | None,
    smallest_gain: float,
    tolerance: float | None,
    n_jobs: int | None,
    **study: Any,
) -> AdviceOptions:
    """Check settings as a user gives them."""
    if not isinstance(task, str) or task not in TASKS:
        raise OptionError(
            f"cannot advise on the task {task!r}",
            found=f"task {task!r}",
            needed="one of " + ", ".join(TASKS),
            suggestion=near_miss(str(task), TASKS),
        )
    check_processes(n_jobs, "advise")
    tolerance = smallest_gain if tolerance is None else tolerance
    numbers: tuple[tuple[str, Any], ...] = (("smallest_gain", smallest_gain), ("tolerance", tolerance))
    for name, value in numbers:
        if isinstance(value, bool) or not isinstance(value, Real) or not 0.001 <= float(value) <= 0.5:
            raise OptionError(
                f"cannot advise with {name} {value!r}",
                found=f"{name} {value!r}",
                needed="a difference of weighted F1 or R² from 0.001 to 0.5",
                suggestion=f"leave it out for {SMALLEST_GAIN:g}",
            )
    checked = StudyConfig.check(
        tasks=[task], modalities=TECHNIQUES_ASKED if techniques is None else techniques,
        learners=[LEARNER], doing="advise", **study,
    )  # fmt: skip
    modalities = combinations(checked.modalities)
    return AdviceOptions(
        replace(checked, modalities=modalities, extras=False), float(smallest_gain), float(tolerance)
    )


def combinations(names: Sequence[str]) -> tuple[str, ...]:
    """Put techniques beside XANES, and list what each combination is held against.

    Examples
    --------
    >>> combinations(["xanes", "pdf"])
    ('xanes', 'pdf', 'xanes+pdf')
    """
    single = [name for name in names if "+" not in name]
    joined = [name for name in names if "+" in name]
    parts = [part.name for name in joined for part in techniques_of(name)]
    pairs = [f"xanes+{name}" for name in single if name != "xanes"] if "xanes" in single else []
    return parse_modalities([*single, *parts, *pairs, *joined])
