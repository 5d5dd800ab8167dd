"""What is shown of an inspected curve: facts for people, JSON, and the stretch that is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeAlias

from edgepair.conventions.displayed import full_title

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, PdfInspection, XanesScan
    from edgepair.measured.xanes.inspection import XanesInspection
    from edgepair.spectra.pdf_peaks import Peak

_SHOWN = (40.0, 120.0)  # eV below and above E0 in the terminal's plot
_LONGEST_SHOWN = 100
"""Characters of an expression that a line shows: sums of a hundred channels are in the JSON."""

_FIRST_ANGSTROMS = 20.0


@dataclass(frozen=True)
class SeenXanes:
    """A spectrum, inspected, and which of its glitches were replaced before."""

    inspection: XanesInspection
    replaced: tuple[float, ...] = ()

    @property
    def title(self) -> str:
        """File and item."""
        return full_title(self.inspection.scan)

    @property
    def problem(self) -> str:
        """Why it could not be normalised; else empty."""
        return self.inspection.problem

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return self.inspection.warnings

    def to_json(self) -> dict[str, object]:
        """Give the entry of ``--json``."""
        return self.inspection.to_json()

    def facts(self) -> list[tuple[str, str]]:
        """Give names and values for people."""
        found, scan = self.inspection, self.inspection.scan
        x, spectrum, quality = scan.energy, found.spectrum, found.quality
        facts = [("mu", scan.mu_from), ("why", _why(scan))]
        element = f"{scan.absorber or 'unknown'} {scan.edge or ''}".rstrip()
        if spectrum is None or quality is None:
            facts += [("element, edge", element), ("normalised", f"no: {found.problem}")]
        else:
            facts += [
                ("element, edge", element),
                ("E0", f"{spectrum.e0:.2f} eV"),
                ("edge step", f"{spectrum.edge_step:.5g}"),
            ]
        if scan.energy_shift:
            facts.append(("shift in file", f"{scan.energy_shift:+.3f} eV, added"))
        added = found.applied or not found.calibration.shift
        where = "" if added else " (not added to the energies here; --save adds it)"
        facts.append(("calibration", found.calibration.text + where))
        if spectrum is not None and quality is not None:
            noise = (
                "too few points to tell" if math.isnan(quality.noise) else f"{quality.noise:.5f} edge steps"
            )
            shown = ", ".join(f"{at:.1f}" for at in quality.glitches[:6]) + (
                f" and {len(quality.glitches) - 6} more" if len(quality.glitches) > 6 else ""
            )
            facts += [
                ("noise", noise),
                ("glitches", f"{shown} eV: --deglitch replaces them" if shown else "none found"),
                ("energy step", f"{quality.energy_step:.2f} eV at the edge"),
                ("sharpest rise", f"{quality.sharpest:.1f} eV wide: the resolution is no worse"),
                ("white line", f"{quality.white_line:.2f} edge steps"),
                ("range", f"{quality.reach[0]:+.0f} to {quality.reach[1]:+.0f} eV from E0"),
                ("pre-edge", "{:+.0f} to {:+.0f} eV".format(*spectrum.pre)),
                ("post-edge", "{:+.0f} to {:+.0f} eV, degree {}".format(*spectrum.post, spectrum.degree)),
            ]
        return [
            *facts,
            ("format", scan.format),
            ("points", f"{len(x)}, {x[0]:.2f} to {x[-1]:.2f} eV (unit in the file: {scan.energy_unit})"),
        ]

    def line(self) -> str:
        """Give what stands of one item among many."""
        scan, spectrum, quality = self.inspection.scan, self.inspection.spectrum, self.inspection.quality
        text = f"{scan.absorber or '?'} {scan.edge or ''}".ljust(5) + f" mu = {scan.mu_from}"
        if spectrum is None or quality is None:
            return f"{text}; not normalised: {self.problem}"
        text += f"; E0 {spectrum.e0:.2f} eV, edge step {spectrum.edge_step:.3g}, noise {quality.noise:.4f}"
        shift = self.inspection.calibration.shift
        text += f", shift {shift:+.2f} eV" if shift else ""
        notes = len(self.warnings)
        return text + (f" ({notes} warning{'s' if notes > 1 else ''})" if notes else "")

    def curve(self) -> tuple[Sequence[float], Sequence[float], str]:
        """Give what the terminal draws: energies, values, unit."""
        spectrum, scan = self.inspection.spectrum, self.inspection.scan
        if spectrum is None:
            return scan.energy.tolist(), scan.mu.tolist(), "eV"
        near = (spectrum.energy > spectrum.e0 - _SHOWN[0]) & (spectrum.energy < spectrum.e0 + _SHOWN[1])
        return spectrum.energy[near].tolist(), spectrum.mu[near].tolist(), "eV"


@dataclass(frozen=True)
class SeenPdf:
    """A PDF, inspected."""

    pdf: PdfCurve
    inspection: PdfInspection
    problem: str = ""

    @property
    def title(self) -> str:
        """File and item."""
        return full_title(self.pdf)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return self.inspection.warnings

    def to_json(self) -> dict[str, object]:
        """Give the entry of ``--json``."""
        found = self.inspection
        return {
            "item": self.pdf.item,
            "n_points": found.n_points,
            "r_first": found.r_first,
            "r_last": found.r_last,
            "radiation": found.radiation,
            "qmax": found.qmax,
            "composition": found.composition,
            "number_density": self.pdf.number_density,
            "peaks": [asdict(peak) for peak in found.peaks],
            "first_shell": None if found.first_shell is None else asdict(found.first_shell),
            "warnings": list(found.warnings),
        }

    def facts(self) -> list[tuple[str, str]]:
        """Give names and values for people."""
        found = self.inspection
        facts = [
            ("format", self.pdf.format),
            ("points", f"{found.n_points}"),
            ("r", f"{found.r_first:g} to {found.r_last:g} Å, step {found.r_step:.4g} Å"),
            ("radiation", found.radiation or "unknown: give --radiation"),
            ("composition", found.composition or "unknown"),
            ("Qmax", "unknown" if found.qmax is None else f"{found.qmax:.1f} 1/Å, by the {found.qmax_from}"),
        ]
        if found.qdamp is not None:
            facts.append(("Qdamp", f"{found.qdamp:.3f} 1/Å, by the {found.qdamp_from}"))
        if found.first_shell is not None:
            facts.append(("first shell", found.first_shell.sentence()))
        for peak in found.peaks:
            facts.append(("peak" if peak.area > 0 else "dip", _peak_text(peak)))
        if found.low_r_ripple is not None:
            facts.append(("low-r ripple", f"{found.low_r_ripple:.2f} of the first peak"))
        if found.noise is not None:
            facts.append(("noise", f"at most {found.noise:.3f} of the root mean square"))
        return facts

    def curve(self) -> tuple[Sequence[float], Sequence[float], str]:
        """Give what the terminal draws: distances, values, unit."""
        near = self.pdf.r < _FIRST_ANGSTROMS
        return self.pdf.r[near].tolist(), self.pdf.G[near].tolist(), "Å"


Seen: TypeAlias = SeenXanes | SeenPdf


def _why(scan: XanesScan) -> str:
    """Say why that is mu, and what else the data allow."""
    others = [
        one
        for one in scan.candidates[1:]
        if one.kind != "reference" and len(one.expression) <= _LONGEST_SHOWN
    ]
    if not others:
        return scan.mu_reason
    shown = " or ".join(f'--mu "{one.expression}"' for one in others[:2])
    return f"{scan.mu_reason}; {shown} would change it"


def _peak_text(peak: Peak) -> str:
    at = f"{peak.position:.3f} ± {peak.position_error:.3f} Å"
    width = f"width {peak.width:.3f} ± {peak.width_error:.3f} Å"
    return f"{at}, {width}, area {peak.area:.2f} ± {peak.area_error:.2f}"
