"""What the model answers at each point of a series, and what its resolved components are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from edgepair.conventions import TASKS, EdgepairError, OptionError
from edgepair.mixtures.fit import fit_mixtures
from edgepair.prediction import predict
from edgepair.series.resolution import Resolution
from edgepair.standards import Standard

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats
    from edgepair.measured import FirstShell, PdfCurve, XanesScan
    from edgepair.series.axis import Axis
    from edgepair.series.series import Series

Row: TypeAlias = dict[str, object]
"""One answer: ``modality, task, value, lower, upper, trust``."""

Known: TypeAlias = dict[tuple[str, str], list[Row]]
"""Answers by file and item, both joined by ``|`` where two are of one point."""

Measured: TypeAlias = tuple["XanesScan | None", "PdfCurve | None", "float | None"]
"""Spectrum, PDF, and what is added to the energies of the spectrum, eV."""

MOST_RESOLVED = 5
"""Components into which a series is resolved at most."""

LEAST_NOISE = 1e-4
"""Edge steps; a component of many points has hardly any noise of its own."""

ANSWERS = ("component", "task", "value", "lower", "upper", "trust")
MIXTURES = (
    "component", "compound", "standard", "fraction", "error", "misfit", "as_good", "nearest",
    "nearest_misfit",
)  # fmt: skip


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


def values_table(positions: Floats, rows: Sequence[Sequence[Row]]) -> pd.DataFrame:
    """Put the answers of all modalities into one table."""
    columns = ["point", "position", "modality", "task", "value", "lower", "upper", "trust"]
    return pd.DataFrame(
        [
            {"point": k, "position": at, **row}
            for k, (at, told) in enumerate(zip(positions, rows, strict=True), 1)
            for row in told if row["task"] in TASKS
        ],
        columns=columns,
    )  # fmt: skip


def component_answers(
    series: Series,
    resolution: Resolution | None,
    standards: Sequence[Standard],
    level: float,
    warnings: list[str],
) -> pd.DataFrame:
    """Tell what the model answers for each component; why one has no answer is added to `warnings`."""
    parts = []
    for k, spectrum in enumerate([] if resolution is None else resolution.spectra, 1):
        try:
            found = predict(
                (series.energy, spectrum), absorber=series.absorber, standards=standards,
                shift=0.0 if series.calibrated else None, confidence_level=level, explain=False,
            ).table  # fmt: skip
        except EdgepairError as error:
            warnings.append(f"component {k} has no answer: {error.problem}: {error.found}")
            continue
        parts.append(found.assign(component=k)[list(ANSWERS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(ANSWERS))


def component_mixtures(
    series: Series,
    resolution: Resolution | None,
    standards: Sequence[Standard],
    shift_limit: float,
    warnings: list[str],
) -> pd.DataFrame:
    """Tell each component's best mixture and nearest standard; ``misfit``: RMS, edge steps."""
    rows: list[tuple[object, ...]] = []
    for k, spectrum in enumerate(resolution.spectra if resolution and standards else [], 1):
        assert resolution is not None
        noise = max(float(np.median(resolution.spectrum_errors[k - 1])), LEAST_NOISE)
        window = (float(series.energy[0] - series.e0), float(series.energy[-1] - series.e0))
        try:
            found, alone = (
                fit_mixtures(
                    series.energy, spectrum, standards, limit=limit, window=window, noise=noise,
                    shift_limit=shift_limit, e0=series.e0,
                )
                for limit in (3, 1)
            )  # fmt: skip
        except EdgepairError as error:
            warnings.append(f"component {k} is of no standards: {error.problem}: {error.found}")
            continue
        misfit = [float(np.sqrt(((one.mu - one.fitted) ** 2).mean())) for one in (found, alone)]
        told = (misfit[0], int(found.table["as_good"].sum()), alone.table["compounds"].iloc[0][0], misfit[1])
        best = found.fractions[found.fractions["rank"] == 1]
        rows += [
            (k, part.compound, part.standard, part.fraction, part.error, *told) for part in best.itertuples()
        ]
    return pd.DataFrame(rows, columns=list(MIXTURES))


def as_standards(series: Series, resolution: Resolution | None, answers: pd.DataFrame) -> list[Standard]:
    """Take the resolved components for standards, with what the model answers for each as their values."""
    if resolution is None:
        raise OptionError(
            "cannot combine the components of the series",
            found="none that were resolved",
            needed=f"2 to {MOST_RESOLVED} components",
            suggestion="give --number, or combine standards",
        )
    found = []
    for k, spectrum in enumerate(resolution.spectra, 1):
        told = answers[answers["component"] == k].set_index("task")["value"]
        state, number, length = (float(told.get(task, np.nan)) for task in TASKS)
        name = f"component {k}"
        found.append(
            Standard(name, name, series.absorber, series.energy, spectrum, state, number, length, 0.0)
        )
    return found


def ambiguity_of(resolution: Resolution | None) -> Floats | None:
    """Give the error of fractions of components that can be turned: of an even spread over the range."""
    if resolution is None:
        return None
    spread: Floats = (resolution.fraction_high - resolution.fraction_low) / np.sqrt(12)
    return np.nan_to_num(spread)
