"""Putting a scan on the tabulated energy scale: by hand, by a foil, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from edgepair.conventions import DataError, EdgepairError, MeasurementError
from edgepair.conventions.errors import Remark
from edgepair.measured.scan import XanesScan
from edgepair.measured.xanes.foils import FARTHEST
from edgepair.spectra.alignment import FoilReading, read_foil

TYPICAL_ERROR = 2.0
"""eV; beamlines disagree by up to this before a foil is looked at (two of those at hand by 8 and 19)."""

UNKNOWN_SCALE = "unknown_scale"
"""Code of the warning that nothing calibrates the energies."""

MARK = "Edgepair.energy_shift"
"""Header of a file that edgepair wrote: what was added to its energies."""


@dataclass(frozen=True)
class Calibration:
    """What is to be added to a scan's energies, and why; ``shift``, ``error`` in eV."""

    shift: float
    source: str
    text: str
    error: float
    warnings: tuple[str, ...] = ()

    @property
    def by_own_foil(self) -> bool:
        """Whether a foil in the scan's own file tells the shift."""
        return self.source in ("foil in the scan", "foil in the file")


def calibrate_scan(
    scan: XanesScan, *, shift: float | None = None, foil: FoilReading | None = None
) -> Calibration:
    """Find what to add to a scan's energies; ``shift`` in eV."""
    if shift is not None:
        return Calibration(shift, "given", f"{shift:+.2f} eV, as given", 0.1)
    if foil is not None:
        text = f"{foil.shift:+.2f} eV, by a foil whose edge lies at {foil.energy:.2f} eV"
        return Calibration(foil.shift, "foil file", text, 0.2, foil.warnings)
    done = scan.header.get(MARK)
    if done is not None:
        return Calibration(0.0, "file", f"done when the file was written ({done})", 0.1)
    doubts: tuple[str, ...] = ()
    metal = scan.reference_absorber or scan.absorber
    if scan.reference is not None and metal is not None:
        try:
            reading = read_foil(*scan.reference, metal, channel=True)
        except EdgepairError as error:
            doubts = (f"the {_named(scan)} is of no use: {error.found}",)
        else:
            if scan.reference_item and abs(reading.shift) > FARTHEST:
                doubts = (
                    f"the {_named(scan)} asks for {reading.shift:+.2f} eV, too much to be added unasked",
                )
            elif not reading.warnings:
                where = f"{scan.reference_item!r} of the file" if scan.reference_item else "in the scan"
                text = (
                    f"{reading.shift:+.2f} eV, by the {metal} foil {where}, edge at {reading.energy:.2f} eV"
                )
                if scan.reference_item:
                    return Calibration(reading.shift, "foil in the file", text, 0.2)
                return Calibration(reading.shift, "foil in the scan", text, 0.1)
            # Beamlines put compounds, too, where the foil belongs: those would calibrate wrongly.
            doubts += tuple(f"{text}; not used ({reading.shift:+.2f} eV)" for text in reading.warnings)
    missing = f"no energy calibration: energies may be off by {TYPICAL_ERROR:g} eV, seldom by more"
    return Calibration(0.0, "", "none", TYPICAL_ERROR, (*doubts, Remark(missing, UNKNOWN_SCALE)))


def _named(scan: XanesScan) -> str:
    return f"foil {scan.reference_item!r}" if scan.reference_item else "reference channel"


def read_foil_scan(scans: tuple[XanesScan, ...], absorber: str | None, path: str) -> FoilReading:
    """Read the energy scale off a file that holds a metal foil."""
    reasons: list[str] = []
    for scan in scans:
        candidates = [((scan.energy, scan.mu), absorber or scan.absorber, False)]
        if scan.reference is not None:
            metal = absorber or scan.reference_absorber or scan.absorber
            candidates.append((scan.reference, metal, True))
        for (energy, mu), metal, channel in candidates:
            if metal is None:
                reasons.append("no element named or recognised")
                continue
            try:
                reading = read_foil(energy, mu, metal, channel=channel)
            except DataError as error:
                reasons.append(error.found)
                continue
            if not reading.warnings:
                return reading
            reasons.append(reading.warnings[0])
    raise MeasurementError(
        f"cannot calibrate energies by {path!r}",
        found="; ".join(dict.fromkeys(reasons)) or "no spectrum",
        needed="the spectrum of a metal foil" + (f" of {absorber}" if absorber else ""),
        suggestion="name the foil's element, or give the shift itself with --shift",
    )
