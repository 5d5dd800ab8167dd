"""Selection of sites."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset import find_problems, select_sites


def test_selected_sites_keep_their_rows_and_materials(synthetic_dataset: xr.Dataset) -> None:
    rows = np.array([55, 3, 40])
    selected = select_sites(synthetic_dataset, rows)
    assert find_problems(selected) == []
    assert np.array_equal(selected["mu"].values, synthetic_dataset["mu"].values[rows])
    before = synthetic_dataset["material_id"].values[synthetic_dataset["material_index"].values[rows]]
    after = selected["material_id"].values[selected["material_index"].values]
    assert before.tolist() == after.tolist()
    for site, row in enumerate(rows):
        ours = selected["G"].values[selected["material_index"].values[site]]
        assert np.array_equal(
            ours, synthetic_dataset["G"].values[synthetic_dataset["material_index"].values[row]]
        )


def test_a_material_that_lost_a_site_is_incomplete(synthetic_dataset: xr.Dataset) -> None:
    index = synthetic_dataset["material_index"].values
    mask = np.ones(len(index), dtype=bool)
    mask[np.flatnonzero(index == 45)[0]] = False
    selected = select_sites(synthetic_dataset, mask)
    incomplete = selected["material_id"].values[~selected["complete"].values]
    assert incomplete.tolist() == ["made-45"]


@pytest.mark.parametrize("sites", [[], [0, 0], [60], [-1], [0.5], np.zeros(60, bool), np.ones(59, bool)])
def test_what_is_not_a_selection_is_refused(synthetic_dataset: xr.Dataset, sites: object) -> None:
    with pytest.raises(DataError, match="cannot select sites"):
        select_sites(synthetic_dataset, sites)  # type: ignore[arg-type]
