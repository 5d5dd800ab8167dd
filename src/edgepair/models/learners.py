"""Learners: the estimators that the study compares, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from edgepair.conventions import Task
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_choice

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Learner:
    """A kind of estimator with its settings.

    Attributes
    ----------
    name : str
        Name in files and options.
    title : str
        Name for people.
    classifier, regressor : str
        Names of scikit-learn's classes.
    classifier_settings, regressor_settings : mapping
        What is passed to them beside the number of trees and the seed.
    importances : bool
        Whether a fit tells how much each feature mattered.
    parts : tuple of str
        Learners whose answers are averaged in place of a fit of its own.
    offered : bool
        Whether it can be chosen by name; the others belong to a protocol.
    """

    name: str
    title: str
    classifier: str
    regressor: str
    classifier_settings: Mapping[str, object] = field(default_factory=dict)
    regressor_settings: Mapping[str, object] = field(default_factory=dict)
    importances: bool = True
    parts: tuple[str, ...] = ()
    offered: bool = True

    def settings(self, task: Task) -> Record:
        """Return the settings for a task; they are the same for every technique.

        Parameters
        ----------
        task : Task
            Classification or regression.

        Returns
        -------
        dict
            A copy that may be changed.
        """
        chosen = self.classifier_settings if task.kind == "classification" else self.regressor_settings
        return dict(chosen)

    def estimator(self, task: Task, *, trees: int, seed: int, **changes: object) -> BaseEstimator:
        """Make an estimator that is not fitted yet.

        Parameters
        ----------
        task : Task
            Classification or regression.
        trees : int
            Number of trees, where the learner has any.
        seed : int
            Random state.
        **changes
            Settings to use in place of the learner's own.

        Returns
        -------
        sklearn.base.BaseEstimator
            A classifier or a regressor.
        """
        import sklearn.dummy
        import sklearn.ensemble

        from edgepair.models import kernel_ridge
        from edgepair.models import trees as tree_models

        name = self.classifier if task.kind == "classification" else self.regressor
        settings = self.settings(task) | changes
        if name.startswith("Dummy"):
            return getattr(sklearn.dummy, name)(**settings)
        if name.startswith("Kernel"):
            return getattr(kernel_ridge, name)(**settings)
        forests = tree_models if name.startswith("Extra") else sklearn.ensemble
        return getattr(forests, name)(n_estimators=trees, random_state=seed, n_jobs=1, **settings)


LEARNERS = MappingProxyType(
    {
        learner.name: learner
        for learner in (
            # Chosen by measurement: docs/decisions/0001-forest-settings.md
            Learner(
                "forest",
                "extremely randomised trees",
                "ExtraTreesClassifier",
                "ExtraTreesRegressor",
                {"max_features": 0.2},
                {"max_features": 0.2},
            ),
            Learner(
                "stock",
                "scikit-learn's default random forest",
                "RandomForestClassifier",
                "RandomForestRegressor",
            ),
            Learner(
                "kernel", "Matérn kernel ridge", "KernelClassifier", "KernelRegressor", importances=False
            ),
            Learner(
                "blend",
                "mean of the forest and the kernel ridge",
                "",
                "",
                importances=False,
                parts=("forest", "kernel"),
            ),
            # Its settings are searched: edgepair.study.published
            Learner(
                "published",
                "random forest, grid-searched, as published",
                "RandomForestClassifier",
                "RandomForestRegressor",
                offered=False,
            ),
            Learner(
                "dummy",
                "baseline that looks at no curve",
                "DummyClassifier",
                "DummyRegressor",
                {"strategy": "prior"},
                {"strategy": "mean"},
                importances=False,
            ),
        )
    }
)
"""All learners by name."""


def fitted_learners(names: Sequence[str]) -> tuple[str, ...]:
    """List the learners that must be fitted to answer for some.

    Parameters
    ----------
    names : sequence of str
        Names of learners.

    Returns
    -------
    tuple of str
        Each once; averages of others replaced by their parts.

    Examples
    --------
    >>> fitted_learners(["blend", "dummy"])
    ('forest', 'kernel', 'dummy')
    """
    return tuple(dict.fromkeys(part for name in names for part in LEARNERS[name].parts or (name,)))


def parse_learners(names: Sequence[str] | None) -> tuple[str, ...]:
    """Check names of learners; the dummy is always added, last.

    Parameters
    ----------
    names : sequence of str or None
        Names; None for the forest and the blend.

    Returns
    -------
    tuple of str
        Each once.

    Raises
    ------
    OptionError
        A name is not a learner.

    Examples
    --------
    >>> parse_learners(None)
    ('forest', 'blend', 'dummy')
    """
    chosen = ["forest", "blend"] if names is None else list(names)
    offered = [name for name, learner in LEARNERS.items() if learner.offered]
    for name in chosen:
        check_choice("cannot use the learner", "learner", name, offered)
    return (*dict.fromkeys(name for name in chosen if name != "dummy"), "dummy")
