"""Importances on mean spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TECHNIQUES, OptionError
from edgepair.conventions.wording import METRIC_TITLES, short_title
from edgepair.figures.style import MILLIMETRES, ONE_COLUMN, TWO_COLUMNS, in_style, panels, plain
from edgepair.report.kit.marks import DRAWN_DISTANCE, axis_title, curve_title
from edgepair.report.kit.style import modality_colour, sequence_colours
from edgepair.report.kit.tables import about_task, is_regression, main_learner, main_metric, select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from edgepair.study import StudyResult

_HEIGHT = 80.0


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
