"""Answers as rows, sentences, figures and a page."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.conventions import OutputError
from edgepair.report.kit.embedding import FigureShelf, embedded_json, write_text
from edgepair.report.prediction.figures import (
    answer_figure,
    curve_figure,
    probability_figure,
    series_figure,
)
from edgepair.report.prediction.page import SERIES, render_prediction, write_prediction
from edgepair.report.prediction.rows import ROW_COLUMNS, PredictedSample, rows_text, write_rows
from edgepair.report.prediction.words import (
    contribution_table,
    largest_windows,
    reason_sentences,
    set_text,
    share_table,
)

UNIT = re.compile(r"\((eV|Å|%|no unit|number in the order of the input)\)")
SOURCES = {"xanes": ("a.xdi", "one"), "pdf": ("b.gr", "")}


@pytest.fixture(scope="module")
def made() -> ModuleType:
    """Load the maker of answers."""
    path = Path(__file__).resolve().parents[2] / "simulators" / "predictions.py"
    spec = importlib.util.spec_from_file_location("predictions_for_reports", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pair(made: ModuleType) -> PredictedSample:
    answer = made.make_prediction(("xanes", "pdf"), warnings=("no energy calibration",))
    return PredictedSample(SOURCES, "Fe", prediction=answer, facts=(("XANES", "400 points"),))


def _rows(samples: list[PredictedSample]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rows_text(samples))))


def test_rows_name_the_files_of_their_technique(pair: PredictedSample) -> None:
    rows = _rows([pair])
    assert list(rows[0]) == list(ROW_COLUMNS)
    assert [(row["technique"], row["file"], row["item"]) for row in rows[::3]] == [
        ("xanes", "a.xdi", "one"), ("pdf", "b.gr", ""), ("xanes+pdf", "a.xdi|b.gr", "one|"),
    ]  # fmt: skip
    assert (rows[1]["classes"], rows[1]["value"], rows[2]["probability"]) == ("5;6", "5.7", "")


def test_what_is_refused_has_rows_without_numbers() -> None:
    single = PredictedSample({"": ("x, y.dat", "")}, status="refused", message='a "reason", with commas')
    rows = _rows([single])
    assert [row["task"] for row in rows] == ["oxidation_state", "coordination_number", "bond_length"]
    assert {row["value"] + row["lower"] + row["probability"] + row["trust"] for row in rows} == {""}
    assert {(row["file"], row["message"]) for row in rows} == {("x, y.dat", 'a "reason", with commas')}
    both = PredictedSample(SOURCES, "Fe", "failed", "no")
    assert [row["technique"] for row in both.rows()[::3]] == ["xanes", "pdf", "xanes+pdf"]
    assert {row["technique"] for row in replace(both, combined_only=True).rows()} == {"xanes+pdf"}


def test_the_document_has_the_same_keys_with_and_without_an_answer(pair: PredictedSample) -> None:
    refused = PredictedSample(SOURCES, "Fe", "refused", "no")
    answered, empty = pair.document(), refused.document()
    assert set(answered) == set(empty)
    assert json.loads(json.dumps(answered, allow_nan=False)) == answered
    assert (answered["file"], answered["status"], empty["message"]) == ("a.xdi|b.gr", "ok", "no")


def test_trust_is_the_worst_of_the_combination(pair: PredictedSample) -> None:
    answer = pair.prediction
    assert answer is not None
    table = answer.table.copy()
    table.loc[0, "trust"] = "outside"  # of XANES alone
    assert replace(pair, prediction=replace(answer, table=table)).trust == "ok"
    table.loc[len(table) - 1, "trust"] = "caution"
    assert replace(pair, prediction=replace(answer, table=table)).trust == "caution"
    assert PredictedSample(SOURCES).trust == ""


def test_windows_are_the_largest_sums_within_a_width() -> None:
    x = np.arange(0.0, 40.0)
    y = np.where((x >= 10) & (x < 16), 0.5, 0.0) - np.where((x >= 30) & (x < 33), 0.4, 0.0)
    first, second = largest_windows(x, y, widest=10.0)
    assert (first.first, first.last, first.contribution) == (10.0, 15.0, pytest.approx(3.0))
    assert (second.first, second.last, second.contribution) == (30.0, 32.0, pytest.approx(-1.2))
    narrow = largest_windows(x, y, widest=2.0)
    assert all(window.last - window.first <= 2 for window in narrow)
    assert sum(a.first <= b.last and b.first <= a.last for a in narrow for b in narrow) == len(narrow)
    assert largest_windows(x, np.zeros(40), widest=5.0) == []
    assert largest_windows(np.empty(0), np.empty(0), widest=5.0) == []


def test_reasons_name_windows_and_shares(pair: PredictedSample) -> None:
    assert pair.prediction is not None
    xanes, pdf, both = reason_sentences(pair.prediction)
    assert "7115–7125 eV (+" in xanes
    assert "eV (−" in xanes
    assert "1.68–2.33 Å (+" in pdf
    assert both.startswith("XANES + PDF: XANES carries 70 % of the oxidation state")
    shares = share_table(pair.prediction)
    assert sum(row["share"] for row in shares if row["task"] == "bond_length") == pytest.approx(1)
    silent = replace(pair.prediction, explanation=pair.prediction.explanation.head(0))
    assert reason_sentences(silent) == []


def test_points_of_one_position_are_added() -> None:
    explanation = pd.DataFrame(
        {"technique": "xanes", "task": "bond_length", "position": [2.0, 1.0, 2.0, math.nan],
         "contribution": [0.1, 0.2, 0.3, 9.0]}
    )  # fmt: skip
    table = contribution_table(explanation, technique="xanes", task="bond_length")
    assert table["position"].tolist() == [1.0, 2.0]
    assert table["contribution"].tolist() == pytest.approx([0.2, 0.4])


@pytest.mark.parametrize(
    ("classes", "probability", "text"),
    [
        ("2;3", 0.5, "2 or 3 (50 %)"),
        ("3", math.nan, "3"),
        ("", 0.5, ""),
        (math.nan, 0.5, ""),
        ("1;2;3", None, "1, 2 or 3"),
    ],
)
def test_sets_in_words(classes: Any, probability: Any, text: str) -> None:
    assert set_text(classes, probability) == text


def test_every_axis_has_its_unit(pair: PredictedSample) -> None:
    answer = pair.prediction
    assert answer is not None
    figures = [
        answer_figure(answer),
        probability_figure(answer, task="oxidation_state"),
        curve_figure(answer, technique="xanes"),
        curve_figure(answer, technique="pdf"),
        series_figure([pair] * 6, range(1, 7)),
    ]
    for figure in figures:
        assert figure is not None
        axes = [*figure.select_xaxes(), *figure.select_yaxes()]
        titles = [axis.title.text for axis in axes if axis.title.text]
        assert titles
        assert all(UNIT.search(title) for title in titles), titles
    assert curve_figure(answer, technique="dpdf") is None


def test_contributions_are_drawn_beneath_the_curve(pair: PredictedSample) -> None:
    answer = pair.prediction
    assert answer is not None
    figure = curve_figure(answer, technique="xanes")
    assert figure is not None
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len(bars) == 3
    (first, *_) = bars
    raised = {colour for colour, y in zip(first.marker.color, first.y, strict=True) if y > 0}
    lowered = {colour for colour, y in zip(first.marker.color, first.y, strict=True) if y < 0}
    assert len(raised) == len(lowered) == 1
    assert raised != lowered
    lines = [trace.name for trace in figure.data if trace.type == "scatter"]
    assert lines == ["Fe2O3 standard", "FeO &lt;b&gt;simulated&lt;/b&gt;", "this sample"]
    bare = curve_figure(replace(answer, explanation=answer.explanation.head(0)), technique="xanes")
    assert bare is not None
    assert all(trace.type == "scatter" for trace in bare.data)


def test_a_page_of_one_sample(pair: PredictedSample) -> None:
    page = render_prediction([pair])
    assert page.count("plotly.js v") == 1
    assert "<script src" not in page
    for part in ("no energy calibration", "2.013 Å", "class 5 or 6 (71 %)", "Nearest by XANES", "400 points"):
        assert part in page
    assert 'id="overview"' not in page
    specs = re.findall(r'data-spec="(f\d+)"', page)
    assert len(specs) == len(set(specs)) == 5  # values, two sets of probabilities, two curves
    assert all(f'id="json-{name}"' in page for name in specs)


def test_a_page_of_many(made: ModuleType) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    answer = made.make_prediction(("xanes",), name=hostile, explain=False)
    samples = [
        PredictedSample({"xanes": (f"{n}.xdi", hostile)}, "Fe", prediction=answer) for n in range(SERIES + 1)
    ]
    samples.append(PredictedSample({"": (hostile, "")}, "", "refused", hostile))
    page = render_prediction(samples)
    assert page.count("<script>alert(1)") == 0
    assert page.count("<img") == 0
    assert 'id="series"' in page
    assert f"{SERIES + 1} answered (trust: {SERIES + 1} ok, 0 caution, 0 outside), 1 not answered." in page
    assert 'id="series"' not in render_prediction(samples[1:])


def test_a_long_batch_is_listed_but_not_all_drawn(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepair.report.prediction.page.MOST_DRAWN", 4)
    answer = made.make_prediction(("xanes",), explain=False)
    many = [PredictedSample({"xanes": (f"{n}.xdi", "")}, "Fe", prediction=answer) for n in range(4 + 7)]
    page = render_prediction(many)
    assert page.count('class="sample"') == 4
    assert "the other 7 stand in this table only" in page
    assert ">10.xdi<" in page


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_files_are_whole_or_absent(
    pair: PredictedSample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="cannot write the table"):
        write_rows([pair], tmp_path / "nowhere" / "r.csv")
    with pytest.raises(OutputError, match="cannot write the report") as raised:
        write_prediction([pair], tmp_path / "page.png")
    assert "'.png'" in raised.value.found
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError):
        write_rows([pair], tmp_path / "folder.csv")
    target = tmp_path / "r.csv"
    target.write_text("old", encoding="utf-8")
    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_text("new", target, what="the table", option="--out")
    assert target.read_text(encoding="utf-8") == "old"
    write_rows([pair], target)
    assert target.read_text(encoding="utf-8").startswith("file,item,technique")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "r.csv"]


def test_nothing_embedded_ends_its_element() -> None:
    value = {"a": "</script><!--&\u2028"}
    text = embedded_json(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value
    shelf = FigureShelf()
    import plotly.graph_objects as go

    figure = go.Figure(go.Scatter(y=list(range(400))), layout={"height": 250})
    one, two = (shelf.keep(figure, title) for title in ("one", "two"))
    assert (one["height"], one["title"], two["title"]) == (250, "one", "two")
    assert one["spec"] != two["spec"]
    assert shelf.specs[one["spec"]]["data"] == shelf.specs[two["spec"]]["data"] == [{"shared": "t0"}]
