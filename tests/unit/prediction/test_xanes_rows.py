"""What a model learns from: averages over sites, fair draws, simulations made to look measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TASKS, edge_energy
from edgepair.features.xanes import STEP
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_rows import (
    SimulatedSpectrum,
    choose_evenly,
    collect_rows,
    make_measured,
    material_spectra,
    simulation_shifts,
)
from edgepair.standards import Standard


def simulated(
    number: int = 0, *, state: float = 3.0, coordination: float = 6.0, at: float = 8.0, formula: str = ""
) -> SimulatedSpectrum:
    energy = np.arange(-12.0, 45.0, 0.5)
    mu = 1 / (1 + np.exp(-(energy - at) / 1.2)) + 0.3 * np.exp(-0.5 * ((energy - at - 5) / 3) ** 2)
    values = {"oxidation_state": state, "coordination_number": coordination, "bond_length": 2.0}
    return SimulatedSpectrum("Fe", f"made-{number}", formula or f"Fe{number + 2}O3", energy, mu, values)


def standard(compound: str = "Fe2O3", *, at: float = 11.0, shift: float = 0.2, **values: float) -> Standard:
    spectrum = simulated(at=at)
    known = {"oxidation_state": 3.0, "coordination_number": 6.0, "bond_length": 2.03} | values
    return Standard(
        name=f"{compound}.xdi",
        compound=compound,
        absorber="Fe",
        energy=spectrum.energy + edge_energy("Fe"),
        mu=spectrum.mu,
        energy_shift=shift,
        formula=compound,
        **known,
    )


def test_a_materials_spectrum_is_weighted_by_multiplicity(make_synthetic: Callable[..., xr.Dataset]) -> None:
    dataset = make_synthetic()
    spectra = {s.name: s for s in material_spectra(dataset)}
    assert len(spectra) == dataset.sizes["material"]
    owner, weight = dataset["material_index"].values, dataset["multiplicity"].values
    for material in (3, 45):
        sites = np.flatnonzero(owner == material)
        found = spectra[str(dataset["material_id"].values[material])]
        share = weight[sites] / weight[sites].sum()
        np.testing.assert_allclose(found.mu, share @ dataset["mu"].values[sites], rtol=1e-6)
        for task in TASKS:
            assert found.values[task] == pytest.approx(share @ dataset[task].values[sites])
        assert found.energy[0] == pytest.approx(dataset["energy"].values[0] - edge_energy("Fe"))
    assert len(np.flatnonzero(owner == 45)) == 2


def test_an_incomplete_material_gives_single_sites(make_synthetic: Callable[..., xr.Dataset]) -> None:
    dataset = make_synthetic()
    dataset["complete"][45] = False
    name = str(dataset["material_id"].values[45])
    sites = np.flatnonzero(dataset["material_index"].values == 45)
    found = [s for s in material_spectra(dataset) if s.name == name]
    assert len(found) == len(sites) == 2
    for spectrum, site in zip(found, sites, strict=True):
        np.testing.assert_allclose(spectrum.mu, dataset["mu"].values[site], rtol=1e-6)
        assert spectrum.values["coordination_number"] == dataset["coordination_number"].values[site]


def test_a_draw_is_even_over_pairs_and_keeps_the_rare() -> None:
    spectra = [simulated(i, coordination=6) for i in range(50)]
    spectra += [simulated(50 + i, coordination=4) for i in range(10)]
    spectra += [simulated(60, coordination=5), simulated(61, coordination=np.nan)]
    chosen = choose_evenly(spectra, 20, np.random.default_rng(0))
    numbers = [s.values["coordination_number"] for s in chosen]
    assert len(chosen) == len({s.name for s in chosen}) == 20
    assert numbers.count(6.0) == 9
    assert numbers.count(4.0) == 9
    assert numbers.count(5.0) == 1
    # the first of the draw are as even as all of it
    assert len(set(map(str, numbers[:4]))) == 4
    everything = choose_evenly(spectra, 500, np.random.default_rng(0))
    assert {s.name for s in everything} == {s.name for s in spectra}


def test_a_draw_depends_on_its_seed_alone() -> None:
    spectra = [simulated(i) for i in range(30)]
    one, two, other = (choose_evenly(spectra, 10, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert [s.name for s in one] == [s.name for s in two] != [s.name for s in other]


def test_a_spectrum_made_to_look_measured_stays_near_itself() -> None:
    original = simulated()
    changed = [make_measured(original, np.random.default_rng(seed)) for seed in range(30)]
    for energy, mu in changed:
        assert (np.diff(energy) > 0).all()
        assert np.diff(energy).mean() == pytest.approx(STEP, rel=0.1)
        same = np.interp(energy, original.energy, original.mu)
        assert np.abs(mu - same).max() < 0.35
        # its edge stays where it is
        assert energy[(mu > 0.5).argmax()] == pytest.approx(8.0, abs=0.6)
    assert np.std([mu[100] for _, mu in changed]) > 0


def test_simulated_energies_are_laid_on_the_standards() -> None:
    spectra = [simulated(i, state=3, at=8.0) for i in range(3)] + [simulated(9, state=2, at=5.0)]
    standards = [standard(at=11.0), standard("FeO", at=7.0, oxidation_state=2.0)]
    shifts = simulation_shifts(spectra, standards, EnergyWindow())
    # the difference is 3 eV for state 3 and 2 eV for state 2, and their median 2.5
    assert shifts[None] == pytest.approx(2.5, abs=0.3)
    assert shifts[3] == pytest.approx(2.75, abs=0.3)
    assert shifts[2] == pytest.approx(2.25, abs=0.3)


def test_standards_without_calibration_or_of_another_kind_shift_nothing() -> None:
    window = EnergyWindow()
    assert simulation_shifts([simulated()], [], window) == {None: 0.0}
    assert simulation_shifts([], [standard()], window) == {None: 0.0}
    assert simulation_shifts([simulated()], [standard(shift=np.nan)], window) == {None: 0.0}
    assert simulation_shifts([simulated()], [standard(coordination_number=4.0)], window) == {None: 0.0}
    assert simulation_shifts([simulated()], [standard(oxidation_state=np.nan)], window) == {None: 0.0}


def many_standards() -> list[Standard]:
    """Make as many compounds as decide alone."""
    more = [standard(f"Fe{i}O{i + 1}") for i in range(3, 30)]
    return [standard(), standard(shift=np.nan), replace(standard("FeO"), formula=""), *more]


def test_rows_hold_standards_first_and_know_their_compounds() -> None:
    standards = many_standards()
    spectra = {"Fe": [simulated(1, formula="Fe2O3"), simulated(2, formula="FeO"), simulated(3)]}
    rows = collect_rows(EnergyWindow(), standards, spectra, 0)
    n = len(standards)
    assert rows.mu.shape == (n + 3, len(EnergyWindow().grid()))
    assert not rows.simulated[:n].any()
    assert rows.simulated[n:].all()
    assert rows.group[0] == rows.group[1] == "Fe Fe2O3"
    group = dict(zip(rows.name[n:], rows.group[n:], strict=True))
    # of the composition of a standard: left out with it; others are never left out
    assert group == {"made-1": "Fe Fe2O3", "made-2": "", "made-3": ""}
    assert not rows.shift_known[1]
    assert rows.shift_known[[0, 2, *range(n, n + 3)]].all()
    assert not rows.few_measured
    np.testing.assert_array_equal(rows.votes, ~rows.simulated)
    for task in TASKS:
        assert np.isfinite(rows.targets[task]).all()


def test_with_few_standards_simulated_rows_vote_too() -> None:
    spectra = {"Fe": [simulated(i) for i in range(5)]}
    rows = collect_rows(EnergyWindow(), [standard()], spectra, 0)
    assert rows.few_measured
    assert rows.votes.all()
    # the first is of the standard's composition
    assert sorted(set(rows.group)) == [f"Fe Fe{i}O3" for i in range(2, 7)]


def test_the_order_of_standards_changes_nothing_but_the_order() -> None:
    standards = many_standards()
    spectra = {"Fe": [simulated(i) for i in range(5)]}
    first = collect_rows(EnergyWindow(), standards, spectra, 0)
    second = collect_rows(EnergyWindow(), standards[::-1], spectra, 0)
    n = len(standards)
    np.testing.assert_allclose(first.mu[:n], second.mu[:n][::-1])
    np.testing.assert_allclose(first.mu[n:], second.mu[n:], atol=1e-9)


def test_values_that_are_not_known_stay_unknown() -> None:
    known: dict[str, Any] = {"bond_length": np.nan}
    rows = collect_rows(EnergyWindow(), [standard(**known)], {"Fe": [simulated()]}, 0)
    assert np.isnan(rows.targets["bond_length"][0])
    assert np.isfinite(rows.targets["bond_length"][1])
