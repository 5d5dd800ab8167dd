"""Models: curves to features, features to forests, and how well they do."""

from edgepair.models.fitting import FitOutcome, FitTask, Window, average_outcomes, choose_windows, fit_folds
from edgepair.models.learners import LEARNERS, Learner, fitted_learners, parse_learners
from edgepair.models.metrics import (
    CLASSIFICATION_METRICS,
    LOWER_IS_BETTER,
    REGRESSION_METRICS,
    classification_metrics,
    classification_sums,
    regression_metrics,
    regression_sums,
)

__all__ = [
    "CLASSIFICATION_METRICS",
    "LEARNERS",
    "LOWER_IS_BETTER",
    "REGRESSION_METRICS",
    "FitOutcome",
    "FitTask",
    "Learner",
    "Window",
    "average_outcomes",
    "choose_windows",
    "classification_metrics",
    "classification_sums",
    "fit_folds",
    "fitted_learners",
    "parse_learners",
    "regression_metrics",
    "regression_sums",
]
