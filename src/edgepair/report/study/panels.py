"""Which figures the report shows, where, and behind which choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import METRIC_TITLES, capital, short_title, task_title
from edgepair.report.kit.tables import (
    absorbers_of,
    group_word,
    main_learner,
    main_metric,
    modalities_of,
    select,
    tasks_of,
)
from edgepair.report.study.figure_conditions import condition_figure, robustness_figure
from edgepair.report.study.figure_confusion import confusion_figure
from edgepair.report.study.figure_contributions import overlap_figure, shapley_figure
from edgepair.report.study.figure_data import class_figure, value_figure
from edgepair.report.study.figure_findings import finding_figure
from edgepair.report.study.figure_importances import importance_figure
from edgepair.report.study.figure_learning import learning_figure
from edgepair.report.study.figure_overview import score_figure
from edgepair.report.study.figure_parity import parity_figure
from edgepair.report.study.figure_shares import share_figure
from edgepair.report.study.figure_splits import split_figure
from edgepair.study import FINDINGS

if TYPE_CHECKING:
    from edgepair.study import StudyResult

Keep = Callable[[Any, str], dict[str, Any]]
"""Shelves a figure under a title and says how the page finds it."""

_KEYS = ("absorber", "task", "modality")


def collect_panels(result: StudyResult, keep: Keep) -> dict[str, Any]:
    """Draw every figure of the report."""
    whole, result = result, result.in_view(result.view)
    return {
        "overview": _overview(result, keep),
        "other_view": [panel for view in whole.views[1:] for panel in _overview(whole.in_view(view), keep)],
        "robustness": _robustness(result, keep),
        "conditions": _conditions(result, keep),
        "findings": _findings(result, keep),
        "shapley": _shapley(result, keep),
        "contributions": _contributions(result, keep),
        "importances": importance_panels(result, keep),
        "shares": _shares(result, keep),
        "predictions": _predictions(result, keep),
        "learning": _learning(result, keep),
        "splits": _splits(result, keep),
        "classes": _classes(result, keep),
        "spreads": _spreads(result, keep),
    }


def _overview(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    panels = []
    for task in tasks_of(result):
        figure = score_figure(
            result.scores,
            tasks=[task],
            absorbers=absorbers_of(result),
            modalities=modalities_of(result),
            learner=main_learner(result),
            split=str(result.config["config"]["split"]),
            compared=tasks_of(result),
            groups=group_word(result),
        )
        panels.append(keep(figure, capital(task_title(task))))
    return panels


def _findings(result: StudyResult, keep: Keep) -> dict[str, dict[str, Any]]:
    present = {item.finding for item in result.findings}
    return {
        name: keep(finding_figure(result.findings, finding=name), title)
        for name, title in FINDINGS.items()
        if name in present
    }


def _robustness(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    if not len(result.robustness):
        return []
    names = absorbers_of(result)
    shown = ["all", *names] if len(names) > 1 else names
    return [
        keep(
            robustness_figure(result.robustness, absorber=name),
            "Mean over absorbers" if name == "all" else name,
        )
        for name in shown
    ]


def _conditions(result: StudyResult, keep: Keep) -> dict[str, Any]:
    if not len(result.conditions):
        return {}
    panels: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for absorber in absorbers_of(result):
        drawn = []
        for task in tasks_of(result):
            if len(select(result.conditions, task=task, absorber=absorber)):
                figure = condition_figure(result.conditions, task=task, absorber=absorber)
                drawn.append(keep(figure, _scored(task)))
        panels[(absorber,)] = drawn
    return explorer(("absorber",), panels, None)


def _shapley(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    learner = main_learner(result)
    panels = []
    for task in tasks_of(result):
        selected = select(result.contributions, task=task, learner=learner)
        if len(selected):
            here = [name for name in absorbers_of(result) if name in set(selected["absorber"])]
            figure = shapley_figure(selected, task=task, learner=learner, absorbers=here)
            panels.append(keep(figure, _scored(task)))
    return panels


def _contributions(result: StudyResult, keep: Keep) -> dict[str, Any]:
    learner = main_learner(result)
    panels: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for absorber in absorbers_of(result):
        for task in tasks_of(result):
            names = {"absorber": absorber, "task": task, "learner": learner}
            if len(select(result.contributions, **names)):
                figure = overlap_figure(result.contributions, **names)
                shown = keep(figure, _scored(task))
                panels.setdefault((absorber,), []).append(shown)
    return explorer(("absorber",), panels, None)


def _scored(task: str) -> str:
    return f"{capital(task_title(task))}, {METRIC_TITLES[main_metric(task)]}"


def explorer(
    keys: tuple[str, ...], panels: dict[tuple[str, ...], list[dict[str, Any]]], first: Any
) -> dict[str, Any]:
    """Put panels behind choices; only choices that lead somewhere are offered."""
    if not panels:
        return {}
    choices = []
    for index, key in enumerate(keys):
        names = list(dict.fromkeys(combination[index] for combination in panels))
        choices.append({"key": key, "options": [{"name": n, "title": _title(key, n)} for n in names]})
    start = first if first in panels else next(iter(panels))
    return {
        "choices": choices,
        "start": list(start),
        "panels": {"|".join(combination): shown for combination, shown in panels.items()},
    }


def _title(key: str, name: str) -> str:
    if key == "task":
        return task_title(name)
    if key == "modality":
        return "all side by side" if name == "*" else short_title(name)
    return name


def importance_panels(result: StudyResult, keep: Keep) -> dict[str, Any]:
    """Draw the importances of every absorber, task and modality, to choose among."""
    learner = main_learner(result)
    placed = result.importances[result.importances["position"].notna()]
    panels: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for absorber in absorbers_of(result):
        for task in tasks_of(result):
            for modality in modalities_of(result):
                rows = select(placed, absorber=absorber, task=task, modality=modality, learner=learner)
                if not len(rows):
                    continue
                shown = []
                for technique in [name for name in TECHNIQUES if name in set(rows["technique"])]:
                    figure = importance_figure(
                        result.curves,
                        placed,
                        absorber=absorber,
                        task=task,
                        modality=modality,
                        technique=technique,
                        learner=learner,
                    )
                    title = short_title(technique)
                    if modality != technique:
                        title += f", read together with {_rest(modality, technique)}"
                    shown.append(keep(figure, title) | {"looks": technique})
                panels[absorber, task, modality] = shown
    pairs = [key for key in panels if "+" in key[2]]
    return explorer(_KEYS, panels, pairs[0] if pairs else None)


def _rest(modality: str, technique: str) -> str:
    return short_title("+".join(part for part in modality.split("+") if part != technique))


def _shares(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    learner = main_learner(result)
    shares = select(result.importances, kind="share", learner=learner)
    return [
        keep(
            share_figure(shares, task=task, learner=learner, modalities=modalities_of(result)),
            capital(task_title(task)),
        )
        for task in tasks_of(result)
        if (shares["task"] == task).any()
    ]


def _predictions(result: StudyResult, keep: Keep) -> dict[str, Any]:
    learner = main_learner(result)
    split = str(result.config["config"]["split"])
    scores = select(result.scores, split=split, view=result.view)
    predictions = select(result.predictions, learner=learner)
    panels: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for absorber in absorbers_of(result):
        for task in tasks_of(result):
            cell = select(predictions, absorber=absorber, task=task)
            every = []
            for modality in modalities_of(result):
                selected = select(cell, modality=modality)
                if not len(selected):
                    continue
                names: dict[str, Any] = {
                    "absorber": absorber,
                    "task": task,
                    "modality": modality,
                    "learner": learner,
                }
                if task in TASKS and TASKS[task].kind == "regression":
                    figure = parity_figure(selected, scores=scores, **names)
                else:
                    figure = confusion_figure(selected, **names)
                every.append(keep(figure, short_title(modality)) | {"looks": modality})
            if len(every) > 1:
                panels[absorber, task, "*"] = every
            for panel in every:
                panels[absorber, task, panel["looks"]] = [panel]
    return explorer(_KEYS, panels, None)


def _learning(result: StudyResult, keep: Keep) -> dict[str, Any]:
    learner = main_learner(result)
    panels: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for absorber in absorbers_of(result):
        shown = []
        for task in tasks_of(result):
            if not len(select(result.learning, absorber=absorber, task=task, learner=learner)):
                continue
            figure = learning_figure(
                result.learning,
                absorber=absorber,
                task=task,
                learner=learner,
                modalities=modalities_of(result),
                groups=group_word(result),
            )
            shown.append(keep(figure, capital(task_title(task))))
        if shown:
            panels[(absorber,)] = shown
    return explorer(("absorber",), panels, None)


def _splits(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    learner = main_learner(result)
    split = str(result.config["config"]["split"])
    random = select(result.scores, split="random", learner=learner)
    if split == "random" or not len(random):
        return []
    panels = []
    for task in tasks_of(result):
        selected = select(random, task=task)
        if not len(selected):
            continue
        figure = split_figure(
            result.scores,
            task=task,
            absorbers=[name for name in absorbers_of(result) if name in set(selected["absorber"])],
            modalities=[name for name in modalities_of(result) if name in set(selected["modality"])],
            learner=learner,
            split=split,
        )
        panels.append(keep(figure, capital(task_title(task))))
    return panels


def _classes(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    panels = []
    data = result.config.get("data", [])
    for task in TASKS.values():
        if not any(item.get("tasks", {}).get(task.name, {}).get("classes") for item in data):
            continue
        used = {
            key.split(" ")[0]: classes
            for key, classes in result.config.get("classes", {}).items()
            if key.endswith(f" {task.name}")
        }
        panels.append(keep(class_figure(data, task=task.name, used=used), capital(task.title)))
    return panels


def _spreads(result: StudyResult, keep: Keep) -> list[dict[str, Any]]:
    return [
        keep(value_figure(result.predictions, task=task), capital(task_title(task)))
        for task in tasks_of(result)
        if task in TASKS and TASKS[task].kind == "regression" and len(select(result.predictions, task=task))
    ]
