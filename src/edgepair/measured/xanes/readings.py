"""The readings of a table as an absorption, each with what its numbers say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.measured.edges import CLEAR, Evidence, hides_edge, judge_edge, k_edges_within
from edgepair.measured.expression import evaluate
from edgepair.measured.points import MOST, tidy
from edgepair.measured.roles import CORRECTED, roles_of
from edgepair.measured.scan import Candidate

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats
    from edgepair.measured.scan import ScanTable

_MOST_CHANNELS = 12
"""Unlabelled intensities of which ratios are tried: detectors of hundreds of elements would take minutes."""

_SURE = 3 * CLEAR
"""Edge step over noise of a ratio that no label offers: of a hundred, noise makes some that show an edge."""


@dataclass(frozen=True)
class Judged:
    """A candidate with its curve."""

    candidate: Candidate
    values: Floats
    evidence: Evidence

    @property
    def clear(self) -> bool:
        """Whether its edge rises far above the noise."""
        return self.evidence.clear


class JudgedTable:
    """A table of columns whose readings are judged, each once."""

    def __init__(self, table: ScanTable, energy: Floats, energy_column: int, near: float | None) -> None:
        self.table, self.energy, self.near = table, energy, near
        self.count = table.values.shape[1]
        found = roles_of(table.labels) if table.labels else {}
        self.roles = {role: [c for c in cols if c != energy_column] for role, cols in found.items()}
        self.others = [c for c in range(self.count) if c != energy_column and self._is_signal(c)]
        self.tried: dict[str, Judged] = {}
        self.roles |= _counted_from_one(self)

    def label(self, column: int) -> str:
        """Give the label of a column, or its number."""
        return self.table.labels[column] if self.table.labels else f"${column + 1}"

    def first(self, role: str) -> int | None:
        """Give the first column of a role."""
        return next(iter(self.roles.get(role, [])), None)

    def judge(self, expression: str, name: str, kind: str, *, least: float = 0.0) -> Judged:
        """Compute a reading and judge its edge, once, where it may be `least` times as high as the noise."""
        known = self.tried.get(expression)
        if known is None:
            values = evaluate(expression, self.table.labels, self.table.values)
            points = tidy(self.energy, values)
            usable = np.isfinite(self.energy).sum()
            if len(points.energy) < max(10, 0.5 * min(usable, MOST)):
                doubt = f"has {len(points.energy)} usable values of {usable}"
                found = Evidence(doubt=doubt, impossible=True)
            elif least and hides_edge(points.columns[0], least):
                found = Evidence(doubt="")
            else:
                found = judge_edge(points.energy, points.columns[0], near=self.near)
            made = Candidate(
                expression, name, kind, found.step, min(found.contrast, 1e6), found.e0, found.doubt
            )
            if not found.doubt and found.contrast < CLEAR:
                made = replace(made, problem="shows no edge above its noise")
            known = self.tried[expression] = Judged(made, values, found)
        return known

    def stem(self, column: int) -> str:
        """Give a label without its numbers; empty where there are no labels."""
        return re.sub(r"\d+", "#", self.table.labels[column].lower()) if self.table.labels else ""

    def drifts(self, column: int) -> bool:
        """Whether a column goes one way all along, as motors and temperatures do, and beams seldom."""
        values = self.table.values[:, column]
        return bool(abs(np.sign(np.diff(values[np.isfinite(values)])).mean()) > 0.98)

    def climbs(self, column: int, one: Judged) -> bool:
        """Whether a column rises all along, well below its edge already, as motors do and no absorption."""
        before = one.values[(self.energy < (one.evidence.e0 or 0.0) - 20) & np.isfinite(one.values)]
        rises = len(before) < 3 or np.ptp(before) > 0.1 * abs(one.evidence.step)
        return bool(rises and self.drifts(column))

    def shows_in_means(self, one: Judged) -> bool:
        """Whether means of four points show the edge of an element that noise nearly hides."""
        points = tidy(self.energy, one.values)
        count = len(points.energy) // 4
        if one.evidence.doubt or one.evidence.symbol is None or count < 20:
            return False
        x, y = (
            part[: 4 * count].reshape(count, 4).mean(axis=1) for part in (points.energy, points.columns[0])
        )
        found = judge_edge(x, y, near=self.near)
        # Counts of noise alone hardly ever do: a test tries thirty.
        return not found.doubt and found.contrast > 0.6 * CLEAR and found.symbol == one.evidence.symbol

    def sign(self, column: int) -> float:
        """Give the sign of a column: currents may be counted as negative."""
        return -1.0 if np.nanmedian(self.table.values[:, column]) < 0 else 1.0

    def waits(self, column: int) -> bool:
        """Whether a column is one number at first, as counting times are up to the edge, and mu never."""
        values = self.table.values[:, column]
        changes = np.flatnonzero(np.diff(values[np.isfinite(values)]))
        return bool(len(changes) and changes[0] > 0.1 * len(values))

    def _is_signal(self, column: int) -> bool:
        """Whether a column may be a detector: no motor, clock or constant, nor made by a program."""
        if any(column in self.roles.get(role, []) for role in ("energy", "angle", "derived", "neither")):
            return False
        values = self.table.values[:, column]
        finite = values[np.isfinite(values)]
        # A few values, each for a range of energies: step widths, counting times, dead detectors.
        low, high = np.quantile(finite, [0.01, 0.99]) if len(finite) else (0.0, 0.0)
        if len(finite) < 10 or not high > low or len(np.unique(np.round(50 * finite / (high - low)))) < 8:
            return False
        both = np.isfinite(values) & np.isfinite(self.energy) & (self.energy > 0)
        if both.sum() < 10:
            return False
        x, y = self.energy[both], values[both]
        steady = (y > 0).all() and min(np.ptp(np.log(y) - np.log(x)), np.ptp(np.log(y) + np.log(x))) < 2e-3
        angle = (y > 0).all() and (y < 90).all() and np.ptp(np.log(np.sin(np.radians(y))) + np.log(x)) < 2e-3
        # The energy again, in another unit or as an angle or a wavelength; or a count of rows, or a clock.
        row = np.arange(len(y), dtype=np.float64)
        counted = np.diff(y).min() > 0 and abs(np.corrcoef(row, y)[0, 1]) > 0.99999
        # The wavenumber of the photoelectron: 0 up to the edge, then the root of the energy above it.
        squared = y[y > 0] ** 2
        wavenumber = len(squared) > 9 and y.min() == 0 and abs(np.corrcoef(x[y > 0], squared)[0, 1]) > 0.99999
        return not (steady or angle or counted or wavenumber)


def transmissions(judged: JudgedTable) -> list[Judged]:
    """Judge the logarithms of labelled intensities; those of one station, as I0_a and I1_a, first."""
    readings = []
    for i0 in judged.roles.get("i0", [])[:3]:
        for it in judged.roles.get("transmitted", [])[:3]:
            one, other = (re.split(r"[\W_]+", judged.label(c).lower())[1:] for c in (i0, it))
            name = f"-ln({judged.label(it)}/{judged.label(i0)})"
            made = judged.judge(f"ln(${i0 + 1}/${it + 1})", name, "transmission")
            readings.append((not made.clear, one != other, i0, it, made))
    return [made for *_, made in sorted(readings, key=lambda one: one[:4])]


def fluorescences(judged: JudgedTable) -> list[Judged]:
    """Judge fluorescence over the monitor: corrected counts and sums first, then single channels."""
    columns = judged.roles.get("fluorescence", [])
    i0 = judged.first("i0")
    known = bool(columns)
    if not columns and i0 is not None:
        # Several columns of one name may be a detector's, whatever they are called.
        named = {c for columns in judged.roles.values() for c in columns}
        columns = [c for c in judged.others if c not in named]
        stems = Counter(judged.stem(c) for c in columns)
        columns = [c for c in columns if stems[judged.stem(c)] > 1]
    if not columns:
        return []
    readings: list[tuple[bool, Judged]] = []
    for group in _families(judged, columns):
        total = "+".join(f"${c + 1}" for c in group)
        names = "+".join(judged.label(c) for c in group[:4]) + ("+…" if len(group) > 4 else "")
        total = f"({total})" if len(group) > 1 else total
        over = ("", "") if i0 is None else (f"/${i0 + 1}", f"/{judged.label(i0)}")
        shown = f"({names})" if len(group) > 1 and i0 is not None else names
        made = judged.judge(total + over[0], shown + over[1], "fluorescence")
        if i0 is None and made.clear:
            made = over_monitor(judged, made, _monitors(judged), counts=True)
        if not known and (not made.clear or made.evidence.symbol is None):
            continue
        readings.append((any(CORRECTED.search(judged.label(c)) for c in group), made))
    # Counts of another element's window show no edge; of those that do, the corrected, then the quiet.
    # The detector's own sum says the same as ours in a word.
    readings.sort(key=lambda one: (not one[1].clear, not one[0],
                                   -round(10 * np.log(max(one[1].evidence.contrast, 1e-3))),
                                   len(one[1].candidate.expression)))  # fmt: skip
    return [made for _, made in readings]


def _families(judged: JudgedTable, columns: Sequence[int]) -> list[list[int]]:
    """Sum channels that one name and a number tell apart; give each family, and single columns."""
    families: dict[str, list[int]] = {}
    for column in columns:
        families.setdefault(judged.stem(column), []).append(column)
    groups = [group for group in families.values() if len(group) > 1]
    single = [c for c in columns if not any(c in group for group in groups)]
    return [*([c] for c in single[:8]), *groups, *([c] for group in groups for c in group[:4])]


def _counted_from_one(judged: JudgedTable) -> dict[str, list[int]]:
    """Where chambers 1, 2, … are all there is, and the edge shows from 2 on, 1 stands before the sample."""
    labels, (first, second) = judged.table.labels, (judged.first("transmitted"), judged.first("reference"))
    if set(judged.roles.get("i0", [])) & set(judged.others) or first is None or second is None:
        return {}
    names = [re.sub(r"1(?=\D*$)", n, labels[first]) for n in "23"]
    falls = steps_of(judged, [first, second])[1]
    at = [judged.tried[f"${c + 1}"].evidence.e0 or 0.0 for c in (first, second)]
    # The beam itself may fall somewhere, but not where the sample absorbs.
    if labels[second] != names[0] or second not in falls or (first in falls and abs(at[0] - at[1]) < 10):
        return {}
    return {
        "i0": [first],
        "transmitted": [second],
        "reference": [c for c in judged.others if labels[c] == names[1]],
    }


def _monitors(judged: JudgedTable) -> list[int]:
    """Find what no label names, shows no edge and is no motor: beams before the sample."""
    named = {c for columns in judged.roles.values() for c in columns}
    channels, falls, rises = steps_of(judged, [c for c in judged.others if c not in named])
    return [c for c in channels if c not in falls and c not in rises and not judged.drifts(c)]


def over_monitor(judged: JudgedTable, made: Judged, monitors: Sequence[int], *, counts: bool) -> Judged:
    """Divide what rises by the beam before the sample; counts unless that adds noise, else by structure."""
    best = made
    for monitor in monitors:
        expression, name = f"{made.candidate.expression}/${monitor + 1}", made.candidate.name
        name = f"({name})" if expression[0] == "(" else name
        over = judged.judge(expression, f"{name}/{name_of(judged, monitor)}", "fluorescence")
        better = over.evidence.contrast > (0.9 if best is made else 1.0) * best.evidence.contrast
        if over.clear and better and (counts or _share_structure(judged, made, monitor)):
            best = over
    return best


def _share_structure(judged: JudgedTable, made: Judged, monitor: int) -> bool:
    """Whether two columns go up and down together from point to point, away from the edge."""
    from scipy.stats import spearmanr

    e0 = made.evidence.e0 or 0.0
    away = (judged.energy < e0 - 20) | (judged.energy > e0 + 60)
    one, other = made.values[away], judged.table.values[away, monitor]
    good = (one > 0) & (other > 0)
    if good.sum() < 20:
        return False
    both = (np.diff(np.log(values[good]), 2) for values in (one, other))
    return bool(spearmanr(*both).statistic > 0.3)


def steps_of(judged: JudgedTable, columns: Sequence[int]) -> tuple[list[int], set[int], set[int]]:
    """Choose channels, and tell those that fall and those that rise at the edge."""
    singles = {c: judged.judge(f"${c + 1}", name_of(judged, c), "absorption", least=CLEAR) for c in columns}
    channels = channels_of(judged, columns)
    # A drift is a step of parts in a thousand; behind a sample, intensities change by tenths.
    levels = {c: float(np.nanquantile(np.abs(singles[c].values), 0.95)) for c in channels}
    steps = {c: judged.sign(c) * singles[c].evidence.step / levels[c] for c in channels}
    least = max(0.02, 0.1 * max((abs(step) for step in steps.values()), default=0.0))
    falls = {c for c in channels if steps[c] < -least}
    rises = {
        c
        for c in channels
        if steps[c] > least and singles[c].clear and singles[c].evidence.symbol is not None
    }
    return channels, falls, rises


def channels_of(judged: JudgedTable, columns: Sequence[int]) -> list[int]:
    """Choose the columns that change most above their noise: beams do, before counters of photons."""
    changes = []
    for column in columns:
        values = judged.table.values[:, column] * judged.sign(column)
        positive = values[np.isfinite(values) & (values > 0)]
        if len(positive) > 0.9 * len(values):
            low, high = np.quantile(positive, [0.02, 0.98])
            noise = float(np.median(np.abs(np.diff(np.log(positive), 2))))
            # Motors at rest are all noise, moving ones and clocks have none.
            changes.append((judged.drifts(column), -float(np.log(high / low)) / max(noise, 1e-6), column))
    return sorted(column for *_, column in sorted(changes)[:_MOST_CHANNELS])


def pairs_of(judged: JudgedTable, channels: Sequence[int], falls: set[int], rises: set[int]) -> list[Judged]:
    """Judge logarithms of ratios: of a channel without an edge over a later one, neighbours first."""
    pairs: list[tuple[float, Judged]] = []
    if not k_edges_within(judged.energy):
        return []
    levels = {c: abs(float(np.nanmedian(judged.table.values[:, c]))) for c in channels}
    for above in channels:
        for below in channels:
            # What rises at the edge counts fluorescence.
            if above == below or above in rises or below in rises:
                continue
            name = f"ln({name_of(judged, above)}/{name_of(judged, below)})"
            made = judged.judge(f"ln(${above + 1}/${below + 1})", name, "transmission", least=_SURE)
            sure = made.clear and made.evidence.contrast > _SURE
            if sure and made.evidence.symbol is not None and made.evidence.step > 0.02:
                penalty = 2.0 * (above in falls) + (above > below)
                # Chambers of one rack have one name and a number.
                penalty += 1.0 * (judged.stem(above) != judged.stem(below)) + 0.3 * judged.drifts(above)
                penalty += max(0.0, abs(np.log10(levels[above] / levels[below])) - 1)
                pairs.append((penalty + 0.1 * abs(above - below) + 0.01 * above, made))
    best = max((made.evidence.contrast for _, made in pairs), default=0.0)
    # Two channels that share the sample share its edge; what a motor's jitter makes of one is faint.
    pairs = [pair for pair in pairs if pair[1].evidence.contrast > 0.1 * min(best, 50 * CLEAR)]
    return [made for _, made in sorted(pairs, key=lambda pair: pair[0])]


def difference(judged: JudgedTable, one: Judged, other: Judged) -> float:
    """Root mean square by which two readings differ around the edge, in edge steps, noise apart."""
    e0 = one.evidence.e0
    if e0 is None or other.evidence.e0 is None:
        return float("inf")
    curves = []
    for made in (one, other):
        points = tidy(judged.energy, made.values)
        x, y = points.energy, points.columns[0]
        grid = np.arange(max(x[0], e0 - 60), min(x[-1], e0 + 120), 2.0)
        level = np.array(
            [y[abs(x - at) <= 3].mean() if (abs(x - at) <= 3).any() else np.interp(at, x, y) for at in grid]
        )
        curves.append(level)
    if len(curves[0]) != len(curves[1]) or len(curves[0]) < 8:
        return float("inf")
    # One scale, one level and one slope are no difference of spectra.
    ramp = np.linspace(-1, 1, len(curves[0]))
    basis = np.column_stack([curves[1], np.ones_like(ramp), ramp])
    fit, *_ = np.linalg.lstsq(basis, curves[0], rcond=None)
    return float(np.std(curves[0] - basis @ fit)) / abs(one.evidence.step)


def made_of(one: Judged, other: Judged) -> bool:
    """Whether a column was made of intensities: then it has their noise, point for point."""
    good = np.isfinite(one.values) & np.isfinite(other.values)
    ramp = np.linspace(-1, 1, int(good.sum()))
    basis = np.column_stack([other.values[good], np.ones_like(ramp), ramp])
    fit, *_ = np.linalg.lstsq(basis, one.values[good], rcond=None)
    rest = one.values[good] - basis @ fit
    noise, own = (float(np.median(np.abs(np.diff(y, 2)))) for y in (rest, fit[0] * basis[:, 0]))
    return noise < 0.5 * own


def name_of(judged: JudgedTable, column: int) -> str:
    """Name a column for people."""
    return judged.label(column) if judged.table.labels else f"column {column + 1}"
