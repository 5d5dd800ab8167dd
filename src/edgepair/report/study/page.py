"""One file that holds the whole report: text, tables, figures and the program that draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import plotly.graph_objects as go

from edgepair.conventions import TASKS, TECHNIQUES, OutputError
from edgepair.conventions.wording import METRIC_TITLES, capital, short_title, task_title
from edgepair.files.writing import write_whole
from edgepair.report.kit.embedding import (
    Drawing,
    Explorer,
    FigureShelf,
    Panel,
    draw_figure,
    render_page,
    render_tables,
)
from edgepair.report.kit.style import modality_colour, modality_symbol
from edgepair.report.kit.tables import (
    MOST_SITES,
    absorbers_of,
    group_word,
    is_regression,
    main_learner,
    main_metric,
    modalities_of,
    select,
    tasks_of,
)
from edgepair.report.study.figure_contributions import (
    overlap_figure,
    part_colour,
    shapley_figure,
    share_figure,
)
from edgepair.report.study.figure_findings import condition_figure, finding_figure, robustness_figure
from edgepair.report.study.figure_importances import importance_figure
from edgepair.report.study.figure_overview import learning_figure, overview_figure, score_figure, split_figure
from edgepair.report.study.figure_parity import class_figure, confusion_figure, parity_figure, value_figure
from edgepair.report.study.summary import score_table, summarise_study
from edgepair.study import FINDINGS, StudyResult

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
                        rest = "+".join(part for part in modality.split("+") if part != technique)
                        title += f", read together with {short_title(rest)}"
                    shown.append(keep(figure, title) | {"looks": technique})
                panels[absorber, task, modality] = shown
    pairs = [key for key in panels if "+" in key[2]]
    return explorer(_KEYS, panels, pairs[0] if pairs else None)


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


REPORT_NAME = "report.html"
SYMBOL_PATHS = {
    "circle": "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z",
    "square": "M3 3h10v10h-10z",
    "diamond": "M8 1.5l6.5 6.5l-6.5 6.5l-6.5-6.5z",
    "triangle-up": "M8 2l6.5 11.5h-13z",
    "triangle-down": "M8 14l6.5-11.5h-13z",
    "cross": "M5.8 1.5h4.4v4.3h4.3v4.4h-4.3v4.3h-4.4v-4.3h-4.3v-4.4h4.3z",
    "x": "M4.6 1.5l3.4 3.4l3.4-3.4l3.1 3.1l-3.4 3.4l3.4 3.4"
    "l-3.1 3.1l-3.4-3.4l-3.4 3.4l-3.1-3.1l3.4-3.4l-3.4-3.4z",
    "pentagon": "M8 1.5l6.5 4.8l-2.5 7.7h-8l-2.5-7.7z",
    "hexagon": "M4.5 2h7l3.5 6l-3.5 6h-7l-3.5-6z",
    "star": "M8 1l1.9 4.9l5.1.2l-4 3.3l1.4 5.1l-4.4-2.9l-4.4 2.9l1.4-5.1l-4-3.3l5.1-.2z",
}
"""The symbols of the figures, for legends outside them."""


def write_study(result: StudyResult, directory: str | Path) -> Path:
    """Write the report of a study beside its tables.

    Parameters
    ----------
    result : StudyResult
        The study.
    directory : str or Path
        Folder that `StudyResult.save` made.

    Returns
    -------
    pathlib.Path
        ``report.html`` in that folder: one file that opens without a network.

    Raises
    ------
    OutputError
        The folder is not there, or cannot be written.
    """
    folder = Path(directory)
    target = folder / REPORT_NAME
    if not folder.is_dir():
        raise OutputError(
            f"cannot write the report to {str(target)!r}",
            found="a file" if folder.exists() else "no such folder",
            needed="the folder of a saved study, with room for about 8 MB",
            suggestion="save the study there first, with StudyResult.save",
        )
    if result.config["config"].get("protocol") == "published":
        from edgepair.report.study.published_page import render_published as render
    else:
        render = render_study
    return write_whole(
        target,
        render(result),
        what="the report",
        suggestion="save the study there first, with StudyResult.save",
    )


def render_study(result: StudyResult) -> str:
    """Make the text of the report.

    Parameters
    ----------
    result : StudyResult
        The study.

    Returns
    -------
    str
        A whole HTML page.
    """
    from edgepair.features.pdf import R_LAST

    shelf = FigureShelf()
    panels = collect_panels(result, shelf.keep)
    explorers = collect_explorers(result, shelf.keep)
    content = {
        "study": summarise_study(result),
        "panels": {**panels, **explorers},
        "most_sites": MOST_SITES,
        "pdf_last": R_LAST,
        "colour": modality_colour,
        "part_colour": part_colour,
        "symbol_path": lambda name: SYMBOL_PATHS.get(modality_symbol(name), SYMBOL_PATHS["circle"]),
    }
    return render_page("report.html.j2", content, shelf, explorers)


def tables(item: StudyResult) -> str:
    """Lay out all scores."""
    found = [finding.sentence for finding in item.findings if finding.absorber == "all"]
    scores = [score_table(item, name) for name in tasks_of(item)]
    content = {"study_scores": scores, "groups": group_word(item), "other_view": len(item.views) > 1}
    return render_tables("Scores, with 95 % intervals", found, content)


def draw(item: StudyResult, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``scores``, ``confusion``, ``parity``, ``importances`` and the other figures of the page."""
    result = item.in_view(item.view)
    learner = main_learner(result)
    absorbers, tasks = absorbers_of(result), tasks_of(result)
    values = [task for task in tasks if is_regression(task)]
    techniques = list(dict.fromkeys(result.importances["technique"].dropna().astype(str)))
    one, cell = {"task": tasks}, {"absorber": absorbers, "task": tasks}
    whole = cell | {"modality": modalities_of(result)}
    classes = whole | {"task": [task for task in tasks if task not in values]}
    robust = list(dict.fromkeys(result.robustness["absorber"].astype(str)))
    findings = list(dict.fromkeys(finding.finding for finding in result.findings))
    placed = result.importances[result.importances["position"].notna()]
    drawn = result.predictions
    drawings = {
        "scores": Drawing(partial(overview_figure, result), {}),
        "finding": Drawing(partial(finding_figure, result.findings), {"finding": findings}),
        "confusion": Drawing(partial(confusion_figure, drawn, learner=learner), classes),
        "parity": Drawing(partial(parity_figure, drawn, learner=learner), whole | {"task": values}),
        "importances": Drawing(
            partial(importance_figure, result.curves, placed, learner=learner),
            whole | {"technique": techniques},
        ),
        "robustness": Drawing(partial(robustness_figure, result.robustness), {"absorber": robust}),
        "shapley": Drawing(partial(draw_shapley, result), one),
        "shares": Drawing(partial(draw_shares, result), one),
        "splits": Drawing(partial(draw_splits, result), one),
        "spreads": Drawing(partial(draw_spreads, result), {"task": values}),
        "conditions": Drawing(partial(draw_conditions, result), cell),
        "contributions": Drawing(partial(draw_contributions, result), cell),
        "learning": Drawing(partial(draw_learning, result), cell),
    }
    return draw_figure(drawings, name, given)
