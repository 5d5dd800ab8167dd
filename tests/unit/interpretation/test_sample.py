"""Why one sample got its answer: parts that add up, by the regions of its own curves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.conventions import DataError, OptionError
from edgepair.interpretation import interpret_sample, sample
from edgepair.interpretation.shap_values import shap_is_missing
from edgepair.prediction import Prediction, ShownCurve

needs_shap = pytest.mark.skipif(shap_is_missing(), reason="needs the extra 'explain'")


def sums(table: pd.DataFrame) -> pd.DataFrame:
    grouped = table.groupby(["modality", "task"])
    return grouped.agg(added=("contribution", "sum"), base=("base", "first"), answer=("answer", "first"))


@needs_shap
def test_a_sites_contributions_add_up_to_its_answer(synthetic_dataset: xr.Dataset) -> None:
    table = interpret_sample(synthetic_dataset, site=3, trees=20)
    assert list(table.columns) == list(sample.SAMPLE_COLUMNS)
    found = sums(table)
    assert len(found) == 3
    np.testing.assert_allclose(found["base"] + found["added"], found["answer"], atol=1e-9)
    assert set(table["modality"]) == {"xanes+pdf+dpdf"}
    assert set(table["technique"]) == {"xanes", "pdf", "dpdf"}
    for _, rows in table.groupby(["technique", "task"]):
        assert (rows["low"].to_numpy()[1:] == rows["high"].to_numpy()[:-1]).all()


@needs_shap
def test_the_edge_raises_the_state_of_an_oxidised_site(synthetic_dataset: xr.Dataset) -> None:
    """State 3 has its edge 3 eV above state 2, as `make_synthetic_dataset` plants it."""
    for site, sign in ((1, 1), (0, -1)):
        table = interpret_sample(
            synthetic_dataset, site=site, tasks=["oxidation_state"], modality="xanes", trees=30
        )
        edge = table.set_index("region").loc["edge"]
        assert sign * edge["contribution"] > 0
        assert edge["answer"] == pytest.approx(2.5 + 0.5 * sign, abs=0.2)


@needs_shap
def test_the_forest_has_not_seen_the_sites_formula(synthetic_dataset: xr.Dataset) -> None:
    """Spoiling the labels of a formula changes no answer for its own sites."""
    rows = synthetic_dataset["material_index"].values
    formula = synthetic_dataset["formula"].values[rows]
    mine = formula == formula[3]
    spoilt = synthetic_dataset.copy(deep=True)
    spoilt["bond_length"].values[mine] += 0.4
    settings: dict[str, Any] = {"site": 3, "tasks": ["bond_length"], "trees": 10}
    before, after = (interpret_sample(data, **settings) for data in (synthetic_dataset, spoilt))
    pd.testing.assert_frame_equal(before, after)
    spoilt["bond_length"].values[~mine] += np.linspace(0, 0.4, (~mine).sum())
    assert not before.equals(interpret_sample(spoilt, **settings))


@needs_shap
def test_a_site_without_a_label_is_explained_all_the_same(synthetic_dataset: xr.Dataset) -> None:
    synthetic_dataset["bond_length"].values[3] = np.nan
    table = interpret_sample(synthetic_dataset, site=3, tasks=["bond_length"], trees=10)
    assert table["answer"].between(1.5, 2.5).all()


@pytest.mark.parametrize("site", [None, -1, 60, 1.5, True])
def test_a_site_that_is_not_there(synthetic_dataset: xr.Dataset, site: Any) -> None:
    with pytest.raises(OptionError, match="which site") as caught:
        interpret_sample(synthetic_dataset, site=site)
    assert "from 0 to 59" in caught.value.needed


def test_a_technique_that_the_data_lack(synthetic_dataset: xr.Dataset) -> None:
    with pytest.raises(DataError, match="cannot explain xanes\\+dpdf") as caught:
        interpret_sample(synthetic_dataset.drop_vars("G_M"), site=0, modality="xanes+dpdf")
    assert caught.value.found == "no dpdf"


@pytest.fixture
def prediction(energy: np.ndarray, step_mu: np.ndarray) -> Prediction:
    """An answer made by hand: windows of 2 eV from 7101 to 7149 eV, each adding 0.01, edge ones 0.1."""
    positions = np.arange(7101.0, 7150.0, 2.0)
    added = np.where(np.abs(positions - 7119.0) < 3, 0.1, 0.01)
    reasons = pd.DataFrame(
        {"technique": "xanes", "task": "oxidation_state", "part": "", "position": positions,
         "contribution": added}
    )  # fmt: skip
    share = {"technique": "xanes+pdf", "task": "oxidation_state", "part": "xanes", "contribution": 0.7}
    table = [{"technique": name, "task": "oxidation_state", "value": 2.9} for name in ("xanes", "xanes+pdf")]
    return Prediction(
        absorber="Fe",
        table=pd.DataFrame(table),
        probabilities=pd.DataFrame(),
        explanation=pd.concat([reasons, pd.DataFrame([share])], ignore_index=True),
        nearest=pd.DataFrame(),
        curves={"xanes": (ShownCurve("sample", energy, step_mu[1]),)},
    )


def test_a_predictions_windows_are_gathered_by_region(prediction: Prediction) -> None:
    table = interpret_sample(prediction)
    assert set(table["modality"]) == {"xanes"}
    found = sums(table)
    total = prediction.explanation.query("technique == 'xanes'")["contribution"].sum()
    np.testing.assert_allclose(found["added"], total)
    np.testing.assert_allclose(found["base"] + found["added"], 2.9)
    edge = table.set_index("region").loc["edge"]
    assert edge["low"] < 7119 < edge["high"]
    assert edge["contribution"] == table["contribution"].max()
    # What was not compared is not in a region: 7100 to 7150 eV of the curve's 7100 to 7160.
    assert (table["low"].min(), table["high"].max()) == (7100.0, 7150.0)


def test_what_cannot_be_explained_of_a_prediction(prediction: Prediction) -> None:
    with pytest.raises(OptionError, match="explain 'pdf'"):
        interpret_sample(prediction, modality="pdf")
    with pytest.raises(OptionError, match="site 0"):
        interpret_sample(prediction, site=0)
    silent = replace(prediction, explanation=prediction.explanation.iloc[:0])
    with pytest.raises(OptionError) as caught:
        interpret_sample(silent)
    assert "explain=True" in caught.value.suggestion


def test_arguments_that_cannot_be_meant_are_refused(
    synthetic_dataset: xr.Dataset, prediction: Prediction
) -> None:
    energy = synthetic_dataset["energy"]
    other = synthetic_dataset.assign_attrs(absorber="Mn", edge_energy=6539.0).assign_coords(
        energy=("energy", energy.values - 573.0, energy.attrs)
    )
    with pytest.raises(OptionError, match="which site"):
        interpret_sample([synthetic_dataset, other], site=0)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="modality 5"):
        interpret_sample(synthetic_dataset, site=0, modality=5)  # type: ignore[arg-type]
    with pytest.raises(OptionError) as caught:
        interpret_sample(prediction, tasks=["bond_length"])
    assert caught.value.needed == "one or more of oxidation_state"


@pytest.mark.skipif(shap_is_missing(), reason="shap is not installed")
def test_a_dataset_of_neutron_pdfs_alone_is_explained_by_them(synthetic_dataset: xr.Dataset) -> None:
    neutron = synthetic_dataset.drop_vars(["mu", "G", "G_M"])
    table = interpret_sample(neutron, site=3, tasks=["bond_length"], trees=5)
    assert set(table["technique"]) == {"npdf"}
