"""What a technique adds, and to what quality it must be measured: what poorer curves and fewer rows cost."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, permutations
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from edgepair.advice.result import GAIN_COLUMNS, SIMILAR_COLUMNS
from edgepair.conventions import TECHNIQUES, techniques_of
from edgepair.conventions.displayed import Record
from edgepair.dataset import select_sites
from edgepair.dataset.qualities import QUALITIES, Quality, levels_for, own_level
from edgepair.features import compute_features
from edgepair.models import LOWER_IS_BETTER
from edgepair.study.fits import Work, fit_work, repeat_seed
from edgepair.study.plan import plan_cell
from edgepair.study.scoring import Score, interval_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.advice.similar import SampleInHand
    from edgepair.conventions.tasks import Floats, Labels
    from edgepair.study.config import StudyConfig
    from edgepair.study.plan import Cell

LENGTH_CHANGE = 0.02
"""Å; a bond length that moves by less is the same answer."""

FEWEST_CHANGED = 8
"""Changed answers below which nothing is claimed of better or worse."""

_Z = 1.96
"""Standard deviations of a 95 % interval."""

EVERYDAY_METRICS = {"classification": ("accuracy", "balanced_accuracy"), "regression": ("mae",)}
"""Metrics that are given beside the main one."""

MOST_SITES = 800
"""Sites on which qualities are tried, of formulas drawn at random where there are more."""

REQUIREMENT_TREES = 40
"""Trees in the forests of qualities; the loss is against a forest of as many. What little a larger
forest would steady, more repeats steady too, and the dealing of the folds besides."""

SITES_TRIED = 2400
"""Sites in all repeats of one level together: fewer sites are dealt into folds more often."""

MOST_REPEATS = 6
"""How often folds are dealt at most, each with noise of its own. Of three, the intervals of the losses
of 300 sites are half as wide again, and most levels undecided (docs/decisions/0011)."""

SHARES = (0.5, 0.25, 0.1)
"""Shares of the training formulas that are tried."""

FORMULAS = "training_formulas"


def similar_rows(
    cell: Cell, predicted: Mapping[str, Iterable[Labels]], sample: SampleInHand, drawn: Floats
) -> list[Record]:
    """List the rows of `Advice.similar`; ``predicted`` (n_repeats, n); ``drawn`` (n_draws, n_groups)."""
    from edgepair.advice.similar import sites_like

    in_hand = "+".join(sample.techniques)
    # Where all that is in hand was fitted together, that is what another technique adds to.
    selected = {in_hand} if in_hand in predicted else set(sample.techniques)
    rows = []
    for have, add, both in pairs_of(predicted):
        if have in selected and add not in sample.techniques:
            changes = _changes(cell, predicted[have], predicted[both])
            like, same = sites_like(sample, cell, have, predicted[have])
            for among, chosen in (("like_sample", like), ("all", np.ones(len(like), dtype=bool))):
                base = {"have": have, "add": add, "among": among, "same_answer": same and among != "all"}
                rows.append(base | _rates(cell, changes, chosen, drawn))
    return rows


def _changes(cell: Cell, first: Iterable[Labels], second: Iterable[Labels]) -> Floats:
    """Tell of each site how often its answer changed, improved and worsened: shape (3, n)."""
    found = []
    for one, two in zip(first, second, strict=True):
        if cell.classes:
            changed = one != two
            before, after = one != cell.target, two != cell.target
        else:
            changed = np.abs(one - two) > LENGTH_CHANGE
            before, after = (np.abs(told - cell.target) for told in (one, two))
        found.append([changed, changed & (after < before), changed & (after > before)])
    mean: Floats = np.mean(np.array(found, dtype=np.float64), axis=0)
    return mean


def _rates(cell: Cell, changes: Floats, chosen: NDArray[np.bool_], drawn: Floats) -> Record:
    groups = cell.groups[chosen]
    n_formulas = len(np.unique(groups))
    count = np.bincount(groups, minlength=cell.n_groups)
    changed, better, worse = (
        np.bincount(groups, weights=row[chosen], minlength=cell.n_groups) for row in changes
    )
    total = int(count.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (drawn @ changed) / (drawn @ count)
        net = (drawn @ (better - worse)) / (drawn @ count)
    rate = changed.sum() / total
    # A bootstrap of what never (or always) happened says nothing of how rare it may be.
    ends = interval_of(share) if 0 < rate < 1 else _wilson(float(rate), n_formulas)
    net_ends = interval_of(net)
    shares = (float(part.sum() / total) for part in (better, worse, better - worse))
    values = (
        total, n_formulas, round(float(changed.sum()), 1), float(rate), *ends, *shares, *net_ends,
        _verdict(float(changed.sum()), *net_ends),
    )  # fmt: skip
    return dict(zip(SIMILAR_COLUMNS[4:], values, strict=True))


def _wilson(rate: float, n: int) -> tuple[float, float]:
    """Bound a share by Wilson's score interval (J. Am. Stat. Assoc. 22, 209, 1927)."""
    middle = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * float(np.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2)))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _verdict(n_changed: float, lower: float, upper: float) -> str:
    if n_changed < FEWEST_CHANGED:
        return "few_changed"
    return "better" if lower > 0 else "worse" if upper < 0 else "undecided"


def metrics_told(score: Score) -> tuple[str, ...]:
    """List the metrics that are given of a task."""
    task = score.cell.task
    return (task.main_metric, *EVERYDAY_METRICS[task.kind])


def score_rows(scores: Mapping[str, Score]) -> list[Record]:
    """List the rows of `Advice.scores`."""
    return [
        {"technique": modality, "metric": metric} | item.bounds(metric)
        for modality, item in scores.items()
        for metric in metrics_told(item)
    ]


def pairs_of(modalities: Iterable[str]) -> list[tuple[str, str, str]]:
    """List what can be added to what."""
    pairs: list[tuple[str, str, str]] = []
    parts = {name: {technique.name for technique in techniques_of(name)} for name in modalities}
    for have, both in permutations(parts, 2):
        more = parts[both] - parts[have]
        if len(more) == 1 and parts[have] < parts[both]:
            pairs.append((have, more.pop(), both))
    return sorted(pairs, key=lambda pair: (pair[0] != "xanes", "+" in pair[0]))


def gain_rows(scores: Mapping[str, Score]) -> list[Record]:
    """List the rows of `Advice.gains`, not judged yet."""
    rows = []
    for have, add, both in pairs_of(scores):
        for metric in metrics_told(scores[have]):
            sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
            lower, upper = interval_of(sign * (scores[both].draws[metric] - scores[have].draws[metric]))
            value = sign * (scores[both].value[metric] - scores[have].value[metric])
            rows.append(dict(zip(GAIN_COLUMNS, (have, add, metric, value, lower, upper), strict=False)))
    return rows


def judged_gains(gains: Sequence[Record], metric: str, smallest: float) -> list[Record]:
    """Judge the gains in the main metric."""
    return [
        row | {"verdict": verdict_of(row["lower"], row["upper"], smallest) if row["metric"] == metric else ""}
        for row in gains
    ]


def verdict_of(lower: float, upper: float, smallest: float) -> str:
    """Judge a gain by its interval.

    >>> [verdict_of(*ends, 0.02) for ends in [(0.03, 0.1), (0.01, 0.1), (-0.03, 0.01), (-0.01, 0.1)]]
    ['worth', 'helps', 'not_worth', 'undecided']
    """
    if not (np.isfinite(lower) and np.isfinite(upper)):
        return "undecided"
    if upper < smallest:
        return "not_worth"
    if lower >= smallest:
        return "worth"
    return "helps" if lower > 0 else "undecided"


def small_cell(cell: Cell, config: StudyConfig) -> Cell:
    """Choose the sites on which qualities are tried."""
    dataset = cell.dataset
    if len(cell.sites) > MOST_SITES:
        names = np.random.default_rng([config.seed, 2]).permutation(np.unique(cell.groups))
        count = np.bincount(cell.groups, minlength=cell.n_groups)[names]
        kept = names[np.cumsum(count) <= MOST_SITES]
        dataset = select_sites(dataset, cell.sites[np.isin(cell.groups, kept)])
    n_sites = min(len(cell.sites), MOST_SITES)
    repeats = config.repeats or int(np.clip(SITES_TRIED // n_sites, 2, MOST_REPEATS))
    tables = cell.tables if dataset is cell.dataset else {}
    chosen = plan_cell(dataset, cell.task, replace(config, repeats=repeats), tables=tables)[0]
    # Too few formulas of each class may be left of many: then all sites are used.
    return chosen or plan_cell(cell.dataset, cell.task, config, tables=cell.tables)[0] or cell


def quality_trials(cell: Cell, techniques: Sequence[str]) -> list[Trial]:
    """List what is tried of qualities."""
    trials = []
    for name in techniques:
        trials.append(Trial(cell, name, REQUIREMENT_TREES))
        trials += [
            Trial(cell, name, REQUIREMENT_TREES, quality=quality, level=level)
            for quality in QUALITIES.values()
            if quality.axis == TECHNIQUES[name].axis
            for level in levels_for(cell.dataset, name, quality)
        ]
    return trials


def requirement_rows(scored: Sequence[tuple[Trial, Score]], main: Mapping[str, Score]) -> list[Record]:
    """List the rows of `Advice.requirements`."""
    whole = {trial.modality: item for trial, item in scored if trial.quality is None and trial.fraction == 1}
    rows: list[Record] = []
    for trial, item in scored:
        if trial.quality is not None:
            quality = trial.quality
            base = {"technique": trial.modality, "quantity": quality.name, "unit": quality.unit}
            own, level = own_level(trial.cell.dataset, trial.modality, quality), trial.level
            reference = whole[trial.modality]
        elif trial.fraction < 1:
            base = {"technique": trial.modality, "quantity": FORMULAS, "unit": "formulas"}
            own = training_formulas(trial.cell)
            level = float(round(own * trial.fraction))
            reference = main[trial.modality]
        else:
            continue
        if not rows or any(rows[-1][key] != value for key, value in base.items()):
            rows.append(base | _losses(own, reference, reference))
        rows.append(base | _losses(level, item, reference))
    return rows


def training_formulas(cell: Cell) -> float:
    """Count the formulas that a fold is fitted on."""
    return float(round(cell.counts["n_formulas"] * (1 - 1 / len(np.unique(cell.folds[0])))))


def _losses(level: float, item: Score, reference: Score) -> Record:
    metric = item.cell.task.main_metric
    lower, upper = interval_of(reference.draws[metric] - item.draws[metric])
    loss = {"loss": reference.value[metric] - item.value[metric], "loss_lower": lower, "loss_upper": upper}
    return {"level": level, "metric": metric} | item.bounds(metric) | loss


def needed_rows(rows: Sequence[Record], tolerance: float) -> list[Record]:
    """Find what each quality must be.

    A level is enough where the interval of its loss ends within the tolerance, and too poor where
    that begins beyond it; levels are read from good to poor, so that one that is poorer than one
    that is too poor is never enough. The likely one is where the loss itself, made never to fall with
    poorer levels (least squares), reaches the tolerance, on straight lines between levels; it has no
    interval, and is never better than what is enough nor worse than the first that is too poor.
    """
    needed = []
    # the rows of one quality stand together
    for (technique, quantity), group in groupby(rows, itemgetter("technique", "quantity")):
        selected = list(group)
        own, tried = selected[0], selected[1:]
        bad = [number for number, row in enumerate(tried) if row["loss_lower"] > tolerance]
        before = tried[: bad[0]] if bad else tried
        good = [row["level"] for row in before if row["loss_upper"] <= tolerance]
        likely = _likely_level(selected if not bad else selected[: bad[0] + 2], tolerance)
        if good:
            # What is enough for certain is so by best estimate, however better levels scatter.
            poorer = max if good[-1] > own["level"] else min
            likely = poorer(likely, good[-1])
        needed.append(
            {
                "technique": technique, "quantity": quantity, "unit": own["unit"], "own": own["level"],
                "enough": good[-1] if good else own["level"], "likely": likely,
                "too_poor": tried[bad[0]]["level"] if bad else math.nan, "poorest": tried[-1]["level"],
            }
        )  # fmt: skip
    return needed


def _likely_level(rows: Sequence[Record], tolerance: float) -> float:
    """Find where the loss reaches the tolerance, by best estimate; the last level where it does not."""
    from scipy.optimize import isotonic_regression

    # Nothing is lost at the data's own level, however the others scatter.
    loss = np.maximum(isotonic_regression([float(row["loss"]) for row in rows]).x, 0.0)
    level = [float(row["level"]) for row in rows]
    beyond = np.flatnonzero(loss > tolerance)
    if not len(beyond):
        return level[-1]
    first = int(beyond[0])
    if first == 0:
        return level[0]
    part = (tolerance - loss[first - 1]) / (loss[first] - loss[first - 1])
    found = level[first - 1] + part * (level[first] - level[first - 1])
    rounded = float(f"{found:.2g}") if abs(found) < 100 else float(round(found))
    # Rounding must not make it better than the data themselves, or poorer than the next level.
    low, high = sorted((level[first - 1], level[first]))
    return min(max(rounded, low), high)


@dataclass(frozen=True, eq=False)
class Trial:
    """What is fitted, in all repeats of its cell: the purpose of those fits."""

    cell: Cell
    modality: str
    trees: int
    learner: str = "forest"
    quality: Quality | None = None
    level: float = 0.0
    fraction: float = 1.0

    @property
    def label(self) -> str:
        """What is going on, for a progress bar."""
        if self.quality is not None:
            return f"{self.modality}, {self.quality.title} {self.level:g} {self.quality.unit}"
        if self.fraction < 1:
            return f"{self.modality}, {self.fraction:.0%} of the formulas"
        return self.modality


def trial_work(trial: Trial, seed: int) -> list[Work]:
    """List the fits of a trial."""
    work = []
    tables: dict[int, _Poorer] = {}
    for repeat, folds in enumerate(trial.cell.folds):
        table = None
        if trial.quality is not None:
            # A forest sees the same curves in every repeat unless noise is drawn anew.
            draw = repeat if trial.quality.drawn else 0
            table = tables.setdefault(draw, _Poorer(trial, trial.quality, draw, seed))
        item = fit_work(
            trial.cell, trial.modality, trial.learner, folds=folds, trees=trial.trees,
            seed=repeat_seed(seed, repeat), purpose=trial, table=table, fraction=trial.fraction,
        )  # fmt: skip
        work.append(replace(item, label=trial.label))
    return work


@dataclass(frozen=True, eq=False)
class _Poorer:
    """Features of poorer curves, computed when they are needed and held by nobody."""

    trial: Trial
    quality: Quality
    draw: int
    seed: int

    @property
    def values(self) -> NDArray[np.float32]:
        # The level does not enter the seed: a poorer level has the same noise, larger, so that what
        # changes from one to the next is the level alone.
        name = f"{self.quality.axis} {self.quality.name}"
        rng = np.random.default_rng([self.seed, self.draw, zlib.crc32(name.encode())])
        trial = self.trial
        variable = TECHNIQUES[trial.modality].variable
        poorer = self.quality.degrade(trial.cell.dataset, variable, trial.level, rng)
        return compute_features(poorer, trial.modality).values
