"""How far an interpretation can be leant on: shuffled labels, other materials, other methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from edgepair.conventions import TECHNIQUES
from edgepair.conventions.wording import interval, metric_title, number, percent, safe, short_title
from edgepair.report.kit.marks import LINE, dots, name_rows, whiskers, write_at, zero_line
from edgepair.report.kit.style import INK, modality_colour, modality_symbol, styled
from edgepair.report.kit.tables import in_order, main_metric, rounded, select

if TYPE_CHECKING:
    import plotly.graph_objects as go

_GROUPINGS = {"region": "regions", "cluster": "clusters", "point": "single points"}
_KINDS = {"permutation": "permutation", "shap": "SHAP", "impurity": "impurity"}


def shuffled_labels_figure(stability: pd.DataFrame, *, absorber: str, task: str) -> go.Figure | None:
    """Draw scores beside those of forests that learned labels exchanged between formulas.

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
    import plotly.graph_objects as go

    selected = select(stability, absorber=absorber, task=task, kind="label_permutation")
    names = in_order(selected["modality"].astype(str).tolist(), list(TECHNIQUES))
    if not names:
        return None
    real, null, chance = (_by_modality(selected, name) for name in ("score", "null", "p"))
    shown = [name for name in names if name in null.index]
    grey = null.loc[shown]
    figure = go.Figure()
    figure.add_trace(
        dots(
            rounded(grey["value"], 4),
            [names.index(name) for name in shown],
            [
                f"{short_title(name)}, labels exchanged: {number(row.value, 2)} "
                f"({interval(row.lower, row.upper, 2)})"
                for name, row in zip(shown, grey.itertuples(), strict=True)
            ],
            marker={"color": LINE, "symbol": "line-ns-open", "size": 12, "line": {"width": 2}},
            error=whiskers(grey, LINE, thickness=5),
            name="labels exchanged (95 % of the trials)",
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
    import plotly.graph_objects as go

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


def _by_modality(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return select(rows, name=name).drop_duplicates("modality").set_index("modality")


def _row_title(kind: str, name: str) -> str:
    """Say what was compared: ``region``, or ``region: permutation and shap``."""
    grouping, _, methods = name.partition(": ")
    title = _GROUPINGS.get(grouping, grouping)
    if kind == "rank_over_refits" or not methods:
        return title
    return f"{title}: {' and '.join(_KINDS.get(part, part) for part in methods.split(' and '))}"
