"""What is in a dataset, in numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from edgepair.dataset import from_arrays, load_bundled, summarise


def test_counts_of_a_known_dataset() -> None:
    energy = np.arange(7100.0, 7160.5, 0.5)
    dataset = from_arrays(
        absorber="Fe",
        energy=energy,
        mu=np.ones((4, len(energy))),
        oxidation_state=[2, 3, 3, np.nan],
        bond_length=[2.1, 2.0, 1.9, np.nan],
        material_id=["a", "b", "b", "c"],
        formula=["FeO", "Fe3O4", "Fe3O4", "FeO"],
    )
    summary = summarise(dataset)
    assert (summary["absorber"], summary["edge"], summary["edge_energy"]) == ("Fe", "K", 7112.0)
    counts = ("sites", "materials", "formulas", "complete_materials")
    assert [summary[name] for name in counts] == [4, 3, 2, 3]
    assert summary["techniques"] == {
        "xanes": {"points": 121, "first": 7100.0, "last": 7160.0, "step": 0.5, "unit": "eV"}
    }
    assert summary["tasks"]["oxidation_state"] == {"sites": 3, "classes": {"2": 1, "3": 2}}
    assert "coordination_number" not in summary["tasks"]
    lengths = summary["tasks"]["bond_length"]
    assert (lengths["sites"], lengths["lowest"], lengths["highest"], lengths["unit"]) == (3, 1.9, 2.1, "Å")
    assert lengths["mean"] == pytest.approx(2.0, abs=5e-5)
    assert lengths["standard_deviation"] == pytest.approx(np.sqrt(0.02 / 3), abs=5e-5)
    assert summary["origins"] == {"user": 4}


def test_task_without_a_known_value(synthetic_dataset: xr.Dataset) -> None:
    for name in ("oxidation_state", "bond_length"):
        synthetic_dataset[name].values[:] = np.nan
    tasks = summarise(synthetic_dataset)["tasks"]
    assert tasks["oxidation_state"] == {"sites": 0, "classes": {}}
    assert tasks["bond_length"] == {"sites": 0}


def test_classes_add_up(synthetic_dataset: xr.Dataset) -> None:
    tasks = summarise(synthetic_dataset)["tasks"]
    for name in ("oxidation_state", "coordination_number"):
        assert sum(tasks[name]["classes"].values()) == tasks[name]["sites"] == 60


def test_bundled_summary_is_json_and_tells_the_licence() -> None:
    summary = json.loads(json.dumps(summarise(load_bundled("Fe"))))
    assert set(summary["techniques"]) == {"xanes", "pdf", "dpdf", "npdf"}
    assert "CC-BY" in summary["provenance"]["licence"]
    assert summary["origins"] == {"feff10": summary["sites"]}
    assert summary["complete_materials"] <= summary["materials"] <= summary["sites"]


def test_gated_sites_are_counted_by_what_they_failed(synthetic_dataset: xr.Dataset) -> None:
    assert "gated" not in summarise(synthetic_dataset)
    texts = np.full(synthetic_dataset.sizes["site"], "", dtype=object)
    texts[:3] = ["absorption", "edge position; absorption", "coordination"]
    summary = summarise(synthetic_dataset.assign(gate=("site", texts)))
    assert summary["gated"] == {
        "sites": 3,
        "failed": {"edge position": 1, "absorption": 2, "bond valence": 0, "coordination": 1},
    }


def test_sources_of_oxidation_states_are_counted(synthetic_dataset: xr.Dataset) -> None:
    texts = np.full(synthetic_dataset.sizes["site"], "bond_valence", dtype=object)
    texts[:5] = ["contradicted"] * 3 + [""] * 2
    summary = summarise(synthetic_dataset.assign(oxidation_state_source=("site", texts)))
    assert summary["oxidation_state_sources"] == {
        "bond_valence": synthetic_dataset.sizes["site"] - 5,
        "contradicted": 3,
        "none": 2,
    }
