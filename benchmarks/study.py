"""Time our forest against scikit-learn's default forest: same trees, folds, sites and features.

usage: python benchmarks/study.py [--absorber Ti ...] [--modality xanes ...] [--trees 300]

Both run in this process on one core, turn by turn. Prints a table of seconds and scores, and ends
with exit code 1 where the study is less than 5 times faster over the three tasks, or a score more
than 0.01 lower.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from edgepair import load_bundled
from edgepair.conventions import TASKS
from edgepair.models import FitTask, compute_features, fit_folds
from edgepair.study.cells import plan_cell
from edgepair.study.config import StudyConfig
from edgepair.study.scoring import draw_groups, interval_of, score

NEEDED_RATIO = 5.0
ALLOWED_LOSS = 0.01


def run(absorber: str, modality: str, trees: int) -> tuple[dict[str, float], list[str], float]:
    """Time both learners on the three tasks of one absorber."""
    dataset = load_bundled(absorber)
    config = StudyConfig.check(modalities=[modality], learners=["forest", "stock"], repeats=1, trees=trees)
    seconds = {"forest": 0.0, "stock": 0.0}
    rows, worst = [], np.inf
    for task in TASKS.values():
        cell, _ = plan_cell(dataset, task, config)
        if cell is None:
            continue
        drawn = draw_groups(cell.n_groups, 500, [0, 1])
        values = compute_features(dataset, modality).values[cell.sites]
        scores = {}
        taken = {}
        for learner in ("forest", "stock"):
            fit = FitTask(
                learner, task.name, cell.target, len(cell.classes), cell.groups, cell.folds[0], trees, seed=0
            )
            started = time.process_time()
            outcome = fit_folds(values, fit)
            taken[learner] = time.process_time() - started
            seconds[learner] += taken[learner]
            scores[learner] = score(cell, modality, learner, [outcome], drawn)
        metric = task.main_metric
        ours, stock = scores["forest"], scores["stock"]
        gain = ours.value[metric] - stock.value[metric]
        lower, upper = interval_of(ours.draws[metric] - stock.draws[metric])
        worst = min(worst, gain)
        fewer = 1 - (1 - ours.value[metric]) / (1 - stock.value[metric])
        rows.append(
            f"| {absorber} | {modality} | {task.name} | {len(cell.sites)} | {taken['stock']:.1f} "
            f"| {taken['forest']:.1f} | {taken['stock'] / taken['forest']:.1f} "
            f"| {stock.value[metric]:.3f} | {ours.value[metric]:.3f} "
            f"| {gain:+.3f} ({lower:+.3f} to {upper:+.3f}) | {fewer:+.0%} |"
        )
    return seconds, rows, float(worst)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--absorber", nargs="+", default=["Ti", "Mn", "Fe", "Cu"])
    parser.add_argument("--modality", nargs="+", default=["xanes"])
    parser.add_argument("--trees", type=int, default=300)
    options = parser.parse_args()
    print("CPU seconds and weighted F1 or R², one repeat of 5 folds by formula\n")
    columns = (
        "absorber, modality, task, sites, stock s, ours s, faster, stock, ours, gain (95 %), fewer errors"
    )
    print("| " + " | ".join(columns.split(", ")) + " |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    total = {"forest": 0.0, "stock": 0.0}
    worst = np.inf
    for absorber in options.absorber:
        for modality in options.modality:
            seconds, rows, lowest = run(absorber, modality, options.trees)
            print("\n".join(rows), flush=True)
            worst = min(worst, lowest)
            for learner, value in seconds.items():
                total[learner] += value
    ratio = total["stock"] / total["forest"]
    print(f"\nover all tasks: {ratio:.1f} times faster; lowest gain {worst:+.3f}")
    sys.exit(0 if ratio >= NEEDED_RATIO and worst >= -ALLOWED_LOSS else 1)


if __name__ == "__main__":
    main()
