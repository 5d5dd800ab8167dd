"""The findings in words: one verdict each, and the sentence that opens the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from edgepair.conventions.displayed import Record
from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    count,
    interval,
    listed,
    number,
    short_title,
    task_title,
    with_minus,
)
from edgepair.report.kit.tables import is_regression, main_metric, select
from edgepair.study import FINDINGS, Finding, contribution_sentences
from edgepair.study.conditions import AS_STUDIED, CONDITION_TITLES

_WORDS = {
    "xanes_beats_pdf": {
        "holds": "XANES alone beats the PDF alone",
        "undecided": "XANES alone and the PDF alone cannot be told apart",
        "does_not_hold": "the PDF alone beats XANES alone",
    },
    "dpdf_narrows_gap": {
        "holds": "the dPDF does better than the total PDF",
        "undecided": "whether the dPDF does better than the total PDF is undecided",
        "does_not_hold": "the dPDF does worse than the total PDF",
    },
    "combination_best": {
        "holds": "the combination does better than the best single technique",
        "undecided": "a combination brings no clear gain over the best single technique",
        "does_not_hold": "a combination does worse than the best single technique",
    },
    "xanes_dominates": {
        "holds": "XANES carries more than the PDF in combinations",
        "undecided": "neither technique clearly carries more in combinations",
        "does_not_hold": "the PDF carries more than XANES in combinations",
    },
}

VERDICT_TITLES = {
    "holds": "holds",
    "does_not_hold": "does not hold",
    "undecided": "undecided",
    "mixed": "mixed",
}
"""Verdicts for people; ``mixed`` where the cells differ and there is no overall estimate."""


def summarise_findings(findings: Sequence[Finding], robustness: pd.DataFrame | None = None) -> list[Record]:
    """Gather each finding with its verdict, overall estimates and single ones."""
    summaries = []
    for name, title in FINDINGS.items():
        selected = [item for item in findings if item.finding == name]
        if not selected:
            continue
        single = [item for item in selected if item.absorber != "all"]
        overall = [item for item in selected if item.absorber == "all"]
        head = _head(overall)
        verdict = overall_verdict(selected)
        # The overall estimate is over classes; numbers that are not classes stand beside it.
        beside = [item for item in overall if item not in head and is_regression(item.task)]
        counts = {
            key: sum(item.verdict == key for item in single)
            for key in ("holds", "undecided", "does_not_hold")
        }
        summaries.append(
            {
                "finding": name,
                "title": capital(title),
                "verdict": verdict,
                "verdict_title": VERDICT_TITLES[verdict],
                "counts": counts,
                "n": len(single),
                "tally": _tally(counts, len(single)),
                "lines": [_line(item) for item in ([*head, *beside] or single)],
                "sentences": [with_minus(item.sentence) for item in selected],
                "elsewhere": _elsewhere(robustness, name),
            }
        )
    return summaries


def _head(overall: Sequence[Finding]) -> list[Finding]:
    """Find the estimate over all absorbers that stands for the finding, if there is one."""
    head = [item for item in overall if item.task == "all"]
    return list(overall) if not head and len(overall) == 1 else head


def overall_verdict(items: Sequence[Finding]) -> str:
    """Tell the verdict that stands for all estimates of one finding."""
    head = _head([item for item in items if item.absorber == "all"])
    if head:
        return str(head[0].verdict)
    verdicts = {str(item.verdict) for item in items if item.absorber != "all"}
    return verdicts.pop() if len(verdicts) == 1 else "mixed"


def _elsewhere(robustness: pd.DataFrame | None, name: str) -> list[dict[str, str]]:
    if robustness is None or not len(robustness):
        return []
    selected = robustness[(robustness["finding"] == name) & (robustness["condition"] != AS_STUDIED)]
    return [
        {"title": CONDITION_TITLES.get(str(condition), str(condition)), "verdict": overall_verdict(rows)}
        for condition, table in selected.groupby("condition", sort=False)
        for rows in [list(table.itertuples())]
    ]


def _tally(counts: dict[str, int], n: int) -> str:
    words = {"holds": "it holds in", "undecided": "is undecided in", "does_not_hold": "does not hold in"}
    parts = [f"{words[key]} {times}" for key, times in counts.items() if times]
    text = listed(parts)
    if not text.startswith("it"):
        text = "it " + text
    return f"Of {n} pairs of absorber and task, {text}."


def _line(item: Finding) -> Record:
    text = number(item.estimate, sign=True)
    span = interval(item.lower, item.upper, sign=True)
    if item.finding == "xanes_dominates":
        of = "of the importance, against permuted labels"
    else:
        of = METRIC_TITLES[main_metric(item.task)]
    where = "" if item.absorber == "all" else f"{item.absorber}, "
    what = "classification tasks" if item.task == "all" else task_title(item.task)
    return {
        "label": where + what,
        "estimate": item.estimate,
        "lower": item.lower,
        "upper": item.upper,
        "verdict": item.verdict,
        "text": text,
        "interval": span,
        "of": of,
    }


def headline(
    findings: Sequence[Record], overview: Sequence[Record], n_sites: int, absorbers: Sequence[str]
) -> str:
    """Say in one sentence what the study found."""
    start = f"On {count(n_sites)} sites of {listed(absorbers)}"
    clauses = [_clause(item) for item in findings]
    if clauses:
        return f"{start}, " + _joined(clauses) + "."
    known = [row for row in overview if row["value"] is not None and math.isfinite(row["value"])]
    if not known:
        return f"{start}, nothing could be scored."
    tasks = list(dict.fromkeys(row["task"] for row in known))
    parts = []
    for task in tasks:
        best = max((row for row in known if row["task"] == task), key=lambda row: float(row["value"]))
        metric = METRIC_TITLES[main_metric(task)]
        parts.append(
            f"{short_title(best['modality'])} reads the {task_title(task)} of {best['absorber']} with "
            f"{metric} {number(best['value'])}"
        )
    return f"{start}, " + _joined(parts) + "."


def _clause(item: Record) -> str:
    words = _WORDS[item["finding"]]
    holds = item["counts"]["holds"]
    sentences = words.get(item["verdict"], words["undecided"])
    if item["verdict"] == "holds" and holds < item["n"]:
        sentences = f"{words['holds']} (in {holds} of {item['n']} comparisons)"
    elif item["verdict"] == "mixed" and holds:
        sentences = f"{words['holds']} in {holds} of {item['n']} comparisons"
    # What is said at the top follows from all conditions, not from the first alone.
    others = [index["title"] for index in item["elsewhere"] if index["verdict"] != item["verdict"]]
    return f"{sentences}, not so with: {listed(others)}" if others else sentences


def _joined(clauses: Sequence[str]) -> str:
    if len(clauses) < 3:
        return " and ".join(clauses)
    return "; ".join(clauses[:-1]) + "; and " + clauses[-1]


_KINDS = ("shared", "together", "interaction", "shared_most")


def summarise_contributions(contributions: pd.DataFrame, learner: str) -> Record:
    """Gather what the report shows of the contributions of techniques."""
    table = select(contributions, learner=learner)
    if not len(table):
        return {}
    splits = []
    for (absorber, task, of), rows in table.groupby(["absorber", "task", "of"], sort=False):
        if not len(select(rows, kind="interaction")):
            continue
        unique = select(rows, kind="unique")
        first, second = unique["technique"].tolist()
        splits.append(
            {
                "absorber": str(absorber),
                "task_title": task_title(str(task)),
                "metric_title": METRIC_TITLES.get(str(rows["metric"].iloc[0]), ""),
                "of": str(of),
                "first": first,
                "second": second,
                "numbers": [_number(row) for _, row in unique.iterrows()]
                + [_number(select(rows, kind=kind).iloc[0]) for kind in _KINDS],
            }
        )
    shapley = select(table, kind="shapley")
    sides = dict.fromkeys(name for row in splits for name in (row["first"], row["second"]))
    return {
        "techniques": [
            *({"name": name, "title": short_title(name)} for name in dict.fromkeys(shapley["technique"])),
            *({"name": name, "title": "all together"} for name in dict.fromkeys(shapley["of"])),
        ],
        "parts": [
            *({"name": name, "title": f"only {short_title(name)}"} for name in sides),
            {"name": "shared", "title": "in both"},
            {"name": "together", "title": "only together"},
        ],
        "words": [
            {
                "absorber": item.absorber,
                "task_title": task_title(item.task),
                "text": with_minus(" ".join(item.sentences)),
            }
            for item in contribution_sentences(table)
        ],
        "splits": splits,
    }


def _number(row: pd.Series[float]) -> Record:
    values = {key: float(row[key]) for key in ("value", "lower", "upper")}
    # Plain JSON has no NaN.
    return {key: value if number(value) != number(None) else None for key, value in values.items()}
