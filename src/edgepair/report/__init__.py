"""The report: one HTML file, and the figures it is made of."""

from edgepair.report.figures_confusion import confusion_figure
from edgepair.report.figures_contributions import overlap_figure, shapley_figure
from edgepair.report.figures_data import class_figure, value_figure
from edgepair.report.figures_findings import finding_figure
from edgepair.report.figures_importances import importance_figure
from edgepair.report.figures_learning import learning_figure
from edgepair.report.figures_overview import overview_figure, score_figure
from edgepair.report.figures_parity import parity_figure
from edgepair.report.figures_shares import share_figure
from edgepair.report.figures_splits import split_figure
from edgepair.report.html import render_study, write_study
from edgepair.report.style import modality_colour, modality_symbol
from edgepair.report.summary import summarise_study

__all__ = [
    "class_figure",
    "confusion_figure",
    "finding_figure",
    "importance_figure",
    "learning_figure",
    "modality_colour",
    "modality_symbol",
    "overlap_figure",
    "overview_figure",
    "parity_figure",
    "render_study",
    "score_figure",
    "shapley_figure",
    "share_figure",
    "split_figure",
    "summarise_study",
    "value_figure",
    "write_study",
]
