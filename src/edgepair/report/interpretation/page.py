"""One file that says why: regions, what was learned, how reliable it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    count,
    counted,
    listed,
    short_title,
    task_title,
)
from edgepair.features.pdf import R_LAST
from edgepair.interpretation import Interpretation
from edgepair.report.citing import INTERPRETATION_REFERENCES, references
from edgepair.report.interpretation.figure_learned import (
    agreement_figure,
    dependence_figure,
    movement_curve_figure,
    movement_figure,
    shuffled_labels_figure,
)
from edgepair.report.interpretation.figure_regions import (
    MOST_GROUPS,
    group_figure,
    point_figure,
    region_figure,
)
from edgepair.report.interpretation.words import (
    cells_of,
    importance_rows,
    learned_sentences,
    modalities_in,
    range_of_region,
    region_sentences,
    stability_sentences,
)
from edgepair.report.kit.embedding import (
    Drawing,
    Explorer,
    FigureShelf,
    draw_figure,
    render_methods,
    render_page,
    render_tables,
    write_page,
)
from edgepair.report.kit.tables import in_order, is_regression, main_metric, select, skipped_row
from edgepair.report.study.figure_contributions import overlap_figure, shapley_figure
from edgepair.report.study.methods import RANDOM_BANNER
from edgepair.report.study.page import explorer

Drawn = Iterator[tuple[str, "go.Figure | None"]]
"""Captions and figures."""

_KEYS = ("absorber", "task")


def collect_interpretation(result: Interpretation, shelf: FigureShelf) -> dict[str, Explorer]:
    """Draw every figure of the page."""
    draw: dict[str, Callable[[Interpretation, str, str], Drawn]] = {
        "techniques": _techniques,
        "regions": _regions,
        "points": _points,
        "clusters": _clusters,
        "learned": _learned,
        "stability": _stability,
    }
    cells = cells_of(result)
    explorers = {}
    for name, figures in draw.items():
        panels = {
            cell: [
                shelf.keep(figure, title) for title, figure in figures(result, *cell) if figure is not None
            ]
            for cell in cells
        }
        explorers[name] = explorer(_KEYS, {cell: shown for cell, shown in panels.items() if shown})
    return explorers


def _techniques(result: Interpretation, absorber: str, task: str) -> Drawn:
    rows = select(result.contributions, absorber=absorber, task=task)
    if len(rows):
        learner = str(rows["learner"].iloc[0])
        yield (
            "Shapley value of each technique",
            shapley_figure(rows, task=task, learner=learner, absorbers=[absorber]),
        )
        yield (
            "Known by one alone, by both, only together",
            overlap_figure(rows, absorber=absorber, task=task, learner=learner),
        )


def _regions(result: Interpretation, absorber: str, task: str) -> Drawn:
    selected = select(result.importances, absorber=absorber, task=task, grouping="region")
    for technique in in_order(selected["technique"].astype(str).tolist(), list(TECHNIQUES)):
        figure = region_figure(
            result.curves,
            result.regions,
            result.importances,
            absorber=absorber,
            task=task,
            technique=technique,
        )
        yield short_title(technique), figure
    for modality in modalities_in(result, absorber=absorber, task=task):
        if "+" in modality:
            yield (
                f"All regions, read together: {short_title(modality)}",
                _groups(result, absorber, task, modality, "region"),
            )


def _points(result: Interpretation, absorber: str, task: str) -> Drawn:
    for modality in modalities_in(result, absorber=absorber, task=task):
        figure = point_figure(
            result.importances, result.regions, absorber=absorber, task=task, modality=modality
        )
        yield f"{short_title(modality)}: points and regions, shuffled", figure


def _clusters(result: Interpretation, absorber: str, task: str) -> Drawn:
    for modality in modalities_in(result, absorber=absorber, task=task):
        yield short_title(modality), _groups(result, absorber, task, modality, "cluster")


def _groups(
    result: Interpretation, absorber: str, task: str, modality: str, grouping: str
) -> go.Figure | None:
    return group_figure(
        result.importances, absorber=absorber, task=task, modality=modality, grouping=grouping
    )


def _learned(result: Interpretation, absorber: str, task: str) -> Drawn:
    yield "How the numbers go with the label", movement_figure(result.movement, absorber=absorber, task=task)
    rows = select(result.curve_movement, absorber=absorber, task=task)
    for technique in in_order(rows["technique"].astype(str).tolist(), list(TECHNIQUES)):
        figure = movement_curve_figure(
            result.curve_movement, result.regions, absorber=absorber, task=task, technique=technique
        )
        yield f"How the mean {short_title(technique)} moves", figure
    yield (
        "How the answer of a forest on these numbers follows each",
        dependence_figure(result.dependence, absorber=absorber, task=task),
    )


def _stability(result: Interpretation, absorber: str, task: str) -> Drawn:
    yield (
        "Scores with labels permuted between formulas",
        shuffled_labels_figure(result.stability, absorber=absorber, task=task),
    )
    yield (
        "Do others put regions in the same order?",
        agreement_figure(result.stability, absorber=absorber, task=task),
    )


def write_interpretation(result: Interpretation, path: str | Path) -> Path:
    """Write the page of an interpretation.

    Parameters
    ----------
    result : Interpretation
        What `edgepair.interpret` found.
    path : str or Path
        File to write, ``.html``; complete or absent.

    Returns
    -------
    pathlib.Path
        The file, which opens without a network.

    Raises
    ------
    OutputError
        The file cannot be written, or is to be of another kind.
    """
    return write_page(lambda: render_interpretation(result), path, what="the page", option="--out")


def render_interpretation(result: Interpretation) -> str:
    """Make the text of the page.

    Parameters
    ----------
    result : Interpretation
        What `edgepair.interpret` found.

    Returns
    -------
    str
        A whole HTML page.
    """
    shelf = FigureShelf()
    explorers = collect_interpretation(result, shelf)
    content = interpretation_tables(result) | {
        "title": interpretation_title(result),
        "sentence": _sentence(result),
        "random": RANDOM_BANNER if result.config["config"].get("split") == "random" else "",
        "most_groups": MOST_GROUPS,
        "warnings": [str(text) for text in result.warnings],
        "data": [_data_line(result, item) for item in result.config.get("data", [])],
        "skipped": [skipped_row(item) for item in result.skipped],
        "methods": interpretation_methods(result),
        "references": references(INTERPRETATION_REFERENCES),
        "facts": _facts(result),
    }
    return render_page("interpretation.html.j2", content, shelf, explorers)


def interpretation_tables(result: Interpretation) -> dict[str, object]:
    """Lay out the tables: scores, and what regions are worth, a cell per absorber and task."""
    cells = cells_of(result)
    return {
        "modalities": _modalities(result),
        "scores": [_score_line(result, *cell) for cell in cells],
        "cells": [_cell(result, *cell) for cell in cells],
    }


def _absorbers(result: Interpretation) -> list[str]:
    return list(dict.fromkeys(absorber for absorber, _ in cells_of(result)))


def interpretation_title(result: Interpretation) -> str:
    """Name the page."""
    return f"Where in the curves of {listed(_absorbers(result))} the answers are found, and why"


def _sentence(result: Interpretation) -> str:
    parts = []
    for absorber in _absorbers(result):
        rows = select(result.scores, absorber=absorber)
        if len(rows):
            sites, formulas = int(rows["n_sites"].max()), int(rows["n_formulas"].max())
            parts.append(f"{counted(sites, 'site')} of {counted(formulas, 'formula')} of {absorber} oxides")
    names = [short_title(name) for name in _modalities(result)]
    text = f"From {listed(parts)}; explained: {', '.join(names)}." if parts else "Nothing could be explained."
    if result.warnings:
        text += f" {counted(len(result.warnings), 'warning')} below."
    return text


def _modalities(result: Interpretation) -> list[str]:
    names: list[str] = []
    for absorber, task in cells_of(result):
        names += modalities_in(result, absorber=absorber, task=task)
    return sorted(dict.fromkeys(names), key=lambda name: name.count("+"))


def _score_line(result: Interpretation, absorber: str, task: str) -> dict[str, object]:
    rows = select(result.scores, absorber=absorber, task=task, metric=main_metric(task))
    return {
        "absorber": absorber,
        "task": task_title(task),
        "metric": METRIC_TITLES[main_metric(task)],
        "cells": {
            str(row.modality): {"value": row.value, "lower": row.lower, "upper": row.upper}
            for row in rows.itertuples()
        },
        "n_sites": int(rows["n_sites"].max()) if len(rows) else 0,
        "n_formulas": int(rows["n_formulas"].max()) if len(rows) else 0,
    }


def _cell(result: Interpretation, absorber: str, task: str) -> dict[str, object]:
    """Words and numbers about one absorber and task."""
    from edgepair.study.contributions import contribution_sentences

    name = {"absorber": absorber, "task": task}
    contributed = [
        sentence
        for text in contribution_sentences(select(result.contributions, **name))
        for sentence in text.sentences
    ]
    several = len(_absorbers(result)) > 1
    return {
        "title": f"{absorber}: {task_title(task)}" if several else capital(task_title(task)),
        "metric": METRIC_TITLES[main_metric(task)],
        "shap_unit": " (Å)" if is_regression(task) else " (probability)",
        "contributions": contributed,
        "regions": region_sentences(result, **name),
        "points": stability_sentences(result, **name, kinds=["points_against_region"]),
        "learned": learned_sentences(result, **name),
        "stability": stability_sentences(result, **name, kinds=["label_permutation", "rank_over_refits"]),
        "agreement": stability_sentences(result, **name, kinds=["agreement"]),
        "rows": [
            row | {"range": "" if row["whole"] else range_of_region(row["low"], row["high"], row["unit"])}
            for row in importance_rows(result, **name)
        ],
    }


def _data_line(result: Interpretation, item: dict[str, object]) -> dict[str, object]:
    regions = select(result.regions, absorber=str(item["absorber"]))
    texts = [
        f"{short_title(str(technique))}: "
        + ", ".join(
            f"{row.title} {range_of_region(row.low, row.high, str(row.unit))}" for row in rows.itertuples()
        )
        for technique, rows in regions.groupby("technique", sort=False)
    ]
    return {
        "absorber": item["absorber"],
        "sites": item.get("sites") or 0,
        "materials": item.get("materials") or 0,
        "formulas": item.get("formulas") or 0,
        "regions": "; ".join(texts),
    }


def _facts(result: Interpretation) -> list[tuple[str, str]]:
    config = result.config
    facts = [(name.replace("_", " "), _fact(value)) for name, value in config.get("config", {}).items()]
    facts += [("computing time", f"{count(config['seconds'])} s")] if config.get("seconds") else []
    facts += [(name, str(text)) for name, text in config.get("versions", {}).items()]
    facts += [(f"SHA-256 of {name}", str(text)) for name, text in config.get("data_sha256", {}).items()]
    return [(name, text) for name, text in facts if text]


def _fact(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def tables(item: Interpretation) -> str:
    """Lay out scores and what regions are worth."""
    return render_tables(interpretation_title(item), item.warnings, interpretation_tables(item))


def draw(item: Interpretation, name: str, given: Mapping[str, str]) -> go.Figure:
    """Draw ``regions``, ``points``, ``groups``, ``movement`` and the other figures of the page."""
    cell = _at_hand(item.importances, "absorber", "task")
    curve = cell | _at_hand(item.regions, "technique")
    whole = cell | _at_hand(item.importances, "modality")
    grouped = whole | _at_hand(item.importances, "grouping")
    importances, regions = item.importances, item.regions
    drawings = {
        "regions": Drawing(partial(region_figure, item.curves, regions, importances), curve),
        "points": Drawing(partial(point_figure, importances, regions), whole),
        "groups": Drawing(partial(group_figure, importances), grouped),
        "movement": Drawing(partial(movement_figure, item.movement), cell),
        "curve_movement": Drawing(partial(movement_curve_figure, item.curve_movement, regions), curve),
        "dependence": Drawing(partial(dependence_figure, item.dependence), cell),
        "label_permutation": Drawing(partial(shuffled_labels_figure, item.stability), cell),
        "agreement": Drawing(partial(agreement_figure, item.stability), cell),
    }
    return draw_figure(drawings, name, given)


def _at_hand(table: pd.DataFrame, *columns: str) -> dict[str, list[str]]:
    return {column: list(dict.fromkeys(table[column].astype(str))) for column in columns}


_SPLITS = {
    "formula": "No formula stands on both sides of a split",
    "material": "No material stands on both sides of a split, but materials of one formula may",
    "random": "Sites are dealt by chance, so that near-twins stand on both sides and flatter everything",
}


def interpretation_methods(result: Interpretation) -> list[dict[str, str]]:
    """Say in words how an interpretation was made."""
    config = result.config.get("config", {})
    tables = ("regions", "clusters", "movement", "dependence", "contributions")
    content = {name: len(getattr(result, name)) for name in tables} | {
        "config": config,
        "split": _SPLITS.get(str(config.get("split")), ""),
        "kinds": set(result.importances["kind"]),
        "tests": set(result.stability["kind"]),
        "last": R_LAST,
    }
    return render_methods("methods_interpretation.txt.j2", content)
