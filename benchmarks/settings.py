"""Try forest settings on the bundled data: kind, max_features, leaf size, number of trees.

usage: python benchmarks/settings.py [--absorber Mn ...] [--modality xanes ...]

Prints, for each setting, weighted F1 or R² of every cell, the mean of fewer errors against
scikit-learn's default forest on the same features, and the CPU time relative to it. One repeat of 5
folds by formula, the same for all. docs/decisions/0001-forest-settings.md shows what it printed.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import Any

import numpy as np
import sklearn.ensemble

from edgepair import load_bundled
from edgepair.conventions import TASKS
from edgepair.features import compute_features
from edgepair.study.config import StudyConfig
from edgepair.study.plan import Cell, plan_cell
from edgepair.study.scoring import group_sums, metrics_of

Setting = tuple[str, dict[str, Any]]
SETTINGS: dict[str, Setting] = {
    "random forest, defaults": ("RandomForest", {"n_estimators": 100}),
    "random forest, sqrt": ("RandomForest", {"n_estimators": 100, "max_features": "sqrt"}),
    "extra trees, sqrt": ("ExtraTrees", {"n_estimators": 100, "max_features": "sqrt"}),
    "extra trees, 0.33": ("ExtraTrees", {"n_estimators": 100, "max_features": 0.33}),
    "extra trees, sqrt, leaf 2": (
        "ExtraTrees",
        {"n_estimators": 100, "max_features": "sqrt", "min_samples_leaf": 2},
    ),
    "extra trees, sqrt, leaf 4": (
        "ExtraTrees",
        {"n_estimators": 100, "max_features": "sqrt", "min_samples_leaf": 4},
    ),
    "extra trees, sqrt, balanced": (
        "ExtraTrees",
        {"n_estimators": 100, "max_features": "sqrt", "class_weight": "balanced"},
    ),
    "extra trees, sqrt, 30 trees": ("ExtraTrees", {"n_estimators": 30, "max_features": "sqrt"}),
    "extra trees, sqrt, 300 trees": ("ExtraTrees", {"n_estimators": 300, "max_features": "sqrt"}),
    "extra trees, sqrt, 600 trees": ("ExtraTrees", {"n_estimators": 600, "max_features": "sqrt"}),
}


def trial(cell: Cell, values: np.ndarray, setting: Setting) -> tuple[float, float]:
    """Score one setting on one cell; also its CPU seconds."""
    kind, options = setting
    classification = bool(cell.classes)
    if not classification:
        options = {name: value for name, value in options.items() if name != "class_weight"}
    name = kind + ("Classifier" if classification else "Regressor")
    told: np.ndarray = np.empty(len(cell.target), dtype=np.int64 if classification else np.float64)
    started = time.process_time()
    for fold in np.unique(cell.folds[0]):
        held_out = cell.folds[0] == fold
        forest = getattr(sklearn.ensemble, name)(random_state=0, n_jobs=1, **options)
        forest.fit(values[~held_out], cell.target[~held_out])
        told[held_out] = forest.predict(values[held_out])
    seconds = time.process_time() - started
    sums = group_sums(cell, told, None).sum(axis=0, keepdims=True)
    return float(metrics_of(cell, sums)[cell.task.main_metric][0]), seconds


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--absorber", nargs="+", default=["Mn", "Fe", "Cr", "Ti"])
    parser.add_argument("--modality", nargs="+", default=["xanes"])
    options = parser.parse_args()
    config = StudyConfig.check(repeats=1)
    for modality in options.modality:
        scores: dict[str, list[float]] = defaultdict(list)
        seconds: dict[str, float] = defaultdict(float)
        heads = []
        for absorber in options.absorber:
            dataset = load_bundled(absorber)
            table = compute_features(dataset, modality).values
            for task in TASKS.values():
                cell, _ = plan_cell(dataset, task, config)
                if cell is None:
                    continue
                heads.append(f"{absorber} {task.symbol}")
                for name, setting in SETTINGS.items():
                    value, taken = trial(cell, table[cell.sites], setting)
                    scores[name].append(value)
                    seconds[name] += taken
        base = next(iter(SETTINGS))
        print(f"\n{modality}\n\n| setting | " + " | ".join(heads) + " | fewer errors | time |")
        print("|---" * (len(heads) + 3) + "|")
        for name, values in scores.items():
            fewer = np.mean(
                [1 - (1 - ours) / (1 - stock) for ours, stock in zip(values, scores[base], strict=True)]
            )
            row = " | ".join(f"{value:.3f}" for value in values)
            print(f"| {name} | {row} | {fewer:+.0%} | {seconds[name] / seconds[base]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
