"""The folder that ``edgepair series --out`` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair._version import __version__
from edgepair.files.result_folder import ResultFolder, write_tables
from edgepair.files.writing import json_ready

if TYPE_CHECKING:
    from edgepair.series.pdf import PdfSeriesResult
    from edgepair.series.run import SeriesResult

FOLDER = ResultFolder(
    what="series",
    command="series",
    file="series.json",
    keys=frozenset({"axis", "n_points", "n_components", "version"}),
    others=frozenset(
        f"{name}.csv"
        for name in (
            "points", "values", "components", "standards", "resolved_fractions", "resolved_spectra",
            "resolved_answers", "fractions", "values_of_fractions", "crossing_points", "normalised",
            "pdf_points", "pdf_components", "pdf_curves",
            "pdf_fractions", "pdf_fits", "resolved_mixtures",
        )
    ),
)  # fmt: skip
"""The folder of ``--out``."""


def write_folder(
    result: SeriesResult | PdfSeriesResult, folder: str | Path, told: Mapping[str, object]
) -> Path:
    """Write all tables of a series as CSV, and what was found as JSON."""
    axis = result.series.axis
    document = {
        **told, "axis": axis.name, "unit": axis.unit, "axis_from": axis.told, "n_points": len(axis.values),
        "n_components": result.principal.number, "changes": list(result.changes),
        "warnings": list(result.warnings), "version": __version__,
    }  # fmt: skip
    with FOLDER.staged(Path(folder)) as scratch:
        write_tables(scratch, result.tables())
        text = json.dumps(json_ready(document), ensure_ascii=False, indent=1)
        (scratch / FOLDER.file).write_text(text + "\n", encoding="utf-8")
    return Path(folder)
