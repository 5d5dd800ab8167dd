"""Shifts are found to a few hundredths of an electronvolt, and foils are read at their first inflection."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from edgepair.conventions import DataError, OptionError, edge_energy
from edgepair.measured import read_xanes
from edgepair.spectra.alignment import best_shift, foil_energy, is_metal, read_foil
from edgepair.spectra.normalization import normalize_mu

Floats = NDArray[np.float64]


def iron(energy: Floats, *, shift: float = 0.0, blur: float = 0.0) -> Floats:
    """Compute something like an iron foil: a shoulder at 7112 eV, the main rise 7 eV higher, waves."""
    fine = np.arange(6900.0, 7500.0, 0.05)
    x = fine - 7112
    k = np.sqrt(np.clip(x - 8, 0, None) / 3.81)
    mu = 0.35 / (1 + np.exp(-x / 0.8)) + 0.65 / (1 + np.exp(-(x - 8) / 1.6))
    mu = mu + 0.1 * np.sin(4.5 * k) * np.exp(-0.02 * k**2)
    if blur:
        mu = gaussian_filter1d(mu, blur / 0.05)
    moved: Floats = np.interp(energy - shift, fine, mu)
    return moved


STEPS = np.r_[np.arange(7000.0, 7100, 5.0), np.arange(7100, 7160, 0.3), np.arange(7160, 7300, 2.0)]


@pytest.mark.parametrize("shift", [-8.0, -0.37, 0.0, 0.1, 2.93])
def test_a_shift_is_found_exactly(shift: float) -> None:
    # the sample lies `shift` too high, so that much has to be taken off
    found, error = best_shift(
        STEPS, 3 - 2 * 0 + 1.7 * iron(STEPS, shift=shift), STEPS + 0.13, iron(STEPS + 0.13)
    )
    assert found == pytest.approx(-shift, abs=0.03)
    assert error < 0.05


def test_slope_scale_and_offset_do_not_matter() -> None:
    mu = 0.02 * iron(STEPS, shift=1.2) - 3e-5 * (STEPS - 7112) + 4
    found, _ = best_shift(STEPS, mu, STEPS, iron(STEPS))
    assert found == pytest.approx(-1.2, abs=0.05)


@pytest.mark.parametrize("blur", [0.6, 1.2])
def test_a_different_resolution_hardly_matters(blur: float) -> None:
    for sample, reference in ((blur, 0.0), (0.0, blur)):
        found, _ = best_shift(STEPS, iron(STEPS, shift=0.5, blur=sample), STEPS, iron(STEPS, blur=reference))
        assert found == pytest.approx(-0.5, abs=0.1)


def test_the_error_covers_what_noise_does() -> None:
    rng = np.random.default_rng(0)
    off, errors = [], []
    for _ in range(40):
        noisy = iron(STEPS, shift=0.4) + rng.normal(0, 0.02, len(STEPS))
        found, error = best_shift(STEPS, noisy, STEPS, iron(STEPS))
        off.append(found + 0.4)
        errors.append(error)
    assert np.std(off) < 0.25
    # a standard error: about two thirds lie within it; with 40 trials surely between these
    assert 0.45 < np.mean(np.abs(off) < errors) <= 1.0


def test_another_edge_cannot_be_aligned() -> None:
    with pytest.raises(DataError, match="cannot align two spectra") as caught:
        best_shift(STEPS + 1500, iron(STEPS), STEPS, iron(STEPS))
    assert "8500.0 to" in caught.value.found


def test_a_shift_beyond_the_limit_is_refused() -> None:
    with pytest.raises(DataError, match="cannot align"):
        best_shift(STEPS, iron(STEPS, shift=4), STEPS, iron(STEPS), limit=2)


def test_the_first_inflection_is_read_not_the_steepest() -> None:
    energy = np.arange(7050.0, 7250.0, 0.25)
    assert foil_energy(energy, iron(energy), "Fe") == pytest.approx(7112.0, abs=0.15)
    assert foil_energy(energy, iron(energy, shift=-6.5), "Fe") == pytest.approx(7105.5, abs=0.15)
    assert read_foil(energy, iron(energy, shift=-6.5), "Fe").shift == pytest.approx(6.5, abs=0.15)


def test_no_foil_is_said() -> None:
    energy = np.arange(7050.0, 7250.0, 0.25)
    with pytest.raises(DataError, match="Cu K edge"):
        foil_energy(energy, iron(energy), "Cu")
    with pytest.raises(DataError, match="Fe K edge"):
        foil_energy(energy, -iron(energy), "Fe")
    with pytest.raises(OptionError):
        foil_energy(energy, iron(energy), "Xx")


def test_an_oxide_in_the_foil_s_place_is_not_used() -> None:
    energy = np.arange(7050.0, 7250.0, 0.25)
    x = energy - 7125
    oxide = 1 / (1 + np.exp(-x / 1.2)) + 0.9 * np.exp(-0.5 * ((x - 5) / 2.5) ** 2)
    with pytest.raises(DataError, match="white line"):
        read_foil(energy, oxide, "Fe")


TABULATED = {"Ti": 4966, "V": 5465, "Cr": 5989, "Mn": 6539, "Fe": 7112, "Co": 7709, "Ni": 8333, "Cu": 8979}
"""eV; the scale of the index of measured spectra (its README)."""


def test_the_scale_is_the_index_s() -> None:
    assert {name: edge_energy(name) for name in TABULATED} == TABULATED


def test_foils_are_read_as_the_index_reads_them(shared: Path) -> None:
    experiment = shared / "data" / "experiment"
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if "own simultaneous" in row["calibration"]]
    off = []
    for row in rows[::3]:
        (scan,) = read_xanes(experiment / row["file"])
        assert scan.reference is not None, row["file"]
        found = read_foil(*scan.reference, row["element"])
        off.append(found.shift - float(row["suggested_energy_shift_eV"]))
    assert len(off) > 30
    assert np.abs(off).max() < 0.15
    assert np.median(np.abs(off)) < 0.06


def test_metals_are_recognised(shared: Path) -> None:
    files = sorted((shared / "data" / "experiment" / "foils").glob("*.xdi"))
    assert len(files) == 11
    for file in files:
        symbol = file.name.split("__")[1].split("-")[0]
        (scan,) = read_xanes(file, mu="ln($6/$7)")
        reading = read_foil(scan.energy, scan.mu, symbol)
        assert reading.warnings == (), file.name
        assert abs(reading.shift) < 3, file.name


def test_compounds_are_not_taken_for_foils(
    shared: Path, readable_rows: Callable[[dict[str, str]], bool]
) -> None:
    """On any energy scale: most of these have no calibration, and some are 10 eV off."""
    experiment = shared / "data" / "experiment"
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"].endswith(".xdi") and not row["item"]]
    rows = [row for row in rows if row["mu_definition"] != "-ln(c12/c11)"]  # columns without a meaning
    rows = [row for row in rows if readable_rows(row)]
    tried = 0
    for row in rows[::2]:
        (scan, *_) = read_xanes(experiment / row["file"])
        try:
            reading = read_foil(scan.energy, scan.mu, row["element"])
        except DataError:
            continue
        finally:
            tried += 1
        assert reading.warnings, row["file"]
    assert tried > 70


@pytest.mark.parametrize("scale", [-12.0, 0.0, 9.0])
def test_a_metal_is_told_from_its_compounds_on_any_scale(shared: Path, scale: float) -> None:
    experiment = shared / "data" / "experiment"
    like_metals = ("Ti/bmm-standards__Ti-K-TiO.xdi", "V/xaslib__VO.xdi", "Cu/bmm-standards__Cu-Cu2O.xdi")
    for name in like_metals:
        (scan,) = read_xanes(experiment / "xanes" / name)
        symbol = name.split("/")[0]
        assert not is_metal(normalize_mu(scan.energy + scale, scan.mu, near=TABULATED[symbol]), symbol), name
    for file in sorted((experiment / "foils").glob("*.xdi")):
        symbol = file.name.split("__")[1].split("-")[0]
        (scan,) = read_xanes(file, mu="ln($6/$7)")
        assert is_metal(normalize_mu(scan.energy + scale, scan.mu, near=TABULATED[symbol]), symbol), file.name


def test_the_shape_of_other_metals_is_not_judged() -> None:
    energy = np.arange(7050.0, 7350.0, 0.25)
    assert not is_metal(normalize_mu(energy, iron(energy)), "Zr")
