"""Means of curves over the sites of each class."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.study.importances import class_curves


def test_the_mean_of_a_class_is_that_of_its_sites(synthetic_dataset: xr.Dataset) -> None:
    curves = class_curves(synthetic_dataset, task="oxidation_state")
    three = curves[(curves["group"] == "3") & (curves["technique"] == "xanes")]
    here = synthetic_dataset["oxidation_state"].values == 3
    mine = synthetic_dataset["mu"].values[here]
    assert np.allclose(three["mean"], mine.mean(axis=0), atol=1e-6)
    assert np.allclose(three["upper"], np.percentile(mine, 84, axis=0), atol=1e-6)
    assert set(three["n_sites"]) == {int(here.sum())}


def test_a_materials_curve_counts_once_for_each_of_its_sites(synthetic_dataset: xr.Dataset) -> None:
    sites = np.arange(38, 60)
    curves = class_curves(synthetic_dataset, task="oxidation_state", sites=sites)
    pdf = curves[(curves["group"] == "2") & (curves["technique"] == "pdf")]
    here = sites[synthetic_dataset["oxidation_state"].values[sites] == 2]
    owners = synthetic_dataset["material_index"].values[here]
    assert len(set(owners.tolist())) < len(owners)
    assert np.allclose(pdf["mean"], synthetic_dataset["G"].values[owners].mean(axis=0), atol=1e-6)


def test_a_regression_is_cut_into_thirds(synthetic_dataset: xr.Dataset) -> None:
    curves = class_curves(synthetic_dataset, task="bond_length")
    counts = curves[curves["technique"] == "xanes"].groupby("group")["n_sites"].first()
    assert list(counts) == [20, 20, 20]
    assert all("Å" in name for name in counts.index)


def test_a_single_site_is_its_own_mean(synthetic_dataset: xr.Dataset) -> None:
    curves = class_curves(synthetic_dataset, task="coordination_number", sites=[5])
    xanes = curves[curves["technique"] == "xanes"]
    assert np.allclose(xanes["mean"], synthetic_dataset["mu"].values[5], atol=1e-6)
    assert np.allclose(xanes["lower"], xanes["upper"])


def test_without_a_label_there_is_no_mean(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(DataError, match="oxidation state") as refused:
        class_curves(synthetic_dataset.drop_vars("oxidation_state"), task="oxidation_state")
    assert refused.value.found == "no site with that label"
