"""Properties of datasets made from arrays and of their storage."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepair.conventions import DataError, edge_energy
from edgepair.dataset import find_problems, from_arrays, open_dataset, save_dataset

FEW = settings(max_examples=20, deadline=None)
ABSORBERS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Mo", "Pt", "Al")


@st.composite
def array_sets(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of from_arrays: any techniques and labels, sites shared out over materials."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    absorber = draw(st.sampled_from(ABSORBERS))
    n_sites = draw(st.integers(1, 8))
    ids = [f"m-{k}" for k in rng.integers(0, n_sites, n_sites)]
    n_materials = len(set(ids))
    chosen = draw(st.lists(st.sampled_from(["mu", "G", "G_M", "G_neutron"]), min_size=1, unique=True))
    given_arrays: dict[str, Any] = {"absorber": absorber, "material_id": ids}
    if "mu" in chosen:
        given_arrays["energy"] = edge_energy(absorber) + np.cumsum(rng.uniform(0.1, 2, 30)) - 5
        given_arrays["mu"] = rng.normal(1, 0.3, (n_sites, 30))
    if set(chosen) - {"mu"}:
        given_arrays["r"] = np.cumsum(rng.uniform(0.01, 0.2, 25))
    for name in set(chosen) - {"mu"}:
        given_arrays[name] = rng.normal(0, 3, (n_materials, 25))
    for name, low, high in (
        ("oxidation_state", 0, 6),
        ("coordination_number", 3, 9),
        ("bond_length", 1.5, 2.6),
    ):
        if draw(st.booleans()):
            values = rng.uniform(low, high, n_sites)
            values[rng.random(n_sites) < 0.2] = np.nan
            given_arrays[name] = values
    if draw(st.booleans()):
        given_arrays["multiplicity"] = rng.integers(1, 48, n_sites)
    return given_arrays


@FEW
@given(array_sets())
def test_any_good_arrays_make_a_valid_dataset(arguments: dict[str, Any]) -> None:
    dataset = from_arrays(**arguments)
    assert find_problems(dataset) == []
    of_site = dataset["material_id"].values[dataset["material_index"].values]
    assert of_site.tolist() == arguments["material_id"]


@FEW
@given(array_sets())
def test_save_then_open_is_identical_to_rounding(arguments: dict[str, Any]) -> None:
    dataset = from_arrays(**arguments)
    with tempfile.TemporaryDirectory() as folder:
        save_dataset(dataset, Path(folder) / "a.zip")
        opened = open_dataset(Path(folder) / "a.zip")
    assert opened.attrs == dataset.attrs
    assert set(opened.variables) == set(dataset.variables)
    for name in dataset.variables:
        if name in ("mu", "G", "G_M", "G_neutron"):
            # half of the last kept bit: 14 bits for mu, 12 for G
            np.testing.assert_allclose(
                opened[name], dataset[name], rtol=2.0 ** (-15 if name == "mu" else -13)
            )
        else:
            np.testing.assert_array_equal(opened[name], dataset[name])


@pytest.mark.parametrize("absorber", ABSORBERS)
@settings(max_examples=10, deadline=None)
@given(before=st.floats(5, 300), after=st.floats(30, 1200), n=st.integers(5, 60))
def test_kev_is_refused_for_every_absorber(absorber: str, before: float, after: float, n: int) -> None:
    edge = edge_energy(absorber)
    energy = np.linspace(edge - before, edge + min(after, 0.9 * edge), n)
    assert find_problems(from_arrays(absorber=absorber, energy=energy, mu=np.ones((1, n)))) == []
    with pytest.raises(DataError, match="keV"):
        from_arrays(absorber=absorber, energy=energy / 1000, mu=np.ones((1, n)))


@pytest.mark.parametrize("absorber", ABSORBERS)
@settings(max_examples=10, deadline=None)
@given(before=st.floats(1, 100), after=st.floats(25, 300))
def test_energies_relative_to_the_edge_are_refused(absorber: str, before: float, after: float) -> None:
    energy = np.linspace(-before, after, 40)
    with pytest.raises(DataError, match="relative to the edge"):
        from_arrays(absorber=absorber, energy=energy, mu=np.ones((1, 40)))
