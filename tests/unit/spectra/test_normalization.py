"""Edges are found where they are, and normalised sanely however short or long the scan."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError, OptionError, edge_energy
from edgepair.measured import read_xanes
from edgepair.spectra import find_e0, normalize_mu
from edgepair.spectra.smoothing import fit_polynomial

Floats = NDArray[np.float64]
E0 = 7124.0


def made(
    energy: Floats, *, e0: float = E0, white_line: float = 0.4, waves: float = 0.15, pre_edge: float = 0.0
) -> Floats:
    """Compute an oxide's spectrum with an edge step of 1 at `e0`, and EXAFS of one shell."""
    x = energy - e0
    k = np.sqrt(np.clip(x, 0, None) / 3.81)
    edge = 1 / (1 + np.exp(-x / 1.3)) + white_line * np.exp(-0.5 * ((x - 6) / 3) ** 2)
    peak = pre_edge * np.exp(-0.5 * ((x + 13) / 0.8) ** 2)
    return edge + peak + np.where(x > 0, waves * np.sin(3.9 * k + 0.4) * np.exp(-0.03 * k**2), 0)


def scan(before: float = 200.0, after: float = 800.0) -> Floats:
    """Choose energies as a step scan does: 10 eV, 0.3 eV at the edge, then wider and wider."""
    fine = np.arange(-30, 40, 0.3)
    far = 40 + np.cumsum(np.linspace(1, 5, 300))
    x = np.r_[np.arange(-before, -30, 10.0), fine, far]
    return E0 + x[(x >= -before) & (x <= after)]


def test_the_steepest_rise_is_found() -> None:
    energy = scan()
    # without a white line the logistic step is steepest at its middle
    assert find_e0(energy, made(energy, white_line=0, waves=0)) == pytest.approx(E0, abs=0.02)


@pytest.mark.parametrize("height", [0.1, 0.6, 1.0])
def test_a_pre_edge_peak_is_not_taken_for_the_edge(height: float) -> None:
    energy = scan()
    plain = find_e0(energy, made(energy))
    assert find_e0(energy, made(energy, pre_edge=height)) == pytest.approx(plain, abs=0.1)


@pytest.mark.parametrize("at", [-120, -5, 3, 60, 250])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_single_glitch_does_not_move_the_edge(at: float, sign: int) -> None:
    energy = scan()
    mu = made(energy)
    plain = find_e0(energy, mu)
    mu[np.abs(energy - E0 - at).argmin()] += 3 * sign
    assert find_e0(energy, mu) == pytest.approx(plain, abs=0.35)


def test_another_element_s_larger_edge_is_not_taken_for_it() -> None:
    energy = np.arange(6350.0, 7400.0, 0.5)
    mu = 0.2 * made(energy, e0=6550) + made(energy, e0=7124)
    assert find_e0(energy, mu, near=edge_energy("Mn")) == pytest.approx(6550, abs=3)
    assert find_e0(energy, mu, near=edge_energy("Fe")) == pytest.approx(7124, abs=3)
    # a scan that is fine at the manganese edge was made for it
    steps = np.r_[np.arange(6350.0, 6520, 10), np.arange(6520, 6600, 0.3), np.arange(6600, 7400, 4.0)]
    assert find_e0(steps, np.interp(steps, energy, mu)) == pytest.approx(6550, abs=3)


def test_a_weak_edge_on_a_steep_background_is_found() -> None:
    energy = scan()
    mu = 0.006 * made(energy, waves=0.05) - 1.6e-3 * (energy - E0)
    assert find_e0(energy, mu, near=7112) == pytest.approx(E0, abs=2)


def test_no_edge_near_the_tabulated_one_is_said() -> None:
    energy = scan()
    with pytest.raises(DataError, match="near 8979 eV") as caught:
        find_e0(energy, made(energy), near=edge_energy("Cu"))
    assert "absorber" in caught.value.suggestion


@pytest.mark.parametrize("mu", [np.zeros(50), -np.arange(50.0)], ids=["flat", "falling"])
def test_what_rises_nowhere_has_no_edge(mu: Floats) -> None:
    with pytest.raises(DataError, match="cannot find an absorption edge"):
        find_e0(np.arange(7100.0, 7150.0), mu)


@pytest.mark.parametrize(
    ("before", "after", "slope", "within"),
    [
        # the errors of the edge step are a few times what truncating measured scans gives
        (200, 800, -4e-4, 0.02),
        (200, 1000, 3e-4, 0.03),
        (200, 300, -4e-4, 0.05),
        (57, 128, -4e-4, 0.08),
        (24, 86, -4e-4, 0.10),
        (40, 54, 0.0, 0.10),
        (15, 45, 0.0, 0.12),
    ],
)
def test_scans_of_any_length_have_about_the_same_edge_step(
    before: float, after: float, slope: float, within: float
) -> None:
    energy = scan(before, after)
    mu = made(energy) + slope * (energy - E0) + (0 if before == 15 else 1.1)
    found = normalize_mu(energy, mu)
    assert found.edge_step == pytest.approx(1, abs=within)
    assert found.mu[energy > E0 + 20].mean() == pytest.approx(1, abs=0.05)
    assert bool(found.warnings) == (after < 100 or before < 23)


def test_the_post_edge_ends_before_another_edge() -> None:
    energy = scan()
    mu = made(energy) - 4e-4 * (energy - E0)
    alone = normalize_mu(energy, mu)
    both = normalize_mu(energy, mu + 1.5 * made(energy, e0=E0 + 281))
    assert both.post[1] < 281 - 10
    assert both.edge_step == pytest.approx(alone.edge_step, rel=0.03)
    assert "another edge 28" in both.warnings[0]


def test_the_pre_edge_starts_after_another_edge() -> None:
    energy = np.arange(6900.0, 7700.0, 0.7)
    mu = made(energy) + 2 * made(energy, e0=7000.0, waves=0.03)
    found = normalize_mu(energy, mu, near=7112)
    assert found.pre[0] > 7000 - E0 + 20
    assert found.edge_step == pytest.approx(1, abs=0.15)


def test_exafs_is_not_another_edge() -> None:
    energy = scan()
    assert normalize_mu(energy, made(energy, waves=0.4)).warnings == ()


def test_a_coarse_pre_edge_is_enough() -> None:
    energy = E0 + np.r_[-150.0, -80.0, -40.0, np.arange(-20, 300, 0.7)]
    found = normalize_mu(energy, made(energy) - 3e-4 * (energy - E0))
    assert found.edge_step == pytest.approx(1, abs=0.05)


def test_ranges_as_given_are_kept_and_judged() -> None:
    energy = scan()
    mu = made(energy)
    found = normalize_mu(energy, mu, e0=E0, pre=(-120, -40), post=(80, 400), degree=1)
    assert (found.e0, found.pre, found.post, found.degree) == (E0, (-120, -40), (80, 400), 1)
    with pytest.raises(DataError, match="post-edge"):
        normalize_mu(energy, mu, post=(2000, 3000))
    with pytest.raises(DataError, match="pre-edge"):
        normalize_mu(energy, mu, pre=(-900, -700))
    with pytest.raises(DataError, match="E0"):
        normalize_mu(energy, mu, e0=9000)
    with pytest.raises(OptionError, match="-30 to -150"):
        normalize_mu(energy, mu, pre=(-30, -150))
    with pytest.raises(OptionError, match="degree 7"):
        normalize_mu(energy, mu, degree=7)


@pytest.mark.parametrize(
    ("ranges", "found", "option"),
    [
        ({"pre": (-150, -150)}, "does not end above its start", "pre="),
        ({"pre": (-50, 20)}, "reaches above the edge", "pre="),
        ({"pre": (-np.inf, -30)}, "not finite", "pre="),
        ({"post": (-10, 200)}, "starts below the edge", "post="),
        ({"post": (50, np.nan)}, "not finite", "post="),
        ({"post": (500, 50)}, "does not end above its start", "post="),
    ],
)
def test_a_range_that_no_spectrum_has_is_refused(
    ranges: dict[str, tuple[float, float]], found: str, option: str
) -> None:
    energy = scan()
    with pytest.raises(OptionError) as caught:
        normalize_mu(energy, made(energy), **ranges)
    assert found in caught.value.found
    assert caught.value.suggestion.startswith(option)
    assert all((caught.value.problem, caught.value.needed))


def test_a_range_that_the_scan_does_not_fill_is_said() -> None:
    energy = scan(before=100, after=300)
    mu = made(energy)
    assert normalize_mu(energy, mu, pre=(-90, -40), post=(60, 250)).warnings == ()
    found = normalize_mu(energy, mu, pre=(-150, -30), post=(50, 500))
    assert [text.partition(":")[0] for text in found.warnings] == [
        "the pre-edge asked for starts before the scan",
        "the post-edge asked for ends after the scan",
    ]
    assert "from -100 eV on" in found.warnings[0]
    with pytest.raises(DataError) as caught:
        normalize_mu(energy, mu, pre=(-150, -120))
    assert "pre=" in caught.value.suggestion


def test_a_range_leaves_out_what_bends_the_line() -> None:
    """A jump in the far pre-edge: the line that is fitted after it gives the true step."""
    energy = scan()
    mu = made(energy, waves=0) + 0.3 * (energy < E0 - 90)
    assert abs(normalize_mu(energy, mu).edge_step - 1) > 0.1
    assert normalize_mu(energy, mu, pre=(-85, -30)).edge_step == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("post", [None, (50.0, 200.0)])
def test_another_edge_ends_what_is_this_one_s_own(post: tuple[float, float] | None) -> None:
    energy = scan()
    mu = made(energy)
    assert normalize_mu(energy, mu, post=post).own_end == np.inf
    other = normalize_mu(energy, mu + 0.8 * made(energy, e0=E0 + 400), post=post)
    assert other.own_end == pytest.approx(380, abs=5)


def test_a_spectrum_upside_down_is_refused() -> None:
    energy = scan()
    with pytest.raises(DataError) as caught:
        normalize_mu(energy, -made(energy), e0=E0)
    assert "sign" in caught.value.suggestion


@pytest.mark.parametrize(
    ("energy", "mu", "found"),
    [
        (np.arange(5.0), np.arange(5.0), r"\(5,\)"),
        (np.arange(20.0)[::-1], np.arange(20.0), "do not increase"),
        (np.arange(20.0), np.full(20, np.nan), "not finite"),
        (np.ones((4, 20)), np.ones((4, 20)), r"\(4, 20\)"),
    ],
)
def test_what_is_no_spectrum_is_refused(energy: Floats, mu: Floats, found: str) -> None:
    with pytest.raises(DataError) as caught:
        normalize_mu(energy, mu)
    assert __import__("re").search(found, caught.value.found)


def test_e0_of_one_compound_agrees_between_beamlines(shared: Path) -> None:
    """Chromates: pre-edge peaks as high as the edge, four beamtimes, calibrated by their foils."""
    experiment = shared / "data" / "experiment"
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["compound"] == "K2CrO4"]
    found = []
    for row in rows:
        if row["suggested_energy_shift_eV"]:
            measured = read_xanes(experiment / row["file"])[0]
            e0 = find_e0(measured.energy, measured.mu, near=edge_energy("Cr"))
            found.append(e0 + float(row["suggested_energy_shift_eV"]))
    assert len(found) >= 7
    assert np.ptp(found) < 0.8  # eV: the index's shifts are good to 0.1 to 0.3
    assert np.mean(found) == pytest.approx(5989 + 18.1, abs=0.5)  # the main edge, not 5993


def test_every_spectrum_of_the_index_is_normalised(
    shared: Path, readable_rows: Callable[[dict[str, str]], bool]
) -> None:
    experiment = shared / "data" / "experiment"
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if readable_rows(row)]
    seen = 0
    for row in rows[::3]:
        if row["quality"] == "C":
            continue
        if "c12/c11" in row["mu_definition"]:
            continue
        options = {"item": row["item"]} if row["item"] else {}
        scans = read_xanes(experiment / row["file"], absorber=row["element"], **options)
        tabulated = edge_energy(row["element"])
        spectrum = normalize_mu(scans[0].energy, scans[0].mu, near=tabulated)
        shift = float(row["suggested_energy_shift_eV"] or 0)
        assert -1 < spectrum.e0 + shift - tabulated < 22, row["file"]
        far = (spectrum.energy > spectrum.e0 + 20) & (spectrum.energy < spectrum.e0 + 60)
        assert spectrum.mu[far].mean() == pytest.approx(1, abs=0.12), row["file"]
        seen += 1
    assert seen > 60


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_polynomials_are_those_of_least_squares(degree: int) -> None:
    rng = np.random.default_rng(degree)
    x = np.sort(rng.uniform(-150.0, 500.0, 80))
    y = rng.normal(size=80) + 1e-3 * x
    np.testing.assert_allclose(fit_polynomial(x, y, degree), np.polyfit(x, y, degree), rtol=1e-9)
    few = x[: degree + 1]
    np.testing.assert_allclose(np.polyval(fit_polynomial(few, few**degree, degree), few), few**degree)
