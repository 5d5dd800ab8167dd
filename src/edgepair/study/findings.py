"""The paper's four findings, each tested with an interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgepair.conventions import TASKS, modality_title
from edgepair.study.scoring import Score, interval_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINDINGS = {
    "xanes_beats_pdf": "XANES alone beats the PDF alone",
    "dpdf_narrows_gap": "the dPDF does better than the total PDF",
    "combination_best": "a combination does better than the best single technique",
    "xanes_dominates": "XANES takes most of the importance in combinations",
}
"""Names of the findings in files, and what each says."""

COMBINATIONS = ("xanes+pdf", "xanes+dpdf")
SINGLES = ("xanes", "pdf", "dpdf")


@dataclass(frozen=True)
class Finding:
    """One finding for one absorber and task, or over several.

    Attributes
    ----------
    finding : str
        A key of `FINDINGS`.
    absorber, task : str
        Names, or ``all``: the unweighted mean over absorbers (and over classification tasks).
    estimate, lower, upper : float
        A difference of weighted F1 or R², or a share less 0.5, with its 95 % interval.
    verdict : str
        ``holds`` (interval above 0), ``does_not_hold`` (below) or ``undecided``.
    sentence : str
        The same in words.
    """

    finding: str
    absorber: str
    task: str
    estimate: float
    lower: float
    upper: float
    verdict: str
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as it stands in ``findings.json``.

        Returns
        -------
        dict
            Ready for JSON.
        """
        return asdict(self)


def find(scores: Sequence[Score], shares: Sequence[dict[str, Any]], learner: str) -> tuple[Finding, ...]:
    """Test the findings.

    Parameters
    ----------
    scores : sequence of Score
        Scores under one split.
    shares : sequence of dict
        Rows of kind ``share`` of ``importances.csv``.
    learner : str
        Learner whose scores count.

    Returns
    -------
    tuple of Finding
        Per absorber and task, then over absorbers and tasks; only those that the modalities at
        hand allow.
    """
    cells: dict[tuple[str, str], dict[str, Score]] = defaultdict(dict)
    for item in scores:
        if item.learner == learner:
            cells[item.cell.absorber, item.cell.task.name][item.modality] = item
    parts: dict[str, dict[tuple[str, str], tuple[float, NDArray[np.float64], str]]] = defaultdict(dict)
    for key, by_modality in cells.items():
        for name, part in _differences(by_modality).items():
            parts[name][key] = part
    found = []
    for name in ("xanes_beats_pdf", "dpdf_narrows_gap", "combination_best"):
        for (absorber, task), (estimate, draws, detail) in parts[name].items():
            found.append(_make(name, absorber, task, estimate, *interval_of(draws), detail))
        found += _overall_differences(name, parts[name])
    return (*found, *_shares(shares, learner))


def _differences(
    scores: dict[str, Score],
) -> dict[str, tuple[float, NDArray[np.float64], str]]:
    metric = next(iter(scores.values())).cell.task.main_metric
    value = {name: item.value[metric] for name, item in scores.items()}
    draws = {name: item.draws[metric] for name, item in scores.items()}

    def told(name: str) -> str:
        return f"{modality_title(name)} {value[name]:.3f}"

    result = {}
    if {"xanes", "pdf"} <= value.keys():
        detail = f"{told('xanes')}, {told('pdf')}"
        result["xanes_beats_pdf"] = (value["xanes"] - value["pdf"], draws["xanes"] - draws["pdf"], detail)
    if {"dpdf", "pdf"} <= value.keys():
        detail = f"{told('dpdf')}, {told('pdf')}"
        result["dpdf_narrows_gap"] = (value["dpdf"] - value["pdf"], draws["dpdf"] - draws["pdf"], detail)
    # A pair is only held against singles that include both its techniques.
    pairs = [name for name in COMBINATIONS if {name, *name.split("+")} <= value.keys()]
    alone = [name for name in SINGLES if name in value]
    if pairs:
        best_pair = max(pairs, key=lambda name: value[name])
        best_alone = max(alone, key=lambda name: value[name])
        gain = np.max([draws[name] for name in pairs], axis=0) - np.max(
            [draws[name] for name in alone], axis=0
        )
        detail = f"{told(best_pair)}, {told(best_alone)}"
        result["combination_best"] = (value[best_pair] - value[best_alone], gain, detail)
    return result


def _overall_differences(
    name: str, parts: dict[tuple[str, str], tuple[float, NDArray[np.float64], str]]
) -> list[Finding]:
    """Means over absorbers per task, and over the classification tasks.

    Draws of different absorbers are independent, those of one absorber's tasks are paired.
    """
    found = []
    classification = [task.name for task in TASKS.values() if task.kind == "classification"]
    for task, tasks in [*((task, [task]) for task in TASKS), ("all", classification)]:
        mine = [part for key, part in parts.items() if key[1] in tasks]
        absorbers = {key[0] for key in parts if key[1] in tasks}
        if len(absorbers) < 2:
            continue
        estimate = float(np.mean([part[0] for part in mine]))
        draws = np.mean([part[1] for part in mine], axis=0)
        detail = f"mean over {len(absorbers)} absorbers"
        found.append(_make(name, "all", task, estimate, *interval_of(draws), detail))
    return found


def _shares(shares: Sequence[dict[str, Any]], learner: str) -> list[Finding]:
    """XANES's share of the importance less one half, the mean over combinations."""
    cells: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in shares:
        if row["technique"] == "xanes" and row["learner"] == learner and row["modality"] in COMBINATIONS:
            cells[row["absorber"], row["task"]].append(row)
    found, parts = [], {}
    for (absorber, task), rows in cells.items():
        estimate = float(np.mean([row["value"] for row in rows])) - 0.5
        # The combinations share their spectra: their errors are taken as fully correlated.
        below = float(np.mean([row["value"] - row["lower"] for row in rows]))
        above = float(np.mean([row["upper"] - row["value"] for row in rows]))
        parts[absorber, task] = (estimate, below, above)
        detail = ", ".join(f"{row['value']:.0%} in {modality_title(row['modality'])}" for row in rows)
        found.append(
            _make("xanes_dominates", absorber, task, estimate, estimate - below, estimate + above, detail)
        )
    classification = [task.name for task in TASKS.values() if task.kind == "classification"]
    for task, tasks in [*((task, [task]) for task in TASKS), ("all", classification)]:
        mine = [part for key, part in parts.items() if key[1] in tasks]
        absorbers = {key[0] for key in parts if key[1] in tasks}
        if len(absorbers) < 2:
            continue
        estimate = float(np.mean([part[0] for part in mine]))
        # One absorber's tasks share their spectra and are taken as fully correlated, absorbers as
        # independent.
        of_absorber = [
            np.mean([part for key, part in parts.items() if key[0] == name and key[1] in tasks], axis=0)
            for name in sorted(absorbers)
        ]
        below, above = (
            float(np.sqrt(np.sum([part[side] ** 2 for part in of_absorber]))) / len(absorbers)
            for side in (1, 2)
        )
        detail = f"mean over {len(absorbers)} absorbers"
        found.append(
            _make("xanes_dominates", "all", task, estimate, estimate - below, estimate + above, detail)
        )
    return found


def _make(
    name: str, absorber: str, task: str, estimate: float, lower: float, upper: float, detail: str
) -> Finding:
    verdict = "holds" if lower > 0 else "does_not_hold" if upper < 0 else "undecided"
    where = "all absorbers" if absorber == "all" else absorber
    what = "oxidation state and coordination number" if task == "all" else TASKS[task].title
    says = {
        "holds": "holds",
        "does_not_hold": "does not hold; the opposite does",
        "undecided": "is undecided: the interval holds zero",
    }[verdict]
    quantity = "share less one half" if name == "xanes_dominates" else _metric_title(task)
    sentence = (
        f"{where}, {what}: that {FINDINGS[name]} {says} ({quantity} {estimate:+.3f}, "
        f"95 % interval {lower:+.3f} to {upper:+.3f}; {detail})."
    )
    return Finding(name, absorber, task, estimate, lower, upper, verdict, sentence)


def _metric_title(task: str) -> str:
    classification = task == "all" or TASKS[task].kind == "classification"
    return "difference in weighted F1" if classification else "difference in R²"
