"""The report: one HTML file, and the figures it is made of."""

from typing import TYPE_CHECKING

from edgepair._lazy import lazy_names

if TYPE_CHECKING:
    from edgepair.report.advice import advice_figure, write_advice
    from edgepair.report.citing import Citation, cite
    from edgepair.report.dataset import class_curve_figure, site_figure
    from edgepair.report.interpretation.figure_learned import (
        agreement_figure,
        dependence_figure,
        movement_curve_figure,
        movement_figure,
        shuffled_labels_figure,
    )
    from edgepair.report.interpretation.figure_regions import group_figure, point_figure, region_figure
    from edgepair.report.interpretation.page import render_interpretation, write_interpretation
    from edgepair.report.interpretation.sample_page import sample_region_figure, write_sample_reasons
    from edgepair.report.kit.style import modality_colour, modality_symbol
    from edgepair.report.study.figure_contributions import overlap_figure, shapley_figure, share_figure
    from edgepair.report.study.figure_findings import condition_figure, finding_figure, robustness_figure
    from edgepair.report.study.figure_importances import importance_figure
    from edgepair.report.study.figure_overview import (
        learning_figure,
        overview_figure,
        score_figure,
        split_figure,
    )
    from edgepair.report.study.figure_parity import (
        class_figure,
        confusion_figure,
        parity_figure,
        value_figure,
    )
    from edgepair.report.study.page import render_study, write_study
    from edgepair.report.study.summary import summarise_study

__all__ = [
    "Citation",
    "advice_figure",
    "agreement_figure",
    "cite",
    "class_curve_figure",
    "class_figure",
    "condition_figure",
    "confusion_figure",
    "dependence_figure",
    "finding_figure",
    "group_figure",
    "importance_figure",
    "learning_figure",
    "modality_colour",
    "modality_symbol",
    "movement_curve_figure",
    "movement_figure",
    "overlap_figure",
    "overview_figure",
    "parity_figure",
    "point_figure",
    "region_figure",
    "render_interpretation",
    "render_study",
    "robustness_figure",
    "sample_region_figure",
    "score_figure",
    "shapley_figure",
    "share_figure",
    "shuffled_labels_figure",
    "site_figure",
    "split_figure",
    "summarise_study",
    "value_figure",
    "write_advice",
    "write_interpretation",
    "write_sample_reasons",
    "write_study",
]

__getattr__, __dir__ = lazy_names(__name__, __file__)
