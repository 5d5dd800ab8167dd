"""The kernel machine over several absorbers and two sources, against scikit-learn and against refits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from edgepair.models.source_kernel import KernelRows, KernelSettings, SourceKernel, squared_distances

Floats = NDArray[np.float64]
N = 60


@pytest.fixture
def rows() -> KernelRows:
    """Three absorbers, two sources, noises of their own, groups of up to three rows; a fourth in none."""
    rng = np.random.default_rng(4)
    number = np.arange(N)
    return KernelRows(
        features=rng.normal(size=(N, 5)) * 3,
        absorber=np.select([number < 25, number < 55], ["Fe", "Mn"], "V"),
        simulated=rng.random(N) < 0.3,
        noise=rng.uniform(0.02, 0.2, N),
        weight=rng.uniform(0.1, 1, N),
        group=np.where(number % 4 == 0, "", np.char.add("compound ", (number // 3).astype(str))),
    )


@pytest.fixture
def target() -> Floats:
    return np.random.default_rng(5).normal(size=(N, 2))


def alike(rows: KernelRows) -> KernelRows:
    """Make all rows measured ones of iron, of equal weight."""
    return replace(
        rows,
        absorber=np.full(N, "Fe"),
        simulated=np.zeros(N, dtype=bool),
        weight=np.ones(N),
    )


@pytest.mark.parametrize("length", [2.0, 6.0])
def test_with_one_absorber_and_source_it_is_a_gaussian_process(
    rows: KernelRows, target: Floats, length: float
) -> None:
    one = alike(rows)
    oracle = GaussianProcessRegressor(Matern(length, "fixed", nu=1.5), alpha=one.noise, optimizer=None)
    oracle.fit(one.features, target - target.mean(axis=0))
    new = np.random.default_rng(6).normal(size=(7, 5)) * 3
    mean, variance = SourceKernel(one, target, KernelSettings(length=length)).predict(new, "Fe")
    expected, deviation = oracle.predict(new, return_std=True)
    np.testing.assert_allclose(mean, expected + target.mean(axis=0), atol=1e-9)
    # both targets share a covariance, so that each has the same deviation
    np.testing.assert_allclose(np.sqrt(variance), deviation[:, 0], atol=1e-7)


def test_other_absorbers_and_sources_count_by_their_covariance() -> None:
    """One row of each kind at the place asked about: the textbook formula for one observation."""
    settings = KernelSettings(across_absorbers=0.6, source_bias=0.25)
    for absorber, simulated, likeness in (
        ("Fe", False, 1.0),
        ("Mn", False, 0.6),
        ("Fe", True, 0.8),
        ("Mn", True, 0.48),
    ):
        nought = np.zeros((1, 3))
        one = KernelRows(
            nought, np.array([absorber]), np.array([simulated]), np.array([0.1]), np.ones(1), np.array([""])
        )
        machine = SourceKernel(one, np.array([[2.0]]), settings)
        _, variance = machine.predict(np.zeros((1, 3)), "Fe")
        assert variance[0] == pytest.approx(1 - likeness**2 / 1.1)


def test_far_from_everything_it_falls_back_to_the_weighted_mean_of_the_absorber(
    rows: KernelRows, target: Floats
) -> None:
    machine = SourceKernel(rows, target)
    mean, variance = machine.predict(np.full((1, 5), 1e4), "Mn")
    mine = rows.absorber == "Mn"
    np.testing.assert_allclose(mean[0], np.average(target[mine], axis=0, weights=rows.weight[mine]))
    assert variance[0] == 1.0
    unknown, _ = machine.predict(np.full((1, 5), 1e4), "Ni")
    np.testing.assert_allclose(unknown[0], np.mean(list(machine.centre.values()), axis=0))


def test_without_noise_a_row_is_told_exactly(rows: KernelRows, target: Floats) -> None:
    measured = rows.take(~rows.simulated & (rows.absorber == "Fe"))
    known = target[~rows.simulated & (rows.absorber == "Fe")]
    machine = SourceKernel(replace(measured, noise=np.full(len(known), 1e-10)), known)
    mean, variance = machine.predict(measured.features, "Fe")
    np.testing.assert_allclose(mean, known, atol=1e-6)
    assert variance.max() < 1e-8


def test_a_row_of_less_noise_is_told_better(rows: KernelRows, target: Floats) -> None:
    one = alike(rows)
    miss = [
        abs(SourceKernel(replace(one, noise=np.where(np.arange(N) == 3, noise, one.noise)), target)
            .predict(one.features[3:4], "Fe")[0][0, 0] - target[3, 0])
        for noise in (1e-6, 0.1, 10.0)
    ]  # fmt: skip
    assert miss[0] < miss[1] < miss[2]


def covariance(first: KernelRows, second: KernelRows, settings: KernelSettings) -> Floats:
    """Write down the covariance once more, pair by pair."""
    found = np.empty((len(first.noise), len(second.noise)))
    for i in range(len(first.noise)):
        for j in range(len(second.noise)):
            z = np.sqrt(3) * np.linalg.norm(first.features[i] - second.features[j]) / settings.length
            found[i, j] = (1 + z) * np.exp(-z)
            if first.absorber[i] != second.absorber[j]:
                found[i, j] *= settings.across_absorbers
            if first.simulated[i] != second.simulated[j]:
                found[i, j] /= 1 + settings.source_bias
    return found


def test_left_out_is_what_a_refit_without_the_group_tells(rows: KernelRows, target: Floats) -> None:
    """With the means per absorber of all rows kept, as is promised."""
    machine = SourceKernel(rows, target)
    mean, variance = machine.left_out()
    centres = np.array([machine.centre[name] for name in rows.absorber])
    for group in np.unique(rows.group[rows.group != ""]):
        out = rows.group == group
        mine, others = rows.take(out), rows.take(~out)
        inside = covariance(others, others, machine.settings) + np.diag(others.noise)
        pull = np.linalg.solve(inside, covariance(others, mine, machine.settings)).T
        np.testing.assert_allclose(mean[out], centres[out] + pull @ (target - centres)[~out], atol=1e-9)
        left = 1 - np.einsum("ij,ji->i", pull, covariance(others, mine, machine.settings))
        np.testing.assert_allclose(variance[out], left, atol=1e-9)
    assert np.isnan(mean[rows.group == ""]).all()
    assert np.isnan(variance[rows.group == ""]).all()
    assert np.isfinite(mean[rows.group != ""]).all()


def test_left_out_does_not_know_the_groups_own_values_but_through_the_mean(
    rows: KernelRows, target: Floats
) -> None:
    other = target.copy()
    mine = rows.group == "compound 3"
    other[mine] += 100.0
    first, second = SourceKernel(rows, target), SourceKernel(rows, other)
    moved = second.centre["Fe"] - first.centre["Fe"]
    change = (second.left_out()[0] - first.left_out()[0])[mine]
    # of 100 no more arrives than the mean's part of it
    assert np.abs(change).max() <= np.abs(moved).max() + 1e-9


def test_the_order_of_rows_does_not_matter(rows: KernelRows, target: Floats) -> None:
    order = np.random.default_rng(7).permutation(N)
    shuffled = KernelRows(*(values[order] for values in vars(rows).values()))
    first, second = SourceKernel(rows, target), SourceKernel(shuffled, target[order])
    new = np.random.default_rng(8).normal(size=(5, 5))
    for one, two in zip(first.predict(new, "Fe"), second.predict(new, "Fe"), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-10)
    for one, two in zip(first.left_out(), second.left_out(), strict=True):
        np.testing.assert_allclose(one[order], two, atol=1e-10)


def test_the_mean_alone_is_the_mean_of_both(rows: KernelRows, target: Floats) -> None:
    machine = SourceKernel(rows, target)
    new = np.random.default_rng(8).normal(size=(5, 5))
    np.testing.assert_allclose(machine.mean(new, "V"), machine.predict(new, "V")[0], atol=1e-12)


def test_a_machine_made_of_its_weights_says_the_same(rows: KernelRows, target: Floats) -> None:
    first = SourceKernel(rows, target)
    again = SourceKernel(rows, target, weights=first.weights)
    new = np.random.default_rng(8).normal(size=(5, 5))
    for one, two in zip(first.predict(new, "Mn"), again.predict(new, "Mn"), strict=True):
        np.testing.assert_array_equal(one, two)


def test_squared_distances_are_those_between_rows_and_never_negative() -> None:
    rng = np.random.default_rng(9)
    first, second = rng.normal(size=(6, 4)) + 1e3, rng.normal(size=(5, 4)) + 1e3
    expected = ((first[:, None] - second[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(first, second), expected, atol=1e-6)
    assert (squared_distances(first, first) >= 0).all()


def test_taking_rows_keeps_them_together(rows: KernelRows) -> None:
    kept = rows.absorber == "V"
    taken = rows.take(kept)
    assert set(taken.absorber) == {"V"}
    np.testing.assert_array_equal(taken.features, rows.features[kept])
    np.testing.assert_array_equal(taken.group, rows.group[kept])
