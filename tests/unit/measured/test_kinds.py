"""Kinds of files that beamlines write: each read as its owner would read it, without an option."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgepair.conventions import MeasurementError, OptionError
from edgepair.measured import read_xanes
from edgepair.measured.xanes.inspection import inspect_xanes, without_glitches

Written = Callable[..., Path]

FLUORESCENCE = [
    ("e i0 i1 Ifch1 Ifch2 Ifch3", "(Ifch1+Ifch2+Ifch3)/i0"),
    ("energy I0 I1 Mn_Kb_mca1 Mn_Kb_mca2 Mn_Kb_mca3", "(Mn_Kb_mca1+Mn_Kb_mca2+Mn_Kb_mca3)/I0"),
    ("Energy Io It FY DeadTime FY_c", "FY_c/Io"),
    ("energy monitor trans DTC1 DTC2 DTC3", "(DTC1+DTC2+DTC3)/monitor"),
    ("Energy I0 It vortex_1 vortex_2 vortex_3", "(vortex_1+vortex_2+vortex_3)/I0"),
    ("energy I0-12 It-12 Zr1 Zr2 Zr3", "(Zr1+Zr2+Zr3)/I0-12"),
]


@pytest.mark.parametrize(("labels", "made"), FLUORESCENCE)
def test_fluorescence_beside_a_dark_transmission(
    samples: ModuleType, written: Written, labels: str, made: str
) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, _, _ = samples.intensities(mu)
    rng = np.random.default_rng(3)
    dark = rng.integers(-5, 5, len(x))
    parts = [1e-3 * i0 * mu * share + rng.normal(0, 0.1, len(x)) for share in (0.3, 0.4, 0.3)]
    if "DeadTime" in labels:
        parts = [parts[0], np.linspace(7, 8, len(x)), parts[0] * 1.08]
    scan = read_xanes(written("# " + labels + "\n" + samples.rows(x, i0, dark, *parts)))[0]
    assert scan.mu_from == made
    assert "is not used" in scan.warnings[0]


HEADS = {
    "comments": ("# scan 1\n# energy mu\n", "# scan 2\n# energy mu\n", ["scan 1", "scan 2"]),
    "nothing": ("", "", ["scan 1", "scan 2"]),
    "words": ("Sweep A\nenergy mu\n", "Sweep B\nenergy mu\n", ["Sweep A", "Sweep B"]),
}


@pytest.mark.parametrize("kind", HEADS)
def test_scans_after_each_other(samples: ModuleType, written: Written, kind: str) -> None:
    first, second, names = HEADS[kind]
    x, u = samples.energies(), samples.energies() + 0.37
    one, other = samples.absorption(x), samples.absorption(u, chemical=0)
    scans = read_xanes(written(first + samples.rows(x, one) + second + samples.rows(u, other)))
    assert [scan.item for scan in scans] == names
    np.testing.assert_allclose(scans[0].mu, one, rtol=1e-5)
    np.testing.assert_allclose(scans[1].mu, other, rtol=1e-5)


def test_up_and_down_is_one_scan(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    up_down = samples.rows(np.r_[x, x[::-1]], np.r_[mu, mu[::-1]])
    assert len(read_xanes(written(up_down))) == 1


LABELS = {
    "labview": "#  1) Mono Energy *\n#  2) Scaler preset time *\n#  3) I0\n#  4) IT\n#\n"
    "#Mono Energy *        Scaler preset time * I0                   IT\n",
    "labview in columns": "#  1) Mono Energy *     3) I0\n#  2) Scaler preset time *     4) IT\n",
    "in one line": "#C 1_Energy (eV) 2_sec 3_i0 4_i1\n",
    "of one width": "#Mono Energy *        Scaler preset time * I0                   IT        \n",
    "french": "# énergie temps I0 It\n",
    "german": "# Photonenergie Zeit I0 I1\n",
    "japanese": "# エネルギー 時間 I0 I\n",
    "russian": "# Энергия время I0 It\n",
    "shouting": "# ENERGY(EV)  TIME  IO  ITRANS\n",
    "none": "",
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_many_programs(samples: ModuleType, written: Written, kind: str) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    # Intensities as large as energies: nothing but their course tells them apart.
    scale = 7100 / np.median(i0)
    scan = read_xanes(written(LABELS[kind] + samples.rows(x, np.ones_like(x), i0 * scale, it * scale)))[0]
    assert scan.candidates[0].expression == "ln($3/$4)"
    np.testing.assert_allclose(scan.mu, mu, atol=2e-4)


def test_rows_of_many_manners(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    quoted = '"Energie (eV)";"µ(E)"\n' + "".join(
        f'"{a:.3f}";"{b:.5f}"\n'.replace(".", ",") for a, b in zip(x, mu, strict=True)
    )
    dated = "date time energy sample\n" + "".join(
        f"2024-05-{1 + n // 86400:02d} 12:{n // 60 % 60:02d}:{n % 60:02d} {a:.3f} {b:.5f}\n"
        for n, (a, b) in enumerate(zip(x, mu, strict=True))
    )
    i0, it, _ = samples.intensities(mu)
    together = "# energy i0 it dark\n" + "".join(
        f"{a:10.3f}{b:14.6E}{c:14.6E}{(-1) ** n:13.5E}\n"
        for n, (a, b, c) in enumerate(zip(x, i0, it, strict=True))
    )
    for text in (quoted, dated, together):
        scan = read_xanes(written(text))[0]
        assert len(scan.energy) == len(x)
        np.testing.assert_allclose(scan.mu, mu, atol=2e-5)


def test_words_and_stars_in_place_of_numbers(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    lines = ("# energy mu\n" + samples.rows(x, samples.absorption(x), digits=".5f")).split("\n")
    for n in range(105, 125, 2):
        lines[n] = lines[n].split()[0] + (" OVRFLW" if n % 4 else " *******")
    scan = read_xanes(written("\n".join(lines)))[0]
    assert len(scan.energy) == len(x) - 10
    assert scan.warnings == ("10 of 400 points have no usable value and were dropped",)
    assert any("no points from" in text for text in inspect_xanes(without(scan, 7118, 7122)).warnings)
    unfinished = read_xanes(written("\n".join(lines).rstrip("\n")[:-3]))[0]
    assert "an unfinished last row was left out" in unfinished.warnings


def without(scan: object, low: float, high: float) -> object:
    """Leave out the points between two energies."""
    from dataclasses import replace

    keep = (scan.energy < low) | (scan.energy > high)  # type: ignore[attr-defined]
    return replace(scan, energy=scan.energy[keep], mu=scan.mu[keep])  # type: ignore[attr-defined, type-var]


def test_overflown_counter_is_not_the_absorption(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    window = np.round(1e-3 * i0 * (mu + 3))
    window[40] = 4294967295
    scan = read_xanes(written(samples.rows(x, x / 1000, i0, it, window, digits=".9g")))[0]
    assert scan.mu_from == "ln(column 3/column 4)"


def test_what_programs_make_of_a_spectrum_is_none(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    smooth = np.convolve(np.pad(mu, 10, mode="edge"), np.ones(21) / 21, mode="valid")
    scans = read_xanes(written("# energy xmu bkg\n" + samples.rows(x, mu, smooth)))
    assert [scan.mu_from for scan in scans] == ["xmu"]
    with pytest.raises(MeasurementError) as error:
        read_xanes(written("# energy deriv\n" + samples.rows(x, np.gradient(mu, x))))
    assert "made of a spectrum by a program" in error.value.found
    with pytest.raises(MeasurementError) as error:
        read_xanes(written(samples.rows(x, np.gradient(mu, x))))
    assert "comes down again" in error.value.found
    k = np.arange(0, 14, 0.05)
    for head in ("# k chi\n", ""):
        with pytest.raises(MeasurementError) as error:
            read_xanes(written(head + samples.rows(k, np.sin(4 * k) * np.exp(-0.02 * k**2))))
        assert "chi(k)" in error.value.found


def test_physics_decides_where_labels_mislead(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    rising = read_xanes(written("# energy transmission(au)\n" + samples.rows(x, mu)))[0]
    assert (rising.absorber, rising.mu_from) == ("Fe", "transmission(au)")
    assert "rises" in rising.mu_reason
    part = read_xanes(written("# energy transmission\n" + samples.rows(x, np.exp(-mu))))[0]
    np.testing.assert_allclose(part.mu, mu, atol=1e-5)
    swapped = read_xanes(written("# energy itrans i0\n" + samples.rows(x, i0, it)))[0]
    assert swapped.candidates[0].expression == "ln($2/$3)"
    assert "not what their labels say" in swapped.warnings[0]
    placeholder = read_xanes(written("# Element.symbol: H\n# energy mu\n" + samples.rows(x, mu)))[0]
    assert (placeholder.absorber, placeholder.edge) == ("Fe", "K")


def test_spectra_without_a_header_are_items(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    many = [samples.absorption(x, height=h) for h in (1.0, 0.8, 1.3, 0.6)]
    scans = read_xanes(written(samples.rows(x, *many)))
    assert [scan.item for scan in scans] == ["column 2", "column 3", "column 4", "column 5"]
    np.testing.assert_allclose(scans[3].mu, many[3], rtol=1e-5)


def test_crystal_of_the_header_turns_angles_into_energies(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    angle = np.degrees(np.arcsin(12398.41984 / (2 * 5.43102 / np.sqrt(11) * x)))
    text = "# Mono.crystal: Si(311)\n# theta mu\n" + samples.rows(angle, samples.absorption(x), digits=".9g")
    np.testing.assert_allclose(read_xanes(written(text))[0].energy, x, atol=0.02)


def test_what_the_user_says_is_taken_or_refused_with_what_the_data_show(
    samples: ModuleType, written: Written
) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    i0, it, _ = samples.intensities(mu)
    path = written("# energy i0 itrans ifluor\n" + samples.rows(x, i0, it, 1e-3 * i0 * np.tanh(mu)))
    assert read_xanes(path, mu="ifluor/i0")[0].mu_from == "ifluor/i0"
    with pytest.raises(MeasurementError) as error:
        read_xanes(path, mu="ln(itrans/i0)")
    assert "falls at" in error.value.found
    assert error.value.suggestion == 'mu="ln(i0/itrans)"'
    with pytest.raises(OptionError) as refused:
        read_xanes(path, absorber="Cu")
    assert 'absorber="Fe"' in refused.value.suggestion


def test_glitches_neither_move_the_step_nor_stay(samples: ModuleType, written: Written) -> None:
    x = samples.energies()
    mu = samples.absorption(x)
    struck = mu.copy()
    struck[20:23] += np.array([1.5, 2.5, 1.2])
    clean = inspect_xanes(read_xanes(written(samples.rows(x, mu)))[0])
    scan = read_xanes(written(samples.rows(x, struck)))[0]
    found = inspect_xanes(scan)
    assert clean.spectrum is not None
    assert found.spectrum is not None
    assert found.quality is not None
    assert found.spectrum.edge_step == pytest.approx(clean.spectrum.edge_step, rel=0.02)
    assert len(found.quality.glitches) == 1
    cured, replaced = without_glitches(scan)
    assert len(replaced) == 3
    np.testing.assert_allclose(cured.mu, mu, atol=0.01)


CASES: dict[str, tuple[list[str], str, float]] = {
    "three_scans_hash.dat": (["mu"] * 3, "Fe", 7125.7),
    "repeats_other_grid.dat": (["mu"] * 3, "Fe", 7125.7),
    "overflow_unlabelled.dat": (["ln(column 4/column 5)"], "Fe", 7125.7),
    "xdi_roi_fluorescence.xdi": (["Sum_Fe_Ka/I0"], "Fe", 7125.8),
    "xmu_bkg_short.xmu": (["xmu"], "Fe", 7125.7),
    "labview_aps_4col_i0_7k.dat": (["-ln(IT/I0)"], "Fe", 7125.7),
    "athena_element_H.prj": (["mu(E) of Athena"], "Fe", 7125.7),
    "textholes_at_edge.dat": (["mu"], "Fe", 7125.1),
    "text_in_table.dat": (["mu"], "Fe", 7125.7),
    "runtogether.dat": (["-ln(it/i0)"], "Fe", 7125.7),
    "spike3_preedge.dat": (["mu"], "Fe", 7125.7),
    "self_absorbed_mufl.dat": (["mufluor"], "Fe", 7121.1),
    "date_rows.dat": (["Amostra"], "Fe", 7125.7),
    "energie_label.dat": (["-ln(I1/I0)"], "Fe", 7125.7),
    "comma_quoted.csv": (["µ(E)"], "Fe", 7125.7),
    "pf_9809_offset.dat": (["-ln(itrans/i0)"], "Fe", 7125.7),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_are_read_right(shared: Path, name: str) -> None:
    made, absorber, e0 = CASES[name]
    scans = read_xanes(shared / "data" / "cases" / name)
    assert [scan.mu_from for scan in scans] == made
    assert {scan.absorber for scan in scans} == {absorber}
    found = inspect_xanes(scans[0])
    assert found.e0 == pytest.approx(e0, abs=0.3)
    expected = {"spike3_preedge.dat": "1 glitch", "self_absorbed_mufl.dat": "self-absorption suspected",
                "textholes_at_edge.dat": "19 of 304 points"}.get(name, "")  # fmt: skip
    assert any(expected in text for text in found.warnings)
    if name == "spike3_preedge.dat":
        assert found.spectrum is not None
        assert found.spectrum.edge_step == pytest.approx(1.36, abs=0.01)
    if name == "pf_9809_offset.dat":
        assert scans[0].mu[0] == pytest.approx(np.log(200000 / 135893), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "part"),
    [("hem.deriv", "deriv"), ("chi_k.dat", "chi(k)"), ("sofq_nomad.dat", "over Q or r")],
)
def test_cases_that_are_no_spectra_are_named(shared: Path, name: str, part: str) -> None:
    with pytest.raises(MeasurementError) as error:
        read_xanes(shared / "data" / "cases" / name)
    assert part in error.value.found
