r"""The classical reading of a PDF: its first metal-oxygen shell, from fitted peaks.

A shell of *N* oxygens about each metal M has the area :math:`N\,2 c_M b_M b_O/\langle b\rangle^2` in
:math:`R(r)`. Reductions of x-ray data leave the scale of G open; there the line before the first peak,
:math:`-4\pi\rho_0 r` times the same scale, gives it. Neutron data are put on an absolute scale by vanadium,
and their low r by inelastic scattering off it: there the scale is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import BUNDLED_ABSORBERS, DataError, points_down
from edgepair.spectra.pdf_peaks import Peak, PeakFit, fit_peaks
from edgepair.spectra.pdf_preparation import pair_weight

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats
    from edgepair.measured.pdf.curve import PdfCurve

SHORTEST, LONGEST = 1.5, 2.55
"""Å; between them lie metal-oxygen bonds of first shells."""

SPLIT = 0.45
"""Å beyond a shell's first peak, within which further ones are its own: bonds of a Jahn-Teller metal are up
to 0.3 Å longer; those of Cu(II) beyond 2.4 Å, its 4 + 2, are another shell."""

OTHERS_BELOW, NOT_THE_METALS = 1.66, 0.4
"""Å; a peak below is P-O, S-O or Si-O, of the sample or its container, where one of more than this part of
its area follows."""

SURE = 3.0
"""Errors that the area of a first peak must be away from nothing."""

LEADING = 0.2
"""Of the area of its shell's largest peak, what the first must have; less is a ripple before it."""

SCALE_ERROR = 0.2
"""Relative error of a coordination number by the scale (docs/decisions/0017-first-shell.md)."""

NEIGHBOURS = (1.0, 13.0)
"""Coordination numbers that a curve on the right scale can give."""

LEAST_SHARE = 0.1
"""Of the metal's scattering, what another element must have to share its peak."""

MARGIN = 0.1
"""Å by which tabulated distances of other elements to oxygen are widened."""

LONE_PAIRS, SHORTER = ("Sn", "Sb", "Te", "Tl", "Pb", "Bi"), 0.3
"""Elements whose lone pair gives them some bonds that are so much shorter, Å, than their radius says."""

OXIDE_RADIUS = 1.38
"""Å; of O²⁻ with four neighbours (Shannon, Acta Cryst. A 32, 751 (1976))."""


@dataclass(frozen=True)
class FirstShell:
    """What the first shell's peaks say; errors are one standard deviation.

    Attributes
    ----------
    metal : str or None
        Whose shell it is taken for; None where nothing tells.
    position, position_error : float
        Mean distance by area, Å.
    width : float
        Standard deviation of the distances, thermal motion included, broadening by Qmax not; Å.
    area, area_error : float
        Integral of R(r): weighted neighbours, on the scale of the file.
    coordination, coordination_error : float or None
        Oxygens about each metal, and each of those that share its shell; None where composition or
        scale is not known.
    n_peaks : int
        Peaks that the shell is split into.
    shared_with : tuple of str
        Other elements of the composition whose bonds to oxygen are as long.
    """

    metal: str | None
    position: float
    position_error: float
    width: float
    area: float
    area_error: float
    coordination: float | None
    coordination_error: float | None
    n_peaks: int
    shared_with: tuple[str, ...]

    def sentence(self) -> str:
        """Say it in words.

        Returns
        -------
        str
            Position and width in Å, oxygens by the area where it is known, and what shares the peak.
        """
        whose = "first shell" if self.metal is None else f"first {self.metal}-O shell"
        parts = [f"{whose} at {self.position:.3f} ± {self.position_error:.3f} Å, width {self.width:.3f} Å"]
        if self.n_peaks > 1:
            parts[0] += f" ({self.n_peaks} peaks)"
        if self.coordination is not None:
            parts.append(f"area of {self.coordination:.1f} ± {self.coordination_error:.1f} oxygens")
            if self.metal == "Cu":
                parts[-1] += ", not counting the long bonds of a 4 + 2 shell"
        if self.shared_with:
            parts.append(f"bonds of {', '.join(self.shared_with)} to oxygen are as long")
        return "; ".join(parts)


def fit_curve(curve: PdfCurve, qmax: float | None) -> PeakFit | None:
    """Fit the peaks of a measured PDF."""
    return fit_peaks(curve.r, curve.G, qmax=qmax, both_signs=curve.radiation == "neutron")


def read_first_shell(curve: PdfCurve, fit: PeakFit | None, metal: str | None) -> FirstShell | None:
    """Take the first shell out of fitted peaks; None where none is sure."""
    if fit is None:
        return None
    neutron = curve.radiation == "neutron"
    down = points_down("npdf" if neutron else "pdf", metal) if metal else None if neutron else False
    composition = amounts(curve.composition)
    others = _others(composition, metal, curve.radiation or "x-ray")
    chosen = _choose(fit.peaks, others, down=down)
    if not chosen:
        return None
    peaks = [fit.peaks[k] for k in chosen]
    area = sum(peak.area for peak in peaks)
    position = sum(peak.area * peak.position for peak in peaks) / area
    spread = sum(peak.area * (peak.width**2 + (peak.position - position) ** 2) for peak in peaks) / area
    gradient = np.zeros((2, len(fit.covariance)))
    for k in chosen:
        peak = fit.peaks[k]
        gradient[0, 3 * k], gradient[0, 3 * k + 2] = peak.area / area, (peak.position - position) / area
        gradient[1, 3 * k + 2] = 1.0
    errors = _errors(gradient, fit.covariance)
    shared = tuple(
        name for name, (low, high) in others.items() if any(low <= p.position <= high for p in peaks)
    )
    coordination = error = None
    if metal is not None and metal in composition and "O" in composition:
        coordination, error = _coordination(curve, fit, (metal, *shared), composition, area, errors[1])
    return FirstShell(
        metal,
        position,
        float(errors[0]),
        float(np.sqrt(spread)),
        area,
        float(errors[1]),
        coordination,
        error,
        len(peaks),
        shared,
    )


def only_metal(formula: str | None) -> str | None:
    """Take the metal of a composition that holds one that edgepair knows and no other."""
    known = [name for name in amounts(formula) if name in BUNDLED_ABSORBERS]
    return known[0] if len(known) == 1 else None


def amounts(formula: str | None) -> Mapping[str, float]:
    """Elements of a formula and how much of each; nothing where it is not known."""
    from pymatgen.core import Composition

    if formula is None:
        return {}
    try:
        return {str(element): float(n) for element, n in Composition(formula).get_el_amt_dict().items()}
    except ValueError:
        return {}


def _choose(
    peaks: tuple[Peak, ...], others: Mapping[str, tuple[float, float]], *, down: bool | None
) -> list[int]:
    """Peaks of the first shell whose area is sure; they split it together."""
    inside = [k for k, peak in enumerate(peaks) if SHORTEST <= peak.position <= LONGEST]
    if down is None:
        sure = [k for k in inside if abs(peaks[k].area) > SURE * peaks[k].area_error]
        down = bool(sure) and peaks[sure[0]].area < 0
    sign = -1.0 if down else 1.0
    mine = [k for k in inside if sign * peaks[k].area > peaks[k].area_error]
    for first in mine:
        at = peaks[first].position
        theirs = [low <= at <= high for low, high in others.values()]
        shell = [
            k
            for k in mine
            if k >= first
            and peaks[k].position <= at + SPLIT
            # what splits a shell is not another element's, unless that shares all of it
            and (any(theirs) or not any(low <= peaks[k].position <= high for low, high in others.values()))
        ]
        largest = max(abs(peaks[k].area) for k in shell)
        if abs(peaks[first].area) < LEADING * largest:
            continue
        later = [abs(peaks[k].area) for k in mine if k > first]
        short = at < OTHERS_BELOW and not down
        if short and later and max(later) > NOT_THE_METALS * abs(peaks[first].area):
            continue
        total = np.hypot.reduce([peaks[k].area_error for k in shell])
        if max(abs(peaks[k].area) / peaks[k].area_error for k in shell) > SURE or (
            abs(sum(peaks[k].area for k in shell)) > SURE * total
        ):
            return shell
    return []


def _errors(gradient: Floats, covariance: Floats) -> Floats:
    return np.sqrt(np.clip(np.diag(gradient @ covariance @ gradient.T), 0.0, None))


def _coordination(
    curve: PdfCurve,
    fit: PeakFit,
    metals: tuple[str, ...],
    composition: Mapping[str, float],
    area: float,
    error: float,
) -> tuple[float | None, float | None]:
    density = curve.number_density
    if curve.radiation not in ("x-ray", "neutron"):
        return None, None
    scale, scale_error = 1.0, 0.0
    if curve.radiation == "x-ray":
        if density is None or fit.slope < 3 * fit.slope_error:
            return None, None
        scale = fit.slope / (4 * np.pi * density)
        scale_error = fit.slope_error / fit.slope
    try:
        weight = sum(pair_weight(composition, name, "O", curve.radiation) for name in metals)
        number = area / scale / weight
    except DataError:
        return None, None
    if not NEIGHBOURS[0] <= number <= NEIGHBOURS[1]:
        return None, None
    relative = np.sqrt((error / area) ** 2 + scale_error**2 + SCALE_ERROR**2)
    return float(number), float(number * relative)


def _others(
    composition: Mapping[str, float], metal: str | None, radiation: str
) -> dict[str, tuple[float, float]]:
    """Where the bonds of other elements to oxygen lie, of those that scatter enough to matter."""
    if metal is None or metal not in composition or "O" not in composition:
        return {}
    try:
        weight = {name: pair_weight(composition, name, "O", radiation) for name in composition}
    except DataError:
        return {}
    return {
        name: (between[0] - MARGIN, between[1] + MARGIN)
        for name in composition
        if name not in (metal, "O")
        and weight[name] * weight[metal] > 0
        and abs(weight[name]) > LEAST_SHARE * abs(weight[metal])
        and (between := bonds_to_oxygen(name)) is not None
    }


@cache
def bonds_to_oxygen(element: str) -> tuple[float, float] | None:
    """Shortest and longest by Shannon's radii of the element's common positive states, Å; None: no such."""
    from pymatgen.core import Element

    found = Element(element)
    radii = [
        float(entry["ionic_radius"])
        for state, by_number in (found.data.get("Shannon radii") or {}).items()
        if int(state) > 0 and int(state) in found.common_oxidation_states
        for by_spin in by_number.values()
        for entry in by_spin.values()
    ]
    if not radii:
        return None
    shorter = SHORTER if element in LONE_PAIRS else 0.0
    return min(radii) + OXIDE_RADIUS - shorter, max(radii) + OXIDE_RADIUS
