"""Ways of laying columns out that programs and spreadsheets have, for spectra and PDFs alike."""

from __future__ import annotations

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
