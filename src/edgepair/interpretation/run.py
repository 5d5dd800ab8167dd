"""Why forests answer as they do: techniques, regions, numbers, and how reliable that is."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import xarray as xr

from edgepair.conventions import TECHNIQUES, OptionError, Progress, techniques_of
from edgepair.conventions.tasks import Floats
from edgepair.dataset.splits import groups_remark
from edgepair.interpretation.dependence import (
    curve_movement_rows,
    dependence_rows,
    movement_rows,
    number_score_rows,
)
from edgepair.interpretation.groups import impurity_rows, permutation_rows, point_groups, shap_rows
from edgepair.interpretation.result import COLUMNS, Interpretation
from edgepair.interpretation.rounds import (
    USUAL_TECHNIQUES,
    Explained,
    label_permutation_rows,
    list_work,
    usual_techniques,
)
from edgepair.interpretation.shap_values import MISSING, join_outcomes, shap_is_missing
from edgepair.interpretation.stability import (
    agreement_rows,
    few_materials_rows,
    point_sum_rows,
    rank_rows,
    region_rank_rows,
)
from edgepair.study.config import DRAWS, StudyConfig, check_processes
from edgepair.study.contributions import contribution_rows
from edgepair.study.fits import Outcomes, Runner
from edgepair.study.importances import curve_rows
from edgepair.study.plan import Cell, Rows, Skip, StudyPlan, check_datasets, describe_study, plan_study
from edgepair.study.scoring import draw_groups, score, score_baseline

TREES = 40
"""Trees of the explained forests by default: with more, scores move about as much as with other seeds
(docs/decisions/0009)."""

SHAP_ROWS = 1000
"""Sites explained one by one, by default, of each cell and modality."""


def interpret(
    dataset: xr.Dataset | Sequence[xr.Dataset],
    *,
    tasks: Sequence[str] | None = None,
    techniques: Sequence[str] | None = None,
    split: str = "formula",
    folds: int = 5,
    repeats: int | None = None,
    trees: int = TREES,
    seed: int = 0,
    shap_rows: int | None = None,
    n_jobs: int | None = None,
    scheduler: str | None = None,
    cache: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
) -> Interpretation:
    """Tell which techniques, regions and numbers carry the answers, and how sure that is.

    Parameters
    ----------
    dataset : xarray.Dataset or sequence of xarray.Dataset
        One per absorber; simulated, measured or the user's own.
    tasks : sequence of str, optional
        Default: oxidation_state, coordination_number, bond_length.
    techniques : sequence of str, optional
        Default: xanes, pdf and dpdf, as far as the data have them, and npdf where they have neither
        pdf nor dpdf. Each is explained alone, and all together.
    split : {'formula', 'material', 'random'}, optional
        What may not stand on both sides of a split.
    folds : int, optional
        Number of folds.
    repeats : int, optional
        How often folds are dealt anew; default 3 below 500 sites, 2 below 2000, else 1.
    trees : int, optional
        Trees in each explained forest.
    seed : int, optional
        Same seed, same numbers, whatever the number of processes.
    shap_rows : int, optional
        Sites that are explained one by one, 0 for none; default 1000 where ``shap`` is installed.
    n_jobs : int, optional
        Processes; default all cores.
    scheduler : str, optional
        Address of a Dask scheduler whose processes make the fits instead; Shapley values are computed
        on this machine.
    cache : bool, optional
        Whether to use and keep what is finished in the user's cache folder.
    on_progress : callable, optional
        Called with a `Progress` as work is done.

    Returns
    -------
    Interpretation
        Tables with 95 % intervals.

    Raises
    ------
    OptionError
        A setting is not understood, or two datasets have one absorber.
    DataError
        A dataset does not follow the schema, or nothing of what was asked for can be done.

    Examples
    --------
    >>> from edgepair.dataset import load_bundled
    >>> result = interpret(load_bundled("Mn"), tasks=["oxidation_state"], techniques=["xanes"],
    ...                    repeats=1, trees=10, shap_rows=0, n_jobs=1, cache=False)
    >>> rows = result.importances.query("kind == 'permutation' and grouping == 'region'")
    >>> sorted(rows["title"])
    ['edge', 'post-edge oscillations', 'pre-edge', 'white line']
    """
    started = time.monotonic()
    config = _check(
        techniques, tasks=tasks, split=split, folds=folds, repeats=repeats, trees=trees, seed=seed
    )
    n_explained = SHAP_ROWS if shap_rows is None else shap_rows
    _check_counts(n_explained, n_jobs)
    datasets = check_datasets(dataset, "interpret")
    if techniques is None:
        config = replace(config, modalities=usual_techniques(datasets))
    plan = plan_study(datasets, config, "interpret")
    about = {
        cells[0].absorber: Explained(cells[0].dataset, plan.modalities[cells[0].absorber], cells[0].tables)
        for cells in plan.by_absorber()
    }
    skipped = _skips(plan, asked=techniques is not None, shap_rows=shap_rows)
    explained_rows = 0 if shap_is_missing() else n_explained
    runner = Runner(n_jobs=n_jobs, scheduler=scheduler, cache=cache, on_progress=on_progress)
    done = runner.run(
        [
            work
            for cell in plan.cells
            for work in list_work(about[cell.absorber], cell, config, explained_rows)
        ]
    )
    tables: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    warnings: list[str] = []
    for cells in plan.by_absorber():
        view = about[cells[0].absorber]
        # As in a study: paired over the tasks and modalities of one absorber.
        drawn = draw_groups(cells[0].n_groups, DRAWS, [config.seed, 1, *view.absorber.encode()])
        tables["regions"] += view.region_rows()
        tables["clusters"] += view.cluster_rows()
        numbers = view.numbers
        warnings += [*_remarks(view), *numbers.remarks]
        for cell in cells:
            _score_rows(tables, view, cell, done, drawn)
            _importance_rows(tables, view, cell, done, drawn)
            _stability_rows(tables, view, cell, done)
            if numbers.names:
                (forests,) = done.of(cell, "", purpose="numbers")
                full = done.of(cell, view.full, purpose="explained")
                tables["number_scores"] += number_score_rows(cell, forests, full, drawn)
                tables["dependence"] += dependence_rows(cell, numbers, forests)
            tables["movement"] += movement_rows(cell, numbers, drawn)
            for technique in view.techniques:
                tables["curve_movement"] += curve_movement_rows(cell, technique, drawn)
            tables["curves"] += curve_rows(cell, view.techniques)
    frames = {name: pd.DataFrame(rows, columns=_columns(name, rows)) for name, rows in tables.items()}
    agreement = agreement_rows(frames["importances"], config.seed)
    frames["stability"] = pd.DataFrame([*tables["stability"], *agreement], columns=COLUMNS["stability"])
    few = frames["stability"].query("kind == 'few_materials'")["sentence"]
    described = describe_study(config, datasets, plan, time.monotonic() - started)
    described["config"] |= {"shap_rows": n_explained}
    described |= {"skipped": [item.as_dict() for item in skipped], "warnings": [*few, *warnings]}
    return Interpretation(**frames, config=described)


def _check(techniques: Sequence[str] | None, **settings: Any) -> StudyConfig:
    modalities = USUAL_TECHNIQUES if techniques is None else techniques
    config = StudyConfig.check(modalities=modalities, learners=["forest"], doing="interpret", **settings)
    for name in config.modalities:
        if len(techniques_of(name)) > 1:
            raise OptionError(
                f"cannot explain the technique {name!r}",
                found="a combination",
                needed="single techniques; their combination is explained too",
                suggestion="name its parts: " + ", ".join(name.split("+")),
            )
    ordered = tuple(t.name for t in techniques_of("+".join(config.modalities)))
    # The comparison with a random split, and learning curves, are a study's.
    return replace(config, modalities=ordered, extras=False)


def _check_counts(shap_rows: int, n_jobs: int | None) -> None:
    if isinstance(shap_rows, bool) or not isinstance(shap_rows, int) or shap_rows < 0:
        raise OptionError(
            f"cannot explain {shap_rows!r} sites",
            found=f"shap_rows {shap_rows!r}",
            needed="a whole number from 0",
            suggestion="leave it out for the default",
        )
    check_processes(n_jobs, "interpret")


def _skips(plan: StudyPlan, *, asked: bool, shap_rows: int | None) -> list[Skip]:
    # By default what the data have is explained: nothing is missing where they have less.
    skipped = [item for item in plan.skipped if asked or not item.modality]
    if shap_rows != 0 and shap_is_missing():
        skipped.append(Skip("", "", "", MISSING, shap_rows is not None))
    return skipped


def _score_rows(tables: dict[str, Rows], view: Explained, cell: Cell, done: Outcomes, drawn: Floats) -> None:
    scores = {}
    for modality in view.subsets:
        purpose = "explained" if modality in view.modalities else "subset"
        scores[modality] = score(cell, modality, "forest", done.of(cell, modality, purpose=purpose), drawn)
        kept = COLUMNS["scores"]
        tables["scores"] += [{name: row[name] for name in kept} for row in scores[modality].rows()]
    if len(view.techniques) > 1:
        first = view.techniques[0]
        guess = score_baseline(cell, done.of(cell, first, "dummy", "baseline"), drawn)
        tables["contributions"] += contribution_rows(scores, guess)


def _importance_rows(
    tables: dict[str, Rows], view: Explained, cell: Cell, done: Outcomes, drawn: Floats
) -> None:
    rows: Rows = []
    for modality in view.modalities:
        groups = view.groups(modality)
        outcomes = done.of(cell, modality, purpose="explained")
        rows += permutation_rows(cell, modality, groups, outcomes, drawn)
        rows += impurity_rows(cell, modality, groups, outcomes)
        parts = done.of(cell, modality, purpose="shap")
        if parts:
            rows += shap_rows(cell, modality, groups, join_outcomes(parts), drawn)
    first = view.techniques[0]
    points = point_groups(view.table(first), first)
    rows += permutation_rows(cell, first, points, done.of(cell, first, purpose="points"), drawn)
    tables["importances"] += rows
    shuffled = [row for row in rows if (row["modality"], row["kind"]) == (first, "permutation")]
    tables["stability"] += point_sum_rows(shuffled)


def _stability_rows(tables: dict[str, Rows], view: Explained, cell: Cell, done: Outcomes) -> None:
    rows = tables["stability"]
    fits = done.work(cell, view.full, purpose="labels")
    permuted = done.of(cell, view.full, purpose="labels")
    rows += label_permutation_rows(cell, view.full, fits, permuted)
    for modality in dict.fromkeys((view.techniques[0], view.full)):
        points = [] if "+" in modality else point_groups(view.table(modality), modality)
        by_kind: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for group in [*view.groups(modality), *points]:
            by_kind[group.grouping].append(group.window.columns)
        del by_kind["technique"], by_kind["region"]
        halves = done.of(cell, modality, purpose="halves")
        rows += region_rank_rows(cell, modality, done.work(cell, modality, purpose="halves"), halves)
        # The first technique's features come first among all, so these tell of both modalities.
        rows += rank_rows(cell, modality, halves, by_kind, permuted[1:])
    rows += few_materials_rows(cell)


def _remarks(view: Explained) -> list[str]:
    """Say where materials stand for formulas, and of which curves no region could be named."""
    remark = groups_remark(view.dataset)
    return ([f"{view.absorber}: {remark}."] if remark else []) + [
        f"{view.absorber}: no edge or first peak is recognised in the {TECHNIQUES[name].title} curves; "
        "each stands as one region."
        for name, regions in view.regions.items()
        if len(regions) == 1
    ]


def _columns(name: str, rows: Sequence[Any]) -> list[str]:
    """Order columns: those that are fixed first, then what else the rows of a table name."""
    named = (column for row in rows if isinstance(row, dict) for column in row)
    return list(dict.fromkeys((*COLUMNS[name], *named)))
