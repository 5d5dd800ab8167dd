"""Ways of laying columns out that programs and spreadsheets have, for spectra and PDFs alike."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgepair.conventions import MeasurementError
from edgepair.measured import read_pdf, read_xanes

Written = Callable[..., Path]
Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


def _rows(*columns: np.ndarray, mark: str = "\t") -> str:
    return "".join(mark.join(f"{v:.6g}" for v in row) + "\n" for row in zip(*columns, strict=True))


def _grouped(x: Columns, mark: str, group: str) -> str:
    rows = (mark.join(f"{v:,.2f}".replace(",", group) for v in row) for row in zip(*x, strict=True))
    return f"Energy{mark}I0{mark}It\n" + "\n".join(rows) + "\n"


LAYOUTS: dict[str, Callable[[Columns], str | bytes]] = {
    "wide text without a mark": lambda x: ("energy\ti0\tit\n" + _rows(*x)).encode("utf-16-le"),
    "wide text, big end first": lambda x: ("energy\ti0\tit\n" + _rows(*x)).encode("utf-16-be"),
    "four bytes a character": lambda x: ("energy\ti0\tit\n" + _rows(*x)).encode("utf-32"),
    "groups of digits in quotes": lambda x: "Energy,I0,It\n"
    + "".join(f'"{a:,.2f}","{b:,.1f}","{c:,.1f}"\n' for a, b, c in zip(*x, strict=True)),
    "groups parted by blanks": lambda x: _grouped(x, ";", " "),
    "groups and decimal commas": lambda x: _grouped(x, ";", " ").replace(".", ","),
    "bars": lambda x: "| energy | i0 | it |\n|--|--|--|\n" + "".join(
        f"| {a:.3f} | {b:.6g} | {c:.6g} |\n" for a, b, c in zip(*x, strict=True)
    ),
    "two lines a point": lambda x: "# energy i0 it ring gap\n" + "".join(
        f"{a:.3f} {b:.6g} {c:.6g}\n   200.1 {12 + a / 1e4:.5f}\n" for a, b, c in zip(*x, strict=True)
    ),
    "waves of Igor": lambda x: "IGOR\n" + "".join(
        f"WAVES/D {name}\nBEGIN\n" + "\n".join(map(str, wave)) + "\nEND\n"
        for name, wave in zip(("energy", "i0", "it"), x, strict=True)
    ),
    "JSON": lambda x: json.dumps({"entry": dict(zip(("energy", "i0", "it"), map(list, x), strict=True))}),
    "JSON by row": lambda x: json.dumps(
        [dict(zip(("energy", "i0", "it"), row, strict=True)) for row in zip(*map(list, x), strict=True)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_intensities(samples: ModuleType, written: Written, layout: str) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    scan = read_xanes(written(LAYOUTS[layout]((x, i0, it))))[0]
    assert scan.mu_from == "-ln(it/i0)" or scan.mu_from == "-ln(It/I0)"
    np.testing.assert_allclose(scan.energy, x, atol=0.06)
    np.testing.assert_allclose(scan.mu, mu, atol=1e-3)


def test_pairs_of_columns_have_their_own_energies(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    moved, short = x + 3, 300
    lines = ["Energy (eV),Fe2O3,Energy (eV),FeO"] + [
        f"{a:.3f},{b:.5f}," + (f"{a + 3:.3f},{b:.5f}" if n < short else ",")
        for n, (a, b) in enumerate(zip(x, mu, strict=True))
    ]
    scans = read_xanes(written("\n".join(lines) + "\n"))
    assert [scan.item for scan in scans] == ["Fe2O3", "FeO"]
    assert [len(scan.energy) for scan in scans] == [len(x), short]
    np.testing.assert_allclose(scans[1].energy, moved[:short], atol=1e-3)


def _side_by_side(samples: ModuleType, x: np.ndarray, curves: list[np.ndarray], mark: str) -> str:
    columns, labels = [x], ["Energy"]
    for number, mu in enumerate(curves, start=1):
        i0, it, _ = samples.intensities(mu)
        columns += [i0 * number, it * number]
        labels += [f"I0{mark}{number}", f"It{mark}{number}"]
    return "# " + " ".join(labels) + "\n" + _rows(*columns)


@pytest.mark.parametrize("mark", ["", "_"])
def test_samples_side_by_side_have_intensities_of_their_own(
    samples: ModuleType, written: Written, mark: str
) -> None:
    x = samples.energies()
    curves = [samples.absorption(x, chemical=chemical) for chemical in (9.0, 11.5, 7.0)]
    scans = read_xanes(written(_side_by_side(samples, x, curves, mark)))
    assert [scan.item for scan in scans] == [f"It{mark}{number}" for number in (1, 2, 3)]
    for scan, mu in zip(scans, curves, strict=True):
        assert np.ptp(scan.mu - mu) < 1e-3


def test_parts_of_a_chamber_are_one_scan(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    (scan,) = read_xanes(written(_side_by_side(samples, x, [samples.absorption(x)] * 2, "_")))
    assert np.ptp(scan.mu - samples.absorption(x)) < 1e-3


def test_both_intensities_of_one_edge_are_no_spectra(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    scans = read_xanes(written("# Energy I0 I1\n" + samples.rows(x, -i0, -it)))
    assert [scan.mu_from for scan in scans] == ["-ln(I1/I0)"]


def test_electron_yield_over_its_monitor(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, _, _ = samples.intensities(mu)
    for labels, made in (("Energy I0 TEY", "TEY/I0"), ("Energy keithley1 keithley2", "keithley2")):
        scan = read_xanes(written(f"# {labels}\n" + samples.rows(x, i0, 1e-6 * i0 * mu)))[0]
        assert scan.mu_from.startswith(made)


MONITORED = {
    "# energy Keithley1 Keithley2 Roi_Fe_Ka_1 Roi_Fe_Ka_2\n": "(Roi_Fe_Ka_1+Roi_Fe_Ka_2)/Keithley1",
    "# energy sclr_i0 sclr_x xs_roi01 xs_roi02\n": "(xs_roi01+xs_roi02)/sclr_i0",
    "# energy Mon other det_roi1 det_roi2\n": "(det_roi1+det_roi2)/Mon",
    "": "/column 2",
}


@pytest.mark.parametrize("head", MONITORED)
def test_counts_are_divided_by_the_beam_that_no_label_names(
    samples: ModuleType, written: Written, head: str
) -> None:
    """The beam's glitches are in the counts; a steady second detector, much fainter, sees the hall."""
    x = samples.energies()
    noise = np.random.default_rng(1)
    beam = 2e5 * (1 + 0.05 * noise.standard_normal(len(x))) * (1 - 0.3 * (x > 7180))
    fluorescence = 0.05 * samples.absorption(x)
    counts = [beam * fluorescence * (1 + 2e-3 * noise.standard_normal(len(x))) for _ in range(2)]
    hall = 40 + noise.standard_normal(len(x))
    scan = read_xanes(written(head + samples.rows(x, beam, hall, *counts)))[0]
    assert scan.mu_from.endswith(MONITORED[head])
    assert np.corrcoef(scan.mu, np.interp(scan.energy, x, fluorescence))[0, 1] > 0.999


def test_volts_are_divided_where_both_show_the_structure_of_the_beam(
    samples: ModuleType, written: Written
) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    noise = np.random.default_rng(2)
    beam = 2.0 + 0.05 * noise.standard_normal(len(x))
    assert read_xanes(written(samples.rows(x, beam, 0.3 * beam * mu)))[0].mu_from == "column 3/column 2"
    # A current of the ring has nothing to do with an absorption that was worked out already.
    ring = 400 - 0.02 * np.arange(len(x)) + 0.01 * noise.standard_normal(len(x))
    assert read_xanes(written(samples.rows(x, ring, mu)))[0].mu_from == "column 3"


def test_chambers_are_counted_from_one_where_the_edge_begins_at_the_second(
    samples: ModuleType, written: Written
) -> None:
    x = samples.energies()
    i0, it, ir = samples.intensities(samples.absorption(x))
    scan = read_xanes(written("# energy ION_1 ION_2 ION_3\n" + samples.rows(x, i0, it, ir)))[0]
    assert scan.mu_from == "-ln(ION_2/ION_1)"
    assert scan.reference is not None
    scan = read_xanes(written("# energy beam ION_1 ION_2\n" + samples.rows(x, i0, it, ir)))[0]
    assert scan.mu_from == "ln(beam/ION_1)"


def test_the_beam_alone_is_no_absorption(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0 = 2e5 * (1 + 0.15 * (x > 7110)) - 20 * np.arange(len(x))
    with pytest.raises(MeasurementError, match="make the absorption"):
        read_xanes(written("# energy I0\n" + samples.rows(x, i0)))


def test_percent_of_the_beam(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    scan = read_xanes(written("energy,transmission (%)\n" + samples.rows(x, 100 * np.exp(-mu), mark=",")))[0]
    np.testing.assert_allclose(scan.mu - scan.mu[0], mu - mu[0], atol=1e-6)


def test_labels_of_feff_end_with_a_mark(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    head = "# iron oxide  Feff 9\n#  omega  e  k  mu  mu0  chi  @#\n"
    scan = read_xanes(written(head + samples.rows(x, x - 7121, x - x[0], mu, np.tanh(x - 7121), mu - 1)))[0]
    assert scan.mu_from == "mu"


def test_spectra_of_a_detector_among_the_points_of_spec(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    points = (f"{e:.2f} {a:.1f} {b:.3f}\n@A 1 2 3 4\\\n 5 6 7\n" for e, a, b in zip(x, i0, it, strict=True))
    scan = read_xanes(written("#F a\n\n#S 1 escan\n#N 3\n#L Energy  I0  I1\n" + "".join(points)))[0]
    assert (scan.mu_from, len(scan.energy)) == ("-ln(I1/I0)", len(x))


@pytest.mark.parametrize("packed", [False, True])
def test_groups_of_a_session_of_larix(samples: ModuleType, written: Written, packed: bool) -> None:
    x = samples.energies()

    def array(values: np.ndarray) -> dict[str, object]:
        if not packed:
            return {"__class__": "Array", "__shape__": [len(values)], "value": list(values)}
        value = {"dtype": "<f8", "value": base64.b64encode(values.tobytes()).decode()}
        return {"__class__": "b64ndarray", "__value__": json.dumps(value)}

    lines = ["##LARIX: 1.0      Larch Session File", "##<SYMBOLS: 2>", "<:a:>", "{broken"]
    for name, shift in (("hematite", 0.0), ("wüstite", -3.0)):
        mu = samples.absorption(x + shift)
        group = {"filename": name, "atsym": "Fe", "energy": array(x), "mu": array(mu), "k": array(x[:9])}
        lines += [f"<:{name}:>", json.dumps(group)]
    scans = read_xanes(written(gzip.compress("\n".join(lines).encode()), "a.larix"))
    assert [(scan.item, scan.absorber, scan.mu_from) for scan in scans] == [
        ("hematite", "Fe", "mu"),
        ("wüstite", "Fe", "mu"),
    ]
    with pytest.raises(MeasurementError, match="without groups"):
        read_xanes(written("##LARIX: 1.0\n" + "[" * 100_000 + "\n{}\n", "b.larix"))


def test_what_was_fitted_is_one_spectrum(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    text = "# energy data fit residual Fe2O3 FeO\n" + samples.rows(x, mu, mu, 0 * mu, 0.7 * mu, 0.3 * mu)
    assert [scan.mu_from for scan in read_xanes(written(text))] == ["data"]


def test_millidegrees_of_the_srs_and_its_crystal(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    angle = 1000 * np.degrees(np.arcsin(12398.41984 / (2 * 3.1356 * x)))
    rows = samples.rows(angle[::-1], np.ones_like(x), i0[::-1], it[::-1], digits=".9g")
    scan = read_xanes(written(" &SRS\n SRSRUN=1,SRSTLE='Fe2O3',\n &END\n" + rows))[0]
    assert (scan.format, scan.absorber, scan.mu_from) == ("SRS", "Fe", "-ln(itrans/i0)")
    assert "Si(111), the only common crystal" in scan.warnings[0]
    np.testing.assert_allclose(scan.energy, x, atol=0.02)


def test_angles_that_several_crystals_could_have_are_asked_for(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    angle = np.degrees(np.arcsin(12398.41984 / (2 * 3.1356 * x)))
    flat = samples.rows(angle, 1e5 * np.ones_like(x), 5e4 + x)
    with pytest.raises(MeasurementError) as error:
        read_xanes(written("# theta i0 it\n" + flat))
    assert "lattice spacing" in error.value.found


PDF_LAYOUTS: dict[str, Callable[[np.ndarray, np.ndarray], str]] = {
    "numbers of rows": lambda r, G: ",r,G\n" + _rows(np.arange(len(r)), r, G, mark=","),
    "in quotes": lambda r, G: '"r (Å)","G(r)"\n"' + _rows(r, G, mark='","').replace("\n", '"\n"').rstrip('"'),
    "bars": lambda r, G: "| r | G(r) |\n|--|--|\n" + _rows(r, G, mark=" | "),
    "errors named behind": lambda r, G: "# r\tD(r)\tD(r)_errors\n" + _rows(r, G, 0.01 + abs(G)),
    "JSON": lambda r, G: json.dumps({"r": list(r), "G": list(G)}),
    "waves of Igor": lambda r, G: (
        "IGOR\n"
        + "".join(
            f"WAVES/D {n}\nBEGIN\n" + "\n".join(map(str, w)) + "\nEND\n" for n, w in (("r", r), ("G", G))
        )
    ),
}


def _pdf() -> tuple[np.ndarray, np.ndarray]:
    r = np.arange(0.0, 20.0, 0.02)
    peaks = sum(np.exp(-((r - at) ** 2) / 0.02) for at in np.arange(2.0, 20.0, 0.9))
    q = np.linspace(0.5, 24, 300)
    F = np.sin(np.outer(q, r)) @ (peaks - peaks.mean()) * 0.02
    return r, 2 / np.pi * np.sin(np.outer(r, q)) @ F * (q[1] - q[0])


@pytest.mark.parametrize("layout", PDF_LAYOUTS)
def test_layouts_of_pdfs(written: Written, layout: str) -> None:
    r, G = _pdf()
    curve = read_pdf(written(PDF_LAYOUTS[layout](r, G)))[0]
    np.testing.assert_allclose(np.interp(r, curve.r, curve.G), G, atol=2e-5 * abs(G).max() + 1e-5)


def test_curves_of_pairs_have_their_own_distances(written: Written) -> None:
    r, G = _pdf()
    curves = read_pdf(written("r,G(r),r,G(r)\n" + _rows(r, G, r + 0.01, G, mark=",")))
    assert [curve.item for curve in curves] == ["G(r)", "G(r) (2)"]
    assert curves[1].r[0] == pytest.approx(0.01)


def test_a_function_named_g_without_its_level_is_converted_all_the_same(written: Written) -> None:
    r, G = _pdf()
    r, G = r[100:], G[100:]
    g = 1 + G / (4 * np.pi * 0.083 * r)
    curve = read_pdf(written("# r g(r)\n" + _rows(r, g)))[0]
    np.testing.assert_allclose(curve.G, G, atol=0.01 * abs(G).max())
    assert "g(r)" in curve.warnings[0]


@pytest.mark.parametrize("count", [64, 100, 300])
def test_the_sum_of_a_detector_of_many_elements(samples: ModuleType, written: Written, count: int) -> None:
    x = samples.energies()
    i0, _, _ = samples.intensities(samples.absorption(x))
    noise = np.random.default_rng(3)
    counts = i0 * 0.01 * samples.absorption(x) * (1 + 0.05 * noise.standard_normal((count, len(x))))
    head = "# energy i0 " + " ".join(f"Fe_Ka_ch{n}" for n in range(1, count + 1)) + "\n"
    scan = read_xanes(written(head + samples.rows(x, i0, *counts)))[0]
    assert scan.mu_from == "(Fe_Ka_ch1+Fe_Ka_ch2+Fe_Ka_ch3+Fe_Ka_ch4+…)/i0"
    again = read_xanes(written(head + samples.rows(x, i0, *counts)), mu=scan.candidates[0].expression)[0]
    np.testing.assert_allclose(again.mu, scan.mu)


def test_a_scan_over_two_edges_says_so_where_nobody_named_one(samples: ModuleType, written: Written) -> None:
    x = samples.energies(7709.0, before=100, after=900)
    mu = samples.absorption(x, 7709.0) + 1.2 * samples.absorption(x, 8333.0)
    path = written("# energy mu\n" + samples.rows(x, mu))
    scan = read_xanes(path)[0]
    other = {"Co": "Ni", "Ni": "Co"}[str(scan.absorber)]
    assert any(f"where the K edge of {other} lies" in str(note) for note in scan.warnings)
    assert not any("choose with absorber=" in str(n) for n in read_xanes(path, absorber="Co")[0].warnings)
    alone = written("# energy mu\n" + samples.rows(x, samples.absorption(x, 7709.0)))
    assert not any("choose with" in str(note) for note in read_xanes(alone)[0].warnings)


def test_a_table_that_names_the_sample_in_each_row(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    rows = "".join(
        f"{name},{e:.2f},{m:.5f}\n"
        for name, shift in (("Fe2O3", 0.0), ("FeO", 3.0))
        for e, m in zip(x, samples.absorption(x + shift), strict=True)
    )
    scans = read_xanes(written("sample,energy,mu\n" + rows))
    assert [(scan.item, scan.mu_from, len(scan.energy)) for scan in scans] == [
        ("scan Fe2O3", "mu", len(x)),
        ("scan FeO", "mu", len(x)),
    ]


def test_a_file_of_very_many_pdfs_asks_for_one(written: Written) -> None:
    r, G = _pdf()
    r, G = r[:400:4], G[:400:4]
    wide = "r " + " ".join(f"G{n}" for n in range(300)) + "\n" + _rows(r, *[G] * 300)
    deep = "".join(f"#S {n}\n#L r G(r)\n" + _rows(r, G) for n in range(300))
    for text in (wide, deep):
        with pytest.raises(MeasurementError, match="250"):
            read_pdf(written(text, "a.gr"))
    assert len(read_pdf(written(wide, "a.gr"), item="G7")) == 1


def test_an_angle_called_omega_is_not_the_energy(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    head = "# omega energy i0 it\n"
    scan = read_xanes(written(head + samples.rows(10 + 1e-4 * np.arange(len(x)), x, i0, it)))[0]
    assert scan.energy[0] == pytest.approx(x[0])


def test_wavelengths(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    i0, it, _ = samples.intensities(samples.absorption(x))
    scan = read_xanes(written("# wavelength(A) I0 I1\n" + samples.rows(12398.42 / x, i0, it)))[0]
    np.testing.assert_allclose(scan.energy, x, atol=0.01)
    assert (scan.absorber, scan.mu_from) == ("Fe", "-ln(I1/I0)")
