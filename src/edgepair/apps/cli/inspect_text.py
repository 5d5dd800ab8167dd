"""What ``edgepair inspect`` prints of a curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from edgepair.apps.cli.console import output_console
from edgepair.apps.cli.plot import draw_curve

if TYPE_CHECKING:
    from edgepair.measured import PdfCurve, PdfInspection
    from edgepair.measured.xanes.inspection import XanesInspection

_SHOWN = (40.0, 120.0)  # eV below and above E0 in the terminal's plot
_FIRST_ANGSTROMS = 20.0


@dataclass(frozen=True)
class SeenXanes:
    """A spectrum, inspected, and which of its glitches were replaced before."""

    inspection: XanesInspection
    replaced: tuple[float, ...] = ()

    @property
    def title(self) -> str:
        """File and item."""
        scan = self.inspection.scan
        return scan.file + (f", {scan.item}" if scan.item else "")

    @property
    def problem(self) -> str:
        """Why it could not be normalised; else empty."""
        return self.inspection.problem

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return self.inspection.warnings

    @property
    def drawn(self) -> XanesInspection:
        """What a page draws."""
        return self.inspection

    def to_json(self) -> dict[str, Any]:
        """Give the entry of ``--json``."""
        return self.inspection.to_json()

    def facts(self) -> list[tuple[str, str]]:
        """Give names and values for people."""
        found, scan = self.inspection, self.inspection.scan
        x = scan.energy
        facts = [
            ("format", scan.format),
            ("points", f"{len(x)}"),
            ("mu", scan.mu_from),
            ("energy", f"{x[0]:.2f} to {x[-1]:.2f} eV (unit in the file: {scan.energy_unit})"),
            ("element, edge", f"{scan.absorber or 'unknown'} {scan.edge or ''}".rstrip()),
        ]
        if scan.energy_shift:
            facts.append(("shift in file", f"{scan.energy_shift:+.3f} eV, added"))
        facts.append(("calibration", found.calibration.text + ("" if found.applied else _not_applied(found))))
        spectrum, quality = found.spectrum, found.quality
        if spectrum is None or quality is None:
            return [*facts, ("normalised", f"no: {found.problem}")]
        noise = "too few points to tell" if math.isnan(quality.noise) else f"{quality.noise:.5f} edge steps"
        pre, post = (f"{low:+.0f} to {high:+.0f}" for low, high in (spectrum.pre, spectrum.post))
        return [
            *facts,
            ("E0", f"{spectrum.e0:.2f} eV"),
            ("range", f"{quality.reach[0]:+.0f} to {quality.reach[1]:+.0f} eV from E0"),
            ("edge step", f"{spectrum.edge_step:.5g}"),
            ("pre-edge", f"{pre} eV"),
            ("post-edge", f"{post} eV, degree {spectrum.degree}"),
            ("energy step", f"{quality.energy_step:.2f} eV at the edge"),
            ("sharpest rise", f"{quality.sharpest:.1f} eV wide: the resolution is no worse"),
            ("noise", noise),
            ("white line", f"{quality.white_line:.2f} edge steps"),
        ]

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
        return self.pdf.file + (f", {self.pdf.item}" if self.pdf.item else "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return self.inspection.warnings

    @property
    def drawn(self) -> PdfCurve:
        """What a page draws."""
        return self.pdf

    def to_json(self) -> dict[str, Any]:
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
        if found.first_peak is not None:
            kind = "dip" if found.first_peak_is_dip else "peak"
            facts.append((f"first {kind}", f"{found.first_peak:.3f} Å"))
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


def print_seen(seen: Sequence[Seen], *, plot: bool) -> None:
    """Print curves, one after the other.

    Parameters
    ----------
    seen : sequence of SeenXanes or SeenPdf
        What was inspected.
    plot : bool
        Whether to draw them too.
    """
    console = output_console()
    for one in seen:
        lines = [one.title]
        lines += [f"    {name:<15} {value}" for name, value in one.facts()]
        lines += [f"  ! {warning}" for warning in one.warnings]
        if plot:
            x, y, unit = one.curve()
            width = max(20, min(100, console.width - 14))
            lines += ["", *draw_curve(x, y, width=width, unit=unit)]
        for line in lines:
            console.print(line, soft_wrap=True, markup=False)
        console.print()


def _not_applied(found: XanesInspection) -> str:
    return " (not added to the energies here; --save adds it)" if found.calibration.shift else ""
