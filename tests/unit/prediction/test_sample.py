"""From a measured curve to what a model compares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgepair.conventions import DataError, EdgepairError, MeasurementError, OptionError
from edgepair.measured import PdfCurve
from edgepair.prediction.sample import (
    FARTHEST_EDGE,
    EnergyWindow,
    choose_window,
    pdf_curve,
    prepare_xanes,
    technique_of,
)
from edgepair.spectra import normalize_mu
from edgepair.spectra.alignment import FoilReading

R = np.arange(0.0, 20.0, 0.02)
G = np.sin(3 * R) - 0.5 * R * np.exp(-R / 5)


def four_parts(error: EdgepairError) -> bool:
    return all((error.problem, error.found, error.needed, error.suggestion))


def test_a_prepared_spectrum_is_normalised_and_counts_from_the_edge(make_scan: Any) -> None:
    prepared = prepare_xanes(make_scan(chemical=11.0), None)
    assert prepared.absorber == "Fe"
    # 7112 + 11: where the made step is
    assert np.interp(11.0, prepared.energy, prepared.mu) == pytest.approx(0.55, abs=0.1)
    assert abs(prepared.mu[prepared.energy < -20]).max() < 0.05
    assert prepared.mu[prepared.energy > 150] == pytest.approx(1.0, abs=0.05)
    assert not prepared.calibrated
    assert prepared.shift == 0
    assert prepared.error == 2.0
    assert choose_window(prepared.energy[0], prepared.energy[-1]) == EnergyWindow()


@pytest.mark.parametrize("scale", [1e-3, 7.0])
@pytest.mark.parametrize("constant", [0.0, -3.0])
def test_scale_and_constant_do_not_matter(make_scan: Any, scale: float, constant: float) -> None:
    scan = make_scan()
    first = prepare_xanes(scan, None)
    second = prepare_xanes(replace(scan, mu=scale * scan.mu + constant), None)
    np.testing.assert_allclose(first.mu, second.mu, atol=1e-8)
    np.testing.assert_allclose(first.energy, second.energy, atol=1e-9)


def test_arrays_are_taken_as_a_scan_in_either_direction(make_scan: Any) -> None:
    scan = make_scan()
    first = prepare_xanes(scan, None)
    up = prepare_xanes((scan.energy, scan.mu), "Fe")
    down = prepare_xanes((scan.energy[::-1].tolist(), scan.mu[::-1].tolist()), "Fe")
    for other in (up, down):
        np.testing.assert_array_equal(first.mu, other.mu)
        np.testing.assert_array_equal(first.energy, other.energy)


def test_given_ranges_normalise_the_spectrum(make_scan: Any) -> None:
    scan = make_scan()
    chosen = {"e0": 7123.0, "pre": (-45.0, -25.0), "post": (60.0, 150.0)}
    prepared = prepare_xanes(scan, None, **chosen)
    expected = normalize_mu(scan.energy, scan.mu, **chosen)
    np.testing.assert_array_equal(prepared.mu, expected.mu)
    assert np.abs(prepared.mu - prepare_xanes(scan, None, e0=7123.0).mu).max() > 1e-4


def test_a_range_out_of_reach_is_refused_with_what_the_scan_covers(make_scan: Any) -> None:
    with pytest.raises(MeasurementError) as caught:
        prepare_xanes(make_scan(), None, post=(2000.0, 3000.0))
    assert four_parts(caught.value)
    assert "post=" in caught.value.suggestion
    assert "the scan covers" in caught.value.suggestion
    with pytest.raises(OptionError):
        prepare_xanes(make_scan(), None, post=(300.0, 50.0))


def test_a_given_shift_and_a_foil_calibrate(make_scan: Any) -> None:
    scan = make_scan()
    plain = prepare_xanes(scan, None)
    for options, shift in (
        ({"shift": -1.5}, -1.5),
        ({"foil": FoilReading(energy=7113.2, shift=-1.2, warnings=())}, -1.2),
    ):
        prepared = prepare_xanes(scan, None, **options)
        assert prepared.calibrated
        assert prepared.shift == shift
        assert prepared.error < 0.5
        np.testing.assert_allclose(prepared.energy, plain.energy + shift, atol=1e-9)
        assert not any("calibration" in text for text in prepared.warnings)


def test_a_scale_far_off_is_left_where_it_is(make_scan: Any) -> None:
    scan = make_scan()
    # its edge is then 10 eV short of the limit
    by = FARTHEST_EDGE - 10.0 - 11.0
    prepared = prepare_xanes(replace(scan, energy=scan.energy + by), None)
    assert prepared.shift == 0.0
    assert np.interp(11.0 + by, prepared.energy, prepared.mu) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("absorber", ["Mn", "Co", "Ti", "Zn"])
def test_an_edge_of_another_element_is_not_taken_for_the_one_asked_for(make_scan: Any, absorber: str) -> None:
    with pytest.raises(MeasurementError, match=r"made\.xdi") as caught:
        prepare_xanes(make_scan(), absorber)
    assert four_parts(caught.value)
    assert absorber in caught.value.problem
    assert "712" in caught.value.found


def test_the_limit_of_another_element_is_wider_than_any_error_seen_and_closer_than_any_element(
    make_scan: Any,
) -> None:
    # two beamlines of those at hand are off by 8 and 19 eV
    assert 25 < FARTHEST_EDGE < 400
    scan = make_scan(chemical=10.0)
    for by in (5.0 - FARTHEST_EDGE, FARTHEST_EDGE - 15.0):
        assert np.isfinite(prepare_xanes(replace(scan, energy=scan.energy + by), None).mu).all()
    for by in (-FARTHEST_EDGE - 15.0, FARTHEST_EDGE):
        with pytest.raises(MeasurementError):
            prepare_xanes(replace(scan, energy=scan.energy + by), None)


def test_an_element_other_than_the_files_is_told(make_scan: Any) -> None:
    prepared = prepare_xanes(replace(make_scan(), absorber="Mn"), "Fe")
    assert prepared.absorber == "Fe"
    assert "the file says Mn, Fe was asked for" in prepared.warnings


def broken() -> dict[str, tuple[Any, ...]]:
    energy = np.arange(7080.0, 7200.0, 0.5)
    mu = 1 / (1 + np.exp(-(energy - 7123) / 1.5))
    hole = mu.copy()
    hole[7] = np.nan
    return {
        "missing": (energy, hole),
        "constant": (energy, np.ones(len(energy))),
        "upside down": (energy, -mu),
        "on another scale": (energy / 500, mu),
        "another length": (energy, mu[:-1]),
        "nothing": ([], []),
        "two dimensions": (np.ones((12, 2)), np.ones((12, 2))),
        "one energy": (np.full(20, 7112.0), np.arange(20.0)),
        "infinite": (np.where(energy > 7190, np.inf, energy), mu),
        "no edge": (energy[energy < 7110], mu[energy < 7110]),
    }


@pytest.mark.parametrize("name", broken())
def test_what_is_no_spectrum_is_refused(name: str) -> None:
    def prepare() -> None:
        prepared = prepare_xanes(broken()[name], "Fe")
        choose_window(prepared.energy[0], prepared.energy[-1])

    with pytest.raises(EdgepairError) as caught:
        prepare()
    assert four_parts(caught.value)


@pytest.mark.parametrize(
    "given", [("a", "b"), "sample.xdi", 3.0, (1.0,), ([1.0], [2.0], [3.0]), None, ({}, {})]
)
def test_what_is_no_pair_of_arrays_is_refused(given: Any) -> None:
    with pytest.raises(EdgepairError) as caught:
        prepare_xanes(given, "Fe")
    assert four_parts(caught.value)
    with pytest.raises(EdgepairError) as caught:
        pdf_curve(given, None)
    assert four_parts(caught.value)


def test_all_scans_of_a_file_at_once_are_refused_with_a_hint(make_scan: Any) -> None:
    with pytest.raises(DataError) as caught:
        prepare_xanes((make_scan(),), "Fe")  # type: ignore[arg-type]
    assert caught.value.found == "a tuple of 1: XanesScan"
    assert "[0]" in caught.value.suggestion


def test_an_unknown_absorber_is_asked_for(make_spectrum: Any) -> None:
    energy, mu = make_spectrum()
    assert prepare_xanes((energy, mu), None).absorber == "Fe"
    with pytest.raises(MeasurementError) as caught:
        prepare_xanes((energy - 210, mu), None)
    assert "absorber=" in caught.value.suggestion
    with pytest.raises(OptionError):
        prepare_xanes(make_spectrum(), "Xx")


def test_moving_adds_to_energies_and_shift(make_scan: Any) -> None:
    prepared = prepare_xanes(make_scan(), None, shift=0.5)
    moved = prepared.moved(-2.0, 0.7)
    np.testing.assert_allclose(moved.energy, prepared.energy - 2.0)
    assert (moved.shift, moved.error) == (-1.5, 0.7)
    assert prepared.shift == 0.5


def test_the_radiation_decides_the_technique() -> None:
    curve = PdfCurve("a.gr", "", "gr", R, G)
    assert technique_of(replace(curve, radiation="x-ray"), None) == "pdf"
    assert technique_of(replace(curve, radiation="neutron"), None) == "npdf"
    assert technique_of(curve, "neutron") == "npdf"
    assert technique_of(replace(curve, radiation="neutron"), "neutron") == "npdf"
    with pytest.raises(OptionError, match="as x-ray data"):
        technique_of(replace(curve, radiation="neutron"), "x-ray")
    for radiation in (None, "electron"):
        with pytest.raises(OptionError) as caught:
            technique_of(replace(curve, radiation=radiation), None)
        assert "a.gr" in caught.value.problem
        assert "radiation=" in caught.value.suggestion


def test_a_read_curve_is_left_as_it_is() -> None:
    curve = PdfCurve("a.gr", "", "gr", R, G, radiation="neutron")
    assert pdf_curve(curve, None) is curve


def test_arrays_make_a_curve_in_either_direction() -> None:
    up, down = pdf_curve((R, G), "neutron"), pdf_curve((R[::-1], G[::-1]), "neutron")
    np.testing.assert_array_equal(up.r, down.r)
    np.testing.assert_array_equal(up.G, down.G)
    assert up.radiation == "neutron"


@pytest.mark.parametrize(
    ("r", "values", "found"),
    [
        (R, np.where(R > 4, np.nan, G), "missing or not finite"),
        (R, np.zeros(len(R)), "the same value, 0"),
        (R, G[:-1], "(1000,) distances and (999,) values"),
        (R[:5], G[:5], "(5,) distances"),
        (np.r_[R[:500], R[:500]], G, "do not increase"),
    ],
)
def test_what_is_no_curve_is_refused(r: Any, values: Any, found: str) -> None:
    with pytest.raises(MeasurementError) as caught:
        pdf_curve((r, values), None)
    assert four_parts(caught.value)
    assert found in caught.value.found
    with pytest.raises(MeasurementError, match=r"b\.gr"):
        pdf_curve(PdfCurve("b.gr", "", "gr", r, values, radiation="x-ray"), None)
