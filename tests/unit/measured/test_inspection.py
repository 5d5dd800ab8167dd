"""What is understood of a spectrum, how its energies are calibrated, and that it survives being written."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.conventions import DataError, MeasurementError, OptionError, OutputError
from edgepair.measured import XanesScan, read_xanes
from edgepair.measured.xanes.calibration import MARK, calibrate_scan, read_foil_scan
from edgepair.measured.xanes.inspection import calibrated, inspect_xanes, is_fluorescence
from edgepair.measured.xanes.writing import write_xdi
from edgepair.spectra.alignment import FoilReading, foil_spectra

Floats = NDArray[np.float64]
ENERGY = 7112 + np.r_[np.arange(-180, -30, 10.0), np.arange(-30, 60, 0.3), np.arange(60, 600, 3.0)]


def edge(at: float, *, width: float = 1.3, white_line: float = 0.4) -> Floats:
    x = ENERGY - at
    line = white_line * np.exp(-0.5 * ((x - 6) / 3) ** 2)
    mu: Floats = 1 / (1 + np.exp(-x / width)) + line
    return mu


def foil(shift: float = 0.0) -> Floats:
    x, foils = foil_spectra()
    mu: Floats = np.interp(ENERGY - 7112 - shift, x, foils["Fe"])
    return mu


def scan(**changes: object) -> XanesScan:
    made = XanesScan(
        file="sample.xdi", item="", format="XDI", energy=ENERGY, mu=0.8 * edge(7124.0) + 1.1,
        mu_from="-ln(itrans/i0)", absorber="Fe", edge="K",
        header={"Sample.name": "FeOOH", "Facility.name": "a ring", "Column.1": "energy eV"},
    )  # fmt: skip
    return replace(made, **changes)


def test_a_shift_that_was_given_counts_first() -> None:
    with_foil = scan(reference=(ENERGY, foil(1.5)))
    reading = FoilReading(7110.0, 2.0)
    assert calibrate_scan(with_foil, shift=0.4, foil=reading).shift == 0.4
    assert calibrate_scan(with_foil, foil=reading).source == "foil file"
    own = calibrate_scan(with_foil)
    assert own.source == "foil in the scan"
    assert own.shift == pytest.approx(-1.5, abs=0.1)
    assert own.error < 0.5


def test_without_a_foil_the_likely_error_is_said() -> None:
    found = calibrate_scan(scan())
    assert (found.shift, found.source, found.error) == (0.0, "", 2.0)
    assert "2 eV" in found.warnings[0]


def test_a_compound_in_the_foil_s_place_is_not_used() -> None:
    found = calibrate_scan(scan(reference=(ENERGY, edge(7124.0, white_line=0.9))))
    assert found.shift == 0.0
    assert "of no use" in found.warnings[0]


def test_a_foil_file_is_read_from_either_channel() -> None:
    metal = scan(mu=foil(0.7), reference=None)
    assert read_foil_scan((metal,), None, "fe.xdi").shift == pytest.approx(-0.7, abs=0.1)
    beside = scan(reference=(ENERGY, foil(0.7)))
    assert read_foil_scan((beside,), "Fe", "fe.xdi").shift == pytest.approx(-0.7, abs=0.1)
    with pytest.raises(MeasurementError, match=r"fe\.xdi"):
        read_foil_scan((scan(mu=edge(7124.0, white_line=0.9)),), "Fe", "fe.xdi")


def test_keys_are_the_documented_ones() -> None:
    entry = inspect_xanes(scan()).to_json()
    assert list(entry) == [
        "item", "n_points", "absorber", "edge", "e0", "energy_first", "energy_last", "energy_unit",
        "mu_from", "mu_reason", "candidates", "edge_step", "noise", "warnings",
    ]  # fmt: skip
    assert entry["e0"] == pytest.approx(7124, abs=3)
    assert entry["edge_step"] == pytest.approx(0.8, abs=0.02)
    assert entry["energy_first"] == pytest.approx(ENERGY[0])


def test_a_shift_asked_for_moves_energies_one_found_does_not() -> None:
    plain = inspect_xanes(scan())
    moved = inspect_xanes(scan(), shift=1.25)
    assert moved.e0 == pytest.approx(plain.e0 + 1.25)
    assert moved.to_json()["energy_last"] == pytest.approx(ENERGY[-1] + 1.25)
    own = inspect_xanes(scan(reference=(ENERGY, foil(1.5))))
    assert own.e0 == plain.e0
    assert any("would calibrate" in text for text in own.warnings)
    spectrum = calibrated(own)
    assert spectrum is not None
    assert spectrum.e0 == pytest.approx(plain.e0 - 1.5, abs=0.1)


def test_what_cannot_be_normalised_is_told_not_raised() -> None:
    found = inspect_xanes(scan(mu=np.linspace(2, 1, len(ENERGY))))
    assert found.spectrum is None
    assert found.problem.startswith("cannot ")
    assert found.to_json()["e0"] is None
    with pytest.raises(MeasurementError, match="cannot write"):
        write_xdi("out.xdi", found)


def test_ranges_are_those_asked_for_and_move_with_the_energies() -> None:
    plain, asked = inspect_xanes(scan()), inspect_xanes(scan(), pre=(-120.0, -40.0), post=(80.0, 300.0))
    assert plain.spectrum is not None
    assert asked.spectrum is not None
    assert (asked.spectrum.pre, asked.spectrum.post) == ((-120, -40), (80, 300))
    assert (plain.spectrum.pre, plain.spectrum.post) != (asked.spectrum.pre, asked.spectrum.post)
    moved = inspect_xanes(scan(), pre=(-120.0, -40.0), post=(80.0, 300.0), shift=1.5)
    assert moved.spectrum is not None
    np.testing.assert_array_equal(moved.spectrum.mu, asked.spectrum.mu)
    only = inspect_xanes(scan(), pre=(-120.0, -40.0))
    assert only.spectrum is not None
    assert only.spectrum.post == plain.spectrum.post


def test_a_range_out_of_reach_is_told_with_its_cure_one_that_cannot_be_is_raised() -> None:
    found = inspect_xanes(scan(), pre=(-900.0, -700.0))
    assert isinstance(found.error, DataError)
    assert "pre=" in found.error.suggestion
    assert found.problem == f"{found.error.problem}: {found.error.found}"
    assert found.problem in found.warnings
    assert inspect_xanes(scan()).error is None
    assert inspect_xanes(scan()).problem == ""
    with pytest.raises(OptionError, match="-30 to -150"):
        inspect_xanes(scan(), pre=(-30.0, -150.0))


def test_the_ranges_stand_in_what_is_written(tmp_path: Path) -> None:
    found = inspect_xanes(scan(), pre=(-120.0, -40.0), post=(80.0, 300.0))
    (back,) = read_xanes(write_xdi(tmp_path / "out.xdi", found))
    assert back.header["Edgepair.pre_edge"].startswith("-120.000 to -40.000 eV")
    assert back.header["Edgepair.post_edge"].startswith("80.000 to 300.000 eV")


def test_the_wrong_element_is_noticed() -> None:
    found = inspect_xanes(scan(absorber="Cu"))
    assert any("no edge near 8979 eV" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("step", "mu_from", "said"),
    [(3.4, "-ln(itrans/i0)", "saturation"), (0.01, "ln(i0/it)", "weak"), (3.4, "ifluor/i0", "")],
)
def test_samples_too_thick_or_thin_are_said(step: float, mu_from: str, said: str) -> None:
    found = inspect_xanes(scan(mu=step * edge(7124.0), mu_from=mu_from), shift=0.0)
    text = " ".join(found.warnings)
    assert (said in text) if said else ("saturation" not in text)


@pytest.mark.parametrize(
    ("mu_from", "expected"),
    [
        ("-ln(itrans/i0)", False),
        ("ln($5/$6)", False),
        ("xmu", False),
        ("($8+$9)/$5", True),
        ("mufluor", True),
    ],
)
def test_fluorescence_is_told_by_how_mu_was_made(mu_from: str, expected: bool) -> None:
    assert is_fluorescence(mu_from) is expected


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    found = inspect_xanes(scan(reference=(ENERGY, foil(1.5)), energy_shift=0.25))
    target = write_xdi(tmp_path / "out.xdi", found, replaced=(7200.0,))
    (back,) = read_xanes(target)
    spectrum = calibrated(found)
    assert spectrum is not None
    np.testing.assert_allclose(back.energy, spectrum.energy, atol=1e-6)
    np.testing.assert_allclose(back.mu, spectrum.mu, atol=1e-6)
    assert (back.absorber, back.edge) == ("Fe", "K")
    assert back.header["Sample.name"] == "FeOOH"
    assert back.header["Edgepair.deglitched"] == "7200.00 eV"
    assert "7113.5" in back.header[MARK]
    # it is calibrated now, and normalising it again changes nothing
    again = inspect_xanes(back)
    assert again.calibration.source == "file"
    assert again.spectrum is not None
    assert again.spectrum.edge_step == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(again.spectrum.mu, spectrum.mu, atol=1e-5)


def test_a_header_cannot_break_the_file(tmp_path: Path) -> None:
    odd = scan(header={"Sample.name": "two\nlines\n1 2", "Sample.prep": "   "}, mu_from="ln(\n$1/$2)")
    (back,) = read_xanes(write_xdi(tmp_path / "out.xdi", inspect_xanes(odd)))
    assert len(back.energy) == len(ENERGY)
    assert back.header["Sample.name"] == "two\\nlines\\n1 2"


def test_an_unwritable_place_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        write_xdi(tmp_path / "nowhere" / "out.xdi", inspect_xanes(scan()))
    assert list(tmp_path.iterdir()) == []


def test_measured_files_survive_being_written(
    shared: Path, tmp_path: Path, readable_rows: Callable[[dict[str, str]], bool]
) -> None:
    experiment = shared / "data" / "experiment"
    with (experiment / "xanes_index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if readable_rows(row)]
    for row in rows[::12]:
        options = {"item": row["item"]} if row["item"] else {}
        if "c12/c11" in row["mu_definition"]:
            continue
        found = inspect_xanes(read_xanes(experiment / row["file"], absorber=row["element"], **options)[0])
        (back,) = read_xanes(write_xdi(tmp_path / "out.xdi", found))
        spectrum = calibrated(found)
        assert spectrum is not None
        np.testing.assert_allclose(back.energy, spectrum.energy, atol=1e-6)
        np.testing.assert_allclose(back.mu, spectrum.mu, atol=1e-6)
