"""Intervals and sets of prediction cover what they promise, over many made-up libraries of compounds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.models.conformal import class_scores, conformal_quantile, group_weights
from edgepair.models.group_forest import fit_group_forest, source_folds
from edgepair.prediction.answers import class_sets

Floats = NDArray[np.float64]
N_GROUPS, N_NEW = 60, 200


def grouped_scores(rng: np.random.Generator, n: int) -> tuple[Floats, NDArray[np.str_]]:
    """Draw errors of compounds with 1 to 12 spectra each; those measured often are the easy ones."""
    sizes = rng.integers(1, 13, n)
    group = np.repeat(np.arange(n), sizes)
    ease = np.exp(rng.normal(0, 0.5, n)) / sizes
    return np.abs(rng.normal(0, 1, len(group))) * ease[group], group.astype(str)


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_a_new_compound_is_covered_as_promised_with_one_vote_per_compound_and_not_with_one_per_row(
    level: float,
) -> None:
    """Between the level and the level + 1/(n + 1), on average over libraries.

    Bounds: Lee, Barber and Willett, Distribution-free inference with hierarchical data (2023).
    """
    rng = np.random.default_rng(21)
    honest, naive = [], []
    for _ in range(400):
        scores, group = grouped_scores(rng, N_GROUPS)
        new, of = grouped_scores(rng, N_NEW)
        vote = group_weights(of)
        for kept, votes in ((honest, group_weights(group)), (naive, np.ones(len(scores)))):
            below = conformal_quantile(scores, votes, level)
            kept.append(float(vote @ (new <= below) / vote.sum()))
    error = 3 * np.std(honest) / np.sqrt(len(honest))
    assert level - error <= np.mean(honest) <= level + 1 / (N_GROUPS + 1) + error
    assert np.mean(naive) < level - 0.05


@pytest.mark.parametrize("sureness", [0.5, 1.0, 3.0])
def test_class_sets_cover_whether_chances_are_too_modest_right_or_too_sure(sureness: float) -> None:
    rng = np.random.default_rng(22)
    classes = np.arange(1, 6)
    held, sizes = [], []

    def drawn(n: int) -> tuple[Floats, Floats]:
        true_chance = rng.dirichlet(np.full(5, 0.5), n)
        share = np.eye(5)[(true_chance.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)]
        told = np.clip(true_chance, 1e-6, None) ** sureness
        return told / told.sum(axis=1, keepdims=True), share

    for _ in range(300):
        probability, share = drawn(N_GROUPS)
        below = conformal_quantile(class_scores(probability, share), np.ones(N_GROUPS), 0.9)
        new, truth = drawn(N_NEW)
        sets = class_sets(new, classes, below)
        assert all(sets)
        true = classes[truth.argmax(axis=1)]
        held.append(np.mean([int(name) in found for name, found in zip(true, sets, strict=True)]))
        sizes.append(np.mean([len(found) for found in sets]))
    assert np.mean(held) >= 0.9 - 3 * np.std(held) / np.sqrt(len(held))
    # sets are of use: on average they leave out two of five classes and more
    assert np.mean(sizes) < 3


def test_averages_over_two_classes_are_covered_whole() -> None:
    """Of a mixed valence both classes are held, as often as is promised."""
    rng = np.random.default_rng(23)
    classes = np.arange(1, 6)

    def drawn(n: int) -> tuple[Floats, Floats]:
        low, part = rng.integers(0, 4, n), rng.uniform(0.25, 0.75, n)
        share = np.zeros((n, 5))
        share[np.arange(n), low], share[np.arange(n), low + 1] = 1 - part, part
        told = share + rng.dirichlet(np.full(5, 0.7), n) * 1.2
        return told / told.sum(axis=1, keepdims=True), share

    held = []
    for _ in range(200):
        probability, share = drawn(N_GROUPS)
        below = conformal_quantile(class_scores(probability, share), np.ones(N_GROUPS), 0.9)
        new, truth = drawn(N_NEW)
        sets = class_sets(new, classes, below)
        wanted = [set(classes[row >= 0.25].tolist()) for row in truth]
        held.append(np.mean([want <= set(found) for want, found in zip(wanted, sets, strict=True)]))
    assert np.mean(held) >= 0.9 - 3 * np.std(held) / np.sqrt(len(held))


def library(rng: np.random.Generator, n: int) -> tuple[Floats, Floats, NDArray[np.str_], NDArray[np.str_]]:
    """Draw compounds with repeats, each from one of six sources that are off by a little of their own."""
    sizes = rng.integers(1, 4, n)
    group = np.repeat(np.arange(n), sizes)
    source = rng.integers(0, 6, n)[group]
    place = rng.normal(size=(n, 3))
    value = np.sin(place[:, 0]) + 0.5 * place[:, 1] * place[:, 2] + rng.normal(0, 0.1, n)
    off = rng.normal(0, 0.1, (6, 3))
    features = place[group] + off[source] + rng.normal(0, 0.05, (len(group), 3))
    return features, value[group], group.astype(str), source.astype(str)


def test_intervals_of_a_forest_cover_new_compounds_of_a_new_source() -> None:
    """By what fewer trees tell left-out sources: what is promised, and a little more."""
    rng = np.random.default_rng(24)
    covered, relative = [], []
    for _ in range(20):
        features, value, group, source = library(rng, 40)
        votes = group_weights(group)
        folds = source_folds(source, group, np.ones(len(value), dtype=bool), 0)
        forest = fit_group_forest(features, value, votes, folds)
        scores = np.abs(forest.told[:, 0] - value) / (forest.told[:, 1] + 0.1)
        times = conformal_quantile(scores, votes, 0.9)
        new, truth, names, _ = library(rng, 60)
        told = forest.tell(new)
        half = times * (told[:, 1] + 0.1)
        vote = group_weights(names)
        covered.append(vote @ (np.abs(told[:, 0] - truth) <= half) / vote.sum())
        relative.append(vote @ half / vote.sum() / np.std(truth))
    assert 0.88 <= np.mean(covered) <= 0.97
    # and say something: ± 1.64 standard deviations would cover 90 % knowing nothing
    assert np.mean(relative) < 1.64
