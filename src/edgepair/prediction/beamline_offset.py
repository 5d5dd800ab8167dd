"""What the user's own standards tell of the energy scale of their beamline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import edge_energy
from edgepair.prediction.energy_scale import BEAMLINE_ERROR, OFF_SCALE

if TYPE_CHECKING:
    from edgepair.dataset import Standard
    from edgepair.prediction.energy_scale import EnergyScale
    from edgepair.prediction.energy_window import EnergyWindow

DRIFT = 0.2
"""eV; by how much scans of one beamtime differ among themselves."""

USUAL_HALF = (-4.0, 26.0)
"""eV from the tabulated edge between which an oxide first reaches half of its step, give or take what
beamlines are wrong by; what lies elsewhere is first moved to the middle."""

STRANGE = 1.4
"""eV; what shapes were wrong by, root mean square, for metals of which no other calibrated standard
was left: simulations do not know where a metal's edges lie. With others left it was 0.3 eV."""

MEDIAN_LOSS = math.pi / 2.0
"""Variance of a median over that of a mean, of many normal values."""


@dataclass(frozen=True)
class BeamlineOffset:
    """What is to be added to the energies of one beamline.

    Attributes
    ----------
    absorber : str
        Of the standards that told.
    offset, error : float
        To be added, and its likely error, eV.
    names : tuple of str
        Standards that told: those without a calibration of their own.
    asked : tuple of float
        What the shape of each asks for, eV.
    consistent : bool
        Whether they differ by no more than the method's own error explains.
    """

    absorber: str
    offset: float
    error: float
    names: tuple[str, ...]
    asked: tuple[float, ...]
    consistent: bool

    def text(self) -> str:
        """Say it in words.

        Returns
        -------
        str
            One line.
        """
        count = f"{len(self.names)} own standard{'s' if len(self.names) > 1 else ''}"
        doubt = "" if self.consistent else "; they differ by more than that: check that they share one scale"
        return (
            f"energy offset of the beamline {self.offset:+.1f} ± {self.error:.1f} eV, by the shapes of"
            f" {count} of {self.absorber} without calibration{doubt}"
        )


def find_offset(
    standards: Sequence[Standard], absorber: str, scale: EnergyScale, window: EnergyWindow
) -> BeamlineOffset | None:
    """Find the energy offset that standards of one beamline share.

    Parameters
    ----------
    standards : sequence of Standard
        The user's own.
    absorber : str
        Chemical symbol; an angle that is off moves the edges of other elements by other energies.
    scale : EnergyScale
        Learnt from others' standards.
    window : EnergyWindow
        What is compared.

    Returns
    -------
    BeamlineOffset or None
        The median of what the shapes ask for, weighed against what beamlines are usually wrong by;
        None where every standard has a calibration, or there is none of the absorber.
    """
    unknown = [s for s in standards if s.absorber == absorber and math.isnan(s.energy_shift)]
    if not unknown:
        return None
    asked = np.array([_asked(standard, scale, window) for standard in unknown])
    error = math.sqrt(scale.error**2 * (MEDIAN_LOSS if len(asked) > 2 else 1.0) / len(asked) + DRIFT**2)
    rows = scale.rows
    if not (~rows.simulated & rows.shift_known & (rows.absorber == absorber)).any():
        error = math.hypot(error, STRANGE)
    middle = float(np.median(asked))
    if abs(middle) <= OFF_SCALE:
        weight = BEAMLINE_ERROR**2 / (BEAMLINE_ERROR**2 + error**2)
        middle, error = weight * middle, math.sqrt(weight) * error
    spread = float(np.sqrt(np.mean((asked - np.median(asked)) ** 2)))
    return BeamlineOffset(
        absorber,
        middle,
        error,
        tuple(standard.name for standard in unknown),
        tuple(float(value) for value in asked),
        spread <= 2.0 * math.hypot(scale.error, DRIFT),
    )


def apply_offset(standards: Sequence[Standard], offset: BeamlineOffset | None) -> tuple[Standard, ...]:
    """Put standards without calibration on the scale that they share.

    Parameters
    ----------
    standards : sequence of Standard
        The user's own.
    offset : BeamlineOffset or None
        From `find_offset`; None changes nothing.

    Returns
    -------
    tuple of Standard
        Those that told the offset moved by it, and counted as calibrated.
    """
    if offset is None:
        return tuple(standards)
    return tuple(
        replace(s, energy=s.energy + offset.offset, energy_shift=offset.offset)
        if s.absorber == offset.absorber and math.isnan(s.energy_shift)
        else s
        for s in standards
    )


def _asked(standard: Standard, scale: EnergyScale, window: EnergyWindow) -> float:
    energy = standard.energy - edge_energy(standard.absorber)
    half = float(energy[int((standard.mu > 0.5).argmax())])
    moved = 0.0
    if not USUAL_HALF[0] <= half <= USUAL_HALF[1]:
        moved = sum(USUAL_HALF) / 2.0 - half
    # twice, as moving the spectrum changes what of it lies in the window
    for _ in range(2):
        shown = window.show(energy + moved, standard.mu)[None]
        moved += float(scale.asked_shift(shown, standard.absorber)[0])
    return moved
