"""Properties of averages over sites, whatever the sites."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepair.conventions import edge_energy
from edgepair.dataset import average_sites, find_problems, from_arrays, select_sites

FEW = settings(max_examples=30, deadline=None)


@st.composite
def datasets(draw: st.DrawFn) -> xr.Dataset:
    """Sites shared out over materials, with labels of which some are missing."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n_sites = draw(st.integers(1, 12))
    states = rng.integers(2, 5, n_sites).astype(float)
    states[rng.random(n_sites) < 0.2] = np.nan
    arguments: dict[str, Any] = {
        "absorber": "Mn",
        "energy": edge_energy("Mn") + np.linspace(-5, 60, 20),
        "mu": rng.normal(1, 0.3, (n_sites, 20)),
        "oxidation_state": states,
        "bond_length": rng.uniform(1.7, 2.4, n_sites),
        "material_id": [f"m-{k}" for k in rng.integers(0, 5, n_sites)],
        "multiplicity": rng.integers(1, 48, n_sites),
    }
    dataset = from_arrays(**arguments)
    dataset["site_index"] = ("site", rng.permutation(n_sites), dataset["site_index"].attrs)
    return dataset


@FEW
@given(datasets())
def test_averages_are_valid_and_exact(dataset: xr.Dataset) -> None:
    averaged = average_sites(dataset)
    assert find_problems(averaged) == []
    for row, name in enumerate(dataset["material_id"].values):
        sites = np.flatnonzero(dataset["material_id"].values[dataset["material_index"].values] == name)
        weight = dataset["multiplicity"].values[sites].astype(float)
        for label in ("oxidation_state", "bond_length"):
            expected = np.average(dataset[label].values[sites], weights=weight)
            found = averaged[label].values[row]
            assert np.isnan(found) if np.isnan(expected) else abs(found - expected) < 1e-12
        mean = np.average(dataset["mu"].values[sites].astype(float), axis=0, weights=weight)
        assert np.allclose(averaged["mu"].values[row], mean, rtol=0, atol=1e-6)


@FEW
@given(datasets(), st.randoms(use_true_random=False))
def test_the_order_of_sites_changes_nothing(dataset: xr.Dataset, random: Any) -> None:
    order = list(range(dataset.sizes["site"]))
    random.shuffle(order)
    xr.testing.assert_identical(average_sites(select_sites(dataset, order)), average_sites(dataset))


@FEW
@given(datasets())
def test_values_that_agree_stay_what_they_are(dataset: xr.Dataset) -> None:
    dataset["bond_length"] = dataset["bond_length"] * 0 + 2.1234567
    dataset["bond_length"].attrs["units"] = "Å"
    assert set(average_sites(dataset)["bond_length"].values.tolist()) == {2.1234567}
