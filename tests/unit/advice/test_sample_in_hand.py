"""What is advised to those who have measured more than one thing, or have few or unnamed materials."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import xarray as xr

from edgepair.advice import Advice
from edgepair.advice.requirements import needed_rows
from edgepair.advice.run import check_options
from edgepair.advice.words import sample_sentences
from edgepair.dataset import from_arrays
from edgepair.prediction import Prediction, ShownCurve

Ask = Callable[..., Advice]
Make = Callable[..., xr.Dataset]


def answer(dataset: xr.Dataset) -> Prediction:
    """An answer made by hand for the first site's spectrum and PDF."""
    shared = {
        "task": "coordination_number", "value": 6.0, "lower": 5.9, "upper": 6.1, "classes": "6",
        "probability": 0.97, "trust": "ok", "message": "",
    }  # fmt: skip
    names = ("xanes", "pdf", "xanes+pdf")
    chances = [
        {"technique": name, "task": "coordination_number", "class": number, "probability": chance}
        for name in names
        for number, chance in ((6, 0.97), (4, 0.03))
    ]
    curves = {
        "xanes": (ShownCurve("sample", dataset["energy"].values, dataset["mu"].values[0]),),
        "pdf": (ShownCurve("sample", dataset["r"].values, dataset["G"].values[0]),),
    }
    return Prediction(
        "Fe", pd.DataFrame([shared | {"technique": name} for name in names]), pd.DataFrame(chances),
        pd.DataFrame(), pd.DataFrame(), curves,
    )  # fmt: skip


def test_with_two_measurements_in_hand_a_third_is_weighed_against_both(
    make_told: Make, quick_advise: Ask
) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True)
    dataset["G_M"] = dataset["G"] + 0.01
    advice = quick_advise(dataset, sample=answer(dataset))
    assert "xanes+pdf+dpdf" in advice.scores["technique"].tolist()
    assert {("xanes+pdf", "dpdf")} == set(zip(advice.similar["have"], advice.similar["add"], strict=True))
    assert any("a dPDF" in text and "XANES + PDF" in text for text in advice.recommendation)
    assert not any("a PDF to XANES" in text or "a PDF for this" in text for text in advice.recommendation)


def test_with_everything_in_hand_nothing_is_to_be_added() -> None:
    options = check_options(
        "bond_length", techniques=None, smallest_gain=0.02, tolerance=None, n_jobs=1
    ).beside(["xanes", "pdf", "dpdf"])
    assert "xanes+pdf+dpdf" in options.study.modalities


def requirement(level: float, lower: float, upper: float) -> dict[str, object]:
    return {
        "technique": "xanes", "quantity": "noise", "unit": "u", "level": level,
        "loss": (lower + upper) / 2, "loss_lower": lower, "loss_upper": upper,
    }  # fmt: skip


def test_what_is_enough_for_certain_is_enough_by_best_estimate() -> None:
    """A scattered better level must not make the estimate better than what is certain."""
    rows = [requirement(0.0, 0.0, 0.0), requirement(1.0, -0.01, 0.11), requirement(2.0, -0.015, 0.015)]
    (found,) = needed_rows(rows, 0.02)
    assert (found["enough"], found["likely"]) == (2.0, 2.0)
    falling = [row | {"level": 10 - float(str(row["level"]))} for row in rows]
    (found,) = needed_rows(falling, 0.02)
    assert (found["enough"], found["likely"]) == (8.0, 8.0)


def test_a_rounded_estimate_is_no_better_than_the_data() -> None:
    rows = [requirement(34.7, 0.0, 0.0), requirement(30.0, 1.0, 9.0)]
    assert needed_rows(rows, 0.02)[0]["likely"] <= 34.7


def test_all_sites_are_not_called_those_most_like_the_sample() -> None:
    row = {
        "have": "xanes", "add": "pdf", "among": "like_sample", "same_answer": False, "n_sites": 15,
        "n_formulas": 13, "changed": 0.1, "changed_lower": 0.0, "changed_upper": 0.2, "better": 0.1,
        "worse": 0.0, "net": 0.1, "net_lower": 0.0, "net_upper": 0.2, "verdict": "few_changed",
    }  # fmt: skip
    facts = {"answers": [], "trust": "", "confidence_level": 0.9}
    text = sample_sentences(facts, "coordination_number", [row, row | {"among": "all"}])[-1]
    assert "too few to choose those most like the sample" in text
    text = sample_sentences(facts, "coordination_number", [row, row | {"among": "all", "n_sites": 40}])[-1]
    assert "sites that are most like the sample" in text


def test_materials_that_stand_for_formulas_are_named(make_told: Make, quick_advise: Ask) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True)
    unnamed = from_arrays(
        absorber="Fe", energy=dataset["energy"].values, mu=dataset["mu"].values,
        coordination_number=dataset["coordination_number"].values,
    )  # fmt: skip
    advice = quick_advise(unnamed)
    assert "on materials not seen before" in advice.recommendation[0]
    assert any("no formulas are given" in text for text in advice.warnings)
    named = quick_advise(dataset, techniques=["xanes"])
    assert "on formulas not seen before" in named.recommendation[0]
    assert not any("no formulas" in text for text in named.warnings)


def test_certainty_from_a_handful_of_formulas_is_doubted(make_told: Make, quick_advise: Ask) -> None:
    few = make_told(xanes_tells=True, pdf_tells=True).isel(site=slice(24), material=slice(24))
    doubts = " ".join(quick_advise(few, techniques=["xanes"]).warnings)
    assert "24 formulas: intervals from so few are too narrow" in doubts
    assert "intervals are wide" not in doubts


def test_a_neutron_pdf_is_weighed_where_there_is_no_other(make_told: Make, quick_advise: Ask) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True).rename({"G": "G_neutron"})
    advice = quick_advise(dataset)
    assert set(advice.scores["technique"]) == {"xanes", "npdf", "xanes+npdf"}
    alone = quick_advise(dataset.drop_vars("mu"))
    assert alone.recommendation[0].startswith("Neutron PDF alone reads")


def test_the_neutron_pdf_waits_where_there_is_an_x_ray_one(make_told: Make, quick_advise: Ask) -> None:
    dataset = make_told(xanes_tells=True, pdf_tells=True)
    dataset["G_neutron"] = dataset["G"].copy()
    assert set(quick_advise(dataset).scores["technique"]) == {"xanes", "pdf", "xanes+pdf"}
