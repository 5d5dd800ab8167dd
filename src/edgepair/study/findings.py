"""The paper's four findings, each tested so that labels without meaning cannot pass.

A finding rests on one or more quantities, each of which must lie above zero with its whole 95 %
interval; for the verdict ``does_not_hold`` the same is asked of the opposite. Where they disagree, or an
interval holds zero, the verdict is ``undecided``.

*One technique does better than another* (``xanes_beats_pdf``, ``dpdf_narrows_gap``,
``combination_best``): the difference in the paper's score (weighted F1, R²), for classes the difference in
balanced accuracy too, and the better one's score above the baseline that looks at no curve. Weighted F1
alone pays an answer that spreads over the classes more than one that names the commonest; balanced
accuracy pays neither.

*A combination is best*: the pair is fixed beforehand (XANES with the dPDF; with the total PDF where there
is no dPDF) and compared with the best of the single techniques, chosen anew in every draw; the opposite
is asked of each single technique by itself, at a level that allows for their number.

*XANES dominates*: its share of the impurity less the share that it has where labels are permuted, which
is not one half (it has more features); how much more the score falls when XANES is permuted on held-out
sites than when the PDF is; and how much more is unique to XANES than to the PDF. Means over the pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, modality_title
from edgepair.conventions.displayed import Record
from edgepair.study.scoring import Quantity, Score

if TYPE_CHECKING:
    from edgepair.study.importances import PairImportance

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
        A difference of weighted F1 or R², or XANES's share of the impurity less its share where labels
        are permuted, with its 95 % interval.
    verdict : str
        ``holds``, ``does_not_hold`` or ``undecided``; see this module's own text.
    sentence : str
        The same in words.
    view : {'sites', 'materials'}
        What a row is: a site with the PDF of its material, or a material with the mean of its spectra.
    """

    finding: str
    absorber: str
    task: str
    estimate: float
    lower: float
    upper: float
    verdict: str
    sentence: str
    view: str = "sites"

    def as_dict(self) -> Record:
        """Return the finding as it stands in ``findings.json``.

        Returns
        -------
        dict
            Ready for JSON.
        """
        return asdict(self)


@dataclass(frozen=True)
class _Evidence:
    """What a verdict follows from: all `for_it` (the first: the estimate) or all of one `against_it`."""

    for_it: tuple[Quantity, ...]
    against_it: tuple[tuple[Quantity, ...], ...]
    detail: str

    @property
    def verdict(self) -> str:
        if all(quantity.interval()[0] > 0 for quantity in self.for_it):
            return "holds"
        # Any of several opposites will do, so each must be the surer (Bonferroni).
        level = 1 - 0.05 / len(self.against_it)
        if any(all(item.interval(level)[0] > 0 for item in against) for against in self.against_it):
            return "does_not_hold"
        return "undecided"


_Cells = dict[tuple[str, str], _Evidence]


def find(
    scores: Sequence[Score], importances: Sequence[PairImportance], learner: str, *, view: str = "sites"
) -> tuple[Finding, ...]:
    """Test the findings."""
    cells: dict[tuple[str, str], dict[str, Score]] = defaultdict(dict)
    baselines: dict[tuple[str, str], Score] = {}
    for item in scores:
        key = (item.cell.absorber, item.cell.task.name)
        if item.learner == learner:
            cells[key][item.modality] = item
        elif item.learner == "dummy":
            baselines[key] = item
    found: dict[str, _Cells] = {name: {} for name in FINDINGS}
    for key, by_modality in cells.items():
        for name, evidence in _comparisons(by_modality, baselines.get(key)).items():
            found[name][key] = evidence
        pairs = [
            item for item in importances if (item.absorber, item.task) == key and item.learner == learner
        ]
        if pairs:
            found["xanes_dominates"][key] = _dominance(pairs, by_modality)
    return tuple(
        _make(name, absorber, task, evidence, view)
        for name, of_cells in found.items()
        for (absorber, task), evidence in [*of_cells.items(), *_overall(of_cells).items()]
    )


def _comparisons(scores: dict[str, Score], baseline: Score | None) -> dict[str, _Evidence]:
    result = {}
    if {"xanes", "pdf"} <= scores.keys():
        result["xanes_beats_pdf"] = _better([scores["xanes"]], [scores["pdf"]], baseline)
    if {"dpdf", "pdf"} <= scores.keys():
        result["dpdf_narrows_gap"] = _better([scores["dpdf"]], [scores["pdf"]], baseline)
    # A pair is only compared with singles that include both its techniques; with the dPDF if there is one.
    pairs = [name for name in COMBINATIONS if {name, *name.split("+")} <= scores.keys()]
    if pairs:
        alone = [scores[name] for name in SINGLES if name in scores]
        result["combination_best"] = _better([scores[pairs[-1]]], alone, baseline)
    return result


def _better(first: Sequence[Score], second: Sequence[Score], baseline: Score | None) -> _Evidence:
    """Gather what says that one does better than the best of others, or the other way round."""
    main = first[0].cell.task.main_metric
    metrics = [name for name in dict.fromkeys((main, "balanced_accuracy")) if name in first[0].draws]
    sides = [(_best(first, name), _best(second, name)) for name in metrics]
    for_it = [(one - other).named(name) for name, (one, other) in zip(metrics, sides, strict=True)]
    # The best of several is chosen anew in every draw, which flatters it: the opposite is asked of each.
    against = [
        [(item.quantity(name) - _best(first, name)).named(name) for name in metrics] for item in second
    ]
    if baseline is not None:
        floor = baseline.quantity(main)
        for_it.append((sides[0][0] - floor).named("above the baseline"))
        for parts, item in zip(against, second, strict=True):
            parts.append((item.quantity(main) - floor).named("above the baseline"))
    leading = max(second, key=lambda item: item.value[main])
    detail = ", ".join(
        f"{modality_title(item.modality)} {item.value[main]:.3f}" for item in (first[0], leading)
    )
    return _Evidence(tuple(for_it), tuple(tuple(parts) for parts in against), detail)


def _best(scores: Sequence[Score], metric: str) -> Quantity:
    """Take the best of several scores, chosen anew in every draw."""
    parts = [item.quantity(metric) for item in scores]
    return Quantity(metric, max(part.value for part in parts), np.max([part.draws for part in parts], axis=0))


def _dominance(pairs: Sequence[PairImportance], scores: dict[str, Score]) -> _Evidence:
    parts = [_mean([pair.excess_share for pair in pairs]), _mean([pair.permutation for pair in pairs])]
    metric = next(iter(scores.values())).cell.task.main_metric
    unique = [
        scores["xanes"].quantity(metric) - scores[pair.other].quantity(metric)
        for pair in pairs
        if {"xanes", pair.other} <= scores.keys()
    ]
    # Unique to one of two: what the pair loses without it; the pair's own score cancels.
    if unique:
        parts.append(_mean(unique))
    names = ("share of the impurity", "loss by permutation", "unique contribution")
    for_it = tuple(part.named(name) for part, name in zip(parts, names, strict=False))
    detail = "; ".join(
        f"XANES with the {modality_title(pair.other)}: share {100 * pair.share:.0f} %, "
        f"{100 * pair.null_share:.0f} % with permuted labels"
        for pair in pairs
    )
    return _Evidence(for_it, (tuple(part.negative() for part in for_it),), detail)


def _mean(quantities: Sequence[Quantity]) -> Quantity:
    first = quantities[0]
    return Quantity(
        first.name,
        float(np.mean([item.value for item in quantities])),
        np.mean([item.draws for item in quantities], axis=0),
    )


def _overall(cells: _Cells) -> _Cells:
    """Average over absorbers, whose draws are independent, per task, and over tasks, whose are paired."""
    found = {}
    classification = [task.name for task in TASKS.values() if task.kind == "classification"]
    for task, tasks in [*((task, [task]) for task in TASKS), ("all", classification)]:
        selected = [evidence for key, evidence in cells.items() if key[1] in tasks]
        absorbers = {key[0] for key in cells if key[1] in tasks}
        if len(absorbers) < 2:
            continue
        found["all", task] = _Evidence(
            tuple(_mean(parts) for parts in zip(*(item.for_it for item in selected), strict=False)),
            tuple(
                tuple(_mean(parts) for parts in zip(*alternatives, strict=False))
                for alternatives in zip(*(item.against_it for item in selected), strict=False)
            ),
            f"mean over {len(absorbers)} absorbers",
        )
    return found


def _make(name: str, absorber: str, task: str, evidence: _Evidence, view: str) -> Finding:
    estimate = evidence.for_it[0]
    lower, upper = estimate.interval()
    verdict = evidence.verdict
    where = "all absorbers" if absorber == "all" else absorber
    where += " (materials)" if view == "materials" else ""
    what = "oxidation state and coordination number" if task == "all" else TASKS[task].title
    if verdict == "undecided":
        says = f"is undecided: {_why_undecided(evidence)}"
    else:
        says = "holds" if verdict == "holds" else "does not hold; the opposite does"
    of = "share above that of permuted labels" if name == "xanes_dominates" else _metric_title(task)
    sentence = (
        f"{where}, {what}: that {FINDINGS[name]} {says} ({of} {estimate.value:+.3f}, "
        f"95 % interval {lower:+.3f} to {upper:+.3f}; {evidence.detail})."
    )
    return Finding(name, absorber, task, estimate.value, lower, upper, verdict, sentence, view)


_TITLES = {"f1_weighted": "weighted F1", "r2": "R²", "balanced_accuracy": "balanced accuracy"}


def _why_undecided(evidence: _Evidence) -> str:
    lower, upper = evidence.for_it[0].interval()
    if not (lower > 0 or upper < 0):
        return "the interval holds zero"
    if upper < 0 and len(evidence.against_it) > 1:
        return "no single technique is shown to do better by itself"
    side = evidence.for_it if lower > 0 else evidence.against_it[0]
    doubt = next(item for item in side if not item.interval()[0] > 0)
    if doubt.name == "above the baseline":
        return "not shown to be above the baseline"
    return f"the {_TITLES.get(doubt.name, doubt.name)} does not say so"


def _metric_title(task: str) -> str:
    classification = task == "all" or TASKS[task].kind == "classification"
    return "difference in weighted F1" if classification else "difference in R²"
