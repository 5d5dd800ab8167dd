"""Datasets from a user's own arrays, and every way in which those can be wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from edgepair.conventions import DataError, OptionError
from edgepair.dataset import find_problems, from_arrays

Floats = NDArray[np.float64]

R = np.arange(1.0, 10.0, 0.1)
PDF = np.array([np.sin(R), np.cos(R), np.sin(2 * R)])


def make(_energy: Floats, _mu: Floats, **changes: Any) -> xr.Dataset:
    return from_arrays(**({"absorber": "Fe", "energy": _energy, "mu": _mu} | changes))


def test_spectra_and_labels_come_back(energy: Floats, step_mu: Floats) -> None:
    dataset = make(energy, step_mu, oxidation_state=[2, 3, np.nan], bond_length=[2.1, 2.0, 1.9])
    assert dict(dataset.sizes) == {"site": 3, "energy": 61, "material": 3}
    # stored as 32-bit numbers
    np.testing.assert_allclose(dataset["mu"], step_mu, rtol=1e-6)
    np.testing.assert_array_equal(dataset["energy"], energy)
    np.testing.assert_array_equal(dataset["oxidation_state"], [2, 3, np.nan])
    assert "coordination_number" not in dataset
    assert dataset["mu"].dims == ("site", "energy")
    assert dataset["energy"].attrs["units"] == "eV"
    assert dataset.attrs["edge_energy"] == 7112.0
    assert find_problems(dataset) == []


def test_defaults_make_each_site_its_own_material(energy: Floats, step_mu: Floats) -> None:
    dataset = make(energy, step_mu)
    assert dataset.attrs["groups"] == "material"
    assert dataset["material_index"].values.tolist() == [0, 1, 2]
    assert dataset["multiplicity"].values.tolist() == [1, 1, 1]
    assert dataset["site_index"].values.tolist() == [0, 0, 0]
    assert dataset["origin"].values.tolist() == ["user"] * 3
    assert dataset["complete"].values.all()
    assert dataset["formula"].values.tolist() == dataset["material_id"].values.tolist()


def test_sites_of_one_material(energy: Floats, step_mu: Floats) -> None:
    dataset = make(
        energy,
        step_mu,
        material_id=["b", "a", "b"],
        formula=["Fe3O4", "FeO", "Fe3O4"],
        multiplicity=[8, 4, 16],
    )
    assert dataset["material_id"].values.tolist() == ["b", "a"]
    assert dataset["formula"].values.tolist() == ["Fe3O4", "FeO"]
    assert dataset["material_index"].values.tolist() == [0, 1, 0]
    assert dataset["site_index"].values.tolist() == [0, 0, 1]
    assert dataset["multiplicity"].values.tolist() == [8, 4, 16]
    assert dataset.attrs["groups"] == "formula"


def test_pdf_alone() -> None:
    dataset = from_arrays(absorber="Fe", r=R, G=PDF, bond_length=[2, 2.1, 2.2])
    assert dict(dataset.sizes) == {"material": 3, "r": 90, "site": 3}
    assert "energy" not in dataset.variables


@pytest.mark.parametrize("name", ["G", "G_M", "G_neutron"])
def test_pdfs_per_site_or_per_material(name: str, energy: Floats, step_mu: Floats) -> None:
    ids = ["x", "x", "y"]
    by_material = make(energy, step_mu, r=R, material_id=ids, **{name: PDF[:2]})
    by_site = make(energy, step_mu, r=R, material_id=ids, **{name: PDF[[0, 0, 1]]})
    assert by_material.identical(by_site)
    np.testing.assert_allclose(by_site[name], PDF[:2], atol=1e-7)


def test_differing_rows_of_one_material_are_refused(energy: Floats, step_mu: Floats) -> None:
    with pytest.raises(DataError, match="'G'") as caught:
        make(energy, step_mu, r=R, G=PDF, material_id=["x", "y", "x"])
    assert "rows of one material (number 0) that differ" in caught.value.found
    assert "one row per material" in caught.value.suggestion


KEEPS = {"energy": np.arange(7100.0, 7161.0)}


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        (KEEPS["energy"] / 1000, "keV"),
        (KEEPS["energy"] - 7112, "relative to the edge"),
        (KEEPS["energy"][::-1], "decreases"),
        (KEEPS["energy"] + 500, "does not hold the K edge of Fe at 7112 eV"),
        (KEEPS["energy"] - 300, "does not hold the K edge of Fe at 7112 eV"),
        (np.where(KEEPS["energy"] == 7120, 7119, KEEPS["energy"]), r"does not increase at point 20 \(7119\)"),
        (np.where(KEEPS["energy"] == 7120, np.nan, KEEPS["energy"]), "not finite"),
        (KEEPS["energy"][:1], "too few"),
    ],
    ids=["keV", "relative", "decreasing", "above", "below", "repeated", "nan", "single"],
)
def test_bad_energies(axis: Floats, words: str, step_mu: Floats) -> None:
    with pytest.raises(DataError, match=words) as caught:
        from_arrays(absorber="Fe", energy=axis, mu=step_mu[:, : len(axis)])
    assert caught.value.problem == "cannot make a dataset: 'energy'"


def test_relative_energies_that_start_above_the_edge() -> None:
    # 5 to 79 eV above the copper edge at 8.98 keV: not keV, though 8.98 lies between
    with pytest.raises(DataError, match="relative to the edge"):
        from_arrays(absorber="Cu", energy=np.arange(5.0, 80.0), mu=np.ones((1, 75)))


def test_another_absorbers_energies_are_refused(energy: Floats, step_mu: Floats) -> None:
    with pytest.raises(DataError, match="does not hold the K edge of Mn at 6539 eV"):
        make(energy, step_mu, absorber="Mn")


@pytest.mark.parametrize(("axis", "words"), [(R[::-1], "decreases"), (R * np.nan, "not finite")])
def test_bad_distances(axis: Floats, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        from_arrays(absorber="Fe", r=axis, G=PDF)
    assert caught.value.problem == "cannot make a dataset: 'r'"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_spectra_must_be_finite(bad: float, energy: Floats, step_mu: Floats) -> None:
    step_mu[1, 5] = bad
    with pytest.raises(DataError, match="'mu' has 1 values that are not finite, first in site 1"):
        make(energy, step_mu)


def test_labels_may_be_missing_but_not_infinite(energy: Floats, step_mu: Floats) -> None:
    assert np.isnan(make(energy, step_mu, bond_length=[None, 2.0, 2.0])["bond_length"][0])
    with pytest.raises(DataError, match="'bond_length' has 1 values"):
        make(energy, step_mu, bond_length=[np.inf, 2.0, 2.0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mu": None}, "no spectrum"),
        ({"energy": None}, "mu without energy"),
        ({"r": None, "G": PDF}, "G without r"),
        ({"r": R[:-1], "G": PDF}, r"'G'\n  Found:  shape \(3, 90\)\n  Needed: shape \(3, 89\)"),
        ({"r": R, "G": PDF[:2]}, "'G'"),
        ({"r": R, "G_M": PDF[0]}, "1 dimensions"),
        ({"mu": np.ones(61)}, "'mu'"),
        ({"mu": np.ones((3, 60))}, "'mu'"),
        ({"mu": 3.0}, "'mu'"),
        ({"mu": [[1.0, 2.0], [3.0]]}, "'mu'"),
        ({"mu": [["a"] * 61] * 3}, "'mu'"),
        ({"oxidation_state": [2, 3]}, "'oxidation_state'"),
        ({"oxidation_state": 2}, "'oxidation_state'"),
        ({"oxidation_state": ["two", 3, 3]}, "'oxidation_state'"),
        ({"oxidation_state": [2, 3, 9]}, "of site 2 is 9; possible are -4 to 8"),
        ({"coordination_number": [0, 4, 6]}, "of site 0 is 0"),
        ({"bond_length": [195, 200, 210]}, "possible are 1 to 4 Å"),
        ({"material_id": ["a", "b"]}, "'material_id'"),
        ({"formula": ["FeO"]}, "'formula'"),
        (
            {"material_id": ["a", "b", "a"], "formula": ["FeO", "FeO", "Fe2O3"]},
            "'FeO' and 'Fe2O3' for material 'a'",
        ),
        ({"multiplicity": [1, 0, 1]}, "whole numbers"),
        ({"multiplicity": [1, 1.5, 1]}, "whole numbers"),
        ({"multiplicity": [1, np.nan, 1]}, "whole numbers"),
        ({"multiplicity": [1, 2]}, "'multiplicity'"),
        ({"origin": "guess"}, "'origin' has 'guess'"),
    ],
)
def test_every_mistake_is_named(changes: dict[str, Any], words: str, energy: Floats, step_mu: Floats) -> None:
    with pytest.raises(DataError, match=words) as caught:
        make(energy, step_mu, **changes)
    assert caught.value.suggestion


@pytest.mark.parametrize("G", [[[1.0, 2.0], [3.0]], 3.0, "text"], ids=["ragged", "number", "text"])
def test_malformed_pdf_alone_is_the_users_error(G: Any) -> None:
    with pytest.raises(DataError, match="'G'"):
        from_arrays(absorber="Fe", r=R, G=G)


@pytest.mark.parametrize("changes", [{"absorber": "Xx"}, {"edge": "L3"}])
def test_bad_options(changes: dict[str, str], energy: Floats, step_mu: Floats) -> None:
    with pytest.raises(OptionError, match="cannot look up"):
        make(energy, step_mu, **changes)


def test_arguments_are_left_as_they_were(energy: Floats, step_mu: Floats) -> None:
    kept = energy.copy(), step_mu.copy()
    dataset = make(energy, step_mu)
    dataset["mu"].values[:] = 0
    np.testing.assert_array_equal(energy, kept[0])
    np.testing.assert_array_equal(step_mu, kept[1])
