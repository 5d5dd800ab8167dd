"""What keeps a dataset from following the schema."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset import VARIABLES, assemble, find_problems, validate

REQUIRED = [name for name, variable in VARIABLES.items() if variable.required]


def changed(dataset: xr.Dataset, name: str, position: int, value: object) -> xr.Dataset:
    """Set one entry of a variable."""
    values = dataset[name].values.copy()
    values[position] = value
    return dataset.assign({name: (dataset[name].dims, values, dataset[name].attrs)})


def test_a_good_dataset_has_no_problems(synthetic_dataset: xr.Dataset) -> None:
    assert find_problems(synthetic_dataset) == []
    validate(synthetic_dataset)


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_variable(name: str, synthetic_dataset: xr.Dataset) -> None:
    assert find_problems(synthetic_dataset.drop_vars(name)) == [f"the variable {name!r} is missing"]


@pytest.mark.parametrize("name", ["absorber", "edge", "edge_energy"])
def test_missing_attribute(name: str, synthetic_dataset: xr.Dataset) -> None:
    del synthetic_dataset.attrs[name]
    assert find_problems(synthetic_dataset) == [f"the attribute {name!r} is missing"]


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_another_version(version: object, synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset.attrs["schema_version"] = version
    assert find_problems(synthetic_dataset) == [f"the attribute 'schema_version' is {version!r}, not 1"]


def test_no_spectrum(synthetic_dataset: xr.Dataset) -> None:
    bare = synthetic_dataset.drop_vars(["mu", "G", "G_M", "G_neutron"])
    assert find_problems(bare) == ["there is no spectrum at all: none of mu, G, G_M, G_neutron"]


@pytest.mark.parametrize(("axis", "curve"), [("energy", "mu"), ("r", "G")])
def test_missing_axis(axis: str, curve: str, synthetic_dataset: xr.Dataset) -> None:
    problems = find_problems(synthetic_dataset.drop_vars(axis))
    assert f"{curve!r} has no axis: {axis!r} is missing" in problems


@pytest.mark.parametrize("name", ["mu", "G", "bond_length", "energy", "r"])
def test_wrong_units(name: str, synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset[name].attrs["units"] = "nm"
    assert find_problems(synthetic_dataset) == [f"{name!r} has units 'nm', not {VARIABLES[name].units!r}"]


def test_wrong_dimensions(synthetic_dataset: xr.Dataset) -> None:
    wrong = synthetic_dataset.assign(mu=synthetic_dataset["mu"].T)
    assert find_problems(wrong) == ["'mu' has dimensions ('energy', 'site'), not ('site', 'energy')"]


@pytest.mark.parametrize(
    ("name", "dtype", "kind"),
    [("multiplicity", float, "integer"), ("complete", int, "flag"), ("mu", int, "float")],
)
def test_wrong_kind(name: str, dtype: type, kind: str, synthetic_dataset: xr.Dataset) -> None:
    (problem,) = find_problems(synthetic_dataset.assign({name: synthetic_dataset[name].astype(dtype)}))
    assert problem.startswith(f"{name!r} holds ")
    assert problem.endswith(f"not {kind}")


@pytest.mark.parametrize("name", ["mu", "G", "G_M", "G_neutron"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_curves_must_be_finite(name: str, bad: float, synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset[name].values[7, 3] = bad
    row = VARIABLES[name].dims[0]
    assert find_problems(synthetic_dataset) == [
        f"{name!r} has 1 values that are not finite, first in {row} 7"
    ]


@pytest.mark.parametrize("name", ["oxidation_state", "coordination_number", "bond_length"])
def test_labels_may_be_missing_but_not_infinite(name: str, synthetic_dataset: xr.Dataset) -> None:
    assert find_problems(changed(synthetic_dataset, name, 4, np.nan)) == []
    (problem,) = find_problems(changed(synthetic_dataset, name, 4, np.inf))
    assert problem == f"{name!r} has 1 values that are not finite, first in site 4"


@pytest.mark.parametrize("axis", ["energy", "r"])
def test_decreasing_axis(axis: str, synthetic_dataset: xr.Dataset) -> None:
    backwards = synthetic_dataset.isel({axis: slice(None, None, -1)})
    assert find_problems(backwards) == [f"{axis!r} decreases; it must increase (reverse it and the curves)"]


def test_energies_in_kev(synthetic_dataset: xr.Dataset) -> None:
    attributes = synthetic_dataset["energy"].attrs
    wrong = synthetic_dataset.assign_coords(energy=synthetic_dataset["energy"] / 1000)
    wrong["energy"].attrs = attributes
    (problem,) = find_problems(wrong)
    assert "keV" in problem


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("oxidation_state", 9, "'oxidation_state' of site 5 is 9; possible are -4 to 8"),
        ("coordination_number", 0, "'coordination_number' of site 5 is 0; possible are 1 to 16"),
        ("bond_length", 0.4, "'bond_length' of site 5 is 0.4; possible are 1 to 4 Å"),
        ("material_index", 50, "site 5 belongs to material 50, but there are 50"),
        ("material_index", -1, "site 5 belongs to material -1, but there are 50"),
        ("material_index", 6, "material 5 has no site"),
        ("material_id", "made-0", "'material_id' names a material twice"),
        ("multiplicity", 0, "'multiplicity' has values below 1"),
        ("origin", "guess", "'origin' has 'guess'; known are feff9, feff10, measured, user"),
    ],
)
def test_impossible_entry(name: str, value: object, problem: str, synthetic_dataset: xr.Dataset) -> None:
    assert find_problems(changed(synthetic_dataset, name, 5, value)) == [problem]


def test_ideal_pdfs_need_their_baseline(synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset["G"].attrs["ideal_u_iso"] = 0.003
    assert find_problems(synthetic_dataset) == ["'G' is ideal (ideal_u_iso), but 'G_baseline' is missing"]


def test_all_problems_are_told_at_once(synthetic_dataset: xr.Dataset) -> None:
    def spoil(*steps: Callable[[xr.Dataset], xr.Dataset]) -> xr.Dataset:
        dataset = synthetic_dataset
        for step in steps:
            dataset = step(dataset)
        return dataset

    bad = spoil(lambda d: d.drop_vars("origin"), lambda d: d.assign(G=d["G"] * np.nan))
    with pytest.raises(DataError, match="cannot use my file") as caught:
        validate(bad, name="my file")
    assert "'origin' is missing" in caught.value.found
    assert "'G' has" in caught.value.found
    assert "schema version 1" in caught.value.needed


def test_assembled_variables_take_their_types_from_the_schema(synthetic_dataset: xr.Dataset) -> None:
    arrays = {name: np.asarray(synthetic_dataset[name]) for name in map(str, synthetic_dataset.variables)}
    again = assemble("Fe", arrays, attributes={"mu": {"source": "here"}}, provenance={"title": "t"})
    assert find_problems(again) == []
    assert again["mu"].attrs == {"units": "1", "source": "here"}
    assert again.attrs["title"] == "t"
    assert {name: again[name].dtype for name in again.variables} == {
        name: synthetic_dataset[name].dtype for name in synthetic_dataset.variables
    }
