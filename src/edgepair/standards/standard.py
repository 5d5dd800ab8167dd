"""A measured standard: a spectrum of a compound whose values are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgepair.conventions.displayed import DisplayedCurve
from edgepair.conventions.foreign_text import visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, repr=False, eq=False)
class Standard(DisplayedCurve):
    """One measured, normalised and calibrated spectrum of a known compound.

    Attributes
    ----------
    name : str
        File, and item where it holds many.
    compound : str
        Compound and polymorph; spectra of one compound share it and never stand on both sides of
        a split.
    absorber : str
        Chemical symbol.
    energy : numpy.ndarray
        Shape (n_energy,), eV, on the scale where the metal's foil has its tabulated edge.
    mu : numpy.ndarray
        Shape (n_energy,): edge-step normalised and flattened.
    oxidation_state, coordination_number, bond_length : float
        Mean over the compound's sites; NaN where not known. Bond length in Å.
    energy_shift : float
        What was added to the measured energies, eV; NaN where the calibration is not known.
    beamline, sample : str
        Where it was measured; which physical sample (repeats share it).
    quality : str
        A, B or C.
    source, licence : str
        Where the measurement comes from, and on which terms.
    formula : str
        Reduced formula; empty where the compound has no simple one.
    """

    name: str
    compound: str
    absorber: str
    energy: NDArray[np.float64]
    mu: NDArray[np.float64]
    oxidation_state: float
    coordination_number: float
    bond_length: float
    energy_shift: float
    beamline: str = ""
    sample: str = ""
    quality: str = ""
    source: str = ""
    licence: str = ""
    formula: str = ""

    def __post_init__(self) -> None:
        """Write the words of its file so that they can be shown."""
        for name in ("name", "compound", "beamline", "sample", "quality", "source", "licence", "formula"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    def _lines(self) -> Iterator[str]:
        yield f"Standard: {self.compound}, {self.absorber} K, {self._span()}; {self.name}"
        yield (
            f"oxidation state {self.oxidation_state:g}, coordination number {self.coordination_number:g},"
            f" bond length {self.bond_length:.3f} Å"
        )
