"""Forests fitted without scikit-learn's own loop: the numbers of scikit-learn's, whatever is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.ensemble

from edgepair.conventions import TASKS
from edgepair.models import LEARNERS

N, N_FEATURES = 60, 12


@pytest.mark.parametrize("task", ["oxidation_state", "bond_length"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_features": "sqrt", "min_samples_leaf": 4},
        {"max_features": 0.33},
        {"min_samples_leaf": 2, "max_depth": 3},
    ],
)
@pytest.mark.parametrize("holes", [False, True])
def test_a_forest_tells_what_scikit_learns_does(task: str, settings: dict[str, Any], holes: bool) -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(N, N_FEATURES)).astype(np.float32)
    values[rng.random(values.shape) < 0.1 * holes] = np.nan
    target = rng.choice([0, 2, 3], N) if task == "oxidation_state" else values[:, 1] + rng.normal(size=N)
    target = np.nan_to_num(target)
    ours = LEARNERS["forest"].estimator(TASKS[task], trees=15, seed=4, **settings)
    own = LEARNERS["forest"].settings(TASKS[task]) | settings
    theirs = getattr(sklearn.ensemble, type(ours).__name__)(15, random_state=4, **own)
    ours.fit(values[:40], target[:40])
    theirs.fit(values[:40], target[:40])
    np.testing.assert_array_equal(ours.predict(values[40:]), theirs.predict(values[40:]))
    np.testing.assert_array_equal(ours.feature_importances_, theirs.feature_importances_)
    if task == "oxidation_state":
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_array_equal(ours.predict_proba(values[40:]), theirs.predict_proba(values[40:]))


def test_a_forest_that_never_splits_has_no_importances() -> None:
    forest = LEARNERS["forest"].estimator(TASKS["bond_length"], trees=3, seed=0)
    forest.fit(np.ones((6, 2), dtype=np.float32), np.ones(6))
    assert forest.feature_importances_.tolist() == [0.0, 0.0]
