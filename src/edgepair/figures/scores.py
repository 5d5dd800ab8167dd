"""Scores by technique."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions.wording import METRIC_TITLES, capital, short_title, task_title
from edgepair.figures.style import MILLIMETRES, TWO_COLUMNS, in_style, look, panels
from edgepair.report.kit.tables import (
    BASELINE,
    absorbers_of,
    main_learner,
    main_metric,
    main_scores,
    modalities_of,
    select,
    tasks_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from edgepair.study import StudyResult

_ROW, _AROUND, _SPREAD = 12.0, 26.0, 0.7
"""Millimetres for an absorber, and for axes and legend; part of a row over which modalities are spread."""


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
