"""Figures, words and page of an interpretation made by hand: every number is known beforehand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.conventions import OutputError
from edgepair.interpretation import Interpretation
from edgepair.interpretation.result import COLUMNS
from edgepair.report.interpretation.figure_learned import (
    agreement_figure,
    dependence_figure,
    movement_curve_figure,
    movement_figure,
    shuffled_labels_figure,
)
from edgepair.report.interpretation.figure_regions import (
    MOST_GROUPS,
    group_figure,
    point_figure,
    region_figure,
)
from edgepair.report.interpretation.page import (
    interpretation_methods,
    render_interpretation,
    write_interpretation,
)
from edgepair.report.interpretation.sample_page import sample_region_figure
from edgepair.report.interpretation.words import (
    importance_rows,
    interpretation_document,
    region_sentences,
    sample_table,
)
from edgepair.report.prediction.figures import LOWERED, RAISED

TASKS = ("oxidation_state", "bond_length")
MODALITIES = ("xanes", "pdf", "dpdf", "xanes+pdf+dpdf")
REGIONS = {
    "xanes": [("pre_edge", "pre-edge", 6530.0, 6543.0), ("edge", "edge", 6543.0, 6552.0),
              ("white_line", "white line", 6552.0, 6560.0),
              ("post_edge", "post-edge oscillations", 6560.0, 6590.0)],
    "pdf": [("before_first_shell", "below the first peak", 0.8, 1.5),
            ("first_shell", "first M–O peak", 1.5, 2.4),
            ("second_shell", "M–M and next distances", 2.4, 4.0),
            ("higher_shells", "higher shells", 4.0, 20.0)],
}  # fmt: skip
REGIONS["dpdf"] = REGIONS["pdf"]
UNIT = re.compile(r"\((eV|1/eV|Å|Å⁻²|%|no unit|probability|1|1 = perfect|1 = same order)\)")
MN = {"absorber": "Mn", "task": "oxidation_state"}


def _importances() -> Iterator[dict[str, Any]]:
    for task in TASKS:
        for modality in MODALITIES:
            parts = modality.split("+")
            for kind in ("permutation", "shap", "impurity"):
                for technique in parts:
                    base = {"absorber": "Mn", "task": task, "modality": modality, "technique": technique}
                    base |= {"kind": kind}
                    every = REGIONS[technique]
                    whole = {"grouping": "technique", "name": technique, "title": technique.upper()}
                    whole |= {"low": every[0][2], "high": every[-1][3], "value": 0.4}
                    yield base | whole | {"lower": 0.3, "upper": 0.5}
                    for place, (name, title, low, high) in enumerate(every):
                        value = [0.01, 0.31, 0.12, 0.002][place] / len(parts)
                        row = {"grouping": "region", "name": name, "title": title, "low": low, "high": high}
                        ends = {"lower": value - 0.02, "upper": value + 0.02}
                        yield base | row | ends | {"value": value}
                        row |= {"grouping": "cluster", "name": f"{technique}-{place:02d}"}
                        yield base | row | {"title": f"{low}–{high}", "value": value / 2} | ends
                    if kind == "permutation" and modality == "xanes":
                        for at in np.arange(6530.25, 6590, 0.5):
                            row = {"grouping": "point", "name": f"{at:g}", "title": f"{at:g} eV"}
                            row |= {"low": at - 0.25, "high": at + 0.25}
                            yield base | row | {"value": 0.001, "lower": -0.001, "upper": 0.003}


def _movement() -> Iterator[dict[str, Any]]:
    numbers = [("xanes_edge_position", "edge position", "eV", 2.1),
               ("xanes_white_line_height", "white-line height", "", 0.2),
               ("dpdf_first_shell_position", "first-shell position (dPDF)", "Å", -0.08)]  # fmt: skip
    for task in TASKS:
        for number, title, unit, slope in numbers:
            base = {"absorber": "Mn", "task": task, "number": number, "title": title}
            told = {"unit": unit, "kind": "slope", "value": slope, "lower": slope - 0.3, "upper": slope + 0.3}
            yield base | told
            rho = np.sign(slope) * 0.6
            yield base | {"unit": "", "kind": "rho", "value": rho, "lower": rho - 0.2, "upper": rho + 0.2}


def _dependence() -> Iterator[dict[str, Any]]:
    for task in TASKS:
        for number, title, unit in (
            ("xanes_edge_position", "edge position", "eV"),
            ("dpdf_first_shell_area", "first-shell area", ""),
        ):
            for place, name in enumerate(("2", "3") if task == "oxidation_state" else ("",)):
                for at in range(5):
                    value = 0.2 + 0.1 * at + 0.3 * place
                    base = {"absorber": "Mn", "task": task, "number": number, "title": title, "unit": unit}
                    told = {"position": float(at), "class": name, "value": value}
                    yield base | told | {"lower": value - 0.05, "upper": value + 0.05}


def _stability() -> Iterator[dict[str, Any]]:
    for task in TASKS:
        for modality in MODALITIES:
            base = {"absorber": "Mn", "task": task, "modality": modality}
            shuffled = base | {"kind": "label_permutation"}
            yield shuffled | {"name": "score", "value": 0.8, "lower": np.nan, "upper": np.nan, "sentence": ""}
            yield shuffled | {"name": "null", "value": 0.3, "lower": 0.2, "upper": 0.4, "sentence": ""}
            text = f"Mn {task} {modality} <beats> chance."
            yield shuffled | {"name": "p", "value": 0.025, "lower": np.nan, "upper": np.nan, "sentence": text}
            for kind, name in (
                ("agreement", "region: permutation and shap"),
                ("rank_over_refits", "region"),
                ("rank_over_refits", "point"),
                ("rank_over_refits", "point_top"),
            ):
                told = {"kind": kind, "name": name, "value": 0.7, "lower": 0.3, "upper": 1.0}
                yield base | told | {"sentence": ""}


def _curves(technique: str, axis: Any) -> Iterator[dict[str, Any]]:
    for task in TASKS:
        for group in ("2", "3", "4"):
            for at in axis:
                mean = float(np.tanh((at - axis[len(axis) // 3]) / 3) + 0.05 * int(group) * np.sin(at))
                yield {
                    "absorber": "Mn", "task": task, "technique": technique, "group": group, "n_sites": 90,
                    "position": float(at), "mean": mean, "lower": mean - 0.1, "upper": mean + 0.1,
                }  # fmt: skip


def make_interpretation(**changes: Any) -> Interpretation:
    """Make an interpretation of two tasks of manganese."""
    axes = {"xanes": np.arange(6530.0, 6590, 0.5), "pdf": np.arange(0.8, 20, 0.1)}
    axes["dpdf"] = axes["pdf"]
    curves = pd.DataFrame([row for name, axis in axes.items() for row in _curves(name, axis)])
    scores = [
        {"absorber": "Mn", "task": task, "modality": modality, "value": 0.8 - 0.1 * place, "lower": 0.6,
         "upper": 0.9, "metric": "r2" if task == "bond_length" else "f1_weighted", "n_sites": 303,
         "n_formulas": 120}
        for task in TASKS
        for place, modality in enumerate(MODALITIES)
    ]  # fmt: skip
    regions = [
        {"absorber": "Mn", "technique": technique, "region": name, "title": title, "low": low, "high": high,
         "unit": "eV" if technique == "xanes" else "Å", "n_features": 20}
        for technique, rows in REGIONS.items()
        for name, title, low, high in rows
    ]  # fmt: skip
    tables: dict[str, Any] = {name: pd.DataFrame(columns=list(columns)) for name, columns in COLUMNS.items()}
    tables |= {
        "regions": pd.DataFrame(regions),
        "importances": pd.DataFrame(_importances()),
        "scores": pd.DataFrame(scores),
        "movement": pd.DataFrame(_movement()),
        "curve_movement": curves.drop_duplicates(["task", "technique", "position"]).rename(
            columns={"mean": "value"}
        ),
        "dependence": pd.DataFrame(_dependence()),
        "stability": pd.DataFrame(_stability()),
        "curves": curves,
    }
    skip = {"absorber": "Mn", "task": "", "modality": "", "reason": "shap is <not> there", "whole": True}
    config = {
        "config": {"trees": 100, "folds": 5, "split": "formula", "seed": 0},
        "data": [{"absorber": "Mn", "sites": 303, "materials": 140, "formulas": 120}],
        "versions": {"numpy": "2.0"},
        "data_sha256": {"Mn": "00ff"},
        "seconds": 12.3,
        "warnings": ["The answer of class 4 rests on 7 formulas."],
        "skipped": [skip],
    }
    return Interpretation(**(tables | {"config": config} | changes))


@pytest.fixture(scope="module")
def made() -> Interpretation:
    return make_interpretation()


@pytest.fixture(scope="module")
def shown(made: Interpretation) -> dict[str, Any]:
    """Draw every figure of one task."""
    return _figures(made)


@pytest.fixture(scope="module")
def page(made: Interpretation) -> str:
    """Write the page once."""
    return render_interpretation(made)


def _titles(figure: Any) -> list[str]:
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    return [axis.title.text for axis in axes if axis.title.text]


def _figures(made: Interpretation) -> dict[str, Any]:
    tables = {"curves": made.curves, "regions": made.regions, "importances": made.importances}
    movement = {"curve_movement": made.curve_movement, "regions": made.regions}
    return {
        "regions": region_figure(**tables, technique="xanes", **MN),
        "shells": region_figure(**tables, technique="dpdf", **MN),
        "points": point_figure(made.importances, made.regions, modality="xanes", **MN),
        "groups": group_figure(made.importances, modality="xanes+pdf+dpdf", grouping="region", **MN),
        "clusters": group_figure(made.importances, modality="xanes", grouping="cluster", **MN),
        "moved curve": movement_curve_figure(**movement, technique="pdf", **MN),
        "numbers": movement_figure(made.movement, **MN),
        "dependence": dependence_figure(made.dependence, **MN),
        "labels": shuffled_labels_figure(made.stability, **MN),
        "agreement": agreement_figure(made.stability, **MN),
    }


def test_axes_say_what_and_in_which_unit(shown: dict[str, Any]) -> None:
    for name, figure in shown.items():
        assert any(UNIT.search(title) for title in _titles(figure)), (name, _titles(figure))
    assert {"energy E (eV)", "normalised μ(E)", "ΔF1", "(prob.)"} <= set(_titles(shown["regions"]))
    assert {"distance r (Å)", "dPDF G<sub>Mn</sub>(r) (Å⁻²)"} <= set(_titles(shown["shells"]))
    small = [note.text for note in shown["dependence"].layout.annotations]
    assert small == ["Edge position (eV)", "First-shell area (no unit)"]


def test_bars_stand_inside_their_region_with_its_value_and_interval(shown: dict[str, Any]) -> None:
    figure = shown["regions"]
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [trace.name for trace in bars] == ["XANES", "XANES + PDF + dPDF"] * 2
    assert list(bars[0].y) == pytest.approx([0.01, 0.31, 0.12, 0.002])
    assert list(bars[1].y) == pytest.approx(np.array([0.01, 0.31, 0.12, 0.002]) / 3, rel=1e-3)
    assert list(bars[0].error_y.array) == pytest.approx([0.02] * 4)
    for trace in bars:
        for x, width, (_, _, low, high) in zip(trace.x, trace.width, REGIONS["xanes"], strict=True):
            assert low < x - width / 2 < x + width / 2 < high
    # Two modalities side by side do not overlap.
    assert bars[0].x[1] + bars[0].width[1] / 2 <= bars[1].x[1] - bars[1].width[1] / 2
    texts = {note.text.replace("<br>", " ") for note in figure.layout.annotations}
    assert {"pre-edge", "edge", "white line", "post-edge oscillations"} <= texts


def test_shells_beyond_what_is_drawn_are_cut(shown: dict[str, Any]) -> None:
    figure = shown["shells"]
    assert list(figure.layout.xaxis.range) == [0.8, 8.0]
    bars = next(trace for trace in figure.data if trace.type == "bar")
    assert max(x + width / 2 for x, width in zip(bars.x, bars.width, strict=True)) <= 8.0


def test_points_are_drawn_on_the_scale_of_their_region(made: Interpretation, shown: dict[str, Any]) -> None:
    whole, points = (trace for trace in shown["points"].data if trace.type == "bar")
    assert list(whole.y) == pytest.approx([0.01, 0.31, 0.12, 0.002])
    assert set(points.y) == {0.001}
    assert len(points.y) == 120
    none = point_figure(made.importances, made.regions, absorber="Mn", task=MN["task"], modality="pdf")
    assert none is None


def test_regions_of_the_same_name_have_a_row_each(shown: dict[str, Any]) -> None:
    figure = shown["groups"]
    labels = list(figure.layout.yaxis.ticktext)
    assert len(labels) == len(set(labels)) == 12
    assert labels[0] == "XANES: pre-edge"
    assert labels[-1] == "dPDF: higher shells"
    dpdf = next(trace for trace in figure.data if trace.name == "dPDF")
    assert list(dpdf.y) == [8, 9, 10, 11]


def test_only_the_largest_groups_are_drawn(made: Interpretation) -> None:
    row = made.importances.query("grouping == 'cluster' and modality == 'xanes'").iloc[0]
    many = pd.DataFrame([row.to_dict() | MN | {"name": f"c{k}", "value": k, "low": -k} for k in range(40)])
    figure = group_figure(many, modality="xanes", grouping="cluster", **MN)
    (drawn,) = figure.data
    assert sorted(drawn.x) == list(range(40 - MOST_GROUPS, 40))


def test_a_number_whose_interval_holds_zero_is_an_open_circle(made: Interpretation) -> None:
    changed = made.movement.copy()
    rho = (changed["number"] == "xanes_white_line_height") & (changed["kind"] == "rho")
    changed.loc[rho, ["lower", "upper"]] = -0.1, 0.7
    figure = movement_figure(changed, **MN)
    symbols = {
        y: symbol for trace in figure.data for y, symbol in zip(trace.y, trace.marker.symbol, strict=True)
    }
    assert symbols == {0: "circle", 1: "circle-open", 2: "circle"}
    texts = [note.text for note in figure.layout.annotations]
    assert "+2.10 eV (+1.80 to +2.40)" in texts
    assert "change per unit of OS" in texts


def test_local_effects_are_drawn_before_partial_dependence(made: Interpretation) -> None:
    both = made.dependence.assign(local_value=0.5, local_lower=0.4, local_upper=0.6)
    figure = dependence_figure(both, **MN)
    solid = [t for t in figure.data if t.name == "OS 2" and t.line.dash is None]
    dotted = [t for t in figure.data if t.line.dash == "dot"]
    assert set(solid[0].y) == {0.5}
    assert list(dotted[0].y) == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])
    lengths = dependence_figure(made.dependence, absorber="Mn", task="bond_length")
    assert "mean bond length (Å)" in _titles(lengths)


def test_what_is_missing_is_no_figure(made: Interpretation) -> None:
    nothing = {"absorber": "Fe", "task": "oxidation_state"}
    assert movement_figure(made.movement, **nothing) is None
    assert dependence_figure(made.dependence, **nothing) is None
    assert shuffled_labels_figure(made.stability, **nothing) is None
    assert agreement_figure(made.stability, **nothing) is None
    assert group_figure(made.importances, modality="xanes", grouping="region", **nothing) is None


def test_real_scores_stand_beside_those_of_exchanged_labels(shown: dict[str, Any]) -> None:
    grey, real = shown["labels"].data
    assert list(grey.x) == [0.3] * 4
    assert list(grey.error_x.array) == pytest.approx([0.1] * 4)
    assert list(real.x) == [0.8] * 4
    assert "p = 0.025" in real.hovertext[0]


def test_sentences_follow_from_intervals(made: Interpretation) -> None:
    first = region_sentences(made, **MN)[0]
    assert first == (
        "XANES reads the oxidation state of Mn with weighted F1 0.80 (0.60 to 0.90). "
        "Shuffling costs: edge 0.31 (0.29 to 0.33), white line 0.12 (0.10 to 0.14). "
        "Not certain to be missed while the others are there: pre-edge and post-edge oscillations."
    )
    wide = made.importances.assign(lower=-1.0)
    told = region_sentences(make_interpretation(importances=wide), **MN)[0]
    assert told.endswith("No region is certain to be missed when it is shuffled alone.")


def test_rows_stand_along_the_curves_single_techniques_first(made: Interpretation) -> None:
    rows = importance_rows(made, **MN)
    assert [row["title"] for row in rows[:4]] == [title for _, title, _, _ in REGIONS["xanes"]]
    joint = [row for row in rows if row["modality"] == "xanes+pdf+dpdf"]
    assert rows[-len(joint) :] == joint
    assert joint[0]["title"] == "all of it"
    assert rows[1]["by_kind"]["permutation"]["value"] == pytest.approx(0.31)


def test_the_document_is_json_without_single_points(made: Interpretation) -> None:
    document = json.loads(json.dumps(interpretation_document(made), allow_nan=False))
    assert {row["grouping"] for row in document["importances"]} == {"technique", "region", "cluster"}
    assert document["skipped"][0]["reason"] == "shap is <not> there"
    assert document["warnings"] == made.warnings
    assert [(one["absorber"], one["task"]) for one in document["sentences"]] == [("Mn", t) for t in TASKS]


def test_the_page_stands_alone_and_says_what_was_left_out(page: str) -> None:
    body = page.split("<script", 1)[0] + page.split("</main>")[0].split("<main>")[1]
    for section in ("techniques", "regions", "points", "learned", "stability", "data", "methods"):
        assert f'<section id="{section}">' in page
    assert "shap is &lt;not&gt; there" in body
    assert "The answer of class 4 rests on 7 formulas." in body
    assert "<beats>" not in body
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", page)


def test_methods_describe_what_was_done_and_nothing_else(made: Interpretation) -> None:
    without = made.importances.query("kind != 'shap'")
    bare = make_interpretation(importances=without, stability=made.stability.iloc[:0])
    titles = [item["title"] for item in interpretation_methods(bare)]
    assert "SHAP" not in titles
    assert "Labels permuted" not in titles
    assert {"SHAP", "Labels permuted"} <= {item["title"] for item in interpretation_methods(made)}
    assert "mean |SHAP|" not in json.dumps([_titles(f) for f in [_figures(bare)["regions"]]])


def test_an_interpretation_of_nothing_is_still_a_page() -> None:
    empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in COLUMNS.items()}
    page = render_interpretation(make_interpretation(**empty))
    assert "Nothing could be explained." in page


def test_a_random_split_is_labelled_and_the_file_is_all_that_is_left(
    made: Interpretation, page: str, tmp_path: Path
) -> None:
    config = made.config | {"config": made.config["config"] | {"split": "random"}}
    empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in COLUMNS.items()}
    path = write_interpretation(make_interpretation(**(empty | {"config": config})), tmp_path / "why.html")
    assert "These scores flatter every technique" in path.read_text(encoding="utf-8")
    assert "These scores flatter every technique" not in page
    assert [entry.name for entry in tmp_path.iterdir()] == ["why.html"]


def test_a_page_of_another_kind_is_refused(made: Interpretation, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"why\.pdf"):
        write_interpretation(made, tmp_path / "why.pdf")
    assert list(tmp_path.iterdir()) == []


REASONS = pd.DataFrame(
    [
        {"modality": "xanes", "technique": "xanes", "task": task, "region": name, "title": title, "low": low,
         "high": high, "contribution": value, "base": base, "answer": base + 0.27}
        for task, base in (("oxidation_state", 2.5), ("bond_length", 2.0))
        for (name, title, low, high), value in zip(REGIONS["xanes"], (0.0, 0.4, -0.15, 0.02), strict=True)
    ]
)  # fmt: skip


def test_a_samples_regions_raise_or_lower_the_answer() -> None:
    x = np.linspace(6520, 6600, 200)
    figure = sample_region_figure(REASONS, technique="xanes", x=x, y=np.tanh(x - 6550))
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert list(bars[0].y) == pytest.approx([0.0, 0.4, -0.15, 0.02])
    assert list(bars[0].marker.color)[1:] == [RAISED, LOWERED, RAISED]
    assert list(bars[0].text)[1] == "+0.40"
    assert {"OS (no unit)", "d(M–O) (Å)", "normalised μ(E) (no unit)"} <= set(_titles(figure))
    assert sample_region_figure(REASONS, technique="pdf") is None


def test_a_samples_table_adds_up_from_the_average_to_the_answer() -> None:
    table = sample_table(REASONS, technique="xanes")
    assert table["tasks"] == ["Oxidation state", "Mean bond length (Å)"]
    names = [name for name, _ in table["rows"]]
    assert names[0] == "average of the training data"
    assert names[2] == "edge, 6543.0–6552.0 eV"
    states = [float(cells[0].replace("−", "-")) for _, cells in table["rows"]]
    assert sum(states[:-1]) == pytest.approx(states[-1]) == pytest.approx(2.77)
