"""Models: curves to features, features to forests, and how well they do."""

from typing import TYPE_CHECKING

from edgepair._lazy import lazy_names
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

# They are made of scikit-learn's classes, which take a second to load.
if TYPE_CHECKING:
    from edgepair.models.estimators import (
        OxideForestClassifier,
        OxideForestRegressor,
        PdfFeatures,
        XanesFeatures,
    )

__all__ = [
    "CLASSIFICATION_METRICS",
    "LEARNERS",
    "LOWER_IS_BETTER",
    "REGRESSION_METRICS",
    "FitOutcome",
    "FitTask",
    "Learner",
    "OxideForestClassifier",
    "OxideForestRegressor",
    "PdfFeatures",
    "Window",
    "XanesFeatures",
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

__getattr__, _ = lazy_names(__name__, __file__)
