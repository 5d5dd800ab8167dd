"""What edgepair understands of a measured absorption spectrum."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace

from edgepair.conventions import DataError, MeasurementError, edge_energy
from edgepair.conventions.errors import Remark
from edgepair.measured.scan import XanesScan
from edgepair.measured.xanes.calibration import Calibration, calibrate_scan
from edgepair.spectra import NormalizedSpectrum, find_e0, normalize_mu
from edgepair.spectra.alignment import FoilReading, is_metal
from edgepair.spectra.quality import SpectrumQuality, deglitch, judge_quality

THICK = 2.5
"""Edge step of ln(I0/I1) above which a sample is so thick that leaked light flattens its peaks."""

BELOW_METAL = 2.0
"""eV below the tabulated edge of the metal from which a scan's scale must be wrong: pre-edge peaks and
the steepest rise of the lowest oxides lie no lower."""

NOT_SHIFTED = "not_shifted"
"""Code of the warning that energies stand as measured, though a foil in the file tells what to add."""

THIN = 0.03
"""Edge step of ln(I0/I1) below which background and noise rule."""


@dataclass(frozen=True)
class XanesInspection:
    """What a measured spectrum is; ``e0`` in eV."""

    scan: XanesScan
    spectrum: NormalizedSpectrum | None
    quality: SpectrumQuality | None
    calibration: Calibration
    applied: bool
    e0: float | None
    metallic: bool
    error: DataError | None
    warnings: tuple[Remark, ...]

    @property
    def problem(self) -> str:
        """Why the spectrum could not be normalised, in one line; else empty."""
        return "" if self.error is None else f"{self.error.problem}: {self.error.found}"

    def to_json(self) -> dict[str, object]:
        """Give the entry of ``inspect --json``."""
        scan, quality = self.scan, self.quality
        moved = self.calibration.shift if self.applied else 0.0
        noise = None if quality is None or math.isnan(quality.noise) else quality.noise
        return {
            "item": scan.item,
            "n_points": len(scan.energy),
            "absorber": scan.absorber,
            "edge": scan.edge,
            "e0": None if self.e0 is None else round(self.e0, 3),
            "energy_first": float(scan.energy[0]) + moved,
            "energy_last": float(scan.energy[-1]) + moved,
            "energy_unit": scan.energy_unit,
            "mu_from": scan.mu_from,
            "mu_reason": scan.mu_reason,
            "candidates": [asdict(one) for one in scan.candidates],
            "edge_step": None if self.spectrum is None else self.spectrum.edge_step,
            "noise": noise,
            "warnings": list(self.warnings),
        }


def inspect_xanes(
    scan: XanesScan,
    *,
    e0: float | None = None,
    shift: float | None = None,
    foil: FoilReading | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
) -> XanesInspection:
    """Tell what a measured spectrum is and what is doubtful about it; ``e0``, ``shift`` in eV."""
    calibration = calibrate_scan(scan, shift=shift, foil=foil)
    applied = calibration.source in ("given", "foil file")
    notes = list(scan.warnings)
    near = edge_energy(scan.absorber) if scan.absorber and scan.edge in (None, "K") else None
    spectrum: NormalizedSpectrum | None = None
    problem: DataError | None = None
    try:
        at = e0 if e0 is not None else _edge(scan, near, notes)
        spectrum = normalize_mu(scan.energy, scan.mu, e0=at, pre=pre, post=post)
    except DataError as error:
        problem = error
        notes.append(f"{error.problem}: {error.found}")
    quality = None
    metallic = False
    if spectrum is not None:
        metallic = near is not None and is_metal(spectrum, str(scan.absorber))
        if metallic:
            notes.append(f"the edge rises as that of {scan.absorber} metal does: a foil, or no oxide")
        below = 0.0 if near is None else near - (spectrum.e0 + calibration.shift)
        if below > BELOW_METAL:
            notes.append(
                f"the edge lies {below:.1f} eV below that of {scan.absorber} metal, which no oxide's does:"
                " the energy scale is off by at least that"
            )
        quality = judge_quality(spectrum, mu=scan.mu, fluorescence=is_fluorescence(scan.mu_from))
        notes += quality.warnings
        notes += _thickness(scan, spectrum)
        if applied:
            spectrum = _moved(spectrum, calibration.shift)
    notes += calibration.warnings
    if not applied and abs(calibration.shift) > 0.5:
        text = f"energies as measured; {calibration.shift:+.2f} eV would calibrate them"
        notes.append(Remark(text, NOT_SHIFTED))
    return XanesInspection(
        scan=scan,
        spectrum=spectrum,
        quality=quality,
        calibration=calibration,
        applied=applied,
        e0=None if spectrum is None else spectrum.e0,
        metallic=metallic,
        error=problem,
        warnings=tuple(map(Remark, dict.fromkeys(notes))),
    )


def without_glitches(
    scan: XanesScan,
    *,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
) -> tuple[XanesScan, tuple[float, ...]]:
    """Replace isolated glitches; give scan and their eV; one that cannot be normalised stays as it is."""
    first = inspect_xanes(scan, e0=e0, pre=pre, post=post)
    if first.e0 is None:
        return scan, ()
    cleaned, replaced = deglitch(scan.energy, scan.mu, e0=first.e0, pre=pre, post=post)
    if not replaced:
        return scan, ()
    shown = ", ".join(f"{at:.1f}" for at in replaced)
    note = f"{len(replaced)} glitch points were replaced: {shown} eV"
    return replace(scan, mu=cleaned, warnings=(*scan.warnings, note)), replaced


def calibrated(
    inspection: XanesInspection, doing: str = "cannot use the spectrum", cure: str = ""
) -> NormalizedSpectrum:
    """Give the spectrum, calibrated as far as known; else say what cannot be done, and the `cure`."""
    if inspection.spectrum is None:
        raise MeasurementError(
            doing,
            found=inspection.problem,
            needed="a spectrum with its edge, and something before and after it",
            suggestion="; ".join(filter(None, ("look at it with edgepair inspect", cure))),
        )
    if inspection.applied:
        return inspection.spectrum
    return _moved(inspection.spectrum, inspection.calibration.shift)


def is_fluorescence(mu_from: str) -> bool:
    """Say whether an absorption is a yield, by how it was made.

    >>> is_fluorescence("-ln(itrans/i0)"), is_fluorescence("ifluor/i0"), is_fluorescence("mufluor")
    (False, True, True)
    """
    text = mu_from.lower()
    if re.search(r"\b(ln|log|log10)\b", text):
        return False
    return "/" in text or "fluo" in text


def _edge(scan: XanesScan, near: float | None, notes: list[str]) -> float:
    if near is None:
        return find_e0(scan.energy, scan.mu)
    try:
        return find_e0(scan.energy, scan.mu, near=near)
    except DataError:
        at = find_e0(scan.energy, scan.mu)
        notes.append(f"no edge near {near:.0f} eV, where that of {scan.absorber} belongs; one at {at:.1f} eV")
        return at


def _thickness(scan: XanesScan, spectrum: NormalizedSpectrum) -> list[str]:
    if re.search(r"\b(ln|log)\b", scan.mu_from.lower()) is None:
        return []
    if spectrum.edge_step > THICK:
        return [
            f"saturation suspected: an edge step of {spectrum.edge_step:.1f} in transmission flattens peaks"
        ]
    if spectrum.edge_step < THIN:
        return [f"a weak edge: its step is only {spectrum.edge_step:.3f} in transmission"]
    return []


def _moved(spectrum: NormalizedSpectrum, shift: float) -> NormalizedSpectrum:
    return replace(spectrum, energy=spectrum.energy + shift, e0=spectrum.e0 + shift)
