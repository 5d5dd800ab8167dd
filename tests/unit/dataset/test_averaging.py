"""One row per material, averaged over its sites."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset import average_sites, find_problems, from_arrays, load_bundled, select_sites

ENERGY = 7112.0 + np.linspace(-5, 60, 40)


def magnetite(**changes: Any) -> xr.Dataset:
    """One tetrahedral Fe³⁺, and two octahedral sites per formula of 2.5; hematite beside it."""
    mu = np.vstack([np.full(40, 0.25), np.full(40, 1.0), np.full(40, 0.7)])
    arrays: dict[str, Any] = {
        "absorber": "Fe",
        "energy": ENERGY,
        "mu": mu,
        "r": np.linspace(0.1, 10, 30),
        "G": np.arange(60.0).reshape(2, 30),
        "oxidation_state": [3.0, 2.5, 3.0],
        "coordination_number": [4.0, 6.0, 6.0],
        "bond_length": [1.89, 2.06, 2.03],
        "material_id": ["magnetite", "magnetite", "hematite"],
        "formula": ["Fe3O4", "Fe3O4", "Fe2O3"],
        "multiplicity": [8, 16, 12],
    }
    return from_arrays(**arrays | changes)


def test_means_are_weighted_by_the_number_of_equivalent_sites() -> None:
    averaged = average_sites(magnetite())
    assert averaged["material_id"].values.tolist() == ["magnetite", "hematite"]
    assert np.allclose(averaged["mu"].values, [[0.75] * 40, [0.7] * 40], atol=1e-7)
    assert averaged["oxidation_state"].values.tolist() == pytest.approx([8 / 3, 3])
    assert averaged["coordination_number"].values.tolist() == pytest.approx([16 / 3, 6])
    assert averaged["bond_length"].values.tolist() == pytest.approx([(1.89 + 2 * 2.06) / 3, 2.03])


def test_what_comes_out_is_a_dataset_of_measured_kind() -> None:
    averaged = average_sites(magnetite())
    assert find_problems(averaged) == []
    assert averaged["averaged"].values.all()
    assert averaged["complete"].values.all()
    assert averaged["multiplicity"].values.tolist() == [1, 1]
    assert averaged["material_index"].values.tolist() == [0, 1]
    assert np.array_equal(averaged["G"].values, magnetite()["G"].values)
    assert averaged["mu"].dtype == np.float32


def test_averaging_twice_changes_nothing() -> None:
    once = average_sites(magnetite())
    xr.testing.assert_identical(average_sites(once), once)


def test_a_label_that_one_site_lacks_is_missing() -> None:
    averaged = average_sites(magnetite(oxidation_state=[3.0, np.nan, 3.0]))
    assert np.isnan(averaged["oxidation_state"].values).tolist() == [True, False]


def test_only_complete_materials_have_a_row() -> None:
    part = select_sites(magnetite(), [0, 2])
    averaged = average_sites(part)
    assert averaged["material_id"].values.tolist() == ["hematite"]
    assert np.array_equal(averaged["G"].values, part["G"].values[1:])


def test_without_a_complete_material_the_error_says_what_is_needed() -> None:
    with pytest.raises(DataError) as caught:
        average_sites(select_sites(magnetite(), [1]))
    text = str(caught.value)
    assert "Fe" in text
    assert "none of them complete" in text
    assert "every inequivalent absorbing site" in text


def test_texts_agree_or_say_so() -> None:
    dataset = magnetite()
    dataset["oxidation_state_source"] = ("site", np.array(["bond_valence", "composition", "x"], dtype=object))
    dataset["gate"] = ("site", np.array(["", "runaway", ""], dtype=object))
    averaged = average_sites(dataset)
    assert averaged["oxidation_state_source"].values.tolist() == ["", "x"]
    assert averaged["gate"].values.tolist() == ["runaway", ""]


def test_variables_beyond_the_schema_are_averaged_too() -> None:
    dataset = magnetite()
    dataset["coordination_number_bond_valence"] = ("site", [4.0, 5.5, 6.0], {"units": "1"})
    dataset["neighbour_distance"] = (("site", "neighbour"), np.ones((3, 4)), {"units": "Å"})
    averaged = average_sites(dataset)
    assert averaged["coordination_number_bond_valence"].values.tolist() == [5.0, 6.0]
    assert "neighbour_distance" not in averaged


@pytest.mark.parametrize("absorber", ["Ti", "Mn", "Fe", "Cu"])
def test_bundled_data_average_to_valid_datasets(absorber: str) -> None:
    averaged = average_sites(load_bundled(absorber))
    assert find_problems(averaged) == []
    assert set(averaged["oxidation_state_source"].values) <= {"", "bond_valence", "contradicted"}
