"""The advisor: whether a second technique is worth measuring, and to what quality."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import pandas as pd

from edgepair._version import __version__
from edgepair.advice.evidence import Evidence, compute_evidence, drawn_groups, shipped_evidence
from edgepair.advice.requirements import judged_gains, needed_rows, similar_rows
from edgepair.advice.result import (
    GAIN_COLUMNS,
    NEEDED_COLUMNS,
    REQUIREMENT_COLUMNS,
    SCORE_COLUMNS,
    SIMILAR_COLUMNS,
    Advice,
)
from edgepair.advice.words import (
    gain_sentence,
    learning_sentence,
    needed_sentence,
    needed_sentences,
    sample_facts,
    sample_sentences,
    score_sentence,
)
from edgepair.conventions import OptionError, Progress, parse_modalities, techniques_of
from edgepair.conventions.displayed import Record
from edgepair.conventions.errors import check_choice
from edgepair.conventions.tasks import TASKS
from edgepair.dataset import drop_gated
from edgepair.dataset.splits import groups_remark
from edgepair.interpretation.rounds import usual_techniques
from edgepair.interpretation.stability import FEW_IN_ALL
from edgepair.study.config import DRAWS, StudyConfig, check_processes
from edgepair.study.fits import Runner
from edgepair.study.plan import check_datasets, plan_study

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.advice.similar import SampleInHand
    from edgepair.measured import PdfCurve, XanesScan
    from edgepair.prediction import Prediction
    from edgepair.study.plan import Cell, StudyPlan


TECHNIQUES_ASKED = ("xanes", "pdf", "dpdf")
"""Techniques that are weighed against each other unless others are named."""

SMALLEST_GAIN = 0.02
"""Gain in weighted F1 or R² from which on a second measurement is taken as worth its time; also what
may be lost by a poorer one. About what the choice of learner changes (docs/decisions/0001)."""

LEARNER = "forest"

FEW_FORMULAS = 60
"""Formulas below which a warning says that the answer rests on few."""


@dataclass(frozen=True)
class AdviceOptions:
    """Settings of the advisor, checked."""

    study: StudyConfig
    smallest_gain: float
    tolerance: float

    def beside(self, techniques: Sequence[str]) -> AdviceOptions:
        """Add techniques to those that are weighed."""
        names = combinations([*self.study.modalities, *techniques])
        if len(techniques) > 1:
            # What is in hand is compared with itself and one more, not against each of its parts alone.
            more = [name for name in names if "+" not in name and name not in techniques]
            selected = "+".join(techniques)
            names = parse_modalities([*names, selected, *(f"{selected}+{name}" for name in more)])
        return replace(self, study=replace(self.study, modalities=names))

    def as_dict(self) -> Record:
        """Return the settings by name."""
        of_study = {
            name: getattr(self.study, name) for name in ("split", "folds", "repeats", "trees", "seed")
        }
        own = {"smallest_gain": self.smallest_gain, "tolerance": self.tolerance}
        return {"modalities": list(self.study.modalities)} | of_study | own


def check_options(
    task: str,
    *,
    techniques: Sequence[str] | None,
    smallest_gain: float,
    tolerance: float | None,
    n_jobs: int | None,
    **study: Any,
) -> AdviceOptions:
    """Check settings as a user gives them."""
    check_choice("cannot advise on the task", "task", task, TASKS)
    check_processes(n_jobs, "advise")
    tolerance = smallest_gain if tolerance is None else tolerance
    numbers: tuple[tuple[str, object], ...] = (("smallest_gain", smallest_gain), ("tolerance", tolerance))
    for name, value in numbers:
        if isinstance(value, bool) or not isinstance(value, Real) or not 0.001 <= float(value) <= 0.5:
            raise OptionError(
                f"cannot advise with {name} {value!r}",
                found=f"{name} {value!r}",
                needed="a difference of weighted F1 or R² from 0.001 to 0.5",
                suggestion=f"leave it out for {SMALLEST_GAIN:g}",
            )
    checked = StudyConfig.check(
        tasks=[task], modalities=TECHNIQUES_ASKED if techniques is None else techniques,
        learners=[LEARNER], doing="advise", **study,
    )  # fmt: skip
    modalities = combinations(checked.modalities)
    return AdviceOptions(
        replace(checked, modalities=modalities, extras=False), float(smallest_gain), float(tolerance)
    )


def combinations(names: Sequence[str]) -> tuple[str, ...]:
    """Put techniques beside XANES, and list what each combination is compared with."""
    single = [name for name in names if "+" not in name]
    joined = [name for name in names if "+" in name]
    parts = [part.name for name in joined for part in techniques_of(name)]
    pairs = [f"xanes+{name}" for name in single if name != "xanes"] if "xanes" in single else []
    return parse_modalities([*single, *parts, *pairs, *joined])


def advise(
    dataset: xr.Dataset | Sequence[xr.Dataset],
    *,
    task: str,
    sample: Prediction | XanesScan | PdfCurve | None = None,
    techniques: Sequence[str] | None = None,
    split: str = "formula",
    folds: int = 5,
    repeats: int | None = None,
    trees: int = 100,
    seed: int = 0,
    smallest_gain: float = SMALLEST_GAIN,
    tolerance: float | None = None,
    requirements: bool = True,
    n_jobs: int | None = None,
    scheduler: str | None = None,
    cache: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
) -> Advice:
    """Say whether a second technique is worth measuring, and to what quality.

    Parameters
    ----------
    dataset : xarray.Dataset
        Follows the schema; any spectrum or label may be missing.
    task : str
        ``oxidation_state``, ``coordination_number`` or ``bond_length``.
    sample : Prediction, XanesScan or PdfCurve, optional
        What is in hand, as `edgepair.predict` answers it or `edgepair.read_xanes` and
        `edgepair.read_pdf` give it.
    techniques : sequence of str, optional
        Techniques, each taken alone and beside XANES; or modalities, taken as they are. Default:
        xanes, pdf, dpdf, and npdf where the data have neither of these PDFs.
    split : {'formula', 'material', 'random'}, optional
        What may not stand on both sides of a split.
    folds : int, optional
        Number of folds.
    repeats : int, optional
        How often folds are dealt anew; default by the number of sites.
    trees : int, optional
        Trees in a forest.
    seed : int, optional
        Same seed, same numbers, whatever the number of processes.
    smallest_gain : float, optional
        Gain in weighted F1 or R² from which on a second measurement is worth its time.
    tolerance : float, optional
        What may be lost by a poorer measurement; default: the smallest gain.
    requirements : bool, optional
        Whether to try poorer curves and fewer materials.
    n_jobs : int, optional
        Processes; default all cores.
    scheduler : str, optional
        Address of a Dask scheduler whose processes make the fits instead.
    cache : bool, optional
        Whether to use what ships computed for a bundled dataset, and to use and keep finished fits in the
        user's cache folder.
    on_progress : callable, optional
        Called with a `Progress` after each fit.

    Returns
    -------
    Advice
        Scores, gains, requirements and a recommendation, with 95 % intervals from a bootstrap
        over formulas.

    Raises
    ------
    OptionError
        A setting is not understood.
    DataError
        The dataset does not follow the schema, or cannot serve the task.
    MeasurementError
        The sample cannot be understood, or is of another element.

    Notes
    -----
    Forests are fitted to curves of the quality at hand, training and held-out ones alike, as
    edgepair does with measured curves. What a poorer quality costs is compared with a forest of the
    same size on the same sites and folds; intervals are of the paired difference.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> advice = advise(load_bundled("Fe"), task="bond_length", techniques=["xanes", "pdf"], trees=10,
    ...                 requirements=False, n_jobs=1, cache=False)
    >>> advice.gains[["have", "add"]].drop_duplicates().values.tolist()
    [['xanes', 'pdf'], ['pdf', 'xanes']]
    """
    started = time.monotonic()
    options = check_options(
        task, techniques=techniques, smallest_gain=smallest_gain, tolerance=tolerance, n_jobs=n_jobs,
        split=split, folds=folds, repeats=repeats, trees=trees, seed=seed,
    )  # fmt: skip
    whole, *others = check_datasets(dataset, "advise", gated=True)
    if others:
        raise OptionError(
            "cannot advise on several absorbers at once",
            found="datasets of " + ", ".join(str(item.attrs["absorber"]) for item in (whole, *others)),
            needed="one dataset",
            suggestion="ask about one after the other",
        )
    data = drop_gated(whole)
    # Before the long work: a sample that cannot be read is refused at once.
    answered = None
    if sample is not None:
        # models of measured curves, which nothing else here needs
        from edgepair.advice.similar import answer_sample, sample_in_hand

        answered = answer_sample(sample, data)
    if answered is not None and techniques is None:
        options = options.beside(list(answered.curves))
    if techniques is None:
        options = options.beside([name for name in usual_techniques([data]) if name == "npdf"])
    plan = plan_study([data], options.study, "advise")
    cell = plan.cells[0]
    in_hand = None if answered is None else sample_in_hand(answered, cell)
    modalities = plan.modalities[cell.absorber]
    found = None
    if cache:
        found = shipped_evidence(whole, cell, modalities, options.study, requirements=requirements)
    if found is None:
        runner = Runner(n_jobs=n_jobs, scheduler=scheduler, cache=cache, on_progress=on_progress)
        found = compute_evidence(cell, modalities, options.study, runner, requirements=requirements)
    return _advice(plan, found, in_hand, options, time.monotonic() - started)


def _advice(
    plan: StudyPlan, found: Evidence, in_hand: SampleInHand | None, options: AdviceOptions, seconds: float
) -> Advice:
    """Judge the evidence, for a sample where there is one."""
    cell = plan.cells[0]
    metric, modalities = cell.task.main_metric, plan.modalities[cell.absorber]
    needed = needed_rows(found.requirements, options.tolerance)
    gains = judged_gains(found.gains, metric, options.smallest_gain)
    facts: Record = {}
    similar: list[Record] = []
    first = "+".join(in_hand.techniques) if in_hand is not None else ""
    words = _recommend(cell, first if first in modalities else modalities[0], found, gains, needed, options)
    if in_hand is not None:
        facts = sample_facts(in_hand, cell.task.name)
        similar = similar_rows(cell, found.predicted, in_hand, drawn_groups(cell, options.study.seed))
        words = sample_sentences(facts, cell.task.name, similar) + words
    config = options.as_dict() | cell.counts
    config |= {
        "edgepair": __version__, "classes": list(cell.classes), "guess": {metric: found.guess},
        "requirement_sites": found.requirement_sites, "bootstrap_draws": DRAWS,
        "skipped": [item.as_dict() for item in plan.skipped], "seconds": round(seconds, 1),
    }  # fmt: skip
    return Advice(
        absorber=cell.absorber,
        task=cell.task.name,
        scores=pd.DataFrame(found.scores, columns=list(SCORE_COLUMNS)),
        gains=pd.DataFrame(gains, columns=list(GAIN_COLUMNS)),
        requirements=pd.DataFrame(found.requirements, columns=list(REQUIREMENT_COLUMNS)),
        needed=pd.DataFrame(
            [row | {"sentence": needed_sentence(row)} for row in needed], columns=list(NEEDED_COLUMNS)
        ),
        similar=pd.DataFrame(similar, columns=list(SIMILAR_COLUMNS)),
        recommendation=tuple(words),
        warnings=tuple(_doubts(cell, plan.skipped)),
        sample=facts,
        config=config,
    )


def _recommend(
    cell: Cell,
    first: str,
    found: Evidence,
    gains: Sequence[Record],
    needed: Sequence[Record],
    options: AdviceOptions,
) -> list[str]:
    selected = [row for row in found.scores if row["technique"] == first]
    unseen = "material" if cell.split == "formula" and groups_remark(cell.dataset) else cell.split
    sentences = [score_sentence(cell.absorber, cell.task.name, selected, found.guess, unseen)]
    judged = [row for row in gains if row["verdict"] and row["have"] == first]
    sentences += [gain_sentence(row, options.smallest_gain) for row in judged]
    # What is not worth measuring need not be measured well.
    spoken = [*first.split("+"), *(row["add"] for row in judged if row["verdict"] != "not_worth")]
    sentences += needed_sentences(needed, spoken, options.tolerance)
    learning = learning_sentence(found.requirements, first)
    return [*sentences, *([learning] if learning else [])]


def _doubts(cell: Cell, skipped: Sequence[Any]) -> list[str]:
    doubts = []
    formulas = cell.counts["n_formulas"]
    if formulas < FEW_IN_ALL:
        doubts.append(
            f"the answer rests on {formulas} formulas: intervals from so few are too narrow, and what is"
            " called certain is less so than 95 %"
        )
    elif formulas < FEW_FORMULAS:
        doubts.append(f"the answer rests on {formulas} formulas: intervals are wide, and rough themselves")
    remark = groups_remark(cell.dataset)
    doubts += [remark] if remark else []
    if cell.split != "formula":
        doubts.append(f"split by {cell.split}: scores of formulas not seen before are lower")
    origins = set(cell.dataset["origin"].values[cell.sites].tolist())
    if origins & {"feff9", "feff10"}:
        doubts.append(
            "simulated curves without noise: measured ones differ in more ways than those tried here, and"
            " absolute scores are higher than on measured curves"
        )
    left = [item.reason for item in skipped if item.modality == "" and not item.whole]
    doubts += ["left out: " + "; ".join(left)] if left else []
    return doubts
