"""What a study is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from numbers import Integral
from typing import Any

from edgepair.conventions import OptionError, Task, parse_modalities, parse_tasks, techniques_in
from edgepair.conventions.displayed import Record
from edgepair.dataset import SPLITS
from edgepair.features import NORMALISATIONS
from edgepair.models import parse_learners

QUICK_TREES = 60
TREES = 100
"""Trees in a forest: with more, scores only scatter (docs/decisions/0001-forest-settings.md)."""

DRAWS = 1000
"""Bootstrap draws behind every interval."""

VIEWS = ("sites", "materials")
"""What a row is: a site with the PDF of its material, or a material with the mean of its sites' spectra,
as a measurement gives it."""

MOST_JOBS = 256
"""Processes beyond which nothing is gained on any machine of today."""


PROTOCOLS = ("grouped", "published")
"""How the study is made: on honest splits, or as the paper's group does it (`edgepair.study.published`)."""

PUBLISHED_MODALITIES = ("xanes", "pdf", "dpdf", "npdf", "xanes+pdf", "xanes+dpdf", "xanes+npdf")
PUBLISHED_TREES = 300
PUBLISHED_REFITS = 10
QUICK_REFITS = 3

STUDYING = "run the study"
"""What cannot be done, in errors, unless the caller says otherwise."""


_WORDS = {"split": SPLITS, "view": VIEWS, "per": NORMALISATIONS, "protocol": PROTOCOLS}
_LOWEST = {"folds": 2, "repeats": 1, "trees": 1, "seed": 0}


@dataclass(frozen=True)
class StudyConfig:
    """Settings of a study, checked."""

    tasks: tuple[str, ...]
    modalities: tuple[str, ...]
    learners: tuple[str, ...]
    split: str = "formula"
    folds: int = 5
    repeats: int | None = None
    trees: int = TREES
    seed: int = 0
    tune: bool = False
    extras: bool = True
    contributions: bool = False
    view: str = "sites"
    per: str = "metal"
    robustness: bool = False
    protocol: str = "grouped"

    @classmethod
    def check(
        cls,
        *,
        tasks: Sequence[str] | None = None,
        modalities: Sequence[str] | None = None,
        learners: Sequence[str] | None = None,
        trees: int | None = None,
        quick: bool = False,
        doing: str = STUDYING,
        **others: Any,
    ) -> StudyConfig:
        """Check settings as a user gives them; `others` are those that stand in the study as they are."""
        told = cls((), (), (), **others)
        _check_words(doing, split=told.split, view=told.view, per=told.per, protocol=told.protocol)
        _check_numbers(doing, folds=told.folds, repeats=told.repeats, trees=trees, seed=told.seed)
        _check_lists(doing, tasks=tasks, modalities=modalities, learners=learners)
        told = replace(
            told, tasks=tuple(task.name for task in parse_tasks(tasks)), folds=int(told.folds),
            repeats=None if told.repeats is None else int(told.repeats), seed=int(told.seed),
        )  # fmt: skip
        if told.protocol == "published":
            names = ("split", "tune", "contributions", "view", "per", "robustness")
            _check_published(doing, learners=learners, **{name: getattr(told, name) for name in names})
            return replace(
                told, modalities=parse_modalities(PUBLISHED_MODALITIES if modalities is None else modalities),
                learners=("published", "dummy"),
                repeats=told.repeats or (QUICK_REFITS if quick else PUBLISHED_REFITS),
                trees=int(trees or (QUICK_TREES if quick else PUBLISHED_TREES)),
                extras=False, view="materials", per="total",
            )  # fmt: skip
        named, by = parse_modalities(modalities), parse_learners(learners)
        if told.contributions:
            _check_contributions(named, by)
        return replace(
            told, modalities=named, learners=by, trees=int(trees or (QUICK_TREES if quick else TREES)),
            repeats=1 if quick and told.repeats is None else told.repeats, extras=not quick,
        )  # fmt: skip

    def task_list(self) -> tuple[Task, ...]:
        """Return the tasks themselves."""
        return parse_tasks(self.tasks)

    def repeats_for(self, n_sites: int) -> int:
        """Return how often the folds of a cell are dealt anew."""
        if self.repeats is not None:
            return self.repeats
        return 3 if n_sites < 500 else 2 if n_sites < 2000 else 1

    def as_dict(self) -> Record:
        """Return all settings by name."""
        return asdict(self)


def _check_words(doing: str, **words: str) -> None:
    for name, word in words.items():
        if word not in _WORDS[name]:
            raise _option(doing, name, word, "one of " + ", ".join(_WORDS[name]))


def _check_numbers(doing: str, **numbers: object) -> None:
    for name, number in numbers.items():
        lowest = _LOWEST[name]
        if number is None and name in ("repeats", "trees"):
            continue
        if isinstance(number, bool) or not isinstance(number, Integral) or number < lowest:
            raise _option(doing, name, number, f"a whole number from {lowest}")


def _check_lists(doing: str, **lists: object) -> None:
    for name, names in lists.items():
        texts = list(names) if isinstance(names, Sequence) and not isinstance(names, str) else []
        if names is not None and not (texts and all(isinstance(part, str) for part in texts)):
            raise _option(doing, name, names, "a list of at least one name")


def _check_published(doing: str, **settings: object) -> None:
    """Refuse settings that the published protocol fixes."""
    free: dict[str, object] = {"learners": None, "split": "formula", "view": "sites", "per": "metal"}
    free |= dict.fromkeys(("tune", "contributions", "robustness"), False)
    changed = [name for name, value in settings.items() if value != free[name]]
    if changed:
        raise OptionError(
            f"cannot {doing} as published with {changed[0]} {settings[changed[0]]!r}",
            found=", ".join(f"{name} {settings[name]!r}" for name in changed),
            needed="the learner, settings and splits (random, and by formula beside) of the protocol",
            suggestion=f"leave {changed[0]} out, or use the grouped protocol",
        )


def _check_contributions(modalities: tuple[str, ...], learners: tuple[str, ...]) -> None:
    techniques = techniques_in(modalities)
    if len(techniques) < 2:
        raise OptionError(
            "cannot tell the contributions of techniques",
            found=f"only {techniques[0]} among the modalities",
            needed="two techniques or more",
            suggestion="add one, such as --modality xanes,pdf, or leave --modality out",
        )
    if learners == ("dummy",):
        raise OptionError(
            "cannot tell the contributions of techniques",
            found="no learner but the dummy, which looks at no curve",
            needed="a learner that does, such as forest",
            suggestion="leave --learner out for the default",
        )


def _option(doing: str, name: str, value: object, needed: str) -> OptionError:
    return OptionError(
        f"cannot {doing} with {name} {value!r}",
        found=f"{name} {value!r}",
        needed=needed,
        suggestion=f"leave {name} out for the default",
    )


def check_processes(n_jobs: object, doing: str = STUDYING) -> None:
    """Check a number of processes as a user gives it."""
    whole = not isinstance(n_jobs, bool) and isinstance(n_jobs, Integral) and 1 <= int(n_jobs) <= MOST_JOBS
    if n_jobs is not None and not whole:
        raise OptionError(
            f"cannot {doing} in {n_jobs!r} processes",
            found=f"n_jobs {n_jobs!r}",
            needed=f"a whole number from 1 to {MOST_JOBS}",
            suggestion="leave it out to use all cores",
        )
