"""What is wrong with a spectrum is said, and what is right with it is not."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError, edge_energy
from edgepair.measured import read_xanes
from edgepair.spectra import normalize_mu
from edgepair.spectra.quality import SpectrumQuality, deglitch, judge_quality

Floats = NDArray[np.float64]
E0 = 7124.0
ENERGY = (
    E0 + np.r_[np.arange(-200, -30, 10.0), np.arange(-30, 45, 0.3), 45 + np.cumsum(np.linspace(1, 4, 260))]
)


def made(energy: Floats = ENERGY, *, white_line: float = 0.4) -> Floats:
    x = energy - E0
    k = np.sqrt(np.clip(x, 0, None) / 3.81)
    edge = 1 / (1 + np.exp(-x / 1.3)) + white_line * np.exp(-0.5 * ((x - 6) / 3) ** 2)
    peak = 0.25 * np.exp(-0.5 * ((x + 12) / 0.9) ** 2)
    waves: Floats = edge + peak + np.where(x > 0, 0.15 * np.sin(3.9 * k + 0.4) * np.exp(-0.03 * k**2), 0)
    return 0.7 * waves + 1.2 - 2e-4 * x


def judged(mu: Floats, *, fluorescence: bool = False) -> SpectrumQuality:
    return judge_quality(normalize_mu(ENERGY, mu, e0=E0), mu=mu, fluorescence=fluorescence)


def near(energy: float) -> int:
    return int(np.abs(ENERGY - E0 - energy).argmin())


def test_a_clean_spectrum_has_no_warnings() -> None:
    found = judged(made())
    assert found.warnings == ()
    assert found.glitches == found.jumps == found.constant == ()
    assert found.noise < 1e-3
    assert found.energy_step == pytest.approx(0.3)
    assert found.reach == (pytest.approx(-200), pytest.approx(ENERGY[-1] - E0))
    assert found.white_line == pytest.approx(1.4, abs=0.15)


@pytest.mark.parametrize("sigma", [0.002, 0.01, 0.04])
def test_noise_is_measured_in_edge_steps(sigma: float) -> None:
    rng = np.random.default_rng(3)
    noise = [judged(made() + 0.7 * rng.normal(0, sigma, len(ENERGY))).noise for _ in range(10)]
    assert np.mean(noise) == pytest.approx(sigma, rel=0.15)


@pytest.mark.parametrize("post", [None, (15.0, 60.0), (80.0, 200.0)])
def test_glitches_are_found_beyond_a_post_edge_that_was_given(post: tuple[float, float] | None) -> None:
    mu = made()
    mu[near(90)] += 0.2
    ranges: dict[str, Any] = {"pre": (-150.0, -40.0), "post": post}
    found = judge_quality(normalize_mu(ENERGY, mu, e0=E0, **ranges), mu=mu)
    assert found.glitches == (pytest.approx(ENERGY[near(90)]),)
    cleaned, replaced = deglitch(ENERGY, mu, e0=E0, **ranges)
    assert replaced == found.glitches
    np.testing.assert_allclose(cleaned, made(), atol=0.02)


def test_glitches_are_replaced_where_only_a_given_range_normalises() -> None:
    """A rise before the edge so steep that the default pre-edge makes the step negative."""
    mu = made()
    mu[near(90)] += 0.2
    mu += np.where(ENERGY < E0 - 28, 0.2 * (ENERGY - E0 + 28), 0)
    with pytest.raises(DataError, match="cannot normalise"):
        deglitch(ENERGY, mu, e0=E0)
    _, replaced = deglitch(ENERGY, mu, e0=E0, pre=(-27.0, -17.0))
    assert ENERGY[near(90)] in replaced


def test_noise_alone_is_no_glitch() -> None:
    rng = np.random.default_rng(4)
    found = judged(made() + 0.7 * rng.normal(0, 0.01, len(ENERGY)))
    assert found.glitches == found.jumps == ()


@pytest.mark.parametrize("at", [-120.0, -20.0, 15.0, 150.0])
@pytest.mark.parametrize("height", [0.3, -0.3])
@pytest.mark.parametrize("width", [1, 2])
def test_a_glitch_is_found_where_it_is_and_taken_out(at: float, height: float, width: int) -> None:
    mu = made()
    first = near(at)
    mu[first : first + width] += height
    found = judged(mu)
    assert len(found.glitches) == 1
    assert found.glitches[0] == pytest.approx(ENERGY[first : first + width].mean())
    assert "1 glitch at" in found.warnings[-1]
    cleaned, replaced = deglitch(ENERGY, mu, e0=E0)
    assert replaced == tuple(ENERGY[first : first + width])
    np.testing.assert_allclose(cleaned, made(), atol=0.01)
    kept = np.ones(len(mu), dtype=bool)
    kept[first : first + width] = False
    np.testing.assert_array_equal(cleaned[kept], mu[kept])


def test_without_glitches_nothing_is_replaced() -> None:
    cleaned, replaced = deglitch(ENERGY, made())
    assert replaced == ()
    np.testing.assert_array_equal(cleaned, made())


def test_a_jump_is_found() -> None:
    mu = made()
    mu[near(180) :] -= 0.15
    found = judged(mu)
    assert len(found.jumps) == 1
    assert found.jumps[0] == pytest.approx(E0 + 180, abs=5)
    assert "jumps" in found.warnings[-1]


def test_a_saturated_detector_is_found() -> None:
    mu = made()
    high = slice(near(3), near(12))
    mu[high] = mu[near(3)]
    found = judged(mu)
    assert len(found.constant) == 1
    assert found.constant[0] == (pytest.approx(E0 + 3, abs=1), pytest.approx(E0 + 12, abs=1))
    assert any("saturated" in text for text in found.warnings)


def test_self_absorption_is_suspected_in_fluorescence_only() -> None:
    damped = made(white_line=0.0)
    damped = 1.2 + 0.7 * np.minimum((damped - 1.2) / 0.7, 1.0)
    assert any("self-absorption" in text for text in judged(damped, fluorescence=True).warnings)
    assert not any("self-absorption" in text for text in judged(damped).warnings)
    assert not any("self-absorption" in text for text in judged(made(), fluorescence=True).warnings)


def test_coarse_steps_are_said() -> None:
    energy = np.arange(7000.0, 7400.0, 2.0)
    found = judge_quality(normalize_mu(energy, made(energy), e0=E0))
    assert any("coarse" in text for text in found.warnings)


def test_good_measured_spectra_are_not_called_bad(
    shared: Path, readable_rows: Callable[[dict[str, str]], bool]
) -> None:
    """Files graded A: at most one in twenty may be warned of for noise, glitches or jumps."""
    experiment = shared / "data" / "experiment"
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["quality"] == "A" and readable_rows(row)]
    bad, seen = [], 0
    for row in rows[::2]:
        if row["item"] or "c12/c11" in row["mu_definition"]:
            continue
        scan = read_xanes(experiment / row["file"])[0]
        spectrum = normalize_mu(scan.energy, scan.mu, near=edge_energy(row["element"]))
        found = judge_quality(spectrum, mu=scan.mu)
        seen += 1
        if found.glitches or found.jumps or found.constant or found.noise > 0.01:
            bad.append(row["file"])
    assert seen > 35
    assert len(bad) <= seen / 20, bad
