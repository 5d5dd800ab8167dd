"""Figures: axes with units, one colour per modality, the numbers of the tables."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.report import (
    class_figure,
    confusion_figure,
    finding_figure,
    importance_figure,
    learning_figure,
    modality_colour,
    modality_symbol,
    overview_figure,
    parity_figure,
    share_figure,
    split_figure,
    value_figure,
)
from edgepair.report.kit.style import MODALITY_LOOKS, sequence_colours
from edgepair.report.kit.tables import confusion_counts, site_means, thinned

UNIT = re.compile(r"\((eV|Å|Å⁻²|%|no unit|number|1 = perfect)\)")
CELL = {"absorber": "Fe", "task": "oxidation_state"}
BOND = {"absorber": "Fe", "task": "bond_length"}


def _titles(figure: Any) -> list[str]:
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    return [axis.title.text for axis in axes if axis.title.text]


def _figures(result: Any) -> dict[str, Any]:
    told, importances = result.predictions, result.importances
    shown = {"modality": "xanes+pdf", "learner": "forest"}
    both = {"absorbers": ["Mn", "Fe"], "modalities": ["xanes", "pdf"]}
    return {
        "overview": overview_figure(result),
        "finding": finding_figure(result.findings, finding="xanes_beats_pdf"),
        "importance in energy": importance_figure(
            result.curves, importances, technique="xanes", **CELL, **shown
        ),
        "importance in distance": importance_figure(
            result.curves, importances, technique="pdf", **CELL, **shown
        ),
        "share": share_figure(importances, task="oxidation_state"),
        "parity": parity_figure(told, modality="pdf", **BOND),
        "learning": learning_figure(result.learning, **CELL),
        "split": split_figure(result.scores, task="oxidation_state", **both),
        "class": class_figure(result.config["data"], task="oxidation_state"),
        "value": value_figure(told, task="bond_length"),
    }


def test_axes_say_what_and_in_which_unit(study: Any) -> None:
    for name, figure in _figures(study()).items():
        titles = _titles(figure)
        assert any(UNIT.search(title) for title in titles), (name, titles)
    importance = _figures(study())
    assert "energy E (eV)" in _titles(importance["importance in energy"])
    assert {"distance r (Å)", "G(r) (Å⁻²)", "share (%)"} <= set(_titles(importance["importance in distance"]))


def test_confusion_axes_name_both_sides(study: Any) -> None:
    titles = _titles(confusion_figure(study().predictions, modality="pdf", **CELL))
    assert titles == ["predicted OS", "true OS"]


def test_dots_are_the_scores(study: Any) -> None:
    result = study()
    figure = overview_figure(result)
    chosen = (result.scores["learner"] == "forest") & (result.scores["split"] == "formula")
    mains = result.scores[chosen & result.scores["metric"].isin(["f1_weighted", "r2"])]
    drawn = sorted(x for trace in figure.data if trace.mode == "markers" for x in trace.x)
    assert drawn == pytest.approx(sorted(mains["value"]))
    trace = next(t for t in figure.data if t.name == "PDF")
    assert trace.error_x.array == pytest.approx([0.05, 0.05])


def test_a_modality_keeps_its_colour_and_symbol(study: Any) -> None:
    result = study()
    for figure in (overview_figure(result), learning_figure(result.learning, **CELL)):
        seen = {
            trace.name: (trace.marker.color, trace.marker.symbol)
            for trace in figure.data
            if trace.marker.symbol
        }
        assert seen["PDF"] == (modality_colour("pdf"), modality_symbol("pdf"))
        assert len(set(seen.values())) == 5


def test_no_two_modalities_look_alike() -> None:
    assert len(set(MODALITY_LOOKS.values())) == len(MODALITY_LOOKS) == 15
    assert len({colour for colour, _ in MODALITY_LOOKS.values()}) == 15


def test_class_colours_have_an_order() -> None:
    for n in range(1, 9):
        light = [
            int(c[1:3], 16) * 0.3 + int(c[3:5], 16) * 0.59 + int(c[5:7], 16) * 0.11
            for c in sequence_colours(n)
        ]
        assert light == sorted(light)
        assert len(light) == n


def test_one_absorber_gets_a_row_per_modality(study: Any) -> None:
    figure = overview_figure(study(absorbers=["Fe"]))
    assert list(figure.layout.yaxis.ticktext) == ["XANES", "PDF", "dPDF", "XANES + PDF", "XANES + dPDF"]


def test_the_missing_are_left_empty(study: Any) -> None:
    result = study()
    kept = ~((result.scores["absorber"] == "Mn") & (result.scores["modality"] == "pdf"))
    object.__setattr__(result, "scores", result.scores[kept])
    trace = next(t for t in overview_figure(result).data if t.name == "PDF")
    assert list(trace.y) == pytest.approx([1 - 0.33 + 2 * 0.33 / 4])


def test_confusion_counts_pool_repeats() -> None:
    told = pd.DataFrame({"true": [2.0, 2.0, 3.0, 3.0], "predicted": [2.0, 3.0, 3.0, 3.0]})
    names, counts = confusion_counts(told)
    assert names == [2, 3]
    assert counts.tolist() == [[1, 1], [0, 2]]


def test_confusion_rows_add_up_to_one(study: Any) -> None:
    figure = confusion_figure(study().predictions, modality="pdf", **CELL)
    assert np.sum(figure.data[0].z, axis=1) == pytest.approx(np.ones(3), abs=2e-3)
    assert sum(int(text) for row in figure.data[0].text for text in row if text) == 48


def test_parity_shows_a_seeded_choice_of_sites() -> None:
    many = pd.DataFrame({"site": np.arange(3000)})
    kept = thinned(many, seed=1)
    assert len(kept) == 800
    assert kept["site"].is_monotonic_increasing
    assert kept.equals(thinned(many, seed=1))
    assert not kept.equals(thinned(many, seed=2))


def test_parity_averages_over_repeats() -> None:
    told = pd.DataFrame(
        {"site": [0, 0, 1], "formula": ["a", "a", "b"], "true": [2.0, 2.0, 1.9], "predicted": [2.1, 2.3, 1.9]}
    )
    assert site_means(told)["predicted"].tolist() == pytest.approx([2.2, 1.9])


def test_residuals_are_predicted_less_true(study: Any) -> None:
    figure = parity_figure(study().predictions, modality="pdf", **BOND)
    cloud = next(t for t in figure.data if t.hovertext is not None)
    rest = figure.data[-1]
    assert np.subtract(cloud.y, cloud.x) == pytest.approx(rest.y, abs=1.5e-4)


def test_shares_fill_the_bar(study: Any) -> None:
    figure = share_figure(study().importances, task="oxidation_state")
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [bar.name for bar in bars] == ["XANES", "PDF", "dPDF"]
    assert sum(sum(bar.x) for bar in bars) == pytest.approx(100 * 4)
    assert set(bars[1].base) == {75.0}


def test_share_finding_is_drawn_as_what_exceeds_that_of_permuted_labels() -> None:
    from edgepair.study import Finding

    item = Finding("xanes_dominates", "Fe", "oxidation_state", 0.25, 0.2, 0.3, "holds", "")
    figure = finding_figure([item], finding="xanes_dominates")
    assert list(figure.data[0].x) == [0.25]
    assert "share less that with permuted labels (no unit)" in figure.layout.xaxis.title.text


def test_the_share_of_permuted_labels_is_marked_on_the_bar(study: Any) -> None:
    figure = share_figure(study().importances, task="oxidation_state")
    marks = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert [mark.x0 for mark in marks] == pytest.approx([60.0] * 4)  # two absorbers, two combinations
    bars = {y for trace in figure.data if trace.type == "bar" for y in trace.y}
    assert {round((mark.y0 + mark.y1) / 2, 6) for mark in marks} == {round(y, 6) for y in bars}


def test_verdicts_have_their_symbols() -> None:
    from edgepair.study import Finding

    verdicts = ("holds", "undecided", "does_not_hold")
    items = [
        Finding("xanes_beats_pdf", a, "bond_length", 0.1, 0.0, 0.2, v, "")
        for a, v in zip("ABC", verdicts, strict=True)
    ]
    figure = finding_figure(items, finding="xanes_beats_pdf")
    assert list(figure.data[0].marker.symbol) == ["circle", "circle-open", "x"]


def test_permutations_take_a_row_of_their_own(study: Any) -> None:
    shown = {"modality": "xanes", "technique": "xanes", **CELL}
    full, quick = study(), study(extras=False)
    assert len(list(importance_figure(full.curves, full.importances, **shown).select_yaxes())) == 3
    assert len(list(importance_figure(quick.curves, quick.importances, **shown).select_yaxes())) == 2


def test_unused_classes_stand_in_brackets(study: Any) -> None:
    figure = class_figure(
        study().config["data"], task="oxidation_state", used={"Fe": [2, 3, 4], "Mn": [2, 3]}
    )
    assert [list(row) for row in figure.data[0].text] == [["8", "8", "(7)", "(1)"], ["8", "8", "7", "(1)"]]


def test_pdfs_are_drawn_little_farther_than_they_are_read(study: Any) -> None:
    result = study()
    rows = result.curves.assign(
        position=lambda t: np.where(
            t["technique"] == "pdf", 1 + 19 * (t["position"] - 1) / 1.1, t["position"]
        )
    )
    figure = importance_figure(rows, result.importances, modality="pdf", technique="pdf", **CELL)
    assert max(axis.range[1] for axis in figure.select_xaxes()) <= 8
