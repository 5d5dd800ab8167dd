"""A study in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from edgepair.report.kit.drawings import Drawing, draw_figure
from edgepair.report.kit.embedding import render_tables
from edgepair.report.kit.tables import (
    absorbers_of,
    group_word,
    is_regression,
    main_learner,
    modalities_of,
    tasks_of,
)
from edgepair.report.study import panels
from edgepair.report.study.figure_conditions import robustness_figure
from edgepair.report.study.figure_findings import finding_figure
from edgepair.report.study.figure_importances import importance_figure
from edgepair.report.study.figure_overview import overview_figure
from edgepair.report.study.figure_parity import confusion_figure, parity_figure
from edgepair.report.study.summary import score_table

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from edgepair.study import StudyResult


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
        "shapley": Drawing(partial(panels.draw_shapley, result), one),
        "shares": Drawing(partial(panels.draw_shares, result), one),
        "splits": Drawing(partial(panels.draw_splits, result), one),
        "spreads": Drawing(partial(panels.draw_spreads, result), {"task": values}),
        "conditions": Drawing(partial(panels.draw_conditions, result), cell),
        "contributions": Drawing(partial(panels.draw_contributions, result), cell),
        "learning": Drawing(partial(panels.draw_learning, result), cell),
    }
    return draw_figure(drawings, name, given)
