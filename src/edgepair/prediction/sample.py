"""Bringing a measured curve to what a model compares."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import DataError, MeasurementError, OptionError, edge_energy
from edgepair.features.xanes import STEP
from edgepair.measured import PdfCurve, XanesScan
from edgepair.measured.edges import settle_absorber
from edgepair.measured.xanes.calibration import UNKNOWN_SCALE
from edgepair.measured.xanes.energies import contradicting_unit
from edgepair.measured.xanes.inspection import NOT_SHIFTED, XanesInspection, calibrated, inspect_xanes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from edgepair.spectra.alignment import FoilReading

FEWEST_POINTS = 10
"""Points of the shortest curve that is looked at."""

FARTHEST_EDGE = 40.0
"""eV from the tabulated edge beyond which an edge is taken as another element's, whose K edges lie
400 eV and more apart, not as that of a monochromator without calibration."""


@dataclass(frozen=True)
class PreparedXanes:
    """A measured spectrum, normalised.

    ``energy`` (n_energy,) in eV; ``mu`` (n_energy,); ``shift``, ``error`` in eV; ``e0`` in eV on the scale of
    the file.
    """

    absorber: str
    energy: NDArray[np.float64]
    mu: NDArray[np.float64]
    shift: float
    error: float
    calibrated: bool
    metallic: bool
    warnings: tuple[str, ...]
    e0: float
    edge_step: float

    def moved(self, by: float, error: float) -> PreparedXanes:
        """Add to the energies; ``by``, ``error`` in eV."""
        return replace(self, energy=self.energy + by, shift=self.shift + by, error=error)


def prepare_xanes(
    mu: XanesScan | tuple[ArrayLike, ArrayLike],
    absorber: str | None,
    *,
    shift: float | None = None,
    foil: FoilReading | None = None,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
) -> PreparedXanes:
    """Normalise a measured spectrum and put it on the tabulated energy scale as far as known.

    ``mu``, ``shift``, ``e0`` in eV.
    """
    scan = mu if isinstance(mu, XanesScan) else scan_of(mu)
    metal = absorber or scan.absorber
    if metal is None:
        raise MeasurementError(
            "cannot tell the absorber of a spectrum",
            found="no element in the header, and an edge that is none's or several's",
            needed="the element whose K edge was measured",
            suggestion="give --absorber",
        )
    tabulated = edge_energy(metal)
    warnings = []
    if scan.absorber not in (None, metal):
        warnings.append(f"the file says {scan.absorber}, {metal} was asked for")
    inspection = inspect_xanes(
        replace(scan, absorber=metal, edge="K"), e0=e0, shift=shift, foil=foil, pre=pre, post=post
    )
    spectrum = calibrated(
        inspection,
        f"cannot normalise {scan.file!r}" if scan.file else "cannot normalise the spectrum",
        _cure(inspection, pre, post),
    )
    known = inspection.calibration
    prepared = PreparedXanes(
        metal,
        spectrum.energy - tabulated,
        spectrum.mu,
        known.shift,
        known.error,
        bool(known.source),
        inspection.metallic,
        # Of the energy scale an answer has words of its own.
        (*warnings, *(one for one in inspection.warnings if one.code not in (UNKNOWN_SCALE, NOT_SHIFTED))),
        spectrum.e0 - known.shift,
        spectrum.edge_step,
    )
    at = spectrum.e0 - tabulated
    if not prepared.calibrated and abs(at) > FARTHEST_EDGE:
        raise MeasurementError(
            f"cannot take {scan.file!r} as a spectrum of {metal}"
            if scan.file
            else f"cannot take this as a spectrum of {metal}",
            found=f"an edge at {spectrum.e0:.0f} eV",
            needed=f"one near {tabulated:.0f} eV, the K edge of {metal}",
            suggestion="name the element that was measured, or give --shift if the energies are far off",
        )
    return prepared


def _cure(
    inspection: XanesInspection, pre: tuple[float, float] | None, post: tuple[float, float] | None
) -> str:
    """Say what may help a spectrum that could not be normalised."""
    if inspection.error is not None and (pre is not None or post is not None):
        return inspection.error.suggestion
    return "give --e0 where the edge was not found"


def technique_of(curve: PdfCurve, radiation: str | None) -> str:
    """Tell which technique a measured total PDF is."""
    if radiation and curve.radiation and radiation != curve.radiation:
        raise OptionError(
            f"cannot answer for {curve.file!r} as {radiation} data"
            if curve.file
            else "cannot answer for the PDF",
            found=f"{curve.radiation!r} in its header, {radiation!r} as radiation",
            needed="one radiation",
            suggestion="leave the radiation out, or name the right file",
        )
    said = radiation or curve.radiation
    if said not in ("x-ray", "neutron"):
        raise OptionError(
            f"cannot answer for {curve.file!r}" if curve.file else "cannot answer for the PDF",
            found=f"radiation {said!r}" if said else "a header that does not tell the radiation",
            needed="an x-ray or a neutron PDF: the two weigh atoms differently",
            suggestion="give --radiation x-ray or --radiation neutron",
        )
    return "pdf" if said == "x-ray" else "npdf"


def pdf_curve(G: PdfCurve | tuple[ArrayLike, ArrayLike], radiation: str | None) -> PdfCurve:
    """Make a curve of arrays; ``G`` in Å."""
    if isinstance(G, PdfCurve):
        curve = G
    else:
        r, values = _two_arrays(G, "a PDF", "r in Å and G", "read_pdf")
        curve = PdfCurve("", "", "arrays", r, values, radiation=radiation)
        if r.ndim == 1 and r.shape == values.shape and len(r) > 1 and r[0] > r[-1]:
            curve = replace(curve, r=r[::-1], G=values[::-1])
    found = ""
    if curve.r.ndim != 1 or curve.r.shape != curve.G.shape or len(curve.r) < FEWEST_POINTS:
        found = f"{curve.r.shape} distances and {curve.G.shape} values"
    elif not (np.isfinite(curve.r).all() and np.isfinite(curve.G).all()):
        found = "values that are missing or not finite"
    elif not (np.diff(curve.r) > 0).all():
        found = "distances that do not increase"
    elif np.ptp(curve.G) == 0:
        found = f"the same value, {curve.G[0]:g}, at every distance"
    if found:
        raise MeasurementError(
            f"cannot use the PDF {curve.file!r}" if curve.file else "cannot use the PDF",
            found=found,
            needed=f"finite values of G at {FEWEST_POINTS} or more increasing distances",
            suggestion="write G(r) again; look at it with edgepair inspect",
        )
    return curve


def _two_arrays(
    pair: tuple[ArrayLike, ArrayLike], what: str, meant: str, reader: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        first, second = (np.asarray(part, dtype=np.float64) for part in pair)
    except (TypeError, ValueError) as error:
        kinds = sorted({type(part).__name__ for part in pair}) if isinstance(pair, list | tuple) else []
        raise DataError(
            f"cannot take this as {what}",
            found=f"a {type(pair).__name__}" + (f" of {len(pair)}: {', '.join(kinds)}" if kinds else ""),
            needed=f"two arrays of numbers, {meant}; or one item of what edgepair.{reader} gives",
            suggestion=f"{reader}(path)[0] is the first item of a file",
        ) from error
    return first, second


def scan_of(pair: tuple[ArrayLike, ArrayLike]) -> XanesScan:
    """Make a spectrum of arrays, of the element whose edge it shows."""
    energy, mu = _two_arrays(pair, "a spectrum", "energies in eV and absorption", "read_xanes")
    if energy.ndim == 1 and len(energy) > 1 and energy[0] > energy[-1]:
        energy, mu = energy[::-1], mu[::-1]
    energy = in_ev(energy)
    usable = energy.ndim == 1 and energy.shape == mu.shape and len(energy) >= FEWEST_POINTS
    seen = None
    if usable and np.isfinite([energy, mu]).all() and (np.diff(energy) > 0).all():
        seen = settle_absorber(energy, mu, header_symbol=None, header_edge=None, given=None)[0]
    return XanesScan("", "", "arrays", energy, mu, "as given", absorber=seen)


def in_ev(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take energies that can only be in keV as such, as the reader of files does; ``energy`` (n_energy,)."""
    return 1000 * energy if contradicting_unit(energy, "eV") == "keV" else energy


FULL = (-8.0, 45.0)
"""eV from the tabulated edge: from before the pre-edge peaks to beyond the second shell's first wave."""

NEEDED = (1.0, 18.0)
"""eV from the tabulated edge that a scan must cover, for the edge and the white line to be in it."""

ROUNDING = 2.0
"""eV; so that scans of like range share one fitted model."""


@dataclass(frozen=True)
class EnergyWindow:
    """A stretch of energies, eV from the tabulated edge."""

    low: float = FULL[0]
    high: float = FULL[1]

    def grid(self) -> NDArray[np.float64]:
        """Return the energies at which spectra are compared; returns (n_grid,) in eV."""
        return np.arange(self.low, self.high + STEP / 2, STEP)

    def show(self, energy: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring a spectrum onto the grid.

        ``energy`` (n_energy,) in eV; ``mu`` (n_energy,); returns (n_grid,).
        """
        return np.interp(self.grid(), energy, mu, left=min(float(mu[0]), 0.05), right=float(mu[-1]))


def choose_window(
    first: float, last: float, *, moved: float = 0.0, item: str = "the spectrum"
) -> EnergyWindow:
    """Choose the window of a measured range; ``moved`` in eV."""
    if first > NEEDED[0] or last < NEEDED[1]:
        raise MeasurementError(
            f"cannot compare {item} with standards",
            found=f"energies from {first - moved:+.0f} to {last - moved:+.0f} eV of the tabulated edge",
            needed=f"at least {NEEDED[0] - moved:+.0f} to {NEEDED[1] - moved:+.0f} eV",
            suggestion="give --shift if the energy scale is off, or name the right absorber",
        )
    low = max(FULL[0], math.ceil((first - 0.5) / ROUNDING) * ROUNDING)
    high = min(FULL[1], math.floor((last + 0.5) / ROUNDING) * ROUNDING)
    return EnergyWindow(low, high)
