"""Small studies made by hand: every number is known before the report shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edgepair.study import Finding, StudyResult
from edgepair.study.result import (
    CURVE_COLUMNS,
    IMPORTANCE_COLUMNS,
    LEARNING_COLUMNS,
    PREDICTION_COLUMNS,
    SCORE_COLUMNS,
)

METRICS = {
    "oxidation_state": ("f1_weighted", "f1_macro", "balanced_accuracy", "accuracy", "log_loss"),
    "coordination_number": ("f1_weighted", "f1_macro", "balanced_accuracy", "accuracy", "log_loss"),
    "bond_length": ("r2", "mae", "rmse"),
}
CLASSES = {"oxidation_state": (2, 3, 4), "coordination_number": (4, 6), "bond_length": ()}
AXES = {"xanes": ("energy", "eV", 7110.0, 0.5), "pdf": ("r", "Å", 1.0, 0.1), "dpdf": ("r", "Å", 1.0, 0.1)}
N_SITES, N_POINTS = 24, 12

MakeStudy = Callable[..., StudyResult]


def _make_study(
    *,
    absorbers: Sequence[str] = ("Mn", "Fe"),
    tasks: Sequence[str] = ("oxidation_state", "coordination_number", "bond_length"),
    modalities: Sequence[str] = ("xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf"),
    learners: Sequence[str] = ("forest", "dummy"),
    split: str = "formula",
    extras: bool = True,
    skipped: Sequence[dict[str, Any]] = (),
    formula: str = "Fe2O3",
) -> StudyResult:
    """Make a study whose scores are 0.9, 0.8, … in the order of the modalities."""
    rng = np.random.default_rng(0)
    scores, predictions, importances, learning, curves = [], [], [], [], []
    for absorber in absorbers:
        for task in tasks:
            base = {"absorber": absorber, "task": task}
            classes = CLASSES[task]
            for place, modality in enumerate(modalities):
                value = 0.9 - 0.1 * place - 0.011 * list(absorbers).index(absorber)
                for learner in learners:
                    shown = 0.3 if learner == "dummy" else value - 0.001 * list(learners).index(learner)
                    splits = (
                        [split, "random"] if extras and split != "random" and learner == "forest" else [split]
                    )
                    for name in splits:
                        more = 0.05 if name != split else 0.0
                        for metric in METRICS[task]:
                            row = base | {
                                "modality": modality,
                                "learner": learner,
                                "split": name,
                                "metric": metric,
                            }
                            row |= {"value": shown + more, "lower": shown - 0.05, "upper": shown + 0.05}
                            row |= {"n_sites": N_SITES, "n_materials": 20, "n_formulas": 12}
                            scores.append(row | {"view": "sites"})
                    if learner == "dummy":
                        continue
                    row = base | {"modality": modality, "learner": learner}
                    true = rng.choice(classes, N_SITES) if classes else rng.uniform(1.8, 2.2, N_SITES)
                    for repeat in range(2):
                        for site in range(N_SITES):
                            told = true[site] if classes else true[site] + rng.normal(0, 0.02)
                            predictions.append(
                                row
                                | {
                                    "repeat": repeat,
                                    "fold": site % 5,
                                    "site": site,
                                    "material_id": f"m{site}",
                                }
                                | {"formula": formula, "true": float(true[site]), "predicted": float(told)}
                            )
                    importances += _importances(row, modality.split("+"), extras)
                    if extras:
                        for number in (10, 40, 90):
                            learning.append(
                                row
                                | {"metric": METRICS[task][0], "fraction": number / 90, "n_formulas": number}
                                | {"value": value, "lower": value - 0.1, "upper": value + 0.1}
                            )
            for technique in dict.fromkeys(part for name in modalities for part in name.split("+")):
                _, _, first, step = AXES[technique]
                for group in classes or ("1.80–1.95 Å", "1.95–2.20 Å"):
                    for point in range(N_POINTS):
                        mean = np.sin(point) + len(str(group))
                        curves.append(
                            base
                            | {"technique": technique, "group": group, "n_sites": 8}
                            | {"position": first + step * point, "mean": mean}
                            | {"lower": mean - 0.1, "upper": mean + 0.1}
                        )
    return StudyResult(
        scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        predictions=pd.DataFrame(predictions, columns=list(PREDICTION_COLUMNS)),
        importances=pd.DataFrame(importances, columns=list(IMPORTANCE_COLUMNS)),
        findings=_findings(absorbers, tasks, modalities),
        config=_config(absorbers, tasks, modalities, learners, split, extras, skipped),
        learning=pd.DataFrame(learning, columns=list(LEARNING_COLUMNS)),
        curves=pd.DataFrame(curves, columns=list(CURVE_COLUMNS)),
    )


def _importances(row: dict[str, Any], parts: Sequence[str], extras: bool) -> list[dict[str, Any]]:
    rows = []
    for part in parts:
        axis, unit, first, step = AXES[part]
        common = row | {"technique": part, "axis": axis, "unit": unit}
        nowhere = {"position": np.nan, "position_low": np.nan, "position_high": np.nan}
        for point in range(N_POINTS):
            at = first + step * point
            place = {"position": at, "position_low": at - step / 2, "position_high": at + step / 2}
            value = 1 / N_POINTS / len(parts)
            told = {"kind": "impurity", "value": value, "lower": 0.0, "upper": 2 * value}
            rows.append(common | place | told)
        if len(parts) > 1:
            share = 0.75 if part == "xanes" else 0.25 / (len(parts) - 1)
            told = {"kind": "share", "value": share, "lower": share - 0.05, "upper": share + 0.05}
            rows.append(common | nowhere | told)
            alone = 0.6 if part == "xanes" else 0.4 / (len(parts) - 1)
            told = {"kind": "null_share", "value": alone, "lower": alone - 0.02, "upper": alone + 0.02}
            rows.append(common | nowhere | told)
        if extras:
            place = {"position": first + 1.0, "position_low": first, "position_high": first + 2.0}
            rows.append(common | place | {"kind": "permutation", "value": 0.1, "lower": 0.05, "upper": 0.15})
            rows.append(common | nowhere | {"kind": "permutation", "value": 0.3, "lower": 0.2, "upper": 0.4})
    return rows


def _findings(
    absorbers: Sequence[str], tasks: Sequence[str], modalities: Sequence[str]
) -> tuple[Finding, ...]:
    needs = {"xanes_beats_pdf": {"xanes", "pdf"}, "combination_best": {"xanes", "xanes+pdf"}}
    ends = {
        "xanes_beats_pdf": (0.1, 0.05, 0.15, "holds"),
        "combination_best": (0.01, -0.04, 0.06, "undecided"),
    }
    found = []
    for name, (estimate, lower, upper, verdict) in ends.items():
        if not needs[name] <= set(modalities):
            continue
        pairs = [(a, t) for a in absorbers for t in tasks]
        if len(absorbers) > 1:
            pairs += [("all", t) for t in tasks] + [("all", "all")]
        found += [
            Finding(name, a, t, estimate, lower, upper, verdict, f"{a} {t}: {verdict}.") for a, t in pairs
        ]
    return tuple(found)


def _config(
    absorbers: Sequence[str],
    tasks: Sequence[str],
    modalities: Sequence[str],
    learners: Sequence[str],
    split: str,
    extras: bool,
    skipped: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    data = [
        {
            "absorber": absorber,
            "edge": "K",
            "edge_energy": 7112.0,
            "sites": N_SITES,
            "materials": 20,
            "formulas": 12,
            "complete_materials": 20,
            "techniques": {
                "xanes": {
                    "points": 12,
                    "first": 7110.0,
                    "last": 7116.0,
                    "step": 0.5,
                    "unit": "eV",
                    "code": "FEFF10",
                }
            },
            "tasks": {"oxidation_state": {"sites": N_SITES, "classes": {"2": 8, "3": 8, "4": 7, "6": 1}}},
            "origins": {"feff10": N_SITES},
            "provenance": {"licence": "CC-BY 4.0"},
        }
        for absorber in absorbers
    ]
    return {
        "edgepair": "0.1.0",
        "config": {
            "tasks": list(tasks),
            "modalities": list(modalities),
            "learners": list(learners),
            "split": split,
            "folds": 5,
            "repeats": 2,
            "trees": 60,
            "seed": 0,
            "tune": False,
            "extras": extras,
            "view": "sites",
            "per": "metal",
            "robustness": False,
        },
        "repeats": {f"{a} {t}": 2 for a in absorbers for t in tasks},
        "bootstrap_draws": 1000,
        "conditions": [],
        "dpdf_per": dict.fromkeys(absorbers, "metal"),
        "groups": dict.fromkeys(absorbers, "formula"),
        "classes": {f"{a} {t}": list(CLASSES[t]) for a in absorbers for t in tasks},
        "versions": {"python": "3.11.7", "numpy": "2.0.0"},
        "data_sha256": dict.fromkeys(absorbers, "00ff"),
        "data": data,
        "seconds": 12.3,
        "skipped": list(skipped),
    }


@pytest.fixture(scope="session")
def make_study() -> MakeStudy:
    """Return the maker of studies."""
    return _make_study


@pytest.fixture
def study(make_study: MakeStudy) -> MakeStudy:
    """Return the maker of studies, under a shorter name."""
    return make_study
