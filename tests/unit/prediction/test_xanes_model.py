"""The model of measured XANES, on a part of the library."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edgepair.conventions import HIGHEST_STATES, TASKS
from edgepair.labels import bond_valence_length
from edgepair.prediction.answers import CLASSES
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import collect_rows


@pytest.fixture
def iron(small_xanes: XanesModel) -> np.ndarray:
    """Features of iron's standards."""
    rows = small_xanes.rows
    return small_xanes.features(rows.mu[(rows.absorber == "Fe") & ~rows.simulated], "Fe")


def test_answers_have_the_promised_form(small_xanes: XanesModel, iron: np.ndarray) -> None:
    for task in TASKS:
        answer = small_xanes.answer(iron, task, 0.9)
        assert answer.value.shape == (len(iron),)
        assert (answer.lower < answer.value).all()
        assert (answer.value < answer.upper).all()
        assert (answer.claimed > 0).all()
        np.testing.assert_allclose(answer.value, small_xanes.value(iron, task))
        if task in CLASSES:
            classes = CLASSES[task]
            assert answer.probability.shape == (len(iron), len(classes))
            np.testing.assert_allclose(answer.probability.sum(axis=1), 1.0)
            assert all(answer.sets)
            for held, likely in zip(answer.sets, answer.probability.argmax(axis=1), strict=True):
                assert int(classes[likely]) in held
                assert list(held) == sorted(set(held))
            assert (answer.value >= classes[0]).all()
            assert (answer.value <= classes[-1]).all()
        else:
            assert answer.probability.shape == (len(iron), 0)
            assert answer.sets == ()


def test_known_compounds_are_told_nearly_right(small_xanes: XanesModel, iron: np.ndarray) -> None:
    rows = small_xanes.rows
    mine = (rows.absorber == "Fe") & ~rows.simulated
    tolerances = {"oxidation_state": 0.34, "coordination_number": 0.5, "bond_length": 0.05}
    for task, within in tolerances.items():
        truth = rows.targets[task][mine]
        right = np.abs(small_xanes.value(iron, task) - truth)[~np.isnan(truth)] < within
        assert right.mean() > 0.85, task


def test_no_state_is_told_that_no_oxide_of_the_metal_has(small_xanes: XanesModel) -> None:
    rows = small_xanes.rows
    features = small_xanes.features(rows.mu, "Fe")
    for absorber in ("Fe", "Mn"):
        features[:, : len(small_xanes.absorbers)] = small_xanes.absorbers == absorber
        answer = small_xanes.answer(features, "oxidation_state", 0.9)
        beyond = CLASSES["oxidation_state"] > HIGHEST_STATES[absorber]
        assert (answer.probability[:, beyond] == 0).all()
        np.testing.assert_allclose(answer.probability.sum(axis=1), 1.0)


def test_lengths_follow_the_state_and_number_told(small_xanes: XanesModel, iron: np.ndarray) -> None:
    state, number, length = (small_xanes.value(iron, task) for task in TASKS)
    apart = length - bond_valence_length("Fe", state, number)
    # what the forest of lengths adds: what distortions and ionic radii do
    assert np.abs(apart).max() < 0.15
    assert np.abs(apart).max() > 0


def test_lengths_are_learnt_alone_where_states_are_not_known(small_store: Any) -> None:
    from dataclasses import replace

    without = [replace(s, oxidation_state=np.nan) for s in small_store.standards]
    model = XanesModel(EnergyWindow(), collect_rows(EnergyWindow(), without, {}))
    assert set(model.fits) == {"coordination_number", "bond_length"}
    rows = model.rows
    mine = rows.absorber == "Fe"
    told = model.value(model.features(rows.mu[mine], "Fe"), "bond_length")
    truth = rows.targets["bond_length"][mine]
    assert np.nanmean(np.abs(told - truth)) < 0.03


def test_standards_with_a_length_alone_are_learnt_from(small_store: Any) -> None:
    from dataclasses import replace

    some = [
        replace(s, oxidation_state=np.nan, coordination_number=np.nan) if i % 2 else s
        for i, s in enumerate(small_store.standards)
    ]
    model = XanesModel(EnergyWindow(), collect_rows(EnergyWindow(), some, {}))
    fit = model.fits["bond_length"]
    assert fit.kept.sum() == sum(not np.isnan(s.bond_length) for s in some)
    truth = model.rows.targets["bond_length"]
    assert np.nanmean(np.abs(fit.value - truth)) < np.nanmean(np.abs(truth - np.nanmean(truth)))


def test_left_out_compounds_are_told_better_than_by_the_mean(small_xanes: XanesModel) -> None:
    rows = small_xanes.rows
    for task in TASKS:
        fit, truth = small_xanes.fits[task], rows.targets[task]
        known = ~rows.simulated & ~np.isnan(truth)
        assert np.isfinite(fit.value[known]).all(), task
        miss = np.abs(fit.value - truth)[known].mean()
        plain = np.concatenate(
            [truth[m] - truth[m].mean() for m in (known & (rows.absorber == name) for name in ("Fe", "Mn"))]
        )
        assert miss < np.abs(plain).mean(), task


@pytest.mark.parametrize("task", TASKS)
def test_a_higher_level_never_gives_less(small_xanes: XanesModel, iron: np.ndarray, task: str) -> None:
    answers = [small_xanes.answer(iron[:8], task, level) for level in (0.5, 0.8, 0.9, 0.95)]
    for narrow, wide in pairwise(answers):
        assert (wide.upper - wide.lower >= narrow.upper - narrow.lower - 1e-12).all()
        for small, large in zip(narrow.sets, wide.sets, strict=True):
            assert set(small) <= set(large)


@pytest.mark.parametrize("task", TASKS)
def test_the_promised_part_of_left_out_compounds_is_covered(small_xanes: XanesModel, task: str) -> None:
    """By how the quantile is made: one vote per compound, no fewer than the level."""
    rows, fit = small_xanes.rows, small_xanes.fits[task]
    truth = rows.targets[task]
    votes = ~rows.simulated & ~np.isnan(truth)
    inside = np.abs(fit.value - truth) <= fit.error * small_xanes.quantile(task, 0.9) + 1e-12
    per_compound = [inside[votes & (rows.group == name)].mean() for name in np.unique(rows.group[votes])]
    assert np.mean(per_compound) >= 0.9


def test_spectra_are_answered_one_by_one(small_xanes: XanesModel, iron: np.ndarray) -> None:
    rows = small_xanes.rows
    mu = rows.mu[(rows.absorber == "Fe") & ~rows.simulated][:6]
    together = small_xanes.features(mu, "Fe")
    for k in range(len(mu)):
        np.testing.assert_allclose(together[k], small_xanes.features(mu[k : k + 1], "Fe")[0], atol=1e-12)
    for task in TASKS:
        all_at_once = small_xanes.answer(together, task, 0.9)
        turned = small_xanes.answer(together[::-1], task, 0.9)
        np.testing.assert_allclose(all_at_once.value, turned.value[::-1], atol=1e-10)
        np.testing.assert_allclose(all_at_once.upper, turned.upper[::-1], atol=1e-10)


def test_a_training_row_is_at_no_distance_from_itself_and_others_are_of_its_metal(
    small_xanes: XanesModel,
) -> None:
    rows = small_xanes.rows
    first = int(np.flatnonzero(rows.absorber == "Mn")[0])
    apart = small_xanes.distances(small_xanes.features(rows.mu[first : first + 1], "Mn"), "Mn")[0]
    assert apart[first] == pytest.approx(0, abs=1e-6)
    assert np.isinf(apart[rows.absorber == "Fe"]).all()
    assert np.isfinite(apart[rows.absorber == "Mn"]).all()


def test_nine_of_ten_standards_lie_within_the_distance_of_one(small_xanes: XanesModel) -> None:
    """Of another compound and another source."""
    rows = small_xanes.rows
    nearest = []
    for row in np.flatnonzero(~rows.simulated):
        metal = str(rows.absorber[row])
        apart = small_xanes.distances(small_xanes.features(rows.mu[row : row + 1], metal), metal)[0]
        others = (rows.group != rows.group[row]) & (rows.source != rows.source[row])
        nearest.append(apart[others].min())
    assert np.mean(np.array(nearest) <= 1 + 1e-9) == pytest.approx(0.9, abs=0.02)


def test_what_is_no_edge_at_all_is_far_from_everything(small_xanes: XanesModel) -> None:
    grid = small_xanes.window.grid()
    strange = np.array([np.sin(grid), 2 - 1 / (1 + np.exp(-(grid - 8)))])
    assert (small_xanes.distances(small_xanes.features(strange, "Fe"), "Fe").min(axis=1) > 2).all()


def test_every_feature_has_a_place(small_xanes: XanesModel, iron: np.ndarray) -> None:
    rows = small_xanes.rows
    place = small_xanes.positions(rows.mu[0])
    assert place.shape == (iron.shape[1],)
    assert np.isfinite(place).all()


@pytest.mark.usefixtures("few_trees")
def test_the_same_seed_gives_the_same_model(small_xanes: XanesModel, small_store: Any) -> None:
    rows = collect_rows(EnergyWindow(), small_store.standards, small_store.simulated)
    again = XanesModel(EnergyWindow(), rows)
    for task in TASKS:
        np.testing.assert_array_equal(again.fits[task].value, small_xanes.fits[task].value)
        np.testing.assert_array_equal(again.fits[task].probability, small_xanes.fits[task].probability)
    np.testing.assert_array_equal(again.rows.mu, small_xanes.rows.mu)


def test_a_shift_of_all_energies_changes_nothing_that_shape_tells(
    small_store: Any, make_spectrum: Any
) -> None:
    from edgepair.conventions import edge_energy
    from edgepair.prediction.xanes_rows import to_own_edge

    model = small_store.xanes(EnergyWindow(), aligned=True)
    energy, mu = make_spectrum()
    at = energy - edge_energy("Fe")
    height = (mu - mu[0]) / (mu[-1] - mu[0])
    told = []
    for shift in (0.0, -7.3, 19.0):
        moved = at + shift
        shown = model.window.show(moved + to_own_edge(moved, height, model.window), height)
        told.append([model.value(model.features(shown[None], "Fe"), task)[0] for task in TASKS])
    np.testing.assert_allclose(told[1], told[0], atol=0.02)
    np.testing.assert_allclose(told[2], told[0], atol=0.02)


def test_the_shape_asks_for_what_a_calibrated_spectrum_was_moved_by(small_store: Any) -> None:
    model = small_store.xanes(EnergyWindow())
    rows = model.rows
    asked = []
    for row in np.flatnonzero(rows.shift_known & ~rows.simulated & (rows.absorber == "Fe"))[::4]:
        features = model.features(rows.mu[row : row + 1], "Fe")
        asked.append(model.asked_shift(features, rows.edge[row] + 2.0)[0])
    assert np.median(asked) == pytest.approx(-2.0, abs=0.3)


def test_left_out_rows_are_told_by_trees_of_other_sources(small_xanes: XanesModel) -> None:
    from edgepair.models.group_forest import source_folds

    rows = small_xanes.rows
    folds = source_folds(rows.source, rows.group, rows.votes, 0)
    assert sum(fold.judged for fold in folds).tolist() == rows.votes.astype(int).tolist()
    for fold in folds:
        assert not set(rows.source[fold.judged]) & set(rows.source[~fold.unseen])
        assert not set(rows.group[fold.judged]) & set(rows.group[~fold.unseen])
