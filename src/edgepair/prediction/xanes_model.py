"""A model of measured XANES, fitted for one window of energies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS
from edgepair.models.class_shares import class_shares
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
from edgepair.prediction.answers import CLASSES, Answer, class_sets
from edgepair.prediction.energy_scale import EnergyScale, kernel_rows
from edgepair.prediction.enough import is_enough
from edgepair.prediction.xanes_fit import (
    MEASURED_NOISE,
    SavedTask,
    TaskFit,
    first_of_each,
    settle,
    spread_out,
    with_absorber,
)
from edgepair.prediction.xanes_rows import SimulatedSpectrum, XanesRows, collect_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.dataset import Standard
    from edgepair.prediction.energy_window import EnergyWindow

SIMULATED_NOISE = 0.05
UNKNOWN_SHIFT_NOISE = 0.03
"""Variances of rows, in units of the covariance's: of a simulated spectrum; what an unknown energy
scale adds."""

FOREST_SIMULATED = 150
FOREST_SIMULATED_WEIGHT = 0.05
"""Simulated rows per absorber that the forest learns from, and their weight against a standard's."""

FOREST_ALONE = 1000
"""Simulated rows that the forest learns from where there are few standards, of all absorbers."""


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
        rows = collect_rows(window, standards, simulated, seed)
        self._take_in(window, EnergyScale(window.grid(), rows), seed)
        known = {task: ~np.isnan(self.rows.targets[task]) for task in TASKS}
        votes = np.where(self.rows.votes, self.rows.group, "")
        self.fits = {task: self._fit(task) for task in TASKS if is_enough(known[task], votes)}
        self.distance_scale = self._left_out_distance()

    @classmethod
    def restore(
        cls,
        window: EnergyWindow,
        scale: EnergyScale,
        parts: Mapping[str, SavedTask],
        *,
        distance_scale: float,
        seed: int = 0,
    ) -> XanesModel:
        """Make a fitted model of what it was saved as, without fitting.

        Parameters
        ----------
        window : EnergyWindow
            What is compared.
        scale : EnergyScale
            With the rows.
        parts : mapping of str to SavedTask
            What was fitted for each task.
        distance_scale : float
            See `distances`.
        seed : int, optional
            Of the fit.

        Returns
        -------
        XanesModel
            With the same answers.
        """
        model = cls.__new__(cls)
        model._take_in(window, scale, seed)
        model.fits = {
            task: TaskFit(
                model._machine(task, part.weights)[0],
                part.forest,
                ~np.isnan(model.rows.targets[task]),
                part.value,
                part.error,
                part.probability,
            )
            for task, part in parts.items()
        }
        model.distance_scale = distance_scale
        return model

    def _take_in(self, window: EnergyWindow, scale: EnergyScale, seed: int) -> None:
        """Take the rows and compute their features, which are the same fitted or restored."""
        self.window, self.scale, self.seed = window, scale, seed
        self.rows: XanesRows = scale.rows
        curve, numbers, self.position = _both_views(window.grid(), self.rows.mu)
        usual = ~self.rows.other_source
        spread = numbers[usual].std(axis=0)
        self._centre, self._spread = numbers[usual].mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
        self._features = self._scaled(curve, numbers)

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
        return self._quantile(scores, level)

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
        return self._quantile(scores, level)

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
        chosen = measured if measured.any() else mine if mine.any() else ~self.rows.other_source
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

    def _quantile(self, scores: NDArray[np.float64], level: float) -> float:
        # one vote a group among the rows that could be judged at all
        votes = self.rows.votes & np.isfinite(scores)
        return conformal_quantile(scores[votes], group_weights(self.rows.group[votes]), level)

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
        fit = self.fits[task]
        if fit.forest is None:
            return fit.machine.mean(features, absorber)[:, 0]
        return self._tell(fit, task, features, absorber)[0]

    def _tell(
        self, fit: TaskFit, task: str, features: NDArray[np.float64], absorber: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        if task not in CLASSES:
            mean, variance = fit.machine.predict(features, absorber)
            return settle(mean, variance, None, None)
        # a class's probability tells its own error, so that the machine's variance is not asked for
        mean = fit.machine.mean(features, absorber)
        seen = with_absorber(features, np.full(len(features), absorber))
        shares = forest_shares(fit.forest, seen, len(CLASSES[task]))
        return settle(mean, np.zeros(len(mean)), shares, CLASSES[task])

    def _machine(
        self, task: str, weights: NDArray[np.float64] | None = None
    ) -> tuple[SourceKernel, NDArray[np.float64]]:
        """Make a task's machine, and the targets of all rows."""
        values = self.rows.targets[task]
        kept = ~np.isnan(values)
        target = class_shares(values, CLASSES[task]) if task in CLASSES else values[:, None]
        noises = (MEASURED_NOISE, SIMULATED_NOISE, UNKNOWN_SHIFT_NOISE)
        learnt = kernel_rows(self.rows, self._features, *noises).take(kept)
        return SourceKernel(learnt, target[kept], weights=weights), target

    def _fit(self, task: str) -> TaskFit:
        machine, target = self._machine(task)
        kept = ~np.isnan(self.rows.targets[task])
        mean, variance = (spread_out(part, kept) for part in machine.left_out())
        forest, shares = self._fit_forest(target, kept) if task in CLASSES else (None, None)
        told = settle(mean, variance, shares, CLASSES.get(task))
        return TaskFit(machine, forest, kept, told[0], told[2], told[1])

    def _fit_forest(
        self, share: NDArray[np.float64], kept: NDArray[np.bool_]
    ) -> tuple[Any, NDArray[np.float64]]:
        rows = self.rows
        most = FOREST_ALONE // len(np.unique(rows.absorber)) if rows.few_measured else FOREST_SIMULATED
        used = kept & (~rows.simulated | first_of_each(rows.absorber, rows.simulated, most))
        fold = group_folds(rows.group, rows.votes, np.random.default_rng(self.seed))
        weight = row_weights(rows.group, rows.simulated, FOREST_SIMULATED_WEIGHT)
        learnt = ForestRows(
            with_absorber(self._features, rows.absorber)[used], share[used], weight[used], fold[used]
        )
        forest = fit_share_forest(learnt, self.seed)
        return forest, spread_out(left_out_shares(learnt, self.seed), used)

    def _left_out_distance(self) -> float:
        judges = np.flatnonzero(self.rows.votes)
        apart = np.sqrt(squared_distances(self._features[judges], self._features))
        same = self.rows.group[judges][:, None] == self.rows.group[None]
        other = self.rows.absorber[judges][:, None] != self.rows.absorber[None]
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
