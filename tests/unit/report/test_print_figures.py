"""Figures in print hold the numbers of the study, at the width of a column, with text that can be edited."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

from edgepair.conventions import OptionError, OutputError
from edgepair.figures import draw_confusion, draw_importances, draw_parity, draw_scores, write_figures
from edgepair.figures.predictions import MILLIMETRES, TWO_COLUMNS
from edgepair.report.kit.tables import confusion_counts, select, site_means
from edgepair.study import StudyResult

FE = {"absorber": "Fe"}


@pytest.fixture(scope="module")
def result(make_study: Callable[..., StudyResult]) -> StudyResult:
    return make_study(modalities=("xanes", "pdf", "xanes+pdf"), tasks=("oxidation_state", "bond_length"))


def test_scores_stand_at_their_values_with_their_intervals(result: StudyResult) -> None:
    figure = draw_scores(result)
    assert figure.get_figwidth() == pytest.approx(TWO_COLUMNS)
    states, lengths = figure.axes
    assert (states.get_xlabel(), lengths.get_xlabel()) == ("weighted F1", "R²")
    assert [label.get_text() for label in states.get_yticklabels()] == ["Mn", "Fe"]
    main = result.scores.query(
        "task == 'bond_length' and metric == 'r2' and learner == 'forest' and split == 'formula'"
    )
    drawn = {bars.get_label(): bars for bars in lengths.containers}
    for modality, title in (("xanes", "XANES"), ("xanes+pdf", "XANES + PDF")):
        rows = main[main["modality"] == modality]
        line, _, (whiskers,) = drawn[title]
        np.testing.assert_allclose(line.get_xdata(), rows["value"])
        ends = np.array([segment[:, 0] for segment in whiskers.get_segments()])
        np.testing.assert_allclose(ends, rows[["lower", "upper"]])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(drawn)


def test_the_look_is_ours_whatever_the_user_has_set(result: StudyResult) -> None:
    with matplotlib.rc_context({"axes.grid": True, "axes.titlelocation": "left", "lines.linewidth": 9}):
        figure = draw_confusion(result, **FE, task="oxidation_state")
    panel = figure.axes[0]
    assert not any(line.get_visible() for line in panel.get_xgridlines())
    assert (panel.get_title(), panel.get_title(loc="left")) == ("XANES", "")


def test_importances_stand_under_the_mean_curves(result: StudyResult) -> None:
    figure = draw_importances(result, **FE, task="oxidation_state")
    titles = [panel.get_title() for panel in figure.axes if panel.get_title()]
    assert titles == ["XANES", "PDF"]
    curves = select(result.curves, **FE, task="oxidation_state", technique="xanes")
    lines = figure.axes[0].get_lines()
    assert len(lines) == curves["group"].nunique()
    np.testing.assert_allclose(
        lines[0].get_ydata(), curves[curves["group"] == curves["group"].iloc[0]]["mean"]
    )
    rows = select(
        result.importances,
        **FE,
        task="oxidation_state",
        modality="xanes",
        kind="permutation",
        learner="forest",
    )
    bars = figure.axes[2].patches
    np.testing.assert_allclose([bar.get_height() for bar in bars], rows["value"][rows["position"].notna()])
    assert figure.axes[2].get_ylabel() == "ΔF1"
    assert "eV" in figure.axes[2].get_xlabel()


def test_confusion_and_parity_hold_the_predictions(result: StudyResult) -> None:
    rows = select(result.predictions, **FE, task="oxidation_state", modality="xanes", learner="forest")
    _, counts = confusion_counts(rows)
    panel = draw_confusion(result, **FE, task="oxidation_state").axes[0]
    assert [int(text.get_text()) for text in panel.texts] == counts.ravel().tolist()
    rows = select(result.predictions, **FE, task="bond_length", modality="xanes", learner="forest")
    panel = draw_parity(result, **FE, task="bond_length").axes[0]
    np.testing.assert_allclose(panel.collections[0].get_offsets(), site_means(rows)[["true", "predicted"]])
    for draw, task in ((draw_parity, "oxidation_state"), (draw_confusion, "bond_length")):
        with pytest.raises(OptionError, match="cannot draw predictions of Fe"):
            draw(result, **FE, task=task)
    with pytest.raises(OptionError, match="cannot draw importances of Zz"):
        draw_importances(result, absorber="Zz", task="bond_length")


def test_files_have_text_and_are_the_same_again(
    make_study: Callable[..., StudyResult], tmp_path: Path
) -> None:
    result = make_study(modalities=("xanes",), tasks=("oxidation_state", "bond_length"))
    written = write_figures(result, tmp_path / "figures")
    names = {path.name for path in written}
    assert names == {path.name for path in (tmp_path / "figures").iterdir()}
    assert {
        "scores.svg",
        "scores.pdf",
        "parity_Fe_bond_length.pdf",
        "confusion_Mn_oxidation_state.svg",
    } <= names
    svg = (tmp_path / "figures" / "scores.svg").read_text(encoding="utf-8")
    assert re.search(r"<text[^>]*>[^<]*weighted F1", svg)
    width = float(re.search(r'width="([\d.]+)pt"', svg).group(1))  # type: ignore[union-attr]
    assert width == pytest.approx(175 * MILLIMETRES * 72, abs=1)
    pdf = (tmp_path / "figures" / "scores.pdf").read_bytes()
    assert b"/Type3" not in pdf
    before = {path: path.read_bytes() for path in written}
    write_figures(result, tmp_path / "figures")
    assert {path: path.read_bytes() for path in written} == before


def test_a_place_that_is_none_is_refused(result: StudyResult, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write the figures"):
        write_figures(result, tmp_path / "no" / "where")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot write the figures"):
        write_figures(result, tmp_path / "file")


def test_the_command_looks_at_the_place_first(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    from edgepair.apps.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["edgepair", "study", "--figures", "no/where"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "cannot write to the folder 'no/where'" in capsys.readouterr().err
