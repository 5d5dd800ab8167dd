"""The first shell by fitted peaks, on crystals whose shells are known."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from edgepair.measured import PdfCurve, inspect_pdf, read_pdf
from edgepair.measured.pdf.first_shell import bonds_to_oxygen, only_metal
from edgepair.simulation.pdf import IDEAL_U_ISO, PairDistribution, simulate_pdf
from edgepair.spectra import PDFInstrument, apply_instrument
from edgepair.spectra.pdf_peaks import cut_gaussian, fit_peaks
from edgepair.spectra.pdf_preparation import pair_weight, scattering_power

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "experiment" / "pdf"

# Rutile: Burdett et al., J. Am. Chem. Soc. 109, 3639 (1987); hematite: Blake et al., Am. Mineral. 51, 123
# (1966). Of the others the cell, rounded; ZnCr2O4 with oxygen at u = 0.2615.
CRYSTALS = {
    "rutile": ("P4_2/mnm", Lattice.tetragonal(4.5937, 2.9587), ["Ti", "O"], [[0, 0, 0], [0.3053, 0.3053, 0]]),
    "manganosite": ("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "hematite": ("R-3c", Lattice.hexagonal(5.038, 13.772), ["Fe", "O"], [[0, 0, 0.3553], [0.3059, 0, 0.25]]),
    "SrTiO3": ("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"], [[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0]]),
    "zincochromite": (
        "Fd-3m",
        Lattice.cubic(8.327),
        ["Zn", "Cr", "O"],
        [[0.25] * 3, [0.625] * 3, [0.3865] * 3],
    ),
}
METAL = {"rutile": "Ti", "manganosite": "Mn", "hematite": "Fe", "SrTiO3": "Ti", "zincochromite": "Cr"}


@cache
def crystal(name: str) -> tuple[Structure, PairDistribution]:
    group, lattice, elements, places = CRYSTALS[name]
    structure = Structure.from_spacegroup(group, lattice, elements, places)
    return structure, simulate_pdf(structure, (METAL[name],), r_last=12.0)


def measured(name: str, radiation: str, *, qmax: float, u_iso: float = 0.005, scale: float = 1.0) -> PdfCurve:
    """A crystal's PDF as an instrument shows it, its composition and density known."""
    structure, ideal = crystal(name)
    instrument = PDFInstrument(qmax=qmax, qdamp=0.02, u_iso=u_iso, r_first=0.5, r_last=9.0, r_step=0.02)
    G = ideal.G if radiation == "x-ray" else ideal.G_neutron
    slope = ideal.baseline["G"]
    shown = apply_instrument(ideal.r, G, baseline=slope, ideal_u_iso=IDEAL_U_ISO, instrument=instrument)
    return PdfCurve(
        "", "", "arrays", instrument.grid(), scale * shown[0], radiation, qmax,
        composition=structure.composition.reduced_formula, number_density=len(structure) / structure.volume,
    )  # fmt: skip


def known_shell(name: str) -> tuple[float, int]:
    """Mean distance and number of the oxygens within 2.5 Å of the metal."""
    structure, _ = crystal(name)
    site = next(s for s in structure if s.specie.symbol == METAL[name])
    near = [n.nn_distance for n in structure.get_neighbors(site, 2.5) if n.specie.symbol == "O"]
    return float(np.mean(near)), len(near)


@pytest.mark.parametrize(("qmax", "u_iso"), [(17.0, 0.008), (22.0, 0.005), (30.0, 0.004)])
@pytest.mark.parametrize("radiation", ["x-ray", "neutron"])
@pytest.mark.parametrize("name", ["rutile", "manganosite", "hematite", "SrTiO3"])
def test_first_shells_of_known_crystals(name: str, radiation: str, qmax: float, u_iso: float) -> None:
    # neutron scattering lengths of Ti and Mn are negative: their shells are dips
    shell = inspect_pdf(measured(name, radiation, qmax=qmax, u_iso=u_iso)).first_shell
    distance, number = known_shell(name)
    assert shell is not None
    assert shell.metal == METAL[name]
    assert shell.position == pytest.approx(distance, abs=0.02)
    assert shell.coordination == pytest.approx(number, rel=0.15)
    assert abs(shell.coordination - number) < shell.coordination_error
    assert (shell.area < 0) == (radiation == "neutron" and METAL[name] in ("Ti", "Mn"))


@pytest.mark.parametrize("qmax", [18.0, 25.0, 35.0])
def test_widths_are_thermal_not_of_the_cut(qmax: float) -> None:
    # all Mn-O bonds of manganosite are alike: variance of distances is the sum of two displacements
    shell = inspect_pdf(measured("manganosite", "x-ray", qmax=qmax, u_iso=0.006)).first_shell
    assert shell is not None
    assert shell.width == pytest.approx(np.sqrt(2 * 0.006), rel=0.05)


def test_coordination_of_x_rays_does_not_depend_on_the_scale() -> None:
    numbers = [
        inspect_pdf(measured("rutile", "x-ray", qmax=25.0, scale=scale)).first_shell.coordination  # type: ignore[union-attr]
        for scale in (0.2, 1.0, 5.0)
    ]
    assert numbers == pytest.approx([numbers[1]] * 3, rel=1e-3)


def test_a_shell_that_elements_share_counts_about_each_of_them() -> None:
    # four oxygens about Zn, six about each of two Cr, at 1.97 and 1.99 Å
    shell = inspect_pdf(measured("zincochromite", "x-ray", qmax=22.0), absorber="Cr").first_shell
    assert shell is not None
    assert shell.shared_with == ("Zn",)
    assert shell.coordination == pytest.approx(16 / 3, rel=0.12)
    assert "Zn" in shell.sentence()


def test_without_composition_or_density_nothing_is_counted() -> None:
    from dataclasses import replace

    curve = measured("rutile", "x-ray", qmax=25.0)
    for bare in (replace(curve, composition=None), replace(curve, number_density=None)):
        shell = inspect_pdf(bare, absorber="Ti").first_shell
        assert shell is not None
        assert shell.coordination is None
        assert "oxygens" not in shell.sentence()


def test_noise_alone_has_no_shell() -> None:
    r = np.arange(0.5, 10.0, 0.02)
    rng = np.random.default_rng(0)
    for _ in range(3):
        q = np.arange(0.3, 25.0, 0.3)
        G = np.sin(np.outer(r, q)) @ (rng.normal(size=len(q)) * q)
        shell = inspect_pdf(PdfCurve("", "", "arrays", r, G, "x-ray", 25.0)).first_shell
        assert shell is None or shell.area_error > 0.15 * abs(shell.area)


@settings(max_examples=15, deadline=None)
@given(st.floats(1.6, 2.4), st.floats(0.06, 0.12), st.floats(0.5, 3.0), st.floats(16.0, 35.0))
def test_one_peak_is_found_again(at: float, width: float, area: float, qmax: float) -> None:
    r = np.arange(0.5, 6.0, 0.02)
    G = area / at * cut_gaussian(r, at, width, qmax) - 0.5 * r
    fit = fit_peaks(r, G, qmax=qmax)
    assert fit is not None
    assert len(fit.peaks) == 1
    peak = fit.peaks[0]
    assert (peak.position, peak.width, peak.area) == pytest.approx((at, width, area), rel=1e-3)
    assert fit.slope == pytest.approx(0.5, rel=1e-3)


def test_a_cut_gaussian_is_its_integral() -> None:
    r, at, width, qmax = np.arange(0.5, 5.0, 0.1), 1.95, 0.07, 20.0
    q = np.linspace(0.0, qmax, 20001)
    wave = np.cos(np.outer(r - at, q)) - np.cos(np.outer(r + at, q))
    integral = np.trapezoid(np.exp(-((width * q) ** 2) / 2) * wave, q, axis=1) / np.pi
    assert cut_gaussian(r, at, width, qmax) == pytest.approx(integral, abs=1e-6)


def test_weights_of_pairs() -> None:
    # TiO2, x-rays: 2 · 1/3 · 22 · 8 / (38/3)²
    assert pair_weight({"Ti": 1, "O": 2}, "Ti", "O", "x-ray") == pytest.approx(704 / 6 / (38 / 3) ** 2)
    # Sears, Neutron News 3, 26 (1992)
    assert scattering_power("Mn", "neutron") == pytest.approx(-3.73, abs=0.03)


def test_bonds_to_oxygen_by_shannon() -> None:
    low, high = bonds_to_oxygen("La") or (0.0, 0.0)
    assert low == pytest.approx(2.41, abs=0.01)
    assert high == pytest.approx(2.74, abs=0.01)
    assert bonds_to_oxygen("Ar") is None


def test_only_metals_that_are_known() -> None:
    assert only_metal("LaMnO3") == "Mn"
    assert only_metal("FeCr2O4") is None
    assert only_metal(None) is None


@pytest.mark.skipif(not SHARED.exists(), reason="measured files are not at hand")
@pytest.mark.parametrize(
    ("file", "composition", "density", "metal", "distance", "number"),
    [
        # a/2 of SrTiO3 at 293 K; 15 K cell of MnO; Rodríguez-Carvajal et al., PRB 57, R3189 (1998)
        ("Ti/RMCProfile_dashboard__srtio3_wk_293k_rmc.gr", "SrTiO3", 0.084, "Ti", 1.953, 6),
        ("Mn/pdfttp_data__npdf_07334.gr", "MnO", None, "Mn", 2.216, 6),
        ("Mn/diffpy.pdfgui__300K.gr", "LaMnO3", None, "Mn", 2.018, 6),
        ("Mn/z__x000t010q35.gr", "LaMnO3", None, "Mn", 2.018, 6),
        ("V/ZrV2O7-PDF-Refinement__derived_209C.gr", "ZrV2O7", 0.0593, "V", 1.700, 4),
    ],
)
def test_first_shells_of_measured_files(
    file: str, composition: str, density: float | None, metal: str, distance: float, number: int
) -> None:
    radiation = None if metal == "V" else "neutron"
    curve = read_pdf(SHARED / file, radiation=radiation, composition=composition, number_density=density)[0]
    shell = inspect_pdf(curve, absorber=metal).first_shell
    assert shell is not None
    assert shell.position == pytest.approx(distance, abs=0.025)
    assert shell.coordination is not None
    assert abs(shell.coordination - number) < 1.5 * (shell.coordination_error or 0)
