"""Features and forests as scikit-learn's estimators over rows of curves, for its pipelines and searches."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from edgepair.conventions import TASKS, TECHNIQUES, DataError
from edgepair.conventions.errors import check_choice
from edgepair.conventions.tasks import Floats, Labels
from edgepair.features.blocks import Block
from edgepair.features.table import RECIPES
from edgepair.models.learners import LEARNERS

STEPS = {"energy": 0.5, "r": 0.1}
"""eV and Å: between columns where no axis is given."""


def _block(curves: Floats, technique: str, given: ArrayLike | None) -> Block:
    """Compute features of ``curves`` (n, n_points) over an axis, which is even from 0 where not given."""
    check_choice("cannot compute features of", "technique", technique, RECIPES)
    name, n = TECHNIQUES[technique].axis, curves.shape[1]
    axis = np.asarray(STEPS[name] * np.arange(n) if given is None else given, dtype=np.float64)
    if axis.shape != (n,) or not (np.diff(axis) > 0).all():
        raise DataError(
            f"cannot compute features of {n} columns",
            found=f"{name} of shape {axis.shape}" + (", not increasing" if axis.shape == (n,) else ""),
            needed=f"{n} increasing values in {TECHNIQUES[technique].unit}, one a column",
            suggestion="pass the axis on which the curves were put, and cut both to the same stretch",
        )
    return RECIPES[technique](axis, curves)


def _checked(estimator: BaseEstimator, X: ArrayLike, y: object = "no_validation", **how: bool) -> Any:
    """Check curves as scikit-learn does: finite, two columns at least, later as many as fitted on."""
    fewest = 2 if how.get("reset", True) else 1
    return validate_data(estimator, X, y, dtype=np.float64, ensure_min_features=fewest, **how)


class _CurveFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Features of the curves of one technique."""

    _technique: ClassVar[str]
    _axis: ClassVar[str]

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Note where on the axis features sit; their values depend on each curve alone.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points): a curve a row.
        y : object, optional
            Not used.

        Returns
        -------
        object
            Itself.
        """
        self.positions_ = self._block(_checked(self, X)).position
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Compute the features.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points).

        Returns
        -------
        numpy.ndarray
            Shape (n, n_features).

        Raises
        ------
        DataError
            The axis is not one increasing value a column.
        """
        check_is_fitted(self)
        return self._block(_checked(self, X, reset=False)).values

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Name the features by their number and where on the axis they sit.

        Parameters
        ----------
        input_features : object, optional
            Not used.

        Returns
        -------
        numpy.ndarray
            Shape (n_features,), text.
        """
        check_is_fitted(self)
        unit = TECHNIQUES[self._technique].unit
        names = [f"{self._technique}{k}_{at:.6g}{unit}" for k, at in enumerate(self.positions_)]
        return np.array(names, dtype=object)

    def _block(self, curves: Floats) -> Block:
        return _block(curves, self._technique, getattr(self, self._axis))


class XanesFeatures(_CurveFeatures):
    """The features that edgepair's forests read of normalised spectra, as a scikit-learn transformer.

    Points half an electronvolt apart, and numbers that describe the edge: where it reaches given heights,
    white line, trough, slope, area and centroid of what lies before it.

    Parameters
    ----------
    energy : array_like, optional
        Shape (n_points,), eV: of the columns. By default 0, 0.5, 1, ….

    Examples
    --------
    >>> energy = 7112 + np.arange(-10.0, 40.0, 0.5)
    >>> mu = 1 / (1 + np.exp(-(energy - np.array([[7119.0], [7123.0]]))))
    >>> XanesFeatures(energy).fit_transform(mu).shape
    (2, 131)
    """

    _technique, _axis = "xanes", "energy"

    def __init__(self, energy: ArrayLike | None = None) -> None:
        self.energy = energy


class PdfFeatures(_CurveFeatures):
    """The features that edgepair's forests read of PDFs, as a scikit-learn transformer.

    The radial distribution to 6 Å, its running integral, and position, height and area of the first peak.

    Parameters
    ----------
    r : array_like, optional
        Shape (n_points,), Å: of the columns. By default 0, 0.1, 0.2, ….
    """

    _technique, _axis = "pdf", "r"

    def __init__(self, r: ArrayLike | None = None) -> None:
        self.r = r


class _OxideForest(BaseEstimator):  # type: ignore[misc]
    """Features and the study's forest on them."""

    _task: ClassVar[str]

    def __init__(
        self,
        technique: str = "xanes",
        axis: ArrayLike | None = None,
        n_estimators: int = 100,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.technique = technique
        self.axis = axis
        self.n_estimators = n_estimators
        self.random_state = random_state

    def _fit(self, X: Floats, y: Labels) -> Self:
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        forest = LEARNERS["forest"].estimator(TASKS[self._task], trees=self.n_estimators, seed=seed)
        self.forest_ = forest.fit(_block(X, self.technique, self.axis).values.astype(np.float32), y)
        return self

    def _features(self, X: ArrayLike) -> NDArray[np.float32]:
        check_is_fitted(self)
        return _block(_checked(self, X, reset=False), self.technique, self.axis).values.astype(np.float32)


class OxideForestClassifier(ClassifierMixin, _OxideForest):  # type: ignore[misc]
    """The study's forest for classes, over rows of curves.

    Extremely randomised trees on the features of one technique.

    Parameters
    ----------
    technique : {'xanes', 'pdf', 'dpdf', 'npdf'}, optional
        What a row is.
    axis : array_like, optional
        Shape (n_points,): energies in eV, or r in Å. By default 0, 0.5, 1, … eV, or 0, 0.1, 0.2, … Å.
    n_estimators : int, optional
        Number of trees.
    random_state : int or numpy.random.RandomState, optional
        Of the trees.
    """

    _task = "oxidation_state"

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the forest.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points): a curve a row.
        y : array_like
            Shape (n,): classes.

        Returns
        -------
        OxideForestClassifier
            Itself.
        """
        curves, classes = _checked(self, X, y)
        check_classification_targets(classes)
        self.classes_ = np.unique(classes)
        return self._fit(curves, classes)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points).

        Returns
        -------
        numpy.ndarray
            Shape (n, n_classes), in the order of ``classes_``.
        """
        features = self._features(X)
        probability: Floats = self.forest_.predict_proba(features)
        return probability

    def predict(self, X: ArrayLike) -> Labels:
        """Predict the likeliest class.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points).

        Returns
        -------
        numpy.ndarray
            Shape (n,).
        """
        likeliest = self.predict_proba(X).argmax(axis=1)
        classes: Labels = self.classes_[likeliest]
        return classes


class OxideForestRegressor(RegressorMixin, _OxideForest):  # type: ignore[misc]
    """The study's forest for values, over rows of curves.

    Extremely randomised trees on the features of one technique.

    Parameters
    ----------
    technique : {'xanes', 'pdf', 'dpdf', 'npdf'}, optional
        What a row is.
    axis : array_like, optional
        Shape (n_points,): energies in eV, or r in Å. By default 0, 0.5, 1, … eV, or 0, 0.1, 0.2, … Å.
    n_estimators : int, optional
        Number of trees.
    random_state : int or numpy.random.RandomState, optional
        Of the trees.
    """

    _task = "bond_length"

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the forest.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points): a curve a row.
        y : array_like
            Shape (n,): values, as bond lengths in Å.

        Returns
        -------
        OxideForestRegressor
            Itself.
        """
        curves, values = _checked(self, X, y, y_numeric=True)
        return self._fit(curves, np.asarray(values, dtype=np.float64))

    def predict(self, X: ArrayLike) -> Floats:
        """Predict values.

        Parameters
        ----------
        X : array_like
            Shape (n, n_points).

        Returns
        -------
        numpy.ndarray
            Shape (n,), in the unit of what it was fitted on.
        """
        features = self._features(X)
        values: Floats = self.forest_.predict(features)
        return values
