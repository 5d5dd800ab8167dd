"""Samples in hand: which sites are like them, and how often a second technique helped those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from edgepair.advice import Advice, similar
from edgepair.advice.requirements import _wilson, needed_rows, similar_rows
from edgepair.advice.similar import SampleInHand, as_measured, sample_in_hand, sites_like
from edgepair.advice.words import sample_facts, sample_sentences
from edgepair.conventions import MeasurementError
from edgepair.dataset import from_arrays
from edgepair.prediction import Prediction, ShownCurve
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import collect_rows, material_spectra
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_study
from edgepair.study.scoring import draw_groups

Make = Callable[..., xr.Dataset]


def cell_of(dataset: xr.Dataset, task: str = "coordination_number") -> Cell:
    config = StudyConfig.check(tasks=[task], modalities=["xanes", "pdf", "xanes+pdf"], learners=["forest"])
    return plan_study([dataset], replace(config, extras=False)).cells[0]


def answered(
    technique: str, x: np.ndarray, y: np.ndarray, *, number: int = 6, chance: float = 0.95, trust: str = "ok"
) -> Prediction:
    """Make a prediction of a sample whose curve is given."""
    row = {
        "technique": technique, "task": "coordination_number", "value": float(number), "lower": number - 0.4,
        "upper": number + 0.4, "classes": str(number), "probability": chance, "trust": trust, "message": "",
    }  # fmt: skip
    chances = [
        {"technique": technique, "task": "coordination_number", "class": name, "probability": share}
        for name, share in ((number, chance), (10 - number, 1 - chance))
    ]
    nothing = pd.DataFrame()
    return Prediction(
        "Fe", pd.DataFrame([row]), pd.DataFrame(chances), nothing, nothing,
        {technique: (ShownCurve("sample", x, y),)},
    )  # fmt: skip


def test_sites_like_a_pdf_are_those_of_its_kind(make_told: Make) -> None:
    dataset = make_told(xanes_tells=False, pdf_tells=True)
    six = np.flatnonzero(dataset["coordination_number"].values == 6)
    sample = answered("pdf", dataset["r"].values, 3.7 * dataset["G"].values[six[0]])  # on another scale
    found = sample_in_hand(sample, cell_of(dataset))
    nearest = np.argsort(found.apart)[:20]
    assert nearest[0] == six[0]
    assert set(dataset["coordination_number"].values[nearest]) == {6.0}


def test_sites_like_a_spectrum_are_those_of_its_kind(
    make_told: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=False)
    window = EnergyWindow(-8.0, 30.0)
    rows = collect_rows(window, (), {"Fe": material_spectra(dataset)}, aligned=True)
    model = XanesModel(window, rows, aligned=True)
    monkeypatch.setattr(similar, "fitted_xanes", lambda *_, **__: model)
    four = np.flatnonzero(dataset["coordination_number"].values == 4)
    sample = answered("xanes", dataset["energy"].values, dataset["mu"].values[four[3]], number=4)
    found = sample_in_hand(sample, cell_of(dataset))
    nearest = np.argsort(found.apart)[:20]
    assert set(dataset["coordination_number"].values[nearest]) == {4.0}


def test_a_measurement_sees_the_average_over_sites_where_all_are_there() -> None:
    energy = 7100.0 + np.arange(40.0)
    mu = np.array([np.full(40, 1.0), np.full(40, 4.0), np.full(40, 7.0)])
    dataset = from_arrays(
        absorber="Fe", energy=energy, mu=mu, material_id=["a", "a", "b"], formula=["FeO", "FeO", "Fe2O3"],
        multiplicity=[2, 1, 1], coordination_number=[4.0, 6.0, 6.0],
    )  # fmt: skip
    np.testing.assert_allclose(as_measured(dataset)[:, 0], [2.0, 2.0, 7.0])
    dataset["complete"].values[0] = False
    np.testing.assert_allclose(as_measured(dataset)[:, 0], [1.0, 4.0, 7.0])


def test_a_sample_measured_by_something_the_data_lack_is_refused(make_told: Make) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True)
    sample = answered("npdf", dataset["r"].values, dataset["G"].values[0])
    with pytest.raises(MeasurementError, match="cannot find sites"):
        sample_in_hand(sample, cell_of(dataset))


@pytest.fixture
def told(make_told: Make) -> tuple[Cell, SampleInHand]:
    """A sample told 6 by XANES, and 90 sites whose distance grows with their number."""
    dataset = make_told(xanes_tells=True, pdf_tells=True)
    sample = answered("xanes", dataset["energy"].values, dataset["mu"].values[0])
    return cell_of(dataset), SampleInHand(sample, ("xanes",), "xanes", np.arange(90.0))


def test_like_are_the_nearest_of_those_told_the_same(told: tuple[Cell, SampleInHand]) -> None:
    cell, sample = told
    predicted = (np.arange(90) % 3 > 0).astype(int)  # 60 of 90 are told 6
    like, same = sites_like(sample, cell, "xanes", [predicted])
    assert same
    assert like.sum() == 30
    assert predicted[like].all()
    assert np.flatnonzero(like).max() == 44
    # next to none told the same: the nearest of all
    like, same = sites_like(sample, cell, "xanes", [np.zeros(90, dtype=int)])
    assert not same
    assert np.flatnonzero(like).tolist() == list(range(45))


def test_changes_are_counted_for_the_better_and_the_worse(told: tuple[Cell, SampleInHand]) -> None:
    cell, sample = told
    sample = replace(sample, prediction=answered("xanes", np.arange(2.0), np.arange(2.0), number=4))
    right = cell.target
    first = right.copy()
    first[:20] = 1 - first[:20]  # wrong at 20 of the nearest sites, of either class
    second = right.copy()
    second[60:65] = 1 - second[60:65]  # right there, wrong at 5 others
    drawn = draw_groups(cell.n_groups, 400, [0])
    outcomes = {"xanes": [first], "pdf": [right], "xanes+pdf": [second]}
    rows = similar_rows(cell, outcomes, sample, drawn)
    assert [(row["have"], row["add"], row["among"]) for row in rows] == [
        ("xanes", "pdf", "like_sample"), ("xanes", "pdf", "all"),
    ]  # fmt: skip
    every = rows[1]
    assert (every["n_changed"], every["n_sites"]) == (25, 90)
    assert (every["better"], every["worse"]) == (pytest.approx(20 / 90), pytest.approx(5 / 90))
    assert every["net"] == pytest.approx(15 / 90)
    assert every["verdict"] == "better"
    assert every["changed_lower"] < every["changed"] < every["changed_upper"]


def test_nothing_is_claimed_of_a_few_changes(told: tuple[Cell, SampleInHand]) -> None:
    cell, sample = told
    first = cell.target.copy()
    first[:3] = 1 - first[:3]
    drawn = draw_groups(cell.n_groups, 400, [0])
    outcomes = {"xanes": [first], "xanes+pdf": [cell.target]}
    rows = similar_rows(cell, outcomes, sample, drawn)
    assert {row["verdict"] for row in rows} == {"few_changed"}
    sentences = sample_sentences(sample_facts(sample, "coordination_number"), "coordination_number", rows)
    assert "one class is left" in sentences[0]
    assert "too few changed" in sentences[1]
    outcomes["xanes+pdf"] = outcomes["xanes"]
    never = similar_rows(cell, outcomes, sample, drawn)[1]
    assert (never["changed"], never["changed_lower"]) == (0.0, 0.0)
    assert 0.02 < never["changed_upper"] < 0.06


def test_a_sample_outside_is_said_to_be(told: tuple[Cell, SampleInHand]) -> None:
    _, sample = told
    far = answered("xanes", np.arange(2.0), np.arange(2.0), trust="outside")
    facts = sample_facts(replace(sample, prediction=far), "coordination_number")
    sentences = sample_sentences(facts, "coordination_number", [])
    assert "one class is left" not in sentences[0]
    assert "unlike anything in the training data" in sentences[1]


def test_wilson_interval_of_nothing_in_ten() -> None:
    """Brown, Cai and DasGupta, Stat. Sci. 16, 101 (2001): z²/(n + z²) with z = 1.96."""
    assert _wilson(0.0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))
    assert _wilson(1.0, 10) == (pytest.approx(0.7225, abs=1e-4), 1.0)


def requirement(level: float, lower: float, upper: float) -> dict[str, object]:
    return {
        "technique": "xanes", "quantity": "noise", "unit": "u", "level": level,
        "loss": (lower + upper) / 2, "loss_lower": lower, "loss_upper": upper,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("intervals", "enough", "likely", "too_poor"),
    [
        # losses 0, 0.0075, 0.065: 0.02 is reached a fifth of the way from the second to the third
        ([(-0.01, 0.01), (0.0, 0.015), (0.03, 0.1)], 2.0, 2.2, 3.0),
        ([(-0.01, 0.01), (0.0, 0.03), (0.03, 0.1)], 1.0, 2.1, 3.0),
        ([(-0.01, 0.03), (0.0, 0.05), (0.01, 0.1)], 0.0, 1.7, np.nan),
        # what is poorer than too poor is not enough, whatever its numbers
        ([(0.03, 0.05), (-0.01, 0.01), (-0.01, 0.01)], 0.0, 0.5, 1.0),
        ([(-0.01, 0.01)] * 3, 3.0, 3.0, np.nan),
    ],
)
def test_what_is_needed_is_read_from_good_to_poor(
    intervals: list[tuple[float, float]], enough: float, likely: float, too_poor: float
) -> None:
    rows = [requirement(0.0, 0.0, 0.0)]
    rows += [requirement(k + 1.0, *ends) for k, ends in enumerate(intervals)]
    (found,) = needed_rows(rows, 0.02)
    assert found["enough"] == enough
    assert found["likely"] == likely
    assert found["too_poor"] == too_poor or (np.isnan(too_poor) and np.isnan(found["too_poor"]))


def test_a_sample_leads_the_recommendation(make_told: Make, quick_advise: Callable[..., Advice]) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=False)
    sample = answered("pdf", dataset["r"].values, dataset["G"].values[0])
    advice = quick_advise(dataset, sample=sample)
    assert advice.recommendation[0].startswith("The sample: PDF says coordination number 6.00")
    (near,) = advice.similar.query("among == 'like_sample'").to_dict("records")
    assert (near["have"], near["add"], near["verdict"]) == ("pdf", "xanes", "better")
    assert any(text.startswith("Measure XANES besides PDF") for text in advice.recommendation)
    assert advice.as_dict()["sample"]["techniques"] == ["pdf"]
