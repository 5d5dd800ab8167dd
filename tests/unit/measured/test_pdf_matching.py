"""What a measured PDF is found to be, and the instrument matched to it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure

from edgepair.conventions import MeasurementError
from edgepair.measured import PdfCurve, inspect_pdf, match_instrument, prepare_pdf, read_pdf
from edgepair.simulation.pdf import simulate_pdf
from edgepair.spectra import TYPICAL_INSTRUMENT, PDFInstrument, apply_instrument

Floats = NDArray[np.float64]


def simulated(structure: Structure, instrument: PDFInstrument, *, neutron: bool = False) -> Floats:
    pdf = simulate_pdf(structure, ())
    curve = pdf.G_neutron if neutron else pdf.G
    return apply_instrument(
        pdf.r, curve, baseline=[pdf.baseline["G"]], ideal_u_iso=0.003, instrument=instrument
    )[0]


FINE = PDFInstrument(qmax=24.3, qdamp=0.03, r_first=0.01, r_last=20.0, r_step=0.01)

RESOLUTION = 1.5 * 2 * np.pi / 20
"""Å⁻¹; half again of what 20 Å resolve in Q."""


@pytest.fixture
def curve(rutile: Structure) -> PdfCurve:
    return PdfCurve("a.gr", "", "columns", FINE.grid(), simulated(rutile, FINE), radiation="x-ray")


def test_simulated_rutile_is_recognised(curve: PdfCurve, rutile: Structure) -> None:
    seen = inspect_pdf(curve)
    assert seen.qmax == pytest.approx(24.3, abs=RESOLUTION)
    assert seen.qmax_from == "curve"
    # mean Ti–O distance of rutile: 1.959 Å (Abrahams and Bernstein 1971)
    assert seen.first_peak == pytest.approx(1.96, abs=0.03)
    assert not seen.first_peak_is_dip
    # termination ripples pull at the slope
    assert seen.number_density == pytest.approx(len(rutile) / rutile.volume, rel=0.1)
    assert seen.slope_is_physical
    assert seen.low_r_ripple is not None
    assert seen.low_r_ripple < 0.2
    assert seen.warnings == ()


def test_dip_of_neutrons(rutile: Structure) -> None:
    G = simulated(rutile, FINE, neutron=True)
    seen = inspect_pdf(PdfCurve("a.gr", "", "columns", FINE.grid(), G, radiation="neutron"))
    # titanium's neutron scattering length is negative
    assert seen.first_peak_is_dip
    assert seen.first_peak == pytest.approx(1.96, abs=0.03)


def test_header_that_is_wrong_about_qmax_is_not_believed(curve: PdfCurve) -> None:
    seen = inspect_pdf(replace(curve, qmax=30.0))
    assert seen.qmax == pytest.approx(24.3, abs=RESOLUTION)
    assert "30" in seen.warnings[0]
    assert inspect_pdf(replace(curve, qmax=24.5)).qmax == 24.5


def test_missing_radiation_and_ripples_are_said(curve: PdfCurve) -> None:
    ripple = 100 * np.sin(20 * curve.r) * np.exp(-3 * curve.r)
    seen = inspect_pdf(replace(curve, radiation=None, G=curve.G + ripple))
    words = "\n".join(seen.warnings)
    assert "radiation" in words
    assert "ripples" in words


def test_noise_is_measured(curve: PdfCurve) -> None:
    rng = np.random.default_rng(3)
    q = np.linspace(0.1, 24.0, 400)
    noise = (q * rng.normal(size=len(q))) @ np.sin(np.outer(q, curve.r))
    noise *= 0.5 * curve.G.std() / noise.std()
    before, after = inspect_pdf(curve).noise, inspect_pdf(replace(curve, G=curve.G + noise)).noise
    assert before is not None
    assert after is not None
    # an upper bound: at 24 Å⁻¹ some signal is left
    assert before < 0.15
    # half as large as the curve: 0.5 / sqrt(1 + 0.5²) = 0.45 of the sum
    assert 0.3 < after < 0.6


def test_damping_of_a_long_curve() -> None:
    r = np.arange(1, 8001) * 0.01
    G = np.sin(8 * r) * np.exp(-0.5 * (0.04 * r) ** 2)
    seen = inspect_pdf(PdfCurve("a.gr", "", "columns", r, G, radiation="x-ray"))
    assert seen.qdamp == pytest.approx(0.04, abs=0.004)
    assert seen.qdamp_from == "curve"
    short = inspect_pdf(PdfCurve("a.gr", "", "columns", r[:1500], G[:1500], radiation="x-ray"))
    assert (short.qdamp, short.qdamp_from) == (None, "")


def test_matched_instrument_is_what_the_measurement_allows(curve: PdfCurve) -> None:
    told = replace(curve, qmax=24.3)
    assert match_instrument(told) == PDFInstrument(qmax=24.0, qdamp=0.03, r_first=0.8, r_last=20.0)
    assert match_instrument(inspect_pdf(told)) == match_instrument(told)
    assert match_instrument(replace(curve, qdamp=0.017)).qdamp == 0.02
    unknown = PdfCurve("a.gr", "", "columns", curve.r, np.random.default_rng(1).normal(size=2000))
    assert match_instrument(unknown) == TYPICAL_INSTRUMENT


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0.01, 10.0, (0.8, 10.0)), (1.02, 8.3, (1.1, 8.0)), (1.4, 4.0, (1.4, 4.0))],
)
def test_short_measurements(
    curve: PdfCurve, first: float, last: float, expected: tuple[float, float]
) -> None:
    kept = (curve.r > first - 1e-9) & (curve.r < last + 1e-9)
    short = replace(curve, r=curve.r[kept], G=curve.G[kept], qmax=24.3)
    instrument = match_instrument(short)
    assert (instrument.r_first, instrument.r_last) == expected
    G = prepare_pdf(short, instrument)
    whole = prepare_pdf(curve, instrument)
    assert len(G) == len(instrument.grid())
    inside = instrument.grid() < last - 1
    np.testing.assert_allclose(G[inside], whole[inside], atol=0.05 * np.abs(whole).max())


@pytest.mark.parametrize(("first", "last"), [(1.6, 20.0), (0.01, 3.2)])
def test_measurements_without_a_first_shell_are_refused(curve: PdfCurve, first: float, last: float) -> None:
    kept = (curve.r >= first) & (curve.r <= last)
    with pytest.raises(MeasurementError, match="cannot compare") as caught:
        match_instrument(replace(curve, r=curve.r[kept], G=curve.G[kept]))
    assert f"{last:g}" in caught.value.found


def test_prepared_curve_is_the_simulated_one_of_its_instrument(curve: PdfCurve, rutile: Structure) -> None:
    instrument = match_instrument(curve)
    expected = simulated(rutile, instrument)
    G = prepare_pdf(curve, instrument)
    inside = instrument.grid() < 19.0
    np.testing.assert_allclose(G[inside], expected[inside], atol=0.02 * np.abs(expected).max())


STRUCTURES = {
    # a = 3.905 Å at 300 K; a = 4.4328 Å at 5 K (cubic part), both as pdf_index.csv has them
    "SrTiO3": Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"], [[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0]]
    ),
    "MnO": Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.4328), ["Mn", "O"], [[0, 0, 0], [0.5] * 3]),
}


@pytest.mark.parametrize(
    ("name", "file", "radiation", "least"),
    [
        ("SrTiO3", "Ti/diffpy.srmise__SrTiO3_qmax26.gr", "x-ray", 0.92),
        ("SrTiO3", "Ti/RMCProfile_dashboard__srtio3_wk_293k_rmc.gr", "neutron", 0.98),
        ("MnO", "Mn/mPDF-tutorial__NOM_9999_MnO_5K_ftfrgr.gr", "neutron", 0.92),
        ("MnO", "Mn/pdfttp_data__npdf_07334.gr", "neutron", 0.92),
    ],
)
def test_measured_curves_resemble_simulated_ones(
    shared: Path, name: str, file: str, radiation: str, least: float
) -> None:
    """Scale apart: 0.948, 0.997, 0.959 and 0.955 when this was written."""
    measured = read_pdf(shared / "data" / "experiment" / "pdf" / file, radiation=radiation)[0]
    instrument = match_instrument(measured)
    G = prepare_pdf(measured, instrument)
    other = simulated(STRUCTURES[name], instrument, neutron=radiation == "neutron")
    inside = (instrument.grid() >= 1.5) & (instrument.grid() <= 6.0)
    assert np.corrcoef(G[inside], other[inside])[0, 1] > least


def test_qmax_of_measured_files_is_seen_in_their_curves(shared: Path) -> None:
    """Against the index; one header of these (CoPi) names a Qmax that its curve does not have."""
    folder = shared / "data" / "experiment"
    with (folder / "pdf_index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["file"].endswith((".ddp", ".ddp3"))]
    different = []
    for row in rows:
        seen = inspect_pdf(replace(read_pdf(folder / row["file"])[0], qmax=None))
        if row["qmax"] and (seen.qmax is None or abs(seen.qmax - float(row["qmax"])) > 0.6):
            different.append(row["file"])
    assert [Path(file).name[:5] for file in different] == ["ezpit"]
