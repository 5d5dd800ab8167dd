"""The report of the published protocol: random splits beside splits by formula, and the public numbers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    counted,
    interval,
    listed,
    number,
    percent,
    short_title,
    task_title,
)
from edgepair.report.citing import references
from edgepair.report.kit.embedding import FigureShelf, render_methods, render_page
from edgepair.report.kit.tables import BASELINE, absorbers_of, modalities_of, select, skipped_row, tasks_of
from edgepair.report.study.figure_overview import split_figure
from edgepair.report.study.page import importance_panels
from edgepair.study import StudyResult
from edgepair.study.published import MAX_FEATURES, SEARCH_TREES, STAGES, TOLERANCE

LEARNER = "published"

SHOWN_METRICS = ("f1_weighted", "r2", "rmse_percent")

BEST_PAIR = "best pair"
ANY_PAIR = "XANES with a PDF"

PUBLIC_SCORES: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("Ti", "oxidation_state"): {
            "xanes": "0.94", "pdf": "0.85", "dpdf": "0.93", "npdf": "0.89", BEST_PAIR: "0.96",
        },
        ("Ti", "coordination_number"): {
            "xanes": "0.89", "pdf": "0.91", "dpdf": "0.90", "npdf": "0.91", BEST_PAIR: "0.94",
        },
        ("Mn", "coordination_number"): {ANY_PAIR: "0.92–0.94"},
        ("Fe", "coordination_number"): {ANY_PAIR: "0.92–0.93"},
        ("Cu", "coordination_number"): {ANY_PAIR: "0.91–0.93"},
    }
)  # fmt: skip
"""Weighted F1 read off a public notebook of the group, the mean of five random splits."""

PUBLIC_ORIGIN = "read off a public notebook of the paper’s group; five random splits, weighted F1"

BANNER = (
    "Random split: materials of one formula stand on both sides, so that these scores may rest on formulas "
    "seen before; the split by formula beside them is the honest one."
)


def render_published(result: StudyResult) -> str:
    """Make the page of a study by the published protocol."""
    shelf = FigureShelf()
    absorbers, modalities = absorbers_of(result), modalities_of(result)
    split_figures = [
        shelf.keep(
            split_figure(
                result.scores, task=task, absorbers=absorbers, modalities=modalities, learner=LEARNER
            ),
            capital(task_title(task)),
        )
        for task in tasks_of(result)
    ]
    content = {
        "title": f"{listed(absorbers)} oxides as published: random splits beside splits by formula",
        "sentences": difference_sentences(result),
        "banner": BANNER,
        "split_figures": split_figures,
        "modalities": [short_title(name) for name in modalities],
        "rows": difference_cells(result),
        "public": public_cells(result),
        "public_origin": PUBLIC_ORIGIN,
        "methods": published_methods(result),
        "skipped": [_skipped(item) for item in result.skipped],
        "references": references("narong torrisi breiman nadeau"),
        "facts": _facts(result),
    }
    explorers = {"importances": importance_panels(result, shelf.keep)}
    return render_page("published.html.j2", content, shelf, explorers)


def difference_sentences(result: StudyResult) -> list[str]:
    """Say what the random split flatters, over all rows of a metric."""
    sentences = []
    for metric, unit in (("f1_weighted", ""), ("rmse_percent", " %")):
        rows = select(result.differences, learner=LEARNER, metric=metric)
        if not len(rows):
            continue
        digits = 3 if metric == "f1_weighted" else 2
        clear = int(((rows["lower"] > 0) | (rows["upper"] < 0)).sum()) or "none"
        random, by_formula = (
            number(rows[name].mean(), digits) + unit for name in ("value_random", "value_formula")
        )
        sentences.append(
            f"{capital(METRIC_TITLES[metric])}: {random} on random splits, {by_formula} with whole formulas "
            f"held out, in the mean over {counted(len(rows), 'comparison')}; random less formula "
            f"{number(rows['difference'].min(), digits, sign=True)} to "
            f"{number(rows['difference'].max(), digits, sign=True)}, the interval clear of zero in {clear}."
        )
    for absorber in absorbers_of(result):
        selected = select(result.differences, absorber=absorber, learner=LEARNER)
        sentences.append(
            f"{absorber}: {percent(float(selected['seen'].mean()))} of the rows that a random split holds "
            "out are of a formula that it trained on."
        )
    return sentences


def _baselines(result: StudyResult) -> dict[tuple[str, str, str], float]:
    """Scores of the baseline on random splits, by absorber, task and metric."""
    rows = select(result.differences, learner=BASELINE)
    return {
        (str(row.absorber), str(row.task), str(row.metric)): float(row.value_random)
        for row in rows.itertuples()
    }


def difference_cells(result: StudyResult) -> list[dict[str, str]]:
    """List random beside grouped scores as text."""
    rows, baselines = [], _baselines(result)
    differences = select(result.differences, learner=LEARNER)
    for row in differences[differences["metric"].isin(SHOWN_METRICS)].itertuples():
        digits = 1 if row.metric == "rmse_percent" else 3
        rows.append(
            {
                "absorber": str(row.absorber),
                "task": task_title(str(row.task)),
                "technique": short_title(str(row.modality)),
                "metric": METRIC_TITLES[str(row.metric)] + (", %" if row.metric == "rmse_percent" else ""),
                "random": number(row.value_random, digits),
                "formula": number(row.value_formula, digits),
                "difference": number(row.difference, digits, sign=True),
                "interval": interval(row.lower, row.upper, digits, sign=True),
                "baseline": number(baselines.get((row.absorber, row.task, row.metric)), digits),
                "seen": percent(row.seen),
            }
        )
    return rows


def public_cells(result: StudyResult) -> list[dict[str, str]]:
    """List the public numbers beside ours, those of pairs by the best or by the range of ours."""
    rows, baselines = [], _baselines(result)
    for (absorber, task), numbers in PUBLIC_SCORES.items():
        selected = select(
            result.differences, absorber=absorber, task=task, learner=LEARNER, metric="f1_weighted"
        )
        for name, public in numbers.items():
            if name in (BEST_PAIR, ANY_PAIR):
                ours = selected[selected["modality"].str.startswith("xanes+")]
                if name == BEST_PAIR and len(ours):
                    ours = ours[ours["value_random"] == ours["value_random"].max()].head(1)
            else:
                ours = selected[selected["modality"] == name]
            if not len(ours):
                continue
            title = short_title(name) if name not in (BEST_PAIR, ANY_PAIR) else name
            if name == BEST_PAIR:
                title += f" (ours: {short_title(str(ours['modality'].iloc[0]))})"
            rows.append(
                {
                    "absorber": absorber,
                    "task": task_title(task),
                    "technique": title,
                    "public": public,
                    "random": _range(ours["value_random"]),
                    "formula": _range(ours["value_formula"]),
                    "baseline": number(baselines.get((absorber, task, "f1_weighted")), 2),
                }
            )
    return rows


def _range(values: pd.Series[float]) -> str:
    low, high = number(float(values.min()), 2), number(float(values.max()), 2)
    return low if low == high else f"{low}–{high}"


def published_methods(result: StudyResult) -> list[dict[str, str]]:
    """Say how the study was made, in words that follow from its settings."""
    config = result.config["config"]
    chosen = result.config["published"]["settings"].values()
    most = int(config["trees"])
    trees = [item["trees"] for item in chosen]
    features = sorted({item["max_features"] for item in chosen})
    axes = [
        f"{absorber}: " + "; ".join(f"{name.upper()} {text}" for name, text in texts.items())
        for absorber, texts in result.config["published"]["axes"].items()
    ]
    content = {
        "config": config, "axes": ". ".join(axes), "most": most, "trees": trees, "tolerance": TOLERANCE,
        "tried": listed([str(value) for value in MAX_FEATURES]), "stage_features": MAX_FEATURES[1],
        "features": listed([str(value) for value in features]), "search_trees": SEARCH_TREES,
        "first_stage": STAGES[0],
    }  # fmt: skip
    return render_methods("methods_published.txt.j2", content)


def _skipped(item: Mapping[str, object]) -> dict[str, str]:
    row = skipped_row(item)
    parts = [row[key] for key in ("absorber", "task", "modality") if row[key]]
    return {"where": " ".join(parts), "reason": row["reason"]}


def _facts(result: StudyResult) -> str:
    config = result.config
    rows = result.scores.drop_duplicates(["absorber", "task"])
    counts = [
        f"{row.absorber} {task_title(str(row.task))} {counted(int(row.n_materials), 'material')} of "
        f"{counted(int(row.n_formulas), 'formula')}"
        for row in rows.itertuples()
    ]
    return (
        f"{'; '.join(counts)}. Seed {config['config']['seed']}, {np.round(config['seconds'], 0):.0f} s, "
        f"edgepair {config['edgepair']}, scikit-learn {config['versions']['scikit-learn']}."
    )
