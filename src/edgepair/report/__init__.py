"""The report: one HTML file, and the figures it is made of."""

from typing import TYPE_CHECKING

from edgepair.conventions.lazy import lazy_names

if TYPE_CHECKING:
    from edgepair.report.advice.figure import advice_figure
    from edgepair.report.advice.page import write_advice
    from edgepair.report.citing import Citation, cite
    from edgepair.report.interpretation.figure_groups import group_figure
    from edgepair.report.interpretation.figure_learned import (
        dependence_figure,
        movement_curve_figure,
        movement_figure,
    )
    from edgepair.report.interpretation.figure_regions import point_figure, region_figure
    from edgepair.report.interpretation.figure_stability import agreement_figure, shuffled_labels_figure
    from edgepair.report.interpretation.page import render_interpretation, write_interpretation
    from edgepair.report.interpretation.sample_page import sample_region_figure, write_sample_reasons
    from edgepair.report.kit.style import modality_colour, modality_symbol
    from edgepair.report.measured.figure_sites import class_curve_figure, site_figure
    from edgepair.report.study.figure_conditions import condition_figure, robustness_figure
    from edgepair.report.study.figure_contributions import overlap_figure, shapley_figure
    from edgepair.report.study.figure_data import class_figure, value_figure
    from edgepair.report.study.figure_findings import finding_figure
    from edgepair.report.study.figure_importances import importance_figure
    from edgepair.report.study.figure_learning import learning_figure
    from edgepair.report.study.figure_overview import overview_figure, score_figure
    from edgepair.report.study.figure_parity import confusion_figure, parity_figure
    from edgepair.report.study.figure_shares import share_figure
    from edgepair.report.study.figure_splits import split_figure
    from edgepair.report.study.page import render_study, write_study
    from edgepair.report.study.summary import summarise_study

_HOMES = {
    "Citation": "edgepair.report.citing",
    "advice_figure": "edgepair.report.advice.figure",
    "agreement_figure": "edgepair.report.interpretation.figure_stability",
    "cite": "edgepair.report.citing",
    "class_curve_figure": "edgepair.report.measured.figure_sites",
    "class_figure": "edgepair.report.study.figure_data",
    "condition_figure": "edgepair.report.study.figure_conditions",
    "confusion_figure": "edgepair.report.study.figure_parity",
    "dependence_figure": "edgepair.report.interpretation.figure_learned",
    "finding_figure": "edgepair.report.study.figure_findings",
    "group_figure": "edgepair.report.interpretation.figure_groups",
    "importance_figure": "edgepair.report.study.figure_importances",
    "learning_figure": "edgepair.report.study.figure_learning",
    "modality_colour": "edgepair.report.kit.style",
    "modality_symbol": "edgepair.report.kit.style",
    "movement_curve_figure": "edgepair.report.interpretation.figure_learned",
    "movement_figure": "edgepair.report.interpretation.figure_learned",
    "overlap_figure": "edgepair.report.study.figure_contributions",
    "overview_figure": "edgepair.report.study.figure_overview",
    "parity_figure": "edgepair.report.study.figure_parity",
    "point_figure": "edgepair.report.interpretation.figure_regions",
    "region_figure": "edgepair.report.interpretation.figure_regions",
    "render_interpretation": "edgepair.report.interpretation.page",
    "render_study": "edgepair.report.study.page",
    "robustness_figure": "edgepair.report.study.figure_conditions",
    "sample_region_figure": "edgepair.report.interpretation.sample_page",
    "score_figure": "edgepair.report.study.figure_overview",
    "shapley_figure": "edgepair.report.study.figure_contributions",
    "share_figure": "edgepair.report.study.figure_shares",
    "shuffled_labels_figure": "edgepair.report.interpretation.figure_stability",
    "site_figure": "edgepair.report.measured.figure_sites",
    "split_figure": "edgepair.report.study.figure_splits",
    "summarise_study": "edgepair.report.study.summary",
    "value_figure": "edgepair.report.study.figure_data",
    "write_advice": "edgepair.report.advice.page",
    "write_interpretation": "edgepair.report.interpretation.page",
    "write_sample_reasons": "edgepair.report.interpretation.sample_page",
    "write_study": "edgepair.report.study.page",
}

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
