"""What is said of a series, on the terminal and on its page alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgepair.conventions import TASKS
from edgepair.report.mixture import with_error

if TYPE_CHECKING:
    from edgepair.series import SeriesResult

SHOWN_STANDARDS = 8
"""Standards that are shown; files hold them all."""


def axis_name(result: SeriesResult) -> str:
    """Name the axis with its unit."""
    axis = result.series.axis
    return axis.name + (f" ({axis.unit})" if axis.unit else "")


def series_facts(result: SeriesResult) -> list[tuple[str, str]]:
    """Say what was analysed, and what was found first."""
    series, principal = result.series, result.principal
    n = principal.number
    drift, position = series.drift.max() - series.drift.min(), series.axis.values
    rows = [
        ("series", f"{len(series.mu)} spectra of {series.absorber}"),
        ("axis", f"{axis_name(result)}, {position[0]:g} to {position[-1]:g}: {series.axis.told}"),
        (
            "energies",
            f"shift {series.shift:+.2f} ± {series.shift_error:.2f} eV for all, drift {drift:.2f} eV"
            if series.calibrated
            else f"no calibration; drift {drift:.2f} eV",
        ),
        ("range", f"{series.energy[0] - series.e0:+.0f} to {series.energy[-1] - series.e0:+.0f} eV of E0 at"
         f" {series.e0:.2f} eV"),
        ("components", f"{n} stand out of the noise and leave {_left_over(result):.4f} edge steps"),
    ]  # fmt: skip
    if result.changes:
        rows.append(("changes", "at " + ", ".join(f"{value:g}" for value in result.changes)))
    if len(result.crossings):
        rows.append(
            (
                "crossings",
                "isosbestic at " + ", ".join(f"{e:.1f}" for e in result.crossings["energy"]) + " eV",
            )
        )
    return rows


def _left_over(result: SeriesResult) -> float:
    return float((result.principal.residual**2).mean() ** 0.5)


def component_rows(result: SeriesResult) -> list[tuple[str, ...]]:
    """Write the principal components as a table of text."""
    return [
        (
            f"{row.component}{' *' if row.component <= result.principal.number else ''}",
            f"{row.singular_value:.4g}", f"{100 * row.explained:.3f} %", f"{row.left_over:.5f}",
            f"{row.indicator:.3g}", f"{row.f_significance:.3g}",
            "" if math.isnan(row.chance) else f"{row.chance:.2f}",
        )
        for row in result.principal.table.itertuples()
    ]  # fmt: skip


COMPONENT_HEADINGS = (
    "",
    "singular value",
    "explained",
    "left over",
    "indicator",
    "F-test",
    "chance of noise",
)
STANDARD_HEADINGS = ("standard", "compound", "misfit", "in the space")
FRACTION_HEADINGS = ("compound", "first point", "last point")
RESOLVED_HEADINGS = ("component", "first point", "last point", "range by ambiguity", *TASKS)


def standard_rows(result: SeriesResult) -> list[tuple[str, ...]]:
    """Write the standards nearest to the space of the components."""
    return [
        (row.standard, row.compound, f"{row.misfit:.4f}", "yes" if row.in_space else "no")
        for row in result.standards.head(SHOWN_STANDARDS).itertuples()
    ]


def fraction_rows(result: SeriesResult) -> list[tuple[str, ...]]:
    """Write how much of each standard the first and the last point hold."""
    if result.fractions is None:
        return []
    table = result.fractions.table
    rows = []
    for compound in dict.fromkeys(table["compound"]):
        mine = table[table["compound"] == compound]
        ends = [with_error(mine["fraction"].iloc[k], mine["error"].iloc[k], 2) for k in (0, -1)]
        rows.append((compound, *ends))
    return rows


def resolved_rows(result: SeriesResult) -> list[tuple[str, ...]]:
    """Write the resolved components with what the model answers for each."""
    found = result.resolution
    if found is None:
        return []
    rows = []
    for k in range(found.fractions.shape[1]):
        ends = [with_error(found.fractions[p, k], found.fraction_errors[p, k], 2) for p in (0, -1)]
        gap = found.fraction_high[:, k] - found.fraction_low[:, k]
        told = result.component_answers
        mine = told[told["component"] == k + 1].set_index("task")
        values = [
            f"{mine.loc[task, 'value']:.3g} ({mine.loc[task, 'lower']:.3g} to {mine.loc[task, 'upper']:.3g})"
            if task in mine.index else ""
            for task in TASKS
        ]  # fmt: skip
        rows.append((str(k + 1), *ends, f"up to {gap.max():.2f}", *values))
    return rows
