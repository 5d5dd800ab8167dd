"""Number of components, drift, standards in the space, fractions: right on made-up series."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.optimize import nnls

from edgepair.conventions import DataError
from edgepair.mixtures.errors import goodness
from edgepair.series.answers import component_answers, component_mixtures
from edgepair.series.changes import change_points, crossing_points, edge_and_white_line
from edgepair.series.fractions import fit_series
from edgepair.series.principal import find_components, find_principal, targets
from edgepair.series.resolution import closed_fractions, neighbour_fractions, resolve
from edgepair.spectra.smoothing import point_noise
from edgepair.standards import load_standards
from edgepair.standards.standards import Standard

from .conftest import grid, usable

Mix = Callable[..., Any]
METALS = ("Fe", "Mn", "Cu", "Ti", "V", "Ni")


def fitted(energy: Any, mu: Any, absorber: str, number: int) -> Any:
    principal, moved, _ = find_components(energy, mu, energy[0] + 20)
    noise = np.array([point_noise(energy, row) for row in moved])
    known = usable(absorber, energy)
    table = targets(energy, principal, float(np.median(noise)), known, shift_limit=0.5)
    by_name: dict[tuple[str, str], Standard] = {(one.name, one.compound): one for one in known}
    near = [by_name[pair] for pair in zip(table["standard"], table["compound"], strict=True)]
    return principal, table, fit_series(energy, moved, noise, near, number, shift_limit=0.5)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_the_number_of_components_is_found_in_noise_and_drift(mix: Mix, number: int, drift: float) -> None:
    told = []
    for seed, metal in enumerate(METALS):
        energy, mu, _, _ = mix(metal, number, seed=10 * number + seed, drift=drift)
        principal, _, moved = find_components(energy, mu, energy[0] + 20)
        told.append(principal.number)
        # a drift along which the sample changes too may hide in the change
        if moved.any():
            assert np.ptp(moved) == pytest.approx(drift, abs=0.15)
    assert told == [number] * len(METALS)


def run_many(mix: Mix, seeds: range, drift: float) -> dict[str, Any]:
    found: dict[str, list[Any]] = {"number": [], "error": [], "held": [], "state": []}
    for seed in seeds:
        number, metal = 2 + seed % 2, METALS[seed % len(METALS)]
        energy, mu, fractions, parts = mix(metal, number, seed=seed, drift=drift)
        principal, _, result = fitted(energy, mu, metal, number)
        found["number"].append(principal.number == number)
        state = fractions @ np.array([one.oxidation_state for one in parts])
        found["state"].append(np.abs(result.values["oxidation_state"] - state).max())
        names = [one.compound for one in parts]
        if set(result.table["compound"]) == set(names):
            for k, name in enumerate(names):
                mine = result.table[result.table["compound"] == name]
                off = np.abs(mine["fraction"].to_numpy() - fractions[:, k])
                found["error"].append(float(np.sqrt((off**2).mean())))
                found["held"] += (off <= 1.96 * mine["error"].to_numpy()).tolist()
    return found


def test_fractions_and_states_are_right_and_their_errors_honest(mix: Mix) -> None:
    found = run_many(mix, range(8), 0.0)
    assert np.mean(found["number"]) == 1
    assert np.percentile(found["error"], 90) < 0.03
    assert np.mean(found["held"]) > 0.85
    assert max(found["state"]) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_figures_of_two_hundred_made_up_series(mix: Mix, drift: float) -> None:
    found = run_many(mix, range(1000, 1100), drift)
    told = {name: np.array(values, float) for name, values in found.items()}
    print({name: (values.mean(), *np.percentile(values, [50, 90])) for name, values in told.items()})
    assert np.mean(found["number"]) >= 0.95
    assert np.percentile(found["error"], 90) < 0.03
    assert 0.90 <= np.mean(found["held"]) <= 0.99
    assert np.mean(np.array(found["state"]) < 0.1) >= 0.95


def test_noise_alone_has_one_component_and_uneven_noise_too(mix: Mix) -> None:
    energy, mu, _, _ = mix("Fe", 1, seed=1, noise=0.0)
    rng = np.random.default_rng(0)
    grown = 0.003 * (1 + np.linspace(0, 2, len(energy)))
    for n_points in (5, 12, 60):
        rows = np.repeat(mu[:1], n_points, axis=0)
        found = find_principal(energy, rows + grown * rng.normal(size=rows.shape), energy[0] + 20)
        assert found.number == 1


def test_spectra_that_have_nothing_in_common_are_as_many_components() -> None:
    energy = grid("Fe")
    every = {one.compound: one for one in usable("Fe", energy)}
    mu = np.array([np.interp(energy, one.energy, one.mu) for one in list(every.values())[:9]])
    mu += np.random.default_rng(0).normal(0, 0.001, mu.shape)
    assert find_principal(energy, mu, energy[0] + 20).number > 4


def test_scores_and_loadings_give_the_series_back(mix: Mix) -> None:
    energy, mu, _, _ = mix("Fe", 3, seed=5)
    found = find_principal(energy, mu, energy[0] + 20)
    again = found.scores[:, : found.number] @ found.loadings[: found.number] + found.residual
    assert np.allclose(again, mu)
    assert found.table["explained"].is_monotonic_increasing
    assert found.table["indicator"].idxmin() + 1 == 3


def test_standards_of_the_series_lie_in_its_space_and_few_others(mix: Mix) -> None:
    energy, mu, _, parts = mix("Fe", 2, seed=4)
    _, table, _ = fitted(energy, mu, "Fe", 2)
    near = table[table["in_space"]]
    assert {one.compound for one in parts} <= set(near["compound"])
    assert len(near) < len(table) / 2


def test_closed_fractions_are_those_of_a_general_solver() -> None:
    rng = np.random.default_rng(2)
    spectra, mu = rng.uniform(0, 1, (4, 60)), rng.uniform(0, 1, (30, 60))
    found = closed_fractions(mu, spectra)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()
    heavy = 1e4
    for row, own in zip(mu, found, strict=True):
        # closure as a heavily weighted row of a non-negative fit
        other = nnls(np.vstack([spectra.T, heavy * np.ones(4)]), np.append(row, heavy))[0]
        assert np.allclose(own, other, atol=1e-4)


def test_curve_resolution_finds_pure_points_and_tells_the_ambiguity(mix: Mix) -> None:
    energy, mu, fractions, _ = mix("Fe", 2, seed=8, noise=0.003)
    found = resolve(mu, 2, noise=0.003)
    assert np.sqrt(((found.fractions - fractions) ** 2).mean()) < 0.05
    assert (
        (found.fraction_low <= found.fractions + 1e-9) & (found.fractions <= found.fraction_high + 1e-9)
    ).all()
    held = (found.fraction_low - 0.02 <= fractions) & (fractions <= found.fraction_high + 0.02)
    assert held.all()
    assert found.left_over < 0.0035
    again = resolve(mu, 2, noise=0.003)
    assert np.array_equal(found.spectra, again.spectra)
    assert np.array_equal(found.fraction_errors, again.fraction_errors)
    fixed = resolve(mu, 2, fixed=mu[:1], noise=0.003)
    assert np.array_equal(fixed.spectra[0], mu[0])
    assert len(energy) == found.spectra.shape[1]


def test_changes_are_found_where_the_slope_changes() -> None:
    at = np.arange(40.0)
    rng = np.random.default_rng(0)
    scores = np.array([np.clip((at - 15) / 10, 0, 1), np.zeros(40)]).T + rng.normal(0, 0.01, (40, 2))
    found = change_points(at, scores, np.full(40, 0.01))
    assert len(found) == 2
    assert abs(found[0] - 15) <= 1
    assert abs(found[1] - 25) <= 1
    assert change_points(at, rng.normal(0, 0.01, (40, 1)), np.full(40, 0.01)) == []
    smooth = 1 / (1 + np.exp(-(np.arange(200.0) - 100) / 15))[:, None]
    assert 2 <= len(change_points(np.arange(200.0), smooth, np.full(200, 1e-4))) <= 5
    assert change_points(np.arange(3.0), smooth[:3], np.full(3, 0.1)) == []


def test_isosbestic_points_of_two_components_and_none_of_a_shift() -> None:
    energy = np.arange(7100.0, 7180, 0.5)
    part = np.linspace(0, 1, 12)[:, None]
    first, last = np.exp(-(((energy - 7130) / 8) ** 2)), np.exp(-(((energy - 7140) / 8) ** 2))
    rng = np.random.default_rng(1)
    mu = (1 - part) * first + part * last + rng.normal(0, 0.002, (12, len(energy)))
    found = crossing_points(energy, mu, 0.002, 7120.0)
    assert np.abs(found["energy"] - 7135).min() < 0.3
    moving = np.exp(-(((energy - 7130 - 10 * part) / 8) ** 2)) + rng.normal(0, 0.002, (12, len(energy)))
    assert not len(crossing_points(energy, moving, 0.002, 7120.0))


def test_edge_and_white_line_of_a_known_curve() -> None:
    energy = np.arange(7100.0, 7160, 0.25)
    mu = 1 / (1 + np.exp(-(energy - 7120) / 1.5)) + 0.5 * np.exp(-(((energy - 7128) / 3) ** 2))
    ((edge, height, at),) = edge_and_white_line(energy, mu[None], 7120.0)
    assert edge == pytest.approx(7119.99, abs=0.1)
    assert height == pytest.approx(mu.max(), abs=1e-3)
    assert at == pytest.approx(7128, abs=0.1)


def test_goodness_of_fit_is_that_of_the_established_programs(mix: Mix) -> None:
    """By formulas written out here: Athena's from the documentation of Demeter's LCF, Larch's from lmfit.

    Demeter (https://bruceravel.github.io/demeter/pods/Demeter/LCF.pm.html): R = sum (data - fit)^2 / sum
    data^2; of normalised spectra N sum (data - fit)^2 / sum (data - <data>)^2. Larch (``lincombo_fit``):
    lmfit's reduced chi-square, sum (data - fit)^2 / (N - number of free weights), with errors of 1.
    """
    energy, mu, _, parts = mix("Fe", 2, seed=4, n_points=6)
    noise = np.full(6, 0.01)
    found = fit_series(energy, mu, noise, parts, 2, shift_limit=0.0)
    assert found is not None
    spectra = np.array([np.array(PchipInterpolator(one.energy, one.mu)(energy)) for one in parts])
    order = [[one.compound for one in parts].index(name) for name in found.table["compound"][:2]]
    # the sum is held to 1 % as a point more of the spectrum; fitted by another program than ours
    held = np.sqrt(4 * 0.01**2 / 0.01**2)
    for k, told in found.values.iterrows():
        weights, _ = nnls(np.vstack([spectra.T, [held, held]]), np.append(mu[k], held))
        left = [
            x - sum(w * y for w, y in zip(weights, row, strict=True))
            for x, row in zip(mu[k], spectra.T, strict=True)
        ]
        squares, n = sum(x * x for x in left), len(energy)
        mean = sum(mu[k]) / n
        athena = n * squares / sum((x - mean) ** 2 for x in mu[k])
        larch = squares / (n - 1)
        assert told["r_factor"] == pytest.approx(squares / sum(x * x for x in mu[k]), rel=1e-4)
        assert told["r_factor_about_mean"] * n == pytest.approx(athena, rel=1e-4)
        assert told["reduced_chi_square"] * 0.01**2 == pytest.approx(larch, rel=1e-4)
        shares = found.table.query("position == @k")["fraction"].to_numpy()
        assert shares == pytest.approx((weights / weights.sum())[order], abs=1e-4)


def test_goodness_of_three_points_by_hand() -> None:
    r_factor, about_mean, chi_square = goodness(0.02**2 + 0.01**2, np.array([0.0, 1.0, 2.0]), 0.01**2, 1)
    assert r_factor == pytest.approx(0.0005 / 5)
    assert about_mean == pytest.approx(0.0005 / 2)
    assert chi_square == pytest.approx(2.5)


def test_fractions_that_change_slowly_are_found_better_together_with_honest_errors(mix: Mix) -> None:
    off: dict[object, list[float]] = {None: [], 0.08: []}
    held = []
    for seed in range(6):
        energy, mu, fractions, parts = mix("Fe", 2, seed=seed, noise=0.05, n_points=40)
        for change, told in off.items():
            found = fit_series(
                energy, mu, np.full(40, 0.05), parts, 2, shift_limit=0.0, neighbours=change
            )  # fmt: skip
            assert found is not None
            mine = found.table[found.table["compound"] == parts[0].compound]
            away = mine["fraction"].to_numpy() - fractions[:, 0]
            told.append(float(away.std()))
            if change:
                assert (found.table["fraction"] >= 0).all()
                held.append(np.abs(away - away.mean()) < 1.96 * mine["noise_error"].to_numpy())
    assert np.mean(off[0.08]) < 0.8 * np.mean(off[None])
    assert np.mean(held) > 0.85


def test_neighbours_hold_a_point_that_tells_nothing_and_far_points_less() -> None:
    spectra = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    mu = np.array([[0.9, 0.1, 1.0]] * 3 + [[0.1, 0.9, 1.0]] * 2)
    same = {"closure": 1.0, "variance": 1e-4}
    loose, _ = neighbour_fractions(mu, spectra, np.arange(5.0), change=10.0, **same)
    assert loose == pytest.approx(closed_fractions(mu, spectra), abs=1e-3)
    tight, errors = neighbour_fractions(mu, spectra, np.arange(5.0), change=1e-4, **same)
    assert np.ptp(tight[:, 0]) < 0.01
    assert errors[2, 0, 0] == pytest.approx(errors[2, 1, 1])
    near, _ = neighbour_fractions(mu, spectra, np.arange(5.0), change=0.01, **same)
    gap, _ = neighbour_fractions(mu, spectra, np.array([0, 1, 2, 50, 51.0]), change=0.01, **same)
    assert np.diff(gap[:, 0])[2] < np.diff(near[:, 0])[2] < 0


def test_scales_that_differ_from_point_to_point_are_told_by_residuals(mix: Mix) -> None:
    rng = np.random.default_rng(0)
    energy, mu, fractions, parts = mix("Fe", 2, seed=2, noise=0.003)
    moved = rng.normal(0, 0.1, len(mu))
    shaken = np.array([np.interp(energy + by, energy, row) for by, row in zip(moved, mu, strict=True)])
    found = fit_series(energy, shaken, np.full(len(mu), 0.003), parts, 2, shift_limit=0.5)
    still = fit_series(energy, mu, np.full(len(mu), 0.003), parts, 2, shift_limit=0.5)
    assert found is not None
    assert still is not None
    mine = found.table[found.table["compound"] == parts[0].compound]
    off = np.abs(mine["fraction"].to_numpy() - fractions[:, 0])
    assert np.mean(off <= 1.96 * mine["error"].to_numpy()) >= 0.88
    assert np.sqrt((off**2).mean()) < 0.02
    assert found.table["scale_error"].mean() >= still.table["scale_error"].mean()


def test_a_component_that_cannot_be_answered_or_fitted_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataError("cannot answer", found="nothing", needed="a spectrum", suggestion="none")

    for name in ("predict", "fit_mixtures"):
        monkeypatch.setattr(f"edgepair.series.answers.{name}", refuse)
    energy = np.linspace(-20, 60, 81) + 7112
    series = SimpleNamespace(energy=energy, e0=7120.0, absorber="Fe", calibrated=True)
    resolution = SimpleNamespace(spectra=np.ones((2, 81)), spectrum_errors=np.full((2, 81), 1e-3))
    warnings: list[str] = []
    assert component_answers(series, resolution, (), 0.9, warnings).empty
    assert component_mixtures(series, resolution, load_standards("Fe")[:2], 0.5, warnings).empty
    assert [text.partition(":")[0] for text in warnings] == [
        f"component {k} {what}" for what in ("has no answer", "is of no standards") for k in (1, 2)
    ]
