"""Poorer curves are what a poorer measurement would give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from edgepair.advice import QUALITIES
from edgepair.dataset import load_bundled
from edgepair.dataset.qualities import levels_for, own_level
from edgepair.spectra import PDFInstrument

Make = Callable[..., xr.Dataset]


def degraded(dataset: xr.Dataset, axis: str, name: str, level: float, variable: str) -> xr.Dataset:
    before = dataset.copy(deep=True)
    found = QUALITIES[axis, name].degrade(dataset, variable, level, np.random.default_rng(1))
    xr.testing.assert_identical(dataset, before)
    return found


@pytest.fixture
def iron(make_told: Make) -> xr.Dataset:
    return make_told(xanes_tells=True, pdf_tells=True)


@pytest.mark.parametrize("qmax", [20.0, 14.0, 10.0])
def test_a_lower_qmax_is_that_of_the_ideal_curve_ended_earlier(qmax: float) -> None:
    """Reference: the bundle's ideal curves, shown through an instrument of that Qmax."""
    shown = load_bundled("Mn")
    want = load_bundled("Mn", instrument=PDFInstrument(qmax=qmax))
    for variable in ("G", "G_M"):
        got = degraded(shown, "r", "qmax", qmax, variable)
        near = (got["r"].values > 1.2) & (got["r"].values <= 6.0)
        miss = got[variable].values[:, near] - want[variable].values[:, near]
        size = np.sqrt((want[variable].values[:, near] ** 2).mean())
        assert np.sqrt((miss**2).mean()) < 0.02 * size


def test_noise_has_the_level_asked_for_on_any_grid(iron: xr.Dataset) -> None:
    for step in (1, 2):  # 0.5 and 1 eV
        thinner = iron.isel(energy=slice(None, None, step))
        noise = degraded(thinner, "energy", "noise", 0.05, "mu")["mu"].values - thinner["mu"].values
        assert noise.std() == pytest.approx(0.05, rel=0.03)  # 5400 or more draws


def test_pdf_noise_is_a_part_of_each_curve(iron: xr.Dataset) -> None:
    noise = degraded(iron, "r", "noise", 0.1, "G")["G"].values - iron["G"].values
    part = noise.std(axis=1) / np.sqrt((iron["G"].values ** 2).mean(axis=1))
    assert part.mean() == pytest.approx(0.1, rel=0.03)  # 90 curves of some 90 waves


def test_pdf_noise_is_an_equal_error_of_the_structure_factor(iron: xr.Dataset) -> None:
    """By the sine transform back: ∫ δG sin(Qr) dr is in proportion to Q up to the highest Q, then 0."""
    noise = degraded(iron, "r", "noise", 0.1, "G")["G"].values - iron["G"].values
    r = iron["r"].values
    size = {q: np.sqrt(((noise @ np.sin(q * r)) ** 2).mean()) for q in (6.0, 12.0, 24.0, 29.0)}
    assert size[12.0] / size[6.0] == pytest.approx(2, rel=0.25)  # 90 draws each
    assert size[24.0] / size[12.0] == pytest.approx(2, rel=0.25)
    assert size[29.0] < 0.3 * size[24.0]


def test_broadening_widens_a_gaussian_in_quadrature(iron: xr.Dataset) -> None:
    energy = iron["energy"].values
    narrow = iron.copy(deep=True)
    narrow["mu"].values[:] = np.exp(-0.5 * ((energy - 7132.0) / 2.0) ** 2)
    wide = degraded(narrow, "energy", "energy_resolution", 3.0, "mu")["mu"].values[0]
    spread = np.sqrt((wide * (energy - 7132.0) ** 2).sum() / wide.sum())
    sigma = 3.0 / (2 * np.sqrt(2 * np.log(2)))
    assert spread == pytest.approx(np.hypot(2.0, sigma), rel=1e-3)
    flat = iron.copy(deep=True)
    flat["mu"].values[:] = 1.0
    unchanged = degraded(flat, "energy", "energy_resolution", 3.0, "mu")["mu"].values
    np.testing.assert_allclose(unchanged, 1.0, atol=1e-6)


def test_calibration_errors_move_edges_by_as_much(iron: xr.Dataset) -> None:
    energy = iron["energy"].values
    ramp = iron.copy(deep=True)
    ramp["mu"].values[:] = (energy - energy[0]) / np.ptp(energy)
    moved = degraded(ramp, "energy", "calibration_error", 0.5, "mu")["mu"].values
    middle = len(energy) // 2
    shifts = (ramp["mu"].values - moved)[:, middle] * np.ptp(energy)
    assert shifts.std() == pytest.approx(0.5, rel=0.25)  # 90 draws
    assert abs(shifts.mean()) < 0.2


def test_ranges_are_cut_where_asked(iron: xr.Dataset) -> None:
    late = degraded(iron, "energy", "energy_first", -5.0, "mu")["energy"].values
    short = degraded(iron, "energy", "energy_last", 30.0, "mu")["energy"].values
    near = degraded(iron, "r", "r_last", 3.0, "G")["r"].values
    assert (late[0], short[-1]) == (7107.0, 7142.0)
    assert near[-1] == pytest.approx(3.0)


def test_only_poorer_levels_are_tried_and_the_edge_stays_in_view(iron: xr.Dataset) -> None:
    # the edge lies at +6 eV, the white line at +12; the grid runs from −10 to +49.5 eV
    def levels(axis: str, name: str) -> tuple[float, ...]:
        return levels_for(iron, "xanes" if axis == "energy" else "pdf", QUALITIES[axis, name])

    assert levels("energy", "energy_first") == (-5.0, 0.0)
    assert levels("energy", "energy_last") == (45.0, 30.0, 25.0, 20.0, 15.0)
    assert levels("r", "r_last") == (6.0, 5.0, 4.0, 3.0, 2.5)
    assert levels("energy", "noise") == QUALITIES["energy", "noise"].levels


def test_own_qmax_is_what_the_data_say_or_their_grid_allows(iron: xr.Dataset) -> None:
    assert own_level(iron, "pdf", QUALITIES["r", "qmax"]) == pytest.approx(np.pi / 0.1)
    assert own_level(load_bundled("Mn"), "dpdf", QUALITIES["r", "qmax"]) == 25.0
    low = load_bundled("Mn", instrument=PDFInstrument(qmax=13.0))
    assert levels_for(low, "pdf", QUALITIES["r", "qmax"]) == (12.0, 10.0, 8.0)


def test_an_uneven_grid_can_lose_its_high_q_too(iron: xr.Dataset) -> None:
    """A curve that holds nothing above 4 1/Å is unchanged by ending at 12; one at 20 1/Å is gone."""
    r = 0.8 + np.cumsum(np.r_[0.0, np.tile([0.04, 0.06], 110)])
    curves = np.vstack([np.sin(4 * r), np.sin(20 * r)]) * np.exp(-0.5 * ((r - 6) / 1.5) ** 2)
    kept = iron.drop_dims("r").isel(material=[0, 1], site=[0, 1])
    kept = kept.assign_coords(r=("r", r, {"units": "Å"})).assign(G=(("material", "r"), curves, {}))
    cut = degraded(kept, "r", "qmax", 12.0, "G")
    slow, fast = cut["G"].values
    np.testing.assert_allclose(slow, np.interp(cut["r"].values, r, curves[0]), atol=0.02)
    assert np.abs(fast).max() < 0.02
