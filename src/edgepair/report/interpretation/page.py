"""One file that says why: regions, what was learned, how far it can be leant on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions.wording import (
    METRIC_TITLES,
    capital,
    count,
    counted,
    listed,
    short_title,
    task_title,
)
from edgepair.report.interpretation.figure_groups import MOST_GROUPS
from edgepair.report.interpretation.methods import REFERENCES, interpretation_methods
from edgepair.report.interpretation.panels import collect_interpretation
from edgepair.report.interpretation.words import (
    cells_of,
    importance_rows,
    learned_sentences,
    modalities_in,
    range_of_region,
    region_sentences,
    stability_sentences,
)
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.tables import is_regression, main_metric, select, skipped_row
from edgepair.report.study.methods import RANDOM_BANNER

if TYPE_CHECKING:
    from edgepair.interpretation import Interpretation


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
        "references": REFERENCES,
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
    from edgepair.study.contribution_text import contribution_sentences

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
