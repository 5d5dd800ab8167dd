"""A model of measured PDFs, fitted for one instrument on simulated materials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, TECHNIQUES, points_down
from edgepair.models.class_shares import class_shares, sharpened_mean
from edgepair.models.conformal import class_scores, conformal_quantile, group_weights
from edgepair.models.scale_free_pdf import scale_free_features
from edgepair.models.share_forest import (
    MAX_FEATURES,
    TREES,
    ForestRows,
    fit_in_threads,
    fit_share_forest,
    forest_shares,
    group_folds,
    left_out_shares,
)
from edgepair.models.source_kernel import squared_distances
from edgepair.prediction.answers import CLAIM_FLOOR, CLASSES, Answer, class_sets
from edgepair.prediction.enough import is_enough

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

MOST_MATERIALS = 800
"""Materials that a model learns from, drawn at random; more won nothing and take longer."""

LENGTH_CLAIM_FLOOR = 0.005
"""Å; least error that is claimed of a bond length, before conformal scaling."""


@dataclass(frozen=True)
class PdfRows:
    """PDFs of materials with known values, through one instrument.

    Attributes
    ----------
    technique : str
        ``pdf``, ``dpdf`` or ``npdf``.
    absorber : str
        Chemical symbol.
    r : numpy.ndarray
        Shape (n_r,), Å.
    G : numpy.ndarray
        Shape (n_rows, n_r), Å⁻².
    name, formula : numpy.ndarray
        Shape (n_rows,), text.
    targets : dict of str to numpy.ndarray
        Each task's means over sites, shape (n_rows,); NaN where not known.
    """

    technique: str
    absorber: str
    r: NDArray[np.float64]
    G: NDArray[np.float64]
    name: NDArray[np.str_]
    formula: NDArray[np.str_]
    targets: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class PdfTaskFit:
    """One task's forest and what it told left-out formulas.

    Attributes
    ----------
    forest : sklearn.ensemble estimator
        Classifier of shares, or regressor.
    kept : numpy.ndarray
        Shape (n_rows,), bool: rows with a label.
    value, error : numpy.ndarray
        Shape (n_rows,): left out; NaN where not labelled.
    probability : numpy.ndarray
        Shape (n_rows, n_classes), left out.
    """

    forest: Any
    kept: NDArray[np.bool_]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    probability: NDArray[np.float64]


class PdfModel:
    """Answers for PDFs of one kind through one instrument.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema; its PDFs already seen through the instrument.
    technique : str
        ``pdf``, ``dpdf`` or ``npdf``.
    seed : int, optional
        Decides which materials take part, and the forests.
    """

    def __init__(self, dataset: xr.Dataset, technique: str, *, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        material = rng.permutation(_averages_known(dataset))[:MOST_MATERIALS]
        self._take_in(
            PdfRows(
                technique,
                str(dataset.attrs["absorber"]),
                dataset["r"].values.astype(np.float64),
                dataset[TECHNIQUES[technique].variable].values.astype(np.float64)[material],
                dataset["material_id"].values[material].astype(str),
                dataset["formula"].values[material].astype(str),
                {task: _material_means(dataset, task)[material] for task in TASKS},
            ),
            seed,
        )
        fold = group_folds(self.formula, np.ones(len(material), dtype=bool), rng)
        self.fits = {
            task: self._fit(task, fold)
            for task, known in self.targets.items()
            if is_enough(~np.isnan(known), self.formula)
        }
        self.distance_scale = self._left_out_distance()

    @classmethod
    def restore(
        cls, rows: PdfRows, fits: Mapping[str, PdfTaskFit], *, distance_scale: float, seed: int = 0
    ) -> PdfModel:
        """Make a fitted model of what it was saved as, without fitting.

        Parameters
        ----------
        rows : PdfRows
            What it was fitted on.
        fits : mapping of str to PdfTaskFit
            By task.
        distance_scale : float
            See `distances`.
        seed : int, optional
            Of the fit.

        Returns
        -------
        PdfModel
            With the same answers.
        """
        model = cls.__new__(cls)
        model._take_in(rows, seed)
        model.fits, model.distance_scale = dict(fits), distance_scale
        return model

    def _take_in(self, rows: PdfRows, seed: int) -> None:
        """Take the materials and compute their features, which are the same fitted or restored."""
        self.seed, self.rows = seed, rows
        self.technique, self.absorber, self.r, self.G = rows.technique, rows.absorber, rows.r, rows.G
        self.name, self.formula, self.targets = rows.name, rows.formula, rows.targets
        block = self._block(self.G)
        self.position = block.position
        self._features = block.values
        self._centre = self._features.mean(axis=0)
        spread = self._features.std(axis=0)
        self._spread = np.where(spread > 1e-9, spread, 1.0)

    def features(self, G: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the features of PDFs.

        Parameters
        ----------
        G : numpy.ndarray
            Shape (n, n_r), on the model's grid, on any scale.

        Returns
        -------
        numpy.ndarray
            Shape (n, n_features).
        """
        values: NDArray[np.float64] = self._block(G).values
        return values

    def answer(self, features: NDArray[np.float64], task: str, level: float) -> Answer:
        """Answer one task.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n, n_features).
        task : str
            Name.
        level : float
            Coverage of intervals and sets.

        Returns
        -------
        Answer
            Conformal over left-out formulas of simulated materials.
        """
        fit = self.fits[task]
        value, probability, claimed = self._tell(fit.forest, task, features)
        votes = group_weights(self.formula)
        score = np.abs(fit.value - self.targets[task]) / fit.error
        half = claimed * conformal_quantile(score[fit.kept], votes[fit.kept], level)
        sets: tuple[tuple[int, ...], ...] = ()
        if task in CLASSES:
            truth = class_shares(self.targets[task], CLASSES[task])
            below = conformal_quantile(class_scores(fit.probability, truth), votes, level)
            sets = class_sets(probability, CLASSES[task], below)
        return Answer(value, value - half, value + half, claimed, probability, sets)

    def value(self, features: NDArray[np.float64], task: str) -> NDArray[np.float64]:
        """Answer one task by its value alone.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n, n_features).
        task : str
            Name.

        Returns
        -------
        numpy.ndarray
            Shape (n,).
        """
        return self._tell(self.fits[task].forest, task, features)[0]

    def baseline(self) -> NDArray[np.float64]:
        """Return the average features of the training set.

        Returns
        -------
        numpy.ndarray
            Shape (n_features,).
        """
        centre: NDArray[np.float64] = self._centre
        return centre

    def distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measure how far PDFs are from every training material.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n, n_features).

        Returns
        -------
        numpy.ndarray
            Shape (n, n_materials); 1 is the 99th percentile of the materials' own distances to the
            nearest one of another formula.
        """
        return (
            np.sqrt(squared_distances(self._scaled(features), self._scaled(self._features)))
            / self.distance_scale
        )

    def _block(self, G: NDArray[np.float64]) -> Any:
        return scale_free_features(self.r, G, dip=points_down(self.technique, self.absorber))

    def _scaled(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = (features - self._centre) / self._spread
        return scaled

    def _fit(self, task: str, fold: NDArray[np.int64]) -> PdfTaskFit:
        known = self.targets[task]
        kept = ~np.isnan(known)
        X, fold = self._features[kept], fold[kept]
        n = len(kept)
        if task in CLASSES:
            share = class_shares(known[kept], CLASSES[task])
            rows = ForestRows(X, share, group_weights(self.formula[kept]), fold)
            forest = fit_share_forest(rows, self.seed)
            told = _settle(left_out_shares(rows, self.seed), task)
        else:
            forest = _regressor(X, known[kept], self.seed)
            value, claimed = np.empty(len(X)), np.empty(len(X))
            for number in np.unique(fold):
                out = fold == number
                other = _regressor(X[~out], known[kept][~out], self.seed + 1 + int(number))
                value[out], claimed[out] = _mean_and_spread(other, X[out])
            told = value, np.empty((len(X), 0)), claimed
        whole = np.full((n, 2 + told[1].shape[1]), np.nan)
        whole[kept] = np.column_stack([told[0], told[2], told[1]])
        return PdfTaskFit(forest, kept, whole[:, 0], whole[:, 1], whole[:, 2:])

    def _tell(
        self, forest: Any, task: str, features: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        if task in CLASSES:
            return _settle(forest_shares(forest, features, len(CLASSES[task])), task)
        value, claimed = _mean_and_spread(forest, features)
        return value, np.empty((len(features), 0)), claimed

    def _left_out_distance(self) -> float:
        own = self._scaled(self._features)
        apart = np.where(
            self.formula[:, None] == self.formula[None], np.inf, np.sqrt(squared_distances(own, own))
        ).min(axis=1)
        apart = apart[np.isfinite(apart)]
        return float(np.percentile(apart, 99.0)) if len(apart) else 1.0


def known_means(dataset: xr.Dataset) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Tell which mean values of complete materials are known.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema.

    Returns
    -------
    known : numpy.ndarray
        Shape (n_complete, n_tasks), bool.
    formula : numpy.ndarray
        Shape (n_complete,), text.
    """
    material = _averages_known(dataset)
    means = np.array([_material_means(dataset, task)[material] for task in TASKS])
    return ~np.isnan(means).T, dataset["formula"].values[material].astype(str)


def _averages_known(dataset: xr.Dataset) -> NDArray[np.int64]:
    """Materials of which every inequivalent site is there, so that its mean values are known."""
    found: NDArray[np.int64] = np.flatnonzero(dataset["complete"].values)
    return found


def _material_means(dataset: xr.Dataset, task: str) -> NDArray[np.float64]:
    n = dataset.sizes["material"]
    if task not in dataset:
        return np.full(n, np.nan)
    owner = dataset["material_index"].values
    weight = dataset["multiplicity"].values.astype(np.float64)
    total = np.bincount(owner, weights=weight, minlength=n)
    # NaN at one site makes the mean unknown, as it should
    mean: NDArray[np.float64] = np.bincount(
        owner, weights=weight * dataset[task].values.astype(np.float64), minlength=n
    ) / np.maximum(total, 1e-9)
    return np.where(total > 0, mean, np.nan)


def _settle(
    shares: NDArray[np.float64], task: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    classes = CLASSES[task]
    value = sharpened_mean(shares, classes)
    claimed = np.sqrt((shares * (classes - value[:, None]) ** 2).sum(axis=1)) + CLAIM_FLOOR
    return value, shares, claimed


def _regressor(features: NDArray[np.float64], target: NDArray[np.float64], seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(TREES, max_features=MAX_FEATURES, random_state=seed)
    return fit_in_threads(forest, features, target)


def _mean_and_spread(
    forest: Any, features: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over trees, and how far they are apart."""
    seen = features.astype(np.float32)
    told = np.array([tree.predict(seen) for tree in forest.estimators_])
    return told.mean(axis=0), told.std(axis=0) + LENGTH_CLAIM_FLOOR
