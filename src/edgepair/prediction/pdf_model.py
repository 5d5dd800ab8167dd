"""A model of measured PDFs, fitted for one instrument on simulated materials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from edgepair.conventions import TASKS, TECHNIQUES, points_down
from edgepair.dataset import average_sites
from edgepair.features.pdf import scale_free_features
from edgepair.models.conformal import class_scores, class_shares, conformal_quantile, group_weights
from edgepair.models.group_forest import group_folds
from edgepair.prediction.answers import (
    CLASSES,
    Answer,
    TaskFit,
    Told,
    answer_of,
    contributions,
    fit_task,
    is_enough,
    settle,
)

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.features.blocks import Block

MOST_MATERIALS = 800
"""Materials that a model learns from, drawn at random; more won nothing and take longer."""


@dataclass(frozen=True)
class PdfRows:
    """PDFs of materials with known values through one instrument; ``G`` (n_rows, n_r) in Å⁻², r in Å."""

    technique: str
    absorber: str
    r: Floats
    G: Floats
    name: NDArray[np.str_]
    formula: NDArray[np.str_]
    targets: dict[str, Floats]


def pdf_rows(dataset: xr.Dataset, technique: str, *, seed: int = 0) -> PdfRows:
    """Draw materials of a dataset with the PDFs of one kind and the means of their labels."""
    averaged = _complete_materials(dataset, technique)
    rng = np.random.default_rng(seed)
    material = rng.permutation(averaged.sizes["material"])[:MOST_MATERIALS]
    return PdfRows(
        technique,
        str(dataset.attrs["absorber"]),
        dataset["r"].values.astype(np.float64),
        averaged[TECHNIQUES[technique].variable].values[material].astype(np.float64),
        averaged["material_id"].values[material].astype(str),
        averaged["formula"].values[material].astype(str),
        {task: _means(averaged, task)[material] for task in TASKS},
    )


class PdfModel:
    """Answers for PDFs of one kind through one instrument."""

    def __init__(self, rows: PdfRows, *, seed: int = 0) -> None:
        self.seed, self.rows = seed, rows
        block = self._block(rows.G)
        self.position = block.position
        self._features = block.values
        self._centre = self._features.mean(axis=0)
        spread = self._features.std(axis=0)
        self._spread = np.where(spread > 1e-9, spread, 1.0)
        self.fits = {
            task: self._fit(task)
            for task, known in rows.targets.items()
            if is_enough(~np.isnan(known), rows.formula)
        }

    def features(self, G: Floats) -> Floats:
        """Compute the features of PDFs; ``G`` (n, n_r); returns (n, n_features)."""
        return self._block(G).values

    def answer(self, features: Floats, task: str, level: float) -> Answer:
        """Answer one task; ``features`` (n, n_features)."""
        fit, truth, votes = self.fits[task], self.rows.targets[task], group_weights(self.rows.formula)
        score = np.abs(fit.value - truth) / fit.error
        factor, below = conformal_quantile(score[fit.kept], votes[fit.kept], level), 0.0
        if task in CLASSES:
            scores = class_scores(fit.probability, class_shares(truth, CLASSES[task]))
            below = conformal_quantile(scores, votes, level)
        return answer_of(self._tell(features, task), task, factor, below)

    def value(self, features: Floats, task: str) -> Floats:
        """Answer one task by its value alone; ``features`` (n, n_features); returns (n,)."""
        return self._tell(features, task)[0]

    def contributions(self, features: Floats) -> dict[str, Floats]:
        """Divide each value, less that where nothing is known, among features, (n_features,)."""
        nothing = np.zeros(len(features), dtype=bool)
        return {
            task: contributions(fit, task, features, nothing, self.rows.absorber)[1]
            for task, fit in self.fits.items()
        }

    def distances(self, features: Floats) -> Floats:
        """Measure how far PDFs are from every training material; returns (n, n_materials)."""
        apart: Floats = cdist(self._scaled(features), self._scaled(self._features))
        return apart / self.distance_scale

    def _block(self, G: Floats) -> Block:
        rows = self.rows
        return scale_free_features(rows.r, G, dip=points_down(rows.technique, rows.absorber))

    def _tell(self, features: Floats, task: str) -> Told:
        told = self.fits[task].forest.tell(features)
        return settle(told, task, np.full(len(told), self.rows.absorber))

    def _scaled(self, features: Floats) -> Floats:
        scaled: Floats = (features - self._centre) / self._spread
        return scaled

    def _fit(self, task: str) -> TaskFit:
        known = self.rows.targets[task]
        group = self.rows.formula[~np.isnan(known)]
        everyone = np.ones(len(group), dtype=bool)
        folds = group_folds(group, everyone, self.seed)
        absorber = np.full(len(known), self.rows.absorber)
        return fit_task(self._features, task, known, group_weights(group), folds, absorber, seed=self.seed)

    @cached_property
    def distance_scale(self) -> float:
        """99th percentile of the distances of materials to the nearest one of another formula."""
        own = self._scaled(self._features)
        same = self.rows.formula[:, None] == self.rows.formula[None]
        apart = np.where(same, np.inf, cdist(own, own)).min(axis=1)
        apart = apart[np.isfinite(apart)]
        return float(np.percentile(apart, 99.0)) if len(apart) else 1.0


def known_means(dataset: xr.Dataset) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Tell which means of complete materials are known, (n_complete, n_tasks), and their formulas."""
    averaged = _complete_materials(dataset)
    means = np.array([_means(averaged, task) for task in TASKS])
    return ~np.isnan(means).T, averaged["formula"].values.astype(str)


def _complete_materials(dataset: xr.Dataset, technique: str | None = None) -> xr.Dataset:
    """Keep materials of which every inequivalent site is there, so that mean values are known."""
    others = [kind.variable for name, kind in TECHNIQUES.items() if name != technique]
    needed = dataset.drop_vars(others, errors="ignore")
    if not dataset["complete"].values.any():
        return needed.isel(site=slice(0), material=slice(0))
    return average_sites(needed)


def _means(averaged: xr.Dataset, task: str) -> Floats:
    if task not in averaged:
        return np.full(averaged.sizes["material"], np.nan)
    return np.asarray(averaged[task].values, dtype=np.float64)
