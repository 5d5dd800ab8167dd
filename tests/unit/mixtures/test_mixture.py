"""Mixtures of standards: the right compounds, with errors that are as large as they claim."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError, OptionError
from edgepair.mixtures.errors import correlation_length
from edgepair.mixtures.fit import SCALE_ERROR, MixtureResult, fit_mixtures
from edgepair.mixtures.search import _combinations
from edgepair.spectra.smoothing import point_noise
from edgepair.standards.standards import Standard

Floats = NDArray[np.float64]
EDGE = 7120.0
SAMPLE: Floats = np.r_[np.arange(7060.0, 7100, 4), np.arange(7100.0, 7150, 0.5), np.arange(7150.0, 7220, 2)]


def shape(energy: Floats, number: int) -> Floats:
    """Compute the spectrum of a made-up compound: an edge, a white line, a pre-edge, a wiggle."""
    rng = np.random.default_rng([7, number])
    e0, width, white, pre = (
        EDGE + rng.normal(0, 1.5),
        rng.uniform(1, 2),
        rng.uniform(0, 0.8),
        rng.uniform(0, 0.15),
    )
    rise = 0.5 + np.arctan((energy - e0) / width) / np.pi
    peak = white * np.exp(-0.5 * ((energy - e0 - 6) / 3) ** 2)
    foot = pre * np.exp(-0.5 * ((energy - e0 + 8) / 1.2) ** 2)
    wiggle = 0.06 * np.sin(rng.uniform(0.15, 0.3) * (energy - e0) + rng.uniform(0, 6)) * (energy > e0)
    return rise + peak + foot + wiggle * (1 - np.exp(-np.clip(energy - e0, 0, None) / 10))


def standard(number: int, *, moved: float = 0.0, name: str = "", **changes: Any) -> Standard:
    energy = changes.pop("energy", np.arange(7050.0, 7230, 0.25))
    values = {"compound": f"compound {number}", "absorber": "Fe", "energy_shift": 0.1,
              "oxidation_state": 2.0 + number % 2, "coordination_number": 4.0 + number % 3,
              "bond_length": 1.9 + 0.05 * number}  # fmt: skip
    return Standard(
        name or f"file {number}", energy=energy, mu=shape(energy - moved, number), **(values | changes)
    )


STANDARDS = [standard(number) for number in range(8)]


def sample(parts: dict[int, float], *, shift: float = 0.0, noise: float = 0.003, seed: int = 0) -> Floats:
    """Mix compounds; adding the shift to the sample's energies lays it on the standards."""
    rng = np.random.default_rng(seed)
    mixed = sum(
        (part * shape(SAMPLE + shift, number) for number, part in parts.items()), np.zeros(len(SAMPLE))
    )
    return mixed + rng.normal(0, noise, len(SAMPLE))


def told(result: MixtureResult, rank: int = 1) -> dict[str, tuple[float, float]]:
    rows = result.fractions[result.fractions["rank"] == rank]
    return {row.compound: (row.fraction, row.error) for row in rows.itertuples()}


@pytest.mark.parametrize(
    ("parts", "shift"),
    [({3: 1.0}, 0.0), ({0: 0.3, 5: 0.7}, 0.25), ({1: 0.5, 2: 0.3, 6: 0.2}, -0.4), ({4: 0.92, 7: 0.08}, 0.1)],
)
def test_a_mixture_is_taken_apart(parts: dict[int, float], shift: float) -> None:
    result = fit_mixtures(SAMPLE, sample(parts, shift=shift), STANDARDS)
    found = told(result)

    assert set(found) == {f"compound {number}" for number in parts}
    for number, part in parts.items():
        fraction, error = found[f"compound {number}"]
        assert abs(fraction - part) < 0.02
        assert abs(fraction - part) <= max(3 * error, 1e-12)
    first = result.table.iloc[0]
    assert first["shift"] == pytest.approx(shift, abs=0.1)
    assert sum(first["fractions"]) == pytest.approx(1, abs=1e-9)
    assert list(first["fractions"]) == sorted(first["fractions"], reverse=True)
    assert 0.6 < first["reduced_chi_square"] < 1.5
    for name in ("oxidation_state", "coordination_number", "bond_length"):
        mean = sum(part * getattr(STANDARDS[number], name) for number, part in parts.items())
        assert abs(first[name] - mean) <= max(3 * first[f"{name}_error"], 1e-9)
    assert result.noise == pytest.approx(0.003, rel=0.3)
    assert result.warnings == ()
    np.testing.assert_allclose(
        result.fitted, sample(parts, shift=shift, noise=0)[_inside(result)], atol=0.005
    )


def _inside(result: MixtureResult) -> NDArray[np.bool_]:
    return np.isin(SAMPLE, result.energy)


def test_the_table_is_in_order() -> None:
    table = fit_mixtures(SAMPLE, sample({0: 0.3, 5: 0.7}), STANDARDS).table
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table["as_good"].iloc[0]
    for _, same_size in table.groupby("n_compounds"):
        assert same_size["r_factor"].is_monotonic_increasing
        assert same_size["as_good"].is_monotonic_decreasing
    # a third compound fits better by chance, but not by its price
    assert table["r_factor"].min() < table["r_factor"].iloc[0]
    assert table["n_compounds"].iloc[0] == 2
    assert not table["compounds"].map(frozenset).duplicated().any()


def test_a_compound_that_is_not_there_is_seldom_found() -> None:
    found = [
        tuple(sorted(told(fit_mixtures(SAMPLE, sample({1: 0.6, 6: 0.4}, seed=seed), STANDARDS))))
        for seed in range(40)
    ]
    assert found.count(("compound 1", "compound 6")) >= 37


def test_noise_moves_fractions_as_much_as_is_claimed() -> None:
    """With the compounds known, two thirds of the errors are below one standard error of the noise."""
    pulls = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        part, shift = rng.uniform(0.2, 0.8), rng.uniform(-0.3, 0.3)
        mu = sample({0: part, 5: 1 - part}, shift=shift, seed=seed)
        rows = fit_mixtures(SAMPLE, mu, [STANDARDS[0], STANDARDS[5]], limit=2).fractions
        row = rows[(rows["rank"] == 1) & (rows["compound"] == "compound 0")].iloc[0]
        pulls.append((row["fraction"] - part) / row["noise_error"])
    # 68.3 % and 95.4 % expected; the bounds are 3 standard errors of 120 trials, and upwards
    # more, as a chance correlation of residuals only ever enlarges an error
    within = np.abs(pulls)
    assert 0.55 <= np.mean(within < 1) <= 0.85
    assert np.mean(within < 2) >= 0.89
    assert abs(np.mean(pulls)) < 0.3


def test_energy_scales_move_fractions_no_more_than_is_claimed() -> None:
    pulls = []
    for seed in range(80):
        rng = np.random.default_rng([1, seed])
        part = rng.uniform(0.3, 0.7)
        moved = [standard(number, moved=rng.normal(0, SCALE_ERROR)) for number in (0, 5)]
        rows = fit_mixtures(SAMPLE, sample({0: part, 5: 1 - part}, seed=seed), moved, limit=2).fractions
        row = rows[(rows["rank"] == 1) & (rows["compound"] == "compound 0")].iloc[0]
        pulls.append((row["fraction"] - part) / row["error"])
    within = np.abs(pulls)
    assert np.mean(within < 1) >= 0.55
    assert np.mean(within < 2) >= 0.88
    # nor many times larger: that would tell nothing
    assert np.mean(within < 0.2) < 0.5


def test_compounds_that_cannot_be_told_apart_widen_the_error() -> None:
    twin = standard(5, name="twin", compound="twin", oxidation_state=4.0)
    mu = sample({0: 0.4, 5: 0.6})
    alone, both = (told_row(fit_mixtures(SAMPLE, mu, items)) for items in (STANDARDS, [*STANDARDS, twin]))
    assert alone["choice_error"] < 0.05
    assert both["choice_error"] > 0.3
    doubtful = fit_mixtures(SAMPLE, mu, [*STANDARDS, twin]).table.iloc[0]
    assert doubtful["oxidation_state_error"] > 0.2


def told_row(result: MixtureResult) -> Any:
    """Return the row of the largest fraction of the first combination."""
    return result.fractions.iloc[0]


def test_an_unknown_calibration_widens_the_error_and_is_said() -> None:
    mu = sample({0: 0.4, 5: 0.6})
    unknown = [standard(number, energy_shift=float("nan")) for number in range(8)]
    one, other = fit_mixtures(SAMPLE, mu, STANDARDS), fit_mixtures(SAMPLE, mu, unknown)
    assert told_row(other)["scale_error"] > 3 * told_row(one)["scale_error"]
    assert any("calibration of a standard" in text for text in other.warnings)


def test_the_order_of_standards_does_not_matter() -> None:
    mu = sample({1: 0.5, 2: 0.3, 6: 0.2}, shift=0.2)
    first = fit_mixtures(SAMPLE, mu, STANDARDS).table
    for seed in range(2):
        turned = [STANDARDS[k] for k in np.random.default_rng(seed).permutation(8)]
        again = fit_mixtures(SAMPLE, mu, turned).table
        assert first["compounds"].tolist() == again["compounds"].tolist()
        for name in ("r_factor", "shift", "oxidation_state", "oxidation_state_error"):
            np.testing.assert_allclose(again[name], first[name], rtol=1e-3, atol=1e-6)


def test_several_measurements_of_one_compound_stand_for_one_compound() -> None:
    worse = standard(5, moved=0.8, name="worse")
    result = fit_mixtures(SAMPLE, sample({0: 0.4, 5: 0.6}), [worse, *STANDARDS])
    assert all(len(set(compounds)) == len(compounds) for compounds in result.table["compounds"])
    assert result.table["standards"].iloc[0] == ("file 5", "file 0")


def test_a_shift_beyond_the_limit_is_said() -> None:
    result = fit_mixtures(SAMPLE, sample({0: 0.4, 5: 0.6}, shift=1.5), STANDARDS, shift_limit=0.3)
    assert (result.table["shift"].abs() <= 0.3).all()
    assert any("limit of 0.3 eV" in text for text in result.warnings)
    fixed = fit_mixtures(SAMPLE, sample({0: 0.4, 5: 0.6}), STANDARDS, shift_limit=0)
    assert (fixed.table["shift"] == 0).all()
    assert fixed.table["shift_error"].isna().all()


def test_a_missing_standard_is_said() -> None:
    result = fit_mixtures(SAMPLE, sample({0: 1.0}), [STANDARDS[3], STANDARDS[5]])
    assert any("a standard may be missing" in text for text in result.warnings)
    assert result.table["reduced_chi_square"].iloc[0] > 10


def test_standards_of_other_elements_and_short_ones_are_passed_over() -> None:
    manganese = standard(1, absorber="Mn", energy=np.arange(6450.0, 6700, 0.5))
    short = standard(2, name="short", energy=np.arange(7112.0, 7230, 0.25))
    result = fit_mixtures(SAMPLE, sample({0: 0.4, 5: 0.6}), [*STANDARDS, manganese, short])
    assert set(told(result)) == {"compound 0", "compound 5"}
    assert result.warnings == ("left out as too short: short",)


def test_values_that_are_not_known_have_no_mean() -> None:
    unknown = [standard(number, bond_length=float("nan")) for number in range(8)]
    first = fit_mixtures(SAMPLE, sample({0: 0.4, 5: 0.6}), unknown).table.iloc[0]
    assert np.isnan(first["bond_length"])
    assert np.isnan(first["bond_length_error"])
    assert np.isfinite(first["oxidation_state_error"])


def test_forty_standards_in_threes_take_seconds() -> None:
    many = [standard(number) for number in range(40)]
    start = time.perf_counter()
    result = fit_mixtures(SAMPLE, sample({11: 0.5, 25: 0.3, 33: 0.2}), many)
    assert time.perf_counter() - start < 20
    assert set(told(result)) == {"compound 11", "compound 25", "compound 33"}


def test_too_many_combinations_are_searched_among_the_likeliest() -> None:
    many = [standard(number) for number in range(60)]
    result = fit_mixtures(SAMPLE, sample({11: 0.4, 25: 0.3, 33: 0.2, 40: 0.1}, noise=0.001), many, limit=4)
    assert set(told(result)) == {f"compound {number}" for number in (11, 25, 33, 40)}


def test_no_compound_stands_twice_in_a_combination() -> None:
    rows = _combinations(range(4), 2, ["a", "b", "a", "c"]).tolist()
    assert rows == [[0, 1], [0, 3], [1, 2], [1, 3], [2, 3]]


@pytest.mark.parametrize(
    ("items", "found", "needed"),
    [
        ([], "standards of none", "the same edge"),
        (
            [standard(1, absorber="Mn", energy=np.arange(6450.0, 6700, 0.5))],
            "standards of Mn",
            "the same edge",
        ),
        ([standard(1, energy=np.arange(7115.0, 7230, 0.25))], "end before", "-10 to +30 eV"),
    ],
)
def test_standards_that_do_not_fit_are_refused(items: list[Standard], found: str, needed: str) -> None:
    with pytest.raises(DataError) as caught:
        fit_mixtures(SAMPLE, sample({0: 1.0}), items)
    assert found in caught.value.found
    assert needed in caught.value.needed


def test_a_short_sample_is_refused() -> None:
    short = SAMPLE < 7135
    with pytest.raises(DataError) as caught:
        fit_mixtures(SAMPLE[short], sample({0: 1.0})[short], STANDARDS)
    assert "a sample from" in caught.value.found


def test_a_sample_without_noise_is_refused_unless_told() -> None:
    flat = np.where(SAMPLE > EDGE, 1.0, 0.0)
    with pytest.raises(DataError) as caught:
        fit_mixtures(SAMPLE, flat, STANDARDS)
    assert "noise=0.001" in caught.value.suggestion
    assert len(fit_mixtures(SAMPLE, flat, STANDARDS, noise=0.01).table)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"limit": 0}, "0 compounds"),
        ({"limit": 7}, "7 compounds"),
        ({"window": (10, -10)}, "from 10 to -10"),
        ({"shift_limit": -1}, "-1 eV"),
        ({"shift_limit": float("nan")}, "nan eV"),
        ({"noise": 0.0}, "noise of 0"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], found: str) -> None:
    with pytest.raises(OptionError) as caught:
        fit_mixtures(SAMPLE, sample({0: 1.0}), STANDARDS, **options)
    assert found in caught.value.found


def test_noise_is_told_from_shape() -> None:
    rng = np.random.default_rng(0)
    clean = shape(SAMPLE, 2)
    for noise in (0.002, 0.01, 0.05):
        assert point_noise(SAMPLE, clean + rng.normal(0, noise, len(SAMPLE))) == pytest.approx(
            noise, rel=0.25
        )
    cubic = 1e-6 * (SAMPLE - EDGE) ** 3
    assert point_noise(SAMPLE, cubic) < 1e-10
    assert np.isnan(point_noise(SAMPLE[:8], clean[:8]))


def test_correlated_residuals_count_for_less() -> None:
    rng = np.random.default_rng(0)
    white = rng.normal(size=2000)
    assert correlation_length(white) == pytest.approx(1, abs=0.2)
    # an autoregression of coefficient a has the length (1 + a) / (1 − a): Sokal, in Functional
    # Integration (1997), Monte Carlo methods in statistical mechanics
    slow = np.zeros(20_000)
    for k, kick in enumerate(rng.normal(size=19_999), start=1):
        slow[k] = 0.8 * slow[k - 1] + kick
    assert correlation_length(slow) == pytest.approx(9, rel=0.2)
    assert correlation_length(np.zeros(5)) == 1
