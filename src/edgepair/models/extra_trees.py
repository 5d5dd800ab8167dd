"""Scikit-learn's forests of extremely randomised trees, fitted and asked in less time: the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import sklearn.ensemble

from edgepair.models.trees import GrownTree, grow_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Grown:
    """What classifier and regressor have in common."""

    estimators_: list[GrownTree]

    def _grow(self, X: NDArray[np.float32], answer: NDArray[Any], n_classes: int) -> Self:
        forest: Any = self
        seen = np.ascontiguousarray(X, dtype=np.float32)
        self.estimators_ = grow_trees(
            seen, answer, n_trees=forest.n_estimators, seed=forest.random_state, n_classes=n_classes,
            max_features=forest.max_features, min_samples_leaf=forest.min_samples_leaf,
            max_depth=forest.max_depth,
        )  # fmt: skip
        forest.n_outputs_, forest.n_features_in_ = 1, seen.shape[1]
        return self

    def _mean(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        seen = np.ascontiguousarray(X, dtype=np.float32)
        total: Any = 0.0
        for tree in self.estimators_:
            total = total + tree.tree_.predict(seen)
        mean: NDArray[np.float64] = total / len(self.estimators_)
        return mean

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Mean decrease of impurity, which adds up to 1; (n_features,)."""
        each = [t.tree_.compute_feature_importances() for t in self.estimators_ if t.tree_.node_count > 1]
        if not each:
            return np.zeros(self.n_features_in_)  # type: ignore[attr-defined]
        mean = np.mean(each, axis=0)
        shares: NDArray[np.float64] = mean / mean.sum()
        return shares


class ExtraTreesClassifier(_Grown, sklearn.ensemble.ExtraTreesClassifier):  # type: ignore[misc]
    """Classes; of scikit-learn's settings those that edgepair uses are kept."""

    def fit(self, X: NDArray[np.float32], y: NDArray[Any], sample_weight: None = None) -> Self:
        """Fit to ``X`` (n, n_features) and ``y`` (n,)."""
        self.classes_, number = np.unique(y, return_inverse=True)
        self.n_classes_ = len(self.classes_)
        return self._grow(X, number, self.n_classes_)

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Tell the probability of each class, (n, n_classes)."""
        return self._mean(X)

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Tell the likeliest class, (n,)."""
        likeliest: NDArray[Any] = self.classes_[self._mean(X).argmax(axis=1)]
        return likeliest


class ExtraTreesRegressor(_Grown, sklearn.ensemble.ExtraTreesRegressor):  # type: ignore[misc]
    """Values; of scikit-learn's settings those that edgepair uses are kept."""

    def fit(self, X: NDArray[np.float32], y: NDArray[Any], sample_weight: None = None) -> Self:
        """Fit to ``X`` (n, n_features) and ``y`` (n,)."""
        return self._grow(X, y, 0)

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Tell values, (n,)."""
        return self._mean(X)[:, 0]
