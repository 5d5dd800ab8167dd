"""Which figures the report shows, where, and behind which choices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from edgepair.conventions import TASKS, TECHNIQUES
from edgepair.conventions.wording import METRIC_TITLES, capital, short_title, task_title
from edgepair.report.kit.embedding import Explorer, Panel
from edgepair.report.kit.tables import (
    absorbers_of,
    group_word,
    is_regression,
    main_learner,
    main_metric,
    modalities_of,
    select,
    tasks_of,
)
from edgepair.report.study.figure_conditions import condition_figure, robustness_figure
from edgepair.report.study.figure_contributions import overlap_figure, shapley_figure
from edgepair.report.study.figure_data import class_figure, value_figure
from edgepair.report.study.figure_findings import finding_figure
from edgepair.report.study.figure_importances import importance_figure
from edgepair.report.study.figure_learning import learning_figure
from edgepair.report.study.figure_overview import score_figure
from edgepair.report.study.figure_parity import confusion_figure, parity_figure
from edgepair.report.study.figure_shares import share_figure
from edgepair.report.study.figure_splits import split_figure
from edgepair.study import FINDINGS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.study import StudyResult

Keep = Callable[["go.Figure", str], Panel]
"""Shelves a figure under a title and says how the page finds it."""

Choices = dict[tuple[str, ...], list[Panel]]
"""Panels by what is chosen."""

Panels = list[Panel] | dict[str, Panel]

_KEYS = ("absorber", "task", "modality")


def collect_panels(result: StudyResult, keep: Keep) -> dict[str, Panels]:
    """Draw the figures that stand on the page as they are."""
    whole, result = result, result.in_view(result.view)
    other_views = [whole.in_view(view) for view in whole.views[1:]]
    return {
        "overview": _overview(result, keep),
        "other_view": [panel for other in other_views for panel in _overview(other, keep)],
        "robustness": _robustness(result, keep),
        "findings": _findings(result, keep),
        "shapley": _per_task(result, keep, partial(draw_shapley, result), scored=True),
        "shares": _per_task(result, keep, partial(draw_shares, result)),
        "splits": _per_task(result, keep, partial(draw_splits, result)),
        "classes": _classes(result, keep),
        "spreads": _per_task(result, keep, partial(draw_spreads, result)),
    }


def collect_explorers(result: StudyResult, keep: Keep) -> dict[str, Explorer]:
    """Draw the figures that stand behind choices."""
    result = result.in_view(result.view)
    return {
        "conditions": _by_absorber(result, keep, draw_conditions, scored=True),
        "contributions": _by_absorber(result, keep, draw_contributions, scored=True),
        "importances": importance_panels(result, keep),
        "predictions": _predictions(result, keep),
        "learning": _by_absorber(result, keep, draw_learning),
    }


def _per_task(
    result: StudyResult, keep: Keep, draw: Callable[[str], go.Figure | None], *, scored: bool = False
) -> list[Panel]:
    """Draw a figure a task, where there is one, under the task's name, with that of its score if need be."""
    drawn = [(task, draw(task)) for task in tasks_of(result)]
    return [
        keep(figure, capital(task_title(task)) + (f", {METRIC_TITLES[main_metric(task)]}" if scored else ""))
        for task, figure in drawn
        if figure is not None
    ]


def _by_absorber(
    result: StudyResult,
    keep: Keep,
    draw: Callable[[StudyResult, str, str], go.Figure | None],
    *,
    scored: bool = False,
) -> Explorer:
    """Put a figure a task behind the choice of an absorber."""
    panels = {
        (absorber,): _per_task(result, keep, partial(draw, result, absorber), scored=scored)
        for absorber in absorbers_of(result)
    }
    return explorer(("absorber",), {key: shown for key, shown in panels.items() if shown})


def _split(result: StudyResult) -> str:
    return str(result.config["config"]["split"])


def _overview(result: StudyResult, keep: Keep) -> list[Panel]:
    def draw(task: str) -> go.Figure:
        return score_figure(
            result.scores, tasks=[task], absorbers=absorbers_of(result), modalities=modalities_of(result),
            learner=main_learner(result), split=_split(result), compared=tasks_of(result),
            groups=group_word(result),
        )  # fmt: skip

    return _per_task(result, keep, draw)


def _findings(result: StudyResult, keep: Keep) -> dict[str, Panel]:
    present = {item.finding for item in result.findings}
    return {
        name: keep(finding_figure(result.findings, finding=name), title)
        for name, title in FINDINGS.items()
        if name in present
    }


def _robustness(result: StudyResult, keep: Keep) -> list[Panel]:
    if not len(result.robustness):
        return []
    names = absorbers_of(result)
    return [
        keep(
            robustness_figure(result.robustness, absorber=name),
            "Mean over absorbers" if name == "all" else name,
        )
        for name in (["all", *names] if len(names) > 1 else names)
    ]


def draw_conditions(result: StudyResult, absorber: str, task: str) -> go.Figure | None:
    """Draw scores of a task under every condition; None where there is none."""
    if not len(select(result.conditions, task=task, absorber=absorber)):
        return None
    return condition_figure(result.conditions, task=task, absorber=absorber)


def draw_shapley(result: StudyResult, task: str) -> go.Figure | None:
    """Draw the Shapley values of the techniques; None where there is none."""
    learner = main_learner(result)
    selected = select(result.contributions, task=task, learner=learner)
    absorbers = [name for name in absorbers_of(result) if name in set(selected["absorber"])]
    return shapley_figure(selected, task=task, learner=learner, absorbers=absorbers) if absorbers else None


def draw_contributions(result: StudyResult, absorber: str, task: str) -> go.Figure | None:
    """Draw what two techniques know alone, both, and only together; None where there is none."""
    names = {"absorber": absorber, "task": task, "learner": main_learner(result)}
    if not len(select(result.contributions, **names)):
        return None
    return overlap_figure(result.contributions, **names)


def explorer(keys: tuple[str, ...], panels: Choices, first: tuple[str, ...] | None = None) -> Explorer:
    """Put panels behind choices; only choices that lead somewhere are offered."""
    if not panels:
        return {}
    choices: list[dict[str, object]] = []
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


def importance_panels(result: StudyResult, keep: Keep) -> Explorer:
    """Draw the importances of every absorber, task and modality, to choose among."""
    learner = main_learner(result)
    placed = result.importances[result.importances["position"].notna()]
    panels: Choices = {}
    for absorber in absorbers_of(result):
        for task in tasks_of(result):
            for modality in modalities_of(result):
                rows = select(placed, absorber=absorber, task=task, modality=modality, learner=learner)
                if not len(rows):
                    continue
                shown = []
                for technique in [name for name in TECHNIQUES if name in set(rows["technique"])]:
                    figure = importance_figure(
                        result.curves, placed, absorber=absorber, task=task, modality=modality,
                        technique=technique, learner=learner,
                    )  # fmt: skip
                    title = short_title(technique)
                    if modality != technique:
                        title += f", read together with {_rest(modality, technique)}"
                    shown.append(keep(figure, title) | {"looks": technique})
                panels[absorber, task, modality] = shown
    pairs = [key for key in panels if "+" in key[2]]
    return explorer(_KEYS, panels, pairs[0] if pairs else None)


def _rest(modality: str, technique: str) -> str:
    return short_title("+".join(part for part in modality.split("+") if part != technique))


def draw_shares(result: StudyResult, task: str) -> go.Figure | None:
    """Draw the share of each technique in the importances; None where there is none."""
    learner = main_learner(result)
    shares = select(result.importances, kind="share", learner=learner)
    if not (shares["task"] == task).any():
        return None
    return share_figure(shares, task=task, learner=learner, modalities=modalities_of(result))


def _predictions(result: StudyResult, keep: Keep) -> Explorer:
    learner = main_learner(result)
    scores = select(result.scores, split=_split(result), view=result.view)
    predictions = select(result.predictions, learner=learner)
    panels: Choices = {}
    for absorber in absorbers_of(result):
        for task in tasks_of(result):
            cell = select(predictions, absorber=absorber, task=task)
            every = []
            for modality in modalities_of(result):
                selected = select(cell, modality=modality)
                if not len(selected):
                    continue
                draw = partial(parity_figure, scores=scores) if is_regression(task) else confusion_figure
                figure = draw(selected, absorber=absorber, task=task, modality=modality, learner=learner)
                every.append(keep(figure, short_title(modality)) | {"looks": modality})
            if len(every) > 1:
                panels[absorber, task, "*"] = every
            for panel in every:
                panels[absorber, task, panel["looks"]] = [panel]
    return explorer(_KEYS, panels)


def draw_learning(result: StudyResult, absorber: str, task: str) -> go.Figure | None:
    """Draw scores against the number of groups learnt from; None where there is none."""
    names = {"absorber": absorber, "task": task, "learner": main_learner(result)}
    if not len(select(result.learning, **names)):
        return None
    modalities, groups = modalities_of(result), group_word(result)
    return learning_figure(result.learning, **names, modalities=modalities, groups=groups)


def draw_splits(result: StudyResult, task: str) -> go.Figure | None:
    """Draw scores of random splits beside the honest ones; None where there is none."""
    learner, split = main_learner(result), _split(result)
    random = select(result.scores, split="random", learner=learner, task=task)
    if split == "random" or not len(random):
        return None
    absorbers = [name for name in absorbers_of(result) if name in set(random["absorber"])]
    modalities = [name for name in modalities_of(result) if name in set(random["modality"])]
    return split_figure(
        result.scores, task=task, absorbers=absorbers, modalities=modalities, learner=learner, split=split
    )


def _classes(result: StudyResult, keep: Keep) -> list[Panel]:
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


def draw_spreads(result: StudyResult, task: str) -> go.Figure | None:
    """Draw how the values of a task are spread; None where there is none."""
    if not is_regression(task) or not len(select(result.predictions, task=task)):
        return None
    return value_figure(result.predictions, task=task)
