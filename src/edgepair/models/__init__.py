"""Models: curves to features, features to forests, and how well they do."""

from edgepair.models.features import FeatureTable, compute_features
from edgepair.models.fitting import FitOutcome, FitTask, Window, choose_windows, fit_folds
from edgepair.models.learners import LEARNERS, Learner, parse_learners
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
    "FeatureTable",
    "FitOutcome",
    "FitTask",
    "Learner",
    "Window",
    "choose_windows",
    "classification_metrics",
    "classification_sums",
    "compute_features",
    "fit_folds",
    "parse_learners",
    "regression_metrics",
    "regression_sums",
]
