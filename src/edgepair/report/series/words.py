"""What is said of a series, on the terminal and on its page alike."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from edgepair.conventions import TASKS, modality_title
from edgepair.conventions.wording import with_minus
from edgepair.mixtures.fit import KEPT
from edgepair.report.mixture import with_error
from edgepair.series import PdfSeriesResult, SeriesResult

SHOWN_STANDARDS = 8
"""Standards that are shown; files hold them all."""


MOST_OUTSIDE = 12
"""Points that are unlike the training set that are named."""


def axis_name(result: SeriesResult | PdfSeriesResult) -> str:
    """Name the axis with its unit."""
    axis = result.series.axis
    name = {"name": "number in the names", "number": "number in the series"}.get(axis.name, axis.name)
    return name + (f" ({axis.unit})" if axis.unit else "")


def pdf_kind(result: PdfSeriesResult) -> str:
    """Name what kind of PDFs a series is of."""
    return modality_title(result.series.modality)


def series_title(result: SeriesResult | PdfSeriesResult) -> str:
    """Say how many spectra or PDFs of what there are."""
    along = f"along {axis_name(result)}"
    if isinstance(result, PdfSeriesResult):
        return f"{len(result.series.G)} {pdf_kind(result)}s {along}"
    beside = "" if result.pdf is None else f" and {len(result.pdf.series.G)} {pdf_kind(result.pdf)}s"
    return f"{len(result.series.mu)} spectra of {result.series.absorber}{beside} {along}"


def series_facts(result: SeriesResult | PdfSeriesResult) -> list[tuple[str, str]]:
    """Say what was analysed, and what was found first."""
    axis, position = result.series.axis, result.series.axis.values
    span = with_minus(f"{position[0]:g} to {position[-1]:g}")
    rows = [
        ("series", series_title(result).partition(" along ")[0]),
        ("axis", f"{axis_name(result)}, {span}: {axis.told}"),
    ]
    if isinstance(result, PdfSeriesResult):
        return [*rows, *_pdf_facts(result), *_outside(result.values)]
    series = result.series
    drift = f"drift {series.drift.max() - series.drift.min():.2f} eV"
    first, last = series.energy[[0, -1]] - series.e0
    rows += [
        (
            "energies",
            with_minus(f"shift {series.shift:+.2f} ± {series.shift_error:.2f} eV for all, {drift}")
            if series.calibrated
            else f"no calibration; {drift}",
        ),
        ("range", with_minus(f"{first:+.0f} to {last:+.0f} eV of E0 at {series.e0:.2f} eV")),
        *_components(result, "edge steps"),
    ]  # fmt: skip
    if len(result.crossings):
        crossings = ", ".join(f"{e:.1f}" for e in result.crossings["energy"])
        rows.append(("crossings", f"isosbestic at {crossings} eV"))
    if result.pdf is not None:
        rows += [(f"PDFs, {name}", text) for name, text in _pdf_facts(result.pdf)]
        rows.append(("pairs", f"{len(series.pairs)} points have both"))
    return rows + _outside(result.values)


def _components(result: SeriesResult | PdfSeriesResult, unit: str) -> list[tuple[str, str]]:
    left_over = float((result.principal.residual**2).mean() ** 0.5)
    n = result.principal.number
    many = "stand" if n > 1 else "stands"
    rows = [("components", f"{n} {many} out of the noise; what is left over is {left_over:.4f} {unit}")]
    if result.changes:
        rows.append(("changes", "at " + ", ".join(f"{value:g}" for value in result.changes)))
    return rows


def _pdf_facts(result: PdfSeriesResult) -> list[tuple[str, str]]:
    series, peak = result.series, result.points["first_peak"].dropna()
    end = "no end of the data in Q is told" if series.qmax is None else f"Qmax {series.qmax:.1f} 1/Å"
    kind = "neutron" if series.modality == "npdf" else "x-ray"
    rows = [("range", f"{series.r[0]:g} to {series.r[-1]:g} Å, {kind}, {end}"), *_components(result, "Å⁻²")]
    if len(peak):
        course = f"{peak.iloc[0]:.3f} to {peak.iloc[-1]:.3f} Å, first to last"
        rows.append(("first peak", f"{course} of the {len(peak)} points that have a sure one"))
    return rows


def _outside(values: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the points that are unlike anything the model learnt from, by modality."""
    found = values[values["trust"] == "outside"].drop_duplicates(["modality", "position"])
    rows = []
    for modality, mine in found.groupby("modality", sort=False):
        n = values.loc[values["modality"] == modality, "position"].nunique()
        named = ", ".join(f"{at:g}" for at in mine["position"][:MOST_OUTSIDE])
        more = ", …" if len(mine) > MOST_OUTSIDE else ""
        rows.append(
            ("outside", f"{modality}: {len(mine)} of {n} points, unlike the training set: {named}{more}")
        )
    return rows


def series_tables(result: SeriesResult | PdfSeriesResult) -> list[dict[str, Any]]:
    """Lay out the tables, those that have rows."""
    tables: list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]
    if isinstance(result, PdfSeriesResult):
        tables = [
            ("Components of the PDFs", COMPONENT_HEADINGS, component_rows(result)),
            ("Linear combination of PDFs", ("end member", *FRACTION_HEADINGS[1:]), fraction_rows(result)),
        ]
    else:
        tables = [
            ("Components", COMPONENT_HEADINGS, component_rows(result)),
            ("Standards nearest to the space of the components", STANDARD_HEADINGS, standard_rows(result)),
            ("Linear combination of standards", FRACTION_HEADINGS, fraction_rows(result)),
            ("Resolved components", RESOLVED_HEADINGS, resolved_rows(result)),
        ]
    told = [{"title": title, "headings": names, "rows": rows} for title, names, rows in tables if rows]
    if isinstance(result, PdfSeriesResult) or result.pdf is None:
        return told
    return told + series_tables(result.pdf)


def component_rows(result: SeriesResult | PdfSeriesResult) -> list[tuple[str, ...]]:
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
RESOLVED_HEADINGS = (
    "component", "first point", "last point", "range by ambiguity", *TASKS, "most like", "nearest alone",
)  # fmt: skip


def standard_rows(result: SeriesResult) -> list[tuple[str, ...]]:
    """Write the standards nearest to the space of the components."""
    return [
        (row.standard, row.compound, f"{row.misfit:.4f}", "yes" if row.in_space else "no")
        for row in result.standards.head(SHOWN_STANDARDS).itertuples()
    ]


def fractions_by_part(result: SeriesResult | PdfSeriesResult) -> dict[str, pd.DataFrame]:
    """Give the fractions of each standard or end member along the axis."""
    if result.fractions is None:
        return {}
    by = "end_member" if isinstance(result, PdfSeriesResult) else "compound"
    return dict(iter(result.fractions.table.groupby(by, sort=False)))


def fraction_rows(result: SeriesResult | PdfSeriesResult) -> list[tuple[str, ...]]:
    """Write how much of each standard or end member the first and the last point hold."""
    rows = []
    for name, mine in fractions_by_part(result).items():
        ends = [with_error(mine["fraction"].iloc[k], mine["error"].iloc[k], 2) for k in (0, -1)]
        rows.append((name, *ends))
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
        rows.append((str(k + 1), *ends, f"up to {gap.max():.2f}", *values, *_made_of(result, k + 1)))
    return rows


def _made_of(result: SeriesResult, component: int) -> tuple[str, str]:
    """Say which mixture of standards, and which standard alone, a component is most like."""
    mine = result.component_mixtures.query("component == @component")
    if not len(mine):
        return "", ""
    parts = [f"{with_error(part.fraction, part.error, 2)} {part.compound}" for part in mine.itertuples()]
    first = mine.iloc[0]
    many = "" if first["as_good"] < KEPT else " or more"
    more = f", {first['as_good'] - 1}{many} others as good" if first["as_good"] > 1 else ""
    return (
        f"{' + '.join(parts)} (misfit {first['misfit']:.3f}{more})",
        f"{first['nearest']} ({first['nearest_misfit']:.3f})",
    )
