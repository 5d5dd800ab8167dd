"""Running PDFfit2; the curves themselves in tests/physics/test_pdf.py."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from edgepair.conventions import SimulationError
from edgepair.simulation import IDEAL_R_LAST, IDEAL_R_STEP, differential_baseline, ideal_r, simulate_pdf


def test_grid_is_multiples_of_the_step() -> None:
    r = ideal_r()
    np.testing.assert_allclose(r, np.arange(1, len(r) + 1) * IDEAL_R_STEP, rtol=1e-14)
    assert r[-1] == pytest.approx(IDEAL_R_LAST, abs=1e-9)


def test_every_absorber_has_a_curve_and_a_slope(franklinite: Structure) -> None:
    pdf = simulate_pdf(franklinite, ("Zn", "Fe"))
    assert set(pdf.G_M) == {"Zn", "Fe"}
    assert set(pdf.baseline) == {"G", "G_neutron", "Zn", "Fe"}
    assert all(len(curve) == len(pdf.r) for curve in (pdf.G, pdf.G_neutron, *pdf.G_M.values()))


def test_absorbers_made_together_or_alone_are_the_same(franklinite: Structure) -> None:
    together = simulate_pdf(franklinite, ("Zn", "Fe"))
    for absorber in ("Zn", "Fe"):
        alone = simulate_pdf(franklinite, (absorber,))
        np.testing.assert_array_equal(together.G_M[absorber], alone.G_M[absorber])
        np.testing.assert_array_equal(together.G, alone.G)


def test_dpdf_of_the_only_species_is_the_pdf() -> None:
    iron = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    pdf = simulate_pdf(iron, ("Fe",))
    np.testing.assert_array_equal(pdf.G_M["Fe"], pdf.G)
    assert differential_baseline(iron, "Fe") == differential_baseline(iron, None)


def test_dpdf_slope_of_a_missing_species_is_zero(nio: Structure) -> None:
    assert differential_baseline(nio, "Ti") == 0


def test_structure_is_left_as_it_was(nio: Structure) -> None:
    before = nio.copy()
    simulate_pdf(nio, ("Ni",))
    assert nio == before


def test_nothing_is_printed(nio: Structure, capfd: pytest.CaptureFixture[str]) -> None:
    simulate_pdf(nio, ("Ni",))
    assert capfd.readouterr() == ("", "")


def test_refusal_of_pdffit2_names_the_structure(nio: Structure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.simulation.pdf._pdffit_text", lambda _: "title nothing else\n")
    with pytest.raises(SimulationError, match="cannot simulate the PDF of Ni4 O4"):
        simulate_pdf(nio, ())


def test_curves_that_are_not_finite_are_refused(nio: Structure, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = np.full(len(ideal_r()), np.nan)
    monkeypatch.setattr("edgepair.simulation.pdf._calculate", lambda _, n: [broken] * n)
    with pytest.raises(SimulationError, match="Found:  values that are not finite"):
        simulate_pdf(nio, ("Ni",))
