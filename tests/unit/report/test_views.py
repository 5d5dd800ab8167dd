"""Results in a notebook: a short text, the tables and figures of their pages, equality by content."""

from __future__ import annotations

import importlib.util
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgepair.conventions import OptionError
from edgepair.conventions.displayed import MOST_LETTERS, MOST_LINES, Displayed
from edgepair.interpretation import Interpretation
from edgepair.measured import PdfCurve, XanesScan
from edgepair.prediction import Prediction
from edgepair.report.interpretation.page import render_interpretation
from edgepair.report.prediction.figures import answer_figure, curve_figure
from edgepair.report.prediction.page import render_prediction
from edgepair.report.prediction.rows import PredictedSample
from edgepair.report.study.figure_parity import confusion_figure
from edgepair.report.study.page import render_study
from edgepair.standards import load_standards
from edgepair.study import StudyResult

NAMES = ("prediction", "study", "interpretation", "scan", "pdf", "standard")


def load(*parts: str) -> ModuleType:
    path = Path(__file__).resolve().parents[2].joinpath(*parts)
    spec = importlib.util.spec_from_file_location(f"{path.stem}_for_views", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def results(make_study: Any) -> dict[str, Displayed]:
    energy = np.arange(7000.0, 7500.0, 1.0)
    mu = 0.2 + 1 / (1 + np.exp(-(energy - 7124) / 1.5)) + 0.3 * np.exp(-(((energy - 7131) / 4) ** 2))
    r = np.arange(0.5, 20, 0.05)
    known: Any = {"radiation": "x-ray", "composition": "Fe2O3", "qmax": 22.0}
    notes = tuple(f"warning {k} " + "of many words " * 12 for k in range(9))
    return {
        "prediction": load("simulators", "predictions.py").make_prediction(("xanes", "pdf"), warnings=notes),
        "study": make_study(modalities=("xanes", "pdf", "xanes+pdf")),
        "interpretation": load("unit", "report", "test_interpretation_page.py").make_interpretation(),
        "scan": XanesScan("a/b.dat", "2", "columns", energy, mu, "mu", "eV", "Fe", "K", warnings=notes),
        "pdf": PdfCurve("b.gr", "", "gr", r, np.sin(6 * r) / r, **known),
        "standard": load_standards("Fe")[0],
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_short(results: dict[str, Displayed], name: str) -> None:
    lines = repr(results[name]).splitlines()
    assert 1 <= len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= MOST_LETTERS + 3
    assert lines[0].startswith(f"<{type(results[name]).__name__}: ")


def test_the_text_says_the_answer(results: dict[str, Displayed]) -> None:
    text = repr(results["prediction"])
    assert "bond length 2.013 (1.980 to 2.050) Å; trust ok" in text
    assert "weighted F1 0.895, best by XANES" in repr(results["study"])  # mean of 0.900 and 0.889
    assert "Fe K, 500 points, 7000 to 7499 eV; b.dat, 2" in repr(results["scan"])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_pickled_is_equal_and_a_changed_entry_is_not(
    results: dict[str, Displayed], name: str
) -> None:
    item: Any = results[name]
    again = pickle.loads(pickle.dumps(item))
    assert again is not item
    assert again == item
    field = {"study": "scores", "interpretation": "importances", "prediction": "table"}.get(name)
    if field is None:
        field = "G" if name == "pdf" else "mu"
        changed = getattr(item, field).copy()
        changed[3] += 1e-9
    else:
        changed = getattr(item, field).copy()
        changed.loc[0, "value"] += 1e-9
    assert replace(item, **{field: changed}) != item
    assert item != "something else"


def test_missing_numbers_are_equal_and_curves_within_count(results: dict[str, Displayed]) -> None:
    item = results["prediction"]
    assert isinstance(item, Prediction)
    unknown = replace(item, energy_shift=float("nan"))
    first, *others = item.curves["xanes"]
    moved = item.curves | {"xanes": (replace(first, y=first.y + 1), *others)}  # type: ignore[operator]
    assert replace(unknown, energy_shift=float("nan")) == unknown != item
    assert replace(item, curves=moved) != item


def tables_in(page: str) -> list[str]:
    return re.findall(r"<table.*?</table>", page, re.DOTALL)


def test_a_notebook_has_the_tables_of_the_page(results: dict[str, Displayed]) -> None:
    prediction, study, why = results["prediction"], results["study"], results["interpretation"]
    assert isinstance(prediction, Prediction)
    assert isinstance(study, StudyResult)
    assert isinstance(why, Interpretation)
    sample = PredictedSample({"xanes": ("a.xdi", ""), "pdf": ("b.gr", "")}, "Fe", prediction=prediction)
    for item, page, fewest in (
        (prediction, render_prediction([sample]), 2), (study, render_study(study), 3),
        (why, render_interpretation(why), 3),
    ):  # fmt: skip
        shown = tables_in(item._repr_html_())
        assert len(shown) >= fewest
        assert set(shown) <= set(tables_in(page))


def test_a_curve_is_laid_out_as_inspect_does(results: dict[str, Displayed]) -> None:
    assert "<dt>E0</dt>" in results["scan"]._repr_html_()
    assert "<dd>22.0 1/Å, by the header</dd>" in results["pdf"]._repr_html_()
    assert "oxidation state" in results["standard"]._repr_html_()


def test_words_of_a_file_are_no_markup(results: dict[str, Displayed]) -> None:
    bad: Any = results["scan"]
    page = replace(bad, file="<script>alert(1)<br>.dat")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_figures_are_those_of_the_reports(results: dict[str, Displayed]) -> None:
    item, study = results["prediction"], results["study"]
    assert isinstance(item, Prediction)
    assert isinstance(study, StudyResult)
    assert item.plot().to_json() == answer_figure(item).to_json()
    curve = curve_figure(item, technique="pdf")
    assert curve is not None
    assert item.plot("curve", technique="pdf").to_json() == curve.to_json()
    cell = {"absorber": "Fe", "task": "oxidation_state", "modality": "xanes+pdf"}
    assert study.plot("confusion", **cell).to_json() == confusion_figure(study.predictions, **cell).to_json()


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("study", ["scores", "finding", "parity", "importances", "shares", "splits", "spreads", "learning"]),
        ("interpretation", ["regions", "points", "groups", "movement", "curve_movement", "dependence"]),
        ("scan", ["measured", "normalised"]),
        ("pdf", ["measured"]),
        ("standard", ["normalised"]),
    ],
)
def test_every_figure_can_be_drawn(results: dict[str, Displayed], name: str, figures: list[str]) -> None:
    values = {
        "absorber": "Mn", "task": "bond_length", "modality": "xanes", "technique": "xanes",
        "grouping": "region", "finding": "xanes_beats_pdf",
    }  # fmt: skip
    for figure in figures:
        given: dict[str, str] = {}
        for _ in range(8):
            try:
                drawn = results[name].plot(figure, **given)
            except OptionError as error:
                missing = error.suggestion.removeprefix("choose ").split(", ")
                given |= {key: values[key] for key in missing}
        assert len(drawn.data) > 0


def test_a_figure_that_is_none_is_answered_with_all(results: dict[str, Displayed]) -> None:
    with pytest.raises(OptionError, match="cannot draw the figure 'score'") as caught:
        results["study"].plot("score")
    assert "scores, finding, confusion" in caught.value.needed
    with pytest.raises(OptionError) as caught:
        results["study"].plot("parity", absorber="Zz", modality="pdf")
    assert "absorber (Mn, Fe)" in caught.value.needed
    assert caught.value.suggestion == "choose absorber"


def test_tables_and_arrays_hold_the_numbers(results: dict[str, Displayed]) -> None:
    study, scan, pdf = results["study"], results["scan"], results["pdf"]
    assert isinstance(study, StudyResult)
    assert isinstance(scan, XanesScan)
    assert isinstance(pdf, PdfCurve)
    table = study.to_frame()
    table.loc[0, "value"] = -1.0
    assert study.scores.loc[0, "value"] != -1.0
    cell = {"absorber": "Fe", "task": "bond_length", "modality": "pdf", "learner": "forest",
            "split": "formula", "metric": "r2"}  # fmt: skip
    value = float(study.to_xarray()["value"].sel(cell))
    rows = study.scores[(study.scores[list(cell)] == list(cell.values())).all(axis=1)]
    assert value == rows["value"].item()
    array = scan.to_xarray()
    np.testing.assert_array_equal(array.sel(energy=7120.0), scan.mu[120])
    assert array["energy"].attrs["units"] == "eV"
    assert (array.attrs["absorber"], "reference" in array.attrs) == ("Fe", False)
    assert "energy_unit" not in replace(scan, energy_unit="keV").to_xarray().attrs
    assert pdf.to_xarray().attrs["units"] == "Å⁻²"
    assert list(pdf.to_frame()) == ["r", "G"]


def test_the_rooms_below_do_not_load_the_report() -> None:
    code = (
        "import sys, edgepair.study, edgepair.advice, edgepair.prediction, edgepair.interpretation;"
        "from edgepair.standards import load_standards; repr(load_standards('Co'));"
        "assert not any(name.startswith(('edgepair.report', 'plotly')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
