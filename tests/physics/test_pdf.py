"""PDFs against an independent real-space sum, and instruments against PDFfit2 itself."""

from __future__ import annotations

import io
from itertools import product

import diffpy.pdffit2
import numpy as np
import pytest
from numpy.typing import NDArray
from pymatgen.core import Structure

from edgepair.simulation import IDEAL_U_ISO, PairDistribution, simulate_pdf
from edgepair.simulation.pdf import _pdffit_text
from edgepair.spectra import PDFInstrument, apply_instrument

Floats = NDArray[np.float64]

ATOMIC_NUMBER = {"O": 8.0, "Ti": 22.0, "Fe": 26.0, "Ni": 28.0}

# Coherent scattering lengths, fm: Sears, Neutron News 3(3), 26 (1992), the NIST table.
NIST_LENGTH = {"O": 5.803, "Ti": -3.438, "Fe": 9.45, "Ni": 10.3}

# What PDFfit2 1.5.1 uses (get_scat); for titanium 2 % off NIST's value.
PDFFIT2_LENGTH = {"O": 5.8054, "Ti": -3.37013, "Fe": 9.452, "Ni": 10.31}

CURVE_TOLERANCE = 1e-4
"""Of max |G|: PDFfit2 cuts its Gaussians off and reads them from a table."""

_simulated: dict[str, PairDistribution] = {}

CRYSTALS = [("nio", "Ni"), ("rutile", "Ti"), ("hematite", "Fe")]


def real_space_sum(
    structure: Structure, b: dict[str, float], pairs: set[frozenset[str]], r: Floats
) -> Floats:
    """Sum Gaussians over the chosen kinds of pairs; the total density's line is taken off in full.

    ``G(r) = 1/(N <b>^2 r) sum_ij b_i b_j gauss(r - r_ij, 2U) - 4 pi rho r sum_(pairs) c_i c_j b_i b_j/<b>^2``
    """
    symbols = [site.specie.symbol for site in structure]
    power = np.array([b[symbol] for symbol in symbols])
    positions = structure.cart_coords
    matrix = structure.lattice.matrix
    reach = r[-1] + 1.0
    # How many cells hold the sphere: reach over the distance between lattice planes, and one more
    # for atoms that do not lie in the same cell.
    n = [int(np.ceil(reach / height)) + 1 for height in 1 / np.linalg.norm(np.linalg.inv(matrix), axis=0)]
    cells = np.array(list(product(*(range(-k, k + 1) for k in n)))) @ matrix
    distances, weights = [], []
    share = 0.0
    for (i, one), (j, other) in product(enumerate(symbols), repeat=2):
        if frozenset((one, other)) not in pairs:
            continue
        share += power[i] * power[j]
        d = np.linalg.norm(positions[j] - positions[i] + cells, axis=1)
        d = d[(d > 1e-6) & (d < reach)]
        distances.append(d)
        weights.append(np.full(len(d), power[i] * power[j]))
    shells, which = np.unique(np.concatenate(distances).round(8), return_inverse=True)
    amount = np.bincount(which, np.concatenate(weights))
    variance = 2 * IDEAL_U_ISO
    gauss = np.exp(-((r[:, None] - shells) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    size = len(structure)
    norm = power.mean() ** 2
    line = 4 * np.pi * size / structure.volume * share / (size**2 * norm)
    result: Floats = gauss @ amount / (size * norm * r) - line * r
    return result


def all_pairs(structure: Structure) -> set[frozenset[str]]:
    symbols = {site.specie.symbol for site in structure}
    return {frozenset(pair) for pair in product(symbols, repeat=2)}


@pytest.fixture
def crystal(request: pytest.FixtureRequest) -> tuple[Structure, str, PairDistribution]:
    """A crystal, its metal and its simulated PDFs."""
    name, metal = request.param
    structure: Structure = request.getfixturevalue(name)
    if name not in _simulated:
        _simulated[name] = simulate_pdf(structure, (metal,))
    return structure, metal, _simulated[name]


every_crystal = pytest.mark.parametrize(
    "crystal", CRYSTALS, indirect=True, ids=[name for name, _ in CRYSTALS]
)


def deviation(simulated: Floats, expected: Floats) -> float:
    return float(np.abs(simulated - expected).max() / np.abs(expected).max())


@every_crystal
def test_total_xray_pdf_is_the_real_space_sum(crystal: tuple[Structure, str, PairDistribution]) -> None:
    structure, _, pdf = crystal
    expected = real_space_sum(structure, ATOMIC_NUMBER, all_pairs(structure), pdf.r)
    assert deviation(pdf.G, expected) < CURVE_TOLERANCE


@every_crystal
def test_neutron_pdf_is_the_real_space_sum(crystal: tuple[Structure, str, PairDistribution]) -> None:
    structure, metal, pdf = crystal
    expected = real_space_sum(structure, PDFFIT2_LENGTH, all_pairs(structure), pdf.r)
    assert deviation(pdf.G_neutron, expected) < CURVE_TOLERANCE
    # Ni and Fe: lengths agree to 0.1 %; Ti: to 2 %, and <b> is a difference there
    nist = real_space_sum(structure, NIST_LENGTH, all_pairs(structure), pdf.r)
    assert deviation(pdf.G_neutron, nist) < (0.04 if metal == "Ti" else 5e-4)


@every_crystal
def test_dpdf_holds_every_pair_with_the_metal_once(crystal: tuple[Structure, str, PairDistribution]) -> None:
    structure, metal, pdf = crystal
    with_metal = {pair for pair in all_pairs(structure) if metal in pair}
    expected = real_space_sum(structure, ATOMIC_NUMBER, with_metal, pdf.r)
    assert deviation(pdf.G_M[metal], expected) < CURVE_TOLERANCE


@every_crystal
def test_total_pdf_less_dpdf_is_the_oxygen_sublattice(
    crystal: tuple[Structure, str, PairDistribution],
) -> None:
    structure, metal, pdf = crystal
    rest = real_space_sum(structure, ATOMIC_NUMBER, {frozenset(("O",))}, pdf.r)
    # relative to G, of which both are parts
    assert np.abs(pdf.G - pdf.G_M[metal] - rest).max() / np.abs(pdf.G).max() < CURVE_TOLERANCE


@every_crystal
def test_low_r_slopes(crystal: tuple[Structure, str, PairDistribution]) -> None:
    structure, metal, pdf = crystal
    low = pdf.r < 1.2  # the first pair is 1.95 Å, nine peak widths away
    slope = -4 * np.pi * len(structure) / structure.volume
    shares = structure.composition.fractional_composition
    mean = sum(shares[symbol] * ATOMIC_NUMBER[symbol] for symbol in (metal, "O"))
    partial = slope * (1 - (shares["O"] * ATOMIC_NUMBER["O"]) ** 2 / mean**2)
    # 1e-6: the cell reaches PDFfit2 as text with 8 decimals
    np.testing.assert_allclose(pdf.G[low] / pdf.r[low], slope, rtol=1e-6)
    np.testing.assert_allclose(pdf.G_neutron[low] / pdf.r[low], slope, rtol=1e-6)
    np.testing.assert_allclose(pdf.G_M[metal][low] / pdf.r[low], partial, rtol=1e-6)
    assert pdf.baseline["G"] == pytest.approx(slope, rel=1e-12)
    assert pdf.baseline["G_neutron"] == pytest.approx(slope, rel=1e-12)
    assert pdf.baseline[metal] == pytest.approx(partial, rel=1e-12)


def peak_position(r: Floats, curve: Floats, first: float, last: float) -> float:
    """Centre of mass of r times the curve between two distances."""
    here = (r > first) & (r < last)
    return float((r * curve)[here].sum() / curve[here].sum())


@pytest.mark.parametrize(
    ("name", "metal", "distance"),
    [
        # a/2; mean of 4 x 1.948 and 2 x 1.983; mean of 3 x 1.944 and 3 x 2.116 by the cell data
        ("nio", "Ni", 2.08855),
        ("rutile", "Ti", 1.9597),
        ("hematite", "Fe", 2.0304),
    ],
)
def test_first_shell_lies_where_the_cell_puts_it(
    name: str, metal: str, distance: float, request: pytest.FixtureRequest
) -> None:
    structure: Structure = request.getfixturevalue(name)
    pdf = simulate_pdf(structure, (metal,))
    peaks = (pdf.G_M[metal] - pdf.baseline[metal] * pdf.r) * pdf.r
    # between the shortest metal-oxygen distance and the next pairs, four peak widths from either
    assert peak_position(pdf.r, peaks, 1.6, 2.42) == pytest.approx(distance, abs=0.005)


def test_both_species_count_the_mixed_pairs_twice(nio: Structure) -> None:
    pdf = simulate_pdf(nio, ("Ni", "O"))
    mixed = real_space_sum(nio, ATOMIC_NUMBER, {frozenset(("Ni", "O"))}, pdf.r)
    assert deviation(pdf.G_M["Ni"] + pdf.G_M["O"] - pdf.G, mixed) < CURVE_TOLERANCE


@pytest.mark.parametrize(("metal", "tolerance"), [("Ni", 0.002), ("Fe", 0.002), ("Ti", 0.025)])
def test_pdffit2_scattering_lengths_are_those_of_nist(metal: str, tolerance: float) -> None:
    diffpy.pdffit2.redirect_stdout(io.StringIO())
    fit = diffpy.pdffit2.PdfFit()
    assert fit.get_scat("N", metal) == pytest.approx(NIST_LENGTH[metal], rel=tolerance)
    assert fit.get_scat("N", metal) == pytest.approx(PDFFIT2_LENGTH[metal], rel=1e-5)
    assert fit.get_scat("X", metal) == pytest.approx(ATOMIC_NUMBER[metal], rel=1e-12)


def run_pdffit2(structure: Structure, instrument: PDFInstrument, r: Floats) -> Floats:
    """Let PDFfit2 itself make the curve that the instrument would show."""
    diffpy.pdffit2.redirect_stdout(io.StringIO())
    fit = diffpy.pdffit2.PdfFit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgepair.simulation.pdf.IDEAL_U_ISO", instrument.u_iso)
        fit.read_struct_string(_pdffit_text(structure))
    fit.alloc("X", instrument.qmax, instrument.qdamp, float(r[0]), float(r[-1]), len(r))
    fit.calc()
    curve: Floats = np.asarray(fit.getpdf_fit(), dtype=np.float64)
    return curve


def show(pdf: PairDistribution, instrument: PDFInstrument) -> Floats:
    curve: Floats = apply_instrument(
        pdf.r, pdf.G[None], baseline=[pdf.baseline["G"]], ideal_u_iso=IDEAL_U_ISO, instrument=instrument
    )[0]
    return curve


SETTINGS = [
    PDFInstrument(),
    PDFInstrument(qmax=20.0, qdamp=0.06, u_iso=0.01),
    PDFInstrument(qmax=0.0, qdamp=0.04, u_iso=0.008),
]


@every_crystal
@pytest.mark.parametrize("instrument", SETTINGS, ids=["typical", "low resolution", "no cut"])
def test_instrument_shows_what_pdffit2_makes(
    crystal: tuple[Structure, str, PairDistribution], instrument: PDFInstrument
) -> None:
    structure, _, pdf = crystal
    fine = np.linspace(0.02, 30.0, 1500)
    shown = instrument.grid()
    at = np.round(shown / 0.02).astype(int) - 1
    np.testing.assert_allclose(fine[at], shown, atol=1e-9)
    expected = run_pdffit2(structure, instrument, fine)[at]
    # Without a cut both are analytic (PDFfit2's table: 1e-5). A cut convolves with a kernel that
    # dies off as 1/r, of which PDFfit2 and we leave out different tails: 0.7 % seen at most, of
    # which PDFfit2's part alone is 0.4 %.
    assert deviation(show(pdf, instrument), expected) < (1e-2 if instrument.qmax else 5e-5)


@every_crystal
def test_cut_is_the_exact_integral_over_q(crystal: tuple[Structure, str, PairDistribution]) -> None:
    structure, _, pdf = crystal
    instrument = PDFInstrument(qmax=20.0, qdamp=0.06, u_iso=0.01)
    # far enough for the damping to end the curve itself: exp(-(0.06 * 60)^2 / 2) = 0.0015
    far = np.linspace(0.04, 60.0, 1500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "IDEAL_U_ISO", instrument.u_iso)
        curve = real_space_sum(structure.get_primitive_structure(), ATOMIC_NUMBER, all_pairs(structure), far)
    curve = curve * np.exp(-0.5 * (instrument.qdamp * far) ** 2)
    q = (np.arange(1000) + 0.5) * instrument.qmax / 1000
    f_of_q = np.sin(np.outer(q, far)) @ curve * 0.04
    shown = instrument.grid()
    expected = 2 / np.pi * np.sin(np.outer(shown, q)) @ f_of_q * (q[1] - q[0])
    # what lies beyond 23 Å, where our curve ends, still reaches back by the kernel's tails
    assert deviation(show(pdf, instrument), expected) < 2e-3


@every_crystal
def test_band_limited_curve_has_nothing_above_qmax(crystal: tuple[Structure, str, PairDistribution]) -> None:
    _, _, pdf = crystal
    instrument = PDFInstrument(qmax=18.0, r_first=0.04, r_step=0.04)
    window = np.sin(np.pi * instrument.grid() / 20.0) ** 2  # so that the range's end adds no ripples
    q = np.arange(0.5, 60.0, 0.25)
    content = np.abs(np.sin(np.outer(q, instrument.grid())) @ (window * show(pdf, instrument)))
    # the window smears the edge over some pi/20 Å; its own wings are below 1e-4 one Å⁻¹ further
    assert content[q > 19].max() < 2e-4 * content.max()
    assert content[(q > 15) & (q < 18)].max() > 1e-2 * content.max()


@every_crystal
def test_instrument_is_linear(crystal: tuple[Structure, str, PairDistribution]) -> None:
    _, metal, pdf = crystal
    curves = np.array([pdf.G, pdf.G_M[metal], pdf.G - 0.3 * pdf.G_M[metal]])
    slopes = np.array([pdf.baseline["G"], pdf.baseline[metal], pdf.baseline["G"] - 0.3 * pdf.baseline[metal]])
    shown = apply_instrument(pdf.r, curves, baseline=slopes, ideal_u_iso=IDEAL_U_ISO)
    # arithmetic only: rounding relative to the largest value
    np.testing.assert_allclose(shown[2], shown[0] - 0.3 * shown[1], atol=1e-11 * np.abs(shown).max())


def test_oblique_cells_have_isotropic_displacements(hematite: Structure) -> None:
    # one crystal in a hexagonal, a rhombohedral and an orthogonal cell
    orthogonal = hematite.copy()
    orthogonal.make_supercell([[1, 0, 0], [1, 2, 0], [0, 0, 1]])
    assert orthogonal.lattice.angles == pytest.approx((90, 90, 90), abs=1e-6)
    curves = [simulate_pdf(s, ()).G for s in (hematite, hematite.get_primitive_structure(), orthogonal)]
    assert deviation(curves[0], curves[2]) < 1e-5
    assert deviation(curves[1], curves[2]) < 1e-5
