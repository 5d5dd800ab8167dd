"""What a forest learned: how curves and numbers move with a label, and how answers follow numbers."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import (
    capital,
    interval,
    metric_title,
    number,
    percent,
    safe,
    short_title,
    task_title,
)
from edgepair.report.interpretation.figure_regions import add_regions, region_span
from edgepair.report.kit.marks import (
    LINE,
    Look,
    axis_title,
    band,
    curve_title,
    dots,
    line_of_text,
    name_rows,
    scatter,
    whiskers,
    write_at,
    zero_line,
)
from edgepair.report.kit.style import (
    INK,
    MUTED,
    faded,
    modality_colour,
    modality_symbol,
    sequence_colours,
    styled,
)
from edgepair.report.kit.tables import (
    about_task,
    even_axis,
    in_order,
    is_regression,
    main_metric,
    rounded,
    select,
)

_COLUMNS = 3
"""Small multiples side by side."""
_TITLE = 36
"""Letters of a small plot's title in one line."""

MOST_NUMBERS = 9
"""Numbers whose dependence is drawn at most."""


def movement_curve_figure(
    curve_movement: pd.DataFrame, regions: pd.DataFrame, *, absorber: str, task: str, technique: str
) -> go.Figure | None:
    """Draw how the mean curve changes with the label, point by point.

    Parameters
    ----------
    curve_movement : pandas.DataFrame
        Table ``curve_movement`` of an `Interpretation`.
    regions : pandas.DataFrame
        Its regions.
    absorber, task, technique : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure or None
        Change of the curve per unit of the label (per 0.1 Å of the bond length) with its 95 %
        interval, against eV or Å. None where there is nothing to draw.
    """
    rows = select(curve_movement, absorber=absorber, task=task, technique=technique).sort_values("position")
    bands = select(regions, absorber=absorber, technique=technique)
    if not len(rows):
        return None
    span = region_span(bands, technique) if len(bands) else (rows["position"].min(), rows["position"].max())
    rows = rows[(rows["position"] >= span[0]) & (rows["position"] <= span[1])]
    colour = modality_colour(technique)
    x, line = even_axis(rows["position"], 7), {"color": colour, "width": 2}
    hover = f"%{{x:.2f}}: %{{y:+.3f}} {per_label(task)}"
    change = scatter(x, rounded(rows["value"], 4), hover=hover, line=line)
    figure = go.Figure([*band(x, rows, faded(colour, 0.18)), change])
    strip = add_regions(figure, bands, span)
    zero_line(figure, vertical=False)
    figure.update_xaxes(title_text=axis_title(technique), range=list(span), showgrid=False, nticks=8)
    figure.update_yaxes(
        title_text=f"change of {curve_title(technique, absorber)} {per_label(task)}", nticks=6
    )
    return styled(figure, height=270 + strip, hovermode="closest", margin={"t": strip})


def movement_figure(movement: pd.DataFrame, *, absorber: str, task: str) -> go.Figure | None:
    """Draw how interpretable numbers go with the label.

    Parameters
    ----------
    movement : pandas.DataFrame
        Table ``movement`` of an `Interpretation`.
    absorber, task : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure or None
        A row per number: Spearman's rho as a dot with its 95 % interval (filled where the interval
        leaves out zero), and beside it, written, the change per unit of the label with its
        interval. None where there is nothing to draw.
    """
    selected = select(movement, absorber=absorber, task=task)
    rho = select(selected, kind="rho").reset_index(drop=True)
    if not len(rho):
        return None
    slopes = select(selected, kind="slope").drop_duplicates("number").set_index("number")
    decided = (rho["lower"] > 0) | (rho["upper"] < 0)
    # The written change has an interval of its own, which may leave out zero where that of rho does not.
    clear = set(slopes.index[(slopes["lower"] > 0) | (slopes["upper"] < 0)])
    texts = [_slope_text(slopes.loc[name]) if name in slopes.index else "" for name in rho["number"]]
    colours = [modality_colour(technique_of_number(str(name))) for name in rho["number"]]
    positions = list(range(len(rho)))
    figure = go.Figure()
    zero_line(figure)
    for colour in dict.fromkeys(colours):
        chosen = [index for index in positions if colours[index] == colour]
        hover = [
            f"{safe(rho['title'][index])}: ρ {number(rho['value'][index], 2, sign=True)} "
            f"({interval(rho['lower'][index], rho['upper'][index], 2, sign=True)})"
            f"<br>{safe(texts[index])}"
            for index in chosen
        ]
        marker = {
            "size": 9,
            "color": colour,
            "symbol": ["circle" if decided[index] else "circle-open" for index in chosen],
            "line": {"width": 1.6, "color": colour},
        }
        error = whiskers(rho.iloc[chosen], colour, thickness=1.6)
        figure.add_trace(
            dots(rounded(rho["value"].iloc[chosen], 3), chosen, hover, marker=marker, error=error)
        )
    changes = [
        line_of_text(safe(text), x=1.02, y=index, colour=INK if rho["number"][index] in clear else MUTED)
        for index, text in enumerate(texts)
    ]
    head = line_of_text(f"change {per_label(task)}", x=1.02, yref="paper", yanchor="bottom")
    figure.update_layout(annotations=[*changes, head])
    name_rows(figure, [capital(safe(title)) for title in rho["title"]])
    figure.update_xaxes(
        title_text=f"Spearman's ρ with the {task_title(task)} (no unit)", range=[-1.05, 1.05], nticks=5
    )
    # Space for what is written at the right.
    room = 7 * max(len(text) for text in texts) + 16
    return styled(figure, height=80 + 27 * len(rho), margin={"t": 22, "r": room})


def dependence_figure(dependence: pd.DataFrame, *, absorber: str, task: str) -> go.Figure | None:
    """Draw what a forest on the numbers alone answers as each number changes.

    Parameters
    ----------
    dependence : pandas.DataFrame
        Table ``dependence`` of an `Interpretation`.
    absorber, task : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure or None
        A small plot per number, in its unit: mean answer (Å), or probability of each class. Solid:
        accumulated local effects with their 95 % intervals over refits; dotted: partial dependence.
        Of more than `MOST_NUMBERS` those that move the answer most. None where there is nothing to
        draw.
    """
    rows = select(dependence, absorber=absorber, task=task)
    names = _most_moving(rows)
    if not names:
        return None
    classes = list(dict.fromkeys("" if c != c else str(c) for c in rows["class"]))
    titles = rows.drop_duplicates("number").set_index("number")
    n_columns = min(_COLUMNS, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    figure = make_subplots(
        rows=n_rows,
        cols=n_columns,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=min(0.2, 0.3 / n_rows) if n_rows > 1 else 0.0,
        subplot_titles=[
            _wrapped(f"{capital(str(titles.loc[name, 'title']))} ({_unit(titles.loc[name, 'unit'])})")
            for name in names
        ],
    )
    figure.update_annotations(font={"size": 12, "color": INK})
    colours = [INK] if classes == [""] else sequence_colours(len(classes))
    symbol = about_task(task).symbol
    parts = dict(iter(rows.groupby(["number", rows["class"].fillna("").astype(str)])))
    traces: list[go.Scatter] = []
    places: list[tuple[int, int]] = []
    for index, name in enumerate(names):
        for of_class, colour in zip(classes, colours, strict=True):
            if (name, of_class) in parts:
                label = f"{symbol} {of_class}".strip()
                traces += _dependence(parts[name, of_class], colour, label, first=index == 0)
                places += [(index // n_columns + 1, index % n_columns + 1)] * (len(traces) - len(places))
    figure.add_traces(traces, *map(list, zip(*places, strict=True)))
    figure.update_xaxes(nticks=5)
    title = f"{task_title(task)} (Å)" if is_regression(task) else "probability (1)"
    figure.update_yaxes(title_text=title, nticks=5, col=1)
    return styled(
        figure,
        height=70 + 200 * n_rows,
        showlegend=classes != [""],
        legend={"y": 1 + 24 / (200 * n_rows)},
        margin={"t": 24},
    )


def per_label(task: str) -> str:
    """Say per how much of the label a change is given.

    >>> per_label("bond_length"), per_label("oxidation_state")
    ('per 0.1 Å', 'per unit of OS')
    """
    about = about_task(task)
    return f"per 0.1 {about.unit}" if about.unit else f"per unit of {about.symbol}"


def technique_of_number(name: str) -> str:
    """Tell from which technique's curve a number is read.

    >>> technique_of_number("dpdf_first_shell_area")
    'dpdf'
    """
    known = in_order([name.split("_")[0]], list(TECHNIQUES))
    return known[0] if known[0] in TECHNIQUES else name


def _wrapped(title: str) -> str:
    return "<br>".join(safe(line) for line in textwrap.wrap(title, _TITLE))


def _unit(unit: object) -> str:
    return str(unit) if isinstance(unit, str) and unit else "no unit"


def _slope_text(row: Any) -> str:
    """Write a slope to two digits of its interval's half width."""
    unit = f" {row['unit']}" if isinstance(row["unit"], str) and row["unit"] else ""
    half = (float(row["upper"]) - float(row["lower"])) / 2
    digits = min(max(1 - math.floor(math.log10(half)), 0), 5) if half > 0 else 3
    value = number(row["value"], digits, sign=True)
    return f"{value}{unit} ({interval(row['lower'], row['upper'], digits, sign=True)})"


def _most_moving(rows: pd.DataFrame) -> list[str]:
    """Name the numbers that move the answer most, in the order of the table."""
    value = _local(rows, "value")
    spans = value.groupby([rows["number"].astype(str), rows["class"].fillna("").astype(str)], sort=False)
    reach = (spans.max() - spans.min()).groupby(level=0, sort=False).max()
    chosen = set(reach.sort_values(ascending=False, kind="stable").head(MOST_NUMBERS).index)
    return [name for name in dict.fromkeys(rows["number"].astype(str)) if name in chosen]


def _local(rows: pd.DataFrame, column: str) -> pd.Series:
    """Take accumulated local effects, which ask nothing impossible, where there are any."""
    own = rows[column].astype(float)
    return rows[f"local_{column}"].astype(float).fillna(own) if f"local_{column}" in rows else own


def _dependence(rows: pd.DataFrame, colour: str, name: str, *, first: bool) -> list[go.Scatter]:
    rows = rows.sort_values("position")
    local = pd.DataFrame({column: _local(rows, column) for column in ("value", "lower", "upper")})
    x, point = rounded(rows["position"], 7), "%{x:.3f}: %{y:.3f}"
    known = np.isfinite(local["lower"].to_numpy()).any()
    traces = band(x, local, faded(colour, 0.18)) if known else []
    look: Look = {"legendgroup": name, "line": {"color": colour, "width": 2}}
    hover, title = f"{safe(name)} {point}", safe(name) or "mean answer"
    traces.append(scatter(x, rounded(local["value"], 4), hover=hover, name=title, showlegend=first, **look))
    if "local_value" in rows:
        look = {"line": {"color": colour, "width": 1.4, "dash": "dot"}, "legendgroup": name}
        hover = f"{safe(name)} partial dependence {point}"
        traces.append(scatter(x, rounded(rows["value"], 4), hover=hover, showlegend=False, **look))
    return traces


_GROUPINGS = {"region": "regions", "cluster": "clusters", "point": "single points"}
_KINDS = {"permutation": "permutation", "shap": "SHAP", "impurity": "impurity"}


def shuffled_labels_figure(stability: pd.DataFrame, *, absorber: str, task: str) -> go.Figure | None:
    """Draw scores beside those of forests that learned labels permuted between formulas.

    Parameters
    ----------
    stability : pandas.DataFrame
        Table ``stability`` of an `Interpretation`.
    absorber, task : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure or None
        A row per modality: the real score as a filled mark, the mean of the exchanged ones as a grey
        one with the range of 95 % of them, in weighted F1 or R² (no unit). None where the test was
        not made.
    """
    selected = select(stability, absorber=absorber, task=task, kind="label_permutation")
    names = in_order(selected["modality"].astype(str).tolist(), list(TECHNIQUES))
    if not names:
        return None
    real, null, chance = (
        select(selected, name=name).drop_duplicates("modality").set_index("modality")
        for name in ("score", "null", "p")
    )
    shown = [name for name in names if name in null.index]
    grey = null.loc[shown]
    figure = go.Figure()
    figure.add_trace(
        dots(
            rounded(grey["value"], 4),
            [names.index(name) for name in shown],
            [
                f"{short_title(name)}, labels permuted: {number(row.value, 2)} "
                f"({interval(row.lower, row.upper, 2)})"
                for name, row in zip(shown, grey.itertuples(), strict=True)
            ],
            marker={"color": LINE, "symbol": "line-ns-open", "size": 12, "line": {"width": 2}},
            error=whiskers(grey, LINE, thickness=5),
            name="labels permuted (95 % of the trials)",
        )
    )
    scored = [name for name in names if name in real.index]
    figure.add_trace(
        dots(
            rounded(real.loc[scored, "value"], 4),
            [names.index(name) for name in scored],
            [
                f"{short_title(name)}: {number(real.loc[name, 'value'], 2)}"
                + (f", p = {number(chance.loc[name, 'value'], 3)}" if name in chance.index else "")
                for name in scored
            ],
            marker={
                "color": [modality_colour(name) for name in scored],
                "symbol": [modality_symbol(name) for name in scored],
                "size": 11,
            },
            name="real labels",
        )
    )
    figure.update_xaxes(title_text=metric_title(main_metric(task)), nticks=6)
    name_rows(figure, [safe(short_title(name)) for name in names], tickfont={"color": INK})
    return styled(
        figure, height=110 + 30 * len(names), showlegend=True, legend={"y": 1 + 6 / (30 + 30 * len(names))}
    )


def agreement_figure(stability: pd.DataFrame, *, absorber: str, task: str) -> go.Figure | None:
    """Draw how alike importances are ordered by other methods, and by forests of other materials.

    Parameters
    ----------
    stability : pandas.DataFrame
        Table ``stability`` of an `Interpretation`.
    absorber, task : str
        What is drawn.

    Returns
    -------
    plotly.graph_objects.Figure or None
        Kendall's tau with its interval (agreement of methods) or its range over halvings of the
        materials; 1 is the same order, 0 none in common. None where nothing was compared.
    """
    selected = select(stability, absorber=absorber, task=task)
    selected = selected[
        (selected["kind"] == "agreement")
        | ((selected["kind"] == "rank_over_refits") & selected["name"].isin(list(_GROUPINGS)))
    ]
    selected = selected[selected["value"].notna()]
    if not len(selected):
        return None
    names = selected["name"].astype(str)
    selected = selected.assign(
        row=[_row_title(kind, name) for kind, name in zip(selected["kind"], names, strict=True)]
    )
    blocks = {"rank_over_refits": "other half of the materials", "agreement": "another method"}
    positions: dict[str, float] = {}
    figure = go.Figure()
    index = 0.0
    for kind, head in blocks.items():
        part = selected[selected["kind"] == kind]
        if not len(part):
            continue
        write_at(figure, head, y=index, bgcolor="rgba(255,255,255,0.85)")
        index += 0.9
        for title in dict.fromkeys(part["row"]):
            positions[title] = index
            index += 1.0
    modalities = in_order(selected["modality"].astype(str).tolist(), list(TECHNIQUES))
    for order, modality in enumerate(modalities):
        rows = select(selected, modality=modality)
        # Marks of one row stand below each other, so that intervals can be told apart.
        shift = 0.6 * (order - (len(modalities) - 1) / 2) / max(len(modalities), 1)
        figure.add_trace(
            dots(
                rounded(rows["value"], 3),
                [positions[title] + shift for title in rows["row"]],
                [
                    f"{short_title(modality)}, {safe(row.row)}: τ {number(row.value, 2)} "
                    f"({interval(row.lower, row.upper, 2)}): {percent((1 + row.value) / 2)} of the pairs "
                    "in the same order"
                    for row in rows.itertuples()
                ],
                modality=modality,
                marker={"size": 8},
                error=whiskers(rows, modality_colour(modality)),
                name=short_title(modality),
            )
        )
    zero_line(figure)
    figure.update_xaxes(title_text="Kendall's τ (1 = same order)", range=[-1.05, 1.05], nticks=5)
    name_rows(figure, [safe(title) for title in positions], list(positions.values()), last=index - 0.4)
    return styled(
        figure, height=round(100 + 34 * index), showlegend=True, legend={"y": 1 + 6 / (30 + 34 * index)}
    )


def _row_title(kind: str, name: str) -> str:
    """Say what was compared: ``region``, or ``region: permutation and shap``."""
    grouping, _, methods = name.partition(": ")
    title = _GROUPINGS.get(grouping, grouping)
    if kind == "rank_over_refits" or not methods:
        return title
    return f"{title}: {' and '.join(_KINDS.get(part, part) for part in methods.split(' and '))}"
