"""What is said of a mixture, on the terminal and on its page alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions.displayed import full_title
from edgepair.conventions.errors import table_cell
from edgepair.conventions.wording import safe
from edgepair.files.writing import write_whole
from edgepair.report.kit.embedding import FigureShelf, render_page, write_page
from edgepair.report.kit.marks import axis_title, measured_line
from edgepair.report.kit.style import INK, MUTED, styled

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from edgepair.mixtures.scan import SampleMixture

SHOWN = 5
"""Combinations that are shown; files hold them all."""

HEADINGS = ("", "mixture", "shift (eV)", "R", "χ²", "oxidation state")
"""Of the columns of `combination_rows`."""


def mixture_facts(mixture: SampleMixture) -> list[tuple[str, str]]:
    """Say what was fitted."""
    found, result = mixture.inspection, mixture.result
    first, last = (result.energy[k] - result.e0 for k in (0, -1))
    return [
        ("element, edge", f"{found.scan.absorber or 'unknown'} {found.scan.edge or ''}".rstrip()),
        ("calibration", found.calibration.text),
        (
            "fitted",
            f"{first:+.0f} to {last:+.0f} eV from E0 at {result.e0:.2f} eV, {len(result.energy)} points",
        ),
        ("standards", f"{mixture.n_standards}; a shift of up to {mixture.shift_limit:g} eV allowed"),
        ("noise", f"{result.noise:.5f} edge steps; {result.n_independent:.0f} independent points"),
    ]


def combination_rows(mixture: SampleMixture) -> list[tuple[str, ...]]:
    """Write the best combinations as a table of text."""
    return [
        (
            f"{row['rank']}{'=' if row['as_good'] else ' '}",
            combination(row),
            with_error(row["shift"], row["shift_error"], 2, sign=True),
            f"{row['r_factor']:.2g}",
            f"{row['reduced_chi_square']:.3g}",
            with_error(row["oxidation_state"], _error(row, row["oxidation_state_error"]), 2),
        )
        for _, row in mixture.result.table.head(SHOWN).iterrows()
    ]


def combination(row: pd.Series) -> str:
    """Write one combination.

    >>> import pandas as pd
    >>> combination(pd.Series({"compounds": ("FeO", "hematite"), "fractions": (0.7, 0.3),
    ...                        "errors": (0.03, 0.03), "as_good": True}))
    'FeO 0.70 ± 0.03 + hematite 0.30 ± 0.03'
    """
    parts = zip(row["compounds"], row["fractions"], row["errors"], strict=True)
    return " + ".join(f"{name} {with_error(value, _error(row, error), 2)}" for name, value, error in parts)


def _error(row: pd.Series, error: float) -> float:
    # One compound alone has a fraction of 1 by definition: where others fit better, its error says nothing.
    return math.nan if len(row["compounds"]) == 1 and not row["as_good"] else error


def with_error(value: float, error: float, digits: int, *, sign: bool = False) -> str:
    """Write a number with its standard error.

    >>> with_error(2.667, 0.012, 2), with_error(1.0, 0.0001, 2), with_error(0.5, float("nan"), 1)
    ('2.67 ± 0.01', '1.00 ± <0.01', '0.5')
    >>> with_error(float("nan"), 0.1, 2)
    'unknown'
    """
    if not math.isfinite(value):
        return "unknown"
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    if not math.isfinite(error):
        return text
    least = 10.0**-digits
    return f"{text} ± " + (f"{error:.{digits}f}" if error >= least / 2 else f"<{least:.{digits}f}")


def closing_line(mixture: SampleMixture) -> str:
    """Say what the order is, and how many combinations the spectrum cannot tell apart."""
    table = mixture.result.table
    good = int(table["as_good"].sum())
    count = f"at least {good} do" if good == len(table) > 1 else f"{good} {'does' if good == 1 else 'do'}"
    return f"ordered by misfit, with a penalty per component; = fits as well as any ({count})"


def write_mixture_table(tables: Sequence[pd.DataFrame | list[dict[str, object]]], path: str | Path) -> Path:
    """Write all combinations of some samples, a table or its rows of each, as one CSV."""
    import pandas as pd

    table = pd.concat([pd.DataFrame(one) for one in tables], ignore_index=True)
    text = table.map(table_cell).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return write_whole(path, text, what="the table", suggestion="choose another place with --out")


_HEIGHT = 520
_FIT = "#d55e00"
# Okabe and Ito's palette without the colour of the fit; the dash is the second cue.
_PARTS = (
    ("#0072b2", "dash"), ("#009e73", "dashdot"), ("#cc79a7", "dot"), ("#e69f00", "longdash"),
    ("#56b4e9", "longdashdot"), ("#332288", "dash"),
)  # fmt: skip


def mixture_figure(mixture: SampleMixture) -> go.Figure:
    """Draw a sample with its best combination."""
    import plotly.graph_objects as go

    result = mixture.result
    fractions = result.fractions[result.fractions["rank"] == 1]["fraction"]
    # Fit and components stand at the standards' energies: the sample is drawn there too.
    x = result.energy + float(result.table["shift"].iloc[0])
    figure = go.Figure()
    # A compound alone is the fit itself.
    parts = mixture.components if len(mixture.components) > 1 else ()
    for number, (part, fraction) in enumerate(zip(parts, fractions, strict=False)):
        colour, dash = _PARTS[number % len(_PARTS)]
        name = f"{fraction:.2f} × {safe(part.name)}"
        figure.add_trace(measured_line(x, part.y, name, colour, 1.4, dash=dash))
    figure.add_trace(measured_line(x, result.mu, "sample", INK, 2.6))
    figure.add_trace(measured_line(x, result.fitted, "fit", _FIT, 1.2))
    left_over = measured_line(x, result.mu - result.fitted, "", MUTED, 1.2)
    figure.add_trace(left_over.update(yaxis="y2"))
    styled(figure, height=_HEIGHT, showlegend=True)
    figure.update_layout(
        xaxis={
            "title": {"text": axis_title("xanes")},
            "showgrid": False,
            "fixedrange": False,
            "anchor": "y2",
        },
        yaxis={"title": {"text": "normalised μ(E) (no unit)"}, "domain": [0.3, 1.0]},
        yaxis2={"title": {"text": "sample − fit (no unit)"}, "domain": [0.0, 0.22]},
    )
    return figure


def write_mixtures(entries: Sequence[tuple[SampleMixture, Sequence[str]]], path: str | Path) -> Path:
    """Write the page."""
    return write_page(lambda: _render(entries), path, what="the figure", option="--report")


def _render(entries: Sequence[tuple[SampleMixture, Sequence[str]]]) -> str:
    shelf = FigureShelf()
    items = [
        {
            "title": full_title(mixture.inspection.scan),
            "facts": mixture_facts(mixture),
            "warnings": mixture.warnings,
            "rows": combination_rows(mixture),
            "closing": closing_line(mixture),
            "model": model,
            "figure": shelf.keep(mixture_figure(mixture)),
        }
        for mixture, model in entries
    ]
    return render_page("mixture.html.j2", {"items": items, "headings": HEADINGS}, shelf)
