"""The study as the paper's group does it, and the same rows split by formula beside.

One row per material, raw points, random forests whose settings are searched by folds inside the first
training set, materials split 75/25 at random, ten times [1]_. What a random split flatters is the
difference to the same protocol with whole formulas held out. Intervals are those of refits whose
training sets overlap (`edgepair.study.importances`).

.. [1] Na Narong et al., arXiv 2410.17467 (2024)
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from edgepair.conventions import TECHNIQUES, DataError
from edgepair.conventions.tasks import Floats, Labels
from edgepair.conventions.wording import counted
from edgepair.dataset import average_sites, make_folds, select_sites, show_pdf
from edgepair.models import (
    FitOutcome,
    FitTask,
    classification_metrics,
    classification_sums,
    regression_metrics,
    regression_sums,
)
from edgepair.spectra import PDFInstrument
from edgepair.study.config import STUDYING, StudyConfig
from edgepair.study.fits import Runner, Work, fit_work, repeat_seed
from edgepair.study.importances import corrected_interval, curve_rows, importance_row
from edgepair.study.plan import Cell, Rows, Skip, StudyPlan, describe_study, plan_study
from edgepair.study.result import StudyResult, join_tables, prediction_table, table_frames

HELD_OUT = 0.25
MAX_FEATURES = (10, 20, 35)
STAGES = (25, 50, 75, 100, 150, 200, 250, 300)
"""Numbers of trees that are compared, all read off one forest."""

SEARCH_TREES = 50
"""Trees with which values of max_features are compared; those of the middle one grow to the last stage."""

TOLERANCE = {"f1_weighted": 0.005, "squared_error": 0.01}
"""Weighted F1, and share of the squared error, within which fewer trees are as good as more: less than
refits differ by, and a third less work."""

XANES_POINTS = 100
PDF_POINTS = 200
PUBLISHED_INSTRUMENT = PDFInstrument(
    qmax=30.0, qdamp=0.0, u_iso=0.007, r_first=0.05, r_last=10.0, r_step=0.05
)
"""200 points to 10 Å; nothing is published of a damping."""

COORDINATIONS = (4, 5, 6)
"""The classes of coordination that are published."""

LEARNER = "published"


@dataclass(frozen=True)
class Settings:
    """Settings that the search chose for one absorber, task and modality."""

    max_features: int
    trees: int


def run_published(datasets: Sequence[xr.Dataset], config: StudyConfig, runner: Runner) -> StudyResult:
    """Run the protocol: importances of random splits, predictions by formula, no findings."""
    started = time.monotonic()
    plan, axes = _plan(datasets, config)
    pairs = [(split_cell(cell, "random", config), split_cell(cell, "formula", config)) for cell in plan.cells]
    searched = [(cell, modality) for cell, _ in pairs for modality in plan.modalities[cell.absorber]]

    def refits(chosen: Callable[[Cell, str], Settings]) -> list[Work]:
        cells = [cell for pair in pairs for cell in pair]
        return [work for cell in cells for work in _refits(cell, plan.modalities, config, chosen)]

    likely = Settings(MAX_FEATURES[1], max(config.trees // 3, 1))
    search = runner.run(
        [work for cell, modality in searched for work in _search(cell, modality, config)],
        later=sum(work.cost for work in refits(lambda *_: likely)),
    )
    chosen = {
        (cell.absorber, cell.task.name, modality): choose_settings(
            [work.task for work in search.work(cell, modality, LEARNER, "search")],
            search.of(cell, modality, LEARNER, "search"),
        )
        for cell, modality in searched
    }
    fitted = runner.run(refits(lambda cell, modality: chosen[cell.absorber, cell.task.name, modality]))

    tables: dict[str, Rows] = defaultdict(list)
    predictions = []
    for random, by_formula in pairs:
        modalities = plan.modalities[random.absorber]
        for modality in modalities:
            for learner in config.learners:
                # The baseline looks at no curve: one serves all modalities.
                of = modality if learner == LEARNER else modalities[0]
                values = []
                for cell in (random, by_formula):
                    outcomes = fitted.of(cell, of, learner)
                    values.append(refit_scores(cell, outcomes))
                    tables["scores"] += score_rows(cell, modality, learner, values[-1])
                    if learner == LEARNER and cell is by_formula:
                        table = prediction_table(cell, modality, learner, outcomes)
                        predictions.append(table[table["fold"] >= 0])
                    elif learner == LEARNER:
                        tables["importances"] += published_importances(cell, modality, outcomes)
                tables["differences"] += difference_rows(random, modality, learner, *values)
        tables["curves"] += curve_rows(random, modalities)
    both_splits = replace(plan, cells=tuple(cell for pair in pairs for cell in pair))
    described = describe_study(config, datasets, both_splits, time.monotonic() - started)
    del described["bootstrap_draws"]
    settings = {" ".join(key): asdict(value) for key, value in chosen.items()}
    return StudyResult(
        predictions=join_tables(predictions),
        findings=(),
        config=described | {"published": {"axes": axes, "settings": settings}},
        **table_frames(tables),
    )


def _plan(datasets: Sequence[xr.Dataset], config: StudyConfig) -> tuple[StudyPlan, dict[str, dict[str, str]]]:
    """Plan cells on the rows of the protocol, so that both splits have the same ones."""
    prepared = [published_rows(dataset) for dataset in datasets]
    skipped = [item for rows in prepared for item in rows.skipped]
    able = [(rows.dataset, rows.axes) for rows in prepared if rows.dataset is not None]
    if not able:
        raise DataError(
            f"cannot {STUDYING} as published",
            found="; ".join(f"{item.absorber}: {item.reason}" for item in skipped),
            needed="materials with a spectrum for every absorbing site, all of one state and coordination",
            suggestion="use the grouped protocol, which takes sites, or add the missing spectra",
        )
    # A class takes part in both splits only with a formula for every quarter.
    planned = replace(config, view="sites", repeats=1, folds=max(config.folds, round(1 / HELD_OUT)))
    plan = plan_study([dataset for dataset, _ in able], planned)
    axes = {str(dataset.attrs["absorber"]): words for dataset, words in able}
    return replace(plan, skipped=(*skipped, *plan.skipped)), axes


def split_cell(cell: Cell, split: str, config: StudyConfig) -> Cell:
    """Hold out a quarter of the rows for each refit (fold 0; -1 trains), random or in whole formulas."""
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    n_refits = config.repeats or 1
    folds = np.full((n_refits, len(cell.sites)), -1)
    if split == "formula":
        dealt = make_folds(
            cell.groups,
            n_folds=round(1 / HELD_OUT),
            n_repeats=n_refits,
            seed=config.seed,
            classes=cell.target if cell.classes else None,
        )
        folds[dealt == 0] = 0
    else:
        kind = StratifiedShuffleSplit if cell.classes else ShuffleSplit
        for repeat in range(n_refits):
            dealer = kind(1, test_size=HELD_OUT, random_state=repeat_seed(config.seed, repeat))
            _, held_out = next(dealer.split(cell.target, cell.target))
            folds[repeat, held_out] = 0
    return replace(cell, folds=folds, split=split)


def _search(cell: Cell, modality: str, config: StudyConfig) -> list[Work]:
    """List the fits of the search: for each max_features, folds of the first training set, row by row."""
    train = np.flatnonzero(cell.folds[0] != 0)
    target = cell.target[train]
    folds = make_folds(
        np.arange(len(target)),
        n_folds=min(config.folds, len(target)),
        n_repeats=1,
        seed=config.seed,
        classes=target if cell.classes else None,
    )[0]
    work = []
    for max_features in MAX_FEATURES:
        trees = config.trees if max_features == MAX_FEATURES[1] else min(config.trees, SEARCH_TREES)
        work.append(
            fit_work(
                cell, modality, LEARNER, folds=folds, trees=trees, seed=repeat_seed(config.seed, 0),
                purpose="search", sites=cell.sites[train], target=target, groups=cell.groups[train],
                settings=(("max_features", max_features),),
                stages=tuple(stage for stage in STAGES if stage <= trees) or (trees,),
            )
        )  # fmt: skip
    return work


def choose_settings(tasks: Sequence[FitTask], outcomes: Sequence[FitOutcome]) -> Settings:
    """Choose max_features at equal trees, then the fewest trees within `TOLERANCE` of the best."""

    def loss(task: FitTask, predicted: Labels) -> float:
        if not task.n_classes:
            return float(np.mean((predicted - task.target) ** 2))
        return 1 - row_metrics(task.target, predicted, None, task.n_classes)["f1_weighted"]

    last = min(task.stages[-1] for task in tasks)
    by_features = [
        loss(task, outcome.staged[task.stages.index(last)])
        for task, outcome in zip(tasks, outcomes, strict=True)
    ]
    middle = tasks[len(tasks) // 2]
    by_trees = np.array([loss(middle, predicted) for predicted in outcomes[len(tasks) // 2].staged])
    best = tasks[int(np.argmin(by_features))]
    enough = (
        by_trees.min() + TOLERANCE["f1_weighted"]
        if best.n_classes
        else by_trees.min() * (1 + TOLERANCE["squared_error"])
    )
    trees = middle.stages[int(np.argmax(by_trees <= enough))]
    return Settings(int(dict(best.settings)["max_features"]), trees)


def _refits(
    cell: Cell,
    modalities: Mapping[str, Sequence[str]],
    config: StudyConfig,
    chosen: Callable[[Cell, str], Settings],
) -> list[Work]:
    """List the fits on every split of a cell, with the settings that the search chose."""
    work = []
    names = modalities[cell.absorber]
    for repeat, folds in enumerate(cell.folds):
        seed = repeat_seed(config.seed, repeat)
        for modality in names:
            best = chosen(cell, modality)
            settings = (("max_features", best.max_features),)
            work.append(
                fit_work(cell, modality, LEARNER, folds=folds, trees=best.trees, seed=seed, settings=settings)
            )
        work.append(fit_work(cell, names[0], "dummy", folds=folds, trees=1, seed=seed))
    return work


@dataclass(frozen=True)
class PublishedRows:
    """What a dataset gives: its averaged and resampled rows, if any; what is left out; axes in words."""

    dataset: xr.Dataset | None
    skipped: list[Skip]
    axes: dict[str, str]


def published_rows(dataset: xr.Dataset) -> PublishedRows:
    """Make the rows of one absorber, so that every curve has the published number of points."""
    absorber = str(dataset.attrs["absorber"])
    skipped: list[Skip] = []

    def skip(number: int, reason: str, task: str = "", *, whole: bool = False) -> None:
        if number:
            skipped.append(Skip(absorber, task, "", f"{counted(number, 'material')} {reason}", whole))

    dataset = _without_guessed_states(dataset)
    complete, agree = dataset["complete"].values, _sites_agree(dataset)
    kept = complete & agree
    if not kept.any():
        skip(len(kept), "without a spectrum of every site, or whose sites differ: none is left", whole=True)
        return PublishedRows(None, skipped, {})
    skip(int((~complete).sum()), "without a spectrum of every site")
    skip(int((complete & ~agree).sum()), "whose sites differ in state or coordination")
    rows = average_sites(select_sites(dataset, kept[dataset["material_index"].values]))
    if "coordination_number" in rows:
        number = rows["coordination_number"].values
        for name in np.unique(number[np.isfinite(number) & ~np.isin(number, COORDINATIONS)]):
            skip(int((number == name).sum()), f"of class {name:g}, not published", "coordination_number")
        rows["coordination_number"] = rows["coordination_number"].where(np.isin(number, COORDINATIONS))
        rows["coordination_number"].attrs = dataset["coordination_number"].attrs
    axes = {}
    if "mu" in rows:
        energy = rows["energy"].values
        grid = np.linspace(energy[0], (energy[0] + energy[-1]) / 2, XANES_POINTS)
        rows = _resampled(rows, "energy", grid)
        first, last = grid[[0, -1]] - float(rows.attrs["edge_energy"])
        words = f"{XANES_POINTS} points from {first:+.2f} to {last:+.2f} eV of the edge"
        axes["xanes"] = words.replace("-", "−")
    if "r" in rows.variables:
        rows, axes["pdf"] = _published_pdfs(rows)
    return PublishedRows(rows, skipped, axes)


def _without_guessed_states(dataset: xr.Dataset) -> xr.Dataset:
    """Forget states that only the composition tells, which a formula would teach."""
    if "oxidation_state" not in dataset or "oxidation_state_source" not in dataset:
        return dataset
    known = dataset.copy()
    known["oxidation_state"] = dataset["oxidation_state"].where(
        dataset["oxidation_state_source"] != "composition"
    )
    known["oxidation_state"].attrs = dataset["oxidation_state"].attrs
    return known


def _sites_agree(dataset: xr.Dataset) -> NDArray[np.bool_]:
    """Whether all sites of each material have one state and one coordination, or none of them any."""
    owner = dataset["material_index"].values
    n = dataset.sizes["material"]
    agree = np.ones(n, dtype=bool)
    for task in ("oxidation_state", "coordination_number"):
        if task in dataset:
            low, high = np.full(n, np.inf), np.full(n, -np.inf)
            np.fmin.at(low, owner, dataset[task].values)
            np.fmax.at(high, owner, dataset[task].values)
            missing = np.bincount(owner, weights=np.isnan(dataset[task].values), minlength=n)
            agree &= np.where(missing == 0, low == high, missing == np.bincount(owner, minlength=n))
    return agree


def _published_pdfs(rows: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Show ideal PDFs as published; resample others, which keep the instrument that they have."""
    names = [t.variable for t in TECHNIQUES.values() if t.axis == "r" and t.variable in rows]
    r = rows["r"].values
    last = min(PUBLISHED_INSTRUMENT.r_last, float(r[-1]))
    ideal = [float(rows[name].attrs["ideal_u_iso"]) for name in names if "ideal_u_iso" in rows[name].attrs]
    if len(ideal) == len(names):
        step = last / PDF_POINTS
        instrument = replace(
            PUBLISHED_INSTRUMENT,
            u_iso=max(PUBLISHED_INSTRUMENT.u_iso, *ideal),
            r_first=step,
            r_last=last,
            r_step=step,
        )
        words = (
            f"{PDF_POINTS} points to {last:g} Å, Qmax {instrument.qmax:g} Å⁻¹, U_iso {instrument.u_iso:g} Å²"
        )
        return show_pdf(rows, instrument), words
    had = json.loads(rows[names[0]].attrs.get("instrument", "{}"))
    through = (
        f" (Qmax {had['qmax']:g} Å⁻¹, U_iso {had['u_iso']:g} Å²)" if {"qmax", "u_iso"} <= set(had) else ""
    )
    first = float(r[0])
    words = f"as the data have them{through}, {PDF_POINTS} points from {first:g} to {last:g} Å"
    return _resampled(rows, "r", np.linspace(first, last, PDF_POINTS)), words


def _resampled(dataset: xr.Dataset, axis: str, grid: Floats) -> xr.Dataset:
    """Interpolate every curve on an axis to another grid."""
    result = dataset.drop_dims(axis)
    old = dataset[axis].values
    for technique in TECHNIQUES.values():
        if technique.axis == axis and technique.variable in dataset:
            curves = dataset[technique.variable]
            values = np.array([np.interp(grid, old, curve) for curve in curves.values], dtype=np.float32)
            result[technique.variable] = (curves.dims, values, curves.attrs)
    return result.assign_coords({axis: (axis, grid, dataset[axis].attrs)})


def refit_scores(cell: Cell, outcomes: Sequence[FitOutcome]) -> dict[str, Floats]:
    """Score each refit, shape (n_refits,) a metric, on held-out rows only; RMSE also in % of the mean."""
    rows: Rows = []
    for folds, outcome in zip(cell.folds, outcomes, strict=True):
        held = folds == 0
        probability = outcome.probability[held] if cell.classes else None
        metrics = row_metrics(cell.target[held], outcome.predicted[held], probability, len(cell.classes))
        if not cell.classes:
            metrics["rmse_percent"] = 100 * metrics["rmse"] / float(np.mean(cell.target))
        rows.append(metrics)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def row_metrics(
    target: NDArray[Any], predicted: NDArray[Any], probability: NDArray[Any] | None, n_classes: int
) -> dict[str, float]:
    """All metrics of some rows; without probabilities the predicted class counts as certain."""
    together = np.zeros(len(target), dtype=np.int64)
    if n_classes:
        named = predicted.astype(np.int64)
        chances = np.eye(n_classes)[named] if probability is None else probability.astype(np.float64)
        metrics = classification_metrics(classification_sums(target, named, chances, together, 1))
    else:
        metrics = regression_metrics(regression_sums(target, predicted, together, 1))
    return {name: float(value[0]) for name, value in metrics.items()}


def _held_out_to_training(cell: Cell) -> float:
    return float(np.mean([(folds == 0).sum() / (folds != 0).sum() for folds in cell.folds]))


def score_rows(cell: Cell, modality: str, learner: str, values: dict[str, Floats]) -> Rows:
    """List rows of ``scores.csv``: means over refits, with intervals corrected for their overlap."""
    rows: Rows = []
    more: dict[str, int | str] = {**cell.counts, "view": "materials"}
    for metric, refits in values.items():
        mean, lower, upper = corrected_interval(refits[:, None], _held_out_to_training(cell))
        value = {"value": float(mean[0]), "lower": float(lower[0]), "upper": float(upper[0])}
        named = cell.row(modality, learner) | {"split": cell.split, "metric": metric}
        rows.append({**named, **value, **more})
    return rows


def difference_rows(
    cell: Cell, modality: str, learner: str, random: dict[str, Floats], by_formula: dict[str, Floats]
) -> Rows:
    """Differences refit by refit; `cell` is that of the random split."""
    seen = [np.isin(cell.groups[folds == 0], cell.groups[folds != 0]).mean() for folds in cell.folds]
    rows: Rows = []
    for metric in random:
        change = (random[metric] - by_formula[metric])[:, None]
        mean, lower, upper = corrected_interval(change, _held_out_to_training(cell))
        rows.append(
            cell.row(modality, learner)
            | {
                "metric": metric,
                "value_random": float(random[metric].mean()),
                "value_formula": float(by_formula[metric].mean()),
                "difference": float(mean[0]),
                "lower": float(lower[0]),
                "upper": float(upper[0]),
                "seen": float(np.mean(seen)),
            }
        )
    return rows


def published_importances(cell: Cell, modality: str, outcomes: Sequence[FitOutcome]) -> Rows:
    """List the forests' own importances of each point, and of each technique of a combination."""
    base, features = cell.row(modality, LEARNER), cell.table(modality)
    impurity = np.concatenate([outcome.impurity for outcome in outcomes]).astype(np.float64)
    held_out = _held_out_to_training(cell)
    value, lower, upper = corrected_interval(impurity, held_out)
    rows: Rows = []
    techniques = list(dict.fromkeys(features.technique.tolist()))
    for name in techniques:
        columns = features.technique == name
        for point in np.flatnonzero(columns):
            at, low, high = (float(x[point]) for x in (features.position, features.low, features.high))
            bounds = (max(float(lower[point]), 0.0), float(upper[point]))
            rows.append(importance_row(base, name, (at, low, high), "impurity", float(value[point]), *bounds))
        if len(techniques) > 1:
            share = impurity[:, columns].sum(axis=1, keepdims=True)
            mean, *ends = (float(item[0]) for item in corrected_interval(share, held_out))
            rows.append(importance_row(base, name, None, "share", mean, max(ends[0], 0.0), min(ends[1], 1.0)))
    return rows
