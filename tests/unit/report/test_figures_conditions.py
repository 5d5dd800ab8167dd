"""Verdicts and scores under other conditions, of a small study that was really run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import xarray as xr

from edgepair.report import condition_figure, render_study, robustness_figure, summarise_study
from edgepair.study import FINDINGS, StudyResult, run_study
from edgepair.study.conditions import CONDITION_TITLES

LEVELS = {"does_not_hold": 0, "undecided": 1, "holds": 2}


@pytest.fixture(scope="module")
def tested(make_synthetic: Callable[..., xr.Dataset]) -> StudyResult:
    """A study with the other view and the other normalisation beside it."""
    return run_study(
        make_synthetic(), tasks=["oxidation_state"], modalities=["xanes", "pdf", "dpdf", "xanes+dpdf"],
        learners=["forest"], repeats=1, trees=4, n_jobs=1, cache=False,
    )  # fmt: skip


def plain(text: str) -> str:
    return text.replace("<br>", " ")


def test_every_verdict_has_the_colour_of_its_row(tested: StudyResult) -> None:
    figure = robustness_figure(tested.robustness, absorber="Fe")
    (heat,) = figure.data
    assert [plain(text) for text in figure.layout.xaxis.ticktext] == [
        "as studied", "materials", "dPDF per total",
    ]  # fmt: skip
    rows = [name for name in FINDINGS if name in set(tested.robustness["finding"])]
    assert len(rows) == len(figure.layout.yaxis.ticktext) == 4
    table = tested.robustness.set_index(["finding", "condition"])
    for name, levels, texts in zip(rows, heat.z, heat.text, strict=True):
        for condition, level, text in zip(
            ("as_studied", "materials", "per_total"), levels, texts, strict=True
        ):
            row = table.loc[(name, condition)]
            assert level == LEVELS[row["verdict"]]
            assert float(text.replace("−", "-")) == pytest.approx(row["estimate"], abs=0.0051)


def test_a_condition_that_was_not_possible_is_left_empty(tested: StudyResult) -> None:
    table = tested.robustness
    gone = (table["finding"] == "xanes_dominates") & (table["condition"] == "materials")
    figure = robustness_figure(table[~gone], absorber="Fe")
    (heat,) = figure.data
    assert [None in list(row) for row in heat.z] == [False, False, False, True]


def test_dots_are_the_scores_under_each_condition(tested: StudyResult) -> None:
    table = tested.conditions
    figure = condition_figure(table, task="oxidation_state", absorber="Fe")
    drawn = sorted(x for trace in figure.data if trace.mode == "markers" for x in trace.x)
    assert drawn == pytest.approx(sorted(table[table["modality"] != "baseline"]["value"]))
    floor = next(trace for trace in figure.data if trace.mode == "lines")
    marks = sorted({x for x in floor.x if x is not None})
    assert marks == pytest.approx(sorted(set(table[table["modality"] == "baseline"]["value"])))
    assert "(1 = perfect)" in figure.layout.xaxis.title.text
    assert list(figure.layout.yaxis.ticktext) == [
        CONDITION_TITLES[name] for name in dict.fromkeys(table["condition"])
    ]


def test_the_page_shows_the_other_view_and_the_conditions(tested: StudyResult) -> None:
    text = render_study(tested)
    assert "dPDF per total" in text
    assert "materials" in text
    told = summarise_study(tested)
    methods = {item["title"]: item["text"] for item in told["methods"]}
    assert "dPDF per total: the dPDF normalised as in the total PDF" in methods["Other conditions"]
    assert {row["view"] for table in told["scores"] for row in table["rows"]} == {"sites", "materials"}
    assert all(dot["absorber"] == "Fe" for dot in told["overview"])
    assert len(told["overview"]) == 4  # of the study's own view


def test_where_a_finding_does_not_stand_elsewhere_the_sentence_says_so(study: Any) -> None:
    result = study(absorbers=["Fe"])
    findings = [item for item in result.findings if item.finding == "xanes_beats_pdf"]
    rows = [
        {"condition": condition, "verdict": verdict}
        | {
            name: getattr(item, name)
            for name in ("finding", "absorber", "task", "estimate", "lower", "upper")
        }
        for condition, verdict in (
            ("as_studied", "holds"),
            ("materials", "undecided"),
            ("pdf_noise", "holds"),
        )
        for item in findings
    ]
    object.__setattr__(result, "robustness", pd.DataFrame(rows))
    result.config["conditions"] = ["materials", "pdf_noise"]
    told = summarise_study(result)
    assert "XANES alone beats the PDF alone, not so with: materials" in told["sentence"]
    assert told["findings"][0]["elsewhere"] == [
        {"title": "materials", "verdict": "undecided"}, {"title": "PDF noise 0.1", "verdict": "holds"},
    ]  # fmt: skip
