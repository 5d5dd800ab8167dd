"""Tables of many spectra, one in each column beside the energies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgepair.measured.edges import judge_edge
from edgepair.measured.points import tidy
from edgepair.measured.roles import role_of
from edgepair.measured.scan import ScanTable
from edgepair.measured.xanes.energies import runs_through_edge

_SPECTRA = (None, "mu", "normalized", "flattened")
_ASIDE = ("derived", "neither")


def spectra_in_columns(table: ScanTable) -> tuple[ScanTable, ...] | None:
    """Take a table apart where each column beside the energies is a spectrum; None where it is one scan.

    They are many where no label says intensity, the first column is the energies, and every other one
    shows the edge of one and the same element at a comparable height.
    """
    count = table.values.shape[1]
    labels = table.labels or ("energy", *(f"column {n}" for n in range(2, count + 1)))
    if count < 3 or len(labels) != count or role_of(labels[0]) != "energy":
        return None
    if not table.labels and not runs_through_edge(table.values[:, 0]):
        return None
    roles = [role_of(_without_number(label)) for label in labels]
    columns = [n for n in range(1, count) if roles[n] not in _ASIDE]
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


def _without_number(label: str) -> str:
    bare = label.rstrip("0123456789")
    return (bare.rstrip(" _.-") if len(bare) < len(label) else label) or label
