"""An interpretation as one document: what ``edgepair interpret --json`` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgepair.report.interpretation.words import cells_of, learned_sentences, region_sentences

if TYPE_CHECKING:
    import pandas as pd

    from edgepair.interpretation import Interpretation

PRINTED = ("regions", "scores", "contributions", "importances", "movement", "number_scores", "stability")
"""Tables that are printed; curves, dependences and single points are in the files."""


def interpretation_document(result: Interpretation) -> dict[str, object]:
    """Gather what is printed as JSON."""
    tables = {name: getattr(result, name) for name in PRINTED}
    tables["importances"] = result.importances[result.importances["grouping"] != "point"]
    sentences = [
        {
            "absorber": absorber,
            "task": task,
            "regions": region_sentences(result, absorber=absorber, task=task),
            "learned": learned_sentences(result, absorber=absorber, task=task),
        }
        for absorber, task in cells_of(result)
    ]
    rows = {name: rows_of(table) for name, table in tables.items()}
    return {
        **rows,
        "sentences": sentences,
        "warnings": [str(text) for text in result.warnings],
        "skipped": list(result.skipped),
    }


def rows_of(table: pd.DataFrame) -> list[dict[str, object]]:
    """Write a table as a list of rows that JSON knows."""
    rows: list[dict[str, object]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows
