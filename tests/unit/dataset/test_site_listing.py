"""The table of sites, and finding some of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import OptionError
from edgepair.dataset.summary import SITE_COLUMNS, SiteFilter, find_sites, site_table


@pytest.fixture
def dataset(synthetic_dataset: xr.Dataset) -> xr.Dataset:
    """Sixty sites of fifty materials; the formulas of the first three are written here."""
    formulas = synthetic_dataset["formula"].values.copy()
    formulas[:3] = ["LiFePO4", "Li2FeO3", "FePO4"]
    synthetic_dataset["formula"] = ("material", formulas)
    return synthetic_dataset


def found(dataset: xr.Dataset, **wanted: Any) -> list[int]:
    return list(find_sites(site_table(dataset), SiteFilter(**wanted))["site"])


def test_a_row_per_site_with_what_belongs_to_its_material(dataset: xr.Dataset) -> None:
    table = site_table(dataset)
    assert tuple(table.columns) == SITE_COLUMNS
    assert len(table) == 60
    materials = dataset["material_index"].values
    assert list(table["material_id"]) == list(dataset["material_id"].values[materials])
    assert np.array_equal(table["bond_length"], dataset["bond_length"].values)


def test_missing_labels_are_unknown(dataset: xr.Dataset) -> None:
    table = site_table(dataset.drop_vars("oxidation_state"))
    assert table["oxidation_state"].isna().all()


def test_text_is_sought_in_formula_and_identifier(dataset: xr.Dataset) -> None:
    assert found(dataset, text="lifepo") == [0]
    name = str(dataset["material_id"].values[7])
    assert 7 in found(dataset, text=f" {name.upper()} ")
    assert found(dataset, text="(") == []


def test_elements_are_whole_symbols_and_all_of_them(dataset: xr.Dataset) -> None:
    assert found(dataset, elements=("Li",)) == [0, 1]
    assert found(dataset, elements=("P", "Li")) == [0]
    # Fe holds the letter F, not the element.
    assert found(dataset, elements=("F",)) == []


def test_values_and_ranges_hold_together(dataset: xr.Dataset) -> None:
    sites = found(dataset, values={"oxidation_state": (3,)}, ranges={"bond_length": (2.0, np.inf)})
    state, length = dataset["oxidation_state"].values, dataset["bond_length"].values
    assert sites == list(np.flatnonzero((state == 3) & (length >= 2.0)))
    assert sites


def test_a_site_without_the_label_does_not_pass(dataset: xr.Dataset) -> None:
    dataset["bond_length"].values[4] = np.nan
    assert 4 not in found(dataset, ranges={"bond_length": (-np.inf, np.inf)})


@pytest.mark.parametrize(
    ("wanted", "word"), [({"elements": ("Xx",)}, "Xx"), ({"values": {"colour": (1,)}}, "colour")]
)
def test_what_does_not_exist_is_refused(dataset: xr.Dataset, wanted: dict[str, Any], word: str) -> None:
    with pytest.raises(OptionError, match=word) as refused:
        found(dataset, **wanted)
    assert refused.value.suggestion
