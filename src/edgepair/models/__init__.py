"""Models: curves to features, features to forests, and how well they do."""

from edgepair.models.features import (
    NORMALISATIONS,
    RAW_RECIPES,
    FeatureTable,
    compute_features,
    dpdf_normalisation,
    normalised_curves,
)
from edgepair.models.fit_task import FitOutcome, FitTask, Window
from edgepair.models.fitting import average_outcomes, choose_windows, fit_folds
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
    "NORMALISATIONS",
    "RAW_RECIPES",
    "REGRESSION_METRICS",
    "FeatureTable",
    "FitOutcome",
    "FitTask",
    "Learner",
    "Window",
    "average_outcomes",
    "choose_windows",
    "classification_metrics",
    "classification_sums",
    "compute_features",
    "dpdf_normalisation",
    "fit_folds",
    "fitted_learners",
    "normalised_curves",
    "parse_learners",
    "regression_metrics",
    "regression_sums",
]
