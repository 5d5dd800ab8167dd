"""Foils are read at their first inflection, and told from the compounds most like their metals."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError, OptionError, edge_energy
from edgepair.measured import read_xanes
from edgepair.spectra.alignment import (
    METALS,
    MISFIT,
    foil_energy,
    foil_spectra,
    is_metal,
    metal_misfit,
    read_foil,
)
from edgepair.spectra.normalization import normalize_mu

Floats = NDArray[np.float64]


def iron(energy: Floats, *, shift: float = 0.0) -> Floats:
    """Lay the spectrum of an iron foil on a scale."""
    x, foils = foil_spectra()
    mu: Floats = np.interp(energy - 7112 - shift, x, foils["Fe"])
    return mu


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
        read_foil(energy, oxide, "Fe", channel=True)
    with pytest.raises(DataError, match="edge steps"):
        read_foil(energy, oxide, "Fe")


@pytest.mark.parametrize("metal", METALS)
def test_scale_offset_and_noise_leave_a_foil_a_foil(metal: str) -> None:
    x, foils = foil_spectra()
    energy = np.arange(-60.0, 90.0, 0.4)
    mu = 1.1 * np.interp(energy - 0.2, x, foils[metal]) + 0.03
    assert metal_misfit(energy, mu, 0.0, metal) < 0.006
    noisy = mu + np.random.default_rng(0).normal(0, 0.01, len(mu))
    assert metal_misfit(energy, noisy, 0.0, metal) < MISFIT
    assert metal_misfit(energy, 0.4 * mu, 0.0, metal) == np.inf


def test_a_scan_that_is_too_short_to_tell_is_no_foil() -> None:
    energy = np.arange(7050.0, 7130.0, 0.25)
    assert not is_metal(normalize_mu(energy, iron(energy)), "Fe")
    assert any("too short" in text for text in read_foil(energy, iron(energy), "Fe").warnings)


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
        found = read_foil(*scan.reference, row["element"], channel=True)
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
    like_metals = (
        "Ti/bmm-standards__Ti-K-TiO.xdi",
        "V/xaslib__VO.xdi",
        "Cu/bmm-standards__Cu-Cu2O.xdi",
        "Cu/CERIC-Reference-Spectra-Repository__Cu2O_111.xdi",
        "Cu/parseq__Cu2O_lnt2.fio",
    )
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
