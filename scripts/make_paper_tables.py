"""Write the tables of ``docs/explanation/paper.md`` from a finished ``edgepair study --robustness``.

usage: python scripts/make_paper_tables.py STUDY_FOLDER [docs/explanation/paper.md]

Each table stands between ``<!-- NAME -->`` and ``<!-- end -->``; the words about them are written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from edgepair.conventions import TASKS
from edgepair.conventions.wording import number
from edgepair.study.conditions import AS_STUDIED, CONDITION_TITLES

PAGE = Path(__file__).resolve().parents[1] / "docs/explanation/paper.md"
SHORT = dict(zip(TASKS, ("state", "number", "length"), strict=True))
FINDINGS = {
    "xanes_beats_pdf": "XANES beats PDF",
    "dpdf_narrows_gap": "dPDF beats PDF",
    "combination_best": "combination beats best",
    "xanes_dominates": "XANES carries more",
}
MARKS = {"holds": "✓", "undecided": "·", "does_not_hold": "✗"}
MODALITIES = {
    "xanes": "XANES",
    "pdf": "PDF",
    "dpdf": "dPDF",
    "xanes+pdf": "XANES + PDF",
    "xanes+dpdf": "XANES + dPDF",
    "baseline": "baseline",
}
IN_TURN = ("xanes", "pdf", "dpdf", "xanes+dpdf")
GATED = ("xanes", "dpdf", "xanes+dpdf")


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Write a table of Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (columns, ["---"] * len(columns), *rows))


def conditions_of(frame: pd.DataFrame) -> list[str]:
    """List the conditions that were tested, in their order."""
    return [name for name in CONDITION_TITLES if name in set(frame["condition"])]


def four(robustness: pd.DataFrame) -> str:
    """Verdict and size of each finding under each condition, means over the absorbers."""
    found = robustness[robustness["absorber"] == "all"].set_index(["condition", "finding", "task"])

    def cell(condition: str, finding: str) -> str:
        told = []
        for task in TASKS:
            if (condition, finding, task) not in found.index:
                told.append("–")
                continue
            row = found.loc[(condition, finding, task)]
            told.append(f"{MARKS[row['verdict']]} {number(row['estimate'], 2, sign=True)}")
        return ", ".join(told)

    tasks = ", ".join(SHORT.values())
    return table(
        ["condition", *(f"{title}: {tasks}" for title in FINDINGS.values())],
        [[CONDITION_TITLES[c], *(cell(c, f) for f in FINDINGS)] for c in conditions_of(robustness)],
    )


def cells(robustness: pd.DataFrame) -> str:
    """In how many cells each finding holds, is undecided, or its opposite holds."""
    single = robustness[robustness["absorber"] != "all"]

    def count(condition: str, finding: str) -> str:
        mine = single[(single["condition"] == condition) & (single["finding"] == finding)]["verdict"]
        return " / ".join(str(int((mine == verdict).sum())) for verdict in MARKS)

    return table(
        ["condition", *FINDINGS.values()],
        [[CONDITION_TITLES[c], *(count(c, f) for f in FINDINGS)] for c in conditions_of(robustness)],
    )


def scores(conditions: pd.DataFrame, condition: str) -> str:
    """Scores of one condition by absorber, task and technique."""
    mine = conditions[conditions["condition"] == condition]
    rows = []
    for (absorber, task), part in mine.groupby(["absorber", "task"], sort=False):
        by = part.set_index("modality")
        metric = "R²" if (part["metric"] == "r2").any() else "F1"
        told = []
        for name in MODALITIES:
            value, lower, upper = (float(by.loc[name, key]) for key in ("value", "lower", "upper"))
            half = "" if name == "baseline" else f" ± {number((upper - lower) / 2, 2)}"
            told.append(number(value, 2) + half)
        rows.append([f"{absorber} {SHORT[str(task)]}", metric, *told, str(int(part["n_sites"].max()))])
    return table(["", "score", *MODALITIES.values(), "rows"], rows)


def in_turn(conditions: pd.DataFrame) -> str:
    """Mean scores over the absorbers under each condition."""
    means = conditions.groupby(["condition", "modality", "task"])["value"].mean()

    def cell(condition: str, modality: str) -> str:
        return ", ".join(number(means.get((condition, modality, task)), 2) for task in TASKS)

    tasks = ", ".join(SHORT.values())
    return table(
        ["condition", *(f"{MODALITIES[m]}: {tasks}" for m in IN_TURN)],
        [[CONDITION_TITLES[c], *(cell(c, m) for m in IN_TURN)] for c in conditions_of(conditions)],
    )


def gates(conditions: pd.DataFrame) -> str:
    """Scores without and with the gates, where any row fails one."""
    value = conditions.set_index(["condition", "absorber", "task", "modality"])["value"]
    rows = []
    for absorber in conditions["absorber"].unique():
        for task in TASKS:
            if ("ungated", absorber, task, "xanes") not in value.index:
                continue
            pairs = [[value[c, absorber, task, m] for c in ("ungated", AS_STUDIED)] for m in GATED]
            arrows = [" → ".join(number(float(v), 2) for v in pair) for pair in pairs]
            rows.append([f"{absorber} {SHORT[task]}", *arrows])
    return table(["", *(f"{MODALITIES[m]} without gates → with" for m in GATED)], rows)


def main() -> None:
    """Replace the tables of the page."""
    folder, page = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else PAGE
    robustness, conditions = (pd.read_csv(folder / f"{name}.csv") for name in ("robustness", "conditions"))
    makers: dict[str, Callable[[], str]] = {
        "four": lambda: four(robustness),
        "cells": lambda: cells(robustness),
        "sites": lambda: scores(conditions, AS_STUDIED),
        "materials": lambda: scores(conditions, "materials"),
        "conditions": lambda: in_turn(conditions),
        "gates": lambda: gates(conditions),
    }
    text = page.read_text(encoding="utf-8")
    for name, make in makers.items():
        head, mark, rest = text.partition(f"<!-- {name} -->\n\n")
        _, end, tail = rest.partition("\n\n<!-- end -->")
        if not mark or not end:
            sys.exit(f"{page}: no place for the table {name!r}")
        text = head + mark + make() + end + tail
    beside = page.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(page)


if __name__ == "__main__":
    main()
