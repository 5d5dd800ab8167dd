"""Plain columns in the manners of many beamlines."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgepair.conventions import MeasurementError
from edgepair.measured import read_xanes

Written = Callable[..., Path]

HEADERS = {
    "hash": "# a scan\n# energy  mu\n",
    "percent": "% Energy (eV)   absorption\n",
    "exclamation": "! e, xmu\n",
    "semicolon": "; energy ; mu(E)\n",
    "star": "* comment\n* Energy  mu\n",
    "text": "10.3.2 data file\nDate: today\nsome words here\n\nEnergy (eV)\tAbsorbance\n",
    "none": "",
    "nor": "# Athena data file -- Demeter 0.9.26\n# ///\n#------------------------\n#  energy norm\n",
    "columns": "# Column 1: energy eV\n# Column 2: mu\n",
    "listed": "# columns\n# 1) energy\n# 2) mutrans\n",
    "bom": "\ufeffEnergy mu\n",
}


@pytest.mark.parametrize("header", HEADERS)
def test_any_header(samples: ModuleType, written: Written, header: str) -> None:
    x = samples.energies()
    mark = {"exclamation": ", ", "semicolon": ";", "text": "\t"}.get(header, "   ")
    scan = read_xanes(written(HEADERS[header] + samples.rows(x, samples.absorption(x), mark=mark)))[0]
    np.testing.assert_allclose(scan.mu, samples.absorption(x), rtol=1e-6)
    assert (scan.absorber, scan.energy_unit, scan.warnings) == ("Fe", "eV", ())


@pytest.mark.parametrize(
    ("change", "unit"),
    [
        (lambda text: text.replace("e+", "D+"), "eV"),
        (lambda text: text.replace(".", ","), "eV"),
        (lambda text: "\r\n".join(text.split("\n")), "eV"),
        (lambda text: "energy mu\n" + text, "eV"),
        (lambda text: text + "\x1a", "eV"),
    ],
)
def test_ways_of_writing_numbers(
    samples: ModuleType, written: Written, change: Callable[[str], str], unit: str
) -> None:
    x = samples.energies()
    text = samples.rows(x, samples.absorption(x), digits=".9e")
    scan = read_xanes(written(change(text)))[0]
    np.testing.assert_allclose(scan.energy, x, rtol=1e-9)
    np.testing.assert_allclose(scan.mu, samples.absorption(x), rtol=1e-8)
    assert scan.energy_unit == unit


@pytest.mark.parametrize(
    ("labels", "made"),
    [
        ("energy i0 itrans irefer", "-ln(itrans/i0)"),
        ("Energy I0 I1 I2", "-ln(I1/I0)"),
        ("e(eV) Io It Iref", "-ln(It/Io)"),
        ("energy monitor transmission reference", "-ln(transmission/monitor)"),
        ("Energy:mono mcs:I0 mcs:It mcs:Ir", "-ln(mcs:It/mcs:I0)"),
    ],
)
def test_words_for_intensities(samples: ModuleType, written: Written, labels: str, made: str) -> None:
    x = samples.energies()
    scan = read_xanes(
        written("# " + labels + "\n" + samples.rows(x, *samples.intensities(samples.absorption(x))))
    )[0]
    assert scan.mu_from == made
    np.testing.assert_allclose(scan.mu, samples.absorption(x), atol=1e-6)
    assert scan.reference is not None


def test_fluorescence_and_both(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    fluorescence = 0.01 * i0 * (mu - 0.3)
    scan = read_xanes(written("# energy i0 ifluor\n" + samples.rows(x, i0, fluorescence)))[0]
    assert scan.mu_from == "ifluor/i0"
    both = "# energy i0 itrans ifluor\n" + samples.rows(x, i0, it, fluorescence)
    scan = read_xanes(written(both))[0]
    assert (scan.mu_from, scan.warnings) == ("-ln(itrans/i0)", ())
    assert "ifluor/i0 gives the same spectrum" in scan.mu_reason
    flattened = "# energy i0 itrans ifluor\n" + samples.rows(x, i0, it, 0.01 * i0 * np.tanh(mu))
    scan = read_xanes(written(flattened))[0]
    assert scan.mu_from == "-ln(itrans/i0)"
    assert 'mu="$4/$2" takes it' in scan.warnings[0]
    noise = np.random.default_rng(2).normal(1, 0.05, len(x))
    noisy = "# energy i0 itrans ifluor\n" + samples.rows(x, i0, it * noise, fluorescence)
    assert read_xanes(written(noisy))[0].mu_from == "ifluor/i0"
    np.testing.assert_allclose(read_xanes(written(both), mu="ln($2/$3)")[0].mu, mu, atol=1e-6)
    np.testing.assert_allclose(read_xanes(written(both), mu="c4/c2")[0].mu, 0.01 * (mu - 0.3), atol=1e-6)


def test_detector_that_was_not_connected_is_passed_over(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    dark = np.random.default_rng(1).integers(-20, 20, len(x))
    scan = read_xanes(written("# energy Io It If\n" + samples.rows(x, i0, it, dark)))[0]
    assert scan.mu_from == "-ln(It/Io)"
    assert scan.warnings == ("If/Io shows no edge above its noise and is not used",)
    # A column called mu that holds noise: the intensities beside it count.
    scan = read_xanes(written("# energy mutrans i0 itrans\n" + samples.rows(x, dark / 500, i0, it)))[0]
    assert scan.mu_from == "-ln(itrans/i0)"


def test_column_that_is_not_what_it_is_called(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    flattened = np.tanh(samples.absorption(x))
    scan = read_xanes(written("# energy mutrans i0 itrans\n" + samples.rows(x, flattened, i0, it)))[0]
    np.testing.assert_allclose(scan.mu, flattened, rtol=1e-6)
    assert "may be fluorescence" in scan.warnings[0]
    assert 'mu="ln($3/$4)"' in scan.warnings[0]


def test_prepared_columns_come_first(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    text = "# energy xmu bkg pre_edge post_edge der sec i0\n" + samples.rows(
        x, mu, *(np.ones((6, len(x))) * 2)
    )
    assert read_xanes(written(text))[0].mu_from == "xmu"
    text = "# energy norm nbkg flat fbkg nder nsec\n" + samples.rows(x, mu, mu, mu + 0.1, mu, mu, mu)
    assert read_xanes(written(text))[0].mu_from == "norm"


def test_energy_column_that_reached_the_sample(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    text = "# requested_energy undulator_energy energy mu\n" + samples.rows(x + 1, x + 30, x, mu)
    scan = read_xanes(written(text))[0]
    np.testing.assert_allclose(scan.energy, x, rtol=1e-7)
    assert scan.warnings == ()
    text = "# mono_energy enc_energy mu\n" + samples.rows(x + 1, x, mu)
    scan = read_xanes(written(text))[0]
    np.testing.assert_allclose(scan.energy, x, rtol=1e-7)
    assert "'mono_energy' differs by 1" in scan.warnings[0]
    assert read_xanes(written(text), energy_column="mono_energy")[0].energy[0] == pytest.approx(7033)
    assert read_xanes(written(text), energy_column=1)[0].energy[0] == pytest.approx(7033)


@pytest.mark.parametrize("header", ["", "energy mu\n", "Energy[keV] mu\n"])
def test_kiloelectronvolts(samples: ModuleType, written: Written, header: str) -> None:
    x = samples.energies()
    scan = read_xanes(written(header + samples.rows(x / 1000, samples.absorption(x))))[0]
    np.testing.assert_allclose(scan.energy, x, rtol=1e-7)
    assert scan.energy_unit == "keV"


def test_unit_that_contradicts_the_numbers(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    path = written("Energy(eV) mu\n" + samples.rows(x / 1000, samples.absorption(x)))
    scan = read_xanes(path)[0]
    assert scan.energy[0] == pytest.approx(7032)
    assert scan.warnings == ("energies are labelled eV, and are in keV by their size",)
    with pytest.raises(MeasurementError) as error:
        read_xanes(path, energy_unit="eV")
    assert error.value.suggestion == 'the numbers look like keV: energy_unit="keV"'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("relative", "to 239"),
        ("three", "falls at 7120.6 eV"),
        ("intensity", "$2 i0 (250000"),
    ],
)
def test_ambiguous_columns_are_asked_for(samples: ModuleType, written: Written, text: str, part: str) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    content = {
        "relative": "energy mu\n" + samples.rows(x - 7112, mu),
        "three": samples.rows(x, np.ones_like(x), it),
        "intensity": "energy i0\n" + samples.rows(x, i0),
    }[text]
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(content))
    assert part in error.value.found
    assert error.value.suggestion


def test_column_that_is_the_logarithm_of_two_others(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    scan = read_xanes(written(samples.rows(x, i0, it, np.log(i0 / it))))[0]
    assert scan.mu_from == "column 4"
    assert "as ln(column 2/column 3) is" in scan.mu_reason
    np.testing.assert_allclose(scan.mu, mu, atol=1e-6)


def test_points_are_put_in_order(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    down = read_xanes(written(samples.rows(x[::-1], mu[::-1])))[0]
    np.testing.assert_allclose(down.mu, mu, rtol=1e-6)
    assert down.warnings == ()
    twice = read_xanes(written(samples.rows(np.insert(x, 50, x[50]), np.insert(mu, 50, mu[50] + 0.2))))[0]
    assert twice.mu[50] == pytest.approx(mu[50] + 0.1)
    assert twice.warnings == ("1 points at repeated energies were averaged",)
    order = np.arange(len(x))
    order[[100, 101]] = order[[101, 100]]
    jitter = read_xanes(written(samples.rows(x[order], mu[order])))[0]
    np.testing.assert_allclose(jitter.mu, mu, rtol=1e-6)
    assert "energies go back, by up to 0.8 eV" in jitter.warnings[0]
    lines = samples.rows(x, mu).split("\n")
    lines[10] = lines[10].split()[0] + "  NaN"
    gone = read_xanes(written("\n".join(lines) + "0.0  0.0\n0.0  0.0\n"))[0]
    assert len(gone.energy) == len(x) - 1
    assert "3 of 402 points have no usable value" in gone.warnings[0]


def test_interrupted_scan(samples: ModuleType, written: Written) -> None:
    lines = samples.rows(x := samples.energies(), samples.absorption(x)).split("\n")
    lines[100:100] = ["# beam lost", "waiting for the beam", "# beam back"]
    lines[200:200] = ["7112.0 1.0 3.0"]
    scan = read_xanes(written("\n".join(lines)))[0]
    np.testing.assert_allclose(scan.energy, x, rtol=1e-7)
    assert scan.warnings == ("1 rows that do not have 2 numbers were left out",)


def test_edge_is_recognised(samples: ModuleType, written: Written) -> None:
    for symbol, edge in (("Ca", 4038.5), ("Ti", 4966.0), ("Ni", 8333.0), ("Mo", 20000.0)):
        x = samples.energies(edge)
        text = samples.rows(x, samples.absorption(x, edge), digits=".9g")
        assert read_xanes(written(text))[0].absorber == symbol
    x = samples.energies(7500.0)
    scan = read_xanes(written(samples.rows(x, samples.absorption(x, 7500.0))))[0]
    assert (scan.absorber, scan.edge) == (None, None)
    x = samples.energies()
    scan = read_xanes(
        written("# Element.symbol: Cu\n# Element.edge: K\n" + samples.rows(x, samples.absorption(x)))
    )[0]
    assert (scan.absorber, scan.edge) == ("Fe", "K")
    assert "the file names Cu, whose edges lie outside the scan" in scan.warnings[0]


def test_lines_of_many_labels(samples: ModuleType, written: Written) -> None:
    """Headers in the manner of the Canadian Light Source, of MRCAT and of Diamond's B18."""
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, ir = samples.intensities(mu)
    one = np.ones_like(x)
    quoted = (
        '#(1)\t"Event-ID"\t"BL-ID-1:Energy"\t"MONO:Energy:fbk"\t"mcs03:fbk"\t"mcs04:fbk"\n'
        "# Background counts time=0, 0, 0, 0, 0, 11867.000, 5.0000\n"
    )
    path = written(quoted + samples.rows(one, x, x + 0.01, i0, it, mark=", "))
    scan = read_xanes(path)[0]
    assert scan.mu_from == "ln(mcs03:fbk/mcs04:fbk)"
    np.testing.assert_allclose(scan.mu, mu, atol=1e-6)
    offsets = "MRCAT_XAFS V0.4 Datafile\nE0= 7112.00\nOffsets= 1.00 2.00 3.00 4.00 5.00\n-----\n"
    offsets += "   energy  Io  It  Iref\n"
    assert read_xanes(written(offsets + samples.rows(x, i0, it, ir)))[0].mu_from == "-ln(It/Io)"
    diamond = "# Diamond\n#\n# qexafs_energy\tI0\tIt\tIref\tlnI0It\tlnItIref\n"
    scan = read_xanes(written(diamond + samples.rows(x, i0, it, ir, mu, np.log(it / ir), mark="\t")))[0]
    assert scan.mu_from == "lnI0It"
    assert scan.reference is not None


def test_long_blank_lines_take_no_time(samples: ModuleType, written: Written) -> None:
    """Beside the same rows alone, and a column of many beside one."""
    x = samples.energies()
    rows = samples.rows(x, samples.absorption(x))

    def seconds(text: str, count: int) -> float:
        path = written(text)
        start = time.process_time()
        assert len(read_xanes(path)) == count
        return time.process_time() - start

    alone = min(seconds(rows, 1) for _ in range(3))
    blank = " " * 200_000 + "x\n" + "\n" * 100_000 + "\t" * 3000 + "y\n"
    assert seconds(blank + rows, 1) < 20 * alone
    many = np.tile(samples.absorption(x), (100, 1))
    assert seconds(samples.rows(x, *many), 100) < 100 * alone
