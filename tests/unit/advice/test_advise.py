"""The advice follows from what the data hold, and bad questions are refused in four parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.advice import Advice
from edgepair.conventions import DataError, MeasurementError, OptionError
from edgepair.measured import XanesScan
from edgepair.study import Progress

Ask = Callable[..., Advice]
Make = Callable[..., xr.Dataset]


def verdict(advice: Advice, have: str, add: str) -> str:
    gains = advice.gains
    rows = gains[(gains["have"] == have) & (gains["add"] == add) & (gains["verdict"] != "")]
    (found,) = rows["verdict"]
    return str(found)


def test_a_pdf_that_holds_what_xanes_lacks_is_worth_measuring(quick_advise: Ask, make_told: Make) -> None:
    advice = quick_advise(make_told(xanes_tells=False, pdf_tells=True))
    assert verdict(advice, "xanes", "pdf") == "worth"
    assert verdict(advice, "pdf", "xanes") == "not_worth"
    assert any(text.startswith("Measure a PDF besides XANES: +0.") for text in advice.recommendation)


def test_a_pdf_that_adds_nothing_is_not_worth_measuring(quick_advise: Ask, make_told: Make) -> None:
    advice = quick_advise(make_told(xanes_tells=True, pdf_tells=False))
    assert verdict(advice, "xanes", "pdf") == "not_worth"
    assert any(
        text.startswith("Do not measure a PDF for this besides XANES") for text in advice.recommendation
    )


def test_where_nothing_tells_nothing_is_claimed(quick_advise: Ask, make_told: Make) -> None:
    advice = quick_advise(make_told(xanes_tells=False, pdf_tells=False))
    assert verdict(advice, "xanes", "pdf") in ("undecided", "not_worth")
    scores = advice.scores.query("metric == 'f1_weighted'").set_index("technique")
    assert scores.loc["xanes", "lower"] < 0.55  # two classes at random


def test_gains_are_differences_of_the_scores(quick_advise: Ask, make_told: Make) -> None:
    advice = quick_advise(make_told(xanes_tells=True, pdf_tells=True), task="bond_length")
    value = advice.scores.set_index(["technique", "metric"])["value"]
    for row in advice.gains.itertuples():
        both = "xanes+pdf"
        sign = -1 if row.metric == "mae" else 1
        assert row.value == pytest.approx(sign * (value[both, row.metric] - value[row.have, row.metric]))
        assert row.lower <= row.upper
        assert (row.verdict == "") == (row.metric != "r2")


def test_noise_that_destroys_is_found(quick_advise: Ask, make_told: Make) -> None:
    # the classes differ by 0.4 edge steps over some 12 points: noise of 0.1 costs nothing, so the
    # difference is made ten times smaller here
    dataset = make_told(xanes_tells=True, pdf_tells=False)
    mu = dataset["mu"].values
    dataset["mu"].values[:] = mu.mean(axis=0) + 0.1 * (mu - mu.mean(axis=0))
    advice = quick_advise(dataset, techniques=["xanes"], requirements=True)
    noise = advice.needed.query("quantity == 'noise'").iloc[0]
    assert noise["too_poor"] <= 0.1
    assert noise["enough"] < noise["too_poor"]
    rows = advice.requirements.query("quantity == 'noise'")
    assert rows["level"].tolist() == [0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
    assert rows["loss"].iloc[-1] > 0.1
    assert any("is certainly too poor)" in text for text in advice.recommendation)


def test_a_range_without_the_line_that_tells_is_too_short(quick_advise: Ask, make_told: Make) -> None:
    dataset = make_told(xanes_tells=False, pdf_tells=False)
    energy = dataset["energy"].values - 7112.0
    tells = np.exp(-0.5 * ((energy - 40) / 3) ** 2)  # only 40 eV above the edge
    dataset["mu"].values[:] += 0.2 * (dataset["coordination_number"].values[:, None] - 5) * tells
    advice = quick_advise(dataset, techniques=["xanes"], requirements=True)
    last = advice.needed.query("quantity == 'energy_last'").iloc[0]
    assert (last["own"], last["enough"], last["too_poor"]) == (49.5, 45.0, 30.0)


def test_same_seed_same_numbers_and_the_cache_changes_nothing(quick_advise: Ask, make_told: Make) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True)
    steps: list[Progress] = []
    first = quick_advise(dataset, requirements=True, techniques=["xanes"])
    again = quick_advise(dataset, requirements=True, techniques=["xanes"], on_progress=steps.append)
    fresh = quick_advise(dataset, requirements=True, techniques=["xanes"], cache=False)
    assert all(step.cached for step in steps[1:])
    assert steps[-1].done == pytest.approx(steps[-1].total)
    for name in ("scores", "gains", "requirements", "needed"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
        pd.testing.assert_frame_equal(getattr(first, name), getattr(fresh, name))


def test_json_has_the_keys_that_others_script_against(quick_advise: Ask, make_told: Make) -> None:
    advice = quick_advise(
        make_told(xanes_tells=True, pdf_tells=True), requirements=True, techniques=["xanes"]
    )
    document = json.loads(advice.to_json())
    assert {"absorber", "task", "rows", "gains", "requirements", "recommendation"} <= document.keys()
    assert set(document["rows"][0]) == {"technique", "metric", "value", "lower", "upper"}
    assert document["requirements"][0]["level"] == 0.0
    assert any(row["too_poor"] is None for row in document["needed"])
    assert document["config"]["classes"] == [4, 6]


def test_what_the_data_lack_is_left_out(quick_advise: Ask, make_told: Make) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True).drop_vars("mu")
    advice = quick_advise(dataset)
    assert advice.scores["technique"].unique().tolist() == ["pdf"]
    assert len(advice.gains) == 0
    assert advice.recommendation[0].startswith("PDF alone reads the coordination number of Fe")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"task": "valence"}, "oxidation_state, coordination_number, bond_length"),
        ({"techniques": ["xane"]}, "xanes"),
        ({"smallest_gain": 2.0}, "0.001 to 0.5"),
        ({"tolerance": "much"}, "0.001 to 0.5"),
        ({"n_jobs": 0}, "from 1"),
        ({"trees": 0}, "whole number"),
        ({"sample": "sample.xdi"}, "XanesScan"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    quick_advise: Ask, make_told: Make, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(OptionError) as refused:
        quick_advise(make_told(xanes_tells=True, pdf_tells=True), **options)
    assert named in str(refused.value)
    assert "study" not in str(refused.value)


def test_a_task_without_labels_is_refused(quick_advise: Ask, make_told: Make) -> None:
    with pytest.raises(DataError, match=r"cannot advise: nothing(.|\n)*no such label"):
        quick_advise(make_told(xanes_tells=True, pdf_tells=True), task="oxidation_state")


def test_several_datasets_are_refused(
    quick_advise: Ask, make_told: Make, make_synthetic: Callable[..., xr.Dataset]
) -> None:
    several = [
        make_told(xanes_tells=True, pdf_tells=True),
        make_synthetic(absorber="Mn", absorber_edge=6539.0),
    ]
    with pytest.raises(OptionError, match="several absorbers"):
        quick_advise(several)


def test_a_sample_of_another_element_is_refused_before_any_fit(quick_advise: Ask, make_told: Make) -> None:
    energy = np.arange(6500.0, 6600.0)
    scan = XanesScan("mno.xdi", "", "arrays", energy, energy * 0, "as given", absorber="Mn")
    steps: list[Progress] = []
    with pytest.raises(MeasurementError) as refused:
        quick_advise(make_told(xanes_tells=True, pdf_tells=True), sample=scan, on_progress=steps.append)
    assert "a measurement of Mn" in str(refused.value)
    assert not steps


def test_another_split_is_told(quick_advise: Ask, make_told: Make) -> None:
    advice = quick_advise(make_told(xanes_tells=True, pdf_tells=True), split="random", techniques=["xanes"])
    assert "on sites not seen before" in advice.recommendation[0]
    assert any(text.startswith("split by random") for text in advice.warnings)
