"""A model of measured XANES, fitted for one window of energies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from edgepair.conventions import TASKS
from edgepair.conventions.tasks import Floats
from edgepair.features.xanes import N_SHAPE, own_edge, spectrum_features
from edgepair.labels.bond_valence import SOFTNESS, bond_valence_length
from edgepair.models.conformal import class_scores, class_shares, conformal_quantile, group_weights
from edgepair.models.group_forest import Fold, group_folds, source_folds
from edgepair.models.kernel_ridge import KernelRidge, fit_kernel_ridge
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
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_rows import XanesRows

OF_LENGTH = ("oxidation_state", "coordination_number")
"""What bond valence gives a length of; the forest of lengths learns what they differ by from it."""

SIMULATED_WEIGHT = 0.05
"""Weight of a simulated row against a compound's standards, where both take part."""

LOW_WHITE_LINE = 0.03
"""Share of a metal's standards whose highest point is lower than what is called too low for an oxide's."""

LOWEST_WHITE_LINE = 1.2
"""Edge steps: a higher white line is never too low, whatever the few standards of a metal have."""

USUAL_SHARE = 90.0
"""Per cent of the standards that are nearer than 1 to another compound of another source: what lies
farther is called unlike anything, one oxide in ten among it."""

FEWEST_UNCALIBRATED = 20
"""Compounds whose standards have no calibration, from which on intervals of samples without one are at least
as wide as theirs have to be: they are measured less well in other ways too."""

_FEWEST_COMPOUNDS = 5
_PAST_WHITE_LINE = 25.0  # eV from the tabulated edge, behind the white lines of oxides

SCALE_ERROR = 2.0
"""eV; error of an energy scale where nothing tells."""


class XanesModel:
    """Answers for measured spectra of one window."""

    def __init__(
        self, window: EnergyWindow, rows: XanesRows, *, aligned: bool = False, seed: int = 0
    ) -> None:
        self.window, self.rows, self.aligned, self.seed = window, rows, aligned, seed
        self.absorbers = np.unique(rows.absorber)
        self._features = self._describe(rows.mu, rows.absorber)
        known = {task: ~np.isnan(rows.targets[task]) for task in TASKS}
        votes = np.where(rows.votes, rows.group, "")
        self.fits: dict[str, TaskFit] = {}
        for task in TASKS:
            if is_enough(known[task], votes):
                self.fits[task] = self._fit(task)

    def features(self, mu: Floats, absorber: str) -> Floats:
        """Compute the features of spectra; ``mu`` (n, n_grid); returns (n, n_features)."""
        return self._describe(mu, np.full(len(mu), absorber))

    def answer(self, features: Floats, task: str, level: float) -> Answer:
        """Answer one task; ``features`` (n, n_features)."""
        return self._answer(self._tell(features, task, {}), task, level)

    def answers(self, features: Floats, level: float) -> dict[str, Answer]:
        """Answer every task that was learnt, asking each forest once; ``features`` (n, n_features)."""
        known: dict[str, Told] = {}
        return {task: self._answer(self._tell(features, task, known), task, level) for task in self.fits}

    def _answer(self, told: Told, task: str, level: float) -> Answer:
        below = self.set_quantile(task, level) if task in CLASSES else 0.0
        return answer_of(told, task, self.quantile(task, level), below)

    def value(self, features: Floats, task: str) -> Floats:
        """Answer one task by its value alone; ``features`` (n, n_features); returns (n,)."""
        return self._tell(features, task, {})[0]

    def quantile(self, task: str, level: float) -> float:
        """Return the conformal factor of a task's claimed standard deviations."""
        if ("value", task, level) not in self._quantiles:
            fit = self.fits[task]
            score = np.abs(fit.value - self.rows.targets[task]) / fit.error
            found = self._quantile(score, level, self.rows.votes)
            apart = self.rows.votes & ~self.rows.shift_known
            if self.aligned and len(np.unique(self.rows.group[apart])) >= FEWEST_UNCALIBRATED:
                # sets of classes would hold all of them
                found = max(found, self._quantile(score, level, apart))
            self._quantiles["value", task, level] = found
        return self._quantiles["value", task, level]

    def set_quantile(self, task: str, level: float) -> float:
        """Return the probability up to which classes are taken into a set."""
        if ("set", task, level) not in self._quantiles:
            shares = class_shares(self.rows.targets[task], CLASSES[task])
            score = class_scores(self.fits[task].probability, shares)
            self._quantiles["set", task, level] = self._quantile(score, level, self.rows.votes)
        return self._quantiles["set", task, level]

    @cached_property
    def _quantiles(self) -> dict[tuple[str, str, float], float]:
        """Quantiles as they were asked for: the same for every spectrum."""
        return {}

    def positions(self, mu: Floats) -> Floats:
        """Tell where each feature of a spectrum, (n_grid,), sits; (n_features,) in eV."""
        position = spectrum_features(self.window.grid(), mu[None], aligned=self.aligned)[1][0]
        return np.concatenate([np.full(len(self.absorbers), own_edge(self.window.grid(), mu)), position])

    def contributions(self, features: Floats) -> dict[str, Floats]:
        """Divide each value, less that of the absorber alone, among features, (n_features,)."""
        given = np.arange(len(features)) < len(self.absorbers)
        absorber = str(self._absorber_of(features[None])[0])
        divided = {
            name: contributions(fit, name, features, given, absorber) for name, fit in self.fits.items()
        }
        added = {name: parts for name, (_, parts) in divided.items()}
        if "bond_length" not in added or not self._by_valence:
            return added
        ends = [(start, start + parts.sum()) for start, parts in (divided[name] for name in OF_LENGTH)]
        length = bond_valence_length(absorber, *np.meshgrid(*ends, indexing="ij"))
        # gains of the state, at both numbers, and of the number, at both states: halves of each add up
        gains = ((length[1] - length[0]).mean(), (length[:, 1] - length[:, 0]).mean())
        for name, gain in zip(OF_LENGTH, gains, strict=True):
            if abs(whole := added[name].sum()) > 1e-9:
                added["bond_length"] = added["bond_length"] + added[name] * (gain / whole)
        return added

    def distances(self, features: Floats, absorber: str) -> Floats:
        """Measure how far spectra are from every row of their absorber; returns (n, n_rows)."""
        apart = self.apart(features, self._features)
        apart[:, self.rows.absorber != absorber] = np.inf
        return apart

    def low_white_line(self, shown: Floats, absorber: str) -> str:
        """Say that a spectrum, as shown on the window, is lower than oxides are; empty where it is not."""
        lowest = self._lowest_tops.get(absorber, -np.inf)
        top = float(shown.max())
        if top >= lowest:
            return ""
        return (
            f"hardly a white line: the highest point is {top:.2f} edge steps, that of oxides of {absorber}"
            f" {lowest:.2f} and more; a sulphide, carbide or alloy, or a flattened spectrum"
        )

    @cached_property
    def _lowest_tops(self) -> dict[str, float]:
        """Give by metal the highest point, edge steps, below which a spectrum is called low."""
        if self.window.high < _PAST_WHITE_LINE:
            return {}
        rows, found = self.rows, {}
        for absorber in self.absorbers.tolist():
            mine = (rows.absorber == absorber) & ~rows.simulated
            if len(set(rows.group[mine])) >= _FEWEST_COMPOUNDS:
                tops = rows.mu[mine].max(axis=1)
                order = np.argsort(tops)
                share = group_weights(rows.group[mine])[order].cumsum()
                lowest = tops[order][np.searchsorted(share / share[-1], LOW_WHITE_LINE)]
                found[absorber] = min(float(lowest), LOWEST_WHITE_LINE)
        return found

    def apart(self, first: Floats, second: Floats) -> Floats:
        """Measure how far the shapes of spectra are from each other; (n_first, n_second)."""
        between: Floats = cdist(self._shape(first), self._shape(second))
        return between / self.distance_scale

    def asked_shift(self, features: Floats, edge: float) -> tuple[float, float]:
        """Tell what a spectrum's shape asks to be added to its energies; ``edge`` in eV."""
        if self._edge_position is None:
            return 0.0, SCALE_ERROR
        position = self._edge_position.predict(self._seen_about(features))
        return float(position[0]) - edge, self._edge_position.error

    @cached_property
    def _edge_position(self) -> KernelRidge | None:
        """Where the edges of calibrated standards lie, from their shapes."""
        rows = self.rows
        kept = rows.shift_known & rows.votes & np.isfinite(rows.edge)
        if len(np.unique(rows.group[kept])) < 2:
            return None
        return fit_kernel_ridge(self._seen_about(self._features[kept]), rows.edge[kept], rows.group[kept])

    @property
    def _by_valence(self) -> bool:
        """Whether lengths are told as what they differ by from those of the state and number told."""
        return all(name in self.fits for name in OF_LENGTH)

    def _absorber_of(self, features: Floats) -> NDArray[np.str_]:
        absorber: NDArray[np.str_] = self.absorbers[features[:, : len(self.absorbers)].argmax(axis=1)]
        return absorber

    def _tell(self, features: Floats, task: str, known: dict[str, Told]) -> Told:
        """Tell one task; `known` takes what the forests have told of these features."""
        if task in known:
            return known[task]
        absorber = self._absorber_of(features)
        value, probability, claimed = settle(self.fits[task].forest.tell(features), task, absorber)
        if task == "bond_length" and self._by_valence:
            (state, _, of_state), (number, _, of_number) = (
                self._tell(features, name, known) for name in OF_LENGTH
            )
            expected, error = _expected_length(absorber, state, number, of_state, of_number)
            value, claimed = value + expected, np.hypot(claimed, error)
        known[task] = value, probability, claimed
        return known[task]

    def _fit_length(self, weight: Floats, folds: Sequence[Fold]) -> TaskFit:
        """Fit how lengths differ from those of bond valence, for state and number as predicted left out."""
        rows, absorber, values = self.rows, self.rows.absorber, self.rows.targets["bond_length"]
        told = [self._tell(self._features, name, {}) for name in OF_LENGTH]
        known = [rows.targets[name] for name in OF_LENGTH]
        learnt = [np.where(np.isnan(k), t[0], k) for k, t in zip(known, told, strict=True)]
        expected, _ = _expected_length(absorber, *learnt, *np.zeros((2, len(values))))
        fit = fit_task(
            self._features, "bond_length", values - expected, weight, folds, absorber, seed=self.seed
        )
        unseen = [self.fits[name] for name in OF_LENGTH]
        states, numbers = (
            (np.where(np.isnan(k), t[0], u.value), np.where(np.isnan(k), t[2], u.error))
            for k, t, u in zip(known, told, unseen, strict=True)
        )
        expected, error = _expected_length(absorber, states[0], numbers[0], states[1], numbers[1])
        return replace(fit, value=fit.value + expected, error=np.hypot(fit.error, error))

    def _describe(self, mu: Floats, absorber: NDArray[np.str_]) -> Floats:
        values = spectrum_features(self.window.grid(), mu, aligned=self.aligned)[0]
        return np.concatenate([absorber[:, None] == self.absorbers[None], values], axis=1)

    def _shape(self, features: Floats) -> Floats:
        """Points and slopes about the own edge."""
        first = len(self.absorbers)
        return features[:, first : first + N_SHAPE - N_SHAPE // 5]

    def _seen_about(self, features: Floats) -> Floats:
        """Absorber and shape, which do not change with the energy scale."""
        return features[:, : len(self.absorbers) + N_SHAPE]

    def _quantile(self, scores: Floats, level: float, judges: NDArray[np.bool_]) -> float:
        # one vote a group among the rows that could be judged at all
        votes = judges & np.isfinite(scores)
        return conformal_quantile(scores[votes], group_weights(self.rows.group[votes]), level)

    def _fit(self, task: str) -> TaskFit:
        rows = self.rows
        values = rows.targets[task]
        kept = ~np.isnan(values)
        group, votes = rows.group[kept], rows.votes[kept]
        weight = group_weights(np.where(votes, group, ""))
        weight[~votes] = SIMULATED_WEIGHT
        folds = (
            group_folds(group, votes, self.seed)
            if rows.few_measured
            else source_folds(rows.source[kept], group, votes, self.seed)
        )
        if task == "bond_length" and self._by_valence:
            return self._fit_length(weight, folds)
        return fit_task(self._features, task, values, weight, folds, rows.absorber, seed=self.seed)

    @cached_property
    def distance_scale(self) -> float:
        """Distance within which nine of ten standards have another compound of another source."""
        rows = self.rows
        judges = np.flatnonzero(rows.votes)
        shape = self._shape(self._features)
        apart = cdist(shape[judges], shape)
        same = rows.group[judges][:, None] == rows.group[None]
        if not rows.few_measured:
            same |= rows.source[judges][:, None] == rows.source[None]
        other = rows.absorber[judges][:, None] != rows.absorber[None]
        nearest = np.where(same | other, np.inf, apart).min(axis=1, initial=np.inf)
        nearest = nearest[np.isfinite(nearest)]
        return float(np.percentile(nearest, USUAL_SHARE)) if len(nearest) else 1.0


def _expected_length(
    absorber: NDArray[np.str_], state: Floats, number: Floats, state_error: Floats, number_error: Floats
) -> tuple[Floats, Floats]:
    """Give the lengths of equal bonds of states and numbers, and what their errors make of it, (n,)."""
    length = np.empty(len(state))
    for symbol in np.unique(absorber):
        mine = absorber == symbol
        length[mine] = bond_valence_length(str(symbol), state[mine], number[mine])
    return length, SOFTNESS * np.hypot(state_error / state, number_error / number)
