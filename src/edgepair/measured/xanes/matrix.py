"""Tables of many spectra: a column each, each beside energies of its own, or of intensities of their own."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from edgepair.measured.edges import judge_edge
from edgepair.measured.points import runs_through_edge, tidy
from edgepair.measured.roles import role_of
from edgepair.measured.scan import ScanTable

_SPECTRA = (None, "mu", "normalized", "flattened")
_OF_FITS = {"fit", "lcf", "residual", "residuals", "resid", "bestfit"}
_ASIDE = ("derived", "neither")
_PARTS = 0.05
"""Root mean square, in standard deviations, up to which curves are of one sample."""


def spectra_in_pairs(table: ScanTable) -> tuple[ScanTable, ...] | None:
    """Take a table of energies and absorption, again and again, apart; None where it is one scan."""
    kept = np.flatnonzero(np.isfinite(table.values).any(axis=0))
    labels = tuple(table.labels[n] for n in kept) if len(table.labels) == table.values.shape[1] else ()
    table = replace(table, values=table.values[:, kept])
    count = len(kept)
    if count < 4 or count % 2:
        return None
    found = []
    for number in range(0, count, 2):
        pair = table.values[:, number : number + 2]
        pair = pair[np.isfinite(pair).all(axis=1)]
        if not runs_through_edge(pair[:, 0]) or runs_through_edge(pair[:, 1]):
            return None
        if labels and role_of(_without_number(labels[number])) not in (None, "energy"):
            return None
        energy = pair[:, 0] * (1000.0 if pair[:, 0].max() < 150 else 1.0)
        points = tidy(energy, pair[:, 1])
        seen = judge_edge(points.energy, points.columns[0])
        if not seen.clear or seen.symbol is None:
            return None
        names = labels[number : number + 2] or (f"column {number + 1}", f"column {number + 2}")
        one = replace(table, item=names[1], labels=names, units=(), values=pair, mu_name=names[1])
        found.append(replace(one, format="table of spectra", energy=0, mu="$2"))
    return tuple(found)


def spectra_in_columns(table: ScanTable) -> tuple[ScanTable, ...] | None:
    """Take a table apart where every column but the first shows one element's edge; else None."""
    count = table.values.shape[1]
    labels = table.labels or ("energy", *(f"column {n}" for n in range(2, count + 1)))
    if count < 3 or len(labels) != count or role_of(labels[0]) != "energy":
        return None
    if not table.labels and not runs_through_edge(table.values[:, 0]):
        return None
    roles = [role_of(label) or role_of(_without_number(label)) for label in labels]
    columns = [n for n in range(1, count) if roles[n] not in _ASIDE]
    # Beside a fit stand what was fitted and the parts of the fit: one spectrum.
    if _OF_FITS & {label.lower() for label in labels}:
        return None
    if len(columns) < 2 or any(roles[n] not in _SPECTRA for n in columns):
        return None
    if len({_without_number(labels[n]).lower() for n in columns if roles[n]}) > 1:
        return None
    energy = table.values[:, 0] * (1000.0 if np.nanmax(table.values[:, 0]) < 150 else 1.0)
    seen = set()
    heights = []
    for number in columns:
        points = tidy(energy, table.values[:, number])
        found = judge_edge(points.energy, points.columns[0])
        if not found.clear:
            return None
        seen.add(found.symbol)
        heights.append(float(np.ptp(points.columns[0])))
    if len(seen) != 1 or None in seen or max(heights) > 30 * min(heights):
        return None
    units = table.units or ("",) * count
    return tuple(
        replace(
            table,
            format="table of spectra",
            item=labels[number],
            labels=(labels[0], labels[number]),
            units=(units[0], units[number]),
            values=table.values[:, [0, number]],
            energy=0,
            mu="$2",
            mu_name=labels[number],
        )
        for number in columns
    )


def samples_in_channels(table: ScanTable) -> tuple[ScanTable, ...] | None:
    """Take a scan of samples, each with numbered intensities of its own, apart; None where it is one."""
    columns: dict[str, dict[str, int]] = {"i0": {}, "transmitted": {}}
    for column, label in enumerate(table.labels):
        numbered = re.fullmatch(r"(.+?)[ _.-]?(\d)", label)
        role = role_of(numbered[1]) if numbered else None
        if role in columns and numbered:
            columns[role].setdefault(numbered[2], column)
    before, behind = columns["i0"], columns["transmitted"]
    if len(before) < 2 or before.keys() != behind.keys() or table.mu is not None:
        return None
    energy = next((n for n, label in enumerate(table.labels) if role_of(label) == "energy"), None)
    if energy is None or not runs_through_edge(table.values[:, energy]):
        return None
    scale = 1000.0 if np.nanmax(table.values[:, energy]) < 150 else 1.0
    found, seen, curves = [], set(), []
    for number, column in before.items():
        with np.errstate(all="ignore"):
            mu = np.log(table.values[:, column] / table.values[:, behind[number]])
        points = tidy(table.values[:, energy] * scale, mu)
        edge = judge_edge(points.energy, points.columns[0]) if len(points.energy) else None
        if edge is None or not edge.clear or edge.symbol is None:
            return None
        seen.add(edge.symbol)
        curves.append((mu - np.nanmean(mu)) / np.nanstd(mu))
        ratio = f"ln(${column + 1}/${behind[number] + 1})"
        name = f"ln({table.labels[column]}/{table.labels[behind[number]]})"
        found.append(
            replace(
                table, format="table of spectra", item=table.labels[behind[number]], mu=ratio, mu_name=name
            )
        )
    # Chambers in parts see one sample.
    apart = max(float(np.sqrt(np.nanmean((curve - curves[0]) ** 2))) for curve in curves)
    return tuple(found) if len(seen) == 1 and apart > _PARTS else None


def _without_number(label: str) -> str:
    bare = label.rstrip("0123456789")
    return (bare.rstrip(" _.-") if len(bare) < len(label) else label) or label
