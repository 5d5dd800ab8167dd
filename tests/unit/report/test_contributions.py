"""Contributions of techniques in the report: there when computed, equal to the table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from typing import Any

import pandas as pd
import pytest

from edgepair.report import overlap_figure, render_study, shapley_figure, summarise_study
from edgepair.study import StudyResult

THREE = {
    "xanes": 0.4, "pdf": 0.2, "dpdf": 0.3, "xanes+pdf": 0.5, "xanes+dpdf": 0.6, "pdf+dpdf": 0.3,
    "xanes+pdf+dpdf": 0.58,
}  # fmt: skip
TWO = {"xanes": 0.4, "pdf": 0.2, "xanes+pdf": 0.7}
CELL = {"absorber": "Fe", "task": "oxidation_state", "learner": "forest"}
MakeTable = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def make_contributions() -> MakeTable:
    """Hand out the maker of tables."""
    path = Path(__file__).resolve().parents[2] / "simulators" / "contributions.py"
    return run_path(str(path))["make_contributions"]  # type: ignore[no-any-return]


@pytest.fixture
def contributed(study: Any, make_contributions: MakeTable) -> StudyResult:
    """A study of two absorbers and two tasks with contributions."""
    cells = [(absorber, task) for absorber in ("Mn", "Fe") for task in ("oxidation_state", "bond_length")]
    tables = [make_contributions(THREE, absorber=absorber, task=task) for absorber, task in cells]
    result = study(
        tasks=["oxidation_state", "bond_length"], modalities=["xanes", "pdf", "dpdf"], extras=False
    )
    return replace(result, contributions=pd.concat(tables, ignore_index=True))


def test_bars_of_a_split_are_the_table(make_contributions: MakeTable) -> None:
    table = make_contributions(THREE)
    figure = overlap_figure(table, **CELL)
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    # XANES | PDF: 0.4 and 0.2 alone, 0.5 together.
    assert (bars["xanes"].x[0], bars["shared"].x[0]) == pytest.approx((0.3, 0.1))
    assert (bars["pdf"].x[0], bars["together"].x[0]) == pytest.approx((0.1, 0.0))
    assert (bars["xanes"].base[0], bars["shared"].base[0], bars["pdf"].base[0]) == pytest.approx(
        (0, 0.3, 0.4)
    )
    marks = next(trace for trace in figure.data if trace.type == "scatter")
    assert list(marks.x) == pytest.approx([0.5, 0.6, 0.3, 0.58, 0.58, 0.58])


def test_what_costs_lies_left_of_zero(make_contributions: MakeTable) -> None:
    figure = overlap_figure(make_contributions(THREE), **CELL)
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    # PDF | XANES + dPDF: 0.6 without the PDF, 0.58 with it.
    place = bars["xanes+dpdf"].y[0]
    at = list(bars["pdf"].y).index(place)
    assert (bars["pdf"].x[at], bars["pdf"].base[at]) == pytest.approx((-0.02, 0.0))
    assert "shared" in bars


def test_what_is_there_only_together_is_drawn(make_contributions: MakeTable) -> None:
    figure = overlap_figure(make_contributions(TWO), **CELL)
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert list(bars["together"].x) == pytest.approx([0.1])
    assert list(bars["together"].base) == pytest.approx([0.6])
    assert list(bars["shared"].x) == [0]


@pytest.mark.parametrize("absorbers", [["Fe"], ["Mn", "Fe"]])
def test_dots_are_the_shapley_values(make_contributions: MakeTable, absorbers: list[str]) -> None:
    table = pd.concat([make_contributions(THREE, absorber=name) for name in absorbers])
    figure = shapley_figure(table, task="oxidation_state", learner="forest", absorbers=absorbers)
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces) == ["XANES", "PDF", "dPDF", "XANES + PDF + dPDF"]
    shares = table[table["kind"] == "shapley"].groupby("technique")["value"].first()
    assert list(traces["XANES"].x) == pytest.approx([shares["xanes"]] * len(absorbers))
    total = sum(traces[name].x[0] for name in ("XANES", "PDF", "dPDF"))
    assert traces["XANES + PDF + dPDF"].x[0] == pytest.approx(total)
    assert traces["XANES"].error_x.array[0] == pytest.approx(0.05)


def test_the_summary_tells_the_table(contributed: StudyResult) -> None:
    told = summarise_study(contributed)["contributions"]
    json.dumps(told, allow_nan=False)
    assert [item["title"] for item in told["techniques"]] == ["XANES", "PDF", "dPDF", "all together"]
    assert len(told["words"]) == 4
    assert len(told["splits"]) == 4 * 6
    row = told["splits"][0]
    assert (row["absorber"], row["first"], row["second"]) == ("Mn", "xanes", "pdf")
    values = [value["value"] for value in row["numbers"]]
    assert values == pytest.approx([0.3, 0.1, 0.1, 0.0, -0.1, 0.2])
    assert "XANES, PDF and dPDF together gain 0.580 in R²" in told["words"][1]["text"]
    assert "−" in told["words"][0]["text"]


def test_a_section_of_its_own_only_where_computed(contributed: StudyResult, study: Any) -> None:
    page = render_study(contributed)
    assert '<section id="contributions">' in page
    assert "contributions.csv" in page
    assert "Williams and Beer" in page
    named = re.findall(r'data-spec="([^"]+)"', page)
    assert all(f'id="json-{name}"' in page for name in named)
    assert 'name="contributions-absorber" value="Mn" checked' in page
    plain = render_study(study(absorbers=["Fe"], tasks=["bond_length"], extras=False))
    assert "contributions" not in plain
    assert "Williams and Beer" not in plain


def test_a_number_that_is_not_known_is_a_dash(study: Any, make_contributions: MakeTable) -> None:
    table = make_contributions(THREE, absorber="Fe", task="bond_length")
    small = study(absorbers=["Fe"], tasks=["bond_length"], modalities=["xanes", "pdf", "dpdf"], extras=False)
    result = replace(small, contributions=table.assign(lower=float("nan"), upper=float("nan")))
    assert summarise_study(result)["contributions"]["splits"][0]["numbers"][0]["lower"] is None
    assert "NaN" not in re.sub(r"<script>.*?</script>", "", render_study(result), flags=re.S)
