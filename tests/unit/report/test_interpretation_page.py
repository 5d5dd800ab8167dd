"""Figures, words and page of an interpretation made by hand: every number is known beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.conventions import OutputError
from edgepair.report.figures_learned import dependence_figure, movement_curve_figure, movement_figure
from edgepair.report.figures_regions import group_figure, point_figure, region_figure
from edgepair.report.figures_sample import sample_region_figure
from edgepair.report.figures_stability import agreement_figure, shuffled_labels_figure
from edgepair.report.interpretation_page import render_interpretation, write_interpretation
from edgepair.report.interpretation_text import importance_rows, point_sentence, region_sentences

TASKS = ("oxidation_state", "bond_length")
MODALITIES = ("xanes", "pdf", "dpdf", "xanes+pdf+dpdf")
REGIONS = {
    "xanes": [("pre_edge", "pre-edge", 6530.0, 6543.0), ("edge", "edge", 6543.0, 6552.0),
              ("white_line", "white line", 6552.0, 6560.0),
              ("post_edge", "post-edge oscillations", 6560.0, 6590.0)],
    "pdf": [("before_first_shell", "below the first peak", 0.8, 1.5), ("first_shell", "first M–O peak", 1.5, 2.4),
            ("second_shell", "M–M and next distances", 2.4, 4.0), ("higher_shells", "higher shells", 4.0, 20.0)],
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
    numbers = [("xanes_edge_position", "edge position", "eV", 2.1), ("xanes_white_line_height", "white-line height", "", 0.2),
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


def make_interpretation(**changes: Any) -> Any:
    """Make an interpretation of two tasks of manganese."""
    axes = {"xanes": np.arange(6530.0, 6590, 0.5), "pdf": np.arange(0.8, 20, 0.1), "dpdf": np.arange(0.8, 20, 0.1)}
    curves = pd.DataFrame([row for name, axis in axes.items() for row in _curves(name, axis)])
    scores = [
        {"absorber": "Mn", "task": task, "modality": modality, "value": 0.8 - 0.1 * place, "lower": 0.6,
         "upper": 0.9, "metric": "r2" if task == "bond_length" else "f1_weighted", "n_sites": 303,
         "n_formulas": 120}
        for task in TASKS
        for place, modality in enumerate(MODALITIES)
    ]  # fmt: skip
    tables = {
        "regions": pd.DataFrame(
            [
                {"absorber": "Mn", "technique": technique, "region": name, "title": title, "low": low,
                 "unit": "eV" if technique == "xanes" else "Å", "high": high, "n_features": 20}
                for technique, rows in REGIONS.items()
                for name, title, low, high in rows
            ]
        ),
        "importances": pd.DataFrame(_importances()),
        "clusters": pd.DataFrame([{"absorber": "Mn", "modality": "xanes", "cluster": "xanes-01"}]),
        "contributions": pd.DataFrame(columns=["absorber", "task", "learner"]),
        "scores": pd.DataFrame(scores),
        "movement": pd.DataFrame(_movement()),
        "curve_movement": curves.drop_duplicates(["task", "technique", "position"]).rename(
            columns={"mean": "value"}
        ),
        "dependence": pd.DataFrame(_dependence()),
        "stability": pd.DataFrame(_stability()),
        "curves": curves,
        "warnings": ("The answer of class 4 rests on 7 formulas.",),
        "skipped": [
            {"absorber": "Mn", "task": "", "modality": "", "reason": "shap is not there", "whole": True}
        ],
        "config": {
            "config": {"trees": 100, "folds": 5, "split": "formula", "seed": 0},
            "data": [{"absorber": "Mn", "sites": 303, "materials": 140, "formulas": 120}],
            "versions": {"numpy": "2.0"}, "data_sha256": {"Mn": "00ff"}, "seconds": 12.3,
        },
    }  # fmt: skip
    return SimpleNamespace(**(tables | changes))


@pytest.fixture(scope="module")
def made() -> Any:
    return make_interpretation()
