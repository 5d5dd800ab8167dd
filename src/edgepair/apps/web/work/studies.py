"""What the page Study shows and runs, in another process: each function calls public ones of edgepair."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.settings import Source
from edgepair.apps.web.work.words import Drawn, Figure, in_visitors_words, plain_figure
from edgepair.conventions import TASKS, TECHNIQUES, EdgepairError
from edgepair.conventions.wording import interval, number, short_title

if TYPE_CHECKING:
    from edgepair.conventions import Progress
    from edgepair.study import StudyResult

_REMEMBERED = 3
"""Studies that are kept in memory: about 100 MB each."""

ALL = "*"
"""In the place of a modality: all of them side by side."""

_FILES = ("scores.csv", "predictions.csv", "importances.csv", "learning.csv", "curves.csv",
          "contributions.csv", "robustness.csv", "conditions.csv", "findings.json", "study.json")  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a study lies."""

    folder: Path
    name: str


@dataclass(frozen=True)
class Order:
    """A study that a visitor asks for."""

    sources: tuple[Source, ...]
    tasks: tuple[str, ...]
    quick: bool
    contributions: bool

    @property
    def title(self) -> str:
        """What is studied, and how thoroughly."""
        depth = "quick" if self.quick else "default settings"
        return f"{', '.join(source.name for source in self.sources)} ({depth})"


@dataclass(frozen=True)
class CellShown:
    """One absorber, task and modality, or all modalities side by side."""

    metrics: tuple[str, ...]
    rows: list[tuple[str, str, list[tuple[str, str]]]]
    answers: list[Drawn]
    importances: list[Drawn]
    more: list[Drawn]
    legend: list[tuple[str, str]]
    words: tuple[str, ...]


def describe(place: Place, learner: str) -> dict[str, Any]:
    """Say what a study found, and draw all scores."""
    from edgepair.report import finding_figure, robustness_figure, score_figure

    whole, told = _load(place)
    result = whole.in_view(whole.view)
    drawn = learner if learner in told["learners"] else told["learner"]

    def scores(view: str, name: str) -> Figure:
        figure = score_figure(
            whole.in_view(view).scores,
            tasks=[task["name"] for task in told["tasks"]],
            absorbers=told["absorbers"],
            modalities=[modality["name"] for modality in told["modalities"]],
            learner=name,
            split=told["split"],
            legend=True,
            groups=told["groups"],
        )
        return plain_figure(figure)

    other = scores(whole.views[1], told["learner"]) if len(whole.views) > 1 else None
    named = "all" if len(told["absorbers"]) > 1 else told["absorbers"][0]
    tested = robustness_figure(result.robustness, absorber=named) if len(result.robustness) else None
    return told | {
        "figure": scores(whole.view, drawn),
        "other_figure": other,
        "robustness_figure": None if tested is None else plain_figure(tested),
        "drawn": drawn,
        "finding_figures": {
            item["finding"]: plain_figure(finding_figure(result.findings, finding=item["finding"]))
            for item in told["findings"]
        },
    }


def draw_cell(place: Place, absorber: str, task: str, modality: str, learner: str) -> CellShown:
    """Draw what a study found of one absorber and task."""
    result, told = _load(place)
    names: dict[str, Any] = {"absorber": absorber, "task": task, "learner": learner}
    modalities = [one["name"] for one in told["modalities"] if modality in (one["name"], ALL)]
    metrics, rows = _scores(told, names)
    words = tuple(
        item["text"]
        for item in told["contributions"].get("words", [])
        if item["absorber"] == absorber and item["task_title"] == _title(told, task)
    )
    contributions, legend = _contributions(result, told, names)
    return CellShown(
        metrics,
        rows,
        _answers(result, told, names, modalities),
        _importances(result, names, modality),
        [*_learning(result, told, names), *contributions],
        legend,
        words,
    )


def run(order: Order, place: Place, on_progress: Callable[[float, float, str], None]) -> Place:
    """Run a study and keep it."""
    from edgepair.apps.web.work.datasets import open_source
    from edgepair.study import run_study

    def report(progress: Progress) -> None:
        on_progress(progress.done, progress.total, progress.text)

    on_progress(0.0, 0.0, "opening the data")
    result = run_study(
        [open_source(source) for source in order.sources],
        tasks=order.tasks,
        quick=order.quick,
        contributions=order.contributions,
        on_progress=report,
    )
    result.save(place.folder)
    return place


def page(place: Place) -> str:
    """Write the report of a study, or take the one that was written with it."""
    from edgepair.report import render_study

    written = place.folder / "report.html"
    return written.read_text(encoding="utf-8") if written.is_file() else render_study(_load(place)[0])


def tables(place: Place) -> bytes:
    """Pack the tables of a study."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _FILES:
            if (place.folder / name).is_file():
                archive.write(place.folder / name, name)
    return packed.getvalue()


def _load(place: Place) -> tuple[StudyResult, dict[str, Any]]:
    written = place.folder / "study.json"
    try:
        return _read(place.folder, written.stat().st_mtime_ns if written.is_file() else 0)
    except EdgepairError as error:
        raise in_visitors_words(error, {place.folder: place.name}) from None


@lru_cache(maxsize=_REMEMBERED)
def _read(folder: Path, _changed: int) -> tuple[StudyResult, dict[str, Any]]:
    from edgepair.report import summarise_study
    from edgepair.study import StudyResult

    result = StudyResult.load(folder)
    return result, summarise_study(result)


def _title(told: dict[str, Any], task: str) -> str:
    return next((str(one["title"]) for one in told["tasks"] if one["name"] == task), task)


def _scores(
    told: dict[str, Any], names: dict[str, str]
) -> tuple[tuple[str, ...], list[tuple[str, str, list[tuple[str, str]]]]]:
    """Take the rows of one absorber, task and learner from the table of scores, baseline last."""
    for table in told["scores"]:
        if table["name"] != names["task"]:
            continue
        metrics = tuple(
            f"{one['title']} ({one['unit']})" if one["unit"] else one["title"] for one in table["metrics"]
        )
        rows = []
        for row in table["rows"]:
            place = (row["absorber"], row["split"], row["view"])
            here = place == (names["absorber"], told["split"], told["view"])
            if here and row["learner"] in (names["learner"], "baseline"):
                cells = [
                    (number(value["value"]), interval(value["lower"], value["upper"])) if value else ("–", "")
                    for value in row["values"]
                ]
                rows.append((row["modality_title"] or "baseline: no curve", row["modality"], cells))
        return metrics, rows
    return (), []


def _answers(
    result: StudyResult, told: dict[str, Any], names: dict[str, Any], modalities: Sequence[str]
) -> list[Drawn]:
    from edgepair.report import confusion_figure, parity_figure
    from edgepair.report.kit.tables import select

    shown = []
    for modality in modalities:
        mine = select(result.predictions, **names, modality=modality)
        if not len(mine):
            continue
        if names["task"] in TASKS and TASKS[names["task"]].kind == "regression":
            scores = select(result.scores, split=told["split"], view=told["view"])
            figure = parity_figure(mine, scores=scores, **names, modality=modality)
            title = f"{short_title(modality)}: predicted against true"
        else:
            figure = confusion_figure(mine, **names, modality=modality)
            title = f"{short_title(modality)}: true class against predicted, numbers of answers"
        shown.append((title, plain_figure(figure)))
    return shown


def _importances(result: StudyResult, names: dict[str, str], modality: str) -> list[Drawn]:
    from edgepair.report import importance_figure
    from edgepair.report.kit.tables import select

    placed = result.importances[result.importances["position"].notna()]
    rows = select(placed, **names, modality=modality)
    shown = []
    for technique in [name for name in TECHNIQUES if name in set(rows["technique"])]:
        figure = importance_figure(result.curves, placed, **names, modality=modality, technique=technique)
        title = f"Where {short_title(technique)} is read"
        if modality != technique:
            title += f", within {short_title(modality)}"
        shown.append((title, plain_figure(figure)))
    return shown


def _learning(result: StudyResult, told: dict[str, Any], names: dict[str, str]) -> list[Drawn]:
    from edgepair.report import learning_figure
    from edgepair.report.kit.tables import select

    if not len(select(result.learning, **names)):
        return []
    modalities = [one["name"] for one in told["modalities"]]
    figure = learning_figure(result.learning, **names, modalities=modalities, groups=told["groups"])
    figure.update_layout(showlegend=True)
    return [(f"Score against the number of training {told['groups']}", plain_figure(figure))]


def _contributions(
    result: StudyResult, told: dict[str, Any], names: dict[str, str]
) -> tuple[list[Drawn], list[tuple[str, str]]]:
    from edgepair.report.kit.tables import select
    from edgepair.report.study.figure_contributions import overlap_figure, part_colour, shapley_figure

    if not len(select(result.contributions, **names)):
        return [], []
    absorber = names["absorber"]
    mine = select(result.contributions, absorber=absorber)
    shares = shapley_figure(mine, task=names["task"], learner=names["learner"], absorbers=[absorber])
    figures = [
        ("What each technique contributes: Shapley values", plain_figure(shares)),
        (
            "What two sides have alone, share, and have only together",
            plain_figure(overlap_figure(mine, **names)),
        ),
    ]
    return figures, [(part["title"], part_colour(part["name"])) for part in told["contributions"]["parts"]]
