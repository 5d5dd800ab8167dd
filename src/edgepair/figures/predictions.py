"""Figures of a study for print: one style, what is drawn, and the files that hold it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from edgepair.conventions import TECHNIQUES, OptionError, OutputError
from edgepair.conventions.wording import METRIC_TITLES, capital, number, short_title, task_title
from edgepair.report.kit.marks import DRAWN_DISTANCE, axis_title, curve_title
from edgepair.report.kit.style import modality_colour, modality_symbol, sequence_colours
from edgepair.report.kit.tables import (
    BASELINE,
    about_task,
    absorbers_of,
    confusion_counts,
    is_regression,
    main_learner,
    main_metric,
    main_scores,
    modalities_of,
    select,
    site_means,
    task_axis,
    tasks_of,
)
from edgepair.study import StudyResult

MILLIMETRES = 1 / 25.4
ONE_COLUMN, TWO_COLUMNS = 85 * MILLIMETRES, 175 * MILLIMETRES
"""Widths of a journal's columns, inches."""

_MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "triangle-down": "v", "cross": "P",
    "x": "X", "star": "*", "pentagon": "p", "hexagon": "h",
}  # fmt: skip
"""The symbols of the pages as matplotlib names them."""

_DATES = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}

_MOST_IN_ROW = 4
_PANEL = 46.0

_ROW, _AROUND, _SPREAD = 12.0, 26.0, 0.7
"""Millimetres for an absorber, and for axes and legend; part of a row over which modalities are spread."""

_HEIGHT = 80.0


def in_style() -> AbstractContextManager[None]:
    """Draw and write in this style, whatever the user's own is."""
    style = str(files("edgepair.figures") / "print.mplstyle")
    return matplotlib.style.context(style, after_reset=True)


def look(modality: str) -> tuple[str, str]:
    """Give colour and marker of a modality, those of the pages."""
    return modality_colour(modality), _MARKERS[modality_symbol(modality)]


def plain(title: str) -> str:
    """Write a title of a page, which may hold indices, for print."""
    return re.sub("<sub>(.*?)</sub>", r"$_{\\mathrm{\1}}$", title)


def panels(
    rows: int, columns: int, *, width: float, height: float, **layout: Any
) -> tuple[Figure, list[list[Axes]]]:
    """Make a figure of panels, ``width`` and ``height`` in inches."""
    with in_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **layout)
    grid: list[list[Axes]] = axes.tolist()
    return figure, grid


def write_figures(result: StudyResult, directory: str | Path) -> tuple[Path, ...]:
    """Write every figure of a study as SVG and PDF.

    Parameters
    ----------
    result : StudyResult
        The study.
    directory : path
        Folder; made if it is not there. Files of the same names are replaced.

    Returns
    -------
    tuple of pathlib.Path
        ``scores``, and for each absorber and task ``importances`` and ``confusion`` or ``parity``, where the
        study has them: ``.svg`` and ``.pdf`` each, with text that can be edited.

    Raises
    ------
    OutputError
        The folder cannot be made, or a file not be written.
    """
    folder = Path(directory)
    written = []
    try:
        folder.mkdir(exist_ok=True)
        for name, draw in _drawings(result):
            figure = draw()
            for ending, dates in _DATES.items():
                target = folder / f"{name}.{ending}"
                scratch = folder / f".{name}.{ending}.part"
                with in_style():
                    figure.savefig(scratch, format=ending, metadata=dates)
                written.append(scratch.replace(target))
    except OSError as error:
        raise OutputError(
            f"cannot write the figures to {str(folder)!r}",
            found=error.strerror or str(error),
            needed="a folder that can be made in one that exists, with room for some MB",
            suggestion="choose another folder",
        ) from error
    return tuple(written)


def _drawings(result: StudyResult) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Name the figures for which the study has rows."""
    if len(result.scores):
        yield "scores", partial(draw_scores, result)
    placed = result.importances[result.importances["position"].notna()]
    placed = placed[placed["modality"] == placed["technique"]]
    for absorber, task in _cells(placed):
        draw = partial(draw_importances, result, absorber=absorber, task=task)
        yield f"importances_{absorber}_{task}", draw
    for absorber, task in _cells(result.predictions):
        one, kind = (draw_parity, "parity") if is_regression(task) else (draw_confusion, "confusion")
        yield f"{kind}_{absorber}_{task}", partial(one, result, absorber=absorber, task=task)


def _cells(table: pd.DataFrame) -> list[tuple[str, str]]:
    """List the absorbers and tasks of a table."""
    return list(dict.fromkeys(zip(table["absorber"].astype(str), table["task"].astype(str), strict=True)))


def draw_confusion(result: StudyResult, *, absorber: str, task: str) -> Figure:
    """Draw how often each class was predicted for each true one.

    Parameters
    ----------
    result : StudyResult
        The study.
    absorber, task : str
        What is drawn; a task with classes.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per modality: numbers of predictions, all rounds of folds together, on the share of the true
        class.

    Raises
    ------
    OptionError
        The study has no such predictions.
    """
    figure, drawn = _panels(result, absorber, task, regression=False)
    with in_style():
        for panel, modality, rows in drawn:
            names, counts = confusion_counts(rows)
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            colours = LinearSegmentedColormap.from_list(modality, ["white", modality_colour(modality)])
            panel.imshow(share, cmap=colours, vmin=0, vmax=1)
            for (row, column), count in np.ndenumerate(counts):
                ink = "white" if share[row, column] > 0.6 else "black"
                panel.text(column, row, f"{count}", ha="center", va="center", color=ink, fontsize=6)
            panel.set_xticks(range(len(names)), [str(name) for name in names])
            panel.set_yticks(range(len(names)), [str(name) for name in names])
            panel.spines[:].set_visible(True)
    return figure


def draw_parity(result: StudyResult, *, absorber: str, task: str) -> Figure:
    """Draw predicted against true values.

    Parameters
    ----------
    result : StudyResult
        The study.
    absorber, task : str
        What is drawn; a task with values.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per modality: the mean over rounds of folds of each site, in the task's unit (Å), with the
        main score.

    Raises
    ------
    OptionError
        The study has no such predictions.
    """
    figure, drawn = _panels(result, absorber, task, regression=True)
    split = str(result.config["config"]["split"])
    scores = main_scores(result.scores, task=task, learner=main_learner(result), split=split)
    with in_style():
        for panel, modality, rows in drawn:
            means = site_means(rows)
            x, y = means["true"].to_numpy(float), means["predicted"].to_numpy(float)
            ends = [min(x.min(), y.min()), max(x.max(), y.max())]
            panel.plot(ends, ends, color="0.6", linewidth=0.6)
            panel.scatter(x, y, s=3, linewidth=0, alpha=0.5, color=modality_colour(modality))
            panel.set_aspect("equal")
            for value in select(scores, absorber=absorber, modality=modality)["value"].to_list()[:1]:
                label = {"r2": "R²"}.get(main_metric(task), main_metric(task))
                panel.text(0.05, 0.95, f"{label} {number(value, 2)}", transform=panel.transAxes, va="top")
    return figure


def _panels(
    result: StudyResult, absorber: str, task: str, *, regression: bool
) -> tuple[Figure, list[tuple[Axes, str, pd.DataFrame]]]:
    """Make a panel for each modality that has predictions, with their rows."""
    rows = select(result.predictions, absorber=absorber, task=task, learner=main_learner(result))
    modalities = [name for name in modalities_of(result) if name in set(rows["modality"])]
    if not modalities or is_regression(task) is not regression:
        raise OptionError(
            f"cannot draw predictions of {absorber}, {task}",
            found="none in the study" if not modalities else "a task of the other kind",
            needed="an absorber and a task that were studied; classes for confusion, values for parity",
            suggestion="look at result.predictions",
        )
    columns = min(len(modalities), _MOST_IN_ROW)
    n_rows = -(-len(modalities) // columns)
    height = (_PANEL * n_rows + 8) * MILLIMETRES
    figure, axes = panels(n_rows, columns, width=TWO_COLUMNS * columns / _MOST_IN_ROW, height=height)
    every = [panel for line in axes for panel in line]
    for panel in every[len(modalities) :]:
        panel.remove()
    drawn = list(zip(every, modalities, strict=False))
    with in_style():
        for panel, modality in drawn:
            panel.set_title(short_title(modality))
        figure.supxlabel(f"predicted {task_axis(task)}", fontsize=7)
        figure.supylabel(f"true {task_axis(task)}", fontsize=7)
        if regression:
            figure.supxlabel(f"true {task_axis(task)}", fontsize=7)
            figure.supylabel(f"predicted {task_axis(task)}", fontsize=7)
    return figure, [(panel, modality, select(rows, modality=modality)) for panel, modality in drawn]


def draw_scores(result: StudyResult) -> Figure:
    """Draw the main score of every absorber, task and modality.

    Parameters
    ----------
    result : StudyResult
        The study.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per task, a row per absorber: scores (pure numbers) with 95 % intervals; a grey tick marks
        the baseline.
    """
    result = result.in_view(result.view)
    absorbers, tasks, modalities = absorbers_of(result), tasks_of(result), modalities_of(result)
    names = {"learner": main_learner(result), "split": str(result.config["config"]["split"])}
    height = (_AROUND + _ROW * len(absorbers)) * MILLIMETRES
    figure, axes = panels(1, len(tasks), width=TWO_COLUMNS, height=height, sharey=True)
    with in_style():
        for task, panel in zip(tasks, axes[0], strict=True):
            scores = main_scores(result.scores, task=task, **names)
            floor = main_scores(result.scores, task=task, learner=BASELINE, split=names["split"])
            for row, absorber in enumerate(absorbers):
                value = select(floor, absorber=absorber)["value"].to_numpy(float)[:1]
                panel.vlines(value, row - 0.4, row + 0.4, color="0.6", linewidth=0.8, linestyle=":")
            for k, modality in enumerate(modalities):
                rows = select(scores, modality=modality)
                shift = _SPREAD * ((k + 0.5) / len(modalities) - 0.5)
                y = np.array([absorbers.index(name) for name in rows["absorber"]]) + shift
                x, low, high = (rows[name].to_numpy(float) for name in ("value", "lower", "upper"))
                error, title = [x - low, high - x], short_title(modality)
                colour, marker = look(modality)
                panel.errorbar(x, y, xerr=error, label=title, linestyle="none", color=colour, marker=marker)
            panel.set_xlabel(METRIC_TITLES[main_metric(task)])
            panel.set_title(capital(task_title(task)))
        axes[0][0].set_yticks(range(len(absorbers)), absorbers)
        axes[0][0].set_ylim(len(absorbers) - 0.5, -0.5)
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(5, len(labels)))
    return figure


def draw_importances(result: StudyResult, *, absorber: str, task: str) -> Figure:
    """Draw where along each technique's mean curves the answer was found.

    Parameters
    ----------
    result : StudyResult
        The study.
    absorber, task : str
        What is drawn.

    Returns
    -------
    matplotlib.figure.Figure
        A column per technique, read alone: the mean curve of each class with its 16th to 84th percentile
        against eV or Å, and under it the fall of the main score when a window is permuted, with 95 %
        intervals; in a quick study the impurity importance of each point, %.

    Raises
    ------
    OptionError
        The study has no importances of that absorber and task.
    """
    rows = select(result.importances, absorber=absorber, task=task, learner=main_learner(result))
    rows = rows[rows["position"].notna() & (rows["modality"] == rows["technique"])]
    techniques = [name for name in TECHNIQUES if name in set(rows["technique"])]
    if not techniques:
        raise OptionError(
            f"cannot draw importances of {absorber}, {task}",
            found="none in the study",
            needed="an absorber, a task and single techniques that were studied",
            suggestion="look at result.importances",
        )
    width = ONE_COLUMN if len(techniques) == 1 else TWO_COLUMNS
    figure, axes = panels(
        2, len(techniques), width=width, height=_HEIGHT * MILLIMETRES, sharex="col",
        gridspec_kw={"height_ratios": (2.2, 1)},
    )  # fmt: skip
    with in_style():
        for column, technique in enumerate(techniques):
            shown = select(result.curves, absorber=absorber, task=task, technique=technique)
            if TECHNIQUES[technique].axis == "r":
                shown = shown[shown["position"] <= DRAWN_DISTANCE]
            _curves(axes[0][column], shown, task)
            axes[0][column].set_title(short_title(technique))
            axes[0][column].set_ylabel(plain(curve_title(technique, absorber)))
            _bars(axes[1][column], select(rows, technique=technique), task)
            axes[1][column].set_xlabel(axis_title(technique))
            if len(shown):
                axes[1][column].set_xlim(shown["position"].min(), shown["position"].max())
    return figure


def _curves(panel: Axes, curves: pd.DataFrame, task: str) -> None:
    groups = list(dict.fromkeys(curves["group"].astype(str)))
    symbol = "" if is_regression(task) else about_task(task).symbol + " "
    for group, colour in zip(groups, sequence_colours(len(groups)), strict=True):
        rows = curves[curves["group"].astype(str) == group].sort_values("position")
        x, low, high = (rows[name].to_numpy(float) for name in ("position", "lower", "upper"))
        panel.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
        panel.plot(x, rows["mean"], color=colour, label=f"{symbol}{group} ({int(rows['n_sites'].iloc[0])})")
    panel.legend()


def _bars(panel: Axes, rows: pd.DataFrame, task: str) -> None:
    permuted = rows[rows["kind"] == "permutation"]
    shown = permuted if len(permuted) else rows[rows["kind"] == "impurity"]
    scale = 1.0 if len(permuted) else 100.0
    low, high, value = (shown[name].to_numpy(float) for name in ("position_low", "position_high", "value"))
    step = float(np.median(np.diff(np.sort(shown["position"].to_numpy(float))))) if len(shown) > 1 else 1.0
    colour = modality_colour(str(rows["technique"].iloc[0]))
    panel.bar(
        (low + high) / 2, scale * value, width=np.where(high > low, 0.9 * (high - low), step), color=colour
    )
    if len(permuted):
        error = [value - shown["lower"].to_numpy(float), shown["upper"].to_numpy(float) - value]
        panel.errorbar((low + high) / 2, value, yerr=np.maximum(error, 0), linestyle="none", color="0.2")
    metric = METRIC_TITLES[main_metric(task)].split()[-1]
    panel.set_ylabel(f"Δ{metric}" if len(permuted) else "importance (%)")
