"""What the model answers at each point of a series: a spectrum, a PDF, or both together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgepair.conventions import TASKS, EdgepairError
from edgepair.prediction import predict

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from edgepair.measured import FirstShell, PdfCurve, XanesScan
    from edgepair.series.axis import Axis
    from edgepair.standards.standards import Standard

Row: TypeAlias = dict[str, object]
"""One answer: ``modality, task, value, lower, upper, trust``."""

Known: TypeAlias = dict[tuple[str, str], list[Row]]
"""Answers by file and item, both joined by ``|`` where two are of one point."""

Measured: TypeAlias = tuple["XanesScan | None", "PdfCurve | None", "float | None"]
"""Spectrum, PDF, and what is added to the energies of the spectrum, eV."""


def answer_points(
    points: Sequence[Measured],
    absorber: str | None,
    *,
    standards: Sequence[Standard],
    level: float,
    known: Known,
    show: Callable[[int], None],
) -> list[list[Row]]:
    """Answer every point on the scale that the series has; no rows where it cannot be."""
    rows = []
    for place, (mu, G, shift) in enumerate(points):
        show(place)
        key = key_of([one for one in (mu, G) if one is not None])
        if key not in known:
            try:
                found = predict(
                    mu, G, absorber=absorber, standards=standards, shift=shift, confidence_level=level,
                    explain=False,
                )  # fmt: skip
            except EdgepairError:
                known[key] = []
            else:
                shells = [row for shell in found.first_shells.values() for row in shell_rows(shell)]
                known[key] = [*answer_rows(found.table.to_dict("records")), *shells]
        rows.append(known[key])
    return rows


def key_of(curves: Sequence[XanesScan | PdfCurve]) -> tuple[str, str]:
    """Name a point by its files and items."""
    return "|".join(one.file for one in curves), "|".join(one.item for one in curves)


def answer_rows(answers: Sequence[Mapping[str, object]]) -> list[Row]:
    """Keep of the rows of a `Prediction` what a series shows."""
    names = ("task", "value", "lower", "upper", "trust")
    return [{"modality": row["technique"], **{name: row[name] for name in names}} for row in answers]


def shell_rows(shell: FirstShell | None) -> list[Row]:
    """Write position and width of a first peak as rows."""
    if shell is None:
        return []
    return [
        {"modality": "", "task": "first_peak", "value": shell.position, "error": shell.position_error},
        {"modality": "", "task": "first_peak_width", "value": shell.width},
    ]


def points_of(axis: Axis, curves: Sequence[XanesScan | PdfCurve]) -> dict[str, object]:
    """Begin a table of points: where each stands, and what it is of."""
    files, items = [one.file for one in curves], [one.item for one in curves]
    return {"position": axis.values, "file": files, "item": items}


def columns_of(rows: Sequence[Sequence[Row]], modality: str) -> dict[str, list[object]]:
    """Write the answers of one modality as columns, ``trust`` and three a task; nothing without answers."""
    points = []
    for told in rows:
        point: Row = {}
        for row in told:
            if row["modality"] == modality:
                task = str(row["task"])
                point |= {"trust": row["trust"], task: row["value"]}
                point |= {f"{task}_{end}": row[end] for end in ("lower", "upper")}
        points.append(point)
    names = dict.fromkeys(name for point in points for name in point)
    return {name: [point.get(name, "" if name == "trust" else np.nan) for point in points] for name in names}


def values_table(positions: NDArray[np.float64], rows: Sequence[Sequence[Row]]) -> pd.DataFrame:
    """Put the answers of all modalities into one table."""
    import pandas as pd

    columns = ["point", "position", "modality", "task", "value", "lower", "upper", "trust"]
    return pd.DataFrame(
        [
            {"point": k, "position": at, **row}
            for k, (at, told) in enumerate(zip(positions, rows, strict=True), 1)
            for row in told if row["task"] in TASKS
        ],
        columns=columns,
    )  # fmt: skip
