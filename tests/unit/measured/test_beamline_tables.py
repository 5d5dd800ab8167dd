"""Tables as beamlines write them: labels in lists, many detectors, motors and clocks among the columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgepair.conventions import MeasurementError
from edgepair.measured import read_xanes
from edgepair.measured.edges import hides_edge
from edgepair.measured.samples import read_measured

Written = Callable[..., Path]


def test_columns_counted_from_zero(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    header = (
        "# column_0: pointInd: index throughout all repeats\n# column_1: energy: averaged energy (eV)\n"
        "# column_2: I0: incident intensity as current (A)\n# column_3: Itr: transmitted intensity (A)\n"
        "#L pointInd energy I0 Itr\n"
    )
    scan = read_xanes(written(header + samples.rows(np.arange(len(x)) + 2074.0, x, i0, it)))[0]
    assert scan.mu_from == "-ln(Itr/I0)"
    np.testing.assert_allclose(scan.energy, x, atol=1e-3)


def test_list_of_labels_among_remarks(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, ir = samples.intensities(samples.absorption(x))
    clock = np.where(x < 7140, 1.0, 1 + (x - 7140).clip(0) / 80)
    header = (
        "# 1-D Scan File\n# 1 mm high, slit 2mm\n# Scan bounds: -100.00 -30.00 20.00\n"
        "#  1) Mono Energy *        3) I0          5) Iref\n#  2) Scaler preset time *  4) It\n#\n"
    )
    scan = read_xanes(
        written(header + samples.rows(x, clock, i0 * clock, it * clock, ir * clock, 20 + x / 7e4))
    )[0]
    assert scan.mu_from == "-ln(It/I0)"
    assert scan.reference is not None


def test_counting_time_is_no_absorption(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    clock = np.where(x < 7125, 1.0, 1 + 0.4 * np.log1p((x - 7125).clip(0) / 4))
    noise = 1 + 1e-4 * np.random.default_rng(1).normal(size=(2, len(x)))
    scan = read_xanes(written(samples.rows(x, clock, i0 * clock * noise[0], it * clock * noise[1])))[0]
    assert "column 2" not in scan.mu_from.split("/")[-1]
    assert scan.mu_from != "column 2"


def test_current_of_a_diode_is_divided(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    beam = 0.5 * (1 + 0.01 * np.sin(x / 1.7) + 0.02 * np.sin(x / 9))
    diode = 0.1 * beam * (1 - np.exp(-mu))
    scan = read_xanes(
        written("#enc_energy VFC01 VFC02 VFC04\n" + samples.rows(x, beam, 5 * beam * np.exp(-mu), diode))
    )[0]
    assert scan.mu_from == "ln(VFC01/VFC02)"


def test_sample_among_many_counters(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x, height=0.4)
    n = np.arange(len(x))
    random = np.random.default_rng(3)
    time = 1 + (n / 150.0) ** 2
    i0 = 2.5e5 * time * (1 + 0.01 * np.sin(n / 5))
    detectors = [random.poisson((3 + k) * 100 * time * (1 + 0.2 * mu)) for k in range(14)]
    columns = [x, *detectors[:7], i0, i0 * np.exp(-mu), *detectors[7:]]
    scan = read_xanes(written(samples.rows(*(np.round(c, 2) for c in columns))))[0]
    assert scan.absorber == "Fe"
    ready = np.corrcoef(
        scan.mu - np.polyval(np.polyfit(x, scan.mu, 1), x), mu - np.polyval(np.polyfit(x, mu, 1), x)
    )
    assert ready[0, 1] > 0.99


@pytest.mark.parametrize("label", ["fourc_l", "4C Theta", "Epoch"])
def test_positions_and_clocks_are_no_energies(samples: ModuleType, written: Written, label: str) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    first = x if label == "Epoch" else x / 1000
    text = f"#S 1  ascan l 7.03 7.35 400 1\n#N 3\n#L {label}  I0  I1\n" + samples.rows(first, i0, it) + "\n"
    with pytest.raises(MeasurementError, match="cannot find the energies"):
        read_xanes(written(text))


def test_edges_of_other_shells_are_named(samples: ModuleType, written: Written) -> None:
    x = samples.energies(11564.0)
    scan = read_xanes(written("energy mu\n" + samples.rows(x, samples.absorption(x, 11564.0, chemical=0.0))))[
        0
    ]
    assert scan.absorber is None
    assert "L3 edge of Pt" in scan.warnings[-1]
    beam = 1e5 * (1 + 0.01 * np.sin(x / 9))
    table = samples.rows(x, beam, beam * np.exp(-samples.absorption(x, 11564.0, chemical=0.0)))
    with pytest.raises(MeasurementError, match="where Pt L3 lies and no K edge"):
        read_xanes(written(table))


def test_white_line_of_an_l_edge(samples: ModuleType, written: Written) -> None:
    x = samples.energies(5483.0)
    line = 3.5 * np.exp(-0.5 * ((x - 5485) / 3.0) ** 2)
    mu = 0.5 + np.arctan((x - 5483) / 1.5) / np.pi + line + 0.3
    scan = read_xanes(written("energy mu\n" + samples.rows(x, mu)))[0]
    assert scan.absorber is None
    assert "L3 edge of La" in scan.warnings[-1]


def test_columns_as_epics_describes_them(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, ir = samples.intensities(samples.absorption(x))
    header = (
        "## mda2ascii 0.3.2 generated output\n# Extra PV 3: Column.1, energy, \n"
        "# Column Descriptions:\n#    1  [     Index      ]\n"
        "#    2  [1-D Positioner 1]  energy, Mono setpoint, TABLE, eV, energy, Mono setpoint, eV\n"
        "#    3  [1-D Detector   1]  scaler1.S2, I0, cts\n#    4  [1-D Detector   2]  scaler1.S3, It, cts\n"
        "#    5  [1-D Detector   3]  scaler1.S4, Iref, cts\n\n# 1-D Scan Values\n"
    )
    scan = read_xanes(written(header + samples.rows(np.arange(len(x)) + 1.0, x, i0, it, ir)))[0]
    assert scan.mu_from == "-ln(It/I0)"
    assert scan.reference is not None


@pytest.mark.parametrize("label", ["(3) I0Detector_darkCorrect", "I0Detector"])
def test_words_around_a_chamber(samples: ModuleType, written: Written, label: str) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    header = f"#(2) EnergyFeedback\t{label}\t{label.replace('I0', 'I1')}\n"
    scan = read_xanes(written(header + samples.rows(x, i0, it, mark="\t")))[0]
    assert scan.mu_from == f"-ln({label.replace('I0', 'I1')}/{label})"


@pytest.mark.parametrize("header", ["", "# energy signal1 signal2 signal3\n"])
def test_currents_below_zero(samples: ModuleType, written: Written, header: str) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    currents = [-1e-5 * current for current in samples.intensities(mu)]
    scan = read_xanes(written(header + samples.rows(x, *currents)))[0]
    np.testing.assert_allclose(scan.mu, mu, atol=1e-3)


def test_angles_whose_label_says_bragg(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    scan = read_xanes(written("# bragg1WithOffset\tI0\tIt\n" + samples.rows(x, i0, it, mark="\t")))[0]
    np.testing.assert_allclose(scan.energy, x, atol=1e-3)


def test_tables_beside_each_other(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    rows = (f"{a:.2f},{b:.5f},,{a + 1:.2f},{c:.5f}," for a, b, c in zip(x, mu, 1.2 * mu, strict=True))
    scans = read_xanes(written("Energy (eV),Fe2O3 norm.,,Energy (eV),FeO norm.,\n" + "\n".join(rows) + "\n"))
    assert [scan.item for scan in scans] == ["Fe2O3 norm.", "FeO norm."]


def test_column_made_of_two_counters_among_many(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    noise = np.random.default_rng(2).normal(size=(3, len(x)))
    time = 1e5 * (1 + (np.arange(len(x)) / 100.0) ** 2)
    i0, it, ir = (
        time * flux * (1 + 1e-3 * one)
        for flux, one in zip((1.0, np.exp(-mu), np.exp(-2.2 * mu)), noise, strict=True)
    )
    table = samples.rows(x, time, i0, it, ir, np.log(i0 / it), np.log(it / ir))
    scan = read_xanes(written(table))[0]
    np.testing.assert_allclose(scan.mu, np.log(i0 / it), atol=1e-5)


def test_energies_told_by_numbers_are_doubted(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    scan = read_xanes(written("#posX\tSAI01\tSAI02\n" + samples.rows(x / 1000, i0, it, mark="\t")))[0]
    np.testing.assert_allclose(scan.energy, x, atol=1e-3)
    assert "energies from column 'posX' by its numbers alone" in scan.warnings


def test_labels_of_several_words_in_quotes(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    header = (
        '#(1) Event-ID "Energy Setting" $(EnergyAchieved) "Idiode" "I0" "I1" "Delay between scans"\n'
        '#(2) $(Background) "Energy Base" $(Gain)\n# Background counts, 0, 0, 7112.000, 1.6\n'
    )
    rows = samples.rows(np.ones_like(x), x, x + 0.004, 0.1 * i0, i0, it, 1000 + 0 * x)
    assert read_xanes(written(header + rows))[0].mu_from == "-ln(I1/I0)"


def test_what_climbs_all_along_is_a_motor(written: Written) -> None:
    x = np.linspace(7000, 7300, 301)
    jump = 3000 + np.cumsum(1 + 0.5 * np.tanh((x - 7120) / 5))
    for columns in ((x, jump), (x, jump, 20 + 0.01 * np.arange(301))):
        rows = "".join(" ".join(f"{v:.6f}" for v in row) + "\n" for row in zip(*columns, strict=True))
        with pytest.raises(MeasurementError, match="cannot tell which columns"):
            read_xanes(written(rows))


def test_chambers_behind_a_monitor_that_stands_still(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, ir = samples.intensities(samples.absorption(x))
    rows = samples.rows(x, 1000 + 0 * x, i0, it, ir)
    scan = read_xanes(written("#S 4  exafs\n#N 5\n#L Energy  mon0  ic1  ic2  ic3\n" + rows))[0]
    assert scan.mu_from == "-ln(ic2/ic1)"


def test_second_sample_behind_one_monitor_is_named(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    other = i0 * np.exp(-0.5 * samples.absorption(x) - 0.3 * np.exp(-(((x - 7150) / 8) ** 2)))
    scan = read_xanes(written("#energy I0 It_a It_b\n" + samples.rows(x, i0, it, other)))[0]
    assert scan.mu_from == "-ln(It_a/I0)"
    assert any("ln($2/$4)" in warning for warning in scan.warnings), scan.warnings


@pytest.mark.parametrize("beside", ["H  K  L", "Energy  L  M"])
def test_angles_of_a_diffractometer_are_no_energies(
    beside: str, samples: ModuleType, written: Written
) -> None:
    angle = np.linspace(16.078, 16.5, 120)
    i0 = 3e5 * (1 + 0.01 * np.sin(np.arange(120)))
    it = i0 * (0.9 - 0.1 * np.tanh((angle - 16.3) / 0.01))
    rows = samples.rows(angle, 15 + 0 * angle, 1e-5 * angle, 6 + 0 * angle, i0, it)
    text = f"#S 1 ascan th 16 16.5 120 1\n#L theta  {beside}  ic0  ic1\n" + rows
    with pytest.raises(MeasurementError, match="cannot find the energies"):
        read_xanes(written(text))


@pytest.mark.parametrize("sign", [1, -1])
def test_soft_x_rays_are_named(sign: int, samples: ModuleType, written: Written) -> None:
    x = sign * np.linspace(690, 740, 120)
    rows = samples.rows(x, 0.2 + (abs(x) > 707), 1 + 0.001 * x)
    with pytest.raises(MeasurementError, match="soft x-rays"):
        read_xanes(written("#Energy TEY I0\n" + rows))


def test_counts_over_energies_are_no_intensity_over_q(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    counts = np.random.default_rng(2).poisson(50, len(x))
    with pytest.raises(MeasurementError) as raised:
        read_measured(written("#energy counts\n" + samples.rows(x, counts)), None, {}, {})
    assert "absorption" in raised.value.problem


def test_few_counts_without_a_monitor(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    beam = np.linspace(2000, 1500, len(x))
    counts = np.random.default_rng(5).poisson(beam * (1 + 0.06 * samples.absorption(x, height=1.0)))
    scan = read_xanes(written("#energy counts\n" + samples.rows(x, counts)))[0]
    assert (scan.mu_from, scan.absorber) == ("counts", "Fe")
    assert any("means of four" in warning for warning in scan.warnings), scan.candidates
    for seed in range(30):
        noise = np.random.default_rng(seed).poisson(beam)
        with pytest.raises(MeasurementError):
            read_xanes(written("#energy counts\n" + samples.rows(x, noise)))


def test_noise_hides_an_edge_or_does_not() -> None:
    x = np.linspace(0, 1, 200)
    random = np.random.default_rng(0)
    hidden = [hides_edge(random.normal(size=200)) for _ in range(100)]
    shown = [hides_edge(12 * (x > at) + 2 * x + random.normal(size=200)) for at in np.linspace(0.1, 0.9, 50)]
    assert sum(hidden) > 80
    assert not any(shown)


def test_scans_of_motors_among_those_of_energies(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    place = np.linspace(8000, 9000, len(x))
    beam = 1e5 * np.exp(-(((place - 8500) / 200) ** 2)) + 10
    scans = [("energy", x, i0, it), ("mono_pz", place, beam, 0.5 * beam), ("energy", x, i0, it)]
    text = "".join(
        f"#S {n} ascan {name} 1 2 3 1\n#L {name}  I0  I1\n" + samples.rows(*columns) + "\n"
        for n, (name, *columns) in enumerate(scans, 1)
    )
    found = read_xanes(written(text))
    assert [scan.item for scan in found] == ["1", "3"]
    assert "1 items of the file were left out: 2 (no column named for energies" in found[0].warnings[0]


def test_intensities_without_a_sample_are_no_spectrum(samples: ModuleType, written: Written) -> None:
    x = np.linspace(7000, 7300, 201)
    for seed in range(20):
        random = np.random.default_rng(seed)
        i0 = 1e5 * (1 + 0.01 * np.sin(x / 9) + 0.002 * random.normal(size=201))
        it = 0.8 * i0 * (1 + 0.001 * random.normal(size=201))
        with pytest.raises(MeasurementError):
            read_xanes(written("#energy I0 I1\n" + samples.rows(x, i0, it)))


def test_words_of_a_header_are_no_labels(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    header = "#%Edge: K\n#%Det: fluorescence mode\n#%Temp: Room temp\n#%==========\n"
    scan = read_xanes(written(header + samples.rows(x, samples.absorption(x))))[0]
    assert (scan.absorber, scan.mu_from) == ("Fe", "column 2")
