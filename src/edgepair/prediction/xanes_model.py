"""A model of measured XANES, fitted for one window of energies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, edge_energy
from edgepair.models.class_shares import class_shares, sharpened_mean
from edgepair.models.conformal import class_scores, conformal_quantile, group_weights
from edgepair.models.edge_features import (
    ALIGNED,
    ALIGNED_WEIGHT,
    NUMBER_WEIGHT,
    absolute_view,
    aligned_view,
    area_edge,
)
from edgepair.models.share_forest import (
    ForestRows,
    fit_share_forest,
    forest_shares,
    group_folds,
    left_out_shares,
    row_weights,
)
from edgepair.models.source_kernel import SourceKernel, squared_distances
from edgepair.models.xanes_features import edge_shape
from edgepair.prediction.answers import CLAIM_FLOOR, CLASSES, Answer, class_sets
from edgepair.prediction.energy_scale import EnergyScale, kernel_rows
from edgepair.prediction.xanes_rows import SimulatedSpectrum, XanesRows, collect_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.dataset import Standard
    from edgepair.prediction.energy_window import EnergyWindow

MEASURED_NOISE = 0.03
REPEATED_NOISE = 0.5
SIMULATED_NOISE = 0.05
UNKNOWN_SHIFT_NOISE = 0.03
"""Variances of rows, in units of the covariance's: of a standard; what each further spectrum of the
same compound adds, as a part of it; of a simulated spectrum; what an unknown energy scale adds."""

FOREST_SIMULATED = 150
FOREST_SIMULATED_WEIGHT = 0.05
"""Simulated rows per absorber that the forest learns from, and their weight against a standard's."""

SIMULATED_WEIGHT = 0.1
"""Weight of a simulated row in the mean that the machine falls back to."""


@dataclass(frozen=True)
class TaskFit:
    """One task's fitted machine and what it told left-out compounds.

    Attributes
    ----------
    machine : SourceKernel
        Targets: the value of a regression, or the shares of the classes.
    forest : sklearn.ensemble.ExtraTreesClassifier or None
        Tells the same shares; None in a regression.
    kept : numpy.ndarray
        Shape (n_rows,), bool: rows with a label.
    value, error : numpy.ndarray
        Shape (n_rows,): left-out values, and the standard deviations that the machine claims for
        them; NaN where no group was left out.
    probability : numpy.ndarray
        Shape (n_rows, n_classes): left out, likewise.
    """

    machine: SourceKernel
    forest: Any
    kept: NDArray[np.bool_]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    probability: NDArray[np.float64]


class XanesModel:
    """Answers for measured spectra of one window.

    Parameters
    ----------
    window : EnergyWindow
        What is compared.
    standards : sequence of Standard
        Measured spectra with known values, of any absorbers.
    simulated : mapping of str to sequence of SimulatedSpectrum
        Simulated spectra by absorber.
    seed : int, optional
        Decides which simulated spectra take part, and how they are changed.
    """

    def __init__(
        self,
        window: EnergyWindow,
        standards: Sequence[Standard],
        simulated: Mapping[str, Sequence[SimulatedSpectrum]],
        *,
        seed: int = 0,
    ) -> None:
        self.window, self.seed = window, seed
        grid = window.grid()
        self.scale = EnergyScale(grid, collect_rows(window, standards, simulated, seed))
        self.rows: XanesRows = self.scale.rows
        curve, numbers, self.position = _both_views(grid, self.rows.mu)
        measured = ~self.rows.simulated
        spread = numbers[measured].std(axis=0)
        self._centre, self._spread = numbers[measured].mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
        self._features = self._scaled(curve, numbers)
        self.fits = {task: self._fit(task) for task in TASKS if task in self.rows.targets}
        self.distance_scale = self._left_out_distance()

    def features(self, mu: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the features of spectra.

        Parameters
        ----------
        mu : numpy.ndarray
            Shape (n, n_grid), on the window's grid.

        Returns
        -------
        numpy.ndarray
            Shape (n, n_features).
        """
        curve, numbers, _ = _both_views(self.window.grid(), mu)
        return self._scaled(curve, numbers)

    def answer(self, features: NDArray[np.float64], absorber: str, task: str, level: float) -> Answer:
        """Answer one task.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n, n_features).
        absorber : str
            Chemical symbol.
        task : str
            Name.
        level : float
            Coverage of intervals and sets.

        Returns
        -------
        Answer
            Intervals are conformal over left-out compounds.
        """
        fit = self.fits[task]
        value, probability, claimed = self._tell(fit, task, features, absorber)
        half = claimed * self.quantile(task, level)
        sets: tuple[tuple[int, ...], ...] = ()
        if task in CLASSES:
            sets = class_sets(probability, CLASSES[task], self.set_quantile(task, level))
        return Answer(value, value - half, value + half, claimed, probability, sets)

    def quantile(self, task: str, level: float) -> float:
        """Return the conformal factor of a task's claimed standard deviations.

        Parameters
        ----------
        task : str
            Name.
        level : float
            Coverage.

        Returns
        -------
        float
            The interval is the value ± this times the claim.
        """
        fit = self.fits[task]
        scores = np.abs(fit.value - self.rows.targets[task]) / fit.error
        return conformal_quantile(scores[self._votes], group_weights(self.rows.group[self._votes]), level)

    def set_quantile(self, task: str, level: float) -> float:
        """Return the probability up to which classes are taken into a set.

        Parameters
        ----------
        task : str
            Name.
        level : float
            Coverage.

        Returns
        -------
        float
            See `edgepair.models.conformal.class_scores`.
        """
        fit = self.fits[task]
        scores = class_scores(fit.probability, class_shares(self.rows.targets[task], CLASSES[task]))
        return conformal_quantile(scores[self._votes], group_weights(self.rows.group[self._votes]), level)

    def positions(self, mu: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell where on the energy axis each feature of a spectrum sits.

        Parameters
        ----------
        mu : numpy.ndarray
            Shape (n_grid,): the spectrum on the window's grid.

        Returns
        -------
        numpy.ndarray
            Shape (n_features,), eV from the tabulated edge.
        """
        grid = self.window.grid()
        own = area_edge(grid, mu[None])[0] + ALIGNED
        return np.concatenate([self.position, self.position, own, own, edge_shape(grid, mu[None]).position])

    def baseline(self, absorber: str) -> NDArray[np.float64]:
        """Return the average features of an absorber's standards; of its simulations without any.

        Parameters
        ----------
        absorber : str
            Chemical symbol.

        Returns
        -------
        numpy.ndarray
            Shape (n_features,).
        """
        mine = self.rows.absorber == absorber
        measured = mine & ~self.rows.simulated
        chosen = measured if measured.any() else mine if mine.any() else ~self.rows.simulated
        mean: NDArray[np.float64] = self._features[chosen].mean(axis=0)
        return mean

    def distances(self, features: NDArray[np.float64], absorber: str) -> NDArray[np.float64]:
        """Measure how far spectra are from every training row of their absorber.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n, n_features).
        absorber : str
            Chemical symbol.

        Returns
        -------
        numpy.ndarray
            Shape (n, n_rows), infinite for rows of other absorbers; 1 is the 99th percentile of the
            standards' own distances to the nearest row of another compound.
        """
        apart = np.sqrt(squared_distances(features, self._features)) / self.distance_scale
        apart[:, self.rows.absorber != absorber] = np.inf
        return apart

    @property
    def _votes(self) -> NDArray[np.bool_]:
        votes: NDArray[np.bool_] = ~self.rows.simulated
        return votes

    def _scaled(self, curve: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        standard = np.clip((numbers - self._centre) / self._spread, -10.0, 10.0) * NUMBER_WEIGHT
        return np.concatenate([curve, standard], axis=1)

    def value(self, features: NDArray[np.float64], absorber: str, task: str) -> NDArray[np.float64]:
        """Answer one task by its value alone.

        Parameters
        ----------
        features : numpy.ndarray
            Shape (n, n_features).
        absorber : str
            Chemical symbol.
        task : str
            Name.

        Returns
        -------
        numpy.ndarray
            Shape (n,).
        """
        return self._tell(self.fits[task], task, features, absorber)[0]

    def _tell(
        self, fit: TaskFit, task: str, features: NDArray[np.float64], absorber: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        mean, variance = fit.machine.predict(features, absorber)
        shares = None
        if task in CLASSES:
            seen = _with_absorber(features, np.full(len(features), absorber))
            shares = forest_shares(fit.forest, seen, len(CLASSES[task]))
        return _settle(mean, variance, shares, CLASSES.get(task))

    def _fit(self, task: str) -> TaskFit:
        rows, values = self.rows, self.rows.targets[task]
        kept = ~np.isnan(values)
        target = class_shares(values, CLASSES[task]) if task in CLASSES else values[:, None]
        noises = (MEASURED_NOISE, SIMULATED_NOISE, UNKNOWN_SHIFT_NOISE)
        machine = SourceKernel(kernel_rows(rows, self._features, *noises).take(kept), target[kept])
        mean, variance = (_spread_out(part, kept) for part in machine.left_out())
        forest, shares = self._fit_forest(target, kept) if task in CLASSES else (None, None)
        told = _settle(mean, variance, shares, CLASSES.get(task))
        return TaskFit(machine, forest, kept, told[0], told[2], told[1])

    def _fit_forest(
        self, share: NDArray[np.float64], kept: NDArray[np.bool_]
    ) -> tuple[Any, NDArray[np.float64]]:
        rows = self.rows
        used = kept & (~rows.simulated | _first_of_each(rows.absorber, rows.simulated, FOREST_SIMULATED))
        fold = group_folds(rows.group, ~rows.simulated, np.random.default_rng(self.seed))
        weight = row_weights(rows.group, rows.simulated, FOREST_SIMULATED_WEIGHT)
        learnt = ForestRows(
            _with_absorber(self._features, rows.absorber)[used], share[used], weight[used], fold[used]
        )
        forest = fit_share_forest(learnt, self.seed)
        return forest, _spread_out(left_out_shares(learnt, self.seed), used)

    def _left_out_distance(self) -> float:
        measured = np.flatnonzero(~self.rows.simulated)
        apart = np.sqrt(squared_distances(self._features[measured], self._features))
        same = self.rows.group[measured][:, None] == self.rows.group[None]
        other = self.rows.absorber[measured][:, None] != self.rows.absorber[None]
        nearest = np.where(same | other, np.inf, apart).min(axis=1)
        nearest = nearest[np.isfinite(nearest)]
        return float(np.percentile(nearest, 99.0)) if len(nearest) else 1.0


def _both_views(
    grid: NDArray[np.float64], mu: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Curves on the absolute scale, then about their own edges; the numbers; where points lie."""
    curve, numbers, position = absolute_view(grid, mu)
    own = aligned_view(grid, mu, area_edge(grid, mu)) * ALIGNED_WEIGHT
    return np.concatenate([curve, own], axis=1), numbers, position


def _settle(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    shares: NDArray[np.float64] | None,
    classes: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Make value, probabilities and claimed error of what machine and forest tell of a task."""
    if classes is None or shares is None:
        return mean[:, 0], np.empty((len(mean), 0)), np.sqrt(variance + MEASURED_NOISE)
    own = np.clip(mean, 1e-6, None)
    probability = (own / own.sum(axis=1, keepdims=True) + shares) / 2.0
    value = sharpened_mean(probability, classes)
    claimed = np.sqrt((probability * (classes - value[:, None]) ** 2).sum(axis=1)) + CLAIM_FLOOR
    return value, probability, claimed


def _with_absorber(features: NDArray[np.float64], absorber: NDArray[np.str_]) -> NDArray[np.float64]:
    """Add the absorber, by its tabulated edge in keV, as the forest's last feature."""
    return np.column_stack([features, [edge_energy(str(name)) / 1000.0 for name in absorber]])


def _spread_out(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Put rows back where they were; NaN for the others."""
    whole = np.full((len(kept), *values.shape[1:]), np.nan)
    whole[kept] = values
    return whole


def _first_of_each(absorber: NDArray[np.str_], among: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Mark the first rows of each absorber; simulated rows stand there in the order drawn."""
    marked = np.zeros(len(absorber), dtype=bool)
    for name in np.unique(absorber):
        marked[np.flatnonzero(among & (absorber == name))[:most]] = True
    return marked
