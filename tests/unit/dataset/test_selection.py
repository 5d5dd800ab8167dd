"""Selection of sites."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError
from edgepair.dataset import drop_gated, find_problems, select_sites


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


def gated(dataset: xr.Dataset, rows: dict[int, str]) -> xr.Dataset:
    texts = np.full(dataset.sizes["site"], "", dtype=object)
    for row, text in rows.items():
        texts[row] = text
    return dataset.assign(gate=("site", texts))


def test_gated_sites_are_dropped_and_their_materials_incomplete(synthetic_dataset: xr.Dataset) -> None:
    index = synthetic_dataset["material_index"].values
    row = int(np.flatnonzero(index == 45)[0])
    marked = gated(synthetic_dataset, {row: "edge position; absorption"})
    assert find_problems(marked) == []
    dropped = drop_gated(marked)
    assert find_problems(dropped) == []
    assert dropped.sizes["site"] == synthetic_dataset.sizes["site"] - 1
    assert dropped["material_id"].values[~dropped["complete"].values].tolist() == ["made-45"]
    assert marked.sizes["site"] == synthetic_dataset.sizes["site"]


def test_nothing_to_drop_leaves_the_dataset_as_it_is(synthetic_dataset: xr.Dataset) -> None:
    assert drop_gated(synthetic_dataset) is synthetic_dataset
    marked = gated(synthetic_dataset, {})
    assert drop_gated(marked) is marked


def test_a_dataset_of_which_nothing_passes_is_refused(synthetic_dataset: xr.Dataset) -> None:
    everything = dict.fromkeys(range(synthetic_dataset.sizes["site"]), "coordination")
    with pytest.raises(DataError, match="each of which failed a check"):
        drop_gated(gated(synthetic_dataset, everything))


def test_a_gate_that_is_not_known_is_a_problem(synthetic_dataset: xr.Dataset) -> None:
    (problem,) = find_problems(gated(synthetic_dataset, {3: "absorption; mood"}))
    assert problem.startswith("'gate' of site 3 names 'mood'; known are edge position")
