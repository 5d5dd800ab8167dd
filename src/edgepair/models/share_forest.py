"""A forest over standards and simulations that tells shares of classes, and what it tells left-out groups."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.models.conformal import group_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

TREES = 100
MAX_FEATURES = 0.15
BALANCE = 0.5
"""Power of a class's total weight by which its rows are held back: 0 keeps rare classes rare, 1
makes all classes count alike (docs/decisions/0007)."""

FOLDS = 10


@dataclass(frozen=True)
class ForestRows:
    """Rows that a forest learns from.

    Attributes
    ----------
    features : numpy.ndarray
        Shape (n, n_features).
    share : numpy.ndarray
        Shape (n, n_classes): rows add up to 1.
    weight : numpy.ndarray
        Shape (n,).
    fold : numpy.ndarray
        Shape (n,): fold in which a row is held out; -1 where in none.
    """

    features: NDArray[np.float64]
    share: NDArray[np.float64]
    weight: NDArray[np.float64]
    fold: NDArray[np.int64]


def group_folds(
    groups: NDArray[np.str_], held: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal groups out to folds.

    Parameters
    ----------
    groups : numpy.ndarray
        Shape (n,): names; rows without one are in no fold.
    held : numpy.ndarray
        Shape (n,), bool: rows whose groups are dealt out.
    rng : numpy.random.Generator
        Decides which goes where.

    Returns
    -------
    numpy.ndarray
        Shape (n,): every row of a group in one fold; -1 for the others.
    """
    names = rng.permutation(np.unique(groups[held & (groups != "")]))
    number = {str(name): place % FOLDS for place, name in enumerate(names)}
    return np.array([number.get(str(name), -1) for name in groups], dtype=np.int64)


def fit_share_forest(rows: ForestRows, seed: int) -> Any:
    """Fit extremely randomised trees to shares of classes.

    Parameters
    ----------
    rows : ForestRows
        A row of an average over two classes goes in once for each, with its share as weight.
    seed : int
        Random state.

    Returns
    -------
    sklearn.ensemble.ExtraTreesClassifier
        Its classes are columns of ``share``.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    row, column = np.nonzero(rows.share > 0.01)
    weight = rows.weight[row] * rows.share[row, column]
    total = np.bincount(column, weights=weight, minlength=rows.share.shape[1])
    weight = weight * total[column] ** -BALANCE
    forest = ExtraTreesClassifier(TREES, max_features=MAX_FEATURES, random_state=seed)
    return fit_in_threads(forest, rows.features[row], column, weight)


def fit_in_threads(
    forest: Any,
    features: NDArray[np.float64],
    target: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
) -> Any:
    """Fit a forest on two cores.

    Parameters
    ----------
    forest : sklearn.ensemble estimator
        Not fitted; it is changed.
    features : numpy.ndarray
        Shape (n, n_features).
    target : numpy.ndarray
        Shape (n,).
    weight : numpy.ndarray, optional
        Shape (n,).

    Returns
    -------
    sklearn.ensemble estimator
        The same, which answers in one thread.
    """
    # scikit-learn's threads change the filters of warnings at once and may leave none behind, and
    # then warn of that at every tree: what was there before is put back after every fit.
    with warnings.catch_warnings():
        forest.n_jobs = 2
        forest.fit(features.astype(np.float32), target, sample_weight=weight)
    forest.n_jobs = 1
    return forest


def forest_shares(forest: Any, features: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Tell shares of classes.

    Parameters
    ----------
    forest : sklearn.ensemble.ExtraTreesClassifier
        From `fit_share_forest`.
    features : numpy.ndarray
        Shape (n, n_features).
    n_classes : int
        Number of classes, those that the forest has not seen included.

    Returns
    -------
    numpy.ndarray
        Shape (n, n_classes).
    """
    shares = np.zeros((len(features), n_classes))
    shares[:, forest.classes_.astype(int)] = forest.predict_proba(features.astype(np.float32))
    return shares


def left_out_shares(rows: ForestRows, seed: int) -> NDArray[np.float64]:
    """Tell every row of a fold what a forest says that has not seen the fold.

    Parameters
    ----------
    rows : ForestRows
        With folds.
    seed : int
        Random state.

    Returns
    -------
    numpy.ndarray
        Shape (n, n_classes); NaN for rows in no fold.
    """
    told = np.full(rows.share.shape, np.nan)
    for fold in np.unique(rows.fold[rows.fold >= 0]):
        mine = rows.fold == fold
        others = ForestRows(*(values[~mine] for values in vars(rows).values()))
        forest = fit_share_forest(others, seed + 1 + int(fold))
        told[mine] = forest_shares(forest, rows.features[mine], rows.share.shape[1])
    return told


def row_weights(groups: NDArray[np.str_], simulated: NDArray[np.bool_], part: float) -> NDArray[np.float64]:
    """Weigh rows: one vote per compound, and a part of it per simulated row.

    Parameters
    ----------
    groups : numpy.ndarray
        Shape (n,): compounds.
    simulated : numpy.ndarray
        Shape (n,), bool.
    part : float
        Weight of a simulated row.

    Returns
    -------
    numpy.ndarray
        Shape (n,).
    """
    votes = group_weights(np.where(simulated, "", groups))
    weights: NDArray[np.float64] = np.where(simulated, part, votes)
    return weights
