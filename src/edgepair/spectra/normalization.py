r"""Edge-step normalisation of a measured spectrum.

With :math:`p(E)` a straight line through the pre-edge and :math:`q(E)` a polynomial through what
lies between the post-edge's ends, of the absorption above :math:`p`,

.. math:: \mu_n(E) = \frac{\mu(E) - p(E)}{q(E_0)}, \qquad
          \mu_f(E) = \mu_n(E) - \frac{q(E) - q(E_0)}{q(E_0)}\,[E > E_0]

:math:`\mu_n` is what Athena and Larch call norm, :math:`\mu_f` flat [1]_.

.. [1] Ravel and Newville, J. Synchrotron Rad. 12, 537 (2005), doi 10.1107/S0909049505012719
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgepair.conventions import DataError, OptionError
from edgepair.conventions.tasks import Floats
from edgepair.spectra.edge import checked_spectrum, other_edges
from edgepair.spectra.edge import find_e0 as find_e0
from edgepair.spectra.smoothing import fit_polynomial

PRE_LENGTH = 150.0
"""eV; the default pre-edge starts no further below E0: over more, a straight line bends."""

PRE_LONG = 75.0
"""eV; a pre-edge of this length can keep 30 eV away from the edge."""

PRE_SLOPED = 23.0
"""eV; a pre-edge shorter than this is too near the edge's foot to tell its slope."""

POST_GAP = 50.0
"""eV above E0 from which the default post-edge starts, where the scan reaches far enough."""

POST_LAST = 500.0
"""eV above E0 at which the default post-edge ends: what lies beyond says little of the edge."""

POST_LONG = 120.0
"""eV above E0 that a scan must reach for the slope of its post-edge to be fitted from 50 eV on."""

BEFORE_OTHER = 20.0
"""eV below another element's edge at which the post-edge ends: its pre-edge peaks are left out."""

AFTER_OTHER = 40.0
"""eV above another element's edge from which the pre-edge starts: its white line is left out."""


@dataclass(frozen=True)
class NormalizedSpectrum:
    """A spectrum brought to an edge step of 1, with how that was done.

    Attributes
    ----------
    energy : numpy.ndarray
        Shape (n_energy,), eV.
    mu : numpy.ndarray
        Shape (n_energy,): flattened, what models and standards use.
    norm : numpy.ndarray
        Shape (n_energy,): normalised but not flattened.
    e0 : float
        Energy of the edge, eV.
    edge_step : float
        Height of the edge in the units of what was measured.
    pre, post : tuple of float
        Ends of the pre-edge and post-edge ranges, eV relative to E0.
    degree : int
        Of the polynomial through the post-edge: 0, 1 or 2.
    warnings : tuple of str
        What makes the normalisation doubtful.
    own_end : float
        Where another element's absorption may begin, eV relative to E0; infinite where no such edge
        was found, or none was looked for, as both ranges were given.
    """

    energy: Floats
    mu: Floats
    norm: Floats
    e0: float
    edge_step: float
    pre: tuple[float, float]
    post: tuple[float, float]
    degree: int
    warnings: tuple[str, ...] = ()
    own_end: float = math.inf


def normalize_mu(
    energy: ArrayLike,
    mu: ArrayLike,
    *,
    e0: float | None = None,
    near: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
    degree: int | None = None,
) -> NormalizedSpectrum:
    """Bring a spectrum to an edge step of 1.

    Parameters
    ----------
    energy : array_like
        Shape (n_energy,), eV, increasing.
    mu : array_like
        Shape (n_energy,), in any unit.
    e0 : float, optional
        Energy of the edge, eV; found where not given.
    near : float, optional
        Tabulated energy of the absorber's edge, eV, to find E0 by.
    pre, post : tuple of float, optional
        Ranges of the pre-edge and the post-edge, eV relative to E0; chosen where not given.
    degree : int, optional
        Degree of the post-edge polynomial; by default 2 where it is longer than 250 eV, 1 where it is
        90 eV long (70 eV after a pre-edge shorter than 75 eV, any length after a constant one), else 0.

    Returns
    -------
    NormalizedSpectrum
        On the energies given.

    Raises
    ------
    DataError
        No edge, a range without points, or an edge step that is not positive.
    OptionError
        A range that cannot be (`check_ranges`), or a degree that is not 0, 1, 2 or 3.

    Notes
    -----
    A range takes the points from the last one not above its start to the one before the nearest
    to its end, and the step is read at the measured point nearest to E0: as in Larch, so that the
    two agree where they are given the same E0 and ranges. The pre-edge is a straight line; a
    constant where it has fewer than 3 points, or is a default range shorter than 23 eV. Default
    ranges stay clear of other elements' edges in the same scan.
    """
    x, y = checked_spectrum(energy, mu)
    check_ranges(pre, post)
    _check_degree(degree)
    edge = find_e0(x, y, near=near) if e0 is None else float(e0)
    if not x[0] < edge < x[-1]:
        raise DataError(
            "cannot normalise a spectrum",
            found=f"E0 {edge:.1f} eV outside {x[0]:.1f} to {x[-1]:.1f} eV",
            needed="an E0 inside the measured range",
            suggestion="check the unit of energy, or leave --e0 out",
        )
    first, last = float(x[0] - edge), float(x[-1] - edge)
    warnings = _cut_short(pre, post, first, last)
    own_end = math.inf
    pre_range = pre or _default_pre(x, y, edge, first)
    # Where the pre-edge cannot tell the background's slope, the post-edge has to, unless it is gone.
    sloped = pre is not None or first <= -PRE_SLOPED or _is_scaled(x, y, edge)
    level = pre is None and first > -PRE_SLOPED
    post_range = post or _default_post(last, sloped=sloped)
    if pre is None or post is None:
        rough = _rough_step(x, y, edge)
        others = [at - edge for at in other_edges(x, y, e0=edge, edge_step=rough)]
        below = max((at for at in others if at < 0), default=None)
        above = min((at for at in others if at > 0), default=None)
        if pre is None and below is not None and below + AFTER_OTHER < -30:
            pre_range = _default_pre(x, y, edge, below + AFTER_OTHER)
            warnings.append(f"another edge {-below:.0f} eV below this one: the pre-edge starts after it")
        own_end = math.inf if above is None else above - BEFORE_OTHER
        if post is None and above is not None:
            post_range = _default_post(own_end, sloped=sloped)
            warnings.append(f"another edge {above:.0f} eV above this one: the post-edge ends before it")
    if degree is None:
        length = post_range[1] - post_range[0]
        # A slope over few oscillations is theirs; it helps only where the pre-edge hardly knows one.
        least = 90 if pre_range[0] <= -PRE_LONG else 70 if sloped else 0
        degree = 2 if length > 250 else 1 if length >= least else 0
        inside = _within(x, edge, post_range)
        degree = max(0, min(degree, inside.stop - inside.start - 3))
    line, curve = _background(x, y, edge, pre_range, post_range, degree, level=level)
    nearest = int(np.abs(x - edge).argmin())
    rise = float(np.polyval(curve, x[nearest] - edge))
    if pre is None and -pre_range[0] < PRE_SLOPED:
        warnings.append(f"the pre-edge is only {-pre_range[0]:.0f} eV long: its slope is not fitted")
    if post is None and post_range[1] < 2 * POST_GAP:
        warnings.append(
            f"the spectrum ends {post_range[1]:.0f} eV above the edge: the edge step is uncertain by about "
            f"{10 if post_range[1] < 60 else 5} %"
        )
    if not rise > 1e-9 * max(float(np.ptp(y)), 1e-300):
        raise DataError(
            "cannot normalise a spectrum",
            found=f"an edge step of {rise:.3g}",
            needed="absorption that is higher after the edge than before",
            suggestion="check which columns make mu, and its sign; "
            "where they are right, choose E0 and the pre-edge and post-edge ranges",
        )
    norm = (y - np.polyval(line, x - edge)) / rise
    bend = np.polyval(curve, x - edge) / rise - 1
    flat = norm - np.where(np.arange(len(x)) >= nearest, bend, 0.0)
    return NormalizedSpectrum(
        x, flat, norm, edge, rise, pre_range, post_range, degree, tuple(warnings), own_end
    )


def check_ranges(pre: tuple[float, float] | None, post: tuple[float, float] | None) -> None:
    """Refuse ranges of the pre-edge and the post-edge that no spectrum can have."""
    for name, option, between, example in (
        ("pre-edge", "--pre", pre, "-150,-30"),
        ("post-edge", "--post", post, "50,500"),
    ):
        if between is None:
            continue
        first, last = between
        found = ""
        if not (math.isfinite(first) and math.isfinite(last)):
            found = "an energy that is not finite"
        elif not first < last:
            found = "a range that does not end above its start"
        elif name == "pre-edge" and last > 0:
            found = "a range that reaches above the edge"
        elif name == "post-edge" and first < 0:
            found = "a range that starts below the edge"
        if found:
            raise OptionError(
                f"cannot fit a {name} from {first:g} to {last:g} eV",
                found=found,
                needed="two energies relative to E0, the lower one first: of the pre-edge both below 0, "
                "of the post-edge both above",
                suggestion=f"{option} {example}, or leave it out to have it chosen",
            )


def _rough_step(x: Floats, y: Floats, edge: float) -> float:
    """Estimate the step from the nearest 80 eV, where other elements' edges seldom are."""
    first, last = float(x[0] - edge), float(x[-1] - edge)
    before = (max(first, -70.0), max(-20.0, 0.6 * first))
    after = (min(12.0, 0.4 * last), min(last, 80.0))
    step = 0.0
    for level in (False, True):
        if step <= 0:
            _, curve = _background(x, y, edge, before, after, 0, level=level or first > -PRE_SLOPED)
            step = float(curve[-1])
    return step


def _cut_short(
    pre: tuple[float, float] | None, post: tuple[float, float] | None, first: float, last: float
) -> list[str]:
    """Say where a range that was asked for goes beyond what was measured."""
    told = []
    if pre is not None and pre[0] < first - 1 < pre[1]:
        told.append(f"the pre-edge asked for starts before the scan: it is fitted from {first:.0f} eV on")
    if post is not None and post[0] < last + 1 < post[1]:
        told.append(f"the post-edge asked for ends after the scan: it is fitted up to {last:.0f} eV")
    return told


def _check_degree(degree: int | None) -> None:
    if degree is not None and degree not in (0, 1, 2, 3):
        raise OptionError(
            f"cannot fit a post-edge of degree {degree}",
            found=f"degree {degree}",
            needed="0, 1, 2 or 3",
            suggestion="leave it out to have it chosen by the length of the post-edge",
        )


def _default_pre(x: Floats, y: Floats, edge: float, first: float) -> tuple[float, float]:
    """End before the pre-edge peaks: by distance in long scans, by where the rise begins in short ones."""
    if first <= -PRE_LONG:
        return (max(first, -PRE_LENGTH), -30.0)
    last = -20.0 if first <= -PRE_SLOPED else max(-15.0, 0.6 * first)
    before = (x >= edge + first) & (x <= edge + last)
    after = (x >= edge + 10) & (x <= edge + 60)
    if before.sum() > 4 and after.any():
        # Slope and level by medians, and the level by the first third: a peak at the end moves neither.
        slope = float(np.median(np.diff(y[before]) / np.diff(x[before])))
        height = y - slope * (x - edge)
        base = float(np.median(height[before][: max(3, int(before.sum()) // 3)]))
        step = float(np.median(height[after])) - base
        risen = np.flatnonzero(height[before] > base + 0.05 * step)
        if step > 0 and len(risen):
            # Pre-edge peaks of tetrahedral sites lie up to 20 eV below a high E0.
            onset = float(x[before][risen[0]]) - edge
            last = max(min(last, onset - 1), first * 0.8)
    return (first, last)


def _default_post(last: float, *, sloped: bool) -> tuple[float, float]:
    """Start at 50 eV; in a short scan sooner, to have more than one oscillation to average."""
    if last >= POST_LONG:
        return (POST_GAP, min(last, POST_LAST))
    if not sloped or last < 70:
        return (min(12.0, 0.4 * last), last)
    return (min(0.55 * last, POST_GAP), last)


def _is_scaled(x: Floats, y: Floats, edge: float) -> bool:
    """Say whether a background was taken off before: the spectrum starts at 0, its top is near 1."""
    start = y[x < edge][: max(3, int((x < edge).sum()) // 4)]
    after = y[(x > edge) & (x < edge + 60)]
    if not len(start) or not len(after):
        return False
    return abs(float(np.median(start))) < 0.03 and 0.8 < float(after.max()) < 2.5


def _background(
    x: Floats,
    y: Floats,
    edge: float,
    pre: tuple[float, float],
    post: tuple[float, float],
    degree: int,
    *,
    level: bool,
) -> tuple[Floats, Floats]:
    """Fit the pre-edge, level or sloping, and the post-edge above it; coefficients, highest first."""
    before = _within(x, edge, pre)
    last = int(np.searchsorted(x, edge + pre[1], side="right")) - 1
    line = _fit(x, y, edge, before, 0 if level or last - before.start < 3 else 1, "pre-edge", pre)
    above = y - np.polyval(line, x - edge)
    return line, _fit(x, above, edge, _within(x, edge, post), degree, "post-edge", post)


def _within(x: Floats, edge: float, between: tuple[float, float]) -> slice:
    """Choose the points of a range."""
    start = max(0, int(np.searchsorted(x, edge + between[0], side="right")) - 1)
    stop = int(np.abs(x - (edge + between[1])).argmin())
    return slice(start, max(stop, start))


def _fit(
    x: Floats, y: Floats, edge: float, inside: slice, degree: int, name: str, between: tuple[float, float]
) -> Floats:
    count = inside.stop - inside.start
    if x[-1] < edge + between[0] or x[0] > edge + between[1]:
        count = 0
    elif count == 0 and degree == 0:
        inside, count = slice(inside.start, inside.start + 1), 1
    if count < degree + 1:
        option = f"--{name.partition('-')[0]}"
        raise DataError(
            f"cannot fit the {name} of a spectrum",
            found=f"{count} points from {between[0]:+.0f} to {between[1]:+.0f} eV of E0 {edge:.1f} eV",
            needed=f"at least {degree + 1}",
            suggestion=f"choose another range with {option}; the scan covers {x[0] - edge:+.0f} to "
            f"{x[-1] - edge:+.0f} eV",
        )
    u, v = x[inside] - edge, y[inside]
    good = ~_gross(v)
    return fit_polynomial(u[good], v[good], degree)


def _gross(y: Floats) -> NDArray[np.bool_]:
    """Mark up to three points in a row that stick out by more than all else of a range spans."""
    from scipy.ndimage import median_filter

    if len(y) < 12:
        return np.zeros(len(y), dtype=bool)
    ordered = np.sort(y)
    span = float(ordered[int(0.9 * len(y))] - ordered[int(0.1 * len(y))])
    # no point is farther from the median about it than three steps
    if 3 * np.abs(np.diff(y)).max() <= span:
        return np.zeros(len(y), dtype=bool)
    off = np.abs(y - median_filter(y, size=7, mode="nearest"))
    if off.max() <= span:
        return np.zeros(len(y), dtype=bool)
    marked = off > max(span, 20 * float(np.median(off)))
    return marked if marked.mean() < 0.2 else np.zeros(len(y), dtype=bool)
