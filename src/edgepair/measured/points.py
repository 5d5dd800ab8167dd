"""Points of a scan, put in order: missing ones dropped, energies increasing, repeats averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgepair.conventions.tasks import Floats

SAME = 1e-3
"""eV within which two energies are the same point: a tenth of the finest step of a monochromator."""

MOST = 20_000
"""Points of a spectrum that are kept apart: over 1,000 eV, a twentieth of an eV each."""

_TYPICAL = (3800.0, 66_000.0)
"""eV: where the K edges from Ca to Lu, with their scans, lie."""

BROKEN = 1e30
"""Magnitude from which a value is a broken number; the square of a smaller one still fits."""


@dataclass(frozen=True)
class TidyPoints:
    """Points in order; ``energy`` (n_energy,) in eV; ``columns`` (n_energy,)."""

    energy: Floats
    columns: tuple[Floats, ...]
    warnings: tuple[str, ...]


def tidy(energy: Floats, mu: Floats, reference: Floats | None = None) -> TidyPoints:
    """Bring the points of a scan into order; energies in eV, all (n_points,)."""
    warnings: list[str] = []
    good = np.isfinite(energy) & (energy > 0) & np.isfinite(mu) & (np.abs(mu) < BROKEN)
    if good.any():
        # No scan reaches from half to double its middle: such an energy is a broken number.
        middle = float(np.median(energy[good]))
        good &= (energy > middle / 2) & (energy < middle * 2)
    if not good.all():
        warnings.append(f"{int((~good).sum())} of {len(good)} points have no usable value and were dropped")
    x, y = energy[good], mu[good]
    z = reference[good] if reference is not None else None
    if len(x) < 2:
        return TidyPoints(x, (y,) if z is None else (y, z), tuple(warnings))
    steps = np.diff(x)
    # A scan downwards is read backwards; that is no fault.
    if np.median(steps) < 0:
        x, y, z = x[::-1], y[::-1], None if z is None else z[::-1]
        steps = np.diff(x)
    back = steps < -SAME
    if back.any():
        warnings.append(
            f"{int(back.sum())} energies go back, by up to {-float(steps.min()):.3g} eV: points were sorted"
        )
    order = np.argsort(x, kind="stable")
    x, y, z = x[order], y[order], None if z is None else z[order]
    group = np.concatenate([[0], np.cumsum(np.diff(x) > SAME)])
    where = "at repeated energies"
    if len(x) > MOST:
        # Detectors read far faster than the energy moves; each step takes its time in all that follows.
        width = max(SAME, float(np.ptp(x)) / MOST)
        group = np.unique(np.floor((x - x[0]) / width), return_inverse=True)[1]
        where = f"within {width:.2g} eV"
    if group[-1] + 1 < len(x):
        warnings.append(f"{len(x) - int(group[-1]) - 1} points {where} were averaged")
        size = np.bincount(group).astype(np.float64)
        x, y = np.bincount(group, x) / size, np.bincount(group, y) / size
        z = None if z is None else np.bincount(group, z) / size
    if z is None:
        return TidyPoints(x, (y,), tuple(warnings))
    fine = np.isfinite(z) & (np.abs(np.nan_to_num(z)) < BROKEN)
    if fine.sum() < 10:
        return TidyPoints(x, (y,), tuple(warnings))
    return TidyPoints(x, (y, z if fine.all() else np.interp(x, x[fine], z[fine])), tuple(warnings))


def runs_through_edge(values: Floats, factors: Sequence[float] = (1.0, 1000.0)) -> bool:
    """Whether numbers without a label run through the range of a K edge, in one direction, in eV or keV."""
    finite = without_outliers(values)
    if len(finite) < 10 or len(finite) < 0.9 * len(values):
        return False
    steps = np.diff(finite)
    # A scan there and back turns once, at one of its ends.
    turn = int(finite.argmax()) if finite[0] < finite[len(finite) // 2] else int(finite.argmin())
    parts = [part for part in (steps[:turn], steps[turn:]) if len(part)]
    one_way = all(max(float((p >= 0).mean()), float((p <= 0).mean())) > 0.9 for p in parts)
    low, high = float(finite.min()), float(finite.max())
    # A scan spans some tens of electronvolts at least and never doubles its energy.
    for factor in factors:
        if _TYPICAL[0] < low * factor and high * factor < _TYPICAL[1] and (high - low) * factor > 15:
            return one_way and high < 2 * low
    return False


def without_outliers(values: Floats) -> Floats:
    """Leave out what cannot be an energy of the scan: the zeros of rows that were never measured."""
    positive = values[np.isfinite(values) & (values > 0)]
    if not len(positive):
        return values[np.isfinite(values)]
    middle = float(np.median(positive))
    kept: Floats = positive[(positive > middle / 2) & (positive < middle * 2)]
    # Energies relative to an edge, or none at all: then what is negative is no outlier.
    return kept if len(kept) > 0.5 * len(values) else values[np.isfinite(values)]
