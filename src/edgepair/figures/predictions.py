"""Held-out predictions: confusion and parity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from edgepair.conventions import OptionError
from edgepair.conventions.wording import number, short_title
from edgepair.figures.style import MILLIMETRES, TWO_COLUMNS, in_style, panels
from edgepair.report.kit.style import modality_colour
from edgepair.report.kit.tables import (
    confusion_counts,
    is_regression,
    main_learner,
    main_metric,
    main_scores,
    modalities_of,
    select,
    site_means,
    task_axis,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from edgepair.study import StudyResult

_MOST_IN_ROW = 4
_PANEL = 46.0


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
